"""Which earlier rules cover a rule completely. Exact, and quick where most rules have nothing to do with each other.

A rule is covered if no packet of it is left once the earlier rules that contain a packet of the rest have been taken away, one after the
other.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.filters import Both, Condition, Either, Exactly, Not, Rule, Test, Undecided, Verdict, leaves, overwritten
from auditor.model.headers import ONE_FAMILY, TcpFlag
from auditor.model.hulls import hull
from auditor.model.lookup import Lookup
from auditor.model.packets import EVERYTHING, NOTHING, V6_BASE, Field, Packet, PacketSet
from auditor.model.record import dataclass

_NONE: frozenset[object] = frozenset()


@dataclass(frozen=True, slots=True)
class Plain:
    """A rule's condition as exact packets and further demands (interfaces, groups, …), compared by what they say and not by where."""

    packets: PacketSet
    demands: frozenset[object]
    decided: bool  # no unknown is in it: it surely matches what it says


@dataclass(frozen=True, slots=True)
class Covered:
    """A rule that can match nothing: `by` are the earlier rules that take all of its packets."""

    rule: Rule
    by: tuple[Rule, ...]

    @property
    def contradicted(self) -> bool:
        """Whether some of them decide otherwise: the rule does not do what it says, rather than being superfluous."""
        assert isinstance(self.rule.action, Verdict)
        return any(isinstance(rule.action, Verdict) and rule.action.denies != self.rule.action.denies for rule in self.by)


def covered(rules: tuple[Rule, ...], within: PacketSet = EVERYTHING, usual: PacketSet = EVERYTHING) -> Iterator[Covered]:
    """The rules of one list that earlier rules of it cover, in order, as far as packets of `within` are concerned.

    Where only the `usual` packets of a rule are covered, it is named if they are decided otherwise, and not just by exceptions to it.
    """
    known: Lookup[tuple[Rule, Plain]] = Lookup()  # those so far that surely match what they say
    scope = ONE_FAMILY & within
    expected = scope & usual
    for rule in rules:
        if not isinstance(rule.action, Verdict) and overwritten((rule,)):
            known = Lookup()  # what matched before may not match any more
            continue
        if not isinstance(rule.action, Verdict) or rule.action is Verdict.CONTINUE:
            continue
        plain = plain_of(rule.condition)
        usually = _cover(known, plain, expected)
        by = usually if usually == () or expected is scope else _cover(known, plain, scope)
        if by is None:
            continue
        if by:
            yield Covered(rule, by)
            continue
        if usually:
            yield from _unusual(Covered(rule, usually), plain, scope)
        if plain.decided:
            known.add(plain.packets, (rule, plain))


def _unusual(found: Covered, plain: Plain, scope: PacketSet) -> Iterator[Covered]:
    if found.contradicted and not all(_is_exception(plain_of(other.condition), plain, scope) for other in found.by):
        yield found


def _is_exception(narrow: Plain, wide: Plain, scope: PacketSet) -> bool:
    """Whether all of one rule is part of another: first the exception, then the rule, is how lists are written."""
    return wide.demands <= narrow.demands and narrow.packets & scope <= wide.packets


def plain_of(condition: Condition) -> Plain:
    """The condition taken apart."""
    if isinstance(condition, Exactly):  # most rules: nothing but packets
        return Plain(condition.packets, _NONE, decided=True)
    packets, demands = EVERYTHING, set()
    parts = condition.parts if isinstance(condition, Both) else (condition,)
    for part in parts:
        if isinstance(part, Exactly):
            packets = part.packets
        else:
            demands.add(_said(part))
    return Plain(packets, frozenset(demands), not any(isinstance(leaf, Undecided) for leaf in leaves(condition)))


def _said(condition: Condition) -> object:
    """A demand without its place, so that the same demand on two lines is equal."""
    if isinstance(condition, Test):
        asked = condition.predicate
        return (asked.fact, asked.side, asked.values)
    if isinstance(condition, Both | Either):
        return (type(condition), frozenset(map(_said, condition.parts)))
    if isinstance(condition, Not):
        return (Not, _said(condition.part))
    return condition


def _cover(known: Lookup[tuple[Rule, Plain]], plain: Plain, within: PacketSet) -> tuple[Rule, ...] | None:
    """Known rules that together take every packet; empty if some packet is left, None if there is none within."""
    rest, by = plain.packets, []
    packet = _one_of(rest, within)
    if packet is None:
        return None
    while packet is not None:
        for rule, other in known.holding(packet):
            if other.demands <= plain.demands:
                by.append(rule)
                rest -= other.packets
                break
        else:
            return ()
        packet = _one_of(rest, within)
    return tuple(by)


_OPENING: Packet = {Field.TCP_FLAGS: TcpFlag.SYN}
_OPENING_V6: Packet = {**_OPENING, Field.SOURCE: V6_BASE, Field.DESTINATION: V6_BASE}


def _one_of(packets: PacketSet, within: PacketSet) -> Packet | None:
    """A packet of both sets, one that opens a flow if it is quickly found: rules about broken packets, which stand first, hold no such."""
    if packets is NOTHING:
        return None
    packet = packets.closest(_OPENING if hull(packets)[2 * Field.SOURCE] < V6_BASE else _OPENING_V6)
    return packet if packet in within else packets.common(within)
