"""Azure network security groups: stateful, ordered by priority per direction, lowest first, first match; then Azure's own rules.

Those let the whole virtual network in and out (65000), the load balancer's probes in and everything out (65001), and deny the rest inbound
(65500). On a subnet and an interface both must permit; a group on a subnet filters inside it too. Without a group everything is open, but
that nothing comes in from the internet to a public address of the SKU Standard.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import TypeVar

from auditor.formats.terraform.clouds.bare import remark
from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.interfaces import Interface, carry
from auditor.formats.terraform.clouds.reading import (
    address_peer,
    address_peers,
    doubt_about,
    doubt_of,
    elements,
    name_of,
    number_or_unknown,
    place_of,
    ports_of,
    protocol_of,
    report_unresolved,
    set_here,
    tags_of,
    trail_of,
)
from auditor.formats.terraform.conditions import VIRTUAL_NETWORK
from auditor.formats.terraform.records import Direction, Family, Group, Label, Network, Numbers, Peer, PeerKind, Record, Traffic
from auditor.formats.terraform.resources import Arguments, Resource
from auditor.formats.terraform.values import Value, text_of
from auditor.model.headers import address_interval
from auditor.model.source import Effect, Unknown

GROUP, RULE, LABEL = "azurerm_network_security_group", "azurerm_network_security_rule", "azurerm_application_security_group"
ON_SUBNET = "azurerm_subnet_network_security_group_association"
ON_INTERFACE = "azurerm_network_interface_security_group_association"
IN_LABEL = "azurerm_network_interface_application_security_group_association"
INTERFACE, NETWORK, SUBNET = "azurerm_network_interface", "azurerm_virtual_network", "azurerm_subnet"
PUBLIC_ADDRESS = "azurerm_public_ip"
MACHINES = ("azurerm_linux_virtual_machine", "azurerm_windows_virtual_machine", "azurerm_virtual_machine")
SCALE_SETS = (
    *(f"{machine}_scale_set" for machine in MACHINES),
    "azurerm_orchestrated_virtual_machine_scale_set",
)
DIRECTIONS = {"inbound": Direction.IN, "outbound": Direction.OUT}
OPEN_ARGUMENTS = (
    "priority", "direction", "access", "protocol", "source_port_range", "source_port_ranges", "destination_port_range",
    "destination_port_ranges", "source_address_prefix", "source_address_prefixes", "destination_address_prefix",
    "destination_address_prefixes", "source_application_security_group_ids", "destination_application_security_group_ids",
)  # fmt: skip

T = TypeVar("T")
Choice = tuple[Peer, Unknown | None]
Pairs = dict[str | None, list[str | None]]


def read(context: Context) -> None:
    """Every group with its rules, and what carries it."""
    for resource in context.root.resources((LABEL,)):
        context.estate.labels[resource.address] = Label(resource.address, resource.span)
    groups = list(context.root.resources((GROUP,)))
    by_name: dict[str, list[Resource]] = {}
    for resource in groups:
        _group(context, resource)
        if name := name_of(resource.get("name")):
            by_name.setdefault(name, []).append(resource)
    for resource in context.root.resources((RULE,)):
        for group, doubt in _owners(context, resource, by_name):
            _add(context, group, resource, resource, doubt)
    for resource in groups:
        _check(context, context.group(resource))
    _carriers(context)
    _network(context)


def _network(context: Context) -> None:
    """Where there is a single virtual network, it is the one that rules call VirtualNetwork."""
    networks = list(context.root.resources((NETWORK,)))
    for resource in networks:
        network = Network(resource.address, NETWORK, resource.span, name=text_of(resource.get("name")))
        network.blocks += [peer for peer, _ in address_peers(context, resource, "address_space", Family.BOTH)]
        network.symbol = VIRTUAL_NETWORK if len(networks) == 1 else None
        context.estate.networks[resource.address] = network
    for group in context.estate.groups.values():
        if group.type == GROUP and len(networks) == 1:
            group.network = networks[0].address


def _group(context: Context, resource: Resource) -> Group:
    group = context.group(resource)
    group.ordered = True
    group.name, group.tags = text_of(resource.get("name")), tags_of(resource.get("tags"))
    group.tail = list(_closing(group))
    if doubt := doubt_of(context, resource):
        group.beyond.append(doubt)
    entries = resource.entries("security_rule")
    for entry in entries.items:
        _add(context, group, resource, entry)
    for rest in entries.rest:
        unknown = doubt_about(rest, resource.span)
        for direction, permit in product(Direction, (True, False)):
            peer = Peer(PeerKind.UNKNOWN, "", resource.span, unknown=unknown)
            group.rules.append(Record(direction, permit, Traffic(), peer, resource.address, resource.span, order=unknown, doubt=unknown))
    return group


def _closing(group: Group) -> Iterator[Record]:
    """Azure's own rules."""

    def record(direction: Direction, permit: bool, peer: str, order: int) -> Record:
        far = Peer(PeerKind.NAMED, peer, group.span) if peer else Peer(PeerKind.ANY, "", group.span)
        return Record(direction, permit, Traffic(), far, group.address, group.span, order=order, implicit=True)

    for direction in Direction:
        yield record(direction, True, "VirtualNetwork", 65000)
        yield record(direction, True, "AzureLoadBalancer" if direction is Direction.IN else "Internet", 65001)
        yield record(direction, False, "", 65500)


def _owners(context: Context, resource: Resource, by_name: dict[str, list[Resource]]) -> Iterator[tuple[Group, Unknown | None]]:
    value, span = resource.get("network_security_group_name"), resource.span_of("network_security_group_name")
    name = text_of(value)
    reference = value.reference.removesuffix(".name") if value.reference else None
    named = _meant(resource, value, by_name.get(name_of(value) or "", []))
    if named:
        doubt = Unknown(f"{len(named)} groups are called {name_of(value)}", span) if len(named) > 1 else None
        for each in named:
            yield context.group(each), doubt
    elif reference in context.estate.groups:
        yield context.estate.groups[reference], None
    elif name is None and reference is None:
        unknown = doubt_about(value, span)
        context.note("rule-on-unknown-group", f"which group the rule belongs to is not known: {unknown.reason}", span, Effect.UNKNOWN)
        for group in context.estate.groups.values():
            if group.type == GROUP:
                yield group, unknown
    else:
        address = f"id:{name}" if name is not None else reference or ""
        unknown = Unknown(f"{name or reference} is made elsewhere, with rules that are not seen here", span, address)
        context.note("rule-on-unknown-group", f"the rule belongs to {name or reference}, which nothing here makes", span, Effect.UNKNOWN)
        group = context.foreign(address, GROUP, unknown, span)
        group.ordered = True
        yield group, None


def _meant(resource: Resource, value: Value, named: list[Resource]) -> list[Resource]:
    """Of the groups of one name those that a rule can mean: the one its name was taken from, else those of its resource group."""
    taken = [each for each in named if any(phrase == f"{each.address}.name" for phrase, _ in value.trail)]
    place = name_of(resource.get("resource_group_name"))
    beside = [each for each in named if name_of(each.get("resource_group_name")) == place]
    if taken or beside:
        return taken or beside
    return [each for each in named if not (text_of(each.get("resource_group_name")) and text_of(resource.get("resource_group_name")))]


# -- one rule


def _add(context: Context, group: Group, resource: Resource, block: Arguments, doubt: Unknown | None = None) -> None:
    doubt = doubt or doubt_of(context, resource, block)
    directions, why_direction = _word(block, "direction", DIRECTIONS)
    accesses, why_access = _word(block, "access", {"allow": True, "deny": False})
    order = number_or_unknown(block.get("priority"), block.span_of("priority"), "priority")
    protocol = protocol_of(block.get("protocol"), block.span_of("protocol"))
    for direction, permit in product(directions, accesses):
        near, far = ("destination", "source") if direction is Direction.IN else ("source", "destination")
        for ports, sources in product(_ports(block, "destination"), _ports(block, "source")):
            for (peer, why_peer), (local, why_local) in product(_ends(context, block, far), _ends(context, block, near)):
                record = Record(
                    direction,
                    permit,
                    Traffic(protocol, ports, source_ports=sources),
                    peer,
                    resource.address,
                    peer.span,
                    local=None if local.kind is PeerKind.ANY else local,
                    order=order,
                    doubt=doubt or why_direction or why_access or why_peer or why_local,
                    description=text_of(block.get("description")) or text_of(block.get("name")) or "",
                    trail=peer.trail,
                )
                group.add(record)
    report_unresolved(context, resource, block, OPEN_ARGUMENTS)


def _word(block: Arguments, name: str, words: dict[str, T]) -> tuple[tuple[T, ...], Unknown | None]:
    """What a word of a closed list means; everything it could mean if it is not known."""
    value = block.get(name)
    found = words.get((text_of(value) or "").lower())
    if found is not None:
        return (found,), None
    why = doubt_about(value, block.span_of(name)) if value.is_unknown else Unknown(f"{name} is {text_of(value)!r}", block.span_of(name))
    return tuple(words.values()), why


def _ports(block: Arguments, side: str) -> tuple[Numbers, ...]:
    found = [(value, name) for name in (f"{side}_port_range", f"{side}_port_ranges") for value, _ in elements(block.get(name))]
    return tuple(ports_of(value, place_of(value, block, name)) for value, name in found if set_here(value)) or (None,)


def _ends(context: Context, block: Arguments, side: str) -> tuple[Choice, ...]:
    found: list[Choice] = []
    for name in (f"{side}_address_prefix", f"{side}_address_prefixes"):
        found += [(_prefix(context, value, block, name), why) for value, why in elements(block.get(name)) if set_here(value)]
    name = f"{side}_application_security_group_ids"
    found += [(_label(context, value, block, name), why) for value, why in elements(block.get(name))]
    return tuple(found) or ((Peer(PeerKind.ANY, "", block.span), None),)


def _prefix(context: Context, value: Value, block: Arguments, name: str) -> Peer:
    """An address, a network, `*`, or a service tag."""
    text, span = (text_of(value) or "").strip(), place_of(value, block, name)
    trail = trail_of(value, block.span_of(name))
    if value.is_unknown:
        return address_peer(context, value, block, name, Family.BOTH)
    if text == "*":
        return Peer(PeerKind.ANY, "", span, trail=trail)
    if text == "0.0.0.0/0":
        return Peer(PeerKind.ANY, text, span, Family.IPV4, trail=trail)
    try:
        address_interval(text)
    except ValueError:
        if text[:1].isalpha() and "," not in text:
            return Peer(PeerKind.NAMED, text, span, trail=trail)
    return address_peer(context, value, block, name, Family.BOTH)


def _label(context: Context, value: Value, block: Arguments, name: str) -> Peer:
    span = place_of(value, block, name)
    address = context.identity(value) if value.is_unknown else text_of(value)
    if address is None:
        return Peer(PeerKind.UNKNOWN, "", span, unknown=doubt_about(value, span))
    return Peer(PeerKind.ASG, address, span)


# -- what is carried by what


def _carriers(context: Context) -> None:
    on_subnet = _pairs(context, ON_SUBNET, "subnet_id", "network_security_group_id")
    on_interface = _pairs(context, ON_INTERFACE, "network_interface_id", "network_security_group_id")
    in_label = _pairs(context, IN_LABEL, "network_interface_id", "application_security_group_id")
    interfaces: dict[str, list[str | None]] = {}
    for resource in context.root.resources((INTERFACE,)):
        groups = [*on_interface.get(resource.address, ()), *in_label.get(resource.address, ())]
        for block in resource.blocks("ip_configuration"):
            groups += on_subnet.get(context.address(block.get("subnet_id")), ())
        interfaces[resource.address] = groups
    used: set[str | None] = set()
    for resource in context.root.resources(MACHINES):
        ids = [context.address(value) for value, _ in elements(resource.get("network_interface_ids"))]
        used |= set(ids)
        if not interfaces.keys().isdisjoint(filter(None, ids)):
            named = (Interface(id_ or f"{resource.address}.network_interface_ids", interfaces.get(id_ or "", [None])) for id_ in ids)
            carry(context, resource, named, tags_of(resource.get("tags")))
    for resource in context.root.resources((INTERFACE,)):
        if resource.address not in used:
            carry(context, resource, [Interface(resource.address, interfaces[resource.address])], tags_of(resource.get("tags")))
    for resource in context.root.resources(SCALE_SETS):
        carry(context, resource, _scale_set(context, resource, on_subnet), tags_of(resource.get("tags")))
    _remark_on_bare(context)


def _remark_on_bare(context: Context) -> None:
    """Remark on interfaces without a group that the internet reaches: the provider made addresses without a SKU Basic before version 4."""
    interfaces = list(_bare(context))
    skus = {resource.address: resource.get("sku") for resource in context.root.resources((PUBLIC_ADDRESS,))}
    surely = [each for each in interfaces if True in _may_be_basic(context, each, skus)]
    perhaps = [each for each in interfaces if each not in surely and False in _may_be_basic(context, each, skus)]
    what = "of the SKU Basic: everything is let in, unless the machine itself filters"
    remark(context, surely, lambda name: f"no network security group is put on {name}, and its public address is {what}")
    remark(context, perhaps, lambda name: f"no network security group is put on {name}, and its public address may be {what}")


def _bare(context: Context) -> Iterator[Resource]:
    """The interfaces that are surely without a group, on their own and on their subnets."""
    put = [context.address(each.get("network_interface_id")) for each in context.root.resources((ON_INTERFACE,))]
    put += [context.address(each.get("subnet_id")) for each in context.root.resources((ON_SUBNET,))]
    made = {each.address for each in context.root.resources((INTERFACE, SUBNET))}
    if not made.issuperset(put):
        return
    for interface in context.root.resources((INTERFACE,)):
        subnets = {context.address(block.get("subnet_id")) for block in interface.blocks("ip_configuration")}
        if subnets <= made and not {interface.address, *subnets} & {*put}:
            yield interface


def _may_be_basic(context: Context, interface: Resource, skus: dict[str, Value]) -> Iterator[bool]:
    """Of the public addresses of an interface that are not surely of another SKU, whether each surely is of this one."""
    for block in interface.blocks("ip_configuration"):
        address = context.address(block.get("public_ip_address_id")) if set_here(block.get("public_ip_address_id")) else None
        if address in skus:
            word = (text_of(skus[address]) or "").lower()
            if word in ("", "basic"):
                yield word == "basic"


def _scale_set(context: Context, resource: Resource, on_subnet: Pairs) -> Iterator[Interface]:
    """Its interfaces, each with its groups."""
    for number, interface in enumerate(resource.blocks("network_interface")):
        groups: list[str | None] = []
        if set_here(interface.get("network_security_group_id")):
            groups.append(context.address(interface.get("network_security_group_id")))
        for block in interface.blocks("ip_configuration"):
            groups += on_subnet.get(context.address(block.get("subnet_id")), ())
            groups += (context.address(value) for value, _ in elements(block.get("application_security_group_ids")) if set_here(value))
        yield Interface(f"{resource.address}.network_interface[{number}]", groups)


def _pairs(context: Context, type_: str, key: str, value: str) -> Pairs:
    """What association resources put on what."""
    found: Pairs = {}
    for resource in context.root.resources((type_,)):
        carrier = context.address(resource.get(key))
        if carrier is not None:
            found.setdefault(carrier, []).append(context.address(resource.get(value)))
    return found


def _check(context: Context, group: Group) -> None:
    separate = next((record for record in group.rules if record.resource != group.address), None)
    if separate is not None and any(record.resource == group.address for record in group.rules):
        message = f"{group.address} has rules inside and, in {separate.resource}, beside it: they overwrite each other at every apply"
        context.note("inline-and-separate-rules", message, group.span, Effect.DANGEROUS, ("the separate rule", separate.span))
    closed = any(
        record.direction is Direction.IN and not record.permit and record.traffic == Traffic() and record.local is None
        and (record.peer.kind is PeerKind.ANY or record.peer.text == "VirtualNetwork")
        for record in group.rules
    )  # fmt: skip
    if not closed:
        message = f"{group.address} does not deny what Azure's rule 65000 permits: everything in the virtual network may enter"
        context.note("nsg-default-vnet", message, group.span, Effect.WIDENED)
