"""Zones as endpoints: one for each combination of places a machine can be in.

Groups on one machine add up; machines, interfaces and subnets are alternatives, and so are all zones that were only recognised: what must
hold must hold for each. Zones of different sites (root modules, clusters) are never on one machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, product

from auditor.model.graph import Endpoint, Graph, Zone, ZoneKind, dialect_of
from auditor.model.headers import ANYWHERE, intersect_intervals, merge_intervals
from auditor.model.packets import Interval
from auditor.model.record import dataclass
from auditor.policy.directories import Directories
from auditor.policy.together import TooManyMachines, Zones, choices

MOST = 512
"""Endpoints of one role's claim that are told apart, where there are no more zones than that: as many as there are zones always are."""

MOST_TRIED = 8 * MOST
"""Choices of zones that are looked at: many of them are of zones that have no address in common."""

Sites = frozenset[tuple[str, str]]
"""The sites of somebody, each with the dialect that tells of it, or the directory of clusters that has it."""

NOWHERE: Sites = frozenset()


@dataclass(frozen=True, slots=True)
class Machines:
    """The endpoints of a role; and those it has if what nothing says to be one machine is several, empty where that is the same."""

    ends: tuple[Endpoint, ...]
    apart: tuple[Endpoint, ...] = ()


def machines(graph: Graph, role: str, zones: Zones, addresses: tuple[Interval, ...] | None, separately: bool = False) -> Machines:
    """Who a role is that is in `zones`, at `addresses` where they are given. `separately`: each zone on its own.

    A zone that can go together with no other is on its own. Raises `TooManyMachines` where the zones can be combined in too many ways:
    none is left out in silence.
    """
    most = max(MOST, len(graph.zones))
    if not separately:
        return Machines(_ends(graph, role, zones, _choices(zones, max(MOST_TRIED, most)), addresses, most))
    carried = _carried(zones)
    found = choices(graph, carried, max(MOST_TRIED, most))
    ends = _ends(graph, role, carried, (tuple(chain(*choice)) for choice in found), addresses, most)
    if all(len(choice) == 1 for choice in found):
        return Machines(ends)
    return Machines(ends, _ends(graph, role, carried, chain(*found), addresses, most))


def _ends(
    graph: Graph, role: str, zones: Zones, chosen: Iterable[Zones], addresses: tuple[Interval, ...] | None, most: int
) -> tuple[Endpoint, ...]:
    """The endpoints of some choices, and of each zone that is in none of them."""
    found: dict[Endpoint, None] = {}
    for choice in chosen:
        _add(found, graph, role, choice, addresses, most)
    held = frozenset[str]().union(*(end.zones for end in found))
    for zone in zones:
        if zone.id not in held:
            _add(found, graph, role, (zone,), addresses, most)
    return tuple(found)


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


def sites_of(zones: Iterable[Zone], directories: Directories) -> Sites:
    """The sites that zones belong to, by dialect, and the clusters by directory."""
    found: set[tuple[str, str]] = set()
    for zone in zones:
        if zone.site:
            found.add((dialect_of(zone.id), zone.site))
        found.update(directories.clusters(zone))
    return frozenset(found)


def apart(a: Sites, b: Sites) -> bool:
    """Whether two endpoints have nothing to do with each other: they belong to different sites of one dialect, or different clusters."""
    clash = {kind for kind, site in a for other, elsewhere in b if kind == other and site != elsewhere}
    if not clash:
        return False
    common = {kind for kind, _ in a & b}
    return not common or (any(map(_is_dialect, clash)) and not any(map(_is_dialect, common)))


def _is_dialect(kind: str) -> bool:
    return not kind.endswith("/")


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
