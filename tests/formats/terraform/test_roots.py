"""Root modules and plans of one tree that call what they make the same: it is told apart."""

from __future__ import annotations

import json

from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.terraform import FORMAT
from auditor.model.graph import Graph

NETWORK = """\
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}
resource "aws_subnet" "private" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.1.0/24"
}
"""
CLOSED = 'resource "aws_network_acl" "closed" {\n  vpc_id     = aws_vpc.main.id\n  subnet_ids = [aws_subnet.private.id]\n}\n'
GROUP = 'resource "aws_security_group" "%s" {\n  vpc_id = aws_vpc.main.id\n}\n'


def graph(**files: str) -> Graph:
    tree = MemoryTree({name.replace("__", "/").replace("_", "."): text for name, text in files.items()})
    return FORMAT.load(tree, tuple(tree.files), Options())


def ids(found: Graph) -> list[str]:
    return sorted(zone.id for zone in found.zones)


def test_networks_that_two_modules_call_the_same_are_told_apart() -> None:
    found = graph(a__main_tf=NETWORK + CLOSED, b__main_tf=NETWORK + GROUP % "node")
    assert ids(found) == [
        "terraform:a:aws_subnet.private",
        "terraform:a:aws_vpc.main",
        "terraform:aws_security_group.node",
        "terraform:b:aws_subnet.private",
        "terraform:b:aws_vpc.main",
    ]
    assert {hook.zone for hook in found.hooks if "acl" in hook.label} == {"terraform:a:aws_subnet.private"}
    assert found.zone("terraform:aws_security_group.node").inside == ("terraform:b:aws_vpc.main",)  # type: ignore[union-attr]


def test_groups_that_two_modules_call_the_same_are_told_apart_with_all_else_of_these() -> None:
    found = graph(a__main_tf=NETWORK + GROUP % "node", b__main_tf=NETWORK + GROUP % "node", c__main_tf=GROUP % "other")
    assert ids(found) == [
        *(f"terraform:a:aws_{each}" for each in ("security_group.node", "subnet.private", "vpc.main")),
        "terraform:aws_security_group.other",
        *(f"terraform:b:aws_{each}" for each in ("security_group.node", "subnet.private", "vpc.main")),
    ]


def test_what_one_module_alone_makes_is_called_by_its_address() -> None:
    assert ids(graph(a__main_tf=NETWORK, b__main_tf=GROUP % "node")) == [
        "terraform:aws_security_group.node",
        "terraform:aws_subnet.private",
        "terraform:aws_vpc.main",
    ]


def plan() -> str:
    made = {"actions": ["create"], "before": None, "after": {"name": "n"}, "after_unknown": {"id": True}}
    group = {"address": "aws_security_group.node", "mode": "managed", "type": "aws_security_group", "name": "node", "change": made}
    return json.dumps({"format_version": "1.2", "terraform_version": "1.9.0", "complete": True, "resource_changes": [group]})


def test_plans_that_lie_side_by_side_are_told_apart_and_one_that_lies_alone_is_its_modules() -> None:
    found = graph(dev_json=plan(), prod_json=plan())
    assert ids(found) == ["terraform:dev.json:aws_security_group.node", "terraform:prod.json:aws_security_group.node"]
    assert {zone.site for zone in found.zones} == {"dev.json", "prod.json"}
    assert {zone.site for zone in graph(a__plan_json=plan()).zones} == {"a"}
