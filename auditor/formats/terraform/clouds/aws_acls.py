"""AWS network ACLs: at a subnet's edge, stateless, ordered by number, first match, deny at the end. Inside a subnet nothing is filtered.

One ACL a subnet. A subnet in none has its VPC's default ACL, which permits everything unless `aws_default_network_acl` adopted it: then it
holds what is written there, and denies everything if that is nothing. An icmp rule without type and code means type 0, code 0.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.terraform.clouds.aws_groups import owners
from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.reading import (
    address_peer_of,
    alternatives,
    doubt_about,
    doubt_of,
    elements,
    flag,
    number_or_unknown,
    protocol_of,
    report_unresolved,
    set_here,
    tags_of,
)
from auditor.formats.terraform.records import Direction, Family, Group, Icmp, Numbers, Peer, PeerKind, Range, Record, Traffic
from auditor.formats.terraform.resources import Arguments, Resource
from auditor.formats.terraform.values import text_of
from auditor.model.source import Effect, Span, Unknown

ACL, DEFAULT, RULE, ASSOCIATION = "aws_network_acl", "aws_default_network_acl", "aws_network_acl_rule", "aws_network_acl_association"
DIRECTIONS = {"ingress": Direction.IN, "egress": Direction.OUT}
EVERYONE = {Family.IPV4: "0.0.0.0/0", Family.IPV6: "::/0"}
OPEN_ARGUMENTS = (
    "rule_no", "rule_number", "action", "rule_action", "egress", "protocol", "from_port", "to_port", "cidr_block", "ipv6_cidr_block",
)  # fmt: skip


def read(context: Context) -> None:
    """Every network ACL with its rules and the subnets it guards."""
    adopted = list(context.root.resources((DEFAULT,)))
    for resource in (*context.root.resources((ACL,)), *adopted):
        _acl(context, resource)
    for resource in adopted:
        if reference := resource.get("default_network_acl_id").reference:
            context.estate.aliases.setdefault(reference, resource.address)
    for resource in context.root.resources((RULE,)):
        _separate(context, resource)
    for resource in context.root.resources((ASSOCIATION,)):
        for group, _ in owners(context, resource, "network_acl_id", ACL):
            _guard(context, group, resource, "subnet_id")
    for resource in adopted:
        reference = resource.get("default_network_acl_id").reference or ""
        _rest_of_vpc(context, context.group(resource), reference, resource.span_of("default_network_acl_id"))
    for group in list(context.estate.groups.values()):
        if group.type == ACL and group.foreign is not None:
            _rest_of_vpc(context, group, group.address, group.span)
            _untouched(context, group)


def _acl(context: Context, resource: Resource) -> None:
    group = context.group(resource)
    group.ordered, group.stateful, group.guards = True, False, []
    group.tags = tags_of(resource.get("tags"))
    group.name = group.tags.get("Name")
    _guard(context, group, resource, "subnet_ids")
    for name, direction in DIRECTIONS.items():
        entries = resource.entries(name)
        for entry in entries.items:
            _add(context, group, resource, entry, direction, "rule_no", "action")
        for rest in entries.rest:
            _open_list(group, resource, direction, doubt_about(rest, entries.span or resource.span))
    if doubt := doubt_of(context, resource):
        group.beyond.append(doubt)


def _open_list(group: Group, resource: Resource, direction: Direction, unknown: Unknown) -> None:
    """Any further rules, permits and denials, at any number."""
    peer = Peer(PeerKind.UNKNOWN, "", resource.span, unknown=unknown)
    for permit in (True, False):
        group.rules.append(Record(direction, permit, Traffic(unknown), peer, resource.address, resource.span, order=unknown, doubt=unknown))


def _guard(context: Context, group: Group, resource: Resource, name: str) -> None:
    for element, _ in elements(resource.get(name)):
        if not set_here(element):
            continue
        address = context.identity(element) or text_of(element)
        if address in context.estate.networks and group.guards is not None:
            group.guards.append(address)
            continue
        message = f"which subnet {group.address} guards is not known here: it may stand before any machine"
        group.elsewhere = Unknown(f"whether {group.address} guards the subnet is not known", resource.span_of(name))
        context.note("unresolved", message, resource.span_of(name), Effect.UNKNOWN)


def _rest_of_vpc(context: Context, group: Group, reference: str, span: Span) -> None:
    """A default ACL guards every subnet of its VPC that no other ACL does; one that is not known here may guard any."""
    vpc, _, attribute = reference.rpartition(".")
    if attribute != "default_network_acl_id" or context.estate.networks.get(vpc) is None:
        if not group.guards:
            group.elsewhere = Unknown(f"which subnets {group.address.removeprefix('id:')} guards is not known", span)
        return
    taken = {subnet for other in context.estate.groups.values() for subnet in other.guards or ()}
    for network in context.estate.networks.values():
        if network.parent == vpc and network.address not in taken and group.guards is not None:
            group.guards.append(network.address)


def _untouched(context: Context, group: Group) -> None:
    """What the default ACL of a VPC made here is made with, and keeps as long as no resource adopts it: everything is permitted."""
    vpc = context.estate.networks.get(group.address.removesuffix(".default_network_acl_id"))
    if vpc is None or vpc.foreign:
        return
    group.foreign = None
    for direction in Direction:
        for order, (family, text) in enumerate(EVERYONE.items(), 100):
            peer = Peer(PeerKind.ADDRESSES, text, group.span, family)
            group.rules.append(Record(direction, True, Traffic(), peer, group.address, group.span, order=order, implicit=True))


def _separate(context: Context, resource: Resource) -> None:
    egress = flag(resource.get("egress"))
    directions = DIRECTIONS.values() if isinstance(egress, Unknown) else (Direction.OUT if egress else Direction.IN,)
    for group, doubt in _owners(context, resource):
        group.ordered, group.stateful, group.guards = True, False, group.guards or []
        for direction in directions:
            why = doubt or (egress if isinstance(egress, Unknown) else None)
            _add(context, group, resource, resource, direction, "rule_number", "rule_action", why)


def _owners(context: Context, resource: Resource) -> Iterator[tuple[Group, Unknown | None]]:
    """The lists a rule may belong to; of one that nobody can tell also one that is not here."""
    yield from owners(context, resource, "network_acl_id", ACL)
    for value, _ in alternatives(resource.get("network_acl_id")):
        if context.address(value) is None:
            unknown = doubt_about(value, resource.span_of("network_acl_id"))
            yield context.foreign(f"the list of {resource.address}", ACL, unknown, resource.span), unknown


def _add(
    context: Context,
    group: Group,
    resource: Resource,
    block: Arguments,
    direction: Direction,
    number: str,
    action: str,
    doubt: Unknown | None = None,
) -> None:
    traffic = _traffic(context, block)
    order = number_or_unknown(block.get(number), block.span_of(number), number)
    doubt = doubt or doubt_of(context, resource, block)
    permits, why_action = _permits(block, action)
    peers = [*address_peer_of(context, block, "cidr_block", Family.IPV4), *address_peer_of(context, block, "ipv6_cidr_block", Family.IPV6)]
    if not peers:
        context.note("evaluation-error", "the rule names no network: AWS refuses it", block.span, Effect.REFUSED)
    for peer, why in peers:
        for permit in permits:
            because = doubt or why or why_action
            group.rules.append(
                Record(direction, permit, traffic, peer, resource.address, peer.span, order=order, doubt=because, trail=peer.trail)
            )
    if isinstance(order, int):
        _check_number(context, group, direction, order, block.span_of(number))
    report_unresolved(context, resource, block, OPEN_ARGUMENTS)


def _permits(block: Arguments, name: str) -> tuple[tuple[bool, ...], Unknown | None]:
    """Whether the rule permits; both if that is not known."""
    value = block.get(name)
    if value.is_unknown:
        return (True, False), doubt_about(value, block.span_of(name))
    return ((text_of(value) or "").lower() == "allow",), None


def _check_number(context: Context, group: Group, direction: Direction, order: int, span: Span) -> None:
    others = {record.resource: record for record in group.rules if record.direction is direction and record.order == order}
    same = [record for record in group.rules if record.direction is direction and record.order == order]
    if len(others) > 1 or len({(record.traffic, record.permit) for record in same}) > 1:
        message = f"number {order} is used twice in one direction of {group.address}: AWS refuses the second rule"
        context.note("nacl-number-clash", message, span, Effect.REFUSED, ("the other rule", same[0].span))


def _traffic(context: Context, block: Arguments) -> Traffic:
    protocol = protocol_of(block.get("protocol"), block.span_of("protocol"))
    if isinstance(protocol, Unknown):
        return Traffic(protocol)
    if protocol in ("tcp", "udp"):
        return Traffic(protocol, _port_range(context, block))
    if protocol in ("icmp", "icmpv6"):
        return Traffic(protocol, icmp=_icmp(context, block))
    return Traffic(protocol)


def _port_range(context: Context, block: Arguments) -> Numbers:
    span = block.span_of("from_port")
    first = number_or_unknown(block.get("from_port"), span, "from_port")
    last = number_or_unknown(block.get("to_port"), block.span_of("to_port"), "to_port")
    for port in (first, last):
        if isinstance(port, Unknown):
            return port
    low, high = (port if isinstance(port, int) else 0 for port in (first, last))
    if low == high == 0:
        message = "0 to 0 is port 0 alone, which nothing uses; all ports are 0 to 65535"
        context.note("port-zero", message, span, Effect.NARROWED)
    if low > high:
        context.note("inverted-range", f"from_port {low} is above to_port {high}: AWS refuses it", span, Effect.REFUSED)
        return Unknown(f"ports {low}-{high} are no range", span)
    return Range(low, high)


def _icmp(context: Context, block: Arguments) -> Icmp:
    if not set_here(block.get("icmp_type")) and not set_here(block.get("icmp_code")):
        message = "without icmp_type and icmp_code this is type 0, code 0, echo reply alone; -1 is any"
        context.note("nacl-icmp-default", message, block.span_of("protocol"), Effect.NARROWED)
    type_, code = (number_or_unknown(block.get(name), block.span_of(name), name) for name in ("icmp_type", "icmp_code"))
    return Icmp(None if type_ == -1 else type_ or 0, None if code == -1 else code or 0)
