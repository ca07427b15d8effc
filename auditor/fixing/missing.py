"""The rules that filters lack: a permit at each that blocks what is required, an exception at each that lets through what is forbidden."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Protocol as Shape

from auditor.analysis import reach
from auditor.analysis.replay import replay, witness
from auditor.files import MemoryTree, Tree
from auditor.fixing.state import State
from auditor.fixing.wanted import WORLD, Service, Texts, Unwritten, Wanted, networks_of
from auditor.model.filters import Verdict
from auditor.model.findings import Outcome
from auditor.model.graph import Crossing, Endpoint, Place, dialect_of
from auditor.model.headers import ANYWHERE, IPV4, IPV6, PUBLIC, Protocol, merge_intervals
from auditor.model.packets import ADDRESS_MAX, Field, Interval
from auditor.model.record import replace
from auditor.model.source import Span
from auditor.policy.check import pairs_of
from auditor.policy.evidence import decisive
from auditor.policy.flows import Pair, Stage
from auditor.policy.ruleset import Kind, Requirement, Ruleset, Settled

WRITERS = {
    "terraform": "auditor.fixing.terraform",
    "nftables": "auditor.fixing.nftables",
    "talos": "auditor.fixing.talos",
    "pfsense": "auditor.fixing.pf",
    "opnsense": "auditor.fixing.opnsense",
    "proxmox": "auditor.fixing.proxmox",
    "switch": "auditor.fixing.switch",
    "nixos": "auditor.fixing.nixos",
}
NAMES_ZONES = ("terraform", "pfsense", "opnsense")
ROUNDS = 5  # a flow can be blocked at its source, on the way and at its destination, and so can its answers
MOST_NETWORKS = 8
MOST_BOXES = 8
_NAMES = {Protocol.TCP: "tcp", Protocol.UDP: "udp", Protocol.ICMP: "icmp", Protocol.ICMPV6: "icmpv6"}
_Spans = tuple[Interval, ...]
_ALL: Interval = (0, ADDRESS_MAX)
_EVERY_PORT: Interval = (1, 65535)


class Writer(Shape):
    """What the module of a dialect offers."""

    def write(self, wanted: Wanted) -> Texts:
        """The changed files. Raises `Unwritten`."""
        ...

    def remove(self, text: str, span: Span) -> str | None:
        """`text` without the rule at the place; None where it cannot be told apart."""
        ...


def writer_of(dialect: str) -> Writer:
    """The writer of a dialect. Raises `Unwritten` where there is none."""
    if dialect not in WRITERS:
        raise Unwritten(f"rules of {dialect or 'this file'} are not written")
    found: Writer = import_module(WRITERS[dialect])
    return found


def added(state: State, ruleset: Ruleset, all_: tuple[Settled, ...], asked: Settled, whole: bool = False) -> Texts:
    """The files with the rules that are missing, hook after hook on the way. Raises `Unwritten`.

    `whole`: networks are told as people do, with the addresses in them that firewalls have themselves.
    """
    texts: Texts = {}
    now = state
    for _ in range(ROUNDS):
        own = tuple(span for device in now.reading.graph.devices for span in device.addresses) if whole else ()
        found = dict.fromkeys(_lacking(now, ruleset, all_, asked, own))
        wanted = sorted(
            found, key=lambda each: (each.place.path, -each.place.line)
        )  # from the end, so that lines before keep their numbers
        if not wanted:
            return texts
        before = dict(texts)
        for each in wanted:
            tree = MemoryTree(dict(texts), under=state.tree)
            texts |= writer_of(dialect_of(each.zone)).write(replace(each, tree=tree))
        if texts == before:
            raise Unwritten("the rule is there already, and does not do it")
        now = state.with_texts(texts)
    return texts


def _lacking(state: State, ruleset: Ruleset, all_: tuple[Settled, ...], asked: Settled, own: _Spans) -> Iterator[Wanted]:
    """A rule for each hook that decides wrongly first."""
    stage = Stage(state.reading.graph, state.reading.cast, ruleset, each=True)
    denied = asked.requirement.kind in (Kind.DENY, Kind.ONLY)
    for pair in pairs_of(stage, asked, all_):
        shown = pair.worst
        if pair.outcome is not Outcome.BROKEN or shown is None:
            continue
        if denied:
            yield from _exceptions(state.tree, asked.requirement, shown, own)
        elif shown.crossing is not None:
            yield _permit(state.tree, asked.requirement, pair, shown.crossing, shown, own)


def _permit(tree: Tree, requirement: Requirement, pair: Pair, crossing: Crossing, shown: reach.Judgement, own: _Spans) -> Wanted:
    asked = pair.service
    service = Service(asked.protocol.value, tuple(asked.ports), asked.icmp_type, tuple(asked.source_ports))
    if shown.reply:
        service = Service(service.protocol, service.source_ports, {8: 0}.get(service.icmp_type or 0), service.ports)
    packet = witness(shown.packets, shown.way) if shown.packets else None
    steps = replay(shown.way, packet, Verdict.DENY) if packet else ()
    deciding = next((step.decision.rule for step in steps if step.crossing == crossing), None)
    return _at(
        crossing,
        tree=tree,
        requirement=requirement,
        service=service,
        sources=_networks(crossing.source, own, anybody=shown.reply),
        destinations=_networks(crossing.destination, own, anybody=not shown.reply),
        before=deciding.span if deciding is not None and not deciding.synthetic else None,
        answers=shown.reply,
    )


def _exceptions(tree: Tree, requirement: Requirement, shown: reach.Judgement, own: _Spans) -> Iterator[Wanted]:
    """An exception for what gets through, before the rule that lets it."""
    steps = replay(shown.way, witness(shown.packets, shown.way), Verdict.PERMIT) if shown.packets else ()
    step = decisive(requirement, steps)
    if step is None:
        raise Unwritten("no filter stands in the way")
    rule = step.decision.rule
    packets = shown.packets.without(Field.STATE, Field.TCP_FLAGS, Field.MARK, Field.CT_MARK, Field.TRANSLATED)
    boxes = list(packets.boxes())
    if len(boxes) > MOST_BOXES:
        raise Unwritten("what gets through cannot be told in a few rules")
    for box in boxes:
        for service in _services(box):
            yield _at(
                step.crossing,
                tree=tree,
                requirement=requirement,
                service=service,
                sources=_spans(box.get(Field.SOURCE, ANYWHERE), own),
                destinations=_spans(box.get(Field.DESTINATION, ANYWHERE), own),
                before=rule.span if rule is not None and not rule.synthetic else None,
                deny=True,
            )


def _at(
    crossing: Crossing,
    tree: Tree,
    requirement: Requirement,
    service: Service,
    sources: tuple[str, ...],
    destinations: tuple[str, ...],
    before: Span | None,
    deny: bool = False,
    answers: bool = False,
) -> Wanted:
    hook = crossing.hooks[0]
    return Wanted(
        tree=tree,
        name=requirement.name,
        title=requirement.title,
        service=service,
        inbound=hook.place in (Place.INBOUND, Place.ENTRY),
        between=hook.place in (Place.ENTRY, Place.TRANSIT, Place.EXIT, Place.WITHIN),
        zone=hook.zone or hook.id,
        filter_span=hook.filter.span,
        source_zones=_nameable(hook.zone or hook.id, crossing.source.zones),
        sources=sources,
        destination_zones=_nameable(hook.zone or hook.id, crossing.destination.zones),
        destinations=destinations,
        before=before,
        deny=deny,
        answers=answers,
        entry=crossing.entry or "",
        exit=crossing.exit or "",
        filter_name=hook.filter.name,
    )


def _nameable(at: str, zones: frozenset[str]) -> frozenset[str]:
    """Those of the zones that a rule there can name, its own groups and interfaces: what differs in others alone is one rule."""
    dialect = dialect_of(at)
    return frozenset(zone for zone in zones if dialect in NAMES_ZONES and dialect_of(zone) == dialect)


def _services(box: dict[Field, tuple[Interval, ...]]) -> Iterator[Service]:
    """The services of a box of packets, one for each protocol."""
    ports = tuple((max(low, 1), high) for low, high in box.get(Field.DESTINATION_PORT, ()) if high)
    origin = tuple((low, high) for low, high in box.get(Field.SOURCE_PORT, ()) if (max(low, 1), high) != _EVERY_PORT)
    protocols = box.get(Field.PROTOCOL)
    if protocols is None:
        if ports:
            raise Unwritten("ports without a protocol cannot be told in a rule")
        yield Service("any")
        return
    for low, high in protocols:
        for number in range(low, high + 1) if high - low < 4 else ():
            if number not in _NAMES:
                raise Unwritten(f"rules for protocol {number} are not written")
            name = _NAMES[Protocol(number)]
            if name.startswith("icmp"):
                kinds = {low >> 8 for low, high in box.get(Field.DESTINATION_PORT, ()) if low >> 8 == high >> 8}
                yield Service(name, icmp_type=kinds.pop() if len(kinds) == 1 else None)
            else:
                yield Service(name, () if ports == (_EVERY_PORT,) else ports, None, origin)
        if high - low >= 4:
            raise Unwritten("so many protocols cannot be told in a rule")


def _networks(end: Endpoint, own: _Spans, anybody: bool) -> tuple[str, ...]:
    """The networks of an endpoint as rules name them; the world for a name or for anybody, where that may be."""
    if end.names or end.addresses in (ANYWHERE, PUBLIC) or end.elsewhere:
        return (WORLD,) if anybody else ()
    found = _told(end.addresses, own)
    return found if len(found) <= MOST_NETWORKS else ()


def _spans(spans: _Spans, own: _Spans) -> tuple[str, ...]:
    """Addresses as networks; the world where they are all of a family, or too many parts to tell."""
    if any(span in (_ALL, IPV4, IPV6) for span in spans):
        return (WORLD,)
    found = _told(spans, own)
    return found if len(found) <= MOST_NETWORKS else (WORLD,)


def _told(spans: _Spans, own: _Spans) -> tuple[str, ...]:
    """Addresses as networks; with those of firewalls, where that makes them fewer."""
    exact = tuple(network for span in spans for network in networks_of(span))
    whole = tuple(network for span in merge_intervals((*spans, *own)) for network in networks_of(span) if _meets(span, spans))
    return whole if own and len(whole) < len(exact) else exact


def _meets(span: Interval, spans: _Spans) -> bool:
    return any(low <= span[1] and span[0] <= high for low, high in spans)
