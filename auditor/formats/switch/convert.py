"""A switch as a piece of the rule graph: a router whose interfaces with an address are zones, filtered where a list is applied.

Packets that are routed meet, in this order: the port's list and the VLAN's map where they come in, the interface's list in, the other
interface's list out, that VLAN's map, its ports' lists. Packets that stay in a VLAN meet maps and ports' lists alone. Behind which port a
host is no configuration says: a port's list may or may not be met. Every VRF is a router of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.formats.switch.config import Config, VlanMap
from auditor.formats.switch.interfaces import Applied, Direction, Interface
from auditor.formats.switch.lists import AccessList
from auditor.formats.switch.routing import held_by
from auditor.formats.switch.rules import Compiled, control_plane, let_back, vty
from auditor.model.filters import Filter, Rule, Undecided, Verdict
from auditor.model.graph import Attributes, Device, Graph, Hook, Place, Zone, ZoneKind
from auditor.model.headers import addresses_text, merge_intervals, subtract_intervals
from auditor.model.packets import Interval
from auditor.model.record import dataclass, replace
from auditor.model.source import Span, Unknown

_MANY = 512
_PLACES = {Direction.IN: Place.ENTRY, Direction.OUT: Place.EXIT}


@dataclass(frozen=True, slots=True)
class Standing:
    """An interface that is a zone, or a VLAN that only has maps and ports here."""

    id: str
    interface: Interface
    device: str


def convert(config: Config, id_: str) -> Graph:
    """The switch's zones, filters and devices; `id_` is "switch:<name>"."""
    let_back(config, _opposites(config))
    compiled = Compiled(config)
    routed = [each for each in config.interfaces.named.values() if each.routed]
    vrfs = list(dict.fromkeys(each.vrf for each in routed))
    graph = Graph(filters=tuple(compiled.filter(list_, False) for list_ in config.lists.named.values() if list_.entries))
    for vrf in vrfs:
        inside = [each for each in routed if each.vrf == vrf]
        graph += _router(config, compiled, id_ if not vrf else f"{id_}:vrf-{vrf}", id_, inside, vrf)
    return graph


def _opposites(config: Config) -> dict[int, list[AccessList | None]]:
    """For each applied list, those applied the other way at the same interfaces."""
    found: dict[int, list[AccessList | None]] = {}
    for interface in config.interfaces.named.values():
        for (direction, six, frames), applied in interface.applied.items():
            list_ = config.lists.find(applied.name, six)
            if list_ is not None and not frames:
                back = Direction.OUT if direction is Direction.IN else Direction.IN
                other = interface.applied.get((back, six, False))
                found.setdefault(id(list_), []).append(config.lists.find(other.name, six) if other is not None else None)
    return found


def _router(config: Config, compiled: Compiled, device: str, prefix: str, inside: list[Interface], vrf: str) -> Graph:
    label = config.hostname or config.path
    label = f"{label}, VRF {vrf}" if vrf else label
    span = inside[0].span
    own = merge_intervals((each, each) for interface in inside for each in interface.own)
    host = Zone(f"{device}:self", ZoneKind.HOST, f"{label} itself", span, own, device=device)
    zones = [host]
    hooks: list[Hook] = []
    held, defaults = held_by(config, inside, vrf)
    for interface in [*(each for each in inside if not each.loopback), *_bridged_only(config, inside)]:
        standing = Standing(f"{prefix}:{interface.name}", interface, device)
        networks = subtract_intervals(held.get(interface.name, ()), own)
        zones.append(_zone(config, standing, networks, interface.name in defaults, prefix))
        hooks += _hooks(config, compiled, standing)
    login = vty(config, compiled, span)
    if login is not None and not vrf:
        hooks.append(Hook(f"{device}:self/vty", Place.INBOUND, login, login.span, "terminal lines", host.id))
    for name, filter_ in control_plane(config, compiled, vrf, span):
        hooks.append(
            Hook(f"{device}:self/{name}", Place.INBOUND, filter_, filter_.span, "control plane", host.id, stateful=False, blind=True)
        )
    return Graph(tuple(zones), tuple(hooks), (Device(device, label, span, host.id, own),))


def _bridged_only(config: Config, inside: list[Interface]) -> list[Interface]:
    """VLANs without an address here whose packets a map or a port's list filters all the same; they stand at the global router."""
    if any(each.vrf for each in inside):
        return []
    known = {each.svi for each in config.interfaces.named.values() if each.routed}
    used = {each.vlan for each in config.interfaces.named.values() if each.bridged and not each.trunk} | config.interfaces.vlans.keys()
    places = {vlan: place for vlan_map in config.maps.values() for vlan, place in vlan_map.vlans.items()}
    if len(places) > _MANY:  # every VLAN there can be: those count that there are
        places = {vlan: place for vlan, place in places.items() if vlan in used}
    places |= {each.vlan: each.span for each in config.interfaces.named.values() if each.bridged and each.applied and not each.trunk}
    return [Interface(f"Vlan{vlan}", place) for vlan, place in sorted(places.items()) if vlan not in known]


def _zone(config: Config, standing: Standing, networks: tuple[Interval, ...], default: bool, prefix: str) -> Zone:
    interface = standing.interface
    names = _names(config, interface)
    vague = interface.unknown or (config.dynamic is not None and not default and _is_link(interface))
    return Zone(
        standing.id,
        ZoneKind.INTERFACE,
        names[0] if names else interface.name,
        interface.span,
        None if vague else networks,
        aliases=_aliases(interface, names, prefix),
        attributes=_attributes(interface),
        device=standing.device,
        default=default,
        located=networks if vague else (),
    )


def _names(config: Config, interface: Interface) -> tuple[str, ...]:
    """What people call the network: its description, its VLAN's name."""
    from auditor.redact import redact

    vlan = interface.svi if interface.svi is not None else interface.encapsulated
    named = config.interfaces.vlans.get(vlan, "") if vlan is not None else ""
    return tuple(dict.fromkeys(redact(each) for each in (interface.description, named) if each))


def _aliases(interface: Interface, names: tuple[str, ...], prefix: str) -> tuple[str, ...]:
    every = (interface.name, *names)
    vlan = interface.svi if interface.svi is not None else interface.encapsulated
    numbered = (f"vlan{vlan}",) if vlan is not None and interface.svi is None else ()
    return tuple(dict.fromkeys([*(f"switch:{each}" for each in (*every, *numbered)), *(f"{prefix}:{each}" for each in names), *names]))


def _attributes(interface: Interface) -> Attributes:
    connected = tuple(("connected", addresses_text((network.span,))) for network in interface.networks)
    return (("vrf", interface.vrf), *connected) if interface.vrf else connected


def _is_link(interface: Interface) -> bool:
    """Whether the interface's networks have room for routers alone."""
    return all(each.length >= (126 if each.six else 29) for each in interface.networks)


# -- filters


def _hooks(config: Config, compiled: Compiled, standing: Standing) -> Iterator[Hook]:
    """In the order in which packets meet them."""
    interface = standing.interface
    if interface.shutdown is not None:
        yield from _closed(standing, interface.shutdown)
        return
    yield from _ports(config, compiled, standing, Direction.IN)
    yield from _maps(config, compiled, standing, Place.ENTRY)
    for direction in (Direction.IN, Direction.OUT):
        yield from _routed(compiled, standing, direction)
    yield from _maps(config, compiled, standing, Place.EXIT)
    yield from _ports(config, compiled, standing, Direction.OUT)
    yield from _maps(config, compiled, standing, Place.WITHIN)
    yield from _unread(config, standing)


def _unread(config: Config, standing: Standing) -> Iterator[Hook]:
    """What may drop packets at the interface and is no access list."""
    interface = standing.interface
    found = [(place, what, span) for place in (Place.ENTRY, Place.EXIT) for what, span in interface.beside]
    policies = (each for each in interface.policies if each[1] in config.dropping)
    found += [(_PLACES[direction], f"the policy {name}", span) for direction, name, span in policies]
    for number, (place, what, span) in enumerate(found):
        rule = Rule(Undecided(Unknown(f"what {what} drops at {interface.name}", span)), Verdict.DENY, span, synthetic=True)
        label = f"{interface.name}, {what}"
        yield _hook(standing, place, Filter(what, (rule,), Verdict.PERMIT, span), f"unread-{number}", label, place is Place.ENTRY)


def _closed(standing: Standing, span: Span) -> Iterator[Hook]:
    filter_ = Filter(f"{standing.interface.name}, which is shut down", (), Verdict.DENY, span)
    for place in (Place.ENTRY, Place.EXIT):
        yield _hook(standing, place, filter_, "shutdown", f"{standing.interface.name}, shut down")


def _routed(compiled: Compiled, standing: Standing, direction: Direction) -> Iterator[Hook]:
    interface = standing.interface
    for six in (False, True):
        applied = interface.applied.get((direction, six, False))
        if applied is not None and interface.routed:
            both = interface.applied.get((direction, not six, False)) is not None
            other = interface.six if not six else any(not each.six for each in interface.networks)
            name = f"{direction.value}{'6' if six else ''}"
            label = f"{interface.name} {direction.value}"
            yield _hook(standing, _PLACES[direction], compiled.applied(applied, both or other), name, label, direction is Direction.IN)


def _maps(config: Config, compiled: Compiled, standing: Standing, place: Place) -> Iterator[Hook]:
    vlan = standing.interface.svi if standing.interface.svi is not None else standing.interface.encapsulated
    for vlan_map in _maps_of(config, vlan):
        name = f"map-{place.value}-{vlan_map.name}"
        yield _hook(standing, place, compiled.vlan_map(vlan_map), name, f"VLAN map {vlan_map.name}", place is Place.ENTRY)


def _maps_of(config: Config, vlan: int | None) -> Iterable[VlanMap]:
    return (each for each in config.maps.values() if vlan is not None and vlan in each.vlans)


def _ports(config: Config, compiled: Compiled, standing: Standing, direction: Direction) -> Iterator[Hook]:
    """The lists at the ports of the VLAN: what they deny is denied to some of its hosts, nobody knows to which."""
    vlan = standing.interface.svi
    if vlan is None:
        return
    for port in config.interfaces.named.values():
        if not port.bridged or not port.carries(vlan) or port.shutdown is not None:
            continue
        for (way, six, frames), applied in port.applied.items():
            if way is direction:
                filter_ = _perhaps(_of_port(compiled, applied, frames), port, applied)
                name = f"{port.name}-{direction.value}{'6' if six else ''}{'-mac' if frames else ''}"
                for place in (_PLACES[direction], Place.WITHIN):
                    yield _hook(standing, place, filter_, f"{name}-{place.value}", f"{port.name} {direction.value}", place is Place.ENTRY)


def _of_port(compiled: Compiled, applied: Applied, frames: bool) -> Filter:
    if frames:
        doubt = Unknown("which frames a list of MAC addresses drops", applied.span)
        return Filter(f"MAC list {applied.name}", (Rule(Undecided(doubt), Verdict.DENY, applied.span),), Verdict.PERMIT, applied.span)
    return compiled.applied(applied, True)


def _perhaps(filter_: Filter, port: Interface, applied: Applied) -> Filter:
    doubt = Unknown(f"which hosts are behind the port {port.name}, where {filter_.name} is applied", applied.span)
    passed = Rule(Undecided(doubt), Verdict.PERMIT, applied.span, f"hosts that are not behind {port.name}", synthetic=True)
    return replace(filter_, rules=(passed, *filter_.rules))


def _hook(standing: Standing, place: Place, filter_: Filter, name: str, label: str, own: bool = False) -> Hook:
    return Hook(
        f"{standing.id}/{name}", place, filter_, filter_.span, label, standing.id, standing.device, stateful=False, own=own, blind=True
    )
