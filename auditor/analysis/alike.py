"""Ends that nothing in a graph tells apart but by their addresses: they stand at the same places, behind filters that do the same.

Whatever destination they send to, their ways are the same but for the addresses; so one of them finds the way for all.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Iterable
from functools import cached_property

from auditor.model.filters import Fact, Filter, all_rules, meaning, predicates
from auditor.model.graph import Endpoint, Graph, Hook, Place, Zone, ZoneKind, dialect_of
from auditor.model.headers import ANYWHERE, IPV4, IPV6, PUBLIC, merge_intervals, subtract_intervals
from auditor.model.packets import Interval
from auditor.model.record import dataclass

FEW = 8
"""Ends that are not worth telling alike."""


@dataclass(frozen=True, slots=True)
class Row:
    """Ends that are alike, each with its number, and all of their addresses."""

    ends: tuple[tuple[int, Endpoint], ...]
    addresses: tuple[Interval, ...]


def row(ends: Iterable[tuple[int, Endpoint]]) -> Row:
    """A row of these ends."""
    members = tuple(ends)
    return Row(members, merge_intervals(span for _, end in members for span in end.addresses))


class Likeness:
    """What can be told of the ends of one graph."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known: dict[Hashable, int] = {}

    def rows(self, ends: Iterable[Endpoint]) -> list[Row]:
        """The ends in rows of those that are alike, in the order of the first of each."""
        numbered = list(enumerate(ends))
        found: dict[Hashable, list[tuple[int, Endpoint]]] = {}
        for number, end in numbered:
            look = self._look(end) if len(numbered) > FEW else None
            found.setdefault(number if look is None else look, []).append((number, end))
        return list(map(row, found.values()))

    def _look(self, end: Endpoint) -> Hashable | None:
        """All that can be told of an end but its very addresses; None if more could be than is looked at."""
        zones = [self._graph.zone(id_) for id_ in sorted(end.zones)]
        cells = self._cells(end)
        if end.names or end.elsewhere or not zones or cells is None or any(zone is None for zone in zones):
            return None
        own = [zone for zone in zones if zone is not None and self._is_plain(zone)]
        hooks = [hook for zone in own for hook in self._hooks.get(zone.id, ())]
        if any(hook.place is Place.OUTBOUND for hook in hooks):
            return None  # what they send is stopped in different places
        kept = end.zones - {zone.id for zone in own}
        spoken = tuple(self._spoken.get(zone.id, frozenset[int]()) for zone in own)
        sites = tuple((dialect_of(zone.id), zone.site) for zone in own)
        said = (end.role or end.label, end.exact, end.references, end.outside, end.strange)
        wide = (end.addresses == ANYWHERE, not subtract_intervals(end.addresses, PUBLIC))
        return said, wide, cells, kept, spoken, sites, tuple(map(self._content, hooks))

    def _is_plain(self, zone: Zone) -> bool:
        """Whether a zone is a machine that is no router: nothing but its own filters and who names it says anything about it."""
        return zone.kind is ZoneKind.HOST and zone.device is None and zone.id not in self._routers

    def _cells(self, end: Endpoint) -> tuple[Hashable, ...] | None:
        """Where the addresses lie among the networks at the routers; None where some lie across the edge of one."""
        found = [(bisect_right(self._edges, low), bisect_right(self._edges, high)) for low, high in end.addresses]
        return (families(end), *dict.fromkeys(found)) if all(low == high for low, high in found) else None

    @cached_property
    def _routers(self) -> frozenset[str | None]:
        return frozenset(device.host for device in self._graph.devices)

    @cached_property
    def _edges(self) -> list[int]:
        """Where a network at a router begins, and where the addresses behind it do."""
        held = [span for zone in self._graph.zones if zone.device for span in (*(zone.networks or ()), *zone.located)]
        held += [span for device in self._graph.devices for span in device.addresses]
        return sorted({IPV6[0], *(edge for low, high in held for edge in (low, high + 1))})

    @cached_property
    def _hooks(self) -> dict[str | None, list[Hook]]:
        found: dict[str | None, list[Hook]] = {}
        for hook in self._graph.hooks:
            found.setdefault(hook.zone, []).append(hook)
        return found

    @cached_property
    def _spoken(self) -> dict[str, frozenset[int]]:
        """For every zone, which of the sets of groups that rules ask for it is in."""
        rules = (rule for hook in self._graph.hooks for stage in hook.filter.stages() for rule in all_rules(stage.rules))
        asked = dict.fromkeys(each.values for each in predicates(rules) if each.fact is Fact.MEMBER)
        found: dict[str, set[int]] = {}
        for number, groups in enumerate(asked):
            for group in groups:
                found.setdefault(group, set()).add(number)
        return {group: frozenset(numbers) for group, numbers in found.items()}

    def _content(self, hook: Hook) -> int:
        """A number for what a hook does, whoever's it is."""
        kinds = (hook.place, hook.stateful, hook.union, hook.own, hook.blind, hook.standing is None)
        return self._known.setdefault((kinds, *map(content, hook.filter.stages())), len(self._known))


def families(end: Endpoint) -> tuple[bool, bool]:
    """Whether an end has addresses of either family."""
    return any(low <= IPV4[1] for low, _ in end.addresses), any(high >= IPV6[0] for _, high in end.addresses)


def content(filter_: Filter) -> Hashable:
    """What a list does, wherever it stands."""
    return filter_.default, tuple((meaning(rule.condition), rule.action, rule.stateless) for rule in filter_.rules)
