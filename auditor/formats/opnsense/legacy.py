"""Rules of the old store, `filter/rule`. What is missing means everything: any source, any destination, both families, pass, in.

A rule is quick unless it is floating; it is floating if the element is there. Ports count only beside tcp, udp or tcp/udp.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.opnsense.interfaces import Interfaces
from auditor.formats.opnsense.lints import remark
from auditor.formats.opnsense.options import doubts_of, extra_of, flags_of, state_of
from auditor.formats.opnsense.record import Priority, Record, Side, Store
from auditor.formats.opnsense.values import empty, flag, items, place, present, repeated_in, text
from auditor.formats.xmlspan import Element
from auditor.model.source import Effect, Level, Note, Unknown
from auditor.redact import quoted

PORT_PROTOCOLS = ("tcp", "udp", "tcp/udp")
_FIELDS = frozenset(
    [
        "type",
        "interface",
        "floating",
        "quick",
        "direction",
        "ipprotocol",
        "protocol",
        "source",
        "destination",
        "statetype",
        "disabled",
        "log",
        "gateway",
        "sched",
        "icmptype",
        "icmp6-type",
        "tag",
        "tagged",
        "max",
        "max-src-nodes",
        "max-src-conn",
        "max-src-states",
        "max-src-conn-rate",
        "max-src-conn-rates",
        "tcpflags1",
        "tcpflags2",
        "tcpflags_any",
        "os",
        "set-prio",
        "set-prio-low",
        "prio",
        "tos",
        "allowopts",
        "interfacenot",
        "reply-to",
        "disablereplyto",
        "category",
        "associated-rule-id",
        "descr",
        "created",
        "updated",
        "statetimeout",
        "state-policy",
        "nopfsync",
        "nosync",
        "overload",
        "adaptivestart",
        "adaptiveend",
        "udp-first",
        "udp-multiple",
        "udp-single",
        "max-pkt-rate-number",
        "max-pkt-rate-seconds",
        "divert-to",
        "shaper1",
        "shaper2",
        "id",
        "tracker",
        "seq",
        "label",
        "label_id",
        "defaultqueue",
        "ackqueue",
        "dnpipe",
        "pdnpipe",
        "l7container",
        "ifgroup",
        "associated-filter-rule-id",
    ]
)
"""What is read, or known to change nothing. The last line is what older releases and pfSense left in files."""
_SIDE_FIELDS = frozenset({"network", "address", "any", "not", "port"})
_LABELS = frozenset({"descr", "created", "updated", "category", "id", "tracker", "associated-rule-id"})
_FLAGS = frozenset({"disabled", "log", "quick", "floating", "tcpflags_any", "allowopts", "nopfsync", "nosync", "interfacenot"})


def read_legacy(root: Element, interfaces: Interfaces, schedules: frozenset[str], notes: list[Note]) -> list[Record]:
    """The rules of the old store in file order; what the product makes of oddities goes into `notes`."""
    rules = [element for element in root.every("filter/rule") if element.children]
    return [_record(element, number, interfaces, schedules, notes) for number, element in enumerate(rules, 1)]


def _record(rule: Element, number: int, interfaces: Interfaces, schedules: frozenset[str], notes: list[Note]) -> Record:
    repeated = repeated_in(rule)
    protocol = text(rule, "protocol").lower()
    action = text(rule, "type")
    flags = flags_of(rule, protocol)
    interface = text(rule, "interface")
    notes += _remarks(rule, protocol, repeated)
    return Record(
        Store.LEGACY,
        _priority(rule, interface, interfaces),
        quoted(text(rule, "descr")) or f"rule {number}",
        rule,
        disabled=flag(rule, "disabled"),
        action=action or "pass",
        quick=flag(rule, "quick") if present(rule, "quick") else not present(rule, "floating"),
        log=flag(rule, "log"),
        direction=text(rule, "direction") or "in",
        interfaces=() if empty(interface) else items(interface),
        interface_not=flag(rule, "interfacenot"),
        families=_families(text(rule, "ipprotocol")),
        protocol="" if empty(protocol) else protocol,
        source=_side(rule, "source", protocol, repeated),
        destination=_side(rule, "destination", protocol, repeated),
        icmp_types=text(rule, "icmptype"),
        icmp6_types=text(rule, "icmp6-type"),
        icmp6_always=True,
        flags=flags,
        state=state_of(rule, action),
        extra=extra_of(rule),
        gateway=text(rule, "gateway"),
        reply=not present(rule, "disablereplyto"),
        doubts=(*doubts_of(rule, schedules, flags, action in ("", "pass")), *_unknown_fields(rule)),
        refused=_refused(repeated),
        floating=present(rule, "floating"),
    )


def _priority(rule: Element, interface: str, interfaces: Interfaces) -> int:
    if present(rule, "floating"):
        return Priority.FLOATING
    group = interfaces.groups.get(interface)
    return Priority.GROUP + group.sequence if group is not None else Priority.INTERFACE


def _families(word: str) -> tuple[str, ...]:
    return ("inet", "inet6") if word == "inet46" else (word,)


def _side(rule: Element, name: str, protocol: str, repeated: list[str]) -> Side:
    """`network` beats `address` beats any; text in place of children, or a second element, is any."""
    element = rule.child(name)
    if element is None or not element.children or name in repeated:
        return Side(path=name)
    holder = next((part for part in ("network", "address") if not empty(text(element, part))), "")
    port = text(element, "port") if protocol in PORT_PROTOCOLS else ""
    value = items(text(element, holder)) if holder else ()
    return Side(value, flag(element, "not"), "" if empty(port) else port, f"{name}/{holder}" if holder else name, f"{name}/port")


def _refused(repeated: list[str]) -> str:
    """A repeated element is a list to the generator: it stops, or writes the word `Array`."""
    harmless = {"source", "destination"} | _LABELS | _FLAGS
    spoilt = [name for name in repeated if name not in harmless and name in _FIELDS]
    return f"{spoilt[0]} twice" if spoilt else ""


def _unknown_fields(rule: Element) -> tuple[Unknown, ...]:
    return tuple(Unknown(f"the field {child.name} is not known", child.span) for child in rule.children if child.name not in _FIELDS)


def _remarks(rule: Element, protocol: str, repeated: list[str]) -> Iterator[Note]:
    if flag(rule, "disabled"):
        return
    passes = text(rule, "type") in ("", "pass")
    widened = Level.ERROR if passes else Level.WARNING
    for name in repeated:
        if name not in _LABELS and name in _FIELDS:
            second = [child for child in rule.children if child.name == name][1]
            meaning = "the rule matches any" if name in ("source", "destination") else "set" if name in _FLAGS else "no ruleset is written"
            effect = Effect.WIDENED if name in ("source", "destination") else Effect.REFUSED
            yield remark("repeated-element", f"<{name}> stands twice in one rule: {meaning}", second.head, effect)
    for name in ("source", "destination"):
        yield from _side_remarks(rule, name, protocol, widened)
    if present(rule, "floating") and not flag(rule, "floating"):
        said = place(rule, "floating")
        yield remark("presence-boolean", f"<floating> says {text(rule, 'floating') or 'nothing'} and counts as set", said, Effect.IGNORED)
    if not text(rule, "ipprotocol"):
        level = Level.WARNING if passes else Level.NOTE
        message = "the rule names no IP version: it matches both"
        yield remark("rule-open-by-absence", message, place(rule, "ipprotocol"), Effect.WIDENED, level)
    for child in rule.children:
        if child.name not in _FIELDS:
            message = f"<{child.name}> is not a field of a rule: it is not read, or belongs to another release"
            yield remark("unknown-field", message, child.head, Effect.UNKNOWN)


def _side_remarks(rule: Element, name: str, protocol: str, widened: Level) -> Iterator[Note]:
    element = rule.child(name)
    if element is None or not (element.children or element.text.strip()):
        message = f"the rule {'has an empty' if element is not None else 'names no'} {name}: it matches any"
        yield remark("rule-open-by-absence", message, place(rule, name), Effect.WIDENED, widened)
        return
    if not element.children:
        message = f"<{name}> holds text where an address element belongs: the rule matches any {name}"
        yield remark("repeated-element", message, element.span, Effect.WIDENED, widened)
        return
    if flag(element, "not") and all(empty(text(element, part)) for part in ("network", "address")):
        yield remark("not-any", f"<not> beside any {name} is lost", place(element, "not"), Effect.WIDENED, widened)
    port = text(element, "port")
    if port and (protocol not in PORT_PROTOCOLS or port == "0"):
        why = f"the protocol is {protocol}" if protocol else "the rule has no protocol"
        message = f"the {name} port {port} is lost, because {'it is 0' if port == '0' else why}: every port matches"
        yield remark("port-ignored", message, place(element, "port"), Effect.WIDENED, widened)
    for child in element.children:
        if child.name not in _SIDE_FIELDS:
            message = f"<{child.name}> is not a field of a rule's {name}: it is not read"
            yield remark("unknown-field", message, child.head, Effect.IGNORED)
