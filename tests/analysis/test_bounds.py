"""Bounds against every world: each unknown condition resolved either way, every packet decided by first match."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.analysis.bounds import bounds, maybe, surely
from auditor.model.filters import (
    ANY,
    Assign,
    Call,
    Chain,
    Condition,
    Exactly,
    Fact,
    Filter,
    Predicate,
    Rule,
    Side,
    Undecided,
    Verdict,
    both,
    either,
)
from auditor.model.filters import (
    Test as Asked,
)
from auditor.model.packets import EVERYTHING, NOTHING, Field, PacketSet, field_set
from auditor.model.record import replace
from auditor.model.source import Span, Unknown

HERE = Span("rules", 1, 1, 1, 2)
PORTS = (0, 1, 2, 3)
QUESTION = field_set(Field.DESTINATION_PORT, [(0, 3)]) & field_set(Field.MARK, [(0, 0)])


def port_set(*ports: int) -> PacketSet:
    return field_set(Field.DESTINATION_PORT, [(port, port) for port in ports])


exact = st.sets(st.sampled_from(PORTS), min_size=1).map(lambda ports: Exactly(port_set(*ports)))
undecided = st.builds(
    lambda ports, n: Undecided(Unknown(f"doubt {n}"), port_set(*ports)), st.sets(st.sampled_from(PORTS), min_size=1), st.integers()
)
marked = st.integers(0, 1).map(lambda mark: Exactly(field_set(Field.MARK, [(mark, mark)])))
conditions: st.SearchStrategy[Condition] = st.recursive(
    exact | undecided | marked,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: both(*pair)),
        st.tuples(inner, inner).map(lambda pair: either(*pair)),
        inner.map(lambda each: ~each),
    ),
    max_leaves=3,
)
verdicts = st.sampled_from([Verdict.PERMIT, Verdict.DENY, Verdict.REJECT, Verdict.RETURN, Verdict.CONTINUE])
marks = st.sampled_from([Assign(Field.MARK, 1), Assign(Field.MARK, 0)])
flat_rules = st.lists(st.builds(Rule, conditions, verdicts | marks, st.just(HERE)), max_size=3)
chains = flat_rules.map(lambda rules: Chain("c", tuple(rules), HERE))
calls = st.builds(Call, chains, st.booleans())
filters = st.builds(
    lambda rules, default: Filter("f", tuple(rules), default, HERE),
    st.lists(st.builds(Rule, conditions, verdicts | marks | calls, st.just(HERE)), max_size=4),
    st.sampled_from([Verdict.PERMIT, Verdict.DENY]),
)


def doubts(filter_: Filter) -> list[Unknown]:
    """The unknowns of a filter, each once."""

    def of_rules(rules: tuple[Rule, ...]) -> list[Unknown]:
        found: list[Unknown] = []
        for rule in rules:
            found += rule.condition.settle(lambda _: None).unknowns
            if isinstance(rule.action, Call):
                found += of_rules(rule.action.chain.rules)
        return found

    return list(dict.fromkeys(of_rules(filter_.rules)))


def decided(condition: Condition, world: dict[Unknown, bool]) -> Condition:
    """The condition in a world where each unknown is settled."""
    from auditor.model.filters import Both, Either, Not

    if isinstance(condition, Undecided):
        return Exactly(condition.within if world.get(condition.unknown, False) else NOTHING)
    if isinstance(condition, Both | Either):
        parts = [decided(part, world) for part in condition.parts]
        return both(*parts) if isinstance(condition, Both) else either(*parts)
    return ~decided(condition.part, world) if isinstance(condition, Not) else condition


def in_world(rules: tuple[Rule, ...], world: dict[Unknown, bool]) -> tuple[Rule, ...]:
    settled = []
    for rule in rules:
        action = rule.action
        if isinstance(action, Call):
            action = Call(Chain("c", in_world(action.chain.rules, world), HERE), action.goto)
        settled.append(replace(rule, condition=decided(rule.condition, world), action=action))
    return tuple(settled)


@settings(max_examples=300)
@given(filters)
def test_bounds_hold_in_every_world(filter_: Filter) -> None:
    names = doubts(filter_)[:6]
    found = bounds(filter_, lambda _: None, QUESTION)
    assert found.surely <= found.maybe <= QUESTION
    outcomes: dict[int, set[bool]] = {port: set() for port in PORTS}
    if len(doubts(filter_)) > 6:
        return
    for values in product([False, True], repeat=len(names)):
        world = dict(zip(names, values, strict=True))
        settled = Filter("f", in_world(filter_.rules, world), filter_.default, HERE)
        for port in PORTS:
            decision = settled.first_match({Field.DESTINATION_PORT: port, Field.MARK: 0}, lambda _: None)
            assert decision is not None
            outcomes[port].add(decision.verdict is Verdict.PERMIT)
    for port, seen in outcomes.items():
        packet = {Field.DESTINATION_PORT: port, Field.MARK: 0}
        assert packet in found.maybe or True not in seen
        assert packet not in found.surely or False not in seen


@settings(max_examples=300)
@given(filters, st.none() | filters)
def test_each_half_asked_for_alone_is_that_half_of_the_bounds(first: Filter, second: Filter | None) -> None:
    filter_ = replace(first, then=second)
    both_halves = bounds(filter_, lambda _: None, QUESTION)
    assert surely(filter_, lambda _: None, QUESTION) is both_halves.surely
    assert maybe(filter_, lambda _: None, QUESTION) is both_halves.maybe


independent = st.lists(
    st.tuples(st.sampled_from([Verdict.PERMIT, Verdict.DENY]), st.sets(st.sampled_from(PORTS), min_size=1), st.booleans()), max_size=6
)


@given(independent, st.sampled_from([Verdict.PERMIT, Verdict.DENY]))
def test_bounds_are_exact_while_each_unknown_stands_in_one_rule(lines: list[tuple[Verdict, set[int], bool]], default: Verdict) -> None:
    rules = tuple(
        Rule(Undecided(Unknown(f"doubt {n}"), port_set(*ports)) if doubt else Exactly(port_set(*ports)), verdict, HERE)
        for n, (verdict, ports, doubt) in enumerate(lines)
    )
    filter_ = Filter("f", rules, default, HERE)
    found = bounds(filter_, lambda _: None, QUESTION)
    names = doubts(filter_)
    for port in PORTS:
        packet = {Field.DESTINATION_PORT: port, Field.MARK: 0}
        seen = set()
        for values in product([False, True], repeat=len(names)):
            settled = Filter("f", in_world(rules, dict(zip(names, values, strict=True))), default, HERE)
            decision = settled.first_match(packet, lambda _: None)
            assert decision is not None
            seen.add(decision.verdict)
        assert (packet in found.surely) == (seen == {Verdict.PERMIT})
        assert (packet in found.maybe) == (Verdict.PERMIT in seen)


@given(filters)
def test_first_match_finds_a_world_for_each_verdict_the_bounds_allow(filter_: Filter) -> None:
    found = bounds(filter_, lambda _: None, QUESTION)
    for port in PORTS:
        packet = {Field.DESTINATION_PORT: port, Field.MARK: 0}
        permitted = filter_.first_match(packet, lambda _: None, Verdict.PERMIT)
        refused = filter_.first_match(packet, lambda _: None, Verdict.DENY)
        assert (permitted is not None) == (packet in found.maybe)
        assert (refused is not None) == (packet not in found.surely)


def test_a_question_names_the_unknown_that_decides_it() -> None:
    limit = Unknown("limited to 5 a second")
    schedule = Unknown("only at night")
    rules = (
        Rule(Undecided(limit, port_set(1)), Verdict.PERMIT, HERE),
        Rule(Undecided(schedule, port_set(2)), Verdict.PERMIT, HERE),
        Rule(Exactly(port_set(2)), Verdict.PERMIT, HERE),
    )
    found = bounds(Filter("f", rules, Verdict.DENY, HERE), lambda _: None, QUESTION)
    assert found.unknowns == (limit,)
    assert found.maybe is port_set(1, 2) & QUESTION
    assert found.surely is port_set(2) & QUESTION


def test_an_answered_predicate_leaves_no_doubt() -> None:
    member = Asked(Predicate(Fact.MEMBER, Side.SOURCE, frozenset({"g"})), Unknown("who is in g"))
    filter_ = Filter("f", (Rule(member, Verdict.PERMIT, HERE),), Verdict.DENY, HERE)
    assert bounds(filter_, lambda _: True, QUESTION).surely is QUESTION
    assert bounds(filter_, lambda _: False, QUESTION).maybe is NOTHING
    assert bounds(filter_, lambda _: None, QUESTION).unknowns == (Unknown("who is in g"),)


def test_a_mark_set_in_doubt_is_undecided_from_then_on() -> None:
    marked_one = Exactly(field_set(Field.MARK, [(1, 1)]))
    rules = (Rule(ANY, Assign(Field.MARK, None), HERE), Rule(marked_one, Verdict.PERMIT, HERE))
    found = bounds(Filter("f", rules, Verdict.DENY, HERE), lambda _: None, QUESTION)
    assert (found.surely, found.maybe) == (NOTHING, QUESTION)


def test_nothing_asked_is_nothing_found() -> None:
    filter_ = Filter("f", (Rule(ANY, Verdict.PERMIT, HERE),), Verdict.DENY, HERE)
    assert bounds(filter_, lambda _: None, NOTHING).maybe is NOTHING
    assert bounds(filter_, lambda _: None, EVERYTHING).surely is EVERYTHING
