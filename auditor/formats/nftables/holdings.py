"""What named sets and maps may hold: the types they declare, and elements, data and changes that fit those."""

from __future__ import annotations

import re
from collections.abc import Sequence

from auditor.formats.nftables import boxes, fields, kinds
from auditor.formats.nftables.fields import Spec
from auditor.formats.nftables.resolve import Item, Resolver
from auditor.formats.nftables.ruleset import Moment, NamedSet, Table
from auditor.formats.nftables.setting import Facts, Setting, Way
from auditor.formats.nftables.syntax import Atom, Binary, Concat, Element, Expression, FieldName, PlainSet, Update, Verdict
from auditor.formats.nftables.values import BITS
from auditor.model.source import Unknown

_TYPES = frozenset(
    ("nf_proto", "ipv4_addr", "ipv6_addr", "ether_addr", "ether_type", "arp_op", "inet_proto", "inet_service", "icmp_type", "tcp_flag",
     "dccp_pkttype", "mh_type", "time", "mark", "iface_index", "iface_type", "realm", "classid", "uid", "gid", "ct_state", "ct_dir",
     "ct_status", "icmpv6_type", "ct_label", "pkt_type", "icmp_code", "icmpv6_code", "icmpx_code", "devgroup", "dscp", "ecn",
     "fib_addrtype", "boolean", "ct_event", "ifname", "igmp_type", "cgroupsv2", "hour", "day")
)  # fmt: skip
_DATA = _TYPES | {"verdict", "counter", "quota", "limit", "secmark", "synproxy", "ct helper", "ct timeout", "ct expectation"}
_FLAGS = frozenset(("constant", "interval", "dynamic", "timeout"))
_TIME = re.compile(r'"?(?:\d+(?:ms|[dhms]))+"?')
_COUNTS = frozenset(("counter", "limit", "quota", "ct count", "last"))
_GOES = re.compile(r"\btimeout\s+\d")
_COUNTED = re.compile(r"(?<=\s)(?:counter|limit|quota|ct\s+count|last)(?=\s)")
_INTERVALS = re.compile(r":\s*interval\b")
_RANGE = re.compile(r"\d+-\d+")
_MEANT = {
    "port": "inet_service", "service": "inet_service", "ipv4": "ipv4_addr", "ipv4_address": "ipv4_addr", "ip_addr": "ipv4_addr",
    "ipv6": "ipv6_addr", "ipv6_address": "ipv6_addr", "proto": "inet_proto", "protocol": "inet_proto", "mac": "ether_addr",
    "interface": "ifname", "iface": "ifname", "inet_addr": "ipv4_addr", "ipv4_adr": "ipv4_addr", "ipv6_adr": "ipv6_addr",
}  # fmt: skip
_NO_FACTS = Facts()


def _spec(name: str, table: Table) -> Spec | None:
    return fields.known(name, Setting(table.family, Way.INBOUND, "", False, _NO_FACTS, True))


def kinds_of(types: Sequence[str], table: Table) -> list[str]:
    """The kinds of values of types, however they are declared; empty ones where any value is taken."""
    found = []
    for name in types:
        spec = None if name in BITS or name in _TYPES else _spec(name, table)
        found.append(name if spec is None else _kind(spec))
    return found


def _kind(spec: Spec) -> str:
    if spec.side is not None:
        return "ifname" if spec.name.endswith("name") else "iface_index"
    return kinds.kind_of(spec)


# -- declarations


def check_head(named: NamedSet, table: Table, resolver: Resolver) -> None:
    """Refuse types, flags and times that there are not."""
    if named.at.text.text.startswith("{"):
        return  # JSON says some of this in other ways
    for name, known in (*((each, _TYPES) for each in named.types), *((each, _DATA) for each in named.data)):
        if name not in known and _spec(name, table) is None:
            meant = f": `{_MEANT[name]}` is meant" if name in _MEANT else ""
            resolver.refuse(f"there is no type `{name}`{meant}", named.name_at)
    if (named.kind == "map") is not bool(named.data):
        what = "says what it maps to (`type … : …`)" if named.data else "does not say what it maps to (`type … : …`)"
        resolver.refuse(f"{named.kind} `{named.name}` {what}", named.name_at)
    if not named.flags <= _FLAGS:
        resolver.refuse(f"a {named.kind} has no flag `{', '.join(sorted(named.flags - _FLAGS))}`", named.name_at)
    if "auto-merge" in named.options and "interval" not in named.flags:
        resolver.refuse("`auto-merge` is for sets with `flags interval`", named.name_at)
    if "auto-merge" in named.options and named.kind == "map":
        resolver.refuse("`auto-merge` is for sets: a map has none", named.name_at)
    for name in ("timeout", "gc-interval"):
        if not _TIME.fullmatch(named.options.get(name, "1s")):
            resolver.refuse(f"`{named.options[name]}` is no span of time: write it with units, as in `1h30m`", named.name_at)


# -- elements


def check_elements(items: Sequence[Item | Unknown], named: NamedSet, table: Table, resolver: Resolver) -> None:
    """Refuse elements that do not fit what the set declares."""
    for change in named.changes:
        if isinstance(change.value, PlainSet) and not change.value.at.words.strip("{} \t\r\n"):
            resolver.refuse("there is nothing between the braces: leave `elements` out", change.value.at)
    timed = "timeout" in named.flags or "timeout" in named.options or named.at.text.text.startswith("{")
    data = kinds_of(named.data, table)
    for item in items:
        if isinstance(item, Item):
            _check_element(item.element, item.moment, named, resolver, timed)
            if item.element.data is not None or named.data:
                _check_data(item, named, data, table, resolver)


def _check_element(element: Element, moment: Moment, named: NamedSet, resolver: Resolver, timed: bool) -> None:
    count = _width(element.key, moment, resolver)
    if count not in (0, len(named.types)):
        resolver.refuse(f"an element of {_fields(count)} for {named.kind} `{named.name}` of {_fields(len(named.types))}", element.at)
    parts = element.key.parts if isinstance(element.key, Concat) else (element.key,)
    if "interval" not in named.flags and any(isinstance(part, Atom) and part.word.endswith(("*", '*"')) for part in parts):
        resolver.refuse(f"{named.kind} `{named.name}` needs `flags interval` for names that end in `*`", element.at)
    if isinstance(element.key, Atom) and named.types == ("ifname",) and _RANGE.fullmatch(element.key.word):
        resolver.refuse("interfaces have no ranges", element.at)
    _check_counts(element, named, resolver)
    for name, value in element.attributes:
        if name in ("timeout", "expires") and not timed:
            resolver.refuse(f"{named.kind} `{named.name}` needs `flags timeout` for elements that go after a time", element.at)
        elif name in ("timeout", "expires") and not _TIME.fullmatch(value) and timed and not value.isdecimal():
            resolver.refuse(f"`{value}` is no span of time", element.at)


def _check_counts(element: Element, named: NamedSet, resolver: Resolver) -> None:
    """An element counts what its set says that elements count, in that order, and before anything else is said of it."""
    counts = [name for name, _ in element.attributes if name in _COUNTS]
    if not counts or named.at.text.text.startswith("{"):
        return
    if not named.counts and "dynamic" not in named.flags:
        resolver.refuse(f"{named.kind} `{named.name}` does not say that its elements come with `{counts[0]}`", element.at)
    elif named.counts and tuple(counts) != named.counts:
        resolver.refuse(f"elements of {named.kind} `{named.name}` come with `{' '.join(named.counts)}`", element.at)
    elif [name for name, _ in element.attributes[: len(counts)]] != counts:
        resolver.refuse(f"`{counts[0]}` stands before what else is said of an element", element.at)


def _width(value: Expression | None, moment: Moment, resolver: Resolver) -> int:
    """Of how many fields a value is; 0 where that is not known."""
    if isinstance(value, Atom) and value.word.startswith("$"):
        found = resolver.behind(value, moment)
        value = None if isinstance(found, Unknown) else found[0]
    return 0 if value is None else len(value.parts) if isinstance(value, Concat) else 1


def _fields(count: int) -> str:
    return "one field" if count == 1 else f"{count} fields"


def _check_data(item: Item, named: NamedSet, wanted: Sequence[str], table: Table, resolver: Resolver) -> None:
    """What an element maps to."""
    data, at = item.element.data, item.element.at
    if not named.data:
        resolver.refuse(f"`{named.name}` is no map: its elements map to nothing", at)
    elif data is None:
        resolver.refuse("an element of a map needs what it maps to, behind a colon", at)
    elif isinstance(data, Verdict) is not (named.data == ("verdict",)):
        resolver.refuse(f"map `{named.name}` holds {' . '.join(named.data)}", at)
    elif not isinstance(data, Verdict):
        _check_values(data, item.moment, wanted, resolver, _INTERVALS.search(named.at.words) is None)
    elif isinstance(data.target, Atom) and data.target.word[0] not in '$"' and data.target.word not in table.chains:
        resolver.undefined(f"there is no chain `{data.target.word}` in table `{table.family} {table.name}`", data.at)


def _check_values(data: Expression, moment: Moment, wanted: Sequence[str], resolver: Resolver, single: bool) -> None:
    count = _width(data, moment, resolver)
    if count not in (0, len(wanted)):
        resolver.refuse(f"a value of {_fields(count)} where the map holds {_fields(len(wanted))}", data.at)
        return
    for part, kind in zip(data.parts if isinstance(data, Concat) else (data,), wanted, strict=False):
        found = resolver.values(part, kind, moment).spans if kind in BITS and count else ()
        if single and any(low != high for low, high in found) and not data.at.text.text.startswith("{"):
            resolver.refuse("a map holds single values, unless it says `interval` of them", data.at)


def check_deleted(named: NamedSet, types: Sequence[str], resolver: Resolver) -> None:
    """Refuse to delete elements that are not there. What the kernel would join or cut is not followed."""
    if "auto-merge" in named.options or "dynamic" in named.flags or ("interval" in named.flags and len(types) > 1):
        return
    there: set[tuple[boxes.Span, ...]] = set()
    for change in named.changes:
        items = list(resolver.items(change.value, change.moment))
        found = boxes.boxes(items, types, resolver)
        if len(found) < len(items):
            return
        if change.verb == "add":
            there |= {box.spans for box in found}
            continue
        for box in found:
            if box.spans not in there and change.verb == "delete":
                resolver.undefined(f"there is no element `{box.at.told}` in `{named.name}` to delete", box.at)
            there.discard(box.spans)


# -- changes by rules


def check_update(statement: Update, table: Table, resolver: Resolver) -> None:
    """Refuse statements that cannot change the set they name."""
    named = table.sets.get(statement.set_name)
    if named is None:
        resolver.set_named(table, statement.set_name, statement.at)
        return
    if "interval" in named.flags or "constant" in named.flags:
        flag = "interval" if "interval" in named.flags else "constant"
        resolver.refuse(f"`{named.name}` has `flags {flag}`: rules cannot change it", statement.at, ("declared", named.name_at))
        return
    _check_said(statement, named, resolver)
    parts = statement.key.parts if isinstance(statement.key, Concat) else (statement.key,)
    held, wanted = kinds_of(named.types, table), [_kind_of(part, table) for part in parts]
    if len(held) != len(wanted) or any(_differ(one, other) for one, other in zip(held, wanted, strict=True)):
        resolver.refuse(f"{named.kind} `{named.name}` holds {' . '.join(named.types)}, which this is not", statement.at)


def _check_said(statement: Update, named: NamedSet, resolver: Resolver) -> None:
    """Times are for sets that let elements go, and what is counted has to be what the set says."""
    words = statement.at.words
    if _GOES.search(words) and "timeout" not in named.flags and "timeout" not in named.options:
        resolver.refuse(f"{named.kind} `{named.name}` needs `flags timeout` for elements that go after a time", statement.at)
    counts = tuple(" ".join(each.split()) for each in _COUNTED.findall(words))
    if counts and named.counts and counts != named.counts:
        resolver.refuse(f"elements of {named.kind} `{named.name}` come with `{' '.join(named.counts)}`", statement.at)


def _kind_of(part: Expression, table: Table) -> str:
    while isinstance(part, Binary):
        part = part.left
    spec = _spec(part.name, table) if isinstance(part, FieldName) else None
    return "" if spec is None else _kind(spec)


def _differ(one: str, other: str) -> bool:
    """Whether two kinds are of different types; of plain numbers of some size, that is not told apart."""
    both = {one, other}
    return len(both) == 2 and all((kind in BITS and kind in _TYPES) or kind in ("ifname", "iface_index") for kind in both)
