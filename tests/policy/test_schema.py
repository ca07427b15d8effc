"""The quick yes or no about a file's shape agrees with the JSON Schema library, on rulesets and on what becomes of them by accident."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from auditor.model.source import Source
from auditor.policy.config import SCHEMA as CONFIG
from auditor.policy.hygiene import CHECKS
from auditor.policy.load import SCHEMA as RULESET
from auditor.policy.load import builtin_rulesets, builtin_source
from auditor.policy.schema import schema_of
from auditor.policy.shape import fits
from auditor.yamlspan import read_one, to_python
from tests.policy.test_config import TEXT

VALIDATORS = {name: Draft202012Validator(schema_of(name)) for name in (RULESET, CONFIG)}
DOCUMENTS: list[tuple[str, Any]] = [
    *((RULESET, to_python(read_one(builtin_source(name)))) for name in builtin_rulesets()),
    (CONFIG, to_python(read_one(Source("auditor.yaml", TEXT)))),
]
SCALARS: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, 1, 11, 5.5, "", "x", "Bad Name", "error", [], {}, ["x"], [1], [[]], {"is": "x"}, {"x": "y"}]
).map(copy.deepcopy)  # further changes are made inside of it


def test_the_schemas_are_schemas() -> None:
    for name in VALIDATORS:
        Draft202012Validator.check_schema(schema_of(name))


def test_the_schema_lists_every_hygiene_check() -> None:
    listed = schema_of(RULESET)["$defs"]["requirement"]["properties"]["hygiene"]["enum"]
    assert listed == list(CHECKS)


def test_every_built_in_ruleset_fits() -> None:
    for schema, document in DOCUMENTS:
        assert fits(document, schema_of(schema))
        assert VALIDATORS[schema].is_valid(document)


def places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path]
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        found += places(inner, (*path, key))
    return found


@st.composite
def damaged(draw: st.DrawFn) -> tuple[str, Any]:
    """A document with one to three places changed, renamed or taken away."""
    schema, original = draw(st.sampled_from(DOCUMENTS))
    document = copy.deepcopy(original)
    for _ in range(draw(st.integers(1, 3))):
        *above, last = draw(st.sampled_from([path for path in places(document) if path]))
        holder = document
        for step in above:
            holder = holder[step]
        change = draw(st.sampled_from(["replace", "remove", "rename"]))
        if change == "replace":
            holder[last] = draw(SCALARS)
        elif isinstance(holder, dict):
            value = holder.pop(last)
            if change == "rename":
                holder[f"{last}x"] = value
        else:
            del holder[last]
    return schema, document


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(damaged())
def test_the_quick_answer_is_the_librarys(case: tuple[str, Any]) -> None:
    schema, document = case
    assert fits(document, schema_of(schema)) == VALIDATORS[schema].is_valid(document), json.dumps(document)[:300]
