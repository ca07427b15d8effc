"""Hygiene: what is wrong with rules and filters whatever they protect. Each requirement of this kind has its function here, by name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from auditor.analysis import exposure
from auditor.analysis.cover import Covered, covered
from auditor.analysis.reach import Judgement
from auditor.analysis.replay import replay, witness
from auditor.analysis.replies import blocks_replies
from auditor.analysis.sites import Site, at_edge, inbound_sites, to_itself
from auditor.model.filters import Call, Chain, Filter, Rule, Verdict
from auditor.model.findings import Finding, Location, Outcome, Question
from auditor.model.graph import Graph, Hook, Place
from auditor.model.headers import (
    IPV4,
    IPV6,
    NEW_FLOW,
    PUBLIC,
    address_interval,
    destinations,
    intersect_intervals,
    services_text,
    sources,
    subtract_intervals,
)
from auditor.model.packets import EVERYTHING, Field, Interval, PacketSet
from auditor.model.record import dataclass, replace
from auditor.model.source import Effect, Level, Note
from auditor.policy.conditions import Value
from auditor.policy.evidence import evidence, question_of
from auditor.policy.ruleset import Kind, Requirement, Ruleset
from auditor.policy.services import parse_service

if TYPE_CHECKING:
    from auditor.analysis.again import Memory

NOTED = frozenset({"unreachable-chain", "undefined-reference", "unused-definition", "unfiltered", "default-rules"})
"""Remarks of front ends that are hygiene in every dialect."""

_UNFILTERED = frozenset({"unfiltered", "cluster-disabled", "guest-disabled", "nic-firewall-off"})
"""Places at which nothing that was read filters. Whether something else does is not known; an error is where something was to."""

_ADMITTED = _UNFILTERED | {"default-rules"}
"""Those, and places at which rules of the product that are not seen let administration in."""

_TO_LOOPBACK = destinations(map(address_interval, ("127.0.0.0/8", "::1")))
"""What no packet from outside goes to, though all of a machine's own addresses may be meant."""

_OF_PACKETS = frozenset({"any-any-permit", "replies-blocked", "ipv6-forgotten"})
"""Requirements about what becomes of packets: where other rules are in force than those that were read, to find nothing decides nothing."""

_SAME = {"undefined-reference": ("undefined-acl", "undefined-group", "time-range-undefined")}
"""Traps of dialects that have more to say about it: they are told as what they are, and hygiene does not hold either."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What hygiene is asked about: the graph, its places and its superfluous rules, gathered once."""

    graph: Graph
    values: Mapping[str, Value]
    sites: tuple[Site, ...]
    covered: tuple[Covered, ...]  # rules that earlier ones take everything from


def check_hygiene(ruleset: Ruleset, values: Mapping[str, Value], graph: Graph, memory: Memory | None = None) -> Iterator[Finding]:
    """The findings of every hygiene requirement of `ruleset`, in its order; one that says so for each that holds.

    `memory` holds what was found out about another state of the same lists.
    """
    found_nothing = "nothing found in what could be read" if any(map(_is_unread, graph.notes)) else "nothing found"
    subject = Subject(graph, values, tuple(inbound_sites(graph)), tuple(_covered(graph, memory)))
    for requirement in ruleset.requirements:
        if requirement.kind is Kind.HYGIENE:
            found = list(CHECKS[requirement.fact](requirement, subject))
            if not found and requirement.fact in _OF_PACKETS:
                found = list(_refused(requirement, subject))
            yield from found or [_finding(requirement, found_nothing, None, Outcome.HOLDS)]


def _is_unread(note: Note) -> bool:
    """Whether there is something that was not read, or that was and is not in force."""
    return note.trap.rpartition("/")[2] == "unparsable" or (note.effect is Effect.REFUSED and note.level is Level.ERROR)


def _lists(graph: Graph) -> Iterator[tuple[Filter | Chain, bool]]:
    united = {id(hook.filter) for hook in graph.hooks if hook.union is not None}
    filters = {id(each): each for each in (*graph.filters, *(hook.filter for hook in graph.hooks))}
    seen: set[int] = set()
    for key, filter_ in filters.items():
        yield filter_, key in united
        yield from ((chain, False) for chain in _chains(filter_.rules, seen))


def _chains(rules: tuple[Rule, ...], seen: set[int]) -> Iterator[Chain]:
    for rule in rules:
        if isinstance(rule.action, Call) and id(rule.action.chain) not in seen:
            seen.add(id(rule.action.chain))
            yield rule.action.chain
            yield from _chains(rule.action.chain.rules, seen)


def _finding(requirement: Requirement, what: str, location: Location | None, outcome: Outcome = Outcome.BROKEN) -> Finding:
    name = location.name if location is not None else ""
    return Finding(
        requirement.id,
        outcome,
        requirement.level,
        f"{requirement.title}: {what}",
        location=location,
        fingerprint=(requirement.id, name, what),
        because=requirement.because,
        help=requirement.fix.text,
    )


def _any_any(requirement: Requirement, subject: Subject) -> Iterator[Finding]:
    told: set[object] = set()
    crossed = _crossed(subject.graph)
    for hook in subject.graph.hooks:
        if hook.place in (Place.INBOUND, Place.ENTRY, Place.TRANSIT) and not at_edge(subject.graph, hook):
            beside = [stage for other in crossed[_where(hook)] if other is not hook for stage in other.filter.stages()]
            for settle in exposure.from_outside(subject.graph, hook):
                for rule in exposure.permits_everything(hook.filter, beside, settle):
                    if (hook.label, key := _written(rule)) not in told:
                        told.add((hook.label, key))
                        yield _finding(requirement, f"{_told(rule)} at {hook.label} permits everything from anywhere", _place(rule))


def _crossed(graph: Graph) -> defaultdict[object, list[Hook]]:
    """By their places, the hooks whose accept is not the last word: chains of nftables, which a packet crosses one by one."""
    found: defaultdict[object, list[Hook]] = defaultdict(list)
    for hook in graph.hooks:
        if not (hook.stateful or hook.blind or hook.union):
            found[_where(hook)].append(hook)
    return found


def _where(hook: Hook) -> object:
    return hook.place, hook.zone, hook.device


def _world_open(requirement: Requirement, subject: Subject) -> Iterator[Finding]:
    listed = subject.values["admin_ports"]
    spans = tuple(span for each in (listed if isinstance(listed, tuple) else ()) for span in parse_service(f"tcp/{each}").ports)
    for site in subject.sites:
        judged = exposure.open_to_the_world(site, spans)
        if judged is not None and judged.outcome is Outcome.BROKEN:
            open_ = ", ".join(services_text(judged.packets, 8))
            yield _shown(requirement, judged, f"{open_} at {site.name} can be reached from {_how_much(judged)} {_internet(judged)}")
        elif (perhaps := exposure.perhaps_open_to_the_world(site, spans) or judged) is not None:
            whole = f"the whole {_internet(perhaps)}"
            yield _undecided(requirement, perhaps, f"not decided whether {whole} reaches administration ports at {site.name}")
        yield from _own_pages(requirement, subject.graph, site, spans)
    yield from _unfiltered(requirement, subject, _ADMITTED, Outcome.OPEN)


def _own_pages(requirement: Requirement, graph: Graph, site: Site, told: tuple[Interval, ...]) -> Iterator[Finding]:
    """The ports of a firewall's own web interface and SSH, where its configuration says other ones than those that are asked about."""
    found = to_itself(graph, site)
    ports = subtract_intervals(found[1], told) if found is not None else ()
    if found is None or not ports:
        return
    judged = exposure.open_to_the_world(found[0], ports)
    if judged is not None and judged.outcome is Outcome.BROKEN:
        open_ = ", ".join(services_text(judged.packets, 8))
        what = f"{open_} of the firewall's own web interface or SSH at {site.name}"
        yield _shown(requirement, judged, f"{what} can be reached from {_how_much(judged)} {_internet(judged)}")
        return
    perhaps = exposure.perhaps_open_to_the_world(site, ports)  # by an address that it is given at run time
    if perhaps is not None and all((each.reference or "").startswith(f"{site.hooks[0].device}:") for each in perhaps.unknowns):
        what = f"the firewall's own web interface or SSH at {site.name}"
        yield _undecided(requirement, perhaps, f"not decided whether the whole {_internet(perhaps)} reaches {what}")


def _how_much(judged: Judgement) -> str:
    missed = subtract_intervals(PUBLIC, judged.packets.values(Field.SOURCE))
    whole = any(not intersect_intervals(missed, [family]) for family in (IPV4, IPV6))
    return "the whole" if whole else "nearly the whole"


def _internet(judged: Judgement) -> str:
    return "internet" if intersect_intervals(judged.packets.values(Field.SOURCE), [IPV4]) else "IPv6 internet"


def _default_permit(requirement: Requirement, subject: Subject) -> Iterator[Finding]:
    for site in subject.sites:
        judged = exposure.permits_by_default(site)
        if judged is not None:
            yield _told_of(requirement, judged, f"what no rule speaks of is let through at {site.name}")
    yield from _unfiltered(requirement, subject, _UNFILTERED, Outcome.BROKEN)


def _refused(requirement: Requirement, subject: Subject) -> Iterator[Finding]:
    """Places at which other rules are in force than those that were read."""
    notes = (note for note in subject.graph.notes if note.effect is Effect.REFUSED)
    return _not_filtered(requirement, notes, _UNFILTERED, Outcome.OPEN)


def _unfiltered(requirement: Requirement, subject: Subject, traps: Container[str], worst: Outcome) -> Iterator[Finding]:
    """What nothing that was read filters, each place once: it is not decided, or the worst where a filter was to be."""
    return _not_filtered(requirement, subject.graph.notes, traps, worst)


def _not_filtered(requirement: Requirement, among: Iterable[Note], traps: Container[str], worst: Outcome) -> Iterator[Finding]:
    notes = {note.span: note for note in among if note.trap.rpartition("/")[2] in traps}
    beside = "or have the configuration of what filters there checked, too"
    for note in notes.values():
        outcome = worst if note.level is Level.ERROR else Outcome.OPEN
        sure = outcome is Outcome.BROKEN
        made = _finding(requirement, note.message if sure else f"not decided, {note.message}", Location(note.span), outcome)
        advice = f"switch the filter on that is written there, {beside}" if sure else f"put a filter there, {beside}"
        yield replace(made, help=advice, questions=() if sure else (Question(note.message, advice, span=note.span),))


def _replies(requirement: Requirement, subject: Subject) -> Iterator[Finding]:
    for hook in subject.graph.hooks:
        judged = blocks_replies(subject.graph, hook)
        if judged is not None:
            which = "come in" if hook.place is Place.OUTBOUND else "it lets out"
            yield _shown(requirement, judged, f"{hook.label} drops the answers to connections that {which}")


def _ipv6(requirement: Requirement, subject: Subject) -> Iterator[Finding]:
    for site in subject.sites:
        judged = exposure.forgotten_ipv6(site)
        if judged is not None:
            open_ = ", ".join(services_text(judged.packets, 6))
            yield _told_of(requirement, judged, f"{open_} at {site.name} is closed to IPv4 and open to all of IPv6")


def _shadowed(requirement: Requirement, subject: Subject) -> Iterator[Finding]:
    for found in subject.covered:
        if found.contradicted:
            yield _by(requirement, found, "never takes effect: all of its packets are decided otherwise before it, by")


def _redundant(requirement: Requirement, subject: Subject) -> Iterator[Finding]:
    for found in subject.covered:
        if not found.contradicted:
            yield _by(requirement, found, "adds nothing: all of its packets are decided the same way already, by")


def _covered(graph: Graph, memory: Memory | None = None) -> Iterator[Covered]:
    """The rules that can match nothing in any list they stand in: one rule of a file can become several, in several lists."""
    found: dict[object, list[Covered]] = {}
    scopes = {id(hook.filter): _scopes(graph, hook) for hook in graph.hooks if hook.own}
    lists = list(_lists(graph))
    for number, (rules, unordered) in enumerate(lists):
        own = tuple(rule for rule in rules.rules if not rule.synthetic)
        ordered = tuple(sorted(own, key=_breadth, reverse=True)) if unordered else own
        scope = scopes.get(id(rules), (EVERYTHING, EVERYTHING))
        for each in covered(ordered, *scope) if memory is None else memory.covered(f"{number} {rules.name}", ordered, *scope):
            found.setdefault(_written(each.rule), []).append(each)
    places = {each.rule.span for alike in found.values() for each in alike}
    near = (rule for rules, _ in lists for rule in rules.rules if rule.span in places and not rule.synthetic)
    standing = Counter(map(_written, near)) if places else {}
    for key, alike in found.items():
        if len(alike) == standing[key]:
            yield next((each for each in alike if each.contradicted), alike[0])


def _scopes(graph: Graph, hook: Hook) -> tuple[PacketSet, PacketSet]:
    """The packets a router's filter at an interface is asked about, and those of the machines behind it (everything: just these).

    Where every rule keeps state it is asked about first packets only.
    """
    possible = EVERYTHING if any(rule.stateless for rule in hook.filter.rules) else NEW_FLOW
    zone = graph.zone(hook.zone or "")
    if zone is None or zone.default or not zone.networks:
        return possible, EVERYTHING
    return possible, possible & (sources if hook.place is Place.ENTRY else destinations)(zone.networks)


def _written(rule: Rule) -> object:
    """What is the same for all that one rule of a file becomes."""
    return (rule.span, rule.name or rule.text, rule.address)


def _breadth(rule: Rule) -> int:
    """Broader permits first, so that of two that add up the narrower is the redundant one."""
    packets = rule.condition.settle(lambda _: None).maybe
    return sum(high - low for field in (Field.SOURCE, Field.DESTINATION, Field.DESTINATION_PORT) for low, high in packets.values(field))


def _by(requirement: Requirement, found: Covered, what: str) -> Finding:
    alike = any(_told(rule) == _told(found.rule) for rule in found.by)  # one name for several: then where they stand
    tell = _told_apart((found.rule, *found.by[:3])) if alike else _told
    others = ", ".join(dict.fromkeys(map(tell, found.by[:3]))) + (" and others" if len(found.by) > 3 else "")
    related = tuple(Location(rule.span, "takes its packets", rule.name) for rule in found.by[:8])
    made = _finding(requirement, f"{tell(found.rule)} {what} {others}", _place(found.rule))
    known = (requirement.id, _told(found.rule), what, *dict.fromkeys(map(_told, found.by[:3])))  # lines move, and are no part of it
    return replace(made, related=related, fingerprint=known if alike else made.fingerprint)


def _noted(requirement: Requirement, subject: Subject) -> Iterator[Finding]:
    for note in subject.graph.notes:
        if note.trap.rpartition("/")[2] in (requirement.fact, *_SAME.get(requirement.fact, ())):
            yield _finding(requirement, note.message, Location(note.span))


def _shown(requirement: Requirement, judged: Judgement, what: str) -> Finding:
    packet = witness(judged.packets - _TO_LOOPBACK or judged.packets, judged.way)
    steps = replay(judged.way, packet, Verdict.DENY if judged.reply else Verdict.PERMIT)
    shown = evidence(packet, steps)
    place = next(
        (_place(step.decision.rule) for step in reversed(steps) if step.decision.rule is not None and not step.decision.rule.synthetic),
        None,
    )
    if place is None and judged.crossing is not None:
        *_, filter_ = judged.crossing.filter.stages()  # the last one is what lets it through
        place = Location(filter_.default_span or filter_.span, "", filter_.name)
    return replace(_finding(requirement, what, place), witness=shown.witness, trace=shown.trace, related=shown.related)


def _told_of(requirement: Requirement, judged: Judgement, what: str) -> Finding:
    if judged.outcome is Outcome.OPEN:
        return _undecided(requirement, judged, f"not decided whether {what}")
    return _shown(requirement, judged, what)


def _undecided(requirement: Requirement, judged: Judgement, what: str) -> Finding:
    questions = tuple(map(question_of, judged.unknowns))
    reasons = "; ".join(dict.fromkeys(question.reason for question in questions[:3]))
    return replace(_shown(requirement, judged, f"{what}: {reasons}"), outcome=Outcome.OPEN, questions=questions)


def _place(rule: Rule) -> Location:
    return Location(rule.span, "", rule.name or rule.text)


def _told(rule: Rule) -> str:
    return f"“{rule.name or rule.text}”" if (rule.name or rule.text) else f"the rule on line {rule.span.line}"


def _told_apart(rules: tuple[Rule, ...]) -> Callable[[Rule], str]:
    """How each of the rules is told that share a name: by its line, with as much more of its place as it takes."""
    first, *others = (rule.span for rule in rules)
    if any(span.path != first.path for span in others):
        return lambda rule: f"{_told(rule)} of {rule.span.path}:{rule.span.line}"
    if any(span.line == first.line for span in others):
        return lambda rule: f"{_told(rule)} of line {rule.span.line}, column {rule.span.column}"
    return lambda rule: f"{_told(rule)} of line {rule.span.line}"


CHECKS: Mapping[str, Callable[[Requirement, Subject], Iterator[Finding]]] = {
    "any-any-permit": _any_any,
    "world-open-admin": _world_open,
    "default-permit-inbound": _default_permit,
    "replies-blocked": _replies,
    "shadowed-rule": _shadowed,
    "redundant-rule": _redundant,
    "unreachable-chain": _noted,
    "undefined-reference": _noted,
    "unused-definition": _noted,
    "ipv6-forgotten": _ipv6,
}
