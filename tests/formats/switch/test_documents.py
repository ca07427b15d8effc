"""Whole configurations against the documents: passing as they stand, broken by one change."""

from __future__ import annotations

from pathlib import Path

from auditor import audit
from auditor.files import DirectoryTree, MemoryTree, read_text
from auditor.model.findings import Outcome

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "switch"


def outcomes(case: str, path: str, *edits: tuple[str, str]) -> dict[str, Outcome]:
    tree = DirectoryTree(FIXTURES / case)
    text = read_text(tree, path).text
    for old, new in edits:
        assert text.count(old) == 1
        text = text.replace(old, new)
    reading = audit.read(MemoryTree({path: text}, tree), ("",), audit.Request())
    worst: dict[str, Outcome] = {}
    for finding in audit.findings_of(reading):
        known = worst.get(finding.rule, Outcome.HOLDS)
        worst[finding.rule] = max(known, finding.outcome, key=lambda outcome: outcome.weight)
    return worst


def failing(case: str, path: str, *edits: tuple[str, str]) -> dict[str, Outcome]:
    return {rule: outcome for rule, outcome in outcomes(case, path, *edits).items() if outcome is not Outcome.HOLDS}


def test_the_policy_between_vlans_holds() -> None:
    assert failing("kubernetes-vlan", "core.cfg") == {}


def test_answers_that_are_forgotten_break_it() -> None:
    edit = (" 50 permit tcp any 192.168.30.0 0.0.0.255 established\n", "")
    assert failing("kubernetes-vlan", "core.cfg", edit)["talos/egress-images"] is Outcome.BROKEN


def test_answers_to_any_port_leave_the_overlay_open() -> None:
    edit = ("eq ntp 192.168.30.0 0.0.0.255 range 32768 65535", "eq ntp 192.168.30.0 0.0.0.255")
    assert failing("kubernetes-vlan", "core.cfg", edit)["talos/overlay-private"] in (Outcome.BROKEN, Outcome.OPEN)


def test_everybody_who_may_come_in_breaks_it() -> None:
    found = failing("kubernetes-vlan", "core.cfg", (" 90 deny ip any any log\n", " 90 permit ip any any\n"))
    assert found["talos/etcd-private"] is found["talos/default-deny-inbound"] is Outcome.BROKEN


def test_a_list_that_is_not_applied_filters_nothing() -> None:
    found = failing("kubernetes-vlan", "core.cfg", (" ip access-group TO-KUBERNETES out\n", ""))
    assert found["talos/etcd-private"] is Outcome.BROKEN
    assert "lint/switch/unused-definition" in found


def test_a_vlan_map_breaks_what_the_nodes_do_among_themselves() -> None:
    guard = "vlan access-map GUARD 10\n match ip address STRICT\n action drop\nvlan access-map GUARD 20\n action forward\n"
    rules = "vlan filter GUARD vlan-list 30\nip access-list extended STRICT\n permit tcp any any eq 2380\n"
    found = failing("kubernetes-vlan", "core.cfg", ("line vty 0 15\n", guard + rules + "line vty 0 15\n"))
    assert found == {"talos/etcd": Outcome.BROKEN, "talos/intra-cluster": Outcome.BROKEN}


def test_a_device_behind_a_router_with_reflexive_lists_holds() -> None:
    assert failing("thymis-device", "edge.cfg") == {}


def test_a_permit_by_source_port_lets_the_servers_in() -> None:
    edit = (" evaluate ANSWERS\n", " permit udp 10.10.0.0 0.0.0.255 10.20.0.0 0.0.0.255\n")
    assert failing("thymis-device", "edge.cfg", edit)["thymis-device/no-inbound"] is Outcome.BROKEN


def test_a_remark_can_accept_a_finding() -> None:
    text = "feature acl\nip access-list L\n  10 remark auditor: ignore[lint/switch/host-bits] the whole network is meant\n"
    reading = audit.read(MemoryTree({"a.cfg": text + "  20 permit ip 10.0.0.7 0.0.0.255 any\n"}), ("",), audit.Request())
    run = audit.run_of(reading, audit.Request())
    assert [finding.rule for finding, _ in run.ignored] == ["lint/switch/host-bits"]
    assert not [finding for finding in run.findings if finding.rule.startswith(("lint/switch", "auditor/"))]
