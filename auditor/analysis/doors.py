"""By which interfaces the internet may come to a machine or router, and by which its packets go on: what rules can tell apart of them.

A name that no rule asks for stands for all of its kind, and what no rule names is `another interface`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from auditor.analysis.listing import listing
from auditor.model.filters import Fact, Filter, Predicate, Side, all_rules, predicates
from auditor.model.graph import Crossing, Graph, Hook, Place, Zone, ZoneKind
from auditor.model.packets import PacketSet
from auditor.model.record import dataclass, replace

_ANOTHER = "another interface"
_OTHERS = "other interfaces"

_INNER = re.compile(
    r"(?:lo|wg|tun|tap|docker|podman|cni|flannel|cali|cilium|kube|weave|veth|virbr|vboxnet|vmnet|vnet|lxc|lxd|incus|tailscale|zt|vxlan"
    r"|ipsec|vti|nebula)(?:br)?[\d*+-]*(?:\W|_|$)|br-[\da-f]{12}$"
    r"|(?:.*[\W_])?(?:lan|int|internal|inside|mgmt|management|home|guest|private|trusted)\d*(?:[\W_].*)?$",
    re.IGNORECASE,
)
"""Names of interfaces by which the internet does not come: those of tunnels and of machines within machines, and those that say so."""

_OUTER = re.compile(r"(?:.*[\W_])?(?:wan|ext|external|outside|uplink|internet|inet|public|pppoe)\d*[*+]?(?:[\W_].*)?$", re.IGNORECASE)
"""Names that say that they are the way to the internet: where there is one, no interface without a name is."""


@dataclass(frozen=True, slots=True)
class Doors:
    """Interfaces by which packets from the internet may come in, and those by which they may leave a router, as their zones' ids.

    Not `known`: nothing says by which of `entries` they come. No `exits`: no rule asks by which they leave.
    """

    entries: tuple[str, ...]
    exits: tuple[str, ...] = ()
    known: bool = False

    def ways_on(self, entry: str) -> Iterator[tuple[str | None, bool]]:
        """Where packets that came in by `entry` may go, each with whether it is sure to be there."""
        if not self.exits:
            yield None, True
            return
        named = [each for each in self.exits if each != entry and not is_another(each)]
        yield from ((each, True) for each in named)
        yield from ((each, not named) for each in self.exits if is_another(each))


def name_of(interface: str) -> str:
    """What an interface is called in its own configuration."""
    return interface.rpartition(":")[2]


def is_another(interface: str) -> bool:
    """Whether it stands for the interfaces that no rule names."""
    return name_of(interface) in (_ANOTHER, _OTHERS)


def fitting(crossing: Crossing, where: PacketSet) -> Filter:
    """The filter with those rules alone that packets of `where` may match, by the interfaces that the crossing knows."""
    whole = crossing.filter
    if whole.then is not None or (known := listing(whole.rules)).overwrites:
        return whole
    return replace(whole, rules=tuple(rule for rule, _ in known.touching(crossing.settle, where)))


def is_inner(interface: str) -> bool:
    """Whether the name of an interface says that the internet is not behind it."""
    return _INNER.match(name_of(interface)) is not None


def doors(graph: Graph, hooks: tuple[Hook, ...], entry: str | None) -> Doors | None:
    """What there is to ask about interfaces at hooks that are crossed together by packets that came in by `entry`; None if nothing."""
    place = hooks[0].place
    if place is Place.ENTRY:
        return None
    asked = [predicate for hook in hooks for predicate in _asked(hook)]
    came = _names(asked, Side.SOURCE)
    went = _names(asked, Side.DESTINATION) if place is Place.TRANSIT else set()
    if not came and not went:
        return None
    prefix = hooks[0].device or hooks[0].zone or ""
    zones = [zone.id for zone in interfaces_of(graph, hooks[0])]
    exits = _told_apart(zones, went, prefix) if went else ()
    if entry is not None:
        return Doors((entry,), exits, known=True) if exits else None
    if not came:
        return Doors((f"{prefix}:{_ANOTHER}",), exits)
    return Doors(_outer(_told_apart(zones, came, prefix)), exits)


def interfaces_of(graph: Graph, hook: Hook) -> Iterator[Zone]:
    """The interfaces of the machine or router that a hook stands at, as far as they are known by name."""
    of = {device.id for device in graph.devices if device.id == hook.device or (device.host is not None and device.host == hook.zone)}
    return (zone for zone in graph.zones if zone.device in of and zone.kind is ZoneKind.INTERFACE)


def _told_apart(zones: Iterable[str], asked: set[str], prefix: str) -> tuple[str, ...]:
    """The interfaces that rules ask for, and one for all of the others."""
    known = {name_of(each): each for each in zones}
    named = {known.get(name, f"{prefix}:{name}"): None for name in sorted(map(name_of, asked))}
    return (*named, f"{prefix}:{_ANOTHER}")


def _outer(candidates: tuple[str, ...]) -> tuple[str, ...]:
    """Those by which the internet may come. Where one says so by its name, it is none of those without."""
    possible = tuple(each for each in candidates if not is_inner(each))
    says = any(_OUTER.match(name_of(each)) for each in possible)
    return tuple(each for each in possible if not is_another(each)) if says else possible


def named(graph: Graph, hook: Hook) -> list[str]:
    """The interfaces that the rules of a hook name."""
    names = {name for predicate in _asked(hook) for name in predicate.values}
    told_apart = _told_apart((zone.id for zone in interfaces_of(graph, hook)), names, hook.device or "")
    return [each for each in told_apart if not is_another(each)]


def _asked(hook: Hook) -> Iterator[Predicate]:
    lists = (filter_.rules for filter_ in hook.filter.stages())
    return (each for rules in lists for each in predicates(all_rules(rules)) if each.fact is Fact.INTERFACE)


def _names(asked: Iterable[Predicate], side: Side) -> set[str]:
    return {name for predicate in asked if predicate.side is side for name in predicate.values}
