"""Where two filters can differ: outside of the packets told here, both decide alike, whatever the unknowns are.

Rules are compared by what they match and do, not by where they stand in their files. What is common to both, in order, decides alike;
so only packets that some other rule may match are in question. The answer is an upper bound: most of them may be decided alike as well.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from auditor.analysis.listing import listing
from auditor.model.filters import Call, Chain, Filter, Match, Predicate, Rule, Verdict, meaning, overwritten
from auditor.model.graph import Crossing, Way
from auditor.model.packets import EVERYTHING, NOTHING, PacketSet, union
from auditor.model.record import dataclass, field, replace

_LONG = 64  # rules of a filter that are worth looking through once for all pairs
_MOST = 400  # rules between the common head and tail that are told apart one by one


@dataclass(slots=True)
class Differences:
    """Compares filters, and remembers what it compared."""

    _known: dict[tuple[int, int], tuple[PacketSet, Filter, Filter]] = field(default_factory=dict)
    _meanings: dict[Hashable, int] = field(default_factory=dict)
    _chains: dict[int, tuple[int, Chain]] = field(default_factory=dict)
    _parts: dict[tuple[int, PacketSet], tuple[Filter, Filter]] = field(default_factory=dict)

    def ways(self, old: Sequence[Way], new: Sequence[Way]) -> PacketSet:
        """Packets that the two lists of ways may treat differently."""
        if len(old) != len(new):
            return EVERYTHING
        return union(self._way(a, b) for a, b in zip(old, new, strict=True))

    def _way(self, old: Way, new: Way) -> PacketSet:
        alike = old.source == new.source and old.destination == new.destination and old.certain is new.certain
        if not alike or len(old.crossings) != len(new.crossings):
            return EVERYTHING
        return union(self._crossing(a, b) for a, b in zip(old.crossings, new.crossings, strict=True))

    def _crossing(self, old: Crossing, new: Crossing) -> PacketSet:
        return self.filters(old.filter, new.filter) if _asked(old) == _asked(new) else EVERYTHING

    def filters(self, old: Filter, new: Filter) -> PacketSet:
        """Packets that the two filters may decide differently."""
        known = self._known.get((id(old), id(new)))
        if known is None:
            known = self._known[id(old), id(new)] = (self._compared(old, new), old, new)
        return known[0]

    def _compared(self, old: Filter, new: Filter) -> PacketSet:
        if old.default is not new.default or (old.then is None) is not (new.then is None):
            return EVERYTHING
        found = self._rules(old.rules, new.rules)
        if old.then is not None and new.then is not None:
            found |= self.filters(old.then, new.then)
        if found is NOTHING or found is EVERYTHING:
            return found
        for written in sorted(overwritten((*old.rules, *new.rules))):
            found = found.without(written)  # a rule that differs may meet the packet when it was written over
        return found

    def _rules(self, old: Sequence[Rule], new: Sequence[Rule]) -> PacketSet:
        old, new = _deciding(old), _deciding(new)
        a, b = [self._meaning(rule) for rule in old], [self._meaning(rule) for rule in new]
        head, tail = common_ends(a, b)
        old, new = old[head : len(old) - tail], new[head : len(new) - tail]
        if len(old) > _MOST or len(new) > _MOST:
            return union(map(_may_match, (*old, *new)))
        return union(self._changed(old, new, a[head : len(a) - tail], b[head : len(b) - tail]))

    def _changed(self, old: Sequence[Rule], new: Sequence[Rule], a: list[int], b: list[int]) -> Iterator[PacketSet]:
        from difflib import SequenceMatcher

        for kind, first, last, start, end in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
            if kind == "replace" and last - first == end - start:
                for one, other in zip(old[first:last], new[start:end], strict=True):
                    yield self._replaced(one, other)
            elif kind != "equal":
                yield from map(_may_match, (*old[first:last], *new[start:end]))

    def _replaced(self, old: Rule, new: Rule) -> PacketSet:
        """Of a chain that is called under the same condition, only its own differences."""
        was, now = old.action, new.action
        called = isinstance(was, Call) and isinstance(now, Call) and was.goto is now.goto
        if called and meaning(old.condition) == meaning(new.condition):
            assert isinstance(was, Call) and isinstance(now, Call)
            return self._rules(was.chain.rules, now.chain.rules)  # of the packet as it is there: what is written over is left out later
        return _may_match(old) | _may_match(new)

    def meanings(self, rules: Sequence[Rule]) -> frozenset[int]:
        """What rules match and do, as numbers: equal ones mean the same."""
        return frozenset(map(self._meaning, rules))

    def part(self, way: Way, where: PacketSet) -> Way:
        """The way with those rules of its filters alone that packets of `where` may match: it decides these as the whole does."""
        if len(way.crossings) == 0 or where is EVERYTHING:
            return way
        return replace(way, crossings=tuple(replace(each, filter=self._part(each.filter, where)) for each in way.crossings))

    def _part(self, filter_: Filter, where: PacketSet) -> Filter:
        if len(filter_.rules) < _LONG or filter_.then is not None:
            return filter_
        known = self._parts.get((id(filter_), where))
        if known is None:
            whole = listing(filter_.rules)
            rules = whole.rules if whole.overwrites else tuple(rule for rule, _ in whole.touching(_nobody, where))
            known = self._parts[id(filter_), where] = (replace(filter_, rules=rules), filter_)
        return known[0]

    # -- what rules mean, as numbers that are equal where they mean the same

    def _meaning(self, rule: Rule) -> int:
        action = rule.action
        done = ("call", self._chain(action.chain), action.goto) if isinstance(action, Call) else action
        return self._number((meaning(rule.condition), done))

    def _chain(self, chain: Chain) -> int:
        known = self._chains.get(id(chain))
        if known is None:
            meant = self._number(("chain", *(self._meaning(rule) for rule in _deciding(chain.rules))))
            known = self._chains[id(chain)] = (meant, chain)
        return known[0]

    def _number(self, meant: Hashable) -> int:
        return self._meanings.setdefault(meant, len(self._meanings))


def common_ends(a: Sequence[object], b: Sequence[object]) -> tuple[int, int]:
    """How many members two sequences share at their beginnings, and how many at their ends behind that."""
    shorter = min(len(a), len(b))
    head = next((at for at in range(shorter) if a[at] != b[at]), shorter)
    return head, next((at for at in range(shorter - head) if a[-1 - at] != b[-1 - at]), shorter - head)


def _asked(crossing: Crossing) -> tuple[object, ...]:
    """What the predicates of a filter are answered from."""
    return crossing.source, crossing.destination, crossing.entry, crossing.exit, crossing.groups, crossing.aliases


def _deciding(rules: Sequence[Rule]) -> Sequence[Rule]:
    return [rule for rule in rules if rule.action is not Verdict.CONTINUE]


def _may_match(rule: Rule) -> PacketSet:
    match: Match = rule.condition.settle(_nobody)
    return match.maybe


def _nobody(_: Predicate) -> None:
    """Whatever is asked of who sends a packet stays open."""
