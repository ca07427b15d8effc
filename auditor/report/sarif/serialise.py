"""SARIF objects as JSON: a walk over their attrs fields under the names of the schema.

What equals its default is left out, but for `level`, which is always written: a result without one takes its rule's, not the schema's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attr

if TYPE_CHECKING:
    from sarif_om import SarifLog

Json = Any  # what json.dumps takes

_known: dict[type[Any], tuple[tuple[str, str, object], ...]] = {}
_RENAMED = {("Suppression", "state"): "status"}  # the objects name it as an early draft did


def dumps(log: SarifLog) -> str:
    """`log` as text, the same for the same log."""
    return json.dumps(_value(log), ensure_ascii=False, indent=1).encode("utf-8", "replace").decode() + "\n"


def _value(value: Any) -> Json:
    if isinstance(value, list | tuple):
        return [_value(item) for item in value]
    if isinstance(value, dict):
        return {name: _value(item) for name, item in value.items()}
    if attr.has(type(value)):
        return {
            written: _value(item)
            for name, written, default in _fields(type(value))
            if (item := getattr(value, name)) is not None and (item != default or name == "level")
        }
    return value


def _default(default: Any) -> object:
    return default.factory() if isinstance(default, attr.Factory) else default  # type: ignore[arg-type]  # it is a class


def _fields(kind: type[Any]) -> tuple[tuple[str, str, object], ...]:
    if kind not in _known:
        _known[kind] = tuple(_read(kind))
    return _known[kind]


def _read(kind: type[Any]) -> Iterator[tuple[str, str, object]]:
    return (
        (field.name, _RENAMED.get((kind.__name__, field.name), field.metadata["schema_property_name"]), _default(field.default))
        for field in sorted(attr.fields(kind), key=lambda field: field.metadata["schema_property_name"] != "$schema")
    )
