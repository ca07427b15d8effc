"""Ways with several filters, or with several ways back: which filter is named, and how far a packet is followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.analysis import reach
from auditor.analysis.replay import replay, witness
from auditor.model import routes
from auditor.model.filters import ANY, Assign, Condition, Exactly, Filter, Rule, Undecided, Verdict, both
from auditor.model.findings import Outcome
from auditor.model.graph import Device, Endpoint, Graph, Hook, Place, Way, Zone, ZoneKind
from auditor.model.headers import EPHEMERAL_PORT, REPLY, address_interval, destinations, icmp, ports, sources
from auditor.model.packets import Field, PacketSet, field_set
from auditor.model.record import replace
from auditor.model.source import Span, Unknown

if TYPE_CHECKING:
    import pytest

HERE = Span("f", 1, 1, 1, 2)
ETCD = ports(6, ((2379, 2380),))
DOUBT = both(ANY, Undecided(Unknown("a schedule")))


def permit(condition: Condition) -> Rule:
    return Rule(condition, Verdict.PERMIT, HERE, "permit")


def end(name: str, text: str) -> Endpoint:
    return Endpoint(name, zones=frozenset({f"h:{name}"}), addresses=(address_interval(text),), exact=True)


A, B = end("a", "10.0.1.5"), end("b", "10.0.2.5")


def hosts(sent: tuple[Rule, ...], received: tuple[Rule, ...]) -> Graph:
    """Two hosts, a filter on what `a` sends and one on what `b` receives."""
    out = Hook("out", Place.OUTBOUND, Filter("out", sent, Verdict.DENY, HERE), HERE, "out", "h:a")
    in_ = Hook("in", Place.INBOUND, Filter("in", received, Verdict.DENY, HERE), HERE, "in", "h:b")
    return Graph(zones=tuple(Zone(f"h:{name}", ZoneKind.HOST, name, HERE) for name in "ab"), hooks=(out, in_))


def judged(graph: Graph, service: PacketSet = ETCD) -> tuple[Outcome, str | None]:
    """The outcome of an allow from a to b, and the filter named for it."""
    (way,) = graph.ways(A, B)
    found = reach.allowed(graph, way, service)
    assert found is not None
    return found.outcome, found.crossing.label if found.crossing else None


def test_the_filter_that_blocks_is_named_not_the_one_before_it() -> None:
    assert judged(hosts((permit(ANY),), ())) == (Outcome.BROKEN, "in")
    assert judged(hosts((), ())) == (Outcome.BROKEN, "out")


def test_the_filter_in_doubt_is_named_not_the_one_before_it() -> None:
    assert judged(hosts((permit(ANY),), (permit(DOUBT),))) == (Outcome.OPEN, "in")
    assert judged(hosts((permit(DOUBT),), (permit(DOUBT),))) == (Outcome.OPEN, "out")


def test_a_doubt_that_is_none_where_fewer_marks_are_told_apart_is_at_no_filter() -> None:
    marks = [Rule(Exactly(ports(6, ((port, port),))), Assign(Field.MARK, port), HERE) for port in range(1, 101)]
    marked = [permit(Exactly(field_set(Field.MARK, [(mark, mark)]))) for mark in range(1, 51)]
    sorted_ = Rule(ANY, Assign(Field.CT_MARK, 1), HERE)
    received = (*marks, sorted_, permit(Exactly(ports(6, ((51, 100),)))), *marked)
    assert judged(hosts((permit(ANY),), received), ports(6, ((1, 100),))) == (Outcome.OPEN, None)


def test_what_has_no_ports_is_blocked_whatever_ports_clients_send_from() -> None:
    some = permit(Exactly(ports(6, ((2379, 2380),), ((1024, 65535),))))
    assert judged(hosts((permit(ANY),), (some,)), ETCD) == (Outcome.OPEN, "in")
    assert judged(hosts((permit(ANY),), (some,)), ETCD | icmp(1, 8)) == (Outcome.BROKEN, "in")


def test_the_first_of_several_blocked_ways_back_is_shown() -> None:
    zones = tuple(Zone(id_, ZoneKind.INTERFACE, id_, HERE, device="d") for id_ in ("d:lan", "d:dmz", "d:wan"))
    hooks = tuple(
        Hook(id_, Place.ENTRY, Filter(id_, rules, Verdict.DENY, HERE), HERE, id_, id_, "d", stateful=False)
        for id_, rules in (("d:lan", (permit(ANY),)), ("d:dmz", (permit(ANY),)), ("d:wan", ()))
    )
    graph = Graph(zones, hooks, (Device("d", "d", HERE),))
    inside = Endpoint("inside", zones=frozenset({"d:lan", "d:dmz"}), addresses=A.addresses, exact=True)
    outside = Endpoint("outside", zones=frozenset({"d:wan"}), addresses=B.addresses, exact=True)
    ways = graph.ways(inside, outside)
    assert [way.crossings[0].label for way in ways] == ["d:lan", "d:dmz"]
    for way in ways:
        found = reach.allowed(graph, way, ETCD)
        assert found is not None
        assert (found.outcome, found.reply) == (Outcome.BROKEN, True)
        assert [(each.entry, each.exit) for each in found.way.crossings] == [("d:wan", "d:lan")]


def test_a_packet_is_followed_through_every_filter_that_lets_it_on() -> None:
    (way,) = hosts((permit(ANY),), (permit(Exactly(ETCD)),)).ways(A, B)
    steps = replay(way, witness(reach.flow(way, ETCD), way), Verdict.PERMIT)
    assert [(step.crossing.label, step.decision.verdict) for step in steps] == [("out", Verdict.PERMIT), ("in", Verdict.PERMIT)]


def test_a_packet_is_followed_no_further_than_where_it_is_stopped() -> None:
    (way,) = hosts((), (permit(ANY),)).ways(A, B)
    steps = replay(way, witness(reach.flow(way, ETCD), way), Verdict.DENY)
    assert [step.crossing.label for step in steps] == ["out"]


def test_a_packet_between_two_families_is_shown_as_it_is() -> None:
    mixed = sources([address_interval("10.0.0.1")]) & destinations([address_interval("fd00::1")])
    packet = witness(mixed, Way(A, B, ()))
    assert (packet[Field.SOURCE], packet[Field.DESTINATION]) == (address_interval("10.0.0.1")[0], address_interval("fd00::1")[0])


def test_an_answer_is_shown_to_the_port_a_flow_came_from() -> None:
    packet = witness(ports(6, source=((2379, 2379),)) & REPLY, Way(B, A, ()))
    assert (packet[Field.SOURCE_PORT], packet[Field.DESTINATION_PORT]) == (2379, EPHEMERAL_PORT)


def test_a_packet_of_a_part_of_a_network_is_from_a_host_of_that_part() -> None:
    wide = Endpoint("wide", addresses=(address_interval("10.0.0.0/8"),), exact=True)
    packet = witness(ETCD & sources([address_interval("10.7.0.0/16")]), Way(wide, B, ()))
    assert (packet[Field.SOURCE], packet[Field.DESTINATION]) == (address_interval("10.7.0.10")[0], B.addresses[0][0])


# -- where nothing says behind which interfaces an end is


def routed(*hooks: Hook) -> Graph:
    """A router of three networks, of which nothing says where the rest of the world is."""
    nets = (("d:lan", "10.0.2.0/24"), ("d:dmz", "10.0.3.0/24"), ("d:wan", "10.0.4.0/24"))
    zones = tuple(Zone(id_, ZoneKind.INTERFACE, id_, HERE, (address_interval(text),), device="d") for id_, text in nets)
    return Graph(zones, hooks, (Device("d", "d", HERE),))


def at(place: Place, *rules: Rule, zone: str = "d:lan", stateful: bool = False, default: Verdict = Verdict.DENY) -> Hook:
    return Hook(zone, place, Filter(zone, rules, default, HERE), HERE, zone, zone, "d", stateful=stateful)


SERVER = Endpoint("server", addresses=B.addresses, exact=True)
STRANGER = Endpoint("stranger", addresses=(address_interval("192.0.2.1"),), exact=True)


def worst(graph: Graph) -> Outcome:
    found = [reach.allowed(graph, way, ETCD) for way in graph.ways(STRANGER, SERVER)]
    return reach.outcome_of(each for each in found if each is not None)


def test_replies_to_what_no_filter_stopped_meet_those_of_their_own_direction() -> None:
    assert worst(routed(at(Place.ENTRY))) is Outcome.OPEN
    assert worst(routed(at(Place.ENTRY, permit(ANY)))) is Outcome.HOLDS


def test_replies_do_not_go_where_the_flow_cannot_have_come_from() -> None:
    graph = routed(at(Place.ENTRY, zone="d:wan"), at(Place.EXIT, zone="d:wan"))
    went = [way for way in graph.ways(STRANGER, SERVER) if not way.crossings]
    assert [reach.allowed(graph, way, ETCD) for way in went] == [reach.Judgement(Outcome.HOLDS, way) for way in went]


def test_replies_meet_every_filter_that_may_be_there_where_ways_are_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "_MOST_WAYS", 1)
    assert worst(routed(at(Place.ENTRY))) is Outcome.OPEN
    assert worst(routed(at(Place.ENTRY, permit(ANY)))) is Outcome.HOLDS
    assert worst(routed(at(Place.ENTRY, stateful=True))) is Outcome.HOLDS


def test_a_rule_without_state_is_seen_where_ways_are_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "_MOST_WAYS", 1)
    closed = at(Place.ENTRY, stateful=True)
    bare = replace(permit(ANY), stateless=True)
    assert worst(routed(closed, at(Place.ENTRY, permit(ANY), zone="d:wan", stateful=True))) is Outcome.HOLDS
    assert worst(routed(closed, at(Place.ENTRY, bare, zone="d:wan", stateful=True))) is Outcome.OPEN
