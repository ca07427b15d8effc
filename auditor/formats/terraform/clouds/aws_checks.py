"""What is wrong with AWS groups and rules as a whole: forms that overwrite each other, groups nobody carries, rules that AWS refuses."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.formats.terraform.clouds import aws_acls, aws_groups
from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.reading import alternatives, flag, texts
from auditor.formats.terraform.records import Direction, Family, Group, PeerKind, Record
from auditor.formats.terraform.resources import Resource
from auditor.model.headers import IPV4, IPV6, address_interval, merge_intervals
from auditor.model.source import Effect

SINGLE = (aws_groups.INGRESS, aws_groups.EGRESS)
RULES = (aws_groups.RULE, *SINGLE)
WORDS = {Direction.IN: "ingress", Direction.OUT: "egress"}


def check(context: Context) -> None:
    """Remark on everything that is wrong."""
    kinds = {resource.address: resource.type for resource in context.root.resources(RULES)}
    for resource in context.root.resources((*aws_groups.GROUPS, aws_acls.ACL, aws_acls.DEFAULT)):
        _forms(context, resource, context.estate.groups[resource.address], kinds)
    for group in context.estate.groups.values():
        if group.type in aws_groups.GROUPS:
            _group(context, group)
            _duplicates(context, group, kinds)
    for resource in context.root.resources((aws_groups.RULE,)):
        _many_sources(context, resource)


def _forms(context: Context, resource: Resource, group: Group, kinds: dict[str, str]) -> None:
    """The ways one group gets its rules, where they do not go together."""
    separate = [record for record in group.rules if record.resource != group.address]
    entries = {name: resource.entries(name) for name in ("ingress", "egress")}
    inline = any(entry.items or entry.rest for entry in entries.values())
    if inline and separate:
        message = f"{group.address} has rules inside and, in {separate[0].resource}, beside it: they overwrite each other at every apply"
        context.note("inline-and-separate-rules", message, group.span, Effect.DANGEROUS, ("the separate rule", separate[0].span))
    used = {kinds[record.resource] for record in separate if record.resource in kinds}
    if aws_groups.RULE in used and used & set(SINGLE):
        other = next(record for record in separate if kinds.get(record.resource) == aws_groups.RULE)
        message = f"{group.address} has rules of aws_security_group_rule and of aws_vpc_security_group_*_rule: they overwrite each other"
        context.note("mixed-rule-resources", message, group.span, Effect.DANGEROUS, ("one of the former", other.span))
    for direction, name in WORDS.items():
        entry = entries[name]
        beside = [record for record in separate if record.direction is direction]
        if entry.managed and not entry.items and not entry.rest and beside:
            message = f"{name} = [] removes the {name} rules that {beside[0].resource} adds, at the next apply"
            context.note("authoritative-empty", message, resource.span_of(name), Effect.DROPPED, ("a rule it removes", beside[0].span))
        if resource.type == aws_groups.TYPE and name in resource.names() and not entry.managed and not entry.items and not group.rules:
            message = f"every dynamic {name} block of {group.address} came out empty: the rules of an earlier apply are not removed"
            context.note("dynamic-empty-unmanaged", message, resource.span_of(name), Effect.IGNORED)


def _group(context: Context, group: Group) -> None:
    if group.foreign is not None:
        message = f"{group.address.removeprefix('id:')} is made elsewhere: it may permit more than what is seen here"
        context.note("unmanaged-egress", message, group.span, Effect.UNKNOWN)
        return
    carried = any(group.address in carrier.groups for carrier in context.estate.carriers)
    hidden = any(None in carrier.groups for carrier in context.estate.carriers) or context.root.missing_modules()
    if not carried and not hidden and context.estate.carriers and group.type == aws_groups.TYPE:
        message = f"nothing in this configuration carries {group.address}: its rules protect nothing"
        context.note("group-not-attached", message, group.span, Effect.IGNORED)
    outward = any(record.direction is Direction.OUT for record in group.rules) or group.beyond
    machines = any(group.address in carrier.groups and carrier.is_machine for carrier in context.estate.carriers)
    if machines and not outward:
        message = f"{group.address} has no egress rule: Terraform removes the default one, so nothing may leave"
        context.note("no-egress", message, group.span, Effect.NARROWED)
    _one_family(context, group)


def _one_family(context: Context, group: Group) -> None:
    """World access for one family in a network that has both."""
    network = context.estate.networks.get(group.network or "")
    families = {block.family for block in network.blocks} if network is not None else set()
    if not {Family.IPV4, Family.IPV6} <= families:
        return
    for direction in Direction:
        open_to = {(record.traffic, family): record for record, family in _to_everyone(group.rules, direction)}
        for (traffic, family), record in open_to.items():
            other = Family.IPV6 if family is Family.IPV4 else Family.IPV4
            if (traffic, other) not in open_to:
                message = f"this is open to all of {family} and to nobody of {other}, which the network has as well"
                context.note("ipv4-only", message, record.span, Effect.NARROWED)


def _to_everyone(records: Iterable[Record], direction: Direction) -> Iterable[tuple[Record, Family]]:
    for record in records:
        if record.direction is direction and record.peer.kind is PeerKind.ADDRESSES:
            interval = address_interval(record.peer.text)
            if interval in (IPV4, IPV6):
                yield record, record.peer.family


def _duplicates(context: Context, group: Group, kinds: dict[str, str]) -> None:
    """The same rule from two resources."""
    seen: dict[object, Record] = {}
    for record in group.rules:
        if record.resource not in kinds or record.peer.kind is PeerKind.UNKNOWN or record.doubt is not None:
            continue
        peer = merge_intervals([address_interval(record.peer.text)]) if record.peer.kind is PeerKind.ADDRESSES else record.peer.text
        first = seen.setdefault((record.direction, record.traffic, record.peer.kind, peer), record)
        if first.resource != record.resource:
            message = f"{record.resource} says the same as {first.resource}: AWS refuses the second"
            context.note("duplicate-rule", message, record.span, Effect.REFUSED, ("the same rule", first.span))


def _many_sources(context: Context, resource: Resource) -> None:
    replaced_first = any(flag(block.get("create_before_destroy")) is True for block in resource.blocks("lifecycle"))
    lists = ("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids")
    sources = sum(len(texts(resource.get(name))) for name in lists)
    sources += sum(1 for value, _ in alternatives(resource.get("source_security_group_id")) if not value.is_null)
    if replaced_first and sources > 1:
        message = f"{resource.address} has {sources} sources and is made anew before it is destroyed: AWS refuses the repeated ones"
        context.note("multi-source-rule", message, resource.span, Effect.DANGEROUS)
