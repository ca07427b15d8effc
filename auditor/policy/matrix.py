"""Who reaches whom: the services that surely and that possibly get through between all roles, or where there are none, between zones."""

from __future__ import annotations

from auditor.model.findings import Flow
from auditor.model.graph import Graph
from auditor.model.headers import services_text
from auditor.policy.binding import Cast
from auditor.policy.changes import everyone, let_through

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
                possibly = services_text(let.maybe - let.surely, MOST_SERVICES)
                found.append(Flow(source, destination, services_text(let.surely, MOST_SERVICES), possibly))
    return tuple(found)
