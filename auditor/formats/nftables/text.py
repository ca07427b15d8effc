"""A ruleset's text and places in it. A place is a pair of offsets until somebody asks for its line and column: most places never are."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from auditor.model.source import Span


class Text:
    """One file's text, line ends as they stand, with the line of every offset."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text

    @cached_property
    def _starts(self) -> list[int]:
        lengths = map((1).__add__, map(len, self.text.split("\n")))
        return list(accumulate(lengths, initial=0))[:-1]

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1

    def span(self, start: int, end: int) -> Span:
        """The stretch from `start` up to, not including, `end`."""
        starts = self._starts
        line = bisect_right(starts, start)
        before = starts[line - 1] - 1
        if end < (starts[line] if line < len(starts) else len(self.text) + 1):
            return Span(self.path, line, start - before, line, end - before)
        return Span(self.path, line, start - before, *self.position(end))


_APART = re.compile(r'"[^"]*"|(?:[ \t\r]|\\?\n|#[^\n]*)++')


def one_line(words: str) -> str:
    """Words without comments and line breaks; strings stay as they are."""
    return _APART.sub(lambda found: " " if found[0][0] != '"' and ("\n" in found[0] or "#" in found[0]) else found[0], words).strip()


class At(NamedTuple):
    """Where a piece of syntax stands."""

    text: Text
    start: int
    end: int

    @property
    def span(self) -> Span:
        """The place as findings give it."""
        return self.text.span(self.start, self.end)

    @property
    def words(self) -> str:
        """What stands there."""
        return self.text.text[self.start : self.end]

    @property
    def told(self) -> str:
        """The same for a person to read: on one line and without comments."""
        words = self.words
        return one_line(words) if "\n" in words or "#" in words else words

    def part(self, start: int, end: int) -> At:
        """A stretch of it, by offsets from its own start."""
        return At(self.text, self.start + start, self.start + end)
