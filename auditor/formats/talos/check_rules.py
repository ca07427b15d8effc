"""Lints about the rules themselves: what they mean where that is not what they look like."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.formats.talos.convert import covers_all_ports
from auditor.formats.talos.firewall import Entry, Firewall, FirewallRule, Intervals, adjacent, family, interval_of, touching, up_to_the_last
from auditor.formats.talos.version import LARGE_BUFFERS, PORTS_JOINED, TOP_OF_RANGE, Version
from auditor.model.headers import IPV4, IPV6, addresses_text, merge_intervals, subtract_intervals
from auditor.model.packets import V6_BASE
from auditor.model.source import Effect, Level, Note, Span

_MAPPED = (V6_BASE + (0xFFFF << 32), V6_BASE + (0xFFFF << 32) + 2**32 - 1)
_STATELESS_BEFORE = Version(1, 15, 0, 0)
_EPHEMERAL = (32768, 60999)
_MANY = 10


def check_rules(firewall: Firewall, version: Version) -> Iterator[Note]:
    """Every lint about the rules of a firewall, of which the default action is known."""
    for rule in firewall.rules:
        yield from _sources(rule, bool(firewall.block))
        yield from _excepts(rule)
        yield from _ports(rule, version)
        yield from _top_of_range(rule, version)
    if len(firewall.rules) >= _MANY and version < LARGE_BUFFERS:
        message = f"{len(firewall.rules)} rules on a node can fail to load before Talos 1.13.9: put ports of the same sources into one rule"
        yield _note("many-rules", message, firewall.rules[-1].span, Effect.DANGEROUS)
    if firewall.rules and not firewall.block:
        yield from _accept_mode(firewall, version)


def _note(trap: str, message: str, span: Span, effect: Effect, level: Level = Level.WARNING, *related: tuple[str, Span]) -> Note:
    return Note(trap, message, span, effect, level, related)


def _sources(rule: FirewallRule, block: bool) -> Iterator[Note]:
    if not rule.maybe:
        meaning = "it permits nothing" if block else "its ports are closed to everybody"
        yield _note("empty-ingress", f"no sources are left in the rule {rule.name}: {meaning}", rule.ingress_span, Effect.NARROWED)
    for entry in rule.entries:
        for prefix, span in ((entry.subnet, entry.subnet_span), (entry.except_, entry.except_span)):
            if prefix is None:
                continue
            if prefix.ip != prefix.network.network_address:
                message = f"{prefix} has host bits: it is read as {prefix.network}"
                yield _note("host-bits", message, span, Effect.WIDENED, Level.NOTE)
            low, high = interval_of(prefix)
            if _MAPPED[0] <= low and high <= _MAPPED[1]:
                message = f"{prefix} is an IPv4-mapped prefix and never matches IPv4: write the IPv4 network"
                yield _note("mapped-ipv6", message, span, Effect.NARROWED)


def _excepts(rule: FirewallRule) -> Iterator[Note]:
    excepting = [entry for entry in rule.entries if entry.except_]
    if not excepting:
        return
    subnets = merge_intervals(interval_of(entry.subnet) for entry in rule.entries if entry.subnet)
    meant = merge_intervals(interval for entry in rule.entries for interval in _alone(entry))
    known = not any(entry.unknown_subnet for entry in rule.entries)
    for entry in excepting:
        assert entry.except_ is not None
        taken = interval_of(entry.except_)
        lost = touching(meant, taken)
        if known and not touching(subnets, taken):
            message = f"{entry.except_} lies in none of the rule's subnets: it takes nothing away"
            yield _note("except-outside", message, entry.except_span, Effect.IGNORED, Level.NOTE)
        elif lost:
            other = next(each for each in rule.entries if touching(_alone(each), taken))
            message = f"{entry.except_} is taken from every subnet of the rule: {addresses_text(lost)} of {other.subnet} is lost too"
            yield _note("pooled-except", message, entry.except_span, Effect.NARROWED, Level.WARNING, ("this subnet", other.subnet_span))


def _alone(entry: Entry) -> Intervals:
    """What an entry would contribute if excepts were its own."""
    subnet = (interval_of(entry.subnet),) if entry.subnet else ()
    return subtract_intervals(subnet, (interval_of(entry.except_),)) if entry.except_ else subnet


def _ports(rule: FirewallRule, version: Version) -> Iterator[Note]:
    spans = [(ports.low, ports.high) for ports, _ in rule.ports]
    if rule.protocol in ("icmp", "icmpv6") and rule.ports_known and not covers_all_ports(spans) and rule.ports:
        message = f"{rule.protocol} has no ports: compared with its checksum, only 0-65535 means something, namely all of {rule.protocol}"
        yield _note("icmp-ports", message, rule.ports[0][1], Effect.UNKNOWN)
    if version < PORTS_JOINED:
        for before, after, place in adjacent(rule):
            message = f"{after} directly follows {before}: before Talos 1.7.6 one of them is lost; write {before.low}-{after.high}"
            yield _note("adjacent-ports", message, place, Effect.NARROWED)


def _top_of_range(rule: FirewallRule, version: Version) -> Iterator[Note]:
    part = up_to_the_last(rule.surely) if version < TOP_OF_RANGE else ()
    if part:
        message = f"sources up to the last address do not load before Talos 1.12.5, and no rules are left: {addresses_text(part)}"
        yield _note("top-of-range", message, rule.ingress_span, Effect.DANGEROUS, Level.ERROR)


def _accept_mode(firewall: Firewall, version: Version) -> Iterator[Note]:
    if firewall.span is None and any(_permits_by_looks(rule) for rule in firewall.rules):
        message = (
            "rules without a default action: that is accept, where each rule denies its ports to all but its sources and everything else "
            "is open; add NetworkDefaultActionConfig with ingress: block"
        )
        yield _note("missing-default-action", message, firewall.rules[0].span, Effect.WIDENED)
        return
    for a, b in _sharing(firewall.rules):
        if a.maybe != b.maybe:
            message = f"with accept, only sources that both {a.name} and {b.name} list reach the ports they share"
            yield _note("accept-mode-intersection", message, b.ingress_span, Effect.NARROWED, Level.WARNING, ("the other rule", a.span))
    for rule in firewall.rules:
        v4, v6 = bool(family(rule.maybe, IPV4)), bool(family(rule.maybe, IPV6))
        if v4 != v6:
            message = f"with accept, {rule.name} closes its ports to all of {'IPv6' if v4 else 'IPv4'}: its sources are of one family only"
            yield _note("accept-mode-ipv6", message, rule.ingress_span, Effect.NARROWED)
        meets = any(ports.low <= _EPHEMERAL[1] and ports.high >= _EPHEMERAL[0] for ports, _ in rule.ports)
        if meets and version < _STATELESS_BEFORE and subtract_intervals((IPV4, IPV6), rule.surely):
            message = f"with accept, {rule.name} also drops answers to the node's own DNS, NTP and HTTPS requests (ports 32768-60999)"
            yield _note("accept-mode-replies", message, rule.ports[0][1], Effect.NARROWED)


def _permits_by_looks(rule: FirewallRule) -> bool:
    return bool(re.search(r"allow|ingress|permit", rule.name, re.IGNORECASE)) or rule.covers(50000)


def _sharing(rules: tuple[FirewallRule, ...]) -> Iterator[tuple[FirewallRule, FirewallRule]]:
    """Rules that share ports: each with the one before it that reaches furthest."""
    ports = sorted(((rule.protocol or "", each.low, each.high, index) for index, rule in enumerate(rules) for each, _ in rule.ports))
    widest: tuple[str, int, int] | None = None
    for protocol, low, high, index in ports:
        if widest is not None and widest[0] == protocol and low <= widest[1] and widest[2] != index:
            first, second = sorted((widest[2], index))
            yield rules[first], rules[second]
        if widest is None or widest[0] != protocol or high > widest[1]:
            widest = protocol, high, index
