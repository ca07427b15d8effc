"""A filter at its most open time, on filters of a rule or two."""

from __future__ import annotations

import pytest

from auditor.analysis.bounds import bounds
from auditor.analysis.times import at_worst
from auditor.model.filters import ANY, Call, Chain, Condition, Exactly, Filter, Rule, Undecided, Verdict
from auditor.model.headers import ports
from auditor.model.packets import EVERYTHING, NOTHING, PacketSet
from auditor.model.source import Span, Unknown

HERE = Span("f", 1, 1, 1, 2)
SSH = ports(6, [(22, 22)])
RATE = Undecided(Unknown("how fast packets come", lapses=True, recurs=True), SSH)
BANNED = Undecided(Unknown("who is banned", lapses=True), SSH)
UNSET = Undecided(Unknown("a variable"), SSH)


def surely(condition: Condition, verdict: Verdict) -> PacketSet:
    """What surely passes at the most open time, of packets to port 22, where the rest of them is denied or, after a denial, permitted."""
    last = Verdict.PERMIT if verdict.denies else Verdict.DENY
    filter_ = Filter("f", (Rule(condition, verdict, HERE),), last, HERE)
    nested = Filter("g", (Rule(ANY, Call(Chain("c", filter_.rules, HERE)), HERE),), last, HERE)
    found = [bounds(at_worst(each), lambda _: None, SSH).surely for each in (filter_, nested)]
    assert found[0] is found[1]
    return found[0]


@pytest.mark.parametrize(
    ("condition", "verdict", "passes"),
    [
        (RATE, Verdict.PERMIT, SSH),
        (RATE, Verdict.DENY, SSH),
        (~RATE, Verdict.REJECT, SSH),
        (BANNED, Verdict.DENY, SSH),
        (~BANNED & Exactly(SSH), Verdict.PERMIT, SSH),
        (BANNED, Verdict.PERMIT, NOTHING),
        (~BANNED, Verdict.DENY, NOTHING),
        (UNSET, Verdict.PERMIT, NOTHING),
        (UNSET, Verdict.DENY, NOTHING),
    ],
)
def test_a_port_that_anybody_reaches_now_and_then_is_open(condition: Condition, verdict: Verdict, passes: PacketSet) -> None:
    assert surely(condition, verdict) is passes


def test_a_filter_that_is_always_the_same_stays_itself() -> None:
    chain = Chain("c", (Rule(UNSET, Verdict.DENY, HERE), Rule(~UNSET | Exactly(SSH), Verdict.PERMIT, HERE)), HERE)
    filter_ = Filter("f", (Rule(Exactly(EVERYTHING), Call(chain), HERE),), Verdict.PERMIT, HERE)
    assert at_worst(filter_) is filter_


def test_rules_that_return_are_as_they_are() -> None:
    filter_ = Filter("f", (Rule(RATE, Verdict.RETURN, HERE),), Verdict.DENY, HERE)
    assert at_worst(filter_) is filter_


def test_what_a_filter_hands_on_to_is_taken_at_its_most_open_time_as_well() -> None:
    last = Filter("last", (Rule(BANNED, Verdict.DENY, HERE),), Verdict.PERMIT, HERE)
    assert bounds(at_worst(Filter("f", (), Verdict.PERMIT, HERE, then=last)), lambda _: None, SSH).surely is SSH


def test_a_chain_called_twice_stays_one_chain() -> None:
    chain = Chain("c", (Rule(RATE, Verdict.PERMIT, HERE),), HERE)
    twice = at_worst(Filter("f", (Rule(Exactly(SSH), Call(chain), HERE), Rule(ANY, Call(chain), HERE)), Verdict.DENY, HERE))
    first, second = (rule.action.chain for rule in twice.rules if isinstance(rule.action, Call))
    assert first is second
    assert first is not chain
