"""Every remark has a page, a ruleset that draws it and one that does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.files import DirectoryTree, MemoryTree
from auditor.formats.base import Options
from auditor.formats.nftables import FORMAT
from auditor.formats.nftables.lints import LINTS
from auditor.model.source import Note

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "nftables"
SOURCES = Path(__file__).resolve().parents[3] / "auditor" / "formats" / "nftables"
BY_TRAP = {lint.trap: lint for lint in LINTS}


def notes(trap: str, name: str) -> tuple[Note, ...]:
    return FORMAT.load(DirectoryTree(FIXTURES / trap), [name], Options()).notes


@pytest.mark.parametrize("trap", sorted(BY_TRAP))
def test_a_lint_speaks_where_it_should(trap: str) -> None:
    found = [note for note in notes(trap, "fail.nft") if note.trap == trap]
    assert found, f"{[(note.trap, note.message) for note in notes(trap, 'fail.nft')]}"
    assert {note.level for note in found} <= {BY_TRAP[trap].level}


@pytest.mark.parametrize("trap", sorted(BY_TRAP))
def test_a_lint_is_silent_where_nothing_is_wrong(trap: str) -> None:
    assert trap not in {note.trap for note in notes(trap, "pass.nft")}


@pytest.mark.parametrize("trap", sorted(BY_TRAP))
def test_a_ruleset_that_passes_one_lint_draws_no_error(trap: str) -> None:
    assert not [note for note in notes(trap, "pass.nft") if note.level.value == "error"]


def test_every_trap_in_the_code_has_a_page() -> None:
    texts = "".join(path.read_text() for path in SOURCES.glob("*.py") if path.name != "lints.py")
    used = set(re.findall(r'note\(\s*"([a-z0-9-]+)"|Note\(\s*"([a-z0-9-]+)"', texts))
    named = {first or second for first, second in used} | set(re.findall(r', "(accept-[a-z-]+)", Level', texts))
    assert named - {"unparsable"} == set(BY_TRAP)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ('iifname "wg0" tcp dport vmap { 22 : accept, 80 : jump c }', False),
        ('iifname "wg0" ip saddr vmap { 10.0.0.0/8 : drop } counter', False),
        ("tcp dport 22 tcp dport 23 tcp sport vmap { 22 : accept }", True),
    ],
)
def test_what_a_verdict_map_ends_could_match_all_the_same(rule: str, said: bool) -> None:
    text = (
        f"flush ruleset\ntable inet t {{\n chain c {{\n  return\n }}\n chain i {{\n  type filter hook input priority 0\n  {rule}\n }}\n}}\n"
    )
    found = FORMAT.load(MemoryTree({"r.nft": text}), ["r.nft"], Options()).notes
    assert ("impossible-match" in {note.trap for note in found}) is said


BASE = "flush ruleset\ntable inet t {{\n chain i {{\n  type filter hook input priority 0; policy drop;\n{rules} }}\n}}\n{more}"
HOOK = "  type filter hook input priority 9; policy accept;\n"
BAN = "table inet b {\n chain c {\n  type filter hook input priority -1; policy accept;\n  ip saddr 192.0.2.66 tcp dport 22 reject\n }\n}\n"


def traps(*rules: str, more: str = "") -> set[str]:
    text = BASE.format(rules="".join(f"  {rule}\n" for rule in rules), more=more)
    return {note.trap for note in FORMAT.load(MemoryTree({"r.nft": text}), ["r.nft"], Options()).notes}


def test_a_limited_answer_before_a_drop_is_no_inverted_limit() -> None:
    assert "limit-inverted" not in traps("tcp dport 22 accept", "meta pkttype host limit rate 5/second counter reject")
    assert "limit-inverted" in traps("tcp dport 22 limit rate 5/second drop", "tcp dport 22 accept")


@pytest.mark.parametrize(("rest", "said"), [("counter drop", False), ("return", True), ("tcp dport 22 accept", True)])
def test_what_a_chain_does_behind_a_limit_is_the_fate_of_the_rest(rest: str, said: bool) -> None:
    more = "table inet o {{\n chain l {{\n  tcp dport 22 limit rate 5/second drop\n  {}\n }}\n{} chain i {{\n{}  jump l\n }}\n}}\n"
    assert ("limit-inverted" in traps(more=more.format(rest, "", HOOK))) is said
    called = more.format(rest, " chain d {\n  jump l\n }\n", HOOK).replace("  jump l\n }\n}", '  iifname "wan0" jump d\n }\n}')
    assert ("limit-inverted" in traps(more=called)) is said


def test_a_mark_that_the_other_chain_lets_through_makes_an_accept_final() -> None:
    second = "table inet s {{\n chain c {{\n  type filter hook input priority -1; policy accept;\n  tcp dport 22 {} accept\n }}\n}}\n"
    assert "accept-not-final" in traps("meta mark 7 accept", more=second.format("counter"))
    assert "accept-not-final" not in traps("meta mark 7 accept", more=second.format("meta mark set 7"))


@pytest.mark.parametrize(("family", "said"), [("netdev", False), ("inet", True)])
def test_a_device_sees_more_than_ip(family: str, said: bool) -> None:
    hook = "ingress device lo" if family == "netdev" else "input"
    text = f"table {family} n {{\n chain c {{\n  type filter hook {hook} priority 0\n  meta protocol 0x88e5 accept\n }}\n}}\n"
    assert ("impossible-match" in traps(more=text)) is said


def test_what_the_kernel_drops_too_may_be_dropped_before() -> None:
    assert "impossible-match" not in traps("icmpv6 type nd-router-advert ip6 hoplimit != 255 counter drop")


def test_an_object_is_used_where_a_rule_or_a_map_names_it() -> None:
    objects = "table inet o {\n counter c { }\n quota q {\n  over 5 mbytes\n }\n counter spare { }\n"
    users = " map m {\n  type ipv4_addr : quota\n  elements = { 10.0.0.1 : q }\n }\n"
    rules = f" chain i {{\n{HOOK}  tcp dport 22 counter name\tc accept\n  quota name ip saddr map @m drop\n }}\n}}\n"
    found = FORMAT.load(MemoryTree({"r.nft": objects + users + rules}), ["r.nft"], Options()).notes
    assert [note.message for note in found if note.trap == "unused-definition"] == ["nothing uses the counter `spare`"]


@pytest.mark.parametrize(
    ("match", "said"),
    [
        ("", True),
        ("ip daddr != 10.9.0.0/16", True),
        ("ip protocol tcp", True),
        ("ip daddr 10.9.0.0/16", False),
        ("meta nfproto ipv4", False),
        ("ip daddr . tcp dport { 10.9.0.1 . 22 }", False),
    ],
)
def test_a_rule_that_says_its_family_leaves_none_out(match: str, said: bool) -> None:
    assert ("negation-one-family" in traps(f"{match} ip saddr != 10.0.0.0/8 drop", "accept")) is said


def test_a_list_of_the_banned_before_the_firewall_is_no_trap() -> None:
    assert not traps("tcp dport 22 accept", more=BAN) & {"accept-too-late", "accept-not-final", "default-accept"}


def test_a_chain_of_the_other_family_takes_no_accept_back() -> None:
    chain = "{{\n chain i {{\n  type filter hook input priority 0; policy drop;\n  {}\n }}\n}}\n"
    text = f"flush ruleset\ntable ip6 t {chain.format('udp dport 546 accept')}table ip t {chain.format('tcp dport 22 accept')}"
    found = {note.trap for note in FORMAT.load(MemoryTree({"r.nft": text}), ["r.nft"], Options()).notes}
    assert not found & {"accept-not-final", "accept-too-late"}


def test_a_table_that_is_destroyed_first_can_be_loaded_again() -> None:
    text = BASE.format(rules="  accept\n", more="").replace("flush ruleset", "destroy table inet t")
    assert "not-idempotent" not in {note.trap for note in FORMAT.load(MemoryTree({"r.nft": text}), ["r.nft"], Options()).notes}


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("ip6 hoplimit 1 icmpv6 type nd-neighbor-solicit accept", ": the kernel takes neighbour discovery with a hop limit of 255 alone"),
        ("icmpv6 type 133-136 ip6 hoplimit < 255 accept", ": the kernel takes neighbour discovery with a hop limit of 255 alone"),
        ("tcp dport 22 tcp dport 23 ip6 hoplimit 1 accept", ""),
        ("tcp dport 22 tcp dport 23 accept", ""),
    ],
)
def test_why_no_packet_meets_a_rule_is_told_where_its_words_do_not_show_it(rule: str, why: str) -> None:
    notes = FORMAT.load(MemoryTree({"r.nft": BASE.format(rules=f"  {rule}\n", more="")}), ["r.nft"], Options()).notes
    assert [note.message for note in notes if note.trap == "impossible-match"] == [f"no packet can meet all of `{rule}`{why}"]
