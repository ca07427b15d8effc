"""A pf firewall as a piece of the rule graph: a router whose interfaces are zones, with a filter for each interface and direction.

Traffic between two interfaces meets `in` on the first and `out` on the second; traffic with the firewall itself meets one of them; traffic
inside one interface's network meets none, unless the network is bridged: then it meets `in` on one member and `out` on another, or none
where both ends are behind the same member. What is elsewhere is behind the uplinks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.formats.pf.addresses import Addresses, complement
from auditor.formats.pf.ruleset import Direction, Line, filter_of
from auditor.model.filters import Filter, Rule, Undecided, Verdict
from auditor.model.graph import Device, Graph, Hook, Place, Zone, ZoneKind
from auditor.model.packets import Interval
from auditor.model.record import dataclass, replace
from auditor.model.source import Span, Unknown


@dataclass(frozen=True, slots=True)
class Port:
    """An interface of the firewall. `networks` are those behind it, as far as they are known; `uplink`: and everything else.

    `name` is the identifier that rules use, `label` what people call it.
    """

    name: str
    label: str
    span: Span
    networks: Addresses
    uplink: bool = False


@dataclass(frozen=True, slots=True)
class Bridge:
    """Interfaces that are one network: `zones` are their names, and the bridge's own where it is an interface.

    `filtering` are those of them whose rules bridged packets meet; None: which they are is not in the file.
    """

    span: Span
    zones: frozenset[str]
    filtering: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Firewall:
    """One machine. `id` is the prefix of its zones' ids, "pfsense" or, of several, "pfsense:hostname".

    `administered`: the TCP ports of its own web interface and SSH, as far as the configuration says them.
    """

    id: str
    label: str
    span: Span
    itself: Addresses
    ports: tuple[Port, ...]
    bridges: tuple[Bridge, ...] = ()
    administered: tuple[int, ...] = ()


def graph(firewall: Firewall, lines: Sequence[Line]) -> Graph:
    """Zones, filters and the device between them."""
    hooks = tuple(_hooks(firewall, lines))
    bridged = tuple(hook for bridge in firewall.bridges for hook in _bridged(firewall, bridge, hooks))
    host = Zone(
        f"{firewall.id}:self",
        ZoneKind.HOST,
        firewall.label,
        firewall.span,
        firewall.itself.surely if firewall.itself.exact else None,
        attributes=tuple(("administered", str(port)) for port in firewall.administered),
        device=firewall.id,
    )
    device = Device(firewall.id, firewall.label, firewall.span, host.id, firewall.itself.surely)
    zones = (host, *(_zone(firewall, port) for port in firewall.ports))
    return Graph(zones, hooks + bridged, (device,), filters=tuple(hook.filter for hook in hooks))


def _zone(firewall: Firewall, port: Port) -> Zone:
    behind = complement(firewall.itself.surely)  # its own addresses are not those of a machine behind it
    networks = port.networks.within(behind)
    return Zone(
        f"{firewall.id}:{port.name}",
        ZoneKind.INTERFACE,
        port.label,
        port.span,
        networks.surely if networks.exact else None,
        aliases=_aliases(firewall, port),
        device=firewall.id,
        default=port.uplink,
        located=_located(networks),
    )


def _aliases(firewall: Firewall, port: Port) -> tuple[str, ...]:
    """Its description, alone and behind the dialect's name."""
    names = (port.label, f"{firewall.id}:{port.label}", f"{firewall.id.partition(':')[0]}:{port.label}")
    return tuple(dict.fromkeys(names))


def _located(networks: Addresses) -> tuple[Interval, ...]:
    return () if networks.exact else networks.surely


def _hooks(firewall: Firewall, lines: Sequence[Line]) -> Iterator[Hook]:
    for port in firewall.ports:
        for direction, place in ((Direction.IN, Place.ENTRY), (Direction.OUT, Place.EXIT)):
            label = f"{port.label}, {direction.value}"
            filter_ = filter_of(lines, port.name, direction, label, port.span)
            zone = f"{firewall.id}:{port.name}"
            yield Hook(f"{zone}/{direction.value}", place, filter_, port.span, label, zone, firewall.id, own=True)


def _bridged(firewall: Firewall, bridge: Bridge, hooks: Sequence[Hook]) -> Iterator[Hook]:
    """What packets meet that stay in a bridged network: a member's filter, or none, as nobody knows who is behind which member."""
    doubt = Unknown("which member of the bridge a machine is behind is not in the file", bridge.span, f"{firewall.id}:bridge")
    passed = Rule(Undecided(doubt), Verdict.PERMIT, bridge.span, "machines behind one member of the bridge", synthetic=True)
    names = {f"{firewall.id}:{name}" for name in bridge.filtering or ()}
    met = [(hook.label, replace(hook.filter, rules=(passed, *hook.filter.rules))) for hook in hooks if hook.zone in names]
    if bridge.filtering is None:
        denied = Rule(Undecided(doubt), Verdict.DENY, bridge.span, "the rules of the bridge's members", synthetic=True)
        met = [("members of the bridge", Filter("members of the bridge", (denied,), Verdict.PERMIT, bridge.span))]
    for name in sorted(bridge.zones):
        zone = f"{firewall.id}:{name}"
        for label, filter_ in met:
            yield Hook(f"{zone}/bridge/{label}", Place.WITHIN, filter_, bridge.span, f"bridge: {label}", zone, firewall.id)
