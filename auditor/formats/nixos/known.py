"""The options NixOS has where the firewall is written, of every release still in use, with the kind of value each takes.

What is not here is a slip, or an option that another module declares.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

from auditor.formats.near import near
from auditor.formats.nixos.options import Path
from auditor.model.record import dataclass


class Kind(Enum):
    """What an option takes."""

    ANY = auto()
    BOOL = auto()
    TEXT = auto()
    LIST = auto()
    PORTS = auto()
    RANGES = auto()
    FORWARDS = auto()
    TREE = auto()


@dataclass(frozen=True, slots=True)
class Named:
    """A set with names of the user's, and the same options below each."""

    below: Mapping[str, Below]


Below = Kind | Named | Mapping[str, "Below"]

_ALLOWED: Mapping[str, Below] = {
    "allowedTCPPorts": Kind.PORTS,
    "allowedUDPPorts": Kind.PORTS,
    "allowedTCPPortRanges": Kind.RANGES,
    "allowedUDPPortRanges": Kind.RANGES,
}
_GATE: Mapping[str, Below] = {**_ALLOWED, "interfaces": Named(_ALLOWED), "allInterfaces": Kind.ANY, "trustedInterfaces": Kind.LIST}
_SWITCHES = [
    "enable",
    "rejectPackets",
    "allowPing",
    "filterForward",
    "logRefusedConnections",
    "logRefusedPackets",
    "logRefusedUnicastsOnly",
    "logReversePathDrops",
    "autoLoadConntrackHelpers",
]
_TEXTS = ["extraCommands", "extraStopCommands", "extraInputRules", "extraForwardRules", "extraReversePathFilterRules"]
_FIREWALL: Mapping[str, Below] = {
    **_GATE,
    **dict.fromkeys(_SWITCHES, Kind.BOOL),
    **dict.fromkeys(_TEXTS, Kind.TEXT),
    **dict.fromkeys(("connectionTrackingModules", "extraPackages"), Kind.LIST),
    **dict.fromkeys(("backend", "package", "pingLimit", "checkReversePath"), Kind.ANY),
    "filterOutput": {**_GATE, "enabled": Kind.BOOL, "extraRules": Kind.TEXT},
}
_NFTABLES: Mapping[str, Below] = {
    **dict.fromkeys(("enable", "checkRuleset", "flushRuleset", "flattenRulesetFile"), Kind.BOOL),
    **dict.fromkeys(("ruleset", "extraDeletions", "preCheckRuleset"), Kind.TEXT),
    **dict.fromkeys(("rulesetFile", "checkRulesetRedirects"), Kind.ANY),
    "tables": Named({"enable": Kind.BOOL, "name": Kind.TEXT, "family": Kind.TEXT, "content": Kind.TEXT}),
}
_NAT: Mapping[str, Below] = {
    **dict.fromkeys(("enable", "enableIPv6"), Kind.BOOL),
    **dict.fromkeys(("internalInterfaces", "internalIPs", "internalIPv6s"), Kind.LIST),
    **dict.fromkeys(("externalInterface", "externalIP", "externalIPv6", "dmzHost"), Kind.ANY),
    **dict.fromkeys(("extraCommands", "extraStopCommands"), Kind.TEXT),
    "forwardPorts": Kind.FORWARDS,
}
_TREES: Mapping[str, Below] = {"firewall": _FIREWALL, "nftables": _NFTABLES, "nat": _NAT}
_BESIDE = ("hostName", "enableIPv6", "iptables")
_SSH = ("enable", "openFirewall", "ports")


@dataclass(frozen=True, slots=True)
class Strange:
    """An option that NixOS does not have. `meant`: the one that its name is a slip away from."""

    option: Path
    meant: str | None


def misspelt(path: Path) -> Strange | None:
    """The option outside the trees of the firewall that is a slip away from one that matters, where `path` is it or below it."""
    meant: str | None = None
    if len(path) == 1 or path[1] in _TREES:
        meant = near(path[0], ("networking",))
        return Strange(path[:1], meant) if meant else None
    if path[0] == "networking":
        meant = near(path[1], (*_TREES, *_BESIDE))
        return Strange(path[:2], meant) if meant else None
    if path[0] == "services" and (meant := near(path[1], ("openssh",))):
        return Strange(path[:2], meant)
    if path[0] in ("services", "programs") and 3 <= len(path) <= 4:
        meant = near(path[-1], _SSH if path[:-1] == ("services", "openssh") else ("openFirewall",))
    return Strange(path, meant) if meant else None


def kind_of(path: Path) -> Kind | Strange | None:
    """What the option at `path` takes; what is wrong with its name; None where it is none of the firewall's."""
    below: Below | None = _TREES.get(path[1]) if path[0] == "networking" and len(path) > 1 else None
    if below is None:
        return misspelt(path)
    for at in range(2, len(path)):
        if isinstance(below, Kind):
            return below if below is Kind.ANY else Strange(path, None)
        if path[at].startswith("${"):
            return None
        if isinstance(below, Named):
            below = below.below
        elif path[at] in below:
            below = below[path[at]]
        else:
            return Strange(path[: at + 1], near(path[at], below))
    return below if isinstance(below, Kind) else Kind.TREE
