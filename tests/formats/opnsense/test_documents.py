"""The documents' rulesets on whole files: what passes, what one changed rule breaks, and what stays open."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.audit import audit
from auditor.model.findings import Outcome
from tests.formats.opnsense.samples import config, mvc

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "opnsense"


def outcomes(directory: Path) -> dict[str, Outcome]:
    """Requirement → its heaviest outcome."""
    found: dict[str, Outcome] = {}
    for finding in audit([directory]).findings:
        found[finding.rule] = max(found.get(finding.rule, Outcome.HOLDS), finding.outcome, key=lambda outcome: outcome.weight)
    return found


def changed(tmp_path: Path, case: str, *changes: tuple[str, str]) -> dict[str, Outcome]:
    """The outcomes after replacing texts in the file."""
    text = (FIXTURES / case / "config.xml").read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "config.xml").write_text(text)
    (tmp_path / "auditor.yaml").write_text((FIXTURES / case / "auditor.yaml").read_text())
    return outcomes(tmp_path)


@pytest.mark.parametrize("case", ["kubernetes-vlan", "disruptive-option-a", "disruptive-gen2", "thymis"])
def test_what_the_document_asks_for_holds(case: str) -> None:
    found = outcomes(FIXTURES / case)
    assert len(found) >= 9
    assert {rule for rule, outcome in found.items() if outcome is not Outcome.HOLDS} == set()


def test_wildcards_filled_by_another_program_leave_the_services_open() -> None:
    assert outcomes(FIXTURES / "disruptive-option-b")["disruptive-legacy/cloud-services"] is Outcome.OPEN


def test_wildcards_in_an_alias_let_nothing_through() -> None:
    found = outcomes(FIXTURES / "disruptive-wildcard-alias")
    assert found["disruptive-legacy/cloud-services"] is Outcome.BROKEN
    assert "lint/opnsense/alias-entry" in found


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("talos/egress-ntp", "<destination_port>123<", "<destination_port>124<"),
        (
            "talos/egress-images",
            "<destination_net>any</destination_net><destination_port>443<",
            "<destination_net>lan</destination_net><destination_port>443<",
        ),
        ("talos/apid-admin", "<content>192.168.10.5</content>", "<content>192.168.10.6</content>"),
        ("talos/kubernetes-api-admin", "<sequence>120</sequence>", "<sequence>1</sequence>"),
        ("talos/etcd-private", "<action>block</action><interface>lan</interface>", "<action>pass</action><interface>lan</interface>"),
        (
            "talos/default-deny-inbound",
            "<action>block</action><interface>wan</interface>",
            "<action>pass</action><interface>wan</interface>",
        ),
    ],
)
def test_one_changed_rule_breaks_what_it_was_for(tmp_path: Path, rule: str, old: str, new: str) -> None:
    assert changed(tmp_path, "kubernetes-vlan", (old, new))[rule] is Outcome.BROKEN


def test_an_alias_of_time_servers_from_a_download_leaves_time_open(tmp_path: Path) -> None:
    change = ("<name>ntp_servers</name><type>host</type>", "<name>ntp_servers</name><type>urltable</type>")
    assert changed(tmp_path, "kubernetes-vlan", change)["talos/egress-ntp"] is Outcome.OPEN


def test_a_name_left_out_of_the_alias_breaks_the_services(tmp_path: Path) -> None:
    found = changed(tmp_path, "disruptive-option-a", ("auth.docker.io", "auth.docker.example"))
    assert found["disruptive-legacy/cloud-services"] is Outcome.BROKEN


def test_a_ruleset_that_will_not_load_leaves_everything_open(tmp_path: Path) -> None:
    found = changed(tmp_path, "kubernetes-vlan", ("<protocol>UDP</protocol>", "<protocol>any</protocol>"))
    assert found["lint/opnsense/ruleset-wont-load"] is Outcome.BROKEN
    assert found["talos/egress-images"] is Outcome.OPEN
    assert found["talos/default-deny-inbound"] is Outcome.OPEN


def test_an_old_rule_does_not_undo_a_pass_of_the_new_store(tmp_path: Path) -> None:
    ends = "<source><any>1</any></source><destination><network>opt1</network></destination>"
    block = f"<filter><rule><type>block</type><interface>lan</interface><ipprotocol>inet</ipprotocol>{ends}</rule></filter>"
    found = changed(
        tmp_path,
        "kubernetes-vlan",
        ("<filter/>", block),
        ("<action>block</action><interface>lan</interface>", "<action>pass</action><interface>lan</interface>"),
    )
    assert found["talos/etcd-private"] is Outcome.BROKEN


def shadowed(tmp_path: Path, text: str) -> list[str]:
    """The names of the rules that hygiene calls contradicted by those before them."""
    (tmp_path / "config.xml").write_text(text)
    found = audit([tmp_path], rulesets=("firewall-hygiene",)).findings
    told = [each.message for each in found if each.rule == "hygiene/shadowed-rule" and each.outcome is not Outcome.HOLDS]
    return [name for message in told for name in re.findall("“(.*?)”", message)[:1]]


BLOCK = (
    "<rule><type>block</type><interface>lan</interface><ipprotocol>inet</ipprotocol><source><any>1</any></source>"
    "<destination><network>opt1</network></destination><descr>old block</descr></rule>"
)


def test_a_block_of_the_old_store_behind_a_pass_of_the_new_is_called_shadowed(tmp_path: Path) -> None:
    assert shadowed(tmp_path, config(BLOCK, mvc(interface="lan", source_net="lan", description="new pass"))) == ["old block"]


def test_a_rule_for_two_interfaces_is_shadowed_only_if_it_is_on_both(tmp_path: Path) -> None:
    def rules(first: str) -> str:
        return mvc(sequence="1", interface=first, description="first") + mvc(
            sequence="2", interface="lan,opt1", action="block", destination_net="10.30.0.7", description="second"
        )

    assert shadowed(tmp_path, config(mvc=rules("lan,wan"))) == []
    assert shadowed(tmp_path, config(mvc=rules("lan,opt1"))) == ["second"]


def test_a_wider_block_behind_a_narrow_pass_is_not_shadowed(tmp_path: Path) -> None:
    narrow = mvc(interface="lan", sequence="1", source_net="10.20.0.7", description="narrow") + mvc(
        interface="lan", sequence="2", action="block", source_net="10.20.0.0/25", description="wide"
    )
    assert shadowed(tmp_path, config(mvc=narrow)) == []
