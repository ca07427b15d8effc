"""A running configuration as blocks of lines: a command, and what stands indented under it. No line is lost that could filter a packet.

Banners, certificates and macros hold arbitrary text and are left out. A snippet need not be indented: a command that only exists below
another one belongs to the one before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache

from auditor.formats.near import near
from auditor.model.record import dataclass, field
from auditor.model.source import Span


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a file, without its end."""

    path: str
    number: int
    text: str

    @property
    def words(self) -> list[str]:
        """The line's words, up to a comment behind them."""
        words = self.text.split()
        if "!" in self.text and words[:1] not in (["remark"], ["description"], ["banner"]) and "remark" not in words[:3]:
            return words[: next((index for index, word in enumerate(words) if word.startswith("!")), len(words))]
        return words

    def span(self, first: int | None = None, last: int | None = None) -> Span:
        """The place of the words from `first` to `last` (inclusive); of the whole command without them."""
        if first is None and "!" not in self.text:
            begin_, end_ = len(self.text) - len(self.text.lstrip()), len(self.text.rstrip())
            return Span(self.path, self.number, begin_ + 1, self.number, max(end_, begin_ + 1) + 1)
        places = [(found.start(), found.end()) for found in re.finditer(r"\S+", self.text)] or [(0, 1)]
        begin = places[min(first or 0, len(places) - 1)]
        end = places[min(len(self.words or [""]) - 1 if first is None else last if last is not None else first, len(places) - 1)]
        return Span(self.path, self.number, begin[0] + 1, self.number, max(end[1], begin[1]) + 1)


@dataclass(slots=True)
class Block:
    """A command at the left margin and the lines below it."""

    header: Line
    words: list[str]
    body: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class Text:
    """A file in blocks. `loose` are banners that never end, by their line; `beneath` what lines say that are left out of their blocks."""

    blocks: list[Block]
    loose: list[Line]
    beneath: set[str] = field(default_factory=set)


_LIST = (
    r"(?:sequence\s+)?(?:\d+\s+)?(?:permit|deny|remark)\b|evaluate\s|(?:no\s+)?(?:statistics|counters)\s+per-entry|fragments\s|no\s+\d+\s*$"
)
_INTERFACE = (
    r"(?:no\s+)?(?:ip\s+(?:addr\w*|access-g\w*|port\s+access-group|virtual-router|unnumbered)|ipv6\s+(?:address|traffic-filter|access-group)"
    r"|mac\s+access-group|switchport|shutdown|description|encapsulation|standby|vrrp|vrf\s+(?:forwarding|member)|nameif|security-level)\b"
)
_MEMBER = r"(?:\d+\s+)?(?:host|range|any|tcp|udp|tcp-udp|icmp|eq|gt|lt|neq)\b|group-object\s|\d+\.\d+\.\d+\.\d+|description\s"
_BELOW = {
    "ip": _LIST,
    "ipv6": _LIST,
    "mac": _LIST,
    "arp": _LIST,
    "interface": _INTERFACE,
    "object-group": _MEMBER,
    "vlan": r"(?:name|match|action|state)\s",
    "line": r"(?:access-class|ipv6\s+access-class|transport|login|exec-timeout)\b",
}
"""What exists only below a command that begins with the word."""

_SLIPS = {
    **dict.fromkeys(("ip", "ipv6"), ("permit", "deny", "evaluate")),
    "vlan": ("match", "action"),
    "object-group": ("host", "range", "group-object"),
}
"""The words that lines below begin with, of which a slip is looked for."""

_KEPT = frozenset(
    {*_BELOW, "access-list", "management", "vrf", "system", "control-plane", "time-range", "policy-map", "class-map", "route-map"}
)
"""Commands whose lines are looked at."""


def read_lines(path: str, text: str) -> Text:
    """`text` in blocks."""
    result = Text([], [])
    current: Block | None = None
    for line in _commands(path, text.split("\n"), result.loose):
        raw = line.text
        indented = raw[:1] in (" ", "\t")
        if current is not None and (indented or _belongs(current, raw)):
            if current.words[0] in _KEPT:
                current.body.append(line)
            else:
                result.beneath.update(line.words[1:])
            continue
        words = line.words
        if not words or words[0] in ("end", "exit"):
            continue
        words[0] = "interface" if len(words[0]) >= 3 and "interface".startswith(words[0].lower()) else words[0].lower()
        current = Block(line, words)
        result.blocks.append(current)
    return result


def _commands(path: str, lines: list[str], loose: list[Line]) -> Iterator[Line]:
    """The lines that are commands: not empty, no comments, nothing within a banner or a macro."""
    number = 0
    while number < len(lines):
        raw = lines[number].rstrip("\r")
        number += 1
        bare = raw.lstrip()
        if not bare or bare[0] == "!":
            continue
        if bare.startswith(("banner ", "macro name ")):
            behind = _behind_text(bare, lines, number)
            if behind is None:
                loose.append(Line(path, number, raw))
            else:
                number = behind
            continue
        yield Line(path, number, raw)


def _behind_text(command: str, lines: list[str], number: int) -> int | None:
    """The index of the first line behind a banner's or macro's text; None if it does not end."""
    words = command.split(None, 2)
    if words[0] == "macro":
        return _after(lines, number, lambda line: line.strip() == "@")
    rest = words[2] if len(words) > 2 else ""
    if not rest:
        return _after(lines, number, lambda line: line.strip() == "EOF")
    delimiter = rest[:2] if rest[0] == "^" and len(rest) > 1 else rest[0]
    if delimiter in rest[len(delimiter) :]:
        return number
    return _after(lines, number, lambda line: delimiter in line)


def _after(lines: list[str], number: int, ends: Callable[[str], bool]) -> int | None:
    return next((index + 1 for index in range(number, len(lines)) if ends(lines[index])), None)


def _belongs(block: Block, raw: str) -> bool:
    pattern = _below(block.words[0])
    return pattern is not None and (pattern.match(raw) is not None or _slip(block, raw))


def _slip(block: Block, raw: str) -> bool:
    """Whether a line is a slip away from one of a list's, group's or VLAN map's: its reader refuses it, and goes on to the lines below."""
    kind = block.words[0] if len(block.words) > 1 and block.words[1].lower() in ("access-list", "access-map") else ""
    known = _SLIPS.get(kind) if kind else _SLIPS["object-group"] if block.words[0] == "object-group" else None
    if known is None:
        return False
    words = [word for word in raw.lower().split()[:2] if not word.isdigit()]
    return bool(words) and _near(words[0], known) is not None


_near = lru_cache(4096)(near)


@cache
def _below(word: str) -> re.Pattern[str] | None:
    return re.compile(_BELOW[word], re.IGNORECASE) if word in _BELOW else None
