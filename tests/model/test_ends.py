"""What stands at an endpoint: the device itself, the interfaces a host sees a packet by, filters that may not be there."""

from __future__ import annotations

from auditor.model.filters import Filter, Verdict
from auditor.model.graph import Device, Endpoint, Graph, Hook, Place, Zone, ZoneKind
from auditor.model.headers import address_interval
from auditor.model.record import replace
from auditor.model.source import Span, Unknown

HERE = Span("f", 1, 1, 1, 2)


def net(text: str) -> tuple[tuple[int, int], ...]:
    return (address_interval(text),)


def hook(id_: str, place: Place, zone: str | None = None, device: str | None = None, own: bool = False) -> Hook:
    return Hook(id_, place, Filter(id_, (), Verdict.DENY, HERE), HERE, id_, zone, device, own=own)


LAN_ZONE = Zone("pf:lan", ZoneKind.INTERFACE, "lan", HERE, net("10.0.1.0/24"), device="pf")
DMZ_ZONE = Zone("pf:dmz", ZoneKind.INTERFACE, "dmz", HERE, net("10.0.2.0/24"), device="pf")
SELF_ZONE = Zone("pf:self", ZoneKind.HOST, "pf", HERE)
ROUTER = Graph((LAN_ZONE, DMZ_ZONE, SELF_ZONE), devices=(Device("pf", "router", HERE, "pf:self", net("10.0.1.1")),))
SELF = Endpoint("pf", zones=frozenset({"pf:self"}))
LAN = Endpoint("lan", zones=frozenset({"pf:lan"}), addresses=net("10.0.1.0/24"))
BOTH = Endpoint("both", addresses=net("10.0.1.9") + net("10.0.2.9"), exact=True)
STANDING = Unknown("the switch of the firewall is not known")


def test_a_device_is_guarded_by_its_own_hooks_alone() -> None:
    assert not (ROUTER + Graph(hooks=(hook("forward", Place.TRANSIT, None, "pf"),))).guards(SELF)
    assert (ROUTER + Graph(hooks=(hook("in", Place.ENTRY, None, "pf", own=True),))).guards(SELF)


def test_an_endpoint_in_the_zone_of_a_device_is_the_device() -> None:
    assert ROUTER.is_device(SELF)
    assert not ROUTER.is_device(LAN)


def test_an_endpoint_of_a_devices_addresses_is_the_device_only_if_just_these_are_meant() -> None:
    exact = Endpoint("gateway", addresses=net("10.0.1.1"), exact=True)
    assert ROUTER.is_device(exact)
    assert not ROUTER.is_device(replace(exact, exact=False))
    assert not ROUTER.is_device(replace(exact, addresses=net("10.0.1.0/31")))


def test_a_host_sees_packets_come_in_by_the_interface_their_source_is_behind() -> None:
    graph = ROUTER + Graph(hooks=(hook("input", Place.INBOUND, "pf:self"),))
    (way,) = graph.ways(LAN, SELF)
    assert [(each.label, each.entry, each.exit) for each in way.crossings] == [("input", "pf:lan", None)]


def test_a_host_sees_packets_leave_by_the_interface_their_destination_is_behind() -> None:
    graph = ROUTER + Graph(hooks=(hook("output", Place.OUTBOUND, "pf:self"),))
    (way,) = graph.ways(SELF, LAN)
    assert [(each.label, each.entry, each.exit) for each in way.crossings] == [("output", None, "pf:lan")]


def test_an_end_behind_two_interfaces_leaves_a_way_for_each() -> None:
    graph = ROUTER + Graph(hooks=(hook("input", Place.INBOUND, "pf:self"),))
    assert [way.crossings[0].entry for way in graph.ways(BOTH, SELF)] == ["pf:lan", "pf:dmz"]


def test_a_host_does_not_know_by_which_interface_packets_come_from_anywhere() -> None:
    graph = ROUTER + Graph(hooks=(hook("input", Place.INBOUND, "pf:self"),))
    (way,) = graph.ways(Endpoint("someone"), SELF)
    assert [(each.entry, each.exit) for each in way.crossings] == [(None, None)]


def test_a_filter_that_may_be_switched_off_leaves_a_doubt() -> None:
    doubtful = replace(hook("vm", Place.INBOUND, "px:vm"), standing=STANDING)
    vm = Endpoint("vm", zones=frozenset({"px:vm"}))
    assert Graph(hooks=(doubtful,)).doubt(vm) is STANDING
    assert Graph(hooks=(doubtful, hook("sure", Place.INBOUND, "px:vm"))).doubt(vm) is None
    assert Graph().doubt(vm) is None


def test_behind_a_device_a_filter_that_may_be_switched_off_leaves_no_doubt() -> None:
    doubtful = replace(hook("host", Place.INBOUND, "pf:lan"), standing=STANDING)
    assert (ROUTER + Graph(hooks=(doubtful,))).doubt(LAN) is None
    assert Graph(hooks=(doubtful,)).doubt(LAN) is STANDING
