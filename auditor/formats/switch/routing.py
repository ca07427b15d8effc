"""Which networks are behind which interface: connected, routed, all others. Of two that hold an address the longer prefix counts."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from operator import itemgetter

from auditor.formats.switch.config import Config
from auditor.formats.switch.interfaces import Interface, Network, Route
from auditor.model.headers import subtract_intervals
from auditor.model.packets import Interval


def held_by(config: Config, inside: list[Interface], vrf: str) -> tuple[dict[str, tuple[Interval, ...]], frozenset[str]]:
    """The addresses behind each interface, by its name, and the interfaces that everything else is behind."""
    claims = [(network, interface.name) for interface in inside for network in interface.networks if interface.shutdown is None]
    shut = [(network, interface.name) for interface in inside for network in interface.networks if interface.shutdown is not None]
    connected = sorted(claims + shut, key=lambda claim: -_depth(claim[0]))
    defaults: set[str] = set()
    routed: list[tuple[Network, str]] = []
    for each in [route for route in config.routes if route.vrf == vrf]:
        leaves = _leaves(each, inside, connected)
        if leaves is None:
            continue
        if each.network.length == 0:
            defaults.add(leaves)
        else:
            routed.append((each.network, leaves))
    ordered = sorted([*((network, 0, name) for network, name in connected), *((network, 1, name) for network, name in routed)], key=_order)
    held: dict[str, list[Interval]] = {}
    taken: list[Interval] = []
    for network, _, name in ordered:
        held.setdefault(name, []).extend(_take(network.span, taken))
    return {name: tuple(spans) for name, spans in held.items()}, frozenset(defaults)


def _take(span: Interval, taken: list[Interval]) -> tuple[Interval, ...]:
    """What of `span` nobody has taken yet; all of it is taken then. `taken` is sorted, and its spans do not overlap."""
    first = bisect_left(taken, span[0], key=itemgetter(1))
    last = bisect_right(taken, span[1], key=itemgetter(0))
    within = taken[first:last]
    left = subtract_intervals((span,), within)
    taken[first:last] = [(min(span[0], *(low for low, _ in within)), max(span[1], *(high for _, high in within)))] if within else [span]
    return left


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
