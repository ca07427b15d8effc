"""A fix is one only after it was tried; the laws it has to keep are held over all fixtures in test_laws."""

from __future__ import annotations

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.fixing.attach import edits, with_fixes
from auditor.fixing.prove import Proven, Unmended, fixes
from auditor.fixing.state import State
from auditor.model.findings import Outcome
from auditor.model.record import replace

TERRAFORM = """\
resource "aws_security_group" "cp" {
  name = "control-plane"
}

resource "aws_vpc_security_group_ingress_rule" "api" {
  security_group_id            = aws_security_group.cp.id
  referenced_security_group_id = aws_security_group.cp.id
  from_port                    = 6443
  to_port                      = 6443
  ip_protocol                  = "tcp"
}
%s
resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.cp.id
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "-1"
}
"""
REQUEST = audit.Request(rulesets=("talos",), roles=("control-plane=terraform:aws_security_group.cp",))


def test_nothing_broken_needs_no_fix() -> None:
    state = State.of(MemoryTree({"main.tf": TERRAFORM % ""}), ("",), REQUEST)
    assert list(fixes(state, frozenset({"talos/kubernetes-api"}))) == []


def test_a_safe_fix_is_found_and_the_next_builds_on_it() -> None:
    state = State.of(MemoryTree({"main.tf": TERRAFORM % ""}), ("",), REQUEST)
    found = list(fixes(state, frozenset({"talos/etcd", "talos/controller-manager"})))
    assert [(each.rule, each.safe) for each in found if isinstance(each, Proven)] == [
        ("talos/etcd", True),
        ("talos/controller-manager", True),
    ]
    last = found[-1]
    assert isinstance(last, Proven)
    assert "cp_etcd" in last.texts["main.tf"]
    assert "cp_controller_manager" in last.texts["main.tf"]


def test_that_a_narrower_rule_becomes_superfluous_keeps_no_fix_away() -> None:
    half = """
resource "aws_vpc_security_group_ingress_rule" "etcd" {
  security_group_id            = aws_security_group.cp.id
  referenced_security_group_id = aws_security_group.cp.id
  from_port                    = 2379
  to_port                      = 2379
  ip_protocol                  = "tcp"
}
"""
    request = replace(REQUEST, rulesets=("talos", "firewall-hygiene"))
    state = State.of(MemoryTree({"main.tf": TERRAFORM % half}), ("",), request)
    (found,) = fixes(state, frozenset({"talos/etcd"}))
    assert isinstance(found, Proven)
    assert found.safe


TALOS = """\
version: v1alpha1
machine: {type: %s}
---
apiVersion: v1alpha1
kind: NetworkDefaultActionConfig
ingress: block
"""
ROLES = """\
roles:
  control-plane: {behind: ["talos:cp.yaml"], addresses: [10.0.1.0/24]}
  worker: {behind: ["talos:worker.yaml"], addresses: [10.0.1.0/24]}
"""


def test_two_roles_in_one_network_need_one_rule() -> None:
    files: dict[str, str | bytes] = {"cp.yaml": TALOS % "controlplane", "worker.yaml": TALOS % "worker", "auditor.yaml": ROLES}
    state = State.of(MemoryTree(files), ("",), replace(REQUEST, roles=()))
    found = next(iter(fixes(state, frozenset({"talos/apid"}))))
    assert isinstance(found, Proven)
    assert found.texts["cp.yaml"].count("kind: NetworkRuleConfig") == 1


def test_what_no_writer_can_mend_is_said_so() -> None:
    inline = '{"resource": [{"aws_security_group": {"cp": {"name": "cp"}}}]}'
    state = State.of(MemoryTree({"main.tf.json": inline}), ("",), REQUEST)
    found = list(fixes(state, frozenset({"talos/etcd"})))
    assert found == [Unmended("talos/etcd", "its resources are no object, which is not written")]


def test_what_is_about_no_flow_is_said_to_be() -> None:
    state = State.of(MemoryTree({"main.tf": TERRAFORM % ""}), ("",), replace(REQUEST, rulesets=("firewall-hygiene",), roles=()))
    broken = {finding.rule for finding in state.run.findings if finding.outcome is Outcome.BROKEN}
    assert {each.rule for each in fixes(state, frozenset()) if isinstance(each, Unmended)} == {
        rule for rule in broken if rule.startswith("hygiene/")
    }


def test_findings_carry_the_fix_that_mends_them() -> None:
    text = TERRAFORM % ""
    state = State.of(MemoryTree({"main.tf": text}), ("",), REQUEST)
    etcd = next(finding for finding in with_fixes(state).findings if finding.rule == "talos/etcd")
    assert [fix.safe for fix in etcd.fixes] == [True]
    assert "talos/etcd holds then" in etcd.fixes[0].description
    (edit,) = etcd.fixes[0].edits
    assert "cp_etcd" in edit.replacement
    assert (edit.span.column, edit.span.end_column) == (1, 1)


@pytest.mark.parametrize(
    ("old", "new"),
    [("a\nb\nc\n", "a\nx\nc\n"), ("a\n", "a\nb\n"), ("a\nb", "a\nb\nc"), ("a\nb", "x"), ("a\nb\n", "a\n"), ("", "a\n"), ("a", "a\nb\n")],
)
def test_edits_turn_the_old_text_into_the_new(old: str, new: str) -> None:
    text = old
    for edit in reversed(edits("x", old, new)):
        start, end = (
            offset(old, line, column) for line, column in ((edit.span.line, edit.span.column), (edit.span.end_line, edit.span.end_column))
        )
        text = text[:start] + edit.replacement + text[end:]
    assert text == new


def offset(text: str, line: int, column: int) -> int:
    return sum(len(each) + 1 for each in text.split("\n")[: line - 1]) + column - 1
