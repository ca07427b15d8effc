"""Evaluates expressions as Terraform does, keeping with every value where it comes from and with every unknown what it is.

An expression that Terraform would refuse raises `Refused`; one that cannot be decided is an unknown value. Both sides of a
conditional are looked at, since the type of its value depends on both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import cast

from auditor.formats.terraform.access import follow, repeated
from auditor.formats.terraform.conversion import convert, differs_in_type, equal, first_hidden, unify
from auditor.formats.terraform.errors import Exhausted, Refused
from auditor.formats.terraform.operators import arithmetic, combine, compare, invert, negate
from auditor.formats.terraform.places import Place
from auditor.formats.terraform.scope import Scope
from auditor.formats.terraform.symbols import derived, symbol, unsettled
from auditor.formats.terraform.syntax import (
    Binary,
    Broken,
    Call,
    Conditional,
    Expression,
    For,
    Literal,
    ObjectExpression,
    Template,
    TemplateFor,
    TemplateIf,
    Traversal,
    TupleExpression,
    Unary,
    Variable,
)
from auditor.formats.terraform.types import ANY, BOOL, NUMBER, STRING, Kind, Type
from auditor.formats.terraform.values import GAP, Cause, Hidden, Value, number, object_value, string, tuple_value
from auditor.model.record import replace
from auditor.model.source import Level

MAX_TEXT = 4 * 1024 * 1024


def evaluate(expression: Expression, scope: Scope) -> Value:
    """The value of `expression`. Raises `Refused`."""
    budget = scope.budget
    budget.enter(expression)
    try:
        return EVALUATORS[type(expression)](expression, scope)
    except Refused as error:
        error.place = error.place or expression
        raise
    finally:
        budget.depth -= 1


def _broken(expression: Broken, _: Scope) -> Value:
    if expression.limited:
        raise Exhausted(expression.reason, expression)
    raise Refused(expression.reason, expression, static=True)


def _literal(expression: Literal, _: Scope | None) -> Value:
    raw = expression.raw
    if isinstance(raw, str):
        return Value(raw, STRING, expression)
    if isinstance(raw, bool):
        return Value(raw, BOOL, expression)
    return Value(raw, ANY if raw is None else NUMBER, expression)


def _variable(expression: Variable, scope: Scope) -> Value:
    found = scope.local.get(expression.name)
    if found is not None:
        return found
    value, _ = scope.names.resolve(expression.name, (), expression)
    return value.at(expression)


def _traversal(expression: Traversal, scope: Scope) -> Value:
    base, path = expression.base, expression.path
    if isinstance(base, Variable) and base.name not in scope.local:
        value, used = scope.names.resolve(base.name, path, expression)
        return follow(value, path[used:], scope, evaluate).at(expression)
    return follow(evaluate(base, scope), path, scope, evaluate).at(expression)


def _template(expression: Template, scope: Scope) -> Value:
    parts = [_as_text(evaluate(part, scope), part) for part in expression.parts]
    return _joined(parts, expression)


def _joined(parts: list[Value], place: Place) -> Value:
    """The text of several parts, unknown if one is."""
    hidden = next((part.raw for part in parts if isinstance(part.raw, Hidden)), None)
    if hidden is None:
        text = "".join(cast("str", part.raw) for part in parts)
        if len(text) > MAX_TEXT:
            raise Exhausted(f"text longer than {MAX_TEXT} characters is not evaluated", place)
        return derived(string(text), place, [part for part in parts if part.trail_])
    symbols = [part.raw if isinstance(part.raw, str) else part.reference and f"${{{part.reference}}}" for part in parts]
    reference = '"' + "".join(text for text in symbols if text) + '"' if all(text is not None for text in symbols) else None
    return unsettled(parts, STRING, place, reference, text=known_text(parts))


def known_text(parts: Iterable[Value]) -> str | None:
    """What is known of a text, with `${…}` for each part that is not."""
    known = "".join(part.raw if isinstance(part.raw, str) else part.hidden.text or GAP for part in parts)
    return known if len(known) <= MAX_TEXT else None


def _as_text(value: Value, place: Place) -> Value:
    if value.is_null:
        raise Refused("a null value cannot stand in text", place)
    return convert(value, STRING)


def _template_if(expression: TemplateIf, scope: Scope) -> Value:
    condition = _truth(evaluate(expression.condition, scope), expression.condition)
    if condition.is_unknown:
        return unsettled([condition], STRING, expression)
    parts = expression.positive if condition.raw else expression.negative
    return _joined([_as_text(evaluate(part, scope), part) for part in parts], expression)


def _template_for(expression: TemplateFor, scope: Scope) -> Value:
    collection = evaluate(expression.collection, scope)
    if collection.is_unknown:
        return unsettled([collection], STRING, expression)
    parts: list[Value] = []
    for key, value in pairs_of(collection, expression.collection):
        names = {expression.value_name: value, **({expression.key_name: key} if expression.key_name else {})}
        inner = scope.with_names(names)
        parts.extend(_as_text(evaluate(part, inner), part) for part in expression.parts)
    return _joined(parts, expression)


def _tuple(expression: TupleExpression, scope: Scope) -> Value:
    return tuple_value((evaluate(item, scope) for item in expression.items), expression)


def _object(expression: ObjectExpression, scope: Scope) -> Value:
    attributes: dict[str, Value] = {}
    open_keys: list[Value] = []
    for key_expression, value_expression in expression.items:
        if isinstance(key_expression, Literal) and isinstance(key_expression.raw, str):
            if key_expression.raw in attributes:
                message = f'the key "{key_expression.raw}" stands here a second time: the first value is lost'
                scope.budget.remark("duplicate-key", message, key_expression)
            attributes[key_expression.raw] = evaluate(value_expression, scope)
            continue
        key = evaluate(key_expression, scope)
        if key.is_null:
            raise Refused("an object key must not be null", key_expression)
        key = convert(key, STRING)
        value = evaluate(value_expression, scope)
        if isinstance(key.raw, str):
            attributes[key.raw] = value
        else:
            open_keys.append(key)
    if open_keys:
        return unsettled(open_keys, ANY, expression)
    return object_value(attributes, expression)


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


def _for(expression: For, scope: Scope) -> Value:
    collection = evaluate(expression.collection, scope)
    if collection.is_unknown:
        if collection.hidden.members and expression.key is None and expression.condition is None:
            return _for_members(expression, collection, scope)
        return unsettled([collection], ANY, expression, symbolic=False)
    kept: list[tuple[Value | None, Value]] = []
    open_parts: list[Value] = []
    for key, value in pairs_of(collection, expression.collection):
        names = {expression.value_name: value, **({expression.key_name: key} if expression.key_name else {})}
        inner = scope.with_names(names)
        if expression.condition is not None:
            wanted = _truth(evaluate(expression.condition, inner), expression.condition)
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


def _for_members(expression: For, collection: Value, scope: Scope) -> Value:
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


def _truth(value: Value, place: Place) -> Value:
    if value.is_null:
        raise Refused("a condition must not be null", place)
    try:
        return convert(value, BOOL)
    except Refused:
        raise Refused(f"a condition must be true or false, not a {value.kind}", place) from None


def _conditional(expression: Conditional, scope: Scope) -> Value:
    condition = _truth(evaluate(expression.condition, scope), expression.condition)
    if condition.is_unknown:
        return _undecided_conditional(expression, condition, scope)
    chosen, other = expression.positive, expression.negative
    if not condition.raw:
        chosen, other = other, chosen
    value = evaluate(chosen, scope)
    if value.is_known and value.kind is Kind.STRING and isinstance(other, Literal):
        return value if other.raw is None or isinstance(other.raw, str | int | float) else convert(value, STRING)
    type_ = _unified(value, _type_of(other, scope), expression)
    return convert(value, type_) if value.raw is not None or type_.kind is not Kind.ANY else value


def _type_of(expression: Expression, scope: Scope) -> Type | None:
    """The type of the side that is not taken. If it has an error, that of its operator; None if it has none, then it does not matter."""
    try:
        value = evaluate(expression, scope)
    except Refused as error:
        if error.static and not isinstance(expression, Broken):
            raise
        return _type_despite_error(expression)
    return value.type if not (value.is_unknown and value.kind is Kind.ANY) else None


def _type_despite_error(expression: Expression) -> Type | None:
    if isinstance(expression, Conditional) and isinstance(expression.positive, Literal) and isinstance(expression.negative, Literal):
        return unify([_literal(side, None).type for side in (expression.positive, expression.negative)])
    if isinstance(expression, Binary):
        return NUMBER if expression.operator in ("+", "-", "*", "/", "%") else BOOL
    if isinstance(expression, Unary):
        return NUMBER if expression.operator == "-" else BOOL
    return STRING if isinstance(expression, Template) else None


def _unified(value: Value, other: Type | None, place: Place) -> Type:
    if other is None:
        return value.type
    type_ = unify([value.type, other])
    if type_ is None:
        raise Refused(f"the two sides of the conditional have no type in common: {value.kind} and {other.kind}", place)
    return type_


def _undecided_conditional(expression: Conditional, condition: Value, scope: Scope) -> Value:
    """Both sides, if they are the same; else something unknown that is one of them."""
    sides: list[Value] = []
    failed: Refused | None = None
    for side in (expression.positive, expression.negative):
        try:
            sides.append(evaluate(side, scope))
        except Refused as error:
            if error.static:
                raise
            failed = error
    if not sides:
        assert failed is not None
        raise failed
    type_ = unify([side.type for side in sides])
    if type_ is None:
        raise Refused(f"the two sides of the conditional have no type in common: {sides[0].kind} and {sides[1].kind}", expression)
    sides = [convert(side, type_) for side in sides]
    if failed is None and equal(sides[0], sides[1]) is True:
        return sides[0].at(expression)
    choices: tuple[Value, ...] = ()
    if failed is None:
        choices = tuple(
            choice for side in sides for choice in (side.hidden.choices if side.is_unknown and side.hidden.choices else (side,))
        )
    result = unsettled([condition], type_, expression, symbolic=False)
    not_null = failed is None and all(side.is_known or (side.is_unknown and side.hidden.not_null) for side in sides)
    return result.retyped(replace(result.hidden, choices=choices, not_null=not_null), type_)


def _unary(expression: Unary, scope: Scope) -> Value:
    operand = evaluate(expression.operand, scope)
    result = invert(operand, expression) if expression.operator == "!" else negate(operand, expression)
    return result if result.is_unknown else derived(result, expression, [operand])


def _binary(expression: Binary, scope: Scope) -> Value:
    operator = expression.operator
    if operator in ("&&", "||"):
        return _logic(expression, scope)
    left, right = evaluate(expression.left, scope), evaluate(expression.right, scope)
    if operator in ("==", "!="):
        verdict = equal(left, right)
        if verdict is None:
            return unsettled([left, right], BOOL, expression, symbolic_name=operator)
        if verdict is False and differs_in_type(left, right):
            message = (
                f"a {left.kind} and a {right.kind} are never equal"
                if left.kind is not right.kind
                else "parts of different types are never equal"
            )
            scope.budget.remark("always-unequal", f"{message}: this is always {str(operator == '!=').lower()}", expression)
        return derived(Value(verdict is (operator == "=="), BOOL), expression, [left, right])
    if operator in ("<", ">", "<=", ">="):
        return compare(operator, left, right, expression)
    return arithmetic(operator, left, right, expression)


def _logic(expression: Binary, scope: Scope) -> Value:
    """A side that decides wins over whatever the other is, as since Terraform 1.12."""
    decisive = expression.operator == "||"
    sides: list[Value] = []
    failed: list[Refused] = []
    for side in (expression.left, expression.right):
        try:
            sides.append(_truth(evaluate(side, scope), side))
        except Refused as error:
            if error.static:
                raise
            failed.append(error)
    decided = next((value for value in sides if value.raw is decisive), None)
    if decided is None and failed and sides and sides[0].is_unknown:
        return unsettled(sides, BOOL, expression, symbolic=False)  # it may decide, and then the error does not matter
    if decided is None and failed:
        raise failed[0]
    if decided is None:
        return combine(expression.operator, sides, expression)
    if failed and not scope.budget.short_circuits:
        message = f"before Terraform 1.12, {expression.operator} evaluates both sides, and one fails here: {failed[0].message}"
        scope.budget.remark("no-short-circuit", message, expression, Level.NOTE)
    return derived(Value(decisive, BOOL), expression, [decided])


def _call(expression: Call, scope: Scope) -> Value:
    if expression.name in ("try", "can", "core::try", "core::can"):
        return _attempt(expression, scope)
    from auditor.formats.terraform.functions import call

    arguments = [evaluate(argument, scope) for argument in expression.arguments]
    if expression.spread:
        last = arguments.pop()
        if last.is_null or not (isinstance(last.raw, tuple) or last.is_unknown):
            raise Refused("only a list, set or tuple can be spread over arguments", expression.arguments[-1])
        if last.is_unknown:
            return unsettled([last], ANY, expression)
        arguments.extend(last.elements)
    return call(expression.name.removeprefix("core::"), arguments, expression, scope)


def _attempt(expression: Call, scope: Scope) -> Value:
    """`try` and `can`. Whether something unknown would have an error is not known either."""
    only_can = expression.name.endswith("can")
    if not expression.arguments or (only_can and len(expression.arguments) > 1):
        raise Refused(f"{expression.name} takes {'one argument' if only_can else 'at least one argument'}", expression)
    failed: Refused | None = None
    for argument in expression.arguments:
        try:
            value = evaluate(argument, scope)
        except Refused as error:
            if error.static:
                raise
            failed = error
            continue
        settled = first_hidden(value) is None or _cannot_fail(value) or (value.is_known and isinstance(argument, Traversal | Variable))
        if only_can:
            return Value(True, BOOL, expression) if settled else unsettled([value], BOOL, expression)
        if settled or argument is expression.arguments[-1]:
            return value
        rest = replace(expression, arguments=expression.arguments[expression.arguments.index(argument) + 1 :])
        return _perhaps(value, rest, expression, scope)
    if only_can:
        return Value(False, BOOL, expression)
    assert failed is not None
    raise Refused(f"no argument of try has a value: {failed.message}", failed.place)


def _cannot_fail(value: Value) -> bool:
    """Whether an unknown value is surely one: an attribute that every instance of a resource has."""
    if isinstance(value.raw, Hidden):
        return value.raw.not_null and value.raw.cause in (Cause.COMPUTED, Cause.DATA)
    parts = value.raw if isinstance(value.raw, tuple) else value.raw.values() if isinstance(value.raw, dict) else ()
    return all(map(_cannot_fail, parts))


def _perhaps(value: Value, rest: Call, place: Place, scope: Scope) -> Value:
    """The value, or if it turns out to have an error what the rest of `try` gives."""
    choices: tuple[Value, ...] = (value,)
    try:
        other = evaluate(rest, scope)
        choices = (value, *(other.hidden.choices if other.is_unknown and other.hidden.choices else (other,)))
    except Refused as error:
        if error.static:
            raise
        return value
    result = unsettled([value], ANY, place, symbol(value))
    return result.retyped(replace(result.hidden, choices=choices), result.declared) if result.is_unknown else result


EVALUATORS: Mapping[type[Expression], Callable[..., Value]] = {
    Broken: _broken,
    Literal: _literal,
    Variable: _variable,
    Traversal: _traversal,
    Template: _template,
    TemplateIf: _template_if,
    TemplateFor: _template_for,
    TupleExpression: _tuple,
    ObjectExpression: _object,
    For: _for,
    Conditional: _conditional,
    Unary: _unary,
    Binary: _binary,
    Call: _call,
}
