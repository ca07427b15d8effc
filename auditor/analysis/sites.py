"""The places where what comes from the internet is filtered on its way in: hosts, groups, and devices from their outer side.

Hooks that stand at one place in one direction are crossed together: what passes all of them gets through.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.analysis.bounds import Bounds, bounds, maybe, surely
from auditor.analysis.doors import Doors, doors, fitting, interfaces_of, is_inner
from auditor.analysis.times import at_worst
from auditor.model.filters import Fact, Filter, Predicate, Settle, Side, Verdict, all_rules, predicates
from auditor.model.graph import Crossing, Endpoint, Graph, Hook, Place, Way, Zone, ZoneKind, internet
from auditor.model.headers import ANYWHERE, PUBLIC, address_interval, destinations, intersect_intervals, subtract_intervals
from auditor.model.packets import EVERYTHING, Interval, PacketSet
from auditor.model.record import dataclass, replace
from auditor.model.source import Unknown


@dataclass(frozen=True, slots=True)
class Site:
    """Hooks at one place in one direction, crossed together by what comes from the internet; `way` runs through all of them.

    `most_open` are their filters where rates are not exceeded and nobody is banned yet. `doors`: what their rules ask about interfaces.
    Only packets of `asked` are asked about. `of`: the same place, where nothing is said of who of its members receives them.
    `doubt`: why the internet may not come here at all.
    """

    name: str
    hooks: tuple[Hook, ...]
    way: Way
    most_open: tuple[Filter, ...]
    doors: Doors | None = None
    asked: PacketSet = EVERYTHING
    of: Site | None = None
    doubt: Unknown | None = None

    def surely(self, question: PacketSet, at_times: bool = False) -> PacketSet:
        """What all of them together surely let through, always or `at_times`."""
        question &= self.asked
        for crossing, most_open in zip(self.way.crossings, self.most_open, strict=True):
            question = surely(most_open if at_times else crossing.filter, crossing.settle, question)
        return question

    def maybe(self, question: PacketSet, at_times: bool = False) -> PacketSet:
        """What all of them together may let through."""
        question &= self.asked
        for crossing, most_open in zip(self.way.crossings, self.most_open, strict=True):
            question = maybe(most_open if at_times else crossing.filter, crossing.settle, question)
        return question

    def within(self, where: PacketSet) -> Site:
        """The site asked about packets of `where` alone, with those rules alone that they may match."""
        crossings = tuple(replace(each, filter=fitting(each, where)) for each in self.way.crossings)
        most_open = (replace(each, filter=open_) for each, open_ in zip(self.way.crossings, self.most_open, strict=True))
        way = replace(self.way, crossings=crossings)
        return replace(self, way=way, most_open=tuple(fitting(each, where) for each in most_open), asked=where)

    def through(self, entry: str, exit_: str | None) -> Site:
        """The site for packets that come in and go on by these interfaces."""
        crossings = tuple(replace(crossing, entry=entry, exit=exit_) for crossing in self.way.crossings)
        return replace(self, way=replace(self.way, crossings=crossings), doors=None)

    def for_strangers(self, question: PacketSet) -> Bounds:
        """What they let through at times by the user's own rules, for somebody who is in no group and behind no interface that they name.

        He is, where that is known of him.
        """
        result = Bounds(question, question)
        for crossing, most_open in zip(self.way.crossings, self.most_open, strict=True):
            result &= bounds(_written(most_open), _as_stranger(crossing), result.maybe)
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
            site = _site(graph, tuple(crossed), entry)
            yield site
            yield from _for_members(graph, site)
        yield from _perhaps_entered(graph, hooks)


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
            outer: list[str | None] = [zone.id for zone in interfaces_of(graph, hooks[0]) if zone.default]
            yield from ((entry, rest) for entry in outer or [None])
        return
    outside = [zone for zone in graph.zones if zone.device == device and zone.default]
    for zone in outside:
        crossed = [hook for hook in hooks if hook.zone in (None, zone.id)]
        if crossed:
            yield zone.id, crossed
    if not outside and hooks[0].place is Place.TRANSIT:
        yield None, hooks


def _perhaps_entered(graph: Graph, hooks: list[Hook]) -> Iterator[Site]:
    """Where nothing says by which interface of a device the internet comes: each that has public addresses, or of which none are known."""
    zones = list(interfaces_of(graph, hooks[0])) if hooks[0].place is Place.ENTRY else []
    if any(zone.default for zone in zones):
        return
    for zone in zones:
        here = tuple(hook for hook in hooks if hook.zone == zone.id)
        if here and (zone.networks is None or intersect_intervals(zone.networks, PUBLIC)) and not is_inner(zone.id):
            doubt = Unknown(f"whether the internet comes in by {zone.label}", reference="roles.internet")
            yield replace(_site(graph, here, zone.id), doubt=doubt)


def _site(graph: Graph, hooks: tuple[Hook, ...], entry: str | None) -> Site:
    zone = graph.zone(hooks[0].zone or "")
    source = internet()
    destination = behind(zone) if hooks[0].place is Place.INBOUND else Endpoint("what is behind it", addresses=ANYWHERE, exact=False)
    crossings = tuple(Crossing((hook,), hook.filter, source, destination, entry, None) for hook in hooks)
    label = zone.label if zone is not None else hooks[0].label
    most_open = tuple(at_worst(hook.filter) for hook in hooks)
    return Site(label, hooks, Way(source, destination, crossings), most_open, doors(graph, hooks, entry))


def to_itself(graph: Graph, site: Site) -> tuple[Site, tuple[Interval, ...]] | None:
    """The site for what is sent to the device itself, and the ports by which that is administered; None where none are known."""
    device = next((each for each in graph.devices if each.id == site.hooks[0].device), None)
    host = graph.zone(device.host or "") if device is not None else None
    if device is None or host is None or site.of is not None or site.hooks[0].place is not Place.ENTRY:
        return None
    ports = tuple((int(port), int(port)) for port in host.values("administered"))
    own = intersect_intervals(device.addresses, PUBLIC) or subtract_intervals(device.addresses, _LOOPBACK)
    return (site.within(destinations(own)), ports) if ports and own else None


_LOOPBACK = tuple(map(address_interval, ("127.0.0.0/8", "::1")))


def behind(zone: Zone | None) -> Endpoint:
    if zone is None:
        return Endpoint("its members", addresses=ANYWHERE)
    return Endpoint(zone.label, "", frozenset({zone.id}), zone.networks or ANYWHERE, references=zone.references)


def _for_members(graph: Graph, site: Site) -> Iterator[Site]:
    """The site for those of its members whom rules tell from the others: as machines carry groups together, and others alone."""
    lists = (filter_.rules for hook in site.hooks for filter_ in hook.filter.stages())
    asked = (each for rules in lists for each in predicates(all_rules(rules)) if each.fact is Fact.MEMBER)
    inside = site.way.destination.zones
    groups = frozenset(group for each in asked if each.side is Side.DESTINATION for group in each.values) - inside
    if not groups or site.hooks[0].place is not Place.INBOUND:
        return
    machines = [frozenset(zone.inside) for zone in graph.zones if zone.kind is ZoneKind.HOST and inside & {*zone.inside}]
    carried = dict.fromkeys(zones & groups for zones in machines) or {frozenset[str](): None}
    lonely = (frozenset({group}) for group in sorted(groups - frozenset().union(*carried)))
    for members in (*carried, *lonely):
        names = [zone.label if (zone := graph.zone(group)) is not None else group for group in sorted(members)]
        end = replace(site.way.destination, zones=inside | members, outside=groups - members)
        way = replace(site.way, destination=end, crossings=tuple(replace(each, destination=end) for each in site.way.crossings))
        yield replace(site, name=f"{' and '.join(names)} in {site.name}" if names else site.name, way=way, of=site)
