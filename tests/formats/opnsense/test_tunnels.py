"""Tunnels: what is behind their devices, whether these are interfaces of their own or in their group only."""

from __future__ import annotations

import pytest

from auditor.model.headers import addresses_text
from tests.formats.opnsense.samples import LAN, VLAN, WAN, config, graph_of, mvc, possible

WIREGUARD = """<OPNsense><wireguard><server><servers><server uuid="s"><instance>0</instance><tunneladdress>10.9.0.1/24</tunneladdress>
<peers>p,q</peers></server></servers></server><client><clients>
<client uuid="p"><tunneladdress>10.9.0.5/32,10.99.0.0/16</tunneladdress></client>
<client uuid="q"><tunneladdress>0.0.0.0/0</tunneladdress></client>
</clients></client></wireguard>"""
OPENVPN = """<OPNsense><OpenVPN><Instances>
<Instance><vpnid>1</vpnid><role>server</role><server>10.8.0.0/24</server><route>10.88.0.0/16</route></Instance>
</Instances></OpenVPN>"""
ROUTED = """<OPNsense><Swanctl><VTIs>
<VTI><reqid>7</reqid><tunnel_local>10.7.0.1</tunnel_local><tunnel_remote>10.7.0.2</tunnel_remote></VTI></VTIs>
</Swanctl>"""


def text(feature: str, device: str = "", rules: str = "") -> str:
    given = f"<opt2><enable>1</enable><if>{device}</if><descr>TUN</descr><ipaddr>none</ipaddr></opt2>" if device else ""
    return config(mvc=rules, interfaces=WAN + LAN + VLAN + given).replace("<OPNsense>", feature, 1)


def networks(feature: str, device: str, zone: str) -> str | None:
    found = graph_of(text(feature, device)).zone(zone)
    return None if found is None or found.networks is None else addresses_text(found.networks)


@pytest.mark.parametrize(
    ("feature", "device", "group", "behind"),
    [
        (WIREGUARD, "wg0", "wireguard", "10.9.0.0, 10.9.0.2-10.9.0.255, 10.99.0.0/16"),
        (OPENVPN, "ovpns1", "openvpn", "10.8.0.0/24, 10.88.0.0/16"),
    ],
)
def test_the_networks_of_a_tunnel_are_behind_its_interface_and_else_behind_the_group(
    feature: str, device: str, group: str, behind: str
) -> None:
    assert networks(feature, "", f"opnsense:{group}") == behind
    assert networks(feature, device, "opnsense:opt2") == behind
    assert graph_of(text(feature, device)).zone(f"opnsense:{group}") is None


def test_the_ends_of_routed_ipsec_are_behind_its_interface() -> None:
    assert networks(ROUTED, "ipsec7", "opnsense:opt2") == "10.7.0.2"


def test_the_network_of_a_tunnel_s_interface_is_the_tunnel_s() -> None:
    rules = mvc(interface="opt2", source_net="opt2")
    assert possible(text(WIREGUARD, "wg0", rules), "opt2", "10.9.0.5", "10.30.0.5") == {"permit"}
    assert possible(text(WIREGUARD, "wg0", rules), "opt2", "10.99.0.5", "10.30.0.5") == {"deny"}
    assert possible(text(OPENVPN, "ovpnc2", rules), "opt2", "10.99.0.5", "10.30.0.5") == {"permit", "deny"}


def test_a_tunnel_that_does_not_tell_its_network_leaves_that_of_its_group_open() -> None:
    client = "<Instance><vpnid>2</vpnid><role>client</role></Instance></Instances>"
    assert networks(OPENVPN.replace("</Instances>", client), "", "opnsense:openvpn") is None


def test_the_address_of_the_firewall_in_a_tunnel_is_its_own() -> None:
    rules = mvc(interface="lan", action="block", destination_net="(self)") + mvc(interface="lan")
    assert possible(text(WIREGUARD, "wg0", rules), "lan", "10.20.0.5", "10.9.0.1", 8443) == {"deny"}
    assert possible(text(WIREGUARD, "wg0", rules), "lan", "10.20.0.5", "10.9.0.5", 8443) == {"permit"}
