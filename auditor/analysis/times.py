"""A filter at its most open time: rates that are not exceeded, lists of the banned that nobody is on yet.

A port that anybody reaches now and then is open to anybody. What merely is not known stays so.
"""

from __future__ import annotations

from auditor.model.filters import NONE, Both, Call, Chain, Condition, Either, Exactly, Filter, Not, Rule, Undecided, Verdict, both, either
from auditor.model.record import replace


def at_worst(filter_: Filter) -> Filter:
    """The filter as it is when it lets most through; the same one where no time is like another."""
    rules = _rules(filter_.rules, {})
    then = None if filter_.then is None else at_worst(filter_.then)
    return filter_ if rules is filter_.rules and then is filter_.then else replace(filter_, rules=rules, then=then)


def _rules(rules: tuple[Rule, ...], chains: dict[int, Chain]) -> tuple[Rule, ...]:
    timeless = (Exactly, Verdict)  # most rules
    changed = {
        index: made
        for index, rule in enumerate(rules)
        if not (isinstance(rule.condition, timeless) and isinstance(rule.action, timeless)) and (made := _rule(rule, chains)) is not rule
    }
    return tuple(changed.get(index, rule) for index, rule in enumerate(rules)) if changed else rules


def _rule(rule: Rule, chains: dict[int, Chain]) -> Rule:
    action = rule.action
    if isinstance(action, Call):
        chain = _chain(action.chain, chains)
        return rule if chain is action.chain else replace(rule, action=replace(action, chain=chain))
    if not (isinstance(action, Verdict) and (action.denies or action is Verdict.PERMIT)):
        return rule
    condition = _condition(rule.condition, action is Verdict.PERMIT)
    return rule if condition is rule.condition else replace(rule, condition=condition)


def _chain(chain: Chain, chains: dict[int, Chain]) -> Chain:
    known = chains.get(id(chain))
    if known is None:
        rules = _rules(chain.rules, chains)
        known = chains[id(chain)] = chain if rules is chain.rules else Chain(chain.name, rules, chain.span)
    return known


def _condition(condition: Condition, wanted: bool) -> Condition:
    """The condition where what comes and goes makes it match (`wanted`), or not."""
    if isinstance(condition, Undecided):
        if wanted:
            return Exactly(condition.within) if condition.unknown.recurs else condition
        return NONE if condition.unknown.lapses else condition
    if isinstance(condition, Not):
        part = _condition(condition.part, not wanted)
        return condition if part is condition.part else ~part
    if isinstance(condition, Both | Either):
        parts = tuple(_condition(part, wanted) for part in condition.parts)
        if all(new is old for new, old in zip(parts, condition.parts, strict=True)):
            return condition
        return both(*parts) if isinstance(condition, Both) else either(*parts)
    return condition
