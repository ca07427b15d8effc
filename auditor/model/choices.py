"""Filters of which packets cross one, and nobody knows which: joined into one filter that leaves that open.

It surely lets through what every one of them surely does, and may let through what any of them may.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from auditor.model.filters import ANY, Call, Chain, Condition, Filter, Rule, Undecided, Verdict
from auditor.model.graph import MOST_NAMED, Hook, Place
from auditor.model.record import dataclass
from auditor.model.source import Unknown

_ORDER = (Place.WITHIN, Place.ENTRY, Place.TRANSIT, Place.EXIT)


@dataclass(frozen=True, slots=True)
class Pass:
    """A hook that is crossed, and the interfaces packets come in and go out by there, as far as they are known."""

    hook: Hook
    entry: str | None
    exit: str | None


def columns(possible: Sequence[tuple[Pass, ...]]) -> Iterator[list[Pass | None]]:
    """What may be crossed at each place in turn: a hook of every possibility, None for one that has no more there."""
    for place in _ORDER:
        yield from map(list, zip_longest(*([each for each in passes if each.hook.place is place] for passes in possible)))


def one_of(filters: Sequence[Filter | None], unknown: Unknown) -> Filter:
    """One of the filters, `unknown` which; None: perhaps none at all."""
    known = [filter_ for filter_ in dict.fromkeys(filters) if filter_ is not None]
    if len(known) == 1 and None not in filters:
        return known[0]
    rules = [_go_on(filter_, Undecided(unknown)) for filter_ in known]
    if None in filters:
        rules.append(Rule(ANY, Verdict.PERMIT, known[0].span, f"where it does not pass {_name(known)}", synthetic=True))
    else:
        rules[-1] = _go_on(known[-1], ANY)
    then = [filter_ and filter_.then for filter_ in filters]
    return Filter(_name(known), tuple(rules), Verdict.PERMIT, known[0].span, then=one_of(then, unknown) if any(then) else None)


def undecided(name: str, hooks: Sequence[Hook], unknown: Unknown) -> Filter:
    """Stands for filters of which nothing is said but that they are there."""
    span = hooks[0].span
    return Filter(name, (Rule(Undecided(unknown), Verdict.PERMIT, span, unknown.reason, synthetic=True),), Verdict.DENY, span)


def _go_on(filter_: Filter, condition: Condition) -> Rule:
    """To the rules of a filter, and its default behind them; nothing comes back from there."""
    span = filter_.default_span or filter_.span
    own = Rule(ANY, Call(Chain(filter_.name, filter_.rules, filter_.span)), filter_.span, synthetic=True)
    default = Rule(ANY, filter_.default, span, f"{filter_.name}: default {filter_.default}", synthetic=True)
    return Rule(
        condition, Call(Chain(filter_.name, (own, default), filter_.span)), filter_.span, f"where it passes {filter_.name}", synthetic=True
    )


def _name(filters: Sequence[Filter]) -> str:
    names = [*dict.fromkeys(filter_.name for filter_ in filters)]
    return " or ".join(names[:MOST_NAMED]) + " …" * (len(names) > MOST_NAMED)
