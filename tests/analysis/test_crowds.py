"""Sources that are judged at once: what is said of one of them is true of each."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.analysis import reach
from auditor.analysis.crowds import Crowds, Ways
from auditor.analysis.replay import replay, witness
from auditor.model.filters import ANY, Condition, Exactly, Fact, Filter, Not, Predicate, Rule, Side, Undecided, Verdict, both, either
from auditor.model.filters import Test as Asked
from auditor.model.findings import Outcome
from auditor.model.graph import Device, Endpoint, Graph, Hook, Place, Way, Zone, ZoneKind
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
    return [len(part) for part in Crowds(graph).of_one_mind(ways, ETCD)]


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


def test_what_may_get_through_for_one_reason_is_asked_once_and_for_two_reasons_twice() -> None:
    limited = rule(Undecided(DOUBT))
    assert parts(guarded(limited), "10.0.1.1", "10.0.1.2") == [2]
    assert parts(guarded(limited, default=Verdict.PERMIT), "10.0.1.1", "10.0.1.2") == [2]
    assert parts(guarded(rule(Undecided(DOUBT), Verdict.DENY), rule(from_("10.0.1.0/24"))), "10.0.1.1", "10.0.1.2") == [2]
    assert parts(guarded(rule(both(from_("10.0.1.1"), Undecided(DOUBT)))), "10.0.1.1", "10.0.1.2") == [1, 1]
    assert parts(guarded(limited, then=Filter("then", (), Verdict.DENY, HERE)), "10.0.1.1", "10.0.1.2") == [1, 1]


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


def test_where_nothing_is_known_to_be_crossed_there_is_no_crowd() -> None:
    assert kinds(Graph(), node("10.0.1.1")) == [None]
    named = replace(node("10.0.1.1"), names=frozenset({"a.example.org"}))
    assert kinds(guarded(rule(ANY)), named, replace(node("10.0.1.1"), elsewhere=True)) == [None, None]


def stateless(*sources_: Filter) -> Graph:
    """The guarded host without state, and hosts h:0, h:1 … with stateless filters of their own."""
    graph = guarded(rule(ANY), default=Verdict.PERMIT, stateful=False)
    for number, filter_ in enumerate(sources_):
        zone = Zone(f"h:{number}", ZoneKind.HOST, "a", HERE)
        graph += Graph(zones=(zone,), hooks=(Hook(zone.id, Place.INBOUND, filter_, HERE, "own", zone.id, stateful=False),))
    return graph


def test_where_answers_need_rules_those_of_the_sources_have_to_say_the_same() -> None:
    filters = [
        Filter(name, (rule(from_(text), Verdict.DENY),), Verdict.PERMIT, HERE)
        for name, text in (("a", "10.9.0.0/16"), ("b", "10.9.0.0/16"), ("c", "10.0.0.0/8"))
    ]
    members = [node(f"10.0.1.{number}", f"h:{number}") for number in range(3)]
    one, same, other, again = kinds(stateless(*filters), *members, members[0])
    assert one == same == again is not None
    assert other not in (one, None)


def test_that_sources_say_the_same_for_other_reasons_is_the_same() -> None:
    def own(reason: str, group: str) -> Filter:
        why, span = Unknown(reason), Span(reason, 1, 1, 1, 2)
        member = Asked(Predicate(Fact.MEMBER, Side.SOURCE, frozenset({group}), span), why)
        conditions = both(from_("10.9.0.0/16"), Undecided(why)), Not(either(from_("10.0.0.0/8"), member))
        return Filter(reason, tuple(rule(each, Verdict.DENY) for each in conditions), Verdict.PERMIT, span)

    graph = stateless(own("a", "g:x"), own("b", "g:x"), own("c", "g:y"))
    one, same, other = kinds(graph, *(node(f"10.0.1.{number}", f"h:{number}") for number in range(3)))
    assert one == same is not None
    assert other not in (one, None)


def test_where_answers_get_back_to_all_they_are_asked_once_and_else_each() -> None:
    for text, expected in (("10.9.0.0/16", [2]), ("10.0.2.2", [1, 1])):
        own = Filter("own", (rule(from_(text), Verdict.DENY),), Verdict.PERMIT, HERE)
        graph = stateless(own, own)
        ways = tuple(graph.ways(node(f"10.0.1.{number}", f"h:{number}"), B)[0] for number in range(2))
        assert [len(part) for part in Crowds(graph).of_one_mind(ways, ETCD)] == expected


def test_a_router_without_state_knows_no_crowds() -> None:
    zones = tuple(
        Zone(f"r:{name}", ZoneKind.INTERFACE, name, HERE, networks=(address_interval(text),), device="r")
        for name, text in (("x", "10.0.1.0/24"), ("y", "10.0.2.0/24"))
    )
    acl = Hook("acl", Place.ENTRY, Filter("acl", (rule(ANY),), Verdict.DENY, HERE), HERE, "acl", "r:x", "r", stateful=False)
    assert kinds(Graph(zones=zones, hooks=(acl,), devices=(Device("r", "r", HERE),)), node("10.0.1.1")) == [None]


TEXTS = st.sampled_from(["10.0.1.0/30", "10.0.1.1", "10.0.1.4/31", "10.0.1.0/29", "10.0.0.0/8", "10.0.9.0/24"])
RULES = st.lists(
    st.tuples(TEXTS, st.sampled_from([Verdict.PERMIT, Verdict.DENY, Verdict.REJECT, Verdict.CONTINUE]), st.booleans()), max_size=4
)


def _rules(written: list[tuple[str, Verdict, bool]], first: int) -> tuple[Rule, ...]:
    return tuple(
        rule(both(from_(text), Undecided(DOUBT)) if doubtful else from_(text), verdict, line)
        for line, (text, verdict, doubtful) in enumerate(written, first)
    )


@given(RULES, st.sampled_from([Verdict.PERMIT, Verdict.DENY]), st.booleans(), st.none() | st.lists(RULES, min_size=2, max_size=2))
@settings(max_examples=200, deadline=None)
def test_every_member_of_a_part_has_the_outcome_and_the_place_of_its_first(
    written: list[tuple[str, Verdict, bool]], default: Verdict, exact: bool, owns: list[list[tuple[str, Verdict, bool]]] | None
) -> None:
    graph = guarded(*_rules(written, 2), default=default, stateful=owns is None)
    filters = owns or []
    for number in range(8 if filters else 0):
        own = Filter("own", _rules(filters[number % 2], 10 + number), Verdict.PERMIT, HERE)
        zone = Zone(f"h:{number}", ZoneKind.HOST, "a", HERE)
        graph += Graph(zones=(zone,), hooks=(Hook(zone.id, Place.INBOUND, own, HERE, "own", zone.id, stateful=False),))
    crowds: dict[object, list[Way]] = {}
    seen = Crowds(graph)
    for number in range(8):
        found = seen.kind(node(f"10.0.1.{number}", f"h:{number}", exact=exact), B)
        assert found is not None
        crowds.setdefault(found[0], []).append(found[1])
    assert len(crowds) <= 2
    for crowd in crowds.values():
        split = list(seen.of_one_mind(tuple(crowd), ETCD))
        assert [way for part in split for way in part] == crowd
        for part in split:
            assert len({_told(graph, way) for way in part}) == 1


def _told(graph: Graph, way: Way) -> tuple[Outcome, int | None]:
    judged = reach.allowed(graph, way, ETCD)
    assert judged is not None
    if judged.outcome is Outcome.HOLDS:
        return judged.outcome, None
    steps = replay(judged.way, witness(judged.packets, judged.way), Verdict.DENY)
    decided = steps[-1].decision.rule
    return judged.outcome, decided.span.line if decided else None


def test_one_source_alone_is_of_one_mind() -> None:
    graph = guarded(rule(ANY))
    alone: Ways = (graph.ways(node("10.0.1.1"), B)[0],)
    assert list(Crowds(graph).of_one_mind(alone, ETCD)) == [alone]
