"""Which networks are behind which interface: connected, routed, all others. Of two that hold an address the longer prefix counts."""

from __future__ import annotations

from auditor.formats.switch.config import Config
from auditor.formats.switch.interfaces import Interface, Network, Route
from auditor.model.headers import subtract_intervals
from auditor.model.packets import Interval

_MOST_ROUTES = 4096


def held_by(config: Config, inside: list[Interface], vrf: str) -> tuple[dict[str, tuple[Interval, ...]], frozenset[str]]:
    """The addresses behind each interface, by its name, and the interfaces that everything else is behind."""
    claims = [(network, interface.name) for interface in inside for network in interface.networks if interface.shutdown is None]
    shut = [(network, interface.name) for interface in inside for network in interface.networks if interface.shutdown is not None]
    connected = sorted(claims + shut, key=lambda claim: -_depth(claim[0]))
    defaults: set[str] = set()
    routed: list[tuple[Network, str]] = []
    for each in [route for route in config.routes if route.vrf == vrf][:_MOST_ROUTES]:
        leaves = _leaves(each, inside, connected)
        if leaves is None:
            continue
        if each.network.length == 0:
            defaults.add(leaves)
        else:
            routed.append((each.network, leaves))
    ordered = sorted([*((network, 0, name) for network, name in connected), *((network, 1, name) for network, name in routed)], key=_order)
    held: dict[str, tuple[Interval, ...]] = {}
    taken: tuple[Interval, ...] = ()
    for network, _, name in ordered:
        part = subtract_intervals((network.span,), taken)
        held[name] = held.get(name, ()) + part
        taken += part
    return held, frozenset(defaults)


def _depth(network: Network) -> int:
    return network.length + (96 if not network.six else 0)


def _order(claim: tuple[Network, int, str]) -> tuple[int, int]:
    return -_depth(claim[0]), claim[1]


def _leaves(route: Route, inside: list[Interface], connected: list[tuple[Network, str]]) -> str | None:
    """The interface a static route leaves by."""
    if route.interface:
        return next((each.name for each in inside if each.name.lower() == route.interface.lower()), None)
    if route.hop is None:
        return None
    return next((name for network, name in connected if network.span[0] <= route.hop <= network.span[1]), None)
