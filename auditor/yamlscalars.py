"""What a YAML scalar means without a field that says: text, number, boolean or nothing, by the schema asked for.

Dates stay text under every schema, and nothing longer than a hundred characters is a number.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TypeAlias

from auditor import lazyre

Plain: TypeAlias = "str | int | float | bool | None"


class Schema(Enum):
    """Which plain scalars are not text."""

    CORE = "1.2"  # true, false, null; decimal, 0o and 0x integers; floats
    LEGACY = "1.1"  # also yes, no, on, off; octal by a leading zero, base 60, underscores
    GO = "go-yaml"  # as its untyped values: booleans of 1.2, integers of 1.1 without base 60; `<<` stays a key


_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_LEGACY_TRUE = frozenset({"yes", "Yes", "YES", "on", "On", "ON"})
_LEGACY_FALSE = frozenset({"no", "No", "NO", "off", "Off", "OFF"})
_FLOAT = lazyre.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL = lazyre.compile(r"([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_CORE_INT = lazyre.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_WIDE_INT = lazyre.compile(r"[-+]?(?:0[bB][01_]+|0[oO][0-7_]+|0[xX][0-9a-fA-F_]+|[0-9][0-9_]*)")
_BASE_60 = lazyre.compile(r"[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+")


def resolve(text: str, tag: str | None, quoted: bool, schema: Schema) -> Plain:
    """The value of a scalar: text where it is quoted or tagged as anything but a number, boolean or null."""
    if tag is not None:
        kind = tag.removeprefix("tag:yaml.org,2002:")
        return _resolve_plain(text, schema) if kind in ("int", "float", "bool", "null") else text
    return text if quoted else _resolve_plain(text, schema)


def _resolve_plain(text: str, schema: Schema) -> Plain:
    if text in _NULLS:
        return None
    if text in _TRUE or (schema is Schema.LEGACY and text in _LEGACY_TRUE):
        return True
    if text in _FALSE or (schema is Schema.LEGACY and text in _LEGACY_FALSE):
        return False
    if text[0] not in "0123456789+-.":
        return text
    number = integer(text, schema)
    if number is not None:
        return number
    if _FLOAT.fullmatch(text):
        return float(text)
    special = _SPECIAL.fullmatch(text)
    return float(text.replace(".", "", 1)) if special else text


def integer(text: str, schema: Schema = Schema.CORE) -> int | None:
    """The integer that a plain scalar `text` is, if it is one and no longer than a machine word could ever need."""
    if len(text) > 100:
        return None
    if schema is Schema.CORE:
        return _based(text) if _CORE_INT.fullmatch(text) else None
    if schema is Schema.LEGACY and _BASE_60.fullmatch(text):
        return _base_60(text)
    if not _WIDE_INT.fullmatch(text):
        return None
    bare = text.lstrip("+-").replace("_", "")
    if re.fullmatch(r"0[0-7]+", bare):
        bare = "0o" + bare[1:]
    return _based(("-" if text[0] == "-" else "") + bare)


def _based(text: str) -> int | None:
    sign = -1 if text[0] == "-" else 1
    bare = text.lstrip("+-")
    base = {"0x": 16, "0o": 8, "0b": 2}.get(bare[:2].lower(), 10)
    digits = bare if base == 10 else bare[2:]
    return sign * int(digits, base) if digits else None


def _base_60(text: str) -> int:
    value = 0
    for part in text.lstrip("+-").replace("_", "").split(":"):
        value = value * 60 + int(part)
    return -value if text[0] == "-" else value
