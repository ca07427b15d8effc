"""What an interface lets in to a machine with a filter of its own, whether or not the internet is known to be behind it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from auditor.analysis import exposure
from auditor.analysis.exposure import forgotten_ipv6, open_to_the_world, permits_by_default
from auditor.analysis.reach import Judgement
from auditor.analysis.sites import Site, inbound_sites
from auditor.model.filters import Condition, Exactly, Fact, Predicate, Rule, Side, Verdict, both
from auditor.model.filters import Test as Asked
from auditor.model.findings import Outcome
from auditor.model.graph import Device, Graph, Place, Zone, ZoneKind
from auditor.model.headers import address_interval
from auditor.model.record import replace
from auditor.model.source import Unknown
from tests.analysis.test_sites import HERE, SSH, from_, hook, permit, router

PORTS = ((22, 22),)


def by(*interfaces: str, side: Side = Side.SOURCE) -> Condition:
    return both(Exactly(SSH), crossing(*interfaces, side=side))


def crossing(*interfaces: str, side: Side = Side.SOURCE) -> Condition:
    return Asked(Predicate(Fact.INTERFACE, side, frozenset(interfaces)), Unknown("by which interface the packets come or go"))


def machine(*rules: Condition | Rule, interfaces: tuple[str, ...] = (), outer: str = "", default: Verdict = Verdict.DENY) -> Site:
    zones = tuple(Zone(f"h:{name}", ZoneKind.INTERFACE, name, HERE, device="h", default=name == outer) for name in interfaces)
    written = (rule if isinstance(rule, Rule) else permit(rule) for rule in rules)
    hooks = (hook("in", Place.INBOUND, *written, default=default),)
    (site,) = inbound_sites(Graph((Zone("h:b", ZoneKind.HOST, "b", HERE), *zones), hooks, devices=(Device("h", "h", HERE, host="h:b"),)))
    return site


def through(*rules: Condition | Rule, outer: tuple[str, ...] = (), default: Verdict = Verdict.DENY) -> Site:
    written = (rule if isinstance(rule, Rule) else permit(rule) for rule in rules)
    forward = hook("forward", Place.TRANSIT, *written, zone=None, device="d", default=default)
    (site,) = inbound_sites(router(forward, outer=outer, zones=("d:eth0", "d:eth1", "d:lan")))
    return site


def told(site: Site, ask: Callable[[Site], Judgement | None] = lambda site: open_to_the_world(site, PORTS)) -> str:
    """Nothing, what is broken, or why it is not decided: the same for lists of which the rules that matter are looked for first."""
    answers = []
    for many in (exposure._MANY, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(exposure, "_MANY", many)
            judged = ask(site)
        answers.append("" if judged is None else "broken" if judged.outcome is Outcome.BROKEN else judged.unknowns[0].reason)
    assert answers[0] == answers[1]
    return answers[0]


# -- into a machine


def test_what_the_outer_interface_lets_in_to_the_machine_itself_is_open_to_the_world() -> None:
    assert told(machine(by("eth0"), interfaces=("eth0", "eth1"), outer="eth0")) == "broken"


def test_what_an_inner_interface_lets_in_is_not() -> None:
    assert told(machine(by("eth1"), interfaces=("eth0", "eth1"), outer="eth0")) == ""


def test_where_nothing_says_which_interface_is_the_outer_one_it_is_open_which() -> None:
    site = machine(by("eth0", "ens3"), both(by("eth1"), Exactly(from_("10.0.0.0/8"))), interfaces=("eth0", "eth1", "ens3"))
    assert told(site) == "whether the internet comes in by ens3 or eth0"


def test_no_interface_is_asked_about_where_none_lets_anything_in() -> None:
    assert told(machine(interfaces=("eth0",))) == ""
    assert told(machine(both(by("eth0"), Exactly(from_("10.0.0.0/8"))), interfaces=("eth0",))) == ""


@pytest.mark.parametrize("name", ["wg0", "docker0", "br-lan", "lan1", "mgmt", "vlan-mgmt0", "tun+", "tailscale0", "eth1.guest", "lo"])
def test_tunnels_containers_and_what_is_called_inner_are_not_the_way_the_internet_comes(name: str) -> None:
    assert told(machine(by(name), interfaces=(name,))) == ""
    assert told(machine(~by(name), interfaces=(name,))) == "broken"


@pytest.mark.parametrize("name", ["eth0", "wlan0", "enp3s0", "br0", "ppp0", "planet", "world", "en*"])
def test_any_other_interface_may_be(name: str) -> None:
    assert told(machine(by(name), interfaces=(name,))) == f"whether the internet comes in by {name}"


@pytest.mark.parametrize("name", ["wan", "br-wan", "wan2", "pppoe0", "uplink", "eth0-ext"])
def test_an_interface_that_is_called_outer_is_the_one(name: str) -> None:
    assert told(machine(by(name))) == "broken"
    assert told(machine(both(Exactly(SSH), ~crossing(name)))) == ""


def test_an_interface_that_no_rule_names_may_be_the_outer_one() -> None:
    assert told(machine(both(Exactly(SSH), ~crossing("eth0")))) == "whether the internet comes in by another interface than eth0"
    assert (
        told(machine(permit(crossing("eth0"), Verdict.DENY), Exactly(SSH)))
        == "whether the internet comes in by another interface than eth0"
    )


def test_an_interface_of_others_that_the_configuration_counts_is_one_that_no_rule_names() -> None:
    assert told(machine(by("eth0"), interfaces=("eth0", "other interfaces"))) == "whether the internet comes in by eth0"


def test_a_long_list_is_asked_about_what_may_get_in_alone() -> None:
    denied = [permit(SSH & from_(f"10.0.{number}.0/24"), Verdict.DENY) for number in range(70)]
    assert told(machine(*denied, by("eth0"), interfaces=("eth0",))) == "whether the internet comes in by eth0"


# -- what no rule speaks of, and IPv6


def test_what_no_rule_speaks_of_may_get_in_by_an_interface() -> None:
    site = machine(permit(crossing("eth0"), Verdict.DENY), default=Verdict.PERMIT)
    assert told(site, permits_by_default) == "whether the internet comes in by another interface than eth0"
    assert told(machine(permit(~crossing("lan"), Verdict.DENY), default=Verdict.PERMIT), permits_by_default) == ""
    assert told(machine(permit(crossing("lan"), Verdict.DENY), default=Verdict.PERMIT), permits_by_default) == "broken"


def test_a_service_that_only_ipv6_reaches_by_an_interface_may_be_forgotten_there() -> None:
    six = both(by("eth0"), Exactly(from_("::/0")))
    assert told(machine(six), forgotten_ipv6) == "whether the internet comes in by eth0"
    assert told(machine(six, both(by("eth0"), Exactly(from_("0.0.0.0/0")))), forgotten_ipv6) == ""


# -- through a router


def test_what_a_router_lets_from_the_outer_to_an_inner_interface_is_open_to_the_world() -> None:
    assert told(through(both(by("eth0"), crossing("lan", side=Side.DESTINATION)), outer=("d:eth0",))) == "broken"
    assert told(through(by("lan", side=Side.DESTINATION), outer=("d:eth0",))) == "broken"
    assert told(through(both(Exactly(SSH), ~crossing("eth0", side=Side.DESTINATION)), outer=("d:eth0",))) == "broken"


def test_what_it_lets_out_or_between_inner_interfaces_is_not() -> None:
    assert told(through(by("eth0", side=Side.DESTINATION), outer=("d:eth0",))) == ""
    assert told(through(both(by("eth1"), crossing("lan", side=Side.DESTINATION)), outer=("d:eth0",))) == ""


def test_what_it_lets_go_on_by_an_interface_that_no_rule_names_is_open() -> None:
    closed = permit(both(by("eth0"), crossing("lan", side=Side.DESTINATION)), Verdict.DENY)
    assert told(through(closed, Exactly(SSH), outer=("d:eth0",))) == "whether packets go on by another interface than lan"


def test_which_interface_of_a_router_is_the_outer_one_may_be_open() -> None:
    assert told(through(both(by("eth0"), crossing("eth1", side=Side.DESTINATION)))) == "whether the internet comes in by eth0"
    assert told(through(by("lan", side=Side.DESTINATION))) == "broken"


def test_what_comes_in_at_an_interface_of_a_router_is_not_asked_by_which() -> None:
    (site,) = inbound_sites(router(hook("wan", Place.ENTRY, permit(by("eth0")), zone="d:wan", device="d")))
    assert told(site) == ""


# -- in at the interfaces of a router of which none is known to be the outer one


def entered(networks: tuple[str, ...] | None, name: str = "eth0", outer: bool = False) -> list[str]:
    held = None if networks is None else tuple(map(address_interval, networks))
    zones = (
        Zone(f"d:{name}", ZoneKind.INTERFACE, name, HERE, held, device="d"),
        Zone("d:x", ZoneKind.INTERFACE, "x", HERE, (), device="d", default=outer),
    )
    hooks = (hook("in", Place.ENTRY, permit(SSH), zone=f"d:{name}", device="d"),)
    return [told(site) for site in inbound_sites(Graph(zones, hooks, devices=(Device("d", "d", HERE),)))]


def test_an_interface_of_public_or_unknown_addresses_may_be_the_outer_one() -> None:
    assert entered(("203.0.113.0/29",)) == ["whether the internet comes in by eth0"]
    assert entered(None) == ["whether the internet comes in by eth0"]


def test_an_interface_of_private_addresses_or_an_inner_one_is_not_asked_about() -> None:
    assert entered(("10.0.0.0/24",)) == []
    assert entered(None, "lan") == []
    assert entered(None, outer=True) == []


def test_a_list_that_hands_on_to_another_is_asked_as_a_whole() -> None:
    first = hook("forward", Place.TRANSIT, permit(by("eth0")), zone=None, device="d")
    handing = replace(first, filter=replace(first.filter, then=replace(first.filter, rules=(permit(SSH),))))
    (site,) = inbound_sites(router(handing, outer=(), zones=("d:eth0", "d:lan")))
    assert told(site) == "whether the internet comes in by eth0"
