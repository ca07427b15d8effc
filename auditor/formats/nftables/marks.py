"""Which values the packet mark and the flow's mark can have, over all rules: marks start at 0 and only `set` changes them.

The values are few in practice, so whatever is computed from a mark is computed for each of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from auditor.formats.nftables.resolve import Resolver, compute
from auditor.formats.nftables.ruleset import Moment, Table
from auditor.formats.nftables.syntax import Atom, Binary, Block, Expression, FieldName, Mangle, MapValue, RuleLine, Verdict

MOST_MARKS = 64
MARK_FIELDS = {"meta mark": "mark", "mark": "mark", "ct mark": "ct"}

Marks = tuple[int, ...] | None


def rules_of(table: Table) -> Iterator[tuple[RuleLine, Moment]]:
    """Every rule of a table, those of anonymous chains too."""
    for chain in table.chains.values():
        for entry in chain.entries:
            if isinstance(entry.line, RuleLine):
                yield entry.line, entry.moment
                if not entry.line.plain:
                    yield from _nested(entry.line, entry.moment)


def _nested(line: RuleLine, moment: Moment) -> Iterator[tuple[RuleLine, Moment]]:
    """The rules in the braces of one."""
    for statement in line.statements:
        if isinstance(statement, Verdict) and isinstance(statement.target, Block):
            for item in statement.target.items:
                if isinstance(item, RuleLine):
                    yield item, moment
                    yield from _nested(item, moment)


def possible(resolver: Resolver) -> tuple[Marks, Marks]:
    """The values of the packet mark and of the flow's, None where some are not known."""
    settings = [
        (MARK_FIELDS[statement.field.name], statement.value, moment, table)
        for table in resolver.ruleset.tables.values()
        for line, moment in rules_of(table)
        if not line.plain
        for statement in line.statements
        if isinstance(statement, Mangle) and statement.field.name in MARK_FIELDS
    ]
    known: dict[str, Marks] = {"mark": (0,), "ct": (0,)}
    for _ in range(MOST_MARKS):
        before = dict(known)
        for which, value, moment, table in settings:
            known[which] = _with(known[which], _results(value, moment, table, resolver, known))
        if known == before:
            break
    else:
        return None, None
    return known["mark"], known["ct"]


def _with(marks: Marks, more: Marks) -> Marks:
    if marks is None or more is None:
        return None
    joined = tuple(sorted({*marks, *more}))
    return joined if len(joined) <= MOST_MARKS else None


def _results(value: Expression, moment: Moment, table: Table, resolver: Resolver, known: dict[str, Marks]) -> Marks:
    """What a mark can be set to by this value."""
    found = resolver.behind(value, moment)
    if not isinstance(found, tuple):
        return None
    value, moment = found
    if isinstance(value, MapValue):
        return _mapped(value, moment, table, resolver)
    formula = function(value, moment, resolver)
    if formula is None:
        return None
    field, compute_ = formula
    if field is None:
        return (compute_(0),)
    source = known[MARK_FIELDS[field]]
    return None if source is None else tuple(sorted({compute_(mark) for mark in source}))


def _mapped(value: MapValue, moment: Moment, table: Table, resolver: Resolver) -> Marks:
    data: Expression = value.data
    changes = [(data, moment)]
    if isinstance(data, Atom) and data.word.startswith("@"):
        named = table.sets.get(data.word[1:])
        if named is None or "dynamic" in named.flags:
            return None
        changes = [(change.value, change.moment) for change in named.changes]
    marks: set[int] = set()
    for expression, then in changes:
        for item in resolver.items(expression, then):
            if not isinstance(item, tuple) or not isinstance(item.element.data, tuple) or isinstance(item.element.data, Verdict):
                return None
            found = resolver.values(item.element.data, "mark", item.moment)
            if found.unknowns or not found.spans:
                return None
            marks.add(found.spans[0][0])
    return tuple(sorted(marks))


def function(value: Expression, moment: Moment, resolver: Resolver) -> tuple[str | None, Callable[[int], int]] | None:
    """A value computed from at most one mark, as (the mark's field, what becomes of it); None where it is not that."""
    if isinstance(value, FieldName):
        return (value.name, lambda mark: mark) if value.name in MARK_FIELDS else None
    if isinstance(value, Binary):
        left, right = function(value.left, moment, resolver), function(value.right, moment, resolver)
        if left is None or right is None or (left[0] and right[0] and left[0] != right[0]):
            return None
        first, second = left[1], right[1]
        return left[0] or right[0], lambda mark: compute(value.operator, first(mark), second(mark), 32)
    found = resolver.values(value, "mark", moment)
    if found.unknowns or len(found.spans) != 1 or found.spans[0][0] != found.spans[0][1]:
        return None
    number = found.spans[0][0]
    return None, lambda _: number
