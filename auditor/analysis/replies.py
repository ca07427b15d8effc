"""Whether what a filter lets out, or in, is answered: connections whose replies are dropped on the way back work for nobody."""

from __future__ import annotations

from itertools import accumulate, islice
from operator import itemgetter

from auditor.analysis.bounds import maybe, surely
from auditor.analysis.doors import fitting, interfaces_of, named
from auditor.analysis.reach import Judgement, answers_to, way_maybe, way_surely
from auditor.analysis.sites import behind
from auditor.model.filters import Filter, Verdict
from auditor.model.findings import Outcome
from auditor.model.graph import Crossing, Endpoint, Graph, Hook, Place, Way, internet
from auditor.model.headers import ANYWHERE, NEW_FLOW, PUBLIC, REPLY, destinations, ports, sources
from auditor.model.packets import EVERYTHING, NOTHING, Field, PacketSet, union
from auditor.model.record import replace

_EPHEMERAL = ((32768, 60999),)
_SERVICES = ((1, 1023),)


def blocks_replies(graph: Graph, hook: Hook) -> Judgement | None:
    """Whether a filter lets connections begin, without keeping state, none of whose answers get back."""
    if hook.place is Place.TRANSIT:
        return _one_way(graph, hook) or _between(graph, hook)
    if hook.place is Place.ENTRY:
        return _one_way(graph, hook)
    if hook.stateful or hook.zone is None:
        return None
    if hook.place is Place.OUTBOUND:
        return _unanswered(graph, hook)
    return _deaf(graph, hook) if hook.place is Place.INBOUND else None


def _deaf(graph: Graph, hook: Hook) -> Judgement | None:
    """Whether no answer gets in to what a host asks."""
    outside, inside = internet(), behind(graph.zone(hook.zone or ""))
    asked = NEW_FLOW & destinations(PUBLIC) & ports(6, ((443, 443),), _EPHEMERAL)
    if not way_maybe(_standing(graph, hook, Place.OUTBOUND, inside, outside), asked):
        return None
    way = _standing(graph, hook, Place.INBOUND, outside, inside)
    return _blocked(way, REPLY & sources(PUBLIC) & ports(6, _EPHEMERAL, ((443, 443),)))


def _unanswered(graph: Graph, hook: Hook) -> Judgement | None:
    """Whether no answer gets out to what a host lets in. Where all may come in that begins nothing else, no service is meant."""
    outside, inside = internet(), behind(graph.zone(hook.zone or ""))
    came = _standing(graph, hook, Place.INBOUND, outside, inside)
    asked = way_surely(came, NEW_FLOW & sources(PUBLIC) & ports(6, _SERVICES, _EPHEMERAL))
    if not came.crossings or not asked or asked.values(Field.DESTINATION_PORT) == _SERVICES:
        return None
    return _blocked(_standing(graph, hook, Place.OUTBOUND, inside, outside), answers_to(asked))


def _standing(graph: Graph, hook: Hook, place: Place, source: Endpoint, destination: Endpoint) -> Way:
    """The way through all filters that stand at the same host as `hook` in one direction."""
    there = (each for each in graph.hooks if each.place is place and each.zone == hook.zone)
    outer = next((zone.id for zone in interfaces_of(graph, hook) if zone.default), None)
    entry, exit_ = (outer, None) if place is Place.INBOUND else (None, outer)
    return Way(source, destination, tuple(Crossing((each,), each.filter, source, destination, entry, exit_) for each in there))


def _blocked(way: Way, answers: PacketSet) -> Judgement | None:
    if not answers or way_maybe(way, answers):
        return None
    return Judgement(Outcome.BROKEN, way, answers, (), _last_straw(way, answers), reply=True)


def _between(graph: Graph, hook: Hook) -> Judgement | None:
    """Whether answers cannot get back from one interface of a router to another, though what they answer got there."""
    anything = REPLY & ports(6, _EPHEMERAL)
    if hook.stateful or surely(hook.filter, _undecided, anything) == anything:
        return None
    sides = named(graph, hook)
    here, there = Endpoint("one side", addresses=ANYWHERE), Endpoint("the other", addresses=ANYWHERE)
    inside = _Inside(graph, hook.device)
    parts: dict[tuple[str, str | None], Filter] = {}

    def way(source: Endpoint, destination: Endpoint, entry: str, exit_: str) -> Way:
        crossings = inside.crossed(source, destination, entry, exit_)
        for each in crossings:
            if (each.hooks[0].id, entry) not in parts:
                parts[each.hooks[0].id, entry] = fitting(replace(each, exit=None), EVERYTHING)
        return Way(source, destination, tuple(replace(each, filter=parts[each.hooks[0].id, entry]) for each in crossings))

    for entry in sides:
        for exit_ in (each for each in sides if each != entry):
            begun = way_surely(way(here, there, entry, exit_), NEW_FLOW & ports(6, source=_EPHEMERAL))
            back = way(there, here, exit_, entry)
            if begun and (found := _blocked(back, answers_to(begun))):
                return found
    return None


def _one_way(graph: Graph, hook: Hook) -> Judgement | None:
    """The same for a filter on the way in to a device, or in it: answers come in by another interface, and pass the filters there."""
    here, there = Endpoint("one side", addresses=ANYWHERE), Endpoint("the other", addresses=ANYWHERE)
    begun = Crossing((hook,), hook.filter, here, there, hook.zone)
    asked = NEW_FLOW & ports(6, source=_EPHEMERAL)
    if hook.stateful:  # only what begins without state is asked about, and most filters have none of that
        loose = (rule for rule in hook.filter.rules if rule.stateless and rule.action is Verdict.PERMIT)
        asked &= union(rule.condition.settle(begun.settle).maybe for rule in loose)
    aside = {hook.zone, *(device.host for device in graph.devices)}
    zones = [zone.id for zone in graph.zones if zone.device == hook.device and zone.id not in aside] if hook.zone else [None]
    if not asked:
        return None
    inside = _Inside(graph, hook.device)
    ways = [Way(there, here, inside.crossed(there, here, zone, hook.zone)) for zone in zones]
    if not all(way.crossings for way in ways):
        return None
    for each in graph.hooks:  # what another filter in the device stops does not begin
        if each is hook or (each.place is Place.TRANSIT and each.device == hook.device and hook.device is not None):
            asked = maybe(each.filter, begun.settle, asked)
    answers = answers_to(asked) if asked else NOTHING
    if not answers or not ways or any(way_maybe(way, answers) for way in ways):
        return None
    return Judgement(Outcome.BROKEN, ways[0], answers, (), _last_straw(ways[0], answers), reply=True)


def _last_straw(way: Way, packets: PacketSet) -> Crossing:
    """The filter behind which nothing is left of packets that do not get through: each may stop a part."""
    left = accumulate(way.crossings, lambda rest, each: maybe(each.filter, each.settle, rest), initial=packets)
    return next(crossing for crossing, rest in zip(way.crossings, islice(left, 1, None), strict=True) if not rest)


class _Inside:
    """The filters of one device, by where they stand: a switch has hundreds of interfaces, and each is asked about with each other."""

    def __init__(self, graph: Graph, device: str | None) -> None:
        self._at: dict[tuple[Place, str | None], list[tuple[int, Hook]]] = {}
        for number, hook in enumerate(graph.hooks):
            if hook.device == device:
                at = (hook.place, None if hook.place is Place.TRANSIT else hook.zone)
                self._at.setdefault(at, []).append((number, hook))

    def crossed(self, source: Endpoint, destination: Endpoint, entry: str | None, exit_: str | None) -> tuple[Crossing, ...]:
        """What packets cross that come in by `entry` and leave by `exit_`."""
        stands = dict.fromkeys(((Place.ENTRY, None), (Place.ENTRY, entry), (Place.TRANSIT, None), (Place.EXIT, None), (Place.EXIT, exit_)))
        found = sorted((each for at in stands for each in self._at.get(at, ())), key=itemgetter(0))
        return tuple(Crossing((hook,), hook.filter, source, destination, entry, exit_) for _, hook in found)


def _undecided(_: object) -> None:
    return None
