"""What filters packets to the switch itself: control-plane lists of EOS, and policies that police."""

from __future__ import annotations

import pytest

from tests.formats.switch.samples import graph, permits, traps

EOS = """\
! device: leaf (DCS-7050, EOS-4.30.1F)
hostname leaf
interface Vlan30
   ip address 10.30.0.1/24
interface Vlan40
   vrf MGMT
   ip address 10.40.0.1/24
ip access-list CP
   10 permit tcp 10.30.0.0/24 any eq ssh
   20 permit icmp any any
"""
APPLIED = EOS + "system control-plane\n   ip access-group CP in\n"
SSH, WEB = "tcp 10.30.0.5:1024 > 10.30.0.1:22", "tcp 10.30.0.5:1024 > 10.30.0.1:443"


def to_itself(text: str, packet: str, zone: str = "switch:leaf:self") -> bool | None:
    said = [permits(hook.filter, packet) for hook in graph(text).hooks if hook.zone == zone]
    return False if False in said else None if None in said else True


@pytest.mark.parametrize(("packet", "answer"), [(SSH, True), (WEB, False), ("tcp 10.40.0.5:1024 > 10.30.0.1:22", False)])
def test_the_list_of_the_control_plane_decides_who_reaches_the_switch(packet: str, answer: bool) -> None:
    assert to_itself(APPLIED, packet) is answer


def test_a_list_of_one_family_or_router_leaves_the_others_to_the_systems_own() -> None:
    assert to_itself(APPLIED, "tcp [2001:db8::5]:1024 > [2001:db8::1]:22") is None
    assert to_itself(APPLIED, WEB, "switch:leaf:vrf-MGMT:self") is None
    in_vrf = APPLIED.replace("CP in", "CP vrf MGMT in")
    assert to_itself(in_vrf, WEB) is None
    assert to_itself(in_vrf, WEB, "switch:leaf:vrf-MGMT:self") is False


def test_without_a_list_the_system_has_one_of_its_own() -> None:
    assert to_itself(EOS, WEB) is None
    assert to_itself(APPLIED + "   no ip access-group CP in\n", WEB) is None
    assert to_itself(EOS + "system control-plane\n   ip access-group default-control-plane-acl in\n", WEB) is None


def test_the_list_forgets_what_it_let_through() -> None:
    assert {hook.stateful for hook in graph(APPLIED).hooks if hook.zone == "switch:leaf:self"} == {False}


def test_a_list_of_the_control_plane_is_used_and_one_that_is_not_there_is_missed() -> None:
    assert "unused-definition" not in traps(APPLIED)
    assert "undefined-acl" in traps(APPLIED.replace("group CP", "group GONE"))


def test_a_policy_may_drop_what_it_limits() -> None:
    ios = "version 17.9\nhostname leaf\ninterface Vlan30\n ip address 10.30.0.1 255.255.255.0\n"
    assert to_itself(ios, WEB) is True
    assert to_itself(ios + "control-plane\n service-policy input COPP\n", WEB) is None
    assert to_itself(ios + "control-plane\n service-policy input system-cpp-policy\n", WEB) is True
