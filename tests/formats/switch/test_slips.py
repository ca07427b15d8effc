"""A command that is a slip away from one that filters, or filters in a form that is not read, is told; other commands are not."""

from __future__ import annotations

import pytest

from auditor.model.filters import Undecided
from tests.formats.switch.samples import graph, traps

LIST = "ip access-list extended L\n permit tcp any any eq 443\n"
SVI = "interface Vlan30\n ip address 10.30.0.1 255.255.255.0\n"


def told(text: str) -> list[int]:
    return [note.span.line for note in graph(text).notes if note.trap in ("unread-command", "unparsed-entry")]


@pytest.mark.parametrize(
    "line",
    [
        "ip acess-group L in",
        "ip access-groups L in",
        "ip access-group L",
        "ip access-group L inn",
        "ipv4 access-group L ingress",
        "access-group L in",
        "ipv6 traffic-filtr L in",
        "ip port acess-group L in",
        "ip adress 10.31.0.1 255.255.255.0",
        "service-polcy input P",
        "service-policy inptu P",
        "zone-membr security inside",
        "switchport acess vlan 30",
        "switchport trunk alowed vlan 30",
        "vrf forwardng A",
        "shutdwon",
    ],
)
def test_a_slip_below_an_interface_is_told(line: str) -> None:
    assert told(f"{SVI} {line}\n{LIST}") == [3]


@pytest.mark.parametrize(
    "lines",
    [
        "speed 1000\n description ip acess-group L in\n spanning-tree portfast\n channel-group 1 mode active",
        "ip accounting access-violations\n ip helper-address 10.0.0.1\n access-group mode prefer port\n access-session closed",
        "authentication port-control auto\n storm-control broadcast level 1\n ip policy route-map access-grp\n bridge-group 1",
        "ip access-group L in\n no ip access-group\n no ip acess-group L in\n mac access-group M in\n mac port access-group M",
        "switchport mode trunk\n switchport trunk allowed vlan 30\n switchport voice vlan 40\n switchport port-security violation restrict",
        "vrf forwarding A\n ip vrf forwarding A\n ip unnumbered Loopback0\n ip verify unicast source reachable-via rx\n ip router isis",
    ],
)
def test_commands_of_other_matters_are_not_told(lines: str) -> None:
    assert "unread-command" not in traps(f"{SVI} {lines}\n{LIST}")


@pytest.mark.parametrize("line", ["ip acess-group L in", "ip access-group L", "service-polcy input P"])
def test_what_a_slip_was_to_filter_is_undecided(line: str) -> None:
    filters = [hook.filter for hook in graph(f"{SVI} {line}\n{LIST}").hooks]
    assert any(isinstance(rule.condition, Undecided) for filter_ in filters for rule in filter_.rules)


@pytest.mark.parametrize(
    "header",
    [
        "ip acess-list extended M\n permit ip any any",
        "ipv4 access-list M\n permit ip any any",
        "acces-list 101 permit ip any any",
        "access-lis 101 permit ip any any",
        "interfce Vlan40\n ip access-group L in",
        "object-gruop network N\n host 10.0.0.1",
        "vlan acess-map M 10\n match ip address L",
        "vlan filtr M vlan-list 30",
        "vlan filter M vlan-lsit 30",
        "line vyt 0 4\n access-class 1 in",
        "contrl-plane\n service-policy input P",
        "ip rotue 10.9.0.0 255.255.0.0 10.30.0.2",
        "ip access-group L in",
    ],
)
def test_a_slip_at_the_margin_is_told(header: str) -> None:
    assert told(f"{LIST}{SVI} ip access-group L in\nhostname sw\n{header}\n") == [7]


@pytest.mark.parametrize(
    "line",
    [
        "ip routing",
        "ip as-path access-list 1 permit .*",
        "ip prefix-list P permit 10.0.0.0/8",
        "ip domain name x",
        "vlan internal allocation policy ascending",
        "vlan configuration 30",
        "line con 0",
        "line 0 4",
        "line default",
        "class-map M",
        "ip accounting-threshold 10",
        "ip community-list 1 permit 1:1",
        "ntp access-group peer 10",
        "mac address-table aging-time 10",
        "access-session attributes filter-list list X",
        "arp timeout 10",
        "ipv6 router ospf 1",
    ],
)
def test_other_commands_at_the_margin_are_not_told(line: str) -> None:
    assert told(f"{LIST}{SVI} ip access-group L in\n{line}\n") == []


@pytest.mark.parametrize(
    ("block", "line"),
    [
        ("line vty 0 4", "access-clas 1 in"),
        ("line vty 0 4", "access-class 1"),
        ("line vty 0 4", "ipv6 access-class A inn"),
        ("control-plane", "service-polcy input P"),
        ("system control-plane", "ip acess-group L in"),
        ("vlan access-map M 10", "match ip adress L"),
        ("vlan access-map M 10", "acton drop"),
        ("vlan access-map M 10", "match ip address"),
    ],
)
def test_a_slip_below_what_else_filters_is_told(block: str, line: str) -> None:
    assert 4 in told(f"access-list 1 permit any\nhostname sw\n{block}\n {line}\n")


def test_lists_for_what_begins_on_the_switch_are_not_told() -> None:
    assert told("access-list 1 permit any\nline vty 0 4\n access-class 1 in\n access-class 2 out\n ipv6 access-class A in\n") == []


def test_a_list_for_one_vrf_leaves_open_who_may_log_in() -> None:
    text = "management ssh\n   ip access-group L vrf MGMT in\nip access-list L\n   10 permit ip 10.0.0.0/8 any\n"
    (filter_,) = [each.filter for each in graph(SVI + text).hooks if each.filter.name == "access to the terminal lines"]
    assert all(isinstance(rule.condition, Undecided) for rule in filter_.rules)


@pytest.mark.parametrize("line", ["deni ip any any", "20 permt udp any any", "eveluate R"])
def test_a_slip_in_a_list_that_is_not_indented_keeps_the_lines_below_it(line: str) -> None:
    text = f"ip access-list extended L\npermit tcp any any eq 443\n{line}\npermit udp any any eq 53\n"
    made = graph(text)
    assert told(text) == [3]
    assert [rule.span.line for rule in made.filters[0].rules][-1] == 4
