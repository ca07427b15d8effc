"""JSON to values with their places. Nesting is bounded; a text that is no JSON raises `Malformed` with the place."""

from __future__ import annotations

import json
import re
from bisect import bisect_left

from auditor.formats.nixos.values import Attributes, Flag, Lines, Listed, Null, Number, Open, Value, Words
from auditor.model.source import Span, Unknown

DEEPEST = 64
LONGEST_NUMBER = 100
_SPACE = re.compile(r"[ \t\r\n]*")
_STRING = re.compile(r'"((?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)"')
_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_LISTS = ("allowedTCPPorts", "allowedUDPPorts", "allowedTCPPortRanges", "allowedUDPPortRanges", "trustedInterfaces")
_SETS = (
    "networking",
    "firewall",
    "nftables",
    "nat",
    "filterOutput",
    "interfaces",
    "tables",
    "services",
    "programs",
    "boot",
    "virtualisation",
)
_NAMES = frozenset((*_LISTS, *_SETS))
_SIGN = re.compile(r'"(?:allowedTCPPorts|firewall|nftables|tables|networking)"')
_NEAR = 256
_WORDS = {"true": True, "false": False, "null": None}


class Malformed(Exception):
    """Why a text is no JSON, and where."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.span = span


def read_json(path: str, text: str) -> Value:
    """The value that the whole text is. Raises `Malformed`."""
    reader = _Reader(Lines(path, text))
    value, at = reader.value(reader.skip(0), 0)
    if reader.skip(at) != len(text):
        reader.fail("something follows the value", reader.skip(at))
    return value


class _Reader:
    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.text = lines.text
        self._signs = [found.start() for found in _SIGN.finditer(lines.text)]
        self.within = 0
        self._decoder = json.JSONDecoder()

    def fail(self, message: str, at: int) -> None:
        raise Malformed(f"this is no JSON: {message}", self.lines.span(min(at, max(len(self.text) - 1, 0)), at + 1))

    def skip(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def value(self, at: int, depth: int) -> tuple[Value, int]:
        if depth > DEEPEST:
            self.fail(f"it nests deeper than {DEEPEST}", at)
        first = self.text[at : at + 1]
        if first == "{":
            return self._object(at, depth)
        if first == "[":
            return self._array(at, depth)
        if first == '"':
            return self._string(at)
        return self._other(at)

    def _object(self, at: int, depth: int) -> tuple[Value, int]:
        start = at
        entries: list[tuple[str, Value]] = []
        at = self.skip(at + 1)
        while self.text[at : at + 1] != "}":
            if entries:
                at = self._expect(",", at)
            name, at = self._string(at)
            at = self._expect(":", self.skip(at))
            near = name.text in _NAMES
            self.within += near
            value, at = self._passed_by(at) or self.value(at, depth + 1)
            self.within -= near
            entries.append((name.text, value))
            at = self.skip(at)
        return Attributes(tuple(entries), self.lines.span(start, at + 1)), at + 1

    def _passed_by(self, at: int) -> tuple[Value, int] | None:
        """What is not below a name of ours, and has none in it, read without looking: configurations are large."""
        if self.within or self.text[at : at + 1] not in ("{", "["):
            return None
        near = bisect_left(self._signs, at)
        if near < len(self._signs) and self._signs[near] < at + _NEAR:
            return None
        try:
            _, end = self._decoder.raw_decode(self.text, at)
        except (ValueError, RecursionError):
            return None
        if near < len(self._signs) and self._signs[near] < end:
            return None
        return Null(self.lines.span(at, at + 1)), end

    def _array(self, at: int, depth: int) -> tuple[Value, int]:
        start = at
        items: list[Value] = []
        at = self.skip(at + 1)
        while self.text[at : at + 1] != "]":
            if items:
                at = self._expect(",", at)
            value, at = self.value(at, depth + 1)
            items.append(value)
            at = self.skip(at)
        return Listed(tuple(items), self.lines.span(start, at + 1)), at + 1

    def _expect(self, mark: str, at: int) -> int:
        if self.text[at : at + 1] != mark:
            self.fail(f"`{mark}` is expected here", at)
        return self.skip(at + 1)

    def _string(self, at: int) -> tuple[Words, int]:
        found = _STRING.match(self.text, at)
        if found is None:
            self.fail("a string is expected here", at)
        assert found is not None
        span = self.lines.span(at, found.end())
        return Words(json.loads(found[0]), span, self.lines, _anchors(found[1], at + 1)), found.end()

    def _other(self, at: int) -> tuple[Value, int]:
        for word, value in _WORDS.items():
            if self.text.startswith(word, at):
                span = self.lines.span(at, at + len(word))
                return (Null(span) if value is None else Flag(value, span)), at + len(word)
        found = _NUMBER.match(self.text, at)
        if found is None or len(found[0]) > LONGEST_NUMBER:
            self.fail("a value is expected here", at)
        assert found is not None
        span = self.lines.span(at, found.end())
        if found[1] or found[2]:
            return Open(Unknown("a fraction is no value of these options", span), span), found.end()
        return Number(int(found[0]), span), found.end()


def _anchors(raw: str, start: int) -> tuple[tuple[int, int], ...]:
    """Where the characters of a string stand: after an escape the two offsets part."""
    anchors, shift = [(0, start)], 0
    for found in _ESCAPE.finditer(raw):
        shift += len(found[0]) - 1
        anchors.append((found.end() - shift, start + found.end()))
    return tuple(anchors)
