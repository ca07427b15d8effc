"""What is odd about who was said to play which role: nothing that stops a run, but what was checked may not be what is meant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

from auditor.model.findings import Finding, Location, Outcome
from auditor.model.graph import Graph, ZoneKind
from auditor.model.headers import address_interval, addresses_text, intersect_intervals, merge_intervals, subtract_intervals
from auditor.model.packets import Interval
from auditor.model.source import Level, Span
from auditor.policy.binding import Cast, Claim, find_zones, is_address
from auditor.policy.ruleset import Ruleset

_FILTERING = (ZoneKind.HOST, ZoneKind.GROUP)
_MOST_TOLD = 3


def doubts(claims: Iterable[Claim], cast: Cast, graph: Graph, rulesets: Iterable[Ruleset]) -> Iterator[Finding]:
    """Addresses that are in none of the zones named with them or that leave a firewall out, and members of one role that share some."""
    claims = tuple(dict.fromkeys(claims))
    yield from _left_out(claims, cast, graph)
    for claim in claims:
        bound = cast.roles.get(claim.role)
        if bound is not None and bound.why == claim.why:
            yield from _outside(claim, graph)
    for pair in dict.fromkeys(pair for ruleset in rulesets for role in ruleset.roles for pair in combinations(ruleset.members(role), 2)):
        yield from _shared(pair, cast)


def _left_out(claims: Sequence[Claim], cast: Cast, graph: Graph) -> Iterator[Finding]:
    """Machines and groups that look like a role of which somebody said addresses alone: what they filter is not asked about."""
    taking_part = frozenset[str]().union(*(end.zones for bound in cast.roles.values() for end in bound.endpoints))
    for role, bound in cast.roles.items():
        said = [claim for claim in claims if claim.role == role and not claim.separately]
        if not any(claim.why == bound.why for claim in said) or any(claim.zones for claim in said):
            continue
        alike = [
            zone for claim in claims if claim.role == role and claim.separately for text in claim.zones for zone in find_zones(graph, text)
        ]
        left = [zone.id for zone in dict.fromkeys(alike) if zone.kind in _FILTERING and zone.id not in taking_part]
        if left:
            others = f" and {len(left) - _MOST_TOLD} more" if len(left) > _MOST_TOLD else ""
            message = f"role {role} was given addresses alone, so {', '.join(left[:_MOST_TOLD])}{others} takes no part, which looks like it"
            yield _doubt("auditor/firewall-left-out", role, message, bound.span)


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
