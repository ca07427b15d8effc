"""Which filters a packet of a pair crosses: where the ends stand at each device, and what stands there and at the ends themselves.

What is found is remembered, and devices at which neither end is known to stand are never looked at: a tree of a hundred firewalls costs
each pair only those between its ends. Where nothing says at which interfaces the ends stand, each possibility is a way, and those of one
device multiply those of the next: possibilities that filter alike are one, and where there are too many ways all the same, those of each
device become one that leaves open which it is. No filter that may be crossed is ever left out.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from typing import TypeVar

from auditor.model.choices import Pass, columns, one_of, undecided
from auditor.model.filters import Fact, Filter, all_rules, can_deny, predicates
from auditor.model.graph import MOST_NAMED, Crossing, Device, Endpoint, Hook, Place, Way, Zone, ZoneKind
from auditor.model.headers import IPV4, intersect_intervals, merge_intervals
from auditor.model.record import replace
from auditor.model.source import Unknown
from auditor.model.standing import Leg, Standing
from auditor.model.uplinks import Uplinks

_Placed = TypeVar("_Placed", Hook, Zone)

_MOST_WAYS = 256
_MOST_PARTS = 16_384
"""How many ways of one pair are followed each; and how many parts of it, once those between the same parts are joined."""

_TOO_MANY = "the possible ways are too many to follow each"


class Routes:
    """The ways of one graph."""

    def __init__(self, zones: tuple[Zone, ...], hooks: tuple[Hook, ...], devices: tuple[Device, ...]) -> None:
        self._zones = {zone.id: zone for zone in zones}
        self._groups = frozenset(zone.id for zone in zones if zone.kind is ZoneKind.GROUP and not zone.foreign)
        self._clouds = frozenset(zone.id for zone in zones if zone.kind is ZoneKind.SUBNET)
        self._order = {hook: number for number, hook in enumerate(hooks)}
        self._at_zone = _by(hooks, "zone")
        self._hosts = {device.host: number for number, device in reversed(list(enumerate(devices))) if device.host is not None}
        of_device, interfaces = _by(hooks, "device"), _by(zones, "device")
        self._standings = [
            Standing(number, device, interfaces.get(device.id, []), self._zones.get(device.host or ""), of_device.get(device.id, []))
            for number, device in enumerate(devices)
        ]
        self._uplinks = Uplinks(self._standings)
        self._near: dict[Endpoint, frozenset[int]] = {}
        self._at_home: dict[Endpoint, frozenset[int]] = {}
        self._ways: dict[tuple[Endpoint, Endpoint], tuple[Way, ...]] = {}
        self._asking: dict[Hook, bool] = {}
        self._choices: dict[tuple[tuple[Hook, ...], bool], Filter] = {}

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

    def adjoins(self, device: str, end: Endpoint) -> bool:
        """See `Graph.adjoins`."""
        return any(standing.is_there(end) for standing in self._beside(end) if standing.device.id == device)

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

    def _find(self, source: Endpoint, destination: Endpoint) -> Iterable[Way]:
        found = self._followed(source, destination, _MOST_WAYS) or self._followed(source, destination, _MOST_PARTS, joined=True)
        return map(self._with_ends, found or [self._untold(source, destination)])

    def _followed(self, source: Endpoint, destination: Endpoint, most: int, *, joined: bool = False) -> list[Way]:
        """The ways as the devices between the ends make them; none where they are more than `most`."""
        ways = [Way(source, destination, ())]
        for twins in self._between(source, destination):
            pairs = dict.fromkeys((way.source, way.destination) for way in ways)
            onward = {pair: self._stretches(twins, *pair, joined) for pair in pairs}
            if not all(onward.values()) or sum(len(onward[way.source, way.destination]) for way in ways) > most:
                return []
            ways = [_on(way, stretch) for way in ways for stretch in onward[way.source, way.destination]]
        return ways

    def _between(self, source: Endpoint, destination: Endpoint) -> Iterable[list[Standing]]:
        """The devices near the ends, in order; those before which the ends stand alike together."""
        found: dict[Hashable, list[Standing]] = {}
        for number in sorted(self._nearby(source) | self._nearby(destination)):
            standing = self._standings[number]
            found.setdefault(standing.view(source, destination) or number, []).append(standing)
        return found.values()

    def _legs(self, twins: list[Standing], source: Endpoint, destination: Endpoint) -> list[Leg]:
        """The pair at a device, or at one of several, and at those that may stand before it."""
        legs = self._through_one(twins, source, destination)
        if self._clouds and any(leg.passes for leg in legs) and self._may_be_elsewhere(twins, source, destination):
            passed = (Leg(leg.source, leg.destination, certain=False) for leg in legs if leg.passes)
            return [*(replace(leg, certain=leg.certain and not leg.passes) for leg in legs), *passed]
        there = self._there(destination)
        if not (there or self._there(source)) or len(self._standings) == 1:
            return legs
        if any(leg.passes for leg in legs):
            legs = self._uplinks.settled(twins, legs, source, destination, there | self._there(source))
        before = list(self._uplinks.before(twins, source, destination)) if any(each.number in there for each in twins) else []
        if not before:
            return legs
        return [
            replace(leg, passes=first.passes + leg.passes, certain=False) for first in (*before, Leg(source, destination)) for leg in legs
        ]

    def _may_be_elsewhere(self, twins: list[Standing], source: Endpoint, destination: Endpoint) -> bool:
        """Whether an end, to which the other comes from outside, is in a network of a cloud that has the same addresses as one here."""
        return any(
            not self._clouds.isdisjoint(end.zones) and all(each.is_outside(other) and not each.is_home(end) for each in twins)
            for end, other in ((source, destination), (destination, source))
        )

    def _there(self, end: Endpoint) -> frozenset[int]:
        """The devices with an address in the networks of an end."""
        found = self._at_home.get(end)
        if found is None:
            near = self._nearby(end)
            found = self._at_home[end] = frozenset(number for number in near if self._standings[number].is_there(end))
        return found

    def _through_one(self, twins: list[Standing], source: Endpoint, destination: Endpoint) -> list[Leg]:
        """The pair at one of several devices that join the same two networks: a packet passes one of them, and not the others.

        It is the one that an end is said to be behind. Of two sites with the same networks the other is out of the question then;
        otherwise it is possible. Empty if the possibilities are too many.
        """
        if len(twins) == 1:
            return [*twins[0].legs(source, destination)]
        rows = _rows(twins, source, destination)
        homes = [standing for row in rows for standing in row]
        found: list[Leg] = []
        for row in rows:
            legs = [Leg(source, destination, certain=len(rows) == 1)]
            for standing in row:
                legs = [leg.then(later) for leg in legs for later in standing.legs(leg.source, leg.destination)]
            found += legs
            if len(found) > _MOST_PARTS:
                return []
        settled = {home.dialect for home in homes if _are_passed(homes, home.dialect, source, destination)}
        others = (
            each for each in twins if each not in homes and (each.dialect not in settled or each.is_far(source) or each.is_far(destination))
        )
        possible = (replace(leg, certain=False) for standing in others for leg in standing.legs(source, destination))
        return [*found, *possible]

    def _nearby(self, end: Endpoint) -> frozenset[int]:
        """The devices at which some part of `end` may be known to stand; a smaller part of it is known at no others."""
        found = self._near.get(end)
        if found is None:
            near = (standing.number for standing in self._standings if any(spot.held for spot in standing.spots(end)))
            found = self._near[end] = frozenset(near)
        return found

    def _beside(self, end: Endpoint) -> Iterator[Standing]:
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

    def _stretches(self, twins: list[Standing], source: Endpoint, destination: Endpoint, joined: bool) -> list[Way]:
        """The ways at a device, or at one of several: those that filter alike are one, and if `joined`, all between the same parts."""
        alike: dict[Hashable, list[Leg]] = {}
        for leg in self._legs(twins, source, destination):
            told = leg.passes if leg.certain else map(self._told, leg.passes)
            alike.setdefault((leg.source, leg.destination, *told), []).append(leg)
        together: dict[Hashable, list[Leg]] = {}
        for key, legs in alike.items():
            leg = _one(legs)
            together.setdefault((leg.source, leg.destination) if joined else key, []).append(leg)
        return [self._stretch(twins, legs) for legs in together.values()]

    def _told(self, crossed: Pass) -> Hashable:
        """What a filter can tell of where packets pass the device."""
        asks = self._asking.get(crossed.hook)
        if asks is None:
            rules = (rule for stage in crossed.hook.filter.stages() for rule in all_rules(stage.rules))
            asks = self._asking[crossed.hook] = any(asked.fact is Fact.INTERFACE for asked in predicates(rules))
        return crossed if asks else crossed.hook

    def _stretch(self, twins: list[Standing], legs: list[Leg]) -> Way:
        first, *others = legs
        source, destination = first.source, first.destination
        between = frozenset(pair for leg in legs for pair in leg.between)
        places = ((tuple(standing.device.id for standing in twins), between),) if between else ()
        if not others:
            crossings = tuple(self._crossing((each.hook,), source, destination, each.entry, each.exit) for each in first.passes)
            return Way(source, destination, crossings, first.certain, places)
        choices = columns([leg.passes for leg in legs])
        return Way(source, destination, tuple(self._choice(twins, each, source, destination) for each in choices), False, places)

    def _choice(self, twins: list[Standing], possible: list[Pass | None], source: Endpoint, destination: Endpoint) -> Crossing:
        """One of the hooks, or perhaps none, as one filter."""
        known = [each for each in possible if each is not None]
        hooks = tuple(dict.fromkeys(each.hook for each in known))
        key = hooks, None in possible
        if key not in self._choices:
            devices = _listed([standing.device.label for standing in twins])
            unknown = Unknown(f"behind which interfaces of {devices} the ends are: {_TOO_MANY}", reference="zone")
            self._choices[key] = one_of([*(hook.filter for hook in hooks), *([None] if None in possible else ())], unknown)
        entry, exit_ = _sole(each.entry for each in known), _sole(each.exit for each in known)
        return Crossing(hooks, self._choices[key], source, destination, entry, exit_, self._groups, unclear=True)

    def _untold(self, source: Endpoint, destination: Endpoint) -> Way:
        """A way of which nothing is told but that all those filters may stand on it."""
        near = [self._standings[number] for number in sorted(self._nearby(source) | self._nearby(destination))]
        at_hosts = (hook for each in near if each.host is not None for hook in self._at_zone.get(each.host.id, ()))
        hooks = (*(hook for each in near for hook in each.hooks), *at_hosts)
        if not hooks:
            return Way(source, destination, (), certain=False)
        unknown = Unknown(f"which of {len(near)} devices are between {source.label} and {destination.label}: {_TOO_MANY}", reference="zone")
        filter_ = undecided(_listed([each.device.label for each in near]), hooks, unknown)
        return Way(source, destination, (Crossing(hooks, filter_, source, destination, groups=self._groups, unclear=True),), certain=False)


def _on(way: Way, stretch: Way) -> Way:
    """A way, and the stretch of it at the next device."""
    certain = way.certain and stretch.certain
    return Way(stretch.source, stretch.destination, way.crossings + stretch.crossings, certain, way.between + stretch.between)


def _one(legs: list[Leg]) -> Leg:
    """Of possibilities that no filter tells apart."""
    first, *others = legs
    if not others:
        return first
    abreast = zip(*(leg.passes for leg in legs), strict=True)
    passes = tuple(Pass(each[0].hook, _sole(one.entry for one in each), _sole(one.exit for one in each)) for each in abreast)
    between = frozenset(pair for leg in legs for pair in leg.between)
    return replace(first, passes=passes, certain=any(leg.certain for leg in legs), between=between)


def _sole(interfaces: Iterable[str | None]) -> str | None:
    """The one interface that all of them are; None if they differ."""
    found = set(interfaces)
    return found.pop() if len(found) == 1 else None


def _listed(labels: list[str]) -> str:
    return ", ".join(labels[:MOST_NAMED]) + " …" * (len(labels) > MOST_NAMED)


def _rows(twins: list[Standing], source: Endpoint, destination: Endpoint) -> list[list[Standing]]:
    """What a packet passes of devices that ends are said to be at: of each dialect one that both are, or else one of each end's."""
    rows: list[list[Standing]] = [[]]
    for dialect in dict.fromkeys(standing.dialect for standing in twins):
        starts = [each for each in twins if each.dialect == dialect and each.is_home(source)]
        ends = [each for each in twins if each.dialect == dialect and each.is_home(destination)]
        both = [[each] for each in starts if each in ends]
        apart = [[start, end] for start in starts for end in ends] or [[each] for each in starts or ends]
        rows = [[*row, *more] for row in rows for more in both or apart or [[]]]
    return [row for row in rows if row]


def _are_passed(homes: list[Standing], dialect: str, source: Endpoint, destination: Endpoint) -> bool:
    """Whether what is said of the ends leaves no doubt that a packet passes these devices, and none beside them of their dialect."""
    alike = [home for home in homes if home.dialect == dialect]
    return all(any(home.is_home(end) for home in alike) or not any(alike[0].seats(end)) for end in (source, destination))


def _by(things: Iterable[_Placed], attribute: str) -> dict[str | None, list[_Placed]]:
    found: dict[str | None, list[_Placed]] = {}
    for thing in things:
        found.setdefault(getattr(thing, attribute), []).append(thing)
    return found
