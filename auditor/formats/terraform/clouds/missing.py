"""What is not seen: modules that are not here, which may add rules to groups that are given to them, and files that are broken."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.reading import set_here
from auditor.formats.terraform.records import Carrier, Group, PeerKind
from auditor.formats.terraform.resources import MissingModule
from auditor.formats.terraform.values import Value
from auditor.model.source import Effect, Span, Unknown

CARRIERS = re.compile(
    r"(?:registry\.terraform\.io/)?terraform-aws-modules/"
    r"(?:ec2-instance|autoscaling|alb|elb|rds|rds-aurora|lambda|ecs|efs|elasticache|memory-db|redshift)/aws(?://.*)?"
)
"""Modules that put groups on what they make, and add no rules to groups they are given."""
ATTACHING = frozenset({"vpc_security_group_ids", "security_groups", "security_group_ids", "security_group_id"})
META = frozenset({"source", "version", "providers", "depends_on", "count", "for_each"})
SUBNETS = ("subnet_id", "subnet_ids", "subnets", "vpc_zone_identifier")


def read(context: Context) -> None:
    """Remark on every missing module, and open the groups that are given to it."""
    for call in _missing(context):
        context.note("module-not-installed", f"{_why(call)}: what it makes is not seen", call.span, Effect.UNKNOWN)
        if CARRIERS.fullmatch(call.source):
            _carrier(context, call)
        else:
            _opened(context, call)
    _broken_files(context)
    _named_groups(context)


def _why(call: MissingModule) -> str:
    """A source that begins with a dot is a directory, which no `terraform init` brings."""
    if not call.source.startswith(("./", "../")):
        return f"module {call.source} is not installed"
    directory = posixpath.normpath(posixpath.join(posixpath.dirname(call.span.path), call.source))
    if directory.startswith(".."):
        return f"module {call.source} lies outside of the directory that is checked"
    return f"module {call.source} is a directory without Terraform files ({directory})"


def _missing(context: Context) -> list[MissingModule]:
    """The calls of modules that are not installed, other than those that are known by heart."""
    missing = context.root.missing_modules()
    if not missing:
        return []
    from auditor.formats.terraform.clouds.aws_module import is_modelled

    return [call for call in missing if not is_modelled(call)]


def _broken_files(context: Context) -> None:
    """Behind what Terraform refuses there may be rules of any group."""
    for path in context.root.broken_files():
        unknown = Unknown(f"{path} is refused by Terraform, and rules in it may not be seen", Span.of_file(path))
        for group in (*context.estate.groups.values(), *context.estate.wholes.values()):
            group.beyond.append(unknown)


def _named_groups(context: Context) -> None:
    """Groups that rules name as peers and nothing here makes: somebody is in them, and may send whatever his own rules permit."""
    for group in list(context.estate.groups.values()):
        for peer in (record.peer for record in group.rules if record.peer.kind is PeerKind.GROUP):
            known = peer.text in context.estate.groups or f"id:{peer.text}" in context.estate.groups
            if not known and not {peer.text, f"id:{peer.text}"} & context.estate.wholes.keys():
                unknown = Unknown(f"{peer.text} is made elsewhere, with rules that are not seen here", peer.span, peer.text)
                address = peer.text if "." in peer.text else f"id:{peer.text}"
                context.estate.wholes[address] = Group(address, group.type, peer.span, foreign=unknown)


def _carrier(context: Context, call: MissingModule) -> None:
    groups = [context.identity(value) for name in ATTACHING & set(call.names()) for value in leaves(call.get(name))]
    if set_here(call.get("security_group_ingress_rules")):
        groups.append(None)  # it makes a group of its own, whose rules are not read
    subnets = [context.identity(value) for name in SUBNETS for value in leaves(call.get(name))]
    if groups:
        context.estate.carriers.append(Carrier(call.address, call.source, call.span, groups, subnets, certain=call.certain))


def _opened(context: Context, call: MissingModule) -> None:
    """The module may add rules to every group whose id it gets."""
    for name in sorted(set(call.names()) - META):
        for value in leaves(call.get(name)):
            group = context.estate.groups.get(context.identity(value) or "")
            if group is not None:
                reason = f"{call.address} ({call.source}) is not installed, gets the group's id and may add rules to it"
                group.beyond.append(Unknown(reason, call.span_of(name)))


def leaves(value: Value) -> Iterator[Value]:
    """The unknown values in a value, at any depth."""
    if value.is_unknown:
        yield from (leaf for part in (*value.hidden.choices, *value.hidden.members) for leaf in leaves(part))
        yield value
    for part in (*value.elements, *value.items.values()):
        yield from leaves(part)
