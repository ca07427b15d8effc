"""Of long lists the first rules that let something through are enough to show that something gets through."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis import reach
from auditor.analysis.reach import Judgement
from auditor.model.filters import ANY, Call, Chain, Exactly, Filter, Rule, Undecided, Verdict, both
from auditor.model.findings import Outcome
from auditor.model.graph import Crossing, Endpoint, Hook, Place, Way
from auditor.model.headers import EXPERIMENTAL, address_interval, destinations, ports
from auditor.model.packets import EVERYTHING, PacketSet
from auditor.model.source import Span, Unknown

HERE = Span("f", 1, 1, 1, 2)
UNKNOWN = Unknown("nobody knows", HERE)
LENGTH = 12


@pytest.fixture(autouse=True)
def _short_lists_are_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reach, "_MANY_RULES", LENGTH)
    monkeypatch.setattr(reach, "_FIRST_RULES", (2, 6))


def way_through(*filters: Filter, exact: bool = True) -> Way:
    source = Endpoint("a", addresses=(address_interval("10.0.1.0/24"),), exact=True)
    destination = Endpoint("b", addresses=(address_interval("10.0.2.0/30"),), exact=exact)
    hooks = (Hook(each.name, Place.INBOUND, each, HERE, each.name, "h:b") for each in filters)
    crossings = tuple(Crossing((hook,), each, source, destination) for each, hook in zip(filters, hooks, strict=True))
    return Way(source, destination, crossings)


def permit(port: int, packets: PacketSet = EVERYTHING, known: bool = True) -> Rule:
    exactly = Exactly(ports(6, ((port, port),)) & packets)
    return Rule(exactly if known else both(exactly, Undecided(UNKNOWN)), Verdict.PERMIT, HERE)


def deny(port: int) -> Rule:
    return Rule(Exactly(ports(6, ((port, port),))), Verdict.DENY, HERE)


def closed(*rules: Rule, default: Verdict = Verdict.DENY) -> Filter:
    """A list that is long enough, with these rules first."""
    return Filter("f", (*rules, *(deny(9000 + number) for number in range(LENGTH - len(rules)))), default, HERE)


def judged(way: Way, whole: bool = False) -> Judgement:
    found = reach.denied(way, EVERYTHING, whole)
    assert found is not None
    return found


def test_the_first_rule_that_lets_something_through_shows_it() -> None:
    way = way_through(closed(deny(1), permit(22), permit(80), permit(443)))
    found = judged(way)
    assert (found.outcome, found.partial, found.crossing) == (Outcome.BROKEN, True, way.crossings[0])
    assert found.packets.meets(ports(6, ((22, 22),)))
    assert not found.packets.meets(ports(6, ((80, 443),)))


def test_more_rules_are_asked_where_the_first_let_nothing_through() -> None:
    found = judged(way_through(closed(deny(1), deny(2), deny(3), permit(22), deny(4), deny(5), permit(80))))
    assert (found.outcome, found.partial) == (Outcome.BROKEN, True)
    assert not found.packets.meets(ports(6, ((80, 80),)))


def test_all_rules_are_asked_where_it_is_the_last_that_let_something_through() -> None:
    found = judged(way_through(closed(*map(deny, range(1, 9)), permit(22))))
    assert (found.outcome, found.partial) == (Outcome.BROKEN, False)


@pytest.mark.parametrize("open_", [closed(permit(80), Rule(ANY, Verdict.PERMIT, HERE)), closed(permit(80), default=Verdict.PERMIT)])
def test_a_few_services_are_asked_about_where_nearly_anything_gets_through(open_: Filter) -> None:
    found = judged(way_through(open_))
    assert (found.outcome, found.partial) == (Outcome.BROKEN, True)
    assert found.packets.meets(EXPERIMENTAL)
    assert found.packets.meets(ports(6, ((22, 22),)))
    assert not found.packets.meets(ports(6, ((80, 80),)))


def test_all_is_asked_where_a_packet_nobody_sends_gets_through_perhaps() -> None:
    perhaps = Rule(Undecided(UNKNOWN), Verdict.PERMIT, HERE)
    found = judged(way_through(closed(perhaps, permit(80))))
    assert (found.outcome, found.partial) == (Outcome.BROKEN, False)


def test_rules_of_chains_that_are_called_count_too() -> None:
    rules = (permit(22), *(deny(9000 + number) for number in range(LENGTH)), permit(80))
    found = judged(way_through(Filter("f", (Rule(ANY, Call(Chain("inner", rules, HERE)), HERE),), Verdict.DENY, HERE)))
    assert (found.outcome, found.partial) == (Outcome.BROKEN, True)
    assert not found.packets.meets(ports(6, ((80, 80),)))


def test_what_the_first_rules_leave_undecided_may_be_let_through_for_sure_by_later_ones() -> None:
    undecided = closed(permit(22, known=False))
    found = judged(way_through(undecided))
    assert (found.outcome, found.partial, found.unknowns) == (Outcome.OPEN, True, (UNKNOWN,))
    later = closed(permit(22, known=False), *map(deny, range(1, 9)), permit(80))
    assert (judged(way_through(later)).outcome, judged(way_through(later)).partial) == (Outcome.BROKEN, False)


def test_short_lists_are_asked_as_a_whole() -> None:
    assert not judged(way_through(Filter("f", (permit(22), permit(80)), Verdict.DENY, HERE))).partial


def drawn(dice: random.Random) -> Filter:
    host = (address_interval(f"10.0.2.{dice.randrange(4)}"),)
    rules = [
        deny(dice.randrange(5))
        if dice.random() < 0.7
        else permit(dice.randrange(5), destinations(host) if dice.random() < 0.3 else EVERYTHING, known=dice.random() < 0.5)
        for _ in range(LENGTH)
    ]
    if dice.random() < 0.3:
        inner = Chain("inner", drawn(dice).rules, HERE)
        rules[dice.randrange(LENGTH)] = Rule(rules[0].condition, Call(inner, goto=dice.random() < 0.3), HERE)
    then = drawn(dice) if dice.random() < 0.2 else None
    return Filter("f", tuple(rules), Verdict.DENY if dice.random() < 0.9 else Verdict.PERMIT, HERE, then=then)


@given(st.integers(0, 100_000), st.booleans())
def test_the_outcome_is_that_of_the_whole_list_and_what_shows_it_is_part_of_what_gets_through(seed: int, exact: bool) -> None:
    dice = random.Random(seed)
    way = way_through(*(drawn(dice) for _ in range(dice.randrange(1, 3))), exact=exact)
    found, whole = judged(way), judged(way, whole=True)
    assert found.outcome is whole.outcome
    assert found.packets <= whole.packets
    assert found.outcome is Outcome.HOLDS or found.packets
