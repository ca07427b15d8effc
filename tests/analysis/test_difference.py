"""Outside of where two filters differ, their bounds agree: held over small random filters, and told on the cases that matter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.bounds import bounds
from auditor.analysis.difference import Differences
from auditor.model.filters import Assign, Call, Chain, Exactly, Fact, Filter, Predicate, Rule, Side, Verdict, both
from auditor.model.filters import Test as Asked
from auditor.model.graph import Crossing, Endpoint, Way
from auditor.model.packets import EVERYTHING, NOTHING, Field, PacketSet, field_set, union
from auditor.model.record import replace
from auditor.model.source import Span, Unknown
from tests.analysis.test_bounds import filters


def nobody(_: object) -> None:
    """Answers no predicate."""


def differing(old: Filter, new: Filter) -> PacketSet:
    return Differences().filters(old, new)


def port(number: int) -> PacketSet:
    return field_set(Field.DESTINATION_PORT, [(number, number)])


def rule(packets: PacketSet, action: Verdict | Assign | Call = Verdict.PERMIT, line: int = 1) -> Rule:
    return Rule(Exactly(packets), action, Span("x", line, 1, line, 2))


def of(*rules: Rule, default: Verdict = Verdict.DENY) -> Filter:
    return Filter("f", rules, default, Span("x", 1, 1, 1, 2))


@given(filters, filters)
def test_outside_of_the_difference_the_bounds_agree(old: Filter, new: Filter) -> None:
    outside = ~differing(old, new)
    if outside:
        a, b = bounds(old, nobody, outside), bounds(new, nobody, outside)
        assert (a.surely, a.maybe) == (b.surely, b.maybe)


@given(filters, st.integers(0, 3), st.integers(0, 3))
def test_outside_of_what_a_moved_or_lost_rule_matches_nothing_differs(filter_: Filter, lost: int, moved: int) -> None:
    rules = list(filter_.rules)
    if not rules:
        return
    changed = rules.pop(lost % len(rules))
    for new in (rules, [*rules[: moved % (len(rules) + 1)], changed, *rules[moved % (len(rules) + 1) :]]):
        outside = ~differing(filter_, replace(filter_, rules=tuple(new)))
        if outside:
            a, b = bounds(filter_, nobody, outside), bounds(replace(filter_, rules=tuple(new)), nobody, outside)
            assert (a.surely, a.maybe) == (b.surely, b.maybe)


def test_rules_on_other_lines_differ_in_nothing() -> None:
    assert differing(of(rule(port(22), line=3)), of(rule(port(22), line=9))) is NOTHING


def test_a_new_rule_makes_a_difference_to_what_it_matches() -> None:
    assert differing(of(rule(port(22))), of(rule(port(80)), rule(port(22)))) == port(80)


def test_a_chain_that_is_called_differs_only_by_its_own_rules() -> None:
    old, new = (Call(Chain("c", (rule(port(each)), rule(port(22))), Span("x", 1, 1, 1, 2))) for each in (80, 443))
    assert differing(of(rule(EVERYTHING, old)), of(rule(EVERYTHING, new))) == port(80) | port(443)


def test_where_a_mark_is_set_the_packet_may_have_come_with_any() -> None:
    marked = field_set(Field.MARK, [(1, 1)])
    setting = rule(port(22), Assign(Field.MARK, 1))
    assert differing(of(setting), of(setting, rule(marked & port(22)))) == port(22)


def test_another_default_makes_a_difference_to_everything() -> None:
    assert differing(of(), of(default=Verdict.PERMIT)) is EVERYTHING


def test_a_filter_that_judges_next_is_compared_too() -> None:
    old, new = (replace(of(rule(port(22))), then=of(rule(port(each)))) for each in (80, 443))
    assert differing(old, new) == port(80) | port(443)
    assert differing(old, of(rule(port(22)))) is EVERYTHING


def test_many_rules_that_changed_are_taken_together() -> None:
    many = tuple(rule(port(number)) for number in range(500))
    assert differing(of(*many), of()) == union(port(number) for number in range(500))


def test_a_long_filter_decides_by_the_rules_that_may_match() -> None:
    many = of(*(rule(port(number)) for number in range(500)))
    end = Endpoint("x")
    way = Way(end, end, (Crossing((), many, end, end),))
    differences = Differences()
    part = differences.part(way, port(7))
    assert [each.condition.settle(nobody).maybe for each in part.crossings[0].filter.rules] == [port(7)]
    assert differences.part(way, port(7)).crossings[0].filter is part.crossings[0].filter
    assert differences.part(way, EVERYTHING) is way


def test_other_ways_may_differ_in_everything() -> None:
    one, other = Endpoint("x"), Endpoint("y")
    differences = Differences()
    assert differences.ways([Way(one, one, ())], []) is EVERYTHING
    assert differences.ways([Way(one, one, ())], [Way(one, other, ())]) is EVERYTHING
    assert differences.ways([Way(one, one, ())], [Way(one, one, ())]) is NOTHING


def across(*filters_: Filter, entry: str | None = None) -> list[Way]:
    """One way through all of the filters."""
    end = Endpoint("x")
    return [Way(end, end, tuple(Crossing((), each, end, end, entry) for each in filters_))]


def test_ways_across_other_filters_differ_in_what_any_of_these_decide() -> None:
    same, old, new = of(rule(port(22))), of(rule(port(80))), of(rule(port(443)))
    assert Differences().ways(across(same, old), across(same, new)) == port(80) | port(443)
    assert Differences().ways(across(same, old), across(same)) is EVERYTHING


def test_a_filter_entered_by_another_interface_may_differ_in_everything() -> None:
    same = of(rule(port(22)))
    assert Differences().ways(across(same, entry="d:lan"), across(same, entry="d:lan")) is NOTHING
    assert Differences().ways(across(same, entry="d:lan"), across(same, entry="d:wan")) is EVERYTHING


def test_what_was_compared_is_remembered_of_that_pair_alone() -> None:
    differences = Differences()
    old, new, other = of(rule(port(22))), of(rule(port(80))), of(rule(port(443)))
    for _ in range(2):
        assert differences.filters(old, new) == port(22) | port(80)
        assert differences.filters(old, other) == port(22) | port(443)


def test_a_short_filter_and_one_that_hands_on_are_kept_whole() -> None:
    short = of(rule(port(22)), rule(port(80)))
    long = replace(of(*(rule(port(number)) for number in range(500))), then=short)
    (way,) = across(short, long)
    assert [each.filter for each in Differences().part(way, port(7)).crossings] == [short, long]


def test_rules_that_ask_the_same_of_an_end_are_the_same_rule() -> None:
    def asking(fact: Fact, side: Side, value: str, line: int = 1) -> Filter:
        here = Span("x", line, 1, line, 2)
        asked = Asked(Predicate(fact, side, frozenset({value}), here), Unknown("who it is", here))
        return of(Rule(both(Exactly(port(22)), asked), Verdict.PERMIT, here))

    one = asking(Fact.MEMBER, Side.SOURCE, "g:web")
    assert differing(one, asking(Fact.MEMBER, Side.SOURCE, "g:web", line=9)) is NOTHING
    assert differing(one, asking(Fact.MEMBER, Side.SOURCE, "g:db")) == port(22)
    assert differing(one, asking(Fact.MEMBER, Side.DESTINATION, "g:web")) == port(22)
    assert differing(one, asking(Fact.NAMED, Side.SOURCE, "g:web")) == port(22)


def test_rules_mean_the_same_wherever_they_stand_and_something_else_with_another_verdict() -> None:
    seen = Differences()
    here, there, other = rule(port(1)), rule(port(1), line=9), rule(port(1), Verdict.DENY)
    assert seen.meanings([here]) == seen.meanings([there, here]) != seen.meanings([other])
