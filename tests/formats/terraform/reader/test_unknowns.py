"""What is not known stays exactly as unknown as it is: no less, and where structure helps no more."""

from __future__ import annotations

import pytest

from auditor.formats.terraform.values import Value
from tests.formats.terraform.reader.reading import local, plain, resources_of, root_of, traps

VARIABLES = """
    variable "u" {
      type = string
    }
    variable "l" {
      type = list(string)
    }
    variable "b" {
      type = bool
    }
    resource "r" "a" {
    }
    resource "r" "b" {
    }
    data "aws_availability_zones" "z" {
    }
    locals {
      it = %s
    }
    """


def value(expression: str) -> Value:
    return local(root_of(VARIABLES % expression), "it")


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ('[var.u, "a"][1]', "a"),
        ('length([var.u, "a"])', 2),
        ('{ a = var.u, b = "x" }.b', "x"),
        ('merge({ a = 1 }, { x = var.u })["a"]', 1),
        ("var.b ? 1 : 1", 1),
        ('length(var.b ? ["a"] : ["b"])', 1),
        ("var.b && false", False),
        ("true || var.b", True),
        ('contains([var.u, "b"], "b")', True),
        ("alltrue([false, var.b])", False),
        ('[var.u] == ["a", "b"]', False),
        ("var.u == var.u", True),
        ("r.a.id == r.b.id", False),
        ("r.a.id == null", False),
        ('coalesce("x", var.u)', "x"),
        ("keys({ a = var.u })", ["a"]),
        ("slice(data.aws_availability_zones.z.names, 0, 2)", [..., ...]),
        ('setproduct(["a"], [var.u])[0][0]', "a"),
        ('compact(["", r.a.id])', [...]),
        ('try({ a = var.u }.a, "x") == var.u', True),
        ('formatlist("%s", ["a", "b"])', ["a", "b"]),
        ("can(r.a.id)", True),
    ],
)
def test_what_does_not_depend_on_the_unknown_is_known(expression: str, found: object) -> None:
    assert plain(value(expression)) == found


@pytest.mark.parametrize(
    "expression",
    [
        "var.u == null",
        "length(var.l)",
        "var.l[0]",
        'contains([var.u], "b")',
        "{ for x in [var.u] : x => 1 }",
        'toset([var.u, "a"])',
        "try(var.u, 1)",
        "max(1, var.l[0])",
        'compact([var.u, ""])',
    ],
)
def test_what_depends_on_it_is_not(expression: str) -> None:
    result = value(expression)
    assert result.is_unknown
    assert result.hidden.place is not None
    assert result.hidden.reason.startswith("variable ")


@pytest.mark.parametrize(
    "expression",
    ['sort([var.u, "a"])', 'toset([var.u, "a"])', 'distinct([var.u, "a"])', 'compact([var.u, "a", ""])', 'setunion([var.u], ["a"])'],
)
def test_a_list_whose_order_is_unknown_still_has_its_elements(expression: str) -> None:
    members = value(expression).hidden.members
    assert {member.reference or member.raw for member in members} == {"var.u", "a"}


@pytest.mark.parametrize("expression", ['concat(["a"], var.l)', 'flatten([["a"], var.l])', '[for x in concat(["a"], var.l) : x]'])
def test_a_list_with_an_unknown_one_in_it_keeps_the_known_elements(expression: str) -> None:
    known, rest = value(expression).hidden.members
    assert known.raw == "a"
    assert rest.hidden.many


def test_an_undecided_conditional_is_one_of_its_sides() -> None:
    choices = value('var.b ? "a" : upper("b")').hidden.choices
    assert [choice.raw for choice in choices] == ["a", "B"]
    assert [plain(choice) for choice in value('{ x = "1", y = "2" }[var.u]').hidden.choices] == ["1", "2"]
    assert [plain(choice) for choice in value('upper(var.b ? "a" : "b")').hidden.choices] == ["A", "B"]
    assert plain(value('length(var.b ? "aa" : "bb")')) == 2


def test_what_may_fail_may_be_what_try_gives_instead() -> None:
    first, second = value('try(var.l[0], "x")').hidden.choices
    assert (first.reference, second.raw) == ("var.l[0]", "x")


@pytest.mark.parametrize(
    ("expression", "reference"),
    [
        ("var.l[0]", "var.l[0]"),
        ("upper(var.u)", "upper(var.u)"),
        ('"x-${var.u}"', '"x-${var.u}"'),
        ("!var.b", "!var.b"),
        ("cidrsubnet(var.u, 8, 1)", "cidrsubnet(var.u, 8, 1)"),
        ("timestamp()", None),
        ("r.a.tags[var.u]", "r.a.tags[var.u]"),
        ("r.a.list[*].name", "r.a.list[*].name"),
    ],
)
def test_equal_expressions_of_equal_unknowns_have_equal_symbols(expression: str, reference: str | None) -> None:
    assert value(expression).reference == reference


def test_an_error_in_a_part_that_nobody_needs_is_not_remarked_on() -> None:
    root = root_of('resource "r" "a" {\n  v = true ? 1 : tonumber("x")\n  w = try(tonumber("x"), 2)\n  unused = tonumber("x")\n}\n')
    resource = resources_of(root)["r.a"]
    assert [plain(resource.get(name)) for name in "vw"] == [1, 2]
    assert traps(root) == []
    assert resource.get("unused").unknown.reason == "tonumber: a number is required"
    assert traps(root) == ["evaluation-error"]
