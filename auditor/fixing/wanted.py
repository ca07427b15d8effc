"""What a fix has to bring about, told to the writer of a dialect without the graph: a rule that is missing, where, and between whom.

A writer is a module with `write(wanted)`, the changed files, and `remove(text, span)`, the text without the rule there, None where that
cannot be told apart. What cannot be written raises `Unwritten`.
"""

from __future__ import annotations

import ipaddress

from auditor.files import Tree
from auditor.model.packets import V4_MAX, V6_BASE, Interval
from auditor.model.record import dataclass
from auditor.model.source import Span

Ports = tuple[tuple[int, int], ...]
Texts = dict[str, str]
"""Path → the file's new text."""

WORLD = "0.0.0.0/0"


class Unwritten(Exception):
    """A rule that its dialect, or its place, does not let be written; the message says why, as a clause."""


@dataclass(frozen=True, slots=True)
class Service:
    """`protocol` is tcp, udp, icmp, icmpv6 or any; `ports` are inclusive ranges, none means all, and so are `source_ports`."""

    protocol: str
    ports: Ports = ()
    icmp_type: int | None = None
    source_ports: Ports = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A rule that a filter lacks: a permit, or with `deny` an exception to what it permits.

    `zone` is whose filter it is, `filter_span` its place. The two ends are told by their zones and by their networks: `WORLD` for anybody,
    none where they are not known. `inbound`: the filter judges what comes in. `between`: it stands between the ends, so that a rule has to
    name both. `before` is the rule that decides now, where one does. `name` can be part of an identifier, `title` is for people. `answers`:
    it is for what comes back of connections, at a filter that keeps no state. `entry` and `exit` are the interfaces of a filter between.
    """

    tree: Tree
    name: str
    title: str
    service: Service
    inbound: bool
    between: bool
    zone: str
    filter_span: Span
    source_zones: frozenset[str]
    sources: tuple[str, ...]
    destination_zones: frozenset[str]
    destinations: tuple[str, ...]
    before: Span | None = None
    deny: bool = False
    answers: bool = False
    entry: str = ""
    exit: str = ""
    filter_name: str = ""

    @property
    def place(self) -> Span:
        """Where the rule is missing: at the rule that decides now, else at its list."""
        return self.before or self.filter_span

    @property
    def peers(self) -> tuple[str, ...]:
        """The networks of the end that the filter does not stand at."""
        return self.sources if self.inbound else self.destinations

    @property
    def peer_zones(self) -> frozenset[str]:
        """The zones of that end."""
        return self.source_zones if self.inbound else self.destination_zones

    @property
    def identifier(self) -> str:
        """The name as identifiers have it."""
        return self.name.replace("-", "_")

    def ends(self, six: bool) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        """The networks of both ends in one family, `WORLD` for anybody; None if one of them has none there."""
        found = tuple((WORLD,) if WORLD in each else tuple(one for one in each if (":" in one) is six) for each in self.both)
        return (found[0], found[1]) if all(found) else None

    @property
    def both(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The networks of source and destination."""
        return self.sources, self.destinations


def ports_text(ports: Ports, between: str = "-") -> list[str]:
    """Each range as it is written."""
    return [f"{low}" if low == high else f"{low}{between}{high}" for low, high in ports]


def inserted(text: str, line: int, new: str) -> str:
    """`text` with the lines of `new` put before its `line`th (1-based), in its own kind of line end."""
    ending = "\r\n" if "\r\n" in text else "\n"
    lines = text.split("\n")
    lines[line - 1 : line - 1] = [part + ending.removesuffix("\n") for part in new.rstrip("\n").split("\n")]
    return "\n".join(lines)


def without(text: str, first: int, last: int) -> str:
    """`text` without its lines `first` to `last` (1-based, inclusive)."""
    lines = text.split("\n")
    return "\n".join(lines[: first - 1] + lines[last:])


def networks_of(interval: Interval) -> list[str]:
    """An interval of the address line as networks; one address alone without a length."""
    low, high = interval
    if low <= V4_MAX < high:
        return [*networks_of((low, V4_MAX)), *networks_of((V6_BASE, high))]
    kind, base = (ipaddress.IPv4Address, 0) if high <= V4_MAX else (ipaddress.IPv6Address, V6_BASE)
    found = ipaddress.summarize_address_range(kind(low - base), kind(high - base))
    return [str(network[0]) if network.num_addresses == 1 else str(network) for network in found]
