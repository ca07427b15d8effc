"""What becomes of interfaces, rules and translations on the graph."""

from __future__ import annotations

import pytest

from auditor.analysis.exposure import perhaps_open_to_the_world
from auditor.analysis.sites import inbound_sites
from auditor.model.filters import Verdict
from auditor.model.graph import Endpoint, Graph, Place, internet
from auditor.model.headers import PUBLIC
from auditor.model.packets import Field
from tests.formats.pfsense.samples import INTERFACES, SYSTEM, alias, config, decision, hook, host, load, packet, possible, rule, traps

PASS_WEB = rule("<protocol>tcp</protocol>", source="<network>lan</network>", destination="<network>opt1</network><port>443</port>")


def _crossed(graph: Graph, source: str, destination: str) -> list[list[str]]:
    return [[crossing.label for crossing in way.crossings] for way in graph.ways(host(source), host(destination))]


def test_interfaces_are_zones_with_their_networks_and_names() -> None:
    zone = load(config()).zone("pfsense:opt1")
    assert zone is not None
    assert zone.label == "K8S"
    assert "pfsense:K8S" in zone.aliases
    assert not zone.default


def test_the_internet_is_behind_the_interface_with_a_gateway() -> None:
    graph = load(config())
    assert [zone.id for zone in graph.zones if zone.default] == ["pfsense:wan"]
    assert [[crossing.label for crossing in way.crossings] for way in graph.ways(internet(), host("10.30.0.5"))] == [
        ["WAN, in", "K8S, out"]
    ]


def test_traffic_between_two_interfaces_meets_in_and_then_out() -> None:
    assert _crossed(load(config()), "10.20.0.5", "10.30.0.5") == [["LAN, in", "K8S, out"]]


def test_traffic_inside_one_network_meets_nothing() -> None:
    assert _crossed(load(config()), "10.30.0.5", "10.30.0.6") == [[]]


def test_traffic_to_the_firewall_meets_the_way_in_alone() -> None:
    assert _crossed(load(config()), "10.30.0.5", "10.30.0.1") == [["K8S, in"]]


def test_the_first_rule_of_a_tab_decides() -> None:
    graph = load(config(rule(type_="block", destination="<address>10.30.0.9</address>") + rule()))
    assert decision(graph, "lan", packet("10.20.0.5", "10.30.0.9")).verdict is Verdict.DENY
    assert decision(graph, "lan", packet("10.20.0.5", "10.30.0.8")).verdict is Verdict.PERMIT


def test_a_floating_rule_without_quick_yields_to_the_tabs_and_beats_the_default() -> None:
    floating = rule("<floating>yes</floating><direction>any</direction>", tab="", type_="pass", destination="<address>10.30.0.9</address>")
    graph = load(config(floating + rule(type_="block", source="<address>10.20.0.7</address>")))
    assert decision(graph, "lan", packet("10.20.0.7", "10.30.0.9")).verdict is Verdict.DENY
    assert decision(graph, "lan", packet("10.20.0.8", "10.30.0.9")).verdict is Verdict.PERMIT


def test_an_outbound_floating_block_beats_the_let_out() -> None:
    floating = rule("<floating>yes</floating><direction>out</direction>", tab="wan", type_="block", destination="<any/>")
    graph = load(config(floating))
    assert decision(graph, "wan", packet("10.20.0.7", "1.1.1.1"), Place.EXIT).verdict is Verdict.DENY
    assert decision(graph, "opt1", packet("10.20.0.7", "10.30.0.9"), Place.EXIT).verdict is Verdict.PERMIT


def test_a_rule_on_a_group_acts_on_every_member() -> None:
    group = "<ifgroups><ifgroupentry><ifname>inner</ifname><members>lan opt1</members></ifgroupentry></ifgroups>"
    graph = load(config(rule(tab="inner", source="<network>inner</network>"), more=group))
    assert decision(graph, "opt1", packet("10.30.0.5", "1.1.1.1")).verdict is Verdict.PERMIT
    assert decision(graph, "lan", packet("10.20.0.5", "1.1.1.1")).verdict is Verdict.PERMIT
    assert decision(graph, "wan", packet("10.20.0.5", "1.1.1.1")).verdict is Verdict.DENY


def test_rules_carry_tracker_place_and_the_line_they_became() -> None:
    graph = load(config(PASS_WEB + PASS_WEB))
    first, second = (each for each in hook(graph, "lan").filter.rules if not each.synthetic)
    assert first.text == "pass in quick on $LAN inet proto tcp from $LAN__NETWORK to $OPT1__NETWORK port 443 flags S/SA keep state"
    assert (first.name, first.address, second.address) == ("LAN, rule 1", "17", "17#2")


def test_a_rule_for_both_families_is_one_rule() -> None:
    graph = load(config(rule("<ipprotocol>inet46</ipprotocol>")))
    (only,) = (each for each in hook(graph, "lan").filter.rules if not each.synthetic)
    assert only.text == "pass in quick on $LAN from any to any keep state"


def test_the_products_own_rules_are_marked() -> None:
    names = {each.name for each in hook(load(config()), "lan").filter.rules if each.synthetic}
    assert {"anti-lockout rule", "Default deny rule IPv4", "Default deny rule IPv6"} <= names


def test_without_ipv6_all_of_it_is_blocked() -> None:
    graph = load(config(rule("<ipprotocol>inet6</ipprotocol>"), system="<hostname>gate</hostname>"))
    assert decision(graph, "lan", packet("2001:db8::1", "2001:db8:1::1")).verdict is Verdict.DENY


def test_a_nat64_rule_passes_what_is_for_its_prefix_alone() -> None:
    nat64 = rule("<ipprotocol>inet6</ipprotocol><nat><enable/><source>wanip</source></nat>")
    graph = load(config(nat64))
    assert decision(graph, "lan", packet("2001:db8::5", "64:ff9b::808:808")).verdict is Verdict.PERMIT
    assert decision(graph, "lan", packet("2001:db8::5", "2606:4700::1")).verdict is Verdict.DENY
    graph = load(config(nat64, system=f"{SYSTEM}<allow_nat64_prefix_override/>"))
    assert decision(graph, "lan", packet("2001:db8::5", "2606:4700::1")).verdict is Verdict.PERMIT


def test_a_word_that_is_no_direction_keeps_the_ruleset_from_loading() -> None:
    graph = load(config(rule("<floating>yes</floating><direction>inbound</direction>")))
    assert traps(graph) == {"ruleset-wont-load"}


def test_a_rule_without_state_says_that_replies_need_their_own() -> None:
    graph = load(config(rule("<protocol>udp</protocol><statetype>none</statetype>")))
    assert [each.stateless for each in hook(graph, "lan").filter.rules if not each.synthetic] == [True]


@pytest.mark.parametrize(
    ("inner", "system"),
    [
        ("<sched>night</sched>", SYSTEM),
        ("<max-src-conn>5</max-src-conn>", SYSTEM),
        ("<tagged>vip</tagged>", SYSTEM),
        ("<protocol>tcp</protocol><os>Linux</os>", SYSTEM),
        ("<dscp>ef</dscp>", SYSTEM),
        ("<nexthop>10.0.0.1</nexthop>", SYSTEM),
    ],
)
def test_what_narrows_a_rule_beyond_its_packets_leaves_it_open(inner: str, system: str) -> None:
    more = "<schedules><schedule><name>night</name></schedule></schedules>"
    graph = load(config(rule(inner), more=more, system=system))
    assert possible(graph, "lan", packet("10.20.0.5", "1.1.1.1")) == {"permit", "deny"}


@pytest.mark.parametrize(
    ("aliases", "open_"),
    [
        (alias("peers", "host", "10.30.0.9"), False),
        (alias("peers", "host", "10.30.0.9 example.org"), True),
        ("<alias><name>peers</name><type>urltable</type></alias>", True),
        (alias("peers", "host", "{{ peers }}"), True),
    ],
)
def test_addresses_that_are_known_later_are_possible(aliases: str, open_: bool) -> None:
    graph = load(config(rule(destination="<address>peers</address>"), aliases=aliases))
    assert (possible(graph, "lan", packet("10.20.0.5", "10.31.0.1")) == {"permit", "deny"}) is open_


def test_literals_beside_a_domain_name_are_sure() -> None:
    graph = load(config(rule(destination="<address>peers</address>"), aliases=alias("peers", "host", "10.30.0.9 example.org")))
    assert possible(graph, "lan", packet("10.20.0.5", "10.30.0.9")) == {"permit"}


def test_reserved_names_beat_what_the_file_defines() -> None:
    graph = load(config(rule(destination="<address>_private4_</address>"), aliases=alias("_private4_", "host", "1.1.1.1")))
    assert decision(graph, "lan", packet("10.20.0.5", "1.1.1.1")).verdict is Verdict.DENY
    assert decision(graph, "lan", packet("10.20.0.5", "192.168.7.7")).verdict is Verdict.PERMIT


def test_a_ruleset_that_does_not_load_leaves_everything_open() -> None:
    graph = load(config(rule() + rule("<protocol>quic</protocol>")))
    assert "ruleset-wont-load" in traps(graph)
    assert possible(graph, "lan", packet("10.20.0.5", "1.1.1.1")) == {"permit", "deny"}
    assert possible(graph, "wan", packet("9.9.9.9", "10.20.0.5")) == {"permit", "deny"}


def test_a_filter_that_is_off_lets_everything_through() -> None:
    graph = load(config(rule(type_="block"), system=SYSTEM + "<disablefilter/>"))
    assert decision(graph, "wan", packet("9.9.9.9", "10.20.0.5")).verdict is Verdict.PERMIT


def test_a_quick_match_rule_may_stop_at_what_came_before() -> None:
    graph = load(config(rule(type_="match", destination="<address>1.1.1.1</address>") + rule()))
    assert possible(graph, "lan", packet("10.20.0.5", "1.1.1.1")) == {"permit", "deny"}
    assert possible(graph, "lan", packet("10.20.0.5", "9.9.9.9")) == {"permit"}


def test_networks_that_come_at_run_time_are_unknown_and_the_other_family_is_still_found() -> None:
    tracked = INTERFACES.replace("<subnet>24</subnet></lan>", "<subnet>24</subnet><ipaddrv6>track6</ipaddrv6></lan>")
    graph = load(config(interfaces=tracked))
    zone = graph.zone("pfsense:lan")
    assert zone is not None
    assert zone.networks is None
    assert _crossed(graph, "10.20.0.5", "10.30.0.5") == [["LAN, in", "K8S, out"]]


@pytest.mark.parametrize("itself", ["(self)", "wanip"])
def test_a_leased_address_of_the_firewall_is_not_the_internet_s_nor_another_network_s(itself: str) -> None:
    leased = INTERFACES.replace("<ipaddr>198.51.100.2</ipaddr><subnet>29</subnet>", "<ipaddr>dhcp</ipaddr>")
    graph = load(config(rule(type_="block", destination=f"<network>{itself}</network>") + rule(), interfaces=leased))

    def verdicts(to: Endpoint, address: str) -> set[Verdict]:
        (way,) = graph.ways(host("10.20.0.5"), to)
        filter_, ask = way.crossings[0].filter, way.crossings[0].settle
        wanted = (Verdict.PERMIT, Verdict.DENY)
        return {verdict for verdict in wanted if filter_.first_match(packet("10.20.0.5", address), ask, verdict) is not None}

    assert verdicts(internet(), "9.9.9.9") == {Verdict.PERMIT}
    assert verdicts(host("10.30.0.5"), "10.30.0.5") == {Verdict.PERMIT}
    assert verdicts(host("9.9.9.9"), "9.9.9.9") == {Verdict.PERMIT, Verdict.DENY}


def test_what_passes_to_a_leased_address_may_be_open_to_the_world() -> None:
    leased = INTERFACES.replace("<ipaddr>198.51.100.2</ipaddr><subnet>29</subnet>", "<ipaddr>dhcp</ipaddr>")
    ssh = rule("<protocol>tcp</protocol>", tab="wan", destination="<network>wanip</network><port>22</port>")
    (site,) = inbound_sites(load(config(ssh, interfaces=leased)))
    assert perhaps_open_to_the_world(site, ((22, 22),)) is not None
    assert perhaps_open_to_the_world(site, ((23, 23),)) is None


def test_static_routes_lie_behind_the_interface_of_their_gateway() -> None:
    items = "<gateway_item><name>CORE</name><interface>opt1</interface><gateway>10.30.0.254</gateway></gateway_item></gateways>"
    routes = "<staticroutes><route><network>10.99.0.0/16</network><gateway>CORE</gateway></route></staticroutes>"
    graph = load(config(more=routes).replace("</gateways>", items))
    assert _crossed(graph, "10.20.0.5", "10.99.1.1") == [["LAN, in", "K8S, out"]]


def test_a_static_route_may_lead_to_the_networks_of_an_alias() -> None:
    route = "<staticroutes><route><network>far</network><gateway>INNER</gateway></route></staticroutes>"
    inner = "<gateway_item><name>INNER</name><interface>lan</interface><gateway>10.20.0.254</gateway></gateway_item></gateways>"
    text = config(aliases=alias("far", "network", "10.99.0.0/16"), more=route).replace("</gateways>", inner)
    assert _crossed(load(text), "10.99.0.5", "10.30.0.5") == [["LAN, in", "K8S, out"]]


@pytest.mark.parametrize("mode", ["carp", "ipalias", "proxyarp", "other"])
def test_an_interface_s_network_takes_in_its_virtual_addresses_of_every_mode(mode: str) -> None:
    vip = f"<vip><mode>{mode}</mode><interface>lan</interface><subnet>10.77.0.1</subnet><subnet_bits>24</subnet_bits></vip>"
    graph = load(config(rule(source="<network>lan</network>"), more=f"<virtualip>{vip}</virtualip>"))
    assert decision(graph, "lan", packet("10.77.0.5", "1.1.1.1")).verdict is Verdict.PERMIT


def test_a_part_of_a_backup_knows_its_rules_and_not_the_rest() -> None:
    graph = load("<filter>" + PASS_WEB + "</filter>", "filter.xml")
    assert traps(graph) == {"partial-file"}
    assert possible(graph, "lan", packet("10.20.0.5", "10.30.0.5")) == {"permit", "deny"}


# -- names


def test_a_name_in_an_alias_covers_the_endpoint_of_that_name() -> None:
    graph = load(config(rule(destination="<address>caches</address>"), aliases=alias("caches", "host", "cache.example.org")))
    for name in ("cache.example.org", "other.example.org"):
        (way,) = graph.ways(host("10.20.0.5"), Endpoint(name, addresses=PUBLIC, names=frozenset({name})))
        entry = way.crossings[0]
        found = entry.filter.first_match(packet("10.20.0.5", "1.1.1.1"), entry.settle)
        assert found is not None
        assert (found.verdict is Verdict.PERMIT) is (name == "cache.example.org")


def test_port_zero_never_passes() -> None:
    graph = load(config(rule()))
    assert decision(graph, "lan", packet("10.20.0.5", "1.1.1.1") | {Field.SOURCE_PORT: 0}).verdict is Verdict.DENY


def test_more_lines_than_can_be_judged_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from auditor.formats.pfsense import convert

    monkeypatch.setattr(convert, "MOST_LINES", 50)
    graph = load(config(rule() * 20))
    assert traps(graph) == {"unparsable"}
    assert not graph.zones


def test_a_gateway_may_carry_off_what_is_for_an_internal_network() -> None:
    graph = load(config(rule("<gateway>GW</gateway>") + rule()))
    assert possible(graph, "lan", packet("10.20.0.5", "10.30.0.9")) == {"permit", "deny"}
    assert possible(graph, "lan", packet("10.20.0.5", "1.1.1.1")) == {"permit"}
