"""Conditions combine as logic does, and filters decide by their first match."""

from __future__ import annotations

import time

import pytest

from auditor.model.filters import (
    ANY,
    Assign,
    Both,
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
    all_rules,
    both,
    can_deny,
    either,
    leaves,
    predicates,
)
from auditor.model.filters import Test as Asked
from auditor.model.headers import Protocol, ports, protocol_set
from auditor.model.packets import EVERYTHING, NOTHING, Field, field_set
from auditor.model.source import Span, Unknown

HERE = Span("f", 1, 1, 1, 2)
TCP, UDP, SSH = Exactly(protocol_set(Protocol.TCP)), Exactly(protocol_set(Protocol.UDP)), Exactly(ports(Protocol.TCP, [(22, 22)]))
LIMITED = Undecided(Unknown("a rate limit"))
TO_SSH = {Field.PROTOCOL: 6, Field.DESTINATION_PORT: 22}
TO_WEB = {Field.PROTOCOL: 6, Field.DESTINATION_PORT: 80}


def no_facts(predicate: Predicate) -> None:
    return None


def filter_of(*rules: Rule, default: Verdict = Verdict.DENY, then: Filter | None = None) -> Filter:
    return Filter("f", rules, default, HERE, then=then)


def test_a_condition_of_no_kind_cannot_be_settled() -> None:
    with pytest.raises(NotImplementedError):
        Condition().settle(no_facts)


def test_conditions_combine_by_the_verbs_of_sets() -> None:
    assert TCP & SSH == SSH
    assert TCP | SSH == TCP
    assert (~TCP & UDP).settle(no_facts).surely is UDP.packets
    assert (TCP & UDP).settle(no_facts).maybe is NOTHING


def test_what_is_undecided_stays_a_part_of_a_conjunction() -> None:
    limited = TCP & LIMITED
    assert limited == Both((TCP, LIMITED))
    assert (~limited).settle(no_facts).surely is ~TCP.packets


def test_many_alternatives_are_settled_in_one_go() -> None:
    started = time.process_time()
    many = either(TCP, *(Undecided(Unknown(str(number))) for number in range(50_000)))
    found = many.settle(no_facts)
    assert (found.surely, found.maybe, len(found.unknowns)) == (TCP.packets, EVERYTHING, 50_000)
    assert time.process_time() - started < 2


def test_rules_put_first_decide_first() -> None:
    closed = filter_of(Rule(ANY, Verdict.DENY, HERE))
    opened = closed.with_rules(Rule(SSH, Verdict.PERMIT, HERE), Rule(TCP, Verdict.REJECT, HERE))
    assert [rule.action for rule in opened.rules] == [Verdict.PERMIT, Verdict.REJECT, Verdict.DENY]
    first = opened.first_match(TO_SSH, no_facts)
    assert first is not None
    assert first.verdict is Verdict.PERMIT


def test_no_permit_is_found_where_the_next_filter_denies_what_this_one_may_permit() -> None:
    gate = filter_of(Rule(LIMITED, Verdict.PERMIT, HERE), then=filter_of())
    assert gate.first_match(TO_SSH, no_facts, Verdict.PERMIT) is None
    denied = gate.first_match(TO_SSH, no_facts, Verdict.DENY)
    assert denied is not None
    assert denied.verdict is Verdict.DENY


def test_a_chain_that_is_called_twice_decides_a_packet_by_the_form_it_then_has() -> None:
    marked = Exactly(field_set(Field.MARK, [(7, 7)]))
    chain = Chain("marked", (Rule(marked, Verdict.PERMIT, HERE),), HERE)
    call, mark = Rule(ANY, Call(chain), HERE), Rule(SSH, Assign(Field.MARK, 7), HERE)
    filter_ = filter_of(call, call, mark, call)
    found = [filter_.first_match(packet, no_facts) for packet in (TO_SSH, TO_WEB)]
    assert [each and each.verdict for each in found] == [Verdict.PERMIT, Verdict.DENY]


def test_a_filter_can_deny_by_its_default_its_rules_those_it_calls_and_what_stands_behind_it() -> None:
    permits, denies = Rule(TCP, Verdict.PERMIT, HERE), Rule(TCP, Verdict.REJECT, HERE)
    calling = Rule(TCP, Call(Chain("c", (denies,), HERE)), HERE)
    opened = filter_of(permits, default=Verdict.PERMIT)
    assert not can_deny(opened)
    assert can_deny(filter_of())
    assert can_deny(filter_of(denies, default=Verdict.PERMIT))
    assert can_deny(filter_of(calling, calling, default=Verdict.PERMIT))
    assert can_deny(filter_of(default=Verdict.PERMIT, then=filter_of()))
    assert not can_deny(filter_of(default=Verdict.PERMIT, then=opened))


def test_the_rules_of_a_chain_come_once_behind_the_first_rule_that_calls_it() -> None:
    inner = Rule(ANY, Verdict.PERMIT, HERE, text="inner")
    outer = Chain(
        "outer", (Rule(ANY, Call(Chain("inner", (inner,), HERE)), HERE, text="to inner"), Rule(ANY, Verdict.DENY, HERE, text="deny")), HERE
    )
    rules = (Rule(ANY, Call(outer), HERE, text="first"), Rule(ANY, Call(outer), HERE, text="second"))
    assert [rule.text for rule in all_rules(rules)] == ["first", "to inner", "inner", "deny", "second"]


def test_what_rules_ask_about_the_ends_is_found_in_whatever_joins_it() -> None:
    asked = [Predicate(Fact.NAMED, Side.SOURCE, frozenset({name})) for name in "abc"]
    a, b, c = (Asked(each, Unknown("who")) for each in asked)
    assert list(leaves(either(both(a, ~b), c))) == [a, b, c]
    assert list(predicates([Rule(ANY, Verdict.PERMIT, HERE), Rule(either(both(a, ~b), c), Verdict.PERMIT, HERE)])) == asked
