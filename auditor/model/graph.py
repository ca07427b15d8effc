"""The rule graph: zones, the filters at them, the devices between them. `Graph.ways` gives every filter a packet of a pair crosses.

Groups are not addresses: membership, interfaces and names are facts about the endpoints of a pair, settled by a `Crossing` before packets
are compared; what the configuration leaves open is answered None.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from auditor.model.filters import Fact, Filter, Predicate, Side
from auditor.model.headers import ANYWHERE, IPV4, IPV6, PUBLIC, intersect_intervals, merge_intervals, subtract_intervals
from auditor.model.packets import Interval
from auditor.model.record import dataclass, field, replace
from auditor.model.source import Note, Span, Unknown

Attributes = tuple[tuple[str, str], ...]


class ZoneKind(StrEnum):
    """What the members of a zone have in common."""

    GROUP = "group"  # carry a security group or a tag; groups on one machine unite
    HOST = "host"  # are one machine, or machines of one configuration
    INTERFACE = "interface"  # stand behind one interface of a device
    SUBNET = "subnet"  # have an address of one network


@dataclass(frozen=True, slots=True)
class Zone:
    """A place endpoints can be in. `id` is what users write, "<format>:<name>"; `aliases` are further ids for it.

    `networks` are the addresses its members can have, None where not known; `references` name that network symbolically
    ("aws_vpc.main.cidr_block"). `exact`: the members' addresses are exactly these. `attributes` are signs and facts: tags, names,
    "role" hints, time servers …; a key may occur more than once. `default`: what is not elsewhere (the internet) is behind this interface.
    `inside`: zones that its members are in as well, e.g. the subnets of a group's machines; several of one kind are alternatives.
    `located`: where `networks` is None, addresses that are known to be here all the same: one family given, the other assigned later.
    `foreign`: it is made elsewhere, and who is in it is not known here.
    `site`: what is deployed together (a root module, a cluster); zones of two sites of one dialect have nothing in common.
    """

    id: str
    kind: ZoneKind
    label: str
    span: Span
    networks: tuple[Interval, ...] | None = None
    references: frozenset[str] = frozenset()
    exact: bool = False
    aliases: tuple[str, ...] = ()
    attributes: Attributes = ()
    device: str | None = None
    default: bool = False
    inside: tuple[str, ...] = ()
    located: tuple[Interval, ...] = ()
    site: str = ""
    foreign: bool = False

    def values(self, key: str) -> tuple[str, ...]:
        """The values of an attribute, in order."""
        return tuple(value for name, value in self.attributes if name == key)


class Place(StrEnum):
    """Where on a packet's way a hook stands."""

    OUTBOUND = "outbound"  # at the source, for what its members send
    ENTRY = "entry"  # at a device, where packets come in by the zone (None: by any)
    TRANSIT = "transit"  # at a device, for what passes through it
    EXIT = "exit"  # at a device, where packets go out by the zone (None: by any)
    WITHIN = "within"  # at a device that bridges, for what stays inside the zone
    INBOUND = "inbound"  # at the destination, for what its members receive


@dataclass(frozen=True, slots=True, eq=False)
class Hook:
    """A filter at a place. Hooks at one endpoint with the same `union` are permits that add up (security groups on one interface).

    `stateful`: replies of what it lets through pass by themselves. `own`: of a device, also for packets to and from the device itself
    (pf), not only for what passes through. `after`: hooks of one place are crossed in this order; the order decides only which is blamed.
    `standing`: why it may not be there at all, where the configuration does not say whether it is switched on. `blind`: it keeps no state
    and has no means to (switch and network ACLs): answers that bear no flags are to it what new packets are.
    """

    id: str
    place: Place
    filter: Filter
    span: Span
    label: str
    zone: str | None = None
    device: str | None = None
    stateful: bool = True
    union: str | None = None
    own: bool = False
    standing: Unknown | None = None
    blind: bool = False


@dataclass(frozen=True, slots=True)
class Device:
    """A router between zones of kind INTERFACE whose `device` is its id. `host` is its own zone, `addresses` are its own addresses."""

    id: str
    label: str
    span: Span
    host: str | None = None
    addresses: tuple[Interval, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Who sends or receives: members of zones, addresses, domain names.

    `exact`: every one of `addresses` is meant; otherwise it lives somewhere among them. `names` are its domain names. `elsewhere`: it is
    outside every group and host known here (the internet). `outside`: zones it is known not to be in;
    `strange`: domain names, wildcards among them, it is known not to have. `role` is what it stands for, `label` how to call it.
    """

    label: str
    role: str = ""
    zones: frozenset[str] = frozenset()
    addresses: tuple[Interval, ...] = ANYWHERE
    exact: bool = False
    names: frozenset[str] = frozenset()
    references: frozenset[str] = frozenset()
    elsewhere: bool = False
    outside: frozenset[str] = frozenset()
    strange: frozenset[str] = frozenset()


def internet(role: str = "internet", but: Iterable[Interval] = ()) -> Endpoint:
    """Public unicast space outside of `but`."""
    return Endpoint("the internet", role, addresses=subtract_intervals(PUBLIC, but), exact=True, elsewhere=True)


@dataclass(frozen=True, slots=True)
class Crossing:
    """A packet between two endpoints at hooks that act as one filter. Answers the filter's predicates."""

    hooks: tuple[Hook, ...]
    filter: Filter
    source: Endpoint
    destination: Endpoint
    entry: str | None = None
    exit: str | None = None
    groups: frozenset[str] = frozenset()
    aliases: tuple[tuple[str, str], ...] = ()

    @property
    def stateful(self) -> bool:
        """Whether every hook lets replies back by itself."""
        return all(hook.stateful for hook in self.hooks)

    @property
    def label(self) -> str:
        """What to call it in a trace."""
        return " + ".join(hook.label for hook in self.hooks)

    def settle(self, predicate: Predicate) -> bool | None:
        """What the pair says to a predicate."""
        if predicate.fact is Fact.ITSELF:
            return _same_machine(self.source, self.destination)
        end = self.source if predicate.side is Side.SOURCE else self.destination
        if predicate.fact is Fact.INTERFACE:
            return self._by_interface(predicate)
        if predicate.fact is Fact.NAMED:
            return _named(predicate.values, end)
        if predicate.fact is Fact.WITHIN:
            return True if predicate.values & end.references else None
        return self._member(predicate.values, end)

    def _by_interface(self, predicate: Predicate) -> bool | None:
        zone = self.entry if predicate.side is Side.SOURCE else self.exit
        if zone is None:
            return None
        name = zone.rpartition(":")[2]
        exact = any(value in (zone, name) for value in predicate.values)
        return exact or any(value.endswith("*") and name.startswith(value[:-1]) for value in predicate.values)

    def _member(self, groups: frozenset[str], end: Endpoint) -> bool | None:
        if groups & end.zones:
            return True
        if end.elsewhere or end.names or groups <= end.outside:
            return False
        family = {group.partition(":")[0] for group in groups}
        if groups <= self.groups and any(zone.partition(":")[0] in family and zone in self.groups for zone in end.zones):
            return False  # its groups are known, and these are not among them
        public = end.addresses and not subtract_intervals(end.addresses, PUBLIC)
        return False if public else None


def _same_machine(source: Endpoint, destination: Endpoint) -> bool | None:
    single = len(source.addresses) == 1 and source.addresses[0][0] == source.addresses[0][1]
    if single and source.addresses == destination.addresses:
        return True
    return None if source == destination and not (source.zones or source.exact) else False


def covers(pattern: str, name: str) -> bool:
    """Whether a name in a rule stands for a domain name; case does not matter, and a wildcard does not cover the bare domain."""
    pattern, name = pattern.lower().rstrip("."), name.lower().rstrip(".")
    if pattern.startswith("*."):
        return name.endswith(pattern[1:]) and len(name) > len(pattern) - 1
    return pattern == name


def _named(patterns: frozenset[str], end: Endpoint) -> bool | None:
    if end.names:
        return all(any(covers(pattern, name) for pattern in patterns) for name in end.names)
    others = bool(patterns) and all(any(pattern == name or covers(name, pattern) for name in end.strange) for pattern in patterns)
    return False if others else None


@dataclass(frozen=True, slots=True)
class Way:
    """One way a packet of a pair can take: between these parts of the two endpoints, across these filters, in order.

    Not `certain`: the configuration does not say at which interface an end stands, and this is one of the possibilities.
    """

    source: Endpoint
    destination: Endpoint
    crossings: tuple[Crossing, ...]
    certain: bool = True


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a part of an endpoint stands at a device: behind an interface, or at the device itself. Not `certain`: it may stand there."""

    zone: str
    part: Endpoint
    certain: bool = True


@dataclass(frozen=True, slots=True)
class Graph:
    """Everything that was read, of all dialects. Fragments of front ends add up with `+`."""

    zones: tuple[Zone, ...] = ()
    hooks: tuple[Hook, ...] = ()
    devices: tuple[Device, ...] = ()
    notes: tuple[Note, ...] = ()
    read: tuple[tuple[str, str], ...] = ()  # (path, what it was read as)
    filters: tuple[Filter, ...] = ()  # every list of rules for questions about rules, standing at a hook or not
    _zones: dict[str, Zone] = field(default_factory=dict, init=False, repr=False, compare=False)
    _groups: set[str] = field(default_factory=set, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._zones.update((zone.id, zone) for zone in self.zones)
        self._groups.update(zone.id for zone in self.zones if zone.kind is ZoneKind.GROUP and not zone.foreign)

    def __add__(self, other: Graph) -> Graph:
        return Graph(
            self.zones + other.zones,
            self.hooks + other.hooks,
            self.devices + other.devices,
            self.notes + other.notes,
            self.read + other.read,
            self.filters + other.filters,
        )

    def zone(self, id_: str) -> Zone | None:
        """The zone with this id."""
        return self._zones.get(id_)

    def ways(self, source: Endpoint, destination: Endpoint) -> tuple[Way, ...]:
        """Every way from source to destination; together they cover both endpoints' addresses."""
        ways = [Way(source, destination, ())]
        for device in self.devices:
            ways = [longer for way in ways for longer in self._through(device, way)]
        return tuple(self._with_ends(way) for way in ways)

    def guards(self, end: Endpoint) -> bool:
        """Whether some filter stands at this endpoint: at a zone of it, or at a device it is known to stand at."""
        if any(hook.zone in end.zones for hook in self.hooks if hook.device is None):
            return True
        return any(self._known(spot) and self._filters(device, spot) for device in self.devices for spot in self._spots(device, end))

    def _filters(self, device: Device, spot: _Spot) -> bool:
        """Whether a filter of the device stands there; a switch has some at few of its interfaces."""
        if spot.zone == device.host:
            return any(hook.device == device.id and hook.own for hook in self.hooks)
        return any(hook.device == device.id and hook.zone in (None, spot.zone) for hook in self.hooks)

    def is_device(self, end: Endpoint) -> bool:
        """Whether an endpoint is nothing but a device that filters others."""
        return any(
            device.host in end.zones or (device.addresses and end.exact and not subtract_intervals(end.addresses, device.addresses))
            for device in self.devices
        )

    def doubt(self, end: Endpoint) -> Unknown | None:
        """Why nothing may stand at this endpoint though a filter was read for it; None if one surely does, or none was read."""
        here = [hook.standing for hook in self.hooks if hook.device is None and hook.zone in end.zones]
        if not here or None in here or any(self._known(spot) for device in self.devices for spot in self._spots(device, end)):
            return None
        return here[0]

    # -- at the ends

    def _with_ends(self, way: Way) -> Way:
        outbound = self._at(Place.OUTBOUND, way.source, way)
        inbound = self._at(Place.INBOUND, way.destination, way)
        return replace(way, crossings=(*outbound, *way.crossings, *inbound))

    def _at(self, place: Place, end: Endpoint, way: Way) -> Iterator[Crossing]:
        united: dict[str, list[Hook]] = {}
        for hook in self.hooks:
            if hook.place is place and hook.zone in end.zones and not self._within_subnet(hook, way):
                united.setdefault(hook.union or hook.id, []).append(hook)
        for hooks in united.values():
            entry, exit_ = self._interfaces_of_host(hooks[0], way)
            yield self._crossing(tuple(hooks), way.source, way.destination, entry, exit_)

    def _within_subnet(self, hook: Hook, way: Way) -> bool:
        zone = self.zone(hook.zone or "")
        return zone is not None and zone.kind is ZoneKind.SUBNET and {zone.id} <= way.source.zones & way.destination.zones

    def _interfaces_of_host(self, hook: Hook, way: Way) -> tuple[str | None, str | None]:
        device = next((device for device in self.devices if device.host is not None and device.host == hook.zone), None)
        if device is None:
            return None, None
        if hook.place is Place.INBOUND:
            return self._sole(device, way.source), None
        return None, self._sole(device, way.destination)

    def _sole(self, device: Device, end: Endpoint) -> str | None:
        spots = self._spots(device, end)
        return spots[0].zone if len(spots) == 1 else None

    def _crossing(
        self, hooks: tuple[Hook, ...], source: Endpoint, destination: Endpoint, entry: str | None = None, exit_: str | None = None
    ) -> Crossing:
        filter_ = hooks[0].filter
        if len(hooks) > 1:
            rules = tuple(rule for hook in hooks for rule in hook.filter.rules)
            name = " + ".join(hook.filter.name for hook in hooks)
            filter_ = Filter(name, rules, filter_.default, filter_.span, filter_.default_span)
        return Crossing(hooks, filter_, source, destination, entry, exit_, frozenset(self._groups))

    # -- between them

    def _through(self, device: Device, way: Way) -> Iterator[Way]:
        """`way` split by where the ends stand at `device`, with the device's filters where it stands between them."""
        sources, destinations = self._spots(device, way.source), self._spots(device, way.destination)
        if not any(map(self._known, sources + destinations)) or not sources or not destinations:
            yield way
            return
        for start in sources:
            for end in destinations:
                crossings = tuple(self._device_crossings(device, start, end))
                yield Way(start.part, end.part, way.crossings + crossings, way.certain and start.certain and end.certain)

    def _known(self, spot: _Spot) -> bool:
        """Whether the configuration says that this part stands here, rather than it being where everything else is.

        A device is on the way only if one end is known to stand at it.
        """
        zone = self._zones[spot.zone]
        return spot.certain and (zone.id in spot.part.zones or bool(intersect_intervals(_held(zone), spot.part.addresses)))

    def _device_crossings(self, device: Device, start: _Spot, end: _Spot) -> Iterator[Crossing]:
        if start.zone == end.zone:  # within one network nothing is crossed but what filters bridged packets
            inside = (hook for hook in self.hooks if hook.device == device.id and hook.place is Place.WITHIN and hook.zone == start.zone)
            yield from (self._crossing((hook,), start.part, end.part, start.zone, end.zone) for hook in inside)
            return
        from_device, to_device = start.zone == device.host, end.zone == device.host
        entry, exit_ = None if from_device else start.zone, None if to_device else end.zone
        for place, zone in ((Place.ENTRY, entry), (Place.TRANSIT, entry and exit_), (Place.EXIT, exit_)):
            if zone is None:
                continue
            for hook in self.hooks:
                here = hook.device == device.id and hook.place is place and (place is Place.TRANSIT or hook.zone in (None, zone))
                if here and (hook.own or (entry and exit_)):
                    yield self._crossing((hook,), start.part, end.part, entry, exit_)

    def _spots(self, device: Device, end: Endpoint) -> list[_Spot]:
        """Where `end` stands at `device`: by its zones, else by its addresses. Empty if nothing says anything about it."""
        interfaces = [zone for zone in self.zones if zone.device == device.id and zone.id != device.host]
        if device.host is not None and device.host in end.zones:
            return [_Spot(device.host, end)]
        bound = [zone for zone in interfaces if zone.id in end.zones]
        if bound:
            return [_Spot(zone.id, end) for zone in bound]
        if end.elsewhere or end.names:
            return _behind_default(interfaces, end)
        if end.addresses == ANYWHERE and not end.exact:
            return []
        return list(self._spots_by_address(device, interfaces, end))

    def _spots_by_address(self, device: Device, interfaces: list[Zone], end: Endpoint) -> Iterator[_Spot]:
        rest = end.addresses
        own = intersect_intervals(rest, device.addresses) if device.host is not None else ()
        if own and device.host is not None:
            yield _Spot(device.host, replace(end, addresses=own))
            rest = subtract_intervals(rest, own)
        for zone in sorted(interfaces, key=_size):
            part = intersect_intervals(rest, _held(zone))
            if part:
                yield _Spot(zone.id, replace(end, addresses=part))
                rest = subtract_intervals(rest, part)
        if rest:
            yield from _behind_default(interfaces, replace(end, addresses=rest))


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
    return [_Spot(zone.id, end, certain=len(candidates) == 1) for zone in candidates]


def bounded(networks: tuple[Interval, ...] | None) -> tuple[Interval, ...]:
    """A zone's networks as the bound of an endpoint's addresses: anywhere if they are not known."""
    return ANYWHERE if networks is None else merge_intervals(networks)
