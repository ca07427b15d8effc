"""Where Terraform's conversions, orders and libraries surprise: each line is what Terraform 1.11 gives for the expression."""

from __future__ import annotations

import pytest

from auditor.formats.terraform.errors import Exhausted, Refused
from tests.formats.terraform.reader.reading import local, plain, root_of, value_of


@pytest.mark.parametrize(
    ("expression", "type_"),
    [
        ('true ? toset(["a"]) : tolist(["b"])', "list(string)"),
        ('true ? tolist([1]) : toset(["a"])', "list(number)"),
        ('true ? toset([1]) : ["a"]', "set(number)"),
        ("tomap({ a = null, b = { x = 1 } })", "map(object({x: number}))"),
        ("true ? { a = null } : { a = { b = 1 } }", "object({a: dynamic})"),
        ('true ? ["", null, "x"] : [toset(["a"]), ["b"]]', "list(string)"),
        ('coalesce(null, ["a"], ["b", "c"])', "tuple([string])"),
        ('toset(compact([""]))', "set(string)"),
        ('distinct(values(tomap({ a = "x" })))', "list(string)"),
        ("chunklist(toset(compact([])), 8)", "list(list(string))"),
        ('setsubtract([1], compact([""]))', "set(string)"),
        ('merge(tomap({ a = "x" }), null)', "object({a: string})"),
        ('regexall("(?P<x>a)(?P<y>b)", "")', "list(object({x: string, y: string}))"),
    ],
)
def test_the_type_is_terraforms(expression: str, type_: str) -> None:
    assert str(value_of(expression).type) == type_


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("[for x in toset([{ p = 1 }, { p = 10 }, { p = 2 }]) : x.p]", [10, 1, 2]),
        ('[for x in setproduct(toset(["a", "b"]), [80, 443]) : x[1]]', [443, 80, 443, 80]),
        ("[for x in toset([[1, 2], [10], [2]]) : x]", [[10], [1, 2], [2]]),
        ('tolist(toset([{ a = "x\\ty" }, { a = "x y" }, { a = "x\\"y" }]))[*].a', ["x y", 'x"y', "x\ty"]),
    ],
)
def test_sets_of_objects_and_lists_come_in_terraforms_order(expression: str, value: object) -> None:
    assert plain(value_of(expression)) == value


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ('"e\\u0301" == "é"', True),
        ('{ "e\\u0301" = 1 }["é"]', 1),
        ('tonumber("+1")', 1),
        ('tonumber(".5")', 0.5),
        ('tonumber("1.")', 1),
        ('"=${pow(0.1, 1)}"', "=0.1"),
        ('timeadd("2024-01-01T00:00:00Z", ".5h")', "2024-01-01T00:30:00Z"),
        ('textencodebase64("a", "UTF-16")', "/v8AYQ=="),
        ('textdecodebase64("//5hAA==", "UTF-16")', "a"),
        ("yamlencode(true)", "true\n...\n"),
        ('yamlencode("a\\nb\\n")', "|\n  a\n  b\n"),
        ('csvdecode("a,b\\n\\"x\\"\\"y\\",\\n\\n1,2")', [{"a": 'x"y', "b": ""}, {"a": "1", "b": "2"}]),
        ("log(0, 10) < -999999", True),
        ("can(1[0])", False),
        ('title("it\'s a b-c_d é—x")', "It'S A B-C_d É—x"),
        ('upper("ßx")', "ßX"),
        ('length("🇩🇪🇫🇷x")', 3),
        ('format("%g %g %G %g", 100000, 12345678, 0.00001, 0)', "100000 1.2345678e+07 1E-05 0"),
    ],
)
def test_the_value_is_terraforms(expression: str, value: object) -> None:
    assert plain(value_of(expression)) == value


@pytest.mark.parametrize(
    ("pattern", "text", "value"),
    [
        ("a{,2}", "a{,2}", "a{,2}"),
        ("[]]", "]", "]"),
        ("[+--]", ",", ","),
        ("\\\\Qa.b\\\\E", "a.b", "a.b"),
        ("\\\\x{1F642}", "🙂", "🙂"),
        ("[^[:alpha:]]", "a1", "1"),
        ("(?i:A)b", "ab", "ab"),
    ],
)
def test_a_regular_expression_is_go_s_not_pythons(pattern: str, text: str, value: str) -> None:
    assert plain(value_of(f'regex("{pattern}", "{text}")')) == value


@pytest.mark.parametrize("pattern", ["a$", "a**", "a*+", "(?=a)", "(?<=a)b", "\\\\u0041", "x{1001}", "[[:nope:]]", "(?P=x)", "[a", "(?x)a"])
def test_a_regular_expression_that_go_refuses_or_does_not_find_is_refused(pattern: str) -> None:
    assert plain(value_of(f'can(regex("{pattern}", "a\\n"))')) is False


@pytest.mark.parametrize("pattern", ["\\\\p{L}", "(?U)a+", "a(?i)b", "[[:^alpha:]]"])
def test_a_regular_expression_that_python_cannot_run_is_left_open_even_by_can(pattern: str) -> None:
    with pytest.raises(Exhausted):
        value_of(f'can(regex("{pattern}", "ab"))')


def test_matches_after_an_empty_one_begin_one_character_further() -> None:
    assert plain(value_of('replace("aaa", "/a*?/", "x")')) == "xaxaxax"


@pytest.mark.parametrize(
    "expression",
    [
        "tolist([[1], null])",
        'toset([["a", 1], [{}]])',
        'setunion(["a"], [["b"]])',
        'lookup(tomap({ a = 1 }), "a", ["x"])',
        "transpose({ a = null })",
        'zipmap(["a", null], [1, 2])',
        'true ? tolist([["a"]]) : [1, "a", null]',
        'true ? [1, "a", true] : [["b"], null]',
        'transpose({ a = ["x", null] })',
        'cidrsubnets("0.0.0.0/8", 4)',
        'cidrsubnets("fd00::/8", 33)',
        "setsubtract([{ a = 1 }, { b = 2 }], [null])",
        "signum(123456789012345678901234567890)",
        'csvdecode("a\\nx\\"y")',
        'textencodebase64("a", "utf8")',
    ],
)
def test_what_terraform_refuses_is_refused(expression: str) -> None:
    with pytest.raises(Refused):
        value_of(expression)


def test_ipv4_inside_of_ipv6_is_left_open_because_terraform_is_not_consistent() -> None:
    assert not value_of('cidrhost("::ffff:10.0.0.0/104", 300)').wholly_known


def test_a_resource_may_be_named_with_the_word_resource_before_it() -> None:
    root = root_of('resource "aws_vpc" "n" {\n  cidr_block = "10.0.0.0/16"\n}\nlocals {\n  it = resource.aws_vpc.n.cidr_block\n}\n')
    assert plain(local(root, "it")) == "10.0.0.0/16"
