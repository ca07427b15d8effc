"""Long lists of rules by their ports: nothing that could match is left out."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis import listing as module
from auditor.analysis.listing import Listing, listing, narrowed
from auditor.model.filters import ANY, Assign, Call, Chain, Condition, Exactly, Filter, Rule, Undecided, Verdict, both
from auditor.model.packets import EVERYTHING, Field, PacketSet, box_set, field_set
from auditor.model.source import Span, Unknown

HERE = Span("f", 1, 1, 1, 2)
UNKNOWN = Unknown("nobody knows", HERE)


def nobody(_: object) -> None:
    return None


def condition(dice: random.Random) -> Condition:
    port, wide = dice.randrange(300), dice.choice((0, 0, 0, 2, 17, 5000))
    kind = dice.random()
    if kind < 0.1:
        return Exactly(field_set(Field.SOURCE, [(port, port + 9)]))
    packets = Exactly(box_set({Field.PROTOCOL: [(6, 6)], Field.DESTINATION_PORT: [(port, port), (port + wide, port + wide)]}))
    within = dice.choice((EVERYTHING, field_set(Field.SOURCE, [(port, port + 9)])))
    return both(packets, Undecided(UNKNOWN, within)) if kind < 0.3 else packets


def rules_of(dice: random.Random, count: int = 200) -> tuple[Rule, ...]:
    verdicts = (Verdict.PERMIT, Verdict.DENY, Verdict.RETURN, Verdict.CONTINUE)
    return tuple(Rule(condition(dice), dice.choice(verdicts), Span("f", dice.randrange(1, 10**9), 1, 1, 2)) for _ in range(count))


def asked(dice: random.Random) -> PacketSet:
    low = dice.randrange(320)
    spans = {Field.DESTINATION_PORT: [(low, low + dice.randrange(40)), (5000, 5003)], Field.SOURCE: [(0, 20), (290, 400)]}
    return box_set({Field.PROTOCOL: [(6, 6)], **spans})


@given(st.integers(0, 100_000))
def test_rules_about_some_ports_are_those_of_the_whole_list_that_touch_them(seed: int) -> None:
    dice = random.Random(seed)
    rules, packets = rules_of(dice), asked(dice)
    start = dice.randrange(50)
    count = dice.randrange(128, 151)
    listed = Listing(rules)
    found = list(listed.touching(nobody, packets, start, count))
    assert found == list(listed.touching(nobody, packets, start, count))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_MOST_PORTS", -1)
        assert found == list(Listing(rules).touching(nobody, packets, start, count))


@given(st.integers(0, 100_000), st.sampled_from((None, Verdict.PERMIT, Verdict.DENY)))
def test_a_packet_fares_in_the_rules_about_its_port_as_in_the_whole(seed: int, wanted: Verdict | None) -> None:
    dice = random.Random(seed)
    inner = Chain("inner", rules_of(dice, dice.choice((20, 150))), HERE)
    called = (Rule(condition(dice), Call(inner), HERE) for _ in range(2))
    rules = (*rules_of(dice, dice.choice((2, 150))), next(called), *rules_of(dice, 20), next(called))
    then = Filter("then", rules_of(dice, 130), Verdict.PERMIT, HERE) if dice.random() < 0.5 else None
    filter_ = Filter("f", rules, dice.choice((Verdict.PERMIT, Verdict.DENY)), HERE, then=then)
    packet = {Field.PROTOCOL: 6, Field.DESTINATION_PORT: dice.randrange(320), Field.SOURCE: dice.randrange(320)}
    found, whole = narrowed(filter_, packet).first_match(packet, nobody, wanted), filter_.first_match(packet, nobody, wanted)
    assert (found is None) is (whole is None)
    if found is not None and whole is not None:
        assert (found.verdict, found.rule) == (whole.verdict, whole.rule)
        assert [each.span for each in (*found.path, *found.may)] == [each.span for each in (*whole.path, *whole.may)]


def test_a_chain_that_is_called_twice_is_narrowed_once() -> None:
    call = Rule(ANY, Call(Chain("inner", rules_of(random.Random(1)), HERE)), HERE)
    first, second = narrowed(Filter("f", (call, call), Verdict.DENY, HERE), {Field.DESTINATION_PORT: 22}).rules
    assert isinstance(first.action, Call)
    assert isinstance(second.action, Call)
    assert first.action.chain is second.action.chain
    assert 0 < len(first.action.chain.rules) < 200


def test_a_packet_that_may_be_written_over_is_followed_through_all_rules() -> None:
    rules = (Rule(ANY, Assign(Field.DESTINATION_PORT, 80), HERE), *rules_of(random.Random(1)))
    filter_ = Filter("f", rules, Verdict.DENY, HERE)
    assert narrowed(filter_, {Field.DESTINATION_PORT: 22}) is filter_


def test_a_short_list_is_left_as_it_is() -> None:
    filter_ = Filter("f", rules_of(random.Random(1), 20), Verdict.DENY, HERE)
    assert narrowed(filter_, {Field.DESTINATION_PORT: 22}) is filter_


def test_a_run_ends_where_a_rule_does_something_else() -> None:
    rules = (*rules_of(random.Random(1), 3), Rule(ANY, Assign(Field.MARK, 1), HERE), *rules_of(random.Random(2), 2))
    assert [Listing(rules).length(start) for start in range(7)] == [3, 2, 1, 0, 2, 1, 0]


def test_listings_are_kept_and_not_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_known", {})
    rules = rules_of(random.Random(1))
    assert listing(rules) is listing(rules)
    for seed in range(200):
        listing(rules_of(random.Random(seed), 2))
    assert 0 < len(module._known) <= module._MOST_KEPT
