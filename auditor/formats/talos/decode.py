"""Strict reading of a document: unknown keys, wrong shapes and scalars that their field does not accept, each where it stands.

Talos refuses the whole configuration for any of them, so each is a note with effect REFUSED. A placeholder that another tool fills in is
none of these: it is noted as unresolved.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator

from auditor.formats.talos.notes import key_of, refuse, where
from auditor.formats.talos.scalars import (
    Refused,
    is_null,
    placeholder,
    read_action,
    read_boolean,
    read_duration,
    read_number,
    read_ports,
    read_prefix,
    read_protocol,
)
from auditor.formats.talos.schema import FieldType, Kind, is_open, section
from auditor.formats.talos.version import ALIASES_AS_ADDRESSES, Version
from auditor.model.record import dataclass
from auditor.model.source import Effect, Level, Note
from auditor.yamlspan import Mapping, Node, Scalar, Sequence

_COMMON = ("apiVersion", "kind")
_READERS: dict[str, Callable[[Scalar], object]] = {
    "port": read_ports,
    "prefix": read_prefix,
    "protocol": read_protocol,
    "action": read_action,
}
_ELSEWHERE = {
    "spec": "a Talos document has no spec: write its keys at the top",
    "metadata": "a Talos document has no metadata: write name at the top",
    "egress": "the Talos firewall filters nothing that leaves the node: remove it",
    "$patch": "$patch knows nothing but delete",
    "$$patch": "only talhelper turns $$patch into $patch: write $patch where talosctl or Terraform reads the file",
    "<<": "Talos does not read merge keys: write the keys out",
}
_RULE_KEYS = {
    "ports": "ports belong into portSelector",
    "port": "write portSelector: {ports: […], protocol: tcp}",
    "protocol": "protocol belongs into portSelector",
    "subnet": "subnet belongs into an element of ingress",
    "action": "a rule has no action: the default action decides what it means",
    "interface": "a rule cannot name an interface: it holds on all of them",
}


@dataclass(frozen=True, slots=True)
class _Place:
    """What is being read: the version that reads it, and the document's kind for messages."""

    version: Version
    kind: str


def check_document(node: Mapping, kind: str, version: Version) -> Iterator[Note]:
    """What Talos objects to when it loads a document of `kind`; the v1alpha1 document is kind "main"."""
    place = _Place(version, kind)
    known = section(kind)
    if known is None:
        return
    allowed = () if kind == "main" else _COMMON
    yield from _mapping(node, kind, allowed, place)


def _mapping(node: Mapping, name: str, allowed: tuple[str, ...], place: _Place) -> Iterator[Note]:
    fields = section(name) or {}
    for key, value in node.entries.items():
        if key in allowed:
            continue
        field = fields.get(key)
        if field is not None:
            yield from _value(value, field, place)
        elif not is_open(name):
            yield _unknown_key(key, value, (*fields, *allowed), place)


def _unknown_key(key: str, value: Node, known: tuple[str, ...], place: _Place) -> Note:
    hint = _ELSEWHERE.get(key) or (_RULE_KEYS.get(key) if place.kind == "NetworkRuleConfig" else None)
    if hint is None:
        near = difflib.get_close_matches(key, known, 1)
        hint = f"is {near[0]} meant?" if near else f"known here: {', '.join(known[:12])}"
    trap = "merge-key" if key == "<<" else "unknown-key"
    title = "the v1alpha1 document" if place.kind == "main" else place.kind
    return refuse(trap, f"the key {key} is unknown in {title}: {hint}", key_of(value))


def _value(node: Node, field: FieldType, place: _Place) -> Iterator[Note]:
    if is_null(node) or field.kind is Kind.ANYTHING:
        return
    if field.kind in (Kind.SECTION, Kind.LIST, Kind.MAP) and (sign := placeholder(node)) is not None:
        yield unresolved(node, sign)
    elif field.kind is Kind.SECTION:
        if isinstance(node, Mapping):
            yield from _mapping(node, field.section, (), place)
        else:
            yield _shape(node, "a mapping")
    elif field.kind is Kind.LIST:
        yield from _list(node, field, place)
    elif field.kind is Kind.MAP:
        if not isinstance(node, Mapping):
            yield _shape(node, "a mapping of names to texts")
        elif not field.replaced:
            yield from (_shape(value, "a text") for value in node.entries.values() if not isinstance(value, Scalar))
    elif isinstance(node, Scalar):
        yield from _scalar(node, field.kind, field.syntax, place)
    else:
        yield _shape(node, field.syntax or field.kind.value)


def _list(node: Node, field: FieldType, place: _Place) -> Iterator[Note]:
    if not isinstance(node, Sequence):
        yield _shape(node, "a list")
        return
    for item in node.items:
        if is_null(item):
            continue
        if field.section:
            if (sign := placeholder(item)) is not None:
                yield unresolved(item, sign)
            elif isinstance(item, Mapping):
                yield from _mapping(item, field.section, (), place)
            else:
                yield _shape(item, "a mapping, such as - subnet: 10.0.0.0/8," if field.section == "source" else "a mapping")
        elif isinstance(item, Scalar):
            yield from _scalar(item, Kind.SCALAR if field.syntax else Kind.TEXT, field.syntax, place)
        else:
            yield _shape(item, "a port" if field.syntax else "a text")


def _scalar(node: Scalar, kind: Kind, syntax: str, place: _Place) -> Iterator[Note]:
    reader: Callable[[Scalar], object] | None = _READERS.get(syntax)
    if kind in _TYPED:
        reader = _TYPED[kind]
    if reader is None:
        return
    sign = placeholder(node)
    if sign is not None:
        yield unresolved(node, sign)
        return
    if syntax == "prefix" and node.alias is not None and place.version < ALIASES_AS_ADDRESSES:
        yield refuse("alias", "Talos before 1.14 does not read an alias in place of a network: write it out", node.alias)
    try:
        reader(node)
    except Refused as problem:
        yield refuse(problem.trap, str(problem), where(node))


_TYPED: dict[Kind, Callable[[Scalar], object]] = {
    Kind.BOOLEAN: read_boolean,
    Kind.NUMBER: read_number,
    Kind.DURATION: read_duration,
}


def unresolved(node: Node, sign: str) -> Note:
    """A value that another tool still has to fill in."""
    if sign == "ENC[":
        return Note("encrypted-file", "the value is encrypted: what depends on it stays open", where(node), Effect.UNKNOWN, Level.NOTE)
    if sign.endswith("__"):  # `${NAME}` where it is no YAML before it is filled in
        sign = f"${{{sign[1:-2].strip('_') or '…'}}}"
    shown = sign if sign.endswith("}") else f"{sign}…"
    message = f"the value is filled in elsewhere ({shown}): what depends on it stays open"
    return Note("unresolved-variable", message, where(node), Effect.UNKNOWN, Level.NOTE)


def _shape(node: Node, wanted: str) -> Note:
    if isinstance(node, Mapping) and "$$patch" in node.entries:
        return refuse("unknown-key", f"the key $$patch is unknown: {_ELSEWHERE['$$patch']}", key_of(node.entries["$$patch"]))
    return refuse("invalid-value", f"{wanted} is expected here", where(node))
