"""Requirements against a graph: each becomes findings with an outcome, the packet that shows it, and the place that decides.

What holds gives one finding that says so; what does not gives one a place that decides, with every flow that fails there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditor.model.findings import Finding, Location, Outcome, Question
from auditor.model.graph import MOST_NAMED, Endpoint, Graph
from auditor.model.headers import Protocol, addresses_text, merge_intervals, ports
from auditor.model.packets import PacketSet, union
from auditor.model.record import replace
from auditor.policy.binding import Cast, advice
from auditor.policy.conditions import Value
from auditor.policy.evidence import finding_of, group_by_place
from auditor.policy.facts import fact_holds
from auditor.policy.flows import Pair, Stage, packets_of
from auditor.policy.ruleset import Kind, Requirement, Ruleset, Scope, Settled, settle
from auditor.policy.services import Protocol as Named


def check(ruleset: Ruleset, values: Mapping[str, Value], cast: Cast, graph: Graph) -> Iterator[Finding]:
    """Every requirement of `ruleset` that applies, in the document's order; `values` has one for each parameter.

    HYGIENE requirements are answered elsewhere, from the rules alone.
    """
    stage = Stage(graph, cast, ruleset)
    others = Stage(graph, cast.apart, ruleset) if cast.apart is not None else None
    asked = settle(ruleset, values, cast)
    for each in asked:
        if each.skipped is None and each.requirement.kind is not Kind.HYGIENE:
            found = tuple(_answer(stage, each, asked))
            if others is not None and found and all(finding.outcome is Outcome.HOLDS for finding in found):
                found = _unless_apart(cast, found, tuple(_answer(others, each, asked)))
            yield from found


def _unless_apart(cast: Cast, found: tuple[Finding, ...], apart: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """What holds for zones as one machine, though nothing says that they are one, is open where it does not hold for each on its own."""
    worst = max(apart, key=lambda finding: finding.outcome.weight, default=None)
    if worst is None or worst.outcome is Outcome.HOLDS:
        return found
    question = _one_machine(cast)
    title = found[0].message.partition(":")[0]
    shown = replace(worst, outcome=Outcome.OPEN, message=f"{title}: not decided, {question.reason}", questions=(question,))
    return (replace(shown, fingerprint=found[0].fingerprint, properties=found[0].properties, help=question.settle),)


def _one_machine(cast: Cast) -> Question:
    """Whether zones are of one machine of which nothing says so: those of the first role that has such."""
    bound = next(bound for bound in cast.roles.values() if bound.apart)
    whole = next((end for end in bound.endpoints if end not in bound.apart), bound.endpoints[0])
    labels = [each.label for each in bound.apart if each.zones <= whole.zones] or [whole.label]
    said = f"name both for {bound.role} in auditor.yaml (roles: {{{bound.role}: {{behind: [...]}}}})"
    return Question(
        f"nothing says whether {' and '.join(labels)} are of one machine", f"if they are, {said}; if not, check one directory at a time"
    )


def _answer(stage: Stage, asked: Settled, all_: tuple[Settled, ...]) -> Iterator[Finding]:
    requirement = asked.requirement
    if asked.undecided is not None:
        yield _open(requirement, asked.undecided, f"set it: parameters in auditor.yaml, or --param; {asked.undecided}")
        return
    assert asked.flow is not None
    unbound = stage.unbound(asked.flow)
    needed = tuple(role for role in unbound if role not in {term.text for term in asked.flow.sources.but})
    if needed:
        yield _unbound(stage, requirement, needed)
        return
    if requirement.kind is Kind.ENFORCED:
        yield from _enforced(stage, requirement, stage.endpoints(asked.flow.destinations))
    elif requirement.kind is Kind.FACT:
        yield from _fact(stage, requirement, stage.endpoints(asked.flow.destinations))
    else:
        yield from _flows(stage, asked, tuple(pairs_of(stage, asked, all_)), unbound, _ports(all_))


def pairs_of(stage: Stage, asked: Settled, all_: tuple[Settled, ...]) -> Iterable[Pair]:
    """Every pair that a requirement about flows asks about, with its answer; `all_` are the requirements beside it."""
    requirement, flow = asked.requirement, asked.flow
    assert flow is not None
    if requirement.kind is Kind.ALLOW:
        return stage.allow(flow, requirement.scope)
    if requirement.kind is Kind.REPLIES:
        return stage.replies(flow)
    spared = _documented(all_, flow.destinations.roles()) if requirement.kind is Kind.ONLY else None
    return stage.deny(flow, requirement.scope, spared, _answers(all_, flow.destinations.roles()))


def _documented(asked: tuple[Settled, ...], roles: tuple[str, ...]) -> PacketSet:
    """The services that some other requirement speaks of, for one of these roles as destination: whoever may use them, it answers."""
    return union(
        packets_of(service)
        for each in asked
        if each.flow is not None and each.requirement.kind in (Kind.ALLOW, Kind.DENY) and set(each.flow.destinations.roles()) & set(roles)
        for service in each.flow.services
        if str(service) != "any"
    )


def _answers(asked: tuple[Settled, ...], roles: tuple[str, ...]) -> PacketSet:
    """What looks like an answer over UDP to a flow that these roles must be able to send: it comes from the service's port."""
    return union(
        ports(Protocol.UDP, source=service.ports)
        for each in asked
        if each.flow is not None and each.requirement.kind is Kind.ALLOW and set(each.flow.sources.roles()) & set(roles)
        for service in each.flow.services
        if service.protocol is Named.UDP and service.ports and each.skipped is None
    )


def _ports(asked: tuple[Settled, ...]) -> frozenset[int]:
    """The single ports that some requirement speaks of."""
    services = (service for each in asked if each.flow is not None for service in each.flow.services)
    return frozenset(low for service in services for low, high in service.ports if low == high)


def _flows(stage: Stage, settled: Settled, pairs: tuple[Pair, ...], unbound: tuple[str, ...], meant: frozenset[int]) -> Iterator[Finding]:
    requirement = settled.requirement
    if not pairs:
        yield from _unasked(stage, settled, unbound)
        return
    nobody = tuple(_nobody(stage, role) for role in unbound)
    failing = [pair for pair in pairs if pair.outcome is not Outcome.HOLDS]
    if not failing:
        assert settled.flow is not None
        left_out = stage.left_out(settled.flow)
        yield _of_others(requirement, left_out) if left_out else finding_of(requirement, pairs, Outcome.HOLDS, nobody)
    for pairs_here in group_by_place(requirement, failing):
        yield finding_of(requirement, pairs_here, pairs_here[0].outcome, nobody, meant)


def _unasked(stage: Stage, settled: Settled, unbound: tuple[str, ...]) -> Iterator[Finding]:
    """Why there is nothing to ask about a flow, and what to say so that there is."""
    requirement, flow = settled.requirement, settled.flow
    assert flow is not None
    if requirement.scope is Scope.NETWORK:
        return  # no network firewall stands between the ends
    if requirement.kind is Kind.REPLIES:
        yield _open(requirement, "nothing of the flow gets out that could be answered", "let the flow itself through first")
        return
    if unbound:
        yield _unbound(stage, requirement, unbound)
        return
    senders, receivers = stage.endpoints(flow.sources), stage.endpoints(flow.destinations)
    if senders == receivers:
        who = ", ".join(dict.fromkeys(end.role or end.label for end in senders))
        addresses = addresses_text(merge_intervals(span for end in senders for span in end.addresses), 3)
        reason = f"only one machine is known to be {who} ({addresses}), and what it sends to itself crosses no firewall"
        yield _open(requirement, reason, f"if there are others, name all of their addresses: roles in auditor.yaml, or --role {who}=…")
        return
    if stage.are_apart(flow):
        yield _open(requirement, f"the two ends are {_APART}", _AS_ADDRESSES)
        return
    reason = "no packet can be of this flow: the two ends share neither IPv4 nor IPv6"
    yield _open(requirement, reason, "give both ends addresses of one kind: roles in auditor.yaml, or --role")


_APART = "of different root modules or clusters, and nothing is asked between those"
_AS_ADDRESSES = "give one of them as addresses: roles in auditor.yaml, or --role"


def _of_others(requirement: Requirement, left_out: tuple[Endpoint, ...]) -> Finding:
    """What holds of all that was asked about, while nothing was asked about some."""
    labels = list(dict.fromkeys(end.label for end in left_out))
    named = ", ".join(labels[:MOST_NAMED]) + " …" * (len(labels) > MOST_NAMED)
    return _open(requirement, f"{named} and all who are at the other end are {_APART}", _AS_ADDRESSES)


def _open(requirement: Requirement, reason: str, advice: str) -> Finding:
    return Finding(
        requirement.id,
        Outcome.OPEN,
        requirement.level,
        f"{requirement.title}: not decided, {reason}",
        questions=(Question(reason, advice),),
        fingerprint=(requirement.id, reason),
        because=requirement.because,
        help=advice,
    )


def _nobody(stage: Stage, role: str, graph: Graph | None = None) -> Question:
    """That a role is not bound; `graph` has the zones that could be."""
    known = stage.ruleset.roles.get(role)
    if vague := stage.cast.vague(role):
        return Question(f"it is not known who {role} is, {vague}", f"{advice(role, graph)}; or check fewer files at a time")
    return Question(f"nobody is known to be {role}{f' ({known.description})' if known else ''}", advice(role, graph))


def _unbound(stage: Stage, requirement: Requirement, roles: tuple[str, ...]) -> Finding:
    asked = tuple(_nobody(stage, role, stage.graph if role == roles[0] else None) for role in roles)
    vague = next((each.reason for role, each in zip(roles, asked, strict=True) if stage.cast.vague(role)), "")
    found = _open(requirement, vague or f"nobody is known to be {', '.join(roles)}", asked[0].settle)
    return replace(found, questions=asked)


def _enforced(stage: Stage, requirement: Requirement, ends: tuple[Endpoint, ...]) -> Iterator[Finding]:
    bare = [end for end in ends if not stage.graph.guards(end)]
    for end in bare:
        yield _plain(stage, requirement, Outcome.BROKEN, f"no filter that was read stands in front of {end.label}", end)
    doubtful = [(end, doubt) for end in ends if end not in bare and (doubt := stage.graph.doubt(end)) is not None]
    for end, doubt in doubtful:
        yield _plain(stage, requirement, Outcome.OPEN, f"a filter may stand in front of {end.label}, not known: {doubt.reason}", end)
    if not bare and not doubtful:
        yield _plain(stage, requirement, Outcome.HOLDS, "a filter stands in front of each", None)


def _fact(stage: Stage, requirement: Requirement, ends: tuple[Endpoint, ...]) -> Iterator[Finding]:
    answers = [(end, fact_holds(stage.graph, end, requirement.fact)) for end in ends]
    for end, answer in answers:
        if answer is False:
            yield _plain(stage, requirement, Outcome.BROKEN, f"{end.label} does not say so", end)
        elif answer is None:
            yield _plain(stage, requirement, Outcome.OPEN, f"nothing that was read says so of {end.label}", end)
    if all(answer for _, answer in answers):
        yield _plain(stage, requirement, Outcome.HOLDS, "every configuration says so", None)


def _plain(stage: Stage, requirement: Requirement, outcome: Outcome, what: str, end: Endpoint | None) -> Finding:
    zone = next((zone for zone in map(stage.graph.zone, sorted(end.zones)) if zone is not None), None) if end else None
    bound = stage.cast.roles.get(end.role) if end else None
    place = (
        Location(zone.span, "", zone.label)
        if zone
        else Location(bound.span, "the binding", end.role)
        if end and bound and bound.span
        else None
    )
    return Finding(
        requirement.id,
        outcome,
        requirement.level,
        f"{requirement.title}: {what}",
        location=place,
        fingerprint=(requirement.id, end.role or end.label if end else ""),
        because=requirement.because,
        help=requirement.fix.text,
    )
