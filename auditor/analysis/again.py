"""Covered rules of a list that was looked at before, in another state: only rules that a changed one meets are looked at again.

Whether a rule is covered depends on the earlier rules that share packets with it; so one that shares none with any rule that came, went or
moved is covered by what covered it before. The same rules are covered as `covered` finds; where several cover one, others may be named.
"""

from __future__ import annotations

from auditor.analysis.cover import Covered, covered, plain_of
from auditor.analysis.difference import common_ends
from auditor.model.filters import Exactly, Rule, Verdict
from auditor.model.hulls import near
from auditor.model.packets import PacketSet, union
from auditor.model.record import dataclass, field

_MOST = 200  # rules between the common head and tail; with more, all are looked at
_MOST_MET = 20  # rules that share packets with those
_LONG = 200  # rules of a list that are worth remembering


@dataclass(frozen=True, slots=True)
class _Seen:
    """A list as it was, the packets it was asked about, and what was found."""

    rules: tuple[Rule, ...]
    within: PacketSet
    usual: PacketSet
    found: tuple[Covered, ...]


@dataclass(slots=True)
class Memory:
    """The lists of a state, by their names."""

    _seen: dict[str, _Seen] = field(default_factory=dict)

    def covered(self, name: str, rules: tuple[Rule, ...], within: PacketSet, usual: PacketSet) -> tuple[Covered, ...]:
        """What `covered` finds; the list of this name is remembered instead of the one before."""
        old = self._seen.get(name)
        again = _again(old, rules) if old is not None and (old.within, old.usual) == (within, usual) else None
        found = tuple(covered(rules, within, usual)) if again is None else again
        if len(rules) >= _LONG and all(isinstance(rule.action, Verdict) for rule in rules):
            self._seen[name] = _Seen(rules, within, usual, found)
        return found


def _again(old: _Seen, rules: tuple[Rule, ...]) -> tuple[Covered, ...] | None:
    """The answer for the list as it is now; None where too much is another."""
    if not all(isinstance(rule.action, Verdict) for rule in rules):
        return None
    was, now = ([_meaning(rule) for rule in each] for each in (old.rules, rules))
    head, tail = common_ends(was, now)
    changed = old.rules[head : len(was) - tail] + rules[head : len(now) - tail]
    if len(changed) > _MOST:
        return None
    region = union(map(_packets, changed))
    places = {id(rule): at for at, rule in enumerate(old.rules)}
    if len(places) < len(old.rules):
        return None
    shift = len(rules) - len(old.rules)

    def here(rule: Rule) -> Rule:
        at = places[id(rule)]
        return rules[at if at < head else at + shift]

    kept = [each for each in old.found if not _packets(each.rule).meets(region)]
    found = [Covered(here(each.rule), tuple(map(here, each.by))) for each in kept]
    met = _met(rules, region, old, {id(each.rule) for each in found})
    if met is None:
        return None
    found += met
    if len(found) < 2:
        return tuple(found)
    order = {id(rule): at for at, rule in enumerate(rules)}
    return tuple(sorted(found, key=lambda each: order[id(each.rule)]))


def _met(rules: tuple[Rule, ...], region: PacketSet, old: _Seen, idle: set[int]) -> list[Covered] | None:
    """The covered rules among those that share packets with the region, each by the earlier ones that share packets with it; or None.

    `idle`: rules that are known to be covered, and cover nothing themselves.
    """
    may_meet = near(region)
    met = [at for at, rule in enumerate(rules) if may_meet(packets := _packets(rule)) and packets.meets(region)]
    if len(met) > _MOST_MET:
        return None
    found = []
    for at in met:
        own = _packets(rules[at])
        earlier = (*(rule for rule in rules[:at] if id(rule) not in idle and _packets(rule).meets(own)), rules[at])
        here = [each for each in covered(earlier, old.within, old.usual) if each.rule is rules[at]]
        idle.update(id(each.rule) for each in here)
        found += here
    return found


def _meaning(rule: Rule) -> object:
    """What two rules share that are alike wherever they stand."""
    condition = rule.condition
    return rule.action, condition.packets if isinstance(condition, Exactly) else plain_of(condition)


def _packets(rule: Rule) -> PacketSet:
    """All that the rule may have to do with."""
    condition = rule.condition
    return condition.packets if isinstance(condition, Exactly) else plain_of(condition).packets
