"""Which filters a packet of a pair crosses: where the ends stand at each device, and what stands there and at the ends themselves.

What is found is remembered, and devices at which neither end is known to stand are never looked at: a tree of a hundred firewalls costs
each pair only those between its ends.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

from auditor.model.filters import Filter, can_deny
from auditor.model.graph import Crossing, Device, Endpoint, Hook, Place, Way, Zone, ZoneKind
from auditor.model.headers import ANYWHERE, IPV4, IPV6, intersect_intervals, merge_intervals, subtract_intervals
from auditor.model.packets import Interval
from auditor.model.record import dataclass, replace
from auditor.model.source import Unknown

_Placed = TypeVar("_Placed", Hook, Zone)


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a part of an endpoint stands at a device: behind an interface, or at the device itself. Not `certain`: it may stand there."""

    zone: Zone
    part: Endpoint
    certain: bool = True

    @property
    def held(self) -> bool:
        """Whether the configuration says of this part or of its addresses that they belong to the zone."""
        return self.zone.id in self.part.zones or bool(intersect_intervals(_held(self.zone), self.part.addresses))

    @property
    def known(self) -> bool:
        """Whether this part surely stands here, rather than being where everything else is."""
        return self.certain and self.held


class _Standing:
    """A device with its interfaces and filters, and where the ends asked about so far stand at it."""

    __slots__ = ("_narrowest", "_spots", "device", "hooks", "host", "interfaces", "number")

    def __init__(self, number: int, device: Device, zones: Iterable[Zone], host: Zone | None, hooks: list[Hook]) -> None:
        self.number = number
        self.device = device
        self.host = host
        self.interfaces = [zone for zone in zones if zone.id != device.host]
        self._narrowest = sorted(self.interfaces, key=_size)
        self.hooks = hooks
        self._spots: dict[Endpoint, tuple[_Spot, ...]] = {}

    def spots(self, end: Endpoint) -> tuple[_Spot, ...]:
        """Where `end` stands: by its zones, else by its addresses. Empty if nothing says anything about it."""
        found = self._spots.get(end)
        if found is None:
            found = self._spots[end] = tuple(self._find(end))
        return found

    def _find(self, end: Endpoint) -> Iterable[_Spot]:
        if self.host is not None and self.host.id in end.zones:
            return [_Spot(self.host, end)]
        bound = [zone for zone in self.interfaces if zone.id in end.zones]
        if bound:
            return [_Spot(zone, end) for zone in bound]
        if end.elsewhere or end.names:
            return _behind_default(self.interfaces, end)
        if end.addresses == ANYWHERE and not end.exact:
            return []
        return self._by_address(end)

    def _by_address(self, end: Endpoint) -> Iterator[_Spot]:
        rest = end.addresses
        own = intersect_intervals(rest, self.device.addresses) if self.host is not None else ()
        if own and self.host is not None:
            yield _Spot(self.host, replace(end, addresses=own, zones=end.zones | {self.host.id}))
            rest = subtract_intervals(rest, own)
        for zone in self._narrowest:
            part = intersect_intervals(rest, _held(zone))
            if part:
                yield _Spot(zone, replace(end, addresses=part))
                rest = subtract_intervals(rest, part)
        if rest:
            yield from _behind_default(self.interfaces, replace(end, addresses=rest))

    def is_home(self, end: Endpoint) -> bool:
        """Whether `end` is said to be at this device, rather than found there by its addresses."""
        return any(zone.id in end.zones for zone in self.interfaces) or (self.host is not None and self.host.id in end.zones)

    def view(self, source: Endpoint, destination: Endpoint) -> Hashable:
        """Between which networks the device stands for a pair; None if not between two."""
        starts, ends = self.spots(source), self.spots(destination)
        if not any(start.zone.id != end.zone.id for start in starts for end in ends):
            return None
        return tuple(map(_seat, starts)), tuple(map(_seat, ends))

    def settles(self, other: _Standing, way: Way) -> bool:
        """Whether what is said of the ends leaves no doubt that a packet passes this device, and not another of its kind."""
        said = all(self.is_home(end) or not any(map(_seat, self.spots(end))) for end in (way.source, way.destination))
        return said and _dialect(self) == _dialect(other)

    def filters(self, spot: _Spot) -> bool:
        """Whether a filter of the device stands there; a switch has some at few of its interfaces."""
        if spot.zone.id == self.device.host:
            return any(hook.own and can_deny(hook.filter) for hook in self.hooks)
        return any(hook.zone in (None, spot.zone.id) and can_deny(hook.filter) for hook in self.hooks)

    def crossed(self, start: _Spot, end: _Spot) -> Iterator[tuple[Hook, str | None, str | None]]:
        """The device's filters between two spots, in the order they are crossed, each with the interfaces packets come in and go out by."""
        if start.zone.id == end.zone.id:  # within one network nothing is crossed but what filters bridged packets
            inside = (hook for hook in self.hooks if hook.place is Place.WITHIN and hook.zone == start.zone.id)
            yield from ((hook, start.zone.id, end.zone.id) for hook in inside)
            return
        entry = None if start.zone.id == self.device.host else start.zone.id
        exit_ = None if end.zone.id == self.device.host else end.zone.id
        for place, zone in ((Place.ENTRY, entry), (Place.TRANSIT, entry and exit_), (Place.EXIT, exit_)):
            if zone is None:
                continue
            for hook in self.hooks:
                here = hook.place is place and (place is Place.TRANSIT or hook.zone in (None, zone))
                if here and (hook.own or (entry and exit_)):
                    yield hook, entry, exit_


class Routes:
    """The ways of one graph."""

    def __init__(self, zones: tuple[Zone, ...], hooks: tuple[Hook, ...], devices: tuple[Device, ...]) -> None:
        self._zones = {zone.id: zone for zone in zones}
        self._groups = frozenset(zone.id for zone in zones if zone.kind is ZoneKind.GROUP and not zone.foreign)
        self._order = {hook: number for number, hook in enumerate(hooks)}
        self._at_zone = _by(hooks, "zone")
        self._hosts = {device.host: number for number, device in reversed(list(enumerate(devices))) if device.host is not None}
        of_device, interfaces = _by(hooks, "device"), _by(zones, "device")
        self._standings = [
            _Standing(number, device, interfaces.get(device.id, []), self._zones.get(device.host or ""), of_device.get(device.id, []))
            for number, device in enumerate(devices)
        ]
        self._near: dict[Endpoint, frozenset[int]] = {}
        self._ways: dict[tuple[Endpoint, Endpoint], tuple[Way, ...]] = {}

    def ways(self, source: Endpoint, destination: Endpoint) -> tuple[Way, ...]:
        """See `Graph.ways`."""
        found = self._ways.get((source, destination))
        if found is None:
            found = self._ways[source, destination] = tuple(self._find(source, destination))
        return found

    def guards(self, end: Endpoint) -> bool:
        """See `Graph.guards`."""
        if any(hook.device is None and can_deny(hook.filter) for zone in end.zones for hook in self._at_zone.get(zone, ())):
            return True
        return any(spot.known and standing.filters(spot) for standing in self._beside(end) for spot in standing.spots(end))

    def doubt(self, end: Endpoint) -> Unknown | None:
        """See `Graph.doubt`."""
        here = [hook.standing for hook in self._hooks_at(end) if hook.device is None]
        if not here or None in here or any(spot.known for standing in self._beside(end) for spot in standing.spots(end)):
            return None
        return here[0]

    def as_met(self, source: Endpoint, destination: Endpoint) -> Endpoint:
        """See `Graph.as_met`."""
        number = next((self._hosts[zone] for zone in sorted(destination.zones) if zone in self._hosts), None)
        if number is None or destination.exact:
            return destination
        standing = self._standings[number]
        spots = standing.spots(source)
        networks = (span for spot in spots for span in spot.zone.networks or ())
        near = [(max(low - 1, 0), high + 1) for low, high in networks]  # its own address is left out there
        own = intersect_intervals(standing.device.addresses, merge_intervals(near))
        usual = intersect_intervals(own, (IPV4,)) or own
        return replace(destination, addresses=usual, exact=True) if len(usual) == len(spots) == 1 else destination

    def unfiltered(self, source: Endpoint, destination: Endpoint) -> Zone | None:
        """See `Graph.unfiltered`."""
        for number in sorted(self._nearby(source) | self._nearby(destination)):
            standing = self._standings[number]
            if not any(can_deny(hook.filter) for hook in standing.hooks):
                continue
            for start in standing.spots(source):
                for end in standing.spots(destination):
                    known = start.certain and end.certain and (start.held or end.held)
                    if known and start.zone.id != end.zone.id and not any(standing.crossed(start, end)):
                        return end.zone
        return None

    def _find(self, source: Endpoint, destination: Endpoint) -> Iterator[Way]:
        ways = [Way(source, destination, ())]
        for twins in self._between(source, destination):
            ways = [longer for way in ways for longer in self._through_one(twins, way)]
        return map(self._with_ends, ways)

    def _between(self, source: Endpoint, destination: Endpoint) -> Iterable[list[_Standing]]:
        """The devices near the ends, in order; those before which the ends stand alike together."""
        found: dict[Hashable, list[_Standing]] = {}
        for number in sorted(self._nearby(source) | self._nearby(destination)):
            standing = self._standings[number]
            found.setdefault(standing.view(source, destination) or number, []).append(standing)
        return found.values()

    def _through_one(self, twins: list[_Standing], way: Way) -> Iterator[Way]:
        """`way` through one of several devices that join the same two networks: a packet passes one of them, and not the others.

        It is the one that an end is said to be behind. Of two sites with the same networks the other is out of the question then;
        otherwise it is possible.
        """
        if len(twins) == 1:
            yield from self._through(twins[0], way)
            return
        homes = [standing for standing in twins if standing.is_home(way.source) or standing.is_home(way.destination)]
        ways = [way]
        for standing in homes:
            ways = [longer for each in ways for longer in self._through(standing, each)]
        yield from ways if homes else ()
        for standing in twins:
            if standing not in homes and not any(home.settles(standing, way) for home in homes):
                yield from (replace(longer, certain=False) for longer in self._through(standing, way))

    def _nearby(self, end: Endpoint) -> frozenset[int]:
        """The devices at which some part of `end` may be known to stand; a smaller part of it is known at no others."""
        found = self._near.get(end)
        if found is None:
            near = (standing.number for standing in self._standings if any(spot.held for spot in standing.spots(end)))
            found = self._near[end] = frozenset(near)
        return found

    def _beside(self, end: Endpoint) -> Iterator[_Standing]:
        return (self._standings[number] for number in sorted(self._nearby(end)))

    # -- at the ends

    def _with_ends(self, way: Way) -> Way:
        outbound = self._at(Place.OUTBOUND, way.source, way)
        inbound = self._at(Place.INBOUND, way.destination, way)
        return replace(way, crossings=(*outbound, *way.crossings, *inbound))

    def _hooks_at(self, end: Endpoint) -> list[Hook]:
        return sorted((hook for zone in end.zones for hook in self._at_zone.get(zone, ())), key=self._order.__getitem__)

    def _at(self, place: Place, end: Endpoint, way: Way) -> Iterator[Crossing]:
        united: dict[str, list[Hook]] = {}
        for hook in self._hooks_at(end):
            if hook.place is place and not self._within_subnet(hook, way):
                united.setdefault(hook.union or hook.id, []).append(hook)
        for hooks in united.values():
            entry, exit_ = self._interfaces_of_host(hooks[0], way)
            yield self._crossing(tuple(hooks), way.source, way.destination, entry, exit_)

    def _within_subnet(self, hook: Hook, way: Way) -> bool:
        zone = self._zones.get(hook.zone or "")
        return zone is not None and zone.kind is ZoneKind.SUBNET and {zone.id} <= way.source.zones & way.destination.zones

    def _interfaces_of_host(self, hook: Hook, way: Way) -> tuple[str | None, str | None]:
        number = self._hosts.get(hook.zone or "")
        if number is None:
            return None, None
        spots = self._standings[number].spots(way.source if hook.place is Place.INBOUND else way.destination)
        sole = spots[0].zone.id if len(spots) == 1 else None
        return (sole, None) if hook.place is Place.INBOUND else (None, sole)

    def _crossing(
        self, hooks: tuple[Hook, ...], source: Endpoint, destination: Endpoint, entry: str | None = None, exit_: str | None = None
    ) -> Crossing:
        filter_ = hooks[0].filter
        if len(hooks) > 1:
            rules = tuple(rule for hook in hooks for rule in hook.filter.rules)
            name = " + ".join(hook.filter.name for hook in hooks)
            filter_ = Filter(name, rules, filter_.default, filter_.span, filter_.default_span)
        return Crossing(hooks, filter_, source, destination, entry, exit_, self._groups)

    # -- between them

    def _through(self, standing: _Standing, way: Way) -> Iterator[Way]:
        """`way` split by where the ends stand at a device, with its filters where it stands between them.

        A device is on the way only if one end is known to stand at it.
        """
        sources, destinations = standing.spots(way.source), standing.spots(way.destination)
        if not sources or not destinations or not any(spot.known for spot in (*sources, *destinations)):
            yield way
            return
        for start in sources:
            for end in destinations:
                crossed = standing.crossed(start, end)
                crossings = tuple(self._crossing((hook,), start.part, end.part, entry, exit_) for hook, entry, exit_ in crossed)
                yield Way(start.part, end.part, way.crossings + crossings, way.certain and start.certain and end.certain)


def _seat(spot: _Spot) -> Hashable:
    """The network that a spot is in, with the device's own address there; nothing of the one where everything else is."""
    if spot.zone.kind is ZoneKind.HOST:
        return "itself"
    if spot.zone.default or not spot.held:
        return None
    return merge_intervals((max(low - 1, 0), high + 1) for low, high in _held(spot.zone))


def _dialect(standing: _Standing) -> str:
    return standing.device.id.partition(":")[0]


def _by(things: Iterable[_Placed], attribute: str) -> dict[str | None, list[_Placed]]:
    found: dict[str | None, list[_Placed]] = {}
    for thing in things:
        found.setdefault(getattr(thing, attribute), []).append(thing)
    return found


def _size(zone: Zone) -> int:
    """How many addresses a zone has: the narrower network is the more specific route."""
    return sum(high - low for low, high in _held(zone))


def _held(zone: Zone) -> tuple[Interval, ...]:
    """The addresses of which it is known that they are in the zone."""
    return zone.networks or zone.located


def _may_hold(zone: Zone, end: Endpoint) -> bool:
    """Whether an address of no known network can be in a zone whose networks are not all known: not in a family that is."""
    known = [family for family in (IPV4, IPV6) if intersect_intervals([family], zone.located)]
    return zone.networks is None and bool(subtract_intervals(end.addresses, known))


def _behind_default(interfaces: list[Zone], end: Endpoint) -> list[_Spot]:
    """Where addresses of no known network are: at the default interfaces, or at any if networks are not known."""
    defaults = [zone for zone in interfaces if zone.default]
    unknown = [] if end.elsewhere else [zone for zone in interfaces if not zone.default and _may_hold(zone, end)]
    candidates = defaults + unknown or interfaces
    return [_Spot(zone, end, certain=len(candidates) == 1) for zone in candidates]
