"""What is odd about who was said to play which role: nothing that stops a run, but what was checked may not be what is meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from auditor.model.findings import Finding, Location, Outcome
from auditor.model.graph import Graph
from auditor.model.headers import address_interval, addresses_text, intersect_intervals, merge_intervals, subtract_intervals
from auditor.model.packets import Interval
from auditor.model.source import Level, Span
from auditor.policy.binding import Cast, Claim, find_zones, is_address
from auditor.policy.ruleset import Ruleset


def doubts(claims: Iterable[Claim], cast: Cast, graph: Graph, rulesets: Iterable[Ruleset]) -> Iterator[Finding]:
    """Addresses that are in none of the zones named with them, and members of one role that share some."""
    for claim in dict.fromkeys(claims):
        bound = cast.roles.get(claim.role)
        if bound is not None and bound.why == claim.why:
            yield from _outside(claim, graph)
    for pair in dict.fromkeys(pair for ruleset in rulesets for role in ruleset.roles for pair in combinations(ruleset.members(role), 2)):
        yield from _shared(pair, cast)


def _outside(claim: Claim, graph: Graph) -> Iterator[Finding]:
    zones = [zone for text in claim.zones if claim.addresses for zone in find_zones(graph, text)]
    if not zones or any(zone.default or not zone.networks for zone in zones):
        return
    said = merge_intervals(address_interval(text) for text in claim.addresses if is_address(text))
    held = [span for zone in zones for span in zone.networks or ()]
    held += [span for device in graph.devices for span in device.addresses]  # a firewall stands in the networks behind it
    strays = subtract_intervals(said, merge_intervals(held))
    if strays:
        where = ", ".join(dict.fromkeys(zone.id for zone in zones))
        message = f"{addresses_text(strays, 3)} of role {claim.role} is in no network of {where}"
        yield _doubt("auditor/address-outside", claim.role, message, claim.span)


def _shared(pair: tuple[str, str], cast: Cast) -> Iterator[Finding]:
    one, other = (_exact(cast, role) for role in pair)
    shared = intersect_intervals(one, other)
    if shared and one != other:
        span = next((cast.roles[role].span for role in reversed(pair) if cast.roles[role].span is not None), None)
        yield _doubt("auditor/shared-address", pair[1], f"{addresses_text(shared, 3)} plays both {pair[0]} and {pair[1]}", span)


def _exact(cast: Cast, role: str) -> tuple[Interval, ...]:
    return merge_intervals(span for end in cast.endpoints(role) if end.exact and not end.names for span in end.addresses)


def _doubt(rule: str, role: str, message: str, span: Span | None) -> Finding:
    location = Location(span, "", role) if span is not None else None
    return Finding(rule, Outcome.BROKEN, Level.WARNING, message, location=location, fingerprint=(rule, message))
