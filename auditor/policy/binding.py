"""Who a role is here: the roles of a ruleset as endpoints of the graph.

Machines of one role that differ in zones or addresses become one endpoint each, and a requirement must be met by all of them. A claim that
matches nothing is an error that names what exists: a role is never empty by accident.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditor.model.filters import can_deny
from auditor.model.graph import Endpoint, Graph, Place, Zone, ZoneKind
from auditor.model.headers import (
    ANYWHERE,
    PUBLIC,
    UNICAST,
    address_interval,
    addresses_text,
    intersect_intervals,
    merge_intervals,
    subtract_intervals,
)
from auditor.model.packets import Interval
from auditor.model.record import dataclass, field, replace
from auditor.model.source import Span
from auditor.policy.machines import MOST, Machines, bound_of, machines
from auditor.policy.problems import Problem, nearest
from auditor.policy.together import TooManyMachines

_MOST_TOLD = 5


_WIDE = 2**96

NETWORKS = (ZoneKind.SUBNET, ZoneKind.INTERFACE)
"""Zones that are networks: others than those who play a role may be in them."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody says a role is: zones by id, alias or label, addresses, domain names; `why` is who says so, `span` where.

    `separately`: each zone is taken on its own, as zones are that were only recognised.
    """

    role: str
    zones: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    why: str = ""
    span: Span | None = None
    separately: bool = False


@dataclass(frozen=True, slots=True)
class Bound:
    """A role and the endpoints it stands for; none if nobody said who it is. `why` and `span` are those of the claim.

    `vague`: why it is not known who plays it, though somebody does. `apart`: the endpoints if what nothing says to be one machine
    is several; empty where that is the same.
    """

    role: str
    endpoints: tuple[Endpoint, ...] = ()
    why: str = ""
    span: Span | None = None
    vague: str = ""
    apart: tuple[Endpoint, ...] = ()

    @property
    def said(self) -> bool:
        """Whether somebody said so, rather than it being recognised or derived."""
        return self.span is not None or self.why == OPTION

    @property
    def target(self) -> str:
        """What it was bound to, for people: the most telling part of each endpoint, not all of many."""
        if self.vague:
            return f"not known: {self.vague}"
        told = list(dict.fromkeys(part for endpoint in self.endpoints for part in _targets(endpoint)))
        return ", ".join(told[:_MOST_TOLD]) + (f" and {len(told) - _MOST_TOLD} more" if len(told) > _MOST_TOLD else "")


@dataclass(frozen=True, slots=True)
class Cast:
    """Every role of a run with its endpoints, and the endpoints that stand for everybody else. `outer`: behind what the internet is."""

    graph: Graph
    roles: Mapping[str, Bound] = field(default_factory=dict)
    outer: tuple[Bound, ...] = ()
    _everybody: dict[tuple[Endpoint, ...], tuple[Endpoint, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def bound(self, role: str) -> bool:
        """Whether somebody plays the role, even if it is not known who."""
        return bool(self.endpoints(role)) or self.vague(role) != ""

    def vague(self, role: str) -> str:
        """Why it is not known who plays the role, where somebody does."""
        return self.roles[role].vague if role in self.roles else ""

    def endpoints(self, role: str) -> tuple[Endpoint, ...]:
        """The endpoints of a role; empty if it is not bound."""
        return self.roles[role].endpoints if role in self.roles else ()

    def unfiltered(self, *roles: str) -> bool:
        """Whether no group and no host firewall can deny what two members of the roles send; not known to be so where there are none."""
        ends = [end for role in roles for end in self.endpoints(role)]
        hooks = (hook for a in ends for b in ends for way in self.graph.ways(a, b) for crossing in way.crossings for hook in crossing.hooks)
        known = bool(ends) and not any(map(self.vague, roles))
        return known and not any(hook.device is None and hook.place is not Place.TRANSIT and can_deny(hook.filter) for hook in hooks)

    @property
    def apart(self) -> Cast | None:
        """Who is who if what nothing says to be one machine is several; None where that is the same."""
        if not any(bound.apart for bound in self.roles.values()):
            return None
        roles = {name: replace(bound, endpoints=bound.apart, apart=()) if bound.apart else bound for name, bound in self.roles.items()}
        return replace(self, roles=roles)

    @property
    def public(self) -> tuple[Interval, ...]:
        """Public unicast space without the addresses of the routers that were read: those are not the internet, and nobody's servers."""
        return subtract_intervals(PUBLIC, merge_intervals(each for device in self.graph.devices for each in device.addresses))

    def internet(self, but: Iterable[Endpoint] = ()) -> Endpoint:
        """Public unicast space outside of every bound role and of `but`."""
        taken = (end for bound in self.roles.values() for end in bound.endpoints if not end.names)
        outside = subtract_intervals(self.public, _addresses((*taken, *but)))
        return Endpoint("the internet", "internet", addresses=outside, exact=True, elsewhere=True)

    def everybody(self, but: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
        """Every bound role's endpoints and every zone known, without those of `but`, and whatever is elsewhere.

        Routers whose own configuration was read are nobody: what they send for themselves is not what a document means.
        """
        found = self._everybody.get(but)
        if found is None:
            found = self._everybody[but] = self._all_but(but)
        return found

    def _all_but(self, but: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
        spared = frozenset[str]().union(*(end.zones for end in but))
        played = (end for bound in self.roles.values() for end in bound.endpoints if not end.names and not _same(end, but))
        others = (end for end in played if not self.graph.is_device(end))  # a firewall does not filter itself
        roles = [end for end in (self._bystanders(other, but) for other in others) if end.addresses]
        named = frozenset[str]().union(*(end.zones for end in (*roles, *but)))
        routers = frozenset(device.host for device in self.graph.devices)
        zones = [
            self._bystanders(_everyone_in(zone), but)
            for zone in self.graph.zones
            if zone.id not in spared | named | routers and (zone.kind is ZoneKind.GROUP or _inhabited(zone))
        ]
        zones += self._neighbours(named - spared - routers, roles)
        return (*elsewhere(but, (*roles, *zones)), *roles, *(zone for zone in zones if zone.addresses))

    def _neighbours(self, taken: frozenset[str], players: list[Endpoint]) -> Iterator[Endpoint]:
        """Who else is in the networks of zones in which only certain addresses play a role."""
        for zone in self.graph.zones:
            inside = tuple(end for end in players if zone.id in end.zones)
            if zone.id in taken and zone.kind in NETWORKS and _inhabited(zone) and all(end.exact for end in inside):
                yield self._bystanders(_everyone_in(zone), inside)

    def _bystanders(self, end: Endpoint, but: tuple[Endpoint, ...]) -> Endpoint:
        """Who else is at an endpoint: not at the addresses of `but`; of a network, machines that are in none of the groups.

        Where only a bound of the addresses of `but` is known, nobody knows which addresses in it are others'.
        """
        held = subtract_intervals(end.addresses, _exact_addresses(but))
        shared = any(not each.exact and not each.names and intersect_intervals(held, each.addresses) for each in but)
        groups = frozenset(zone.id for zone in self.graph.zones if zone.kind is ZoneKind.GROUP)
        return replace(end, addresses=held, exact=end.exact and not shared, outside=frozenset() if end.zones & groups else groups)


def without(end: Endpoint, but: Iterable[Endpoint]) -> Endpoint:
    """What of an endpoint is not surely at the addresses of others."""
    return replace(end, addresses=subtract_intervals(end.addresses, _exact_addresses(but)))


def elsewhere(but: tuple[Endpoint, ...], known: Iterable[Endpoint]) -> Iterator[Endpoint]:
    """Who is nowhere known. Where those left out (`but`) may have any private address, nobody knows which of them are others'."""
    around = subtract_intervals(UNICAST, _addresses((*but, *known)))
    hidden = any(end.addresses == ANYWHERE and not end.names for end in but)
    exact = intersect_intervals(around, PUBLIC) if hidden else around
    if exact:
        yield Endpoint("anywhere else", "any", addresses=exact, exact=True, elsewhere=True)
    private = subtract_intervals(around, PUBLIC) if hidden else ()
    if private:
        yield Endpoint("anywhere else, privately", "any", addresses=private, elsewhere=True)


OPTION = "--role"
"""Why a role is bound by an option."""

ASSUMED = "the product's default"
"""Why a role is bound that nobody said anything about: what is missing for it may be there for those who really play it."""

OUTSIDE = "internet"
"""The built-in role of public addresses outside every other: it has no members to bind, but the zones it is behind can be named."""


def lead_out(graph: Graph, claims: Iterable[Claim]) -> tuple[Graph, list[Problem]]:
    """The graph with the zones that claims say the internet is behind, where a configuration does not say it itself.

    What was only recognised is for devices of which nothing is said.
    """
    problems: list[Problem] = []
    outer: set[str] = set()
    said = {zone.device for zone in graph.zones if zone.default}
    recognised: set[str] = set()
    for claim in claims:
        if claim.role == OUTSIDE and claim.separately:
            recognised.update(claim.zones)
        elif claim.role == OUTSIDE:
            if claim.addresses or claim.names or not claim.zones:
                problems.append(Problem("role internet: name the zone it is behind; nothing else can be said of it", claim.span))
            for text in claim.zones:
                found = find_zones(graph, text)
                outer.update(zone.id for zone in found)
                if not found:
                    problems.append(Problem(_nothing_there(graph, claim.role, text), claim.span))
    said.update(zone.device for zone in graph.zones if zone.id in outer)
    outer.update(zone.id for zone in graph.zones if zone.id in recognised and zone.device not in said)
    zones = tuple(replace(zone, default=True) if zone.id in outer else zone for zone in graph.zones)
    return (replace(graph, zones=zones) if outer else graph), problems


def bind(graph: Graph, claims: Iterable[Claim]) -> tuple[Cast, list[Problem]]:
    """The cast of a run. Claims for one role add up if they have the same reason; an earlier reason overrides a later one."""
    problems: list[Problem] = []
    roles: dict[str, Bound] = {}
    outer: list[Bound] = []
    for claim in claims:
        if claim.role == OUTSIDE:
            led = (zone for text in claim.zones for zone in find_zones(graph, text) if zone.default)
            outer.append(Bound(OUTSIDE, tuple(map(zone_endpoint, led)), claim.why, claim.span))
            continue
        known = roles.get(claim.role)
        if known is not None and known.why.partition(":")[0] != claim.why.partition(":")[0]:
            continue
        try:
            found = _machines(graph, claim, problems)
        except TooManyMachines:
            roles[claim.role] = Bound(claim.role, (), claim.why, claim.span, f"its zones can be combined in more than {MOST} ways")
            continue
        if known is not None and not known.vague:
            ends = tuple(dict.fromkeys(known.endpoints + found.ends))
            apart = (known.apart or known.endpoints) + (found.apart or found.ends) if known.apart or found.apart else ()
            roles[claim.role] = Bound(claim.role, ends, known.why, known.span, apart=tuple(dict.fromkeys(apart)))
        elif found.ends and known is None:
            roles[claim.role] = Bound(claim.role, found.ends, claim.why, claim.span, apart=found.apart)
    return Cast(graph, roles, tuple(each for each in outer if each.endpoints)), problems


def claim_of(text: str, why: str) -> Claim:
    """`ROLE=BINDING` as an option gives it: zone ids, addresses and domain names, by commas. Raises ValueError with a message."""
    role, equals, what = text.partition("=")
    parts = [part.strip() for part in what.split(",") if part.strip()]
    if not equals or not role.strip() or not parts:
        raise ValueError(f"{text!r}: write ROLE=ZONE, ROLE=ADDRESS/LENGTH or ROLE=NAME, several by commas")
    addresses = tuple(part for part in parts if is_address(part))
    for part in parts:
        if is_mistaken_address(part):
            raise ValueError(f"{text!r}: {part!r} is no address, network or range")
    zones = tuple(part for part in parts if part not in addresses and ":" in part)
    names = tuple(part for part in parts if part not in addresses + zones and "." in part)
    rest = tuple(part for part in parts if part not in addresses + zones + names)
    return Claim(role.strip(), zones + rest, addresses, names, why)


def is_address(text: str) -> bool:
    """Whether `text` is an address, a network or a range of addresses."""
    try:
        address_interval(text)
    except ValueError:
        return False
    return True


def is_mistaken_address(text: str) -> bool:
    """Whether `text` can only be meant for an IPv4 address and is none: no domain name consists of numbers."""
    return bool(text) and not is_address(text) and "." in text and not text.strip("0123456789./-")


def find_zones(graph: Graph, text: str) -> tuple[Zone, ...]:
    """The zones that `text` names: by id, else by alias, else by label, else by the end of one id alone, whatever the case."""
    wanted = text.casefold()
    for names in (lambda zone: (zone.id,), lambda zone: zone.aliases, lambda zone: (zone.label,)):
        found = tuple(zone for zone in graph.zones if wanted in (name.casefold() for name in names(zone)))
        if found:
            return found
    ending = tuple(zone for zone in graph.zones if zone.id.casefold().endswith((f":{wanted}", f"#{wanted}")))
    return ending if len(ending) == 1 else ()


def zone_endpoint(zone: Zone, addresses: tuple[Interval, ...] | None = None) -> Endpoint:
    """The members of one zone."""
    held = bound_of(zone) if addresses is None else addresses
    return Endpoint(zone.label, "", frozenset({zone.id, *zone.inside}), held, zone.exact, frozenset(), zone.references)


def _everyone_in(zone: Zone) -> Endpoint:
    """Anybody in a zone: of a network whoever has one of its addresses, of a group only its members, wherever those are."""
    end = zone_endpoint(zone)
    return replace(end, exact=end.exact or (zone.kind in NETWORKS and bool(zone.networks)))


def _machines(graph: Graph, claim: Claim, problems: list[Problem]) -> Machines:
    zones: list[Zone] = []
    for text in claim.zones:
        exact = graph.zone(text) if claim.separately else None
        found = (exact,) if exact is not None else find_zones(graph, text)
        if not found:
            problems.append(Problem(_nothing_there(graph, claim.role, text), claim.span))
        zones += found
    addresses: list[Interval] = []
    for text in claim.addresses:
        try:
            addresses.append(address_interval(text))
        except ValueError:
            problems.append(Problem(f"role {claim.role}: {text!r} is no address or network", claim.span))
    held = merge_intervals(addresses) if addresses else None
    known = machines(graph, claim.role, tuple(dict.fromkeys(zones)), held, claim.separately) if zones else Machines(())
    others = tuple(_elsewhere(graph, claim, held))
    return Machines(known.ends + others, known.apart and known.apart + others)


def _elsewhere(graph: Graph, claim: Claim, held: tuple[Interval, ...] | None) -> Iterator[Endpoint]:
    """Who plays the role by addresses or names alone."""
    if held is not None and not claim.zones and not claim.names:
        yield Endpoint(addresses_text(held), claim.role, addresses=held, exact=True, outside=_apart(graph, held))
    for name in claim.names:
        yield Endpoint(name, claim.role, addresses=held or PUBLIC, names=frozenset({name}))


def _apart(graph: Graph, held: tuple[Interval, ...]) -> frozenset[str]:
    """The groups whose members can have none of these addresses."""
    groups = (zone for zone in graph.zones if zone.kind is ZoneKind.GROUP and zone.networks is not None)
    return frozenset(zone.id for zone in groups if not intersect_intervals(zone.networks or (), held))


def _nothing_there(graph: Graph, role: str, text: str) -> str:
    known = sorted(zone.id for zone in graph.zones)
    close = nearest(text, known)
    listed = f"there are {zones_text(graph, 8)}" if known else "no zone was found in what was read"
    return f"role {role}: there is no {text!r}; {f'did you mean {close!r}? ' if close else ''}{listed}"


def zones_text(graph: Graph, most: int) -> str:
    """The zones that can be named, the first few of them; empty where there is none."""
    known = sorted(zone.id for zone in graph.zones)
    return f"{', '.join(known[:most])}{' …' if len(known) > most else ''}"


def advice(role: str, graph: Graph | None = None) -> str:
    """How to say who plays a role."""
    zones = zones_text(graph, 4) if graph is not None else ""
    here = f" (an address, a name, or a zone: {zones})" if zones else ""
    return f"say who plays {role}: roles in auditor.yaml, or --role {role}=…{here}"


def _inhabited(zone: Zone) -> bool:
    """Whether machines of their own are in the zone; behind an interface there are some even where its networks are not known."""
    return not zone.default and bool(zone.networks or (zone.kind is ZoneKind.INTERFACE and zone.networks is None))


def _addresses(ends: Iterable[Endpoint]) -> tuple[Interval, ...]:
    """The addresses that are taken by `ends`. A bound as wide as all of IPv6's public space takes none: others are there too."""
    return merge_intervals(
        (low, high) for end in ends if end.addresses != ANYWHERE for low, high in end.addresses if end.exact or high - low < _WIDE
    )


def _exact_addresses(ends: Iterable[Endpoint]) -> tuple[Interval, ...]:
    return _addresses(end for end in ends if end.exact)


def _same(end: Endpoint, others: tuple[Endpoint, ...]) -> bool:
    return any(end == other or (end.role == other.role and end.role != "") for other in others)


def _targets(endpoint: Endpoint) -> list[str]:
    if endpoint.names:
        return sorted(endpoint.names)
    held = addresses_text(endpoint.addresses) if endpoint.exact else ""
    return [f"{zone} ({held})" if held else zone for zone in sorted(endpoint.zones)] or [held or endpoint.label]
