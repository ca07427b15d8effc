"""`for` expressions, and what they and `for_each` go over."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from auditor.formats.terraform.access import repeated
from auditor.formats.terraform.conversion import convert
from auditor.formats.terraform.decisions import truth
from auditor.formats.terraform.errors import Refused
from auditor.formats.terraform.places import Place
from auditor.formats.terraform.scope import Evaluate, Scope
from auditor.formats.terraform.symbols import unsettled
from auditor.formats.terraform.syntax import For
from auditor.formats.terraform.types import ANY, NUMBER, STRING, Kind
from auditor.formats.terraform.values import Value, number, object_value, string, tuple_value


def pairs_of(collection: Value, place: Place) -> Iterable[tuple[Value, Value]]:
    """Key and value of every element of a known collection, as `for` and `for_each` see them."""
    raw = collection.raw
    if isinstance(raw, dict):
        return ((string(key, value.place), value) for key, value in collection.items.items())
    if isinstance(raw, tuple):
        if collection.kind is Kind.SET:
            return ((value, value) for value in collection.elements)
        return ((number(index, value.place), value) for index, value in enumerate(collection.elements))
    what = "null" if collection.is_null else f"a {collection.kind}"
    raise Refused(f"a collection is needed here, not {what}", place)


def for_expression(expression: For, scope: Scope, evaluate: Evaluate) -> Value:
    collection = evaluate(expression.collection, scope)
    if collection.is_unknown:
        if collection.hidden.members and expression.key is None and expression.condition is None:
            return _for_members(expression, collection, scope, evaluate)
        return unsettled([collection], ANY, expression, symbolic=False)
    kept: list[tuple[Value | None, Value]] = []
    open_parts: list[Value] = []
    for key, value in pairs_of(collection, expression.collection):
        names = {expression.value_name: value, **({expression.key_name: key} if expression.key_name else {})}
        inner = scope.with_names(names)
        if expression.condition is not None:
            wanted = truth(evaluate(expression.condition, inner), expression.condition)
            if wanted.is_unknown:
                open_parts.append(wanted)
            elif not wanted.raw:
                continue
        new_key = None
        if expression.key is not None:
            new_key = evaluate(expression.key, inner)
            if new_key.is_null:
                raise Refused("a key must not be null", expression.key)
            new_key = convert(new_key, STRING)
            if new_key.is_unknown:
                open_parts.append(new_key)
        kept.append((new_key, evaluate(expression.value, inner)))
    if open_parts:
        return unsettled(open_parts, ANY, expression, symbolic=False)
    if expression.key is None:
        return tuple_value((value for _, value in kept), expression)
    return _object_of_pairs(expression, [(cast("str", key.raw), value) for key, value in kept if key is not None])


def _for_members(expression: For, collection: Value, scope: Scope, evaluate: Evaluate) -> Value:
    """`[for x in …]` where the elements are known, only not their order, or which of them are equal."""
    results = []
    for member in collection.hidden.members:
        key = member if collection.kind is Kind.SET else unsettled([collection], NUMBER, expression, symbolic=False)
        names = {expression.value_name: member, **({expression.key_name: key} if expression.key_name else {})}
        results.append(repeated(evaluate(expression.value, scope.with_names(names)), member))
    return unsettled([collection], ANY, expression, members=tuple(results), symbolic=False)


def _object_of_pairs(expression: For, pairs: list[tuple[str, Value]]) -> Value:
    if expression.grouped:
        groups: dict[str, list[Value]] = {}
        for key, value in pairs:
            groups.setdefault(key, []).append(value)
        return object_value({key: tuple_value(values, expression) for key, values in groups.items()}, expression)
    attributes: dict[str, Value] = {}
    for key, value in pairs:
        if key in attributes:
            raise Refused(f'two different items produced the key "{key}"; with ... after the value they would be grouped', expression)
        attributes[key] = value
    return object_value(attributes, expression)
