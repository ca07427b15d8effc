"""What is taken of several: conditionals, `&&` and `||`, `try` and `can`. Both sides of a conditional are looked at, since the type of
its value depends on both.
"""

from __future__ import annotations

from auditor.formats.terraform.conversion import common_type, convert, equal, first_hidden, unify
from auditor.formats.terraform.errors import Refused
from auditor.formats.terraform.operators import combine
from auditor.formats.terraform.places import Place
from auditor.formats.terraform.scope import Evaluate, Scope
from auditor.formats.terraform.symbols import derived, symbol, unsettled
from auditor.formats.terraform.syntax import Binary, Broken, Call, Conditional, Expression, Literal, Template, Traversal, Unary, Variable
from auditor.formats.terraform.types import ANY, BOOL, NUMBER, STRING, Kind, Type
from auditor.formats.terraform.values import Cause, Hidden, Value
from auditor.model.record import replace
from auditor.model.source import Level

LITERAL_TYPES = {str: STRING, bool: BOOL, type(None): ANY}


def truth(value: Value, place: Place) -> Value:
    if value.is_null:
        raise Refused("a condition must not be null", place)
    try:
        return convert(value, BOOL)
    except Refused:
        raise Refused(f"a condition must be true or false, not a {value.kind}", place) from None


def conditional(expression: Conditional, scope: Scope, evaluate: Evaluate) -> Value:
    condition = truth(evaluate(expression.condition, scope), expression.condition)
    if condition.is_unknown:
        return _undecided_conditional(expression, condition, scope, evaluate)
    chosen, other = expression.positive, expression.negative
    if not condition.raw:
        chosen, other = other, chosen
    value = evaluate(chosen, scope)
    if value.is_known and value.kind is Kind.STRING and isinstance(other, Literal):
        return value if other.raw is None or isinstance(other.raw, str | int | float) else convert(value, STRING)
    type_ = _unified(value, _type_of(other, scope, evaluate), expression)
    return convert(value, type_) if value.raw is not None or type_.kind is not Kind.ANY else value


def _type_of(expression: Expression, scope: Scope, evaluate: Evaluate) -> Type | None:
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
        return unify([LITERAL_TYPES.get(type(side.raw), NUMBER) for side in (expression.positive, expression.negative)])
    if isinstance(expression, Binary):
        return NUMBER if expression.operator in ("+", "-", "*", "/", "%") else BOOL
    if isinstance(expression, Unary):
        return NUMBER if expression.operator == "-" else BOOL
    return STRING if isinstance(expression, Template) else None


def _unified(value: Value, other: Type | None, place: Place) -> Type:
    if other is None or other.kind is Kind.ANY:
        return value.type
    if value.kind is Kind.ANY:
        return other
    type_ = unify([value.type, other])
    if type_ is None:
        raise Refused(f"the two sides of the conditional have no type in common: {value.kind} and {other.kind}", place)
    return type_


def _undecided_conditional(expression: Conditional, condition: Value, scope: Scope, evaluate: Evaluate) -> Value:
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
    type_ = common_type(sides)
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


def logic(expression: Binary, scope: Scope, evaluate: Evaluate) -> Value:
    """A side that decides wins over whatever the other is, as since Terraform 1.12."""
    decisive = expression.operator == "||"
    sides: list[Value] = []
    failed: list[Refused] = []
    for side in (expression.left, expression.right):
        try:
            sides.append(truth(evaluate(side, scope), side))
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


def attempt(expression: Call, scope: Scope, evaluate: Evaluate) -> Value:
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
        return _perhaps(value, rest, expression, scope, evaluate)
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


def _perhaps(value: Value, rest: Call, place: Place, scope: Scope, evaluate: Evaluate) -> Value:
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
