"""What connection tracking makes of answers to packets that were kept from it: of no flow it knows, they are never established.

Where one way has `notrack`, its rules are asked on the way back, ends exchanged, as the flow's first packet met them.
"""

from __future__ import annotations

from auditor.model.filters import (
    Action,
    Assign,
    Both,
    Call,
    Chain,
    Condition,
    Either,
    Exactly,
    Not,
    Rule,
    Side,
    Test,
    Undecided,
    Verdict,
    both,
    either,
)
from auditor.model.headers import Protocol, TcpFlag, icmp, protocol_set
from auditor.model.packets import Field, PacketSet, State, field_set
from auditor.model.record import replace

_SWAP = {
    Field.SOURCE: Field.DESTINATION,
    Field.DESTINATION: Field.SOURCE,
    Field.SOURCE_PORT: Field.DESTINATION_PORT,
    Field.DESTINATION_PORT: Field.SOURCE_PORT,
}
_ECHOES = ((icmp(Protocol.ICMP, 8), icmp(Protocol.ICMP, 0)), (icmp(Protocol.ICMPV6, 128), icmp(Protocol.ICMPV6, 129)))
_WITHOUT_PORTS = protocol_set(Protocol.ICMP, Protocol.ICMPV6)
_FIRST = {Field.STATE: State.NEW, Field.TCP_FLAGS: TcpFlag.SYN, Field.MARK: 0, Field.CT_MARK: 0, Field.TRANSLATED: 0}
"""What the first packet of a flow is, whatever its answer may be."""

_ANSWERS = field_set(Field.STATE, [(State.ESTABLISHED, State.ESTABLISHED)]) & (~_WITHOUT_PORTS | _ECHOES[0][1] | _ECHOES[1][1])


def untracked(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Rules for the way back: an answer to what these rules of the way there keep from connection tracking begins a flow."""
    aside = Rule(~Exactly(_ANSWERS), Verdict.PERMIT, rules[0].span, "no answer", synthetic=True)
    return (aside, *_back(rules))


def _back(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    found = ((rule, _action(rule.action)) for rule in rules)
    return tuple(replace(rule, condition=_answering(rule.condition), action=action) for rule, action in found if action is not None)


def _action(action: Action) -> Action | None:
    """What was dropped has no answer; other fields than the state are the first packet's own."""
    if isinstance(action, Assign):
        return Assign(Field.STATE, State.NEW) if action.field is Field.STATE else None
    if isinstance(action, Call):
        return Call(Chain(action.chain.name, _back(action.chain.rules), action.chain.span), goto=action.goto)
    return Verdict.PERMIT if action.denies else action


def _answering(condition: Condition) -> Condition:
    """The answers to first packets that meet a condition."""
    if isinstance(condition, Exactly):
        return Exactly(_answers(condition.packets))
    if isinstance(condition, Undecided):
        return Undecided(condition.unknown, _answers(condition.within))
    if isinstance(condition, Test):
        side = Side.DESTINATION if condition.predicate.side is Side.SOURCE else Side.SOURCE
        return Test(replace(condition.predicate, side=side), condition.unknown, _answers(condition.within))
    if isinstance(condition, Not):
        return ~_answering(condition.part)
    assert isinstance(condition, Both | Either)
    return (both if isinstance(condition, Both) else either)(*map(_answering, condition.parts))


def _answers(packets: PacketSet) -> PacketSet:
    for field, value in _FIRST.items():
        one = field_set(field, [(value, value)])
        if field is Field.TCP_FLAGS:
            one |= ~protocol_set(Protocol.TCP)
        packets = (packets & one).without(field)
    result = (packets - _WITHOUT_PORTS).renamed(_SWAP)
    for request, reply in _ECHOES:
        ends = (packets & request).without(Field.DESTINATION_PORT, Field.SOURCE_PORT)
        result |= ends.renamed(_SWAP) & reply
    return result
