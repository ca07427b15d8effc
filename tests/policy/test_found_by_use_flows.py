"""What trying the rulesets as an administrator brought to light: who counts as a stranger, and how flows are told."""

from __future__ import annotations

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.model.findings import Finding, Outcome

RULES = """\
ruleset: ours
title: Ours
roles: {admin: the administrators, node: the nodes}
requirements:
  - {id: closed, deny: {from: any but node, to: node, service: [tcp/2379, tcp/2380]}, because: x, fix: x}
"""
ROUTER = """\
<?xml version="1.0"?>
<pfsense>
  <version>23.3</version>
  <interfaces>
    <wan><enable/><if>igb0</if><descr>WAN</descr><ipaddr>203.0.113.2</ipaddr><subnet>29</subnet><gateway>GW</gateway></wan>
    <lan><enable/><if>igb1</if><descr>OFFICE</descr><ipaddr>192.168.1.1</ipaddr><subnet>24</subnet></lan>
    <opt1><enable/><if>igb2</if><descr>NODES</descr><ipaddr>192.168.30.1</ipaddr><subnet>24</subnet></opt1>
  </interfaces>
  <gateways><gateway_item><name>GW</name><interface>wan</interface><gateway>203.0.113.1</gateway></gateway_item></gateways>
  <filter>
    <rule><type>pass</type><interface>ENTRY</interface><ipprotocol>inet</ipprotocol><protocol>tcp</protocol>
      <source>SOURCE</source><destination>DESTINATION<port>2379-2380</port></destination></rule>
  </filter>
</pfsense>
"""
NODES = "  node: {zone: 'pfsense:opt1', addresses: [192.168.30.10]}\n"


def closed(entry: str, source: str, roles: str = NODES, destination: str = "<address>192.168.30.0/24</address>") -> Finding:
    files: dict[str, str | bytes] = {
        "config.xml": ROUTER.replace("ENTRY", entry).replace("SOURCE", source).replace("DESTINATION", destination),
        "ours.yaml": RULES,
        "auditor.yaml": f"rulesets: [./ours.yaml]\nroles:\n{roles}",
    }
    reading = audit.read(MemoryTree(files), ("config.xml",), audit.Request())
    (finding,) = (each for each in audit.findings_of(reading) if each.rule == "ours/closed")
    return finding


def test_a_neighbour_of_a_single_administrator_is_a_stranger() -> None:
    admin = "  admin: {zone: 'pfsense:lan', addresses: [192.168.1.50]}\n"
    found = closed("lan", "<address>192.168.1.60</address>", NODES + admin)
    assert found.outcome is Outcome.BROKEN
    assert found.witness is not None and found.witness.text.startswith("tcp 192.168.1.60:")


def test_a_rule_for_one_address_of_a_network_lets_a_stranger_in() -> None:
    assert closed("lan", "<address>192.168.1.60</address>").outcome is Outcome.BROKEN


def test_a_neighbour_of_the_nodes_in_their_own_network_is_no_stranger() -> None:
    assert closed("opt1", "<network>opt1</network>").outcome is Outcome.HOLDS


def test_what_everybody_may_do_is_shown_by_a_packet_from_far_away() -> None:
    admin = "  admin: 192.168.1.50\n"
    found = closed("wan", "<any/>", NODES + admin)
    assert found.witness is not None and found.witness.text.startswith("tcp 203.0.113.10:")


def test_flows_that_differ_in_one_part_are_told_together() -> None:
    admin = "  admin: {zone: 'pfsense:lan', addresses: [192.168.1.50]}\n"
    found = closed("lan", "<any/>", NODES + admin)
    assert "tcp/2379 and tcp/2380 from admin and OFFICE to node gets through" in found.message


HOST = """\
table inet filter {
  chain input {
    type filter hook input priority filter; policy drop;
    RULE
  }
}
"""
NO_INBOUND = """\
ruleset: ours
title: Ours
roles: {device: the devices}
requirements:
  - {id: closed, deny: {from: any, to: device}, because: x, fix: x}
"""


def inbound(rule: str) -> Finding:
    files: dict[str, str | bytes] = {
        "nftables.conf": HOST.replace("RULE", rule),
        "ours.yaml": NO_INBOUND,
        "auditor.yaml": "rulesets: [./ours.yaml]\nroles: {device: {behind: ['nftables:nftables.conf']}}\n",
    }
    reading = audit.read(MemoryTree(files), ("nftables.conf",), audit.Request())
    (finding,) = (each for each in audit.findings_of(reading) if each.rule == "ours/closed")
    return finding


@pytest.mark.parametrize(
    "rule",
    [
        "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept",
        "icmp type { destination-unreachable, time-exceeded } accept",
        "udp sport 67 udp dport 68 accept",
        "ip6 saddr fe80::/10 udp dport 546 accept",
    ],
)
def test_what_keeps_a_host_on_its_network_is_no_way_in(rule: str) -> None:
    assert inbound(rule).outcome is Outcome.HOLDS


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("icmp type echo-request accept", "icmp/type 8 from anywhere else and device to device"),
        ("tcp dport { 22, 8080 } accept", "(tcp/22, tcp/8080 from anywhere)"),
        ("tcp dport { 1, 3, 5, 7, 9 } accept", "tcp/1, tcp/3, tcp/5, tcp/7, … from anywhere else"),
        ("meta l4proto icmp accept", "(icmp from anywhere, IPv4)"),
        ("accept", "(nearly anything from anywhere)"),
    ],
)
def test_what_else_gets_in_is_told_by_its_service(rule: str, what: str) -> None:
    found = inbound(rule)
    assert found.outcome is Outcome.BROKEN
    assert what in found.message


def test_an_open_question_about_addresses_says_where_to_give_them() -> None:
    found = closed("lan", "<any/>", "  node: {zone: 'pfsense:opt1'}\n  admin: {zone: 'pfsense:lan'}\n")
    assert found.outcome is Outcome.BROKEN
    found = closed("lan", "<any/>", "  node: {zone: 'pfsense:opt1'}\n", "<address>192.168.30.7</address>")
    settle = "give roles.node.addresses a value in auditor.yaml, beside its zones or names"
    assert [question.settle for question in found.questions] == [settle]


@pytest.mark.parametrize("what", ["<protocol>icmp</protocol>", "<protocol>udp</protocol>"])
def test_what_a_user_lets_in_is_not_taken_for_what_the_product_needs_itself(what: str) -> None:
    rules = "ruleset: ours\ntitle: Ours\nroles: {node: the nodes}\nrequirements:\n"
    config = ROUTER.replace("ENTRY", "lan").replace("<protocol>tcp</protocol>", what).replace("SOURCE", "<any/>")
    port = "" if "icmp" in what else "<port>67</port>"
    files: dict[str, str | bytes] = {
        "config.xml": config.replace("DESTINATION<port>2379-2380</port>", f"<address>192.168.30.0/24</address>{port}"),
        "ours.yaml": rules + "  - {id: closed, deny: {from: any but node, to: node}, because: x, fix: x}\n",
        "auditor.yaml": "rulesets: [./ours.yaml]\nroles: {node: {zone: 'pfsense:opt1'}}\n",
    }
    reading = audit.read(MemoryTree(files), ("config.xml",), audit.Request())
    (finding,) = (each for each in audit.findings_of(reading) if each.rule == "ours/closed")
    assert finding.outcome is Outcome.BROKEN
