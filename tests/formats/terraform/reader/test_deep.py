"""Hostile depth: what is too deep is said to be, the interpreter is left as it was, and no time is lost on it."""

from __future__ import annotations

import sys

import pytest

from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.terraform import FORMAT
from auditor.formats.terraform.bodies import index
from auditor.formats.terraform.parse import is_too_blank
from auditor.model.graph import Graph

GROUP = 'resource "aws_security_group" "a" {\n  name = jsonencode(local.c0)\n  ingress {\n    from_port   = local.c0\n'
GROUP += '    to_port     = 22\n    protocol    = "tcp"\n    cidr_blocks = ["10.0.0.0/8"]\n  }\n}\n'


def graph_of(text: str) -> Graph:
    return FORMAT.load(MemoryTree({"main.tf": text}), ["main.tf"], Options())


@pytest.mark.parametrize(
    "expression",
    [
        "[" * 500 + "7" + "]" * 500,
        "max(1, " * 500 + "7" + ")" * 500,
        " || ".join(["var.b"] * 5000),
        "!" * 3000 + "true",
        "".join(f"var.n == {number} ? {number} : " for number in range(2000)) + "0",
    ],
)
def test_an_expression_that_is_too_deep_leaves_its_rule_open(expression: str) -> None:
    before = sys.getrecursionlimit()
    graph = graph_of(f'variable "b" {{}}\nvariable "n" {{}}\nlocals {{\n  c0 = {expression}\n}}\n{GROUP}')
    assert sys.getrecursionlimit() == before
    assert "unresolved" in {note.trap for note in graph.notes}
    assert any("deep" in note.message for note in graph.notes)


@pytest.mark.parametrize("step", ["local.c%d", "[local.c%d]", "[for x in [1] : local.c%d]", '"%%{ if true }${local.c%d}%%{ endif }"'])
def test_a_chain_of_locals_that_is_too_long_leaves_its_rule_open(step: str) -> None:
    chain = "".join(f"  c{number} = {step % (number + 1)}\n" for number in range(1200))
    graph = graph_of(f"locals {{\n{chain}  c1200 = 1\n}}\n{GROUP}")
    assert {"unresolved", "evaluation-error"} & {note.trap for note in graph.notes}
    assert any("deep" in note.message for note in graph.notes)


def test_five_hundred_parentheses_are_none() -> None:
    graph = graph_of("locals {\n  c0 = " + "(" * 500 + "22" + ")" * 500 + "\n}\n" + GROUP)
    assert "unresolved" not in {note.trap for note in graph.notes}


def test_an_operation_over_a_thousand_lines_is_looked_at_once() -> None:
    assert len(index(b"x = 1" + b"\n  + 2" * 1000 + b"\n").problems) == 1
    assert index(b"x = (1" + b"\n  + 2" * 1000 + b"\n)\n").problems == ()


@pytest.mark.parametrize(("data", "hostile"), [(b" " * 4000, False), (b" " * 5000, True), (b"x = [\n" + b" \r\n" * 2000 + b"]", True)])
def test_long_blanks_are_seen_before_they_cost_time(data: bytes, hostile: bool) -> None:
    assert is_too_blank(data) is hostile
    assert not is_too_blank(b"\n        x = 1" * 20_000)
