"""Port forwards before the filter, translation of sources before the `out` rules."""

from __future__ import annotations

import pytest

from auditor.formats.opnsense import forwards
from auditor.formats.opnsense.convert import convert
from auditor.formats.pf.ruleset import Direction, filter_of
from auditor.model.filters import Match, Verdict
from auditor.model.headers import address_interval, destinations, ports, sources
from tests.formats.opnsense.samples import LAN, VLAN, WAN, config, decide, host_alias, mvc, notes_of, passes, possible, rules_of, traps_of

WEB = (
    "<interface>wan</interface><ipprotocol>inet</ipprotocol><protocol>tcp</protocol><destination><network>wanip</network>"
    "<port>443</port></destination><target>10.30.0.10</target><local-port>8443</local-port><descr>web</descr>"
)

ICMP = "<rule><type>pass</type><interface>lan</interface><protocol>icmp</protocol><icmptype>%s</icmptype></rule>"


def forward(body: str = WEB, more: str = "") -> str:
    return f"<rule>{body}{more}</rule>"


def rdr(text: str) -> list[str]:
    rules = rules_of(text)
    return [forwards.written(each, rules.interfaces) for each in rules.redirects if not each.dropped and not each.forward.exception]


def maybe(
    text: str, interface: str, destination: str, port: int, verdict: Verdict, direction: Direction = Direction.IN, source: str = "8.8.8.8"
) -> bool:
    """Whether a rule of the user's or a forward with this verdict may, but does not surely, match TCP between the two."""
    rules = rules_of(text)
    wanted = ports(6, ((port, port),)) & destinations([address_interval(destination)]) & sources([address_interval(source)])
    found = filter_of(convert(rules).pf, interface, direction, "", rules.root.head).rules
    matches: list[Match] = [rule.condition.settle(lambda _: None) for rule in found if rule.action is verdict]
    return any(match.maybe.meets(wanted) and not match.surely.meets(wanted) for match in matches)


def test_pass_lets_in_without_asking_a_block() -> None:
    block = mvc(interface="wan", action="block")
    assert not passes(config(mvc=block, nat=forward()), "wan", "8.8.8.8", "10.30.0.10", 8443)
    text = config(mvc=block, nat=forward(more="<pass>pass</pass>"))
    assert passes(text, "wan", "8.8.8.8", "10.30.0.10", 8443)
    assert not passes(text, "wan", "8.8.8.8", "10.30.0.10", 443)
    assert "rdr-pass" in traps_of(text)


def test_an_older_file_says_pass_by_its_association() -> None:
    text = config(nat=forward(more="<associated-rule-id>pass</associated-rule-id>"))
    assert rdr(text) == ["rdr pass on igb0 inet proto tcp from {any} to {(igb0)} port {443} -> 10.30.0.10 port 8443"]


def test_a_registered_rule_stands_behind_every_block() -> None:
    nat = forward(more="<pass>rule</pass>")
    assert passes(config(nat=nat), "wan", "8.8.8.8", "10.30.0.10", 8443)
    assert not passes(config(mvc=mvc(interface="wan", action="block"), nat=nat), "wan", "8.8.8.8", "10.30.0.10", 8443)


def test_a_range_keeps_its_width() -> None:
    body = WEB.replace("<port>443</port>", "<port>8000-8010</port>").replace("8443", "9000")
    text = config(nat=forward(body, "<pass>rule</pass>"))
    assert rdr(text) == ["rdr on igb0 inet proto tcp from {any} to {(igb0)} port {8000:8010} -> 10.30.0.10 port 9000:9010"]
    assert passes(text, "wan", "8.8.8.8", "10.30.0.10", 9010)
    assert not passes(text, "wan", "8.8.8.8", "10.30.0.10", 9011)


def test_a_port_alias_gives_its_first_port() -> None:
    body = WEB.replace("<local-port>8443</local-port>", "<local-port>p</local-port>")
    text = config(nat=forward(body), aliases=host_alias("p", "7001", "7002", kind="port"))
    assert rdr(text)[0].endswith("-> 10.30.0.10 port 7001")


def test_a_version_or_protocol_that_pf_does_not_know_in_a_forward_keeps_the_ruleset_from_loading() -> None:
    for body in (WEB.replace("inet<", "inet4<"), WEB.replace("tcp", "tpc").replace("<port>443</port>", "")):
        text = config(nat=forward(body, "<pass>pass</pass>"))
        found = [note.message for note in notes_of(text) if note.trap == "ruleset-wont-load"]
        assert [message.partition(":")[0] for message in found] == ["port forward web"]
        assert not passes(text, "wan", "8.8.8.8", "10.30.0.10", 8443)


def test_numbers_beyond_all_bounds_are_none() -> None:
    long = "9" * 5000
    forwarded = WEB.replace("443</port>", f"1-{long}</port>")
    text = config(mvc=mvc(protocol=long) + mvc(protocol="²"), legacy=ICMP % long + ICMP % "²", nat=forward(forwarded, "<pass>rule</pass>"))
    assert "ruleset-wont-load" in traps_of(text.replace("<Filter>", f'<Filter version="{long}">'))


def test_an_unknown_target_drops_the_forward_and_is_said() -> None:
    text = config(nat=forward(WEB.replace("10.30.0.10", "nobody")))
    assert rdr(text) == []
    assert "forward-dropped" in traps_of(text)


def test_an_exception_forwards_nothing() -> None:
    text = config(nat=forward(more="<nordr>1</nordr><pass>pass</pass>"))
    assert not passes(text, "wan", "8.8.8.8", "10.30.0.10", 8443)
    assert "rdr-pass" not in traps_of(text)


def test_a_disabled_forward_does_nothing_and_is_not_remarked() -> None:
    text = config(nat=forward(more="<disabled>1</disabled><pass>pass</pass>"))
    assert rdr(text) == [] and notes_of(text) == ()


def test_forwards_are_ordered_by_sequence_and_those_without_come_last() -> None:
    first, second = (WEB.replace("web", name) for name in ("first", "second"))
    text = config(nat=forward(second) + forward(first, "<sequence>5</sequence>"))
    assert [each.record.title for each in rules_of(text).forwards] == ["first", "second"]


def test_what_an_earlier_forward_may_take_is_not_surely_passed_by_a_later() -> None:
    later = WEB.replace("10.30.0.10", "10.30.0.11")
    text = config(nat=forward() + forward(later, "<pass>pass</pass>"))
    assert not passes(text, "wan", "8.8.8.8", "10.30.0.11", 8443)
    assert maybe(text, "wan", "10.30.0.11", 8443, Verdict.PERMIT)


def test_packets_to_a_stranger_that_a_forward_sends_elsewhere_are_open() -> None:
    catch = (
        "<interface>lan</interface><ipprotocol>inet</ipprotocol><protocol>tcp</protocol><destination><network>(self)</network>"
        "<not>1</not><port>53</port></destination><target>127.0.0.1</target><local-port>53</local-port>"
    )
    text = config(mvc=mvc(interface="lan"), nat=forward(catch))
    assert maybe(text, "lan", "9.9.9.9", 53, Verdict.DENY, source="10.20.0.5")
    assert not maybe(text, "lan", "9.9.9.9", 54, Verdict.DENY, source="10.20.0.5")


def test_a_forward_of_the_firewall_s_own_address_leaves_other_traffic_alone() -> None:
    text = config(mvc=mvc(interface="wan"), nat=forward())
    assert not maybe(text, "wan", "9.9.9.9", 443, Verdict.DENY)


# -- sources


def test_out_rules_see_the_translated_source() -> None:
    block = mvc(interface="wan", direction="out", action="block", source_net="10.20.0.0/24")
    assert passes(config(mvc=block), "wan", "10.20.0.5", "8.8.8.8", direction="out")
    plain = config(mvc=block, nat="<outbound><mode>disabled</mode></outbound>")
    assert not passes(plain, "wan", "10.20.0.5", "8.8.8.8", direction="out")


def test_a_block_of_the_firewall_s_own_address_blocks_what_hides_behind_it() -> None:
    block = mvc(interface="wan", direction="out", action="block", source_net="wanip")
    assert not passes(config(mvc=block), "wan", "10.20.0.5", "8.8.8.8", direction="out")


def test_between_inner_networks_nothing_is_translated() -> None:
    block = mvc(interface="opt1", direction="out", action="block", source_net="lan")
    assert not passes(config(mvc=block), "opt1", "10.20.0.5", "10.30.0.5", direction="out")


def test_a_leased_outer_address_leaves_a_rule_about_public_sources_open() -> None:
    leased = "<wan><enable>1</enable><if>igb0</if><ipaddr>dhcp</ipaddr></wan>"
    block = mvc(interface="wan", direction="out", action="block", source_net="203.0.113.0/24")
    text = config(mvc=block, interfaces=leased + LAN + VLAN)
    assert maybe(text, "wan", "8.8.8.8", 443, Verdict.DENY, Direction.OUT, "10.20.0.5")


def test_a_rule_that_spares_a_network_from_translation_may_leave_it_as_it_is() -> None:
    spare = (
        "<outbound><mode>hybrid</mode><rule><interface>wan</interface><source><network>10.20.0.0/24</network></source>"
        "<destination><network>10.99.0.0/16</network></destination><nonat>1</nonat></rule></outbound>"
    )
    block = mvc(interface="wan", direction="out", action="block", source_net="10.20.0.0/24")
    assert maybe(config(mvc=block, nat=spare), "wan", "10.99.0.1", 443, Verdict.DENY, Direction.OUT, "10.20.0.5")


def test_one_to_one_gives_a_host_its_outer_address() -> None:
    one = "<onetoone><rule><interface>wan</interface><external>198.51.100.5</external><source_net>10.30.0.10</source_net></rule></onetoone>"
    block = mvc(interface="wan", direction="out", action="block", source_net="198.51.100.5")
    text = config(mvc=block, interfaces=WAN + LAN + VLAN).replace("</rules>", f"</rules>{one}")
    assert maybe(text, "wan", "8.8.8.8", 443, Verdict.DENY, Direction.OUT, "10.30.0.10")


def test_a_rule_s_text_is_the_line_that_pf_is_given() -> None:
    decision = decide(config(mvc=mvc(interface="lan", protocol="TCP", destination_port="443")), "lan", "10.20.0.5", "1.1.1.1")
    assert decision.rule is not None
    assert decision.rule.text == "pass in quick on igb1 inet proto tcp from {any} to {any} port {443} keep state"


@pytest.mark.parametrize(("kind", "verdicts"), [("binat", {"permit", "deny"}), ("nat", {"permit"})])
def test_a_rule_about_an_outside_address_that_stands_for_a_host_may_not_be_asked(kind: str, verdicts: set[str]) -> None:
    mapped = mvc(interface="wan", type=kind, external="198.51.100.5", source_net="10.30.0.5")
    text = config(mvc=mvc(interface="wan", destination_net="198.51.100.5"))
    text = text.replace("<Filter>", f"<Filter><onetoone>{mapped}</onetoone>")
    assert possible(text, "wan", "9.9.9.9", "198.51.100.5") == verdicts


def test_an_outbound_rule_about_a_network_whose_prefix_is_translated_is_open() -> None:
    rule = mvc(interface="wan", direction="out", action="block", ipprotocol="inet6", source_net="fd00:1::/64")
    npt = mvc(interface="wan", source_net="fd00:1::/64", destination_net="2001:db8:1::/64")
    text = config(mvc=rule).replace("<Filter>", f"<Filter><npt>{npt}</npt>")
    rules = rules_of(text)
    filter_ = filter_of(convert(rules).pf, "wan", Direction.OUT, "", rules.root.head)
    asked = sources([address_interval("fd00:1::5")]) & destinations([address_interval("2606:4700::1")])
    assert not any(asked & rule.condition.settle(lambda _: None).surely for rule in filter_.rules if not rule.synthetic)
