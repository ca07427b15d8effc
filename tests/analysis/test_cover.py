"""Which earlier rules cover a rule: alone, together, whatever else they demand; and the law of it on a few ports."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.cover import Covered, covered
from auditor.model.filters import (
    ANY,
    Action,
    Assign,
    Call,
    Chain,
    Condition,
    Exactly,
    Fact,
    Predicate,
    Rule,
    Side,
    Undecided,
    Verdict,
    both,
    either,
)
from auditor.model.filters import Test as Asked
from auditor.model.headers import address_interval, sources
from auditor.model.packets import EVERYTHING, Field, PacketSet, field_set
from auditor.model.source import Span, Unknown

PERMIT, DENY = Verdict.PERMIT, Verdict.DENY
PORTS = range(4)
SET_MARK = Assign(Field.MARK, 1)


def line(number: int) -> Span:
    return Span("f", number, 1, number, 2)


def port_set(*ports: int) -> PacketSet:
    return field_set(Field.DESTINATION_PORT, [(port, port) for port in ports])


def to(*ports: int) -> Exactly:
    return Exactly(port_set(*ports))


def from_(text: str) -> Exactly:
    return Exactly(sources([address_interval(text)]))


def member(group: str, place: int = 1) -> Condition:
    return Asked(Predicate(Fact.MEMBER, Side.SOURCE, frozenset({group}), line(place)), Unknown(f"who is in {group}", line(place)))


def chain(*actions: Action) -> Chain:
    return Chain("c", tuple(Rule(ANY, action, line(90)) for action in actions), line(90))


def found(*lines: tuple[Condition, Action], within: PacketSet = EVERYTHING, usual: PacketSet = EVERYTHING) -> tuple[Covered, ...]:
    rules = tuple(Rule(condition, action, line(number)) for number, (condition, action) in enumerate(lines, 1))
    return tuple(covered(rules, within, usual))


def told(*lines: tuple[Condition, Action], within: PacketSet = EVERYTHING, usual: PacketSet = EVERYTHING) -> dict[int, set[int]]:
    """Line of a covered rule → lines of those that cover it."""
    return {each.rule.span.line: {rule.span.line for rule in each.by} for each in found(*lines, within=within, usual=usual)}


def test_a_rule_within_an_earlier_one_is_covered_by_it() -> None:
    assert told((from_("10.0.0.0/8"), PERMIT), (from_("10.1.0.0/16"), PERMIT)) == {2: {1}}


def test_a_rule_wider_than_an_earlier_one_is_not_covered() -> None:
    assert told((from_("10.1.0.0/16"), PERMIT), (from_("10.0.0.0/8"), PERMIT)) == {}


def test_two_halves_cover_a_whole() -> None:
    assert told((from_("10.0.0.0/9"), PERMIT), (from_("10.128.0.0/9"), DENY), (from_("10.0.0.0/8"), PERMIT)) == {3: {1, 2}}


def test_a_covered_rule_is_contradicted_if_any_that_covers_it_decides_otherwise() -> None:
    superfluous, contradicted = found((to(1), PERMIT), (to(2), Verdict.REJECT), (to(1), PERMIT), (to(1, 2), PERMIT))
    assert not superfluous.contradicted
    assert contradicted.contradicted


def test_a_refusal_does_not_contradict_a_silent_drop() -> None:
    (same,) = found((to(1), Verdict.REJECT), (to(1), DENY))
    assert not same.contradicted


def test_a_rule_that_only_counts_covers_nothing_and_is_not_covered() -> None:
    assert told((ANY, Verdict.CONTINUE), (to(1), PERMIT), (to(1), Verdict.CONTINUE)) == {}


def test_a_rule_that_matches_nothing_is_not_called_covered() -> None:
    assert told((ANY, PERMIT), (to(), PERMIT)) == {}


def test_a_rule_with_a_demand_covers_only_rules_with_the_same_demand() -> None:
    admins = member("admins")
    assert told((admins, PERMIT), (both(to(1), member("admins", 2)), DENY)) == {2: {1}}
    assert told((admins, PERMIT), (both(to(1), member("guests", 2)), DENY)) == {}
    assert told((admins, PERMIT), (to(1), DENY)) == {}


def test_a_rule_without_a_demand_covers_one_with_any() -> None:
    assert told((to(1), PERMIT), (both(to(1), member("admins")), DENY)) == {2: {1}}


def test_compound_demands_are_the_same_wherever_they_are_written() -> None:
    def neither(place: int) -> Condition:
        return ~either(member("admins", place), both(member("guests", place), member("staff", place)))

    assert told((neither(1), PERMIT), (both(to(1), neither(2)), PERMIT)) == {2: {1}}
    assert told((neither(1), PERMIT), (both(to(1), ~neither(2)), PERMIT)) == {}


def test_an_undecided_rule_covers_nothing_and_can_be_covered() -> None:
    limited = Undecided(Unknown("a rate limit"))
    assert told((limited, PERMIT), (to(1), PERMIT)) == {}
    assert told((~either(limited, member("a")), PERMIT), (both(to(1), ~either(limited, member("a"))), PERMIT)) == {}
    assert told((ANY, PERMIT), (limited, PERMIT)) == {2: {1}}


def test_a_mark_set_in_between_uncovers_what_follows() -> None:
    assert told((to(1), PERMIT), (ANY, SET_MARK), (to(1), PERMIT), (to(1), PERMIT)) == {4: {3}}


def test_a_call_of_a_chain_that_sets_marks_uncovers_what_follows() -> None:
    quiet = chain(PERMIT)
    loud = chain(Call(quiet), Call(quiet), Call(chain(SET_MARK)))
    assert told((to(1), PERMIT), (ANY, Call(loud)), (to(1), PERMIT)) == {}


def test_a_call_of_a_chain_that_sets_none_leaves_what_follows_covered() -> None:
    inner = chain(PERMIT)
    assert told((to(1), PERMIT), (ANY, Call(chain(Call(inner), Call(inner), DENY))), (to(1), PERMIT)) == {3: {1}}


def test_only_packets_within_are_asked_about() -> None:
    assert told((to(1), PERMIT), (to(1, 2), PERMIT), within=port_set(1)) == {2: {1}}
    assert told((to(1), PERMIT), (to(2), PERMIT), (to(2), PERMIT), within=port_set(1)) == {}


def test_packets_of_two_families_at_once_are_left_out() -> None:
    four, six = (Exactly(sources([address_interval(text)])) for text in ("0.0.0.0/0", "::/0"))
    mixed = Exactly(four.packets & field_set(Field.DESTINATION, [address_interval("::/0")]))
    assert told((four, PERMIT), (six, PERMIT), (ANY, DENY), (mixed, DENY)) == {3: {1, 2}}


def test_a_rule_whose_usual_packets_are_decided_otherwise_is_named() -> None:
    assert told((to(0, 1, 2), DENY), (to(0, 1, 3), PERMIT), usual=port_set(0, 1)) == {2: {1}}


def test_an_exception_from_the_usual_packets_is_not_named() -> None:
    assert told((to(0, 1), DENY), (to(0, 1, 3), PERMIT), usual=port_set(0, 1)) == {}
    assert told((to(0, 1), DENY), (both(to(0, 1, 3), member("a")), PERMIT), usual=port_set(0, 1)) == {2: {1}}


def test_a_rule_whose_usual_packets_are_decided_the_same_way_is_not_named() -> None:
    assert told((to(0, 1, 2), PERMIT), (to(0, 1, 3), PERMIT), usual=port_set(0, 1)) == {}


def test_a_rule_without_usual_packets_is_compared_whole() -> None:
    assert told((to(2, 3), PERMIT), (to(3), PERMIT), (to(3, 4), PERMIT), usual=port_set(0, 1)) == {2: {1}}


def test_all_that_take_part_are_named_though_fewer_cover_the_usual_packets() -> None:
    assert told((to(0, 1), DENY), (to(3), DENY), (to(0, 1, 3), PERMIT), usual=port_set(0, 1)) == {3: {1, 2}}


some_ports = st.sets(st.sampled_from(PORTS))
lines = st.lists(st.tuples(some_ports, st.sampled_from([*Verdict, SET_MARK])), max_size=7)


@given(lines, some_ports)
def test_a_rule_is_covered_exactly_if_an_earlier_one_decides_each_of_its_packets(
    listed: list[tuple[set[int], Action]], within: set[int]
) -> None:
    expected, decided = set(), set[int]()
    for number, (ports, action) in enumerate(listed, 1):
        if isinstance(action, Assign):
            decided = set()
        elif action is not Verdict.CONTINUE and ports & within:
            if ports & within <= decided:
                expected.add(number)
            decided |= ports & within
    assert set(told(*((to(*ports), action) for ports, action in listed), within=port_set(*within))) == expected


@given(lines)
def test_those_that_cover_a_rule_take_all_of_its_packets_and_each_takes_some(listed: list[tuple[set[int], Action]]) -> None:
    for number, by in told(*((to(*ports), action) for ports, action in listed)).items():
        whole = listed[number - 1][0]
        assert whole <= set().union(*(listed[other - 1][0] for other in by))
        assert all(other < number and whole & listed[other - 1][0] for other in by)
