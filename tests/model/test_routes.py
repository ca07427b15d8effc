"""By which of its addresses a router is met, and where it sends packets out without any filter."""

from __future__ import annotations

from auditor.model.filters import Filter, Verdict
from auditor.model.graph import Device, Endpoint, Graph, Hook, Place, Zone, ZoneKind, internet
from auditor.model.headers import address_interval
from auditor.model.record import replace
from auditor.model.source import Span

HERE = Span("f", 1, 1, 1, 2)


def net(*texts: str) -> tuple[tuple[int, int], ...]:
    return tuple(map(address_interval, texts))


def interface(name: str, *networks: str, default: bool = False) -> Zone:
    return Zone(f"r:{name}", ZoneKind.INTERFACE, name, HERE, net(*networks) or None, device="r", default=default)


def entry(name: str, default: Verdict = Verdict.DENY) -> Hook:
    return Hook(name, Place.ENTRY, Filter(name, (), default, HERE), HERE, name, f"r:{name}", "r")


def router(*addresses: str, zones: tuple[Zone, ...] = (), hooks: tuple[Hook, ...] = ()) -> Graph:
    """A router with a network on each side, and the rest of the world behind a third interface."""
    known = (interface("lan", "10.0.1.0/24"), interface("dmz", "10.0.2.0/24"), interface("wan", default=True))
    return Graph((*(zones or known), Zone("r:self", ZoneKind.HOST, "r", HERE)), hooks, (Device("r", "r", HERE, "r:self", net(*addresses)),))


def machine(*addresses: str) -> Endpoint:
    return Endpoint("m", addresses=net(*addresses), exact=True)


SELF = Endpoint("r", zones=frozenset({"r:self"}))
LAN, DMZ = machine("10.0.1.9"), machine("10.0.2.9")

# -- by which address a router is met


def test_a_router_is_met_at_its_address_in_the_network_of_the_source() -> None:
    graph = router("10.0.1.1", "10.0.2.1")
    assert graph.as_met(LAN, SELF) == replace(SELF, addresses=net("10.0.1.1"), exact=True)
    assert graph.as_met(DMZ, SELF) == replace(SELF, addresses=net("10.0.2.1"), exact=True)


def test_a_router_whose_own_address_is_left_out_of_a_network_is_met_there() -> None:
    others = replace(interface("lan"), networks=((net("10.0.1.2")[0][0], net("10.0.1.254")[0][0]),))
    assert router("10.0.1.1", "10.0.2.1", zones=(others,)).as_met(LAN, SELF).addresses == net("10.0.1.1")


def test_a_router_of_both_families_in_a_network_is_met_at_its_ipv4_address() -> None:
    zones = (interface("lan", "10.0.1.0/24", "fd00::/64"),)
    assert router("10.0.1.1", "fd00::1", zones=zones).as_met(LAN, SELF).addresses == net("10.0.1.1")
    assert router("fd00::1", zones=zones).as_met(LAN, SELF).addresses == net("fd00::1")


def test_a_router_of_two_or_no_addresses_in_a_network_is_met_as_it_was_named() -> None:
    assert router("10.0.1.1", "10.0.1.3").as_met(LAN, SELF) is SELF
    assert router("10.0.2.1").as_met(LAN, SELF) is SELF


def test_a_source_in_two_networks_meets_a_router_as_it_was_named() -> None:
    both = machine("10.0.1.9", "10.0.2.9")
    assert router("10.0.1.1", "10.0.2.1").as_met(both, SELF) is SELF
    assert router("10.0.1.1").as_met(both, SELF) is SELF


def test_a_source_in_no_known_network_meets_a_router_as_it_was_named() -> None:
    graph = router("10.0.1.1", "10.0.2.1")
    assert graph.as_met(Endpoint("someone"), SELF) is SELF
    assert graph.as_met(internet(), SELF) is SELF


def test_a_source_that_may_be_in_a_network_meets_a_router_as_it_was_named() -> None:
    graph = router("10.0.1.1", zones=(interface("lan", "10.0.1.0/24", default=True), interface("vpn", "10.0.3.0/24", default=True)))
    assert graph.as_met(LAN, SELF) is not SELF
    assert graph.as_met(machine("192.0.2.1"), SELF) is SELF


def test_a_router_asked_at_one_of_its_addresses_is_met_there() -> None:
    asked = replace(SELF, addresses=net("10.0.2.1"), exact=True)
    assert router("10.0.1.1", "10.0.2.1").as_met(LAN, asked) is asked


def test_what_is_no_router_is_met_as_it_was_named() -> None:
    dmz = Endpoint("dmz", zones=frozenset({"r:dmz"}))
    assert router("10.0.1.1", "10.0.2.1").as_met(LAN, dmz) is dmz


# -- where it lets packets by


def passed(graph: Graph, source: Endpoint, destination: Endpoint) -> str | None:
    """Where packets leave a router unfiltered."""
    zone = graph.unfiltered(source, destination)
    return zone.label if zone is not None else None


FILTERED = router("10.0.1.1", "10.0.2.1", hooks=(entry("lan"),))


def test_a_router_that_filters_at_one_interface_lets_by_what_comes_in_at_another() -> None:
    assert passed(FILTERED, DMZ, LAN) == "lan"
    assert passed(FILTERED, internet(), DMZ) == "dmz"
    assert passed(FILTERED, LAN, DMZ) is None


def test_a_router_that_can_deny_nothing_is_not_said_to_let_by() -> None:
    assert passed(router(), DMZ, LAN) is None
    assert passed(router(hooks=(entry("lan", Verdict.PERMIT),)), DMZ, LAN) is None


def test_a_router_that_filters_is_found_behind_one_that_does_not() -> None:
    beside = Graph((Zone("s:all", ZoneKind.INTERFACE, "all", HERE, net("10.0.0.0/8"), device="s"),), (), (Device("s", "s", HERE),))
    assert passed(beside + FILTERED, DMZ, LAN) == "lan"


def test_within_one_network_no_router_lets_by() -> None:
    assert passed(FILTERED, DMZ, machine("10.0.2.8")) is None


def test_a_router_at_which_neither_end_stands_lets_nothing_by() -> None:
    assert passed(FILTERED, machine("192.0.2.1"), machine("203.0.113.1")) is None


def test_where_it_is_not_known_by_which_interface_packets_come_a_router_is_not_said_to_let_by() -> None:
    graph = router(zones=(interface("lan", "10.0.1.0/24"), interface("a"), interface("b")), hooks=(entry("lan"),))
    assert passed(graph, machine("192.0.2.1"), LAN) is None


def test_of_a_machine_in_two_networks_the_unfiltered_one_counts() -> None:
    assert passed(FILTERED, machine("10.0.1.9", "10.0.2.9"), internet()) == "wan"
