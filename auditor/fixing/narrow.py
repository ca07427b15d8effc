"""Less of the rules that let a forbidden flow through: another network in the one that decides, or none of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.files import Unreadable, read_text
from auditor.fixing.missing import MOST_NETWORKS, writer_of
from auditor.fixing.state import State
from auditor.fixing.wanted import Texts, Unwritten, networks_of
from auditor.model.findings import Outcome
from auditor.model.headers import UNICAST, address_interval, intersect_intervals, merge_intervals, subtract_intervals
from auditor.model.packets import Field, Interval, union
from auditor.policy.check import pairs_of
from auditor.policy.flows import Stage, packets_of
from auditor.policy.ruleset import Flow, Kind, Ruleset, Settled

_LINE_EACH = ("talos", "nftables", "proxmox")
"""Dialects where one line names one network, and may stand there for each of several."""

_NETWORK = re.compile(r"(?<![\w.:/])(?:\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2})?|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*(?:/\d{1,3})?)(?![\w.:/])")


def narrowed(state: State, ruleset: Ruleset, all_: tuple[Settled, ...], asked: Settled) -> Iterator[Texts]:
    """The files with the network of the deciding rule replaced by that of those who need the service. One place alone, or none."""
    places = {finding.location.span for finding in state.broken(asked.requirement.id) if finding.location is not None}
    if len(places) != 1:
        return
    span = places.pop()
    try:
        source = read_text(state.tree, span.path)
    except Unreadable:
        return
    if span.line != span.end_line:
        return
    line = source.line(span.line)
    for found in _NETWORK.finditer(line, span.column - 1, span.end_column - 1):
        try:
            said = address_interval(found.group())
        except ValueError:
            continue
        held = _held(state, all_, asked, said)
        for network in _around(state, held, said):
            yield {span.path: _replaced(source.text, span.line, found.start(), found.end(), (network,))}
        rest = subtract_intervals(intersect_intervals([said], UNICAST), _leaking(state, ruleset, all_, asked))
        for kept in (held, rest) if state.dialect(span.path) in _LINE_EACH else ():
            networks = tuple(network for interval in kept for network in networks_of(interval))
            if 1 <= len(networks) <= MOST_NETWORKS:
                yield {span.path: _replaced(source.text, span.line, found.start(), found.end(), networks)}


def _leaking(state: State, ruleset: Ruleset, all_: tuple[Settled, ...], asked: Settled) -> tuple[Interval, ...]:
    """Who gets through and should not."""
    stage = Stage(state.reading.graph, state.reading.cast, ruleset, each=True)
    judged = [each for pair in pairs_of(stage, asked, all_) if pair.outcome is Outcome.BROKEN for each in pair.judgements]
    return union(each.packets for each in judged if each.outcome is Outcome.BROKEN).values(Field.SOURCE)


def removed(state: State, asked: Settled) -> Iterator[Texts]:
    """The files without the rules that let the flow through: each of them has to be a rule and nothing else. Raises `Unwritten`."""
    texts: Texts = {}
    places = sorted({found.location.span for found in state.broken(asked.requirement.id) if found.location}, reverse=True)
    for span in places:  # from the end, so that the lines before keep their numbers
        text = texts.get(span.path) or read_text(state.tree, span.path).text
        new = writer_of(state.dialect(span.path)).remove(text, span)
        if new is None:
            raise Unwritten(f"what lets it through, at {span.path}:{span.line}, is no rule that can be taken away alone")
        texts[span.path] = new
    if texts:
        yield texts


def _held(state: State, all_: tuple[Settled, ...], asked: Settled, said: Interval) -> tuple[Interval, ...]:
    """The addresses, inside what is said, of whoever some requirement lets use the service at this destination."""
    ends = [
        end
        for each in all_
        if each.flow is not None and asked.flow is not None and each.requirement.kind is Kind.ALLOW and _shares(each.flow, asked.flow)
        for role in each.flow.sources.roles()
        for end in state.reading.cast.endpoints(role)
    ]
    return intersect_intervals([said], merge_intervals(interval for end in ends if not end.names for interval in end.addresses))


def _around(state: State, held: tuple[Interval, ...], said: Interval) -> Iterator[str]:
    """The networks inside what is said that hold them all, the narrowest first."""
    known = [*held, *(interval for zone in state.reading.graph.zones for interval in zone.networks or ())]
    fitting = {(high - low, low, high) for low, high in known if held and low <= held[0][0] and held[-1][1] <= high}
    for _, low, high in sorted(fitting):
        found = networks_of((low, high))
        if len(found) == 1 and said != (low, high) and said[0] <= low and high <= said[1]:
            yield found[0]


def _shares(one: Flow, other: Flow) -> bool:
    services = union(packets_of(service) for service in one.services)
    return set(one.destinations.roles()) & set(other.destinations.roles()) != set() and any(
        packets_of(service).meets(services) for service in other.services
    )


def _replaced(text: str, number: int, start: int, end: int, networks: tuple[str, ...]) -> str:
    """The text with the network at a place replaced; by several, with a line for each that is not there already."""
    lines = text.split("\n")
    line = lines[number - 1]
    if "/" in line[start:end]:
        networks = tuple(each if "/" in each else f"{each}/{128 if ':' in each else 32}" for each in networks)
    made = [line[:start] + each + line[end:] for each in networks]
    there = {_bare(each) for each in _beside(lines, number - 1)}
    lines[number - 1 : number] = made if len(made) == 1 else [each for each in made if _bare(each) not in there]
    return "\n".join(lines)


def _beside(lines: list[str], at: int) -> Iterator[str]:
    """The lines around one that are as far in as it is, without a gap."""
    margin = len(lines[at]) - len(lines[at].lstrip())
    for way in (reversed(range(at)), range(at + 1, len(lines))):
        for each in way:
            if not lines[each].strip() or len(lines[each]) - len(lines[each].lstrip()) != margin:
                break
            yield lines[each]


def _bare(line: str) -> str:
    return line.partition("#")[0].strip()
