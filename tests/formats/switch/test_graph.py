"""Where lists filter: interfaces, ports, VLAN maps; which networks are where; what a missing list does."""

from __future__ import annotations

import pytest

from auditor.formats.switch import FORMAT
from auditor.model.graph import Endpoint, Graph, Way, internet
from auditor.model.headers import address_interval
from tests.formats.switch.samples import graph, permits, traps

CORE = """\
version 17.9
hostname core
vlan 30
 name SERVERS
interface Vlan30
 ip address 10.30.0.1 255.255.255.0
 ip access-group FROM-SERVERS in
 ip access-group TO-SERVERS out
interface Vlan40
 description people
 ip address 10.40.0.1 255.255.255.0
interface GigabitEthernet1/0/48
 no switchport
 ip address 198.51.100.2 255.255.255.252
ip route 0.0.0.0 0.0.0.0 198.51.100.1
ip route 10.50.0.0 255.255.0.0 10.40.0.254
ip access-list extended FROM-SERVERS
 permit tcp any any established
ip access-list extended TO-SERVERS
 permit tcp any any eq 443
"""
WEB = "tcp 10.40.0.5:1024 > 10.30.0.5:443"


def at(text: str) -> Endpoint:
    return Endpoint(text, addresses=(address_interval(text),), exact=True)


def ways(made: Graph, source: Endpoint | str, destination: Endpoint | str) -> tuple[Way, ...]:
    ends = [at(end) if isinstance(end, str) else end for end in (source, destination)]
    return made.ways(ends[0], ends[1])


def crossed(made: Graph, source: Endpoint | str, destination: Endpoint | str) -> list[list[str]]:
    return [[each.label for each in way.crossings] for way in ways(made, source, destination)]


def through(made: Graph, text: str) -> bool | None:
    source, _, destination = text.split()[1:]
    found = {_through(way, text) for way in ways(made, source.partition(":")[0], destination.partition(":")[0])}
    return found.pop() if len(found) == 1 else None


def _through(way: Way, text: str) -> bool | None:
    said = [permits(each.filter, text) for each in way.crossings]
    return False if False in said else None if None in said else True


def test_what_is_routed_meets_in_of_the_one_and_out_of_the_other() -> None:
    made = graph(CORE)
    assert crossed(made, "10.40.0.5", "10.30.0.5") == [["Vlan30 out"]]
    assert crossed(made, "10.30.0.5", "10.40.0.5") == [["Vlan30 in"]]
    assert crossed(made, "10.30.0.5", "10.30.0.6") == [[]]


def test_the_default_route_and_static_routes_say_what_is_where() -> None:
    made = graph(CORE)
    assert crossed(made, internet(), "10.30.0.5") == [["Vlan30 out"]]
    assert crossed(made, "10.50.1.1", "10.30.0.5") == [["Vlan30 out"]]
    people = made.zone("switch:core:Vlan40")
    assert people is not None
    assert address_interval("10.50.0.0/16") in (people.networks or ())


def test_packets_to_the_switch_itself_meet_in_and_packets_from_it_no_list() -> None:
    made = graph(CORE)
    assert crossed(made, "10.30.0.5", "10.30.0.1") == [["Vlan30 in"]]
    assert crossed(made, "10.40.0.1", "10.30.0.5") == [[]]


def test_a_zone_has_the_names_people_use() -> None:
    zone = graph(CORE).zone("switch:core:Vlan30")
    assert zone is not None
    assert {"switch:Vlan30", "switch:SERVERS", "SERVERS"} <= set(zone.aliases)


def test_ios_permits_everything_by_a_list_that_is_missing_and_others_leave_it_open() -> None:
    servers = "interface Vlan30\n ip address 10.30.0.1 255.255.255.0\n ip access-group MISSING out\n"
    text = servers + "interface Vlan40\n ip address 10.40.0.1 255.255.255.0\n"
    assert through(graph("hostname a\n" + text), WEB) is True
    assert through(graph("feature acl\nhostname a\n" + text), WEB) is None
    assert through(graph("hostname a\nip access-list extended MISSING\n remark later\n" + text), WEB) is True


def test_the_later_of_two_lists_counts() -> None:
    changed = CORE.replace(" ip access-group TO-SERVERS out\n", " ip access-group TO-SERVERS out\n ip access-group OTHER out\n")
    assert through(graph(changed + "ip access-list extended OTHER\n deny ip any any\n"), WEB) is False
    assert through(graph(CORE.replace("interface Vlan40", " no ip access-group TO-SERVERS out\ninterface Vlan40")), WEB) is True


def test_an_interface_that_is_shut_carries_nothing() -> None:
    assert through(graph(CORE), WEB) is True
    assert through(graph(CORE.replace(" ip access-group TO-SERVERS out\n", " ip access-group TO-SERVERS out\n shutdown\n")), WEB) is False


MAP = """\
vlan access-map GUARD 10
 match ip address BAD
 action drop
vlan access-map GUARD 20
 action forward
vlan filter GUARD vlan-list 20-30
ip access-list extended BAD
 permit tcp any any eq 22
"""


def test_a_vlan_map_filters_what_stays_inside_its_vlan_and_what_is_routed() -> None:
    made = graph(CORE + MAP)
    assert through(made, "tcp 10.30.0.5:9 > 10.30.0.6:22") is False
    assert through(made, "tcp 10.30.0.5:9 > 10.30.0.6:80") is True
    assert crossed(made, "10.40.0.5", "10.30.0.5") == [["Vlan30 out", "VLAN map GUARD"]]
    assert crossed(made, "10.30.0.5", "10.40.0.5") == [["VLAN map GUARD", "Vlan30 in"]]


def test_behind_the_last_clause_a_map_drops_the_families_it_speaks_of() -> None:
    made = graph(CORE + MAP.replace("vlan access-map GUARD 20\n action forward\n", "").replace("action drop", "action forward"))
    assert through(made, "tcp 10.30.0.5:9 > 10.30.0.6:22") is True
    assert through(made, "tcp 10.30.0.5:9 > 10.30.0.6:80") is False


def test_what_a_clauses_list_denies_goes_on_to_the_next_clause() -> None:
    made = graph(CORE + MAP.replace(" permit tcp any any eq 22", " deny tcp host 10.30.0.5 any eq 22\n permit tcp any any eq 22"))
    assert through(made, "tcp 10.30.0.5:9 > 10.30.0.6:22") is True
    assert through(made, "tcp 10.30.0.7:9 > 10.30.0.6:22") is False


PORT = """\
interface GigabitEthernet1/0/1
 switchport access vlan 30
 ip access-group PORT in
ip access-list extended PORT
 permit tcp any any eq 80
"""


def test_a_list_at_a_port_may_be_met_nobody_knows_by_whom() -> None:
    made = graph(CORE + PORT)
    assert through(made, "tcp 10.30.0.5:9 > 10.30.0.6:80") is True
    assert through(made, "tcp 10.30.0.5:9 > 10.30.0.6:22") is None
    assert crossed(made, "10.30.0.5", "10.40.0.5") == [["GigabitEthernet1/0/1 in", "Vlan30 in"]]


def test_a_trunk_carries_the_vlans_it_is_told_to() -> None:
    trunk = "interface Port-channel1\n switchport mode trunk\n switchport trunk allowed vlan {}\n ip access-group PORT in\n"
    rules = "ip access-list extended PORT\n permit tcp any any eq 80\n"
    assert crossed(graph(CORE + trunk.format("30,31") + rules), "10.30.0.5", "10.30.0.6") == [["Port-channel1 in"]]
    assert crossed(graph(CORE + trunk.format("31-40") + rules), "10.30.0.5", "10.30.0.6") == [[]]


def test_each_vrf_is_a_router_of_its_own() -> None:
    made = graph(CORE + "interface Vlan50\n vrf forwarding GUEST\n ip address 10.60.0.1 255.255.255.0\n")
    assert {device.id for device in made.devices} == {"switch:core", "switch:core:vrf-GUEST"}
    assert made.zone("switch:core:Vlan50") is not None


def test_an_ipv4_list_says_nothing_about_ipv6() -> None:
    six = CORE.replace(" ip address 10.30.0.1 255.255.255.0\n", " ip address 10.30.0.1 255.255.255.0\n ipv6 address 2001:db8:30::1/64\n")
    (way,) = ways(graph(six), "2001:db8:40::5", "2001:db8:30::5")[:1]
    assert [permits(each.filter, "tcp [2001:db8:40::5]:9 > [2001:db8:30::5]:22") for each in way.crossings] == [True]
    (way,) = ways(graph(CORE), "10.40.0.5", "10.30.0.5")
    assert [permits(each.filter, "tcp [2001:db8:40::5]:9 > [2001:db8:30::5]:22") for each in way.crossings] == [False]


def test_both_families_are_filtered_by_their_own_lists() -> None:
    text = CORE.replace(
        " ip address 10.30.0.1 255.255.255.0\n",
        " ip address 10.30.0.1 255.255.255.0\n ipv6 address 2001:db8:30::1/64\n ipv6 traffic-filter SIX out\n",
    )
    made = graph(text + "ipv6 access-list SIX\n permit tcp any any eq 80\n")
    (way,) = ways(made, "2001:db8:40::5", "2001:db8:30::5")[:1]
    said = [[permits(each.filter, f"tcp [2001:db8:40::5]:9 > [2001:db8:30::5]:{port}") for each in way.crossings] for port in (80, 443)]
    assert said == [[True, True], [True, False]]
    assert through(made, WEB) is True


def test_two_switches_of_one_name_are_told_apart_by_their_files() -> None:
    from auditor.files import MemoryTree
    from auditor.formats.base import Options
    from auditor.formats.switch import FORMAT

    made = FORMAT.load(MemoryTree({"a.cfg": CORE, "b.cfg": CORE}), ["a.cfg", "b.cfg"], Options())
    assert {device.id for device in made.devices} == {"switch:a.cfg", "switch:b.cfg"}


def two(first: str, second: str) -> Graph:
    from auditor.files import MemoryTree
    from auditor.formats.base import Options
    from auditor.formats.switch import FORMAT

    files: dict[str, str | bytes] = {
        "a.cfg": first,
        "b.cfg": second.replace("hostname core", "hostname spare").replace("0.1 255", "0.2 255"),
    }
    return FORMAT.load(MemoryTree(files), ["a.cfg", "b.cfg"], Options())


def test_what_one_of_two_redundant_switches_denies_is_undecided() -> None:
    bare = CORE.replace(" ip access-group TO-SERVERS out\n", "")
    alike, different = two(CORE, CORE), two(CORE, bare)
    assert through(alike, "tcp 10.40.0.5:1024 > 10.30.0.5:22") is False
    assert through(different, "tcp 10.40.0.5:1024 > 10.30.0.5:22") is None
    assert through(different, WEB) is True
    assert "redundant-differs" in [note.trap for note in different.notes]
    assert "redundant-differs" not in [note.trap for note in alike.notes]


def test_two_switches_with_the_same_undecided_lines_filter_alike() -> None:
    timed = CORE.replace(" permit tcp any any eq 443\n", " permit tcp any any eq 443 time-range NIGHT\n") + "time-range NIGHT\n"
    assert "redundant-differs" not in [note.trap for note in two(timed + MAP, timed + MAP).notes]
    assert "redundant-differs" in [note.trap for note in two(timed + MAP, timed + MAP.replace("eq 22", "eq 23")).notes]


def test_a_route_to_another_switchs_network_is_no_second_way_into_it() -> None:
    far = "hostname core\ninterface Vlan99\n ip address 10.99.0.1 255.255.255.0\nip route 10.30.0.0 255.255.0.0 10.99.0.7\n"
    assert "redundant-differs" not in [note.trap for note in two(far, CORE).notes]


def test_a_link_between_two_switches_is_passed_from_end_to_end() -> None:
    link = "interface Vlan99\n ip address 10.99.0.{} 255.255.255.252\n ip access-group L in\nip access-list extended L\n {} ip any any\n"
    made = two("hostname core\n" + link.format(1, "permit"), "hostname core\n" + link.format(2, "deny"))
    assert "redundant-differs" not in [note.trap for note in made.notes]


REFLEXIVE = CORE.replace(" permit tcp any any established\n", " permit udp any any eq 53 reflect KNOWN\n permit ip any any\n").replace(
    " permit tcp any any eq 443\n", " evaluate KNOWN\n"
)


def test_a_reflexive_list_lets_answers_back_and_nothing_new() -> None:
    from auditor.model.packets import State

    (way,) = ways(graph(REFLEXIVE), "10.40.0.53", "10.30.0.5")
    (crossing,) = way.crossings
    answer = "udp 10.40.0.53:53 > 10.30.0.5:1024"
    assert permits(crossing.filter, answer, state=State.ESTABLISHED) is True
    assert permits(crossing.filter, answer) is False
    assert permits(crossing.filter, "udp 10.40.0.53:99 > 10.30.0.5:1024", state=State.ESTABLISHED) is False


def test_a_reflexive_list_is_undecided_where_the_list_that_remembers_is_not_applied_the_other_way() -> None:
    from auditor.model.packets import State

    (way,) = ways(graph(REFLEXIVE.replace(" ip access-group FROM-SERVERS in\n", "")), "10.40.0.53", "10.30.0.5")
    assert permits(way.crossings[0].filter, "udp 10.40.0.53:53 > 10.30.0.5:1024", state=State.ESTABLISHED) is None


def test_only_named_sources_reach_the_terminal_lines() -> None:
    made = graph(CORE + "access-list 10 permit 10.40.0.0 0.0.0.255\nline vty 0 15\n access-class 10 in\n")
    hook = next(hook for hook in made.hooks if hook.zone == "switch:core:self")
    assert permits(hook.filter, "tcp 10.40.0.5:9 > 10.30.0.1:22") is True
    assert permits(hook.filter, "tcp 10.30.0.5:9 > 10.30.0.1:22") is False
    assert permits(hook.filter, "udp 10.30.0.5:9 > 10.30.0.1:161") is None


def test_the_narrower_of_routes_that_hold_an_address_counts_among_any_number() -> None:
    routes = "".join(f"ip route 10.{100 + n // 256}.{n % 256}.0 255.255.255.0 10.30.0.7\n" for n in range(5000))
    made = graph(CORE + "ip route 10.96.0.0 255.224.0.0 10.40.0.254\n" + routes)
    held = {zone.label: zone.networks for zone in made.zones if zone.networks}
    behind = {name: [text for text in ("10.119.135.1", "10.119.136.1") if within(text, held[name])] for name in held}
    assert sorted(value for values in behind.values() for value in values) == ["10.119.135.1", "10.119.136.1"]
    assert ["10.119.135.1"] in behind.values()


def within(text: str, spans: tuple[tuple[int, int], ...] | None) -> bool:
    return any(low <= address_interval(text)[0] <= high for low, high in spans or ())


DROPS_WEB = """ip access-list extended WEB
 permit tcp any any eq 443
vlan access-map M 10
 match ip address WEB
 action drop
vlan access-map M 20
 action forward
"""
TWO_VLANS = "interface Vlan30\n ip address 10.0.30.1 255.255.255.0\ninterface Vlan40\n ip address 10.0.40.1 255.255.255.0\n"


def places(text: str) -> set[tuple[str, str]]:
    return {(hook.zone or "", hook.filter.name) for hook in graph("hostname sw\n" + TWO_VLANS + text).hooks}


@pytest.mark.parametrize("vlans", ["all", "1-4094", "30,40", "30 , 40"])
def test_a_vlan_map_stands_at_every_vlan_it_names(vlans: str) -> None:
    found = places(f"{DROPS_WEB}vlan filter M vlan-list {vlans}\n")
    assert found == {("switch:sw:Vlan30", "VLAN map M"), ("switch:sw:Vlan40", "VLAN map M")}


def test_vlans_of_a_map_that_cannot_be_read_are_said() -> None:
    assert "unparsed-entry" in traps(f"{TWO_VLANS}{DROPS_WEB}vlan filter M vlan-list some\n")


@pytest.mark.parametrize(
    ("port", "vlans"),
    [
        ("switchport trunk allowed vlan except 99", {30, 40}),
        ("switchport trunk allowed vlan 30,40\n switchport trunk allowed vlan remove 40", {30}),
        ("switchport trunk allowed vlan none\n switchport trunk allowed vlan add 40", {40}),
        ("switchport trunk allowed vlan all", {30, 40}),
        ("switchport trunk allowed vlan 99\n switchport trunk native vlan 30", {30}),
    ],
)
def test_a_trunks_list_is_met_in_the_vlans_it_carries(port: str, vlans: set[int]) -> None:
    found = places(f"access-list 101 permit ip any any\ninterface Gi1\n switchport mode trunk\n {port}\n ip access-group 101 in\n")
    assert {zone for zone, _ in found} == {f"switch:sw:Vlan{vlan}" for vlan in vlans}


def test_a_ports_list_is_met_by_its_voice_vlan_too() -> None:
    found = places(
        "access-list 101 permit ip any any\ninterface Gi1\n switchport access vlan 40\n switchport voice vlan 30\n ip access-group 101 in\n"
    )
    assert {zone for zone, _ in found} == {"switch:sw:Vlan30", "switch:sw:Vlan40"}


def test_commands_may_be_shortened() -> None:
    text = "int vl30\nip addr 10.0.30.1 255.255.255.0\nip access-gr WEB in\nip access-l ext WEB\npermit tcp any any eq 443\n"
    assert FORMAT.claims("notes.txt", b"int vl30\nip access-l ext WEB\n")
    assert [(hook.label, hook.filter.name) for hook in graph(text).hooks] == [("Vlan30 in", "access list WEB")]


def test_the_terminal_lines_decide_about_the_switchs_own_addresses() -> None:
    text = "access-list 10 permit 10.0.40.0 0.0.0.255\nline vty 0 4\n access-class 10 in\n"
    made = graph("hostname sw\n" + TWO_VLANS + text)
    found = [
        [crossing.filter.name for crossing in way.crossings]
        for way in made.ways(
            Endpoint("admin", addresses=(address_interval("10.0.30.5"),), exact=True),
            Endpoint("switch", addresses=(address_interval("10.0.30.1"),), exact=True),
        )
    ]
    assert found == [["access to the terminal lines"]]


@pytest.mark.parametrize(
    ("line", "rest", "answer"),
    [
        (" zone-member security INSIDE\n", "", None),
        (" traffic-policy input T\n", "", None),
        (" service-policy output P\n", "policy-map P\n class C\n  drop\n", None),
        (" service-policy output P\n", "policy-map P\n class C\n  set dscp ef\n", True),
        (" service-policy input P\n", "policy-map P\n class C\n  drop\n", True),
        (" service-policy output P\n no service-policy output P\n", "policy-map P\n class C\n  drop\n", True),
    ],
)
def test_what_is_no_access_list_may_drop_at_an_interface(line: str, rest: str, answer: bool | None) -> None:
    text = CORE.replace(" ip access-group TO-SERVERS out\n", f" ip access-group TO-SERVERS out\n{line}")
    assert through(graph(text + rest), WEB) is answer


def test_a_list_that_interfaces_have_in_common_may_deny_before_their_own() -> None:
    text = CORE.replace("ip access-group TO-SERVERS out", "ip access-group common ALL TO-SERVERS out")
    assert through(graph(text), WEB) is None
    assert "undefined-acl" not in traps(text)
