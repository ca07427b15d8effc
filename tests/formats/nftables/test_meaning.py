"""What rules let through: each fact on a ruleset of a few lines, asked through the graph as everybody else asks it."""

from __future__ import annotations

import pytest

from auditor.analysis.bounds import Bounds, bounds
from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.nftables import FORMAT, claims
from auditor.model.filters import Fact, Predicate, Side, Verdict
from auditor.model.graph import Endpoint, Graph, Place
from auditor.model.headers import IPV4, NEW_FLOW, REPLY, TcpFlag, address_interval, icmp, ports, protocol_set
from auditor.model.packets import EVERYTHING, Field, PacketSet, State, box_set, field_set

INPUT = "table {family} t {{\n chain input {{\n  type filter hook input priority 0; policy {policy};\n{rules} }}\n{more}}}\n"


CHAIN = "table inet other {{\n chain c {{\n  type filter hook {hook} priority {priority}; policy accept;\n  {rule}\n }}\n}}\n"


def graph(text: str, name: str = "r.nft") -> Graph:
    return FORMAT.load(MemoryTree({name: text}), [name], Options())


def ruleset(*rules: str, family: str = "inet", policy: str = "drop", more: str = "") -> str:
    return INPUT.format(family=family, policy=policy, rules="".join(f"  {rule}\n" for rule in rules), more=more)


def let(text: str, place: Place = Place.INBOUND, entry: str = "", exit_: str = "", question: PacketSet = EVERYTHING) -> Bounds:
    """What all hooks of a place let through, for packets by these interfaces (none: not known)."""

    def ask(predicate: Predicate) -> bool | None:
        name = entry if predicate.side is Side.SOURCE else exit_
        if predicate.fact is Fact.ITSELF:
            return name == "lo"
        return (
            None if not name else any(name == value or (value.endswith("*") and name.startswith(value[:-1])) for value in predicate.values)
        )

    found = Bounds(question, question)
    for hook in graph(text).hooks:
        if hook.place is place:
            found &= bounds(hook.filter, ask, found.maybe)
    return found


def passes(text: str, **asked: object) -> PacketSet:
    """The new flows that surely get through, where nothing else may."""
    found = let(text, question=NEW_FLOW, **asked)  # type: ignore[arg-type]
    assert found.surely is found.maybe
    return found.surely


def tcp(port: int, last: int | None = None) -> PacketSet:
    return NEW_FLOW & ports(6, [(port, last or port)])


def source(text: str) -> PacketSet:
    return field_set(Field.SOURCE, [address_interval(text)])


V4, V6 = source("0.0.0.0/0"), source("::/0")


def test_a_chain_without_a_policy_accepts() -> None:
    assert passes("table ip t {\n chain c {\n  type filter hook input priority 0;\n  tcp dport 22 drop\n }\n}\n") is NEW_FLOW - (
        tcp(22) & V4
    )


def test_a_table_without_a_family_leaves_ipv6_alone() -> None:
    assert passes(ruleset("tcp dport 22 accept", family="ip")) is NEW_FLOW & V6 | tcp(22) & V4


def test_accept_ends_one_chain_and_drop_the_packet() -> None:
    second = ruleset("tcp dport 443 accept").replace("priority 0", "priority 10").replace(" t ", " second ")
    assert passes(ruleset("tcp dport { 22, 443 } accept", policy="accept") + second) is tcp(443)


def test_a_negated_address_is_about_its_family() -> None:
    assert passes(ruleset("ip saddr != 10.0.0.0/8 accept")) is NEW_FLOW & V4 - source("10.0.0.0/8")


def test_a_negated_port_is_about_its_protocol() -> None:
    assert passes(ruleset("tcp dport != 22 accept")) is NEW_FLOW & protocol_set(6) - ports(6, [(22, 22)])


def test_jump_comes_back_and_goto_does_not() -> None:
    chains = " chain web {\n  tcp dport 80 accept\n }\n"
    assert passes(ruleset("jump web", "tcp dport 22 accept", more=chains)) is tcp(80) | tcp(22)
    assert passes(ruleset("goto web", "tcp dport 22 accept", more=chains)) is tcp(80)


def test_return_in_a_base_chain_is_the_policy() -> None:
    assert passes(ruleset("tcp dport 22 return", "tcp dport 22-23 accept")) is tcp(23)


def test_a_verdict_map_without_a_hit_ends_the_rule() -> None:
    assert passes(ruleset("tcp dport vmap { 23 : drop, 22 : continue } accept", "tcp dport 80 accept")) is tcp(22) | tcp(80)


def test_the_rest_of_a_verdict_map_needs_its_field() -> None:
    assert passes(ruleset("tcp dport vmap { 22 : accept, * : drop }", "accept")) is NEW_FLOW - protocol_set(6) | tcp(22)


@pytest.mark.parametrize("rest", ["", " accept", " return"])
def test_what_comes_back_changed_from_a_verdict_map_is_not_looked_up_again(rest: str) -> None:
    chains = " chain mark {\n  tcp dport 22 meta mark set 2\n }\n chain take {\n  accept\n }\n"
    entries = "0 : jump mark, 2 : jump take, 3 : continue" if not rest else "0 : jump mark, 2 : continue"
    assert not passes(ruleset(f"meta mark vmap {{ {entries} }}{rest}", more=chains))
    assert passes(ruleset(f"meta mark vmap {{ {entries} }}{rest}", "meta mark 2 accept", more=chains)) is tcp(22)


def test_a_port_with_a_leading_zero_is_octal() -> None:
    assert passes(ruleset("tcp dport 022 accept")) is tcp(18)


def test_flags_without_a_comparison_are_any_of_them() -> None:
    text = ruleset("tcp flags syn accept", "tcp flags == fin accept")
    flags = let(text).surely.values(Field.TCP_FLAGS)
    assert all(low & TcpFlag.SYN for low, _ in flags if low != TcpFlag.FIN)


def test_neighbour_discovery_is_untracked() -> None:
    solicit = NEW_FLOW & icmp(58, 135) & V6
    assert passes(ruleset("ct state new icmpv6 type nd-neighbor-solicit accept")) & solicit is not solicit
    assert passes(ruleset("ct state untracked icmpv6 type nd-neighbor-solicit accept")) is solicit
    assert passes(ruleset("ct state untracked icmpv6 type 152 accept")) is NEW_FLOW & icmp(58, 152) & V6
    assert passes(ruleset("ct state new icmpv6 type { 139, 140 } accept")) is NEW_FLOW & icmp(58, 139) & V6


def test_an_established_reply_needs_a_rule() -> None:
    https = REPLY & ports(6, [(50000, 50000)], [(443, 443)])
    assert not let(ruleset("tcp dport 22 accept"), question=https).maybe
    assert let(ruleset("ct state established accept"), question=https).surely is https


def test_before_conntrack_every_packet_is_invalid() -> None:
    raw = CHAIN.format(hook="prerouting", priority="raw", rule="ct state invalid tcp dport 22 drop")
    assert passes(raw + ruleset("tcp dport 22-23 accept")) is tcp(23)


def test_notrack_in_raw_is_seen_in_input() -> None:
    raw = CHAIN.format(hook="prerouting", priority="raw", rule="udp dport 53 notrack")
    assert passes(raw + ruleset("ct state untracked udp dport 53-54 accept")) is NEW_FLOW & ports(17, [(53, 53)])


def test_notrack_behind_conntrack_takes_invalid_packets_alone() -> None:
    late = CHAIN.format(hook="prerouting", priority="mangle", rule="notrack")
    either = passes(ruleset("ct state { invalid, untracked } accept"))
    assert passes(late + ruleset("ct state untracked accept")) is either
    assert not passes(late + ruleset("ct state invalid accept"))
    assert passes(late + ruleset("ct state new accept")) is NEW_FLOW - either


def test_answers_to_what_was_kept_from_conntrack_are_never_established() -> None:
    https = REPLY & ports(6, [(50000, 50000)], [(443, 443)])
    raw = CHAIN.format(hook="output", priority="raw", rule="PORT notrack")
    replies = ruleset("ct state established accept")
    assert https <= let(replies, question=https).surely
    assert https <= let(raw.replace("PORT", "udp dport 443") + replies, question=https).surely
    assert not let(raw.replace("PORT", "tcp dport 443") + replies, question=https).maybe
    assert https <= let(raw.replace("PORT", "tcp dport 443") + ruleset("ct state != established accept"), question=https).surely


def test_the_status_of_answers_is_in_doubt() -> None:
    for test in ("seen-reply", "!= seen-reply", "assured"):
        found = let(ruleset(f"ct status {test} accept"), question=REPLY)
        assert not found.surely
        assert found.maybe is REPLY


def test_a_limit_is_in_doubt_unless_the_rest_fares_alike() -> None:
    found = let(ruleset("tcp dport 22 limit rate 3/minute accept"), question=NEW_FLOW)
    assert not found.surely
    assert found.maybe is tcp(22)
    assert passes(ruleset("tcp dport 22 limit rate 3/minute accept", "tcp dport 22 accept")) is tcp(22)


def test_the_keys_of_a_map_are_a_set() -> None:
    more = " map m {\n  type inet_service : verdict\n  elements = { 22 : drop, 80 : accept }\n }\n"
    assert passes(ruleset("tcp dport @m accept", more=more)) is tcp(22) | tcp(80)


def test_a_set_that_traffic_fills_is_in_doubt() -> None:
    more = " set seen {\n  type ipv4_addr\n  flags dynamic\n  elements = { 192.0.2.1 }\n }\n"
    found = let(ruleset("ip saddr @seen accept", more=more), question=NEW_FLOW)
    assert found.surely is NEW_FLOW & source("192.0.2.1")
    assert found.maybe is NEW_FLOW & V4


def test_a_key_that_a_rule_puts_into_a_set_may_hold_values_of_its_own() -> None:
    declared = " set knocked {\n  type ipv4_addr . inet_service\n  flags dynamic,timeout\n  size 99\n }\n"
    assert passes(ruleset("tcp dport 22 add @knocked { ip saddr . 10002 timeout 1s } accept", more=declared)) is tcp(22) & V4
    object_ = " ct expectation x {\n  protocol udp\n  dport 9876\n  timeout 1m\n  size 12\n  l3proto ip\n }\n"
    assert passes(ruleset('ct expectation set "x" accept', more=object_)) is NEW_FLOW


def test_a_mark_travels_from_hook_to_hook() -> None:
    mark = CHAIN.format(hook="prerouting", priority="mangle", rule="tcp dport 80-89 meta mark set meta mark | 1")
    assert passes(mark + ruleset("meta mark & 1 == 1 accept")) is tcp(80, 89)


def test_a_mark_is_set_even_if_the_rule_does_not_match_to_its_end() -> None:
    assert passes(ruleset("tcp dport 22 meta mark set 7 ip saddr 10.0.0.1 drop", "meta mark 7 accept")) is tcp(22) - source("10.0.0.1")


@pytest.mark.parametrize(
    "rule",
    [
        'counter name tcp dport map { 22 : "ssh", 80 : "web" } accept',
        "meta priority set tcp dport map { 22 : 1:1, 80 : 1:2 } accept",
        "ct zone set tcp dport map { 22 : 1, 80 : 2 } accept",
        "tcp sport set tcp dport map { 22 : 1, 80 : 2 } accept",
        "ct mark set tcp dport map { 22 : 1, 80 : 2 } accept",
    ],
)
def test_a_map_without_a_hit_ends_the_rule(rule: str) -> None:
    assert passes(ruleset(rule, more=" counter ssh {\n }\n counter web {\n }\n")) is tcp(22) | tcp(80)


def test_what_is_computed_from_the_mark_of_a_flow_needs_a_flow() -> None:
    tracked = passes(ruleset("ct mark 0 accept"))
    assert tracked is not NEW_FLOW
    assert passes(ruleset("ct mark set ct mark | 2 accept")) is passes(ruleset("meta mark set ct mark accept")) is tracked
    assert passes(ruleset("ct mark set 2 ct label set 1 ct event set new accept")) is NEW_FLOW


def test_a_reject_that_cannot_answer_falls_through() -> None:
    assert passes(ruleset("th dport 53 reject with tcp reset", "udp dport 53 accept", "tcp dport 53 accept")) is NEW_FLOW & ports(
        17, [(53, 53)]
    )


NAT = """table ip nat {
 chain pre {
  type nat hook prerouting priority dstnat; policy accept;
  iifname "wan0" tcp dport 8080 dnat to 10.0.0.80:80
 }
}
"""
FORWARD = "table inet f {{\n chain forward {{\n  type filter hook forward priority 0; policy drop;\n  {rule}\n }}\n}}\n"


def test_the_filter_sees_the_translated_destination() -> None:
    text = NAT + FORWARD.format(rule="ip daddr 10.0.0.80 tcp dport 80 accept")
    target = NEW_FLOW & V4 & box_set({Field.DESTINATION: [address_interval("10.0.0.80")]})
    found = passes(text, place=Place.TRANSIT, entry="wan0", exit_="lan0")
    assert found & target is target & ports(6, [(80, 80), (8080, 8080)])
    assert found & NEW_FLOW & source("192.0.2.1") - target is tcp(8080) & source("192.0.2.1") & V4 - target


def test_translations_come_at_one_place_whatever_the_priorities_of_nat_chains() -> None:
    nat = "table inet n {\n chain pre {\n  type nat hook prerouting priority 50; policy accept;\n  tcp dport 80 redirect to :8080\n }\n}\n"
    assert not tcp(80) & passes(nat + CHAIN.format(hook="prerouting", priority="-5", rule="tcp dport 8080 drop"))
    assert tcp(80) <= passes(nat + CHAIN.format(hook="prerouting", priority="-5", rule="tcp dport 80 drop"))
    assert not tcp(80) & passes(nat + CHAIN.format(hook="prerouting", priority="-110", rule="tcp dport 80 drop"))


def test_a_port_forward_is_a_way_in_to_its_target() -> None:
    text = NAT + FORWARD.format(rule="ct status dnat accept")
    target = tcp(80) & V4 & box_set({Field.DESTINATION: [address_interval("10.0.0.80")]})
    assert target <= passes(text, place=Place.TRANSIT, entry="wan0", exit_="lan0")
    assert not target & passes(text, place=Place.TRANSIT, entry="lan0", exit_="wan0")
    by_maps = "dnat to tcp dport map { 8080 : 10.0.0.80 } : tcp dport map { 8080 : 80 }"
    found = let(text.replace("tcp dport 8080 dnat to 10.0.0.80:80", by_maps), Place.TRANSIT, "wan0", "lan0", question=NEW_FLOW)
    assert target <= found.maybe


def test_a_nat_chain_is_no_filter_for_packets_that_open_no_flow() -> None:
    nat = "table ip nat {\n chain c {\n  type nat hook prerouting priority dstnat; policy drop;\n  tcp dport 1 redirect\n }\n}\n"
    invalid = box_set({Field.STATE: [(State.NEW, State.NEW)], Field.TCP_FLAGS: [(TcpFlag.RST, TcpFlag.RST)]}) & protocol_set(6) & V4
    assert let(nat, question=invalid).surely is invalid


def test_a_rule_that_could_not_be_read_may_do_anything() -> None:
    found = let(ruleset("tcp dport 22 accept", "tcp dport foo bar", "tcp dport 80 accept"), question=NEW_FLOW)
    assert found.surely is tcp(22)
    assert found.maybe is NEW_FLOW


def test_a_missing_include_may_hold_chains_that_drop() -> None:
    found = let('include "gone.nft"\n' + ruleset("tcp dport 22 accept"), question=NEW_FLOW)
    assert not found.surely
    assert found.maybe is tcp(22)


def test_a_dormant_table_filters_nothing() -> None:
    assert not graph("table inet t {\n flags dormant\n chain c {\n  type filter hook input priority 0; policy drop;\n }\n}\n").hooks


def test_bridge_and_arp_tables_never_see_a_flow() -> None:
    assert not graph(ruleset("drop", family="bridge")).hooks


def test_the_host_and_its_interfaces_are_zones() -> None:
    found = graph(ruleset('iifname { "lan0", "wan0" } tcp dport 22 accept'))
    assert [zone.id for zone in found.zones] == ["nftables:r.nft", "nftables:r.nft:lan0", "nftables:r.nft:wan0"]
    assert found.zones[0].aliases == ("nftables",)
    assert found.devices[0].host == "nftables:r.nft"


OUTPUT_NAT = "table ip n {\n chain o {\n  type nat hook output priority -100;\n  tcp dport 80 dnat to 10.9.9.9\n }\n}\n"


@pytest.mark.parametrize(
    ("test", "sure", "may"),
    [
        ("dnat", True, True),
        ("& dnat == dnat", True, True),
        ("== dnat", False, True),
        ("{ dnat, snat }", False, True),
        ("! dnat", False, False),
    ],
)
def test_the_status_of_a_translated_flow_has_bits_without_a_name(test: str, sure: bool, may: bool) -> None:
    text = ruleset(f"ct status {test} accept").replace("hook input", "hook output") + OUTPUT_NAT
    syn = field_set(Field.SOURCE, [IPV4]) & field_set(Field.TCP_FLAGS, [(2, 2)]) & field_set(Field.TRANSLATED, [(0, 0)])
    syn &= field_set(Field.DESTINATION, [address_interval("192.0.2.1")])
    found = let(text, Place.OUTBOUND, question=NEW_FLOW & ports(6, [(80, 80)]) & syn)
    assert (bool(found.surely), bool(found.maybe)) == (sure, may)


OPEN = "table inet f {{\n chain c {{\n  type {type} hook {hook} priority {priority}; policy accept;\n  {rule}\n }}\n}}\n"


@pytest.mark.parametrize("priority", ["filter", "filter - 10", "10"])
def test_an_input_chain_that_accepts_everything_is_an_open_firewall(priority: str) -> None:
    (hook,) = graph(OPEN.format(type="filter", hook="input", priority=priority, rule="")).hooks
    assert (hook.place, hook.filter.default) == (Place.INBOUND, Verdict.PERMIT)
    assert not Graph(hooks=(hook,)).guards(Endpoint("host", zones=frozenset({hook.zone or ""})))


@pytest.mark.parametrize(
    ("type_", "hook", "priority"),
    [("filter", "input", "mangle"), ("filter", "prerouting", "raw"), ("nat", "input", "100"), ("route", "output", "mangle"),
     ("filter", "output", "filter"), ("filter", "forward", "filter")],
)  # fmt: skip
def test_a_chain_that_is_not_there_to_filter_what_comes_in_is_none(type_: str, hook: str, priority: str) -> None:
    assert not graph(OPEN.format(type=type_, hook=hook, priority=priority, rule="")).hooks


def test_a_router_that_forwards_everything_is_an_open_firewall() -> None:
    forward = OPEN.format(type="filter", hook="forward", priority="filter", rule='iifname "lan" accept')
    assert [hook.place for hook in graph(forward).hooks] == [Place.TRANSIT]
    nat = "table ip n {\n chain c {\n  type nat hook postrouting priority srcnat;\n  masquerade\n }\n}\n"
    assert [hook.place for hook in graph(OPEN.format(type="filter", hook="forward", priority="filter", rule="") + nat).hooks] == [
        Place.TRANSIT
    ]


@pytest.mark.parametrize(
    ("rule", "hooks"), [("tcp dport 80 dnat to 10.0.0.9", 0), ("tcp dport 80 drop", 1), ("tcp dport vmap { 80 : drop }", 1)]
)
def test_a_translation_alone_is_no_filter_and_a_drop_among_translations_is(rule: str, hooks: int) -> None:
    text = f"table ip n {{\n chain c {{\n  type nat hook prerouting priority -100;\n  ct state new continue\n  {rule}\n }}\n}}\n"
    assert sum(hook.place is Place.INBOUND for hook in graph(text).hooks) == hooks


@pytest.mark.parametrize(
    ("family", "second", "four"),
    [("inet", "dnat ip6 to 2001:db8::7", False), ("inet", "dnat ip to 10.0.0.7", True), ("inet", "dnat to [2001:db8::7]:80", False),
     ("inet", "ct state new accept", True), ("ip", "dnat to 10.0.0.7", True)],
)  # fmt: skip
def test_a_nat_chain_sees_the_families_whose_connections_are_tracked(family: str, second: str, four: bool) -> None:
    text = (
        f"table {family} n {{\n chain c {{\n  type nat hook output priority -100;\n  tcp dport 80 drop\n  tcp dport 81 {second}\n }}\n}}\n"
    )
    syn = tcp(80) & field_set(Field.SOURCE, [IPV4]) & field_set(Field.TCP_FLAGS, [(2, 2)])
    assert bool(let(text, Place.OUTBOUND, question=syn).maybe) is not four


def test_a_chain_that_accepts_is_no_hook_beside_one_that_denies() -> None:
    assert len(graph(ruleset("tcp dport 22 accept") + OPEN.format(type="filter", hook="input", priority="-5", rule="")).hooks) == 1


def test_policy_verdicts_point_at_the_policy() -> None:
    hook = graph(ruleset("tcp dport 22 accept")).hooks[0]
    assert str(hook.filter.default_span) == "r.nft:3:38"


@pytest.mark.parametrize(
    ("path", "head"),
    [
        ("etc/nftables.conf", b""),
        ("fw/rules.nft", b""),
        ("firewall", b"#!/usr/sbin/nft -f\n"),
        ("my.conf", b"table inet filter {\n"),
        ("etc/nftables.d/10-web.conf", b""),
        ("ruleset.json", b'{"nftables": [{"metainfo": {}}]}'),
        ("templates/nftables.conf.j2", b"{{ x }}"),
        ("README", b"# The firewall.\n\ntable inet filter {\n"),
        ("README.nft", b"The rules:\n"),
        ("etc/nftables.d/README.conf", b""),
        ("noteservice", b"Table inet filter {\n}\ntable inet t {\n"),
        ("fw.conf", b"# Read me:\n# ```\n{% if x %}\ntable inet filter {\n"),
        ("office", b"WAN = eth0\ntable inet filter {\n"),
        ("fw.rules", b"\n" * 3000 + b"# x\n" * 30 + b"table inet filter {\n"),
    ],
)
def test_rulesets_are_recognised(path: str, head: bytes) -> None:
    assert claims(path, head)


@pytest.mark.parametrize(
    ("path", "head"),
    [
        ("flake.nix", b"table inet filter {\n"),
        ("a.yaml", b"table ip x {"),
        ("x.json", b"{}"),
        ("app.conf", b"a = 1\n"),
        ("fw", b"#!/bin/sh\nnft -f - <<E\ntable inet t {\n"),
        ("README", b"Firewall\n========\n\n    table inet filter {\n"),
        ("docs/README.rules", b"the rules of this host\n\n    table inet filter {\n"),
        ("firewall", b"# Firewall\n\nAdd this:\n\n    table inet filter {\n"),
        ("firewall.conf", b"# Firewall\n\n```nft\ntable inet filter {\n"),
        ("docs/firewall", b".. code::\n\n    table inet filter {\n"),
        ("page", b"<html><pre>\ntable inet filter {\n"),
    ],
)
def test_other_files_are_not(path: str, head: bytes) -> None:
    assert not claims(path, head)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("tcp dport { # SSH\n  22, # SMTP\n  25\n} accept", "tcp dport { 22, 25 } accept"),
        ("tcp dport 22 \\\n  accept", "tcp dport 22 accept"),
        ('tcp dport { 22, # no "more\n 25 } accept comment "the #1  rule"', 'tcp dport { 22, 25 } accept comment "the #1  rule"'),
        ("tcp  dport 22 accept", "tcp  dport 22 accept"),
    ],
)
def test_a_rule_is_told_on_one_line_without_comments(written: str, told: str) -> None:
    text = f"table inet t {{\n chain c {{\n  type filter hook input priority 0;\n  {written}\n }}\n}}\n"
    (filter_,) = FORMAT.load(MemoryTree({"a.nft": text}), ["a.nft"], Options()).filters
    assert [rule.text for rule in filter_.rules] == [told]
