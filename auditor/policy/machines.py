"""Zones as endpoints: one for each combination of places a machine can be in.

Groups on one machine add up; machines, interfaces and subnets are alternatives, and so are all zones that were only recognised: what must
hold must hold for each. Zones of different sites (root modules, clusters) are never on one machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from auditor.model.graph import Endpoint, Graph, Zone, ZoneKind, dialect_of
from auditor.model.headers import ANYWHERE, intersect_intervals, merge_intervals
from auditor.model.packets import Interval
from auditor.policy.together import TooManyMachines, Zones, choices

MOST = 512
"""Endpoints of one role's claim that are told apart, where there are no more zones than that: as many as there are zones always are."""

MOST_TRIED = 8 * MOST
"""Choices of zones that are looked at: many of them are of zones that have no address in common."""

Sites = frozenset[tuple[str, str]]
"""The sites of somebody, each with the dialect that tells of it."""

NOWHERE: Sites = frozenset()


def machines(graph: Graph, role: str, zones: Zones, addresses: tuple[Interval, ...] | None, separately: bool = False) -> list[Endpoint]:
    """The endpoints of a role that is in `zones`, at `addresses` where they are given. `separately`: each zone on its own.

    A zone that can go together with no other is on its own. Raises `TooManyMachines` where the zones can be combined in too many ways:
    none is left out in silence.
    """
    most = max(MOST, len(graph.zones))
    carried = _carried(zones) if separately else zones
    found: dict[Endpoint, None] = {}
    for choice in choices(graph, carried, max(MOST_TRIED, most)) if separately else _choices(carried, max(MOST_TRIED, most)):
        _add(found, graph, role, choice, addresses, most)
    held = frozenset[str]().union(*(end.zones for end in found))
    for zone in carried:
        if zone.id not in held:
            _add(found, graph, role, (zone,), addresses, most)
    return list(found)


def _add(found: dict[Endpoint, None], graph: Graph, role: str, choice: Zones, addresses: tuple[Interval, ...] | None, most: int) -> None:
    """One choice's endpoints to those found so far."""
    for whole in _closures(graph, choice):
        end = _combined(role, choice, whole, addresses)
        if end.addresses:
            found[end] = None
        if len(found) > most:
            raise TooManyMachines


def bound_of(zone: Zone) -> tuple[Interval, ...]:
    """Where the members of a zone can have their addresses."""
    return ANYWHERE if zone.networks is None else merge_intervals(zone.networks)


def site_of(graph: Graph, end: Endpoint) -> Sites:
    """The sites an endpoint belongs to, by dialect."""
    zones = (zone for zone in map(graph.zone, end.zones) if zone is not None and zone.site)
    return frozenset((dialect_of(zone.id), zone.site) for zone in zones)


def apart(a: Sites, b: Sites) -> bool:
    """Whether two endpoints belong to different sites of one dialect: they have nothing to do with each other."""
    return any(dialect == other and site != elsewhere for dialect, site in a for other, elsewhere in b) and not a & b


def _carried(zones: Zones) -> Zones:
    """Without groups whose machines are recognised themselves."""
    carried = {inside for zone in zones if zone.kind is ZoneKind.HOST for inside in zone.inside}
    return tuple(zone for zone in zones if zone.id not in carried)


def _choices(zones: Zones, most: int) -> Iterator[Zones]:
    """What somebody said: the groups of a site together, and one zone of every other kind and device."""
    alternatives: dict[tuple[str, ...], list[Zones]] = {}
    for zone in zones:
        dialect = dialect_of(zone.id)
        if zone.kind is ZoneKind.GROUP:
            united = alternatives.setdefault((dialect, "groups"), [])
            same = next((index for index, each in enumerate(united) if each[0].site == zone.site), None)
            if same is None:
                united.append((zone,))
            else:
                united[same] += (zone,)
        else:
            alternatives.setdefault((dialect, zone.kind, zone.device or ""), []).append((zone,))
    for number, choice in enumerate(product(*alternatives.values())):
        if number == most:
            raise TooManyMachines
        yield tuple(zone for part in choice for zone in part)


def _closures(graph: Graph, zones: Zones) -> Iterator[Zones]:
    """The zones with those they lie in: every group of a machine, and each choice of the other kinds."""
    for index, zone in enumerate(zones):
        outer = [found for found in map(graph.zone, zone.inside) if found is not None]
        missing = tuple(each for each in outer if each.kind is ZoneKind.GROUP and each not in zones)
        if missing:
            yield from _closures(graph, zones + missing)
            return
        for kind in (ZoneKind.HOST, ZoneKind.INTERFACE, ZoneKind.SUBNET):
            options = [each for each in outer if each.kind is kind]
            if options and not any(each in zones for each in options):
                for each in options:
                    if not _contradicts(each, zones[:index]):
                        yield from _closures(graph, (*zones, each))
                return
    yield zones


def _contradicts(machine: Zone, zones: Zones) -> bool:
    """Whether another machine was chosen already: a group has many, a machine is one."""
    same = (zone for zone in zones if zone.kind is ZoneKind.HOST and dialect_of(zone.id) == dialect_of(machine.id))
    return machine.kind is ZoneKind.HOST and any(zone.id != machine.id for zone in same)


def _combined(role: str, named: Zones, zones: Zones, addresses: tuple[Interval, ...] | None) -> Endpoint:
    held, exact = (addresses, True) if addresses is not None else (ANYWHERE, False)
    for zone in zones:
        if zone.networks is not None:
            narrower = intersect_intervals(held, zone.networks)
            if narrower or addresses is None:
                held, exact = narrower, exact or zone.exact
    references = frozenset[str]().union(*(zone.references for zone in zones))
    label = " + ".join(zone.label for zone in named)
    return Endpoint(label, role, frozenset(zone.id for zone in zones), held, exact, frozenset(), references)
