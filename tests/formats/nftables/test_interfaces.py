"""Rules that ask by which interface a packet comes or goes."""

from __future__ import annotations

import pytest

from auditor.model.graph import Place
from auditor.model.headers import NEW_FLOW
from auditor.model.packets import EVERYTHING, NOTHING
from tests.formats.nftables.test_meaning import CHAIN, let, passes, ruleset, tcp


def test_an_absent_interface_is_another_one() -> None:
    assert passes(ruleset('oifname != "wan0" tcp dport 22 accept')) is tcp(22)
    assert not passes(ruleset('oifname "wan0" tcp dport 22 accept'))


def test_an_interface_is_settled_by_where_the_packet_comes_from() -> None:
    text = ruleset('iifname "lan*" tcp dport 22 accept')
    assert passes(text, entry="lan0") is tcp(22)
    assert not passes(text, entry="wan0")
    assert let(text, question=NEW_FLOW).surely is not let(text, question=NEW_FLOW).maybe


def test_loopback_is_the_host_itself() -> None:
    assert passes(ruleset("iif lo accept"), entry="lo") is NEW_FLOW
    assert not passes(ruleset("iif lo accept"), entry="eth0")


def test_an_interface_by_number_is_loopback_or_any() -> None:
    assert passes(ruleset("iif { 1 } accept"), entry="lo") is NEW_FLOW
    second = let(ruleset("iif 2 tcp dport 22 accept"), question=NEW_FLOW, entry="eth0")
    assert (second.surely, second.maybe) == (NOTHING, tcp(22))


@pytest.mark.parametrize(("rule", "may"), [("iiftype ether drop", True), ("iifgroup 0 drop", False), ('iifname "eth0" drop', False)])
def test_of_the_interface_that_own_packets_never_came_by_postrouting_reads_the_type_alone(rule: str, may: bool) -> None:
    found = let(CHAIN.format(hook="postrouting", priority=0, rule=rule), Place.OUTBOUND)
    assert found.maybe is EVERYTHING
    assert (found.surely is not EVERYTHING) is may
