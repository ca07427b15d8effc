"""What trying the rulesets as an administrator brought to light: who counts as a stranger, and how flows are told."""

from __future__ import annotations

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
      <source>SOURCE</source><destination><address>192.168.30.0/24</address><port>2379-2380</port></destination></rule>
  </filter>
</pfsense>
"""
NODES = "  node: {zone: 'pfsense:opt1', addresses: [192.168.30.10]}\n"


def closed(entry: str, source: str, roles: str = NODES) -> Finding:
    files: dict[str, str | bytes] = {
        "config.xml": ROUTER.replace("ENTRY", entry).replace("SOURCE", source),
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
