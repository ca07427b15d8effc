"""What the product does to rules that their author does not see: left out, widened, without effect, refused. Each once, at its place."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from auditor.formats.opnsense.aliases import shown
from auditor.formats.opnsense.automatic import lockout_interface
from auditor.formats.opnsense.elements import ELEMENTS
from auditor.formats.opnsense.lines import Line, routes
from auditor.formats.opnsense.lints import remark
from auditor.formats.opnsense.mvc import newer_model
from auditor.formats.opnsense.record import Record, Side, Store
from auditor.formats.opnsense.ruleset import Ruleset
from auditor.formats.opnsense.terms import Kind, PortTerm, Term
from auditor.formats.opnsense.usage import unused
from auditor.formats.opnsense.values import at, flag, place, present, text
from auditor.formats.pf.elements import slips
from auditor.model.source import Effect, Level, Note, Span


def judge(rules: Ruleset) -> Iterator[Note]:
    """Every note on the rules of a file, as far as it takes no comparison of rules."""
    yield from newer_model(rules.root)
    yield from _file(rules)
    yield from _miswritten(rules)
    yield from unused(rules)
    yield from _port_aliases(rules)
    for record, lines in _by_record(rules.lines):
        if not record.synthetic and not record.disabled:
            yield from _lost(rules, record, lines)
            yield from _aliases_off(rules, record)
            yield from _types(record, lines)
            yield from _gateway(rules, record, lines)
            yield from _unheard(rules, record)
    for line, why in rules.refusals:
        yield _refused(line, why)
    yield from _forwards(rules)


def _by_record(lines: Iterable[Line]) -> Iterator[tuple[Record, list[Line]]]:
    for _, group in groupby(lines, key=lambda line: id(line.record)):
        found = list(group)
        yield found[0].record, found


def _loss(record: Record) -> Level:
    """A block that is lost opens; a pass that is lost closes."""
    return Level.WARNING if record.action == "pass" else Level.ERROR


def _who(record: Record) -> str:
    if record.store is Store.FORWARD:
        return f"port forward {shown(record.title)}"
    return f"{'pass' if record.action == 'pass' else 'block'} rule {shown(record.title)}"


# -- the file


def _file(rules: Ruleset) -> Iterator[Note]:
    root, interfaces = rules.root, rules.interfaces
    if not rules.filters:
        yield remark(
            "filter-disabled", "the packet filter is off: everything passes", place(root, "system/disablefilter"), Effect.DANGEROUS
        )
    if interfaces.partial:
        yield remark("partial-file", "the file has no interfaces: its rules speak of ones it does not have", root.head, Effect.UNKNOWN)
    for name, element in interfaces.written.items():
        enable = element.child("enable")
        if enable is not None and enable.text.strip().lower() in ("0", "no", "false"):
            message = f"interface {name}: <enable>{enable.text}</enable> enables it, because the element is there"
            yield remark("presence-boolean", message, enable.span, Effect.IGNORED)
    for interface in interfaces.real():
        if interface.device.startswith("bridge"):
            message = f"interface {interface.label} is a bridge: the rules of its members filter what stays inside it"
            yield remark("bridge", message, interface.element.head, Effect.UNKNOWN)
    chosen = lockout_interface(root, interfaces)
    if chosen is not None and chosen not in interfaces.table:
        message = f"anti-lockout chooses interface {chosen}, which is not enabled: no rule keeps the firewall reachable"
        yield remark("anti-lockout", message, interfaces.written[chosen].head, Effect.DROPPED)
    if any(flag(zone, "enabled") for zone in root.every("OPNsense/captiveportal/zones/zone")):
        place_ = place(root, "OPNsense/captiveportal/zones/zone")
        yield remark("plugin-rules", "a captive portal brings rules of its own", place_, Effect.UNKNOWN)
    servers = root.child("dhcpd")
    running = [server for server in servers.children if present(server, "enable")] if servers is not None else []
    if running:
        message = "the older DHCP server is a plug-in today: whether its rules are there depends on what is installed"
        yield remark("plugin-rules", message, running[0].head, Effect.UNKNOWN)


def _miswritten(rules: Ruleset) -> Iterator[Note]:
    """Elements under a misspelt name, or in another case: names are exact, so nothing reads them."""
    for element, meant in slips(rules.root, ELEMENTS):
        message = f"<{shown(element.name)}> is not <{meant}>: element names are exact, and nothing reads this one"
        yield remark("unknown-field", message, element.head, Effect.DROPPED, Level.ERROR)


def _port_aliases(rules: Ruleset) -> Iterator[Note]:
    """Entries of port aliases that count for nothing."""
    for alias in rules.aliases.by_name.values():
        if alias.type != "port" or not alias.enabled:
            continue
        own = set(alias.entries)
        for word, span in rules.aliases.ports(alias.name).lost:
            if word and (word, span) in own:
                hint = f": write {word.replace('-', ':')}" if word.replace("-", "").isdigit() else ""
                message = f"port alias {alias.name}: {shown(word)!r} is no port, a:b, service or port alias, and is left out{hint}"
                yield remark("port-alias-range", message, span, Effect.NARROWED)


# -- rules that are not there


def _lost(rules: Ruleset, record: Record, lines: list[Line]) -> Iterator[Note]:
    """Lines that are written as comments, one note for each cause."""
    gone = all(line.dropped for line in lines)
    what = "the rule is left out" if gone else "its lines are left out, others of the rule remain"
    seen: set[str] = set()
    for line in lines:
        ends = ((line.source, line.source_port, record.source), (line.destination, line.destination_port, record.destination))
        for item, port, side in ends:
            yield from _lost_end(rules, record, item, port, side, what, seen)
        if line.interface and line.interface not in seen and (note := _no_interface(rules, record, line, what)):
            seen.add(line.interface)
            yield note
            yield from _undefined(rules, line.interface, record.place("interface"))


def _unheard(rules: Ruleset, record: Record) -> Iterator[Note]:
    deaf = [name for name in record.interfaces if name in rules.interfaces.deaf]
    if deaf and record.direction == "in" and not record.interface_not:
        message = f"{_who(record)}: what comes in by {shown(deaf[0])} is filtered by the rules on IPsec: no packet meets the rule there"
        yield remark("interface-missing", message, record.place("interface"), Effect.DROPPED, _loss(record))


def _lost_end(rules: Ruleset, record: Record, item: Term, port: PortTerm, side: Side, what: str, seen: set[str]) -> Iterator[Note]:
    if item.kind is Kind.LOST and item.name not in seen:
        seen.add(item.name)
        message = f"{_who(record)}: {shown(item.name)!r} {_why_lost(rules, item.name)}: {what}"
        yield remark("rule-dropped", message, record.place(side.path), Effect.DROPPED, _loss(record))
        yield from _undefined(rules, item.name, record.place(side.path))
    if port.text in seen or not port.text:
        return
    if port.lost.endswith("empty?"):
        seen.add(port.text)
        message = f"{_who(record)}: port alias {side.port} is empty: {what}"
        yield remark("port-alias-empty", message, record.place(side.port_path), Effect.DROPPED, _loss(record), _defined(rules, side.port))
    elif port.lost:
        seen.add(port.text)
        message = f"{_who(record)}: {shown(side.port)!r} is no port, range a-b, service or port alias: {what}"
        yield remark("rule-dropped", message, record.place(side.port_path), Effect.DROPPED, _loss(record))
    elif port.doubt is not None and "$" not in port.text:
        seen.add(port.text)
        message = f"{_who(record)}: {shown(side.port)!r} may be a service of the firewall's; if it is not, the rule is left out"
        yield remark("rule-dropped", message, record.place(side.port_path), Effect.UNKNOWN, Level.NOTE)
    elif port.ports == () and port.text.startswith("$"):
        seen.add(port.text)
        message = f"{_who(record)}: port alias {side.port} is disabled or has no valid port: the rule never matches"
        yield remark("port-alias-empty", message, record.place(side.port_path), Effect.NARROWED, _loss(record), _defined(rules, side.port))


def _undefined(rules: Ruleset, word: str, span: Span) -> Iterator[Note]:
    """A note if the word can only be the name of something that is not there."""
    if _NAME.fullmatch(word) and word not in rules.aliases.by_name and word not in rules.interfaces.written:
        yield remark("undefined-reference", f"nothing in the file is called {word}", span, Effect.DROPPED)


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _defined(rules: Ruleset, name: str) -> tuple[tuple[str, Span], ...]:
    alias = rules.aliases.by_name.get(name)
    return (("the alias", alias.place),) if alias is not None else ()


def _why_lost(rules: Ruleset, word: str) -> str:
    if word != word.strip():
        return "has a blank before or behind it and does not resolve"
    alias = rules.aliases.by_name.get(word)
    if alias is not None:
        return "is a port alias where an address belongs"
    if word in rules.interfaces.written:
        return "is an interface that is not enabled or has no device"
    return "is no alias, interface, address or network of this file"


def _no_interface(rules: Ruleset, record: Record, line: Line, what: str) -> Note | None:
    found = rules.interfaces.table.get(line.interface)
    if rules.interfaces.partial or (found is not None and found.device):
        return None
    known = line.interface in rules.interfaces.written
    why = "has no device" if found is not None else "is not enabled" if known else "is not in this file"
    message = f"{_who(record)}: interface {shown(line.interface)!r} {why}: {what}"
    element = rules.interfaces.written.get(line.interface)
    related = (("the interface", element.head),) if element is not None else ()
    return remark("interface-missing", message, record.place("interface"), Effect.DROPPED, _loss(record), related)


# -- rules that do something else


def _aliases_off(rules: Ruleset, record: Record) -> Iterator[Note]:
    for side in (record.source, record.destination):
        for word in side.items:
            if not rules.aliases.is_table(word):
                continue
            for alias in rules.aliases.disabled_within(word):
                why = "is disabled" if alias.element.child("enabled") is not None else "has no <enabled> element, which counts as disabled,"
                opens = side.negated == (record.action == "pass")
                meaning = (
                    "it adds nothing"
                    if alias.name != word
                    else "the rule matches everything"
                    if side.negated
                    else "the rule matches nothing"
                )
                message = f"{_who(record)}: alias {alias.name} {why} and its table is empty: {meaning}"
                level = Level.ERROR if opens else Level.WARNING
                effect = Effect.WIDENED if side.negated else Effect.NARROWED
                yield remark("alias-disabled", message, record.place(side.path), effect, level, (("the alias", alias.place),))


def _types(record: Record, lines: list[Line]) -> Iterator[Note]:
    """ICMP types that some line of the rule does not carry."""
    for words, path, carried in (
        (record.icmp_types, "icmptype", [line.icmp_types for line in lines]),
        (record.icmp6_types, "icmp6type", [line.icmp6_types for line in lines]),
    ):
        bare = [line for line in lines if line.active and not line.icmp_types and not line.icmp6_types]
        if words and bare and not all(carried):
            where = {"inet": "its IPv4 line", "inet6": "its IPv6 line"}.get(bare[0].family, "its line")
            message = f"{_who(record)}: {path} {words} does not restrict {where}: every {record.protocol or 'packet'} type matches there"
            yield remark("icmp-type-ignored", message, record.place(path, "icmp6-type"), Effect.WIDENED)


def _gateway(rules: Ruleset, record: Record, lines: list[Line]) -> Iterator[Note]:
    name = record.gateway
    if name in ("", "0"):
        return
    gateway = rules.interfaces.gateways.get(name)
    span = record.place("gateway")
    if record.action != "pass":
        yield remark("gateway", f"{_who(record)}: a gateway on a block has no effect", span, Effect.IGNORED)
    elif gateway is None and not routes(name, rules.settings):
        strict = rules.settings.strict_gateways
        what = "the rule is left out" if strict else "packets follow the routing table"
        message = f"{_who(record)}: gateway {shown(name)} is not in this file: {what}"
        yield remark("gateway", message, span, Effect.DROPPED if strict else Effect.IGNORED)
    elif any("Gateway protocol mismatch" in line.dropped for line in lines):
        lost = [line.family for line in lines if "Gateway protocol mismatch" in line.dropped]
        message = f"{_who(record)}: gateway {name} is of another IP version: its {lost[0]} line is left out"
        yield remark("gateway", message, span, Effect.DROPPED, _loss(record))


# -- what pf refuses


_PLACES = {
    "port only": ("destination/port", "destination_port", "source/port", "source_port"),
    "unknown protocol": ("protocol",),
    "rule expands": ("source_net", "destination_net", "source", "destination"),
    "icmp": ("icmptype", "icmp6-type", "icmp6type"),
    "unknown icmp": ("icmptype", "icmp6-type", "icmp6type"),
    "a table": ("destination/port", "destination_port", "source/port", "source_port"),
}


def _refused(line: Line, why: str) -> Note:
    record = line.record
    paths = next((paths for start, paths in _PLACES.items() if why.startswith(start)), ())
    if why.startswith("cannot read"):
        word = why.removeprefix("cannot read ").strip("'")
        paths = tuple(name for name in ("action", "type", "direction", "ipprotocol") if text(record.element, name) == word)
    if why.startswith("rule expands"):
        paths = tuple(
            side.path for side, item in ((record.source, line.source), (record.destination, line.destination)) if item.v6 is not None
        )
    message = f"{_who(record)}: pf does not take its line ({why}), and so loads none of the rules"
    return remark("ruleset-wont-load", message, record.place(*paths), Effect.REFUSED)


# -- port forwards


def _forwards(rules: Ruleset) -> Iterator[Note]:
    seen: set[tuple[int, str]] = set()
    for redirect in rules.redirects:
        record = redirect.line.record
        key = (id(record.element), redirect.dropped)
        if not redirect.dropped or redirect.line.refused or record.disabled or redirect.forward.record.store == "system" or key in seen:
            continue
        seen.add(key)
        element = record.element
        path = {"Missing target": "target", "Invalid target": "target"}.get(redirect.dropped, "")
        if redirect.line.source.kind is Kind.LOST:
            path = record.source.path
        elif redirect.line.destination.kind is Kind.LOST:
            path = record.destination.path
        elif redirect.line.destination_port.lost:
            path = record.destination.port_path
        elif redirect.dropped.startswith("Interface"):
            path = "interface"
        said = shown(at(element, path)) if path else ""
        message = f"port forward {shown(record.title)} is left out: {redirect.dropped.rstrip('?')}{f' ({said})' if said else ''}"
        yield remark("forward-dropped", message, record.place(path), Effect.DROPPED)
