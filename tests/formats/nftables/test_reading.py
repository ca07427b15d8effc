"""Text to syntax to what is in force: the language as people write it, and commands in order."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from lark import Lark

from auditor.files import MemoryTree
from auditor.formats.nftables import include, parse, plain, tables
from auditor.formats.nftables.build import Builder
from auditor.formats.nftables.lalr import Tables, Token
from auditor.formats.nftables.ruleset import Ruleset
from auditor.formats.nftables.syntax import Atom, Concat, Element, Match, Pair, PlainSet, RuleLine, TableBlock, Verdict
from auditor.formats.nftables.text import Text

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "nftables"


def built(files: str | dict[str, str]) -> Ruleset:
    tree = {"r.nft": files} if isinstance(files, str) else files
    builder = Builder(MemoryTree(dict(tree)), "r.nft")
    builder.read(parse.parse(Text("r.nft", tree["r.nft"])))
    return builder.ruleset


def input_rules(files: str | dict[str, str]) -> list[str]:
    chain = next(iter(built(files).tables.values())).chains["input"]
    return [entry.line.at.words for entry in chain.entries]


def _elements(value: PlainSet) -> list[Element]:
    return [element for element in parse.elements(value) if isinstance(element, Element)]


def line(text: str) -> RuleLine:
    (found,) = parse.parse(Text("r.nft", text), "chain_items").items
    assert isinstance(found, RuleLine)
    return found


def test_the_shipped_tables_are_those_of_the_grammar() -> None:
    shipped = resources.files("auditor.formats.nftables").joinpath("tables.json").read_text("utf-8")
    assert shipped == tables.dumped(), "run python -m auditor.formats.nftables.tables"


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*/pass.nft")), ids=lambda path: path.parent.name)
def test_the_tables_are_read_as_lark_reads_them(path: Path, lark: Lark) -> None:
    text = path.read_text() + "\n"
    assert _shape(parse.parser().parse(text, "file")) == _shape(lark.parse(text, start="file"))


@pytest.fixture(scope="module")
def lark() -> Lark:
    return Lark(tables.grammar(), parser="lalr", start=list(tables.STARTS), maybe_placeholders=False)


def _shape(node: Any) -> object:
    """A tree of either kind as tuples."""
    if hasattr(node, "children"):
        return str(node.data), tuple(map(_shape, node.children))
    return node.type, str(node), node.start_pos, node.end_pos


def test_a_rule_ends_with_its_line() -> None:
    found = parse.parse(Text("r.nft", "tcp dport 22\naccept\n"), "chain_items").items
    assert [item.at.words for item in found] == ["tcp dport 22", "accept"]


def test_a_backslash_joins_lines() -> None:
    assert len(line("tcp dport 22 \\\n accept").statements) == 2


@pytest.mark.parametrize(
    "text",
    [
        "tcp dport 22 accept",
        "ip saddr 10.0.0.0/8 tcp dport { 22, 80-90 } counter accept",
        'iifname "eth0" ct state established,related accept comment "a, b # c"',
        "ip6 saddr fe80::/10 udp dport != 546 drop",
        "tcp dport == 22 jump web",
        'counter packets 3 bytes 4 log prefix "x: " drop',
        "meta l4proto { tcp, udp } th dport 53 accept # said",
        "reject",
        "tcp flags syn,ack drop",
        "ct mark 0x10 goto web",
    ],
)
def test_a_plain_rule_is_read_as_the_grammar_reads_it(text: str, careful: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    quickly = line(text)
    assert isinstance(parse.parser().parse(text + "\n", "chain_items").children[0], Token)
    monkeypatch.setattr(parse, "parser", lambda: careful)
    assert _places_apart(line(text)) == _places_apart(quickly)


def _places_apart(rule: RuleLine) -> str:
    """The nodes with their offsets, whatever text object they are of."""
    return re.sub(r"text=<[^>]*>", "", repr((rule.statements, rule.comment, rule.at, rule.variables)))


def test_a_large_set_is_one_token_and_small_elements_are_read_by_hand() -> None:
    statement = line("ip saddr { " + ", ".join(f"10.0.{n // 256}.{n % 256}" for n in range(1000)) + " } accept").statements[0]
    assert isinstance(statement, Match)
    assert isinstance(statement.value, PlainSet)
    assert len(plain.words(statement.value) or ()) == 1000


def test_an_element_may_have_comments_attributes_and_newlines() -> None:
    statement = line('tcp dport {\n 22 timeout 1h comment "a, b", # why\n 80 - 90\n, $X . 5, } accept').statements[0]
    assert isinstance(statement, Match)
    assert isinstance(statement.value, PlainSet)
    first, second, third = _elements(statement.value)
    assert first.attributes == (("timeout", "1h"), ("comment", "a, b"))
    assert isinstance(second.key, Pair)
    assert isinstance(third.key, Concat)


def test_a_mac_address_and_an_ipv6_prefix_keep_their_colons() -> None:
    statement = line("ip6 saddr { 2001:db8::/32, ::1 } accept").statements[0]
    assert isinstance(statement, Match)
    assert isinstance(statement.value, PlainSet)
    assert [element.key.word for element in _elements(statement.value) if isinstance(element.key, Atom)] == ["2001:db8::/32", "::1"]


def test_a_vmap_takes_its_colon_with_blanks_or_without() -> None:
    found = line("tcp dport vmap { 22:accept, 80 : jump web, * : drop }").statements[0]
    elements = _elements(found.data)  # type: ignore[union-attr, arg-type]
    assert [element.data.kind for element in elements if isinstance(element.data, Verdict)] == ["accept", "jump", "drop"]


def test_one_bad_rule_costs_one_rule() -> None:
    text = Text("r.nft", "table inet t {\n chain input {\n  tcp dport 22 accept\n  tcp dport foo bar\n  udp dport 53 accept\n }\n}\n")
    parsed = parse.parse(text)
    assert [(str(error.at.span), error.message.partition(":")[0]) for error in parsed.errors] == [("r.nft:4:17", "unexpected `bar`")]
    assert isinstance(parsed.items[0], TableBlock)


def test_a_brace_without_a_separator_before_it_is_named_and_the_rule_kept() -> None:
    parsed = parse.parse(Text("r.nft", "table inet t {\n chain input { tcp dport 22 accept }\n}\n"))
    assert [error.message for error in parsed.errors] == ["a newline or `;` is needed before `}`"]
    assert input_rules("table inet t {\n chain input { tcp dport 22 accept }\n}\n") == ["tcp dport 22 accept"]


@pytest.mark.parametrize("end", ["}\n} }\n", "}\n} } # why\n\n", "} }\n"])
def test_a_brace_that_closes_nothing_is_named_and_what_follows_is_read(end: str) -> None:
    text = "table inet t {\n chain input {\n  accept\n " + end
    second = "table inet u {\n chain x {\n }\n}\n"
    parsed = parse.parse(Text("r.nft", text + second))
    assert len(parsed.errors) == 1
    assert [item.name for item in parsed.items if isinstance(item, TableBlock)] == ["t", "u"]


def test_blocks_of_one_name_add_up() -> None:
    block = "table inet t {\n chain input {\n  tcp dport %d accept\n }\n}\n"
    assert input_rules(block % 22 + block % 80) == ["tcp dport 22 accept", "tcp dport 80 accept"]


def test_commands_act_in_order() -> None:
    text = """table inet t {
 chain input {
  tcp dport 1 accept
 }
}
add rule inet t input tcp dport 2 accept
insert rule inet t input tcp dport 3 accept
add rule inet t input index 0 tcp dport 4 accept
insert rule inet t input index 1 tcp dport 5 accept
"""
    assert [words.split()[2] for words in input_rules(text)] == ["3", "5", "4", "1", "2"]


def test_flush_ruleset_wipes_what_came_before_it() -> None:
    found = built("table ip a {\n chain input {\n  accept\n }\n}\nflush ruleset\ntable ip b {\n}\n")
    assert list(found.tables) == [("ip", "b")]
    assert [note.trap for note in found.notes] == ["late-flush"]


def test_the_idiom_that_replaces_a_table_is_no_late_flush() -> None:
    found = built("table inet t\ndelete table inet t\ntable inet t {\n chain input {\n  accept\n }\n}\n")
    assert not found.notes
    assert ("inet", "t") in found.replaced


def test_a_table_without_a_family_is_ip() -> None:
    assert list(built("table t {\n}\n").tables) == [("ip", "t")]


def test_priorities_have_names_and_offsets() -> None:
    chain = "table inet t {\n chain %s {\n  type filter hook %s priority %s; policy accept;\n }\n}\n"
    priorities = {
        text: built(chain % ("c", hook, text)).tables["inet", "t"].chains["c"].base
        for hook, text in (("input", "filter + 10"), ("input", "filter -10"), ("input", "-5"), ("prerouting", "raw"), ("input", "security"))
    }
    assert [base.priority if base else None for base in priorities.values()] == [10, -10, -5, -300, 50]


def test_a_priority_by_the_name_of_another_hook_is_refused() -> None:
    found = built("table inet t {\n chain c {\n  type filter hook output priority dstnat; policy accept;\n }\n}\n")
    assert [note.trap for note in found.notes] == ["refused"]


def test_a_variable_keeps_the_value_it_had() -> None:
    found = built("define OLD = 7\ndefine COPY = $OLD\nredefine OLD = 9\ntable ip t {\n chain input {\n  tcp dport $COPY accept\n }\n}\n")
    moment = found.tables["ip", "t"].chains["input"].entries[0].moment
    copy, old = moment.look_up("COPY"), moment.look_up("OLD")
    assert copy is not None
    assert old is not None
    assert isinstance(copy.value, Atom)
    assert copy.moment.look_up("OLD").value.word == "7"  # type: ignore[union-attr]
    assert old.value.word == "9"  # type: ignore[union-attr]


def test_a_second_define_of_a_scope_is_refused_and_one_in_a_block_is_not() -> None:
    assert [note.trap for note in built("define A = 1\ndefine A = 2\n").notes] == ["refused"]
    assert not built("define A = 1\ntable ip t {\n define A = 2\n}\n").notes


def test_includes_are_found_beside_the_file_and_sorted() -> None:
    files = {
        "r.nft": "",
        "etc/main.nft": 'table inet t {\n chain input {\n  include "./rules.d/*.nft"\n }\n}\n',
        "etc/rules.d/20.nft": "tcp dport 20 accept\n",
        "etc/rules.d/10.nft": "tcp dport 10 accept\n",
    }
    builder = Builder(MemoryTree(dict(files)), "etc/main.nft")
    builder.read(parse.parse(Text("etc/main.nft", files["etc/main.nft"])))
    entries = builder.ruleset.tables["inet", "t"].chains["input"].entries
    assert [entry.line.at.span.path for entry in entries] == ["etc/rules.d/10.nft", "etc/rules.d/20.nft"]
    assert all(entry.trail for entry in entries)


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("d/*.nft", ["d/1.nft", "d/2.nft"]),
        ("d/?.nft", ["d/1.nft", "d/2.nft"]),
        ("d/[!1].nft", ["d/2.nft"]),
        ("d/[1-9].nf[t]", ["d/1.nft", "d/2.nft"]),
        ("*/1.nft", ["d/1.nft"]),
        ("*.nft", ["r.nft"]),
        ("d/*.[]", []),
        ("d/[9-1].nft", []),
        ("d/[]]*", ["d/]x"]),
    ],
)
def test_wildcards_of_an_include_stand_for_parts_of_names(pattern: str, found: list[str]) -> None:
    tree = MemoryTree({"r.nft": "", "d/1.nft": "", "d/2.nft": "", "d/.3.nft": "", "d/]x": "", "d/e/1.nft": ""})
    assert include.find(tree, pattern, "r.nft") == tuple(found)


def test_an_include_never_leaves_the_root() -> None:
    assert [note.trap for note in built('include "../../etc/passwd"\n').notes] == ["include-relative", "include-missing"]


def test_includes_that_include_each_other_end() -> None:
    assert [note.trap for note in built({"r.nft": 'include "a.nft"\n', "a.nft": 'include "r.nft"\n'}).notes] == ["refused"]


def test_a_rule_by_a_kernel_handle_may_be_anywhere() -> None:
    found = built("table ip t {\n chain input {\n  accept\n }\n}\nadd rule ip t input handle 4 drop\n")
    assert "kernel handle 4" in found.tables["ip", "t"].chains["input"].entries[0].why


@pytest.mark.parametrize("command", ["list ruleset", "reset counters", "monitor"])
def test_commands_that_only_look_change_nothing(command: str) -> None:
    assert not built(f"{command}\n").notes
