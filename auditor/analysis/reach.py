"""What gets from one endpoint to another across every filter on the way, with replies.

An endpoint's addresses are exact (each of them is meant) or a bound (it has one of them, nobody knows which); the outcome says *open*
wherever the bound leaves both possible.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.analysis.bounds import Bounds, bounds, maybe, surely
from auditor.analysis.listing import has_rules, with_parts
from auditor.model.filters import ANY, Filter, Rule, Verdict, all_rules
from auditor.model.findings import Outcome
from auditor.model.graph import Crossing, Graph, Place, Way
from auditor.model.headers import (
    EXPERIMENTAL,
    IPV4,
    IPV6,
    NEW_FLOW,
    PORT_PROTOCOLS,
    PORT_ZERO,
    REPLY,
    Protocol,
    destinations,
    icmp,
    of_family,
    ports,
    protocol_set,
    sources,
)
from auditor.model.packets import NOTHING, Field, Interval, PacketSet, field_set
from auditor.model.record import dataclass, replace
from auditor.model.source import Unknown

_SWAP = {
    Field.SOURCE: Field.DESTINATION,
    Field.DESTINATION: Field.SOURCE,
    Field.SOURCE_PORT: Field.DESTINATION_PORT,
    Field.DESTINATION_PORT: Field.SOURCE_PORT,
}


@dataclass(frozen=True, slots=True)
class Judgement:
    """How one way answers one question. `packets` are those that show it: blocked ones of an allow, passing ones of a deny.

    `crossing` is where that was decided (the first that blocks, or the last that lets through); None if nothing stands in the way.
    `reply`: it is the answers that do not get back. `partial`: the rules are many, and `packets` only what the first ones let through.
    """

    outcome: Outcome
    way: Way
    packets: PacketSet = NOTHING
    unknowns: tuple[Unknown, ...] = ()
    crossing: Crossing | None = None
    reply: bool = False
    partial: bool = False


def flow(way: Way, service: PacketSet) -> PacketSet:
    """First packets of a new flow between the two ends."""
    return NEW_FLOW & sources(way.source.addresses) & destinations(way.destination.addresses) & service


def asked_of(way: Way, service: PacketSet) -> PacketSet:
    """The packets that must get through where a service is allowed.

    Port 0 is not asked for. Where an end is only bounded, IPv4 stands for it, unless it has none.
    """
    question = flow(way, service) - PORT_ZERO
    if way.source.exact and way.destination.exact:
        return question
    return of_family(question, IPV4) or of_family(question, IPV6)


def way_bounds(way: Way, question: PacketSet) -> Bounds:
    """The bounds of all filters of a way together; with none, everything passes."""
    result = Bounds(question, question)
    for crossing in way.crossings:
        if not result.maybe:
            break
        result &= bounds(crossing.filter, crossing.settle, result.maybe)
    return Bounds(result.surely & question, result.maybe, result.unknowns)


def way_surely(way: Way, packets: PacketSet) -> PacketSet:
    """What of the packets surely passes all filters of a way: the one half of its bounds."""
    for crossing in way.crossings:
        packets = surely(crossing.filter, crossing.settle, packets)
    return packets


def way_maybe(way: Way, packets: PacketSet) -> PacketSet:
    """What of the packets may pass them: the other half."""
    for crossing in way.crossings:
        packets = maybe(crossing.filter, crossing.settle, packets)
    return packets


def allowed(graph: Graph, way: Way, service: PacketSet) -> Judgement | None:
    """Whether every packet of the service gets through and is answered; None if the two ends share no family."""
    question = asked_of(way, service)
    if not question:
        return None
    forward = _of_clients(_allowed(way, question), question, question, Field.SOURCE_PORT)
    if forward.outcome is Outcome.BROKEN:
        return forward
    reply = _answered(graph, way, question)
    return reply if reply is not None and reply.outcome.weight > forward.outcome.weight else forward


def denied(way: Way, service: PacketSet, whole: bool = False) -> Judgement | None:
    """Whether no packet of the service gets through; None if the two ends share no family.

    What the first rules of long lists let through shows that something does, unless it is asked for as a `whole`.
    """
    question = flow(way, service)
    if not question:
        return None
    found = None if whole else _denied_at_first(way, question)
    return found or _denied(way, question)


def _denied(way: Way, question: PacketSet) -> Judgement:
    found = way_bounds(way, question)
    if not found.maybe:
        return Judgement(Outcome.HOLDS, way)
    leak = _leak(way, question, found.surely)
    last = way.crossings[-1] if way.crossings else None
    if leak:
        return Judgement(Outcome.BROKEN, way, leak, found.unknowns, last)
    return Judgement(Outcome.OPEN, way, found.maybe, found.unknowns or _bound_unknowns(way), last)


def _leak(way: Way, question: PacketSet, passing: PacketSet) -> PacketSet:
    """What of the question gets through wherever the ends are that are only bounded, if this surely passes all filters."""
    leak = NOTHING
    for family in (IPV4, IPV6):
        part = of_family(question, family)
        leak |= part & (_free(part, way) - _free(part - passing, way))
    return leak


_MANY_RULES = 2000
_FIRST_RULES = (96, 1024)
_ODD = EXPERIMENTAL & field_set(Field.DESTINATION_PORT, [(0, 0)])
_USUAL = _ODD | ports(Protocol.TCP, ((22, 22), (443, 443))) | icmp(Protocol.ICMP, 8, 0) | icmp(Protocol.ICMPV6, 128, 0)


def _denied_at_first(way: Way, question: PacketSet) -> Judgement | None:
    """What a part of the question, or the first rules, decide of long lists; None where they are short, or where it takes all of both.

    Where even a packet of a protocol that nobody uses gets through, a few usual services show it.
    """
    if not any(has_rules(each.filter, _MANY_RULES) for each in way.crossings):
        return None
    if way_maybe(way, question & _ODD):
        judged = _denied(way, question & _USUAL)
        return replace(judged, partial=True) if judged.packets.meets(_ODD) and judged.outcome is Outcome.BROKEN else None
    undecided = None
    for count in _FIRST_RULES:
        crossings = tuple(replace(each, filter=_cut(each.filter, count)) for each in way.crossings)
        judged = _denied(replace(way, crossings=crossings), question)
        told = replace(judged, way=way, crossing=way.crossings[-1], partial=True)
        if judged.outcome is Outcome.BROKEN:
            return told
        undecided = undecided or (told if judged.outcome is Outcome.OPEN else None)
    return None if undecided is None or _leak(way, question, way_surely(way, question)) else undecided


def _cut(filter_: Filter, count: int) -> Filter:
    """The first rules of each list, closed behind them: what the filter lets through then, it does as a whole."""
    deny = Rule(ANY, Verdict.DENY, filter_.span, synthetic=True)
    then = filter_.then and _cut(filter_.then, count)
    return with_parts(filter_, lambda rules: rules if len(rules) <= count else (*rules[:count], deny), then)


def _allowed(way: Way, question: PacketSet) -> Judgement:
    found = way_bounds(way, question)
    if question <= found.surely:
        return Judgement(Outcome.HOLDS, way)
    missing = question & (_free(question, way) - _free(found.maybe, way))
    if missing:
        return Judgement(Outcome.BROKEN, way, missing, found.unknowns, _blocking(way, missing))
    doubt = question - found.surely
    return Judgement(Outcome.OPEN, way, doubt, found.unknowns or _bound_unknowns(way), _doubtful(way, doubt))


_CLIENT_PORTS: Interval = (32768, 65535)
_COMMON_PORTS: Interval = (49152, 60999)
"""Ports that programs are given when they ask for none: on some system, and on every one (Linux has 32768-60999, others 49152-65535)."""


def _names_service(question: PacketSet) -> bool:
    """Whether a question is about certain ports from any client, not about certain source ports, nor about everything."""
    asked = question & protocol_set(*PORT_PROTOCOLS)
    if not asked or any(low <= 1 and high == 65535 for low, high in asked.values(Field.DESTINATION_PORT)):
        return False
    return any(low <= 1 and high == 65535 for low, high in asked.values(Field.SOURCE_PORT))


def _to_clients(answers: PacketSet, question: PacketSet) -> PacketSet:
    """The answers that go to ports a client has: a filter without state lets no others in, and none are missed."""
    if not _names_service(question):
        return answers
    return answers & (~protocol_set(*PORT_PROTOCOLS) | field_set(Field.DESTINATION_PORT, [_CLIENT_PORTS]))


def _of_clients(judged: Judgement, asked: PacketSet, question: PacketSet, side: Field) -> Judgement:
    """What is blocked from (or to) only some of the ports that clients have is undecided: nobody knows which they send from."""
    if judged.outcome is not Outcome.BROKEN or not _names_service(question):
        return judged
    if judged.packets - protocol_set(*PORT_PROTOCOLS):
        return judged
    common = asked & field_set(side, [_COMMON_PORTS])
    if common - (common - judged.packets).without(side):
        return judged  # from none of them it gets through
    return replace(judged, outcome=Outcome.OPEN, unknowns=(Unknown("which ports the clients send from: not all of them get through"),))


def _free(packets: PacketSet, way: Way) -> PacketSet:
    """The set with the addresses of ends that are only bounded projected away."""
    if not way.source.exact:
        packets = packets.without(Field.SOURCE)
    return packets if way.destination.exact else packets.without(Field.DESTINATION)


def _blocking(way: Way, missing: PacketSet) -> Crossing | None:
    """The first filter that cannot let all of `missing` through: several may stop the same packet."""
    return next((each for each in way.crossings if not missing <= maybe(each.filter, each.settle, missing)), None)


def _doubtful(way: Way, doubt: PacketSet) -> Crossing | None:
    for crossing in way.crossings:
        if not doubt <= surely(crossing.filter, crossing.settle, doubt):
            return crossing
    return None


def _bound_unknowns(way: Way) -> tuple[Unknown, ...]:
    ends = [end for end in (way.source, way.destination) if not end.exact]
    known = [end for end in ends if not end.elsewhere or end.names] or ends  # nobody can say who is elsewhere
    said = [end for end in known if end.role] or known  # nor give addresses to whoever plays no role
    return tuple(
        dict.fromkeys(
            Unknown(f"the exact addresses are not known: {end.label}", reference=f"roles.{end.role}.addresses" if end.role else "")
            for end in said
        )
    )


def _answered(graph: Graph, way: Way, question: PacketSet) -> Judgement | None:
    """Whether replies get back through the filters that do not let them back by themselves; None if all do."""
    if all(_keeps_state(crossing, question) for crossing in way.crossings) and not _stateless(graph, way):
        return None
    answers = _to_clients(answers_to(question), question)
    found: list[Judgement] = []
    for back in _ways_back(graph, way):
        crossings = tuple(each for each in back.crossings if not _free_return(each, way, question))
        judged = _allowed(Way(back.source, back.destination, crossings, back.certain), answers)
        found.append(_of_clients(judged, answers, question, Field.DESTINATION_PORT))
    worst = max(found, key=lambda each: each.outcome.weight)
    outcome = worst.outcome if worst.way.certain or worst.outcome is not Outcome.BROKEN else Outcome.OPEN
    return Judgement(outcome, worst.way, worst.packets, worst.unknowns, worst.crossing, reply=True)


def _ways_back(graph: Graph, way: Way) -> tuple[Way, ...]:
    """The ways of the replies. Where nobody knows behind which interfaces the ends are, they are where the flow itself went."""
    back = graph.ways(way.destination, way.source)
    went = {devices: {(end, start) for start, end in between} for devices, between in way.between}
    same = tuple(each for each in back if each.certain or all(went.get(at, between) & between for at, between in each.between))
    return same or back


def _stateless(graph: Graph, way: Way) -> bool:
    return any(not each.stateful for back in graph.ways(way.destination, way.source) for each in back.crossings)


def _free_return(back: Crossing, way: Way, question: PacketSet) -> bool:
    """A stateful device or host that saw the flow begin lets its replies back; a stateless filter beside it has no say in that.

    Where each interface has filters of its own, each keeps its own state: what came in there goes back out there.
    """
    places = {(hook.device or hook.zone) for hook in back.hooks}
    keeping = (each for each in way.crossings if each.stateful or each.unclear)
    same = [each for each in keeping if places & {(hook.device or hook.zone) for hook in each.hooks}]
    opposite = _OPPOSITE.get(back.hooks[0].place)
    there = [each for each in same if each.hooks[0].place is opposite and each.hooks[0].zone == back.hooks[0].zone]
    clear = back.hooks[0].zone and there and not any(each.unclear for each in (back, *there))
    return back.stateful and all(_keeps_state(each, question) for each in (there if clear else same))


def _keeps_state(crossing: Crossing, question: PacketSet) -> bool:
    """Whether none of the packets is let through by a rule that keeps no state."""
    if not crossing.stateful:
        return False
    if crossing.unclear:
        return not any(rule.stateless and rule.action is Verdict.PERMIT for rule in all_rules(crossing.filter.rules))
    if not any(rule.stateless and rule.action is Verdict.PERMIT for rule in crossing.filter.rules):
        return True
    for rule in crossing.filter.rules:
        match = rule.condition.settle(crossing.settle)
        if rule.stateless and rule.action is Verdict.PERMIT and match.maybe.meets(question):
            return False
        if rule.action in (Verdict.PERMIT, Verdict.DENY, Verdict.REJECT):
            question -= match.surely
    return True


_OPPOSITE = {Place.ENTRY: Place.EXIT, Place.EXIT: Place.ENTRY}


def answers_to(question: PacketSet) -> PacketSet:
    """The answers to a flow's packets: ends exchanged, conntrack state established; an ICMP echo is answered by an echo reply."""
    pings = icmp(Protocol.ICMP, 8), icmp(Protocol.ICMPV6, 128)
    pongs = icmp(Protocol.ICMP, 0), icmp(Protocol.ICMPV6, 129)
    answers = NOTHING
    bare = question.without(Field.STATE, Field.TCP_FLAGS)
    for ping, pong in zip(pings, pongs, strict=True):
        if bare.meets(ping):
            ends = (bare & ping).without(Field.DESTINATION_PORT, Field.SOURCE_PORT).renamed(_SWAP)
            answers |= ends & pong
    rest = bare - protocol_set(Protocol.ICMP, Protocol.ICMPV6)
    return (answers | rest.renamed(_SWAP)) & REPLY


def outcome_of(judgements: Iterable[Judgement]) -> Outcome:
    """The worst outcome of several ways; a way that is not certain can at most make it open, unless all ways are broken."""
    found = list(judgements)
    if found and all(each.outcome is Outcome.BROKEN for each in found):
        return Outcome.BROKEN
    capped = [min(each.outcome.weight, Outcome.BROKEN.weight if each.way.certain else Outcome.OPEN.weight) for each in found]
    return (Outcome.HOLDS, Outcome.OPEN, Outcome.BROKEN)[max(capped, default=0)]
