"""What a filter surely lets through, and what it may let through, whatever the unknowns turn out to be.

One walk over the rules in first-match order keeps the packets that may still be undecided and collects what may be permitted and what
may be denied. What cannot be denied is surely permitted. Sound always; exact while the unknowns are independent of each other.
"""

from __future__ import annotations

from itertools import islice

from auditor.analysis import runs
from auditor.model.filters import Assign, Call, Filter, Match, Rule, Settle, Verdict
from auditor.model.packets import EVERYTHING, NOTHING, Field, PacketSet, field_set, union
from auditor.model.record import dataclass, field
from auditor.model.source import Unknown


@dataclass(frozen=True, slots=True)
class Bounds:
    """Of the packets asked about: those surely let through, and those that may be; `surely <= maybe`.

    `unknowns` are those of rules that could make the difference, in order, each once; the first of them, where they are many.
    """

    surely: PacketSet
    maybe: PacketSet
    unknowns: tuple[Unknown, ...] = ()

    def __and__(self, other: Bounds) -> Bounds:
        return Bounds(self.surely & other.surely, self.maybe & other.maybe, tuple(dict.fromkeys(self.unknowns + other.unknowns)))


Written = tuple[tuple[Field, int | None], ...]
"""The fields that were written over, sorted, each with its value now; None: not known."""

Reach = dict[Written, PacketSet]
"""Packets at a place, as they were at first, by what was written over them on the way."""

_MOST_WRITTEN = 64
_MOST_UNKNOWNS = 64


def bounds(filter_: Filter, ask: Settle, question: PacketSet) -> Bounds:
    """The bounds of `filter_` on the packets of `question`, with predicates answered by `ask`."""
    walk = _Walk(ask)
    stage: Filter | None = filter_
    permitted: Reach = {(): question} if question else {}
    while stage is not None:
        walk.permitted, walk.called = {}, {}
        rest = walk.through(stage.rules, permitted)
        if stage.default is Verdict.PERMIT:
            _add(walk.permitted, rest)
        else:
            walk.denied |= union(rest.values())
        permitted, stage = walk.permitted, stage.then
    maybe = union(permitted.values())
    surely = question - walk.denied
    doubt = maybe - surely
    unknowns = (unknown for region, names in walk.doubts if region.meets(doubt) for unknown in names) if doubt else ()
    return Bounds(surely, maybe, tuple(dict.fromkeys(islice(unknowns, _MOST_UNKNOWNS))))


@dataclass(slots=True)
class _Walk:
    """One pass over a filter. A packet is in `permitted` (`denied`) if some world permits (denies) it."""

    ask: Settle
    permitted: Reach = field(default_factory=dict)
    denied: PacketSet = NOTHING
    doubts: list[tuple[PacketSet, tuple[Unknown, ...]]] = field(default_factory=list)
    called: dict[tuple[int, frozenset[tuple[Written, PacketSet]]], Reach] = field(default_factory=dict)

    def through(self, rules: tuple[Rule, ...], reach: Reach) -> Reach:
        """Send `reach` through `rules`; what may fall off their end."""
        reach = dict(reach)
        returned: Reach = {}
        skip = 0
        for index, rule in enumerate(rules):
            if not reach:
                break
            if index < skip or rule.action is Verdict.CONTINUE:
                continue
            if reach.keys() == {()} and len(rules) - index >= runs.LONG and (count := runs.length(rules, index)) >= runs.LONG:
                _add(returned, self._along(rules[index : index + count], reach))
                skip = index + count
                continue
            match = rule.condition.settle(self.ask)
            hit: Reach = {}
            for written, packets in list(reach.items()):
                seen = _seen_by(match, written) if written else match
                part = packets & seen.maybe
                if not part:
                    continue
                hit[written] = part
                if seen.unknowns:
                    self.doubts.append((part - seen.surely, seen.unknowns))
                left = packets - seen.surely
                if left:
                    reach[written] = left
                else:
                    del reach[written]
            if hit:
                behind, back = self._act(rule, hit)
                _add(reach, behind)
                _add(returned, back)
        _add(reach, returned)
        return reach

    def _along(self, run: tuple[Rule, ...], reach: Reach) -> Reach:
        """Send what reaches a long run through it, and leave in `reach` what comes out behind it; what returns from it."""
        packets = reach.pop(())
        touching = [(rule, match, packets & match.maybe) for rule, match in runs.touching(run, self.ask, packets)]
        if len(touching) < runs.LONG and not any(rule.action is Verdict.RETURN for rule, _, _ in touching):
            reach.update(self.through(tuple(rule for rule, _, _ in touching), {(): packets}))
            return {}
        found = runs.fold([(rule, match) for rule, match, _ in touching]).within(packets)
        self.doubts += [(hit - match.surely, match.unknowns) for _, match, hit in touching if match.unknowns]
        _add(self.permitted, {(): found.permitted} if found.permitted else {})
        self.denied |= found.denied
        left = packets - found.decided
        if left:
            reach[()] = left
        return {(): found.returned} if found.returned else {}

    def _act(self, rule: Rule, hit: Reach) -> tuple[Reach, Reach]:
        """What `rule` does with the packets it may match: (what goes on behind it, what returns from its chain)."""
        action = rule.action
        if isinstance(action, Assign):
            return _write(hit, action), {}
        if isinstance(action, Call):
            key = (id(action.chain), frozenset(hit.items()))
            if key not in self.called:
                self.called[key] = self.through(action.chain.rules, hit)
            back = self.called[key]
            return ({}, back) if action.goto else (back, {})
        if action is Verdict.PERMIT:
            _add(self.permitted, hit)
        elif action.denies:
            self.denied |= union(hit.values())
        return {}, hit if action is Verdict.RETURN else {}


def _add(reach: Reach, more: Reach) -> None:
    for written, packets in more.items():
        known = reach.get(written)
        reach[written] = packets if known is None else known | packets


def _write(hit: Reach, action: Assign) -> Reach:
    """`hit` with a field written over. Where there come to be too many values, they are no longer told apart."""
    result: Reach = {}
    for written, packets in hit.items():
        _add(result, {tuple(sorted({**dict(written), action.field: action.value}.items(), key=lambda item: item[0])): packets})
    if len(result) <= _MOST_WRITTEN:
        return result
    fields = sorted({field_ for written in result for field_, _ in written})
    return {tuple((field_, None) for field_ in fields): union(result.values())}


def _seen_by(match: Match, written: Written) -> Match:
    """The match in terms of the packets as they were at first."""
    surely, maybe = match.surely, match.maybe
    for field_, value in written:
        if value is None:
            surely, maybe = surely.throughout(field_, EVERYTHING), maybe.without(field_)
        else:
            here = field_set(field_, [(value, value)])
            surely, maybe = (surely & here).without(field_), (maybe & here).without(field_)
    return Match(surely, maybe, match.unknowns)
