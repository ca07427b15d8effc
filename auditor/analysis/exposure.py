"""What the internet, and every host, can reach at a place where filters stand: the questions of hygiene that need no roles.

Hooks that stand at one place in one direction are judged together: what passes all of them gets through.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import accumulate, islice

from auditor.analysis.bounds import Bounds, bounds, maybe, surely
from auditor.analysis.difference import Differences
from auditor.analysis.reach import Judgement, answers_to
from auditor.analysis.times import at_worst
from auditor.model.filters import Exactly, Fact, Filter, Predicate, Rule, Settle, Verdict
from auditor.model.findings import Outcome
from auditor.model.graph import Crossing, Endpoint, Graph, Hook, Place, Way, Zone, ZoneKind, internet
from auditor.model.headers import (
    ANYWHERE,
    IPV4,
    IPV6,
    NEW_FLOW,
    ONE_FAMILY,
    PUBLIC,
    REPLY,
    destinations,
    intersect_intervals,
    ports,
    sources,
)
from auditor.model.packets import EVERYTHING, NOTHING, Field, Interval, Packet, PacketSet, union
from auditor.model.record import dataclass, replace
from auditor.model.source import Unknown

_EPHEMERAL = ((32768, 60999),)
_FIRST = 4
"""What a filter does not see at all stands before its rules."""


@dataclass(frozen=True, slots=True)
class Site:
    """Hooks at one place in one direction, crossed together by what comes from the internet; `way` runs through all of them.

    `most_open` are their filters where rates are not exceeded and nobody is banned yet. `perhaps_outer`: interfaces by which the internet
    may come, where nothing says by which it does.
    """

    name: str
    hooks: tuple[Hook, ...]
    way: Way
    most_open: tuple[Filter, ...]
    perhaps_outer: tuple[str, ...] = ()

    def surely(self, question: PacketSet, at_times: bool = False) -> PacketSet:
        """What all of them together surely let through, always or `at_times`."""
        for crossing, most_open in zip(self.way.crossings, self.most_open, strict=True):
            question = surely(most_open if at_times else crossing.filter, crossing.settle, question)
        return question

    def maybe(self, question: PacketSet, at_times: bool = False) -> PacketSet:
        """What all of them together may let through."""
        for crossing, most_open in zip(self.way.crossings, self.most_open, strict=True):
            question = maybe(most_open if at_times else crossing.filter, crossing.settle, question)
        return question

    def for_strangers(self, question: PacketSet) -> Bounds:
        """What they let through at times by the user's own rules, for somebody who is in no group and behind no interface that they name.

        He is, where that is known of him.
        """
        result = Bounds(question, question)
        for crossing in self.way.crossings:
            result &= bounds(at_worst(_written(crossing.filter)), _as_stranger(crossing), result.maybe)
        return result


def _as_stranger(crossing: Crossing) -> Settle:
    """What a network is stays unknown, unless it is the one that the place itself lies in; who the sender is does not."""

    def settle(predicate: Predicate) -> bool | None:
        valueless = predicate.fact is Fact.WITHIN and not predicate.values & crossing.destination.references
        return crossing.settle(predicate) or (None if valueless else False)

    return settle


def _written(filter_: Filter) -> Filter:
    """The filter without what the product itself lets in."""
    rules = tuple(rule for rule in filter_.rules if not (rule.synthetic and rule.action is Verdict.PERMIT))
    return filter_ if len(rules) == len(filter_.rules) else replace(filter_, rules=rules)


def inbound_sites(graph: Graph) -> Iterator[Site]:
    """Every place where packets from the internet are filtered on their way in: hosts, groups, and devices from their outer side."""
    groups: dict[tuple[str, str | None], list[Hook]] = {}
    for hook in graph.hooks:
        if hook.place in (Place.INBOUND, Place.ENTRY, Place.TRANSIT) and not at_edge(graph, hook):
            groups.setdefault((hook.place, hook.union or hook.device or hook.zone), []).append(hook)
    for hooks in groups.values():
        for entry, crossed in _by_interface(graph, hooks):
            yield _site(graph, tuple(crossed), entry)


def at_edge(graph: Graph, hook: Hook) -> bool:
    """Whether a hook stands at the edge of a subnet, in front of machines with filters of their own: to let all in there is usual."""
    zone = graph.zone(hook.zone or "")
    return zone is not None and zone.kind is ZoneKind.SUBNET


def _by_interface(graph: Graph, hooks: list[Hook]) -> Iterator[tuple[str | None, list[Hook]]]:
    """The hooks that one packet from the internet crosses: by the outer interfaces of a device, where it has any."""
    device = hooks[0].device
    if device is None:
        for hook in hooks:
            if hook.union is not None:
                yield None, [hook]
        rest = [hook for hook in hooks if hook.union is None]
        if rest:
            outer: list[str | None] = [zone.id for zone in _interfaces(graph, hooks[0].zone) if zone.default]
            yield from ((entry, rest) for entry in outer or [None])
        return
    outside = [zone for zone in graph.zones if zone.device == device and zone.default]
    for zone in outside:
        crossed = [hook for hook in hooks if hook.zone in (None, zone.id)]
        if crossed:
            yield zone.id, crossed
    if not outside and hooks[0].place is Place.TRANSIT:
        yield None, hooks


def _interfaces(graph: Graph, host: str | None) -> Iterator[Zone]:
    """The interfaces of a machine with a filter of its own, as far as its rules name them."""
    devices = {device.id for device in graph.devices if device.host is not None and device.host == host}
    return (zone for zone in graph.zones if zone.device in devices and zone.kind is ZoneKind.INTERFACE)


_INNER = re.compile(
    r"(?:lo|wg|tun|tap|docker|podman|cni|flannel|cali|veth|virbr|vnet|lxc|lxd|incus|tailscale|zt|vxlan|ipsec|vti|nebula)[\d*+-]*(?:\W|_|$)"
    r"|(?:.*[\W_])?(?:lan|int|internal|inside|mgmt|management|home|guest|private|trusted)\d*(?:[\W_].*)?$",
    re.IGNORECASE,
)
"""Names of interfaces by which the internet does not come: those of tunnels and of machines within machines, and those that say so."""


def _perhaps_outer(graph: Graph, hook: Hook, entry: str | None) -> tuple[str, ...]:
    if entry is not None or hook.place is not Place.INBOUND:
        return ()
    return tuple(zone.id for zone in _interfaces(graph, hook.zone) if not _INNER.match(_name(zone.id)))


def _site(graph: Graph, hooks: tuple[Hook, ...], entry: str | None) -> Site:
    zone = graph.zone(hooks[0].zone or "")
    source = internet()
    destination = _behind(zone) if hooks[0].place is Place.INBOUND else Endpoint("what is behind it", addresses=ANYWHERE, exact=False)
    crossings = tuple(Crossing((hook,), hook.filter, source, destination, entry, None) for hook in hooks)
    label = zone.label if zone is not None else hooks[0].label
    most_open = tuple(at_worst(hook.filter) for hook in hooks)
    return Site(label, hooks, Way(source, destination, crossings), most_open, _perhaps_outer(graph, hooks[0], entry))


def _behind(zone: Zone | None) -> Endpoint:
    if zone is None:
        return Endpoint("its members", addresses=ANYWHERE)
    return Endpoint(zone.label, "", frozenset({zone.id}), zone.networks or ANYWHERE, references=zone.references)


def open_to_the_world(site: Site, ports_: tuple[Interval, ...]) -> Judgement | None:
    """Whether one of the TCP ports can be reached somewhere from all public addresses of a family, as far as that is sure."""
    leak = NOTHING
    for family in (IPV4, IPV6):
        if _passes_by(site, family):
            continue  # whether it routes this family at all nothing says; `forgotten_ipv6` does
        question = _from_everywhere(family, ports_)
        let = site.surely(question, at_times=True)
        leak |= _for_all(let, question)
    return Judgement(Outcome.BROKEN, site.way, leak, (), site.way.crossings[-1]) if leak else None


def perhaps_open_to_the_world(site: Site, ports_: tuple[Interval, ...]) -> Judgement | None:
    """Whether one of the TCP ports may be reached from all public addresses of a family, by a value that is not known."""
    for family in (IPV4, IPV6):
        if _passes_by(site, family):
            continue
        question = _from_everywhere(family, ports_)
        let = site.for_strangers(question)
        leak = _for_all(let.maybe, question)
        valueless = tuple(unknown for unknown in let.unknowns if unknown.reference and not unknown.lapses)
        if leak and valueless:
            return Judgement(Outcome.OPEN, site.way, leak, valueless, site.way.crossings[-1])
    return None


def open_by_some_interface(site: Site, ports_: tuple[Interval, ...]) -> Judgement | None:
    """Whether one of the TCP ports can be reached from all public addresses, if it is a certain interface that the internet is behind."""
    leaks: dict[str, PacketSet] = {}
    for family in (IPV4, IPV6) if site.perhaps_outer else ():
        question = _from_everywhere(family, ports_)
        where = site.maybe(question, at_times=True)
        if not _for_all(where, question):
            continue
        most_open = zip(site.way.crossings, site.most_open, strict=True)
        part = Differences().part(replace(site.way, crossings=tuple(replace(each, filter=open_) for each, open_ in most_open)), where)
        for entry in site.perhaps_outer:
            let = where
            for crossing in part.crossings:
                let = surely(crossing.filter, replace(crossing, entry=entry).settle, let)
            leaks[entry] = leaks.get(entry, NOTHING) | _for_all(let, question)
    found = [entry for entry, leak in leaks.items() if leak]
    if not found:
        return None
    way = replace(site.way, crossings=tuple(replace(crossing, entry=found[0]) for crossing in site.way.crossings))
    unknown = Unknown(f"whether the internet comes in by {' or '.join(map(_name, found))}", reference="roles.internet")
    return Judgement(Outcome.OPEN, way, leaks[found[0]], (unknown,), way.crossings[-1])


def _name(interface: str) -> str:
    return interface.rpartition(":")[2]


def _from_everywhere(family: Interval, ports_: tuple[Interval, ...]) -> PacketSet:
    return NEW_FLOW & sources(intersect_intervals(PUBLIC, [family])) & destinations([family]) & ports(6, ports_)


def permits_by_default(site: Site) -> Judgement | None:
    """Whether packets from the internet that no rule speaks of get through every filter of the site."""
    rest = NEW_FLOW & sources(PUBLIC)
    for crossing, most_open in zip(site.way.crossings, site.most_open, strict=True):
        for filter_ in most_open.stages():
            if filter_.default is not Verdict.PERMIT:
                return None
            rest = _by_default(filter_, crossing.settle, rest)
    few = rest.without(Field.SOURCE).without(Field.DESTINATION)
    tcp = [high - low + 1 for low, high in (few & ports(6)).values(Field.DESTINATION_PORT)]
    return Judgement(Outcome.BROKEN, site.way, rest, (), site.way.crossings[-1]) if sum(tcp) > 32768 else None


def _by_default(filter_: Filter, ask: Settle, question: PacketSet) -> PacketSet:
    """What surely reaches the end of the list undecided."""
    quiet = Filter(filter_.name, tuple(map(_deny_all, filter_.rules)), Verdict.PERMIT, filter_.span)
    return surely(quiet, ask, question)


def _deny_all(rule: Rule) -> Rule:
    return replace(rule, action=Verdict.DENY) if rule.action is Verdict.PERMIT else rule


def forgotten_ipv6(site: Site) -> Judgement | None:
    """TCP and UDP services that every public IPv6 address surely reaches while no public IPv4 address may."""
    services = ports(6) | ports(17)
    four = NEW_FLOW & services & sources(intersect_intervals(PUBLIC, [IPV4]))
    six = NEW_FLOW & services & sources(intersect_intervals(PUBLIC, [IPV6]))
    everybody = _for_all(site.surely(six), six)
    if not everybody:
        return None
    closed = any(filter_.default.denies for crossing in site.way.crossings for filter_ in crossing.filter.stages())
    unseen = closed and _passes_by(site, IPV6) and not _passes_by(site, IPV4)
    forgotten = everybody if unseen else everybody - _anywhere(site.maybe(four))
    return Judgement(Outcome.BROKEN, site.way, forgotten, (), site.way.crossings[-1]) if forgotten else None


def _passes_by(site: Site, family: Interval) -> bool:
    """Whether every filter on the way through a device lets a family pass unseen."""
    if any(hook.place is not Place.TRANSIT for hook in site.hooks):
        return False
    unseen = NEW_FLOW & sources([family])
    stages = [filter_ for crossing in site.way.crossings for filter_ in crossing.filter.stages()]
    return all(any(_is_unseen(rule, unseen) for rule in filter_.rules[:_FIRST]) for filter_ in stages)


def _is_unseen(rule: Rule, packets: PacketSet) -> bool:
    return rule.synthetic and rule.action is Verdict.PERMIT and packets <= rule.condition.settle(_undecided).surely


def _for_all(let: PacketSet, question: PacketSet) -> PacketSet:
    """What is let through to a destination and service that every source of the question reaches, from one source port at least."""
    missed = question - let.without(Field.SOURCE_PORT)
    return let - missed.without(Field.SOURCE).without(Field.SOURCE_PORT)


def _anywhere(packets: PacketSet) -> PacketSet:
    return packets.without(Field.SOURCE).without(Field.DESTINATION).without(Field.SOURCE_PORT)


def blocks_replies(graph: Graph, hook: Hook) -> Judgement | None:
    """Whether a filter lets connections begin, without keeping state, none of whose answers get back."""
    if hook.place in (Place.ENTRY, Place.TRANSIT):
        return _one_way(graph, hook)
    if hook.stateful or hook.place is not Place.INBOUND or hook.zone is None:
        return None
    zone = graph.zone(hook.zone)
    outside, inside = internet(), _behind(zone)
    out = [each for each in graph.hooks if each.place is Place.OUTBOUND and each.zone == hook.zone]
    asked = NEW_FLOW & destinations(PUBLIC) & ports(6, ((443, 443),), _EPHEMERAL)
    for each in out:
        asked &= maybe(each.filter, Crossing((each,), each.filter, inside, outside).settle, asked)
    if not asked:
        return None
    answers = REPLY & sources(PUBLIC) & ports(6, _EPHEMERAL, ((443, 443),))
    inbound = [each for each in graph.hooks if each.place is Place.INBOUND and each.zone == hook.zone]
    crossings = tuple(Crossing((each,), each.filter, outside, inside) for each in inbound)
    for crossing in crossings:
        if not maybe(crossing.filter, crossing.settle, answers):
            return Judgement(Outcome.BROKEN, Way(outside, inside, crossings), answers, (), crossing, reply=True)
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
    ways = [Way(there, here, tuple(_crossed(graph, hook, there, here, zone))) for zone in zones]
    if not asked or not all(way.crossings for way in ways):
        return None
    for each in graph.hooks:  # what another filter in the device stops does not begin
        if each is hook or (each.place is Place.TRANSIT and each.device == hook.device and hook.device is not None):
            asked = maybe(each.filter, begun.settle, asked)
    answers = answers_to(asked) if asked else NOTHING
    if not answers or not ways or any(_let(way, answers) for way in ways):
        return None
    return Judgement(Outcome.BROKEN, ways[0], answers, (), _last_straw(ways[0], answers), reply=True)


def _last_straw(way: Way, packets: PacketSet) -> Crossing:
    """The filter behind which nothing is left of packets that do not get through: each may stop a part."""
    left = accumulate(way.crossings, lambda rest, each: maybe(each.filter, each.settle, rest), initial=packets)
    return next(crossing for crossing, rest in zip(way.crossings, islice(left, 1, None), strict=True) if not rest)


def _crossed(graph: Graph, hook: Hook, there: Endpoint, here: Endpoint, entry: str | None) -> Iterator[Crossing]:
    """What answers that come in by `entry` cross on their way out to the zone of `hook`."""
    for each in graph.hooks:
        stands = {Place.ENTRY: (None, entry), Place.TRANSIT: (each.zone,), Place.EXIT: (None, hook.zone)}.get(each.place, ())
        if each.device == hook.device and each.zone in stands:
            yield Crossing((each,), each.filter, there, here, entry, hook.zone)


def _let(way: Way, packets: PacketSet) -> PacketSet:
    for crossing in way.crossings:
        packets = maybe(crossing.filter, crossing.settle, packets)
    return packets


def permits_everything(rule: Rule) -> bool:
    """Whether a rule surely permits every new flow there can be, of one address family at least."""
    if rule.action is not Verdict.PERMIT or rule.synthetic:
        return False
    condition = rule.condition
    packets = condition.packets if isinstance(condition, Exactly) else condition.settle(_undecided).surely
    return packets is EVERYTHING or any(_one_of(family) in packets and _family(family) <= packets for family in (IPV4, IPV6))


@cache
def _family(family: Interval) -> PacketSet:
    return NEW_FLOW & ONE_FAMILY & sources([family]) & destinations([family])


@cache
def _one_of(family: Interval) -> Packet:
    """A packet that most rules do not match: they need no further look."""
    return _family(family).example()


def _undecided(_: object) -> None:
    return None
