"""The rules pfSense adds by itself, and the switches that bring and take them."""

from __future__ import annotations

import pytest

from auditor.model.packets import Field
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


def test_an_address_by_dhcpv6_opens_the_port_of_its_client_to_everybody() -> None:
    leased = INTERFACES.replace("</wan>", "<ipaddrv6>dhcp6</ipaddrv6></wan>", 1)
    answer = packet("2606:4700::1", "2606:4700::2", 546, 17) | {Field.SOURCE_PORT: 547}
    assert possible(load(config(interfaces=leased)), "wan", answer) == {"permit"}
    assert possible(load(config()), "wan", answer) == {"deny"}


@pytest.mark.parametrize(
    ("interfaces", "more", "opened"),
    [
        (INTERFACES, "", "lan"),
        (INTERFACES.replace("<enable/><if>igb0", "<if>igb0").replace("<enable/><if>igb2", "<if>igb2"), "", "lan"),
        (INTERFACES.replace("<enable/><if>igb1", "<if>igb1"), "", ""),
        (INTERFACES.split("<lan>")[0], "", "wan"),
        (INTERFACES.split("<lan>")[0], "<openvpn><openvpn-server><vpnid>1</vpnid></openvpn-server></openvpn>", "wan"),
    ],
)
def test_anti_lockout_is_on_lan_or_on_the_only_interface_and_counts_those_that_are_off(interfaces: str, more: str, opened: str) -> None:
    graph = load(config(interfaces=interfaces, more=more))
    addresses = {"wan": "198.51.100.2", "lan": "10.20.0.1", "opt1": "10.30.0.1"}
    there = {name for name in addresses if any(zone.id == f"pfsense:{name}" for zone in graph.zones)}
    assert {name for name in there if possible(graph, name, packet("10.20.0.5", addresses[name], 80)) == {"permit"}} == {opened} - {""}


def test_a_relay_of_dhcpv6_opens_its_ports_to_the_neighbours() -> None:
    relay = "<dhcrelay6><enable/><interface>lan,opt1</interface></dhcrelay6>"
    asked = packet("fe80::9", "ff02::1:2", 547, 17)
    assert possible(load(config(more=relay)), "opt1", asked) == {"permit"}
    assert possible(load(config(more=relay)), "wan", asked) == {"deny"}


@pytest.mark.parametrize(
    ("phase", "source", "port", "verdicts"),
    [
        ("<mobile/>", "8.8.8.8", 500, {"permit"}),
        ("<remote-gateway>0.0.0.0</remote-gateway>", "8.8.8.8", 4500, {"permit"}),
        ("<remote-gateway>9.9.9.9</remote-gateway>", "9.9.9.9", 500, {"permit"}),
        ("<remote-gateway>9.9.9.9</remote-gateway>", "8.8.8.8", 500, {"deny"}),
        ("<remote-gateway>vpn.example.org</remote-gateway>", "8.8.8.8", 500, {"permit", "deny"}),
        ("<mobile/><disabled/>", "8.8.8.8", 500, {"deny"}),
    ],
)
def test_a_tunnel_opens_its_key_exchange_to_the_other_end_alone(phase: str, source: str, port: int, verdicts: set[str]) -> None:
    graph = load(config(more=f"<ipsec><phase1><ikeid>1</ikeid><interface>wan</interface>{phase}</phase1></ipsec>"))
    assert possible(graph, "wan", packet(source, "198.51.100.2", port, 17)) == verdicts
    assert possible(graph, "opt1", packet(source, "198.51.100.2", port, 17)) == {"deny"}


def test_a_tunnel_lets_in_the_protocol_it_speaks_where_its_virtual_address_is() -> None:
    vip = "<virtualip><vip><mode>carp</mode><uniqid>7</uniqid><interface>wan</interface><subnet>198.51.100.3</subnet></vip></virtualip>"
    tunnel = (
        "<phase1><ikeid>1</ikeid><interface>_vip7</interface><mobile/></phase1><phase2><ikeid>1</ikeid><protocol>esp</protocol></phase2>"
    )
    graph = load(config(more=f"{vip}<ipsec>{tunnel}</ipsec>"))
    assert possible(graph, "wan", packet("8.8.8.8", "198.51.100.3", 0, 50)) == {"permit"}
    assert possible(graph, "wan", packet("8.8.8.8", "198.51.100.3", 0, 51)) == {"deny"}
    assert possible(graph, "lan", packet("8.8.8.8", "198.51.100.3", 0, 50)) == {"deny"}
