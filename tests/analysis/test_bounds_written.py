"""Fields that rules write over: packets are told as they were at first, and later filters see them as they are."""

from __future__ import annotations

from auditor.analysis.bounds import bounds
from auditor.model.filters import ANY, Assign, Call, Chain, Exactly, Filter, Rule, Verdict
from auditor.model.headers import ports
from auditor.model.packets import EVERYTHING, Field, PacketSet, field_set
from auditor.model.source import Span

HERE = Span("f", 1, 1, 1, 2)


def is_(field: Field, value: int) -> PacketSet:
    return field_set(field, [(value, value)])


def rule(packets: PacketSet, action: Verdict | Assign) -> Rule:
    return Rule(Exactly(packets), action, HERE)


def chain(*rules: Rule, default: Verdict = Verdict.DENY, then: Filter | None = None) -> Filter:
    return Filter("f", rules, default, HERE, then=then)


def nobody(_: object) -> None:
    return None


def test_a_rewritten_destination_is_judged_as_it_is_then_and_told_as_it_was() -> None:
    inside = chain(rule(is_(Field.DESTINATION, 10) & ports(6, [(8080, 8080)]), Verdict.PERMIT))
    dnat = rule(is_(Field.DESTINATION, 99) & ports(6, [(80, 80)]), Assign(Field.DESTINATION, 10))
    port = rule(is_(Field.DESTINATION, 10) & ports(6, [(80, 80)]), Assign(Field.DESTINATION_PORT, 8080))
    found = bounds(chain(dnat, port, default=Verdict.PERMIT, then=inside), nobody, ports(6))
    expected = is_(Field.DESTINATION, 99) & ports(6, [(80, 80)]) | is_(Field.DESTINATION, 10) & ports(6, [(80, 80), (8080, 8080)])
    assert found.surely is found.maybe is expected


def test_a_field_written_with_an_unknown_value_decides_nothing() -> None:
    marked = chain(Rule(ANY, Assign(Field.MARK, None), HERE), rule(is_(Field.MARK, 7), Verdict.PERMIT))
    found = bounds(marked, nobody, EVERYTHING)
    assert not found.surely
    assert found.maybe is EVERYTHING


def test_a_packet_that_a_later_filter_denies_is_denied() -> None:
    first = chain(rule(ports(6), Verdict.PERMIT), then=chain(rule(ports(6, [(22, 22)]), Verdict.DENY), default=Verdict.PERMIT))
    assert bounds(first, nobody, EVERYTHING).surely is ports(6) - ports(6, [(22, 22)])
    decision = first.first_match({Field.PROTOCOL: 6, Field.DESTINATION_PORT: 22}, nobody)
    assert decision is not None
    assert decision.verdict is Verdict.DENY
    assert len(decision.path) == 2


def test_a_chain_called_twice_with_the_same_packets_lets_the_same_through_twice() -> None:
    quiet = Chain("quiet", (rule(ports(6, [(22, 22)]), Verdict.RETURN), rule(ports(17), Verdict.CONTINUE)), HERE)
    calls = (Rule(ANY, Call(quiet), HERE), Rule(ANY, Call(quiet), HERE), rule(ports(6), Verdict.PERMIT))
    found = bounds(chain(*calls), nobody, EVERYTHING)
    assert found.surely is found.maybe is ports(6)


def test_values_too_many_to_tell_apart_are_not_known_from_then_on() -> None:
    marks = [rule(ports(6, [(port, port)]), Assign(Field.MARK, port)) for port in range(1, 101)]
    few = bounds(chain(*marks[:50], rule(is_(Field.MARK, 7), Verdict.PERMIT)), nobody, ports(6) & is_(Field.MARK, 0))
    assert few.surely is few.maybe is ports(6, [(7, 7)]) & is_(Field.MARK, 0)
    sort = rule(EVERYTHING, Assign(Field.CT_MARK, 1))
    many = bounds(chain(*marks, sort, rule(is_(Field.MARK, 7), Verdict.PERMIT)), nobody, ports(6) & is_(Field.MARK, 0))
    assert not many.surely
    assert ports(6, [(7, 7)]) & is_(Field.MARK, 0) <= many.maybe
