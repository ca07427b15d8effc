"""Exact numbers: whole ones are int, others `Fraction`, and only infinities are float."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.formats.terraform.values import Number

NUMERAL = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
WRITTEN = re.compile(r"([+-]?)(?:(\d+)\.?(\d*)|\.(\d+))([eE][+-]?\d+)?", re.ASCII)
MAX_EXPONENT = 1000
MAX_FRACTION_DIGITS = 150


def number_text(amount: Number) -> str:
    """As Terraform writes numbers in text: no exponent, no trailing zeros, at most 150 digits behind the point.

    What a function on floating-point numbers gave has the fewest digits that say which it is.
    """
    if isinstance(amount, int):
        return str(amount)
    if isinstance(amount, float):
        return "Inf" if amount > 0 else "-Inf"
    if amount.denominator & (amount.denominator - 1) == 0 and float(amount) == amount:
        from fractions import Fraction

        amount = Fraction(repr(float(amount)))
    scale = 10**MAX_FRACTION_DIGITS
    scaled = round(abs(amount) * scale)
    whole, rest = divmod(scaled, scale)
    digits = f"{rest:0{MAX_FRACTION_DIGITS}d}".rstrip("0")
    return ("-" if amount < 0 else "") + (f"{whole}.{digits}" if digits else str(whole))


def read_number(text: str) -> Number | None:
    """Decimal text as a number; None if it is none, or its exponent is absurd."""
    match = NUMERAL.fullmatch(text)
    if match is None or len(text) > MAX_EXPONENT:
        return None
    if not match[1] and not match[2]:
        return int(text)
    if match[2] and abs(int(match[2][1:])) > MAX_EXPONENT:
        return None
    from fractions import Fraction

    return simplest(Fraction(text))


def converted_number(text: str) -> Number | None:
    """Text that becomes a number by conversion, which may be written more freely than in an expression: `+1`, `.5`, `1.`"""
    match = WRITTEN.fullmatch(text)
    if match is None:
        return None
    sign, whole, fraction, bare, power = match.groups(default="")
    digits = fraction or bare
    return read_number(f"{sign.replace('+', '')}{whole or '0'}{'.' + digits if digits else ''}{power}")


def simplest(amount: Number) -> Number:
    """Whole fractions as int, finite floats as exact fractions."""
    if isinstance(amount, int):
        return amount
    if isinstance(amount, float):
        if amount in (float("inf"), float("-inf")):
            return amount
        from fractions import Fraction

        return simplest(Fraction(amount))
    return int(amount) if amount.denominator == 1 else amount
