"""Long runs are folded; what they do is what their rules do one by one."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis import runs
from auditor.analysis.bounds import bounds
from auditor.model.filters import ANY, Call, Chain, Condition, Exactly, Filter, Rule, Undecided, Verdict, both
from auditor.model.packets import EVERYTHING, NOTHING, Field, box_set
from auditor.model.source import Span, Unknown

HERE = Span("f", 1, 1, 1, 2)
VERDICTS = (Verdict.PERMIT, Verdict.DENY, Verdict.REJECT, Verdict.RETURN, Verdict.CONTINUE)


def nobody(_: object) -> None:
    return None


def condition(dice: random.Random) -> Condition:
    low, port = dice.randrange(40), dice.randrange(6)
    packets = Exactly(
        box_set({Field.DESTINATION_PORT: [(port, port + dice.randrange(3))], Field.SOURCE: [(low, low + dice.randrange(20))]})
    )
    return both(packets, Undecided(Unknown("nobody knows", HERE))) if dice.random() < 0.2 else packets


def filter_of(seed: int) -> Filter:
    dice = random.Random(seed)
    rules = [Rule(condition(dice), dice.choice(VERDICTS), HERE) for _ in range(30)]
    inner = Chain("inner", tuple(rules[:15]), HERE)
    return Filter("f", (*rules[15:25], Rule(ANY, Call(inner), HERE), *rules[25:]), dice.choice((Verdict.PERMIT, Verdict.DENY)), HERE)


@given(st.integers(0, 100_000))
def test_folded_runs_bound_as_their_rules_do_one_by_one(seed: int) -> None:
    filter_ = filter_of(seed)
    one_by_one = bounds(filter_, nobody, EVERYTHING)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runs, "LONG", 2)
        patch.setattr(runs, "FIRST", 0)
        folded = bounds(filter_, nobody, EVERYTHING)
    assert (folded.surely, folded.maybe) == (one_by_one.surely, one_by_one.maybe)


def port_rule(port: int, verdict: Verdict) -> Rule:
    return Rule(Exactly(box_set({Field.DESTINATION_PORT: [(port, port)]})), verdict, HERE)


def long_list(*last: Rule, default: Verdict = Verdict.DENY) -> Filter:
    """Ports 0 to 199 permitted one by one, and what comes behind."""
    return Filter("f", (*(port_rule(port, Verdict.PERMIT) for port in range(200)), *last), default, HERE)


def test_a_long_run_that_decides_everything_leaves_nothing_to_the_default() -> None:
    found = bounds(long_list(Rule(ANY, Verdict.DENY, HERE), default=Verdict.PERMIT), nobody, EVERYTHING)
    assert found.surely is found.maybe is box_set({Field.DESTINATION_PORT: [(0, 199)]})


def test_a_run_is_folded_once_however_often_it_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    folded: list[int] = []
    tree = runs._tree

    def counted(parts: list[runs.Run]) -> runs.Run:
        folded.append(len(parts))
        return tree(parts)

    monkeypatch.setattr(runs, "_folded", {})
    monkeypatch.setattr(runs, "_tree", counted)
    for _ in range(3):
        bounds(long_list(), nobody, EVERYTHING)
    assert folded == [200 - runs.FIRST]


def test_only_the_last_runs_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_folded", {})
    for port in range(200):
        runs.fold([(rule := port_rule(port, Verdict.PERMIT), rule.condition.settle(nobody))])
    assert 0 < len(runs._folded) <= runs._MOST_KEPT


def test_a_run_of_nothing_does_nothing() -> None:
    assert runs.fold([]) == runs.Run()


def test_rules_in_doubt_about_other_packets_say_nothing() -> None:
    within = (box_set({Field.DESTINATION_PORT: [(port, port)]}) for port in range(200))
    rules = tuple(Rule(Undecided(Unknown("nobody knows", HERE), packets), Verdict.PERMIT, HERE) for packets in within)
    found = bounds(Filter("f", rules, Verdict.DENY, HERE), nobody, box_set({Field.DESTINATION_PORT: [(199, 500)]}))
    assert (found.surely, found.maybe) == (NOTHING, box_set({Field.DESTINATION_PORT: [(199, 199)]}))
