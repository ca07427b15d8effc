"""From a broken requirement to a change that was tried: candidates, the least first, and the proof by reading the tree again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from auditor import audit
from auditor.fixing.missing import added
from auditor.fixing.narrow import narrowed, removed
from auditor.fixing.state import State
from auditor.fixing.wanted import Texts, Unwritten
from auditor.model.findings import Outcome, Run
from auditor.model.graph import Endpoint, ZoneKind
from auditor.model.headers import destinations, icmp, intersect_intervals, protocol_set, sources
from auditor.model.packets import Field, Interval, PacketSet, union
from auditor.model.record import dataclass
from auditor.policy.changes import Effect, changes, everyone
from auditor.policy.flows import Stage, packets_of
from auditor.policy.ruleset import ANY, Kind, Settled
from auditor.policy.services import Service


@dataclass(frozen=True, slots=True)
class Proven:
    """A change after which the requirement holds and nothing is worse.

    `safe`: it opens just what was required, or closes just what was forbidden; `permits` says which of the two it is about.
    """

    rule: str
    title: str
    texts: Texts  # the changed files, with the changes before this one in them
    safe: bool
    permits: bool


@dataclass(frozen=True, slots=True)
class Unmended:
    """A broken requirement without a change that mends it, and why, as a clause."""

    rule: str
    why: str


_ABOUT = {
    Kind.ENFORCED: "it asks for a firewall, which is more than a rule",
    Kind.FACT: "it is about a setting, which is not a rule",
    Kind.HYGIENE: "only you know what is meant",
}


def fixes(state: State, only: frozenset[str], unsafe: bool = False) -> Iterator[Proven | Unmended]:
    """For each broken requirement a proven change on top of those before it, or why there is none. `only`: these ids, if any.

    Later changes build on a safe one, and with `unsafe` on any.
    """
    kinds = {each.id: each.kind for ruleset, _ in state.reading.rulesets for each in ruleset.requirements}
    broken = dict.fromkeys(finding.rule for finding in state.run.findings if finding.outcome is Outcome.BROKEN)
    for rule in broken:
        if rule not in kinds or (only and rule not in only):
            continue
        if state.run.outcomes().get(rule) is not Outcome.BROKEN:
            continue  # a change before this one did it
        found = Unmended(rule, _ABOUT[kinds[rule]]) if kinds[rule] in _ABOUT else _mended(state, rule)
        yield found
        if isinstance(found, Proven) and (found.safe or unsafe):
            state = state.with_texts(found.texts)


def _mended(state: State, rule: str) -> Proven | Unmended:
    """The first change that does no more than was asked; else the first that works."""
    found = state.asked(rule)
    if found is None:
        return Unmended(rule, "nobody is known whose flows it is about")
    ruleset, all_, asked = found
    least: list[Callable[[], Iterable[Texts]]] = [
        lambda: [added(state, ruleset, all_, asked, whole=True)],
        lambda: [added(state, ruleset, all_, asked)],
    ]
    if asked.requirement.kind in (Kind.DENY, Kind.ONLY):
        least = [lambda: narrowed(state, ruleset, all_, asked), lambda: removed(state, asked), *least]
    works: list[Proven] = []
    why: list[Why] = []
    seen: list[Texts] = []
    for candidates in least:
        try:
            for texts in candidates():
                if texts in seen:
                    continue
                seen.append(texts)
                tried = _prove(state, asked, texts) if texts else (_LAST, "nothing is missing that could be written")
                if not isinstance(tried, Proven):
                    why.append(tried)
                elif tried.safe:
                    return tried
                else:
                    works.append(tried)
        except Unwritten as error:
            why.append((2, str(error)))
        except audit.UsageError as error:
            why.append((2, f"the files cannot be read with it: {error}"))
    return works[0] if works else Unmended(rule, min(why, key=lambda each: each[0])[1])


# -- the proof


_IDLE = "hygiene/redundant-rule"
"""That a rule there was is part of the new one makes nothing worse."""


def _failing(run: Run) -> int:
    return sum(finding.rule != _IDLE for finding in run.failing())


Why = tuple[int, str]
"""How far a change is from being a fix (0: nearly one), and what keeps it from that."""

_LAST = 3


def _prove(state: State, asked: Settled, texts: Texts) -> Proven | Why:
    """The change as a fix if it is one: read again, the requirement holds and nothing is worse or new. Else why not."""
    after = state.with_texts(texts)
    was, now = state.run.outcomes(), after.run.outcomes()
    rule = asked.requirement.id
    if now.get(rule) is Outcome.OPEN:
        reasons = (question.reason for finding in after.run.findings if finding.rule == rule for question in finding.questions)
        return 0, f"with the change that was tried it would be open: {next(reasons, 'the configuration does not decide')}"
    if now.get(rule) is not Outcome.HOLDS:
        return _LAST, f"with the change that was tried it is {now.get(rule, 'not asked')} still"
    worse = [name for name, outcome in now.items() if name != _IDLE and outcome.weight > was.get(name, Outcome.HOLDS).weight]
    if worse:
        return 1, f"the change that was tried breaks {worse[0]}"
    if _failing(after.run) > _failing(state.run):
        return 1, "the change that was tried leads to new findings"
    return Proven(
        rule, asked.requirement.title, texts, _does_only(state, after, asked), asked.requirement.kind in (Kind.ALLOW, Kind.REPLIES)
    )


def _does_only(state: State, after: State, asked: Settled) -> bool:
    """Whether the change opens just what was required, or closes just what was forbidden."""
    assert asked.flow is not None
    permits = asked.requirement.kind in (Kind.ALLOW, Kind.REPLIES)
    services = union(map(_of_type, asked.flow.services))
    stage = Stage(
        after.reading.graph, after.reading.cast, next(r for r, _ in after.reading.rulesets if r.requirement(asked.requirement.id))
    )
    meant = [stage.endpoints(who) for who in (asked.flow.sources, asked.flow.destinations)]
    names = [frozenset(end.role or end.label for end in ends) | {end.label for end in ends} for ends in meant]
    located = [sources(_located(after, meant[0])), destinations(_located(after, meant[1]))]
    anybody = [any(term.text == ANY for term in who.terms) for who in (asked.flow.sources, asked.flow.destinations)]
    anybody[0] |= not permits  # whoever else used what is forbidden had no requirement that lets it
    loose = [found | _overlapping(after, found) for found in names]
    wrong = Effect.CLOSED if permits else Effect.OPENED
    for change in changes((state.reading.graph, state.reading.cast), (after.reading.graph, after.reading.cast)):
        if change.effect is wrong:
            return False
        fits = loose if change.effect is Effect.UNDECIDED else names
        ends = zip((change.source, change.destination), fits, located, anybody, strict=True)
        within = all(all_ or name in known or change.packets <= here for name, known, here, all_ in ends)
        if not change.packets <= services or not within:
            return False
    return True


def _of_type(service: Service) -> PacketSet:
    """The packets of a service; of a type of ICMP with every code, which rules do not tell apart."""
    packets = packets_of(service)
    if service.icmp_type is None:
        return packets
    return packets | union(
        icmp(number, low >> 8) for number in (1, 58) for low, _ in (packets & protocol_set(number)).values(Field.DESTINATION_PORT)
    )


def _located(state: State, ends: tuple[Endpoint, ...]) -> list[Interval]:
    """The addresses that stand for these ends: not those of members of a group, of whose network others are members too."""
    groups = {zone.id for zone in state.reading.graph.zones if zone.kind is ZoneKind.GROUP}
    return [interval for end in ends if (end.exact or not end.zones & groups) and not end.names for interval in end.addresses]


def _overlapping(state: State, names: frozenset[str]) -> frozenset[str]:
    """Parties among whose addresses are some of these roles': a member of the one may be one of the other."""
    everybody = everyone(state.reading.graph, state.reading.cast)
    held = [interval for name in names for end in everybody.get(name, ()) if not end.names for interval in end.addresses]
    return frozenset(
        name
        for name, found in everybody.items()
        if any(not end.names and not end.elsewhere and intersect_intervals(end.addresses, held) for end in found)
    )
