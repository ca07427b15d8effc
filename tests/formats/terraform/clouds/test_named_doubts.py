"""What a value that nobody gave decides is said to be its doing, by whatever way it takes into a rule."""

from __future__ import annotations

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.model.findings import Outcome
from tests.formats.terraform.clouds.reading import files_of, graph_of

RULE = """
variable "x" {{}}
resource "aws_security_group" "g" {{}}
resource "aws_security_group_rule" "r" {{
  {more}
  type              = "ingress"
  security_group_id = aws_security_group.g.id
  protocol          = {protocol}
  from_port         = {port}
  to_port           = {port}
  cidr_blocks       = {networks}
}}
"""
WORLD = '["0.0.0.0/0"]'
USUAL = {"more": "", "protocol": '"tcp"', "port": "22", "networks": WORLD}


@pytest.mark.parametrize(
    "changes",
    [
        {"networks": f'var.x ? {WORLD} : ["10.0.0.0/8"]'},
        {"networks": "[for each in var.x : each.network]"},
        {"networks": "[upper(jsondecode(var.x).network)]"},
        {"more": "count = var.x ? 1 : 0"},
        {"more": 'for_each = var.x == "a" ? toset(["a"]) : toset([])'},
        {"port": "var.x ? 22 : 80"},
        {"port": "lookup({ a = 22, b = 80 }, var.x)"},
        {"protocol": 'var.x ? "tcp" : "udp"'},
    ],
)
def test_what_depends_on_a_variable_leaves_the_world_open(changes: dict[str, str]) -> None:
    reading = audit.read(
        MemoryTree(files_of(RULE.format(**{**USUAL, **changes}))), ("",), request := audit.Request(rulesets=("firewall-hygiene",))
    )
    assert audit.run_of(reading, request).outcomes()["hygiene/world-open-admin"] is Outcome.OPEN


def test_a_network_made_from_a_variable_is_not_the_variable() -> None:
    vpc = 'resource "aws_vpc" "v" { cidr_block = [for each in var.x : each][0] }\n'
    group = 'resource "aws_security_group" "g" { vpc_id = aws_vpc.v.id }\n'
    zone = graph_of(f'variable "x" {{}}\n{vpc}{group}').zone("terraform:aws_security_group.g")
    assert zone is not None
    assert "var.x" not in zone.references
