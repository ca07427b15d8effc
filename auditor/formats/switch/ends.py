"""Addresses as lines write them: hosts, prefixes, wildcards. A wildcard is read exactly, bit by bit, contiguous or not.

`Ends.surely` is always within `Ends.maybe`; they differ only where something is not known.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address

from auditor.model.headers import IPV4, IPV6
from auditor.model.packets import V6_BASE, Interval
from auditor.model.record import dataclass
from auditor.model.source import Unknown

MOST_PREFIXES = 65536
_V4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}\Z")
_ALL = 2**32 - 1
Intervals = tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Ends:
    """Addresses, or ports, that a line surely means and those it may mean."""

    surely: Intervals
    maybe: Intervals
    unknowns: tuple[Unknown, ...] = ()

    def __or__(self, other: Ends) -> Ends:
        return Ends(self.surely + other.surely, self.maybe + other.maybe, self.unknowns + other.unknowns)


def exactly(*spans: Interval) -> Ends:
    """These, and no others."""
    return Ends(spans, spans)


def unknown(within: Interval, why: Unknown) -> Ends:
    """Nothing surely, anything of `within` perhaps."""
    return Ends((), (within,), (why,))


NOBODY = Ends((), ())
ANY4, ANY6 = exactly(IPV4), exactly(IPV6)


@lru_cache(maxsize=65536)
def ipv4(text: str) -> int | None:
    """A dotted address as a number; None if it is none."""
    if not _V4.match(text):
        return None
    value = 0
    for part in text.split("."):
        if int(part) > 255 or (part[0] == "0" and part != "0"):
            return None
        value = value << 8 | int(part)
    return value


def ipv6(text: str) -> int | None:
    """An IPv6 address as its place on the address line; None if it is none."""
    if ":" not in text or "%" in text:
        return None
    try:
        return V6_BASE + int(IPv6Address(text))
    except AddressValueError:
        return None


def prefix(text: str) -> Interval | None:
    """`A/len` as an interval, host bits masked away; None if it is none."""
    address, slash, length = text.partition("/")
    if not slash or not (length.isascii() and length.isdigit()) or len(length) > 3:
        return None
    four = ipv4(address)
    if four is not None:
        return network(four, int(length), 32) if int(length) <= 32 else None
    six = ipv6(address)
    if six is None or int(length) > 128:
        return None
    low, high = network(six - V6_BASE, int(length), 128)
    return low + V6_BASE, high + V6_BASE


def network(address: int, length: int, width: int) -> Interval:
    """The network of `length` bits around an address."""
    size = 1 << (width - length)
    low = address & ~(size - 1)
    return low, low + size - 1


def is_netmask(mask: int) -> bool:
    """Whether the bits are ones and then zeros, of both some."""
    inverse = ~mask & _ALL
    return 0 < mask < _ALL and inverse & (inverse + 1) == 0


def mask_length(mask: int) -> int | None:
    """The prefix length of a netmask; None if it is none."""
    return mask.bit_count() if mask in (0, _ALL) or is_netmask(mask) else None


def wildcard(address: int, wild: int) -> Intervals | None:
    """The addresses that agree with `address` where the wildcard has a zero; None if they are too many intervals to write down."""
    if wild & (wild + 1) == 0:
        return ((address & ~wild & _ALL, (address | wild) & _ALL),)
    run = (wild ^ (wild + 1)).bit_length() - 1  # ones at the low end
    base = address & ~wild & _ALL
    size = 1 << run
    free = [bit for bit in range(run, 32) if wild >> bit & 1]
    if 1 << len(free) > MOST_PREFIXES:
        return None
    bases = [base]
    for bit in free:
        bases += [each | 1 << bit for each in bases]
    return tuple((each, each + size - 1) for each in bases)
