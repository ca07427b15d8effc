"""Variables take their values in Terraform's order, and the types they are declared with."""

from __future__ import annotations

import pytest

from auditor.files import MemoryTree
from auditor.formats import base
from auditor.formats.terraform.errors import Refused
from auditor.formats.terraform.load import load_graph
from auditor.formats.terraform.modules import Options
from tests.formats.terraform.reader.reading import local, plain, resources_of, root_of, traps

X = 'variable "x" {\n  type    = string\n  default = "default"\n}\nlocals {\n  it = var.x\n}\n'
LAYERS: list[tuple[str, str]] = [
    ("terraform.tfvars", 'x = "a"\n'),
    ("terraform.tfvars.json", '{"x": "b"}'),
    ("a.auto.tfvars", 'x = "c"\n'),
    ("b.auto.tfvars.json", '{"x": "d"}'),
    ("c.auto.tfvars", 'x = "e"\n'),
]


@pytest.mark.parametrize("count", range(6))
def test_later_files_win(count: int) -> None:
    root = root_of(X, dict(LAYERS[:count]))
    assert plain(local(root, "it")) == ["default", "a", "b", "c", "d", "e"][count]


def test_the_environment_wins_over_the_default_alone() -> None:
    options = Options(environment={"TF_VAR_x": "env", "OTHER": "1"})
    assert plain(local(root_of(X, options=options), "it")) == "env"
    assert plain(local(root_of(X, dict(LAYERS[:1]), options), "it")) == "a"


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ([("var", "x=1"), ("var-file", "p.tfvars")], "p"),
        ([("var-file", "p.tfvars"), ("var", "x=1")], "1"),
        ([("var", 'x="q"')], '"q"'),
        ([("var", "x=a=b")], "a=b"),
    ],
)
def test_the_last_argument_wins(arguments: list[tuple[str, str]], value: str) -> None:
    root = root_of(X, {**dict(LAYERS), "p.tfvars": 'x = "p"\n'}, Options(arguments))
    assert plain(local(root, "it")) == value


def test_text_for_a_list_is_an_expression_and_without_a_type_it_is_text() -> None:
    text = 'variable "x" {\n  type = list(number)\n}\nvariable "y" {\n  default = []\n}\nlocals {\n  it = [var.x, var.y]\n}\n'
    root = root_of(text, options=Options([("var", 'x=["1", 2]'), ("var", "y=[1]")]))
    assert plain(local(root, "it")) == [[1, 2], "[1]"]


@pytest.mark.parametrize(
    ("type_", "given", "value"),
    [
        ("number", '"5"', 5),
        ("string", "true", "true"),
        ("set(string)", '["b", "a", "b"]', ["a", "b"]),
        ("map(string)", "{ a = 1 }", {"a": "1"}),
        ("list(any)", '[1, "x"]', ["1", "x"]),
        ("list", "[1]", [1]),
        ("any", "{ a = [1] }", {"a": [1]}),
        ("tuple([string, number])", '[1, "2"]', ["1", 2]),
        ("object({ a = number })", '{ a = "1", b = 2 }', {"a": 1}),
        ("object({ a = optional(number) })", "{}", {"a": None}),
        ("object({ a = optional(number, 7) })", "{ a = null }", {"a": 7}),
        ("list(object({ a = optional(list(string), []) }))", "[{}]", [{"a": []}]),
        ("map(list(any))", '{ a = [1, "x"], b = [""] }', {"a": ["1", "x"], "b": [""]}),
        ('"string"', "1", "1"),
    ],
)
def test_values_are_converted(type_: str, given: str, value: object) -> None:
    root = root_of(f'variable "x" {{\n  type = {type_}\n}}\nlocals {{\n  it = var.x\n}}\n', {"terraform.tfvars": f"x = {given}\n"})
    assert plain(local(root, "it")) == value


@pytest.mark.parametrize(
    ("type_", "given"),
    [("bool", "1"), ("list(string)", '"a"'), ("list(string)", "{ a = 1 }"), ("object({ a = string })", "{}"), ("number", '"x"')],
)
def test_what_does_not_convert_is_unknown_with_the_error_as_reason(type_: str, given: str) -> None:
    text = f'variable "x" {{\n  type = {type_}\n}}\nresource "r" "a" {{\n  v = var.x\n}}\n'
    root = root_of(text, {"terraform.tfvars": f"x = {given}\n"})
    assert resources_of(root)["r.a"].get("v").unknown.reason.startswith("variable x: ")
    assert traps(root) == ["evaluation-error"]


def test_null_stays_null_unless_the_variable_refuses_it() -> None:
    text = 'variable "x" {\n  default  = 1\n  nullable = %s\n}\nlocals {\n  it = var.x\n}\n'
    assert local(root_of(text % "true", {"terraform.tfvars": "x = null\n"}), "it").is_null
    assert local(root_of(text % "false", {"terraform.tfvars": "x = null\n"}), "it").raw == 1


def test_an_unset_variable_is_unknown_and_the_files_that_would_set_it_are_named() -> None:
    text = 'variable "x" {\n  type = string\n}\nresource "r" "a" {\n  v = var.x\n}\n'
    root = root_of(text, {"prod.tfvars": 'x = "1"\n'})
    value = resources_of(root)["r.a"].get("v")
    assert value.unknown.reason == "variable x has no value"
    assert (value.reference, str(value.type), str(value.unknown.span)) == ("var.x", "string", "main.tf:1:1")
    (note,) = root.notes()
    assert note.trap == "unset-variable"
    assert "prod.tfvars" in note.message


def test_variable_files_cannot_refer_to_anything() -> None:
    root = root_of(X, {"terraform.tfvars": "x = var.y\n"})
    assert local(root, "it").is_unknown
    assert traps(root) == ["evaluation-error"]


def test_text_in_json_variable_files_is_no_template() -> None:
    assert plain(local(root_of(X, {"terraform.tfvars.json": '{"x": "${y} $${z}"}'}), "it")) == "${y} $${z}"


def test_an_undeclared_variable_is_an_error_that_try_does_not_catch() -> None:
    with pytest.raises(Refused, match="not declared"):
        local(root_of("locals {\n  it = try(var.x, 1)\n}\n"), "it")


def test_a_value_for_a_variable_that_no_root_module_declares_is_remarked_on_with_the_nearest_name() -> None:
    tree = MemoryTree({"a/main.tf": 'variable "region" {}\n', "b/main.tf": 'variable "zone" {}\n', "b/terraform.tfvars": 'zon = "1"\n'})
    given = base.Options(variables=(("region", "x"), ("nosuch", "x")))
    notes = [note for note in load_graph(tree, list(tree.paths()), given).notes if note.trap == "undeclared-variable"]
    assert [(str(note.span), "did you mean zone?" in note.message) for note in notes] == [
        ("a/main.tf:1:1", False),
        ("b/terraform.tfvars:1:1", True),
    ]


@pytest.mark.parametrize(
    ("condition", "value", "found"),
    [
        ("var.v > 1", "1", ["evaluation-error"]),
        ("var.v > 1", "2", []),
        ("var.v == data.x.y.z", "1", []),
        ("var.v[0] == 1", "1", []),
    ],
)
def test_a_value_that_its_variable_refuses_is_said(condition: str, value: str, found: list[str]) -> None:
    validation = f'validation {{\n    condition     = {condition}\n    error_message = "too small"\n  }}'
    text = f'variable "v" {{\n  default = {value}\n  {validation}\n}}\ndata "x" "y" {{}}\nresource "r" "a" {{\n  v = var.v\n}}\n'
    root = root_of(text)
    resources_of(root)["r.a"].get("v")
    assert traps(root) == found
