"""Services that IPv6 and IPv4 may share otherwise."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.analysis.bounds import maybe, surely
from auditor.analysis.families import open_to_six_alone
from auditor.model.filters import ANY, Call, Chain, Condition, Exactly, Filter, Rule, Undecided, Verdict, both, either
from auditor.model.headers import IPV4, IPV6, PUBLIC, intersect_intervals, ports, sources
from auditor.model.packets import EVERYTHING, NOTHING, PacketSet, box_set
from auditor.model.source import Unknown
from tests.analysis.test_sites import HERE, SSH, deny, from_, permit

FOUR, SIX = (sources(intersect_intervals(PUBLIC, [family])) for family in (IPV4, IPV6))
PORTS = (22, 80)

addresses = st.sampled_from(
    [
        EVERYTHING,
        FOUR,
        SIX,
        from_("10.0.0.0/8"),
        from_("2001:db8::/32"),
        from_("0.0.0.0/1", "::/0"),
        from_("0.0.0.0/0", "2001:db8::/32"),
        ~SIX,
    ]
)
services = st.sampled_from([EVERYTHING, ports(6), *(ports(6, ((port, port),)) for port in PORTS)])
exact = st.builds(lambda where, what: Exactly(where & what), addresses, services)
conditions: st.SearchStrategy[Condition] = st.one_of(
    exact,
    st.tuples(exact, exact).map(lambda pair: either(*pair)),
    exact.map(lambda each: ~each),
    exact.map(lambda each: both(each, Undecided(Unknown("nobody knows")))),
)
verdicts = st.sampled_from([Verdict.PERMIT, Verdict.DENY, Verdict.RETURN, Verdict.CONTINUE])
plain = st.lists(st.builds(Rule, conditions, verdicts, st.just(HERE)), max_size=4)
calls = plain.map(lambda rules: Call(Chain("c", tuple(rules), HERE)))
filters = st.builds(
    lambda rules, default: Filter("f", tuple(rules), default, HERE),
    st.lists(st.builds(Rule, conditions, verdicts | calls, st.just(HERE)), max_size=5),
    st.sampled_from([Verdict.PERMIT, Verdict.DENY]),
)


def nobody(_: object) -> None:
    return None


@settings(max_examples=400)
@given(filters)
def test_what_everybody_reaches_over_ipv6_and_nobody_over_ipv4_is_among_it(filter_: Filter) -> None:
    for port in PORTS:
        service = ports(6, ((port, port),))
        open_to_six = surely(filter_, nobody, service & SIX) is service & SIX
        if open_to_six and not maybe(filter_, nobody, service & FOUR):
            assert open_to_six_alone(iter([filter_])) & service & SIX is service & SIX


def of(*rules: Rule) -> PacketSet:
    return open_to_six_alone(iter([Filter("f", rules, Verdict.DENY, HERE)]))


def test_rules_that_ask_for_no_addresses_or_permit_ipv4_or_deny_ipv6_alone_tell_nothing_apart() -> None:
    log = Rule(Exactly(from_("::/0")), Verdict.CONTINUE, HERE)
    assert of(permit(SSH), deny(EVERYTHING), permit(SSH & FOUR), deny(SSH & SIX), permit(NOTHING), log) is NOTHING


def test_a_rule_that_permits_ipv6_denies_ipv4_or_leads_elsewhere_does() -> None:
    elsewhere = Rule(Exactly(box_set({}) & FOUR), Call(Chain("c", (), HERE)), HERE)
    assert of(permit(SSH & SIX)) is of(deny(SSH & FOUR)) is SSH
    assert of(elsewhere) is EVERYTHING
    assert of(permit(Undecided(Unknown("a network"), SSH & SIX))) is SSH
    assert of(Rule(ANY, Call(Chain("c", (permit(SSH & SIX),), HERE)), HERE)) is SSH
