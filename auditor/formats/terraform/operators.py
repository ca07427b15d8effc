"""Arithmetic, comparison and logic with Terraform's conversions. Null is an error for all of them; unknown stays unknown."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from auditor.formats.terraform.conversion import convert
from auditor.formats.terraform.errors import Exhausted, Refused
from auditor.formats.terraform.numbers import simplest
from auditor.formats.terraform.places import Place
from auditor.formats.terraform.symbols import derived, unsettled
from auditor.formats.terraform.types import BOOL, NUMBER
from auditor.formats.terraform.values import Value, number_of

if TYPE_CHECKING:
    from auditor.formats.terraform.values import Number

MAX_DIGITS = 10**400
COMPARISONS: dict[str, Callable[[Number, Number], bool]] = {
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}


def _number(value: Value, place: Place) -> Value:
    if value.is_null:
        raise Refused("a number is needed here, not null", place)
    return convert(value, NUMBER)


def arithmetic(symbol: str, left: Value, right: Value, place: Place) -> Value:
    """`+ - * / %` on numbers and text that reads as one."""
    left, right = _number(left, place), _number(right, place)
    if left.is_unknown or right.is_unknown:
        return unsettled([left, right], NUMBER, place, symbolic_name=symbol)
    return derived(Value(_calculate(symbol, number_of(left), number_of(right), place), NUMBER), place, [left, right])


def _calculate(symbol: str, left: Number, right: Number, place: Place) -> Number:
    if symbol == "/":
        return _divide(left, right, place)
    if symbol == "%":
        return _remainder(left, right, place)
    result = left + right if symbol == "+" else left - right if symbol == "-" else left * right
    if result != result:
        raise Refused("the result is not a number", place)
    if not isinstance(result, float) and not -MAX_DIGITS < result < MAX_DIGITS:
        raise Exhausted("the result is too large", place)
    return simplest(result)


def _divide(left: Number, right: Number, place: Place) -> Number:
    infinite = (float("inf"), float("-inf"))
    if right == 0:
        if left == 0:
            raise Refused("0 / 0 is not a number", place)
        return float("inf") if left > 0 else float("-inf")
    if isinstance(right, float):
        if left in infinite:
            raise Refused("the result is not a number", place)
        return 0
    if isinstance(left, float):
        return left if right > 0 else -left
    from fractions import Fraction

    return simplest(Fraction(left) / Fraction(right))


def _remainder(left: Number, right: Number, place: Place) -> Number:
    """Has the sign of the dividend; nothing remains to be taken away by zero."""
    if isinstance(left, float):
        raise Refused("the remainder of infinity is not a number", place)
    if right == 0 or isinstance(right, float):
        return left
    divisor = -right if right < 0 else right
    return simplest(-((-left) % divisor) if left < 0 else left % divisor)


def compare(symbol: str, left: Value, right: Value, place: Place) -> Value:
    """`< > <= >=`, which know numbers only."""
    left, right = _number(left, place), _number(right, place)
    if left.is_unknown or right.is_unknown:
        return unsettled([left, right], BOOL, place, symbolic_name=symbol)
    return derived(Value(COMPARISONS[symbol](number_of(left), number_of(right)), BOOL), place, [left, right])


def combine(symbol: str, sides: Sequence[Value], place: Place) -> Value:
    """`&&` or `||` of two sides neither of which decides."""
    if any(side.is_unknown for side in sides):
        return unsettled(sides, BOOL, place, symbolic_name=symbol)
    return derived(Value(symbol == "&&", BOOL), place, sides)


def negate(value: Value, place: Place) -> Value:
    """`-x`."""
    amount = _number(value, place)
    if amount.is_unknown:
        return unsettled([amount], NUMBER, place, f"-{amount.reference}" if amount.reference else None)
    return Value(-number_of(amount), NUMBER)


def invert(value: Value, place: Place) -> Value:
    """`!x`."""
    if value.is_null:
        raise Refused("true or false is needed here, not null", place)
    truth = convert(value, BOOL)
    if truth.is_unknown:
        return unsettled([truth], BOOL, place, f"!{truth.reference}" if truth.reference else None)
    return Value(not truth.raw, BOOL)
