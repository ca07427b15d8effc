"""What a missing value leaves open to the internet, and what a filter does not see at all."""

from __future__ import annotations

import pytest

from auditor.analysis import exposure
from auditor.analysis.sites import Site, inbound_sites
from auditor.model.filters import ANY, Condition, Exactly, Fact, Predicate, Rule, Side, Undecided, Verdict, both
from auditor.model.filters import Test as Asked
from auditor.model.findings import Outcome
from auditor.model.graph import Graph, Hook, Place, Zone, ZoneKind
from auditor.model.headers import IPV4, IPV6, sources
from auditor.model.packets import PacketSet
from auditor.model.record import replace
from auditor.model.source import Unknown
from tests.analysis.test_sites import HERE, SSH, from_, hook, permit, router, site

VALUE = Unknown("var.admin has no value", reference="var.admin")
PORTS = ((22, 22),)


def asked(fact: Fact, value: str, side: Side = Side.SOURCE) -> Condition:
    return both(Exactly(SSH), Asked(Predicate(fact, side, frozenset({value})), replace(VALUE, reference=value)))


def unset(packets: PacketSet = SSH, unknown: Unknown = VALUE) -> Condition:
    return both(Exactly(packets), Undecided(unknown))


def perhaps(site: Site) -> PacketSet | None:
    """What may be open to the world on port 22."""
    judged = exposure.perhaps_open_to_the_world(site, PORTS)
    assert judged is None or (judged.outcome is Outcome.OPEN and judged.unknowns)
    return None if judged is None else judged.packets


# -- perhaps open to the world


def test_a_port_permitted_from_a_network_without_a_value_is_perhaps_open_to_the_world() -> None:
    judged = exposure.perhaps_open_to_the_world(site(permit(asked(Fact.WITHIN, "var.admin"))), PORTS)
    assert judged is not None
    assert judged.unknowns == (VALUE,)
    assert judged.packets <= SSH


def test_a_port_permitted_from_ipv6_addresses_without_a_value_is_perhaps_open_there() -> None:
    packets = perhaps(site(permit(unset(SSH & from_("::/0")))))
    assert packets is not None
    assert packets <= sources([IPV6])


def test_a_port_permitted_from_the_network_of_the_host_itself_is_not_perhaps_open() -> None:
    zone = Zone("h:b", ZoneKind.HOST, "b", HERE, references=frozenset({"vpc.cidr"}))

    def inside(value: str) -> Site:
        (only,) = inbound_sites(Graph((zone,), (hook("in", Place.INBOUND, permit(asked(Fact.WITHIN, value))),)))
        return only

    assert perhaps(inside("vpc.cidr")) is None
    assert perhaps(inside("var.admin")) is not None


@pytest.mark.parametrize(("fact", "value"), [(Fact.MEMBER, "g:web"), (Fact.INTERFACE, "eth1"), (Fact.NAMED, "a.example")])
def test_a_port_permitted_to_members_interfaces_or_names_is_not_perhaps_open(fact: Fact, value: str) -> None:
    assert perhaps(site(permit(asked(fact, value)), permit(asked(Fact.WITHIN, "var.admin") & Exactly(from_("10.0.0.0/8"))))) is None


def test_a_port_permitted_to_those_on_the_host_behind_is_perhaps_open() -> None:
    member = asked(Fact.MEMBER, "h:b", Side.DESTINATION)
    assert perhaps(site(permit(both(member, Undecided(VALUE))))) is not None


def test_what_changes_with_time_or_has_no_name_leaves_nobody_in_doubt() -> None:
    assert perhaps(site(permit(unset(unknown=Unknown("a schedule"))))) is None
    assert perhaps(site(permit(unset(unknown=replace(VALUE, lapses=True))))) is None


def test_a_part_of_the_world_without_a_value_is_not_perhaps_the_world() -> None:
    assert perhaps(site(permit(unset(SSH & from_("0.0.0.0/1", "2001:db8::/32"))))) is None


def test_a_value_missing_in_what_the_product_itself_lets_in_leaves_nobody_in_doubt() -> None:
    assert perhaps(site(permit(unset(), synthetic=True))) is None
    assert perhaps(site(permit(unset(), synthetic=True), permit(unset()))) is not None


def test_what_the_product_itself_denies_is_not_perhaps_open() -> None:
    assert perhaps(site(permit(ANY, Verdict.DENY, synthetic=True), permit(unset()))) is None


# -- what a filter in a router does not see


def unseen(*networks: str) -> Rule:
    return permit(from_(*networks), synthetic=True)


def through(*rules: Rule, place: Place = Place.TRANSIT, default: Verdict = Verdict.DENY) -> Site:
    graph = router(hook("forward", place, *rules, zone=None, device="d", default=default))
    (only,) = inbound_sites(graph)
    return only


def opened(site: Site) -> tuple[bool, bool]:
    """Whether port 22 is open to the world in IPv4, and in IPv6."""
    judged = exposure.open_to_the_world(site, PORTS)
    return (False, False) if judged is None else (judged.packets.meets(sources([IPV4])), judged.packets.meets(sources([IPV6])))


def test_a_family_that_a_filter_in_a_router_does_not_see_is_not_said_to_be_open() -> None:
    assert opened(through(unseen("::/0"))) == (False, False)
    assert opened(through(unseen("::/0"), permit(SSH))) == (True, False)


def test_a_family_that_a_filter_in_a_router_does_not_see_is_not_said_to_be_perhaps_open() -> None:
    assert perhaps(through(unseen("::/0"), permit(unset(SSH & from_("::/0"))))) is None
    assert perhaps(through(permit(unset(SSH & from_("::/0"))))) is not None


def test_what_somebody_wrote_or_what_lets_a_part_by_is_seen() -> None:
    assert opened(through(permit(from_("::/0")))) == (False, True)
    assert opened(through(unseen("::/1"), unseen("8000::/1"))) == (False, True)


def test_what_is_let_by_behind_the_first_rules_is_seen() -> None:
    ahead = [permit(from_(f"10.0.{number}.0/24"), Verdict.DENY) for number in range(4)]
    assert opened(through(*ahead[:3], unseen("::/0"))) == (False, False)
    assert opened(through(*ahead, unseen("::/0"))) == (False, True)


def test_what_comes_in_at_an_interface_is_seen_whatever_the_product_lets_in() -> None:
    assert opened(through(unseen("::/0"), place=Place.ENTRY)) == (False, True)


def then(first: Hook, *rules: Rule) -> Hook:
    """The hook with a filter behind its own."""
    return replace(first, filter=replace(first.filter, then=replace(first.filter, rules=rules)))


def test_a_family_that_a_later_filter_sees_is_seen() -> None:
    first = hook("forward", Place.TRANSIT, unseen("::/0"), zone=None, device="d")
    found = [next(inbound_sites(router(then(first, *rules)))) for rules in ((unseen("::/0"),), (permit(SSH),))]
    assert [opened(each) for each in found] == [(False, False), (False, True)]


def test_ipv6_that_a_closed_filter_does_not_see_was_forgotten() -> None:
    judged = exposure.forgotten_ipv6(through(unseen("::/0"), permit(SSH)))
    assert judged is not None
    assert judged.packets.meets(SSH)
    assert exposure.forgotten_ipv6(through(unseen("0.0.0.0/0"), unseen("::/0"))) is None


def test_ipv6_that_an_open_filter_does_not_see_was_not_forgotten() -> None:
    assert exposure.forgotten_ipv6(through(unseen("::/0"), default=Verdict.PERMIT)) is None
