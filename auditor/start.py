"""A first auditor.yaml: the rulesets and roles that were recognised, each with its sign, and the rest as comments to fill in."""

from __future__ import annotations

import json
from collections.abc import Iterator

from auditor.audit import Reading
from auditor.model.graph import ZoneKind
from auditor.model.headers import ANYWHERE, addresses_text
from auditor.policy.binding import Bound

MOST_ZONES = 16


def starting_config(reading: Reading) -> str:
    """The text of the file."""
    return "\n".join([*_rulesets(reading), "", *_roles(reading), "", *_parameters(reading), "", *_ignores()]) + "\n"


def _rulesets(reading: Reading) -> Iterator[str]:
    yield "# What is checked; `auditor rulesets` lists what there is."
    yield "rulesets:"
    for ruleset, why in reading.rulesets:
        yield f"  - {ruleset.name}  # {_comment(why)}"


def _roles(reading: Reading) -> Iterator[str]:
    yield "# Who is who here. What is wrong or missing makes requirements open, so look at every line."
    roles = {role.name: role for ruleset, _ in reading.rulesets for role in ruleset.roles.values() if not role.union_of}
    bound = {name: reading.cast.roles[name] for name in roles if reading.cast.endpoints(name)}
    yield "roles:" if bound else "# roles:"
    for name, found in bound.items():
        yield f"  {name}:  # {_comment(found.why)}"
        yield from _bound(found)
    for name, role in roles.items():
        if name not in bound:
            yield f"  # {name}: {{addresses: [192.0.2.0/24]}}  # {_comment(role.description)}"
    outside = list(_outside(reading))
    yield from outside
    zones = sorted(zone.id for zone in reading.graph.zones)
    if zones and (roles or outside):
        yield f"  # zones that can be named here, as {{zone: ...}}: {', '.join(map(_quoted, zones[:MOST_ZONES]))}"
        yield from ["  # more of them: auditor graph"] if len(zones) > MOST_ZONES else []


def _outside(reading: Reading) -> Iterator[str]:
    """Behind which interface the internet is: as it was recognised, or to be said."""
    for device in dict.fromkeys(zone.device for zone in reading.graph.zones if zone.kind is ZoneKind.INTERFACE):
        behind = [zone for zone in reading.graph.zones if zone.device == device and zone.kind is ZoneKind.INTERFACE]
        outer = next((zone.id for zone in behind if zone.default), None)
        why = "as it was recognised" if outer else "which of its interfaces the internet is behind is not known"
        yield f"  # internet: {{zone: {_quoted(outer or behind[-1].id)}}}  # {why}"


def _bound(found: Bound) -> Iterator[str]:
    zones = sorted({zone for endpoint in found.endpoints for zone in endpoint.zones})
    names = sorted({name for endpoint in found.endpoints for name in endpoint.names})
    if zones:
        yield f"    behind: [{', '.join(map(_quoted, zones))}]"
    if names:
        yield f"    names: [{', '.join(map(_quoted, names))}]"
    exact = {addresses_text([interval]) for endpoint in found.endpoints if endpoint.exact for interval in endpoint.addresses}
    if exact and not names:
        yield f"    addresses: [{', '.join(sorted(exact))}]"
    elif zones and not names and all(endpoint.addresses == ANYWHERE for endpoint in found.endpoints):
        yield "    # addresses: [192.0.2.11-192.0.2.13]  # not known from what was read: rules about addresses stay open without"


def _parameters(reading: Reading) -> Iterator[str]:
    parameters = {each.name: each for ruleset, _ in reading.rulesets for each in ruleset.parameters.values()}
    if parameters:
        yield "# parameters:"
    for name, parameter in parameters.items():
        yield f"#   {name}: {json.dumps(parameter.default)}  # {_comment(parameter.description)}"


def _ignores() -> Iterator[str]:
    yield "# ignore:"
    yield '#   - {rule: talos/icmp, path: "terraform/**", reason: ping is not used, until: 2030-06-30}'


def _comment(text: str) -> str:
    return " ".join(text.split())


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
