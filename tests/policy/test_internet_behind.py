"""Where the internet is, when a configuration does not say it and auditor.yaml does."""

from __future__ import annotations

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.model.findings import Outcome

ROUTER = """\
table inet filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    iifname "eth1" oifname "eth0" tcp dport 443 accept
    iifname "eth2" drop
    ct state established accept
  }
}
"""
RULES = """\
ruleset: ours
title: Ours
roles: {device: the devices}
requirements:
  - {id: out, allow: {from: device, to: internet, service: tcp/443}, because: x, fix: x}
"""


def outcome(roles: str) -> Outcome:
    config = f"rulesets: [./ours.yaml]\nroles: {{device: {{zone: 'nftables:fw.nft:eth1', addresses: [10.0.0.0/24]}}{roles}}}\n"
    tree = MemoryTree({"fw.nft": ROUTER, "ours.yaml": RULES, "auditor.yaml": config})
    reading = audit.read(tree, ("fw.nft",), audit.Request())
    (finding,) = (each for each in audit.findings_of(reading) if each.rule == "ours/out")
    return finding.outcome


def test_the_internet_is_behind_the_zone_that_is_named() -> None:
    assert outcome(", internet: {zone: 'nftables:fw.nft:eth0'}") is Outcome.HOLDS


def test_a_router_that_does_not_say_where_the_internet_is_decides_nothing_about_it() -> None:
    assert outcome("") is Outcome.OPEN


@pytest.mark.parametrize("claim", ["{addresses: [0.0.0.0/0]}", "{zone: 'nftables:fw.nft:eth9'}"])
def test_the_internet_can_only_be_said_to_be_behind_a_zone_that_is_there(claim: str) -> None:
    with pytest.raises(audit.UsageError, match="role internet"):
        outcome(f", internet: {claim}")
