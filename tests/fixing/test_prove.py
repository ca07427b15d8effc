"""A fix is one only after it was tried: held to that over the mutants of every dialect's fixtures."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from auditor import audit
from auditor.files import DirectoryTree, MemoryTree, read_text
from auditor.fixing.attach import edits, with_fixes
from auditor.fixing.patch import patch_of
from auditor.fixing.prove import Proven, Unmended, fixes
from auditor.fixing.state import State
from auditor.model.findings import Outcome
from auditor.model.record import replace
from auditor.policy.changes import Effect, changes
from tests.policy.matrix import Cell, Mutant, cells

# Requirements of the matrix that a writer of the dialect must mend; everything else may be left to people.
MENDED = [
    *(("talos", "terraform", name) for name in ("etcd", "trustd", "apid-admin", "cilium-geneve", "kubelet-private", "etcd-private")),
    *(("talos", "talos", name) for name in ("etcd", "trustd", "kubelet-worker", "nodeport", "etcd-private")),
    *(("thymis-device", dialect, name) for dialect in ("pfsense", "opnsense", "nftables") for name in ("ntp", "controller", "no-inbound")),
]


def state_of(cell: Cell, mutant: Mutant) -> State:
    tree = DirectoryTree(cell.folder)
    texts: dict[str, str | bytes] = {path: cell.text(mutant, path) for path, _, _ in (*mutant.first, *mutant.edits)}
    request = audit.Request(paths=(str(cell.folder),), rulesets=(cell.ruleset,), parameters=mutant.parameters)
    return State.of(MemoryTree(texts, under=tree), ("",), request)


@pytest.mark.parametrize(("ruleset", "dialect", "name"), MENDED)
def test_what_broke_holds_again_and_nothing_else_is_worse(ruleset: str, dialect: str, name: str, tmp_path: Path) -> None:
    cell = next(each for each in cells() if (each.ruleset, each.dialect) == (ruleset, dialect))
    mutant = cell.mutant(name, Outcome.BROKEN)
    assert mutant is not None
    before = state_of(cell, mutant)
    identifier = f"{ruleset}/{name}"
    assert before.run.outcomes()[identifier] is Outcome.BROKEN
    proven = next(each for each in fixes(before, frozenset({identifier}), unsafe=True) if isinstance(each, Proven))
    after = before.with_texts(proven.texts)
    outcomes = after.run.outcomes()
    assert outcomes[identifier] is Outcome.HOLDS
    assert all(outcome.weight <= before.run.outcomes().get(rule, Outcome.HOLDS).weight for rule, outcome in outcomes.items())
    flows = changes((before.reading.graph, before.reading.cast), (after.reading.graph, after.reading.cast))
    wrong = Effect.CLOSED if proven.permits else Effect.OPENED
    assert not any(change.effect is wrong for change in flows)
    applies(before, proven, tmp_path)


def applies(before: State, proven: Proven, folder: Path) -> None:
    """The patch makes of the files just what was proven."""
    for path in proven.texts:
        (folder / path).write_text(read_text(before.tree, path).text, newline="")
    patch = patch_of(before.tree, proven.texts, ".")
    subprocess.run(["git", "apply", "-"], input=patch, cwd=folder, check=True, text=True, capture_output=True)
    for path, text in proven.texts.items():
        assert (folder / path).read_text() == text


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
