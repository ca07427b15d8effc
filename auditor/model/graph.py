"""The rule graph: zones, the filters at them, the devices between them. `Graph.ways` gives every filter a packet of a pair crosses.

Groups are not addresses: membership, interfaces and names are facts about the endpoints of a pair, settled by a `Crossing` before packets
are compared; what the configuration leaves open is answered None.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from auditor.model.filters import Fact, Filter, Predicate, Side
from auditor.model.headers import ANYWHERE, PUBLIC, subtract_intervals
from auditor.model.packets import Interval
from auditor.model.record import dataclass, field
from auditor.model.source import Note, Span, Unknown

if TYPE_CHECKING:
    from auditor.model.routes import Routes

Attributes = tuple[tuple[str, str], ...]

MOST_NAMED = 3
"""How many of many alternatives are named."""


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


def dialect_of(id_: str) -> str:
    """The dialect that the zone or device of that id was read from."""
    return id_.partition(":")[0]


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
    """A packet between two endpoints at hooks that act as one filter. Answers the filter's predicates.

    `unclear`: it is at one of the hooks, or perhaps at none, and the filter leaves open which.
    """

    hooks: tuple[Hook, ...]
    filter: Filter
    source: Endpoint
    destination: Endpoint
    entry: str | None = None
    exit: str | None = None
    groups: frozenset[str] = frozenset()
    aliases: tuple[tuple[str, str], ...] = ()
    unclear: bool = False

    @property
    def stateful(self) -> bool:
        """Whether every hook lets replies back by itself."""
        return all(hook.stateful for hook in self.hooks)

    @property
    def label(self) -> str:
        """What to call it in a trace."""
        labels = [hook.label for hook in self.hooks]
        return " or ".join(labels[:MOST_NAMED]) + " …" * (len(labels) > MOST_NAMED) if self.unclear else " + ".join(labels)

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
        if predicate.fact is Fact.OWN:
            return not end.elsewhere
        return self._member(predicate.values, end)

    def _by_interface(self, predicate: Predicate) -> bool | None:
        zone = self.entry if predicate.side is Side.SOURCE else self.exit
        if zone is None:
            return None
        name = zone.rpartition(":")[2]
        return zone in predicate.values or name in predicate.values or name.startswith(_beginnings(predicate.values))

    def _member(self, groups: frozenset[str], end: Endpoint) -> bool | None:
        if groups & end.zones:
            return True
        if end.elsewhere or end.names or groups <= end.outside:
            return False
        dialects = set(map(dialect_of, groups))
        if groups <= self.groups and any(dialect_of(zone) in dialects and zone in self.groups for zone in end.zones):
            return False  # its groups are known, and these are not among them
        public = end.addresses and not subtract_intervals(end.addresses, PUBLIC)
        return False if public else None


@lru_cache(maxsize=4096)
def _beginnings(values: frozenset[str]) -> tuple[str, ...]:
    """What the interfaces begin with that values end in "*" for."""
    return tuple(value[:-1] for value in values if value.endswith("*"))


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
    `between`: for each device on it, or those of which it is one, the interfaces that source and destination are behind; several are
    all possible.
    """

    source: Endpoint
    destination: Endpoint
    crossings: tuple[Crossing, ...]
    certain: bool = True
    between: tuple[tuple[tuple[str, ...], frozenset[tuple[str, str]]], ...] = ()


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
    _memory: list[Routes] = field(default_factory=list, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self._zones.update((zone.id, zone) for zone in self.zones)

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
        return self._routes().ways(source, destination)

    def guards(self, end: Endpoint) -> bool:
        """Whether some filter that can deny anything stands at this endpoint: at a zone of it, or at a device it is known to stand at."""
        return self._routes().guards(end)

    def adjoins(self, device: str, end: Endpoint) -> bool:
        """Whether the device with this id has an address of its own in the networks that an endpoint is in."""
        return self._routes().adjoins(device, end)

    def as_met(self, source: Endpoint, destination: Endpoint) -> Endpoint:
        """The destination as the source meets it: a device of several addresses is asked at the one in the source's own network."""
        return self._routes().as_met(source, destination)

    def unfiltered(self, source: Endpoint, destination: Endpoint) -> Zone | None:
        """Where a device that filters others sends packets of the pair out without any filter between; None if none is known to."""
        return self._routes().unfiltered(source, destination)

    def is_device(self, end: Endpoint) -> bool:
        """Whether an endpoint is nothing but a device that filters others."""
        return any(
            device.host in end.zones or (device.addresses and end.exact and not subtract_intervals(end.addresses, device.addresses))
            for device in self.devices
        )

    def doubt(self, end: Endpoint) -> Unknown | None:
        """Why nothing may stand at this endpoint though a filter was read for it; None if one surely does, or none was read."""
        return self._routes().doubt(end)

    def _routes(self) -> Routes:
        if not self._memory:
            from auditor.model.routes import Routes

            self._memory.append(Routes(self.zones, self.hooks, self.devices))
        return self._memory[0]
