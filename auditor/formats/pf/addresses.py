"""Sets of addresses as pf's tables and address lists hold them: what is surely in, and what may be. `surely` is always within `maybe`.

Addresses stand on the packets' one line: IPv4 from 0, IPv6 from 2**32.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv6Network, ip_network

from auditor.model.packets import ADDRESS_MAX, V4_MAX, V6_BASE, Interval
from auditor.model.record import dataclass
from auditor.model.source import Unknown

Ranges = tuple[Interval, ...]
"""Sorted, disjoint inclusive intervals of which no two touch."""

V4: Ranges = ((0, V4_MAX),)
V6: Ranges = ((V6_BASE, ADDRESS_MAX),)
BOTH: Ranges = ((0, ADDRESS_MAX),)
FAMILY: dict[str, Ranges] = {"inet": V4, "inet6": V6, "": BOTH}


@dataclass(frozen=True, slots=True)
class Addresses:
    """An address expression. `names` are domain names whose addresses are among the possible ones, in lower case.

    `own`, a part of the possible ones: an address there is in if, and only if, it is the machine's own; `host` is the machine's zone.
    """

    surely: Ranges = ()
    maybe: Ranges = ()
    names: frozenset[str] = frozenset()
    unknowns: tuple[Unknown, ...] = ()
    own: Ranges = ()
    host: str = ""

    def __or__(self, other: Addresses) -> Addresses:
        return union((self, other))

    def within(self, ranges: Ranges) -> Addresses:
        """Only the addresses in `ranges`, e.g. those of one family."""
        own = meet(self.own, ranges) if self.own else ()
        return Addresses(meet(self.surely, ranges), meet(self.maybe, ranges), self.names, self.unknowns, own, self.host if own else "")

    @property
    def exact(self) -> bool:
        """Whether nothing about it is open."""
        return self.surely == self.maybe

    def __contains__(self, address: int) -> bool:
        """Whether `address` is surely in."""
        return any(low <= address <= high for low, high in self.surely)


NONE = Addresses()
ANY = Addresses(BOTH, BOTH)


def known(ranges: Iterable[Interval]) -> Addresses:
    """Exactly the addresses in `ranges`, which may overlap and come in any order."""
    tidy = normal(ranges)
    return Addresses(tidy, tidy)


def unknown(why: Unknown, within: Ranges = BOTH, names: Iterable[str] = (), host: str = "") -> Addresses:
    """Addresses of which only `within` is known; `names` are domain names that stand for some, `host` is the machine whose own they are."""
    return Addresses((), within, frozenset(name.lower() for name in names), (why,), within if host else (), host)


@lru_cache(maxsize=8192)
def literal(text: str) -> Interval | None:
    """The addresses of an IP address or a CIDR, host bits masked as pf does; None if `text` is neither."""
    if not text or (text[-1] not in "0123456789abcdefABCDEF:" and "%" not in text):
        return None  # most words are no addresses, and a refused one costs ten times as much to try
    _, slash, bits = text.partition("/")
    if slash and not bits.isdigit():
        return None  # a dotted netmask is no prefix length to either product
    plain = _dotted(text)
    if plain is not None:
        return plain, plain
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    base = V6_BASE if isinstance(network, IPv6Network) else 0
    return base + int(network.network_address), base + int(network.broadcast_address)


def _dotted(text: str) -> int | None:
    """A single IPv4 address, which most entries are: ten times as fast as by the standard library, and as strict."""
    parts = text.split(".")
    if len(parts) != 4 or not text.isascii():
        return None
    value = 0
    for part in parts:
        if not part.isdigit() or len(part) > 3 or int(part) > 255 or (part[0] == "0" and part != "0"):
            return None
        value = value << 8 | int(part)
    return value


def is_v6(interval: Interval) -> bool:
    """Whether a literal is IPv6."""
    return interval[0] >= V6_BASE


def union(parts: Iterable[Addresses]) -> Addresses:
    """All of `parts` together."""
    collected = list(parts)
    if not collected:
        return NONE
    reasons = dict.fromkeys(reason for part in collected for reason in part.unknowns)
    own, host = _own(collected)
    return Addresses(
        normal(interval for part in collected for interval in part.surely),
        normal(interval for part in collected for interval in part.maybe),
        frozenset[str]().union(*(part.names for part in collected)),
        tuple(reasons),
        own,
        host,
    )


def _own(parts: Sequence[Addresses]) -> tuple[Ranges, str]:
    """What of all parts' possible addresses is in only if it is the machine's own: no other part leaves it open."""
    host = next((part.host for part in parts if part.host), "")
    if not host:
        return (), ""
    own = normal(interval for part in parts for interval in part.own)
    others = normal(interval for part in parts for interval in meet(part.maybe, complement(normal((*part.own, *part.surely)))))
    left = meet(own, complement(others))
    return left, host if left else ""


def table(entries: Sequence[tuple[Interval, bool]]) -> Ranges:
    """The addresses of a table of networks, some of them excluded (`!net`, True): the longest prefix that holds an address decides."""
    if not any(excluded for _, excluded in entries):
        return normal(interval for interval, _ in entries)
    widest_first = sorted(dict(entries).items(), key=lambda entry: (entry[0][0], -entry[0][1]))
    found: list[Interval] = []
    around: list[tuple[Interval, bool]] = []  # networks nest or are disjoint, so a stack of those around the current address suffices
    position = 0
    for interval, excluded in [*widest_first, ((ADDRESS_MAX + 1, ADDRESS_MAX + 1), True)]:
        while around and around[-1][0][1] < interval[0]:
            (_, high), inner_excluded = around.pop()
            if not inner_excluded and position <= high:
                found.append((position, high))
            position = max(position, high + 1)
        if around and not around[-1][1] and position < interval[0]:
            found.append((position, interval[0] - 1))
        position = max(position, interval[0])
        around.append((interval, excluded))
    return normal(found)


def normal(intervals: Iterable[Interval]) -> Ranges:
    """The same addresses, sorted, without overlap and without touching neighbours."""
    merged: list[Interval] = []
    for low, high in sorted(intervals):
        if low > high:
            continue
        if merged and low <= merged[-1][1] + 1:
            if high > merged[-1][1]:
                merged[-1] = (merged[-1][0], high)
        else:
            merged.append((low, high))
    return tuple(merged)


def complement(ranges: Ranges) -> Ranges:
    """Every address that is not in `ranges`."""
    gaps: list[Interval] = []
    start = 0
    for low, high in ranges:
        if low > start:
            gaps.append((start, low - 1))
        start = high + 1
    if start <= ADDRESS_MAX:
        gaps.append((start, ADDRESS_MAX))
    return tuple(gaps)


def meet(a: Ranges, b: Ranges) -> Ranges:
    """The addresses in both."""
    if a == BOTH or b == BOTH:
        return b if a == BOTH else a
    shared: list[Interval] = []
    i = j = 0
    while i < len(a) and j < len(b):
        low, high = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if low <= high:
            shared.append((low, high))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return tuple(shared)


def networks(*texts: str) -> Ranges:
    """The addresses of networks written in this project, e.g. `networks("10.0.0.0/8", "fc00::/7")`."""
    found = [literal(text) for text in texts]
    assert all(found), "every text is a network"
    return normal(interval for interval in found if interval)
