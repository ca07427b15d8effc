"""`format` and `formatlist`: Go's verbs on Terraform's values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from auditor.formats.terraform.conversion import convert
from auditor.formats.terraform.errors import Refused, Undecided
from auditor.formats.terraform.functions.signature import TEXT, Function, Parameter
from auditor.formats.terraform.numbers import number_text
from auditor.formats.terraform.types import BOOL, NUMBER, SEQUENCES, STRING, list_of
from auditor.formats.terraform.values import Value, list_value, number_of, string

if TYPE_CHECKING:
    from auditor.formats.terraform.values import Number

VERB = re.compile(r"%(?P<flags>[-+# 0]*)(?P<width>\d+)?(?:\.(?P<precision>\d+)?)?(?:\[(?P<index>\d+)\])?(?P<verb>.)?", re.DOTALL)
PRECISION = re.compile(r"\.(\d*)")
MAX_WIDTH = 1_000


def formatted(pattern: str, arguments: Sequence[Value]) -> str:
    """`pattern` with its verbs replaced. Raises `Refused`, and `Undecided` where an argument is not known."""
    pieces: list[str] = []
    used = 0
    highest = 0
    position = 0
    for match in VERB.finditer(pattern):
        pieces.append(pattern[position : match.start()])
        position = match.end()
        verb = match["verb"]
        if verb == "%":
            pieces.append("%")
            continue
        if verb is None:
            raise Refused("a % stands at the end of the format")
        used = int(match["index"][:9]) if match["index"] else used + 1
        highest = max(highest, used)
        if not 1 <= used <= len(arguments):
            raise Refused(f"there is no argument {used} for {match[0]}")
        pieces.append(_verb(verb, match, arguments[used - 1]))
    pieces.append(pattern[position:])
    if highest < len(arguments) and "[" not in pattern:
        raise Refused(f"there are {len(arguments)} arguments for {highest} verbs")
    return "".join(pieces)


def _verb(verb: str, match: re.Match[str], value: Value) -> str:
    if not value.wholly_known:
        raise Undecided(value)
    flags, width = match["flags"], int((match["width"] or "0")[:9])
    found = PRECISION.search(match[0])
    precision = int((found[1] or "0")[:9]) if found else None
    if width > MAX_WIDTH or (precision or 0) > MAX_WIDTH:
        raise Refused("the width is too large")
    text = _body(verb, flags, precision, value)
    return _padded(text, flags, width, numeric=verb in "dboxXeEfFgG")


def _padded(text: str, flags: str, width: int, *, numeric: bool) -> str:
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags and numeric:
        sign = text[:1] if text[:1] in "+-" else ""
        return sign + text[len(sign) :].rjust(width - len(sign), "0")
    return text.rjust(width, "0" if "0" in flags else " ")


def _body(verb: str, flags: str, precision: int | None, value: Value) -> str:
    if verb == "v":
        return _any(value, sharp="#" in flags)
    if value.is_null:
        raise Refused(f"%{verb} cannot write null", value.place)
    if verb == "t":
        return "true" if convert(value, BOOL).raw else "false"
    if verb in "sq":
        text = str(convert(value, STRING).raw)
        text = text if precision is None else text[:precision]
        return _quoted(text) if verb == "q" else text
    if verb in "dboxXeEfFgG":
        return _number(verb, flags, precision, value)
    raise Refused(f"there is no verb %{verb}")


def _any(value: Value, *, sharp: bool) -> str:
    from auditor.formats.terraform.functions.encoding import json_text

    if not sharp and isinstance(value.raw, str):
        return value.raw
    return json_text(value)


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


def _number(verb: str, flags: str, precision: int | None, value: Value) -> str:
    amount = number_of(convert(value, NUMBER))
    sign = "+" if "+" in flags and amount >= 0 else " " if " " in flags and amount >= 0 else ""
    if verb in "dboxX":
        if not isinstance(amount, int):
            raise Refused(f"%{verb} needs a whole number, not {number_text(amount)}", value.place)
        return sign + format(amount, verb)
    if verb in "gG" and precision is None:
        text = _shortest(amount)
        return sign + (text.upper() if verb == "G" else text)
    return sign + format(float(amount), f".{6 if precision is None else precision}{verb}")


def _shortest(amount: Number) -> str:
    """All digits there are; from a million on and below a ten-thousandth with an exponent."""
    plain = number_text(amount)
    whole, _, fraction = plain.removeprefix("-").partition(".")
    exponent = len(whole) - 1 if whole != "0" else len(fraction.lstrip("0")) - len(fraction) - 1
    digits = (whole + fraction).strip("0")
    if not digits or not whole.isdigit() or -4 <= exponent < 6:
        return plain
    sign = "-" * plain.startswith("-")
    return f"{sign}{digits[0]}{'.' * (len(digits) > 1)}{digits[1:]}e{exponent:+03d}"


def _format(pattern: Value, *arguments: Value) -> Value:
    return string(formatted(str(pattern.raw), arguments))


def _formatlist(pattern: Value, *arguments: Value) -> Value:
    lengths = {len(value.elements) for value in arguments if value.kind in SEQUENCES and value.is_known}
    if len(lengths) > 1:
        raise Refused("all lists must be of one length")
    unknown_list = next((value for value in arguments if value.is_unknown and value.kind in SEQUENCES), None)
    if unknown_list is not None:
        raise Undecided(unknown_list)
    if not lengths:
        return list_value([_format(pattern, *arguments)], STRING)
    rows = [
        [value.elements[at] if value.kind in SEQUENCES and value.is_known else value for value in arguments] for at in range(lengths.pop())
    ]
    return list_value([string(formatted(str(pattern.raw), row)) for row in rows], STRING)


FUNCTIONS: Mapping[str, Function] = {
    "format": Function(_format, (TEXT,), STRING, Parameter(null=True, parts=True, unknown=True)),
    "formatlist": Function(_formatlist, (TEXT,), list_of(STRING), Parameter(null=True, parts=True, unknown=True)),
}
