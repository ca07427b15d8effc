"""An uplink that nothing filters, at a switch that filters elsewhere."""

from __future__ import annotations

import pytest

from tests.formats.switch.samples import graph

LISTS = """\
ip access-list extended L
 permit tcp any any eq 443
interface Vlan30
 ip address 10.30.0.1 255.255.255.0
 ip access-group L in
"""
UPLINK = "interface Gi0/1\n ip address 203.0.113.2 255.255.255.252\n{}ip route 0.0.0.0 0.0.0.0 203.0.113.1\n"
SERVERS = "interface Vlan20\n ip address 198.51.100.1 255.255.255.0\n{}"


def told(text: str) -> list[str]:
    return [note.message for note in graph(text).notes if note.trap == "unfiltered"]


def test_an_uplink_and_a_public_network_without_lists_are_told_at_a_switch_that_has_some() -> None:
    (said,) = told(LISTS + UPLINK.format("") + SERVERS.format(""))
    assert "comes in by Gi0/1" in said
    assert "goes on to Vlan20:" in said


def test_one_remark_names_the_first_of_many_networks() -> None:
    more = "interface Vlan21\n ip address 192.0.2.1 255.255.255.0\n"
    (said,) = told(LISTS + UPLINK.format("") + SERVERS.format("") + more)
    assert "Vlan20 and 1 more:" in said


@pytest.mark.parametrize(
    "text",
    [
        UPLINK.format("") + SERVERS.format(""),
        LISTS + UPLINK.format(" ip access-group L in\n") + SERVERS.format(""),
        LISTS + UPLINK.format("") + SERVERS.format(" ip access-group L out\n"),
        LISTS + UPLINK.format("") + SERVERS.format(" shutdown\n"),
        LISTS + UPLINK.format(""),
        LISTS + UPLINK.format("").replace("203.0.113", "10.0.0") + SERVERS.format(""),
        LISTS + UPLINK.format("").replace("ip route 0.0.0.0 0.0.0.0", "ip route 192.0.2.0 255.255.255.0") + SERVERS.format(""),
    ],
    ids=["no lists", "in", "out", "down", "private behind", "private before", "no default route"],
)
def test_what_is_filtered_or_not_reached_from_the_internet_is_not_told(text: str) -> None:
    assert told(text) == []


def test_a_router_of_its_own_inside_a_switch_is_asked_for_itself() -> None:
    inside = UPLINK.replace("interface Gi0/1\n", "interface Gi0/1\n vrf forwarding red\n").replace("ip route", "ip route vrf red")
    assert told(LISTS + inside.format("") + SERVERS.format("")) == []
