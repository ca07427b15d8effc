"""A chain without the rules that a packet cannot match decides it as the whole chain does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.formats.nftables.near import Near, nobody
from auditor.model.filters import ANY, Assign, Call, Chain, Condition, Exactly, Filter, Rule, Undecided, Verdict, both
from auditor.model.headers import ports, sources
from auditor.model.packets import NOTHING, Field
from auditor.model.source import Span, Unknown

DOUBT = Undecided(Unknown("a rate"))


def condition(port: int, source: int, doubtful: bool) -> Condition:
    exact = Exactly(ports(6, ((port, port + 2),)) & sources(((source, source + 3),)))
    return both(exact, DOUBT) if doubtful else exact


CONDITIONS = st.one_of(st.just(ANY), st.builds(condition, st.integers(0, 6), st.integers(0, 6), st.booleans()))
VERDICTS = st.sampled_from([Verdict.PERMIT, Verdict.DENY, Verdict.REJECT, Verdict.RETURN, Verdict.CONTINUE])
CALLED = Call(Chain("c", (Rule(Exactly(ports(6, ((2, 4),))), Verdict.PERMIT, Span("f", 90, 1, 90, 2)),), Span("f", 89, 1, 89, 2)))
ACTIONS = st.one_of(VERDICTS, st.just(CALLED), st.just(Assign(Field.MARK, 1)))
FILTERS = st.builds(
    lambda lines, default: Filter(
        "f",
        tuple(Rule(match, action, Span("f", number, 1, number, 2)) for number, (match, action) in enumerate(lines, 1)),
        default,
        Span("f", 1, 1, 1, 2),
    ),
    st.lists(st.tuples(CONDITIONS, ACTIONS), max_size=8),
    st.sampled_from([Verdict.PERMIT, Verdict.DENY]),
)


@given(FILTERS, st.integers(0, 9), st.integers(0, 9), st.sampled_from([None, Verdict.PERMIT, Verdict.DENY]))
def test_what_is_left_of_a_chain_decides_alike(filter_: Filter, port: int, source: int, wanted: Verdict | None) -> None:
    packet = {Field.PROTOCOL: 6, Field.DESTINATION_PORT: port, Field.SOURCE: source}
    whole, near = filter_.first_match(packet, nobody, wanted), Near(filter_).about(packet).first_match(packet, nobody, wanted)
    assert (whole and (whole.verdict, whole.rule)) == (near and (near.verdict, near.rule))


def test_what_the_verdicts_before_a_rule_leave_is_not_decided_by_them() -> None:
    rules = tuple(
        Rule(Exactly(ports(6, ((low, high),))), verdict, Span("f", low, 1, low, 2))
        for low, high, verdict in ((1, 9, Verdict.DENY), (10, 19, Verdict.CONTINUE), (20, 29, Verdict.PERMIT), (30, 39, Verdict.DENY))
    )
    near = Near(Filter("f", rules, Verdict.DENY, Span("f", 1, 1, 9, 1)))
    asked = ports(6, ((5, 34),))
    assert near.left_before(rules[3].span, asked, {}) == ports(6, ((10, 34),))
    assert near.left_before(rules[1].span, ports(6, ((2, 3),)), {}) is NOTHING
    assert near.left_before(Span("f", 77, 1, 77, 2), asked, {}) is None
