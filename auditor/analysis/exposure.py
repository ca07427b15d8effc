"""What the internet, and every host, can reach at a place where filters stand: the questions of hygiene that need no roles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache, reduce
from operator import and_

from auditor.analysis.bounds import Bounds, surely
from auditor.analysis.doors import Doors, interfaces_of, is_another, name_of
from auditor.analysis.families import open_to_six_alone
from auditor.analysis.reach import Judgement
from auditor.analysis.sites import Site
from auditor.model.filters import Call, Filter, Rule, Settle, Undecided, Verdict, around, can_deny
from auditor.model.findings import Outcome
from auditor.model.graph import Crossing, Endpoint, Graph, Hook, Place, internet
from auditor.model.headers import IPV4, IPV6, NEW_FLOW, ONE_FAMILY, PUBLIC, destinations, intersect_intervals, ports, sources
from auditor.model.hulls import hull
from auditor.model.packets import DOMAIN_MAX, EVERYTHING, NOTHING, Field, Interval, PacketSet, union
from auditor.model.record import replace
from auditor.model.source import Unknown

_FIRST = 4
"""What a filter does not see at all stands before its rules."""

_MANY = 200
"""Rules of a site of which it is worth while to find those that matter."""

_DHCPV6 = ports(17, ((546, 547),))
"""A service that IPv4 does not have."""


Ask = Callable[[Site, bool], PacketSet]
"""What is wrong at a site: what surely is, or what may be."""


def _judged(site: Site, ask: Ask) -> Judgement | None:
    """Broken where something is wrong by whichever interfaces packets come and go, open where only some of them may be theirs."""
    leak = ask(site, True)
    if leak and site.of is not None:
        leak -= ask(site.of, True)  # what all of its members are open to is told of all
    if leak and site.doubt is not None:
        return Judgement(Outcome.OPEN, site.way, leak, (site.doubt,), site.way.crossings[-1])
    if leak:
        return Judgement(Outcome.BROKEN, site.way, leak, (), site.way.crossings[-1])
    if site.doors is None or site.of is not None:
        return None
    if sum(len(crossing.filter.rules) for crossing in site.way.crossings) > _MANY:
        where = ask(site, False)
        return _by_doors(site.within(where), site.doors, ask) if where else None
    return _by_doors(site, site.doors, ask)


def _by_doors(site: Site, known: Doors, ask: Ask) -> Judgement | None:
    found = {entry: leak for entry in known.entries if (leak := _behind_door(site, known, entry, ask)) is not None}
    if not found:
        return None
    first = next(iter(found.values()))
    if len(found) < len(known.entries):
        doubt = f"whether the internet comes in by {' or '.join(_called(each, known.entries) for each in found)}"
    elif all(sure for _, _, sure in found.values()):
        anyway = first[1] & reduce(and_, (_anywhere(leak) for _, leak, _ in found.values()))
        return Judgement(Outcome.BROKEN, first[0].way, anyway or first[1], (), first[0].way.crossings[-1])
    else:
        doubt = f"whether packets go on by {_called(first[0].way.crossings[-1].exit or '', known.exits)}"
    unknown = Unknown(doubt, reference="roles.internet")
    return Judgement(Outcome.OPEN, first[0].way, first[1], (unknown,), first[0].way.crossings[-1])


def _behind_door(site: Site, known: Doors, entry: str, ask: Ask) -> tuple[Site, PacketSet, bool] | None:
    """The site as it is for packets that come in by an interface, what is wrong there, and whether they surely can go on so."""
    inside = site.through(entry, None).within(site.asked)
    if known.exits and not ask(inside, False):
        return None
    for exit_, sure in known.ways_on(entry):
        through = inside.through(entry, exit_)
        if leak := ask(through, True):
            return through, leak, sure
    return None


def _called(interface: str, among: tuple[str, ...]) -> str:
    if not is_another(interface):
        return name_of(interface)
    named = [name_of(each) for each in among if not is_another(each)]
    return f"another interface than {', '.join(named)}" if named else name_of(interface)


def open_to_the_world(site: Site, ports_: tuple[Interval, ...]) -> Judgement | None:
    """Whether one of the TCP ports can be reached somewhere from all public addresses of a family, but few, as far as that is sure."""

    def ask(at: Site, for_sure: bool) -> PacketSet:
        questions = _of_families(at, ports_)
        let = (at.surely if for_sure else at.maybe)(union(questions), at_times=True)
        return union(_for_most(let & question, question) for question in questions)

    return _judged(site, ask)


def perhaps_open_to_the_world(site: Site, ports_: tuple[Interval, ...]) -> Judgement | None:
    """Whether one of the TCP ports may be reached from all public addresses of a family, by a value that is not known."""
    questions = _of_families(site, ports_)
    if not _valueless(site.for_strangers(union(questions))):
        return None
    for question in questions:
        leak, valueless = _by_a_value(site, question)
        if leak and site.of is not None:
            leak -= _by_a_value(site.of, question)[0]
        if leak:
            return Judgement(Outcome.OPEN, site.way, leak, valueless, site.way.crossings[-1])
    return None


def _by_a_value(site: Site, question: PacketSet) -> tuple[PacketSet, tuple[Unknown, ...]]:
    """What everybody may reach, and the values it depends on; nothing if it is on none."""
    let = site.for_strangers(question)
    valueless = _valueless(let)
    return _for_most(let.maybe, question) if valueless else NOTHING, valueless


def _valueless(let: Bounds) -> tuple[Unknown, ...]:
    return tuple(unknown for unknown in let.unknowns if unknown.reference and not unknown.lapses)


def _of_families(site: Site, ports_: tuple[Interval, ...]) -> list[PacketSet]:
    """Packets from everywhere, of either family; not of one of which nothing says that it is routed at all: `forgotten_ipv6` does."""
    asked = NEW_FLOW & ports(6, ports_)
    families = (family for family in (IPV4, IPV6) if not _passes_by(site, family))
    return [asked & sources(intersect_intervals(PUBLIC, [family])) & destinations([family]) for family in families]


def permits_by_default(site: Site) -> Judgement | None:
    """Whether packets from the internet that no rule speaks of get through every filter of the site."""
    closed = any(filter_.default is not Verdict.PERMIT for crossing in site.way.crossings for filter_ in crossing.filter.stages())
    return None if closed else _judged(site, _unspoken)


def _unspoken(site: Site, for_sure: bool) -> PacketSet:
    """What no rule speaks of, if that is most of what there is."""
    rest = NEW_FLOW & sources(PUBLIC) & site.asked
    if not for_sure:
        return rest
    for crossing, most_open in zip(site.way.crossings, site.most_open, strict=True):
        for filter_ in most_open.stages():
            rest = _by_default(filter_, crossing.settle, rest)
    few = rest.without(Field.SOURCE, Field.DESTINATION)
    tcp = [high - low + 1 for low, high in (few & ports(6)).values(Field.DESTINATION_PORT)]
    return rest if sum(tcp) > 32768 else NOTHING


def _by_default(filter_: Filter, ask: Settle, question: PacketSet) -> PacketSet:
    """What surely reaches the end of the list undecided."""
    quiet = Filter(filter_.name, tuple(map(_deny_all, filter_.rules)), Verdict.PERMIT, filter_.span)
    return surely(quiet, ask, question)


def _deny_all(rule: Rule) -> Rule:
    return replace(rule, action=Verdict.DENY) if rule.action is Verdict.PERMIT else rule


def forgotten_ipv6(site: Site) -> Judgement | None:
    """TCP and UDP services that every public IPv6 address surely reaches while no public IPv4 address may."""
    return _judged(site, _forgotten)


def _forgotten(site: Site, for_sure: bool) -> PacketSet:
    apart = open_to_six_alone(crossing.filter for crossing in site.way.crossings) & (ports(6) | ports(17)) & NEW_FLOW
    six = apart & sources(intersect_intervals(PUBLIC, [IPV6]))
    everybody = _for_all((site.surely if for_sure else site.maybe)(six), six)
    if not everybody - _DHCPV6:
        return NOTHING
    four = apart & sources(intersect_intervals(PUBLIC, [IPV4]))
    if not for_sure:
        return (four | six) & _anywhere(everybody)
    closed = any(filter_.default.denies for crossing in site.way.crossings for filter_ in crossing.filter.stages())
    unseen = closed and _passes_by(site, IPV6) and not _passes_by(site, IPV4)
    found = everybody if unseen else everybody - _anywhere(site.maybe(four))
    return found if found - _DHCPV6 else NOTHING


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
    return let - missed.without(Field.SOURCE, Field.SOURCE_PORT)


def _for_most(let: PacketSet, question: PacketSet) -> PacketSet:
    """The same where a quarter of the sources at most are kept out: a list of bad neighbours does not close a port to the world."""
    whole = _for_all(let, question)
    from_, all_ = let.values(Field.SOURCE), _size(question.values(Field.SOURCE))
    if whole or _size(from_) * 4 < all_ * 3:
        return whole
    low, _ = max(from_, key=lambda each: each[1] - each[0])
    reached = question & (let & sources([(low, low)])).without(Field.SOURCE, Field.SOURCE_PORT)
    kept_out = (reached - let.without(Field.SOURCE_PORT)).values(Field.SOURCE)
    return _for_all(let & reached, reached - sources(kept_out)) if _size(kept_out) * 4 <= all_ else NOTHING


def _size(intervals: Sequence[Interval]) -> int:
    return sum(high - low + 1 for low, high in intervals)


def _anywhere(packets: PacketSet) -> PacketSet:
    return packets.without(Field.SOURCE, Field.DESTINATION, Field.SOURCE_PORT)


def permits_everything(filter_: Filter, beside: Sequence[Filter], settle: Settle) -> Iterator[Rule]:
    """The rules that surely permit every new flow there can be, of one family at least, where nothing else is closed to that family.

    What is permitted has to pass every other stage and all `beside` too. Among several, one that denies nothing is no filter.
    """
    for stage in filter_.stages():
        others = [each for each in (*filter_.stages(), *beside) if each is not stage]
        for rule, families in _permits_everything(stage.rules, settle) if not others or can_deny(stage) else ():
            if not rule.synthetic and any(all(_is_open(each, family, settle) for each in others) for family in families):
                yield rule


def _is_open(stage: Filter, family: Interval, settle: Settle) -> bool:
    return not stage.default.denies or any(family in families for _, families in _permits_everything(stage.rules, settle))


def _permits_everything(rules: tuple[Rule, ...], settle: Settle) -> Iterator[tuple[Rule, Sequence[Interval]]]:
    """The rules, of these and of chains they surely call, that surely permit whole families, and these.

    What could not be read may permit everything, and does not surely.
    """
    seen: set[int] = set()
    unread = {rule.span for rule in rules if isinstance(rule.condition, Undecided)}
    for rule in rules:
        if unread and rule.span in unread:
            continue
        if isinstance(rule.action, Call) and id(rule.action.chain) not in seen and _whole_families(rule, settle):
            seen.add(id(rule.action.chain))
            yield from _permits_everything(rule.action.chain.rules, settle)
        elif rule.action is Verdict.PERMIT and (families := _whole_families(rule, settle)):
            yield rule, families


def from_outside(graph: Graph, hook: Hook) -> Iterator[Settle]:
    """How a hook answers for somebody of whom nothing is known, and for the internet where it is known by which interface that comes."""
    yield _undecided
    for zone in interfaces_of(graph, hook):
        if zone.default:
            yield Crossing((hook,), hook.filter, internet(), Endpoint("what is behind it"), zone.id).settle


def _whole_families(rule: Rule, settle: Settle) -> tuple[Interval, ...]:
    """The families of which a rule surely matches every new flow."""
    possible = around(rule.condition)
    if possible is NOTHING or hull(possible)[: len(_ALL_SERVICES)] != _ALL_SERVICES:
        return ()  # most rules
    packets = rule.condition.settle(settle).surely
    return _FAMILIES if packets is EVERYTHING else tuple(family for family in _FAMILIES if _family(family) <= packets)


_FAMILIES = (IPV4, IPV6)
_ALL_SERVICES = (0, DOMAIN_MAX[Field.PROTOCOL], 0, DOMAIN_MAX[Field.DESTINATION_PORT])
"""How the box around packets of every protocol and port begins."""


@cache
def _family(family: Interval) -> PacketSet:
    return NEW_FLOW & ONE_FAMILY & sources([family]) & destinations([family])


def _undecided(_: object) -> None:
    return None
