"""One file out of two accounts of it: what is a file, or was read first, and what somebody states of it elsewhere.

Where the two contradict each other nobody knows which holds, and that is what comes out.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.formats.proxmox.record import Alias, Document, Entry, Fate, Group, IpSet, Line, Scope, Setting, Trouble
from auditor.model.record import replace
from auditor.model.source import Effect, Level, Span, Unknown

_DEFAULTS = {
    "policy_in": "drop",
    "policy_out": "accept",
    "policy_forward": "accept",
    "dhcp": "1",
    "ndp": "1",
    "macfilter": "1",
    "nosmurfs": "1",
}
"""What options are that a file does not set, where that is not 0."""

NAMELESS = "?"
"""The name of what has one that is not known."""


def together(first: Document, second: Document) -> Document:
    """Both accounts as one."""
    named = [each.name for listed in (second.aliases, second.sets, second.groups) for each in listed]
    rules = (*first.rules, *second.rules)
    troubles = (*first.troubles, *second.troubles)
    if first.rules and second.rules:
        message = f"the rules of this cluster, node or guest are stated at {first.rules[0].span} too: nobody can tell which of them hold"
        troubles += (Trouble("stated-twice", message, second.rules[0].span, Fate.READ, Fate.READ, Level.ERROR, Effect.UNKNOWN),)
        rules = tuple(_doubted(line, _contradiction(first.rules[0].span, second.rules[0].span)) for line in rules)
    return replace(
        first,
        settings=(*first.settings, *(_setting(first, each) for each in second.settings)),
        aliases=(*first.aliases, *(_alias(first, each) for each in second.aliases)),
        sets=tuple(_set(each, second) for each in first.sets) + tuple(each for each in second.sets if each.name not in _names(first.sets)),
        groups=tuple(_group(each, second) for each in first.groups)
        + tuple(each for each in second.groups if each.name not in _names(first.groups)),
        rules=rules,
        troubles=troubles,
        options_span=second.options_span if second.settings and not first.settings else first.options_span or second.options_span,
        partial=(first.partial and second.partial) or NAMELESS in named,
    )


def combined(documents: Iterable[Document]) -> list[Document]:
    """One document for each file that several are about."""
    found: dict[tuple[Scope, str], Document] = {}
    for document in documents:
        key = document.scope, document.name
        found[key] = together(found[key], document) if key in found else document
    return list(found.values())


def _contradiction(one: Span, other: Span) -> Unknown:
    return Unknown(f"{one} and {other} state different things of the same", other)


def _doubted(line: Line, doubt: Unknown) -> Line:
    return replace(line, doubts=(*line.doubts, doubt))


def _names(named: tuple[IpSet, ...] | tuple[Group, ...]) -> frozenset[str]:
    return frozenset(each.name for each in named)


def _setting(first: Document, stated: Setting) -> Setting:
    before = first.setting(stated.name)
    if before is None:
        silent = first.partial or first.options_span is None or stated.value == _DEFAULTS.get(stated.name, "0")
        return stated if silent else replace(stated, unknown=_contradiction(first.span, stated.span))
    if (before.value, before.unknown) == (stated.value, stated.unknown):
        return stated
    return replace(stated, unknown=_contradiction(before.span, stated.span))


def _alias(first: Document, stated: Alias) -> Alias:
    before = next((each for each in first.aliases if each.name.lower() == stated.name.lower()), None)
    if before is None or before.interval == stated.interval:
        return stated
    return replace(stated, unknown=_contradiction(before.span, stated.span))


def _set(before: IpSet, second: Document) -> IpSet:
    stated = next((each for each in second.sets if each.name == before.name), None)
    if stated is None or {(each.text, each.nomatch) for each in before.entries} == {(each.text, each.nomatch) for each in stated.entries}:
        return before
    unknown = _contradiction(before.span, stated.span)
    return replace(before, entries=tuple(Entry(each.text, True, each.span, unknown) for each in (*before.entries, *stated.entries)))


def _group(before: Group, second: Document) -> Group:
    stated = next((each for each in second.groups if each.name == before.name), None)
    if stated is None or [each.text for each in stated.rules] == [each.text for each in before.rules]:
        return before
    unknown = _contradiction(before.span, stated.span)
    return replace(before, rules=tuple(_doubted(line, unknown) for line in (*before.rules, *stated.rules)))
