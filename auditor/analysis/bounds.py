"""What a filter surely lets through, and what it may let through, whatever the unknowns turn out to be.

One walk over the rules in first-match order keeps the packets that may still be undecided and collects what may be permitted and what
may be denied. What cannot be denied is surely permitted. Sound always; exact while the unknowns are independent of each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.model.filters import Assign, Call, Filter, Match, Rule, Settle, Verdict
from auditor.model.packets import NOTHING, Field, PacketSet
from auditor.model.source import Unknown


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of the packets asked about: those surely let through, and those that may be; `surely <= maybe`.

    `unknowns` are those of rules that could make the difference, in order, each once.
    """

    surely: PacketSet
    maybe: PacketSet
    unknowns: tuple[Unknown, ...] = ()

    def __and__(self, other: Bounds) -> Bounds:
        return Bounds(self.surely & other.surely, self.maybe & other.maybe, tuple(dict.fromkeys(self.unknowns + other.unknowns)))


def bounds(filter_: Filter, ask: Settle, question: PacketSet) -> Bounds:
    """The bounds of `filter_` on the packets of `question`, with predicates answered by `ask`."""
    walk = _Walk(ask)
    rest = walk.through(filter_.rules, question)
    if filter_.default is Verdict.PERMIT:
        walk.permitted |= rest
    else:
        walk.denied |= rest
    maybe, denied = (walk.original(packets, question) for packets in (walk.permitted, walk.denied))
    surely = question - denied
    doubt = maybe - surely
    unknowns = (unknown for region, names in walk.doubts if walk.original(region, question).meets(doubt) for unknown in names)
    return Bounds(surely, maybe, tuple(dict.fromkeys(unknowns)))


def settled(rule: Rule, ask: Settle) -> Match:
    """What a rule matches for the endpoints that `ask` answers for."""
    return rule.condition.settle(ask)


@dataclass(slots=True)
class _Walk:
    """One pass over a filter. A packet is in `permitted` (`denied`) if some world permits (denies) it."""

    ask: Settle
    permitted: PacketSet = NOTHING
    denied: PacketSet = NOTHING
    marks: set[Field] = field(default_factory=set)
    doubts: list[tuple[PacketSet, tuple[Unknown, ...]]] = field(default_factory=list)

    def original(self, packets: PacketSet, question: PacketSet) -> PacketSet:
        """The packets of the question that arrived somewhere, whatever marks they were given on the way."""
        for mark in self.marks:
            packets = packets.without(mark)
        return packets & question if self.marks else packets

    def through(self, rules: tuple[Rule, ...], reach: PacketSet) -> PacketSet:
        """Send `reach` through `rules`; what may fall off their end."""
        returned = NOTHING
        for rule in rules:
            if not reach:
                break
            if rule.action is Verdict.CONTINUE:
                continue
            match = rule.condition.settle(self.ask)
            hit = reach & match.maybe
            if not hit:
                continue
            if match.unknowns:
                self.doubts.append((hit - match.surely, match.unknowns))
            reach -= match.surely
            behind, back = self._act(rule, hit)
            reach |= behind
            returned |= back
        return reach | returned

    def _act(self, rule: Rule, hit: PacketSet) -> tuple[PacketSet, PacketSet]:
        """What `rule` does with the packets it may match: (what goes on behind it, what returns from its chain)."""
        action = rule.action
        if isinstance(action, Assign):
            self.marks.add(action.field)
            changed = hit.without(action.field) if action.value is None else hit.with_value(action.field, action.value)
            return changed, NOTHING
        if isinstance(action, Call):
            back = self.through(action.chain.rules, hit)
            return (NOTHING, back) if action.goto else (back, NOTHING)
        if action is Verdict.PERMIT:
            self.permitted |= hit
        elif action.denies:
            self.denied |= hit
        return NOTHING, hit if action is Verdict.RETURN else NOTHING
