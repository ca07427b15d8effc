"""Oracle Cloud: security lists on subnets and network security groups on interfaces, permits only; lists and groups unite.

A rule is stateful unless it says `stateless`. A subnet without lists uses its VCN's default one, which `oci_core_default_security_list`
adopts; what that holds otherwise is not in the configuration.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.formats.terraform.clouds.aws_groups import owners
from auditor.formats.terraform.clouds.bare import remark
from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.reading import (
    address_peer,
    doubt_about,
    doubt_of,
    elements,
    flag,
    number_or_unknown,
    protocol_of,
    report_unresolved,
    set_here,
)
from auditor.formats.terraform.records import Carrier, Direction, Family, Group, Icmp, Numbers, Peer, PeerKind, Range, Record, Traffic
from auditor.formats.terraform.resources import Arguments, Resource
from auditor.formats.terraform.values import Value, text_of
from auditor.model.source import Unknown

LISTS = ("oci_core_security_list", "oci_core_default_security_list")
GROUP, RULE = "oci_core_network_security_group", "oci_core_network_security_group_security_rule"
BLOCKS = {"ingress_security_rules": (Direction.IN, "source"), "egress_security_rules": (Direction.OUT, "destination")}
ATTACHED = "oci_core_vnic_attachment"
VNICS = {
    "oci_core_instance": ("create_vnic_details",),
    "oci_core_instance_configuration": ("instance_details", "launch_details", "create_vnic_details"),
    ATTACHED: ("create_vnic_details",),
    "oci_containerengine_node_pool": ("node_config_details",),
}
"""Where the network interfaces of what has some are written."""
DEFAULT_LIST = ".default_security_list_id"
PRIVATE = ("prohibit_public_ip_on_vnic", "prohibit_internet_ingress")
OPEN_ARGUMENTS = ("direction", "protocol", "source", "destination", "stateless")


def read(context: Context) -> None:
    """Every list and group with its rules, and the instances behind them."""
    for resource in context.root.resources(LISTS):
        group = _group(context, resource)
        for name, (direction, side) in BLOCKS.items():
            entries = resource.entries(name)
            for entry in entries.items:
                _rule(context, group, resource, entry, direction, side)
            group.beyond += [doubt_about(rest, resource.span) for rest in entries.rest]
    for resource in context.root.resources((GROUP,)):
        _group(context, resource)
    for resource in context.root.resources((RULE,)):
        for group, doubt in owners(context, resource, "network_security_group_id", GROUP):
            word = resource.get("direction")
            known = {"INGRESS": (Direction.IN, "source"), "EGRESS": (Direction.OUT, "destination")}.get((text_of(word) or "").upper())
            why = doubt_about(word, resource.span_of("direction")) if word.is_unknown else None
            for direction, side in [known] if known else BLOCKS.values():
                _rule(context, group, resource, resource, direction, side, doubt or why)
    _carriers(context)


def _group(context: Context, resource: Resource) -> Group:
    group = context.group(resource)
    group.name = text_of(resource.get("display_name"))
    if doubt := doubt_of(context, resource):
        group.beyond.append(doubt)
    return group


def _rule(
    context: Context,
    group: Group,
    resource: Resource,
    block: Arguments,
    direction: Direction,
    side: str,
    doubt: Unknown | None = None,
) -> None:
    stateless = flag(block.get("stateless"))
    doubt = doubt or doubt_of(context, resource, block) or (stateless if isinstance(stateless, Unknown) else None)
    peer = _peer(context, block, side)
    record = Record(
        direction,
        True,
        _traffic(block),
        peer,
        resource.address,
        peer.span,
        stateless=stateless is True,
        doubt=doubt,
        description=text_of(block.get("description")) or "",
        trail=peer.trail,
    )
    group.add(record)
    report_unresolved(context, resource, block, OPEN_ARGUMENTS)


def _peer(context: Context, block: Arguments, side: str) -> Peer:
    value, kind, span = block.get(side), text_of(block.get(f"{side}_type")) or "CIDR_BLOCK", block.span_of(side)
    if kind == "SERVICE_CIDR_BLOCK":
        return Peer(PeerKind.NAMED, text_of(value) or value.reference or "a service", span)
    if kind == "NETWORK_SECURITY_GROUP":
        address = context.identity(value) if value.is_unknown else text_of(value)
        if address is None:
            return Peer(PeerKind.UNKNOWN, "", span, unknown=doubt_about(value, span))
        return Peer(PeerKind.GROUP, address, span)
    return address_peer(context, value, block, side, Family.BOTH)


def _traffic(block: Arguments) -> Traffic:
    protocol = protocol_of(block.get("protocol"), block.span_of("protocol"))
    if protocol in ("icmp", "icmpv6"):
        for options in block.blocks("icmp_options"):
            type_, code = (number_or_unknown(options.get(name), options.span, name) for name in ("type", "code"))
            return Traffic(protocol, icmp=Icmp(type_, None if code == -1 else code))
    if protocol in ("tcp", "udp"):
        for options in block.blocks(f"{protocol}_options"):
            inner = options.blocks("destination_port_range")
            own = None if options.blocks("source_port_range") and options.get("min").is_null else options
            ports = _range(inner[0] if inner else own)
            sources = options.blocks("source_port_range")
            return Traffic(protocol, ports, source_ports=_range(sources[0] if sources else None))
    return Traffic(protocol)


def _range(block: Arguments | None) -> Numbers:
    if block is None:
        return None
    first, last = (number_or_unknown(block.get(name), block.span, name) for name in ("min", "max"))
    for port in (first, last):
        if isinstance(port, Unknown):
            return port
    if isinstance(first, int) and isinstance(last, int):
        return Range(first, last)
    return None if first is last else Unknown("min and max go together: one without the other is refused", block.span)


def _carriers(context: Context) -> None:
    lists = {each.address: list(_lists(context, each)) for each in context.root.resources(("oci_core_subnet",))}
    found: dict[str, list[str | None]] = {}
    resources = list(context.root.resources(tuple(VNICS)))
    for resource in resources:
        groups: list[str | None] = []
        for vnic in _inner([resource], VNICS[resource.type]):
            groups += [context.address(value) if why is None else None for value, why in elements(vnic.get("nsg_ids"))]
            for place in (vnic, *vnic.blocks("placement_configs")):
                if set_here(place.get("subnet_id")):
                    groups += lists.get(context.identity(place.get("subnet_id")) or "", [None])
        found[resource.address] = groups
    for resource in resources:
        if resource.type == ATTACHED and (instance := context.identity(resource.get("instance_id"))) in found:
            found[instance] += found[resource.address]
    for resource in resources:
        if groups := list(dict.fromkeys(found[resource.address])):
            carrier = Carrier(resource.address, resource.type, resource.span, groups, certain=resource.certain)
            context.estate.carriers.append(carrier)
    carried = {group for carrier in context.estate.carriers for group in carrier.groups}
    for group in context.estate.groups.values():
        if group.type == GROUP and group.address not in carried:
            group.beyond.append(Unknown(f"nothing here carries {group.address}: which security lists add to it is not known", group.span))


def _inner(blocks: Iterable[Arguments], path: tuple[str, ...]) -> Iterator[Arguments]:
    """The blocks at the end of a path of block names."""
    if not path:
        yield from blocks
    for block in blocks if path else ():
        yield from _inner(block.blocks(path[0]), path[1:])


def _lists(context: Context, subnet: Resource) -> Iterator[str | None]:
    """The security lists of a subnet. Without any it has its network's default one, which lets ssh in unless it is adopted here."""
    if set_here(subnet.get("security_list_ids")):
        for value, doubt in elements(subnet.get("security_list_ids")):
            yield _list(context, value) if doubt is None else None
        return
    network = context.address(subnet.get("vcn_id"))
    adopted = _adopted(context, f"{network}{DEFAULT_LIST}")
    if adopted is None and not any(flag(subnet.get(name)) is True for name in PRIVATE):
        what = "names no security list and has its network's default one, which lets SSH in from everywhere unless it was changed"
        remark(context, [subnet], lambda name: f"{name} {what}", "default-rules")
    yield adopted or f"{network}{DEFAULT_LIST}"


def _list(context: Context, value: Value) -> str | None:
    address = context.address(value)
    return _adopted(context, address) or address


def _adopted(context: Context, address: str | None) -> str | None:
    """The resource here that holds the rules of a network's default list."""
    for resource in context.root.resources((LISTS[1],)):
        if address is not None and context.address(resource.get("manage_default_resource_id")) == address:
            return resource.address
    return None
