"""Places in a Terraform file: a stretch of bytes that becomes a `Span` only when somebody asks, because most are never asked.

Byte offsets count from the first byte after the byte-order mark.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from auditor.model.record import dataclass, field
from auditor.model.source import Span


class SourceFile:
    """The bytes of one file, with the beginnings of its lines (found when the first span is wanted)."""

    __slots__ = ("_ascii", "_starts", "data", "path")

    def __init__(self, path: str, data: bytes) -> None:
        self.path = path
        self.data = data
        self._ascii = data.isascii()
        self._starts: list[int] | None = None

    def position(self, offset: int) -> tuple[int, int]:
        """The (line, column) of a byte offset, both from 1; columns count characters."""
        if self._starts is None:
            self._starts = [0, *accumulate(len(line) + 1 for line in self.data.split(b"\n")[:-1])]
        line = bisect_right(self._starts, offset)
        start = self._starts[line - 1]
        if self._ascii:  # a line may be a list of ten thousand networks
            return line, min(offset, len(self.data)) - start + 1
        return line, len(self.data[start:offset].decode("utf-8", errors="replace")) + 1

    def offset(self, line: int, column: int) -> int:
        """The byte offset of a position."""
        self.position(0)
        assert self._starts is not None
        start = self._starts[min(line, len(self._starts)) - 1]
        end = self._starts[line] if line < len(self._starts) else len(self.data)
        return start + len(self.data[start:end].decode("utf-8", errors="replace")[: column - 1].encode())

    def span(self, start: int, end: int) -> Span:
        """The span of the bytes from `start` up to `end`."""
        return Span(self.path, *self.position(start), *self.position(end))


@dataclass(frozen=True, slots=True)
class Place:
    """The bytes `start` to `end` (exclusive) of `file`."""

    file: SourceFile = field(repr=False)
    start: int
    end: int

    @property
    def span(self) -> Span:
        return self.file.span(self.start, self.end)

    @property
    def text(self) -> str:
        return self.file.data[self.start : self.end].decode("utf-8", errors="replace")


@dataclass(frozen=True, slots=True)
class Step:
    """One station on a value's way from where it is written to where it is used, e.g. ("variable vpc_cidr", place of the default)."""

    phrase: str
    place: Place


@dataclass(frozen=True, slots=True)
class Trail:
    """The stations a value passed, last one first, as a linked list so that values share what they have in common."""

    step: Step
    before: Trail | None = None


def steps(trail: Trail | None) -> tuple[Step, ...]:
    """The stations in the order the value passed them."""
    found: list[Step] = []
    while trail is not None:
        found.append(trail.step)
        trail = trail.before
    return tuple(reversed(found))


def join(inner: Trail | None, outer: Trail | None) -> Trail | None:
    """The way of a part: first the part's own, then the way of the whole it was taken out of."""
    if inner is None or outer is None:
        return inner or outer
    joined = inner
    for step in steps(outer):
        joined = Trail(step, joined)
    return joined
