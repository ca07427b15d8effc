"""What is odd about a binding is said, and the run goes on."""

from __future__ import annotations

import pytest

from auditor import audit
from auditor.files import MemoryTree

ROUTER = """\
<?xml version="1.0"?>
<pfsense>
  <version>23.3</version>
  <interfaces>
    <wan><enable/><if>igb0</if><descr>WAN</descr><ipaddr>203.0.113.2</ipaddr><subnet>29</subnet><gateway>GW</gateway></wan>
    <opt1><enable/><if>igb2</if><descr>NODES</descr><ipaddr>192.168.30.1</ipaddr><subnet>24</subnet></opt1>
  </interfaces>
  <gateways><gateway_item><name>GW</name><interface>wan</interface><gateway>203.0.113.1</gateway></gateway_item></gateways>
</pfsense>
"""


def doubts(*roles: str) -> list[tuple[str, str]]:
    config = "rulesets: [talos]\nroles:\n" + "".join(f"  {role}\n" for role in roles)
    reading = audit.read(MemoryTree({"config.xml": ROUTER, "auditor.yaml": config}), ("config.xml",), audit.Request())
    return [(each.rule.removeprefix("auditor/"), each.message) for each in audit.findings_of(reading) if each.rule.startswith("auditor/")]


def test_addresses_outside_of_the_zone_named_with_them_are_said() -> None:
    assert doubts("worker: {zone: 'pfsense:opt1', addresses: [192.168.30.250-192.168.31.5]}") == [
        ("address-outside", "192.168.31.0-192.168.31.5 of role worker is in no network of pfsense:opt1")
    ]
    assert doubts("worker: {zone: 'pfsense:opt1', addresses: [192.168.30.20]}", "admin: 10.0.0.1") == []


def test_the_zone_that_leads_everywhere_holds_any_address() -> None:
    assert doubts("admin: {zone: 'pfsense:wan', addresses: [198.51.100.1]}") == []


def test_members_of_one_role_that_share_an_address_are_said() -> None:
    assert doubts("control-plane: 192.168.30.10-192.168.30.12", "worker: 192.168.30.12-192.168.30.20") == [
        ("shared-address", "192.168.30.12 plays both control-plane and worker")
    ]


def test_machines_that_play_both_roles_share_all_their_addresses() -> None:
    assert doubts("node: 192.168.30.10-192.168.30.12") == []


TALOS = """\
version: v1alpha1
machine: {type: worker}
---
apiVersion: v1alpha1
kind: NetworkDefaultActionConfig
ingress: block
"""


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("worker=192.168.30.20", ["role worker was given addresses alone, so talos:worker.yaml#worker takes no part, which looks like it"]),
        ("node=192.168.30.20", ["role worker was given addresses alone, so talos:worker.yaml#worker takes no part, which looks like it"]),
        ("worker=talos:worker.yaml,192.168.30.20", []),
        ("admin=192.168.30.20", []),
    ],
)
def test_a_firewall_that_addresses_leave_out_is_said(role: str, said: list[str]) -> None:
    reading = audit.read(MemoryTree({"worker.yaml": TALOS}), ("",), audit.Request(rulesets=("talos",), roles=(role,)))
    assert [each.message for each in audit.findings_of(reading) if each.rule == "auditor/firewall-left-out"] == said
