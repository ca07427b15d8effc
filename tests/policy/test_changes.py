"""What a change does to flows: laws on every dialect's fixtures, and the line that made the difference."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor import audit
from auditor.audit import Reading, Request
from auditor.files import MemoryTree
from auditor.model.findings import Outcome
from auditor.policy.changes import Effect, Turn, changes, turns

ROOT = Path(__file__).parents[2]
GROUP = """\
resource "aws_security_group" "web" {
  name = "web"
}
resource "aws_vpc_security_group_ingress_rule" "https" {
  security_group_id = aws_security_group.web.id
  ip_protocol = "tcp"
  from_port   = 443
  to_port     = 443
  cidr_ipv4   = "0.0.0.0/0"
}
"""
SSH = """\
resource "aws_vpc_security_group_ingress_rule" "ssh" {
  security_group_id = aws_security_group.web.id
  ip_protocol = "tcp"
  from_port   = 22
  to_port     = 22
  cidr_ipv4   = "%s"
}
"""


def reading_of(directory: Path) -> Reading:
    tree, inputs = audit.tree_of((str(directory),))
    return audit.read(tree, inputs, Request(paths=(str(directory),)))


def reading(text: str) -> Reading:
    return audit.read(MemoryTree({"main.tf": text}), ("",), Request(rulesets=("firewall-hygiene",)))


def told(before: Reading, after: Reading) -> set[tuple[Effect, str, str, tuple[str, ...]]]:
    return {
        (each.effect, each.source, each.destination, each.services)
        for each in changes((before.graph, before.cast), (after.graph, after.cast))
    }


PAIRS = [
    ("fixtures/terraform/talos-aws", "examples/talos-aws"),
    ("fixtures/talos/cluster", "fixtures/talos/worked-example"),
    ("fixtures/pfsense/kubernetes-vlan", "fixtures/opnsense/kubernetes-vlan"),
    ("fixtures/opnsense/disruptive-option-a", "fixtures/opnsense/thymis"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_nothing_changes_between_a_tree_and_itself(one: str, other: str) -> None:
    for path in (one, other):
        assert told(reading_of(ROOT / path), reading_of(ROOT / path)) == set()


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_what_is_opened_one_way_is_closed_the_other(one: str, other: str) -> None:
    a, b = reading_of(ROOT / one), reading_of(ROOT / other)
    there, back = told(a, b), told(b, a)
    mirrored = {Effect.OPENED: Effect.CLOSED, Effect.CLOSED: Effect.OPENED, Effect.UNDECIDED: Effect.UNDECIDED}
    assert there
    assert {(mirrored[effect], *rest) for effect, *rest in there} == {tuple(each) for each in back}


def test_a_rule_that_is_added_opens_just_its_flow_and_is_named() -> None:
    before, after = reading(GROUP), reading(GROUP + SSH % "198.51.100.0/24")
    (change,) = [each for each in changes((before.graph, before.cast), (after.graph, after.cast)) if each.source == "the internet"]
    assert (change.effect, change.services, change.sources) == (Effect.OPENED, ("tcp/22",), "198.51.100.0/24")
    assert change.location is not None
    assert change.location.span.line == 16


def test_a_rule_that_is_removed_closes_its_flow_and_is_named_where_it_was() -> None:
    before, after = reading(GROUP + SSH % "0.0.0.0/0"), reading(GROUP)
    (change,) = [each for each in changes((before.graph, before.cast), (after.graph, after.cast)) if each.source == "the internet"]
    assert (change.effect, change.services) == (Effect.CLOSED, ("tcp/22",))
    assert change.location is not None
    assert change.location.span.line == 16


def test_an_unknown_source_leaves_the_flow_undecided() -> None:
    before, after = reading(GROUP), reading(GROUP + SSH % "${var.cidr}" + 'variable "cidr" {}')
    effects = {each[0] for each in told(before, after)}
    assert effects == {Effect.UNDECIDED}


def test_requirements_turn_when_their_outcome_differs() -> None:
    before = {"a": Outcome.HOLDS, "b": Outcome.BROKEN, "c": Outcome.OPEN}
    after = {"a": Outcome.HOLDS, "b": Outcome.HOLDS, "d": Outcome.BROKEN}
    assert turns(before, after) == (
        Turn("b", Outcome.BROKEN, Outcome.HOLDS),
        Turn("c", Outcome.OPEN, None),
        Turn("d", None, Outcome.BROKEN),
    )
