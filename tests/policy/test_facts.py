"""Requirements on what configurations say of their machines, rather than on packets."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.model.findings import Outcome

RULES = """\
ruleset: ours
title: Ours
roles: {node: the nodes}
requirements:
  - {id: time, fact: {of: node, says: SAYS}, because: x, fix: x}
  - {id: guarded, enforced: node, because: x, fix: x}
"""
CONFIG = "rulesets: [./ours.yaml]\nroles: {node: {zone: 'talos:worker.yaml'}}\n"
HOST = """\
version: v1alpha1
machine:
  type: worker
  time: {servers: [10.0.9.123]}
cluster: {controlPlane: {endpoint: "https://10.0.1.10:6443"}}
"""
BLOCK = "---\napiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: block\n"


def outcome(rule: str, host: str, says: str = "time-server") -> Outcome:
    tree = MemoryTree({"ours.yaml": RULES.replace("SAYS", says), "auditor.yaml": CONFIG, "worker.yaml": host})
    reading = audit.read(tree, ("worker.yaml",), audit.Request())
    return next(each.outcome for each in audit.findings_of(reading) if each.rule == f"ours/{rule}")


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ("time-server", Outcome.HOLDS),
        ("time-server=10.0.9.123", Outcome.HOLDS),
        ("time-server=10.0.9.9", Outcome.BROKEN),
        ("colour", Outcome.OPEN),
    ],
)
def test_a_fact_holds_if_the_configuration_says_so_and_is_open_if_it_says_nothing_of_the_kind(says: str, expected: Outcome) -> None:
    assert outcome("time", HOST, says) is expected


def test_a_machine_with_a_filter_is_guarded_and_one_without_is_not() -> None:
    assert outcome("guarded", HOST + BLOCK) is Outcome.HOLDS
    assert outcome("guarded", HOST) is Outcome.BROKEN


def parameters(*machines: str, given: tuple[str, ...] = ()) -> Mapping[str, object]:
    files: dict[str, str | bytes] = {f"cp{number}.yaml": text for number, text in enumerate(machines)}
    request = audit.Request(rulesets=("talos",), parameters=given)
    return audit.read(MemoryTree(files), tuple(files), request).values["talos"]


def machine(settings: str) -> str:
    return f"machine: {{type: controlplane, network: {{kubespan: {{enabled: true}}}}}}\ncluster: {settings}\n"


def test_parameters_are_what_the_configurations_state_unless_somebody_says_otherwise() -> None:
    flannel = machine("{network: {cni: {name: flannel}}, discovery: {enabled: false}}")
    found = parameters(flannel)
    assert (found["cni"], found["kubespan"], found["discovery"]) == ("flannel", True, False)
    assert parameters(flannel, given=("cni=calico",))["cni"] == "calico"


def test_what_configurations_leave_out_or_disagree_about_states_nothing() -> None:
    flannel, without = (machine(f"{{network: {{cni: {{name: {name}}}}}}}") for name in ("flannel", "none"))
    assert parameters(machine("{}"))["cni"] == "cilium"
    assert parameters(without)["cni"] == "cilium"
    cilium = machine("{network: {cni: {name: custom, urls: ['https://example.com/cilium.yaml']}}}")
    assert parameters(flannel, cilium)["cni"] == "cilium"
