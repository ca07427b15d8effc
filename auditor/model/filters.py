"""Filters: ordered rules, first match wins, a default. `Filter.first_match` is the definition that every analysis must agree with.

A rule's condition is a tree over packet sets, predicates (facts about the two endpoints and the interfaces, settled for the pair at hand)
and unknowns. Settled, it is a `Match`: the packets it surely matches and those it may match.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from enum import StrEnum

from auditor.model.packets import EVERYTHING, NOTHING, Field, Packet, PacketSet, union
from auditor.model.record import dataclass, field, replace
from auditor.model.source import Span, Unknown


class Side(StrEnum):
    """Which end of the packet a predicate speaks of."""

    SOURCE = "source"
    DESTINATION = "destination"


class Fact(StrEnum):
    """What a predicate asks of an endpoint."""

    MEMBER = "member"  # it belongs to one of the zones (security groups, tags, …) whose ids are given
    INTERFACE = "interface"  # the packet enters (source) or leaves (destination) the device by one of the interfaces
    NAMED = "named"  # it is one of the domain names; "*.example.org" covers every name below, not example.org itself
    WITHIN = "within"  # its addresses lie in the network of this symbolic reference, e.g. "aws_vpc.main.cidr_block"
    ITSELF = "itself"  # both ends are the same machine
    OWN = "own"  # it may be the machine whose zone is given: whoever is nowhere known is not


@dataclass(frozen=True, slots=True)
class Predicate:
    """A question about one end of the flow. True where any of `values` holds; an interface value that ends in "*" is a prefix."""

    fact: Fact
    side: Side
    values: frozenset[str]
    span: Span | None = None


Settle = Callable[[Predicate], bool | None]
"""Answers a predicate for the pair of endpoints at hand; None where the configuration does not decide."""


@dataclass(frozen=True, slots=True)
class Match:
    """The packets a condition surely matches, and those it may match; `surely <= maybe`. `unknowns` say why the two differ."""

    surely: PacketSet
    maybe: PacketSet
    unknowns: tuple[Unknown, ...] = ()

    def __invert__(self) -> Match:
        return Match(~self.maybe, ~self.surely, self.unknowns)


ALWAYS = Match(EVERYTHING, EVERYTHING)
NEVER = Match(NOTHING, NOTHING)


class Condition:
    """What a rule asks of a packet. `settle` turns it into a Match for one pair of endpoints; `static` if no predicate is in it."""

    __slots__ = ()
    static: bool

    def settle(self, ask: Settle) -> Match:
        """The Match under the answers of `ask`."""
        raise NotImplementedError

    def __and__(self, other: Condition) -> Condition:
        return both(self, other)

    def __or__(self, other: Condition) -> Condition:
        return either(self, other)

    def __invert__(self) -> Condition:
        return Not(self)


@dataclass(frozen=True, slots=True)
class Exactly(Condition):
    """Matches these packets, and no others."""

    packets: PacketSet
    static = True

    def settle(self, ask: Settle) -> Match:  # noqa: ARG002  (nothing to ask)
        return Match(self.packets, self.packets)


@dataclass(frozen=True, slots=True)
class Undecided(Condition):
    """Matches some of `within`, and the configuration does not say which: a rate limit, a schedule, an unresolved address."""

    unknown: Unknown
    within: PacketSet = EVERYTHING
    static = True

    def settle(self, ask: Settle) -> Match:  # noqa: ARG002  (nothing to ask)
        return Match(NOTHING, self.within, (self.unknown,))


@dataclass(frozen=True, slots=True)
class Test(Condition):
    """Matches every packet or none, by a fact about the endpoints. `unknown` says what is missing where the fact is not settled."""

    predicate: Predicate
    unknown: Unknown
    within: PacketSet = EVERYTHING
    static = False

    def settle(self, ask: Settle) -> Match:
        answer = ask(self.predicate)
        if answer is None:
            return Match(NOTHING, self.within, (self.unknown,))
        return ALWAYS if answer else NEVER


@dataclass(frozen=True, slots=True)
class Both(Condition):
    """Matches what every part matches."""

    parts: tuple[Condition, ...]
    static: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "static", all(part.static for part in self.parts))

    def settle(self, ask: Settle) -> Match:
        surely = maybe = EVERYTHING
        unknowns: list[Unknown] = []
        for part in self.parts:
            found = part.settle(ask)
            surely &= found.surely
            maybe &= found.maybe
            if not maybe:
                return NEVER
            unknowns += found.unknowns
        return Match(surely, maybe, tuple(unknowns))


@dataclass(frozen=True, slots=True)
class Either(Condition):
    """Matches what any part matches."""

    parts: tuple[Condition, ...]
    static: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "static", all(part.static for part in self.parts))

    def settle(self, ask: Settle) -> Match:
        surely = maybe = NOTHING
        unknowns: list[Unknown] = []
        for part in self.parts:
            found = part.settle(ask)
            surely |= found.surely
            maybe |= found.maybe
            unknowns += found.unknowns
        return Match(surely, maybe, tuple(unknowns))


@dataclass(frozen=True, slots=True)
class Not(Condition):
    """Matches what `part` does not."""

    part: Condition
    static: bool = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "static", self.part.static)

    def settle(self, ask: Settle) -> Match:
        return ~self.part.settle(ask)


ANY = Exactly(EVERYTHING)
NONE = Exactly(NOTHING)


def both(*parts: Condition) -> Condition:
    """The conjunction, flattened, with exact parts joined into one."""
    exact, others = EVERYTHING, []
    for part in parts:
        for item in part.parts if isinstance(part, Both) else (part,):
            if isinstance(item, Exactly):
                exact &= item.packets
            else:
                others.append(item)
    if exact is NOTHING or not others:
        return Exactly(exact)
    parts_ = tuple(others) if exact is EVERYTHING else (Exactly(exact), *others)
    return parts_[0] if len(parts_) == 1 else Both(parts_)


def either(*parts: Condition) -> Condition:
    """The disjunction, flattened, with exact parts joined into one. No part: nothing matches."""
    flat = [item for part in parts for item in (part.parts if isinstance(part, Either) else (part,))]
    exact = union(item.packets for item in flat if isinstance(item, Exactly))
    others = tuple(item for item in flat if not isinstance(item, Exactly))
    if exact is EVERYTHING or not others:
        return Exactly(exact)
    parts_ = others if exact is NOTHING else (Exactly(exact), *others)
    return parts_[0] if len(parts_) == 1 else Either(parts_)


class Verdict(StrEnum):
    """What a rule does with the packets it matches."""

    PERMIT = "permit"
    DENY = "deny"
    REJECT = "reject"  # denies, and says so to the sender
    RETURN = "return"  # back to the chain that called; in a filter's own rules: the default
    CONTINUE = "continue"  # no effect on the verdict: a log, a counter

    @property
    def denies(self) -> bool:
        """Whether the packet ends here."""
        return self in (Verdict.DENY, Verdict.REJECT)


@dataclass(frozen=True, slots=True)
class Assign:
    """Overwrite a field of the packet and go on, as a mark is set. `value` None: by something the configuration does not decide."""

    field: Field
    value: int | None


@dataclass(frozen=True, slots=True)
class Call:
    """Go on in `chain`. What comes back from it goes on behind this rule, or, with `goto`, returns from this rule's own chain too."""

    chain: Chain
    goto: bool = False


Action = Verdict | Assign | Call


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a firewall.

    `text` is what a person reads, free of secrets. `name` is its own: a description, a resource address. `address` is what an ignore can
    name (tracker, uuid, resource address). `synthetic`: added by the product, not in the file. `stateless`: its replies need rules of
    their own. `trail` leads to the rule: variable → local → argument.
    """

    condition: Condition
    action: Action
    span: Span
    text: str = ""
    name: str = ""
    address: str = ""
    synthetic: bool = False
    stateless: bool = False
    trail: tuple[tuple[str, Span], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """Rules under a name, to be called from others. A chain is equal to itself only, so that it can be large."""

    name: str
    rules: tuple[Rule, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Decision:
    """How a filter decided one packet: by `rule`, or by the default where that is None. `path` are the rules met on the way, in order.

    `may` marks the steps that the configuration does not decide and that were taken or passed by as the question wanted.
    """

    verdict: Verdict
    rule: Rule | None
    path: tuple[Rule, ...] = ()
    may: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Filter:
    """An ordered list of rules, first match wins, and what happens to the rest.

    `span` is the list's own place, `default_span` that of its policy, where one is written. `then`: what is permitted is judged by this
    one next, as it is by then, marks set and addresses translated; only if that permits too, the packet is let through.
    """

    name: str
    rules: tuple[Rule, ...]
    default: Verdict
    span: Span
    default_span: Span | None = None
    then: Filter | None = None

    def first_match(self, packet: Packet, ask: Settle, wanted: Verdict | None = None) -> Decision | None:
        """The decision on one packet. Undecided conditions are resolved either way, such that the outcome is `wanted` if it can be
        (PERMIT, or DENY which stands for REJECT too); None if it cannot. Without `wanted`: undecided conditions do not match.
        """
        for (verdict, state), (rule, path, may) in _ends(self.rules, packet, ask, wanted is not None, {}).items():
            final = self.default if verdict is Verdict.RETURN else verdict
            if final is Verdict.PERMIT and self.then is not None:
                later = self.then.first_match(dict(state), ask, wanted)
                if later is not None:
                    return Decision(later.verdict, later.rule, path + later.path, may + later.may)
                continue
            if wanted is None or final is wanted or (wanted is Verdict.DENY and final.denies):
                return Decision(final, None if verdict is Verdict.RETURN else rule, path, may)
        return None

    def stages(self) -> Iterator[Filter]:
        """The list and those that it hands on to, in order."""
        stage: Filter | None = self
        while stage is not None:
            yield stage
            stage = stage.then

    def with_rules(self, *rules: Rule) -> Filter:
        """The same filter with `rules` put first."""
        return replace(self, rules=(*rules, *self.rules))


def can_deny(filter_: Filter) -> bool:
    """Whether any packet may be denied, for all that is written: a filter without a rule that denies, open by default, is none."""
    return any(
        stage.default.denies or any(isinstance(action, Verdict) and action.denies for action in actions(stage.rules))
        for stage in filter_.stages()
    )


def actions(rules: tuple[Rule, ...]) -> Iterator[Action]:
    """What rules do, those of the chains they call too."""
    return (rule.action for rule in all_rules(rules))


def all_rules(rules: tuple[Rule, ...]) -> Iterator[Rule]:
    """Rules and, behind each that calls a chain, those of the chain; each chain once."""
    seen: set[int] = set()
    pending = [iter(rules)]
    while pending:
        for rule in pending[-1]:
            yield rule
            if isinstance(rule.action, Call) and id(rule.action.chain) not in seen:
                seen.add(id(rule.action.chain))
                pending.append(iter(rule.action.chain.rules))
                break
        else:
            pending.pop()


def leaves(condition: Condition) -> Iterator[Condition]:
    """The conditions that one is made of, whatever joins them."""
    if isinstance(condition, Both | Either):
        for part in condition.parts:
            yield from leaves(part)
    elif isinstance(condition, Not):
        yield from leaves(condition.part)
    else:
        yield condition


def around(condition: Condition) -> PacketSet:
    """Packets beyond which a condition matches none, as far as that shows without settling it: exact parts stand first."""
    first = condition.parts[0] if isinstance(condition, Both) else condition
    if isinstance(first, Exactly):
        return first.packets
    return first.within if isinstance(first, Undecided) else EVERYTHING


def meaning(condition: Condition) -> Hashable:
    """What a condition matches, wherever it stands and whatever the reasons for what is not known: equal ones mean the same."""
    if isinstance(condition, Exactly):
        return condition.packets
    if isinstance(condition, Undecided):
        return "undecided", condition.within
    if isinstance(condition, Test):
        return condition.predicate.fact, condition.predicate.side, condition.predicate.values, condition.within
    if isinstance(condition, Not):
        return "not", meaning(condition.part)
    assert isinstance(condition, Both | Either), "there are no other conditions"
    return type(condition).__name__, *map(meaning, condition.parts)


def sets_of(condition: Condition) -> Iterator[PacketSet]:
    """The sets of packets that a condition names."""
    for leaf in leaves(condition):
        assert isinstance(leaf, Exactly | Undecided | Test), "there are no other leaves"
        yield leaf.packets if isinstance(leaf, Exactly) else leaf.within


def predicates(rules: Iterable[Rule]) -> Iterator[Predicate]:
    """What rules ask about the ends, in order."""
    asking = (leaf for rule in rules if not rule.condition.static for leaf in leaves(rule.condition))
    return (leaf.predicate for leaf in asking if isinstance(leaf, Test))


def overwritten(rules: tuple[Rule, ...]) -> frozenset[Field]:
    """The fields that rules write over, those in the chains they call too."""
    return frozenset(action.field for action in actions(rules) if isinstance(action, Assign))


_Steps = tuple[Rule, ...]
_State = tuple[tuple[Field, int], ...]
_Evidence = tuple[Rule | None, _Steps, _Steps]
_Ends = dict[tuple[Verdict, _State], _Evidence]


_Known = dict[tuple[int, _State], _Ends]
"""How chains end for packets: a chain that is called from everywhere is walked once for each form of the packet."""


def _ends(rules: tuple[Rule, ...], packet: Packet, ask: Settle, branch: bool, known: _Known) -> _Ends:
    """Every way these rules can end for `packet`: verdict and the packet as it is then → how. RETURN is falling off their end.

    One way only unless `branch`. Packets that reach a rule in the same form are one, so doubts do not multiply. A call that comes back
    with the packet as it was leaves no step.
    """
    reaching: dict[_State, tuple[_Steps, _Steps]] = {tuple(packet.items()): ((), ())}
    headers = [packet]
    ends: _Ends = {}
    for rule in rules:
        condition = rule.condition
        if isinstance(condition, Exactly):
            for header in headers:
                if header in condition.packets:
                    break
            else:
                continue  # most rules
        if rule.action is Verdict.CONTINUE:
            continue
        match = condition.settle(ask)
        onward: dict[_State, tuple[_Steps, _Steps]] = {}
        for state, (path, may) in reaching.items():
            header = dict(state)
            sure = header in match.surely
            if not sure:
                onward.setdefault(state, (path, may))
                if not branch or header not in match.maybe:
                    continue
            doubt = may if sure else (*may, rule)
            for (verdict, later), (decided, steps, doubts) in _taken(rule, header, ask, branch, known).items():
                doubted = tuple(dict.fromkeys(doubt + doubts)) if doubts else doubt
                if verdict is Verdict.CONTINUE:
                    onward.setdefault(later, (path if later == state else (*path, rule, *steps), doubted))
                else:
                    ends.setdefault((verdict, later), (decided, (*path, rule, *steps), doubted))
        reaching = onward
        headers = [dict(state) for state in reaching]
        if not reaching:
            break
    for state, (path, may) in reaching.items():
        ends.setdefault((Verdict.RETURN, state), (None, path, may))
    return ends


def _taken(rule: Rule, packet: dict[Field, int], ask: Settle, branch: bool, known: _Known) -> _Ends:
    """What a matching rule does; CONTINUE where evaluation goes on behind it."""
    action = rule.action
    if isinstance(action, Assign):
        return {(Verdict.CONTINUE, tuple({**packet, action.field: action.value or 0}.items())): (None, (), ())}
    if isinstance(action, Call):
        back = Verdict.RETURN if action.goto else Verdict.CONTINUE
        key = (id(action.chain), tuple(packet.items()))
        if key not in known:
            known[key] = _ends(action.chain.rules, packet, ask, branch, known)
        inner = known[key]
        return {(back if verdict is Verdict.RETURN else verdict, state): how for (verdict, state), how in inner.items()}
    return {(action, tuple(packet.items())): (rule, (), ())}
