"""Protocols, ports and ICMP messages as lines write them, read from a cursor. A name no table has is refused at its place."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from auditor.formats.switch.cursor import Cursor
from auditor.formats.switch.names import ICMP_MESSAGES, ICMPV6_MESSAGES, PROTOCOLS, TCP_PORTS, UDP_PORTS
from auditor.model.headers import PORT_PROTOCOLS, Protocol
from auditor.model.packets import Interval

OPERATORS = ("eq", "neq", "gt", "lt", "range")
_EITHER: Mapping[str, int] = {**UDP_PORTS, **TCP_PORTS}


def protocol(cursor: Cursor, six: bool) -> int | None:
    """The protocol's number; None where every protocol is meant."""
    word = cursor.word
    if word in ("ip", "ipv6", "ipv4") or word == "any":
        cursor.at += 1
        return None
    if word == "icmp" and six:
        cursor.at += 1
        return Protocol.ICMPV6
    known = PROTOCOLS.get(word)
    if known is not None:
        cursor.at += 1
        return known
    if not word.isdigit():
        raise cursor.refused("a protocol is missing" if not word else "no protocol has this name")
    return cursor.number("a protocol's number", 0, 255)


def has_ports(number: int | None) -> bool:
    """Whether packets of the protocol have ports."""
    return number in PORT_PROTOCOLS


def ports(cursor: Cursor, number: int | None) -> tuple[tuple[Interval, ...], bool]:
    """The ports behind an operator, and whether they are the wrong way round (which matches nothing)."""
    operator = cursor.take("an operator").lower()
    if operator == "range":
        low, high = _port(cursor, number), _port(cursor, number)
        return (((low, high),), False) if low <= high else ((), True)
    first = _port(cursor, number)
    if operator == "gt":
        return (((first + 1, 65535),), False) if first < 65535 else ((), False)
    if operator == "lt":
        return (((0, first - 1),), False) if first else ((), False)
    named = [first]
    while (more := _known(cursor.word, number)) is not None:
        named.append(more)
        cursor.at += 1
    return (tuple((each, each) for each in named) if operator == "eq" else _without(sorted(set(named)))), False


def _without(named: list[int]) -> tuple[Interval, ...]:
    edges = [-1, *named, 65536]
    return tuple((low + 1, high - 1) for low, high in pairwise(edges) if low + 1 <= high - 1)


def _known(word: str, number: int | None) -> int | None:
    if word.isdigit() and word.isascii():
        return int(word) if len(word) <= 5 and int(word) <= 65535 else None
    table = TCP_PORTS if number == Protocol.TCP else UDP_PORTS if number == Protocol.UDP else _EITHER
    return table.get(word)


def _port(cursor: Cursor, number: int | None) -> int:
    known = _known(cursor.word, number)
    if known is None:
        raise cursor.refused("a port is missing" if not cursor.word else "no port has this name or number")
    cursor.at += 1
    return known


def message(cursor: Cursor, six: bool) -> tuple[Interval, ...] | None:
    """The ICMP types named next, as intervals of type * 256 + code; None where none is."""
    word = cursor.word
    known = (ICMPV6_MESSAGES if six else ICMP_MESSAGES).get(word)
    if known is not None:
        cursor.at += 1
        return (known,)
    if not word.isdigit():
        return None
    kind = cursor.number("an ICMP type", 0, 255)
    if not cursor.word.isdigit():
        return ((kind * 256, kind * 256 + 255),)
    code = cursor.number("an ICMP code", 0, 255)
    return ((kind * 256 + code, kind * 256 + code),)
