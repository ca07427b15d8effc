"""Scalars as Talos writes them back: `TCP` becomes `tcp`, `0x50` becomes `80`, `2m` becomes `2m0s`. Deletes compare this text."""

from __future__ import annotations

from auditor.formats.talos.scalars import (
    Refused,
    duration_text,
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
from auditor.formats.talos.schema import ANYTHING, FieldType, Kind, section
from auditor.yamlspan import Mapping, Node, Scalar, Sequence


def canonical_text(node: Scalar, field: FieldType) -> str | None:
    """A scalar of a field as Talos writes it; None for null. What the field does not accept stays as it is."""
    if is_null(node):
        return None
    if placeholder(node) is not None:
        return node.text
    try:
        return _typed(node, field)
    except Refused:
        return node.text


def _typed(node: Scalar, field: FieldType) -> str:
    if field.kind is Kind.BOOLEAN:
        return "true" if read_boolean(node) else "false"
    if field.kind is Kind.NUMBER:
        return str(read_number(node))
    if field.kind is Kind.DURATION:
        return duration_text(read_duration(node))
    if field.syntax == "port":
        return str(read_ports(node))
    if field.syntax == "prefix":
        return str(read_prefix(node) or "")
    if field.syntax == "protocol":
        return read_protocol(node)
    return read_action(node) if field.syntax == "action" else node.text


def canonical(node: Node, field: FieldType) -> object:
    """A value of a field as plain texts, lists and dicts; null elements of lists are left out, as Talos does."""
    if isinstance(node, Scalar):
        return canonical_text(node, field)
    if isinstance(node, Sequence):
        element = element_type(field)
        return [canonical(item, element) for item in node.items if not is_null(item)]
    return canonical_mapping(node, field.section if field.kind is Kind.SECTION else "")


def canonical_mapping(node: Mapping, name: str) -> dict[str, object]:
    """A section or document of that name."""
    fields = section(name) or {}
    return {key: canonical(value, fields.get(key, ANYTHING)) for key, value in node.entries.items()}


def element_type(field: FieldType) -> FieldType:
    """The type of a list's elements."""
    if field.kind is not Kind.LIST:
        return ANYTHING
    if field.section:
        return FieldType(Kind.SECTION, section=field.section)
    return FieldType(Kind.SCALAR, syntax=field.syntax) if field.syntax else FieldType(Kind.TEXT)
