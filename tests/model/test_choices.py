"""One of several filters, nobody knows which."""

from __future__ import annotations

from auditor.analysis.bounds import bounds
from auditor.model.choices import one_of
from auditor.model.filters import ANY, Exactly, Filter, Rule, Verdict
from auditor.model.headers import ports
from auditor.model.packets import EVERYTHING, NOTHING, PacketSet
from auditor.model.source import Span, Unknown

HERE = Span("f", 1, 1, 1, 2)
WHICH = Unknown("which")
SSH, DNS = ports(6, ((22, 22),)), ports(17, ((53, 53),))


def permits(packets: PacketSet, default: Verdict = Verdict.DENY, then: Filter | None = None) -> Filter:
    return Filter("permit", (Rule(Exactly(packets), Verdict.PERMIT, HERE),), default, HERE, then=then)


def passing(*filters: Filter | None) -> tuple[PacketSet, PacketSet]:
    found = bounds(one_of(filters, WHICH), lambda _: None, SSH | DNS)
    return found.surely, found.maybe


def test_what_all_let_through_passes_and_what_one_lets_through_may() -> None:
    assert passing(permits(SSH), permits(EVERYTHING)) == (SSH, SSH | DNS)
    assert passing(permits(SSH), permits(SSH), permits(DNS)) == (NOTHING, SSH | DNS)


def test_what_none_lets_through_does_not_pass() -> None:
    assert passing(permits(SSH), permits(NOTHING)) == (NOTHING, SSH)


def test_where_there_may_be_none_everything_may_pass() -> None:
    assert passing(permits(SSH), None) == (SSH, SSH | DNS)


def test_that_no_filter_may_be_met_is_told() -> None:
    decision = one_of([permits(NOTHING), None], WHICH).first_match({}, lambda _: None, Verdict.PERMIT)
    assert decision is not None
    assert decision.rule is not None
    assert decision.rule.text == "where it does not pass permit"


def test_one_filter_alone_is_itself() -> None:
    one = permits(SSH)
    assert one_of([one, one], WHICH) is one


def test_what_returns_from_a_filter_meets_its_own_default() -> None:
    returns = Filter("returns", (Rule(ANY, Verdict.RETURN, HERE),), Verdict.DENY, HERE)
    assert passing(returns, permits(SSH)) == (NOTHING, SSH)


def test_the_list_behind_a_filter_judges_what_it_permits() -> None:
    late = permits(SSH)
    assert passing(permits(SSH | DNS, then=late), permits(SSH, then=permits(SSH))) == (SSH, SSH)
    assert passing(permits(SSH | DNS, then=late), permits(DNS)) == (NOTHING, SSH | DNS)


def test_many_are_named_by_the_first_of_them() -> None:
    named = [Filter(name, (), Verdict.DENY, HERE) for name in "abcab"]
    assert one_of(named, WHICH).name == "a or b or c"
    assert one_of([*named, Filter("d", (), Verdict.DENY, HERE)], WHICH).name == "a or b or c …"
