"""Which rulesets a set of configurations calls for, and who plays which role, by the signs that rulesets list.

A proposal always says which sign it rests on. What auditor.yaml or an option says comes first; detection fills what is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from auditor.model.filters import Exactly, Fact, Rule, all_rules, leaves, predicates
from auditor.model.graph import Graph, Zone, dialect_of
from auditor.model.hulls import near
from auditor.model.packets import EVERYTHING, NOTHING, Field
from auditor.model.record import replace
from auditor.policy.binding import OUTSIDE, Claim
from auditor.policy.flows import packets_of
from auditor.policy.ruleset import Ruleset, Sign, SignKind
from auditor.policy.services import parse_service

Texts = Callable[[str], str]
"""The text of a file that was read, by path."""

_FEW_PORTS = 64
"""A rule about more of them is not about one service."""

_TAGS = ("name", "role", "NodeType", "nodetype", "tag")


class Shown:
    """What configurations show of themselves. Their rules are gone through once, however many rulesets look for signs in them."""

    def __init__(self, graph: Graph, text_of: Texts) -> None:
        self.graph = graph
        self.text_of = text_of

    @cached_property
    def rules(self) -> list[Rule]:
        """Every rule, those of called chains too."""
        filters = {id(each): each for each in (*self.graph.filters, *(hook.filter for hook in self.graph.hooks))}
        return [rule for filter_ in filters.values() for rule in all_rules(filter_.rules)]

    @cached_property
    def names(self) -> list[str]:
        """The names that conditions ask for, as far as they ask for more than packets."""
        named = (predicate for predicate in predicates(self.rules) if predicate.fact is Fact.NAMED)
        return list(dict.fromkeys(name for predicate in named for name in sorted(predicate.values)))

    def about(self, service: str) -> Rule | None:
        """The first written rule that speaks of just this service, not of everything."""
        wanted = packets_of(parse_service(service))
        may_meet = near(wanted)
        for rule in self.rules:
            parts = () if rule.synthetic else (rule.condition,) if isinstance(rule.condition, Exactly) else leaves(rule.condition)
            for leaf in parts:
                packets = leaf.packets if isinstance(leaf, Exactly) else NOTHING
                if packets is not NOTHING and packets is not EVERYTHING and may_meet(packets) and wanted.meets(packets):
                    spans = packets.values(Field.DESTINATION_PORT)
                    if sum(high - low + 1 for low, high in spans) <= _FEW_PORTS:
                        return rule
        return None


def recognises(ruleset: Ruleset, shown: Shown) -> str:
    """Why the graph calls for the ruleset, in words; empty if nothing does."""
    for sign in ruleset.signs:
        if sign.recognises or sign.excludes:
            found = _seen(sign, shown)
            if found:
                return found if sign.recognises else ""
    return ""


def proposals(ruleset: Ruleset, graph: Graph) -> Iterator[Claim]:
    """Who plays the ruleset's roles, one claim a role: what zones say of themselves ("role") before what their names look like.

    A "service" (a load balancer, a database) is in front of machines and named after them, and none of them.
    """
    found: dict[str, dict[str, str]] = {}
    candidates = [zone for zone in graph.zones if not zone.values("service")]
    for zone in candidates:
        for role in zone.values("role"):
            if role in ruleset.roles:
                found.setdefault(role, {})[zone.id] = f"{zone.id} is {role}"
    stated = {(role, dialect_of(zone_id)) for role, zones in found.items() for zone_id in zones}
    said = {zone_id for zones in found.values() for zone_id in zones}
    for zone in candidates:
        sign = next((sign for sign in ruleset.signs if sign.role and sign.kind is SignKind.ZONE and _zone_matches(sign, zone)), None)
        if sign is not None and sign.role is not None and zone.id not in said:
            for role in ruleset.members(sign.role):
                if (role, dialect_of(zone.id)) not in stated:
                    found.setdefault(role, {})[zone.id] = f"{_matched(sign, zone)} looks like {sign.role}"
    for role, zones in found.items():
        reasons = list(zones.values())
        more = f" and {len(reasons) - 2} more" if len(reasons) > 2 else ""
        yield Claim(role, tuple(zones), why=f"detected: {'; '.join(reasons[:2])}{more}", separately=True)


def ways_out(graph: Graph) -> Iterator[Claim]:
    """The interfaces that configurations show to lead to the internet, where they do not say it."""
    for zone in graph.zones:
        for why in zone.values("way-out"):
            yield Claim(OUTSIDE, (zone.id,), why=f"detected: {why}", separately=True)


def for_members(claim: Claim, rulesets: Iterable[Ruleset]) -> Iterator[Claim]:
    """The claim for each member of a role that is a union in some ruleset."""
    members = dict.fromkeys(role for ruleset in rulesets if claim.role in ruleset.roles for role in ruleset.members(claim.role))
    for role in members or (claim.role,):
        yield replace(claim, role=role)


def _seen(sign: Sign, shown: Shown) -> str:
    graph = shown.graph
    if sign.kind is SignKind.ZONE:
        zone = next((zone for zone in graph.zones if _zone_matches(sign, zone)), None)
        return f"{zone.id} was found" if zone else ""
    if sign.kind is SignKind.NAME:
        name = next((name for name in shown.names if _like(name, sign.pattern)), None)
        return f"a rule names {name}" if name else ""
    if sign.kind is SignKind.SERVICE:
        rule = shown.about(sign.pattern)
        return f"{rule.span.path} has a rule for {sign.pattern}" if rule else ""
    paths = [path for path, format_ in graph.read if not sign.formats or format_ in sign.formats]
    if sign.kind is SignKind.PATH:
        path = next((path for path in paths if _like(path, sign.pattern)), None)
        return f"{path} was found" if path else ""
    word = sign.pattern.casefold()
    path = next((path for path in paths if word in shown.text_of(path).casefold()), None)
    return f"{path} mentions {sign.pattern}" if path else ""


def _zone_matches(sign: Sign, zone: Zone) -> bool:
    return (not sign.formats or dialect_of(zone.id) in sign.formats) and _matched(sign, zone) != ""


def _matched(sign: Sign, zone: Zone) -> str:
    """What about the zone the sign matches."""
    own = zone.id.partition(":")[2]
    for text in (own, zone.label, *zone.aliases):
        if _like(text, sign.pattern):
            return text
    tag = next((f"{key} = {value}" for key, value in zone.attributes if key in _TAGS and _like(value, sign.pattern)), "")
    return f"tag {tag} of {zone.id}" if tag else ""


def _like(text: str, pattern: str) -> bool:
    wanted, given = _plain(pattern), _plain(text)
    middle = wanted.strip("*")
    if "*" in middle or "?" in middle or "[" in middle:
        from fnmatch import fnmatchcase

        return fnmatchcase(given, wanted)
    before, behind = wanted.startswith("*"), wanted.endswith("*")
    return (
        (middle in given)
        if before and behind
        else given.endswith(middle)
        if before
        else given.startswith(middle)
        if behind
        else given == middle
    )


def _plain(text: str) -> str:
    return text.casefold().replace("-", "").replace("_", "").replace(" ", "")
