"""Which rulesets a run checks when nobody says so, and who is proposed for their roles."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from auditor import audit
from auditor.files import DirectoryTree, MemoryTree
from auditor.model.findings import Outcome
from tests.policy.matrix import MATRIX, Cell, cells

ROLES = [cell for cell in cells() if cell.ruleset != "firewall-hygiene"]


def unguided(cell: Cell, into: Path) -> audit.Reading:
    """The cell's firewall as it is read without its auditor.yaml."""
    shutil.copytree(cell.folder, into / "run")
    (into / "run/auditor.yaml").unlink()
    return audit.read(DirectoryTree(into / "run"), ("",), audit.Request())


@pytest.mark.parametrize(
    "cell",
    [cell for cell in ROLES if cell.dialect in ("pfsense", "opnsense", "terraform", "talos")],
    ids=lambda cell: f"{cell.ruleset}-{cell.dialect}",
)
def test_a_run_without_configuration_finds_nothing_broken_in_a_firewall_as_the_document_wants_it(cell: Cell, tmp_path: Path) -> None:
    reading = unguided(cell, tmp_path)
    broken = [
        each.rule
        for each in audit.findings_of(reading)
        if each.outcome is Outcome.BROKEN and not each.rule.startswith(("hygiene/", "lint/"))
    ]
    assert broken == []


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("talos/terraform", ["talos"]),
        ("talos/talos", ["talos"]),
        ("disruptive-gen2/pfsense", ["disruptive-gen2"]),
        ("disruptive-legacy/pfsense", ["disruptive-legacy"]),
        ("disruptive-legacy/opnsense", ["disruptive-legacy"]),
        ("thymis-controller/pfsense", ["thymis-controller"]),
    ],
)
def test_a_ruleset_is_recognised_by_its_signs_and_no_other_with_it(cell: str, expected: list[str], tmp_path: Path) -> None:
    shutil.copytree(MATRIX / cell, tmp_path / "run")
    (tmp_path / "run/auditor.yaml").unlink()
    reading = audit.read(DirectoryTree(tmp_path / "run"), ("",), audit.Request())
    assert [ruleset.name for ruleset, _ in reading.rulesets] == [*expected, "firewall-hygiene"]


VLAN = """\
<?xml version="1.0"?>
<pfsense>
  <version>23.3</version>
  <interfaces>
    <wan><enable/><if>igb0</if><descr>WAN</descr><ipaddr>203.0.113.2</ipaddr><subnet>29</subnet><gateway>GW</gateway></wan>
    <opt1><enable/><if>igb1</if><descr>KUBERNETES</descr><ipaddr>192.168.30.1</ipaddr><subnet>24</subnet></opt1>
  </interfaces>
  <gateways><gateway_item><name>GW</name><interface>wan</interface><gateway>203.0.113.1</gateway></gateway_item></gateways>
  <filter>
    <rule><type>pass</type><interface>opt1</interface><ipprotocol>inet</ipprotocol><protocol>tcp</protocol>
      <source><any/></source><destination><any/><port>443</port></destination></rule>
    <rule><type>pass</type><interface>opt1</interface><ipprotocol>inet</ipprotocol><protocol>udp</protocol>
      <source><any/></source><destination><address>TIME</address><port>123</port></destination></rule>
  </filter>
</pfsense>
"""


def vlan(time: str = "192.168.10.5", config: str = "") -> audit.Reading:
    files: dict[str, str | bytes] = {"config.xml": VLAN.replace("TIME", time)}
    return audit.read(MemoryTree(files | ({"auditor.yaml": config} if config else {})), ("config.xml",), audit.Request())


def outcome(reading: audit.Reading, rule: str) -> Outcome:
    return max((each.outcome for each in audit.findings_of(reading) if each.rule == rule), key=lambda found: found.weight)


def test_a_network_named_after_the_cluster_is_proposed_for_every_kind_of_node() -> None:
    cast = vlan().cast
    assert cast.bound("control-plane")
    assert cast.bound("worker")


def test_a_role_that_is_a_union_can_be_bound_and_stands_for_each_member() -> None:
    reading = vlan(config='rulesets: [talos]\nroles: {node: {zone: "pfsense:opt1"}}\n')
    assert {role for role in ("control-plane", "worker") if reading.cast.roles[role].why == "auditor.yaml"} == {"control-plane", "worker"}


def test_time_from_others_than_the_default_servers_is_undecided_while_nobody_says_who_they_are() -> None:
    assert outcome(vlan(), "talos/egress-ntp") is Outcome.OPEN


def test_no_time_from_anybody_is_broken_whoever_is_meant() -> None:
    reading = vlan().tree
    assert isinstance(reading, MemoryTree)
    text = str(reading.files["config.xml"]).replace("<port>123</port>", "<port>124</port>")
    found = audit.read(MemoryTree({"config.xml": text}), ("config.xml",), audit.Request())
    assert outcome(found, "talos/egress-ntp") is Outcome.BROKEN


def test_roles_of_rulesets_that_are_not_checked_now_are_no_mistake() -> None:
    config = 'rulesets: [talos]\nroles: {node: {zone: "pfsense:opt1"}, connector: 10.0.0.1, nobody: 10.0.0.2}\n'
    with pytest.raises(audit.UsageError) as caught:
        vlan(config=config)
    assert "'nobody'" in str(caught.value)
    assert "'connector'" not in str(caught.value)
