"""Tunnels: devices in a group of the product's own, each of which may be assigned as an interface besides.

Rules on the group's tab look at every device of the group, assigned or not, and come before the tabs. The networks of a tunnel are behind
its interface if it is assigned, else behind the group.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditor.formats.pf import addresses as pf
from auditor.formats.pfsense.read import Config, field
from auditor.formats.xmlspan import Element
from auditor.model.record import dataclass

GROUPS = {"openvpn": ("ovpns", "ovpnc"), "WireGuard": ("tun_wg",), "Tailscale": ("tailscale",)}
"""A group → how the names of its devices begin. The members of the last two are not written into the file."""
_ADDRESSED = ("ovpn", "tun_wg", "tailscale", "ipsec", "gif", "gre")
_WRITTEN_BY_PACKAGES = ("WireGuard", "Tailscale")

RUN_TIME = "tunnel"
"""The word for an address that a tunnel gives its interface."""


@dataclass(frozen=True, slots=True)
class Tunnel:
    """The network of a tunnel's own addresses, and those it leads to, as written."""

    own: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()


NO_TUNNEL = Tunnel()
Tunnels = Mapping[str, Tunnel]
"""A device → its tunnel."""


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


def is_tunnel(device: str) -> bool:
    """Whether a device gets its address from what it is a tunnel of, and not from the interface it is assigned as."""
    return device.startswith(_ADDRESSED)


def _openvpn(config: Config) -> Iterator[tuple[str, Tunnel]]:
    for path, device in (("openvpn/openvpn-server", "ovpns"), ("openvpn/openvpn-client", "ovpnc")):
        for end in config.every(path):
            own, beyond = (_listed(end, f"{kind}_network", f"{kind}_networkv6") for kind in ("tunnel", "remote"))
            yield device + field(end, "vpnid"), Tunnel(own, beyond)


def _listed(element: Element, *names: str) -> tuple[str, ...]:
    return _literals(text.strip() for name in names for text in field(element, name).split(","))


def _wireguard(config: Config) -> Iterator[tuple[str, Tunnel]]:
    peers = list(config.every("installedpackages/wireguard/peers/item"))
    for tunnel in config.every("installedpackages/wireguard/tunnels/item"):
        name = field(tunnel, "name")
        allowed = (text for peer in peers if field(peer, "tun") == name for text in _rows(peer, "allowedips"))
        yield name, Tunnel(_literals(_rows(tunnel, "addresses")), _literals(text for text in allowed if not text.endswith("/0")))


def _rows(element: Element, name: str) -> Iterator[str]:
    return (f"{field(row, 'address')}/{field(row, 'mask')}" for row in element.every(f"{name}/row"))


def ipsec_networks(config: Config) -> tuple[str, ...]:
    """The far ends of the tunnels of IPsec."""
    remotes = (phase.child("remoteid") for phase in config.every("ipsec/phase2") if phase.child("disabled") is None)
    texts = (field(end, "address") + (f"/{bits}" if (bits := field(end, "netbits")) else "") for end in remotes if end is not None)
    return _literals(texts)


def _literals(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(text for text in texts if pf.literal(text) is not None)
