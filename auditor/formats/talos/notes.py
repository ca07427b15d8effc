"""Remarks in the words of this dialect. Nothing here ever repeats a value that could be a secret."""

from __future__ import annotations

from auditor.model.source import Effect, Level, Note, Span
from auditor.yamlspan import Node


def refuse(trap: str, message: str, span: Span, *related: tuple[str, Span]) -> Note:
    """Talos refuses the whole configuration or patch for this."""
    return Note(trap, message, span, Effect.REFUSED, Level.ERROR, related)


def refused(notes: tuple[Note, ...] | list[Note]) -> bool:
    """Whether any of the notes says so."""
    return any(note.effect is Effect.REFUSED for note in notes)


def where(node: Node) -> Span:
    """The place to blame for a value: where it is used, if it came by an alias."""
    return node.alias or node.span


def key_of(node: Node) -> Span:
    """The place of a value's key, or the value's own."""
    return node.key or where(node)
