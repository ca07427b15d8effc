"""OpenStack security groups: permits only, stateful unless said otherwise, default deny; several on a port unite.

A new group comes with rules that permit everything outbound for both families, unless `delete_default_rules`. Ports 0 and 0, or none, are
all ports. A rule without a remote end is for everyone of its ethertype. A port without port security is not filtered.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.terraform.clouds.aws_groups import owners
from auditor.formats.terraform.clouds.bare import remark
from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.interfaces import Interface, carry
from auditor.formats.terraform.clouds.reading import (
    address_peer_of,
    alternatives,
    doubt_about,
    doubt_of,
    elements,
    flag,
    name_of,
    number_or_unknown,
    place_of,
    protocol_of,
    report_unresolved,
    set_here,
    tags_of,
)
from auditor.formats.terraform.records import Carrier, Direction, Family, Group, Icmp, Peer, PeerKind, Range, Record, Traffic
from auditor.formats.terraform.resources import Resource
from auditor.formats.terraform.values import Value, text_of
from auditor.model.source import Effect, Unknown

GROUP, RULE = "openstack_networking_secgroup_v2", "openstack_networking_secgroup_rule_v2"
PORT, INSTANCE = "openstack_networking_port_v2", "openstack_compute_instance_v2"
DIRECTIONS = {"ingress": Direction.IN, "egress": Direction.OUT}
ENDS = ("port_range_min", "port_range_max")
EVERYONE = {Family.IPV4: "0.0.0.0/0", Family.IPV6: "::/0"}
OPEN_ARGUMENTS = (
    "direction", "ethertype", "protocol", "port_range_min", "port_range_max", "remote_ip_prefix", "remote_group_id",
    "remote_address_group_id",
)  # fmt: skip


def read(context: Context) -> None:
    """Every group with its rules, and what carries it."""
    for resource in context.root.resources((GROUP,)):
        _group(context, resource)
    for resource in context.root.resources((RULE,)):
        for group, doubt in owners(context, resource, "security_group_id", GROUP):
            _rule(context, group, resource, doubt)
    for group in context.estate.groups.values():
        outward = [record for record in group.rules if record.direction is Direction.OUT]
        own = next((record for record in outward if not record.implicit), None)
        if group.type == GROUP and own is not None and any(record.implicit for record in outward):
            message = f"{group.address} restricts what may leave, but the rules it was made with still permit everything outbound"
            context.note("openstack-implicit-egress", message, own.span, Effect.WIDENED)
    _carriers(context)


def _group(context: Context, resource: Resource) -> None:
    group = context.group(resource)
    group.name = text_of(resource.get("name"))
    group.stateful = not set_here(resource.get("stateful")) or flag(resource.get("stateful")) is True
    if doubt := doubt_of(context, resource):
        group.beyond.append(doubt)
    deleted = flag(resource.get("delete_default_rules"))
    if deleted is True:
        return
    for family, text in EVERYONE.items():
        peer = Peer(PeerKind.ADDRESSES, text, resource.span, family)
        doubt = deleted if isinstance(deleted, Unknown) else None
        group.rules.append(Record(Direction.OUT, True, Traffic(), peer, resource.address, resource.span, implicit=True, doubt=doubt))


def _rule(context: Context, group: Group, resource: Resource, doubt: Unknown | None) -> None:
    word = resource.get("direction")
    directions = [DIRECTIONS[text]] if (text := text_of(word) or "") in DIRECTIONS else list(Direction)
    unknown = next((name for name in ("direction", "ethertype") if resource.get(name).is_unknown), None)
    why = doubt_about(resource.get(unknown), resource.span_of(unknown)) if unknown else None
    traffic = _traffic(context, resource)
    for direction in directions:
        for peer, why_peer in _peers(context, resource):
            because = doubt or doubt_of(context, resource) or why or why_peer
            record = Record(direction, True, traffic, peer, resource.address, peer.span, doubt=because, trail=peer.trail)
            group.add(record)
    report_unresolved(context, resource, resource, OPEN_ARGUMENTS)


def _peers(context: Context, resource: Resource) -> list[tuple[Peer, Unknown | None]]:
    ethertype = text_of(resource.get("ethertype"))
    family = {"ipv4": Family.IPV4, "ipv6": Family.IPV6}.get((ethertype or "").lower(), Family.BOTH)
    if set_here(resource.get("remote_ip_prefix")):
        return list(address_peer_of(context, resource, "remote_ip_prefix", family))
    found: list[tuple[Peer, Unknown | None]] = []
    for value, doubt in alternatives(resource.get("remote_group_id")):
        span = place_of(value, resource, "remote_group_id")
        address = context.identity(value) if value.is_unknown else text_of(value)
        if address and set_here(value):
            found.append((Peer(PeerKind.GROUP, address, span, family), doubt))
        elif set_here(value):
            found.append((Peer(PeerKind.UNKNOWN, "", span, family, doubt_about(value, span)), doubt))
    if found:
        return found
    if set_here(resource.get("remote_address_group_id")):
        unknown = Unknown("the addresses of an address group are not in the configuration", resource.span_of("remote_address_group_id"))
        return [(Peer(PeerKind.UNKNOWN, "", resource.span_of("remote_address_group_id"), family, unknown), None)]
    families = [family] if family is not Family.BOTH else list(EVERYONE)
    return [(Peer(PeerKind.ADDRESSES, EVERYONE[each], resource.span, each), None) for each in families]


def _traffic(context: Context, resource: Resource) -> Traffic:
    protocol = protocol_of(resource.get("protocol"), resource.span_of("protocol"), optional=True)
    first, last = (number_or_unknown(resource.get(name), resource.span_of(name), name) for name in ENDS)
    if protocol in ("icmp", "icmpv6"):
        if first == 0:  # sent or left out, by the version of the provider
            first = Unknown("whether port_range_min = 0 is type 0 or any type is not known", resource.span_of(ENDS[0]))
        return Traffic(protocol, icmp=Icmp(None if first == -1 else first, None if last == -1 else last))
    for port in (first, last):
        if isinstance(port, Unknown):
            return Traffic(protocol, port)
    if (first is None) is not (last is None) or (protocol == "any" and first):
        message = "port_range_min, port_range_max and protocol go together: the provider refuses one without the others"
        context.note("evaluation-error", message, resource.span, Effect.REFUSED)
        return Traffic(Unknown(message, resource.span))
    if isinstance(first, int) and isinstance(last, int) and (first or last):
        return Traffic(protocol, Range(first, last))
    return Traffic(protocol)


def _carriers(context: Context) -> None:
    by_name: dict[str, list[str]] = {}
    for resource in context.root.resources((GROUP,)):
        by_name.setdefault(name_of(resource.get("name")) or "", []).append(resource.address)
    ports: dict[str, list[str | None]] = {}
    bare: list[Resource] = []
    for resource in context.root.resources((PORT,)):
        ports[resource.address] = groups = list(_of_port(context, resource))
        if groups:
            context.estate.carriers.append(Carrier(resource.address, PORT, resource.span, groups, certain=resource.certain))
        elif _is_open(resource):
            bare.append(resource)
    remark(context, bare, lambda name: f"port_security_enabled of {name} is false: nothing filters what comes in there")
    unfiltered = {resource.address for resource in bare}
    for resource in context.root.resources((INSTANCE,)):
        filtered = Interface(f"{resource.address}.network", list(_of_instance(context, resource, by_name, ports)))
        used = (context.identity(each.get("port")) for each in resource.blocks("network") if set_here(each.get("port")))
        others = [Interface(port, []) for port in used if port in unfiltered]
        carry(context, resource, [filtered, *others], tags_of(resource.get("metadata")))


def _is_open(port: Resource) -> bool:
    """Whether a port states that nothing is filtered there."""
    return set_here(port.get("port_security_enabled")) and flag(port.get("port_security_enabled")) is False


def _of_port(context: Context, resource: Resource) -> Iterator[str | None]:
    """The groups of a port: the project's default one, which is not seen here, if it names none and refuses none."""
    if _is_open(resource):
        return
    if not set_here(resource.get("security_group_ids")) and flag(resource.get("no_security_groups")) is not True:
        yield None
    for value, doubt in elements(resource.get("security_group_ids")):
        yield context.address(value) if doubt is None else None


def _of_instance(
    context: Context, resource: Resource, by_name: dict[str, list[str]], ports: dict[str, list[str | None]]
) -> Iterator[str | None]:
    """The groups of an instance: its own on the ports that are made with it, those of its ports on the others."""
    networks = resource.blocks("network")
    own = [each for each in networks if not set_here(each.get("port"))]
    if own or not networks:
        yield from (_by_name(context, value, by_name) if why is None else None for value, why in elements(resource.get("security_groups")))
    for each in networks:
        if set_here(each.get("port")):
            yield from ports.get(context.identity(each.get("port")) or "", [None])


def _by_name(context: Context, value: Value, by_name: dict[str, list[str]]) -> str | None:
    """The group of a name, or an id; None for one that cannot be told."""
    address = context.identity(value)
    if address in context.estate.groups:
        return address
    named = by_name.get(name_of(value) or "", [])
    taken = [each for each in named if any(phrase == f"{each}.name" for phrase, _ in value.trail)]
    found = taken or named
    return found[0] if len(found) == 1 and name_of(value) else None
