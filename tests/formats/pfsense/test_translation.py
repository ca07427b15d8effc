"""Port forwards, one-to-one and outbound translation: what they let in, send elsewhere, and show the rules behind them."""

from __future__ import annotations

import pytest

from auditor.model.filters import Verdict
from auditor.model.graph import Place
from auditor.model.packets import Field
from tests.formats.pfsense.samples import config, decision, load, packet, possible, rule, traps


def _forward(association: str, target: str = "10.30.0.9", inner: str = "") -> str:
    ends = "<source><any/></source><destination><network>wanip</network><port>443</port></destination>"
    where = f"<interface>wan</interface><protocol>tcp</protocol>{ends}<target>{target}</target><local-port>8443</local-port>"
    return f"<rule>{where}<associated-rule-id>{association}</associated-rule-id>{inner}</rule>"


def test_a_forward_with_pass_lets_in_what_blocks_would_stop() -> None:
    graph = load(config(rule(tab="wan", type_="block"), nat=_forward("pass")))
    assert decision(graph, "wan", packet("9.9.9.9", "10.30.0.9", 8443)).verdict is Verdict.PERMIT
    assert decision(graph, "wan", packet("9.9.9.9", "10.30.0.9", 443)).verdict is Verdict.DENY


def test_a_forward_opens_nothing_by_itself() -> None:
    graph = load(config(nat=_forward("")))
    assert decision(graph, "wan", packet("9.9.9.9", "10.30.0.9", 8443)).verdict is Verdict.DENY
    assert traps(graph) == {"forward-unreachable"}


def test_a_forward_that_is_an_exception_passes_nothing() -> None:
    graph = load(config(nat=_forward("pass", inner="<nordr/>")))
    assert decision(graph, "wan", packet("9.9.9.9", "10.30.0.9", 8443)).verdict is Verdict.DENY


def test_reflection_may_relay_past_the_rules_of_the_inside() -> None:
    graph = load(config(nat=_forward(""), system="<hostname>gate</hostname><ipv6allow/>"))
    assert possible(graph, "lan", packet("10.20.0.5", "10.30.0.9", 8443)) == {"permit", "deny"}
    assert possible(graph, "lan", packet("10.20.0.5", "10.30.0.9", 443)) == {"deny"}


def test_outbound_rules_see_the_translated_source() -> None:
    floating = "<floating>yes</floating><direction>out</direction><quick>yes</quick>"
    inner = rule(floating, tab="wan", type_="block", source="<network>lan</network>")
    own = rule(floating, tab="wan", type_="block", source="<network>wanip</network>")
    assert decision(load(config(inner)), "wan", packet("10.20.0.5", "1.1.1.1"), Place.EXIT).verdict is Verdict.PERMIT
    assert decision(load(config(own)), "wan", packet("10.20.0.5", "1.1.1.1"), Place.EXIT).verdict is Verdict.DENY


def test_without_translation_outbound_rules_see_the_inner_source() -> None:
    floating = "<floating>yes</floating><direction>out</direction><quick>yes</quick>"
    inner = rule(floating, tab="wan", type_="block", source="<network>lan</network>")
    graph = load(config(inner, nat="<outbound><mode>disabled</mode></outbound>"))
    assert decision(graph, "wan", packet("10.20.0.5", "1.1.1.1"), Place.EXIT).verdict is Verdict.DENY


PASSED = "<associated-rule-id>pass</associated-rule-id>"


def _web(source: str = "<any/>", target: str = "10.30.0.5", more: str = "", to: str = "<network>wanip</network>", on: str = "wan") -> str:
    ends = f"<source>{source}</source><destination>{to}<port>443</port></destination><target>{target}</target>"
    return f"<rule><interface>{on}</interface><protocol>tcp</protocol>{ends}<local-port>443</local-port>{more}</rule>"


@pytest.mark.parametrize("earlier", [_web("<address>9.9.9.9</address>", more="<nordr/>"), _web(target="10.30.0.6")])
def test_a_forward_with_pass_behind_one_that_takes_its_packets_is_open(earlier: str) -> None:
    graph = load(config(nat=earlier + _web(more=PASSED)))
    assert possible(graph, "wan", packet("9.9.9.9", "10.30.0.5")) == {"permit", "deny"}
    assert possible(load(config(nat=_web(more=PASSED) + earlier)), "wan", packet("9.9.9.9", "10.30.0.5")) == {"permit"}


def test_a_forward_with_pass_asks_for_the_source_port_it_names() -> None:
    graph = load(config(nat=_web("<any/><port>2000-3000</port>", more=PASSED)))
    assert possible(graph, "wan", packet("9.9.9.9", "10.30.0.5")) == {"deny"}
    assert possible(graph, "wan", packet("9.9.9.9", "10.30.0.5") | {Field.SOURCE_PORT: 2500}) == {"permit"}


def test_what_a_forward_sends_elsewhere_may_not_arrive() -> None:
    graph = load(config(rule(), nat=_web(on="lan", to="<network>lanip</network><not/>", target="10.20.0.1")))
    assert possible(graph, "lan", packet("10.20.0.5", "9.9.9.9")) == {"permit", "deny"}
    assert possible(graph, "lan", packet("10.20.0.5", "9.9.9.9", 80)) == {"permit"}
    assert possible(graph, "lan", packet("10.20.0.5", "10.20.0.1")) == {"permit"}


def test_a_forward_of_every_address_sends_nothing_that_is_for_its_target_elsewhere() -> None:
    graph = load(config(rule(tab="wan"), nat=_web(to="<any/>")))
    assert possible(graph, "wan", packet("9.9.9.9", "10.30.0.5")) == {"permit"}
    assert possible(graph, "wan", packet("9.9.9.9", "10.30.0.6")) == {"permit", "deny"}


def test_a_host_with_an_outside_address_of_its_own_leaves_with_it() -> None:
    mapped = "<onetoone><interface>wan</interface><external>198.51.100.4</external><source><address>10.30.0.9</address></source></onetoone>"
    floating = "<floating>yes</floating><direction>out</direction><quick>yes</quick>"
    block = rule(floating, tab="wan", type_="block", source="<address>198.51.100.4</address>")
    graph = load(config(block, nat=mapped))
    assert possible(graph, "wan", packet("10.30.0.9", "1.1.1.1"), Place.EXIT) == {"permit", "deny"}
    assert possible(graph, "wan", packet("9.9.9.9", "1.1.1.1"), Place.EXIT) == {"permit"}


def test_rules_of_the_user_about_translation_leave_the_source_open() -> None:
    floating = "<floating>yes</floating><direction>out</direction><quick>yes</quick>"
    inner = rule(floating, tab="wan", type_="block", source="<network>lan</network>")
    graph = load(config(inner, nat="<outbound><mode>hybrid</mode></outbound>"))
    assert possible(graph, "wan", packet("10.20.0.5", "1.1.1.1"), Place.EXIT) == {"permit", "deny"}


ONE_TO_ONE = "<onetoone><interface>wan</interface><external>{}</external><source><address>10.30.0.5</address></source></onetoone>"
PREFIX = "<source><address>fd00:1::/64</address></source><destination><address>2001:db8:1::/64</address></destination>"


def test_a_rule_about_an_outside_address_that_stands_for_a_host_may_not_be_asked() -> None:
    named = rule(tab="wan", destination="<address>198.51.100.5</address>")
    graph = load(config(named, nat=ONE_TO_ONE.format("198.51.100.5")))
    assert possible(graph, "wan", packet("9.9.9.9", "198.51.100.5")) == {"permit", "deny"}
    assert possible(load(config(named, nat=ONE_TO_ONE.format("198.51.100.6"))), "wan", packet("9.9.9.9", "198.51.100.5")) == {"permit"}


def test_outbound_rules_see_the_translated_prefix() -> None:
    floating = "<floating>yes</floating><direction>out</direction><quick/><ipprotocol>inet6</ipprotocol>"
    for source, verdict in (("fd00:1::/64", Verdict.PERMIT), ("2001:db8:1::/64", Verdict.DENY)):
        blocked = rule(floating, tab="wan", type_="block", source=f"<address>{source}</address>")
        graph = load(config(blocked, nat=f"<npt><interface>wan</interface>{PREFIX}</npt>"))
        assert decision(graph, "wan", packet("fd00:1::5", "2606:4700::1"), Place.EXIT).verdict is verdict
