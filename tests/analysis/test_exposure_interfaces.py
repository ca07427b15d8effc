"""What an interface lets in to a machine with a filter of its own, whether or not the internet is known to be behind it."""

from __future__ import annotations

import pytest

from auditor.analysis import exposure
from auditor.analysis.exposure import Site, inbound_sites
from auditor.model.filters import Condition, Exactly, Fact, Predicate, Side, both
from auditor.model.filters import Test as Asked
from auditor.model.findings import Outcome
from auditor.model.graph import Device, Graph, Place, Zone, ZoneKind
from auditor.model.source import Unknown
from tests.analysis.test_exposure import HERE, SSH, hook, permit

PORTS = ((22, 22),)


def by(*interfaces: str) -> Condition:
    predicate = Predicate(Fact.INTERFACE, Side.SOURCE, frozenset(interfaces))
    return both(Exactly(SSH), Asked(predicate, Unknown("by which interface the packets come in")))


def machine(*rules: Condition, interfaces: tuple[str, ...], outer: str = "") -> list[Site]:
    zones = tuple(Zone(f"h:{name}", ZoneKind.INTERFACE, name, HERE, device="h", default=name == outer) for name in interfaces)
    host = Zone("h:b", ZoneKind.HOST, "b", HERE)
    hooks = (hook("in", Place.INBOUND, *map(permit, rules)),)
    return list(inbound_sites(Graph((host, *zones), hooks, devices=(Device("h", "h", HERE, host="h:b"),))))


def test_what_the_outer_interface_lets_in_to_the_machine_itself_is_open_to_the_world() -> None:
    (site,) = machine(by("eth0"), interfaces=("eth0", "eth1"), outer="eth0")
    judged = exposure.open_to_the_world(site, PORTS)
    assert judged is not None
    assert judged.outcome is Outcome.BROKEN
    assert exposure.open_by_some_interface(site, PORTS) is None


def test_what_an_inner_interface_lets_in_is_not() -> None:
    (site,) = machine(by("eth1"), interfaces=("eth0", "eth1"), outer="eth0")
    assert exposure.open_to_the_world(site, PORTS) is None
    assert exposure.open_by_some_interface(site, PORTS) is None


def test_where_nothing_says_which_interface_is_the_outer_one_it_is_open_which() -> None:
    (site,) = machine(by("eth0", "ens3"), by("eth1"), interfaces=("eth0", "ens3", "eth2"))
    assert exposure.open_to_the_world(site, PORTS) is None
    judged = exposure.open_by_some_interface(site, PORTS)
    assert judged is not None
    assert judged.outcome is Outcome.OPEN
    assert [unknown.reason for unknown in judged.unknowns] == ["whether the internet comes in by eth0 or ens3"]


def test_no_interface_is_asked_about_where_none_lets_anything_in() -> None:
    (site,) = machine(interfaces=("eth0",))
    assert exposure.open_by_some_interface(site, PORTS) is None


@pytest.mark.parametrize("name", ["wg0", "docker0", "br-lan", "lan1", "mgmt", "vlan-mgmt0", "tun+", "tailscale0", "eth1.guest", "lo"])
def test_tunnels_containers_and_what_is_called_inner_are_not_the_way_the_internet_comes(name: str) -> None:
    (site,) = machine(by(name), interfaces=(name,))
    assert exposure.open_by_some_interface(site, PORTS) is None


@pytest.mark.parametrize("name", ["eth0", "wan", "wlan0", "enp3s0", "br0", "ppp0", "planet", "world"])
def test_any_other_interface_may_be(name: str) -> None:
    (site,) = machine(by(name), interfaces=(name,))
    assert exposure.open_by_some_interface(site, PORTS) is not None
