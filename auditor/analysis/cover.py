"""Which earlier rules cover a rule completely. Exact, and quick where most rules have nothing to do with each other.

A rule is covered if no packet of it is left once the earlier rules that contain a packet of the rest have been taken away, one after the
other.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.filters import Both, Condition, Either, Exactly, Not, Rule, Test, Undecided, Verdict, overwritten
from auditor.model.headers import ONE_FAMILY
from auditor.model.lookup import Lookup
from auditor.model.packets import EVERYTHING, PacketSet
from auditor.model.record import dataclass


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
    for rule in rules:
        if not isinstance(rule.action, Verdict) and overwritten((rule,)):
            known = Lookup()  # what matched before may not match any more
            continue
        if not isinstance(rule.action, Verdict) or rule.action is Verdict.CONTINUE:
            continue
        plain = plain_of(rule.condition, scope)
        if not plain.packets:
            continue
        common = plain.packets & usual
        usually = _cover(known, common, plain.demands)
        by = usually
        if common is not plain.packets and (usually or not common):  # else a packet is left of a part, and so of the whole
            by = _cover(known, plain.packets, plain.demands)
        if by:
            yield Covered(rule, by)
            continue
        if usually:
            yield from _unusual(Covered(rule, usually), plain, scope)
        if plain.decided:
            known.add(plain.packets, (rule, plain))


def _unusual(found: Covered, plain: Plain, scope: PacketSet) -> Iterator[Covered]:
    if found.contradicted and not all(_is_exception(plain_of(other.condition, scope), plain) for other in found.by):
        yield found


def _is_exception(narrow: Plain, wide: Plain) -> bool:
    """Whether all of one rule is part of another: first the exception, then the rule, is how lists are written."""
    return wide.demands <= narrow.demands and narrow.packets <= wide.packets


def plain_of(condition: Condition, within: PacketSet) -> Plain:
    """The condition taken apart. Packets that are not `within` are left out."""
    packets, demands = EVERYTHING, set()
    parts = condition.parts if isinstance(condition, Both) else (condition,)
    for part in parts:
        if isinstance(part, Exactly):
            packets = part.packets
        else:
            demands.add(_said(part))
    return Plain(packets & within, frozenset(demands), not any(map(_doubtful, parts)))


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


def _doubtful(condition: Condition) -> bool:
    if isinstance(condition, Both | Either):
        return any(map(_doubtful, condition.parts))
    return _doubtful(condition.part) if isinstance(condition, Not) else isinstance(condition, Undecided)


def _cover(known: Lookup[tuple[Rule, Plain]], packets: PacketSet, demands: frozenset[object]) -> tuple[Rule, ...]:
    """Known rules that together take every packet; empty if some packet is left."""
    rest, by = packets, []
    while rest:
        found = next((each for each in known.holding(rest.example()) if each[1].demands <= demands), None)
        if found is None:
            return ()
        rule, other = found
        by.append(rule)
        rest -= other.packets
    return tuple(by)
