"""What gets through along a way, what bounds leave open, and whether answers get back."""

from __future__ import annotations

from collections.abc import Iterable

from auditor.analysis import reach
from auditor.analysis.reach import Judgement, outcome_of
from auditor.analysis.replay import replay, witness
from auditor.model.filters import ANY, Condition, Exactly, Filter, Rule, Undecided, Verdict, both
from auditor.model.findings import Outcome
from auditor.model.graph import Endpoint, Graph, Hook, Place, Way, Zone, ZoneKind, internet
from auditor.model.headers import address_interval, icmp, packet_text, ports, sources, state_set
from auditor.model.packets import EVERYTHING, Field, PacketSet, State
from auditor.model.record import replace
from auditor.model.source import Span, Unknown

HERE = Span("f", 1, 1, 1, 2)
ETCD = ports(6, ((2379, 2380),))


def net(text: str) -> tuple[tuple[int, int], ...]:
    return (address_interval(text),)


def permit(condition: Condition, stateless: bool = False) -> Rule:
    return Rule(condition, Verdict.PERMIT, HERE, "permit", stateless=stateless)


def from_(text: str, packets: PacketSet = EVERYTHING) -> Exactly:
    return Exactly(sources(net(text)) & packets)


def guarded(*rules: Rule, stateful: bool = True, replies: Iterable[Rule] = ()) -> Graph:
    """A host `h:b` with an inbound filter, and one outbound for what it answers."""
    hooks = [Hook("in", Place.INBOUND, Filter("in", rules, Verdict.DENY, HERE), HERE, "in", "h:b", stateful=stateful)]
    if not stateful:
        hooks.append(Hook("out", Place.OUTBOUND, Filter("out", tuple(replies), Verdict.DENY, HERE), HERE, "out", "h:b", stateful=False))
    return Graph(zones=(Zone("h:b", ZoneKind.HOST, "b", HERE),), hooks=tuple(hooks))


def a(text: str = "10.0.1.0/24", exact: bool = True) -> Endpoint:
    return Endpoint("a", addresses=net(text), exact=exact)


def b(exact: bool = False) -> Endpoint:
    return Endpoint("b", zones=frozenset({"h:b"}), addresses=net("10.0.2.0/24"), exact=exact)


def allowed(graph: Graph, source: Endpoint, destination: Endpoint, service: PacketSet = ETCD) -> Judgement:
    judged = reach.allowed(graph, graph.ways(source, destination)[0], service)
    assert judged is not None
    return judged


def denied(graph: Graph, source: Endpoint, destination: Endpoint, service: PacketSet = ETCD) -> Judgement:
    judged = reach.denied(graph.ways(source, destination)[0], service)
    assert judged is not None
    return judged


def test_an_allow_needs_every_address_of_an_exact_source() -> None:
    graph = guarded(permit(from_("10.0.1.0/25", ETCD)))
    assert allowed(graph, a("10.0.1.0/25"), b()).outcome is Outcome.HOLDS
    broken = allowed(graph, a(), b())
    assert broken.outcome is Outcome.BROKEN
    assert broken.packets.values(Field.SOURCE) == (address_interval("10.0.1.128/25"),)


def test_a_bounded_source_is_open_where_some_of_its_addresses_pass() -> None:
    graph = guarded(permit(from_("10.0.1.0/25", ETCD)))
    assert allowed(graph, a(exact=False), b()).outcome is Outcome.OPEN
    assert allowed(graph, a("10.0.1.128/25", exact=False), b()).outcome is Outcome.BROKEN
    assert allowed(graph, a("10.0.1.0/25", exact=False), b()).outcome is Outcome.HOLDS


def test_of_two_ends_whose_addresses_are_not_known_the_one_that_plays_a_role_is_asked_for() -> None:
    judged = allowed(guarded(permit(from_("10.0.1.0/25", ETCD))), a(exact=False), replace(b(), role="etcd"))
    assert [unknown.reference for unknown in judged.unknowns] == ["roles.etcd.addresses"]
    judged = allowed(guarded(permit(from_("10.0.1.0/25", ETCD))), a(exact=False), b())
    assert [unknown.reason for unknown in judged.unknowns] == [f"the exact addresses are not known: {end}" for end in "ab"]


def test_a_missing_port_breaks_an_allow_of_two() -> None:
    broken = allowed(guarded(permit(Exactly(ports(6, ((2379, 2379),))))), a(), b())
    assert broken.outcome is Outcome.BROKEN
    assert broken.packets.values(Field.DESTINATION_PORT) == ((2380, 2380),)
    assert broken.crossing is not None
    assert broken.crossing.label == "in"


def test_a_deny_is_broken_by_one_exact_source_and_open_for_a_bounded_one() -> None:
    graph = guarded(permit(from_("10.0.1.7", ETCD)))
    assert denied(graph, a(), b()).outcome is Outcome.BROKEN
    assert denied(graph, a(exact=False), b()).outcome is Outcome.OPEN
    assert denied(graph, a("10.0.9.0/24"), b()).outcome is Outcome.HOLDS
    assert denied(guarded(permit(ANY)), a(exact=False), b()).outcome is Outcome.BROKEN


def test_an_unknown_leaves_both_open_and_is_named() -> None:
    graph = guarded(permit(both(Exactly(ETCD), Undecided(Unknown("var.cidr has no value")))))
    for judged in (allowed(graph, a(), b()), denied(graph, a(), b())):
        assert judged.outcome is Outcome.OPEN
        assert [unknown.reason for unknown in judged.unknowns] == ["var.cidr has no value"]


def test_ends_of_different_families_have_no_flow() -> None:
    graph = guarded(permit(ANY))
    way = graph.ways(a("2001:db8::/64"), b())[0]
    assert reach.allowed(graph, way, ETCD) is None
    assert reach.denied(way, ETCD) is None


def test_ipv4_stands_for_an_end_that_is_only_bounded() -> None:
    graph = guarded(permit(from_("0.0.0.0/0", ETCD)))
    nowhere = Endpoint("a")
    somewhere = Endpoint("b", zones=frozenset({"h:b"}))
    assert allowed(graph, nowhere, somewhere).outcome is Outcome.HOLDS
    six = Endpoint("a", addresses=net("fd00::/64"))
    assert allowed(graph, six, Endpoint("b", zones=frozenset({"h:b"}), addresses=net("fd00:1::/64"))).outcome is Outcome.BROKEN


def test_a_stateful_filter_lets_answers_back_and_a_stateless_one_needs_a_rule() -> None:
    rule = permit(from_("10.0.1.0/24", ETCD))
    whole = permit(Exactly(ports(6, ((0, 65535),), ((2379, 2380),))))
    assert allowed(guarded(rule), a(), b(exact=True)).outcome is Outcome.HOLDS
    lost = allowed(guarded(rule, stateful=False), a(), b(exact=True))
    assert (lost.outcome, lost.reply) == (Outcome.BROKEN, True)
    assert allowed(guarded(rule, stateful=False, replies=[whole]), a(), b(exact=True)).outcome is Outcome.HOLDS


def answered_to(*spans: tuple[int, int]) -> Judgement:
    rule, answers = permit(from_("10.0.1.0/24", ETCD)), permit(Exactly(ports(6, spans, ((2379, 2380),))))
    return allowed(guarded(rule, stateful=False, replies=[answers]), a(), b(exact=True))


def test_answers_need_to_reach_the_ports_that_clients_have() -> None:
    assert answered_to((1024, 65535)).outcome is Outcome.HOLDS
    assert answered_to((32768, 65535)).outcome is Outcome.HOLDS
    assert answered_to((49152, 65535)).outcome is Outcome.OPEN
    assert answered_to((32768, 60999)).outcome is Outcome.OPEN
    assert answered_to((1024, 50000)).outcome is Outcome.OPEN
    assert answered_to((1024, 32767), (61000, 65535)).outcome is Outcome.BROKEN


def test_answers_to_a_port_the_service_names_need_that_port() -> None:
    dhcp = ports(17, ((67, 67),), ((68, 68),))
    graph = guarded(permit(Exactly(dhcp)), stateful=False, replies=[permit(Exactly(ports(17, ((1024, 65535),), ((67, 67),))))])
    assert allowed(graph, a(), b(exact=True), dhcp).outcome is Outcome.BROKEN


def test_what_is_blocked_from_few_ports_of_clients_is_open() -> None:
    assert allowed(guarded(permit(Exactly(ports(6, ((2379, 2380),), ((1024, 65535),))))), a(), b()).outcome is Outcome.OPEN
    assert allowed(guarded(permit(Exactly(ports(6, ((2379, 2380),), ((1024, 49151),))))), a(), b()).outcome is Outcome.BROKEN


def test_answers_are_packets_of_an_established_flow() -> None:
    rule = permit(from_("10.0.1.0/24", ETCD))
    established = permit(Exactly(state_set(State.ESTABLISHED)))
    assert allowed(guarded(rule, stateful=False, replies=[established]), a(), b(exact=True)).outcome is Outcome.HOLDS


def test_a_rule_that_keeps_no_state_needs_its_answers_permitted() -> None:
    rule = permit(from_("10.0.1.0/24", ETCD), stateless=True)
    graph = guarded(rule) + Graph(hooks=(Hook("o", Place.OUTBOUND, Filter("o", (), Verdict.DENY, HERE), HERE, "o", "h:b"),))
    lost = allowed(graph, a(), b(exact=True))
    assert (lost.outcome, lost.reply) == (Outcome.BROKEN, True)


def answered_by_state(*rules: Rule) -> bool:
    """Whether answers to etcd get back by state alone, where the host lets nothing else out."""
    graph = guarded(*rules) + Graph(hooks=(Hook("o", Place.OUTBOUND, Filter("o", (), Verdict.DENY, HERE), HERE, "o", "h:b"),))
    judged = allowed(graph, a(), b(exact=True))
    assert judged.outcome is Outcome.HOLDS or judged.reply
    return judged.outcome is Outcome.HOLDS


def test_a_rule_without_state_has_no_say_in_other_packets() -> None:
    assert answered_by_state(permit(Exactly(ports(6, ((80, 80),))), stateless=True), permit(Exactly(ETCD)))


def test_a_rule_without_state_has_no_say_in_what_a_rule_before_it_let_in() -> None:
    assert answered_by_state(permit(Exactly(ETCD)), permit(ANY, stateless=True))
    assert not answered_by_state(permit(ANY, stateless=True), permit(Exactly(ETCD)))
    assert not answered_by_state(permit(Exactly(ports(6, ((2379, 2379),)))), permit(ANY, stateless=True))


def test_a_rule_that_only_logs_takes_nothing_from_one_without_state() -> None:
    assert not answered_by_state(Rule(ANY, Verdict.CONTINUE, HERE), permit(Exactly(ETCD), stateless=True))


def test_an_echo_request_is_answered_by_an_echo_reply() -> None:
    ping = permit(Exactly(icmp(1, 8)))
    pong, request = permit(Exactly(icmp(1, 0))), permit(Exactly(icmp(1, 8)))
    assert allowed(guarded(ping, stateful=False, replies=[pong]), a(), b(exact=True), icmp(1, 8)).outcome is Outcome.HOLDS
    assert allowed(guarded(ping, stateful=False, replies=[request]), a(), b(exact=True), icmp(1, 8)).reply


def test_the_witness_is_a_likely_packet_and_its_replay_ends_where_it_is_stopped() -> None:
    graph = guarded(permit(from_("10.0.9.0/24", ETCD)))
    judged = allowed(graph, a(), b())
    packet = witness(judged.packets, judged.way)
    assert packet_text(packet) == "tcp 10.0.1.10:49152 → 10.0.2.11:2379"
    steps = replay(judged.way, packet, Verdict.DENY)
    assert [step.decision.verdict for step in steps] == [Verdict.DENY]
    assert replay(judged.way, packet, Verdict.PERMIT)[0].decision.verdict is Verdict.DENY


def test_a_witness_from_the_internet_has_a_documentation_address() -> None:
    graph = guarded(permit(ANY))
    judged = denied(graph, internet(), b())
    assert packet_text(witness(judged.packets, judged.way)).startswith("tcp 203.0.113.10:49152 → 10.0.2.11:2379")
    six = Endpoint("b", zones=frozenset({"h:b"}), addresses=net("fd00::/64"))
    assert "[2001:db8::10]" in packet_text(witness(denied(graph, internet(), six).packets, graph.ways(internet(), six)[0]))


def test_a_packet_of_no_family_is_still_shown() -> None:
    way = Way(a(), b(), ())
    mixed = sources(net("10.0.0.1")) & ports(6) & ~sources(net("0.0.0.0/0")) | sources(net("fd00::1"))
    assert witness(mixed & sources(net("fd00::1")), way)[Field.SOURCE] == address_interval("fd00::1")[0]


def judgement(outcome: Outcome, certain: bool = True) -> Judgement:
    return Judgement(outcome, Way(a(), b(), (), certain))


def test_the_worst_way_counts_and_an_uncertain_one_only_opens() -> None:
    holds, broken, doubtful = judgement(Outcome.HOLDS), judgement(Outcome.BROKEN), judgement(Outcome.BROKEN, certain=False)
    assert outcome_of([]) is Outcome.HOLDS
    assert outcome_of([holds, broken]) is Outcome.BROKEN
    assert outcome_of([holds, doubtful]) is Outcome.OPEN
    assert outcome_of([doubtful, doubtful]) is Outcome.BROKEN
