"""The fields of a packet by their names: protocols, addresses, services; and packets and sets of them as text a person reads."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from enum import IntEnum

from auditor.model.packets import (
    ADDRESS_MAX,
    DOMAIN_MAX,
    EVERYTHING,
    V4_MAX,
    V6_BASE,
    Field,
    Interval,
    Packet,
    PacketSet,
    State,
    box_set,
    field_set,
)


class Protocol(IntEnum):
    """IP protocol numbers that rules name."""

    ICMP = 1
    IGMP = 2
    TCP = 6
    UDP = 17
    DCCP = 33
    GRE = 47
    ESP = 50
    AH = 51
    ICMPV6 = 58
    OSPF = 89
    VRRP = 112
    SCTP = 132
    UDPLITE = 136


PORT_PROTOCOLS = (Protocol.TCP, Protocol.UDP, Protocol.DCCP, Protocol.SCTP, Protocol.UDPLITE)
"""Protocols whose packets have a source and a destination port."""


class TcpFlag(IntEnum):
    """Bits of the TCP flags byte."""

    FIN = 1
    SYN = 2
    RST = 4
    PSH = 8
    ACK = 16
    URG = 32
    ECE = 64
    CWR = 128


ANY_PORT: Interval = (0, 65535)
EPHEMERAL_PORT = 49152
IPV4: Interval = (0, V4_MAX)
IPV6: Interval = (V6_BASE, ADDRESS_MAX)

ONE_FAMILY = box_set({Field.SOURCE: [IPV4], Field.DESTINATION: [IPV4]}) | box_set({Field.SOURCE: [IPV6], Field.DESTINATION: [IPV6]})
"""Packets that can exist: both addresses of one family."""


def state_set(*states: State) -> PacketSet:
    """Packets in one of the conntrack states."""
    return field_set(Field.STATE, [(state, state) for state in states])


def protocol_set(*protocols: int) -> PacketSet:
    """Packets of one of the IP protocols."""
    return field_set(Field.PROTOCOL, [(number, number) for number in protocols])


_ICMP_OF_FAMILY = (~protocol_set(Protocol.ICMP) | field_set(Field.SOURCE, [IPV4])) & (
    ~protocol_set(Protocol.ICMPV6) | field_set(Field.SOURCE, [IPV6])
)
_UNMARKED = box_set({Field.MARK: [(0, 0)], Field.CT_MARK: [(0, 0)], Field.TRANSLATED: [(0, 0)]})
_TCP = protocol_set(Protocol.TCP)
NEW_FLOW = (
    ONE_FAMILY & _ICMP_OF_FAMILY & state_set(State.NEW) & _UNMARKED & (~_TCP | field_set(Field.TCP_FLAGS, [(TcpFlag.SYN, TcpFlag.SYN)]))
)
"""First packets of a flow: conntrack state new, TCP with SYN alone, no mark, not translated."""

PORT_ZERO = protocol_set(*PORT_PROTOCOLS) & (field_set(Field.SOURCE_PORT, [(0, 0)]) | field_set(Field.DESTINATION_PORT, [(0, 0)]))
"""Packets from or to port 0, which no program uses and firewalls drop: nobody who allows a service means them."""

EXPERIMENTAL = protocol_set(253)
"""A protocol number for experiments: nobody names it, only who permits nearly anything lets it through."""

_SYN_ACK = TcpFlag.SYN | TcpFlag.ACK
REPLY = (
    ONE_FAMILY
    & _ICMP_OF_FAMILY
    & state_set(State.ESTABLISHED)
    & _UNMARKED
    & (~_TCP | field_set(Field.TCP_FLAGS, [(TcpFlag.ACK, TcpFlag.ACK), (_SYN_ACK, _SYN_ACK)]))
)
"""Answers within a flow: conntrack state established, TCP with ACK."""


def ports(protocol: int, destination: Iterable[Interval] = (ANY_PORT,), source: Iterable[Interval] = (ANY_PORT,)) -> PacketSet:
    """Packets of `protocol` (TCP, UDP, …) to, and from, the inclusive port ranges."""
    return box_set({Field.PROTOCOL: [(protocol, protocol)], Field.DESTINATION_PORT: destination, Field.SOURCE_PORT: source})


def icmp(protocol: int = Protocol.ICMP, type_: int | None = None, code: int | None = None) -> PacketSet:
    """ICMP or ICMPv6 packets of a type and code; None is any."""
    if type_ is None:
        spans = [ANY_PORT] if code is None else [(kind * 256 + code, kind * 256 + code) for kind in range(256)]
    else:
        spans = [(type_ * 256 + (code or 0), type_ * 256 + (255 if code is None else code))]
    return box_set({Field.PROTOCOL: [(protocol, protocol)], Field.DESTINATION_PORT: spans})


def address_interval(text: str) -> Interval:
    """An address, `a/len` (host bits masked away) or `a-b`, as its inclusive interval on the address line.

    Raises `ValueError` for anything else, for mixed families and for reversed ranges.
    """
    if "-" in text:
        first, last = (address_interval(part.strip()) for part in text.split("-", 1))
        if first[0] > last[1] or (first[0] <= V4_MAX) != (last[1] <= V4_MAX):
            raise ValueError(f"{text!r} is no range of addresses")
        return first[0], last[1]
    network = ipaddress.ip_network(text.strip(), strict=False)
    base = 0 if network.version == 4 else V6_BASE
    return base + int(network.network_address), base + int(network.broadcast_address)


def sources(intervals: Iterable[Interval]) -> PacketSet:
    """Packets whose source lies in the intervals of the address line."""
    return field_set(Field.SOURCE, intervals)


def destinations(intervals: Iterable[Interval]) -> PacketSet:
    """Packets whose destination lies in the intervals of the address line."""
    return field_set(Field.DESTINATION, intervals)


def of_family(packets: PacketSet, family: Interval) -> PacketSet:
    """Those of the packets whose two ends have addresses of one family, IPV4 or IPV6."""
    return packets & sources([family]) & destinations([family])


def merge_intervals(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same values as sorted disjoint intervals that do not touch."""
    merged: list[Interval] = []
    for low, high in sorted(intervals):
        if merged and low <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], high)
        else:
            merged.append((low, high))
    return tuple(merged)


def subtract_intervals(intervals: Iterable[Interval], minus: Iterable[Interval]) -> tuple[Interval, ...]:
    """Addresses of the first that are not in the second."""
    taken = merge_intervals(minus)
    left: list[Interval] = []
    start = 0
    for low, high in merge_intervals(intervals):
        while start < len(taken) and taken[start][1] < low:
            start += 1
        following = start
        while following < len(taken) and taken[following][0] <= high:
            first, last = taken[following]
            if low < first:
                left.append((low, first - 1))
            low = last + 1
            following += 1
        if low <= high:
            left.append((low, high))
    return tuple(left)


def intersect_intervals(a: Iterable[Interval], b: Iterable[Interval]) -> tuple[Interval, ...]:
    """Addresses that are in both."""
    left, right = merge_intervals(a), merge_intervals(b)
    both: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        low, high = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if low <= high:
            both.append((low, high))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return tuple(both)


ANYWHERE: tuple[Interval, ...] = ((0, ADDRESS_MAX),)
_NO_HOST = ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4", "::/127", "ff00::/8")
_LOCAL_V4 = ("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15")
_NOT_GLOBAL_V6 = ("::/3", "4000::/2", "8000::/1")
UNICAST = subtract_intervals(ANYWHERE, map(address_interval, _NO_HOST))
"""Addresses a host can have on a network."""
PUBLIC = subtract_intervals(UNICAST, map(address_interval, _LOCAL_V4 + _NOT_GLOBAL_V6))
"""Public unicast addresses of both families, of IPv6 2000::/3; documentation ranges count, since people write examples with them."""
PRIVATE = subtract_intervals(UNICAST, PUBLIC)


_WORLD = {
    PUBLIC: "the internet",
    intersect_intervals(PUBLIC, (IPV4,)): "the internet, IPv4",
    intersect_intervals(PUBLIC, (IPV6,)): "the internet, IPv6",
}


def address_text(value: int) -> str:
    """A point of the address line as an address."""
    return str(ipaddress.IPv4Address(value) if value <= V4_MAX else ipaddress.IPv6Address(value - V6_BASE))


def addresses_text(intervals: Sequence[Interval], most: int = 4) -> str:
    """Intervals of the address line as networks, at most `most` of them: "10.0.0.0/8, fd00::/8 and 3 more"."""
    if tuple(intervals) == ANYWHERE:
        return "anywhere"
    if tuple(intervals) in _WORLD:
        return _WORLD[tuple(intervals)]
    parts = [part for low, high in intervals[: most + 1] for part in _interval_text(low, high)]
    rest = max(len(parts) - most, 0) + max(len(intervals) - most - 1, 0)
    return ", ".join(parts[:most]) + (f" and {rest} more" if rest else "")


def _interval_text(low: int, high: int) -> list[str]:
    if low <= V4_MAX < high:
        return [*_interval_text(low, V4_MAX), *_interval_text(V6_BASE, high)]
    if low == high:
        return [address_text(low)]
    size = high - low + 1
    base = 0 if high <= V4_MAX else V6_BASE
    width = 32 if high <= V4_MAX else 128
    if size & (size - 1) == 0 and (low - base) % size == 0:
        return [f"{address_text(low)}/{width - size.bit_length() + 1}"]
    return [f"{address_text(low)}-{address_text(high)}"]


def protocol_text(number: int) -> str:
    """The protocol's name in lower case, or its number."""
    try:
        return Protocol(number).name.lower()
    except ValueError:
        return str(number)


def _protocol(number: int) -> str:
    name = protocol_text(number)
    return f"protocol {name}" if name.isdigit() else name


def packet_text(packet: Packet) -> str:
    """One packet in a line: "tcp 10.0.1.5:49152 → 10.0.2.7:2379"; ICMP with its type and code."""
    protocol = packet.get(Field.PROTOCOL, 0)
    source, destination = (address_text(packet.get(field, 0)) for field in (Field.SOURCE, Field.DESTINATION))
    port = packet.get(Field.DESTINATION_PORT, 0)
    if protocol in (Protocol.ICMP, Protocol.ICMPV6):
        return f"{protocol_text(protocol)} type {port >> 8} code {port & 255} {source} → {destination}"
    if protocol not in PORT_PROTOCOLS:
        return f"{_protocol(protocol)} {source} → {destination}"
    left, right = ((f"[{text}]" if ":" in text else text) for text in (source, destination))
    return f"{protocol_text(protocol)} {left}:{packet.get(Field.SOURCE_PORT, 0)} → {right}:{port}"


def service_part(packets: PacketSet) -> PacketSet:
    """The set with everything but protocol and destination port (ICMP type) projected away."""
    return packets.without(*(field for field in Field if field not in (Field.PROTOCOL, Field.DESTINATION_PORT)))


def services_text(packets: PacketSet, most: int = 6) -> tuple[str, ...]:
    """Which services a set holds, whatever the addresses: ("tcp/22", "udp/53-54", "icmp"); "…" ends a list that was cut."""
    flat = service_part(packets)
    if any(flat | protocol_set(other) is EVERYTHING for other in (Protocol.ICMP, Protocol.ICMPV6)):
        return ("any",)  # of one family, which has no use for the other's ICMP
    found = sorted((text for box in flat.boxes() for text in _service_texts(box)), key=lambda text: text.startswith("protocol"))
    return (*found[:most], "…") if len(found) > most else tuple(found)


def _service_texts(box: dict[Field, tuple[Interval, ...]]) -> list[str]:
    protocols = box.get(Field.PROTOCOL, ((0, DOMAIN_MAX[Field.PROTOCOL]),))
    spans = box.get(Field.DESTINATION_PORT, (ANY_PORT,))
    texts = []
    for low, high in protocols:
        if high - low > 8:
            name = "any protocol" if (low, high) == (0, 255) else f"protocols {low}-{high}"
            texts += [name if span == ANY_PORT else f"{name} to port{_span_text(Protocol.TCP, span).replace('/', ' ')}" for span in spans]
            continue
        for number in range(low, high + 1):
            texts += [_protocol(number) + _span_text(number, span) for span in spans]
    return texts


def _span_text(protocol: int, span: Interval) -> str:
    low, high = span
    if span == ANY_PORT:
        return ""
    if protocol in (Protocol.ICMP, Protocol.ICMPV6):
        return f"/type {low >> 8}" if low >> 8 == high >> 8 else f"/types {low >> 8}-{high >> 8}"
    return f"/{low}" if low == high else f"/{low}-{high}"
