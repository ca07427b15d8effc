"""Facts that configurations state about their machines, as requirements ask for them."""

from __future__ import annotations

from auditor.model.graph import Endpoint, Graph


def fact_holds(graph: Graph, end: Endpoint, fact: str) -> bool | None:
    """Whether a zone of `end` states the fact `key` or `key=value`; None if no zone of it states anything of that key.

    A zone states a fact by an attribute; the value "none" states that it is not so.
    """
    key, _, wanted = fact.partition("=")
    said = [value for zone in map(graph.zone, end.zones) if zone is not None for value in zone.values(key)]
    if not said:
        return None
    return wanted in said if wanted else any(value != "none" for value in said)
