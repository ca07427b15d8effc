"""By which interface packets leave for the internet, where a ruleset tells: where it masquerades what goes out to public addresses.

Only what is asked for in so many words counts: `oifname != "docker0"` names no interface, and a translation back into the network that
packets came from (hairpin) is no way out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.model.filters import Assign, Both, Call, Chain, Condition, Either, Fact, Rule, Side, Test, both
from auditor.model.headers import IPV4, IPV6, PUBLIC, intersect_intervals, subtract_intervals
from auditor.model.packets import Field
from auditor.model.source import Span

_PUBLIC = tuple(intersect_intervals(PUBLIC, [family]) for family in (IPV4, IPV6))


def ways_out(rules: Iterable[Rule]) -> Iterator[tuple[str, Span]]:
    """The interfaces behind which the rules of a chain in postrouting masquerade, each with the rule."""
    yield from _walk(rules, (), set())


def _walk(rules: Iterable[Rule], before: tuple[Condition, ...], seen: set[int]) -> Iterator[tuple[str, Span]]:
    for rule in rules:
        if not isinstance(rule.action, Call) or not rule.action.chain.rules:
            continue
        if _masquerades(rule.action.chain):
            yield from ((name, rule.span) for name in sorted(_named((*before, rule.condition))))
        elif id(rule.action.chain) not in seen:
            yield from _walk(rule.action.chain.rules, (*before, rule.condition), seen | {id(rule.action.chain)})


def _masquerades(chain: Chain) -> bool:
    """Whether the chain is what a masquerade becomes: it gives packets a source that only the host knows."""
    return any(isinstance(rule.action, Assign) and rule.action.field is Field.SOURCE and rule.action.value is None for rule in chain.rules)


def _named(conditions: tuple[Condition, ...]) -> frozenset[str]:
    """The interfaces that packets to public addresses must leave by to meet all the conditions."""
    reached = both(*conditions).settle(lambda _: True).maybe.values(Field.DESTINATION)
    if all(subtract_intervals(public, reached) for public in _PUBLIC):
        return frozenset()
    entry, exit_ = (frozenset(_names(conditions, side)) for side in (Side.SOURCE, Side.DESTINATION))
    return frozenset(name for name in exit_ - entry if not name.endswith("*"))


def _names(conditions: Iterable[Condition], side: Side) -> Iterator[str]:
    for condition in conditions:
        if isinstance(condition, Both):
            yield from _names(condition.parts, side)
        parts = condition.parts if isinstance(condition, Either) else (condition,)
        if all(isinstance(part, Test) and part.predicate.fact is Fact.INTERFACE and part.predicate.side is side for part in parts):
            yield from (name for part in parts if isinstance(part, Test) for name in part.predicate.values)
