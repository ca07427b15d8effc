"""SARIF objects as JSON: a walk over their fields under the names of the schema, leaving out what is None."""

from __future__ import annotations

import json
from typing import Any

from auditor.model.record import fields, is_dataclass
from auditor.report.sarif.objects import SarifLog

Json = Any  # what json.dumps takes

_names: dict[type[Any], tuple[tuple[str, str], ...]] = {}


def dumps(log: SarifLog) -> str:
    """`log` as text, the same for the same log."""
    return json.dumps(_value(log), ensure_ascii=False, indent=1).encode("utf-8", "replace").decode() + "\n"


def _value(value: Any) -> Json:
    if isinstance(value, list | tuple):
        return [_value(item) for item in value]
    if isinstance(value, dict):
        return {name: _value(item) for name, item in value.items()}
    if is_dataclass(value):
        return {written: _value(item) for name, written in _fields(type(value)) if (item := getattr(value, name)) is not None}
    return value


def _fields(kind: type[Any]) -> tuple[tuple[str, str], ...]:
    """Each field of a class with the property of the schema that it is."""
    if kind not in _names:
        _names[kind] = tuple((field.name, property_name(field.name)) for field in fields(kind))
    return _names[kind]


def property_name(field: str) -> str:
    """`start_line` as the schema writes it: `startLine`."""
    if field == "schema_uri":
        return "$schema"
    first, *rest = field.split("_")
    return first + "".join(word.capitalize() for word in rest)
