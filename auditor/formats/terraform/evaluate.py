"""Evaluates expressions as Terraform does, keeping with every value where it comes from and with every unknown what it is.

An expression that Terraform would refuse raises `Refused`; one that cannot be decided is an unknown value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from auditor.formats.terraform.access import follow
from auditor.formats.terraform.conversion import convert, differs_in_type, equal
from auditor.formats.terraform.decisions import attempt, conditional, logic
from auditor.formats.terraform.errors import Exhausted, Refused
from auditor.formats.terraform.loops import for_expression
from auditor.formats.terraform.operators import arithmetic, compare, invert, negate
from auditor.formats.terraform.scope import Scope
from auditor.formats.terraform.symbols import derived, unsettled
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
from auditor.formats.terraform.texts import template, template_for, template_if
from auditor.formats.terraform.types import ANY, BOOL, NUMBER, STRING
from auditor.formats.terraform.values import Value, normal, object_value, tuple_value

MAX_TEXT = 4 * 1024 * 1024


def evaluate(expression: Expression, scope: Scope) -> Value:
    """The value of `expression`. Raises `Refused`."""
    budget = scope.budget
    budget.enter(expression)
    try:
        own = EVALUATORS.get(type(expression))
        return own(expression, scope) if own is not None else ELSEWHERE[type(expression)](expression, scope, evaluate)
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
        return Value(normal(raw), STRING, expression)
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


def _tuple(expression: TupleExpression, scope: Scope) -> Value:
    return tuple_value((evaluate(item, scope) for item in expression.items), expression)


def _object(expression: ObjectExpression, scope: Scope) -> Value:
    attributes: dict[str, Value] = {}
    open_keys: list[Value] = []
    for key_expression, value_expression in expression.items:
        if isinstance(key_expression, Literal) and isinstance(key_expression.raw, str):
            name = normal(key_expression.raw)
            if name in attributes:
                message = f'the key "{name}" stands here a second time: the first value is lost'
                scope.budget.remark("duplicate-key", message, key_expression)
            attributes[name] = evaluate(value_expression, scope)
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


def _unary(expression: Unary, scope: Scope) -> Value:
    operand = evaluate(expression.operand, scope)
    result = invert(operand, expression) if expression.operator == "!" else negate(operand, expression)
    return result if result.is_unknown else derived(result, expression, [operand])


def _binary(expression: Binary, scope: Scope) -> Value:
    operator = expression.operator
    if operator in ("&&", "||"):
        return logic(expression, scope, evaluate)
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


def _call(expression: Call, scope: Scope) -> Value:
    if expression.name in ("try", "can", "core::try", "core::can"):
        return attempt(expression, scope, evaluate)
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


EVALUATORS: Mapping[type[Expression], Callable[..., Value]] = {
    Broken: _broken,
    Literal: _literal,
    Variable: _variable,
    Traversal: _traversal,
    TupleExpression: _tuple,
    ObjectExpression: _object,
    Unary: _unary,
    Binary: _binary,
    Call: _call,
}
ELSEWHERE: Mapping[type[Expression], Callable[..., Value]] = {
    Template: template,
    TemplateIf: template_if,
    TemplateFor: template_for,
    For: for_expression,
    Conditional: conditional,
}
"""Evaluators in modules of their own, which get this module's `evaluate` as an argument."""
