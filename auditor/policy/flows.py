"""A requirement's flow as pairs of endpoints, each judged on every way between them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from operator import itemgetter

from auditor.analysis import reach
from auditor.analysis.alike import Likeness, Row, row
from auditor.analysis.crowds import Crowds
from auditor.analysis.reach import Judgement
from auditor.model.findings import Location, Outcome
from auditor.model.graph import Crossing, Endpoint, Graph, Place, Way, ZoneKind
from auditor.model.headers import (
    ANYWHERE,
    IPV4,
    Protocol,
    address_interval,
    icmp,
    intersect_intervals,
    merge_intervals,
    ports,
    protocol_set,
    subtract_intervals,
)
from auditor.model.packets import EVERYTHING, NOTHING, Field, Interval, PacketSet
from auditor.model.record import dataclass, field, replace
from auditor.model.source import Unknown
from auditor.policy.binding import ASSUMED, Cast, without
from auditor.policy.foreign import Foreign
from auditor.policy.machines import Sites, apart
from auditor.policy.neighbours import BySite, Neighbourhood
from auditor.policy.ruleset import ANY, INTERNET, Flow, Ruleset, Scope, Term, TermKind, Who
from auditor.policy.services import Protocol as Named
from auditor.policy.services import Service
from auditor.policy.upkeep import UPKEEP, Upkeep

_NUMBERS = {Named.TCP: Protocol.TCP, Named.UDP: Protocol.UDP, Named.ICMP: Protocol.ICMP, Named.ICMPV6: Protocol.ICMPV6}
_ALL_PORTS = ((0, 65535),)


def packets_of(service: Service) -> PacketSet:
    """Every packet of a service. ICMP without a family is both: for any type both protocols, an echo request of either (its code is 0)."""
    if service.protocol is Named.ANY:
        return EVERYTHING
    if service.protocol is Named.ICMP:
        if service.icmp_type is None:
            return protocol_set(Protocol.ICMP, Protocol.ICMPV6)
        if service.icmp_type == 8:
            return icmp(Protocol.ICMP, 8, 0) | icmp(Protocol.ICMPV6, 128, 0)
        return icmp(Protocol.ICMP, service.icmp_type)
    if service.protocol is Named.ICMPV6:
        return icmp(Protocol.ICMPV6, service.icmp_type)
    return ports(_NUMBERS[service.protocol], service.ports or _ALL_PORTS, service.source_ports or _ALL_PORTS)


@dataclass(frozen=True, slots=True)
class Pair:
    """One source, one destination, one service, and how each way between them answers."""

    source: Endpoint
    destination: Endpoint
    service: Service
    outcome: Outcome
    judgements: tuple[Judgement, ...] = ()
    place: Location | None = None  # where no filter stands that could have stopped it

    @property
    def worst(self) -> Judgement | None:
        """The judgement that shows the outcome."""
        heaviest = max(self.judgements, key=lambda each: each.outcome.weight, default=None)
        return heaviest if heaviest is not None and heaviest.outcome is not Outcome.HOLDS else None


_Place = tuple[int, int]
"""Which of a flow's sources and destinations a pair is made of."""


@dataclass(slots=True)
class _Crowd:
    """Sources that a destination may not tell apart, by rows: the first and its way, which is the others' but for their addresses."""

    place: _Place
    source: Endpoint
    destination: Endpoint
    way: Way | None = None
    rows: list[Row] = field(default_factory=list)

    @property
    def addresses(self) -> tuple[Interval, ...]:
        """Where any of them may be, and perhaps the destination too."""
        return self.rows[0].addresses if len(self.rows) == 1 else merge_intervals(span for each in self.rows for span in each.addresses)

    def join(self, other: _Crowd) -> None:
        """Those of another crowd as well."""
        self.rows += other.rows
        if other.place < self.place:
            self.place, self.source, self.way = other.place, other.source, other.way


@dataclass(slots=True)
class Stage:
    """Where requirements are asked: the graph, who is who in it, and the ways found so far.

    `each`: every pair is told, also those that cannot differ from one that was.
    """

    graph: Graph
    cast: Cast
    ruleset: Ruleset
    each: bool = False
    _guarded: dict[Endpoint, bool] = field(default_factory=dict)
    _names: frozenset[str] | None = None
    _crowds: dict[tuple[Who, Who], list[_Crowd]] = field(default_factory=dict)
    _others: dict[Who, BySite] = field(default_factory=dict)
    _upkeep: Upkeep = field(default_factory=Upkeep)
    _foreign: Foreign = field(init=False)
    _seen: Crowds = field(init=False)
    _likeness: Likeness = field(init=False)
    _near: Neighbourhood = field(init=False)

    def __post_init__(self) -> None:
        self._seen = Crowds(self.graph)
        self._likeness = Likeness(self.graph)
        self._near = Neighbourhood(self.graph, self.endpoints, self._but)
        self._foreign = Foreign(self.graph)

    def endpoints(self, who: Who) -> tuple[Endpoint, ...]:
        """The endpoints `who` stands for; unbound roles are left out (see `unbound`)."""
        but = self._but(who)
        return tuple(dict.fromkeys(end for term in who.terms for end in self._of(term, but)))

    def _but(self, who: Who) -> tuple[Endpoint, ...]:
        return tuple(end for term in who.but for end in self._of(term, ()))

    def unbound(self, flow: Flow) -> tuple[str, ...]:
        """Roles of the flow that nobody plays, and that may not be just anybody."""
        roles = (*flow.sources.roles(), *flow.destinations.roles())
        return tuple(dict.fromkeys(role for role in roles if role not in (ANY, INTERNET) and not self._played(role)))

    def _played(self, role: str) -> bool:
        known = self.ruleset.roles.get(role)
        return bool(self.cast.endpoints(role)) or (known is not None and known.somewhere and not self.cast.bound(role))

    def _of(self, term: Term, but: tuple[Endpoint, ...]) -> Iterable[Endpoint]:
        if term.kind in (TermKind.NAME, TermKind.HOST):
            outside = term.kind is TermKind.NAME
            return (Endpoint(term.text, addresses=self.cast.public, names=frozenset({term.text}), elsewhere=outside),)
        if term.kind is TermKind.ADDRESS:
            return (Endpoint(term.text, addresses=(address_interval(term.text),), exact=True),)
        if term.text == INTERNET:
            return (self.cast.internet(but),)
        if term.text == ANY:
            return self.cast.everybody(but)
        known = self.ruleset.roles.get(term.text)
        if not self.cast.bound(term.text) and known is not None and known.somewhere:
            return (Endpoint(known.description or known.name, term.text, addresses=ANYWHERE),)
        ends = (replace(end, strange=self._public_names()) for end in self.cast.endpoints(term.text))
        return tuple(rest for end in ends if end not in but and (rest := without(end, but)).addresses)

    def _public_names(self) -> frozenset[str]:
        """The names of the internet that the ruleset speaks of: nobody who plays a role here goes by them."""
        if self._names is None:
            ends = (choice for each in self.ruleset.requirements for choice in (*each.sources, *each.destinations))
            self._names = frozenset(term.text for choice in ends for term in choice.who.terms if term.kind is TermKind.NAME)
        return self._names

    # -- judging

    def allow(self, flow: Flow, scope: Scope) -> Iterator[Pair]:
        """Whether every packet of the flow gets through and is answered, pair by pair; of pairs that cannot differ, the first."""
        judged: list[tuple[tuple[_Place, int], Pair]] = []
        for number, service in enumerate(flow.services):
            packets = packets_of(service)
            for place, source, destination in self._asked(flow, scope, packets):
                found = self._allowed(source, destination, flow, scope, packets)
                judged += (((place, number), pair) for pair in self._pair(source, destination, service, found))
        return (pair for _, pair in sorted(judged, key=itemgetter(0)))

    def _allowed(self, source: Endpoint, destination: Endpoint, flow: Flow, scope: Scope, packets: PacketSet) -> list[Judgement | None]:
        if self._is_anybody(destination):
            return self._some(packets, self._anywhere(source, destination, flow, scope))
        found = [reach.allowed(self.graph, way, packets) for way in self._scoped(source, destination, scope)]
        if self._is_assumed(destination) and any(each is not None and each.outcome is Outcome.BROKEN for each in found):
            return self._unless_others(destination.role, packets, found, self._anywhere(source, destination, flow, scope))
        return found

    def _asked(self, flow: Flow, scope: Scope, packets: PacketSet) -> Iterator[tuple[_Place, Endpoint, Endpoint]]:
        """The pairs to ask, each with its place in their order: of every crowd whose members cannot differ, the first."""
        crowds = self._crowds.get((flow.sources, flow.destinations))
        if crowds is None:
            crowds = self._crowds[flow.sources, flow.destinations] = self._gathered(flow)
        for crowd in crowds:
            lone = len(crowd.rows) == 1 and len(crowd.rows[0].ends) == 1
            if lone or crowd.way is None or self._seen.agree(_of_scope(crowd.way, scope), crowd.addresses, packets):
                yield crowd.place, crowd.source, crowd.destination
            else:
                yield from self._apart(crowd, scope, packets)

    def _apart(self, crowd: _Crowd, scope: Scope, packets: PacketSet) -> Iterator[tuple[_Place, Endpoint, Endpoint]]:
        """The pairs to ask of a crowd that is not of one mind; one for each of the sources' addresses."""
        members = sorted((number, end) for each in crowd.rows for number, end in each.ends if not _one_machine(end, crowd.destination))
        ends = {end.addresses: (number, end) for number, end in reversed(members)}
        asked = sorted(ends.values())
        ways = tuple(_of_scope(way, scope) for _, end in asked for way in self.graph.ways(end, crowd.destination))
        first = 0
        for part in self._seen.of_one_mind(ways, packets):
            number, end = asked[first]
            yield (number, crowd.place[1]), end, crowd.destination
            first += len(part)

    def _gathered(self, flow: Flow) -> list[_Crowd]:
        """The pairs of a flow, those of which the destination sees the same as one crowd."""
        crowds: dict[Hashable, _Crowd] = {}
        sources = self.endpoints(flow.sources)
        sites: dict[Sites, list[Row]] = {}
        for each in map(row, ([one] for one in enumerate(sources))) if self.each else self._likeness.rows(sources):
            sites.setdefault(self._near.site(each.ends[0][1]), []).append(each)
        for number, named in enumerate(self.endpoints(flow.destinations)):
            near = (each for site, rows in sites.items() if not apart(site, self._near.site(named)) for each in rows)
            seen = ((self._row_to(each, named, flow.sources), self._near.seen(named, each.ends[0][1], flow.destinations)) for each in near)
            for kind, crowd in (met for each, end in seen for met in self._met(each, number, end)):
                known = crowds.setdefault(kind, crowd)
                if known is not crowd:
                    known.join(crowd)
        return list(crowds.values())

    def _met(self, asked: Row, number: int, named: Endpoint) -> Iterator[tuple[Hashable, _Crowd]]:
        """How a destination meets a row of sources: all of them in one way, or each on its own; and of what kind they are to it."""
        first = next(((place, end) for place, end in asked.ends if not _one_machine(end, named)), None)
        if first is None:
            return
        place, source, destination = (first[0], number), first[1], self.graph.as_met(first[1], named)
        unseen = self.each or self._is_anybody(destination) or self._is_assumed(destination)
        told = None if unseen else self._seen.kind(source, destination)
        if told is not None and told[1].source.addresses == source.addresses:
            yield (destination, told[0]), _Crowd(place, source, destination, told[1], [asked])
        elif len(asked.ends) == 1:
            yield place, _Crowd(place, source, destination, None, [asked])
        else:
            for each in asked.ends:
                yield from self._met(row([each]), number, named)

    def deny(self, flow: Flow, scope: Scope, spared: PacketSet | None = None, answers: PacketSet = NOTHING) -> Iterator[Pair]:
        """Whether no packet of the flow gets through, pair by pair. `spared` packets are left out.

        That what looks like one of the `answers` passes a filter that cannot tell answers from new packets is undecided, not broken.
        """
        whole = self.each or bool(self.unbound(flow))  # how much gets through says whether it may be those whom nobody named
        for source, destination in self._pairs(flow):
            for service in flow.services:
                packets = packets_of(service)
                ways = self._scoped(source, destination, scope)
                if source.role == destination.role or self._hypothetical(source):
                    ways = tuple(way for way in ways if way.crossings)  # what crosses nothing among themselves is their own
                if spared is not None:
                    packets -= spared
                if service.protocol is Named.ANY:
                    packets -= UPKEEP
                    ways = tuple(map(self._upkeep.left_out, ways))
                yield from self._denied(source, destination, service, [self._denied_here(way, packets, answers, whole) for way in ways])

    def _denied_here(self, way: Way, packets: PacketSet, answers: PacketSet, whole: bool) -> Judgement | None:
        """What holds only by a router of another site, which may not stand there, is undecided."""
        judged = _denied(way, packets, answers, whole)
        stranger = self._foreign.stranger(way) if judged is not None and judged.outcome is Outcome.HOLDS else None
        if stranger is None:
            return judged
        others = _denied(self._foreign.left_out(way), packets, answers, whole)
        if others is None or others.outcome is Outcome.HOLDS:
            return judged
        reason = f"whether {self._foreign.name(stranger)} stands there: it lies in the directory of another site"
        return Judgement(Outcome.OPEN, way, others.packets, (Unknown(reason, reference="zone"),), stranger)

    def replies(self, flow: Flow) -> Iterator[Pair]:
        """Whether what the flow sends out is answered, where it gets out at all."""
        for pair in self.allow(flow, Scope.PATH):
            if pair.outcome is Outcome.HOLDS or any(each.reply for each in pair.judgements):
                yield pair

    def _hypothetical(self, source: Endpoint) -> bool:
        """Whether nothing says that anybody is there: a network, of which machines in other roles are known."""
        known = self.ruleset.roles.get(source.role)
        return not source.role or (known is not None and known.network_of != "")

    def _pairs(self, flow: Flow) -> Iterator[tuple[Endpoint, Endpoint]]:
        destinations = self._near.by_site(self.endpoints(flow.destinations))
        for source in self.endpoints(flow.sources):
            for destination in self._near.beside(source, destinations):
                if not _one_machine(source, destination):
                    yield self._near.seen(source, destination, flow.sources), self._near.seen(destination, source, flow.destinations)

    def are_apart(self, flow: Flow) -> bool:
        """Whether every pair of the flow's ends is of different sites."""
        destinations = self._near.by_site(self.endpoints(flow.destinations))
        return not any(self._near.beside(source, destinations) for source in self.endpoints(flow.sources))

    def left_out(self, flow: Flow) -> tuple[Endpoint, ...]:
        """The ends of a flow about whom nothing is asked: all at the other end are of other sites, and who plays either was said."""
        said = any(bound.said for role, bound in self.cast.roles.items() if role in (*flow.sources.roles(), *flow.destinations.roles()))
        sides = (self.endpoints(flow.sources), self.endpoints(flow.destinations)) if said else ((), ())
        found: list[Endpoint] = []
        for ends, others in (sides, sides[::-1]):
            sites = self._near.by_site(others)
            players = (end for end in ends if end.role in self.cast.roles and self._near.site(end) not in sites)
            found += (end for end in players if sites and all(apart(self._near.site(end), site) for site in sites))
        return tuple(dict.fromkeys(found))

    def _row_to(self, asked: Row, other: Endpoint, who: Who) -> Row:
        number, first = asked.ends[0]
        seen = self._near.seen(first, other, who)
        return asked if seen is first else row([(number, seen)])

    def _scoped(self, source: Endpoint, destination: Endpoint, scope: Scope) -> tuple[Way, ...]:
        ways = self.graph.ways(source, destination)
        return ways if scope is Scope.PATH else tuple(way for each in ways if (way := _of_scope(each, scope)).crossings)

    def _is_anybody(self, end: Endpoint) -> bool:
        """Whether the endpoint stands for a role that may be at any address."""
        known = self.ruleset.roles.get(end.role)
        return known is not None and known.somewhere and not self.cast.bound(known.name)

    def _is_assumed(self, end: Endpoint) -> bool:
        """Whether nobody said who plays the endpoint's role, and it is the product's default."""
        return end.role in self.cast.roles and self.cast.roles[end.role].why == ASSUMED

    def _unless_others(
        self, role: str, packets: PacketSet, found: list[Judgement | None], elsewhere: tuple[Way, ...]
    ) -> list[Judgement | None]:
        """What is blocked for a role that is only assumed is undecided if somebody else may be reached, who may be meant."""
        if not any(reach.way_maybe(way, reach.flow(way, packets)) for way in elsewhere):
            return found
        doubt = Unknown(f"who {role} is: others than the product's default may be reached", reference=f"role {role}")
        return [each and replace(each, outcome=min(each.outcome, Outcome.OPEN, key=_weight), unknowns=(doubt,)) for each in found]

    def _anywhere(self, source: Endpoint, anybody: Endpoint, flow: Flow, scope: Scope) -> tuple[Way, ...]:
        """The ways to wherever such a role may be: to everybody but the flow's own sources, who are not what is looked for."""
        others = self._others.get(flow.sources)
        if others is None:
            own = tuple(end for term in flow.sources.terms for end in self._of(term, ()))
            others = self._others[flow.sources] = self._near.by_site(self.cast.everybody(own))
        ways = [way for end in self._near.beside(source, others) for way in self._scoped(source, end, scope) if way.crossings]
        return tuple(replace(way, destination=replace(way.destination, label=anybody.label)) for way in ways) or self._scoped(
            source, anybody, scope
        )

    def _some(self, packets: PacketSet, ways: tuple[Way, ...]) -> list[Judgement | None]:
        """For a role that may be anybody, one that every source reaches is enough; it is missing only where none can be reached."""
        judged: list[Judgement | None] = []
        for way in ways:
            judged.append(each := reach.allowed(self.graph, way, packets))
            if each is not None and not each.reply and (each.outcome is Outcome.HOLDS or _reached_by_all(way, reach.flow(way, packets))):
                return [replace(each, outcome=Outcome.HOLDS)]
        undecided = [each for each in judged if each is not None and each.outcome is Outcome.OPEN]
        return [*undecided] or judged

    def _denied(self, source: Endpoint, destination: Endpoint, service: Service, found: list[Judgement | None]) -> Iterator[Pair]:
        """As `_pair`; a router that was read, filters others and lets this flow by does let it through."""
        judgements = tuple(judged for judged in found if judged is not None)
        passed = self.graph.unfiltered(source, destination) if judgements and not _filtered(judgements) else None
        if passed is None:
            yield from self._pair(source, destination, service, found)
        else:
            place = Location(passed.span, "", passed.label)
            yield Pair(source, destination, service, reach.outcome_of(judgements), judgements, place)

    def _pair(self, source: Endpoint, destination: Endpoint, service: Service, found: list[Judgement | None]) -> Iterator[Pair]:
        judgements = [judged for judged in found if judged is not None]
        if not judgements:
            return
        if not _filtered(judgements) and not (self._is_guarded(source) or self._is_guarded(destination)):
            nobody = self._nobody_between(source, destination)
            yield Pair(source, destination, service, Outcome.OPEN, (Judgement(Outcome.OPEN, judgements[0].way, unknowns=(nobody,)),))
            return
        yield Pair(source, destination, service, reach.outcome_of(judgements), tuple(judgements))

    def _nobody_between(self, source: Endpoint, destination: Endpoint) -> Unknown:
        """Why no filter is known to be crossed: none is there, or a router that was read does not say what is behind its interfaces."""
        ends = f"{source.label} and {destination.label}"
        routers = {zone.device for zone in self.graph.zones if zone.device and zone.kind is ZoneKind.INTERFACE and zone.networks is None}
        vague = next((device for device in self.graph.devices if device.id in routers), None)
        if vague is None:
            return Unknown(f"no firewall that was read stands between {ends}")
        return Unknown(f"behind which interfaces of {vague.label} {ends} are, if it stands between them", reference="zone")

    def _is_guarded(self, end: Endpoint) -> bool:
        """Whether some filter that was read stands at this endpoint."""
        known = self._guarded.get(end)
        if known is None:
            known = self._guarded[end] = self.graph.guards(end)
        return known


def _filtered(judgements: Iterable[Judgement]) -> bool:
    return any(judged.way.crossings for judged in judgements)


def _denied(way: Way, packets: PacketSet, answers: PacketSet, whole: bool) -> Judgement | None:
    judged = reach.denied(way, packets, whole)
    blind = [crossing for crossing in way.crossings if any(hook.blind for hook in crossing.hooks)]
    if judged is None or judged.outcome is Outcome.HOLDS or not blind or not answers:
        return judged
    others = reach.denied(way, packets - answers, whole)
    if others is not None and others.outcome is not Outcome.HOLDS:
        return others
    reason = f"what looks like an answer may be one: {blind[0].label} keeps no state and cannot tell"
    return Judgement(Outcome.OPEN, way, judged.packets, (Unknown(reason),), judged.crossing)


def _reached_by_all(way: Way, question: PacketSet) -> bool:
    """Whether every source of the question surely gets some packet of it through."""
    reached = reach.way_surely(way, question).values(Field.SOURCE)
    asked = question.values(Field.SOURCE)
    return bool(reached) and not subtract_intervals(intersect_intervals(asked, (IPV4,)) or asked, reached)


def _weight(outcome: Outcome) -> int:
    return outcome.weight


def _of_scope(way: Way, scope: Scope) -> Way:
    return way if scope is Scope.PATH else replace(way, crossings=tuple(filter(_of_network, way.crossings)))


def _of_network(crossing: Crossing) -> bool:
    return any(hook.device is not None or hook.place is Place.TRANSIT for hook in crossing.hooks)


def _one_machine(source: Endpoint, destination: Endpoint) -> bool:
    single = len(source.addresses) == 1 and source.addresses[0][0] == source.addresses[0][1]
    return single and source.addresses == destination.addresses
