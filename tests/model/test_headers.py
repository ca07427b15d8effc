"""Packets by their names: services, addresses and packets as text a person reads, and texts as addresses."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.headers import (
    ANYWHERE,
    IPV4,
    PUBLIC,
    Protocol,
    address_interval,
    address_text,
    addresses_text,
    destinations,
    icmp,
    intersect_intervals,
    merge_intervals,
    packet_text,
    ports,
    protocol_set,
    protocol_text,
    services_text,
    sources,
    subtract_intervals,
)
from auditor.model.packets import EVERYTHING, NOTHING, V4_MAX, V6_BASE, Field, Packet, field_set


def test_a_network_is_its_first_to_its_last_address() -> None:
    assert address_interval("10.0.1.0/24") == (10 * 2**24 + 256, 10 * 2**24 + 511)


def test_the_host_bits_of_a_network_are_masked_away() -> None:
    assert address_interval("10.0.1.7/24") == address_interval("10.0.1.0/24")


def test_ipv6_addresses_come_after_all_of_ipv4() -> None:
    assert address_interval("::") == (V4_MAX + 1, V4_MAX + 1)


def test_a_range_is_its_two_addresses_and_all_between() -> None:
    assert address_interval("0.0.0.3 - 0.0.0.9") == (3, 9)


@pytest.mark.parametrize("text", ["0.0.0.9-0.0.0.3", "10.0.0.1-fd00::1", "fd00::1-10.0.0.1"])
def test_reversed_ranges_and_ranges_of_two_families_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no range of addresses"):
        address_interval(text)


@pytest.mark.parametrize("text", ["", "lan", "10.0.0", "10.0.0.0/33", "10.0.0.1-"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not appear to be"):
        address_interval(text)


def test_intervals_that_touch_are_merged() -> None:
    assert merge_intervals([(5, 9), (0, 4), (20, 30)]) == ((0, 9), (20, 30))


def test_intervals_are_subtracted_and_intersected() -> None:
    assert subtract_intervals([(0, 9)], [(3, 4)]) == ((0, 2), (5, 9))
    assert intersect_intervals([(0, 9)], [(3, 4), (8, 12)]) == ((3, 4), (8, 9))


SOME = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=6)


@given(SOME, SOME)
def test_intervals_are_the_sets_of_their_values(a: list[tuple[int, int]], b: list[tuple[int, int]]) -> None:
    values = [{value for low, high in intervals for value in range(low, high + 1)} for intervals in (a, b)]
    found = merge_intervals(a), subtract_intervals(a, b), intersect_intervals(a, b)
    for intervals, expected in zip(found, (values[0], values[0] - values[1], values[0] & values[1]), strict=True):
        assert {value for low, high in intervals for value in range(low, high + 1)} == expected
        assert all(earlier[1] + 1 < later[0] for earlier, later in pairwise(intervals))


@pytest.mark.parametrize("text", ["10.0.2.7", "255.255.255.255", "::", "2001:db8::7"])
def test_an_address_reads_back_as_it_was_written(text: str) -> None:
    assert address_text(address_interval(text)[0]) == text


@pytest.mark.parametrize("text", ["10.0.2.7", "10.0.0.0/8", "0.0.0.0/0", "fd00::/8", "::/0", "0.0.0.0-0.0.0.5", "10.0.0.1-10.0.0.2"])
def test_an_interval_is_told_as_a_network_where_it_is_one_and_as_a_range_otherwise(text: str) -> None:
    assert addresses_text([address_interval(text)]) == text


def test_all_addresses_are_anywhere_and_the_public_ones_the_internet() -> None:
    assert addresses_text(ANYWHERE) == "anywhere"
    assert addresses_text(PUBLIC) == "the internet"
    assert addresses_text(intersect_intervals(PUBLIC, [IPV4])) == "the internet, IPv4"


@pytest.mark.parametrize(
    ("text", "public"),
    [("8.8.8.8", True), ("203.0.113.9", True), ("100.64.0.1", False), ("198.18.0.1", False), ("2001:db8::1", True), ("4000::1", False)],
)
def test_public_is_what_registries_give_away_and_what_examples_use_for_it(text: str, public: bool) -> None:
    assert bool(intersect_intervals(PUBLIC, [address_interval(text)])) is public


def test_an_interval_over_the_seam_of_the_families_is_told_in_two_parts() -> None:
    assert addresses_text([(V4_MAX, V6_BASE)]) == "255.255.255.255, ::"


def test_a_long_list_of_networks_is_cut_and_the_rest_counted() -> None:
    assert addresses_text([(n, n) for n in range(0, 14, 2)], most=2) == "0.0.0.0, 0.0.0.2 and 5 more"
    assert addresses_text([(0, 0), (2, 2)], most=2) == "0.0.0.0, 0.0.0.2"


def test_icmp_is_of_any_type_and_code_unless_they_are_given() -> None:
    assert icmp() is protocol_set(Protocol.ICMP)
    assert icmp(Protocol.ICMPV6) is protocol_set(Protocol.ICMPV6)


def test_an_icmp_type_without_code_holds_all_its_codes() -> None:
    assert icmp(type_=3).values(Field.DESTINATION_PORT) == ((3 * 256, 3 * 256 + 255),)


def test_an_icmp_type_with_code_holds_that_code_alone() -> None:
    assert icmp(type_=3, code=4).values(Field.DESTINATION_PORT) == ((3 * 256 + 4, 3 * 256 + 4),)
    assert icmp(type_=3, code=0).values(Field.DESTINATION_PORT) == ((3 * 256, 3 * 256),)


def test_an_icmp_code_without_type_holds_the_code_of_every_type() -> None:
    held = icmp(code=4).values(Field.DESTINATION_PORT)
    assert held == tuple((kind * 256 + 4, kind * 256 + 4) for kind in range(256))


def test_sources_and_destinations_are_told_apart() -> None:
    packet = {Field.SOURCE: 5, Field.DESTINATION: 7}
    assert packet in sources([(5, 5)])
    assert packet not in destinations([(5, 5)])
    assert packet in destinations([(7, 7)])


def test_a_protocol_is_told_by_its_name_or_its_number() -> None:
    assert protocol_text(17) == "udp"
    assert protocol_text(99) == "99"


A, B, A6, B6 = (address_interval(text)[0] for text in ("10.0.1.5", "10.0.2.7", "fd00::5", "fd00::7"))


@pytest.mark.parametrize(
    ("packet", "text"),
    [
        (
            {Field.PROTOCOL: 6, Field.SOURCE: A, Field.DESTINATION: B, Field.SOURCE_PORT: 49152, Field.DESTINATION_PORT: 2379},
            "tcp 10.0.1.5:49152 → 10.0.2.7:2379",
        ),
        ({Field.PROTOCOL: 17, Field.SOURCE: A6, Field.DESTINATION: B6, Field.DESTINATION_PORT: 53}, "udp [fd00::5]:0 → [fd00::7]:53"),
        ({Field.PROTOCOL: 1, Field.SOURCE: A, Field.DESTINATION: B, Field.DESTINATION_PORT: 772}, "icmp type 3 code 4 10.0.1.5 → 10.0.2.7"),
        ({Field.PROTOCOL: 47, Field.SOURCE: A, Field.DESTINATION: B}, "gre 10.0.1.5 → 10.0.2.7"),
        ({Field.PROTOCOL: 99, Field.SOURCE: A, Field.DESTINATION: B}, "protocol 99 10.0.1.5 → 10.0.2.7"),
    ],
)
def test_a_packet_is_told_in_a_line(packet: Packet, text: str) -> None:
    assert packet_text(packet) == text


def test_services_are_told_by_protocol_and_port_whatever_the_addresses() -> None:
    held = (ports(Protocol.UDP, [(53, 54)]) | ports(Protocol.TCP, [(22, 22)]) | icmp()) & sources([IPV4])
    assert services_text(held) == ("icmp", "tcp/22", "udp/53-54")


def test_protocols_without_a_name_are_told_last_by_their_number() -> None:
    assert services_text(protocol_set(3) | protocol_set(Protocol.TCP)) == ("tcp", "protocol 3")


def test_icmp_services_are_told_by_type() -> None:
    assert services_text(icmp(type_=3)) == ("icmp/type 3",)
    assert services_text(icmp(type_=3) | icmp(type_=4)) == ("icmp/types 3-4",)


def test_every_service_is_any_even_where_the_other_familys_icmp_is_left_out() -> None:
    assert services_text(EVERYTHING) == ("any",)
    assert services_text(~protocol_set(Protocol.ICMPV6)) == ("any",)
    assert services_text(~protocol_set(Protocol.TCP)) != ("any",)


def test_no_packet_is_no_service() -> None:
    assert services_text(NOTHING) == ()


def test_many_protocols_in_a_row_are_told_as_a_range() -> None:
    assert services_text(protocol_set(*range(20))) == ("protocols 0-19",)
    assert services_text(field_set(Field.DESTINATION_PORT, [(53, 53)])) == ("any protocol to port 53",)


def test_a_long_list_of_services_is_cut_and_marked_as_cut() -> None:
    held = ports(Protocol.TCP, [(1, 1), (3, 3), (5, 5)])
    assert services_text(held, most=2) == ("tcp/1", "tcp/3", "…")
    assert services_text(held, most=3) == ("tcp/1", "tcp/3", "tcp/5")
