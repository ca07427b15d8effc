"""A place in the words of one line. What is not understood is refused at the word where it stands; nothing is skipped."""

from __future__ import annotations

from auditor.formats.switch.lines import Line
from auditor.model.source import Span


class Refused(Exception):
    """A line that cannot be read from `span` on; the message completes "cannot be read: …". `told`: a note says so already."""

    def __init__(self, message: str, span: Span, told: bool = False) -> None:
        super().__init__(message)
        self.message, self.span, self.told = message, span, told


class Cursor:
    """The words of a line from `at` on."""

    __slots__ = ("_lowered", "at", "line", "words")

    def __init__(self, line: Line, words: list[str], at: int = 0) -> None:
        self.line, self.words, self.at = line, words, at
        self._lowered = list(map(str.lower, words))

    @property
    def word(self) -> str:
        """The next word in lower case, empty at the end."""
        return self._lowered[self.at] if self.at < len(self._lowered) else ""

    def accept(self, *choices: str) -> bool:
        """Whether the next word is one of `choices`, which is then taken."""
        if self.word in choices:
            self.at += 1
            return True
        return False

    def take(self, what: str) -> str:
        """The next word as it is written. Raises `Refused` at the end."""
        if self.at >= len(self.words):
            raise self.refused(f"{what} is missing")
        self.at += 1
        return self.words[self.at - 1]

    def number(self, what: str, low: int, high: int) -> int:
        """The next word as a number. Raises `Refused` for anything else."""
        text = self.take(what)
        if not (text.isascii() and text.isdigit() and len(text) <= 10 and low <= int(text) <= high):
            self.at -= 1
            raise self.refused(f"{what} is a number from {low} to {high}")
        return int(text)

    def here(self, back: int = 0) -> Span:
        """The place of the next word, or of the one `back` words before it; past the end, of the last."""
        return self.line.span(max(self.at - back, 0))

    def refused(self, message: str, back: int = 0) -> Refused:
        """The exception to raise about the next word."""
        return Refused(message, self.here(back))
