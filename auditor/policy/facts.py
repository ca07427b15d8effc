"""Facts that configurations state about their machines, as requirements ask for them."""

from __future__ import annotations

from auditor.model.graph import Endpoint, Graph
from auditor.policy.ruleset import Ruleset


def fact_holds(graph: Graph, end: Endpoint, fact: str) -> bool | None:
    """Whether a zone of `end` states the fact `key` or `key=value`; None if no zone of it states anything of that key.

    A zone states a fact by an attribute; the value "none" states that it is not so.
    """
    key, _, wanted = fact.partition("=")
    said = [value for zone in map(graph.zone, end.zones) if zone is not None for value in zone.values(key)]
    if not said:
        return None
    return wanted in said if wanted else any(value != "none" for value in said)


def stated_parameters(ruleset: Ruleset, graph: Graph) -> dict[str, tuple[str, str]]:
    """The parameters that configurations state themselves: each with its value and the zone that says so.

    Where they do not agree, as those of two clusters may not, or say what the parameter cannot be, nothing is stated.
    """
    found: dict[str, tuple[str, str]] = {}
    for parameter in ruleset.parameters.values():
        said = {value: zone.id for zone in graph.zones for value in zone.values(parameter.stated_by)} if parameter.stated_by else {}
        if len(said) == 1:
            found.update((parameter.name, pair) for pair in said.items() if not parameter.values or pair[0] in parameter.values)
    return found
