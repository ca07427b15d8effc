"""Outside of where two filters differ, their bounds agree: held over small random filters, and told on the cases that matter."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.bounds import bounds
from auditor.analysis.difference import Differences
from auditor.model.filters import Assign, Call, Chain, Exactly, Filter, Rule, Verdict
from auditor.model.packets import EVERYTHING, NOTHING, Field, PacketSet, field_set
from auditor.model.record import replace
from auditor.model.source import Span
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
