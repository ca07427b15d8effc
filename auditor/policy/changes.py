"""What a change does: the flows that it opens, closes and leaves undecided between roles and zones, and the requirements it decides anew.

A flow is opened if it surely passes now and could not before; closed the other way round. So nothing changes between a tree and itself,
and what is opened one way is closed the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from auditor.analysis import reach
from auditor.analysis.difference import Differences
from auditor.model.filters import Rule, Verdict
from auditor.model.findings import Location, Outcome, TraceStep, Witness
from auditor.model.graph import Endpoint, Graph, Way, ZoneKind
from auditor.model.headers import NEW_FLOW, addresses_text, destinations, services_text, sources
from auditor.model.packets import EVERYTHING, NOTHING, Field, PacketSet
from auditor.model.record import dataclass
from auditor.policy.binding import Cast, zone_endpoint
from auditor.policy.evidence import evidence

_MOST_ZONES = 40


class Effect(StrEnum):
    """What became of a flow."""

    OPENED = "opened"
    CLOSED = "closed"
    UNDECIDED = "undecided"  # the configuration decided it before, or decides it now, but not both


@dataclass(frozen=True, slots=True)
class Change:
    """One flow between two parties that changed, with a packet of it and the line that did it, where one can be named."""

    effect: Effect
    source: str
    destination: str
    services: tuple[str, ...]
    sources: str
    destinations: str
    packets: PacketSet
    witness: Witness | None = None
    trace: tuple[TraceStep, ...] = ()
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Let:
    """What passes between two parties, and the ways on which it does."""

    surely: PacketSet = NOTHING
    maybe: PacketSet = NOTHING
    ways: tuple[Way, ...] = ()


def changes(before: tuple[Graph, Cast], after: tuple[Graph, Cast]) -> Iterator[Change]:
    """Every flow that changed between two states, by source and destination in order."""
    old, new = everyone(*before), everyone(*after)
    names = list(dict.fromkeys((*new, *old)))
    differences = Differences()
    for source in names:
        for destination in names:
            if _sends(old, new, source) and (source != destination or source != "the internet"):
                was, now = ways_between(before[0], old, source, destination), ways_between(after[0], new, source, destination)
                where = differences.ways(was, now)
                if where:
                    yield from _between(source, destination, _let_through(was, where), _let_through(now, where))


def _sends(old: Mapping[str, tuple[Endpoint, ...]], new: Mapping[str, tuple[Endpoint, ...]], name: str) -> bool:
    """Whether flows from there are worth telling: somebody known only by name is asked, and does not ask."""
    return any(not end.names for end in (*old.get(name, ()), *new.get(name, ())))


def _between(source: str, destination: str, was: Let, now: Let) -> Iterator[Change]:
    opened = now.surely - was.maybe
    closed = was.surely - now.maybe
    doubt = _differ(now, was)
    for effect, packets in ((Effect.OPENED, opened), (Effect.CLOSED, closed), (Effect.UNDECIDED, doubt - opened - closed)):
        if packets:
            yield _change(effect, source, destination, packets, was, now)


def _differ(now: Let, was: Let) -> PacketSet:
    """Packets that are undecided on one side only."""
    a, b = now.maybe - now.surely, was.maybe - was.surely
    return (a - b) | (b - a)


def everyone(graph: Graph, cast: Cast) -> Mapping[str, tuple[Endpoint, ...]]:
    """Everybody flows are compared between: roles, zones nobody plays a role in, and the internet."""
    found = {role: bound.endpoints for role, bound in sorted(cast.roles.items())}
    taken = {zone for ends in found.values() for end in ends for zone in end.zones}
    free = [zone for zone in graph.zones if zone.id not in taken and not zone.default and zone.kind is not ZoneKind.SUBNET]
    found.update((zone.id, (zone_endpoint(zone),)) for zone in free[:_MOST_ZONES])
    found["the internet"] = (cast.internet(),)
    return found


def let_through(graph: Graph, parties: Mapping[str, tuple[Endpoint, ...]], source: str, destination: str) -> Let:
    """What passes; nothing where one of the two is not there, or no filter that was read stands at either."""
    return _let_through(ways_between(graph, parties, source, destination), EVERYTHING)


def ways_between(graph: Graph, parties: Mapping[str, tuple[Endpoint, ...]], source: str, destination: str) -> tuple[Way, ...]:
    """The ways between two parties; none where nothing that was read stands on them or at their ends."""
    return tuple(
        way
        for start in parties.get(source, ())
        for end in parties.get(destination, ())
        for way in graph.ways(start, end)
        if way.crossings or graph.guards(start) or graph.guards(end)
    )


def _let_through(ways: tuple[Way, ...], where: PacketSet) -> Let:
    surely, maybe = NOTHING, NOTHING
    for way in ways:
        question = NEW_FLOW & sources(way.source.addresses) & destinations(way.destination.addresses) & where
        if question:
            found = reach.way_bounds(way, question)
            surely, maybe = surely | found.surely, maybe | found.maybe
    return Let(surely, maybe, ways)


def _change(effect: Effect, source: str, destination: str, packets: PacketSet, was: Let, now: Let) -> Change:
    witness, trace, place = _shown(effect, packets, was, now)
    return Change(
        effect,
        source,
        destination,
        services_text(packets, 8),
        _ends_text(packets, Field.SOURCE),
        _ends_text(packets, Field.DESTINATION),
        packets,
        witness,
        trace,
        place,
    )


def _ends_text(packets: PacketSet, field: Field) -> str:
    """The addresses of one end, where the flow is about some and not about all of them."""
    spans = packets.values(field)
    return addresses_text(spans, 3)


def _shown(effect: Effect, packets: PacketSet, was: Let, now: Let) -> tuple[Witness | None, tuple[TraceStep, ...], Location | None]:
    """A packet of the flow, its way through the state that decides it now, and the rule that made the difference.

    That is the rule, in either state, of the filter that stops the packet in one of them and not in the other.
    """
    stopped, passed = (now, was) if effect is Effect.CLOSED else (was, now)
    denied, permitted = _replayed(stopped, packets, Verdict.DENY), _replayed(passed, packets, Verdict.PERMIT)
    shown = (denied if effect is Effect.CLOSED else permitted) or permitted or denied
    if shown is None:
        return None, (), None
    steps, packet = shown
    told = evidence(packet, steps)
    stop = denied[0][-1] if denied and denied[0] else None
    if stop is not None and stop.decision.rule is not None:
        return told.witness, told.trace, _place(stop.decision.rule)
    rules = [
        (step.crossing.filter.name, step.decision.rule) for step in (permitted[0] if permitted else ()) if step.decision.rule is not None
    ]
    same = next((rule for name, rule in rules if stop is not None and name == stop.crossing.filter.name), None)
    return told.witness, told.trace, _place(same or (rules[-1][1] if rules else None))


def _replayed(let: Let, packets: PacketSet, wanted: Verdict) -> tuple[tuple[reach.Step, ...], dict[Field, int]] | None:
    for way in let.ways:
        part = packets & sources(way.source.addresses) & destinations(way.destination.addresses)
        if part:
            packet = reach.witness(part, way)
            steps = reach.replay(way, packet, wanted)
            passes = not steps or not steps[-1].decision.verdict.denies
            if passes == (wanted is Verdict.PERMIT):
                return steps, packet
    return None


def _place(rule: Rule | None) -> Location | None:
    return Location(rule.span, "", rule.name or rule.text) if rule is not None else None


@dataclass(frozen=True, slots=True)
class Turn:
    """A requirement whose outcome changed; None where it was not asked."""

    rule: str
    before: Outcome | None
    after: Outcome | None


def turns(before: Mapping[str, Outcome], after: Mapping[str, Outcome]) -> tuple[Turn, ...]:
    """The requirements that were decided anew, by id."""
    names = sorted({*before, *after})
    return tuple(Turn(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name))
