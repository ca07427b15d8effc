"""What trying the documents on a switch brought to light."""

from __future__ import annotations

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.model.findings import Finding, Outcome

SWITCH = """\
ip access-list extended NODES-IN
 10 permit tcp 192.168.10.0 0.0.0.255 192.168.30.0 0.0.0.255 eq 6443
 LINE
 100 deny ip any any
interface Vlan10
 ip address 192.168.10.1 255.255.255.0
interface Vlan30
 description kubernetes nodes
 ip address 192.168.30.1 255.255.255.0
 ip access-group NODES-IN out
interface Vlan99
 ip address 192.168.99.2 255.255.255.0
ip route 0.0.0.0 0.0.0.0 192.168.99.1
"""
ROLES = 'rulesets: [talos]\nroles:\n  node: {zone: "switch:core:Vlan30"}\n  admin: {zone: "switch:core:Vlan10"}\n'


def findings(config: str) -> dict[str, Finding]:
    files: dict[str, str | bytes] = {"core.cfg": config, "auditor.yaml": ROLES.replace("core", "core.cfg")}
    reading = audit.read(MemoryTree(files), ("core.cfg",), audit.Request())
    return {each.rule: each for each in audit.findings_of(reading)}


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("20 permit icmp any 192.168.30.0 0.0.0.255 echo-reply", Outcome.HOLDS),
        ("20 permit icmp any 192.168.30.0 0.0.0.255", Outcome.BROKEN),
        ("20 permit icmp any 192.168.30.0 0.0.0.255 timestamp-request", Outcome.BROKEN),
    ],
)
def test_the_answer_to_a_ping_is_no_flow_that_comes_in(line: str, outcome: Outcome) -> None:
    assert findings(SWITCH.replace("LINE", line))["talos/default-deny-inbound"].outcome is outcome


def test_a_router_that_was_read_and_filters_others_lets_by_what_it_does_not_filter() -> None:
    moved = SWITCH.replace(" ip access-group NODES-IN out\n", "").replace(
        "interface Vlan10\n", "interface Vlan10\n ip access-group NODES-IN in\n"
    )
    found = findings(moved.replace(" LINE\n", ""))
    assert found["talos/kubelet-private"].outcome is Outcome.BROKEN
    assert found["talos/kubelet-private"].location is not None and found["talos/kubelet-private"].location.name == "kubernetes nodes"
    assert found["talos/egress-images"].outcome is Outcome.OPEN  # nothing holds because nothing was there


def test_a_router_without_any_filter_is_no_firewall() -> None:
    bare = SWITCH.replace(" LINE\n", "").replace(" ip access-group NODES-IN out\n", "")
    assert findings(bare)["talos/kubelet-private"].outcome is Outcome.OPEN


GUESTS = """\
ip access-list extended GUESTS-IN
 10 permit udp any eq 68 any eq 67
 40 deny ip any 10.0.0.0 0.0.0.255
interface Vlan10
 ip address 10.0.0.1 255.255.255.0
interface Vlan50
 ip address 10.50.0.1 255.255.255.0
 ip access-group GUESTS-IN in
"""
CONNECTORS = (
    "rulesets: [disruptive-gen2]\nroles:\n"
    '  connector: {zone: "switch:core.cfg:Vlan50"}\n  internal: {zone: "switch:core.cfg:Vlan10"}\n  dhcp: {zone: "switch:core.cfg:self"}\n'
)


@pytest.mark.parametrize("more", ["", " ipv6 address 2001:db8:50::1/64\n"])
def test_the_usual_line_for_dhcp_is_enough_and_leaks_nothing(more: str) -> None:
    files: dict[str, str | bytes] = {
        "core.cfg": GUESTS.replace("interface Vlan50\n", f"interface Vlan50\n{more}"),
        "auditor.yaml": CONNECTORS,
    }
    reading = audit.read(MemoryTree(files), ("core.cfg",), audit.Request())
    found = {each.rule: each for each in audit.findings_of(reading)}
    assert found["disruptive-gen2/dhcp"].outcome is Outcome.HOLDS
    assert found["disruptive-gen2/isolated"].outcome is Outcome.HOLDS
    assert found["disruptive-gen2/local-dns"].outcome is Outcome.BROKEN
