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


NAT = """\
table ip nat {{
  chain post {{
    type nat hook postrouting priority srcnat;
    {rule}
  }}
}}
"""


def read(roles: str, rule: str = "") -> audit.Reading:
    config = f"rulesets: [./ours.yaml]\nroles: {{device: {{zone: 'nftables:fw.nft:eth1', addresses: [10.0.0.0/24]}}{roles}}}\n"
    text = ROUTER + (NAT.format(rule=rule) if rule else "")
    return audit.read(MemoryTree({"fw.nft": text, "ours.yaml": RULES, "auditor.yaml": config}), ("fw.nft",), audit.Request())


def outcome(roles: str, rule: str = "") -> Outcome:
    reading = read(roles, rule)
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


@pytest.mark.parametrize(
    "rule", ['oifname "eth0" masquerade', 'ip saddr 10.0.0.0/8 oifname "eth0" masquerade', 'oif "eth0" jump { masquerade; }']
)
def test_a_router_shows_where_the_internet_is_by_what_it_masquerades(rule: str) -> None:
    assert outcome("", rule) is Outcome.HOLDS
    (led,) = read("", rule).cast.outer
    assert (led.role, led.target, led.why) == ("internet", "nftables:fw.nft:eth0", "detected: fw.nft:12 masquerades what leaves by eth0")


@pytest.mark.parametrize(
    "rule",
    [
        'oifname != "eth1" masquerade',
        'oifname "eth*" masquerade',
        'oifname { "eth0", "eth2" } masquerade',
        'ip daddr 10.0.0.0/8 oifname "eth0" masquerade',
        'iifname "eth0" oifname "eth0" masquerade',
        'oifname "eth0" accept',
    ],
)
def test_a_translation_that_does_not_tell_the_way_out_decides_nothing(rule: str) -> None:
    assert outcome("", rule) is Outcome.OPEN


def test_what_somebody_says_of_the_internet_counts_before_what_is_recognised() -> None:
    found = read(", internet: {zone: 'nftables:fw.nft:eth2'}", 'oifname "eth0" masquerade')
    assert [bound.target for bound in found.cast.outer] == ["nftables:fw.nft:eth2"]
    assert outcome(", internet: {zone: 'nftables:fw.nft:eth2'}", 'oifname "eth0" masquerade') is Outcome.BROKEN


def test_what_the_outer_interface_lets_in_to_the_router_itself_is_open_to_the_world() -> None:
    begin = "table inet f {\n  chain input {\n    type filter hook input priority 0; policy drop;\n"
    ssh = begin + '    iifname "eth0" tcp dport 22 accept\n  }\n}\n'
    tree = MemoryTree({"gate.nft": ssh + NAT.format(rule='oifname "eth0" masquerade')})
    found = {each.rule: each.outcome for each in audit.findings_of(audit.read(tree, ("",), audit.Request()))}
    assert found["hygiene/world-open-admin"] is Outcome.BROKEN


def hygiene(files: dict[str, str | bytes]) -> dict[str, Outcome]:
    """What hygiene says, broken before anything else."""
    found = audit.findings_of(audit.read(MemoryTree(files), ("",), audit.Request()))
    return {each.rule: each.outcome for each in sorted(found, key=lambda each: each.outcome is Outcome.BROKEN)}


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('networking.nat.externalInterface = "eth0";', Outcome.BROKEN),
        ('networking.defaultGateway = { address = "203.0.113.1"; interface = "eth0"; };', Outcome.BROKEN),
        ('networking.defaultGateway6.interface = "eth1";', Outcome.HOLDS),
        ('networking.defaultGateway = "203.0.113.1";', Outcome.OPEN),
    ],
)
def test_nixos_says_by_which_interface_the_internet_comes(said: str, told: Outcome) -> None:
    text = f"{{ networking.nftables.enable = true; networking.firewall.interfaces.eth0.allowedTCPPorts = [ 22 ]; {said} }}"
    assert hygiene({"configuration.nix": text})["hygiene/world-open-admin"] is told


def test_a_rule_for_everything_is_told_once_wherever_its_chain_is_called() -> None:
    chains = "table inet f {\n  chain all { accept; }\n  chain input {\n    type filter hook input priority 0; policy drop;\n"
    text = chains + '    iifname "eth1" jump all\n    jump all\n  }\n}\n'
    found = audit.findings_of(audit.read(MemoryTree({"gate.nft": text}), ("",), audit.Request()))
    told = [each.location.span.line for each in found if each.rule == "hygiene/any-any-permit" and each.location is not None]
    assert told == [2]


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ("policy accept; tcp dport 9 drop; accept", "policy drop; tcp dport 443 accept", []),
        ("policy accept; tcp dport 9 drop; accept", "policy accept; tcp dport 8 drop", [4]),
        ("policy accept; accept", "policy drop; accept", [10]),
        ("policy drop; tcp dport 443 accept", "policy drop; accept", []),
        ("policy drop; meta nfproto ipv4 accept", "policy drop; ip daddr 0.0.0.0/0 accept", [4, 10]),
        ("policy drop; meta nfproto ipv6 accept", "policy drop; meta nfproto ipv4 accept", []),
    ],
)
def test_a_rule_for_everything_permits_nothing_that_another_chain_keeps_out(first: str, second: str, told: list[int]) -> None:
    chain = "table inet {name} {{\n  chain c {{\n    type filter hook input priority {at};\n    {rules}\n  }}\n}}\n"
    text = chain.format(name="a", at=-10, rules=first) + chain.format(name="b", at=10, rules=second)
    found = audit.findings_of(audit.read(MemoryTree({"gate.nft": text}), ("",), audit.Request()))
    places = [each.location.span.line for each in found if each.rule == "hygiene/any-any-permit" and each.location is not None]
    assert sorted(places) == told


def test_what_is_open_by_whichever_interface_the_internet_comes_is_told_alone() -> None:
    begin = "table inet f {\n  chain c {\n    type filter hook forward priority 0; policy drop;\n    ct state established accept\n"
    text = begin + '    iifname "lan" accept\n    oifname "lan" tcp dport 10000-65535 accept\n  }\n}\n'
    found = audit.findings_of(audit.read(MemoryTree({"gate.nft": text}), ("",), audit.Request()))
    (told,) = [each.message for each in found if each.rule == "hygiene/world-open-admin"]
    assert "tcp/10250" in told
    assert "tcp/22" not in told
