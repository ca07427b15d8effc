"""What happens to a flow between two parties: hook by hook, rule by rule, on every way it can take."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.analysis import reach
from auditor.analysis.replay import replay, witness
from auditor.model.filters import Verdict
from auditor.model.findings import Question, TraceStep, Witness
from auditor.model.graph import Endpoint, Graph, Way, Zone, ZoneKind, internet
from auditor.model.headers import (
    ANYWHERE,
    NEW_FLOW,
    PORT_ZERO,
    PUBLIC,
    address_interval,
    addresses_text,
    destinations,
    intersect_intervals,
    services_text,
    sources,
)
from auditor.model.packets import Field, PacketSet
from auditor.model.record import dataclass, replace
from auditor.policy.binding import Cast, advice, find_zones, is_address, zone_endpoint
from auditor.policy.changes import everyone
from auditor.policy.evidence import evidence, question_of
from auditor.policy.flows import packets_of
from auditor.policy.problems import PolicyError, Problem, did_you_mean
from auditor.policy.ruleset import ANY, INTERNET
from auditor.policy.services import parse_service

MOST_ZONES = 6


@dataclass(frozen=True, slots=True)
class Part:
    """Packets of the flow that fare alike on one way: with a packet of them. `verdict`: "passes", "is blocked" or "depends"."""

    verdict: str
    source: str
    destination: str
    services: tuple[str, ...]
    sources: str
    destinations: str
    witness: Witness | None = None
    steps: tuple[TraceStep, ...] = ()
    questions: tuple[Question, ...] = ()
    certain: bool = True


def trace(graph: Graph, cast: Cast, source: str, destination: str, service: str) -> tuple[Part, ...]:
    """How the flow fares. Raises `PolicyError` where one of the three is not understood or not there."""
    try:
        packets = packets_of(parse_service(service))
    except ValueError as error:
        raise PolicyError([Problem(f"--service {error}")]) from None
    asked = packets - PORT_ZERO or packets
    starts, ends = parties(graph, cast, source, "--from"), parties(graph, cast, destination, "--to")
    ways = [way for start in starts for end in ends for way in graph.ways(start, end)]
    filtered = [way for way in ways if way.crossings]
    anybody = ANY in (source, destination)  # of the many who are meant, those are told of whom something is known
    return tuple(part for way in (filtered if anybody and filtered else ways) for part in _parts(graph, way, asked))


def parties(graph: Graph, cast: Cast, text: str, option: str) -> tuple[Endpoint, ...]:
    """The endpoints `text` names: a role, a zone, `internet`, `any`, addresses, or a domain name."""
    if cast.vague(text):
        raise PolicyError([Problem(f"{option} {text}: who that is is not known, {cast.vague(text)}; {advice(text)}")])
    if cast.bound(text):
        return cast.endpoints(text)
    if text == ANY:
        return (*dict.fromkeys(end for ends in everyone(graph, cast).values() for end in ends),)
    if text == INTERNET:
        return (internet(),)
    if is_address(text):
        return (Endpoint(text, addresses=(address_interval(text),), exact=True),)
    zones = find_zones(graph, text)
    if zones:
        return tuple(end for zone in zones for end in _machines(graph, zone))
    if "." in text and ":" not in text and "/" not in text:
        return (Endpoint(text, addresses=PUBLIC, names=frozenset({text.casefold()})),)
    known = (*cast.roles, *(zone.id for zone in graph.zones), "internet", "any")
    raise PolicyError([Problem(f"{option} {text!r} is no role, zone, address or name here{did_you_mean(text, known)}")])


def _machines(graph: Graph, zone: Zone) -> Iterator[Endpoint]:
    """The members of a zone, each on its own where they are different machines, or devices of one."""
    hosts = [found for found in map(graph.zone, zone.inside) if found is not None and found.kind is ZoneKind.HOST]
    if not hosts:
        yield zone_endpoint(zone)
    others = {zone.id, *zone.inside} - {host.id for host in hosts}
    for host in hosts:
        end = zone_endpoint(host)
        yield replace(end, label=zone.label if len(hosts) == 1 else end.label, zones=end.zones | others)


def _parts(graph: Graph, way: Way, service: PacketSet) -> Iterator[Part]:
    question = NEW_FLOW & sources(way.source.addresses) & destinations(way.destination.addresses) & service
    found = reach.way_bounds(way, question)
    kinds = (("passes", found.surely), ("depends", found.maybe - found.surely), ("is blocked", question - found.maybe))
    for verdict, packets in kinds:
        if packets:
            asked = tuple(map(question_of, found.unknowns)) if verdict == "depends" else ()
            yield _part(way, verdict, packets, asked if way.crossings else tuple(_unplaced(graph, way)))


def _unplaced(graph: Graph, way: Way) -> Iterator[Question]:
    """That somebody given by address alone may be behind an interface whose networks nothing says."""
    behind = [zone.id for zone in graph.zones if zone.kind is ZoneKind.INTERFACE and zone.networks is None and not zone.default]
    for end in (way.source, way.destination):
        if behind and not end.zones and end.exact and not intersect_intervals(end.addresses, PUBLIC):
            listed = ", ".join(behind[:MOST_ZONES]) + (" …" if len(behind) > MOST_ZONES else "")
            yield Question(f"behind which interface {end.label} is", f"name that in place of the address, if it is one of {listed}")


def _part(way: Way, verdict: str, packets: PacketSet, questions: tuple[Question, ...]) -> Part:
    packet = witness(packets, way)
    steps = replay(way, packet, Verdict.DENY if verdict == "is blocked" else Verdict.PERMIT)
    shown = evidence(packet, steps)
    ends = [
        "" if end.addresses == ANYWHERE else addresses_text(spans, 3)
        for end, spans in zip((way.source, way.destination), _spans(packets), strict=True)
    ]
    return Part(
        verdict,
        way.source.label,
        way.destination.label,
        services_text(packets),
        ends[0],
        ends[1],
        shown.witness,
        shown.trace,
        questions,
        way.certain,
    )


def _spans(packets: PacketSet) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
    return packets.values(Field.SOURCE), packets.values(Field.DESTINATION)
