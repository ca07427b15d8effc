"""Trees read from a text that stands inside another file, moved to where that text stands there."""

from __future__ import annotations

from collections.abc import Callable

from auditor.model.record import replace
from auditor.model.source import Source, Span
from auditor.yamlspan import Duplicate, Node, Scalar, Sequence, Stream, Style

Move = Callable[[Span], Span]


def moved_stream(stream: Stream, move: Move) -> Stream:
    """Every span of the stream moved."""
    duplicates = tuple(Duplicate(each.name, move(each.span), move(each.first)) for each in stream.duplicates)
    return Stream(tuple(moved(node, move) for node in stream.documents), duplicates)


def moved(node: Node, move: Move) -> Node:
    """A node and everything below it, every span moved."""
    span = move(node.span)
    key = move(node.key) if node.key else None
    alias = move(node.alias) if node.alias else None
    if isinstance(node, Scalar):
        return replace(node, span=span, key=key, alias=alias)
    if isinstance(node, Sequence):
        return replace(node, span=span, key=key, alias=alias, items=tuple(moved(item, move) for item in node.items))
    return replace(node, span=span, key=key, alias=alias, entries={name: moved(value, move) for name, value in node.entries.items()})


def to_place(span: Span) -> Move:
    """Everything to one place: for texts whose lines are not those of the file."""
    return lambda _: span


def by_lines(path: str, first_line: int, indent: int) -> Move:
    """Line 1 of the text is `first_line` of the file, where every line stands `indent` characters further right."""

    def move(span: Span) -> Span:
        return Span(
            path,
            span.line + first_line - 1,
            span.column + indent,
            span.end_line + first_line - 1,
            span.end_column + indent,
        )

    return move


def into_scalar(scalar: Scalar, source: Source) -> Move:
    """For the text of a scalar of `source`: by lines where it is a literal block, else to the scalar as a whole."""
    if scalar.style is not Style.LITERAL:
        return to_place(scalar.span)
    first = scalar.span.line + 1
    line = next((text for text in map(source.line, range(first, scalar.span.end_line + 1)) if text.strip()), "")
    return by_lines(source.path, first, len(line) - len(line.lstrip(" ")))
