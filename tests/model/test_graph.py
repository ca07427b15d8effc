"""Ways through the graph: which filters a packet of a pair crosses, and how the pair answers predicates."""

from __future__ import annotations

import time

from auditor.model.filters import Fact, Filter, Predicate, Side, Verdict
from auditor.model.graph import Crossing, Device, Endpoint, Graph, Hook, Place, Zone, ZoneKind, covers, internet
from auditor.model.headers import PUBLIC, address_interval
from auditor.model.source import Note, Span

HERE = Span("f", 1, 1, 1, 2)


def net(text: str) -> tuple[tuple[int, int], ...]:
    return (address_interval(text),)


def zone(id_: str, kind: ZoneKind, networks: str | None = None, device: str | None = None, default: bool = False) -> Zone:
    return Zone(id_, kind, id_.upper(), HERE, net(networks) if networks else None, device=device, default=default)


def hook(id_: str, place: Place, zone: str | None = None, device: str | None = None, union: str | None = None, own: bool = False) -> Hook:
    return Hook(id_, place, Filter(id_, (), Verdict.DENY, HERE), HERE, id_, zone, device, union=union, own=own)


def crossed(graph: Graph, source: Endpoint, destination: Endpoint) -> list[list[str]]:
    return [[each.label for each in way.crossings] for way in graph.ways(source, destination)]


ROUTER = Graph(
    zones=(
        zone("pf:lan", ZoneKind.INTERFACE, "10.0.1.0/24", "pf"),
        zone("pf:opt1", ZoneKind.INTERFACE, "10.0.2.0/24", "pf"),
        zone("pf:wan", ZoneKind.INTERFACE, "198.51.100.0/30", "pf", default=True),
        zone("pf:self", ZoneKind.HOST),
    ),
    hooks=(
        hook("in lan", Place.ENTRY, "pf:lan", "pf", own=True),
        hook("in opt1", Place.ENTRY, "pf:opt1", "pf", own=True),
        hook("in wan", Place.ENTRY, "pf:wan", "pf", own=True),
        hook("forward", Place.TRANSIT, None, "pf"),
        hook("out any", Place.EXIT, None, "pf", own=True),
    ),
    devices=(Device("pf", "router", HERE, "pf:self", net("10.0.1.1/32")),),
)
LAN = Endpoint("lan", zones=frozenset({"pf:lan"}), addresses=net("10.0.1.0/24"))
OPT = Endpoint("opt1", addresses=net("10.0.2.7"), exact=True)


def test_a_packet_between_networks_crosses_entry_transit_and_exit() -> None:
    assert crossed(ROUTER, LAN, OPT) == [["in lan", "forward", "out any"]]


def test_within_one_network_nothing_is_crossed() -> None:
    assert crossed(ROUTER, LAN, Endpoint("other", addresses=net("10.0.1.9"), exact=True)) == [[]]


def test_within_one_network_only_what_filters_bridged_packets_is_crossed() -> None:
    switch = ROUTER + Graph(hooks=(hook("map", Place.WITHIN, "pf:lan", "pf"), hook("other map", Place.WITHIN, "pf:opt1", "pf")))
    assert crossed(switch, LAN, Endpoint("other", addresses=net("10.0.1.9"), exact=True)) == [["map"]]
    assert crossed(switch, LAN, OPT) == [["in lan", "forward", "out any"]]


def test_a_device_guards_only_where_a_filter_of_its_stands() -> None:
    switch = Graph(ROUTER.zones, (hook("in lan", Place.ENTRY, "pf:lan", "pf"),), ROUTER.devices)
    assert switch.guards(LAN)
    assert not switch.guards(OPT)
    assert ROUTER.guards(OPT)


def test_the_internet_is_behind_the_default_interface() -> None:
    assert crossed(ROUTER, internet(), OPT) == [["in wan", "forward", "out any"]]
    assert crossed(ROUTER, OPT, Endpoint("ghcr.io", names=frozenset({"ghcr.io"}))) == [["in opt1", "forward", "out any"]]


def test_packets_to_and_from_the_device_itself_cross_only_its_own_hooks() -> None:
    firewall = Endpoint("firewall", addresses=net("10.0.1.1"), exact=True)
    assert crossed(ROUTER, OPT, firewall) == [["in opt1"]]
    assert crossed(ROUTER, firewall, OPT) == [["out any"]]
    assert crossed(ROUTER, OPT, Endpoint("firewall", zones=frozenset({"pf:self"}))) == [["in opt1"]]


def test_addresses_on_both_sides_of_a_device_split_the_way() -> None:
    both = Endpoint("both", addresses=net("10.0.2.8") + net("192.0.2.1"), exact=True)
    assert crossed(ROUTER, LAN, both) == [["in lan", "forward", "out any"], ["in lan", "forward", "out any"]]
    assert crossed(ROUTER, both, LAN) == [["in opt1", "forward", "out any"], ["in wan", "forward", "out any"]]


def test_a_device_with_neither_end_at_it_is_not_on_the_way() -> None:
    here, there = Endpoint("a", addresses=net("192.0.2.1"), exact=True), Endpoint("b", addresses=net("203.0.113.1"), exact=True)
    assert crossed(ROUTER, here, there) == [[]]
    assert crossed(ROUTER, Endpoint("nobody"), LAN) == [[]]


def test_where_networks_are_not_known_every_interface_is_possible_and_none_certain() -> None:
    graph = Graph(
        zones=(zone("sw:v1", ZoneKind.INTERFACE, "10.0.1.0/24", "sw"), zone("sw:v2", ZoneKind.INTERFACE, None, "sw"),
               zone("sw:v3", ZoneKind.INTERFACE, None, "sw")),
        hooks=(hook("in v2", Place.ENTRY, "sw:v2", "sw"), hook("in v3", Place.ENTRY, "sw:v3", "sw")),
        devices=(Device("sw", "switch", HERE),),
    )  # fmt: skip
    ways = graph.ways(Endpoint("x", addresses=net("172.16.0.1"), exact=True), Endpoint("y", addresses=net("10.0.1.5"), exact=True))
    assert [[each.label for each in way.crossings] for way in ways] == [["in v2"], ["in v3"]]
    assert not any(way.certain for way in ways)


def test_groups_on_one_machine_unite_and_hosts_stand_alone() -> None:
    graph = Graph(
        zones=(zone("t:a", ZoneKind.GROUP), zone("t:b", ZoneKind.GROUP), zone("h:x", ZoneKind.HOST)),
        hooks=(
            hook("a in", Place.INBOUND, "t:a", union="sg in"),
            hook("b in", Place.INBOUND, "t:b", union="sg in"),
            hook("x in", Place.INBOUND, "h:x"),
            hook("a out", Place.OUTBOUND, "t:a", union="sg out"),
        ),
    )
    machine = Endpoint("m", zones=frozenset({"t:a", "t:b", "h:x"}))
    assert crossed(graph, Endpoint("out"), machine) == [["a in + b in", "x in"]]
    assert crossed(graph, machine, Endpoint("out")) == [["a out"]]
    assert graph.guards(machine)
    assert not graph.guards(Endpoint("out"))


def test_a_subnets_filter_is_not_crossed_within_the_subnet() -> None:
    graph = Graph(zones=(zone("t:s", ZoneKind.SUBNET),), hooks=(hook("acl in", Place.INBOUND, "t:s"),))
    inside = Endpoint("m", zones=frozenset({"t:s"}))
    assert crossed(graph, inside, inside) == [[]]
    assert crossed(graph, Endpoint("other"), inside) == [["acl in"]]


def asked(predicate: Predicate, source: Endpoint, destination: Endpoint = LAN, entry: str | None = None) -> bool | None:
    at = hook("h", Place.ENTRY)
    return Crossing((at,), at.filter, source, destination, entry, None, frozenset({"t:a", "t:b"})).settle(predicate)


def member(*groups: str) -> Predicate:
    return Predicate(Fact.MEMBER, Side.SOURCE, frozenset(groups))


def test_membership_is_known_of_members_of_outsiders_and_of_public_addresses() -> None:
    assert asked(member("t:a"), Endpoint("x", zones=frozenset({"t:a"}))) is True
    assert asked(member("t:b"), Endpoint("x", zones=frozenset({"t:a"}))) is False
    assert asked(member("t:a"), internet()) is False
    assert asked(member("t:a"), Endpoint("x", addresses=net("203.0.113.9"), exact=True)) is False
    assert asked(member("t:a"), Endpoint("x", addresses=net("10.0.0.9"), exact=True)) is None
    assert asked(member("t:a"), Endpoint("ghcr.io", names=frozenset({"ghcr.io"}))) is False


def test_interfaces_compare_by_zone_by_name_and_by_prefix() -> None:
    def by(value: str, entry: str | None) -> bool | None:
        return asked(Predicate(Fact.INTERFACE, Side.SOURCE, frozenset({value})), LAN, entry=entry)

    assert by("nftables:h:eth0", "nftables:h:eth0") is True
    assert by("eth0", "nftables:h:eth0") is True
    assert by("eth*", "nftables:h:eth0") is True
    assert by("wan", "nftables:h:eth0") is False
    assert by("eth0", None) is None


def test_one_of_many_interfaces_is_found_among_them() -> None:
    asked_ = Predicate(Fact.INTERFACE, Side.SOURCE, frozenset((*(f"lan{number}" for number in range(50_000)), "eth*", "wg*")))
    started = time.process_time()
    entries = [asked(asked_, LAN, entry=f"nftables:h:{name}") for name in ("lan7", "eth0", "wg1", "ppp0") * 500]
    assert entries == [True, True, True, False] * 500
    assert time.process_time() - started < 1


def test_names_cover_by_text_and_wildcards_without_the_bare_domain() -> None:
    assert covers("ghcr.io", "GHCR.io.")
    assert covers("*.docker.com", "registry.hub.docker.com")
    assert covers("*.docker.com", "*.docker.com")
    assert not covers("*.docker.com", "docker.com")
    named = Predicate(Fact.NAMED, Side.SOURCE, frozenset({"*.docker.com"}))
    assert asked(named, Endpoint("x", names=frozenset({"a.docker.com"}))) is True
    assert asked(named, Endpoint("x", names=frozenset({"ghcr.io"}))) is False
    assert asked(named, LAN) is None


def test_a_symbolic_network_holds_members_of_the_same_reference_and_is_open_otherwise() -> None:
    within = Predicate(Fact.WITHIN, Side.SOURCE, frozenset({"var.vpc_cidr"}))
    assert asked(within, Endpoint("x", references=frozenset({"var.vpc_cidr"}))) is True
    assert asked(within, Endpoint("x")) is None


def test_one_address_is_itself_and_two_machines_are_not() -> None:
    itself = Predicate(Fact.ITSELF, Side.SOURCE, frozenset())
    assert asked(itself, OPT, OPT) is True
    assert asked(itself, LAN, OPT) is False
    nowhere = Endpoint("x")
    assert asked(itself, nowhere, nowhere) is None


def test_whoever_is_not_nowhere_may_be_the_machine() -> None:
    own = Predicate(Fact.OWN, Side.SOURCE, frozenset({"pf:self"}))
    assert asked(own, Endpoint("x", zones=frozenset({"pf:self"}))) is True
    assert asked(own, Endpoint("x")) is True
    assert asked(own, internet()) is False


def test_fragments_of_front_ends_add_up() -> None:
    note = Note("trap", "message", HERE)
    both = ROUTER + Graph(zones=(zone("t:a", ZoneKind.GROUP),), notes=(note,), read=(("f", "t"),))
    assert both.zone("t:a") is not None
    assert both.zone("pf:lan") is not None
    assert both.zone("t:z") is None
    assert both.notes == (note,)


def test_a_zone_lists_its_attributes() -> None:
    assert Zone("z", ZoneKind.HOST, "Z", HERE, attributes=(("ntp", "a"), ("ntp", "b"))).values("ntp") == ("a", "b")
    assert internet(but=PUBLIC).addresses == ()
