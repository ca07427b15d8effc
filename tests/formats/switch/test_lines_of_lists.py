"""What one line of a list matches, on literal packets."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.formats.switch import ends
from auditor.model.headers import TcpFlag
from tests.formats.switch.samples import extended, graph, listed, permits, six, traps

SYN, ACK, RST = TcpFlag.SYN, TcpFlag.ACK, TcpFlag.RST


def test_a_list_ends_in_a_denial() -> None:
    rules = extended("permit tcp any any eq 443")
    assert permits(rules, "tcp 10.0.0.1:1024 > 10.0.0.2:443") is True
    assert permits(rules, "tcp 10.0.0.1:1024 > 10.0.0.2:80") is False


def test_the_first_port_is_the_sources_and_the_second_the_destinations() -> None:
    assert permits(extended("permit tcp any eq 443 any"), "tcp 10.0.0.1:443 > 10.0.0.2:9") is True
    assert permits(extended("permit tcp any eq 443 any"), "tcp 10.0.0.1:9 > 10.0.0.2:443") is False
    assert permits(extended("permit tcp any any eq 443"), "tcp 10.0.0.1:9 > 10.0.0.2:443") is True


@pytest.mark.parametrize(
    ("operator", "inside", "outside"),
    [
        ("eq 80", (80,), (79, 81)),
        ("eq 80 443 8080", (80, 443, 8080), (81, 442)),
        ("neq 25", (24, 26), (25,)),
        ("neq 25 80", (24, 79), (25, 80)),
        ("gt 1023", (1024, 65535), (1023,)),
        ("lt 1024", (0, 1023), (1024,)),
        ("range 20 25", (20, 25), (19, 26)),
        ("eq www", (80,), (443,)),
        ("gt 65535", (), (65535,)),
        ("lt 0", (), (0,)),
    ],
)
def test_an_operator_matches_its_ports(operator: str, inside: tuple[int, ...], outside: tuple[int, ...]) -> None:
    rules = extended(f"permit tcp any any {operator}")
    assert all(permits(rules, f"tcp 10.0.0.1:9 > 10.0.0.2:{port}") for port in inside)
    assert not any(permits(rules, f"tcp 10.0.0.1:9 > 10.0.0.2:{port}") for port in outside)


def test_a_name_is_looked_up_for_the_lines_protocol() -> None:
    assert permits(extended("permit udp any any eq ntp"), "udp 10.0.0.1:9 > 10.0.0.2:123") is True
    assert traps("ip access-list extended L\n permit tcp any any eq ntp\n") == ["unparsed-entry"]


def test_established_is_tcp_with_ack_or_rst_and_never_a_first_packet() -> None:
    rules = extended("permit tcp any any established")
    said = {flags: permits(rules, "tcp 10.0.0.1:443 > 10.0.0.2:1024", flags) for flags in (SYN, ACK, RST, SYN | ACK, 0)}
    assert said == {SYN: False, ACK: True, RST: True, SYN | ACK: True, 0: False}


def test_a_flag_by_name_asks_for_that_flag_alone() -> None:
    rules = extended("deny tcp any any syn", "permit ip any any")
    assert permits(rules, "tcp 10.0.0.1:9 > 10.0.0.2:80", SYN | ACK) is False
    assert permits(rules, "tcp 10.0.0.1:9 > 10.0.0.2:80", ACK) is True


def test_match_all_asks_for_flags_that_are_set_and_that_are_not() -> None:
    rules = extended("permit tcp any any match-all +syn -ack")
    assert permits(rules, "tcp 10.0.0.1:9 > 10.0.0.2:80", SYN) is True
    assert permits(rules, "tcp 10.0.0.1:9 > 10.0.0.2:80", SYN | ACK) is False


def test_a_wildcard_of_low_ones_is_a_network() -> None:
    rules = extended("permit ip 10.1.2.0 0.0.0.255 any")
    assert permits(rules, "tcp 10.1.2.255:9 > 10.0.0.2:80") is True
    assert permits(rules, "tcp 10.1.3.0:9 > 10.0.0.2:80") is False


def test_a_wildcard_with_holes_matches_bit_by_bit() -> None:
    rules = extended("permit ip 10.0.7.0 0.255.0.255 any")
    assert permits(rules, "tcp 10.99.7.1:9 > 10.0.0.2:80") is True
    assert permits(rules, "tcp 10.99.8.1:9 > 10.0.0.2:80") is False
    assert permits(extended("permit ip 10.0.0.1 0.0.255.254 any"), "tcp 10.0.9.7:9 > 10.0.0.2:80") is True
    assert permits(extended("permit ip 10.0.0.1 0.0.255.254 any"), "tcp 10.0.9.8:9 > 10.0.0.2:80") is False


@given(st.integers(0, 2**32 - 1), st.sets(st.integers(0, 31), max_size=12), st.integers(0, 2**32 - 1))
def test_a_wildcard_holds_exactly_the_addresses_that_agree_where_it_is_zero(address: int, ones: set[int], other: int) -> None:
    wild = sum(1 << bit for bit in ones)
    held = ends.wildcard(address, wild)
    assert held is not None
    for candidate in (other, address, (address & ~wild) | (other & wild)):
        assert any(low <= candidate <= high for low, high in held) == ((candidate ^ address) & ~wild & 0xFFFFFFFF == 0)


def test_a_wildcard_of_too_many_pieces_is_undecided() -> None:
    assert ends.wildcard(0, 0x55555555 & ~1 | 0xAA000000) is None
    assert permits(extended("permit ip 10.0.0.0 85.85.85.254 any"), "tcp 10.0.0.1:9 > 10.0.0.2:80") in (None, True)
    assert permits(extended("permit ip 10.0.0.0 255.255.255.0 any"), "tcp 10.0.0.1:9 > 10.0.0.2:80") is None


@given(st.integers(0, 32))
def test_a_prefix_is_the_network_of_its_length(length: int) -> None:
    network = ipaddress.ip_network(f"198.51.100.7/{length}", strict=False)
    assert ends.prefix(f"198.51.100.7/{length}") == (int(network.network_address), int(network.broadcast_address))


def test_any_protocol_is_any_and_a_number_is_that_one() -> None:
    assert permits(extended("permit ip any any"), "gre 10.0.0.1 > 10.0.0.2") is True
    assert permits(extended("permit 47 any any"), "gre 10.0.0.1 > 10.0.0.2") is True
    assert permits(extended("permit 47 any any"), "tcp 10.0.0.1:9 > 10.0.0.2:80") is False


def test_icmp_is_matched_by_type_and_code() -> None:
    assert permits(extended("permit icmp any any echo"), "icmp 10.0.0.1 > 10.0.0.2:8") is True
    assert permits(extended("permit icmp any any echo"), "icmp 10.0.0.1 > 10.0.0.2:0") is False
    assert permits(extended("permit icmp any any 3 4"), "icmp 10.0.0.1 > 10.0.0.2:3") is False


def test_icmp_of_an_ipv6_list_is_icmpv6() -> None:
    rules = six("permit icmp any any echo-request")
    assert permits(rules, "icmpv6 [2001:db8::1] > [2001:db8::2]:128") is True
    assert permits(rules, "icmpv6 [2001:db8::1] > [2001:db8::2]:129") is False


def test_ios_permits_neighbour_discovery_behind_an_ipv6_list_unless_all_is_denied_before() -> None:
    solicitation = "icmpv6 [2001:db8::1] > [2001:db8::2]:135"
    assert permits(six("permit tcp any any eq 443"), solicitation) is True
    assert permits(six("permit tcp any any eq 443", "deny ipv6 any any"), solicitation) is False
    assert permits(listed("! device: leaf (DCS-7050, EOS-4.30)\nipv6 access-list L\n permit tcp any any eq 443\n"), solicitation) is False
    assert permits(listed("feature bgp\nipv6 access-list L\n permit tcp any any eq 443\n"), solicitation) is None


def test_a_prefix_of_nxos_and_eos_is_masked() -> None:
    rules = listed("feature bgp\nip access-list L\n 10 permit ip 10.1.2.3/24 any\n")
    assert permits(rules, "tcp 10.1.2.200:9 > 10.0.0.2:80") is True


def test_a_standard_list_asks_for_the_source_alone() -> None:
    rules = listed("access-list 10 permit 10.1.2.0 0.0.0.255\naccess-list 10 permit 10.9.9.9\n")
    assert permits(rules, "udp 10.1.2.7:9 > 192.0.2.1:53") is True
    assert permits(rules, "udp 10.9.9.9:9 > 192.0.2.1:53") is True
    assert permits(rules, "udp 10.9.9.8:9 > 192.0.2.1:53") is False


@pytest.mark.parametrize(
    "option", ["dscp ef", "precedence critical", "ttl eq 255", "packet-length range 500 600", "tos 4", "option any-options"]
)
def test_what_addresses_and_ports_do_not_tell_is_undecided(option: str) -> None:
    assert permits(extended(f"permit tcp any any {option}"), "tcp 10.0.0.1:9 > 10.0.0.2:80") is None
    assert permits(extended(f"permit tcp any any {option}"), "udp 10.0.0.1:9 > 10.0.0.2:80") is False


def test_a_time_range_leaves_its_line_undecided() -> None:
    rules = listed("time-range OFFICE\n!\nip access-list extended L\n deny tcp any any time-range OFFICE\n permit ip any any\n")
    assert permits(rules, "tcp 10.0.0.1:9 > 10.0.0.2:80") is None
    assert permits(rules, "udp 10.0.0.1:9 > 10.0.0.2:80") is True


def test_a_log_changes_nothing() -> None:
    assert permits(extended("permit tcp any any eq 443 log-input"), "tcp 10.0.0.1:9 > 10.0.0.2:443") is True


def test_a_line_about_later_fragments_says_nothing_about_whole_packets() -> None:
    assert permits(extended("deny ip any any fragments", "permit ip any any"), "tcp 10.0.0.1:9 > 10.0.0.2:80") is True


def test_a_line_that_cannot_be_read_may_match_anything() -> None:
    rules = extended("permit tcp any any eq 443", "deny tcp any any frobnicate", "permit ip any any")
    assert permits(rules, "tcp 10.0.0.1:9 > 10.0.0.2:443") is True
    assert permits(rules, "tcp 10.0.0.1:9 > 10.0.0.2:80") is None


def test_what_is_no_line_at_all_may_permit_and_deny() -> None:
    rules = extended("frobnicate everything", "deny ip any any")
    assert permits(rules, "tcp 10.0.0.1:9 > 10.0.0.2:443") is None
    rules = extended("frobnicate everything", "permit ip any any")
    assert permits(rules, "tcp 10.0.0.1:9 > 10.0.0.2:443") is None


def test_a_refusal_points_at_the_word() -> None:
    (note,) = graph("ip access-list extended L\n permit tcp any any eq 443 frobnicate\n").notes
    assert (note.span.line, note.span.column, note.span.end_column) == (2, 28, 38)


def test_a_line_keeps_its_place_and_text() -> None:
    (rule,) = extended("permit tcp any any eq 443  ! the web").rules
    assert (rule.span.line, rule.span.column, rule.span.end_column) == (2, 2, 27)
    assert rule.text == "permit tcp any any eq 443"
