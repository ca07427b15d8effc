"""A router is asked for names and addresses at the one it has in the network of whoever asks."""

from __future__ import annotations

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.model.findings import Finding, Flow, Outcome
from auditor.policy import matrix
from auditor.policy.matrix import flows

RULES = """\
ruleset: ours
title: Ours
roles: {device: the devices, dns: the name server}
requirements:
  - {id: names, allow: {from: device, to: dns, service: udp/53}, because: x, fix: x}
"""
ROUTER = """\
<?xml version="1.0"?>
<pfsense>
  <version>23.3</version>
  <interfaces>
    <wan><enable/><if>igb0</if><descr>WAN</descr><ipaddr>203.0.113.2</ipaddr><subnet>29</subnet><gateway>GW</gateway></wan>
    <lan><enable/><if>igb1</if><descr>OFFICE</descr><ipaddr>192.168.1.1</ipaddr><subnet>24</subnet></lan>
    <opt1><enable/><if>igb2</if><descr>DEVICES</descr><ipaddr>192.168.30.1</ipaddr><subnet>24</subnet></opt1>
  </interfaces>
  <gateways><gateway_item><name>GW</name><interface>wan</interface><gateway>203.0.113.1</gateway></gateway_item></gateways>
  <filter>
    <rule><type>pass</type><interface>opt1</interface><ipprotocol>inet</ipprotocol><protocol>udp</protocol>
      <source><network>opt1</network></source><destination><network>ASKED</network><port>53</port></destination></rule>
  </filter>
</pfsense>
"""


def names(asked: str, dns: str) -> Finding:
    files: dict[str, str | bytes] = {
        "config.xml": ROUTER.replace("ASKED", asked),
        "ours.yaml": RULES,
        "auditor.yaml": f"rulesets: [./ours.yaml]\nroles:\n  device: {{zone: 'pfsense:opt1'}}\n  dns: {dns}\n",
    }
    reading = audit.read(MemoryTree(files), ("config.xml",), audit.Request())
    return next(each for each in audit.findings_of(reading) if each.rule == "ours/names")


@pytest.mark.parametrize(
    ("asked", "dns", "outcome"),
    [
        ("opt1ip", "{zone: 'pfsense:self'}", Outcome.HOLDS),
        ("lanip", "{zone: 'pfsense:self'}", Outcome.BROKEN),
        ("lanip", "{zone: 'pfsense:self', addresses: [192.168.1.1]}", Outcome.HOLDS),
        ("opt1ip", "{zone: 'pfsense:self', addresses: [192.168.1.1]}", Outcome.BROKEN),
    ],
)
def test_a_router_is_met_at_the_address_it_has_in_the_network_of_who_asks_unless_another_is_said(
    asked: str, dns: str, outcome: Outcome
) -> None:
    found = names(asked, dns)
    assert found.outcome is outcome
    if outcome is Outcome.BROKEN:
        assert found.related[0].message == f"nearly permits it, but only to {'192.168.1.1' if asked == 'lanip' else '192.168.30.1'}"


def told(asked: str = "opt1ip") -> dict[tuple[str, str], Flow]:
    files: dict[str, str | bytes] = {"config.xml": ROUTER.replace("ASKED", asked)}
    reading = audit.read(MemoryTree(files), ("config.xml",), audit.Request())
    return {(each.source, each.destination): each for each in flows(reading.graph, reading.cast)}


def test_what_a_firewall_sends_itself_is_anything_though_nothing_is_sent_from_port_0() -> None:
    assert told()["pfsense:self", "pfsense:lan"].surely == ("any",)
    assert told()["pfsense:self", "pfsense:lan"].maybe == ()


def test_nothing_surely_gets_through_where_nobody_knows_which_way_it_goes() -> None:
    files: dict[str, str | bytes] = {
        "gate.nft": "table inet f {\n  chain c {\n    type filter hook forward priority 0; policy drop;\n"
        '    iifname "eth1" oifname "eth0" tcp dport 443 accept\n    iifname "eth2" tcp dport 22 accept\n  }\n}\n',
        "auditor.yaml": "rulesets: [thymis-device]\nroles:\n  device: {zone: 'nftables:gate.nft:eth1'}\n  controller: 93.184.216.34\n",
    }
    reading = audit.read(MemoryTree(files), ("gate.nft",), audit.Request())
    found = {(each.source, each.destination): each for each in flows(reading.graph, reading.cast)}
    assert found["device", "controller"].surely == ()
    assert "tcp/443" in found["device", "controller"].maybe or found["device", "controller"].maybe == ("any",)


def test_of_many_routers_that_may_stand_between_two_as_many_parties_are_shown_as_there_is_time_for(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = "".join(f"interface Ethernet{each}\n ip address 10.0.{each}.ROUTER 255.255.255.0\n" for each in (1, 2))
    text = f"hostname rROUTER\n{ports} ip access-group A in\nrouter ospf 1\nip access-list extended A\n permit tcp any any eq 443\n"
    files: dict[str, str | bytes] = {f"r{each}.cfg": text.replace("ROUTER", str(each)) for each in (1, 2, 3)}
    reading = audit.read(MemoryTree(files), ("",), audit.Request())
    everybody = matrix.parties_of(reading.graph, reading.cast)
    assert matrix.shown(reading.graph, reading.cast) == everybody
    monkeypatch.setattr(matrix, "MOST_WAYS", 10)
    assert matrix.shown(reading.graph, reading.cast) == everybody[:1]
    assert {flow.source for flow in flows(reading.graph, reading.cast)} <= set(everybody[:1])
