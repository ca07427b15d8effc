"""What stopped a packet is told beside the rule that was meant to let it through: the tired administrator's slip is what is looked for."""

from __future__ import annotations

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.model.findings import Finding, Outcome

RULES = """\
ruleset: ours
title: Ours
roles: {device: the devices, server: the server}
requirements:
  - {id: upload, allow: {from: device, to: server, service: tcp/443}, because: x, fix: x}
  - {id: other, allow: {from: device, to: server, service: tcp/4443}, because: x, fix: x}
"""
GATEWAY = """\
table inet filter {
  chain forward {
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    RULE
  }
}
"""
ROLES = """\
rulesets: [./ours.yaml]
roles:
  device: {zone: "nftables:gateway.nft:eth1", addresses: [10.20.0.0/24]}
  server: {zone: "nftables:gateway.nft:eth0", addresses: [10.30.0.7]}
"""
MEANT = 'iifname "eth1" oifname "eth0" ip saddr 10.20.0.0/24 ip daddr 10.30.0.7 tcp dport 443 accept'
OTHERWISE = 'oifname "eth1" drop'


def upload(rule: str) -> Finding:
    files: dict[str, str | bytes] = {
        "gateway.nft": GATEWAY.replace("RULE", f"{rule}\n    {OTHERWISE}"),
        "ours.yaml": RULES,
        "auditor.yaml": ROLES,
    }
    reading = audit.read(MemoryTree(files), ("gateway.nft",), audit.Request())
    return next(each for each in audit.findings_of(reading) if each.rule == "ours/upload")


def test_the_rule_that_was_meant_holds() -> None:
    assert upload(MEANT).outcome is Outcome.HOLDS


@pytest.mark.parametrize(
    ("slip", "why"),
    [
        (MEANT.replace("443", "433"), "its port is 433, not 443"),
        (MEANT.replace("443", "344"), ""),
        (MEANT.replace("443", "4443"), ""),  # another requirement asks for that one
        (MEANT.replace("tcp", "udp"), "it is for udp, not tcp"),
        (MEANT.replace("10.20.0.0/24", "10.20.0.0/25"), "only from 10.20.0.0/25"),
        (MEANT.replace("10.30.0.7", "10.30.0.17"), "only to 10.30.0.17"),
        (MEANT.replace("eth1", "eth2"), "it is for other interfaces"),
        (f'iifname "eth1" drop\n    {MEANT}', "it is not reached: a rule before it decides"),
        ('iifname "eth2" oifname "eth0" accept', ""),  # about everything, and so about nothing in particular
    ],
)
def test_the_slip_that_keeps_a_rule_from_permitting_is_told_beside_what_stopped_the_packet(slip: str, why: str) -> None:
    found = upload(slip)
    assert found.outcome is Outcome.BROKEN
    told = [each.message for each in found.related if each.message.startswith("nearly")]
    assert told == ([f"nearly permits it, but {why}"] if why else [])
