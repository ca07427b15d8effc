"""The options that matter to the firewall. Nothing else is looked into, so that no password or token is ever read."""

from __future__ import annotations

from fnmatch import fnmatchcase

Path = tuple[str, ...]
_RELEVANT: tuple[Path, ...] = (
    ("networking", "firewall", "**"),
    ("networking", "nftables", "**"),
    ("networking", "nat", "**"),
    ("networking", "hostName"),
    ("networking", "enableIPv6"),
    ("networking", "defaultGateway", "interface"),
    ("networking", "defaultGateway6", "interface"),
    ("networking", "interfaces", "*", "*", "addresses"),
    ("services", "*", "enable"),
    ("services", "*", "openFirewall"),
    ("services", "*", "*", "openFirewall"),
    ("services", "openssh", "ports"),
    ("programs", "*", "enable"),
    ("programs", "*", "openFirewall"),
    ("boot", "kernel", "sysctl", "*"),
    ("virtualisation", "docker", "enable"),
    ("virtualisation", "podman", "enable"),
    ("virtualisation", "oci-containers", "containers", "*", "ports"),
)
_LEAVES = ("allowed*", "addresses", "forwardPorts", "*Interfaces", "ports")


def relevant(path: Path, partly: bool = False) -> bool:
    """Whether an option matters; `partly`: whether one below it may."""
    return any(_fits(path, pattern, partly) for pattern in _RELEVANT)


def _fits(path: Path, pattern: Path, partly: bool) -> bool:
    for index, name in enumerate(path):
        if index < len(pattern) and pattern[index] == "**":
            return True
        if index >= len(pattern) or not (pattern[index] == "*" or pattern[index] == name or name.startswith("${")):
            return False
    return partly or len(path) == len(pattern) or pattern[len(path)] == "**"


def is_tree(path: Path) -> bool:
    """Whether an option at this path is a set of options, rather than a value."""
    if not path or path[-2:-1] in (("interfaces",), ("tables",)):
        return True  # a name of the user's
    return not any(fnmatchcase(path[-1], pattern) for pattern in _LEAVES)
