"""Who reaches whom: the services that surely get through between roles (or zones), and those that do for some or perhaps."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.model.findings import Flow
from auditor.model.graph import Graph
from auditor.model.headers import (
    EXPERIMENTAL,
    IPV4,
    IPV6,
    NEW_FLOW,
    PORT_ZERO,
    destinations,
    service_part,
    services_text,
    sources,
)
from auditor.model.packets import NOTHING, PacketSet, union
from auditor.policy.binding import Cast
from auditor.policy.changes import Let, everyone, let_through, ways_between

MOST_SERVICES = 8
MOST_PARTIES = 24
MOST_WAYS = 10_000
"""Ways between all that are shown: a second's work. Where many routers may stand between two, there are many."""


def parties_of(graph: Graph, cast: Cast) -> list[str]:
    """Everybody who may be shown, roles before zones."""
    return sorted(everyone(graph, cast), key=lambda name: (name not in cast.roles, name != "the internet"))


def shown(graph: Graph, cast: Cast, most: int = MOST_PARTIES) -> list[str]:
    """The first `most` parties, or as many as there are not too many ways between."""
    everybody = everyone(graph, cast)
    names: list[str] = []
    ways = 0
    for name in parties_of(graph, cast)[:most]:
        pairs = ((name, name), *((name, other) for other in names), *((other, name) for other in names))
        for source, destination in pairs:
            ways += len(ways_between(graph, everybody, source, destination))
            if ways > MOST_WAYS:
                return names
        names.append(name)
    return names


def flows(graph: Graph, cast: Cast, most: int = MOST_PARTIES) -> tuple[Flow, ...]:
    """Every pair with a filter between them, by source and destination, of those that are shown.

    A pair without a filter that was read is left out: nothing is known about it.
    """
    everybody = everyone(graph, cast)
    names = shown(graph, cast, most)
    found = []
    for source in names:
        for destination in names:
            let = let_through(graph, everybody, source, destination)
            if let.ways:
                whole = _everywhere(let)
                rest = service_part(let.maybe) - whole - PORT_ZERO
                found.append(Flow(source, destination, _told(whole), _told(rest)))
    return tuple(found)


def _everywhere(let: Let) -> PacketSet:
    """The services that get through whatever the addresses of the two, in one family at least; none where the way is not certain."""
    if not all(way.certain for way in let.ways):
        return NOTHING
    asked = union(NEW_FLOW & sources(way.source.addresses) & destinations(way.destination.addresses) for way in let.ways) - PORT_ZERO
    return union(_throughout(asked & family, let.surely & family) for family in _families())


def _families() -> Iterable[PacketSet]:
    return (sources([family]) for family in (IPV4, IPV6))


def _throughout(asked: PacketSet, passed: PacketSet) -> PacketSet:
    return service_part(passed & asked) - service_part(asked - passed)


def _told(services: PacketSet) -> tuple[str, ...]:
    told = services_text(services | PORT_ZERO if services.meets(EXPERIMENTAL) else services, MOST_SERVICES)
    return ("nearly anything",) if told != ("any",) and services.meets(EXPERIMENTAL) else told
