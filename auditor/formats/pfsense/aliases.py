"""Aliases as the generator expands them: an address table or a list of ports, with what is only known at run time kept apart.

What an entry *is* decides, not the alias's type. One domain name anywhere in it makes an alias dynamic: a daemon fills the table later,
from the names and the literals alike. Reserved names stand for built-in tables, whatever the file defines under them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network

from auditor.formats.pf import addresses as pf
from auditor.formats.pf import ports
from auditor.formats.pf.addresses import Addresses
from auditor.formats.pf.bogons import PFSENSE as BOGONS
from auditor.formats.pf.ports import Ports
from auditor.formats.pfsense import read
from auditor.formats.pfsense.read import Config, placeholder
from auditor.formats.xmlspan import Element
from auditor.model.packets import V6_BASE, Interval
from auditor.model.record import dataclass, field
from auditor.model.source import Span, Unknown

MAX_ENTRIES = 2_000_000
_DOMAIN = re.compile(
    r"(?=.{1,255}\Z)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?\Z"
)
_RANGE = re.compile(r"[0-9a-fA-F.:]+-[0-9a-fA-F.:]+\Z")
_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
PORT_TYPES = frozenset({"port", "url_ports", "urltable_ports"})
DOWNLOADED = frozenset({"urltable", "urltable_ports"})

_NAT64_SPECIAL = (
    "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 "
    "198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 255.255.255.255/32"
)
_RESERVED_V6 = (
    "::1/128 ::/128 ::ffff:0:0/96 64:ff9b::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:2::/48 2001:db8::/32 2002::/16 3fff::/20 5f00::/16 "
    "fc00::/7 fe80::/10 ff00::/8"
)
_PAIRS = {
    "loopback": ("127.0.0.0/8", "::1/128"),
    "linklocal": ("169.254.0.0/16", "fe80::/10"),
    "private": ("10.0.0.0/8 172.16.0.0/12 192.168.0.0/16", "fc00::/7"),
    "multicast": ("224.0.0.0/4", "ff00::/8"),
    "reserved": (_NAT64_SPECIAL, _RESERVED_V6),
}
RESERVED: dict[str, str] = {
    name: text
    for kind, (v4, v6) in _PAIRS.items()
    for name, text in ((f"_{kind}4_", v4), (f"_{kind}6_", v6), (f"_{kind}46_", f"{v4} {v6}"))
}
FILLED = {
    "sshguard": "filled at run time",
    "snort2c": "filled at run time",
    "virusprot": "filled at run time",
    "vpn_networks": "made from the tunnels",
    "negate_networks": "made from the tunnels and static routes",
    "tonatsubnets": "made from the outbound translation",
}

BUILT_IN = frozenset({*RESERVED, *FILLED, *BOGONS, "_nat64reserved_"})
"""The names, in lower case, that no definition in the file can change."""


def nat64_reserved() -> pf.Ranges:
    """The special-purpose IPv4 networks as NAT64 writes them, under 64:ff9b::/96."""
    prefix = int(ip_network("64:ff9b::/96").network_address)
    spans = (ip_network(text) for text in _NAT64_SPECIAL.split())
    base = V6_BASE + prefix
    return pf.normal((base + int(span.network_address), base + int(span.broadcast_address)) for span in spans)


@dataclass(frozen=True, slots=True)
class Alias:
    """An alias as written. `entries` are in file order, `element` is where it is defined."""

    name: str
    type: str
    entries: tuple[str, ...]
    element: Element

    @property
    def span(self) -> Span:
        """Its entries' place."""
        return (self.element.child("address") or self.element).span


@dataclass(frozen=True, slots=True)
class Table:
    """What an alias is as addresses. `bad` are entries that pf refuses, `ranges` those that will never resolve."""

    addresses: Addresses
    bad: tuple[tuple[str, Span], ...] = ()
    ranges: tuple[tuple[str, Span], ...] = ()

    @property
    def empty(self) -> bool:
        """Whether it surely holds nothing."""
        return not self.addresses.maybe


@dataclass(frozen=True, slots=True)
class PortList:
    """What an alias is as ports: `ports` None if it is empty, so that rules with it are skipped.

    `unknown`: what it holds, or whether it holds anything, is not in the file. `ranges`: entries such as 8000-8010, which empty it.
    """

    ports: Ports | None
    unknown: Unknown | None = None
    bad: tuple[tuple[str, Span], ...] = ()
    ranges: tuple[tuple[str, Span], ...] = ()


@dataclass(slots=True)
class Aliases:
    """All aliases of a file, resolved when first asked for; a cycle ends where it closes."""

    config: Config
    _tables: dict[str, Table] = field(default_factory=dict)
    _ports: dict[str, PortList] = field(default_factory=dict)
    _spent: int = 0
    by_name: dict[str, Alias] = field(init=False)
    overridden: list[Alias] = field(init=False)

    def __post_init__(self) -> None:
        written = list(_written(self.config))
        self.by_name = {alias.name: alias for alias in written}
        self.overridden = [alias for alias in written if self.by_name[alias.name] is not alias]

    def __contains__(self, name: str) -> bool:
        return name.lower() in BUILT_IN or name in self.by_name

    def table(self, name: str) -> Table:
        """The addresses of the alias `name`, which is one of them."""
        if name not in self._tables:
            self._tables[name] = self._built_in(name.lower()) or self._table(name)
        return self._tables[name]

    def ports(self, name: str) -> PortList:
        """The ports of the alias `name`."""
        if name not in self._ports:
            self._ports[name] = self._port_list(name)
        return self._ports[name]

    def reached(self, name: str) -> Iterator[Alias]:
        """The alias and all that it names, each once. A file of aliases that name each other over and over is cut at a bound."""
        seen = {name}
        pending = [name]
        while pending:
            alias = self.by_name[pending.pop()]
            yield alias
            self._spent += len(alias.entries)
            for entry in alias.entries:
                if entry in self.by_name and entry not in seen and self._spent < MAX_ENTRIES:
                    seen.add(entry)
                    pending.append(entry)

    def _built_in(self, name: str) -> Table | None:
        if name in RESERVED:
            return Table(pf.known(pf.networks(*RESERVED[name].split())))
        if name == "_nat64reserved_":
            return Table(pf.known(nat64_reserved()))
        if name in BOGONS:
            return Table(BOGONS[name])
        if name in FILLED:
            return Table(pf.unknown(Unknown(f"the table {name} is {FILLED[name]}", None, f"pfsense:{name}")))
        return None

    def _table(self, name: str) -> Table:
        sure: list[Interval] = []
        parts: list[Addresses] = []
        names: list[str] = []
        unknowns: list[Unknown] = []
        bad: list[tuple[str, Span]] = []
        ranges: list[tuple[str, Span]] = []
        for alias in self.reached(name):
            if alias.type in DOWNLOADED:
                unknowns.append(
                    Unknown(f"alias {alias.name} is downloaded from a URL and not in the file", alias.element.span, f"pfsense:{alias.name}")
                )
                continue
            for entry in alias.entries:
                interval = pf.literal(entry)
                built_in = self._built_in(entry.lower()) if interval is None else None
                if interval is not None:
                    sure.append(interval)
                elif built_in is not None:
                    parts.append(built_in.addresses)
                elif entry in self.by_name:
                    continue
                elif placeholder(entry) or self._foreign(entry):
                    unknowns.append(Unknown(f"entry {entry!r} of alias {alias.name} is not in the file", alias.span))
                elif _DOMAIN.match(entry):
                    names.append(entry)
                    if _RANGE.match(entry):
                        ranges.append((entry, alias.span))
                else:
                    bad.append((entry, alias.span))
        if self._spent >= MAX_ENTRIES:
            unknowns.append(Unknown("the aliases name each other too often to be expanded", self.by_name[name].span))
        known = pf.known(sure)
        if names:
            why = Unknown(f"alias {name} holds domain names, which are resolved at run time", self.by_name[name].span, f"pfsense:{name}")
            known |= pf.unknown(why, names=[entry for entry in names if not _RANGE.match(entry)])
        return Table(pf.union([known, *parts, *(pf.unknown(why) for why in unknowns)]), tuple(bad), tuple(ranges))

    def _foreign(self, entry: str) -> bool:
        """Whether a name may be an alias that a package, or another part of the backup, defines."""
        return bool(_NAME.match(entry)) and not entry.isdigit() and (entry.startswith("pfB_") or self.elsewhere)

    @property
    def elsewhere(self) -> bool:
        """Whether the file is a part that holds no aliases, so that none is missing."""
        return self.config.partial and self.config.root.name != "aliases"

    def _port_list(self, name: str) -> PortList:
        found: list[Interval] = []
        bad: list[tuple[str, Span]] = []
        lost: list[tuple[str, Span]] = []
        unknown: Unknown | None = None
        for alias in self.reached(name):
            if alias.type in DOWNLOADED:
                unknown = Unknown(
                    f"alias {alias.name} is downloaded from a URL and not in the file", alias.element.span, f"pfsense:{alias.name}"
                )
                continue
            for entry in alias.entries:
                spans = ports.entry(entry)
                if spans is not None:
                    found.extend(spans)
                elif entry in self.by_name:
                    continue
                elif placeholder(entry) or self._foreign(entry) or ports.may_be_service(entry):
                    unknown = Unknown(f"entry {entry!r} of alias {alias.name} is no port that is known here", alias.span)
                elif _DOMAIN.match(entry):
                    lost.append((entry, alias.span))
                else:
                    bad.append((entry, alias.span))
        if lost:
            return PortList(None, None, tuple(bad), tuple(lost))
        return PortList(tuple(found) or None, unknown, tuple(bad))


def _written(config: Config) -> Iterator[Alias]:
    for element in config.every("aliases/alias"):
        if element.children:
            name, kind = read.field(element, "name"), read.field(element, "type").lower()
            yield Alias(name, kind, tuple(entry for entry in read.field(element, "address").split(" ") if entry), element)
