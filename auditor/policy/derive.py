"""Roles that follow from others, or from what configurations state, where nobody says who they are: never against what somebody said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.model.graph import Endpoint, Graph, Zone, ZoneKind
from auditor.model.headers import ANYWHERE, PUBLIC, address_interval, merge_intervals
from auditor.model.record import replace
from auditor.policy.binding import ASSUMED, Bound, Cast, is_address
from auditor.policy.ruleset import Role, Ruleset

_NETWORKS = (ZoneKind.SUBNET, ZoneKind.INTERFACE)


def completed(cast: Cast, ruleset: Ruleset) -> Cast:
    """The cast with the ruleset's unbound roles that can be derived."""
    found: dict[str, Bound] = {}
    for role in ruleset.roles.values():
        if not cast.bound(role.name):
            bound = _stated(cast, ruleset, role) or _network(cast, ruleset, role) or _usual(role)
            if bound is not None:
                found[role.name] = bound
    return replace(cast, roles={**cast.roles, **found}) if found else cast


def _stated(cast: Cast, ruleset: Ruleset, role: Role) -> Bound | None:
    """Who the machines' own configurations say the role is: the values of an attribute of their zones."""
    if not role.stated_by:
        return None
    zones = (zone for bound in _of_ruleset(cast, ruleset) for end in bound.endpoints for zone in _zones(cast.graph, end))
    values = dict.fromkeys(value for zone in zones for value in zone.values(role.stated_by) if value != "none")
    return Bound(role.name, tuple(_named(value, role.name) for value in values), f"stated: {role.stated_by}") if values else None


def _network(cast: Cast, ruleset: Ruleset, role: Role) -> Bound | None:
    """The networks that the machines of other roles are in."""
    if not role.network_of or any(map(cast.vague, ruleset.members(role.network_of))):
        return None
    ends = [end for name in ruleset.members(role.network_of) for end in cast.endpoints(name)]
    zones = list(dict.fromkeys(zone for end in ends for zone in _zones(cast.graph, end) if zone.kind in _NETWORKS))
    networks = merge_intervals(span for zone in zones for span in zone.networks or ())
    references = frozenset[str]().union(*(zone.references for zone in zones), *(end.references for end in ends))
    if not networks and not references:
        return None
    label = f"the network of {role.network_of}"
    end = Endpoint(label, role.name, addresses=networks or ANYWHERE, exact=bool(networks), references=references)
    return Bound(role.name, (end,), f"derived: {label}")


def _usual(role: Role) -> Bound | None:
    """Who it is unless somebody says otherwise: the product's own default."""
    if not role.usually:
        return None
    return Bound(role.name, tuple(_named(value, role.name) for value in role.usually), ASSUMED)


def _named(value: str, role: str) -> Endpoint:
    if is_address(value):
        return Endpoint(value, role, addresses=(address_interval(value),), exact=True)
    return Endpoint(value, role, addresses=PUBLIC, names=frozenset({value.casefold()}))


def _of_ruleset(cast: Cast, ruleset: Ruleset) -> Iterator[Bound]:
    roles: Mapping[str, Bound] = cast.roles
    return (bound for name, bound in roles.items() if name in ruleset.roles)


def _zones(graph: Graph, end: Endpoint) -> Iterator[Zone]:
    return (zone for zone in map(graph.zone, sorted(end.zones)) if zone is not None)
