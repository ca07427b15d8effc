"""Routers before others: whether what comes from outside passes one that has a route, or none, to a network at another."""

from __future__ import annotations

from auditor.analysis.reach import denied, outcome_of
from auditor.model.filters import Filter, Verdict
from auditor.model.findings import Outcome
from auditor.model.graph import Device, Endpoint, Graph, Hook, Place, Zone, ZoneKind, internet
from auditor.model.headers import address_interval, ports
from auditor.model.source import Span

HERE = Span("f", 1, 1, 1, 2)
OPEN, CLOSED = Verdict.PERMIT, Verdict.DENY
BRANCH = Endpoint("branch", addresses=(address_interval("10.2.0.7"),), exact=True)
ROUTE = "10.2.0.0/24"


def net(*texts: str) -> tuple[tuple[int, int], ...]:
    return tuple(map(address_interval, texts))


def router(name: str, default: Verdict, own: tuple[str, ...], wan: tuple[str, ...], **inner: tuple[str, ...] | None) -> Graph:
    """A router that treats all that comes in by its uplink alike, and lets out what comes in elsewhere."""
    zones = [Zone(f"{name}:wan", ZoneKind.INTERFACE, "wan", HERE, net(*wan) or None, device=name, default=True)]
    zones += (
        Zone(f"{name}:{inside}", ZoneKind.INTERFACE, inside, HERE, net(*networks) if networks else None, device=name)
        for inside, networks in inner.items()
    )
    hook = Hook(f"{name}-in", Place.ENTRY, Filter("in", (), default, HERE), HERE, f"{name}-in", f"{name}:wan", name)
    return Graph((*zones, Zone(f"{name}:self", ZoneKind.HOST, name, HERE)), (hook,), (Device(name, name, HERE, f"{name}:self", net(*own)),))


def branch(wan: str, network: str, default: Verdict = OPEN) -> Graph:
    return router("branch", default, (wan, "10.2.0.1"), (network,) if network else (), lan=("10.2.0.0/24",))


def hq(default: Verdict, *routes: str, unknown: bool = False) -> Graph:
    more = {"more": None} if unknown else {}
    return router("hq", default, ("203.0.113.2", "10.9.0.1"), ("203.0.113.0/29",), lan=("10.9.0.0/24", *routes), **more)


def outcome(graph: Graph, source: Endpoint | None = None) -> Outcome:
    """Whether nothing from outside gets to the branch."""
    found = [denied(way, ports(6, ((22, 22),))) for way in graph.ways(source or internet(), BRANCH)]
    return outcome_of(each for each in found if each is not None)


BEHIND, ITS_OWN, ELSEWHERE = ("10.9.0.2", "10.9.0.0/24"), ("198.51.100.2", "198.51.100.0/29"), ("192.168.7.2", "192.168.7.0/24")


def test_a_router_whose_uplink_leads_into_a_network_behind_another_that_has_a_route_is_reached_through_it() -> None:
    assert outcome(hq(CLOSED, ROUTE) + branch(*BEHIND)) is Outcome.HOLDS
    assert outcome(hq(OPEN, ROUTE) + branch(*BEHIND)) is Outcome.BROKEN
    assert outcome(hq(OPEN, ROUTE) + branch(*BEHIND, CLOSED)) is Outcome.HOLDS


def test_a_router_with_a_public_uplink_of_its_own_is_not_reached_through_one_that_has_a_route() -> None:
    assert outcome(hq(CLOSED, ROUTE) + branch(*ITS_OWN)) is Outcome.BROKEN
    assert outcome(hq(OPEN, ROUTE) + branch(*ITS_OWN, CLOSED)) is Outcome.HOLDS


def test_whether_a_router_with_a_private_or_unknown_uplink_is_reached_through_one_that_has_a_route_is_open() -> None:
    assert outcome(hq(CLOSED, ROUTE) + branch(*ELSEWHERE)) is Outcome.OPEN
    assert outcome(hq(CLOSED, ROUTE) + branch("10.2.0.1", "")) is Outcome.OPEN
    assert outcome(hq(OPEN, ROUTE) + branch(*ELSEWHERE)) is Outcome.BROKEN


def test_a_public_uplink_may_lead_to_a_router_of_whose_networks_not_all_are_known() -> None:
    assert outcome(hq(CLOSED, ROUTE, unknown=True) + branch(*ITS_OWN)) is Outcome.OPEN


def test_a_device_adjoins_who_is_in_a_network_in_which_it_has_an_address() -> None:
    graph = hq(CLOSED, ROUTE) + branch(*BEHIND)
    assert graph.adjoins("branch", BRANCH)
    assert not graph.adjoins("hq", BRANCH)
    assert not graph.adjoins("branch", internet())


def test_a_router_before_another_may_stop_what_it_has_no_route_for() -> None:
    assert outcome(hq(CLOSED) + branch(*BEHIND)) is Outcome.OPEN
    assert outcome(hq(OPEN) + branch(*BEHIND)) is Outcome.BROKEN
    assert outcome(hq(CLOSED) + branch(*BEHIND, CLOSED)) is Outcome.HOLDS
    assert outcome(hq(CLOSED) + branch(*ITS_OWN)) is Outcome.BROKEN


def test_a_router_before_one_that_stands_before_another_may_stop_it_too() -> None:
    middle = router("middle", OPEN, ("10.9.0.2", "10.8.0.1"), ("10.9.0.0/24",), lan=("10.8.0.0/24",))
    assert outcome(hq(CLOSED) + middle + branch("10.8.0.2", "10.8.0.0/24")) is Outcome.OPEN


def test_routers_that_lead_into_each_other_s_networks_are_before_each_other_once() -> None:
    around = router("hq", CLOSED, ("10.2.0.9", "10.9.0.1"), ("10.2.0.0/24",), lan=("10.9.0.0/24",))
    assert outcome(around + branch(*BEHIND)) is Outcome.OPEN


def test_an_uplink_leads_into_the_network_that_holds_its_address_and_not_into_ones_beside_it() -> None:
    beside = router("beside", CLOSED, ("198.51.100.9", "10.9.0.129"), ("198.51.100.8/29",), lan=("10.9.0.128/26",))
    wide = router("hq", OPEN, ("203.0.113.2", "10.9.1.1"), ("203.0.113.0/29",), lan=("10.9.0.0/16",))
    assert outcome(wide + beside + branch("10.9.0.200", "10.9.0.192/26")) is Outcome.BROKEN
    lowest = router("hq", CLOSED, ("203.0.113.2", "10.1.0.1"), ("203.0.113.0/29",), lan=("10.1.0.0/24",))
    assert outcome(lowest + branch("10.1.0.2", "10.1.0.0/24")) is Outcome.OPEN


def test_between_two_sites_what_is_at_the_one_says_nothing_of_the_way_to_the_other() -> None:
    third = router("third", OPEN, ("198.51.100.9", "10.5.0.1"), ("198.51.100.8/29",), lan=("10.5.0.0/24",))
    away = Endpoint("away", addresses=net("10.5.0.7"), exact=True)
    assert outcome(third + hq(CLOSED, ROUTE) + branch(*ITS_OWN), away) is Outcome.BROKEN
    assert outcome(third + hq(CLOSED, ROUTE) + branch(*BEHIND), away) is Outcome.HOLDS


def test_what_is_in_another_network_at_the_same_router_passes_no_other() -> None:
    beside = router("branch", CLOSED, ("10.2.0.1", "10.3.0.1"), (), lan=("10.2.0.0/24",), dmz=("10.3.0.0/24",))
    assert outcome(hq(CLOSED, ROUTE) + beside, Endpoint("dmz", addresses=net("10.3.0.7"), exact=True)) is Outcome.BROKEN


def cloud(*networks: str) -> Graph:
    """A group that lets everything in, in a network of a cloud."""
    network = Zone("t:vpc", ZoneKind.SUBNET, "vpc", HERE, net(*networks))
    group = Zone("t:group", ZoneKind.GROUP, "group", HERE, net(*networks), inside=("t:vpc",))
    hook = Hook("group-in", Place.INBOUND, Filter("in", (), OPEN, HERE), HERE, "group-in", "t:group")
    return Graph((network, group), (hook,))


def from_outside(graph: Graph, *zones: str, network: str = "10.9.0.128/25") -> Outcome:
    """Whether nothing from outside gets to the group's members, or to those of them in some zones more."""
    node = Endpoint("node", zones=frozenset({"t:group", "t:vpc", *zones}), addresses=net(network))
    found = [denied(way, ports(6, ((22, 22),))) for way in graph.ways(internet(), node)]
    return outcome_of(each for each in found if each is not None)


def test_a_router_does_not_surely_close_a_network_of_a_cloud_that_has_the_addresses_of_one_behind_it() -> None:
    assert from_outside(cloud("10.9.0.0/24") + hq(CLOSED)) is Outcome.OPEN
    assert from_outside(cloud("10.9.0.0/24") + hq(OPEN)) is Outcome.BROKEN
    assert from_outside(cloud("10.9.0.0/24") + hq(CLOSED), "hq:lan") is Outcome.HOLDS
    assert from_outside(cloud("10.9.0.0/16") + hq(CLOSED), network="10.9.0.0/16") is Outcome.BROKEN
