"""Where the internet comes in, and what it crosses there together."""

from __future__ import annotations

from auditor.analysis.sites import Site, at_edge, inbound_sites, to_itself
from auditor.model.filters import Condition, Exactly, Filter, Rule, Verdict
from auditor.model.graph import Device, Graph, Hook, Place, Zone, ZoneKind
from auditor.model.headers import address_interval, ports, sources, state_set
from auditor.model.packets import Field, PacketSet, State
from auditor.model.source import Span

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
    assert at_edge(graph, graph.hooks[0])
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


def administered(*signs: tuple[str, str], host: str | None = "d:self") -> Graph:
    """A router with a filter at its outer interface, and addresses of its own."""
    itself = Zone("d:self", ZoneKind.HOST, "d", HERE, attributes=signs)
    outer = Zone("d:wan", ZoneKind.INTERFACE, "wan", HERE, device="d", default=True)
    own = (address_interval("127.0.0.1"), address_interval("192.168.1.1"))
    entry = hook("wan", Place.ENTRY, zone="d:wan", device="d")
    return Graph(zones=(itself, outer), hooks=(entry,), devices=(Device("d", "d", HERE, host, addresses=own),))


def test_a_device_is_administered_at_its_own_addresses_that_are_not_its_loopbacks() -> None:
    graph = administered(("administered", "8443"))
    (outer,) = inbound_sites(graph)
    found = to_itself(graph, outer)
    assert found is not None
    itself, spans = found
    assert spans == ((8443, 8443),)
    assert itself.asked.values(Field.DESTINATION) == (address_interval("192.168.1.1"),)


def test_a_device_of_which_no_port_or_no_host_is_known_is_administered_nowhere() -> None:
    for graph in (administered(), administered(("administered", "8443"), host=None)):
        (outer,) = inbound_sites(graph)
        assert to_itself(graph, outer) is None
