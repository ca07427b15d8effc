"""The two firewall documents as what they mean: a default action, and rules of ports and pooled sources. Nothing about packets yet.

A rule's sources are the union of all its subnets without the union of all its excepts. What is not known makes `surely` smaller and
`maybe` larger, never the other way round.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from collections.abc import Mapping as AbstractMapping
from itertools import pairwise
from types import MappingProxyType

from auditor import lazyre
from auditor.formats.talos.combine import Combined
from auditor.formats.talos.documents import Document
from auditor.formats.talos.notes import key_of, where
from auditor.formats.talos.scalars import Ports, Prefix, Refused, is_null, placeholder, read_action, read_prefix, read_protocol
from auditor.formats.talos.validate import lookup, ports_of
from auditor.model.headers import ANYWHERE, IPV4, IPV6, intersect_intervals, merge_intervals, subtract_intervals
from auditor.model.packets import V6_BASE, Interval
from auditor.model.record import dataclass, replace
from auditor.model.source import Span, Unknown
from auditor.yamlspan import Mapping, Node, Scalar, Sequence

Intervals = tuple[Interval, ...]


_VARIABLE = lazyre.compile(r"\$\{\w+\}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One element of `ingress`; `subnet` and `except_` None where absent or not known."""

    span: Span
    subnet: Prefix | None
    except_: Prefix | None
    subnet_span: Span
    except_span: Span
    unknown_subnet: Unknown | None = None
    unknown_except: Unknown | None = None


@dataclass(frozen=True, slots=True)
class FirewallRule:
    """A NetworkRuleConfig. `ports` with their places; `unknowns` are why ports, sources or the protocol are not fully known.

    `dispute`: why it may not count: it is all that several patches say, and which of them is the last is not known; or it may not be there.
    """

    name: str
    span: Span
    protocol: str | None
    ports: tuple[tuple[Ports, Span], ...]
    ports_known: bool
    entries: tuple[Entry, ...]
    surely: Intervals
    maybe: Intervals
    unknowns: tuple[Unknown, ...]
    ingress_span: Span
    document: Document
    dispute: Unknown | None = None

    def covers(self, port: int) -> bool:
        """Whether one of the known ports is this one."""
        return any(ports.low <= port <= ports.high for ports, _ in self.ports)

    @property
    def sure_services(self) -> bool:
        """Whether protocol and ports are known."""
        return self.ports_known and self.protocol is not None and self.dispute is None


@dataclass(frozen=True, slots=True)
class Firewall:
    """What a machine filters. `block` None: not known, for the reason in `unknown`. `span` is where the action is set, if it is."""

    block: bool | None
    span: Span | None
    rules: tuple[FirewallRule, ...]
    unknown: Unknown | None = None

    @property
    def filters(self) -> bool:
        """Whether there is a chain at all."""
        return self.block is not False or bool(self.rules)

    @property
    def written(self) -> bool:
        """Whether the configuration says anything of it, be it that everything is let in."""
        return self.filters or self.span is not None


def interval_of(prefix: Prefix) -> Interval:
    """The addresses of a prefix on the address line; host bits are masked."""
    network = prefix.network
    base = V6_BASE if network.version == 6 else 0
    return base + int(network.network_address), base + int(network.broadcast_address)


def family(intervals: Intervals, of: Interval) -> Intervals:
    """The part of one family, all addresses of which are `of`."""
    return intersect_intervals(intervals, (of,))


def touching(intervals: Intervals, one: Interval) -> Intervals:
    """Those of sorted disjoint intervals that share an address with `one`, cut to it."""
    low, high = one
    index = bisect_left(intervals, low, key=lambda interval: interval[1])
    found = []
    while index < len(intervals) and intervals[index][0] <= high:
        found.append((max(intervals[index][0], low), min(intervals[index][1], high)))
        index += 1
    return tuple(found)


def up_to_the_last(sources: Intervals) -> Intervals:
    """The sources of a family that end at its last address and are not all of it: before 1.12.5 no filter with such a set loads."""
    parts = ((part, whole) for whole in (IPV4, IPV6) if (part := family(sources, whole)))
    return next((part for part, whole in parts if part[-1][1] == whole[1] and part != (whole,)), ())


def adjacent(rule: FirewallRule) -> Iterator[tuple[Ports, Ports, Span]]:
    """Ports of a rule that directly follow others, with those and their own place: before 1.7.6 they may be lost."""
    for (before, _), (after, place) in pairwise(sorted(rule.ports, key=lambda each: each[0])):
        if before.high + 1 == after.low:
            yield before, after, place


def read_firewall(
    combined: Combined, disputed: tuple[Document, ...] = (), optional: AbstractMapping[str, Unknown] = MappingProxyType({})
) -> Firewall:
    """The firewall of a configuration that loads.

    `disputed`: rules as several patches give them whose order is not known. `optional`: names of rules that may not be there, and why.
    """
    rules = tuple(_optional(_rule(document, disputed), optional) for document in combined.all("NetworkRuleConfig"))
    default = combined.document("NetworkDefaultActionConfig")
    if default is None:
        return Firewall(False, None, rules)
    node = lookup(default.node, "ingress")
    if not isinstance(node, Scalar) or node.text == "":
        return Firewall(False, key_of(default.node.get("kind") or default.node), rules)
    try:
        return Firewall(read_action(node) == "block", where(node), rules)
    except Refused:
        return Firewall(None, where(node), rules, Unknown("the default action is filled in elsewhere", where(node)))


def _optional(rule: FirewallRule, optional: AbstractMapping[str, Unknown]) -> FirewallRule:
    doubt = optional.get(rule.name)
    return rule if doubt is None else replace(rule, surely=(), unknowns=(doubt, *rule.unknowns), dispute=doubt)


def _rule(document: Document, disputed: tuple[Document, ...]) -> FirewallRule:
    given = [read_rule(each) for each in disputed if each.identity == document.identity]
    merged = read_rule(document)
    if not given:
        return merged
    protocols = {rule.protocol for rule in given if lookup(rule.document.node, "portSelector.protocol")}
    dispute = Unknown(f"which of the patches that set {document.title} comes last is not known", document.node.span)
    entries = dict.fromkeys(replace(entry, except_=None, unknown_except=None) for rule in given for entry in rule.entries)
    ports = {each: span for rule in given for each, span in rule.ports}
    return replace(
        merged,
        protocol=merged.protocol if len(protocols) < 2 else None,
        ports=tuple(ports.items()) or merged.ports,
        ports_known=merged.ports_known and all(rule.ports_known for rule in given),
        entries=tuple(entries) or merged.entries,
        surely=(),
        maybe=merge_intervals(interval for rule in given for interval in rule.maybe) or merged.maybe,
        unknowns=(dispute, *merged.unknowns),
        dispute=dispute,
    )


def read_rule(document: Document) -> FirewallRule:
    """A NetworkRuleConfig."""
    known, unknown_ports = ports_of(document.node)
    unknowns = [Unknown("a port is filled in elsewhere", where(node)) for node in unknown_ports]
    protocol, why = _protocol(document.node)
    unknowns += [why] if why else []
    entries = tuple(_entries(document.node))
    ingress = document.node.get("ingress")
    surely, maybe = _pool(entries)
    unknowns += [why for entry in entries for why in (entry.unknown_subnet, entry.unknown_except) if why]
    return FirewallRule(
        document.name,
        document.node.span,
        protocol,
        tuple((ports, where(node)) for ports, node in known),
        not unknown_ports,
        entries,
        surely,
        maybe,
        tuple(unknowns),
        key_of(ingress) if ingress is not None else document.node.span,
        document,
    )


def _protocol(rule: Mapping) -> tuple[str | None, Unknown | None]:
    node = lookup(rule, "portSelector.protocol") or rule.get("portSelector")
    if not isinstance(node, Scalar):
        return None, Unknown("the rule has no protocol", rule.span)
    try:
        return read_protocol(node), None
    except Refused:
        return None, Unknown("the protocol is filled in elsewhere", where(node))


def _entries(rule: Mapping) -> list[Entry]:
    ingress = lookup(rule, "ingress")
    items = ingress.items if isinstance(ingress, Sequence) else (ingress,)
    return [_entry(item) for item in items if item is not None and not is_null(item)]


def _entry(item: Node) -> Entry:
    if not isinstance(item, Mapping):
        why = Unknown("sources are filled in elsewhere", where(item))
        return Entry(where(item), None, None, where(item), where(item), why, why)
    subnet, subnet_span, unknown_subnet = _prefix(item, "subnet")
    except_, except_span, unknown_except = _prefix(item, "except")
    return Entry(item.span, subnet, except_, subnet_span, except_span, unknown_subnet, unknown_except)


def _prefix(item: Mapping, key: str) -> tuple[Prefix | None, Span, Unknown | None]:
    node = item.get(key)
    if not isinstance(node, Scalar) or is_null(node):
        return None, item.span, None
    try:
        return read_prefix(node), where(node), None
    except Refused:
        filled = placeholder(node) is not None
        reason = f"the {key} is filled in elsewhere" if filled else f"the {key} is no network"
        named = _VARIABLE.fullmatch(node.text)  # the same name is the same value; a text with an anonymous gap is not
        return None, where(node), Unknown(reason, where(node), named[0] if named else None)


def _pool(entries: tuple[Entry, ...]) -> tuple[Intervals, Intervals]:
    """(surely, maybe): all subnets without all excepts."""
    subnets = merge_intervals(interval_of(entry.subnet) for entry in entries if entry.subnet)
    excepts = merge_intervals(interval_of(entry.except_) for entry in entries if entry.except_)
    maybe = ANYWHERE if any(entry.unknown_subnet for entry in entries) else subnets
    maybe = subtract_intervals(maybe, excepts)
    surely = () if any(entry.unknown_except for entry in entries) else subtract_intervals(subnets, excepts)
    return surely, maybe
