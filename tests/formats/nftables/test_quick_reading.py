"""Plain rules are worked out from their words, once for each text: with every shortcut taken away, the same is read and said."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.nftables import FORMAT, forms, parse, simple
from auditor.formats.nftables.lalr import Tables
from auditor.formats.nftables.values import BITS, Refused, Unsettled, value
from auditor.model.filters import Assign, Call, Predicate, Rule, Settle
from auditor.model.graph import Graph

HEAD = """table {family} t {{
 set ports {{
  type inet_service
  elements = {{ 22, 80 }}
 }}
 chain to_drop {{
  drop
 }}
 chain c {{
  type filter hook {hook} priority {priority}; policy drop;
"""

FIELDS = {
    "tcp dport": ("22", "ssh", "1-1024", "{ 22, 80 }", "{\n 22, # one\n 80,\n }", "022", "22, 23", "@ports", "!= 22", "== 22", "{ 22 80 }"),
    "udp sport": ("53", "{ 53, 5353 }", "{ 53-60, }", "mark", "99999"),
    "ip saddr": ("10.0.0.0/8", "192.0.2.3/24", "{ 10.0.0.1, 10.0.0.2-10.0.0.9 }", "!= 10.0.0.1", "1.2.3.4 , 5.6.7.8", "a.example", "0/0"),
    "ip6 daddr": ("2001:db8::/32", "::1", "{ ::1, fe80::/10 }", "!= fe80::/10"),
    "iifname": (
        '"eth0"',
        "lan0",
        "lo",
        '"wan*"',
        '{ "eth0", "lo" }',
        '!= "a;b"',
        '"a#b{"',
        '"x", "y"',
        '"eth+"',
        "to_accept",
        '" comment "',
    ),
    "iif": ("lo", "wg0"),
    "oifname": ('"eth1"', "!= lo"),
    "ct state": ("new", "established,related", "{ new, untracked }", "invalid , new", "!= new", "foo"),
    "meta l4proto": ("tcp", "{ tcp, udp }", "6", "icmp"),
    "ip protocol": ("icmpv6", "tcp", "58"),
    "icmp type": ("echo-request", "{ 8, 13 }"),
    "icmpv6 type": ("nd-neighbor-solicit", "{ 133-136 }", "1"),
    "tcp flags": ("syn", "== syn", "syn,ack", "{ syn, ack }"),
    "th dport": ("53", "!= 53"),
    "meta mark": ("0", "0x1"),
    "pkttype": ("multicast",),
    "ip ttl": ("1",),
    "ip daddr": ("@to_accept", "$X"),
}
WORDS = (
    "accept", "drop", "return", "reject", "continue", "counter", "counter packets 1 bytes 2", "counter packets 7 bytes 0", "log",
    'log prefix "a; b {#"', "jump to_drop", "goto to_drop", "notrack", "limit rate 1/second", "meta mark set 1",
    "tcp dport vmap { 22 : accept }",
)  # fmt: skip
BLANK = st.sampled_from((" ", " ", " ", "  ", "\t", " \\\n "))
END = st.sampled_from(("\n", "\n", "\n", "; ", ";", ' # said; { "\n', "\r\n", " \n\n", ";\n", "  # { } accept\n", "\n\\\n"))


@st.composite
def match(draw: st.DrawFn) -> tuple[str, str]:
    """The field of a comparison with the blanks behind it, and its name."""
    field = draw(st.sampled_from(sorted(FIELDS)))
    return "".join(word + draw(BLANK) for word in field.split()), field


@st.composite
def rules(draw: st.DrawFn) -> str:
    """The rules of a chain, blanks and all. Some differ from the one before in their values alone."""
    text = ""
    for _ in range(draw(st.integers(1, 6))):
        parts: list[str | tuple[str, str]] = [draw(match()) for _ in range(draw(st.integers(0, 3)))]
        parts += [draw(st.sampled_from(WORDS)) for _ in range(draw(st.integers(0 if parts else 1, 2)))]
        if draw(st.integers(0, 4)) == 0:
            parts.insert(draw(st.integers(0, len(parts))), draw(st.sampled_from(WORDS)))
        if draw(st.integers(0, 3)) == 0:
            parts.append(draw(st.sampled_from(('comment "a, b; # c }"', 'comment  "x 1 "', 'comment "1"', "comment said"))))
        blanks = ["  ", *(draw(BLANK) for _ in parts[1:])]
        for _ in range(draw(st.integers(1, 3))):
            words = [part if isinstance(part, str) else part[0] + draw(st.sampled_from(FIELDS[part[1]])) for part in parts]
            text += "".join(blank + word for blank, word in zip(blanks, words, strict=True)) + draw(END)
    return text


def _asks(entry: str) -> Settle:
    def ask(predicate: Predicate) -> bool:
        return any(value == entry or (value.endswith("*") and entry.startswith(value[:-1])) for value in predicate.values)

    return ask


ASKS = tuple(map(_asks, ("eth0", "lo", "wan0", "other")))


def told(text: str) -> object:
    """What is said of a ruleset: each rule with its place, its packets behind some interfaces and what it does, and each remark."""
    graph: Graph = FORMAT.load(MemoryTree({"r.nft": text}), ["r.nft"], Options())
    return [(filter_.name, list(_rules(filter_.rules))) for filter_ in graph.filters], graph.notes


def _rules(rules_: tuple[Rule, ...]) -> Iterator[object]:
    for rule in rules_:
        matches = [(match.surely, match.maybe) for match in (rule.condition.settle(ask) for ask in ASKS)]
        action = rule.action
        does: object = (action.field, action.value) if isinstance(action, Assign) else action
        if isinstance(action, Call):
            does = (action.chain.name, action.goto, list(_rules(action.chain.rules)))
        yield rule.span, rule.text, rule.name, does, matches


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    rules(),
    st.sampled_from(("inet", "ip", "ip6")),
    st.sampled_from((("input", "0"), ("input", "0"), ("prerouting", "-300"), ("output", "0"), ("forward", "10"))),
)
def test_plain_rules_are_read_quickly_as_they_are_read_carefully(careful: Tables, body: str, family: str, place: tuple[str, str]) -> None:
    text = HEAD.format(family=family, hook=place[0], priority=place[1]) + body + "\n }\n}\n"
    quickly = [told(text), told(text)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parse, "parser", lambda: careful)
        patched.setattr(simple.SimpleRules, "of", lambda *_: None)
        carefully = told(text)
    assert quickly[0] == carefully
    assert quickly[1] == carefully


WORD = st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){2,4}(/[0-9]{0,2})?|[0-9]{0,6}(-[0-9]{1,5})?|[0-9a-f:./x-]{0,9}", fullmatch=True)


@given(st.sampled_from(("ipv4_addr", "ipv6_addr", "inet_service")), WORD)
def test_a_value_is_found_quickly_if_there_is_nothing_to_say_about_it(kind: str, word: str) -> None:
    try:
        low, high, remark = value(kind, word)
    except (Refused, Unsettled):
        low, high, remark = 0, 0, "no value"
    whole = (low, high) == (0, (1 << BITS[kind]) - 1)
    assert forms.span_of(kind, word) == (None if remark or whole else (low, high))
