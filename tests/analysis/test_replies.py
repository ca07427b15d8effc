"""Whether what is let out, or in, is answered."""

from __future__ import annotations

from auditor.analysis.replies import blocks_replies
from auditor.model.filters import ANY, Condition, Exactly, Fact, Filter, Predicate, Rule, Side, Verdict, both
from auditor.model.filters import Test as Asked
from auditor.model.graph import Device, Graph, Hook, Place, Zone, ZoneKind
from auditor.model.headers import NEW_FLOW, ports, state_set
from auditor.model.packets import PacketSet, State
from auditor.model.source import Unknown
from tests.analysis.test_sites import ESTABLISHED, HERE, SSH, from_, hook, host, permit, router

DENY = Verdict.DENY


# -- answers at a host


def blocked_at_host(*hooks: Hook) -> list[str]:
    """The filter that stops answers to what the host begins."""
    graph = host(*hooks)
    judged = blocks_replies(graph, graph.hooks[0])
    assert judged is None or judged.reply
    return [] if judged is None or judged.crossing is None else [judged.crossing.label]


def test_a_stateless_filter_without_a_rule_for_answers_blocks_them() -> None:
    assert blocked_at_host(hook("in", Place.INBOUND, permit(SSH), stateful=False)) == ["in"]


def test_the_second_filter_can_be_the_one_that_blocks() -> None:
    first = hook("first", Place.INBOUND, permit(ANY), stateful=False)
    assert blocked_at_host(first, hook("second", Place.INBOUND, stateful=False)) == ["second"]


def test_a_stateless_filter_that_lets_answers_in_blocks_none() -> None:
    assert blocked_at_host(hook("in", Place.INBOUND, permit(ESTABLISHED), stateful=False)) == []


def test_a_stateful_filter_needs_no_rule_for_answers() -> None:
    assert blocked_at_host(hook("in", Place.INBOUND)) == []


def test_a_host_that_begins_nothing_misses_no_answer() -> None:
    closed, other = hook("out", Place.OUTBOUND, stateful=False), hook("else", Place.OUTBOUND, permit(ANY), zone="h:c")
    assert blocked_at_host(hook("in", Place.INBOUND, stateful=False), other, closed) == []
    assert blocked_at_host(hook("in", Place.INBOUND, stateful=False), other) == ["in"]


def test_what_a_host_sends_and_where_nobody_is_are_not_asked_about() -> None:
    assert blocked_at_host(hook("out", Place.OUTBOUND, stateful=False)) == []
    assert blocked_at_host(hook("in", Place.INBOUND, zone=None, stateful=False)) == []


# -- answers across a router


def entry(zone: str | None, *rules: Rule, stateful: bool = False) -> Hook:
    return hook(f"at {zone}", Place.ENTRY, *rules, zone=zone, device="d", stateful=stateful)


def blocked(graph: Graph) -> str | None:
    """The filter that stops answers to what the first one lets begin."""
    judged = blocks_replies(graph, graph.hooks[0])
    return judged.crossing.label if judged is not None and judged.crossing is not None else None


def test_answers_come_in_by_the_other_interface_and_are_blocked_there() -> None:
    assert blocked(router(entry("d:lan", permit(ports(6))), entry("d:wan"))) == "at d:wan"


def test_answers_let_in_by_the_other_interface_are_not_blocked() -> None:
    assert blocked(router(entry("d:lan", permit(ports(6))), entry("d:wan", permit(ESTABLISHED)))) is None


def test_answers_blocked_on_the_way_out_are_blocked() -> None:
    leaves = hook("out", Place.EXIT, zone="d:lan", device="d", stateful=False)
    assert blocked(router(entry("d:lan", permit(ports(6))), entry("d:wan", permit(ANY)), leaves)) == "out"


def test_answers_that_one_of_several_interfaces_lets_in_are_not_blocked() -> None:
    hooks = (entry("d:lan", permit(ports(6))), entry("d:wan"), entry("d:vpn", permit(ESTABLISHED)))
    assert blocked(router(*hooks, zones=("d:wan", "d:vpn", "d:lan"))) is None


def test_answers_that_cross_no_filter_are_not_blocked() -> None:
    assert blocked(router(entry("d:lan", permit(ports(6))))) is None


def test_answers_have_no_way_back_into_a_router_of_one_interface() -> None:
    assert blocked(router(entry("d:lan", permit(ports(6))), zones=("d:lan",))) is None


def test_other_devices_and_what_they_send_themselves_have_no_say_in_answers() -> None:
    other = Hook("other", Place.ENTRY, Filter("other", (), DENY, HERE), HERE, "other", "d:wan", "e")
    itself = hook("itself", Place.OUTBOUND, zone="d:wan", device="d")
    assert blocked(router(entry("d:lan", permit(ports(6))), other, itself, entry("d:wan", permit(ANY)))) is None


def through(*rules: Rule, stateful: bool = False) -> Hook:
    return hook("through", Place.TRANSIT, *rules, zone=None, device="d", stateful=stateful)


def test_answers_cross_the_filter_of_a_router_they_began_at() -> None:
    assert blocked(router(through(permit(state_set(State.NEW))))) == "through"
    assert blocked(router(through(permit(state_set(State.NEW)), permit(ESTABLISHED)))) is None


def test_a_router_that_lets_nothing_begin_blocks_no_answer() -> None:
    assert blocked(router(through())) is None


def test_a_stateful_router_blocks_answers_to_what_begins_without_state_alone() -> None:
    assert blocked(router(through(permit(state_set(State.NEW)), stateful=True))) is None
    assert blocked(router(through(permit(state_set(State.NEW), stateless=True), stateful=True))) == "through"
    assert blocked(router(through(permit(state_set(State.NEW), DENY, stateless=True), permit(NEW_FLOW), stateful=True))) is None


# -- answers to what comes in to a host


def test_a_host_whose_filter_lets_a_service_in_and_no_answer_out_blocks_it() -> None:
    out, other = hook("out", Place.OUTBOUND, permit(NEW_FLOW), stateful=False), hook("else", Place.INBOUND, zone="h:c")
    assert blocked_at_host(out, hook("in", Place.INBOUND, permit(SSH), stateful=False), other) == ["out"]


def test_a_host_that_lets_answers_out_blocks_none() -> None:
    out = hook("out", Place.OUTBOUND, permit(ESTABLISHED), stateful=False)
    assert blocked_at_host(out, hook("in", Place.INBOUND, permit(SSH), stateful=False)) == []


def test_where_nothing_in_particular_is_let_in_no_answer_is_missed() -> None:
    out = hook("out", Place.OUTBOUND, stateful=False)
    assert blocked_at_host(out) == []
    assert blocked_at_host(out, hook("in", Place.INBOUND, stateful=False)) == []
    assert blocked_at_host(out, hook("in", Place.INBOUND, permit(ANY), stateful=False)) == []


def test_answers_come_in_by_the_interface_that_is_known_to_be_the_outer_one() -> None:
    zones = tuple(Zone(f"h:{name}", ZoneKind.INTERFACE, name, HERE, device="h", default=name == "wan") for name in ("wan", "lan"))
    inward = hook("in", Place.INBOUND, permit(goes(state_set(State.ESTABLISHED), entry="lan")), stateful=False)
    graph = Graph((Zone("h:b", ZoneKind.HOST, "b", HERE), *zones), (inward,), (Device("h", "h", HERE, host="h:b"),))
    assert blocked(graph) == "in"


# -- answers between the interfaces of a router


def goes(packets: PacketSet, **sides: str) -> Condition:
    """Packets that come in, or go out, by an interface."""
    parts: list[Condition] = [Exactly(packets)]
    for name, side in (("entry", Side.SOURCE), ("exit_", Side.DESTINATION)):
        if name in sides:
            parts.append(Asked(Predicate(Fact.INTERFACE, side, frozenset({sides[name]})), Unknown("by which interface")))
    return both(*parts)


def test_a_router_that_lets_connections_pass_one_way_and_nothing_the_other_blocks_answers() -> None:
    begun = permit(goes(NEW_FLOW, entry="lan", exit_="wan"))
    assert blocked(router(through(begun))) == "through"
    assert blocked(router(through(begun, permit(goes(state_set(State.ESTABLISHED), entry="lan"))))) == "through"


def test_answers_are_let_back_by_a_rule_for_all_interfaces_or_for_these() -> None:
    begun = permit(goes(NEW_FLOW, entry="lan", exit_="wan"))
    assert blocked(router(through(begun, permit(ESTABLISHED)))) is None
    assert blocked(router(through(begun, permit(goes(state_set(State.ESTABLISHED), entry="wan", exit_="lan"))))) is None


def test_nothing_is_missed_between_interfaces_where_nothing_begins() -> None:
    assert blocked(router(through(permit(goes(SSH & from_("10.0.0.0/8") & state_set(State.INVALID), entry="lan"))))) is None
