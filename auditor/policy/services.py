"""Services as the documents write them: `tcp/2379-2380`, `udp/67 from 68`, `icmp/echo-request`, `any`.

Invariant: `parse_service(str(service)) == service`.
"""

from __future__ import annotations

import re
from enum import StrEnum

from auditor.model.record import dataclass

_LONGEST = 9  # digits that are read: what has more is too large either way

Ports = tuple[tuple[int, int], ...]
"""Inclusive ranges, sorted and disjoint; empty means every port."""

ICMP_TYPES = {
    "echo-reply": 0, "destination-unreachable": 3, "redirect": 5, "echo-request": 8, "time-exceeded": 11, "parameter-problem": 12,
}  # fmt: skip
ICMPV6_TYPES = {
    "destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4, "echo-request": 128, "echo-reply": 129,
    "router-solicitation": 133, "router-advertisement": 134, "neighbour-solicitation": 135, "neighbour-advertisement": 136,
}  # fmt: skip


class Protocol(StrEnum):
    """The protocols a requirement can name."""

    ANY = "any"
    TCP = "tcp"
    UDP = "udp"
    ICMP = "icmp"
    ICMPV6 = "icmpv6"


@dataclass(frozen=True, slots=True)
class Service:
    """A set of transport headers; `icmp_type` is None for every type."""

    protocol: Protocol
    ports: Ports = ()
    source_ports: Ports = ()
    icmp_type: int | None = None

    def __str__(self) -> str:
        if self.icmp_type is not None:
            return f"{self.protocol}/{_type_name(self.protocol, self.icmp_type)}"
        ports = f"/{ports_text(self.ports)}" if self.ports else ""
        return f"{self.protocol}{ports}" + (f" from {ports_text(self.source_ports)}" if self.source_ports else "")


ANY_SERVICE = Service(Protocol.ANY)

_TEXT = re.compile(r"^(any|tcp|udp|icmp|icmpv6)(?:/([\w,-]+))?(?: from ([\d,-]+))?$")


def parse_service(text: str) -> Service:
    """The service that `text` writes. Raises ValueError with a message for the user."""
    found = _TEXT.match(" ".join(text.split()).casefold())
    if not found:
        raise ValueError(f"{text!r} is no service; write e.g. tcp/443, tcp/2379-2380, udp/67 from 68, icmp/echo-request or any")
    protocol, what, origin = Protocol(found[1]), found[2], found[3]
    if protocol in (Protocol.ICMP, Protocol.ICMPV6):
        if origin:
            raise ValueError(f"{text!r}: {protocol} has no ports")
        return Service(protocol, icmp_type=_icmp_type(protocol, what) if what else None)
    if protocol is Protocol.ANY and (what or origin):
        raise ValueError(f"{text!r}: name tcp or udp where ports are meant")
    return Service(protocol, ports_of(what) if what else (), ports_of(origin) if origin else ())


def ports_text(ports: Ports) -> str:
    """`2379-2380,443`: ranges as they are written."""
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ports)


def ports_of(text: str) -> Ports:
    """`22,5900-5903` as ranges. Raises ValueError with a message for the user."""
    ranges: list[tuple[int, int]] = []
    for part in text.split(","):
        low, _, high = part.partition("-")
        if not low.isdecimal() or not (high or low).isdecimal():
            raise ValueError(f"{part!r} is no port")
        first, last = int(low[:_LONGEST]), int((high or low)[:_LONGEST])
        if not 0 <= first <= last <= 65535:
            raise ValueError(f"{part!r} is no port range within 0-65535")
        ranges.append((first, last))
    return _joined(sorted(ranges))


def _joined(ranges: list[tuple[int, int]]) -> Ports:
    joined: list[tuple[int, int]] = []
    for low, high in ranges:
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return tuple(joined)


def _icmp_type(protocol: Protocol, text: str) -> int:
    names = ICMP_TYPES if protocol is Protocol.ICMP else ICMPV6_TYPES
    if text in names:
        return names[text]
    if text.isdecimal() and int(text[:_LONGEST]) < 256:
        return int(text[:_LONGEST])
    raise ValueError(f"{text!r} is no {protocol} type; known: {', '.join(names)}, or a number")


def _type_name(protocol: Protocol, number: int) -> str:
    names = ICMP_TYPES if protocol is Protocol.ICMP else ICMPV6_TYPES
    return next((name for name, value in names.items() if value == number), str(number))
