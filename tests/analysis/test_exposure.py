"""What the internet and every host can reach where filters stand."""

from __future__ import annotations

from auditor.analysis import exposure
from auditor.analysis.exposure import Site, inbound_sites
from auditor.model.filters import (
    ANY,
    Call,
    Chain,
    Condition,
    Exactly,
    Fact,
    Filter,
    Predicate,
    Rule,
    Settle,
    Side,
    Undecided,
    Verdict,
    both,
)
from auditor.model.filters import Test as Asked
from auditor.model.findings import Outcome
from auditor.model.graph import Device, Graph, Hook, Place, Zone, ZoneKind
from auditor.model.headers import IPV4, IPV6, address_interval, destinations, ports, sources, state_set
from auditor.model.packets import EVERYTHING, Field, PacketSet, State
from auditor.model.source import Span, Unknown

HERE = Span("f", 1, 1, 1, 2)
SSH = ports(6, ((22, 22),))
PERMIT, DENY = Verdict.PERMIT, Verdict.DENY
ESTABLISHED = Exactly(state_set(State.ESTABLISHED))


def permit(condition: Condition | PacketSet, action: Verdict = PERMIT, stateless: bool = False, synthetic: bool = False) -> Rule:
    whole = Exactly(condition) if isinstance(condition, PacketSet) else condition
    return Rule(whole, action, HERE, stateless=stateless, synthetic=synthetic)


def deny(packets: PacketSet) -> Rule:
    return permit(packets, DENY)


def from_(*texts: str) -> PacketSet:
    return sources(map(address_interval, texts))


def hook(
    name: str,
    place: Place,
    *rules: Rule,
    zone: str | None = "h:b",
    device: str | None = None,
    default: Verdict = DENY,
    stateful: bool = True,
    union: str | None = None,
) -> Hook:
    filter_ = Filter(name, rules, default, HERE)
    return Hook(name, place, filter_, HERE, name, zone, device, stateful=stateful, union=union)


def host(*hooks: Hook) -> Graph:
    return Graph(zones=(Zone("h:b", ZoneKind.HOST, "b", HERE),), hooks=hooks)


def router(*hooks: Hook, outer: tuple[str, ...] = ("d:wan",), zones: tuple[str, ...] = ("d:wan", "d:lan")) -> Graph:
    """A router `d` with interfaces, of which the outer ones have the internet behind them."""
    made = tuple(Zone(each, ZoneKind.INTERFACE, each, HERE, device="d", default=each in outer) for each in zones)
    return Graph(zones=made, hooks=hooks, devices=(Device("d", "d", HERE),))


def sites(graph: Graph) -> list[tuple[str, list[str], str | None]]:
    """Name, hooks and entry of each site."""
    return [(site.name, [hook.label for hook in site.hooks], site.way.crossings[0].entry) for site in inbound_sites(graph)]


def site(*rules: Rule, default: Verdict = DENY) -> Site:
    (only,) = inbound_sites(host(hook("in", Place.INBOUND, *rules, default=default)))
    return only


# -- where the internet comes in


def test_filters_of_one_host_are_crossed_together() -> None:
    assert sites(host(hook("one", Place.INBOUND), hook("two", Place.INBOUND))) == [("b", ["one", "two"], None)]


def test_what_leaves_a_host_comes_in_nowhere() -> None:
    assert sites(host(hook("out", Place.OUTBOUND))) == []


def test_groups_that_add_up_are_looked_at_one_by_one() -> None:
    groups = (hook("web", Place.INBOUND, union="nic"), hook("ssh", Place.INBOUND, union="nic", zone=None))
    assert sites(host(*groups)) == [("b", ["web"], None), ("ssh", ["ssh"], None)]
    assert [each.way.destination.label for each in inbound_sites(host(*groups))] == ["b", "its members"]


def test_the_edge_of_a_subnet_is_no_site() -> None:
    graph = Graph(zones=(Zone("s:a", ZoneKind.SUBNET, "a", HERE),), hooks=(hook("acl", Place.INBOUND, zone="s:a"),))
    assert exposure.at_edge(graph, graph.hooks[0])
    assert sites(graph) == []


def test_a_router_is_entered_by_its_outer_interfaces() -> None:
    everywhere = hook("all", Place.ENTRY, zone=None, device="d")
    assert sites(router(everywhere)) == [("all", ["all"], "d:wan")]
    assert sites(router(everywhere, outer=("d:wan", "d:lan"))) == [("all", ["all"], "d:wan"), ("all", ["all"], "d:lan")]


def test_a_filter_at_an_inner_interface_is_not_met_by_the_internet() -> None:
    inner, outer = hook("lan", Place.ENTRY, zone="d:lan", device="d"), hook("wan", Place.ENTRY, zone="d:wan", device="d")
    assert sites(router(inner)) == []
    assert sites(router(inner, outer)) == [("d:wan", ["wan"], "d:wan")]


def test_a_router_of_unknown_interfaces_is_judged_by_what_passes_through_it() -> None:
    through, entered = hook("forward", Place.TRANSIT, zone=None, device="d"), hook("in", Place.ENTRY, zone=None, device="d")
    assert sites(router(through, entered, outer=())) == [("forward", ["forward"], None)]


# -- open to the world


def opened(*rules: Rule) -> PacketSet | None:
    judged = exposure.open_to_the_world(site(*rules), ((22, 22),))
    assert judged is None or judged.outcome is Outcome.BROKEN
    return None if judged is None else judged.packets


def test_a_port_permitted_from_everywhere_is_open_to_the_world_in_both_families() -> None:
    packets = opened(permit(SSH))
    assert packets is not None
    assert packets.meets(sources([IPV4]))
    assert packets.meets(sources([IPV6]))


def test_two_halves_of_the_world_are_the_world() -> None:
    packets = opened(permit(SSH & from_("0.0.0.0/1")), permit(SSH & from_("128.0.0.0/1")))
    assert packets is not None
    assert not packets.meets(sources([IPV6]))


def test_one_half_of_the_world_is_not_the_world() -> None:
    assert opened(permit(SSH & from_("0.0.0.0/1"))) is None


def test_a_few_who_are_kept_out_do_not_close_a_port_to_the_world() -> None:
    packets = opened(deny(from_("198.51.100.0/24", "2001:db8::/32")), permit(SSH))
    assert packets is not None
    assert not packets.meets(from_("198.51.100.0/24"))


def test_a_port_is_closed_to_the_world_where_more_than_a_quarter_is_kept_out() -> None:
    assert opened(deny(from_("0.0.0.0/2", "::/0")), permit(SSH)) is None


def test_many_who_reach_different_addresses_are_not_the_world() -> None:
    first, second = (
        from_(*networks) & destinations([address_interval(to)])
        for networks, to in (
            (("0.0.0.0/1",), "10.0.0.1"),
            (("128.0.0.0/1",), "10.0.0.2"),
        )
    )
    assert opened(permit(SSH & first), permit(SSH & second)) is None


def test_another_port_is_not_the_one_asked_about() -> None:
    assert opened(permit(ports(6, ((443, 443),)))) is None


def test_a_port_that_may_be_open_is_not_surely_open() -> None:
    assert opened(permit(both(Exactly(SSH), Undecided(Unknown("a schedule"))))) is None


def test_what_one_filter_of_a_host_denies_is_not_open() -> None:
    (both_,) = inbound_sites(host(hook("one", Place.INBOUND, permit(ANY)), hook("two", Place.INBOUND)))
    assert exposure.open_to_the_world(both_, ((22, 22),)) is None


# -- permitted by default


def test_a_filter_that_permits_what_no_rule_speaks_of_permits_by_default() -> None:
    judged = exposure.permits_by_default(site(deny(SSH), permit(ports(6, ((80, 80),))), default=PERMIT))
    assert judged is not None
    assert judged.outcome is Outcome.BROKEN
    assert not judged.packets.meets(SSH | ports(6, ((80, 80),)))


def test_a_filter_that_denies_the_rest_does_not_permit_by_default() -> None:
    assert exposure.permits_by_default(site(permit(ANY))) is None


def test_a_list_that_ends_in_a_rule_against_all_does_not_permit_by_default() -> None:
    assert exposure.permits_by_default(site(permit(SSH), deny(EVERYTHING), default=PERMIT)) is None


def test_fewer_than_half_of_the_ports_are_not_the_rest() -> None:
    assert exposure.permits_by_default(site(deny(ports(6, ((1, 40000),))), default=PERMIT)) is None
    assert exposure.permits_by_default(site(deny(ports(6, ((1, 20000),))), default=PERMIT)) is not None


# -- forgotten IPv6


def test_a_service_that_only_ipv6_reaches_was_forgotten_there() -> None:
    judged = exposure.forgotten_ipv6(site(permit(from_("::/0"))))
    assert judged is not None
    assert judged.packets <= sources([IPV6])
    assert judged.packets.meets(SSH)


def test_a_service_open_in_both_families_was_not_forgotten() -> None:
    assert exposure.forgotten_ipv6(site(permit(ANY))) is None


def test_a_service_for_some_ipv6_addresses_was_not_forgotten() -> None:
    assert exposure.forgotten_ipv6(site(permit(from_("2001:db8::/32")))) is None


def test_only_the_service_closed_to_ipv4_is_named() -> None:
    judged = exposure.forgotten_ipv6(site(permit(SSH), permit(ports(17, ((53, 53),)) & from_("::/0"))))
    assert judged is not None
    assert judged.packets.values(Field.DESTINATION_PORT) == ((53, 53),)


# -- rules for everything


def everything(*rules: Rule, settle: Settle = lambda _: None) -> list[Rule]:
    """The rules that permit everything."""
    return list(exposure.permits_everything(rules, settle))


def test_a_rule_without_a_condition_permits_everything() -> None:
    assert everything(permit(ANY))


def test_a_rule_for_all_of_one_family_permits_everything() -> None:
    assert everything(permit(sources([IPV4]) & destinations([IPV4])))
    assert everything(permit(sources([IPV6])))


def test_a_rule_for_all_of_one_protocol_or_network_does_not_permit_everything() -> None:
    assert not everything(permit(ports(6)))
    assert not everything(permit(from_("10.0.0.0/8")))


def test_a_rule_for_members_only_does_not_surely_permit_everything() -> None:
    member = Asked(Predicate(Fact.MEMBER, Side.SOURCE, frozenset({"g"})), Unknown("who is in g"))
    assert not everything(permit(member))


def test_a_rule_against_everything_or_of_the_product_itself_is_not_meant() -> None:
    assert not everything(deny(EVERYTHING))
    assert not everything(permit(ANY, synthetic=True))


def test_a_rule_in_a_chain_permits_everything_where_all_packets_come_to_it() -> None:
    chain = Chain("c", (deny(SSH), permit(ANY)), HERE)
    jump = Rule(ANY, Call(chain), HERE)
    assert everything(jump, jump) == [chain.rules[1]]
    assert not everything(Rule(Exactly(SSH), Call(chain), HERE))


def test_a_rule_for_the_outer_interface_permits_everything_where_it_is_known_to_be_that() -> None:
    by = permit(Asked(Predicate(Fact.INTERFACE, Side.SOURCE, frozenset({"wan"})), Unknown("by which interface the packets come in")))
    graph = router(hook("forward", Place.TRANSIT, by, zone=None, device="d"))
    assert [everything(by, settle=settle) for settle in exposure.from_outside(graph, graph.hooks[0])] == [[], [by]]


def test_a_rule_that_could_not_be_read_is_not_said_to_permit_everything() -> None:
    elsewhere = Span("f", 2, 1, 2, 2)
    doubt = [Rule(Undecided(Unknown("it could not be read")), done, elsewhere) for done in (DENY, PERMIT)]
    assert not everything(*doubt, Rule(ANY, PERMIT, elsewhere))
