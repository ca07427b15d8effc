"""The rules pfSense adds by itself, and the switches that bring and take them."""

from __future__ import annotations

import pytest

from tests.formats.pfsense.samples import INTERFACES, alias, config, load, packet, possible, rule

BLOCKING = INTERFACES.replace("</wan>", "<blockbogons/></wan>", 1)
OPEN = rule("<ipprotocol>inet46</ipprotocol>", tab="wan")


@pytest.mark.parametrize(
    ("source", "verdicts"),
    [
        ("198.18.0.1", {"deny"}),
        ("240.0.0.1", {"deny"}),
        ("127.0.0.2", {"deny"}),
        ("100.64.0.9", {"permit", "deny"}),
        ("fd00::9", {"permit", "deny"}),
        ("4000::1", {"permit", "deny"}),
        ("10.9.9.9", {"permit"}),
        ("8.8.8.8", {"permit"}),
        ("2606:4700::1", {"permit"}),
        ("203.0.113.7", {"permit"}),
        ("2001:db8::7", {"permit"}),
    ],
)
def test_bogons_are_blocked_and_what_only_a_downloaded_list_holds_may_be(source: str, verdicts: set[str]) -> None:
    target = "2001:db8:30::5" if ":" in source else "10.30.0.5"
    assert possible(load(config(OPEN, interfaces=BLOCKING)), "wan", packet(source, target)) == verdicts
    assert possible(load(config(OPEN)), "wan", packet(source, target)) == {"permit"}


def test_the_tables_of_bogons_hold_the_same_in_a_rule_and_in_an_alias() -> None:
    for name, aliases in (("bogons", ""), ("strange", alias("strange", "network", "bogons 9.9.9.0/24"))):
        graph = load(config(rule(type_="block", source=f"<address>{name}</address>", tab="wan") + OPEN, aliases=aliases))
        assert possible(graph, "wan", packet("198.18.0.1", "10.30.0.5")) == {"deny"}
        assert possible(graph, "wan", packet("100.64.0.1", "10.30.0.5")) == {"permit", "deny"}
        assert possible(graph, "wan", packet("8.8.8.8", "10.30.0.5")) == {"permit"}
