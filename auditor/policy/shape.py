"""Whether a value fits a JSON Schema of ours, without the library that says why not: importing that takes longer than a small run.

Invariant: the answer is jsonschema's for every schema in this package; a keyword that is not known here is an error of the program.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sized
from typing import Any

Schema = dict[str, Any]

_ANNOTATIONS = frozenset({"$schema", "$id", "$defs", "title", "description", "default", "examples", "format"})
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


def fits(value: object, schema: Schema, root: Schema | None = None) -> bool:
    """Whether `value`, of plain dicts, lists and scalars, is valid under `schema`; references are looked up in `root`."""
    top = schema if root is None else root
    return all(_KEYWORDS[name](value, wanted, schema, top) for name, wanted in schema.items() if name not in _ANNOTATIONS)


def _type(value: object, wanted: str | list[str], _schema: Schema, _root: Schema) -> bool:
    return any(
        isinstance(value, _TYPES[name]) and (name == "boolean" or not isinstance(value, bool))
        for name in ([wanted] if isinstance(wanted, str) else wanted)
    )


def _reference(value: object, wanted: str, _schema: Schema, root: Schema) -> bool:
    target: Any = root
    for step in wanted.removeprefix("#/").split("/"):
        target = target[step]
    return fits(value, target, root)


def _properties(value: object, wanted: dict[str, Schema], _schema: Schema, root: Schema) -> bool:
    return not isinstance(value, dict) or all(fits(value[name], sub, root) for name, sub in wanted.items() if name in value)


def _additional(value: object, wanted: bool | Schema, schema: Schema, root: Schema) -> bool:
    if not isinstance(value, dict):
        return True
    others = [each for name, each in value.items() if name not in schema.get("properties", {})]
    return all(fits(each, wanted, root) for each in others) if isinstance(wanted, dict) else bool(wanted) or not others


def _items(value: object, wanted: Schema, _schema: Schema, root: Schema) -> bool:
    return not isinstance(value, list) or all(fits(each, wanted, root) for each in value)


def _names(value: object, wanted: Schema, _schema: Schema, root: Schema) -> bool:
    return not isinstance(value, dict) or all(fits(name, wanted, root) for name in value)


def _least(kind: type[Sized]) -> Callable[[Any, int, Schema, Schema], bool]:
    return lambda value, wanted, _schema, _root: not isinstance(value, kind) or len(value) >= wanted


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_KEYWORDS: dict[str, Callable[[Any, Any, Schema, Schema], bool]] = {
    "type": _type,
    "$ref": _reference,
    "properties": _properties,
    "additionalProperties": _additional,
    "propertyNames": _names,
    "items": _items,
    "required": lambda value, wanted, _s, _r: not isinstance(value, dict) or all(name in value for name in wanted),
    "enum": lambda value, wanted, _s, _r: isinstance(value, str) and value in wanted,
    "anyOf": lambda value, wanted, _s, root: any(fits(value, each, root) for each in wanted),
    "pattern": lambda value, wanted, _s, _r: not isinstance(value, str) or re.search(wanted, value) is not None,
    "minLength": _least(str),
    "minItems": _least(list),
    "minProperties": _least(dict),
    "minimum": lambda value, wanted, _s, _r: not _is_number(value) or value >= wanted,
    "maximum": lambda value, wanted, _s, _r: not _is_number(value) or value <= wanted,
}
