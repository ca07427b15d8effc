"""Plain rules and plain sets, taken apart by hand: the forms that almost every line of a large file has.

The grammar decides what is plain (its PLAIN terminals); here the same patterns are walked once more with names on their parts. What they
give is exactly what the grammar's `rule` and `element` would give.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial

from auditor.formats.nftables.syntax import (
    Atom,
    Concat,
    Element,
    Expression,
    FieldName,
    Listing,
    Match,
    Parts,
    Plain,
    PlainSet,
    Reject,
    RuleLine,
    Statement,
    Verdict,
)  # fmt: skip
from auditor.formats.nftables.text import At, Text

_VERDICTS = frozenset(("accept", "drop", "return", "continue"))


_NAME = r"[A-Za-z_][\w/.-]*"
_WORD_PATTERN = (
    r"accept|drop|return|continue|reject|counter(?:[ \t]+packets[ \t]+\d+[ \t]+bytes[ \t]+\d+)?|log(?:[ \t]+prefix[ \t]+\"[^\"]*\")?"
)


_patterns: dict[int, re.Pattern[str]] = {}


def _statement_pattern(of: Mapping[str, str]) -> re.Pattern[str]:
    """One statement at a time, blanks behind it."""
    known = _patterns.get(id(of))
    if known is None:
        known = _patterns[id(of)] = _compiled(of)
    return known


def _compiled(of: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile(
        rf"(?:(?P<jump>(?:jump|goto)[ \t]+{_NAME})|(?P<comment>comment[ \t]+\"[^\"]*\")"
        rf"|(?P<field>{of['FIELD']})[ \t]+(?:(?P<operator>[!=]=)[ \t]*)?"
        rf"(?:(?P<set>{of['PLAIN_SET']})|(?P<list>{of['VAL']}(?:[ \t]*,[ \t]*{of['VAL']})*))"
        rf"|(?P<word>{_WORD_PATTERN}))[ \t]*"
    )


_RULE = re.compile(
    r"""\\\n | \#[^\n]* | [;\s]+
    | (?P<rule>(?:[^;\#\n"{]++ | "[^"]*+" | \{(?:[^{}"\#]++ | "[^"]*+" | \#[^\n]*+)*+\})++)""",
    re.VERBOSE,
)


def rules(text: Text, start: int, end: int, terminals: Mapping[str, str]) -> Iterator[RuleLine]:
    """The rules of one PLAIN_RULES token, which ends with a separator. Each is taken apart when somebody asks for its parts."""
    read = partial(_parts, terminals)
    for found in _RULE.finditer(text.text, start, end):
        if found.lastgroup is not None:
            words = found[0].rstrip()
            yield RuleLine(read, At(text, found.start(), found.start() + len(words)), "$" in words, plain=True)


def matches(at: At, terminals: Mapping[str, str]) -> Iterator[re.Match[str]]:
    """The statements of a plain rule as they were found: the last group is the kind of each, and named parts are its own."""
    return _statement_pattern(terminals).finditer(at.text.text, at.start, at.end)


def _parts(terminals: Mapping[str, str], at: At) -> Parts:
    statements: list[Statement] = []
    comment = ""
    for found in matches(at, terminals):
        kind = found.lastgroup
        if kind == "comment":
            comment = comment_of(found)
        elif kind is not None:
            statements.append(statement(at.text, found))
    return tuple(statements), comment


def comment_of(found: re.Match[str]) -> str:
    """The text of a comment."""
    return found["comment"].partition('"')[2][:-1]


_NAMES: dict[str, str] = {}


def name_of(found: re.Match[str]) -> str:
    """The name of a field, blanks made single."""
    field = found["field"]
    return _NAMES.get(field) or _NAMES.setdefault(field, " ".join(field.split()))


def statement(text: Text, found: re.Match[str]) -> Statement:
    """What was found, unless it is a comment."""
    group = found.lastgroup or ""
    start, end = found.start(), found.end(group)
    at = At(text, start, end)
    if group == "word":
        return _word(found[group], at)
    if group == "jump":
        kind, name = found[group].split()
        return Verdict(kind, Atom(name, At(text, end - len(name), end)), at)
    field = found["field"]
    key = FieldName(name_of(found), At(text, start, start + len(field)))
    value = PlainSet(At(text, *found.span("set"))) if group == "set" else _listing(text, found["list"], found.start("list"))
    return Match(key, found["operator"] or "", value, at)


def _word(word: str, at: At) -> Statement:
    if word in _VERDICTS:
        return Verdict(word, None, at)
    return Reject("", at) if word == "reject" else Plain("counter" if word.startswith("counter") else "log", at)


def _listing(text: Text, words: str, start: int) -> Expression:
    """`a` or `a,b,c`; a quoted string may hold commas and blanks."""
    at = At(text, start, start + len(words))
    if "," not in words:
        return Atom(words, at)
    found = _LISTED.finditer(words)
    atoms = tuple(Atom(piece[0], At(text, start + piece.start(), start + piece.end())) for piece in found)
    return Listing(atoms, at) if len(atoms) > 1 else Atom(words, at)


_LISTED = re.compile(r'"[^"]*"|[^, \t]+')


# -- sets

_COMMENT = re.compile(r'"[^"]*"|#[^\n]*|\\\n')
_LEADING_COMMA = re.compile(r"\s*,")
_PIECE = re.compile(r'(?:[^,"]|"[^"]*")+')
_SIMPLE = re.compile(
    r'\s*(?P<key>\*|(?:"[^"]*"|[^\s":,]+)(?:\s+\.\s+(?:"[^"]*"|[^\s":,]+))*)\s*$', re.ASCII
)  # a colon belongs to IPv6 and MAC addresses too: what has one is left to the grammar
_WORD = re.compile(r'"[^"]*"|[^\s".]+(?:\.[^\s".]+)*')


def words(plain: PlainSet) -> list[str] | None:
    """The elements as words where every one is a single word without quotes; None where any is not."""
    inner = _uncommented(plain.at.words[1:-1])
    if '"' in inner or " . " in inner or "*" in inner:
        return None
    found = inner.split()
    if all(word.endswith(",") for word in found[:-1]):  # one word a comma, as almost always
        inner = "".join(found)
    elif _BLANK_INSIDE.search(inner):
        return None
    else:
        inner = "".join(found)
    words_ = inner.removesuffix(",").split(",")
    return words_ if all(words_) else None


_BLANK_INSIDE = re.compile(r"[^\s,]\s+[^\s,]")


def _uncommented(inner: str) -> str:
    """Comments overwritten with blanks, so that offsets stay."""
    if "#" not in inner and "\\\n" not in inner:
        return inner
    return _COMMENT.sub(lambda found: found[0] if found[0].startswith('"') else " " * len(found[0]), inner)


def pieces(plain: PlainSet) -> Iterator[At]:
    """The place of every element, blanks trimmed."""
    start = plain.at.start + 1
    inner = _uncommented(plain.at.words[1:-1])
    empty = _LEADING_COMMA.match(inner)
    if empty is not None:
        yield At(plain.at.text, start + empty.end() - 1, start + empty.end())
    for found in _PIECE.finditer(inner):
        piece = found[0]
        left = len(piece) - len(piece.lstrip())
        trimmed = piece.strip()
        if trimmed:
            begin = start + found.start() + left
            yield At(plain.at.text, begin, begin + len(trimmed))


def simple(at: At) -> Element | None:
    """An element of plain values, concatenated or not; None where only the grammar can tell."""
    piece = at.words
    if piece == "*":
        return Element(None, None, (), at)
    if not _SIMPLE.match(piece) or "(" in piece or " - " in piece:
        return None
    if "." not in piece or not re.search(r"\s\.\s", piece):
        return None if re.search(r"\s", piece) and not piece.startswith('"') else Element(Atom(piece, at), None, (), at)
    atoms = tuple(Atom(found[0], at.part(*found.span())) for found in _WORD.finditer(piece))
    return Element(Concat(atoms, at), None, (), at)
