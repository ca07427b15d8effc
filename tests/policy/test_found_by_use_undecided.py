"""That no port is open to the world is not said where a value that is missing decides it."""

from __future__ import annotations

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.model.findings import Finding, Outcome

GROUP = """\
variable "network" {}
variable "clients" {}
resource "aws_vpc" "main" {
  cidr_block = var.network
}
resource "aws_security_group" "web" {
  vpc_id = aws_vpc.main.id
  ingress {
    from_port   = PORT
    to_port     = PORT
    protocol    = "tcp"
    cidr_blocks = [SOURCE]
  }
}
"""


def world_open(port: str, source: str) -> Finding:
    files: dict[str, str | bytes] = {"main.tf": GROUP.replace("PORT", port).replace("SOURCE", source)}
    reading = audit.read(MemoryTree(files), ("main.tf",), audit.Request())
    return next(each for each in audit.findings_of(reading) if each.rule == "hygiene/world-open-admin")


@pytest.mark.parametrize(
    ("port", "source", "outcome"),
    [
        ("22", "var.clients", Outcome.OPEN),
        ("443", "var.clients", Outcome.HOLDS),
        ("22", "var.network", Outcome.HOLDS),
        ("22", "aws_vpc.main.cidr_block", Outcome.HOLDS),
        ("22", '"10.0.0.0/8"', Outcome.HOLDS),
        ("22", '"0.0.0.0/0"', Outcome.BROKEN),
    ],
)
def test_a_source_without_a_value_may_be_the_world_unless_it_is_the_own_network(port: str, source: str, outcome: Outcome) -> None:
    found = world_open(port, source)
    assert found.outcome is outcome
    assert [each.reason for each in found.questions] == (["variable clients has no value"] if outcome is Outcome.OPEN else [])


def test_a_prefix_list_that_is_not_here_may_be_the_world() -> None:
    text = GROUP.replace("PORT", "22").replace("cidr_blocks = [SOURCE]", 'prefix_list_ids = ["pl-123"]')
    reading = audit.read(MemoryTree({"main.tf": text}), ("main.tf",), audit.Request())
    found = next(each for each in audit.findings_of(reading) if each.rule == "hygiene/world-open-admin")
    assert found.outcome is Outcome.OPEN
    assert [each.reason for each in found.questions] == ["the networks of prefix list pl-123 are not in the configuration"]


def test_rules_of_one_name_are_told_apart_by_their_lines_and_known_without() -> None:
    host = (
        "---\napiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: block\n---\napiVersion: v1alpha1\nkind: NetworkRuleConfig\n"
    )
    rule = "name: kubelet\nportSelector:\n  ports: [10250]\n  protocol: tcp\ningress:\n  - subnet: 10.0.0.0/8\n  - subnet: 10.1.0.0/16\n"
    found = []
    for start in (host, f"# a line more\n{host}"):
        reading = audit.read(MemoryTree({"worker.yaml": start + rule}), ("worker.yaml",), audit.Request(rulesets=("firewall-hygiene",)))
        found += [each for each in audit.findings_of(reading) if each.rule == "hygiene/redundant-rule"]
    assert "“kubelet” of line 14 adds nothing" in found[0].message
    assert "by “kubelet” of line 13" in found[0].message
    assert found[0].key == found[1].key


def etcd(*addresses: str) -> Finding:
    block = "---\napiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: block\n"
    files: dict[str, str | bytes] = {"cp.yaml": f"version: v1alpha1\nmachine:\n  type: controlplane\n{block}"}
    reading = audit.read(MemoryTree(files), ("",), audit.Request(rulesets=("talos",), roles=(f"control-plane={','.join(addresses)}",)))
    return next(each for each in audit.findings_of(reading) if each.rule == "talos/etcd")


def test_of_a_machine_alone_it_is_said_that_it_is_the_only_one_and_how_to_name_more() -> None:
    (question,) = etcd("10.5.0.11").questions
    assert question.reason == "only one machine is known to be control-plane (10.5.0.11), and what it sends to itself crosses no firewall"
    assert question.settle == "if there are others, name all of their addresses: roles in auditor.yaml, or --role control-plane=…"


def test_of_ends_that_nobody_plays_it_is_said_that_nobody_does() -> None:
    files: dict[str, str | bytes] = {"main.tf": GROUP.replace("PORT", "22").replace("SOURCE", '"10.0.0.0/8"')}
    reading = audit.read(MemoryTree(files), ("",), audit.Request(rulesets=("talos",)))
    found = next(each for each in audit.findings_of(reading) if each.rule == "talos/etcd-private")
    assert [each.reason for each in found.questions] == ["nobody is known to be control-plane (the control plane nodes)"]


def stranger(source: str) -> str:
    rule = "---\napiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: etcd\nportSelector:\n  ports: [2379-2380]\n  protocol: tcp\n"
    block = "---\napiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: block\n"
    text = f"version: v1alpha1\nmachine:\n  type: controlplane\n{block}{rule}ingress:\n  - subnet: {source}\n"
    request = audit.Request(rulesets=("talos",), roles=("control-plane=talos:cp.yaml#control-plane,10.5.0.11", "worker=10.5.0.21"))
    found = audit.findings_of(audit.read(MemoryTree({"cp.yaml": text}), ("",), request))
    return next(each.help for each in found if each.rule == "talos/etcd-private")


def test_of_one_inner_address_that_is_let_in_it_is_said_that_it_may_be_one_of_those_who_may() -> None:
    assert stranger("10.5.0.12/32").endswith("If 10.5.0.12 plays control-plane, say so: roles in auditor.yaml, or --role control-plane=….")
    assert "plays" not in stranger("10.5.0.0/16")


@pytest.mark.parametrize(
    ("ports", "outcome"),
    [
        ("lib.mkIf config.x.enable [ 22 ]", Outcome.OPEN),
        ("lib.mkIf config.x.enable [ 443 ]", Outcome.HOLDS),
        ("[ config.x.port ]", Outcome.OPEN),
        ("lib.unique [ 443 ]", Outcome.OPEN),
        ("[ 443 ]", Outcome.HOLDS),
    ],
)
def test_a_port_of_a_nixos_host_that_is_computed_or_under_a_condition_may_be_one_for_administration(ports: str, outcome: Outcome) -> None:
    module: dict[str, str | bytes] = {"a.nix": f"{{ lib, config, ... }}: {{ networking.firewall.allowedTCPPorts = {ports}; }}"}
    reading = audit.read(MemoryTree(module), ("a.nix",), audit.Request())
    assert {each.outcome for each in audit.findings_of(reading) if each.rule == "hygiene/world-open-admin"} == {outcome}
