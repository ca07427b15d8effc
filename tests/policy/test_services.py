"""Services as documents write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.policy.services import Protocol, Service, parse_service


def test_a_range_of_ports_is_inclusive() -> None:
    assert parse_service("tcp/2379-2380") == Service(Protocol.TCP, ((2379, 2380),))


def test_ports_that_touch_are_one_range() -> None:
    assert parse_service("tcp/443,80,81").ports == ((80, 81), (443, 443))


def test_a_source_port_follows_from() -> None:
    assert parse_service("udp/67 from 68") == Service(Protocol.UDP, ((67, 67),), ((68, 68),))


def test_an_icmp_type_has_its_number_in_its_own_family() -> None:
    assert parse_service("icmp/echo-request").icmp_type == 8
    assert parse_service("icmpv6/echo-request").icmp_type == 128


def test_a_protocol_alone_is_all_of_it() -> None:
    assert parse_service("TCP") == Service(Protocol.TCP)
    assert parse_service("any") == Service(Protocol.ANY)


@pytest.mark.parametrize(
    "text",
    ["", "tcp/70000", "tcp/20-10", "any/53", "icmp/53 from 1", "icmp/nonsense", "sctp/1", "tcp/", "icmp/256", "tcp/1 from x"],
)
def test_what_is_no_service_is_refused_with_the_text(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no|has no ports|where ports are meant"):
        parse_service(text)


@pytest.mark.parametrize("protocol", ["tcp", "icmp"])
def test_a_number_beyond_all_bounds_is_refused(protocol: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        parse_service(f"{protocol}/{'9' * 5000}")


ports = st.tuples(st.integers(0, 65535), st.integers(0, 65535)).map(lambda pair: f"{min(pair)}-{max(pair)}")
transports = st.builds(
    lambda protocol, to, origin: f"{protocol}/{','.join(to)}" + (f" from {origin}" if origin else ""),
    st.sampled_from(["tcp", "udp"]),
    st.lists(ports, min_size=1, max_size=3),
    st.none() | ports,
)
icmps = st.builds(lambda protocol, type_: f"{protocol}/{type_}", st.sampled_from(["icmp", "icmpv6"]), st.integers(0, 255))


@given(transports | icmps | st.sampled_from(["any", "tcp", "udp", "icmp", "icmpv6"]))
def test_a_service_written_out_reads_as_itself(text: str) -> None:
    service = parse_service(text)
    assert parse_service(str(service)) == service
