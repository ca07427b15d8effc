"""Tunnels: devices in a group of the product's own, each of which may be assigned as an interface besides.

Rules on the group's tab look at every device of the group, assigned or not, and come before the tabs. The networks of a tunnel are behind
its interface if it is assigned, else behind the group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditor.formats.pf import addresses as pf
from auditor.formats.pfsense.read import Config, field
from auditor.formats.xmlspan import Element

GROUPS = {"openvpn": ("ovpns", "ovpnc"), "WireGuard": ("tun_wg",), "Tailscale": ("tailscale",)}
"""A group → how the names of its devices begin. The members of the last two are not written into the file."""
_WRITTEN_BY_PACKAGES = ("WireGuard", "Tailscale")

Tunnels = Mapping[str, tuple[str, ...]]
"""A device → the networks it leads to, as written."""


def tunnels(config: Config) -> dict[str, Tunnels]:
    """The tunnels of every group that the file has."""
    found: dict[str, Tunnels] = {}
    if config.at("openvpn") is not None and (openvpn := dict(_openvpn(config))):
        found["openvpn"] = openvpn
    grouped = {field(entry, "ifname") for entry in config.every("ifgroups/ifgroupentry")}
    for name in _WRITTEN_BY_PACKAGES:
        if name in grouped:
            found[name] = dict(_wireguard(config)) if name == "WireGuard" else {}
    return found


def group_of(device: str) -> str:
    """The group that a device is in; empty if it is in none."""
    return next((name for name, starts in GROUPS.items() if device.startswith(starts)), "")


def _openvpn(config: Config) -> Iterator[tuple[str, tuple[str, ...]]]:
    for path, device in (("openvpn/openvpn-server", "ovpns"), ("openvpn/openvpn-client", "ovpnc")):
        for end in config.every(path):
            names = ("tunnel_network", "tunnel_networkv6", "remote_network", "remote_networkv6")
            texts = (text.strip() for child in names for text in field(end, child).split(","))
            yield device + field(end, "vpnid"), _literals(texts)


def _wireguard(config: Config) -> Iterator[tuple[str, tuple[str, ...]]]:
    peers = list(config.every("installedpackages/wireguard/peers/item"))
    for tunnel in config.every("installedpackages/wireguard/tunnels/item"):
        name = field(tunnel, "name")
        texts = [*_rows(tunnel, "addresses"), *(text for peer in peers if field(peer, "tun") == name for text in _rows(peer, "allowedips"))]
        yield name, _literals(text for text in texts if not text.endswith("/0"))


def _rows(element: Element, name: str) -> Iterator[str]:
    return (f"{field(row, 'address')}/{field(row, 'mask')}" for row in element.every(f"{name}/row"))


def ipsec_networks(config: Config) -> tuple[str, ...]:
    """The far ends of the tunnels of IPsec."""
    remotes = (phase.child("remoteid") for phase in config.every("ipsec/phase2") if phase.child("disabled") is None)
    texts = (field(end, "address") + (f"/{bits}" if (bits := field(end, "netbits")) else "") for end in remotes if end is not None)
    return _literals(texts)


def _literals(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(text for text in texts if pf.literal(text) is not None)
