"""What is remembered of a list gives the answer that looking at all of it gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis import again
from auditor.analysis.again import Memory
from auditor.analysis.cover import Covered, covered
from auditor.model.filters import Call, Chain, Exactly, Rule, Verdict
from auditor.model.headers import ONE_FAMILY, Protocol, ports, sources
from auditor.model.packets import EVERYTHING, PacketSet, union
from auditor.model.record import replace
from auditor.model.source import Span

lines = st.tuples(st.integers(1, 6), st.integers(0, 5), st.integers(0, 3), st.booleans())


def rule(port: int, more: int, source: int, permits: bool) -> Rule:
    packets = ports(Protocol.TCP, ((port, port + more),)) & (sources([(source * 10, source * 10 + 9)]) if source else EVERYTHING)
    return Rule(Exactly(packets), Verdict.PERMIT if permits else Verdict.DENY, Span("x", 1, 1, 1, 2))


def told(found: tuple[Covered, ...], rules: tuple[Rule, ...]) -> list[int]:
    places = {id(each): at for at, each in enumerate(rules)}
    return [places[id(each.rule)] for each in found]


def packets_of(rule_: Rule) -> PacketSet:
    assert isinstance(rule_.condition, Exactly)
    return rule_.condition.packets


@given(st.lists(lines, max_size=12), st.lists(lines, max_size=3), st.integers(0, 12), st.integers(0, 3))
def test_a_list_that_changed_a_little_has_the_same_rules_covered(
    old: list[tuple[int, int, int, bool]], added: list[tuple[int, int, int, bool]], at: int, lost: int
) -> None:
    before = tuple(rule(*line) for line in old)
    kept = tuple(replace(each) for each in before)  # as another reading has them: equal, and not the same
    after = (*kept[:at], *(rule(*line) for line in added), *kept[at + lost :])
    memory = Memory()
    least, again._LONG = again._LONG, 0
    try:
        memory.covered("x", before, EVERYTHING, EVERYTHING)
        found = memory.covered("x", after, EVERYTHING, EVERYTHING)
    finally:
        again._LONG = least
    assert told(found, after) == told(tuple(covered(after)), after)
    assert all(packets_of(each.rule) & ONE_FAMILY <= union(map(packets_of, each.by)) for each in found)


def test_another_list_of_a_name_is_looked_at_afresh() -> None:
    memory = Memory()
    few = tuple(rule(port, 0, 0, True) for port in range(1, 4))
    assert memory.covered("x", few, EVERYTHING, EVERYTHING) == ()
    assert [each.rule for each in memory.covered("x", (*few, few[0]), EVERYTHING, EVERYTHING)] == [few[0]]


def test_much_that_changed_is_looked_at_afresh() -> None:
    memory = Memory()
    many = tuple(rule(port % 6 + 1, 0, 0, True) for port in range(300))
    whole = tuple(rule(6, 5, 0, False) for _ in range(30))
    assert len(memory.covered("x", many, EVERYTHING, EVERYTHING)) == 294
    assert len(memory.covered("x", (*whole, *many), EVERYTHING, EVERYTHING)) == 324
    assert len(memory.covered("x", whole * 8, EVERYTHING, EVERYTHING)) == 239
    assert len(memory.covered("x", (*whole * 8, *many[:1]), EVERYTHING, EVERYTHING)) == 239
    jump = Rule(Exactly(EVERYTHING), Call(Chain("c", (), Span("x", 1, 1, 1, 2))), Span("x", 1, 1, 1, 2))
    assert len(memory.covered("x", (jump, *many), EVERYTHING, EVERYTHING)) == 294
