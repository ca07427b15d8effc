"""Bridges, captive portals and rules without state: where a packet meets which interface's rules."""

from __future__ import annotations

import pytest

from auditor.analysis import reach
from auditor.model.findings import Outcome
from auditor.model.graph import Graph
from auditor.model.headers import NEW_FLOW, Protocol, ports
from tests.formats.pfsense.samples import INTERFACES, config, host, load, rule

BRIDGED = """
    <wan><enable/><if>igb0</if><descr>WAN</descr><ipaddr>198.51.100.2</ipaddr><subnet>29</subnet><gateway>GW</gateway></wan>
    <lan><enable/><if>igb1</if><descr>LAN</descr></lan>
    <opt1><enable/><if>igb2</if><descr>LAB</descr></opt1>
    <opt2><enable/><if>bridge0</if><descr>BRIDGE</descr><ipaddr>10.20.0.1</ipaddr><subnet>24</subnet></opt2>
"""
BRIDGE = "<bridges><bridged><members>lan,opt1</members><bridgeif>bridge0</bridgeif></bridged></bridges>"
OPEN = rule(tab="lan") + rule(tab="opt1")


def asked(graph: Graph, source: str, destination: str, protocol: Protocol = Protocol.TCP) -> Outcome:
    """The worst of every way, for port 443."""
    service = ports(protocol, ((443, 443),)) & NEW_FLOW
    ways = graph.ways(host(source), host(destination))
    found = [judged for way in ways if (judged := reach.allowed(graph, way, service)) is not None]
    return reach.outcome_of(found)


def tunable(name: str, value: int) -> str:
    return f"<sysctl><item><tunable>net.link.bridge.{name}</tunable><value>{value}</value></item></sysctl>"


@pytest.mark.parametrize(
    ("rules", "more", "outcome"),
    [
        (OPEN, "", Outcome.HOLDS),  # in on one member, out on the other, or neither
        (rule(tab="lan"), "", Outcome.OPEN),  # who is behind opt1 is stopped there
        ("", tunable("pfil_member", 0), Outcome.HOLDS),
        (OPEN, tunable("pfil_bridge", 1), Outcome.OPEN),
        (OPEN + rule(tab="opt2"), tunable("pfil_bridge", 1), Outcome.HOLDS),
    ],
    ids=["open members", "one closed", "members unfiltered", "bridge closed", "bridge open"],
)
def test_what_stays_in_a_bridge_meets_the_rules_of_its_members(rules: str, more: str, outcome: Outcome) -> None:
    graph = load(config(rules, interfaces=BRIDGED, more=BRIDGE + more))
    assert asked(graph, "10.20.0.5", "10.20.0.6") is outcome


def test_nothing_in_a_bridge_is_surely_kept_apart() -> None:
    graph = load(config(rule(tab="lan", type_="block") + rule(tab="opt1", type_="block"), interfaces=BRIDGED, more=BRIDGE))
    service = ports(Protocol.TCP, ((443, 443),)) & NEW_FLOW
    judged = [reach.denied(way, service) for way in graph.ways(host("10.20.0.5"), host("10.20.0.6"))]
    assert [each.outcome for each in judged if each is not None] == [Outcome.OPEN]


def test_a_network_that_is_not_bridged_is_not_filtered_inside() -> None:
    assert asked(load(config(more=BRIDGE.replace("lan,opt1", "opt7"))), "10.20.0.5", "10.20.0.6") is Outcome.HOLDS


def test_a_captive_portal_may_stop_anybody_behind_it() -> None:
    portal = "<captiveportal><guests><enable/><interface>lan</interface></guests></captiveportal>"
    graph = load(config(rule(tab="lan") + rule(tab="opt1"), more=portal))
    assert asked(graph, "10.20.0.5", "1.1.1.1") is Outcome.OPEN
    assert asked(graph, "10.30.0.5", "1.1.1.1") is Outcome.HOLDS


NO_STATE = "<protocol>tcp/udp</protocol><statetype>none</statetype>"


def test_only_the_interface_whose_rule_keeps_no_state_needs_a_rule_for_answers() -> None:
    graph = load(config(rule(NO_STATE), interfaces=INTERFACES))
    assert asked(graph, "10.20.0.5", "1.1.1.1", Protocol.UDP) is Outcome.HOLDS  # WAN let it out and keeps state, LAN lets anything out
    assert asked(graph, "10.20.0.5", "1.1.1.1") is Outcome.BROKEN  # but no answer of TCP without a state


def test_a_rule_without_state_that_never_decides_takes_nothing_away() -> None:
    kept = rule("<protocol>tcp/udp</protocol>")
    assert asked(load(config(kept + rule(NO_STATE))), "10.20.0.5", "1.1.1.1") is Outcome.HOLDS
    assert asked(load(config(rule(NO_STATE) + kept)), "10.20.0.5", "1.1.1.1") is Outcome.BROKEN
