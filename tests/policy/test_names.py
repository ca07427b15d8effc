"""Domain names: what covers one in a firewall, and what does not."""

from __future__ import annotations

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.model.findings import Finding, Outcome
from auditor.model.graph import covers

RULES = """\
ruleset: ours
title: Ours
roles: {{device: the devices}}
requirements:
  - {{id: cloud, allow: {{from: device, to: {to}, service: tcp/443}}, because: x, fix: x}}
"""
CONFIG = "rulesets: [./ours.yaml]\nroles: {device: {zone: 'opnsense:opt1'}}\n"
FIREWALL = """\
<?xml version="1.0"?>
<opnsense>
  <interfaces>
    <wan><enable>1</enable><if>igb0</if><descr>WAN</descr><ipaddr>203.0.113.2</ipaddr><subnet>29</subnet><gateway>GW</gateway></wan>
    <opt1><enable>1</enable><if>igb1</if><descr>DEVICES</descr><ipaddr>10.0.0.1</ipaddr><subnet>24</subnet></opt1>
  </interfaces>
  <gateways><gateway_item><name>GW</name><interface>wan</interface><gateway>203.0.113.1</gateway></gateway_item></gateways>
  <aliases><alias><name>cloud</name><type>host</type><address>{alias}</address></alias></aliases>
  <filter><rule><type>pass</type><interface>opt1</interface><ipprotocol>inet</ipprotocol><protocol>tcp</protocol>
    <source><any/></source><destination>{destination}<port>443</port></destination></rule></filter>
</opnsense>
"""


def finding(to: str, alias: str = "192.0.2.1", destination: str = "<address>cloud</address>") -> Finding:
    firewall = FIREWALL.format(alias=alias, destination=destination)
    tree = MemoryTree({"ours.yaml": RULES.format(to=to), "auditor.yaml": CONFIG, "config.xml": firewall})
    reading = audit.read(tree, ("config.xml",), audit.Request())
    (found,) = (each for each in audit.findings_of(reading) if each.rule == "ours/cloud")
    return found


def test_a_rule_to_anywhere_covers_every_name() -> None:
    assert finding("api.example.com", destination="<any/>").outcome is Outcome.HOLDS
    assert finding('"*.example.com"', destination="<any/>").outcome is Outcome.HOLDS


def test_an_alias_with_the_name_covers_it_whatever_the_case() -> None:
    assert finding("api.example.com", "API.Example.COM").outcome is Outcome.HOLDS


def test_an_alias_with_other_names_does_not() -> None:
    assert finding("api.example.com", "www.example.com").outcome is Outcome.BROKEN


def test_a_wildcard_covers_what_is_below_it_and_not_the_bare_domain() -> None:
    assert covers("*.example.com", "api.example.com")
    assert covers("*.Example.com", "a.b.example.COM")
    assert not covers("*.example.com", "example.com")
    assert not covers("*.example.com", "badexample.com")


def test_a_rule_to_some_address_may_cover_a_name_and_says_why() -> None:
    found = finding("api.example.com", "198.51.100.80")
    assert found.outcome is Outcome.OPEN
    assert "api.example.com" in found.message


def test_a_rule_to_private_addresses_covers_no_name_of_the_internet() -> None:
    assert finding("api.example.com", "10.9.9.9").outcome is Outcome.BROKEN


def test_nobody_here_goes_by_a_name_that_the_document_gives_to_the_internet() -> None:
    rules = RULES.format(to="api.example.com").replace("the devices}", "the devices, office: the office}")
    rules += "  - {id: isolated, deny: {from: device, to: office}, because: x, fix: x}\n"
    config = CONFIG.replace("}}", "}, office: 10.9.0.0/16}")
    firewall = FIREWALL.format(alias="ALIAS", destination="<address>cloud</address>")
    found = {}
    for alias in ("api.example.com", "intranet.example.com"):
        tree = MemoryTree({"ours.yaml": rules, "auditor.yaml": config, "config.xml": firewall.replace("ALIAS", alias)})
        reading = audit.read(tree, ("config.xml",), audit.Request())
        found[alias] = next(each.outcome for each in audit.findings_of(reading) if each.rule == "ours/isolated")
    assert found == {"api.example.com": Outcome.HOLDS, "intranet.example.com": Outcome.OPEN}


@pytest.mark.parametrize("name", ["api.example.com", "a.b.example.com"])
def test_one_finding_names_every_missing_destination(name: str) -> None:
    found = finding(f"[{name}, c.example.com, d.example.com]", "10.9.9.9")
    assert all(each in found.message for each in (name, "c.example.com", "d.example.com"))


def test_only_the_missing_destinations_are_named() -> None:
    found = finding("[a.example.com, b.example.com]", "a.example.com")
    assert found.outcome is not Outcome.HOLDS
    assert "b.example.com" in found.message
    assert "a.example.com" not in found.message
