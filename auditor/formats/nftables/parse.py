"""Text to syntax. A bad item costs that item: the error is reported where it stands, and reading goes on behind it."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import NamedTuple

from auditor.formats.nftables import plain
from auditor.formats.nftables.lalr import Run, Tables, Token, Tree, Unexpected
from auditor.formats.nftables.shape import Shaper
from auditor.formats.nftables.syntax import Bad, Element, Item, PlainSet, SetLiteral
from auditor.formats.nftables.text import At, Text
from auditor.model.record import dataclass, field

STARTS = ("file", "table_items", "chain_items")
MOST_ERRORS = 100


class Error(NamedTuple):
    """Why a piece of the text could not be read."""

    message: str
    at: At


# -- the parser


@cache
def parser() -> Tables:
    """The parser, by the tables that are shipped."""
    return Tables(json.loads(resources.files(__package__).joinpath("tables.json").read_text("utf-8")))


# -- reading


@dataclass(frozen=True, slots=True)
class Parsed:
    """The items of a text, in order, and what could not be read. `start` says what kind of place the text is for."""

    items: tuple[Item, ...]
    errors: tuple[Error, ...]
    start: str


def parse(text: Text, start: str = "file") -> Parsed:
    """Read a whole text as what stands in a file, a table (`table_items`) or a chain (`chain_items`)."""
    run, recovery = Run(parser(), text.text + "\n", start), _Recovery(text)
    while True:
        try:
            tree = run.finish()
            break
        except Unexpected as error:
            recovery.mend(error)
    return Parsed(Shaper(text, parser().patterns).items(tree.children), tuple(recovery.errors), start)


def parse_fragment(text: Text) -> Parsed:
    """Read a text of unknown place: as the first kind of place that reads without an error, else as the one that gets furthest."""
    tried = []
    for start in STARTS:
        parsed = parse(text, start)
        if not parsed.errors:
            return parsed
        tried.append(parsed)
    return max(tried, key=lambda parsed: (parsed.errors[0].at.start, -len(parsed.errors)))


def elements(value: PlainSet | SetLiteral) -> tuple[Element | Bad, ...]:
    """The elements of a set, however it was read. Errors in them are not reported yet."""
    if isinstance(value, SetLiteral):
        return value.elements
    found: list[Element | Bad] = []
    for at in plain.pieces(value):
        easy = plain.simple(at)
        found += [easy] if easy else _element(at)
    return tuple(found)


def _element(at: At) -> tuple[Element | Bad, ...]:
    """An element that is not a plain value."""
    try:
        tree = parser().parse(at.words, "element_list")
    except Unexpected:
        return (Bad(at),)
    return Shaper(at.text, parser().patterns, at.start).element_list(tree.children)


# -- errors

_BETWEEN = re.compile(r"(?:[ \t\r\n;]|\\\n|#[^\n]*)*")
_STOP = re.compile(r'"[^"]*"|#[^\n]*|\\\n|[{};\n]')


@dataclass(slots=True)
class _Recovery:
    """Panic mode: on an error, give up the innermost item that can be given up, and go on behind its separator."""

    text: Text
    errors: list[Error] = field(default_factory=list)
    reached: int = -1

    def mend(self, error: Unexpected) -> None:
        """Put the run where it can go on."""
        run, token = error.run, error.token
        ended = token is not None and token.type == "$END"
        at = len(self.text.text) if ended else min(error.position, len(self.text.text))
        if self.text.text.startswith("}", at) and run.takes("_S"):
            self._close(run, at)
            return
        self._report(_message(error, self.text, at), at, at + max(1, len(token.value) if token is not None else 1))
        self._give_up(run, at, ended)

    def _close(self, run: Run, at: int) -> None:
        """A brace without a separator before it ends what is open, or nothing."""
        run.feed(_made_up("_S", at))
        if run.open_braces():
            self._report("a newline or `;` is needed before `}`", at, at + 1)
            run.feed(_made_up("RBRACE", at, at + 1))
            run.position = at + 1
            return
        self._report("unexpected `}`: it closes nothing", at, at + 1)
        end = _BETWEEN.match(run.text, at + 1)
        run.position = end.end() if end is not None else at + 1

    def _report(self, message: str, start: int, end: int) -> None:
        line_end = self.text.text.find("\n", start)
        end = min(end, line_end if line_end > start else end)
        self.errors.append(Error(message, At(self.text, start, max(end, start + 1))))

    def _give_up(self, run: Run, at: int, ended: bool) -> None:
        text = self.text.text
        begin, depth = _unwind(run, at)
        lost = ended or len(self.errors) >= MOST_ERRORS
        stop = len(text) if lost else _skip(text, max(at, self.reached), depth, run.open_braces() > 0)
        self.reached = max(stop, self.reached + 1)
        run.feed(_made_up("BAD", begin, stop))
        run.position = stop
        if stop >= len(text):
            for _ in range(run.open_braces()):
                run.feed(_made_up("_S", stop))
                run.feed(_made_up("RBRACE", stop))
        elif text[stop] == "}":
            run.feed(_made_up("_S", stop))


def _made_up(kind: str, start: int, end: int | None = None) -> Token:
    return Token(kind, "", start, start if end is None else end)


def _unwind(run: Run, at: int) -> tuple[int, int]:
    """Drop what was read of the item that went wrong: (where it began, how many braces were open in it)."""
    depth = 0
    while len(run.states) > 1 and "BAD" not in run.tables.states[run.states[-1]]:
        run.states.pop()
        dropped = run.values.pop()
        depth += isinstance(dropped, Token) and dropped.type == "LBRACE"
        at = _begin(dropped, at)
    return at, depth


def _begin(node: Token | Tree, default: int) -> int:
    while isinstance(node, Tree) and node.children:
        node = node.children[0]
    return node.start_pos if isinstance(node, Token) else default


def _skip(text: str, at: int, depth: int, inside: bool) -> int:
    """The end of the item that `at` lies in, `depth` braces deep."""
    for found in _STOP.finditer(text, at):
        mark = found[0]
        if mark == "{":
            depth += 1
        elif mark == "}":
            if depth == 0 and inside:
                return found.start()
            depth = max(depth - 1, 0)
        elif mark in ";\n" and depth == 0:
            return found.start()
    return len(text)


_WORDS = {
    "FIELD": "a field (`tcp dport`, `ip saddr`, …)",
    "VAL": "a value",
    "PLAIN_SET": "a set",
    "LBRACE": "`{`",
    "RBRACE": "`}`",
    "_S": "a new line or `;`",
    "NAME": "a name",
    "STRING": "a quoted string",
    "VERDICT": "a verdict (`accept`, `drop`, …)",
    "OP": "a comparison",
    "BITOP": "a bit operator",
    "FAMILY": "a family (`ip`, `inet`, …)",
    "OBJECT_BODY": "`{`",
    "COLON": "`:`",
    "COMMA": "`,`",
    "DOT": "` . `",
    "EQUAL": "`=`",
    "RATE": "a rate such as `10/second`",
    "BURST": "`5 packets`",
    "LOG_LEVEL": "a level (`warn`, `info`, …)",
    "JUMP": "`jump` or `goto`",
    "TABLE": "`table`",
    "$END": "the end of the file",
}
_ORDER = tuple(_WORDS)


def _message(error: Unexpected, text: Text, at: int) -> str:
    expected = error.expected
    known = [_WORDS[name] for name in _ORDER if name in expected]
    found = re.match(r'"[^"]*"|[\w./$@-]+|\S', text.text[at : at + 60])
    what = f"unexpected `{found[0]}`" if found else "unexpected end of the line" if at < len(text.text) else "unexpected end of the file"
    others = [f"`{name.lower()}`" for name in sorted(expected) if name.isalpha() and name.isupper() and name not in _WORDS]
    words = known + others if len(known) + len(others) <= 4 else known
    return f"{what}: expected {' or '.join(words[:4])}" if words else what
