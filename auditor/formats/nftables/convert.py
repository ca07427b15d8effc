"""From a ruleset to the graph: a host, the hooks on a packet's ways through it, and the interfaces it tells apart.

nftables' character: a packet crosses every base chain of every hook on its way, by priority; accept ends one chain, drop and reject are
final; a chain without a policy accepts; a table sees its own family; replies need a rule of their own (`ct state established`). Marks and
translations are carried from chain to chain where a later one can see them, and then the chains of a way become one filter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from auditor.formats.nftables import answers, declared, fields, marks
from auditor.formats.nftables.match import Matcher
from auditor.formats.nftables.names import CONNTRACK_PRIORITY
from auditor.formats.nftables.near import Near
from auditor.formats.nftables.outward import ways_out
from auditor.formats.nftables.resolve import Resolver
from auditor.formats.nftables.rules import Converter
from auditor.formats.nftables.ruleset import Base, Chain, Ruleset, Table
from auditor.formats.nftables.setting import HOOKS, NEVER, Facts, Setting, Way
from auditor.formats.nftables.syntax import Update
from auditor.model.filters import (
    ANY,
    Condition,
    Exactly,
    Fact,
    Filter,
    Predicate,
    Rule,
    Side,
    Test,
    Undecided,
    Verdict,
    all_rules,
    can_deny,
    overwritten,
    predicates,
    sets_of,
)  # fmt: skip
from auditor.model.graph import Device, Graph, Hook, Place, Zone, ZoneKind
from auditor.model.packets import Field, Interval, PacketSet
from auditor.model.record import dataclass, field, replace
from auditor.model.source import Span, Unknown

_PLACES = {Way.INBOUND: Place.INBOUND, Way.TRANSIT: Place.TRANSIT, Way.OUTBOUND: Place.OUTBOUND}
_ASKS_FOR_TRACKING = re.compile(r"\b(?:ct|masquerade|dnat|snat|redirect|synproxy)\b")
_OF_ONE_FAMILY = re.compile(r"\b[ds]nat\s+(?:(?:prefix\s+)?to\s+)?(?:(?P<six>ip6\b|\[|[0-9a-fA-F]*:[0-9a-fA-F:]*:)|(?:ip\b|\d+\.\d))")
_TRANSLATES, _DROPS = re.compile(r"\b(?:dnat|redirect)\b"), re.compile(r"\b(?:drop|reject)\b")
_TRANSLATED = re.compile(r'ct status dnat\b|"op":\s*"in",\s*"left":\s*\{\s*"ct":\s*\{\s*"key":\s*"status"')


@dataclass(frozen=True, slots=True)
class Stage:
    """One base chain on a way. `rules` begin with what the chain does not see at all; `filter` is the chain by itself."""

    table: Table
    chain: Chain
    base: Base
    setting: Setting
    rules: tuple[Rule, ...]
    filter: Filter

    @property
    def name(self) -> str:
        return self.filter.name

    @property
    def default(self) -> Verdict:
        return self.filter.default

    @property
    def policy_span(self) -> Span:
        return (self.chain.policy_at or self.base.at).span


@dataclass(frozen=True, slots=True, eq=False)
class Converted:
    """A ruleset's stages by way, for the graph and for lints that look at what they let through."""

    ruleset: Ruleset
    resolver: Resolver
    matcher: Matcher
    converter: Converter
    facts: Facts
    stages: dict[Way, tuple[Stage, ...]]
    _near: dict[int, Near] = field(default_factory=dict, init=False, repr=False, compare=False)

    def near(self, stage: Stage) -> Near:
        """A stage's rules by the packets they are about."""
        found = self._near.get(id(stage))
        if found is None:
            found = self._near[id(stage)] = Near(stage.filter)
        return found


def convert(ruleset: Ruleset, local: tuple[Interval, ...] | None = None) -> Converted:
    """Every way's stages. `local`: the host's own addresses, if something says them."""
    resolver = Resolver(ruleset)
    facts = _facts(resolver, local)
    matcher = Matcher(resolver)
    converter = Converter(matcher)
    stages = {way: tuple(_stages(way, ruleset, converter, facts)) for way in Way}
    _read_the_rest(ruleset, converter, facts)
    declared.check(ruleset, resolver)
    return Converted(ruleset, resolver, matcher, converter, facts, stages)


def _read_the_rest(ruleset: Ruleset, converter: Converter, facts: Facts) -> None:
    """Chains that no packet of a flow meets, and what was wiped, are read for their mistakes: nft loads the whole file or nothing of it."""
    chains = [(table, chain) for table in ruleset.tables.values() for chain in table.chains.values()]
    reached = converter.reached
    for table, chain in (*chains, *ruleset.wiped):
        if chain not in reached:
            hook, nat = (chain.base.hook, chain.base.type == "nat") if chain.base is not None else ("", True)
            converter.only_read(chain, table, Setting(table.family, Way.INBOUND, hook, False, facts, nat))


def _facts(resolver: Resolver, local: tuple[Interval, ...] | None) -> Facts:
    filled: set[tuple[str, str, str]] = set()
    emptied: set[tuple[str, str, str]] = set()
    tracking: set[int] = set()
    helps, since = True, NEVER
    for table in resolver.ruleset.tables.values():
        for line, moment in marks.rules_of(table):
            words = line.at.words
            if len(tracking) < 2 and (families := set(_tracked(words, table.family))):
                tracking |= families
                since = min(since, moment.block)
            helps = helps and not ("status" in words and not (_TRANSLATED.search(words) and "accept" in words))
            for statement in () if line.plain else line.statements:
                if isinstance(statement, Update):
                    into = emptied if statement.verb == "delete" else filled
                    into.add((table.family, table.name, statement.set_name))
    translates = any(base.type == "nat" for _, _, base in base_chains(resolver.ruleset))
    packet, flow = marks.possible(resolver)
    return Facts(packet, flow, frozenset(tracking), frozenset(filled), frozenset(emptied), local, helps, translates, since)


# -- stages


def base_chains(ruleset: Ruleset) -> Iterator[tuple[Table, Chain, Base]]:
    """The base chains that routed IP packets meet, tables that are dormant left out."""
    for table in ruleset.tables.values():
        if table.dormant_at is None and table.family not in ("bridge", "arp"):
            yield from ((table, chain, chain.base) for chain in table.chains.values() if chain.base is not None)


def _stages(way: Way, ruleset: Ruleset, converter: Converter, facts: Facts) -> Iterator[Stage]:
    everywhere = list(base_chains(ruleset))
    here = [found for found in everywhere if found[2].hook in HOOKS[way]]
    first_nat = min((base.serial for _, _, base in everywhere if base.type == "nat"), default=0)
    here.sort(key=lambda found: _turn(found[2], way, first_nat))
    translating: set[str] = set()
    for table, chain, base in here:
        early = base.hook == "ingress" or (base.hook in ("prerouting", "output") and _before_tracking(chain, base, facts))
        nat = base.type == "nat"
        if nat and not facts.tracking:
            continue  # nobody tracks connections: a nat chain sees nothing
        setting = Setting(table.family, way, base.hook, early, facts, nat)
        rules = converter.rules(chain, table, setting)
        unseen = tuple(_unseen(table, base, base.hook in translating, facts.tracking))
        if nat:
            translating.add(base.hook)
        yield _stage(table, chain, base, setting, unseen + rules)


def _turn(base: Base, way: Way, first_nat: int) -> tuple[int, ...]:
    """When a chain's turn is: of equal priorities the last loaded runs first, and with the first nat chain the place for all is made."""
    loaded = first_nat if base.type == "nat" else base.serial
    return HOOKS[way].index(base.hook), base.runs_at, -loaded, base.priority or 0, -base.serial


def _before_tracking(chain: Chain, base: Base, facts: Facts) -> bool:
    """At its own priority, connection tracking comes behind the chains of blocks after the one whose rules first ask for it."""
    priority = base.priority or 0
    return priority < CONNTRACK_PRIORITY or (priority == CONNTRACK_PRIORITY and facts.since < chain.block)


def _stage(table: Table, chain: Chain, base: Base, setting: Setting, rules: tuple[Rule, ...]) -> Stage:
    default = Verdict.DENY if chain.policy == "drop" else Verdict.PERMIT
    name, policy = f"{table.family} {table.name} {chain.name}", (chain.policy_at or base.at).span
    return Stage(table, chain, base, setting, rules, Filter(name, rules, default, chain.name_at.span, policy))


def _tracked(words: str, family: str) -> Iterator[int]:
    """The families whose connections a rule asks to track: those of its table, or that of the addresses it translates to."""
    if _ASKS_FOR_TRACKING.search(words) is None:
        return
    one = _OF_ONE_FAMILY.search(words)
    if family == "inet" and one is not None and len(_ASKS_FOR_TRACKING.findall(words)) == 1:
        yield 6 if one["six"] else 4
    else:
        yield from {"ip": (4,), "ip6": (6,), "inet": (4, 6)}.get(family, ())


def _unseen(table: Table, base: Base, translated: bool, tracked: frozenset[int]) -> Iterator[Rule]:
    """What passes the chain by."""
    if table.family in ("ip", "ip6"):
        other = fields.V6 if table.family == "ip" else fields.V4
        yield _passing(Exactly(other), base, f"a table of family {table.family} sees no {'IPv6' if table.family == 'ip' else 'IPv4'}")
    if base.type == "nat":
        yield _passing(Exactly(~fields.OPENS_FLOW), base, "a nat chain sees the first packet of a flow alone")
        for family, packets in ((4, fields.V4), (6, fields.V6)):
            if family not in tracked:
                yield _passing(Exactly(packets), base, f"nothing tracks connections of IPv{family}, so that a nat chain sees none")
        if translated:
            decided = fields.translated(4 if base.hook in ("prerouting", "output") else 8)
            yield _passing(Exactly(decided), base, "another nat chain has decided about the flow")
    if base.hook in ("ingress", "egress"):
        yield _passing(_of_other_devices(base), base, "the chain is on other devices")


def _passing(condition: Condition, base: Base, text: str) -> Rule:
    return Rule(condition, Verdict.PERMIT, base.at.span, text, synthetic=True)


def _of_other_devices(base: Base) -> Condition:
    unknown = Unknown("by which device the packets come", base.at.span)
    if not base.devices:
        return Undecided(unknown)
    side = Side.SOURCE if base.hook == "ingress" else Side.DESTINATION
    return ~Test(Predicate(Fact.INTERFACE, side, frozenset(base.devices), base.at.span), unknown)


# -- the graph


def graph_of(converted: Converted, sole: bool = False) -> Graph:
    """Zones, hooks and filters of a ruleset; its notes are the caller's. The `sole` host of a run goes by `nftables` too."""
    ruleset = converted.ruleset
    host, device = f"nftables:{ruleset.path}", f"nftables:{ruleset.path}"
    span = Span.of_file(ruleset.path)
    interfaces = sorted(_interfaces(converted))
    also = ("nftables",) if sole else ()
    zones = [Zone(host, ZoneKind.HOST, f"the host of {ruleset.path}", span, aliases=also)]
    out = _ways_out(converted)
    for name, place in interfaces:
        also = (f"nftables:{name}",) if sole else ()
        signs = (("interface", name), *((("way-out", out[name]),) if name in out else ()))
        zones.append(Zone(f"{host}:{name}", ZoneKind.INTERFACE, f"behind {name}", place, aliases=also, attributes=signs, device=device))
    hooks = [hook for way in Way for hook in hooks_of(way, converted, host, device)]
    routes = bool(interfaces) or any(hook.place is Place.TRANSIT for hook in hooks)
    devices = (Device(device, f"the host of {ruleset.path}", span, host),) if routes else ()
    if not hooks and not any(converted.stages.values()):
        zones, devices = [], ()
    return Graph(tuple(zones), tuple(hooks), devices, read=((ruleset.path, "nftables"),), filters=tuple(_filters(converted)))


def hooks_of(way: Way, converted: Converted, host: str, device: str) -> Iterator[Hook]:
    unread = tuple(_unread(converted.ruleset))
    crossed = _with_answers(way, converted)
    stages = _chosen(crossed)
    if not stages and not unread:
        return
    place = _PLACES[way]
    zone, of = (None, device) if place is Place.TRANSIT else (host, None)
    if stages and _hands_on(crossed):
        label = " and ".join(f"{stage.name} ({stage.base.hook})" for stage in stages)
        merged = _merged(list(crossed if unread else crossed[: crossed.index(stages[-1]) + 1]), unread, way)
        yield Hook(f"{host}/{way}", place, merged, stages[0].chain.name_at.span, label, zone, of, stateful=False)
        return
    for stage in stages:
        id_ = f"{host}/{way}/{stage.name}"
        yield Hook(id_, place, stage.filter, stage.chain.name_at.span, f"{stage.name} ({stage.base.hook})", zone, of, stateful=False)
    if unread:
        filter_ = Filter("what could not be read", unread, Verdict.PERMIT, unread[0].span)
        yield Hook(f"{host}/{way}/unread", place, filter_, unread[0].span, "what could not be read", zone, of, stateful=False)


_BACK = {Way.INBOUND: Way.OUTBOUND, Way.OUTBOUND: Way.INBOUND, Way.TRANSIT: Way.TRANSIT}


def _with_answers(way: Way, converted: Converted) -> tuple[Stage, ...]:
    """The stages of a way; where connection tracking comes, what it makes of answers to packets that the way there kept from it."""
    stages = converted.stages[way]
    there = [stage for stage in converted.stages[_BACK[way]] if stage.setting.early and Field.STATE in overwritten(stage.rules)]
    found = []
    for stage in there:
        rules = answers.untracked(stage.rules)
        filter_ = Filter(f"answers to {stage.name}", rules, Verdict.PERMIT, stage.filter.span)
        found.append(replace(stage, rules=rules, filter=filter_))
    early = sum(stage.setting.early for stage in stages)
    return (*stages[:early], *found, *stages[early:])


def _chosen(stages: tuple[Stage, ...]) -> list[Stage]:
    """The chains that make a filter of a way, up to the last one that may deny: what a later one makes of a packet is seen by nobody.

    Where none but translations keep packets away, those that should filter and accept everything; if there are none, nothing filters.
    """
    denying = [stage for stage in stages if not _harmless(stage)]
    if not all(_only_routes(stage) for stage in denying):
        return denying
    opened = list(_open(stages))
    return [stage for stage in stages if stage in denying or stage in opened] if opened else []


def _only_routes(stage: Stage) -> bool:
    """Whether a chain denies nothing but what it translates to somewhere that is not on this way."""
    denies = (rule.text for rule in all_rules(stage.rules) if isinstance(rule.action, Verdict) and rule.action.denies)
    return stage.default is Verdict.PERMIT and all(_TRANSLATES.search(text) and not _DROPS.search(text) for text in denies)


def _harmless(stage: Stage) -> bool:
    """Whether a chain neither denies anything nor is there for anything but translating."""
    return not can_deny(stage.filter)


def _open(stages: tuple[Stage, ...]) -> Iterator[Stage]:
    """The chains that should filter on a way on which nothing is denied: an open firewall is one. On the way through, of a router only."""
    for stage in stages:
        if stage.base.filters and (stage.base.hook == "input" or any(_rules_in(other) for other in stages)):
            yield stage


def _rules_in(stage: Stage) -> bool:
    """Whether a chain says that packets are routed here: it has rules for those that pass through, or translates their source."""
    passing = stage.base.filters or stage.base.type == "nat"
    return passing and stage.base.hook in ("forward", "postrouting") and any(not rule.synthetic for rule in stage.rules)


def _hands_on(stages: tuple[Stage, ...]) -> bool:
    """Whether a chain writes what a later one, that may deny, reads."""
    written: set[Field] = set()
    for index, stage in enumerate(stages):
        if written and any(not _harmless(later) for later in stages[index:]) and written & _reads(stage):
            return True
        written |= overwritten(stage.rules)
    return False


def _reads(stage: Stage) -> set[Field]:
    """The fields that the conditions of a chain ask for."""
    found: set[Field] = set()
    seen: set[PacketSet] = set()
    for rule in all_rules(stage.rules):
        for packets in sets_of(rule.condition):
            pending = [packets]
            while pending:
                node = pending.pop()
                if node.ends and node not in seen:
                    seen.add(node)
                    found.add(Field(node.level))
                    pending += node.children
    return found


def _merged(stages: list[Stage], unread: tuple[Rule, ...], way: Way) -> Filter:
    """The chains of a way as one filter: each hands what it accepts, as it is by then, to the next. Policies become rules."""
    following: Filter | None = Filter("what could not be read", unread, Verdict.PERMIT, unread[0].span) if unread else None
    for stage in reversed(stages):
        policy = Rule(
            ANY, stage.default, stage.policy_span, f"policy {'drop' if stage.default is Verdict.DENY else 'accept'} of {stage.name}"
        )
        rules = (*stage.rules, policy) if stage.default is Verdict.DENY else stage.rules
        following = Filter(stage.name, rules, stage.default, stage.chain.name_at.span, stage.policy_span, following)
    assert following is not None, f"{way} has stages"
    return following


def _unread(ruleset: Ruleset) -> Iterator[Rule]:
    """What could not be read outside of chains may hold chains that deny anything."""
    for what, at in ruleset.incomplete:
        yield Rule(Undecided(Unknown(f"{what} may hold further chains", at.span)), Verdict.DENY, at.span, at.told[:200])


def _filters(converted: Converted) -> Iterator[Filter]:
    """Every base chain on every way, for questions about rules."""
    for way in Way:
        yield from (stage.filter for stage in converted.stages[way])


def _interfaces(converted: Converted) -> Iterable[tuple[str, Span]]:
    """The interfaces that rules and hooks name, each with the first place."""
    found: dict[str, Span] = {}
    for way in Way:
        for stage in converted.stages[way]:
            for name in stage.base.devices or ():
                found.setdefault(name, stage.base.at.span)
            for predicate in predicates(all_rules(stage.rules)):
                for name in predicate.values if predicate.fact is Fact.INTERFACE else ():
                    if not name.endswith("*"):
                        found.setdefault(name, predicate.span or stage.base.at.span)
    return found.items()


def _ways_out(converted: Converted) -> dict[str, str]:
    """The interfaces that the ruleset itself shows to lead to the internet, each with why."""
    found: dict[str, str] = {}
    for stage in converted.stages[Way.TRANSIT]:
        if stage.base.hook == "postrouting" and stage.base.type == "nat":
            for name, span in ways_out(stage.rules):
                found.setdefault(name, f"{span.path}:{span.line} masquerades what leaves by {name}")
    return found
