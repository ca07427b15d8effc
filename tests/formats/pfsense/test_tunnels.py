"""Tunnels: groups of devices with a tab of their own, and devices that are interfaces besides."""

from __future__ import annotations

import pytest

from auditor.model.graph import Graph, Place
from auditor.model.headers import address_interval
from tests.formats.pfsense.samples import INTERFACES, config, host, load, packet, possible, rule, traps

OPENVPN = (
    "<openvpn><openvpn-server><vpnid>1</vpnid><tunnel_network>10.8.0.0/24</tunnel_network></openvpn-server>"
    "<openvpn-client><vpnid>2</vpnid><remote_network>10.88.0.0/24</remote_network></openvpn-client></openvpn>"
)
WIREGUARD = """<ifgroups><ifgroupentry><ifname>WireGuard</ifname><members></members></ifgroupentry></ifgroups>
<installedpackages><wireguard><tunnels>
<item><name>tun_wg0</name><addresses><row><address>10.9.0.1</address><mask>24</mask></row></addresses></item>
<item><name>tun_wg1</name><addresses><row><address>10.99.0.1</address><mask>24</mask></row></addresses></item></tunnels>
<peers><item><tun>tun_wg1</tun><allowedips><row><address>10.100.0.0</address><mask>16</mask></row>
<row><address>0.0.0.0</address><mask>0</mask></row></allowedips></item></peers></wireguard></installedpackages>"""
ROUTED = "<ipsec>{}<phase1><ikeid>1</ikeid></phase1></ipsec>"


def assigned(device: str) -> str:
    return f"{INTERFACES}<opt2><enable/><if>{device}</if><descr>TUN</descr></opt2>"


def crossed(graph: Graph, source: str) -> list[str]:
    (way,) = graph.ways(host(source), host("10.30.0.5"))
    return [crossing.label for crossing in way.crossings]


@pytest.mark.parametrize(
    ("tab", "device", "more", "source"),
    [("openvpn", "ovpns1", OPENVPN, "10.8.0.5"), ("WireGuard", "tun_wg0", WIREGUARD, "10.9.0.5")],
)
def test_the_tab_of_a_group_of_tunnels_is_asked_before_that_of_an_assigned_one(tab: str, device: str, more: str, source: str) -> None:
    rules = rule(tab="opt2", type_="block", destination="<address>10.30.0.0/16</address>") + rule(tab=tab)
    graph = load(config(rules, interfaces=assigned(device), more=more))
    assert possible(graph, "opt2", packet(source, "10.30.0.5")) == {"permit"}
    assert possible(graph, tab, packet("10.99.0.5", "10.30.0.5")) == {"permit"}


def test_the_networks_of_a_tunnel_are_behind_its_interface_and_else_behind_the_group() -> None:
    graph = load(config(interfaces=assigned("ovpns1"), more=OPENVPN))
    assert crossed(graph, "10.8.0.5")[0] == "TUN, in"
    assert crossed(graph, "10.88.0.5")[0] == "OpenVPN, in"
    graph = load(config(interfaces=assigned("tun_wg0"), more=WIREGUARD))
    assert crossed(graph, "10.9.0.5")[0] == "TUN, in"
    assert crossed(graph, "10.99.0.5")[0] == crossed(graph, "10.100.9.9")[0] == "WireGuard, in"


def test_a_tunnel_gives_its_interface_the_network_that_rules_name() -> None:
    rules = rule(tab="opt2", source="<network>opt2</network>")
    graph = load(config(rules, interfaces=assigned("ovpns1"), more=OPENVPN))
    assert possible(graph, "opt2", packet("10.8.0.5", "10.30.0.5")) == {"permit"}
    assert possible(graph, "opt2", packet("10.88.0.5", "10.30.0.5")) == {"deny"}
    graph = load(config(rules, interfaces=assigned("ovpnc2"), more=OPENVPN))
    assert possible(graph, "opt2", packet("10.8.0.5", "10.30.0.5")) == {"permit", "deny"}
    assert [zone.id for zone in graph.zones if zone.default] == ["pfsense:wan"]


def test_a_group_with_a_tunnel_that_does_not_tell_its_network_may_have_any_behind_it() -> None:
    zone = load(config(more=OPENVPN)).zone("pfsense:openvpn")
    assert zone is not None and zone.networks is None
    zone = load(config(interfaces=assigned("ovpnc2"), more=OPENVPN)).zone("pfsense:openvpn")
    assert zone is not None and zone.networks == (address_interval("10.8.0.0/24"),)


def test_a_group_whose_tunnels_are_all_interfaces_is_no_zone_of_its_own() -> None:
    graph = load(config(interfaces=assigned("ovpns1"), more=OPENVPN.replace("openvpn-client", "left-over")))
    assert "pfsense:openvpn" not in {zone.id for zone in graph.zones}


def test_a_floating_rule_on_a_group_of_tunnels_acts_on_the_assigned_ones() -> None:
    floating = rule("<floating>yes</floating><quick/><direction>in</direction>", tab="openvpn")
    graph = load(config(floating, interfaces=assigned("ovpns1"), more=OPENVPN))
    assert possible(graph, "opt2", packet("10.8.0.5", "10.30.0.5")) == {"permit"}


def test_routed_ipsec_is_filtered_on_the_tab_of_ipsec() -> None:
    graph = load(config(rule(tab="opt2"), interfaces=assigned("ipsec1"), more=ROUTED.format("")))
    assert possible(graph, "opt2", packet("10.7.0.5", "10.30.0.5")) == {"deny"}
    assert "interface-missing" in traps(graph)
    graph = load(config(rule(tab="enc0"), interfaces=assigned("ipsec1"), more=ROUTED.format("")))
    assert possible(graph, "opt2", packet("10.7.0.5", "10.30.0.5")) == {"permit"}


def test_the_filter_mode_moves_ipsec_to_the_assigned_interfaces() -> None:
    more = ROUTED.format("<filtermode>if_ipsec</filtermode>")
    graph = load(config(rule(tab="opt2"), interfaces=assigned("ipsec1"), more=more))
    assert possible(graph, "opt2", packet("10.7.0.5", "10.30.0.5")) == {"permit"}
    graph = load(config(rule(tab="enc0"), interfaces=assigned("ipsec1"), more=more))
    assert possible(graph, "enc0", packet("10.7.0.5", "10.30.0.5")) == {"deny"}


def test_what_goes_out_by_routed_ipsec_meets_the_floating_rules_of_its_interface() -> None:
    floating = rule("<floating>yes</floating><quick/><direction>any</direction>", tab="opt2", type_="block") + rule(tab="enc0")
    graph = load(config(floating, interfaces=assigned("ipsec1"), more=ROUTED.format("")))
    assert possible(graph, "opt2", packet("10.30.0.5", "10.7.0.5"), Place.EXIT) == {"deny"}
    assert possible(graph, "opt2", packet("10.7.0.5", "10.30.0.5")) == {"permit"}


@pytest.mark.parametrize("name", ["TUN_VPNV4", "TUN_VTIV4"])
def test_gateways_of_tunnels_are_not_in_the_file(name: str) -> None:
    graph = load(config(rule(f"<gateway>{name}</gateway>", destination="<address>1.1.1.1</address>"), more=OPENVPN))
    assert "gateway-unknown" not in traps(graph)
