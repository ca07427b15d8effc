"""Rules of the new store, `OPNsense/Firewall/Filter/rules/rule`. What is missing has the model's default: pass, in, quick, IPv4, any.

An element that is there and empty is not missing: it overrides the default with nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.opnsense.aliases import latest
from auditor.formats.opnsense.interfaces import Interfaces
from auditor.formats.opnsense.lints import remark
from auditor.formats.opnsense.options import doubts_of, extra_of, flags_of, state_of
from auditor.formats.opnsense.record import Priority, Record, Side, Store
from auditor.formats.opnsense.values import empty, flag, items, place, repeated_in, text, whole
from auditor.formats.xmlspan import Element
from auditor.model.record import replace
from auditor.model.source import Effect, Level, Note, Unknown
from auditor.redact import quoted

STORE = "OPNsense/Firewall/Filter"
KNOWN_VERSIONS = {STORE: (1, 0, 5), "OPNsense/Firewall/Alias": (1, 0, 1)}
_DEFAULTS = {
    "enabled": "1",
    "sequence": "1",
    "action": "pass",
    "quick": "1",
    "direction": "in",
    "ipprotocol": "inet",
    "protocol": "any",
    "source_net": "any",
    "destination_net": "any",
}
_FIELDS = frozenset(
    [
        "enabled",
        "sequence",
        "action",
        "quick",
        "interface",
        "interfacenot",
        "direction",
        "ipprotocol",
        "protocol",
        "icmptype",
        "icmp6type",
        "source_net",
        "source_not",
        "source_port",
        "destination_net",
        "destination_not",
        "destination_port",
        "gateway",
        "replyto",
        "disablereplyto",
        "statetype",
        "state-policy",
        "statetimeout",
        "udp-first",
        "udp-multiple",
        "udp-single",
        "adaptivestart",
        "adaptiveend",
        "max",
        "max-src-nodes",
        "max-src-states",
        "max-src-conn",
        "max-src-conn-rate",
        "max-src-conn-rates",
        "overload",
        "max-pkt-rate-number",
        "max-pkt-rate-seconds",
        "tagged",
        "tos",
        "prio",
        "tcpflags1",
        "tcpflags2",
        "tcpflags_any",
        "sched",
        "tag",
        "log",
        "allowopts",
        "nosync",
        "nopfsync",
        "set-prio",
        "set-prio-low",
        "shaper1",
        "shaper2",
        "divert-to",
        "categories",
        "description",
        "sort_order",
        "prio_group",
    ]
)
_EMPTY_MEANS = {
    "enabled": "the rule is off",
    "quick": "the rule is not quick: any quick rule beats it",
    "ipprotocol": "the rule matches both IP versions",
    "source_net": "the rule matches any source, and its source port is lost",
    "destination_net": "the rule matches any destination, and its destination port is lost",
}


def read_mvc(root: Element, interfaces: Interfaces, schedules: frozenset[str], notes: list[Note]) -> list[Record]:
    """The rules of the new store by sequence, file order within one; what the product makes of oddities goes into `notes`."""
    rules = latest(root.every(f"{STORE}/rules/rule"), notes)
    ordered = sorted(rules, key=lambda rule: whole(_value(rule, "sequence")))
    numbers = {id(rule): number for number, rule in enumerate(rules, 1)}
    records = [_record(rule, numbers[id(rule)], interfaces, schedules, notes) for rule in ordered]
    return [
        replace(record, doubts=(*record.doubts, *_shapers(root, record.element))) if flag(record.element, "shaper2") else record
        for record in records
    ]


def _shapers(root: Element, rule: Element) -> Iterator[Unknown]:
    """A rule whose second shaper is not of the first one's kind is left out."""
    shapers = [(kind, shaper) for kind in ("pipes/pipe", "queues/queue") for shaper in root.every(f"OPNsense/TrafficShaper/{kind}")]
    kinds = {shaper.attributes.get("uuid", ""): kind for kind, shaper in shapers if flag(shaper, "enabled")}
    first, second = (kinds.get(text(rule, name), "") for name in ("shaper1", "shaper2"))
    if flag(rule, "shaper1") and (first != second or not second):
        yield Unknown("whether the two shapers are of one kind; if they are not, the rule is left out", place(rule, "shaper2"))


def newer_model(root: Element) -> Iterator[Note]:
    """A note for each store that was saved with a newer version of its model than is known here."""
    for path, version in KNOWN_VERSIONS.items():
        store = root.at(path)
        said = store.attributes.get("version", "") if store is not None else ""
        if store is not None and tuple(whole(part) for part in said.split(".")) > version:
            known = ".".join(map(str, version))
            what = path.rpartition("/")[2].lower()
            yield remark(
                "newer-model", f"the {what} store was saved with model version {said}; {known} is known", store.head, Effect.UNKNOWN
            )


def _value(rule: Element, name: str) -> str:
    """The field's text; the model's default only where the element is missing."""
    child = rule.child(name)
    return _DEFAULTS.get(name, "") if child is None else child.text


def _record(rule: Element, number: int, interfaces: Interfaces, schedules: frozenset[str], notes: list[Note]) -> Record:
    protocol = _value(rule, "protocol").lower()
    action = _value(rule, "action")
    flags = flags_of(rule, protocol)
    named = () if empty(text(rule, "interface")) else items(text(rule, "interface"))
    notes += _remarks(rule, empty(_value(rule, "enabled")), action in ("", "pass"))
    return Record(
        Store.MVC,
        _priority(named, flag(rule, "interfacenot"), interfaces),
        quoted(text(rule, "description")) or f"rule {number}",
        rule,
        disabled=empty(_value(rule, "enabled")),
        action=action or "pass",
        quick=not empty(_value(rule, "quick")),
        log=flag(rule, "log"),
        direction=_value(rule, "direction") or "in",
        interfaces=named,
        interface_not=flag(rule, "interfacenot"),
        families=("inet", "inet6") if _value(rule, "ipprotocol") == "inet46" else (_value(rule, "ipprotocol"),),
        protocol="" if protocol == "any" or empty(protocol) else protocol,
        source=_side(rule, "source"),
        destination=_side(rule, "destination"),
        icmp_types=text(rule, "icmptype"),
        icmp6_types=text(rule, "icmp6type"),
        flags=flags,
        state=state_of(rule, action, "keep"),
        extra=extra_of(rule),
        gateway=text(rule, "gateway"),
        reply=not flag(rule, "disablereplyto"),
        doubts=(*doubts_of(rule, schedules, flags, action in ("", "pass")), *_unknown_fields(rule)),
        floating=len(named) != 1 or flag(rule, "interfacenot"),
    )


def _priority(named: tuple[str, ...], negated: bool, interfaces: Interfaces) -> int:
    if named and not any(name in interfaces.written or name in interfaces.groups for name in named):
        return Priority.NOWHERE
    if len(named) != 1 or negated:
        return Priority.FLOATING
    group = interfaces.groups.get(named[0]) if named[0] != "enc0" else None  # no group to this store
    return Priority.GROUP + group.sequence if group is not None else Priority.INTERFACE


def _side(rule: Element, name: str) -> Side:
    net, port = _value(rule, f"{name}_net"), text(rule, f"{name}_port")
    if empty(net):
        return Side(path=f"{name}_net")
    return Side(items(net), flag(rule, f"{name}_not"), "" if empty(port) else port, f"{name}_net", f"{name}_port")


def _unknown_fields(rule: Element) -> tuple[Unknown, ...]:
    return tuple(
        Unknown(f"the field {child.name} is not known", child.span) for child in rule.children if child.name not in _FIELDS and _said(child)
    )


def _said(child: Element) -> bool:
    """Whether an unknown field can narrow the rule: an empty or switched-off one is taken to ask for nothing."""
    return bool(child.children) or not empty(child.text)


def _remarks(rule: Element, disabled: bool, passes: bool) -> Iterator[Note]:
    widened = Level.ERROR if passes else Level.WARNING
    for name in repeated_in(rule):
        if name in _FIELDS:
            second = [child for child in rule.children if child.name == name][1]
            yield remark(
                "repeated-element", f"<{name}> stands twice in one rule: the first counts", second.head, Effect.IGNORED, Level.WARNING
            )
    for name, meaning in _EMPTY_MEANS.items():
        child = rule.child(name)
        if child is not None and not child.text and (not disabled or name == "enabled"):
            level = widened if name in ("source_net", "destination_net") else None
            yield remark("empty-value", f"<{name}> is empty, which is not its default: {meaning}", child.span, Effect.WIDENED, level)
    if disabled:
        return
    for name in ("source", "destination"):
        yield from _side_remarks(rule, name, widened)
    for child in rule.children:
        if child.name not in _FIELDS and _said(child):
            message = f"<{child.name}> is not a field this release reads: the rule may be narrower than it is taken for"
            yield remark("unknown-field", message, child.head, Effect.UNKNOWN)


def _side_remarks(rule: Element, name: str, widened: Level) -> Iterator[Note]:
    net, port = _value(rule, f"{name}_net"), text(rule, f"{name}_port")
    if port and (empty(net) or port == "0"):
        why = "it is 0" if port == "0" else f"{name}_net is empty"
        message = f"the {name} port {port} is lost, because {why}: every port matches"
        yield remark("port-ignored", message, place(rule, f"{name}_port"), Effect.WIDENED, widened)
    if flag(rule, f"{name}_not"):
        if empty(net) or net == "any":
            yield remark("not-any", f"{name}_not beside any is lost", place(rule, f"{name}_not"), Effect.WIDENED, widened)
        elif "," in net:
            message = (
                f"{name}_not beside a list is one negated line an entry: together they match everything outside what the entries share"
            )
            yield remark("negated-list", message, place(rule, f"{name}_not"), Effect.WIDENED, widened)
