"""What aliases hold: nested, excluded, ranged, named, filled at run time; and hostile ones in bounded time."""

from __future__ import annotations

import time
from ipaddress import ip_address
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from auditor.formats.opnsense.aliases import networks_in
from auditor.formats.pf.addresses import Addresses
from auditor.model.headers import addresses_text
from tests.formats.opnsense.samples import config, host_alias, lines_of, mvc, notes_of, passes, rules_of, traps_of


def table(aliases: str, name: str = "a") -> Addresses:
    return rules_of(config(aliases=aliases)).aliases.addresses(name)


def test_the_longest_prefix_decides() -> None:
    found = table(host_alias("a", "10.0.0.0/8", "!10.1.0.0/16", "10.1.2.0/24"))
    assert addresses_text(found.surely) == "10.0.0.0/16, 10.1.2.0/24, 10.2.0.0-10.255.255.255"
    assert found.exact


def test_an_exclusion_in_a_nested_alias_excludes_in_the_whole() -> None:
    found = table(host_alias("a", "10.0.0.0/24", "b") + host_alias("b", "!10.0.0.7"))
    assert found.exact
    assert not any(low <= int(ip_address("10.0.0.7")) <= high for low, high in found.surely)


def test_wildcard_masks_stand_for_every_network_they_fit() -> None:
    words = [word for word, _ in networks_in("10.0.5.1/0.0.3.0")]
    assert words == ["10.0.4.1/32", "10.0.5.1/32", "10.0.6.1/32", "10.0.7.1/32"]


def test_names_join_the_literals_and_stay_names() -> None:
    found = table(host_alias("a", "192.0.2.7", "ccon.Example.net"))
    assert addresses_text(found.surely) == "192.0.2.7"
    assert found.names == {"ccon.example.net"}
    assert not found.exact


def test_a_wildcard_name_adds_nothing() -> None:
    text = config(aliases=host_alias("a", "*.example.net"))
    assert rules_of(text).aliases.addresses("a") == Addresses()
    assert "alias-entry" in traps_of(text)


def test_a_word_that_is_no_alias_is_looked_up_as_a_host_and_said_to_be() -> None:
    text = config(aliases=host_alias("a", "serverz"))
    assert rules_of(text).aliases.addresses("a").names == {"serverz"}
    assert "undefined-reference" in traps_of(text)


def test_what_run_time_fills_is_unknown_and_says_why() -> None:
    for kind in ("geoip", "urltable", "external", "mac", "asn", "dynipv6host", "authgroup", "novel"):
        found = table(host_alias("a", "NL", kind=kind))
        assert found.surely == () and found.maybe != ()
        assert "alias a" in found.unknowns[0].reason


def test_a_list_of_countries_can_be_of_one_family() -> None:
    alias = "<alias><enabled>1</enabled><name>a</name><type>geoip</type><proto>IPv4</proto><content>NL</content></alias>"
    assert table(alias).maybe == ((0, 2**32 - 1),)


def test_a_table_without_enabled_is_disabled_but_a_port_alias_is_not() -> None:
    assert table(host_alias("a", "10.1.1.1", enabled="")) == Addresses()
    text = config(aliases=host_alias("p", "443", kind="port", enabled=""))
    assert rules_of(text).aliases.ports("p").ports == ((443, 443),)


def test_a_disabled_alias_matches_nothing_and_negated_everything() -> None:
    aliases = host_alias("a", "10.30.0.10", enabled="<enabled>0</enabled>")
    assert not passes(config(mvc=mvc(interface="lan", destination_net="a"), aliases=aliases), "lan", "10.20.0.5", "10.30.0.10")
    text = config(mvc=mvc(interface="lan", destination_net="a", destination_not="1"), aliases=aliases)
    assert passes(text, "lan", "10.20.0.5", "10.30.0.10")


def test_an_alias_beats_the_interface_of_its_name() -> None:
    text = config(mvc=mvc(interface="lan", source_net="opt1"), aliases=host_alias("opt1", "10.1.1.1"))
    assert "from $opt1" in lines_of(text)[0]


def test_interface_networks_are_built_in_aliases() -> None:
    text = config(mvc=mvc(interface="lan", source_net="__opt1_network"))
    assert passes(text, "lan", "10.30.0.9", "1.1.1.1")
    assert not passes(text, "lan", "10.20.0.9", "1.1.1.1")


def test_port_aliases_nest_and_leave_out_what_is_no_port() -> None:
    aliases = host_alias("p", "443", "8000-8010", "q", " 25", kind="port") + host_alias("q", "9000:9010", "p", kind="port")
    found = rules_of(config(aliases=aliases)).aliases.ports("p")
    assert found.ports == ((443, 443), (9000, 9010))
    assert [word for word, _ in found.lost] == ["8000-8010", " 25"]


def test_an_entry_is_pointed_at_where_it_stands() -> None:
    text = config(aliases="<alias><enabled>1</enabled><name>p</name><type>port</type><content>443\n8000-8010</content></alias>")
    note = next(note for note in notes_of(text) if note.trap == "port-alias-range")
    line = text.split("\n")[note.span.line - 1]
    assert line[note.span.column - 1 : note.span.end_column - 1] == "8000-8010"


def test_a_name_with_a_hyphen_refuses_the_ruleset() -> None:
    text = config(aliases=host_alias("my-hosts", "10.1.1.1"))
    assert not rules_of(text).loads
    assert "ruleset-wont-load" in traps_of(text)


def test_a_password_and_the_user_of_a_url_are_not_shown() -> None:
    alias = (
        "<alias><enabled>1</enabled><name>a</name><type>urltable</type><content>https://bob:hunter2@lists.example.net/x</content>"
        "<username>bob</username><password>hunter2</password></alias>"
    )
    text = config(mvc=mvc(interface="lan", source_net="https://bob:hunter2@lists.example.net/x"), aliases=alias)
    assert notes_of(text)
    assert "hunter2" not in repr(notes_of(text)) + repr(rules_of(text).aliases.addresses("a").unknowns)


def test_cycles_end() -> None:
    aliases = host_alias("a", "b", "10.1.1.1") + host_alias("b", "a", "10.1.1.2")
    assert addresses_text(table(aliases).surely) == "10.1.1.1-10.1.1.2"


def test_eight_ways_to_each_of_fourteen_aliases_cost_nothing() -> None:
    names = [f"a{depth}_{width}" for depth in range(14) for width in range(8)]
    aliases = "".join(
        host_alias(name, *([other for other in names if other.startswith(f"a{int(name[1:].split('_')[0]) + 1}_")] or ["10.1.1.1"]))
        for name in names
    )
    start = time.monotonic()
    assert addresses_text(table(aliases, "a0_0").surely) == "10.1.1.1"
    assert time.monotonic() - start < 2


def test_an_alias_of_millions_of_networks_becomes_unknown() -> None:
    found = table(host_alias("a", *(f"10.{index}.0.1/0.0.255.254" for index in range(20))))
    assert found.surely == () and "more than" in found.unknowns[0].reason


@given(st.integers(0, 2**32 - 1), st.integers(0, 2000))
def test_a_range_is_the_networks_that_make_it_up(first: int, more: int) -> None:
    last = min(first + more, 2**32 - 1)
    spans = [span for _, span in networks_in(f"{ip_address(first)}-{ip_address(last)}")]
    assert spans[0][0] == first and spans[-1][1] == last
    assert all(left[1] + 1 == right[0] for left, right in pairwise(spans))


def test_an_alias_that_nothing_names_is_unused_and_one_that_an_alias_names_is_not() -> None:
    aliases = host_alias("a", "b") + host_alias("b", "10.1.1.1") + host_alias("c", "10.1.1.2")
    notes = notes_of(config(mvc=mvc(interface="lan", source_net="a"), aliases=aliases))
    assert [note.message for note in notes if note.trap == "unused-definition"] == ["nothing uses alias c"]


def test_the_tables_of_a_captive_portal_are_there_and_unknown() -> None:
    text = config(mvc=mvc(interface="lan", source_net="__captiveportal_zone_0"))
    assert lines_of(text) == ["pass in quick on igb1 inet from $__captiveportal_zone_0 to {any} keep state"]
    assert not passes(text, "lan", "10.20.0.5", "1.1.1.1")
