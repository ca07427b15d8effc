"""What `nix eval --json` printed: `networking.firewall`, `networking.nftables`, or sets that hold them, host by host.

A set with `enable` and `allowedTCPPorts` is a firewall; options it lacks are ones its nixpkgs does not have, and so are their defaults. One
without `allowedUDPPorts`, which every nixpkgs has, is a part of one: what it leaves out may say anything.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.nixos.firewall import FIREWALL, NFTABLES
from auditor.formats.nixos.host import Host
from auditor.formats.nixos.options import Path, relevant
from auditor.formats.nixos.settings import Settings
from auditor.formats.nixos.values import Attributes, Definition, Null, Value, Words
from auditor.model.source import Span

_DEEPEST = 8
_COMPUTED = ("allInterfaces",)
_WAYS = ("nixosConfigurations", "config", "networking", "firewall", "nftables")
_KEPT = ("networking", "services", "programs", "boot", "virtualisation")


def hosts_of(value: Value, path: str) -> list[Host]:
    """The hosts that a dump describes."""
    return list(_hosts(value, path, ()))


def _hosts(value: Value, path: str, way: Path) -> Iterator[Host]:
    if not isinstance(value, Attributes) or len(way) > _DEEPEST:
        return
    found = _definitions(value)
    if found:
        settings = Settings(found, final=_is_whole(value))
        yield Host(_name(settings, path, way), path, _span(settings, value), settings, complete=True)
        return
    for name, inner in value.entries:
        yield from _hosts(inner, path, (*way, name))


def _name(settings: Settings, path: str, way: Path) -> str:
    stated = settings.text("networking", "hostName")
    if stated is not None and stated.text:
        return stated.text
    return next((name for name in reversed(way) if name not in _WAYS), path)


def _span(settings: Settings, value: Attributes) -> Span:
    first = settings.span(*FIREWALL, "enable") or settings.span(*NFTABLES) or value.span
    return Span(first.path, first.line, first.column, first.line, first.column + 1) if first.line != first.end_line else first


def _definitions(value: Attributes) -> list[Definition]:
    """The options of a host, where this set is, or holds, what says them; empty where it is something else."""
    if _is_firewall(value):
        return list(_flat(value, FIREWALL))
    if _is_nftables(value):
        return list(_flat(value, NFTABLES))
    networking = value.get("networking")
    if isinstance(networking, Attributes) and _is_networking(networking):
        return [each for name, inner in value.entries if name in _KEPT for each in _flat(inner, (name,))]
    return list(_flat(value, ("networking",))) if _is_networking(value) else []


def _is_networking(value: Attributes) -> bool:
    firewall, nftables = value.get("firewall"), value.get("nftables")
    return (isinstance(firewall, Attributes) and _is_firewall(firewall)) or (isinstance(nftables, Attributes) and _is_nftables(nftables))


def _is_firewall(value: Attributes) -> bool:
    return value.get("enable") is not None and value.get("allowedTCPPorts") is not None


def _is_whole(value: Attributes) -> bool:
    """Whether the firewall in a set, where there is one, has every list."""
    networking = value.get("networking")
    holder = networking if isinstance(networking, Attributes) else value
    firewall = holder if _is_firewall(holder) else holder.get("firewall")
    return not isinstance(firewall, Attributes) or firewall.get("allowedUDPPorts") is not None


def _is_nftables(value: Attributes) -> bool:
    return value.get("enable") is not None and isinstance(value.get("tables"), Attributes)


def _flat(value: Value, path: Path) -> Iterator[Definition]:
    """Every option at or below `path` that matters; what NixOS computes from others is left out."""
    if not relevant(path, partly=True):
        return
    if isinstance(value, Attributes) and path[-1] not in _COMPUTED:
        for name, inner in value.entries:
            yield from _flat(inner, (*path, name))
    elif not isinstance(value, Attributes | Null) and not (isinstance(value, Words) and not value.text):
        yield Definition(path, value, value.span)
