"""What a configuration gives an option: literals with their places, and what stands where no literal does.

A value is never a guess: what is not literal is `Open`, what stands under a condition is `Perhaps`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from functools import cached_property

from auditor.model.record import dataclass
from auditor.model.source import Span, Unknown


class Lines:
    """A file's text and the line of every offset in it. Offsets count characters."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text

    @cached_property
    def _starts(self) -> list[int]:
        starts, at = [0], -1
        while (at := self.text.find("\n", at + 1)) >= 0:
            starts.append(at + 1)
        return starts

    def span(self, start: int, end: int) -> Span:
        """The stretch from `start` up to, not including, `end`."""
        return Span(self.path, *self._position(start), *self._position(max(end, start + 1)))

    def _position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


@dataclass(frozen=True, slots=True)
class Flag:
    """true or false."""

    value: bool
    span: Span


@dataclass(frozen=True, slots=True)
class Number:
    """An integer."""

    value: int
    span: Span


@dataclass(frozen=True, slots=True)
class Null:
    """null."""

    span: Span


@dataclass(frozen=True, slots=True)
class Words:
    """A string. `anchors`: pairs of an offset in `text` and the offset in the file where that character stands; between them both advance.
    `gaps`: parts of it are computed; `${…}` stands for them.
    """

    text: str
    span: Span
    lines: Lines
    anchors: tuple[tuple[int, int], ...] = ((0, 0),)
    gaps: bool = False

    def place(self, start: int, end: int) -> Span:
        """Where a stretch of the text stands in the file."""
        return self.lines.span(self._offset(start), self._offset(max(end - 1, start)) + 1)

    def _offset(self, at: int) -> int:
        index = max(bisect_right(self.anchors, at, key=lambda anchor: anchor[0]) - 1, 0)
        mine, theirs = self.anchors[index]
        return theirs + at - mine


@dataclass(frozen=True, slots=True)
class Listed:
    """A list; also the parts of a string that is put together."""

    items: tuple[Value, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Attributes:
    """A set of attributes in order."""

    entries: tuple[tuple[str, Value], ...]
    span: Span

    def get(self, name: str) -> Value | None:
        """The value of an attribute."""
        return next((value for key, value in self.entries if key == name), None)


@dataclass(frozen=True, slots=True)
class Perhaps:
    """One of these values, or none."""

    options: tuple[Value, ...]
    unknown: Unknown
    span: Span


@dataclass(frozen=True, slots=True)
class Open:
    """Any value."""

    unknown: Unknown
    span: Span


Value = Flag | Number | Null | Words | Listed | Attributes | Perhaps | Open


@dataclass(frozen=True, slots=True)
class Definition:
    """What one module gives an option. The lowest `priority` wins (mkForce 50, plain 100, mkDefault 1000); `unsure`: it may not count."""

    path: tuple[str, ...]
    value: Value
    span: Span
    priority: int = 100
    unsure: Unknown | None = None


def parts(value: Value, unsure: Unknown | None = None) -> Iterator[tuple[Value, Unknown | None]]:
    """The items of a list (or pieces of a string), each with why it is not sure to be there."""
    if isinstance(value, Listed):
        for item in value.items:
            if isinstance(item, Perhaps):
                yield from parts(item, unsure)
            else:
                yield item, unsure
    elif isinstance(value, Perhaps):
        for option in value.options:
            yield from parts(option, unsure or value.unknown)
    elif isinstance(value, Open):
        yield value, unsure or value.unknown
    elif not isinstance(value, Null):
        yield value, unsure
