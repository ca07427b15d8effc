"""A router that lies in another site's directory closes nothing for sure, though it has the same network."""

from __future__ import annotations

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.model.findings import Finding, Outcome

RULES = """\
ruleset: ours
title: Ours
roles: {node: the nodes}
requirements:
  - {id: closed, deny: {from: internet, to: node, service: tcp/22}, because: x, fix: x}
"""
ROUTER = """\
<?xml version="1.0"?>
<pfsense>
  <version>23.3</version>
  <system><hostname>gate</hostname></system>
  <interfaces>
    <wan><enable/><if>igb0</if><descr>WAN</descr><ipaddr>203.0.113.2</ipaddr><subnet>29</subnet><gateway>GW</gateway></wan>
    <lan><enable/><if>igb1</if><descr>LAN</descr><ipaddr>192.168.1.1</ipaddr><subnet>24</subnet></lan>
  </interfaces>
  <gateways><gateway_item><name>GW</name><interface>wan</interface><gateway>203.0.113.1</gateway></gateway_item></gateways>
  <filter/>
</pfsense>
"""
HOST = """\
table inet filter {
  chain input {
    type filter hook input priority 0; policy accept;
    tcp dport 23 drop
  }
}
"""


def closed(router: str, host: str, *, text: str = HOST, zone: bool = True) -> Finding:
    """Whether the internet is kept from a node by a router and a host of these directories."""
    files: dict[str, str | bytes] = {f"{router}/config.xml": ROUTER, f"{host}/nftables.conf": text, "ours.yaml": RULES}
    bound = "zone: nftables, " if zone else ""
    files["auditor.yaml"] = f"rulesets: [./ours.yaml]\nroles: {{node: {{{bound}addresses: [192.168.1.10]}}}}\n"
    reading = audit.read(MemoryTree(files), (router, host), audit.Request())
    return next(each for each in audit.findings_of(reading) if each.rule == "ours/closed")


@pytest.mark.parametrize(
    ("router", "host", "outcome"),
    [
        ("sites/a", "sites/b", Outcome.OPEN),
        ("clusters/a", "clusters/b", Outcome.OPEN),
        ("sites/a", "sites/a/host", Outcome.HOLDS),
        ("sites/a/pfsense", "sites/a/talos", Outcome.HOLDS),
        ("hosts/gate", "hosts/node", Outcome.HOLDS),
        ("network", "hosts/node", Outcome.HOLDS),
        ("sites/network", "sites/b", Outcome.HOLDS),
    ],
)
def test_a_router_of_another_site_does_not_surely_stand_before_a_machine(router: str, host: str, outcome: Outcome) -> None:
    assert closed(router, host).outcome is outcome


def test_what_is_not_known_is_whether_the_router_stands_there() -> None:
    (question,) = closed("sites/a", "sites/b").questions
    assert question.reason == "whether pfSense gate stands there: it lies in the directory of another site"
    assert question.settle == "bind them to its zones: roles in auditor.yaml, zone: …"


def test_a_machine_that_is_closed_itself_needs_no_router() -> None:
    assert closed("sites/a", "sites/b", text=HOST.replace("accept", "drop")).outcome is Outcome.HOLDS


def test_addresses_alone_are_of_no_site() -> None:
    assert closed("sites/a", "sites/b", zone=False).outcome is Outcome.HOLDS
