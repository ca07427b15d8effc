"""What a change does: the flows that it opens, closes and leaves undecided between roles and zones, and the requirements it decides anew.

A flow is opened if it surely passes now and could not before; closed the other way round. So nothing changes between a tree and itself,
and what is opened one way is closed the other. A group that is made new could not be reached before; of a machine whose firewall is read in
one state alone, nothing is known in the other: its flows are undecided, and not closed because a file was deleted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from enum import StrEnum

from auditor.analysis import reach
from auditor.analysis.difference import Differences
from auditor.analysis.replay import Step, replay, witness
from auditor.model.filters import Rule, Verdict, all_rules, overwritten
from auditor.model.findings import Location, Outcome, TraceStep, Witness
from auditor.model.graph import Crossing, Endpoint, Graph, Hook, Place, Way, ZoneKind
from auditor.model.headers import (
    ANYWHERE,
    IPV4,
    IPV6,
    NEW_FLOW,
    PRIVATE,
    PUBLIC,
    addresses_text,
    destinations,
    intersect_intervals,
    services_text,
    sources,
    subtract_intervals,
)
from auditor.model.packets import EVERYTHING, NOTHING, Field, PacketSet, union
from auditor.model.record import dataclass, replace
from auditor.policy.binding import Cast, zone_endpoint
from auditor.policy.evidence import evidence

OTHERS = "other private addresses"
"""Who may be in the networks of groups, or behind a router's routes, and is in no zone or role of either state."""

ANYBODY = Endpoint("anybody")

Parties = Mapping[str, tuple[Endpoint, ...]]


class Effect(StrEnum):
    """What became of a flow."""

    OPENED = "opened"
    CLOSED = "closed"
    UNDECIDED = "undecided"  # the configuration decided it before, or decides it now, but not both


@dataclass(frozen=True, slots=True)
class Change:
    """One flow between two parties that changed, with a packet of it and the line that did it, where one can be named.

    `was_there`: the line is one of the state before; `was_traced`: the packet's way is. `may_open`: something may pass now that did not
    surely before. `why` it is undecided, where one state says nothing about it.
    """

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
    was_there: bool = False
    was_traced: bool = False
    may_open: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class Let:
    """What passes between two parties, and the ways on which it does."""

    surely: PacketSet = NOTHING
    maybe: PacketSet = NOTHING
    ways: tuple[Way, ...] = ()


def changes(before: tuple[Graph, Cast], after: tuple[Graph, Cast]) -> Iterator[Change]:
    """Every flow that changed between two states, by source and destination in order."""
    moved = moved_files(before[0], after[0])
    old, new = {_now_called(name, moved): ends for name, ends in everyone(*before).items()}, everyone(*after)
    others = _others(before[0], after[0], old, new)
    old, new = {**old, OTHERS: others}, {**new, OTHERS: others}
    names = list(dict.fromkeys((*new, *old)))
    differences = Differences()
    touched = _touched(before[0], after[0], old, new, differences)
    told: set[str] = set()
    for source in names:
        for destination in names:
            if touched is not None and touched.isdisjoint((source, destination)):
                continue
            if not _sends(old, new, source) or (source == destination and source in ("the internet", OTHERS)):
                continue
            was, now = ways_between(before[0], old, source, destination), ways_between(after[0], new, source, destination)
            where = differences.ways(was, now)
            if not where:
                continue
            let = [_let_through(ways, where, tuple(differences.part(way, where) for way in ways)) for ways in (was, now)]
            absent = [name for name in (source, destination) if name not in (new if was else old)]
            present = (before[0], old) if was else (after[0], new)
            known = (was and now) or (absent and all(_made(present[0], present[1][name]) for name in absent))
            found = tuple((_between if known else _unread)(source, destination, *let))
            if found:
                told.update(hook.id for way in (*was, *now) for crossing in way.crossings for hook in crossing.hooks)
            yield from found
    yield from _through_routers(before[0], after[0], moved, told, differences)


def _through_routers(before: Graph, after: Graph, moved: Mapping[str, str], told: set[str], differences: Differences) -> Iterator[Change]:
    """What changed in the filters of routers between machines that nobody named, and to whom they send packets on."""
    old, new = {_now_called(name, moved): way for name, way in _routers(before).items()}, _routers(after)
    for name in dict.fromkeys((*new, *old)):
        was, now = old.get(name), new.get(name)
        where = differences.ways((was,) if was else (), (now,) if now else ())
        if not where:
            continue
        let = [_let_through((way,) if way else (), where) for way in (was, now)]
        beyond = f"what is behind {name}"
        found = tuple((_between if was and now else _unread)(ANYBODY.label, beyond, *let))
        ways = [way for way in (was, now) if way]
        if told.isdisjoint(hook.id for way in ways for crossing in way.crossings for hook in crossing.hooks):
            yield from found
        if was and now and not found:
            yield from _sent_on(was, now, beyond, let, differences)


def _routers(graph: Graph) -> dict[str, Way]:
    """The way through the filters of each router, between whomever."""
    hooks: dict[str, list[Hook]] = {}
    for hook in graph.hooks:
        if hook.place is Place.TRANSIT and hook.device is not None:
            hooks.setdefault(hook.device, []).append(hook)
    return {
        name: Way(ANYBODY, ANYBODY, tuple(Crossing((each,), each.filter, ANYBODY, ANYBODY) for each in its)) for name, its in hooks.items()
    }


def _sent_on(was: Way, now: Way, beyond: str, let: list[Let], differences: Differences) -> Iterator[Change]:
    """Where the same packets pass as before, and are sent on to somebody else."""
    known = differences.meanings(_translating(was))
    for rule in _translating(now):
        packets = rule.condition.settle(lambda _: None).maybe & NEW_FLOW & let[1].maybe
        if packets and not differences.meanings((rule,)) <= known:
            made = _change(Effect.UNDECIDED, ANYBODY.label, beyond, packets, let[0], let[1], may_open=True)
            yield replace(made, location=_place(rule), was_there=False, why="they are sent on to another address or port than before")


def _translating(way: Way) -> tuple[Rule, ...]:
    """The rules that write over where a packet goes."""
    lists = (stage.rules for crossing in way.crossings for stage in crossing.filter.stages())
    return tuple(rule for rules in lists for rule in rules if overwritten((rule,)) & {Field.DESTINATION, Field.DESTINATION_PORT})


def _touched(before: Graph, after: Graph, old: Parties, new: Parties, differences: Differences) -> frozenset[str] | None:
    """The parties that are others now, or at which a filter is; None where a router or the groups are, which may concern everybody."""
    if _common(before) != _common(after):
        return None
    hooks = [{hook.id: hook for hook in graph.hooks} for graph in (before, after)]
    changed = hooks[0].keys() ^ hooks[1].keys()
    changed |= {id_ for id_ in hooks[0].keys() & hooks[1].keys() if not _alike(hooks[0][id_], hooks[1][id_], differences)}
    places = [each[id_] for each in hooks for id_ in changed if id_ in each]
    if any(hook.device is not None for hook in places):
        return None
    zones = {hook.zone for hook in places}
    known = ((name, ends) for parties in (old, new) for name, ends in parties.items())
    return frozenset(name for name, ends in known if old.get(name) != new.get(name) or any(zones & end.zones for end in ends))


def _common(graph: Graph) -> tuple[object, ...]:
    """What the way of every packet may depend on: the routers, what is behind their interfaces, and which groups are known."""
    routed = ((zone.id, zone.device, zone.networks, zone.located, zone.default) for zone in graph.zones if zone.device is not None)
    groups = ((zone.id, zone.foreign) for zone in graph.zones if zone.kind is ZoneKind.GROUP)
    return [(each.id, each.host, each.addresses) for each in graph.devices], set(routed), set(groups)


def _alike(was: Hook, now: Hook, differences: Differences) -> bool:
    facts = ((hook.place, hook.zone, hook.device, hook.stateful, hook.union, hook.own, hook.standing, hook.blind) for hook in (was, now))
    return next(facts) == next(facts) and not differences.filters(was.filter, now.filter)


def _others(before: Graph, after: Graph, old: Parties, new: Parties) -> tuple[Endpoint, ...]:
    """Machines at private addresses that are nobody else's for sure: a group's members are only somewhere in its network."""
    groups = frozenset(zone.id for graph in (before, after) for zone in graph.zones if zone.kind is ZoneKind.GROUP)
    known = (end for parties in (old, new) for ends in parties.values() for end in ends if end.exact or not end.zones & groups)
    held = (span for end in known if end.addresses != ANYWHERE and not end.names for span in end.addresses)
    left = subtract_intervals(PRIVATE, held)
    return (Endpoint(OTHERS, addresses=left, exact=True, outside=groups),) if left else ()


def moved_files(before: Graph, after: Graph) -> Mapping[str, str]:
    """Files that go by another path now: of a name that only one has that came, or the only one of its dialect that went and came."""
    found: dict[str, str] = {}
    went = [each for each in before.read if each not in after.read]
    came = [each for each in after.read if each not in before.read]
    for alike in (lambda path: path.rpartition("/")[2], lambda _: ""):
        keys = [Counter((format_, alike(path)) for path, format_ in side) for side in (went, came)]
        places = {(format_, alike(path)): path for path, format_ in came}
        for path, format_ in went:
            key = (format_, alike(path))
            if keys[0][key] == keys[1][key] == 1:
                found[path] = places[key]
        went = [each for each in went if each[0] not in found]
        came = [each for each in came if each[0] not in found.values()]
    return found


def _now_called(name: str, moved: Mapping[str, str]) -> str:
    """The id of a zone that is named by its file."""
    dialect, _, rest = name.partition(":")
    path = next((path for path in moved if rest == path or rest.startswith((f"{path}:", f"{path}#"))), None)
    return name if path is None else f"{dialect}:{moved[path]}{rest[len(path) :]}"


def _made(graph: Graph, ends: tuple[Endpoint, ...]) -> bool:
    """Whether a party comes and goes with its configuration, as a security group does, and a machine does not."""
    zones = [graph.zone(zone) for end in ends for zone in end.zones]
    return bool(zones) and all(zone is not None and zone.kind in (ZoneKind.GROUP, ZoneKind.SUBNET) for zone in zones)


def _unread(source: str, destination: str, was: Let, now: Let) -> Iterator[Change]:
    """Of what is known in one state alone: what may pass now, or all of it where something was stopped before."""
    filtered = [way for way in (now.ways or was.ways) if way.crossings]
    asked = union(map(_asked, filtered))
    packets = now.maybe if now.ways else asked if asked - was.surely else NOTHING
    if filtered and packets:
        why = "no firewall that was read stood there before" if now.ways else "no firewall that was read stands there now"
        yield replace(_change(Effect.UNDECIDED, source, destination, packets, was, now, may_open=True), why=why)


def _sends(old: Parties, new: Parties, name: str) -> bool:
    """Whether flows from there are worth telling: somebody known only by name is asked, and does not ask."""
    return any(not end.names for end in (*old.get(name, ()), *new.get(name, ())))


def _between(source: str, destination: str, was: Let, now: Let) -> Iterator[Change]:
    opened = now.surely - was.maybe
    closed = was.surely - now.maybe
    doubt = _differ(now, was) - opened - closed
    for effect, packets in ((Effect.OPENED, opened), (Effect.CLOSED, closed), (Effect.UNDECIDED, doubt)):
        if packets:
            yield _change(effect, source, destination, packets, was, now, bool((packets & now.maybe) - was.surely))


def _differ(now: Let, was: Let) -> PacketSet:
    """Packets that are undecided on one side only."""
    a, b = now.maybe - now.surely, was.maybe - was.surely
    return (a - b) | (b - a)


def everyone(graph: Graph, cast: Cast) -> Parties:
    """Everybody flows are compared between: roles, zones nobody plays a role in, and the internet."""
    found = {role: bound.endpoints for role, bound in sorted(cast.roles.items()) if bound.endpoints}
    taken = {zone for ends in found.values() for end in ends for zone in end.zones}
    free = [zone for zone in graph.zones if zone.id not in taken and not zone.default and zone.kind is not ZoneKind.SUBNET]
    found.update((zone.id, (zone_endpoint(zone),)) for zone in free)
    found["the internet"] = (cast.internet(),)
    return found


def let_through(graph: Graph, parties: Parties, source: str, destination: str) -> Let:
    """What passes; nothing where one of the two is not there, or no filter that was read stands at either."""
    return _let_through(ways_between(graph, parties, source, destination), EVERYTHING)


def ways_between(graph: Graph, parties: Parties, source: str, destination: str) -> tuple[Way, ...]:
    """The ways between two parties; none where nothing that was read stands on them or at their ends."""
    return tuple(
        way
        for start in parties.get(source, ())
        for end in parties.get(destination, ())
        for way in graph.ways(start, end)
        if way.crossings or graph.guards(start) or graph.guards(end)
    )


def _asked(way: Way) -> PacketSet:
    return NEW_FLOW & sources(way.source.addresses) & destinations(way.destination.addresses)


def _let_through(ways: tuple[Way, ...], where: PacketSet, parts: tuple[Way, ...] = ()) -> Let:
    """What of `where` passes; `parts` are the ways with the rules alone that it may match."""
    surely, maybe = NOTHING, NOTHING
    for way in parts or ways:
        question = _asked(way) & where
        if question:
            found = reach.way_bounds(way, question)
            surely, maybe = surely | found.surely, maybe | found.maybe
    return Let(surely, maybe, parts or ways)


def _change(effect: Effect, source: str, destination: str, packets: PacketSet, was: Let, now: Let, may_open: bool) -> Change:
    made = Change(
        effect,
        source,
        destination,
        services_text(packets, 8),
        _ends_text(packets, Field.SOURCE),
        _ends_text(packets, Field.DESTINATION),
        packets,
        may_open=may_open,
    )
    return _shown(made, was, now)


def _ends_text(packets: PacketSet, field: Field) -> str:
    """The addresses of one end, where the flow is about some and not about all of them."""
    spans = packets.values(field)
    one = next((name for name, family in (("IPv4", IPV4), ("IPv6", IPV6)) if spans == intersect_intervals(PUBLIC, [family])), None)
    return f"the internet, {one}" if one else addresses_text(spans, 3)


def _shown(change: Change, was: Let, now: Let) -> Change:
    """With a packet of the flow, its way through the state that decides it now, and the line that made the difference.

    That is the rule, or the policy, in either state, of the filter that stops the packet in one of them and not in the other.
    """
    stopped_now = change.effect is Effect.CLOSED
    stopped, passed = (now, was) if stopped_now else (was, now)
    denied, permitted = _replayed(stopped, change.packets, Verdict.DENY), _replayed(passed, change.packets, Verdict.PERMIT)
    first, other = (denied, permitted) if stopped_now else (permitted, denied)
    shown = first or other
    if shown is None:
        return change
    told = evidence(shown[1], shown[0])
    halted, through = denied[0] if denied else (), permitted[0] if permitted else ()
    place, stops = _place_of(halted, through, _is_fresh(through, halted, passed, stopped))
    return replace(
        change,
        witness=told.witness,
        trace=told.trace,
        location=place,
        was_there=stops is not stopped_now,
        was_traced=(shown is permitted) is stopped_now,
    )


def _is_fresh(permitted: tuple[Step, ...], denied: tuple[Step, ...], passed: Let, stopped: Let) -> bool:
    """Whether the packet passes by a rule of one state alone, while what stops it in the other stands in both."""
    permits = next((step.decision.rule for step in reversed(permitted) if step.decision.rule is not None), None)
    stops = denied[-1].decision.rule if denied else None
    return permits is not None and stops is not None and stops.text in _texts(passed) and permits.text not in _texts(stopped)


def _texts(let: Let) -> set[str]:
    """What every rule says on the ways of a flow."""
    crossed = {id(crossing.filter): crossing.filter for way in let.ways for crossing in way.crossings}
    return {rule.text for filter_ in crossed.values() for stage in filter_.stages() for rule in all_rules(stage.rules)}


def _place_of(denied: tuple[Step, ...], permitted: tuple[Step, ...], fresh: bool) -> tuple[Location | None, bool]:
    """The line, and whether it is one that stops the packet; not that one where `fresh`, a rule that permits, made the difference."""
    stop = denied[-1] if denied else None
    if stop is not None and stop.decision.rule is not None and not fresh:
        return _place(stop.decision.rule), True
    rules = [(step.crossing.filter.name, step.decision.rule) for step in permitted if step.decision.rule is not None]
    same = next((rule for name, rule in rules if stop is not None and name == stop.crossing.filter.name), None)
    if same is not None or rules:
        return _place(same or rules[-1][1]), False
    if stop is None:
        return None, False
    if stop.decision.rule is not None:
        return _place(stop.decision.rule), True
    filter_ = stop.crossing.filter
    return Location(filter_.default_span or filter_.span, "", filter_.name), True


def _replayed(let: Let, packets: PacketSet, wanted: Verdict) -> tuple[tuple[Step, ...], dict[Field, int]] | None:
    for way in let.ways:
        part = packets & sources(way.source.addresses) & destinations(way.destination.addresses)
        if part:
            packet = witness(part, way)
            steps = replay(way, packet, wanted)
            passes = not steps or not steps[-1].decision.verdict.denies
            if passes == (wanted is Verdict.PERMIT):
                return steps, packet
    return None


def _place(rule: Rule) -> Location:
    return Location(rule.span, "", rule.name or rule.text)


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
