"""What is said about an expression while variables have no value holds whatever value they get."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.formats.terraform.errors import Refused
from auditor.formats.terraform.values import Hidden, Value, text_of
from tests.formats.terraform.reader.reading import local, root_of

TYPES = {
    "u": "string",
    "n": "number",
    "b": "bool",
    "l": "list(string)",
    "m": "map(string)",
    "s": "set(string)",
    "o": "object({ a = string })",
}
DECLARED = "".join(f'variable "{name}" {{\n  type = {type_}\n}}\n' for name, type_ in TYPES.items())
WORLDS: list[dict[str, Any]] = [
    {"u": "a", "n": 1, "b": True, "l": ["a", "b"], "m": {"a": "x"}, "s": ["a"], "o": {"a": "z"}},
    {"u": "", "n": 0, "b": False, "l": [], "m": {}, "s": [], "o": {"a": None}},
    {"u": "10", "n": 2.5, "b": True, "l": ["10", "a", "10"], "m": {"k": "v", "a": "b"}, "s": ["b", "a"], "o": {"a": "a"}},
    dict.fromkeys(TYPES),
]
ATOMS = ["var.u", "var.n", "var.b", '"a"', '""', '"10"', "1", "0", "2", "true", "null", '"10.0.0.0/8"']
COLLECTIONS = """
var.l
var.m
var.s
var.o
[var.u, "a"]
[var.n, 1]
{ a = var.u }
concat(["a"], var.l)
toset(var.l)
[for x in var.l : upper(x)]
{ (var.u) = 1 }
["b", "a", "b"]
[]
{ a = 1, b = null }
toset(["b", "a"])
[["a"], var.l]
""".strip().split("\n")
CALLS = r"""
length({c})
concat({c}, {c})
merge({c}, {c})
lookup({c}, "a", {a})
compact({c})
distinct({c})
sort({c})
contains({c}, {a})
element({c}, 1)
flatten({c})
keys({c})
values({c})
one({c})
reverse({c})
slice({c}, 0, 1)
coalesce({a}, {a})
toset({c})
join(",", {c})
split("", {a})
upper({a})
format("%s-%v", {a}, {a})
formatlist("%s", {c})
max({a}, {a})
tostring({a})
jsonencode({c})
try({c}[0], {a})
can({c}.a)
setunion({c}, {c})
zipmap({c}, {c})
alltrue([{a}])
cidrsubnet("10.0.0.0/8", 8, {a})
index({c}, {a})
({a} == {a})
({a} + {a})
({a} < {a})
({a} && {a})
!({a})
({a} ? {a} : {a})
"x${{{a}}}y"
[for k, v in {c} : v if v != {a}]
{{ for k, v in {c} : k => v... }}
{c}[*].a
{c}.*
{c}["a"]
[{a}, {c}]
{{ a = {a}, b = {c} }}
"%{{ for x in {c} }}${{x}},%{{ endfor }}"
""".strip().split("\n")


def filled(template: str, parts: list[str], collections: list[str]) -> str:
    pieces = template.replace("{{", "\0").replace("}}", "\1")
    for part, collection in zip(parts, collections, strict=True):
        pieces = pieces.replace("{a}", part, 1).replace("{c}", collection, 1)
    return pieces.replace("\0", "{").replace("\1", "}")


def calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    three = st.lists(inner | st.sampled_from(ATOMS), min_size=3, max_size=3)
    collections = st.lists(st.sampled_from(COLLECTIONS) | inner, min_size=3, max_size=3)
    return st.builds(filled, st.sampled_from(CALLS), three, collections)


EXPRESSIONS = st.recursive(st.sampled_from(ATOMS + COLLECTIONS), calls, max_leaves=4)


def evaluated(expression: str, world: dict[str, Any] | None) -> Value | Refused:
    files: dict[str, str | bytes] = {"terraform.tfvars.json": json.dumps(world)} if world else {}
    try:
        return local(root_of(f"{DECLARED}locals {{\n  it = {expression}\n}}\n", files), "it")
    except Refused as error:
        return error


def holds(said: Value, is_: Value) -> bool:
    """Whether a value is one of those that were said to be possible."""
    raw = said.raw
    if isinstance(raw, Hidden):
        return holds_of_unknown(raw, is_)
    if isinstance(raw, tuple):
        return isinstance(is_.raw, tuple) and len(raw) == len(is_.raw) and all(map(holds, raw, is_.raw))
    if isinstance(raw, dict):
        return isinstance(is_.raw, dict) and raw.keys() == is_.raw.keys() and all(holds(part, is_.raw[key]) for key, part in raw.items())
    return (text_of(said), said.is_null) == (text_of(is_), is_.is_null)


def holds_of_unknown(raw: Hidden, is_: Value) -> bool:
    if raw.members and isinstance(is_.raw, tuple):
        many = any(isinstance(member.raw, Hidden) and member.raw.many for member in raw.members)
        known = [member for member in raw.members if member.wholly_known]
        expected = all(many or any(holds(member, part) for member in raw.members) for part in is_.raw)
        return expected and all(any(holds(member, part) for part in is_.raw) for member in known)
    return not raw.choices or raw.many or any(holds(choice, is_) for choice in raw.choices)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
@given(EXPRESSIONS)
def test_what_is_said_holds_in_every_world(expression: str) -> None:
    said = evaluated(expression, None)
    for world in WORLDS:
        found = evaluated(expression, world)
        if isinstance(found, Refused):
            continue
        if isinstance(said, Refused):
            # the type of a side that is not taken may be an error before its value is known
            assert "no type in common" in said.message, f"{expression} is refused ({said.message}) but is {found} in {world}"
        else:
            assert holds(said, found), f"{expression} is {found} in {world}, but {said} was said"
