"""Sources that are judged at once: what is said of one of them is true of each."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.analysis import reach
from auditor.analysis.crowds import Crowds, Ways, of_one_mind
from auditor.model.filters import ANY, Condition, Exactly, Fact, Filter, Not, Predicate, Rule, Side, Undecided, Verdict, both, either
from auditor.model.filters import Test as Asked
from auditor.model.findings import Outcome
from auditor.model.graph import Endpoint, Graph, Hook, Place, Way, Zone, ZoneKind
from auditor.model.headers import address_interval, ports, sources
from auditor.model.record import replace
from auditor.model.source import Span, Unknown

HERE = Span("f", 1, 1, 1, 2)
ETCD = ports(6, ((2379, 2380),))
DOUBT = Unknown("nobody knows")


def rule(condition: Condition, action: Verdict = Verdict.PERMIT, line: int = 1, stateless: bool = False) -> Rule:
    return Rule(condition, action, Span("f", line, 1, line, 2), stateless=stateless)


def from_(*texts: str) -> Exactly:
    return Exactly(sources(map(address_interval, texts)))


def guarded(*rules: Rule, default: Verdict = Verdict.DENY, stateful: bool = True, then: Filter | None = None) -> Graph:
    hook = Hook("in", Place.INBOUND, Filter("in", rules, default, HERE, then=then), HERE, "in", "h:b", stateful=stateful)
    return Graph(zones=(Zone("h:b", ZoneKind.HOST, "b", HERE),), hooks=(hook,))


def node(text: str, *zones: str, exact: bool = True) -> Endpoint:
    return Endpoint(text, "node", zones=frozenset(zones), addresses=(address_interval(text),), exact=exact)


B = Endpoint("b", "node", zones=frozenset({"h:b"}), addresses=(address_interval("10.0.2.2"),), exact=True)


def parts(graph: Graph, *texts: str) -> list[int]:
    """How many sources answer together, in order."""
    ways = tuple(graph.ways(node(text), B)[0] for text in texts)
    return [len(part) for part in of_one_mind(ways, ETCD)]


def kinds(graph: Graph, *ends: Endpoint) -> list[object]:
    seen = Crowds(graph)
    return [found and found[0] for found in (seen.kind(end, B) for end in ends)]


def test_sources_that_all_get_through_are_asked_once() -> None:
    assert parts(guarded(rule(from_("10.0.1.0/24"))), "10.0.1.1", "10.0.1.2", "10.0.1.3") == [3]


def test_sources_that_nothing_lets_through_are_asked_once() -> None:
    assert parts(guarded(rule(from_("10.0.9.0/24"))), "10.0.1.1", "10.0.1.2", "10.0.1.3") == [3]


def test_sources_that_one_rule_denies_are_asked_once_and_those_that_two_do_twice() -> None:
    one = rule(from_("10.0.1.0/24"), Verdict.REJECT)
    two = rule(from_("10.0.1.1"), Verdict.DENY), rule(ANY, Verdict.DENY)
    log = rule(ANY, Verdict.CONTINUE)
    assert parts(guarded(log, one, default=Verdict.PERMIT), "10.0.1.1", "10.0.1.2") == [2]
    assert parts(guarded(log, *two), "10.0.1.1", "10.0.1.2") == [1, 1]


def test_a_source_that_is_left_out_is_found_among_many() -> None:
    graph = guarded(rule(from_("10.0.1.0-10.0.1.4", "10.0.1.6/31")))
    assert parts(graph, *(f"10.0.1.{number}" for number in range(8))) == [4, 1, 1, 2]


def test_what_only_may_get_through_is_asked_of_each() -> None:
    assert parts(guarded(rule(Undecided(DOUBT))), "10.0.1.1", "10.0.1.2") == [1, 1]


def test_what_a_second_filter_denies_is_denied_to_all() -> None:
    graph = guarded(rule(ANY), then=Filter("then", (), Verdict.DENY, HERE))
    assert parts(graph, "10.0.1.1", "10.0.1.2") == [1, 1], "the rule that decides stands in the second"


def test_sources_of_which_a_filter_asks_different_things_are_no_crowd() -> None:
    member = Asked(Predicate(Fact.MEMBER, Side.SOURCE, frozenset({"g:x"})), DOUBT)
    for condition in (member, both(member, Undecided(DOUBT)), either(from_("10.0.9.9"), member), Not(member)):
        one, other, third = kinds(guarded(rule(condition)), node("10.0.1.1", "g:x"), node("10.0.1.2"), node("10.0.1.3"))
        assert one != other == third is not None


def test_a_predicate_in_a_second_filter_counts_too() -> None:
    member = Asked(Predicate(Fact.MEMBER, Side.SOURCE, frozenset({"g:x"})), DOUBT)
    one, other = kinds(guarded(rule(ANY), then=Filter("t", (rule(member),), Verdict.DENY, HERE)), node("10.0.1.1", "g:x"), node("10.0.1.2"))
    assert one != other


def test_sources_of_other_families_or_other_certainty_are_no_crowd() -> None:
    ends = node("10.0.1.1"), node("fd00::1"), node("10.0.1.2", exact=False), replace(node("10.0.1.3"), role="admin")
    assert len(set(kinds(guarded(rule(ANY)), *ends))) == 4


def test_where_answers_need_rules_or_nothing_is_known_to_be_crossed_there_is_no_crowd() -> None:
    assert kinds(guarded(rule(ANY), stateful=False), node("10.0.1.1")) == [None]
    assert kinds(guarded(rule(ANY, stateless=True)), node("10.0.1.1")) == [None]
    assert kinds(Graph(), node("10.0.1.1")) == [None]
    named = replace(node("10.0.1.1"), names=frozenset({"a.example.org"}))
    assert kinds(guarded(rule(ANY)), named, replace(node("10.0.1.1"), elsewhere=True)) == [None, None]


def test_where_the_sources_own_filter_is_stateless_there_is_no_crowd() -> None:
    own = Hook("own", Place.INBOUND, Filter("own", (), Verdict.PERMIT, HERE), HERE, "own", "h:a", stateful=False)
    graph = guarded(rule(ANY)) + Graph(zones=(Zone("h:a", ZoneKind.HOST, "a", HERE),), hooks=(own,))
    assert kinds(graph, node("10.0.1.1", "h:a")) == [None]


TEXTS = st.sampled_from(["10.0.1.0/30", "10.0.1.1", "10.0.1.4/31", "10.0.1.0/29", "10.0.0.0/8", "10.0.9.0/24"])
RULES = st.lists(
    st.tuples(TEXTS, st.sampled_from([Verdict.PERMIT, Verdict.DENY, Verdict.REJECT, Verdict.CONTINUE]), st.booleans()), max_size=4
)


@given(RULES, st.sampled_from([Verdict.PERMIT, Verdict.DENY]), st.booleans())
@settings(max_examples=150, deadline=None)
def test_every_member_of_a_part_has_the_outcome_and_the_place_of_its_first(
    written: list[tuple[str, Verdict, bool]], default: Verdict, exact: bool
) -> None:
    rules = [
        rule(both(from_(text), Undecided(DOUBT)) if doubtful else from_(text), verdict, line)
        for line, (text, verdict, doubtful) in enumerate(written, 2)
    ]
    graph = guarded(*rules, default=default)
    ways = tuple(graph.ways(node(f"10.0.1.{number}", exact=exact), B)[0] for number in range(8))
    split = list(of_one_mind(ways, ETCD))
    assert [way for part in split for way in part] == list(ways)
    for part in split:
        assert len({_told(graph, way) for way in part}) == 1


def _told(graph: Graph, way: Way) -> tuple[Outcome, int | None]:
    judged = reach.allowed(graph, way, ETCD)
    assert judged is not None
    if judged.outcome is Outcome.HOLDS:
        return judged.outcome, None
    steps = reach.replay(way, reach.witness(judged.packets, way), Verdict.DENY)
    decided = steps[-1].decision.rule
    return judged.outcome, decided.span.line if decided else None


def test_one_source_alone_is_of_one_mind() -> None:
    alone: Ways = (guarded(rule(ANY)).ways(node("10.0.1.1"), B)[0],)
    assert list(of_one_mind(alone, ETCD)) == [alone]
