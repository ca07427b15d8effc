"""Checking a YAML file against a JSON Schema, in the words of somebody who wrote the file by hand.

Invariant: every problem has the span of the key or value it is about. jsonschema is imported here alone, for a file that has problems.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from collections.abc import Mapping as AbstractMapping
from functools import cache
from typing import TYPE_CHECKING, Any

from auditor.model.source import Span
from auditor.policy.problems import Problem, did_you_mean
from auditor.policy.shape import fits
from auditor.yamlspan import Node, locate, to_python

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
}


def check(node: Node, schema: str) -> tuple[Problem, ...]:
    """What is wrong with `node` under the schema file of that name in this package, in the order of the file."""
    value = to_python(node)
    if fits(value, schema_of(schema)):
        return ()
    problems = {problem for error in _validator(schema).iter_errors(value) for problem in _problems(node, error)}
    return tuple(sorted(problems, key=lambda problem: (problem.span or Span.of_file(""), problem.message)))


@cache
def schema_of(name: str) -> dict[str, Any]:
    """A schema file of this package."""
    import json

    path = os.path.join(os.path.dirname(__file__), name)
    with open(path, encoding="utf-8") as file:
        schema: dict[str, Any] = json.load(file)
    return schema


def _validator(schema: str) -> Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema_of(schema))


def _problems(root: Node, error: ValidationError) -> Iterator[Problem]:
    path = list(error.absolute_path)
    subschema: AbstractMapping[str, Any] = error.schema if isinstance(error.schema, dict) else {}
    instance: Any = error.instance
    required: Any = error.validator_value
    match error.validator:
        case "anyOf":
            yield from _alternatives(root, error)
        case "additionalProperties":
            known = subschema.get("properties", {})
            for name in instance:
                if name not in known:
                    yield Problem(f"{name!r} is not known here{did_you_mean(name, known)}", locate(root, [*path, name], key=True))
        case "required":
            for name in required:
                if name not in instance:
                    yield Problem(f"{name!r} is missing: {_described(subschema, name)}", locate(root, path, key=True))
        case "propertyNames":
            yield Problem(f"{error.instance!r} is no name: {_NAME}", locate(root, path))
        case _:
            yield Problem(_message(error, subschema), locate(root, path))


_NAME = "names are lower case letters, digits, '-' and '_', and begin with a letter"


def _message(error: ValidationError, subschema: AbstractMapping[str, Any]) -> str:
    wanted: Any = error.validator_value
    what = _shown(error.instance)
    match error.validator:
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            return f"{what} stands where {' or '.join(_TYPES[kind] for kind in kinds)} is expected"
        case "enum":
            return f"{what} is none of {', '.join(map(str, wanted))}{_near(error.instance, wanted)}"
        case "pattern" if wanted.startswith("^[a-z]"):
            return f"{what} is no name: {_NAME}"
        case "minLength" | "minItems" | "minProperties":
            return "nothing is given here" + (f": {subschema['description']}" if "description" in subschema else "")
        case "minimum" | "maximum":
            return f"{what} is out of range: {error.validator} {wanted}"
        case _:
            return str(error.message)


def _alternatives(root: Node, error: ValidationError) -> Iterator[Problem]:
    """Of an anyOf, the complaints of the alternative that has the value's own type; the accepted types where none has."""
    branches: dict[int, list[ValidationError]] = {}
    for each in error.context or ():
        branches.setdefault(int(each.relative_schema_path[0]), []).append(each)
    fitting = [errors for errors in branches.values() if not any(each.validator == "type" and not each.relative_path for each in errors)]
    if fitting:
        for each in fitting[0]:
            yield from _problems(root, each)
        return
    kinds = dict.fromkeys(
        _TYPES[str(each.validator_value)]
        for errors in branches.values()
        for each in errors
        if each.validator == "type" and not each.relative_path
    )
    yield Problem(f"{_shown(error.instance)} stands where {' or '.join(kinds)} is expected", locate(root, list(error.absolute_path)))


def _described(subschema: AbstractMapping[str, Any], name: str) -> str:
    return str(subschema.get("properties", {}).get(name, {}).get("description", "it must be given"))


def _near(value: object, known: list[str]) -> str:
    close = did_you_mean(value, known) if isinstance(value, str) else ""
    return close if "did you mean" in close else ""


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return "nothing" if value is None else repr(value)
