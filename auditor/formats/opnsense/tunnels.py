"""Tunnels: what is behind each device, which its interface does not say; those nobody assigned are behind their group.

A device belongs to the tunnel whose number it bears. What peers may send is where they are; a peer that may send everything tells nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.formats.opnsense.values import at, items, text
from auditor.formats.pf.addresses import Ranges, literal, normal
from auditor.formats.xmlspan import Element
from auditor.model.packets import Interval
from auditor.model.record import dataclass

DEVICES = ("ovpn", "wg", "ipsec", "gif", "gre", "tailscale", "zt")
"""How the devices of tunnels begin: they have an address of their own, whatever the interface says."""
GROUPS = {"openvpn": "ovpn", "wireguard": "wg", "enc0": "enc"}
"""Groups the product has by itself → how their devices begin. Devices nobody assigned are in them too, so each is an interface as well."""


@dataclass(frozen=True, slots=True)
class Tunnel:
    """The network of a device's own addresses, those of them the file tells, and the networks that the tunnel leads to."""

    own: Ranges = ()
    addresses: Ranges = ()
    beyond: Ranges = ()


def tunnels(root: Element) -> dict[str, Tunnel]:
    """The tunnels of a file by their devices."""
    return dict([*_openvpn(root), *_wireguard(root), *_routed(root), *_plain(root)])


def together(found: Iterable[Tunnel]) -> Tunnel:
    """Several tunnels as one, for the group that they are in: where one does not tell its network, the group's is not known."""
    parts = list(found)
    own = normal(span for part in parts for span in part.own)
    beyond = normal(span for part in parts for span in part.beyond)
    if not all(part.own for part in parts):
        return Tunnel(beyond=normal((*own, *beyond)))
    return Tunnel(own, normal(span for part in parts for span in part.addresses), beyond)


def ipsec_networks(root: Element) -> Ranges:
    """The far ends of the tunnels of IPsec, of both kinds of settings."""
    old = (f"{at(phase, 'remoteid/address')}/{at(phase, 'remoteid/netbits')}" for phase in root.every("ipsec/phase2"))
    new = (word for child in root.every("OPNsense/Swanctl/children/child") for word in items(text(child, "remote_ts")))
    return normal(_networks((*(word.removesuffix("/") for word in old), *new)))


def _openvpn(root: Element) -> Iterator[tuple[str, Tunnel]]:
    for path, device in (("openvpn/openvpn-server", "ovpns"), ("openvpn/openvpn-client", "ovpnc")):
        for end in root.every(path):
            own, beyond = (_listed(end, f"{kind}_network", f"{kind}_networkv6") for kind in ("tunnel", "remote"))
            yield device + text(end, "vpnid"), Tunnel(own, (), beyond)
    for instance in root.every("OPNsense/OpenVPN/Instances/Instance"):
        device = "ovpnc" if text(instance, "role") == "client" else "ovpns"
        own, beyond = _listed(instance, "server", "server_ipv6"), _listed(instance, "route")
        yield device + text(instance, "vpnid"), Tunnel(own, (), beyond)


def _wireguard(root: Element) -> Iterator[tuple[str, Tunnel]]:
    peers = {peer.attributes.get("uuid", ""): peer for peer in root.every("OPNsense/wireguard/client/clients/client")}
    for server in root.every("OPNsense/wireguard/server/servers/server"):
        allowed = [word for name in items(text(server, "peers")) if name in peers for word in items(text(peers[name], "tunneladdress"))]
        words = items(text(server, "tunneladdress"))
        addresses = normal(_networks(word.partition("/")[0] for word in words))
        yield f"wg{text(server, 'instance')}", Tunnel(normal(_networks(words)), addresses, normal(_networks(allowed)))


def _routed(root: Element) -> Iterator[tuple[str, Tunnel]]:
    for end in root.every("OPNsense/Swanctl/VTIs/VTI"):
        here, there = (_listed(end, f"tunnel_{side}", f"tunnel_{side}2") for side in ("local", "remote"))
        yield f"ipsec{text(end, 'reqid')}", Tunnel(normal((*here, *there)), here)


def _plain(root: Element) -> Iterator[tuple[str, Tunnel]]:
    for path, device in (("gifs/gif", "gifif"), ("gres/gre", "greif")):
        for end in root.every(path):
            here = _listed(end, "tunnel-local-addr")
            network = f"{text(end, 'tunnel-remote-addr')}/{text(end, 'tunnel-remote-net')}".removesuffix("/")
            yield text(end, device), Tunnel(normal((*here, *_networks([network]))), here)


def _listed(element: Element, *names: str) -> Ranges:
    return normal(_networks(word.strip() for name in names for word in items(text(element, name))))


def _networks(words: Iterable[str]) -> Iterator[Interval]:
    return (found for word in words if not word.endswith("/0") and (found := literal(word)) is not None)
