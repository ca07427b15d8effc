"""From a broken requirement to a change that was tried: candidates, round by round, and the proof by reading the tree again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module

from auditor import audit
from auditor.analysis import reach
from auditor.files import MemoryTree, Tree, read_text
from auditor.fixing.wanted import WORLD, Service, Texts, Wanted, networks_of
from auditor.model.filters import Verdict
from auditor.model.findings import Finding, Outcome, Run
from auditor.model.graph import Crossing, Endpoint, Place, ZoneKind
from auditor.model.headers import ANYWHERE, IPV4, IPV6, PUBLIC, destinations, intersect_intervals, merge_intervals, sources
from auditor.model.packets import Interval, union
from auditor.model.record import dataclass, replace
from auditor.model.source import Span
from auditor.policy.changes import Effect, changes, everyone
from auditor.policy.flows import Pair, Stage, packets_of
from auditor.policy.ruleset import ANY, Flow, Kind, Requirement, Ruleset, Settled, settle

WRITERS = {
    "terraform": "auditor.fixing.terraform",
    "nftables": "auditor.fixing.nftables",
    "talos": "auditor.fixing.talos",
    "pfsense": "auditor.fixing.pf",
    "opnsense": "auditor.fixing.pf",
}
ROUNDS = 4  # a flow can be blocked at its source, on the way and at its destination
MOST_NETWORKS = 8


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
class State:
    """A tree as it was read, with what was found in it."""

    tree: Tree
    inputs: tuple[str, ...]
    request: audit.Request
    reading: audit.Reading
    run: Run

    @classmethod
    def of(cls, tree: Tree, inputs: tuple[str, ...], request: audit.Request) -> State:
        reading = audit.read(tree, inputs, request)
        return cls(tree, inputs, request, reading, audit.run_of(reading, request))

    def with_texts(self, texts: Texts) -> State:
        """The same with files changed. Raises `UsageError` if it cannot be read so."""
        return State.of(MemoryTree(dict(texts), under=self.tree), self.inputs, self.request)


def fixes(state: State, only: frozenset[str], unsafe: bool = False) -> Iterator[Proven | str]:
    """For each broken requirement a proven change on top of those before it, or its id where there is none. `only`: these ids, if any.

    Later changes build on a safe one, and with `unsafe` on any.
    """
    broken = dict.fromkeys(finding.rule for finding in state.run.findings if finding.outcome is Outcome.BROKEN)
    for rule in broken:
        found = _requirement(state, rule)
        if found is None or (only and rule not in only):
            continue
        if state.run.outcomes().get(rule) is not Outcome.BROKEN:
            continue  # a change before this one did it
        proven = next((each for texts in _candidates(state, *found) if (each := _prove(state, found[1], texts)) is not None), None)
        if proven is None:
            yield rule
            continue
        yield proven
        if proven.safe or unsafe:
            state = state.with_texts(proven.texts)


def _requirement(state: State, rule: str) -> tuple[Ruleset, Settled] | None:
    for ruleset, _ in state.reading.rulesets:
        for asked in settle(ruleset, state.reading.values[ruleset.name], state.reading.cast):
            if asked.requirement.id == rule and asked.flow is not None:
                return ruleset, asked
    return None


def _candidates(state: State, ruleset: Ruleset, asked: Settled) -> Iterator[Texts]:
    assert asked.flow is not None
    if asked.requirement.kind is Kind.ALLOW:
        texts = _permitted(state, ruleset, asked)
        if texts:
            yield texts
    elif asked.requirement.kind in (Kind.DENY, Kind.ONLY):
        yield from _narrowed(state, ruleset, asked)
        yield from _removed(state, asked)


# -- what lacks a permit


def _permitted(state: State, ruleset: Ruleset, asked: Settled) -> Texts:
    """The files with the rules that the flow lacks, hook after hook on its way; nothing where a writer gives up."""
    texts: Texts = {}
    now = state
    for _ in range(ROUNDS):
        wanted = list(_missing(now, ruleset, asked))
        if not wanted:
            return texts
        before = dict(texts)
        for each in dict.fromkeys(wanted):
            tree = MemoryTree(dict(texts), under=state.tree)
            writer = WRITERS.get(each.zone.partition(":")[0])
            if writer is not None:
                write: Callable[[Wanted], Texts] = import_module(writer).write
                texts |= write(replace(each, tree=tree))
        if texts == before:
            return {}
        try:
            now = state.with_texts(texts)
        except audit.UsageError:
            return {}
    return texts


def _missing(state: State, ruleset: Ruleset, asked: Settled) -> Iterator[Wanted]:
    """A permit for each hook that blocks the flow first."""
    assert asked.flow is not None
    stage = Stage(state.reading.graph, state.reading.cast, ruleset)
    for pair in stage.allow(asked.flow, asked.requirement.scope):
        shown = pair.worst
        if pair.outcome is Outcome.BROKEN and shown is not None and shown.crossing is not None and not shown.reply:
            yield _wanted(state.tree, asked.requirement, pair, shown.crossing, shown)


def _wanted(tree: Tree, requirement: Requirement, pair: Pair, crossing: Crossing, shown: reach.Judgement) -> Wanted:
    hook = crossing.hooks[0]
    steps = reach.replay(shown.way, reach.witness(shown.packets, shown.way), Verdict.DENY) if shown.packets else ()
    deciding = next((step.decision.rule for step in steps if step.crossing == crossing), None)
    return Wanted(
        tree=tree,
        name=requirement.name,
        title=requirement.title,
        service=Service(pair.service.protocol.value, tuple(pair.service.ports), pair.service.icmp_type),
        inbound=hook.place in (Place.INBOUND, Place.ENTRY),
        between=hook.place in (Place.ENTRY, Place.TRANSIT, Place.EXIT),
        zone=hook.zone or hook.id,
        filter_span=hook.filter.span,
        source_zones=crossing.source.zones,
        sources=_networks(crossing.source, anybody=False),
        destination_zones=crossing.destination.zones,
        destinations=_networks(crossing.destination, anybody=True),
        before=deciding.span if deciding is not None and not deciding.synthetic else None,
    )


def _networks(end: Endpoint, anybody: bool) -> tuple[str, ...]:
    """The networks of an endpoint as rules name them; the world for a name or for anybody, where that may be."""
    if end.names or end.addresses in (ANYWHERE, PUBLIC) or end.elsewhere:
        return (WORLD,) if anybody else ()
    found = [network for interval in end.addresses for network in networks_of(interval)]
    return tuple(found) if len(found) <= MOST_NETWORKS else ()


# -- what permits too much


def _narrowed(state: State, ruleset: Ruleset, asked: Settled) -> Iterator[Texts]:
    """The files with the deciding "everybody" replaced by the network of those who need the service. One place alone, or none."""
    places = {finding.location.span for finding in _broken(state.run, asked.requirement.id) if finding.location is not None}
    if len(places) != 1:
        return
    span = places.pop()
    source = read_text(state.tree, span.path)
    said = source.line(span.line)[span.column - 1 : span.end_column - 1]
    bare = said.strip('"')
    if span.line != span.end_line or bare not in ("0.0.0.0/0", "::/0"):
        return
    for network in _needed_from(state, ruleset, asked, IPV6 if ":" in bare else IPV4):
        yield {span.path: _replaced(source.text, span, said.replace(bare, network))}


def _removed(state: State, asked: Settled) -> Iterator[Texts]:
    """The files without the rules that let the flow through: each of them has to be a rule and nothing else."""
    texts: Texts = {}
    places = sorted({found.location.span for found in _broken(state.run, asked.requirement.id) if found.location}, reverse=True)
    for span in places:  # from the end, so that the lines before keep their numbers
        dialect = next((format_ for path, format_ in state.reading.graph.read if path == span.path), "")
        writer = WRITERS.get(dialect)
        remove: Callable[[str, Span], str | None] | None = import_module(writer).remove if writer else None
        text = texts.get(span.path) or read_text(state.tree, span.path).text
        new = remove(text, span) if remove is not None else None
        if new is None:
            return
        texts[span.path] = new
    if texts:
        yield texts


def _needed_from(state: State, ruleset: Ruleset, asked: Settled, family: Interval) -> Iterator[str]:
    """The networks that hold whoever some requirement lets use the service at this destination, the narrowest first."""
    reading = state.reading
    needs = [
        end
        for each in settle(ruleset, reading.values[ruleset.name], reading.cast)
        if each.flow is not None and asked.flow is not None and each.requirement.kind is Kind.ALLOW and _shares(each.flow, asked.flow)
        for role in each.flow.sources.roles()
        for end in reading.cast.endpoints(role)
    ]
    held = intersect_intervals([family], merge_intervals(interval for end in needs if not end.names for interval in end.addresses))
    known = [*held, *(interval for zone in reading.graph.zones for interval in zone.networks or ())]
    fitting = {(high - low, low, high) for low, high in known if held and low <= held[0][0] and held[-1][1] <= high}
    for _, low, high in sorted(fitting):
        found = networks_of((low, high))
        if len(found) == 1 and (low, high) != family:
            yield found[0] if "/" in found[0] else f"{found[0]}/{32 if family == IPV4 else 128}"


def _shares(one: Flow, other: Flow) -> bool:
    services = union(packets_of(service) for service in one.services)
    return set(one.destinations.roles()) & set(other.destinations.roles()) != set() and any(
        packets_of(service).meets(services) for service in other.services
    )


def _replaced(text: str, span: Span, new: str) -> str:
    lines = text.split("\n")
    line = lines[span.line - 1]
    lines[span.line - 1] = line[: span.column - 1] + new + line[span.end_column - 1 :]
    return "\n".join(lines)


# -- the proof


def _broken(run: Run, rule: str) -> list[Finding]:
    return [finding for finding in run.findings if finding.rule == rule and finding.outcome is Outcome.BROKEN]


_IDLE = "hygiene/redundant-rule"
"""That a rule there was is part of the new one makes nothing worse."""


def _failing(run: Run) -> int:
    return sum(finding.rule != _IDLE for finding in run.failing())


def _prove(state: State, asked: Settled, texts: Texts) -> Proven | None:
    """The change as a fix if it is one: read again, the requirement holds and nothing is worse or new."""
    try:
        after = state.with_texts(texts)
    except audit.UsageError:
        return None
    was, now = state.run.outcomes(), after.run.outcomes()
    rule = asked.requirement.id
    if now.get(rule) is not Outcome.HOLDS:
        return None
    if any(outcome.weight > was.get(name, Outcome.HOLDS).weight for name, outcome in now.items() if name != _IDLE):
        return None
    if _failing(after.run) > _failing(state.run):
        return None
    assert asked.flow is not None
    return Proven(rule, asked.requirement.title, texts, _does_only(state, after, asked), asked.requirement.kind is Kind.ALLOW)


def _does_only(state: State, after: State, asked: Settled) -> bool:
    """Whether the change opens just what was required, or closes just what was forbidden."""
    assert asked.flow is not None
    services = union(packets_of(service) for service in asked.flow.services)
    stage = Stage(
        after.reading.graph, after.reading.cast, next(r for r, _ in after.reading.rulesets if r.requirement(asked.requirement.id))
    )
    meant = [stage.endpoints(who) for who in (asked.flow.sources, asked.flow.destinations)]
    names = [frozenset(end.role or end.label for end in ends) | {end.label for end in ends} for ends in meant]
    located = [sources(_located(after, meant[0])), destinations(_located(after, meant[1]))]
    anybody = [any(term.text == ANY for term in who.terms) for who in (asked.flow.sources, asked.flow.destinations)]
    anybody[0] |= asked.requirement.kind is not Kind.ALLOW  # whoever else used what is forbidden had no requirement that lets it
    loose = [found | _overlapping(after, found) for found in names]
    wrong = Effect.CLOSED if asked.requirement.kind is Kind.ALLOW else Effect.OPENED
    for change in changes((state.reading.graph, state.reading.cast), (after.reading.graph, after.reading.cast)):
        if change.effect is wrong:
            return False
        fits = loose if change.effect is Effect.UNDECIDED else names
        ends = zip((change.source, change.destination), fits, located, anybody, strict=True)
        within = all(all_ or name in known or change.packets <= here for name, known, here, all_ in ends)
        if not change.packets <= services or not within:
            return False
    return True


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
