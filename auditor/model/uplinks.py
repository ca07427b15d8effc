"""Which routers stand before others: those into whose inner networks the uplink of another leads, and what comes from outside passes them.

A router that has no more than a route to a network is not on the way to it if the router that is there has an uplink of its own.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from enum import Enum
from functools import cached_property
from itertools import accumulate
from operator import itemgetter

from auditor.model.graph import Endpoint, Zone
from auditor.model.headers import PUBLIC, subtract_intervals
from auditor.model.packets import Interval
from auditor.model.record import replace
from auditor.model.standing import Leg, Spot, Standing, held_in

Numbers = frozenset[int]
"""Routers by their numbers."""

Fronts = dict[int, tuple[Zone, ...]]
"""Routers by their numbers, each with the inner interfaces behind which another stands."""


class _Lead(Enum):
    """Where what is outside of two routers comes to a network at one of them: through the other, past it, or nobody knows."""

    THROUGH = 1
    PAST = 2
    EITHER = 3


class Uplinks:
    """Where the uplinks of some routers lead."""

    def __init__(self, standings: Sequence[Standing]) -> None:
        self._standings = standings
        self._fronts: dict[int, Fronts] = {}

    def settled(self, twins: Sequence[Standing], legs: list[Leg], source: Endpoint, destination: Endpoint, there: Numbers) -> list[Leg]:
        """The legs at routers: without their filters where a pair passes by one of those that are `there`, and in doubt where it may."""
        of_each = [set(self._leads(each, source, destination, there)) for each in twins]
        leads = set[_Lead]().union(*of_each)
        if not all(of_each) or leads == {_Lead.THROUGH}:
            return legs
        if leads == {_Lead.PAST}:
            return [Leg(source, destination)]
        return [*(replace(leg, certain=False) for leg in legs), Leg(source, destination, certain=False)]

    def before(self, twins: Sequence[Standing], source: Endpoint, destination: Endpoint) -> Iterator[Leg]:
        """What may happen on the way in from outside to routers that are there, at those before them that know no route."""
        found: Fronts = {}
        for inner in twins:
            if inner.is_there(destination) and inner.is_outside(source):
                found |= self._before(inner)
        for outer, zones in ((self._standings[number], zones) for number, zones in sorted(found.items())):
            if outer not in twins and outer.is_outside(source) and outer.is_outside(destination):
                crossed = (outer.crossed(start, Spot(zone, destination)) for start in outer.spots(source) for zone in zones)
                yield from (Leg(source, destination, tuple(passes), certain=False) for passes in crossed)

    def _leads(self, outer: Standing, source: Endpoint, destination: Endpoint, there: Numbers) -> Iterator[_Lead]:
        """For a router with a route to one end, and the other outside: what those that are there say."""
        for end, other in ((source, destination), (destination, source)):
            if outer.is_outside(other) and not outer.is_there(end):
                for inner in (self._standings[number] for number in there - {outer.number}):
                    if inner.is_there(end) and (inner.is_there(other) or inner.is_outside(other)):
                        yield _Lead.PAST if inner.is_there(other) else self._lead(inner, outer)

    def _lead(self, inner: Standing, outer: Standing) -> _Lead:
        if outer.number in self._before(inner):
            return _Lead.THROUGH
        public = inner.uplink and not subtract_intervals(inner.uplink, PUBLIC)
        known = all(zone.default or zone.networks for zone in outer.interfaces)
        return _Lead.PAST if public and known else _Lead.EITHER

    def _before(self, inner: Standing) -> Fronts:
        """Those into which the uplink of a router leads, and theirs."""
        known = self._fronts.get(inner.number)
        if known is None:
            known = self._fronts[inner.number] = {}
            todo = [inner]
            while todo:
                for number, zones in self._around(todo.pop()).items():
                    if number not in known and number != inner.number:
                        known[number] = zones
                        todo.append(self._standings[number])
        return known

    def _around(self, inner: Standing) -> Fronts:
        """The routers in one of whose inner networks the uplink of another has its address."""
        found: dict[int, dict[Zone, None]] = {}
        for address, _ in inner.uplink:
            for place in range(bisect_right(self._lows, address) - 1, -1, -1):
                furthest, (_, high), number, zone = self._networks[place]
                if furthest < address:
                    break
                if high >= address and number != inner.number:
                    found.setdefault(number, {})[zone] = None
        return {number: tuple(zones) for number, zones in found.items()}

    @cached_property
    def _networks(self) -> list[tuple[int, Interval, int, Zone]]:
        """What is behind inner interfaces, in order, each with the furthest that it or one before it reaches."""
        inner = ((standing, zone) for standing in self._standings for zone in standing.interfaces if not zone.default)
        found = sorted(((span, standing.number, zone) for standing, zone in inner for span in held_in(zone)), key=itemgetter(0))
        furthest = accumulate((high for (_, high), _, _ in found), max)
        return [(reach, *each) for reach, each in zip(furthest, found, strict=True)]

    @cached_property
    def _lows(self) -> list[int]:
        return [low for _, (low, _), _, _ in self._networks]
