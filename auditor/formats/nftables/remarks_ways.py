"""Remarks on whole ways: chains that take back what others accept, and what a host needs and does not get."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from auditor.formats.nftables import fields
from auditor.formats.nftables.convert import Converted, Stage, hooks_of
from auditor.formats.nftables.remarks_rules import _LIKELY
from auditor.formats.nftables.setting import Way
from auditor.formats.nftables.syntax import Nat
from auditor.model.filters import Assign, Call, Fact, Filter, Predicate, Rule, Verdict, actions, all_rules
from auditor.model.headers import NEW_FLOW, address_interval
from auditor.model.packets import NOTHING, Field, Packet, PacketSet, State
from auditor.model.source import Effect, Level, Note, Span

_SEEN = {"ip": NEW_FLOW & fields.V4, "ip6": NEW_FLOW & fields.V6}
"""The new flows that the tables of a family see; of the others, all."""


def remarks(converted: Converted) -> Iterator[Note]:
    """Every remark on ways."""
    seen: set[tuple[str, Span]] = set()
    for way in Way:
        for note in _between(converted.stages[way]):
            if (note.trap, note.span) not in seen:
                seen.add((note.trap, note.span))
                yield note
    for stage in converted.stages[Way.INBOUND]:
        if stage.base.hook == "input" and stage.default is Verdict.DENY:
            yield from _needs(stage)
    yield from _forwards(converted)
    yield from _second_nat(converted)


def _note(trap: str, message: str, span: Span, level: Level, effect: Effect = Effect.DANGEROUS, *related: tuple[str, Span]) -> Note:
    return Note(trap, message, span, effect, level, related)


# -- one chain against another


def _between(stages: tuple[Stage, ...]) -> Iterator[Note]:
    """Accepts whose packets another chain of the hook drops."""
    filters = [stage for stage in stages if stage.base.type == "filter"]
    for index, stage in enumerate(filters):
        before = [each for each in filters[:index] if each.base.hook == stage.base.hook and _denies(each)]
        behind = [each for each in filters[index + 1 :] if each.base.hook == stage.base.hook and _denies(each)]
        if not before and not behind:
            continue
        accepts = [rule for rule in all_rules(stage.rules) if rule.action is Verdict.PERMIT and not rule.synthetic]
        for other in behind:
            yield from _lost(stage, accepts, other, "accept-not-final", Level.WARNING)
        for other in before:
            yield from _lost(stage, accepts, other, "accept-too-late", Level.NOTE)


def _lost(stage: Stage, accepts: list[Rule], other: Stage, trap: str, level: Level) -> Iterator[Note]:
    let, seen = may_permit(other.filter), _SEEN.get(stage.table.family, NEW_FLOW)
    for action in actions(stage.rules):
        if isinstance(action, Assign):  # the other chain may ask for what this one writes
            let = let.without(action.field)
    for rule in accepts:
        sure = rule.condition.settle(_nobody).surely & seen
        if sure and not sure <= let and (other.default is Verdict.DENY or not sure & let):
            how = (
                "drops packets that are accepted here: accept ends this chain alone"
                if trap == "accept-not-final"
                else "has dropped packets of this rule"
            )
            message = f"chain `{other.name}` {how}"
            yield _note(trap, message, rule.span, level, Effect.NARROWED, ("the policy of the other chain", other.policy_span))


def _denies(stage: Stage) -> bool:
    return stage.default is Verdict.DENY or any(isinstance(rule.action, Verdict) and rule.action.denies for rule in all_rules(stage.rules))


def may_permit(filter_: Filter) -> PacketSet:
    """The packets from elsewhere that a chain may accept, as they come to it; what is in doubt is taken for permitted."""
    permitted: list[PacketSet] = []
    left = _walk(filter_.rules, ~NOTHING, permitted, {})
    if filter_.default is Verdict.PERMIT:
        permitted.append(left)
    result = NOTHING
    for packets in permitted:
        result |= packets
    return result


def _walk(
    rules: tuple[Rule, ...], reach: PacketSet, permitted: list[PacketSet], known: dict[tuple[int, PacketSet], PacketSet]
) -> PacketSet:
    returned = NOTHING
    for rule in rules:
        match = rule.condition.settle(_from_outside)
        hit = reach & match.maybe
        if not hit or isinstance(rule.action, Assign):
            continue
        if isinstance(rule.action, Call):
            key = (id(rule.action.chain), hit)
            if key not in known:
                known[key] = _walk(rule.action.chain.rules, hit, permitted, known)
            back = known[key]
            if rule.action.goto:
                returned |= back
                back = NOTHING
            reach = (reach - match.surely) | back
            continue
        if rule.action is Verdict.PERMIT:
            permitted.append(hit)
        elif rule.action is Verdict.RETURN:
            returned |= hit
        reach -= match.surely
    return reach | returned


def _nobody(_: object) -> None:
    return None


# -- what a host needs


def _needs(stage: Stage) -> Iterator[Note]:
    """A closed input that forgets the host itself, or IPv6's own messages."""
    local = {Field.PROTOCOL: 6, Field.SOURCE: _at("127.0.0.1"), Field.DESTINATION: _at("127.0.0.1"), Field.SOURCE_PORT: 49152,
             Field.DESTINATION_PORT: 61234, Field.TCP_FLAGS: 2}  # fmt: skip
    if stage.table.family != "ip6" and stage.filter.first_match(local, _on_loopback, Verdict.PERMIT) is None:
        yield _note("loopback-blocked", "nothing accepts what the host sends to itself (`iif lo accept`)", stage.policy_span, Level.WARNING)
    if stage.table.family != "ip" and any(stage.filter.first_match(each, _from_outside, Verdict.PERMIT) is None for each in _discovery()):
        message = "neighbour discovery does not get in (icmpv6 nd-neighbor-solicit, nd-neighbor-advert): IPv6 does not work"
        yield _note("nd-blocked", message, stage.policy_span, Level.WARNING)


def _at(text: str) -> int:
    return address_interval(text)[0]


def _discovery() -> Iterator[Packet]:
    for kind in (135, 136):
        yield {
            Field.PROTOCOL: 58,
            Field.DESTINATION_PORT: kind << 8,
            Field.SOURCE: _at("fe80::1"),
            Field.DESTINATION: _at("fe80::2"),
            Field.STATE: State.NEW,
        }


def _on_loopback(predicate: Predicate) -> bool:
    return predicate.fact is Fact.ITSELF


def _from_outside(predicate: Predicate) -> bool | None:
    return False if predicate.fact is Fact.ITSELF else None


# -- translation


def _forwards(converted: Converted) -> Iterator[Note]:
    """Port forwards that no filter lets through."""
    filters = [hook.filter for hook in hooks_of(Way.TRANSIT, converted, "", "")]
    for span, text, packets in converted.converter.translator.ways_in:
        packets &= NEW_FLOW
        if packets and not _passes(packets.example(_LIKELY), filters):
            yield _note("nat-without-filter", f"what `{text}` translates is dropped in forward", span, Level.WARNING, Effect.IGNORED)
    filters = [hook.filter for hook in hooks_of(Way.INBOUND, converted, "", "")]
    for record in converted.converter.records:
        for statement, guard in record.seen:
            if isinstance(statement, Nat) and statement.kind == "redirect" and record.place.setting.way is Way.INBOUND:
                packets = guard.settle(_nobody).maybe & NEW_FLOW
                if packets and not _passes(packets.example(_LIKELY), filters):
                    message = f"what `{record.line.at.told}` translates is dropped in input"
                    yield _note("nat-without-filter", message, record.line.at.span, Level.WARNING, Effect.IGNORED)


def _passes(packet: Packet, filters: list[Filter]) -> bool:
    return all(filter_.first_match(packet, _nobody, Verdict.PERMIT) is not None for filter_ in filters)


def _second_nat(converted: Converted) -> Iterator[Note]:
    """Translations whose packets an earlier chain of the hook has all translated."""
    seen: set[Span] = set()
    for way in Way:
        chains = [stage for stage in converted.stages[way] if stage.base.type == "nat"]
        for first, second in pairwise(chains):
            if first.base.hook != second.base.hook:
                continue
            taken = NOTHING
            for guard, _ in _translations(first, converted):
                taken |= guard
            for guard, span in _translations(second, converted):
                if guard and guard <= taken and span not in seen:
                    seen.add(span)
                    message = f"chain `{first.name}` translates all of its packets first: this never runs"
                    yield _note("nat-second-chain", message, span, Level.WARNING, Effect.IGNORED, ("the other chain", first.base.at.span))


def _translations(stage: Stage, converted: Converted) -> Iterator[tuple[PacketSet, Span]]:
    lines = {entry.line.at for entry in stage.chain.entries}
    for record in converted.converter.records:
        if record.place.setting == stage.setting and record.line.at in lines:
            for statement, guard in record.seen:
                if isinstance(statement, Nat):
                    yield guard.settle(_nobody).surely & fields.OPENS_FLOW & NEW_FLOW, record.line.at.span


__all__ = ["may_permit", "remarks"]
