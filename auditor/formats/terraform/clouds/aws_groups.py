"""AWS security groups: permits only, default deny both ways, stateful; several on one interface unite.

A group is the union of what every form says about it: inline blocks, `aws_security_group_rule`, `aws_vpc_security_group_*_rule`. Without a
word about egress nothing may leave: the provider removes AWS's allow-all rule. A group as peer means the private addresses of interfaces
that carry it. 0-0 with tcp is port 0; with -1 ports mean nothing; icmp keeps type and code in them. 0.0.0.0/0 does not cover ::/0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.formats.terraform.clouds.aws_networks import vpc_of
from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.reading import (
    address_peer_of,
    address_peers,
    alternatives,
    doubt_about,
    doubt_of,
    elements,
    flag,
    number_or_unknown,
    place_of,
    protocol_of,
    report_unresolved,
    set_here,
    tags_of,
    trail_of,
)
from auditor.formats.terraform.records import Direction, Family, Group, Icmp, Numbers, Peer, PeerKind, Range, Record, Traffic
from auditor.formats.terraform.resources import Arguments, Resource
from auditor.formats.terraform.values import Value, text_of
from auditor.model.source import Effect, Span, Unknown

TYPE, DEFAULT = "aws_security_group", "aws_default_security_group"
GROUPS = (TYPE, DEFAULT)
RULE = "aws_security_group_rule"
INGRESS, EGRESS = "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule"
OPEN_ARGUMENTS = (
    "type", "protocol", "ip_protocol", "from_port", "to_port", "cidr_blocks", "ipv6_cidr_blocks", "cidr_ipv4", "cidr_ipv6", "self",
    "prefix_list_ids", "prefix_list_id", "security_groups", "source_security_group_id", "referenced_security_group_id",
)  # fmt: skip
DIRECTIONS = {"ingress": Direction.IN, "egress": Direction.OUT}

Peers = Iterator[tuple[Peer, Unknown | None]]


def read(context: Context) -> None:
    """Every security group with all its rules."""
    modelled = _modelled(context)
    groups = [*context.root.resources(GROUPS), *(each for each in modelled if each.type in GROUPS)]
    for resource in groups:
        _group(context, resource)
    for resource in groups:
        _inline(context, resource)
    for resource in (*context.root.resources((RULE,)), *(each for each in modelled if each.type == RULE)):
        _separate(context, resource)
    for resource in context.root.resources((INGRESS, EGRESS)):
        _single(context, resource)


def _modelled(context: Context) -> Sequence[Resource]:
    """What calls of the security-group module make where it is not installed."""
    if not context.root.missing_modules():
        return ()
    from auditor.formats.terraform.clouds.aws_module import made

    return made(context)


def _group(context: Context, resource: Resource) -> None:
    group = context.group(resource)
    group.tags = tags_of(resource.get("tags"))
    group.name = text_of(resource.get("name")) or text_of(resource.get("name_prefix")) or group.tags.get("Name")
    vpc_of(context, group, resource.get("vpc_id"))
    if resource.type == DEFAULT and group.network:
        context.estate.aliases[f"{group.network}.default_security_group_id"] = resource.address
    if doubt := doubt_of(context, resource):
        group.beyond.append(doubt)


# -- inline blocks


def _inline(context: Context, resource: Resource) -> None:
    group = context.group(resource)
    for name, direction in DIRECTIONS.items():
        entries = resource.entries(name)
        for entry in entries.items:
            _add(context, group, resource, entry, direction, _inline_peers(context, group, entry), "protocol")
        for rest in entries.rest:
            span = entries.span or resource.span
            group.rules.append(_open_record(direction, resource, span, doubt_about(rest, span)))


def _open_record(direction: Direction, resource: Resource, span: Span, unknown: Unknown) -> Record:
    """Any further rules, for a list that is not known."""
    peer = Peer(PeerKind.UNKNOWN, unknown.reference or "", span, unknown=unknown)
    return Record(direction, True, Traffic(unknown), peer, resource.address, span, doubt=unknown)


def _inline_peers(context: Context, group: Group, block: Arguments) -> Peers:
    yield from address_peers(context, block, "cidr_blocks", Family.IPV4, strict=True)
    yield from address_peers(context, block, "ipv6_cidr_blocks", Family.IPV6, strict=True)
    for name in ("prefix_list_ids", "security_groups"):
        for element, doubt in elements(block.get(name)):
            if set_here(element):
                yield _by_id(context, element, block, name), doubt
    yield from _self_peer(group.address, block)


def _self_peer(address: str, block: Arguments) -> Peers:
    itself = flag(block.get("self"))
    if isinstance(itself, Unknown):
        yield Peer(PeerKind.GROUP, address, block.span_of("self")), itself
    elif itself:
        yield Peer(PeerKind.GROUP, address, block.span_of("self")), None


def _by_id(context: Context, value: Value, block: Arguments, name: str) -> Peer:
    """A group or prefix list by its id; what is not made here is still told apart by its symbol."""
    span, trail = place_of(value, block, name), trail_of(value, block.span_of(name))
    kind = PeerKind.PREFIX_LIST if "prefix_list" in name else PeerKind.GROUP
    if not value.is_unknown:
        text = text_of(value) or ""
        if kind is PeerKind.GROUP:
            _check_id(context, text, span)
        return Peer(kind, text, span, trail=trail)
    address = context.identity(value)
    if address is None:
        return Peer(PeerKind.UNKNOWN, "", span, unknown=doubt_about(value, span), trail=trail)
    made_here = address in context.estate.groups if kind is PeerKind.GROUP else address in context.estate.prefix_lists
    return Peer(kind, address, span, unknown=None if made_here else doubt_about(value, span), trail=trail)


def _check_id(context: Context, text: str, span: Span) -> None:
    if not text.rpartition("/")[2].startswith("sg-"):
        message = f"{text!r} is no id of a security group (sg-…): names worked only before VPCs"
        context.note("name-as-group", message, span, Effect.REFUSED)


# -- rules of their own


def _separate(context: Context, resource: Resource) -> None:
    kind = resource.get("type")
    direction = DIRECTIONS.get(text_of(kind) or "")
    directions: tuple[Direction, ...] = (direction,) if direction else ()
    if kind.is_unknown:
        directions = tuple(DIRECTIONS.values())
    elif not directions:
        message = f"type is {text_of(kind)!r}, not ingress or egress: the provider refuses the rule"
        context.note("evaluation-error", message, resource.span_of("type"), Effect.REFUSED)
    for group, doubt in owners(context, resource, "security_group_id"):
        for each in directions:
            why = doubt or (kind.doubt if kind.is_unknown else None)
            _add(context, group, resource, resource, each, _separate_peers(context, group, resource), "protocol", why)


def _separate_peers(context: Context, group: Group, resource: Resource) -> Peers:
    found = list(address_peers(context, resource, "cidr_blocks", Family.IPV4, strict=True))
    found += address_peers(context, resource, "ipv6_cidr_blocks", Family.IPV6, strict=True)
    found += [(_by_id(context, each, resource, "prefix_list_ids"), why) for each, why in elements(resource.get("prefix_list_ids"))]
    for value, doubt in alternatives(resource.get("source_security_group_id")):
        if set_here(value):
            found.append((_by_id(context, value, resource, "source_security_group_id"), doubt))
    found += _self_peer(group.address, resource)
    if not found:
        context.note("evaluation-error", "the rule names no peer: the provider refuses it", resource.span, Effect.REFUSED)
    yield from found


def _single(context: Context, resource: Resource) -> None:
    direction = Direction.IN if resource.type == INGRESS else Direction.OUT
    for group, doubt in owners(context, resource, "security_group_id"):
        _add(context, group, resource, resource, direction, _single_peers(context, resource), "ip_protocol", doubt)


def _single_peers(context: Context, resource: Resource) -> Peers:
    found = False
    for name, family in (("cidr_ipv4", Family.IPV4), ("cidr_ipv6", Family.IPV6)):
        for choice in address_peer_of(context, resource, name, family, strict=True):
            found = True
            yield choice
    for name in ("prefix_list_id", "referenced_security_group_id"):
        for value, doubt in alternatives(resource.get(name)):
            if set_here(value):
                found = True
                yield _by_id(context, value, resource, name), doubt
    if not found:
        context.note("evaluation-error", "the rule names no peer: the provider refuses it", resource.span, Effect.REFUSED)


def owners(context: Context, resource: Resource, name: str, type_: str = TYPE) -> Iterator[tuple[Group, Unknown | None]]:
    """The groups a rule may belong to, each with the reason why it may not. An id that could be any group's is every group's, perhaps."""
    for value, doubt in alternatives(resource.get(name)):
        span = resource.span_of(name)
        address = context.address(value)
        if address is None:
            unknown = doubt_about(value, span)
            context.note("rule-on-unknown-group", f"which group the rule belongs to is not known: {unknown.reason}", span, Effect.UNKNOWN)
            for group in list(context.estate.groups.values()):
                if group.type.startswith(type_):
                    yield group, unknown
        elif address in context.estate.groups:
            yield context.estate.groups[address], doubt
        else:
            yield _foreign_owner(context, value, address, span, type_), doubt


def _foreign_owner(context: Context, value: Value, address: str, span: Span, type_: str) -> Group:
    reason = doubt_about(value, span).reason if value.is_unknown else "a literal id"
    message = f"the rule belongs to {address.removeprefix('id:')}, a group that nothing here makes ({reason})"
    context.note("rule-on-unknown-group", message, span, Effect.UNKNOWN)
    unknown = Unknown(f"{address.removeprefix('id:')} is made elsewhere, with rules that are not seen here", span, address)
    return context.foreign(address, type_, unknown, span)


# -- a rule's body


def _add(
    context: Context,
    group: Group,
    resource: Resource,
    block: Arguments,
    direction: Direction,
    peers: Peers,
    protocol: str,
    doubt: Unknown | None = None,
) -> None:
    """One record for each peer of a rule."""
    traffic = _traffic(context, resource, block, protocol)
    doubt = doubt or doubt_of(context, resource, block)
    description = text_of(block.get("description")) or ""
    for peer, why in peers:
        record = Record(
            direction,
            True,
            traffic,
            peer,
            resource.address,
            peer.span,
            doubt=doubt or why,
            description=description,
            trail=peer.trail,
        )
        group.add(record)
    report_unresolved(context, resource, block, OPEN_ARGUMENTS)


def _traffic(context: Context, resource: Resource, block: Arguments, name: str) -> Traffic:
    protocol = protocol_of(block.get(name), block.span_of(name))
    if isinstance(protocol, Unknown):
        if not set_here(block.get(name)):
            context.note("evaluation-error", "the rule names no protocol: AWS refuses it", block.span, Effect.REFUSED)
        return Traffic(protocol)
    first = number_or_unknown(block.get("from_port"), block.span_of("from_port"), "from_port")
    last = number_or_unknown(block.get("to_port"), block.span_of("to_port"), "to_port")
    if protocol in ("tcp", "udp"):
        return Traffic(protocol, _port_range(context, block, protocol, first, last))
    if protocol in ("icmp", "icmpv6"):
        return Traffic(protocol, icmp=_icmp(context, block, first, last))
    if protocol == "any" and any(isinstance(port, int) and port not in (0, -1) for port in (first, last)):
        _ports_without_meaning(context, resource, block, first, last)
    return Traffic(protocol)


def _ports_without_meaning(
    context: Context, resource: Resource, block: Arguments, first: int | Unknown | None, last: int | Unknown | None
) -> None:
    refused = resource.type != RULE
    outcome = "AWS refuses the rule" if refused else "the ports are ignored and every port of every protocol is open"
    message = f"protocol -1 is every protocol, and the rule names ports {first}-{last}: {outcome}"
    context.note("all-protocols-with-ports", message, block.span_of("from_port"), Effect.REFUSED if refused else Effect.WIDENED)


def _port_range(context: Context, block: Arguments, protocol: str, first: int | Unknown | None, last: int | Unknown | None) -> Numbers:
    span = block.span_of("from_port")
    for port in (first, last):
        if isinstance(port, Unknown):
            return port
    if not isinstance(first, int) or not isinstance(last, int):
        context.note("evaluation-error", f"a {protocol} rule needs from_port and to_port: AWS refuses it", span, Effect.REFUSED)
        return Unknown(f"a {protocol} rule without ports is refused", span)
    if first > last:
        context.note("inverted-range", f"from_port {first} is above to_port {last}: AWS refuses it", span, Effect.REFUSED)
        return Unknown(f"ports {first}-{last} are no range", span)
    if not 0 <= first <= last <= 65535:
        context.note("evaluation-error", f"ports {first}-{last} do not exist: AWS refuses them", span, Effect.REFUSED)
        return Unknown(f"ports {first}-{last} do not exist", span)
    if first == last == 0:
        message = f"0 to 0 with {protocol} is port 0 alone, which nothing uses; all ports are 0 to 65535"
        context.note("port-zero", message, span, Effect.NARROWED)
    return Range(first, last)


def _icmp(context: Context, block: Arguments, first: int | Unknown | None, last: int | Unknown | None) -> Icmp:
    span = block.span_of("from_port")
    if (isinstance(first, int) and first > 255) or (first == 0 and last == 65535):
        message = f"with icmp, from_port and to_port are type and code: {first} and {last} are none"
        context.note("icmp-as-ports", message, span, Effect.REFUSED)
        return Icmp(Unknown(f"ICMP type {first} code {last} does not exist", span))
    return Icmp(None if first == -1 else first, None if last == -1 else last)
