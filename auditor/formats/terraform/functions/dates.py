"""Functions on points in time, written as RFC 3339 has it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from auditor.formats.terraform.errors import Exhausted, Refused
from auditor.formats.terraform.functions.signature import TEXT, Function
from auditor.formats.terraform.types import NUMBER, STRING
from auditor.formats.terraform.values import Value, number, string

STAMP = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?(Z|[+-]\d\d:\d\d)")
DURATION = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+|0")
PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)")
SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
VERB = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|.", re.DOTALL)


def _moment(value: Value) -> datetime:
    match = STAMP.fullmatch(str(value.raw))
    try:
        if match is None:
            raise ValueError
        return datetime.fromisoformat(f"{match[1]}T{match[2]}{'+00:00' if match[3] == 'Z' else match[3]}")
    except ValueError:
        raise Refused(f"{value.raw!r} is no time as RFC 3339 writes it", value.place) from None


def _written(moment: datetime) -> str:
    text = moment.isoformat(timespec="seconds")
    return text.replace("+00:00", "Z")


def _timeadd(time: Value, duration: Value) -> Value:
    text = str(duration.raw)
    if DURATION.fullmatch(text) is None:
        raise Refused(f"{text!r} is no duration", duration.place)
    seconds = sum(float(amount) * SECONDS[unit] for amount, unit in PART.findall(text))
    try:
        return string(_written(_moment(time) + timedelta(seconds=-seconds if text.startswith("-") else seconds)))
    except OverflowError:
        raise Exhausted("years behind 9999 are not reckoned with", duration.place) from None


def _timecmp(left: Value, right: Value) -> Value:
    first, second = _moment(left), _moment(right)
    return number((first > second) - (first < second))


def _formatdate(pattern: Value, time: Value) -> Value:
    moment = _moment(time)
    pieces = []
    for match in VERB.finditer(str(pattern.raw)):
        if match[1] is not None:
            pieces.append(match[1].replace("''", "'"))
        elif match[2] is not None:
            pieces.append(_verb(match[0], moment, pattern))
        else:
            pieces.append(match[0])
    return string("".join(pieces))


def _verb(verb: str, moment: datetime, pattern: Value) -> str:
    hour = moment.hour % 12 or 12
    zone = moment.strftime("%z")
    colon = f"{zone[:3]}:{zone[3:]}"
    utc = moment.tzinfo == UTC or zone == "+0000"
    table = {
        "YYYY": f"{moment.year:04d}",
        "YY": f"{moment.year % 100:02d}",
        "MMMM": f"{moment:%B}",
        "MMM": f"{moment:%b}",
        "MM": f"{moment.month:02d}",
        "M": str(moment.month),
        "DD": f"{moment.day:02d}",
        "D": str(moment.day),
        "EEEE": f"{moment:%A}",
        "EEE": f"{moment:%a}",
        "hh": f"{moment.hour:02d}",
        "h": str(moment.hour),
        "HH": f"{hour:02d}",
        "H": str(hour),
        "AA": f"{moment:%p}".upper(),
        "aa": f"{moment:%p}".lower(),
        "mm": f"{moment.minute:02d}",
        "m": str(moment.minute),
        "ss": f"{moment.second:02d}",
        "s": str(moment.second),
        "ZZZZZ": colon,
        "ZZZZ": zone,
        "ZZZ": "UTC" if utc else zone,
        "Z": "Z" if utc else colon,
    }
    if verb not in table:
        raise Refused(f"{verb!r} means nothing in a date's format", pattern.place)
    return table[verb]


FUNCTIONS: Mapping[str, Function] = {
    "timeadd": Function(_timeadd, (TEXT, TEXT), STRING),
    "timecmp": Function(_timecmp, (TEXT, TEXT), NUMBER),
    "formatdate": Function(_formatdate, (TEXT, TEXT), STRING),
}
