"""What a filter surely lets through, and what it may let through, whatever the unknowns turn out to be.

One walk over the rules in first-match order keeps the packets that may still be undecided and collects what may be permitted and what
may be denied. What cannot be denied is surely permitted. Sound always; exact while the unknowns are independent of each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from auditor.analysis import runs
from auditor.analysis.listing import Listing, listing
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
    walk = _walked(filter_, ask, question)
    surely, maybe = walk.surely(), walk.maybe()
    doubt = maybe - surely
    unknowns = (unknown for region, names in walk.doubtful() if region.meets(doubt) for unknown in names) if doubt else ()
    return Bounds(surely, maybe, tuple(dict.fromkeys(islice(unknowns, _MOST_UNKNOWNS))))


def surely(filter_: Filter, ask: Settle, question: PacketSet) -> PacketSet:
    """What of `question` is surely let through: the one half of the bounds."""
    return _walked(filter_, ask, question, (Verdict.PERMIT,)).surely()


def maybe(filter_: Filter, ask: Settle, question: PacketSet) -> PacketSet:
    """What of `question` may be let through: the other half."""
    return _walked(filter_, ask, question, _DENYING).maybe()


_DENYING = tuple(verdict for verdict in Verdict if verdict.denies)


def _walked(filter_: Filter, ask: Settle, question: PacketSet, idle: tuple[Verdict, ...] = ()) -> _Walk:
    """Send `question` through the filter. `idle`: verdicts that are nothing to whoever asks, unless their rules surely match."""
    walk = _Walk(ask, question)
    stage: Filter | None = filter_
    reach: Reach = {(): question} if question else {}
    while stage is not None:
        walk.permitted, walk.called = [], {}
        walk.idle = idle if stage.then is None else ()  # what is permitted here goes on to the next list, as it was written over
        rest = walk.through(stage.rules, reach)
        if stage.default is Verdict.PERMIT:
            walk.permitted.append(rest)
        else:
            walk.denied += [(packets, runs.Run(denied=EVERYTHING)) for packets in rest.values()]
        stage = stage.then
        reach = _joined(walk.permitted) if stage is not None else {}
    return walk


@dataclass(slots=True)
class _Walk:
    """One pass over a filter: what some world permits, and what came to rules that deny it in some world, joined only when asked for.

    `certain`: every match on the way was, so that there is one world.
    """

    ask: Settle
    question: PacketSet
    permitted: list[Reach] = field(default_factory=list)
    denied: list[tuple[PacketSet, runs.Run]] = field(default_factory=list)
    certain: bool = True
    idle: tuple[Verdict, ...] = ()
    doubts: list[tuple[PacketSet, Match]] = field(default_factory=list)
    called: dict[tuple[int, frozenset[tuple[Written, PacketSet]]], Reach] = field(default_factory=dict)

    def maybe(self) -> PacketSet:
        """What some world permits."""
        return union(packets for reach in self.permitted for packets in reach.values())

    def surely(self) -> PacketSet:
        """What no world denies."""
        if self.certain:
            return self.maybe()
        left = self.question
        for packets, run in self.denied:
            refused = run.refused()
            left -= refused if packets is left else packets & refused
        return left

    def doubtful(self) -> Iterator[tuple[PacketSet, tuple[Unknown, ...]]]:
        """The packets that matches left undecided, and why, in order."""
        return (((packets & match.maybe) - match.surely, match.unknowns) for packets, match in self.doubts)

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
            if reach.keys() == {()} and index >= runs.FIRST and len(rules) - index >= runs.LONG:
                run = listing(rules)
                count = run.length(index)
                if count >= runs.LONG:
                    _add(returned, self._along(run, index, count, reach))
                    skip = index + count
                    continue
            match = rule.condition.settle(self.ask)
            if self._idles(rule, match):
                continue
            denies = isinstance(rule.action, Verdict) and rule.action.denies
            hit: Reach = {}
            for written, packets in list(reach.items()):
                seen = _seen_by(match, written) if written else match
                if not packets.meets(seen.maybe):
                    continue
                self._doubt(packets, seen)
                if denies:
                    self.denied.append((packets, runs.Run(denied=seen.maybe)))
                else:
                    hit[written] = packets & seen.maybe
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

    def _along(self, rules: Listing, start: int, count: int, reach: Reach) -> Reach:
        """Send what reaches a long run of rules through it, and leave in `reach` what comes out behind it; what returns from it."""
        packets = reach.pop(())
        met = rules.touching(self.ask, packets, start, count)
        touching = [(rule, match) for rule, match in met if not self._idles(rule, match)]
        if len(touching) < runs.LONG and not any(rule.action is Verdict.RETURN for rule, _ in touching):
            reach.update(self.through(tuple(rule for rule, _ in touching), {(): packets}))
            return {}
        found = runs.fold(touching)
        for _, match in touching:
            self._doubt(packets, match)
        permitted, returned, left = packets & found.permitted, packets & found.returned, packets - found.decided
        self.permitted.append({(): permitted} if permitted else {})
        self.denied.append((packets, found))
        if left:
            reach[()] = left
        return {(): returned} if returned else {}

    def _idles(self, rule: Rule, match: Match) -> bool:
        """Whether the rule is nothing to whoever asks."""
        return match.surely is NOTHING and rule.action in self.idle

    def _doubt(self, packets: PacketSet, match: Match) -> None:
        """Keep what a match leaves undecided of packets that come to it."""
        if match.surely is not match.maybe:
            self.certain = False
            if match.unknowns:
                self.doubts.append((packets, match))

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
            self.permitted.append(hit)
        return {}, hit if action is Verdict.RETURN else {}


def _add(reach: Reach, more: Reach) -> None:
    for written, packets in more.items():
        known = reach.get(written)
        reach[written] = packets if known is None else known | packets


def _joined(reaches: Iterable[Reach]) -> Reach:
    result: Reach = {}
    for reach in reaches:
        _add(result, reach)
    return result


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
