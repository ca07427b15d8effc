"""What is remarked about a configuration once all of it is known: lists that are applied and not there, the wrong way round."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.switch.config import Config
from auditor.formats.switch.entry import Entry
from auditor.formats.switch.flavour import Flavour
from auditor.formats.switch.interfaces import Applied, Direction, Interface
from auditor.formats.switch.lists import AccessList
from auditor.formats.switch.rules import builtin
from auditor.model.headers import ANY_PORT, IPV4, IPV6, Protocol, intersect_intervals
from auditor.model.source import Effect, Level


def check(config: Config) -> None:
    """Add the notes about the whole to the file's notes."""
    applied = list(_applied(config))
    for each in applied:
        _missing(config, each)
    for list_ in config.lists.named.values():
        _ports(config, list_)
    for interface in config.interfaces.named.values():
        _direction(config, interface)
        _families(config, interface)
        _frames(config, interface)
    _terminals(config)
    _unused(config, applied)
    if config.dynamic is not None and any(each.applied for each in config.interfaces.named.values()):
        said = "routes are learned at run time: behind which interface networks are that are not connected is not known"
        config.notes.add("dynamic-routing", said, config.dynamic, Effect.UNKNOWN)


def _applied(config: Config) -> Iterator[Applied]:
    for interface in config.interfaces.named.values():
        yield from (each for each in interface.applied.values() if not each.frames)
    for terminal in config.terminals:
        yield from terminal.classes
    yield from config.plane.applied.values()
    for vlan_map in config.maps.values():
        if vlan_map.vlans:
            for clause in vlan_map.clauses:
                yield from (Applied(name, span, six) for name, six, span in clause.lists)


def _missing(config: Config, applied: Applied) -> None:
    list_ = config.lists.find(applied.name, applied.six)
    if builtin(applied.name) or (list_ is not None and list_.entries):
        return
    ios = config.flavour is Flavour.IOS
    effect = "everything is permitted there" if ios else f"what {config.flavour} does then differs between platforms"
    level = Level.ERROR if ios else Level.WARNING
    if list_ is None:
        said = f"the list {applied.name} is applied and not defined: {effect}"
        config.notes.add("undefined-acl", said, applied.span, Effect.WIDENED if ios else Effect.UNKNOWN, level)
    else:
        said = f"the list {applied.name} is applied and has no entries: {effect}"
        config.notes.add("empty-acl", said, applied.span, Effect.WIDENED if ios else Effect.UNKNOWN, level, ("the list", list_.span))


# -- ports on the wrong side


def _ports(config: Config, list_: AccessList) -> None:
    permits = [entry for entry in list_.entries if entry.permits and entry.readable]
    backwards = [entry for entry in permits if _only_source(entry)]
    if not backwards:
        return
    forwards = {entry.number: entry for entry in permits if entry.destination_ports is not None and entry.source_ports is None}
    wanted = [entry.destination_ports.maybe for entry in permits if entry.destination_ports is not None]
    for entry in backwards:
        assert entry.source_ports is not None
        alone = len([each for each in backwards if each.number == entry.number]) == 1
        if entry.number == Protocol.TCP and alone and entry.number in forwards and entry.source_ports.maybe not in wanted:
            said = "the port stands on the source side, while the list's other lines name ports of the destination: is it swapped?"
            config.notes.add("source-port", said, entry.line.span(), Effect.DANGEROUS)
        elif entry.source.surely in (((IPV4),), ((IPV6),)) and entry.destination_ports is None:
            said = "whoever sends from this port gets in, to every port: the sender chooses the port it sends from"
            config.notes.add("reply-permit-open", said, entry.line.span(), Effect.DANGEROUS)


def _only_source(entry: Entry) -> bool:
    everywhere = entry.source_ports is None or entry.source_ports.maybe == (ANY_PORT,)
    return not everywhere and entry.destination_ports is None and not entry.established and not entry.reflects


# -- interfaces


def _direction(config: Config, interface: Interface) -> None:
    """Lists of a VLAN whose permits fit nothing that can pass in their direction."""
    if interface.svi is None or interface.unknown or _leads_on(config, interface):
        return
    for (direction, six, frames), applied in interface.applied.items():
        networks = [network.span for network in interface.networks if network.six == six]
        list_ = None if frames else config.lists.find(applied.name, six)
        permits = [entry for entry in list_.entries if entry.permits] if list_ is not None else []
        if not networks or not permits or not all(entry.readable and not entry.evaluates for entry in permits):
            continue
        sides = [entry.source if direction is Direction.IN else entry.destination for entry in permits]
        if not any(intersect_intervals(side.maybe, networks) for side in sides):
            what = "in is what comes from the VLAN's hosts" if direction is Direction.IN else "out is what goes to the VLAN's hosts"
            said = f"no permit of {applied.name} fits the network of {interface.name}: {what}; everything is denied"
            config.notes.add("svi-direction", said, applied.span, Effect.DANGEROUS)


def _leads_on(config: Config, interface: Interface) -> bool:
    """Whether other networks are behind the interface's own: a next hop is there, or routers may be."""
    spans = [network.span for network in interface.networks]
    hops = (route.hop for route in config.routes if route.hop is not None)
    return config.dynamic is not None or any(low <= hop <= high for hop in hops for low, high in spans)


def _families(config: Config, interface: Interface) -> None:
    if not interface.six or not interface.routed or _leads_on(config, interface):
        return
    for direction in Direction:
        four, six = (interface.applied.get((direction, family, False)) for family in (False, True))
        if four is not None and six is None:
            said = f"{interface.name} has an IPv6 address and no IPv6 list {direction.value}: all of IPv6 passes"
            config.notes.add("ipv6-forgotten", said, four.span, Effect.WIDENED)


def _frames(config: Config, interface: Interface) -> None:
    for applied in interface.applied.values():
        if applied.frames:
            known = "" if applied.name in config.lists.frames else ", which is not defined,"
            said = f"the list of MAC addresses {applied.name}{known} may drop frames at {interface.name}"
            config.notes.add("mac-acl", said, applied.span, Effect.UNKNOWN)


def _terminals(config: Config) -> None:
    bare = next((terminal for terminal in config.terminals if not terminal.guarded), None)
    if bare is not None:
        config.notes.add(
            "no-vty-acl", "these terminal lines have no access-class: every address may try to log in", bare.span, Effect.DANGEROUS
        )


def _unused(config: Config, applied: list[Applied]) -> None:
    """Lists that no command names, in a file that has interfaces: a snippet of lists alone says nothing about their use."""
    if not config.interfaces.named:
        return
    used = {(each.six, each.name) for each in applied}
    for (six, name), list_ in config.lists.named.items():
        if (six, name) not in used and name not in config.mentioned:
            config.notes.add("unused-definition", f"the list {name} is used nowhere", list_.span, Effect.IGNORED)
