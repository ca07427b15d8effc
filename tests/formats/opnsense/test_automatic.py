"""The rules the firewall adds by itself, and the switches that bring and take them."""

from __future__ import annotations

import pytest

from auditor.formats.opnsense.render import written
from tests.formats.opnsense.samples import GATEWAY, LAN, VLAN, WAN, config, decide, mvc, notes_of, passes, possible, rules_of, traps_of

HTTPS = "<webgui><protocol>https</protocol></webgui>"
LEASED = "<wan><enable>1</enable><if>igb0</if><ipaddr>dhcp</ipaddr><ipaddrv6>dhcp6</ipaddrv6></wan>"


def own(text: str) -> list[str]:
    rules = rules_of(text)
    return [written(line, rules.interfaces) for line in rules.lines if line.active and line.record.synthetic]


def by(text: str, interface: str, source: str, destination: str, port: int = 443, **more: str) -> str:
    decision = decide(text, interface, source, destination, port, **more)
    assert decision.rule is not None
    return decision.rule.name


def test_what_comes_in_is_denied_by_default_and_what_goes_out_is_not() -> None:
    assert by(config(), "wan", "8.8.8.8", "10.20.0.5") == "Default deny / state violation rule"
    assert by(config(), "wan", "10.20.0.5", "8.8.8.8", direction="out") == "let out anything from firewall host itself"


def test_every_rule_the_firewall_adds_is_marked_and_points_at_its_switch() -> None:
    text = config(interfaces=WAN.replace("</wan>", "<blockpriv>1</blockpriv></wan>") + LAN)
    decision = decide(text, "wan", "10.1.1.1", "198.51.100.2")
    assert decision.rule is not None and decision.rule.synthetic
    line = text.split("\n")[decision.rule.span.line - 1]
    assert line[decision.rule.span.column - 1 :].startswith("<blockpriv")


def test_anti_lockout_opens_the_web_ports_of_the_firewall_on_the_first_inner_interface() -> None:
    assert by(config(), "lan", "10.20.0.5", "10.20.0.1", 443) == "anti-lockout rule"
    assert by(config(), "lan", "10.20.0.5", "10.20.0.1", 80) == "anti-lockout rule"
    assert not passes(config(), "lan", "10.20.0.5", "10.20.0.1", 22)
    assert not passes(config(), "opt1", "10.30.0.5", "10.30.0.1", 443)


def test_anti_lockout_opens_ssh_where_it_is_enabled() -> None:
    text = config(system=f"{HTTPS}<ssh><enabled>enabled</enabled><port>2222</port></ssh>")
    assert passes(text, "lan", "10.20.0.5", "10.20.0.1", 2222)


def test_anti_lockout_can_be_switched_off() -> None:
    text = config(system="<webgui><protocol>https</protocol><noantilockout/></webgui>")
    assert not passes(text, "lan", "10.20.0.5", "10.20.0.1", 443)


def test_a_disabled_interface_that_anti_lockout_chooses_leaves_nothing_open_and_is_said() -> None:
    text = config(interfaces=WAN + LAN.replace("<enable>1</enable>", "") + VLAN)
    assert not any("anti-lockout" in note.message for note in notes_of(config()))
    assert "anti-lockout" in traps_of(text)
    assert not passes(text, "opt1", "10.30.0.5", "10.30.0.1", 443)


def test_ipv6_off_blocks_all_of_it() -> None:
    text = config(mvc=mvc(interface="lan", ipprotocol="inet46")).replace(
        "<OPNsense>", "<OPNsense><Interfaces><settings><disableipv6>1</disableipv6></settings></Interfaces>"
    )
    assert by(text, "lan", "2001:db8::5", "2001:db8:1::1") == "Block all IPv6"
    assert not any("icmp6" in line for line in own(text))


def test_a_leased_address_opens_its_client_s_ports() -> None:
    text = config(interfaces=LEASED + LAN)
    assert passes(text, "wan", "8.8.8.8", "255.255.255.255", 68, protocol="udp") is False
    assert "pass in log quick on igb0 proto udp from {any} port {67} to {any} port {68}" in own(text)
    assert "pass in log quick on igb0 proto udp from {any} to {fe80::/10} port {546}" in own(text)


def test_blocks_of_strangers_come_before_the_user_s_rules() -> None:
    wan = WAN.replace("</wan>", "<blockpriv>1</blockpriv><blockbogons>1</blockbogons></wan>")
    text = config(mvc=mvc(interface="wan"), interfaces=wan + LAN)
    assert not passes(text, "wan", "100.64.0.9", "10.20.0.5")
    assert passes(text, "wan", "8.8.8.8", "10.20.0.5")


@pytest.mark.parametrize(
    ("source", "verdicts"),
    [
        ("198.18.0.1", {"deny"}),
        ("4000::1", {"deny"}),
        ("fc00::1", {"deny"}),
        ("169.254.9.9", {"permit", "deny"}),
        ("fd00::1", {"permit", "deny"}),
        ("100.64.0.9", {"permit"}),
        ("10.9.9.9", {"permit"}),
        ("8.8.8.8", {"permit"}),
        ("198.51.100.99", {"permit"}),
        ("2001:db8::7", {"permit"}),
    ],
)
def test_bogons_are_blocked_and_what_older_lists_hold_may_be(source: str, verdicts: set[str]) -> None:
    wan = WAN.replace("</wan>", "<blockbogons>1</blockbogons></wan>")
    text = config(mvc=mvc(interface="wan", ipprotocol="inet46"), interfaces=wan + LAN)
    assert possible(text, "wan", source, "2001:db8:20::5" if ":" in source else "10.20.0.5") == verdicts


def test_the_list_of_ipv6_bogons_is_loaded_only_where_an_interface_blocks_bogons() -> None:
    rules = mvc(action="block", interface="lan", ipprotocol="inet6", source_net="bogonsv6") + mvc(interface="lan", ipprotocol="inet6")
    blocking = WAN.replace("</wan>", "<blockbogons>1</blockbogons></wan>")
    assert possible(config(mvc=rules), "lan", "4000::1", "2606:4700::1") == {"permit"}
    assert possible(config(mvc=rules, interfaces=blocking + LAN), "lan", "4000::1", "2606:4700::1") == {"deny"}


def test_blockpriv_counts_by_its_value() -> None:
    text = config(mvc=mvc(interface="wan"), interfaces=WAN.replace("</wan>", "<blockpriv>0</blockpriv></wan>"))
    assert passes(text, "wan", "10.9.9.9", "10.20.0.5")


def test_dnsmasq_opens_its_ports_where_it_serves() -> None:
    server = "<dnsmasq><enable>1</enable><interface>opt1</interface><dhcp_ranges><interface>opt1</interface></dhcp_ranges></dnsmasq>"
    lines = [line for line in own(config(more=server)) if "port {67}" in line]
    assert all("vlan0.30" in line for line in lines) and len(lines) == 3
    off = server.replace("<dhcp_ranges>", "<dhcp><default_fw_rules>0</default_fw_rules></dhcp><dhcp_ranges>")
    assert not any("port {67}" in line for line in own(config(more=off)))


def test_kea_opens_its_ports_where_it_serves() -> None:
    kea = "<OPNsense><Kea><dhcp4><general><enabled>1</enabled><interfaces>lan,opt1</interfaces></general></dhcp4></Kea>"
    text = config().replace("<OPNsense>", kea, 1)
    assert sum("port {67}" in line for line in own(text)) == 4


def test_the_older_dhcp_server_may_or_may_not_be_there() -> None:
    text = config(more="<dhcpd><lan><enable>1</enable></lan></dhcpd>")
    doubted = [record for record in rules_of(text).records if record.doubts]
    assert [record.title for record in doubted] == ["allow access to DHCP server"] * 3
    assert "plugin-rules" in traps_of(text)


def test_carp_passes_its_announcements() -> None:
    vip = "<virtualip><vip><mode>carp</mode><interface>lan</interface><subnet>10.20.0.9</subnet></vip></virtualip>"
    assert "pass log quick proto carp from {any} to {224.0.0.18}" in own(config(more=vip))


@pytest.mark.parametrize(
    ("switch", "word"), [("no_port0_block", "port {0}"), ("no_sshlockout", "sshlockout"), ("no_virusprot", "virusprot")]
)
def test_a_switch_takes_its_rules_away(switch: str, word: str) -> None:
    assert any(word in line for line in own(config()))
    assert not any(word in line for line in own(config(system=f"{HTTPS}<{switch}>1</{switch}>")))


def test_static_routes_can_bypass_the_default_deny_but_no_rule() -> None:
    route = "<staticroutes><route><network>10.50.0.0/16</network><gateway>INNER</gateway></route></staticroutes>"
    gateway = GATEWAY.replace(
        "</gateways>", "<gateway_item><name>INNER</name><interface>lan</interface><gateway>10.20.0.254</gateway></gateway_item></gateways>"
    )
    text = config(more=route).replace(GATEWAY, gateway).replace("<filter>", "<filter><bypassstaticroutes/>")
    assert by(text, "lan", "10.20.0.5", "10.50.1.1") == "pass traffic between statically routed subnets"
    blocked = text.replace("<rules>", f"<rules>{mvc(interface='lan', action='block')}")
    assert not passes(blocked, "lan", "10.20.0.5", "10.50.1.1")


def test_an_old_tunnel_opens_its_key_exchange_to_its_peer() -> None:
    tunnel = "<ipsec><enable/><phase1><interface>wan</interface><remote-gateway>203.0.113.9</remote-gateway></phase1></ipsec>"
    assert passes(config(more=tunnel), "wan", "203.0.113.9", "198.51.100.2", 500, protocol="udp")
    assert not passes(config(more=tunnel), "wan", "203.0.113.8", "198.51.100.2", 500, protocol="udp")


def test_a_captive_portal_makes_what_its_interface_passes_a_maybe() -> None:
    portal = "<captiveportal><zones><zone><enabled>1</enabled><interfaces>lan</interfaces></zone></zones></captiveportal>"
    text = config(mvc=mvc(interface="lan")).replace("<OPNsense>", f"<OPNsense>{portal}", 1)
    record = next(record for record in rules_of(text).records if record.title == "captive portal")
    assert record.action == "block" and record.doubts
    assert "plugin-rules" in traps_of(text)


def test_a_tunnel_of_the_older_kind_opens_the_protocol_it_speaks_alone() -> None:
    def opened(said: str) -> list[str]:
        ends = f"<phase1><ikeid>1</ikeid><interface>wan</interface><mobile/>{said}</phase1>"
        phases = f"{ends}<phase2><ikeid>1</ikeid><protocol>esp</protocol></phase2>"
        lines = own(config(more=f"<ipsec><enable/>{phases}</ipsec>"))
        return [line.partition("proto ")[2] for line in lines if line.startswith("pass in log on igb0")]

    known, others = "udp from {any} to {any} port {500} keep state", "esp from {any} to {any} keep state"
    assert opened("") == [known, known.replace("500", "4500"), others]
    assert opened("<nat_traversal>off</nat_traversal>") == [known, others]
