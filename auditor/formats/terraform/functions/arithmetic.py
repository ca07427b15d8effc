"""Functions on numbers, exact where the result is."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from auditor.formats.terraform.conversion import convert
from auditor.formats.terraform.errors import Refused, Undecided
from auditor.formats.terraform.functions.signature import ANYTHING, Function, Parameter
from auditor.formats.terraform.numbers import simplest
from auditor.formats.terraform.types import NUMBER, SEQUENCES, Kind, list_of
from auditor.formats.terraform.values import Value, list_value, number, number_of

if TYPE_CHECKING:
    from auditor.formats.terraform.values import Number

AMOUNT = Parameter(NUMBER)
MAX_POWER = 4096
MAX_RANGE = 1024
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _on_number(change: Callable[[Number], Number]) -> Function:
    return Function(lambda value: number(simplest(change(number_of(value)))), (AMOUNT,), NUMBER)


def _whole(change: Callable[[Number], int]) -> Callable[[Number], Number]:
    return lambda amount: amount if isinstance(amount, float) else change(amount)


def _signum(amount: Number) -> int:
    if not isinstance(amount, int) or not -(2**63) <= amount < 2**63:
        raise Refused("a whole number of at most 64 bits is needed")
    return (amount > 0) - (amount < 0)


def _extreme(choose: Callable[..., Value]) -> Function:
    return Function(lambda *values: choose(values, key=number_of), (), NUMBER, AMOUNT, 1)


def _log(value: Value, base: Value) -> Value:
    try:
        logarithm = math.log(number_of(value)) if number_of(value) else -math.inf
        return number(simplest(logarithm / math.log(number_of(base))))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise Refused("there is no such logarithm", value.place) from None


def _pow(base: Value, exponent: Value) -> Value:
    low, high = number_of(base), number_of(exponent)
    if isinstance(high, int) and isinstance(low, int) and 0 <= high <= MAX_POWER and abs(low) < 2**32:
        return number(low**high)
    try:
        result = float(low) ** float(high)
    except (OverflowError, ZeroDivisionError):
        result = math.inf
    if isinstance(result, complex) or result != result:
        raise Refused("there is no such power", base.place)
    return number(simplest(result))


def _parseint(text: Value, base: Value) -> Value:
    if text.kind is not Kind.STRING:
        raise Refused(f"text is needed, not a {text.kind}", text.place)
    radix, digits = number_of(base), str(text.raw)
    if not isinstance(radix, int) or not 2 <= radix <= 62:
        raise Refused("the base must be a whole number between 2 and 62", base.place)
    sign, body = (-1, digits[1:]) if digits[:1] == "-" else (1, digits.removeprefix("+"))
    if radix <= 36:
        body = body.lower()
    if not body or any(digit not in DIGITS[:radix] for digit in body) or len(body) > 1000:
        raise Refused(f"{digits!r} is no number of base {radix}", text.place)
    total = 0
    for digit in body:
        total = total * radix + DIGITS.index(digit)
    return number(sign * total)


def _range(*bounds: Value) -> Value:
    amounts = [number_of(value) for value in bounds]
    if not 1 <= len(amounts) <= 3:
        raise Refused("one, two or three numbers are needed")
    start: Number = 0 if len(amounts) == 1 else amounts[0]
    end = amounts[0] if len(amounts) == 1 else amounts[1]
    down = end < start
    step: Number = amounts[2] if len(amounts) == 3 else (-1 if down else 1)
    if step == 0 and start == end:
        return list_value((), NUMBER)
    if step == 0 or ((step > 0) is down and start != end):
        raise Refused("the step leads away from the end", bounds[-1].place)
    found: list[Value] = []
    while (start > end) if down else (start < end):
        if len(found) >= MAX_RANGE:
            raise Refused(f"more than {MAX_RANGE} numbers")
        found.append(number(start))
        start = simplest(start + step)
    return list_value(found, NUMBER)


def _sum(values: Value) -> Value:
    if values.kind not in SEQUENCES:
        raise Refused(f"a list of numbers is needed, not a {values.kind}", values.place)
    parts = values.elements
    if not parts:
        raise Refused("there is nothing to sum", values.place)
    if any(part.is_null for part in parts):
        raise Refused("a null cannot be summed", values.place)
    open_part = next((part for part in parts if part.is_unknown), None)
    if open_part is not None:
        raise Undecided(open_part)
    total: Number = 0
    for part in parts:
        total = total + number_of(convert(part, NUMBER))
    return number(simplest(total))


FUNCTIONS: Mapping[str, Function] = {
    "abs": _on_number(lambda amount: -amount if amount < 0 else amount),
    "ceil": _on_number(_whole(math.ceil)),
    "floor": _on_number(_whole(math.floor)),
    "signum": _on_number(_signum),
    "max": _extreme(max),
    "min": _extreme(min),
    "log": Function(_log, (AMOUNT, AMOUNT), NUMBER),
    "pow": Function(_pow, (AMOUNT, AMOUNT), NUMBER),
    "parseint": Function(_parseint, (ANYTHING, AMOUNT), NUMBER),
    "range": Function(_range, (), list_of(NUMBER), AMOUNT, 1),
    "sum": Function(_sum, (Parameter(parts=True),), NUMBER),
}
