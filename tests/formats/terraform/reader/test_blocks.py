"""Nested blocks, written, dynamic, or as an attribute."""

from __future__ import annotations

import pytest

from auditor.formats.terraform.resources import Arguments
from tests.formats.terraform.reader.reading import local, plain, resources_of, root_of, traps


def entries(body: str, more: str = "") -> tuple[Arguments, ...]:
    return resources_of(root_of(f'resource "r" "a" {{\n{body}\n}}\n{more}'))["r.a"].blocks("b")


def dynamic(for_each: str, content: str = "v = b.value", extra: str = "") -> str:
    return f'dynamic "b" {{\n  for_each = {for_each}\n  {extra}\n  content {{\n    {content}\n  }}\n}}\n'


@pytest.mark.parametrize(
    ("for_each", "content", "values"),
    [
        ("[3, 1]", "v = b.value", [3, 1]),
        ("[3, 1]", "v = b.key", [0, 1]),
        ("{ z = 1, a = 2 }", "v = b.key", ["a", "z"]),
        ('toset(["y", "x"])', "v = b.key", ["x", "y"]),
        ("[]", "v = 1", []),
        ("[[1, 2], [3]]", "v = [for x in b.value : x]", [[1, 2], [3]]),
    ],
)
def test_a_dynamic_block_comes_out_once_for_each_element(for_each: str, content: str, values: list[object]) -> None:
    assert [plain(block.get("v")) for block in entries(dynamic(for_each, content))] == values


def test_written_and_dynamic_blocks_stand_in_the_order_of_the_source() -> None:
    body = "b {\n  v = 0\n}\n" + dynamic("[1, 2]") + "b {\n  v = 3\n}\n" + dynamic("[4]")
    assert [plain(block.get("v")) for block in entries(body)] == [0, 1, 2, 3, 4]


def test_the_iterator_can_be_renamed_and_nested() -> None:
    inner = 'dynamic "c" {\n  for_each = it.value\n  content {\n    w = "${it.key}${c.value}"\n  }\n}'
    blocks = entries(dynamic("[[1, 2], [3]]", inner, "iterator = it"))
    assert [[plain(each.get("w")) for each in block.blocks("c")] for block in blocks] == [["01", "02"], ["13"]]


def test_each_of_the_resource_is_known_in_its_blocks() -> None:
    root = root_of('resource "r" "a" {\n  for_each = { k = [7] }\n' + dynamic("each.value", 'v = "${each.key}${b.value}"') + "}\n")
    (block,) = resources_of(root)['r.a["k"]'].blocks("b")
    assert plain(block.get("v")) == "k7"


@pytest.mark.parametrize("for_each", ["null", '"x"', "1"])
def test_a_dynamic_over_no_collection_is_refused_and_not_taken_for_none(for_each: str) -> None:
    (block,) = entries(dynamic(for_each))
    assert not block.certain


def test_a_dynamic_over_something_unknown_is_any_number_of_blocks() -> None:
    (block,) = entries(dynamic("var.x", "v = b.value\n    w = 1"), 'variable "x" {\n  type = list(number)\n}\n')
    assert not block.certain
    assert block.get("v").is_unknown
    assert plain(block.get("w")) == 1


def test_of_two_alternatives_each_is_possible() -> None:
    blocks = entries(dynamic("var.x ? [1] : [2, 3]"), 'variable "x" {\n  type = bool\n}\n')
    assert [(plain(block.get("v")), block.certain) for block in blocks] == [(1, False), (2, False), (3, False)]


def test_an_unknown_list_beside_a_known_one_leaves_the_known_blocks_exact() -> None:
    blocks = entries(dynamic("concat([1], var.x)"), 'variable "x" {\n  type = list(number)\n}\n')
    assert [(plain(block.get("v")), block.certain) for block in blocks] == [(1, True), (..., False)]


ATTRIBUTE = [
    ("b = [{ v = 1 }, { v = 2 }]", [1, 2], True),
    ("b = { v = 1 }", [1], True),
    ("b = []", [], True),
    ("b = null", [], False),
    ("", [], False),
    ("b {\n  v = 1\n}", [1], True),
    (dynamic("[]"), [], False),
]


@pytest.mark.parametrize(("body", "values", "managed"), ATTRIBUTE)
def test_blocks_may_be_written_as_an_attribute(body: str, values: list[int], managed: bool) -> None:
    found = resources_of(root_of(f'resource "r" "a" {{\n{body}\n}}\n'))["r.a"].entries("b")
    assert [plain(item.get("v")) for item in found.items] == values
    assert (found.managed, found.rest) == (managed, ())


def test_an_attribute_nobody_knows_may_hold_any_blocks() -> None:
    found = resources_of(root_of('variable "x" {}\nresource "r" "a" {\n  b = concat([{ v = 1 }], var.x)\n}\n'))["r.a"].entries("b")
    assert [plain(item.get("v")) for item in found.items] == [1]
    assert [value.is_unknown for value in found.rest] == [True]


def test_json_says_the_same_as_hcl() -> None:
    text = """{"variable": {"x": {"type": "list(number)", "default": [1]}},
      "locals": {"two": 2},
      "resource": {"r": {"a": [{"//": "no argument", "count": 1, "v": "${var.x}", "t": "n${local.two}", "l": "$${x}",
        "b": [{"w": 1}, {"w": "${local.two}"}],
        "dynamic": {"c": {"for_each": "${var.x}", "content": {"w": "${c.value}"}}},
        "lifecycle": {"ignore_changes": ["b"]}}]}}}"""
    root = root_of(more={"main.tf.json": text})
    resource = resources_of(root)["r.a[0]"]
    assert [plain(resource.get(name)) for name in "vtl"] == [[1], "n2", "${x}"]
    assert [plain(block.get("w")) for block in resource.blocks("b")] == [1, 2]
    assert [plain(block.get("w")) for block in resource.blocks("c")] == [1]
    assert [plain(item.get("w")) for item in resource.entries("b").items] == [1, 2]
    assert resource.ignored_changes() == ("b",)
    assert (resource.span.line, resource.span_of("t").line) == (3, 3)
    assert traps(root) == []


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1]", "[{}, 1]", "1", '{"a": }', '{"a": 1} x', '{"a" 1}', "[" * 300, '{"resource": "\\ud8"}', '{"a": 01}', '{"a": tru}'],
)
def test_bad_json_is_said_at_its_place(text: str) -> None:
    root = root_of(more={"main.tf.json": text})
    assert traps(root) == ["unparsable"]


def test_a_json_file_may_be_an_array_of_objects() -> None:
    root = root_of(more={"main.tf.json": '[{"locals": {"a": 1}}, {"locals": {"b": "${local.a + 1}"}}]'})
    assert (local(root, "b").raw, traps(root)) == (2, [])


def test_in_json_type_is_code_for_variables_only_and_source_is_literal_for_modules_only() -> None:
    text = """{"variable": {"v": {"type": "list(string)", "default": ["x"]}},
      "resource": {"r": {"a": {"type": "ingress", "source": "${var.v[0]}", "version": "${1 + 1}"}}}}"""
    resource = resources_of(root_of(more={"main.tf.json": text}))["r.a"]
    assert [plain(resource.get(name)) for name in ("type", "source", "version")] == ["ingress", "x", 2]


def test_in_json_the_iterator_is_a_word() -> None:
    text = """{"resource": {"r": {"a": {"dynamic": {"b": {"for_each": [7], "iterator": "it", "content": {"w": "${it.value}"}}}}}}}"""
    resource = resources_of(root_of(more={"main.tf.json": text}))["r.a"]
    assert [plain(block.get("w")) for block in resource.blocks("b")] == [7]


@pytest.mark.parametrize(
    ("value", "names"),
    [("[ingress]", ("ingress",)), ("all", ("all",)), ('[ingress[0].x, tags["a"]]', ("ingress", "tags")), ('["egress"]', ("egress",))],
)
def test_ignored_changes_are_names(value: str, names: tuple[str, ...]) -> None:
    root = root_of(f'resource "r" "a" {{\n  lifecycle {{\n    ignore_changes = {value}\n  }}\n}}\n')
    assert resources_of(root)["r.a"].ignored_changes() == names


@pytest.mark.parametrize(
    "body",
    [
        'dynamic "b" {\n  for_each = [1]\n}',
        'dynamic "b" {\n  content {\n    v = 1\n  }\n}',
        'dynamic "b" {\n  for_each = [1]\n  content {\n    v = 1\n  }\n  content {\n    v = 2\n  }\n}',
        "b = []\nb {\n  v = 1\n}",
    ],
)
def test_blocks_that_terraform_refuses_are_said(body: str) -> None:
    root = root_of(f'resource "r" "a" {{\n{body}\n}}\n')
    resources_of(root)["r.a"].entries("b")
    assert traps(root) == ["evaluation-error"]


def test_an_argument_stays_one_under_blocks_of_an_override() -> None:
    root = root_of('resource "r" "a" {\n  b = []\n}\n', {"override.tf": 'resource "r" "a" {\n  b {\n    v = 1\n  }\n}\n'})
    assert (resources_of(root)["r.a"].entries("b").items, traps(root)) == ((), [])
