"""AWS managed prefix lists: networks under one id, from `entry` blocks and entries of their own. Those Amazon keeps are symbols."""

from __future__ import annotations

from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.reading import address_peer, doubt_about, doubt_of
from auditor.formats.terraform.records import Family, PrefixList
from auditor.formats.terraform.resources import Arguments, Resource
from auditor.formats.terraform.values import text_of
from auditor.model.source import Unknown

LIST, ENTRY = "aws_ec2_managed_prefix_list", "aws_ec2_managed_prefix_list_entry"


def read(context: Context) -> None:
    """Every prefix list that is made here, with its entries."""
    for resource in context.root.resources((LIST,)):
        _list(context, resource)
    for resource in context.root.resources((ENTRY,)):
        _entry(context, resource)


def _list(context: Context, resource: Resource) -> None:
    listed = context.estate.prefix_lists.setdefault(resource.address, PrefixList(resource.address, rest=doubt_of(context, resource)))
    entries = resource.entries("entry")
    for entry in entries.items:
        _add(context, listed, entry, entry.doubt if not entry.certain else None)
    for rest in entries.rest:
        listed.rest = doubt_about(rest, resource.span)


def _entry(context: Context, resource: Resource) -> None:
    value = resource.get("prefix_list_id")
    address = context.identity(value) if value.is_unknown else text_of(value)
    if address is None:
        for listed in context.estate.prefix_lists.values():
            listed.rest = doubt_about(value, resource.span)
        return
    unknown = Unknown(f"{address} is made elsewhere", resource.span, address)
    listed = context.estate.prefix_lists.setdefault(address, PrefixList(address, rest=unknown))
    _add(context, listed, resource, doubt_of(context, resource))


def _add(context: Context, listed: PrefixList, arguments: Arguments, doubt: Unknown | None) -> None:
    """One entry; one that may not be there makes the list open instead, since what it adds is not certain."""
    if doubt is not None:
        listed.rest = doubt
        return
    listed.entries.append(address_peer(context, arguments.get("cidr"), arguments, "cidr", Family.BOTH))
