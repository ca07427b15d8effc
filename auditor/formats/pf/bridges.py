"""The bridges of a configuration file, which both products write alike: members by their identifiers, and switches among the tunables.

Bridged packets meet the rules of the members (`net.link.bridge.pfil_member`, on) and not those of the bridge's own interface
(`net.link.bridge.pfil_bridge`, off), unless the tunables say otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.formats.pf.device import Bridge
from auditor.formats.xmlspan import Element

_MEMBERS, _ITSELF = "net.link.bridge.pfil_member", "net.link.bridge.pfil_bridge"


def bridges(root: Element, devices: Mapping[str, str]) -> Iterator[Bridge]:
    """The bridges; `devices` are those of the interfaces, by identifier. A bridge whose members are not told is one all the same."""
    told: set[str] = set()
    members_count = _tunable(root, _MEMBERS, on=True)
    itself_counts = _tunable(root, _ITSELF, on=False)
    for element in root.every("bridges/bridged"):
        device = _text(element, "bridgeif")
        told.add(device)
        members = tuple(name for name in map(str.strip, _text(element, "members").split(",")) if name in devices)
        own = tuple(name for name, of in devices.items() if of == device and device)
        filtering = (*(members if members_count else ()), *(own if itself_counts else ()))
        if members:
            yield Bridge(element.head, frozenset((*members, *own)), filtering)
    for name, device in devices.items():
        if device.startswith("bridge") and device not in told:
            yield Bridge(root.head, frozenset({name}), None)


def _tunable(root: Element, name: str, *, on: bool) -> bool:
    for item in root.every("sysctl/item"):
        if _text(item, "tunable") == name and _text(item, "value") in ("0", "1"):
            return _text(item, "value") == "1"
    return on


def _text(element: Element, name: str) -> str:
    child = element.child(name)
    return child.text.strip() if child is not None else ""
