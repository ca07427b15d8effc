"""Whose configuration a file is, and whether it is one at all. Unclear is IOS, unless a command says otherwise."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache


class Flavour(StrEnum):
    """The systems whose lists are read, and one that is only recognised: ASA's masks mean something else."""

    IOS = "Cisco IOS"
    NXOS = "Cisco NX-OS"
    EOS = "Arista EOS"
    ASA = "Cisco ASA"


_NEVER = (
    ".md",
    ".rst",
    ".html",
    ".htm",
    ".py",
    ".tf",
    ".nix",
    ".xml",
    ".json",
    ".yaml",
    ".yml",
    ".toml",
    ".nft",
    ".java",
    ".go",
    ".g4",
    ".adoc",
)
_SIGNS = {
    Flavour.ASA: r"^ASA Version |^\s+nameif \S|^\s+security-level \d",
    Flavour.EOS: r"^! device:.*\bEOS-|^!RANCID-CONTENT-TYPE: arista|^daemon \S|^management (?:api|ssh)\b|^system control-plane",
    Flavour.NXOS: r"^!Command: show |^!RANCID-CONTENT-TYPE: cisco-nx|^feature \S|^vdc \S|^boot nxos |^vrf context \S"
    r"|^object-group ip(?:v6)? ",
}
_NOT_IOS = r"^ip access-list (?!extended\s+\S|standard\s+\S|resequence|log|logging|match)\S+\s*$"
_ARISTA_WORDS = r"^\s+(?:counters per-entry|fragment-rules)|\beq (?:ssh|https)\b"


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.MULTILINE)


def flavour_of(text: str) -> Flavour:
    """The system that wrote `text`, by the commands that only one has."""
    for flavour, signs in _SIGNS.items():
        if _pattern(signs).search(text):
            return flavour
    if _pattern(_NOT_IOS).search(text):
        return Flavour.EOS if _pattern(_ARISTA_WORDS).search(text) else Flavour.NXOS
    return Flavour.IOS


def claims(path: str, head: bytes) -> bool:
    """Whether a file looks like the running configuration of a switch or router, or a snippet with access lists."""
    if path.lower().endswith(_NEVER):
        return False
    text = head.decode("utf-8", "replace").replace("\r\n", "\n")
    if _pattern(r"^frr (?:version|defaults)|^(?:#!|<\?xml|<!DOCTYPE)").search(text):
        return False
    if _pattern(_STRONG).search(text):
        return True
    return sum(bool(_pattern(sign).search(text)) for sign in _WEAK) >= 2


_STRONG = (
    r"^(?:no )?(?:ip|ipv6|mac|arp) access-l(?:i|is|ist)? \S|^access-list \S+ (?:permit|deny|remark|extended|standard|line)\b"
    r"|^vlan access-map \S|^object-group (?:network|service|ip|ipv6|protocol) |^ASA Version |^!Command: show running|^! device:.*\bEOS-"
    r"|^!RANCID-CONTENT-TYPE: (?:cisco|arista)|^\s+ip access-group \S+ (?:in|out)\b|^Building configuration\.\.\."
)
_WEAK = (
    r"^hostname \S+\s*$",
    r"^interface (?:[A-Z][A-Za-z]+ ?\d|breakout )",
    r"^version \d+\.\d",
    r"^router (?:bgp|ospf|eigrp|isis|rip)\b",
    r"^ip route \d+\.\d+\.\d+\.\d+[ /]",
    r"^line (?:vty|con) \d",
    r"^vlan \d+",
    r"^service (?:timestamps|password-encryption)",
)
