"""Who reaches whom: the services that surely get through between roles (or zones), and those that do for some or perhaps."""

from __future__ import annotations

from auditor.model.findings import Flow
from auditor.model.graph import Graph
from auditor.model.headers import IPV4, IPV6, NEW_FLOW, destinations, service_part, services_text, sources
from auditor.model.packets import PacketSet, union
from auditor.policy.binding import Cast
from auditor.policy.changes import Let, everyone, let_through

MOST_SERVICES = 8


def flows(graph: Graph, cast: Cast, most: int = 24) -> tuple[Flow, ...]:
    """Every pair with a filter between them, by source and destination; `most` parties at most, roles before zones.

    A pair without a filter that was read is left out: nothing is known about it.
    """
    everybody = everyone(graph, cast)
    names = sorted(everybody, key=lambda name: (name not in cast.roles, name != "the internet"))[:most]
    found = []
    for source in names:
        for destination in names:
            let = let_through(graph, everybody, source, destination)
            if let.ways:
                whole = _everywhere(let)
                rest = service_part(let.maybe) - whole
                found.append(Flow(source, destination, services_text(whole, MOST_SERVICES), services_text(rest, MOST_SERVICES)))
    return tuple(found)


def _everywhere(let: Let) -> PacketSet:
    """The services that get through whatever the addresses of the two, in one family at least."""
    asked = union(NEW_FLOW & sources(way.source.addresses) & destinations(way.destination.addresses) for way in let.ways)
    families = [sources([family]) for family in (IPV4, IPV6)]
    return union(service_part(let.surely & family) - service_part((asked - let.surely) & family) for family in families)
