"""Commands that are none and are a slip away from one that filters, or that filter and are not read: they are told, never passed over.

Commands of other matters (speed, spanning-tree, descriptions) are far from all of them. The words of a command come in lower case, without
the `no` or `default` in front.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from auditor.formats.near import near

_FAMILIES = ("ip", "ipv4", "ipv6", "mac", "arp")
_FILTERING = ("access-group", "access-class", "access-list", "traffic-filter", "traffic-policy", "service-policy", "zone-member")
_UNREAD = ("access-group", "access-class", "traffic-filter")
_MARGIN = ("access-list", "object-group", "interface", "control-plane", "policy-map")
_BESIDE_FILTERS = ("switchport", "shutdown", "encapsulation")
_ADDRESS = ("address", "unnumbered")
_PORT = (("access", "trunk", "voice", "mode"), ("vlan", "native", "allowed", "access", "trunk"))

_near = lru_cache(4096)(near)


def at_the_margin(words: Sequence[str]) -> str | None:
    """What a command that nothing reads was to be: one that defines or applies a list, a group, an interface, a policy."""
    if words[0] in _FAMILIES:
        word = words[1] if len(words) > 1 else ""
        return "access-list" if word.startswith("access-l") else that_filters(words) or _near(word, ("route", "router", "routing"))
    if words[0] == "vlan" and len(words) > 1:
        return words[1] if words[1] in ("access-map", "filter") else _near(words[1], ("access-map", "filter"))
    if words[0] == "line" and len(words) > 1:
        return "line vty" if words[1] != "vty" and sorted(set(words[1])) == sorted("vty") else None
    return _near(words[0], _MARGIN) or ("access-list" if words[0] != "access-list" and words[0].startswith("access-l") else None)


def that_filters(words: Sequence[str]) -> str | None:
    """What a line below an interface, a terminal line or the control plane was to be, where that filters; only of lines nobody reads."""
    if words[:2] == ["access-group", "mode"]:
        return None  # whether the lists of a port or those of its VLAN come first
    for word in words[:2] if words[0] in _FAMILIES else words[:1]:
        found = _near(word, _FILTERING) or _unread(word)
        if found:
            return found
    if words[0] in _FAMILIES and words[1:2] == ["port"] and len(words) > 2:
        return _near(words[2], _FILTERING) or _unread(words[2])
    return None


def that_places(words: Sequence[str]) -> str | None:
    """What a line below an interface was to be, where that says which networks and VLANs are behind it."""
    if words[0] in ("ip", "ipv6") and len(words) > 1:
        return _near(words[1], _ADDRESS)
    if words[0] == "vrf" and len(words) > 2:
        return _near(words[1], ("forwarding", "member"))
    if words[0] == "switchport":
        return next((found for word, known in zip(words[1:], _PORT, strict=False) if (found := _near(word, known))), None)
    return _near(words[0], _BESIDE_FILTERS)


def _unread(word: str) -> str | None:
    """The command itself, where a line has it in a form that is not read; a shortened one is one of them."""
    return next(
        (each for each in _UNREAD if word == each), "access-group" if word.startswith("access-") and word != "access-session" else None
    )
