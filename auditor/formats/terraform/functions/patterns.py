"""Functions on regular expressions: RE2's, which never take long, run on Python's, which can. What could take long is not run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from auditor.formats.terraform.errors import Exhausted, Refused
from auditor.formats.terraform.functions.re2 import compiled
from auditor.formats.terraform.functions.signature import TEXT, Function
from auditor.formats.terraform.types import STRING, Type, object_of, tuple_of
from auditor.formats.terraform.values import Value, list_value, null, object_value, string, tuple_value

MAX_SUBJECT = 64 * 1024
MAX_DOUBTFUL = 24
MAX_WORK = 20_000_000
PIECE = re.compile(r"\\.|\(\?[^:)]*[:)]|\(|\)|\{\d*,?\d*\}|[*+?|]|.", re.DOTALL)
UNBOUNDED = re.compile(r"[*+]|\{\d+,\}|\{\d*,?\d{2,}\}")


def _degree(pattern: str) -> int | None:
    """How the time of a search grows with the text: as its power of this degree; None if it may grow without such a bound.

    RE2's never grows faster than the text. Python's tries every way to divide the text between repetitions.
    """
    degree = 0
    groups: list[bool] = []  # whether what stands in each open group can match in several ways
    last = False
    for piece in PIECE.findall(_without_classes(pattern)):
        if piece.startswith("("):
            groups.append(False)
        elif piece == ")":
            last = groups.pop() if groups else False
            if groups:
                groups[-1] = groups[-1] or last
        elif piece[0] in "*+{" and UNBOUNDED.fullmatch(piece):
            if last:
                return None
            degree += 1
            if groups:
                groups[-1] = True
        elif piece == "|" and groups:
            groups[-1] = True
        if piece != ")":
            last = False
    return degree


def _without_classes(pattern: str) -> str:
    return re.sub(r"\\\\|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]", "_", pattern)


def _subject(pattern: str, text: str) -> str:
    """The text to search, if that is sure to take no time worth mentioning."""
    if not text.isascii() and compiled(pattern).flags & re.IGNORECASE:
        raise Exhausted(f"letters beyond ASCII are not compared without case: {pattern!r}")
    degree = _degree(pattern)
    if degree is None and len(text) > MAX_DOUBTFUL:
        raise Exhausted(f"the regular expression {pattern!r} has repetitions in repetitions and is not run")
    if len(text) > MAX_SUBJECT or (degree is not None and (len(text) + 1) ** (degree + 1) > MAX_WORK):
        raise Exhausted(f"the text is too long for the regular expression {pattern!r}")
    return text


def _result(match: re.Match[str]) -> Value:
    names = match.re.groupindex
    if names:
        if len(names) != match.re.groups:
            raise Refused("named and unnamed groups cannot be mixed")
        return object_value({name: _group(match[name]) for name in names})
    if match.re.groups:
        return tuple_value(_group(group) for group in match.groups())
    return string(match[0])


def _group(text: str | None) -> Value:
    return null(STRING) if text is None else string(text)


def _regex(pattern: Value, text: Value) -> Value:
    match = compiled(str(pattern.raw)).search(_subject(str(pattern.raw), str(text.raw)))
    if match is None:
        raise Refused("the pattern does not match")
    return _result(match)


def _regexall(pattern: Value, text: Value) -> Value:
    results = [_result(match) for match in _matches(str(pattern.raw), str(text.raw))]
    return list_value(results, _type(compiled(str(pattern.raw))))


def _type(pattern: re.Pattern[str]) -> Type:
    """The type of every match."""
    if pattern.groupindex:
        return object_of(tuple((name, STRING) for name in pattern.groupindex))
    return tuple_of((STRING,) * pattern.groups) if pattern.groups else STRING


def _matches(pattern: str, text: str) -> Iterator[re.Match[str]]:
    """All matches; as in Go, none that is empty right behind another, and after an empty one the search goes on one character further."""
    subject = _subject(pattern, text)
    position, end = 0, -1
    while position <= len(subject):
        match = compiled(pattern).search(subject, position)
        if match is None:
            return
        empty = match.end() == match.start()
        if not (empty and match.start() == end):
            yield match
        end = match.end()
        position = end + 1 if empty and end == position else end


def substitute(pattern: str, text: str, replacement: str) -> str:
    """`replace` with a regular expression: `$1`, `${name}` and `$$` in the replacement."""

    def expand(match: re.Match[str]) -> str:
        def part(reference: re.Match[str]) -> str:
            if reference[0] == "$$":
                return "$"
            name = reference[1] or reference[2]
            try:
                return match[int(name) if name.isdigit() else name] or ""
            except IndexError:
                return ""

        return re.sub(r"\$\$|\$\{(\w+)\}|\$(\w+)", part, replacement)

    pieces: list[str] = []
    position = 0
    for match in _matches(pattern, text):
        pieces += [text[position : match.start()], expand(match)]
        position = match.end()
    return "".join([*pieces, text[position:]])


FUNCTIONS: Mapping[str, Function] = {
    "regex": Function(_regex, (TEXT, TEXT)),
    "regexall": Function(_regexall, (TEXT, TEXT)),
}
