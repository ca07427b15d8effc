"""Text to syntax, by lark. The parser's tables are shipped: building them from the grammar takes most of a second.

A bad item costs that item: the error is reported where it stands, and reading goes on behind it.
"""

from __future__ import annotations

import hashlib
import io
import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

import lark

from auditor.formats.nftables import plain
from auditor.formats.nftables.shape import Shaper
from auditor.formats.nftables.syntax import Atom, Element, Item, PlainSet, SetLiteral
from auditor.formats.nftables.text import At, Text
from auditor.model.record import dataclass, field

if TYPE_CHECKING:
    from lark.parsers.lalr_interactive_parser import InteractiveParser

STARTS = ("file", "table_items", "chain_items", "element_list")
MOST_ERRORS = 100


class Error(NamedTuple):
    """Why a piece of the text could not be read."""

    message: str
    at: At


# -- the parser


def grammar() -> str:
    """The grammar's text."""
    return resources.files(__package__).joinpath("grammar.lark").read_text("utf-8")


def build() -> lark.Lark:
    """The parser, made from the grammar's text."""
    return lark.Lark(grammar(), parser="lalr", start=list(STARTS), maybe_placeholders=False)


def stamp() -> bytes:
    """What saved tables belong to: lark's version and the grammar."""
    return f"{lark.__version__} {hashlib.sha256(grammar().encode()).hexdigest()}\n".encode()


def save() -> bytes:
    """The tables as they are shipped in `tables.bin`."""
    file = io.BytesIO()
    build().save(file)
    return stamp() + file.getvalue()


@cache
def parser() -> lark.Lark:
    """The parser from the shipped tables, or from the grammar where another lark is installed."""
    shipped = resources.files(__package__).joinpath("tables.bin")
    if shipped.is_file():
        data = shipped.read_bytes()
        if data.startswith(stamp()):
            return lark.Lark.load(io.BytesIO(data[len(stamp()) :]))
    return build()


@cache
def terminals() -> dict[str, str]:
    """The patterns of the terminals that plain.py walks."""
    return {each.name: each.pattern.to_regexp() for each in parser().terminals if each.name in ("FIELD", "VAL", "_S", "PLAIN_SET")}


# -- reading


@dataclass(frozen=True, slots=True)
class Parsed:
    """The items of a text, in order, and what could not be read. `start` says what kind of place the text is for."""

    items: tuple[Item, ...]
    errors: tuple[Error, ...]
    start: str


def parse(text: Text, start: str = "file") -> Parsed:
    """Read a whole text as what stands in a file, a table (`table_items`) or a chain (`chain_items`)."""
    recovery = _Recovery(text)
    tree = parser().parse(text.text + "\n", start=start, on_error=recovery)
    return Parsed(Shaper(text, terminals()).items(tree.children), tuple(recovery.errors), start)


def parse_fragment(text: Text) -> Parsed:
    """Read a text of unknown place: as the first kind of place that reads without an error, else as the one that gets furthest."""
    tried = []
    for start in STARTS[:3]:
        parsed = parse(text, start)
        if not parsed.errors:
            return parsed
        tried.append(parsed)
    return max(tried, key=lambda parsed: (parsed.errors[0].at.start, -len(parsed.errors)))


def elements(value: PlainSet | SetLiteral) -> tuple[Element, ...]:
    """The elements of a set, however it was read."""
    if isinstance(value, SetLiteral):
        return value.elements
    found: list[Element] = []
    for at in plain.pieces(value):
        easy = plain.simple(at)
        found += [easy] if easy else _element(at)
    return tuple(found)


def _element(at: At) -> tuple[Element, ...]:
    """An element that is not a plain value. What cannot be read becomes an element of its text, refused when its meaning is looked for."""
    try:
        tree = parser().parse(at.words, start="element_list")
    except lark.UnexpectedInput:
        return (Element(Atom(at.words, at), None, (), at),)
    return Shaper(at.text, terminals(), at.start).element_list(tree.children)


# -- errors

_STOP = re.compile(r'"[^"]*"|#[^\n]*|\\\n|[{};\n]')


@dataclass(slots=True)
class _Recovery:
    """Panic mode: on an error, give up the innermost item that can be given up, and go on behind its separator."""

    text: Text
    errors: list[Error] = field(default_factory=list)
    reached: int = -1

    def __call__(self, error: lark.UnexpectedInput) -> bool:
        parser = error.interactive_parser
        token = getattr(error, "token", None)
        at = error.pos_in_stream if token is None else token.start_pos
        ended = token is not None and token.type == "$END"
        at = len(self.text.text) if ended or at is None else min(at, len(self.text.text))
        if token is not None and token.type == "RBRACE" and _inside(parser) and "_S" in _accepted(parser):
            self._report("a newline or `;` is needed before `}`", at, at + 1)
            parser.feed_token(_synthetic("_S", at))
            parser.feed_token(token)
            return True
        self._report(_message(error, self.text, at), at, at + max(1, len(token or "")) if token is not None else at + 1)
        self._give_up(parser, at, ended)
        return True

    def _report(self, message: str, start: int, end: int) -> None:
        line_end = self.text.text.find("\n", start)
        end = min(end, line_end if line_end > start else end)
        self.errors.append(Error(message, At(self.text, start, max(end, start + 1))))

    def _give_up(self, parser: InteractiveParser, at: int, ended: bool) -> None:
        begin, depth = _unwind(parser, at)
        inside = _inside(parser)
        stop = (
            len(self.text.text) if ended or len(self.errors) >= MOST_ERRORS else _skip(self.text.text, max(at, self.reached), depth, inside)
        )
        self.reached = max(stop, self.reached + 1)
        parser.feed_token(_synthetic("BAD", begin, stop))
        _move(parser, self.text, stop)
        if stop >= len(self.text.text):
            _close(parser, stop)
        elif self.text.text[stop] == "}":
            parser.feed_token(_synthetic("_S", stop))


def _accepted(parser: InteractiveParser) -> set[str]:
    accepted: set[str] = parser.accepts()  # type: ignore[no-untyped-call]
    return accepted


def _inside(parser: InteractiveParser) -> bool:
    """Whether a brace is open."""
    return any(getattr(value, "type", "") == "LBRACE" for value in parser.parser_state.value_stack)


def _synthetic(kind: str, start: int, end: int | None = None) -> lark.Token:
    return lark.Token(kind, "", start_pos=start, end_pos=start if end is None else end)


def _unwind(parser: InteractiveParser, at: int) -> tuple[int, int]:
    """Drop what was read of the item that went wrong: (where it began, how many braces were open in it)."""
    state = parser.parser_state
    table = state.parse_conf.parse_table.states
    depth = 0
    while len(state.state_stack) > 1 and "BAD" not in table[state.state_stack[-1]]:
        state.state_stack.pop()
        dropped = state.value_stack.pop()
        depth += getattr(dropped, "type", "") == "LBRACE"
        at = _begin(dropped, at)
    return at, depth


def _begin(node: object, default: int) -> int:
    while isinstance(node, lark.Tree) and node.children:
        node = node.children[0]
    start = node.start_pos if isinstance(node, lark.Token) else None
    return default if start is None else start


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


def _move(parser: InteractiveParser, text: Text, offset: int) -> None:
    assert parser.lexer_thread.state is not None, "the lexer has begun"
    counter = parser.lexer_thread.state.line_ctr
    counter.char_pos = offset
    counter.line, counter.column = text.position(offset)
    counter.line_start_pos = offset - counter.column + 1


def _close(parser: InteractiveParser, at: int) -> None:
    """End every block that is still open."""
    open_ = sum(getattr(value, "type", "") == "LBRACE" for value in parser.parser_state.value_stack)
    for _ in range(open_):
        parser.feed_token(_synthetic("_S", at))
        parser.feed_token(_synthetic("RBRACE", at))


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
    "JUMP": "`jump` or `goto`",
    "TABLE": "`table`",
    "$END": "the end of the file",
}
_ORDER = tuple(_WORDS)


def _message(error: lark.UnexpectedInput, text: Text, at: int) -> str:
    expected = getattr(error, "accepts", None) or getattr(error, "expected", None) or getattr(error, "allowed", None) or ()
    known = [_WORDS[name] for name in _ORDER if name in expected]
    found = re.match(r'"[^"]*"|[\w./$@-]+|\S', text.text[at : at + 60])
    what = f"unexpected `{found[0]}`" if found else "unexpected end of the line" if at < len(text.text) else "unexpected end of the file"
    others = [
        f"`{name.lower()}`" for name in sorted(expected) if name.isalpha() and name.isupper() and name not in _WORDS and name != "BAD"
    ]
    words = known + others if len(known) + len(others) <= 4 else known
    return f"{what}: expected {' or '.join(words[:4])}" if words else what
