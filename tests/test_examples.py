"""The Talos cluster on AWS that ships with the project: whole as a fixture, with three defects as the demonstration."""

from __future__ import annotations

from pathlib import Path

from auditor.audit import audit
from auditor.model.findings import Finding, Outcome

ROOT = Path(__file__).parents[1]


def findings_in(directory: str) -> list[Finding]:
    run = audit([ROOT / directory])
    return [finding for finding in run.findings if finding.outcome is not Outcome.HOLDS]


def test_the_cluster_as_the_document_has_it_meets_every_requirement() -> None:
    assert findings_in("fixtures/terraform/talos-aws") == []


def test_the_demonstration_shows_its_three_defects_at_their_lines() -> None:
    found = {finding.rule: finding for finding in findings_in("examples/talos-aws")}
    assert found.keys() == {"talos/etcd", "talos/cilium-geneve", "talos/kubelet-private"}
    text = (ROOT / "examples/talos-aws/terraform/modules/aws/network/security_groups.tf").read_text("utf-8").splitlines()
    lines = {rule: text[each.location.span.line - 1] for rule, each in found.items() if each.location is not None}
    assert lines["talos/etcd"] == 'resource "aws_security_group" "control_plane" {'
    assert lines["talos/cilium-geneve"] == 'resource "aws_security_group" "worker" {'
    assert lines["talos/kubelet-private"].strip() == 'cidr_ipv4         = "0.0.0.0/0"'
