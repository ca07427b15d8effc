"""The talos ruleset on clusters whose own firewall is all there is: what holds, what breaks it, and what leaves it open."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from auditor.audit import audit
from auditor.model.findings import Finding, Outcome

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures/talos"
CONTROL_PLANE, WORKER = "controlplane.yaml", "worker.yaml"


def findings(directory: Path) -> dict[str, Finding]:
    run = audit([directory], config=str(directory / "auditor.yaml"))
    return {finding.rule: finding for finding in run.findings}


def cluster(to: Path, file: str, pattern: str, replacement: str) -> dict[str, Finding]:
    """The findings about the passing cluster with one place of one file changed."""
    shutil.copytree(FIXTURES / "cluster", to / "cluster")
    path = to / "cluster" / file
    changed, times = re.subn(pattern, replacement, path.read_text(), count=1, flags=re.DOTALL)
    assert times == 1
    path.write_text(changed)
    return findings(to / "cluster")


def document(name: str) -> str:
    return rf"---\napiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: {name}\n(?:(?!---\n).)*"


def subnets(name: str) -> str:
    return rf"(name: {name}\n(?:(?!ingress:).)*ingress:\n)(?:  - subnet: [^\n]*\n)+"


@pytest.mark.parametrize("fixture", ["cluster", "terraform", "talhelper"])
def test_a_whole_cluster_holds_in_every_requirement(fixture: str) -> None:
    found = findings(FIXTURES / fixture)
    assert len(found) >= 29
    assert {rule: finding.outcome for rule, finding in found.items() if finding.outcome is not Outcome.HOLDS} == {}


@pytest.mark.parametrize(
    ("endpoint", "outcome", "told"),
    [
        ("https://discovery.home.example/", Outcome.HOLDS, "to discovery.home.example"),
        ("https://discovery.talos.dev/", Outcome.HOLDS, "to discovery.talos.dev"),
        ("http://discovery.home.example:3000/", Outcome.OPEN, "the parameter discovery_service is not set"),
    ],
)
def test_the_discovery_service_is_the_one_that_the_machines_name(tmp_path: Path, endpoint: str, outcome: Outcome, told: str) -> None:
    shutil.copytree(FIXTURES / "cluster", tmp_path / "cluster")
    for file in (CONTROL_PLANE, WORKER):
        path = tmp_path / "cluster" / file
        text, on = path.read_text(), "  discovery:\n    enabled: true\n"
        assert on in text
        path.write_text(text.replace(on, f"{on}    registries: {{service: {{endpoint: '{endpoint}'}}}}\n"))
    finding = findings(tmp_path / "cluster")["talos/egress-discovery"]
    assert (finding.outcome, told in finding.message) == (outcome, True)


ALLOWED = [
    ("kubernetes-api", CONTROL_PLANE, "kubernetes-api"),
    ("kubernetes-api-admin", CONTROL_PLANE, "kubernetes-api"),
    ("apid", CONTROL_PLANE, "apid"),
    ("apid-admin", CONTROL_PLANE, "apid"),
    ("trustd", CONTROL_PLANE, "trustd"),
    ("etcd", CONTROL_PLANE, "etcd"),
    ("kubelet-control-plane", CONTROL_PLANE, "kubelet"),
    ("controller-manager", CONTROL_PLANE, "control-components"),
    ("scheduler", CONTROL_PLANE, "control-components"),
    ("cilium-geneve", CONTROL_PLANE, "cilium-geneve"),
    ("cilium-health", CONTROL_PLANE, "cilium-health"),
    ("worker-apid", WORKER, "apid"),
    ("worker-apid-admin", WORKER, "apid"),
    ("kubelet-worker", WORKER, "kubelet"),
    ("cilium-geneve", WORKER, "cilium-geneve"),
    ("cilium-health", WORKER, "cilium-health"),
]


@pytest.mark.parametrize(("requirement", "file", "rule"), ALLOWED)
def test_without_its_rule_a_requirement_is_broken_in_that_file(tmp_path: Path, requirement: str, file: str, rule: str) -> None:
    finding = cluster(tmp_path, file, document(rule), "")[f"talos/{requirement}"]
    assert finding.outcome is Outcome.BROKEN
    assert finding.location is not None
    assert finding.location.span.path == file


@pytest.mark.parametrize(("requirement", "file", "rule"), ALLOWED)
def test_with_sources_that_are_not_known_a_requirement_is_open(tmp_path: Path, requirement: str, file: str, rule: str) -> None:
    found = cluster(tmp_path, file, subnets(rule), r'\1  - subnet: "${NODES}"\n')
    assert found[f"talos/{requirement}"].outcome is Outcome.OPEN


DENIED = [
    ("etcd-private", CONTROL_PLANE, "etcd"),
    ("trustd-private", CONTROL_PLANE, "trustd"),
    ("kubelet-private", CONTROL_PLANE, "kubelet"),
    ("kubelet-private", WORKER, "kubelet"),
    ("control-components-private", CONTROL_PLANE, "control-components"),
    ("admin-api-restricted", CONTROL_PLANE, "kubernetes-api"),
    ("admin-api-restricted", WORKER, "apid"),
    ("overlay-private", WORKER, "cilium-geneve"),
]


@pytest.mark.parametrize(("requirement", "file", "rule"), DENIED)
def test_a_rule_open_to_everybody_breaks_what_must_be_private(tmp_path: Path, requirement: str, file: str, rule: str) -> None:
    finding = cluster(tmp_path, file, subnets(rule), r"\g<0>  - subnet: 0.0.0.0/0\n")[f"talos/{requirement}"]
    assert finding.outcome is Outcome.BROKEN
    assert finding.location is not None
    lines = (tmp_path / "cluster" / file).read_text().splitlines()
    assert lines[finding.location.span.line - 1] == "  - subnet: 0.0.0.0/0"


@pytest.mark.parametrize(("requirement", "file", "rule"), DENIED)
def test_a_source_that_is_not_known_leaves_open_what_must_be_private(tmp_path: Path, requirement: str, file: str, rule: str) -> None:
    found = cluster(tmp_path, file, subnets(rule), r'\g<0>  - subnet: "${OFFICE}"\n')
    assert found[f"talos/{requirement}"].outcome is Outcome.OPEN


NODEPORTS = """---
apiVersion: v1alpha1
kind: NetworkRuleConfig
name: nodeports
portSelector: {ports: [30000-32767], protocol: tcp}
ingress: [{subnet: 0.0.0.0/0}]
"""


def test_open_node_ports_break_what_must_be_closed(tmp_path: Path) -> None:
    found = cluster(tmp_path, WORKER, r"\Z", NODEPORTS)
    assert found["talos/nodeport-closed"].outcome is Outcome.BROKEN


def test_where_kube_proxy_is_off_closed_node_ports_are_open_questions(tmp_path: Path) -> None:
    found = cluster(tmp_path, WORKER, r"  discovery:\n", "  proxy: {disabled: true}\n  discovery:\n")
    assert found["talos/nodeport-closed"].outcome is Outcome.OPEN


def test_an_undocumented_port_breaks_the_default_denial(tmp_path: Path) -> None:
    found = cluster(tmp_path, WORKER, r"\Z", NODEPORTS.replace("30000-32767", "8080"))
    assert found["talos/default-deny-inbound"].outcome is Outcome.BROKEN


def test_without_the_icmp_rule_the_limit_leaves_ping_open(tmp_path: Path) -> None:
    assert cluster(tmp_path, WORKER, document("ping"), "")["talos/icmp"].outcome is Outcome.OPEN


def test_without_a_firewall_nothing_enforces_anything(tmp_path: Path) -> None:
    found = cluster(tmp_path, WORKER, r"---\n.*\Z", "")
    assert found["talos/enforced"].outcome is not Outcome.HOLDS
    assert found["talos/kubelet-private"].outcome is Outcome.OPEN


def test_accept_instead_of_block_opens_what_must_be_private(tmp_path: Path) -> None:
    found = cluster(tmp_path, CONTROL_PLANE, r"ingress: block", "ingress: accept")
    assert found["talos/default-deny-inbound"].outcome is Outcome.BROKEN
    assert found["talos/etcd-private"].outcome is Outcome.HOLDS


def test_a_configuration_that_talos_refuses_holds_in_nothing(tmp_path: Path) -> None:
    found = cluster(tmp_path, CONTROL_PLANE, r"ports: \[6443\]", 'ports: ["6443"]')
    assert found["lint/talos/quoted-port"].level == "error"
    assert found["talos/etcd"].outcome is Outcome.OPEN
    assert found["talos/etcd-private"].outcome is Outcome.OPEN


def test_a_missing_rule_in_terraform_is_told_in_terraform(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / "terraform", tmp_path / "terraform")
    path = tmp_path / "terraform/main.tf"
    path.write_text(re.sub(r"    etcd +=[^\n]*\n", "", path.read_text()))
    finding = findings(tmp_path / "terraform")["talos/etcd"]
    assert finding.outcome is Outcome.BROKEN
    assert finding.location is not None
    assert finding.location.span.path == "main.tf"


def test_a_node_that_is_missing_from_a_list_is_told(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / "talhelper", tmp_path / "talhelper")
    path = tmp_path / "talhelper/talconfig.yaml"
    path.write_text(re.sub(r"(ports: \[2379-2380\][^\n]*\n        ingress: \[){subnet: 10.0.1.11/32}, ", r"\1", path.read_text()))
    finding = findings(tmp_path / "talhelper")["talos/etcd"]
    assert finding.outcome is Outcome.BROKEN


def test_behind_a_group_both_filters_must_let_a_packet_through_and_the_one_that_does_not_is_named() -> None:
    found = findings(FIXTURES / "behind-groups")
    assert found["talos/etcd"].outcome is Outcome.HOLDS
    at = {rule: finding.location.span.path for rule, finding in found.items() if finding.outcome is Outcome.BROKEN and finding.location}
    assert at["talos/apid"] == "main.tf"
    assert at["talos/kubelet-control-plane"] == "controlplane.yaml"
