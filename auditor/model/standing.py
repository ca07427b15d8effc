"""Where the ends of a pair stand at one device, and which of its filters are between them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator

from auditor.model.choices import Pass
from auditor.model.filters import can_deny
from auditor.model.graph import Device, Endpoint, Hook, Place, Zone, ZoneKind, dialect_of
from auditor.model.headers import ANYWHERE, IPV4, IPV6, intersect_intervals, merge_intervals, subtract_intervals
from auditor.model.packets import Interval
from auditor.model.record import dataclass, replace


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a part of an endpoint stands at a device: behind an interface, or at the device itself. Not `certain`: it may stand there."""

    zone: Zone
    part: Endpoint
    certain: bool = True

    @property
    def held(self) -> bool:
        """Whether the configuration says of this part or of its addresses that they belong to the zone."""
        return self.zone.id in self.part.zones or bool(intersect_intervals(held_in(self.zone), self.part.addresses))

    @property
    def known(self) -> bool:
        """Whether this part surely stands here, rather than being where everything else is."""
        return self.certain and self.held


class Standing:
    """A device with its interfaces and filters, and where the ends asked about so far stand at it."""

    __slots__ = (
        "_ids",
        "_narrowest",
        "_networks",
        "_own",
        "_seats",
        "_spots",
        "device",
        "dialect",
        "hooks",
        "host",
        "interfaces",
        "number",
    )

    def __init__(self, number: int, device: Device, zones: Iterable[Zone], host: Zone | None, hooks: list[Hook]) -> None:
        self.number = number
        self.device = device
        self.dialect = dialect_of(device.id)
        self.host = host
        self.interfaces = [zone for zone in zones if zone.id != device.host]
        self._narrowest = sorted(self.interfaces, key=_size)
        self.hooks = hooks
        self._ids = frozenset(zone.id for zone in (*self.interfaces, *((host,) if host is not None else ())))
        self._own = merge_intervals(device.addresses)
        self._networks: dict[str, tuple[Interval, ...]] = {}
        self._spots: dict[Endpoint, tuple[Spot, ...]] = {}
        self._seats: dict[Endpoint, tuple[Hashable, ...]] = {}

    def spots(self, end: Endpoint) -> tuple[Spot, ...]:
        """Where `end` stands: by its zones, else by its addresses. Empty if nothing says anything about it."""
        found = self._spots.get(end)
        if found is None:
            found = self._spots[end] = tuple(self._find(end))
        return found

    def _find(self, end: Endpoint) -> Iterable[Spot]:
        if self.host is not None and self.host.id in end.zones:
            return [Spot(self.host, end)]
        bound = [zone for zone in self.interfaces if zone.id in end.zones]
        if bound:
            return [Spot(zone, end) for zone in bound]
        if end.elsewhere or end.names:
            return _behind_default(self.interfaces, end)
        if end.addresses == ANYWHERE and not end.exact:
            return []
        return self._by_address(end)

    def _by_address(self, end: Endpoint) -> Iterator[Spot]:
        rest = end.addresses
        own = intersect_intervals(rest, self.device.addresses) if self.host is not None else ()
        if own and self.host is not None:
            yield Spot(self.host, replace(end, addresses=own, zones=end.zones | {self.host.id}))
            rest = subtract_intervals(rest, own)
        for zone in self._narrowest:
            part = intersect_intervals(rest, held_in(zone))
            if part:
                yield Spot(zone, replace(end, addresses=part))
                rest = subtract_intervals(rest, part)
        if rest:
            yield from _behind_default(self.interfaces, replace(end, addresses=rest))

    def is_home(self, end: Endpoint) -> bool:
        """Whether `end` is said to be at this device, rather than found there by its addresses."""
        return not self._ids.isdisjoint(end.zones)

    def seats(self, end: Endpoint) -> tuple[Hashable, ...]:
        """The networks that `end` stands in here, None for the one where everything else is."""
        found = self._seats.get(end)
        if found is None:
            found = self._seats[end] = tuple(map(self._seat, self.spots(end)))
        return found

    def _seat(self, spot: Spot) -> Hashable:
        if spot.zone.kind is ZoneKind.HOST:
            return "itself"
        return self._network(spot.zone) if spot.held and not spot.zone.default else None

    def _network(self, zone: Zone) -> tuple[Interval, ...]:
        """What a zone holds, with the device's own addresses among it: those that another device of a pair has are others."""
        found = self._networks.get(zone.id)
        if found is None:
            held = held_in(zone)
            around = [(own, ((max(own[0] - 1, 0), own[0]), (own[1], own[1] + 1))) for own in self._own]
            beside = (own for own, edges in around if intersect_intervals(held, edges))
            found = self._networks[zone.id] = merge_intervals((*held, *beside))
        return found

    def is_there(self, end: Endpoint) -> bool:
        """Whether `end` is in networks in which the device itself has an address, and not where everything else is."""
        spots = self.spots(end)
        return bool(spots) and all(not spot.zone.default and spot.held and self._touches(spot) for spot in spots)

    def _touches(self, spot: Spot) -> bool:
        networks = [span for span in held_in(spot.zone) if any(low - 1 <= span[1] and span[0] <= high + 1 for low, high in self._own)]
        return bool(intersect_intervals(networks, spot.part.addresses) if spot.zone.id not in spot.part.zones else networks)

    def is_outside(self, end: Endpoint) -> bool:
        """Whether `end` is where everything else is."""
        spots = self.spots(end)
        return bool(spots) and all(spot.zone.default for spot in spots)

    @property
    def uplink(self) -> tuple[Interval, ...]:
        """Its own addresses towards everything else."""
        outer = [span for zone in self.interfaces if zone.default for span in held_in(zone)]
        return tuple(own for own in self._own if any(low - 1 <= own[1] and own[0] <= high + 1 for low, high in outer))

    def is_far(self, end: Endpoint) -> bool:
        """Whether the device only has routes to where `end` is, and no address there: it may be in front of one that has."""
        networks = (seat for seat in self.seats(end) if isinstance(seat, tuple))
        return bool(self._own) and any(network and not intersect_intervals(network, self._own) for network in networks)

    def view(self, source: Endpoint, destination: Endpoint) -> Hashable:
        """Between which networks the device stands for a pair; None if not between two."""
        starts, ends = self.spots(source), self.spots(destination)
        if not any(start.zone.id != end.zone.id for start in starts for end in ends):
            return None
        return self.seats(source), self.seats(destination)

    def filters(self, spot: Spot) -> bool:
        """Whether a filter of the device stands there; a switch has some at few of its interfaces."""
        if spot.zone.id == self.device.host:
            return any(hook.own and can_deny(hook.filter) for hook in self.hooks)
        return any(hook.zone in (None, spot.zone.id) and can_deny(hook.filter) for hook in self.hooks)

    def crossed(self, start: Spot, end: Spot) -> Iterator[Pass]:
        """The device's filters between two spots, in the order they are crossed, each with the interfaces packets come in and go out by."""
        if start.zone.id == end.zone.id:  # within one network nothing is crossed but what filters bridged packets
            inside = (hook for hook in self.hooks if hook.place is Place.WITHIN and hook.zone == start.zone.id)
            yield from (Pass(hook, start.zone.id, end.zone.id) for hook in inside)
            return
        entry = None if start.zone.id == self.device.host else start.zone.id
        exit_ = None if end.zone.id == self.device.host else end.zone.id
        for place, zone in ((Place.ENTRY, entry), (Place.TRANSIT, entry and exit_), (Place.EXIT, exit_)):
            if zone is None:
                continue
            for hook in self.hooks:
                here = hook.place is place and (place is Place.TRANSIT or hook.zone in (None, zone))
                if here and (hook.own or (entry and exit_)):
                    yield Pass(hook, entry, exit_)

    def legs(self, source: Endpoint, destination: Endpoint) -> Iterator[Leg]:
        """What can happen to the pair here: parts of it by where they stand, with the filters where the device stands between them.

        It is on the way only if one end is known to stand at it.
        """
        starts, ends = self.spots(source), self.spots(destination)
        if not starts or not ends or not any(spot.known for spot in (*starts, *ends)):
            yield Leg(source, destination)
            return
        for start in starts:
            for end in ends:
                between = frozenset(((start.zone.id, end.zone.id),))
                yield Leg(start.part, end.part, tuple(self.crossed(start, end)), start.certain and end.certain, between)


@dataclass(frozen=True, slots=True)
class Leg:
    """A possibility at a device, or at one of several that join the same networks: which parts of the ends, and what they cross there.

    `between`: the interfaces that the parts may be behind.
    """

    source: Endpoint
    destination: Endpoint
    passes: tuple[Pass, ...] = ()
    certain: bool = True
    between: frozenset[tuple[str, str]] = frozenset()

    def then(self, later: Leg) -> Leg:
        """Both, one behind the other."""
        certain = self.certain and later.certain
        return Leg(later.source, later.destination, self.passes + later.passes, certain, self.between | later.between)


def _size(zone: Zone) -> int:
    """How many addresses a zone has: the narrower network is the more specific route."""
    return sum(high - low for low, high in held_in(zone))


def held_in(zone: Zone) -> tuple[Interval, ...]:
    """The addresses of which it is known that they are in the zone."""
    return zone.networks or zone.located


def _may_hold(zone: Zone, end: Endpoint) -> bool:
    """Whether an address of no known network can be in a zone whose networks are not all known: not in a family that is."""
    known = [family for family in (IPV4, IPV6) if intersect_intervals([family], zone.located)]
    return zone.networks is None and bool(subtract_intervals(end.addresses, known))


def _behind_default(interfaces: list[Zone], end: Endpoint) -> list[Spot]:
    """Where addresses of no known network are: at the default interfaces, or at any if networks are not known."""
    defaults = [zone for zone in interfaces if zone.default]
    unknown = [] if end.elsewhere else [zone for zone in interfaces if not zone.default and _may_hold(zone, end)]
    candidates = defaults + unknown or interfaces
    return [Spot(zone, end, certain=len(candidates) == 1) for zone in candidates]
