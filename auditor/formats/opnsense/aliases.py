"""Aliases: named sets of addresses or ports. A table holds the entries of every alias it reaches, and the longest prefix decides.

Domain names join the literals beside them at run time; what is downloaded or filled by another program is unknown. A disabled alias is an
empty table, and so is one without an `enabled` element, except for ports.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from ipaddress import IPv6Address, ip_address
from itertools import islice, product

from auditor.formats.opnsense.interfaces import Interfaces
from auditor.formats.opnsense.lints import remark
from auditor.formats.opnsense.values import empty, present, text
from auditor.formats.pf.addresses import BOTH, NONE, V4, V6, Addresses, Ranges, known, literal, table, union, unknown
from auditor.formats.pf.bogons import OPNSENSE as BOGONS
from auditor.formats.pf.ports import Ports, entry, may_be_service
from auditor.formats.xmlspan import Element
from auditor.model.packets import V6_BASE, Interval
from auditor.model.record import dataclass
from auditor.model.source import Effect, Note, Span, Unknown
from auditor.redact import quoted

_BUILT_IN = (*BOGONS, "virusprot", "sshlockout")
_PORTAL = "__captiveportal_zone_"
RUN_TIME = {
    "url": "is downloaded",
    "urltable": "is downloaded",
    "urljson": "is downloaded",
    "geoip": "comes from a database of countries",
    "asn": "comes from a database of autonomous systems",
    "mac": "follows the neighbours the firewall sees",
    "dynipv6host": "follows a prefix given at run time",
    "authgroup": "follows who is logged in",
    "external": "is filled by another program",
    "internal": "is filled by the firewall itself",
}
_LITERAL_TYPES = ("host", "network", "networkgroup")
_NEVER_MATCHING = ("url_ports", "urltable_ports")
_MOST_NETWORKS = 65536
_MOST_ENTRIES = 250_000
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[^\W_](?:[\w-]{0,62})\.)*[^\W_](?:[\w-]{0,62})\.?\Z")
_MACRO = re.compile(r"[A-Za-z0-9_]+\Z")

Entry = tuple[str, Span]
"""A line of an alias and where it stands."""


@dataclass(frozen=True, slots=True)
class Alias:
    """One alias as written. `enabled` is what counts for its type."""

    name: str
    type: str
    enabled: bool
    entries: tuple[Entry, ...]
    families: Ranges
    element: Element

    @property
    def place(self) -> Span:
        """Where to point: its name, or the alias itself."""
        name = self.element.child("name")
        return self.element.head if name is None else name.span


@dataclass(frozen=True, slots=True)
class PortSet:
    """The content of a port alias. `words`: as the product writes it; `doubt`: an entry may or may not be a service."""

    ports: Ports
    words: tuple[str, ...]
    lost: tuple[Entry, ...] = ()
    doubt: Unknown | None = None


@dataclass(frozen=True)
class Aliases:
    """All aliases. A name defined twice: the later definition holds for tables, ports add up."""

    by_name: dict[str, Alias]
    same_name: dict[str, tuple[Alias, ...]]
    interfaces: Interfaces

    def is_table(self, name: str) -> bool:
        """Whether a rule may use `name` as an address."""
        alias = self.by_name.get(name)
        return alias.type != "port" if alias else name in _BUILT_IN or name in self.networks or name.startswith(_PORTAL)

    @cached_property
    def networks(self) -> dict[str, str]:
        """`__lan_network` and its like → the interface."""
        return {f"__{name}_network": name for name in self.interfaces.written}

    @cached_property
    def _tables(self) -> dict[str, Addresses]:
        return {}

    def addresses(self, name: str) -> Addresses:
        """What the table `name` holds."""
        if name not in self._tables:
            self._tables[name] = self._fill(name)
        return self._tables[name]

    def networks_written(self, name: str) -> tuple[str, ...]:
        """The table's known entries as the product writes them, sorted."""
        return tuple(sorted({word for word, _ in self._networks(self._reached(name))}))

    def _fill(self, name: str) -> Addresses:
        reached = self._reached(name)
        entries = list(islice(self._networks(reached), _MOST_ENTRIES + 1))
        if len(entries) > _MOST_ENTRIES:
            alias = self.by_name[name]
            return unknown(Unknown(f"alias {name} has more than {_MOST_ENTRIES:,} networks", alias.place, f"opnsense:alias:{name}"))
        fixed = known(table([(interval, word.startswith("!")) for word, interval in entries]))
        open_parts = [part for alias in reached for part in self._open_parts(alias)]
        return union([*self._resolved(name, reached), fixed, *open_parts, *self._built_in(name)])

    def _resolved(self, name: str, reached: Iterable[Alias]) -> Iterator[Addresses]:
        """The domain names of a table, as one thing that is not known: they are looked up together."""
        names = [(word, span) for alias in reached for word, span in alias.entries if alias.type in _LITERAL_TYPES and self.is_name(word)]
        if names:
            why = Unknown(f"the names in alias {name} are resolved at run time", names[0][1], f"opnsense:alias:{name}")
            yield unknown(why, BOTH, [word.rstrip(".") for word, _ in names])

    def _reached(self, name: str) -> tuple[Alias, ...]:
        """The aliases whose entries a table holds: its own and, through names, others'. Each once; a cycle ends where it closes."""
        seen: dict[str, Alias] = {}
        pending = [name]
        while pending:
            alias = self.by_name.get(pending.pop())
            if alias is None or alias.name in seen or not alias.enabled or alias.type == "port":
                continue
            seen[alias.name] = alias
            if alias.type in _LITERAL_TYPES:
                pending += [word for word, _ in reversed(alias.entries) if word in self.by_name]
        return tuple(seen.values())

    def _networks(self, reached: Iterable[Alias]) -> Iterator[tuple[str, Interval]]:
        for alias in reached:
            if alias.type in _LITERAL_TYPES:
                for word, _ in alias.entries:
                    yield from networks_in(word)

    def _open_parts(self, alias: Alias) -> Iterator[Addresses]:
        """What an alias adds that only run time tells."""
        if alias.type not in _LITERAL_TYPES:
            reason = RUN_TIME.get(alias.type, f"has the type {alias.type or '(none)'}, which is not known")
            yield unknown(Unknown(f"alias {alias.name} {reason}", alias.place, f"opnsense:alias:{alias.name}"), alias.families)
            return
        for word, _ in alias.entries:
            yield from self._built_in(word)

    def _built_in(self, name: str) -> Iterator[Addresses]:
        if name in self.networks:
            yield self.interfaces.networks_of(self.networks[name])
        elif name in BOGONS and name not in self.by_name:
            yield BOGONS[name] if name == "bogons" or self._bogons_v6 else NONE
        elif (name in _BUILT_IN or name.startswith(_PORTAL)) and name not in self.by_name:
            yield unknown(Unknown(f"the table {name} is filled at run time", None, f"opnsense:alias:{name}"))

    @cached_property
    def _bogons_v6(self) -> bool:
        """Whether the list of IPv6 bogons is loaded: only for an interface that blocks them."""
        return any(present(interface.element, "blockbogons") for interface in self.interfaces.table.values())

    def is_name(self, word: str) -> bool:
        """Whether an entry is looked up as a domain name and can be one."""
        known_here = word in self.by_name or word in self.networks or word in _BUILT_IN or word.startswith(_PORTAL)
        return not known_here and is_domain(word) and not any(True for _ in networks_in(word))

    def names(self, name: str) -> tuple[str, ...]:
        """The domain names whose addresses the product adds to a table."""
        found = (word for alias in self._reached(name) if alias.type in _LITERAL_TYPES for word, _ in alias.entries if self.is_name(word))
        return tuple(dict.fromkeys(found))

    def ports(self, name: str) -> PortSet:
        """What a port alias holds, its nested ones included; nothing valid in it: it never matches."""
        words: dict[str, None] = {}
        lost: list[Entry] = []
        seen: set[str] = set()
        pending: list[Entry] = [(name, Span.of_file(""))]
        while pending:
            word, span = pending.pop()
            if word in self.by_name or word == name:
                if word not in seen:
                    seen.add(word)
                    pending += reversed([item for alias in self.same_name.get(word, ()) for item in _port_entries(alias)])
            elif entry(word) is not None or _service(word):
                words[word] = None
            else:
                lost.append((word, span))
        return _port_set(name, tuple(words), tuple(lost))

    def disabled_within(self, name: str) -> Iterator[Alias]:
        """The disabled aliases that a use of `name` relies on: itself, or one it names."""
        seen, pending = set(), [name]
        while pending:
            alias = self.by_name.get(pending.pop())
            if alias is None or alias.name in seen:
                continue
            seen.add(alias.name)
            if not alias.enabled:
                yield alias
            elif alias.type in (*_LITERAL_TYPES, "port"):
                pending += [word for word, _ in alias.entries]


def _port_entries(alias: Alias) -> tuple[Entry, ...]:
    return alias.entries if alias.type == "port" and alias.enabled else ()


def _service(word: str) -> bool:
    return all(may_be_service(part) or part.isdigit() for part in word.split(":")) and word.count(":") <= 1 and "-" not in word


def _port_set(name: str, words: tuple[str, ...], lost: tuple[Entry, ...]) -> PortSet:
    sure = [found for word in words if (found := entry(word)) is not None]
    open_ = [word for word in words if entry(word) is None]
    doubt = Unknown(f"whether {open_[0]} is a service, in port alias {name}", None, f"opnsense:service:{open_[0]}") if open_ else None
    return PortSet(tuple(span for found in sure for span in found), words, lost, doubt)


def is_domain(word: str) -> bool:
    """Whether a word can be a domain name; a row of numbers cannot."""
    labels = word.rstrip(".").split(".")
    return bool(_DOMAIN.match(word)) and not (labels[0].isdigit() and labels[-1].isdigit())


def networks_in(word: str) -> Iterator[tuple[str, Interval]]:
    """The networks an entry stands for, each as the product writes it; none if it is no address, network, range or wildcard."""
    bare, mark = (word[1:], "!") if word.startswith("!") else (word, "")
    found = literal(bare)
    if found is not None:
        yield word, found
    elif "/" in bare:
        yield from ((mark + written, interval) for written, interval in islice(_wildcard(bare), _MOST_NETWORKS))
    elif "-" in word:
        yield from _range(word)


def _range(word: str) -> Iterator[tuple[str, Interval]]:
    """`a-b` as the networks that make it up."""
    low, high = (literal(part) for part in (word.split("-")[0], word.split("-")[1]))
    if low is None or high is None or "/" in word or low > high or (low[0] < V6_BASE <= high[0]):
        return
    position, width = low[0], 128 if low[0] >= V6_BASE else 32
    base = V6_BASE if width == 128 else 0
    while position <= high[0]:
        start = position - base
        size = min(start & -start or 1 << width, 1 << ((high[0] - position + 1).bit_length() - 1))
        yield _written(position, size, width), (position, position + size - 1)
        position += size


def _written(position: int, size: int, width: int) -> str:
    address = ip_address(position) if width == 32 else IPv6Address(position - V6_BASE)
    return f"{address}/{width - size.bit_length() + 1}"


def _wildcard(word: str) -> Iterator[tuple[str, Interval]]:
    """`10.0.5.1/0.0.255.0`: bits that are 1 in the mask may be anything."""
    address, _, mask = word.partition("/")
    try:
        start, wild = ip_address(address), ip_address(mask)
    except ValueError:
        return
    if start.version != wild.version:
        return
    width, base = start.max_prefixlen, V6_BASE if start.version == 6 else 0
    free = [bit for bit in range(width) if int(wild) >> bit & 1]
    tail = next((index for index, bit in enumerate(free) if index != bit), len(free))
    fixed = int(start) & ~int(wild)
    for choice in product((0, 1), repeat=len(free) - tail):
        value = fixed | sum(1 << bit for bit, on in zip(reversed(free[tail:]), choice, strict=True) if on)
        yield _written(base + value, 1 << tail, width), (base + value, base + value + (1 << tail) - 1)


def read_aliases(root: Element, interfaces: Interfaces, notes: list[Note]) -> Aliases:
    """The aliases of a file; what its author should know about them goes into `notes`."""
    store = root.at("OPNsense/Firewall/Alias")
    old = list(root.every("aliases/alias"))
    if store is None and old:
        notes.append(remark("old-file", "the aliases are in the old place: an older release wrote the file", old[0].head, Effect.UNKNOWN))
        found = [_old_alias(element) for element in old]
    else:
        found = [_alias(element) for element in latest(store.every("aliases/alias"), notes)] if store is not None else []
        notes += [_leftover(element) for element in old]
    by_name = {alias.name: alias for alias in found if alias.name}
    same = {name: tuple(alias for alias in found if alias.name == name) for name in by_name} if len(by_name) < len(found) else {}
    result = Aliases(by_name, same or {name: (alias,) for name, alias in by_name.items()}, interfaces)
    notes += [note for alias in by_name.values() for note in _check(result, alias)]
    return result


def latest(elements: Iterable[Element], notes: list[Note]) -> list[Element]:
    """The elements that exist: of two with one uuid only the later, in the place of the earlier."""
    kept: dict[str, Element] = {}
    for index, element in enumerate(elements):
        key = element.attributes.get("uuid") or f"#{index}"
        if key in kept:
            label = text(element, "name") or text(element, "description") or text(element, "descr") or element.name
            message = f"{label} has the uuid of an earlier {element.name}, which it replaces: that one does not exist"
            related = (("the element that is replaced", kept[key].head),)
            notes.append(remark("duplicate-uuid", message, element.head, Effect.DROPPED, related=related))
        kept[key] = element
    return list(kept.values())


def _leftover(element: Element) -> Note:
    message = f"alias {text(element, 'name')} stands in the old place, which is not read: rules with it are left out"
    return remark("legacy-alias", message, element.head, Effect.IGNORED)


def _alias(element: Element) -> Alias:
    kind = text(element, "type")
    enabled = element.child("enabled")
    on = (enabled is None or not empty(enabled.text)) if kind == "port" else enabled is not None and enabled.text != "0"
    return Alias(text(element, "name"), kind, on, _entries(element.child("content"), kind), _families(element), element)


def _old_alias(element: Element) -> Alias:
    """An alias of an older file, as the migration makes it: its entries are separated by blanks."""
    holder = next((child for name in ("content", "address", "aliasurl", "url") if (child := element.child(name)) is not None), None)
    entries = tuple((word, holder.span) for word in holder.text.split()) if holder is not None else ()
    enabled = element.child("enabled")
    return Alias(text(element, "name"), text(element, "type"), enabled is None or not empty(enabled.text), entries, BOTH, element)


def _families(element: Element) -> Ranges:
    return {"IPv4": V4, "IPv6": V6}.get(text(element, "proto"), BOTH)


def _entries(content: Element | None, kind: str) -> tuple[Entry, ...]:
    """The entries of `<content>`: its lines; in tables any white space separates. Each with its place where that can be told."""
    if content is None or not content.text:
        return ()
    lines = content.text.split("\n")
    simple = content.line + len(lines) - 1 == content.end_line
    found: list[Entry] = []
    for number, line in enumerate(lines):
        offset = content.column + len("<content>") if number == 0 else 1
        words = [(line, 0)] if kind == "port" else [(match.group(), match.start()) for match in re.finditer(r"\S+", line)]
        for word, start in words:
            here = content.line + number
            span = Span(content.path, here, offset + start, here, offset + start + len(word)) if simple else content.span
            found.append((word, span))
    return tuple(found)


def _check(aliases: Aliases, alias: Alias) -> Iterator[Note]:
    """What is odd about an alias by itself, whoever uses it."""
    if not _MACRO.match(alias.name):
        message = f"the alias name {alias.name!r} has characters that pf cannot read: no ruleset is loaded"
        yield remark("ruleset-wont-load", message, alias.place, Effect.REFUSED)
    if alias.type in _NEVER_MATCHING:
        yield remark("alias-type", f"alias {alias.name} is a port list from a URL, which is not supported", alias.place, Effect.NARROWED)
    elif alias.type not in (*_LITERAL_TYPES, *RUN_TIME, "port"):
        message = f"alias {quoted(alias.name)} is of the unknown type {quoted(alias.type[:40])!r}: its entries may count for nothing"
        yield remark("alias-type", message, alias.place, Effect.UNKNOWN)
    if not alias.enabled:
        return
    if alias.type in _LITERAL_TYPES:
        yield from (_odd_entry(alias, word, span) for word, span in alias.entries if _stands_for_nothing(aliases, word))


def _stands_for_nothing(aliases: Aliases, word: str) -> bool:
    if word in aliases.by_name:
        return aliases.by_name[word].type == "port"
    if word in aliases.networks or word in _BUILT_IN or word.startswith(_PORTAL):
        return False
    return "." not in word or not is_domain(word) if not any(True for _ in networks_in(word)) else False


def _odd_entry(alias: Alias, word: str, span: Span) -> Note:
    if is_domain(word):
        message = f"alias {alias.name}: nothing in the file is called {shown(word)}, so it is looked up as a host name"
        return remark("undefined-reference", message, span, Effect.NARROWED)
    what = "no address, network, range, alias or name; it adds nothing"
    if word.startswith("*."):
        what = "a wildcard name, which is not resolved; it adds nothing"
    return remark("alias-entry", f"alias {alias.name}: {shown(word)} is {what}", span, Effect.NARROWED)


def shown(word: str, most: int = 60) -> str:
    """A value for a message: cut, and without the user part of a URL."""
    clean = quoted(re.sub(r"//[^/@\s]*@", "//", word))
    return clean if len(clean) <= most else clean[: most - 1] + "…"


def refusals(aliases: Aliases) -> Iterator[tuple[Alias, str]]:
    """Aliases that keep the ruleset from loading, with pf's reason."""
    for alias in aliases.by_name.values():
        if not _MACRO.match(alias.name):
            yield alias, "syntax error"
