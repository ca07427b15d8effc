"""How a requirement's outcome is told: the message, the packet, its trace, the place to look at, and what is not known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor.analysis.reach import Judgement
from auditor.analysis.replay import Step, replay, witness
from auditor.model.filters import Decision, Rule, Verdict
from auditor.model.findings import Finding, Location, Outcome, Question, TraceStep, Witness
from auditor.model.graph import Crossing, Endpoint
from auditor.model.headers import (
    EXPERIMENTAL,
    IPV4,
    IPV6,
    PORT_PROTOCOLS,
    PUBLIC,
    Protocol,
    address_text,
    addresses_text,
    intersect_intervals,
    packet_text,
    protocol_set,
    protocol_text,
    service_part,
    services_text,
    subtract_intervals,
)
from auditor.model.packets import Field, Packet, PacketSet, State
from auditor.model.record import dataclass
from auditor.model.source import Span, Unknown
from auditor.policy.flows import Pair
from auditor.policy.nearly import near_misses
from auditor.policy.ruleset import ANY, INTERNET, Kind, Requirement, TermKind
from auditor.policy.upkeep import UPKEEP

FEW = 4  # addresses that may be machines which nobody named


def group_by_place(requirement: Requirement, pairs: Iterable[Pair]) -> list[list[Pair]]:
    """Failing pairs by outcome and the place that decides: one finding each. The broken ones come first."""
    places: dict[tuple[int, Span | None, bool], list[Pair]] = {}
    for pair in pairs:
        worst = pair.worst
        place = (_place(requirement, worst) if worst else None) or pair.place
        reply = worst.reply if worst else False
        places.setdefault((-pair.outcome.weight, place.span if place else None, reply), []).append(pair)
    return [places[key] for key in sorted(places, key=lambda key: key[0])]


def finding_of(
    requirement: Requirement,
    pairs: Sequence[Pair],
    outcome: Outcome,
    unbound: tuple[Question, ...] = (),
    meant: frozenset[int] = frozenset(),
) -> Finding:
    """One finding about pairs that share an outcome and the place that decides it. `meant` are the ports that requirements ask for."""
    shown = pairs[0].worst
    flows = _flows_text(pairs)
    fingerprint = (requirement.id, *sorted({_who(pair) for pair in pairs}), _filter_name(shown))
    properties = (("from", _ends(pair.source for pair in pairs)), ("to", _ends(pair.destination for pair in pairs)))
    if shown is None:
        passes = "gets through" if requirement.kind in (Kind.ALLOW, Kind.REPLIES) else "nothing gets through"
        if not any(judged.way.crossings for pair in pairs for judged in pair.judgements):
            passes = "no firewall that was read filters it"
        return Finding(
            requirement.id,
            outcome,
            requirement.level,
            f"{requirement.title}: {passes} ({flows})",
            fingerprint=fingerprint,
            properties=properties,
            because=requirement.because,
        )
    packet = witness(shown.packets, shown.way) if shown.packets else None
    steps = replay(shown.way, packet, _wanted(requirement, shown)) if packet else ()
    seen = evidence(packet, steps)
    questions = tuple(question_of(unknown) for unknown in shown.unknowns) if outcome is Outcome.OPEN else ()
    if outcome is Outcome.OPEN and not questions:
        questions = tuple(_places_unknown(pairs))
    if unbound and outcome is not Outcome.HOLDS:
        outcome, questions = _spared(shown, outcome, unbound, questions)
    return Finding(
        requirement.id,
        outcome,
        requirement.level,
        f"{requirement.title}: {_sentence(requirement, shown, steps, flows, outcome, questions, pairs[0].place)}",
        location=_location(requirement, shown, steps) or pairs[0].place,
        related=(*_nearly(outcome, shown, steps, packet, meant), *seen.related),
        witness=seen.witness,
        trace=seen.trace,
        questions=questions,
        fingerprint=fingerprint,
        properties=properties,
        because=requirement.because,
        help=requirement.fix.text + (_unless(requirement, shown) if outcome is Outcome.BROKEN else ""),
    )


def _unless(requirement: Requirement, shown: Judgement) -> str:
    """Of a few inner addresses that are let in: they may be those of somebody who is spared, and whom nobody named."""
    spans = shown.packets.values(Field.SOURCE)
    few = not shown.partial and sum(high - low + 1 for low, high in spans) <= FEW and not intersect_intervals(spans, PUBLIC)
    spared = [term.text for choice in requirement.sources for term in choice.who.but if term.kind is TermKind.ROLE]
    if not few or not spared or not shown.way.source.elsewhere:
        return ""
    return f" If {addresses_text(spans, FEW)} plays {spared[-1]}, say so: roles in auditor.yaml, or --role {spared[-1]}=…."


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows an outcome: the packet, what every filter did with it, and how one gets to the rules that decided."""

    witness: Witness | None
    trace: tuple[TraceStep, ...]
    related: tuple[Location, ...]


def evidence(packet: Packet | None, steps: tuple[Step, ...]) -> Evidence:
    """The evidence of a packet and its replay; nothing of nothing."""
    shown = Witness(packet_text(packet), _fields(packet)) if packet is not None else None
    return Evidence(shown, tuple(step for each in steps for step in _trace(each)), _related(steps))


def _spared(
    shown: Judgement, outcome: Outcome, unbound: tuple[Question, ...], questions: tuple[Question, ...]
) -> tuple[Outcome, tuple[Question, ...]]:
    """A deny with an exception nobody plays: what passes may be just the exception, unless nearly everybody passes."""
    world = sum(high - low + 1 for low, high in shown.packets.values(Field.SOURCE) if high < 2**32) >= 2**24
    if outcome is Outcome.BROKEN and world:
        return outcome, questions
    return Outcome.OPEN, (*questions, *unbound)


def _places_unknown(pairs: Sequence[Pair]) -> Iterable[Question]:
    """That a firewall's configuration does not say behind which of its interfaces somebody is."""
    for pair in pairs[:1]:
        if any(not judged.way.certain for judged in pair.judgements):
            ends = [end for end in (pair.source, pair.destination) if not end.zones] or [pair.source, pair.destination]
            told = " and ".join(map(_label, ends))
            where = f"behind which interface {told} is" if len(ends) == 1 else f"behind which interfaces {told} are"
            who = ends[0].role or INTERNET
            yield Question(where, f"say it in auditor.yaml, under roles: {who}: {{zone: …}}; `auditor graph` lists the zones")


# -- where


def _wanted(requirement: Requirement, shown: Judgement) -> Verdict:
    """The verdict the witness is replayed towards: what would be wrong."""
    return Verdict.DENY if requirement.kind in (Kind.ALLOW, Kind.REPLIES) or shown.reply else Verdict.PERMIT


def _place(requirement: Requirement, shown: Judgement) -> Location | None:
    if not shown.packets or not shown.way.crossings:
        return _location(requirement, shown, ())
    packet = witness(shown.packets, shown.way)
    return _location(requirement, shown, replay(shown.way, packet, _wanted(requirement, shown)))


def _location(requirement: Requirement, shown: Judgement, steps: tuple[Step, ...]) -> Location | None:
    """The rule that decided; where none did, the filter that lacks one."""
    step = decisive(requirement, steps)
    if step is None:
        return None
    rule = step.decision.rule
    if rule is not None and not rule.synthetic:
        return Location(rule.span, "", rule.name or rule.text)
    filter_ = step.crossing.filter
    if shown.outcome is Outcome.OPEN and step.decision.may:
        doubtful = step.decision.may[-1]
        return Location(doubtful.span, "", doubtful.name or doubtful.text)
    missing = requirement.kind in (Kind.ALLOW, Kind.REPLIES)
    span = filter_.span if missing or filter_.default_span is None else filter_.default_span
    return Location(span, "", filter_.name)


def decisive(requirement: Requirement, steps: tuple[Step, ...]) -> Step | None:
    """The step to look at: the one that stops the packet; for what passes and should not, the last that a rule of the user's decides."""
    if not steps:
        return None
    if steps[-1].decision.verdict.denies or requirement.kind in (Kind.ALLOW, Kind.REPLIES):
        return steps[-1]
    written = [step for step in steps if step.decision.rule is not None and not step.decision.rule.synthetic]
    return written[-1] if written else steps[-1]


def _related(steps: tuple[Step, ...]) -> tuple[Location, ...]:
    decided = [step.decision.rule for step in steps if step.decision.rule is not None]
    return tuple(dict.fromkeys(Location(span, phrase) for rule in decided for phrase, span in rule.trail))


def _nearly(
    outcome: Outcome, shown: Judgement, steps: tuple[Step, ...], packet: Packet | None, meant: frozenset[int]
) -> tuple[Location, ...]:
    """The rules that were perhaps meant to let a stopped packet through."""
    stopped = packet is not None and not shown.reply and steps and steps[-1].decision.verdict.denies
    if outcome is not Outcome.BROKEN or packet is None or not stopped:
        return ()
    return near_misses(steps[-1].crossing, packet, meant)


# -- what


def _sentence(
    requirement: Requirement,
    shown: Judgement,
    steps: tuple[Step, ...],
    flows: str,
    outcome: Outcome,
    questions: tuple[Question, ...],
    bare: Location | None = None,
) -> str:
    if outcome is Outcome.OPEN:
        reasons = "; ".join(dict.fromkeys(question.reason for question in questions)) or "the configuration does not decide"
        return f"not decided for {flows}: {reasons}"
    step = decisive(requirement, steps)
    where = f" at {step.crossing.label}" if step else f" to {bare.name}" if bare else ""
    rule = step.decision.rule if step else None
    told = f" by {_told(rule)}" if rule is not None else ""
    if requirement.kind in (Kind.ALLOW, Kind.REPLIES):
        what = "answers do not get back" if shown.reply else f"{'denied' if rule is not None else 'no rule permits it'}{told}"
        return f"{flows} is blocked{where}: {what}"
    what = f"permitted{told}" if rule is not None else "permitted by default" if step else "no filter stands in the way"
    return f"{flows} gets through{where}: {what}{_extent(shown)}"


def _services(packets: PacketSet, most: int) -> tuple[str, ...]:
    """The services in words; what is all of ICMP but for upkeep is told as all of it."""
    flat = service_part(packets)
    for protocol in (protocol_set(Protocol.ICMP), protocol_set(Protocol.ICMPV6)):
        if protocol - UPKEEP <= flat:
            flat |= protocol
    return services_text(flat, most)


def _extent(shown: Judgement) -> str:
    """How much of a forbidden flow passes: the services and sources, where they are few enough to say."""
    everything = shown.packets.meets(EXPERIMENTAL)
    services = "nearly anything" if everything else ", ".join(_services(shown.packets, 4))
    more = "; later rules may let in more" if shown.partial and not everything else ""
    if not services or not shown.way.source.exact:
        return f" ({services}{more})" if services else ""
    return f" ({services} from {_sources_text(shown)}{more})"


def _sources_text(shown: Judgement) -> str:
    spans, asked = shown.packets.values(Field.SOURCE), shown.way.source.addresses
    whole = [family for family in (IPV4, IPV6) if intersect_intervals(spans, [family]) == intersect_intervals(asked, [family]) != ()]
    if (len(asked) <= 3 and not shown.way.source.elsewhere) or not whole or subtract_intervals(spans, whole):
        return addresses_text(spans, 3)
    only = "" if len(whole) == 2 else f", {'IPv4' if whole[0] is IPV4 else 'IPv6'}"
    return f"{'anywhere' if shown.way.source.role == ANY else f'all of {shown.way.source.label}'}{only}"


def _told(rule: Rule) -> str:
    return f"“{rule.name or rule.text}”" if (rule.name or rule.text) else "a rule"


def _flows_text(pairs: Sequence[Pair]) -> str:
    """The flows in words, those that differ in nothing but the destination, the source or the service together."""
    alike: list[_Flow] = [((_service(pair),), (_label(pair.source),), (_label(pair.destination),)) for pair in pairs]
    for place in (2, 1, 0):
        alike = _merged(alike, place)
    parts = (tuple(_listed(list(part)) for part in each) for each in alike)
    return _listed([f"{services} from {ends} to {others}" for services, ends, others in parts], 4)


_Flow = tuple[tuple[str, ...], ...]


def _merged(flows: Iterable[_Flow], place: int) -> list[_Flow]:
    """The flows with those that differ at `place` alone made one."""
    found: dict[_Flow, dict[str, None]] = {}
    for each in flows:
        found.setdefault((*each[:place], (), *each[place + 1 :]), {}).update(dict.fromkeys(each[place]))
    return [(*rest[:place], tuple(parts), *rest[place + 1 :]) for rest, parts in found.items()]


def _service(pair: Pair) -> str:
    """The service that was asked about; of a question about everything, what was found."""
    told, worst = str(pair.service), pair.worst
    if told != ANY:
        return told
    if worst is None or not worst.packets or worst.packets.meets(EXPERIMENTAL):
        return "anything"
    found = _services(worst.packets, 4)
    if worst.partial and "…" not in found:
        found += ("…",)
    return ", ".join(found) if "…" in found else _listed(list(found))


def _listed(items: list[str], most: int = 16) -> str:
    shown = items[:most] + ([f"{len(items) - most} more"] if len(items) > most else [])
    return " and ".join([", ".join(shown[:-1]), shown[-1]]) if len(shown) > 1 else "".join(shown)


def _label(end: Endpoint) -> str:
    if end.role and end.role != end.label and not end.elsewhere:
        return end.role
    return end.label


def _who(pair: Pair) -> str:
    return f"{_label(pair.source)}>{_label(pair.destination)}>{pair.service}"


def _ends(ends: Iterable[Endpoint]) -> str:
    return ", ".join(dict.fromkeys(map(_label, ends)))


def _filter_name(shown: Judgement | None) -> str:
    return shown.crossing.filter.name if shown is not None and shown.crossing is not None else ""


def question_of(unknown: Unknown) -> Question:
    """What would settle an unknown."""
    settle = f"give {unknown.reference} a value" if unknown.reference else ""
    if unknown.reference == "zone":
        settle = "bind them to its zones: roles in auditor.yaml, zone: …"
    if unknown.reference and unknown.reference.startswith("roles."):
        settle += " in auditor.yaml, beside its zones or names"
    if unknown.reference == "roles.internet":
        settle = "name the internet's interface in auditor.yaml: roles: {internet: {zone: …}}"
    if unknown.reference and unknown.reference.startswith("role "):
        settle = f"bind {unknown.reference}: roles in auditor.yaml, or --{unknown.reference}=…"
    return Question(unknown.reason, settle, unknown.reference or "", unknown.span)


# -- the packet and its way


def _fields(packet: Packet) -> tuple[tuple[str, str], ...]:
    protocol = packet.get(Field.PROTOCOL, 0)
    port = packet.get(Field.DESTINATION_PORT, 0)
    fields = [
        ("source", address_text(packet.get(Field.SOURCE, 0))),
        ("destination", address_text(packet.get(Field.DESTINATION, 0))),
        ("protocol", protocol_text(protocol)),
    ]
    if protocol in PORT_PROTOCOLS:
        fields += [("source_port", str(packet.get(Field.SOURCE_PORT, 0))), ("destination_port", str(port))]
    if protocol in (Protocol.ICMP, Protocol.ICMPV6):
        fields += [("icmp_type", str(port >> 8)), ("icmp_code", str(port & 255))]
    return (*fields, ("state", State(packet.get(Field.STATE, 0)).name.lower()))


def _trace(step: Step) -> Iterable[TraceStep]:
    """The rules the packet met at one filter, in order, and the verdict."""
    crossing, decision = step.crossing, step.decision
    following = (*(rule.span for rule in decision.path[1:]), None)
    for rule, after in zip(decision.path, following, strict=False):
        if rule is decision.rule or rule.span == after:  # one line of a file may have become several rules
            continue
        phrase = "may match" if rule in decision.may else "matches, goes on"
        yield TraceStep(crossing.label, phrase, rule.text, Location(rule.span, "", rule.name))
    yield _verdict(crossing, decision)


def _verdict(crossing: Crossing, decision: Decision) -> TraceStep:
    word = {Verdict.PERMIT: "permits", Verdict.DENY: "denies", Verdict.REJECT: "rejects"}.get(decision.verdict, decision.verdict.value)
    rule = decision.rule
    if rule is None:
        filter_ = crossing.filter
        return TraceStep(
            crossing.label, f"no rule matches: {word} by default", "", Location(filter_.default_span or filter_.span, "", filter_.name)
        )
    doubt = " if it matches" if rule in decision.may else ""
    return TraceStep(crossing.label, f"{word}{doubt}", rule.text, Location(rule.span, "", rule.name))
