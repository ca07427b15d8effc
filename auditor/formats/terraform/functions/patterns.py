"""Regular expressions: RE2's, which never take long, run on Python's, which can. What could take long is not run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from auditor.formats.terraform.errors import Exhausted, Refused
from auditor.formats.terraform.functions.signature import TEXT, Function
from auditor.formats.terraform.types import STRING
from auditor.formats.terraform.values import Value, list_value, null, object_value, string, tuple_value

MAX_SUBJECT = 64 * 1024
MAX_DOUBTFUL = 24
MAX_WORK = 20_000_000
PIECE = re.compile(r"\\.|\(\?[^:)]*[:)]|\(|\)|\{\d*,?\d*\}|[*+?|]|.", re.DOTALL)
UNBOUNDED = re.compile(r"[*+]|\{\d+,\}|\{\d*,?\d{2,}\}")
MAX_PATTERN = 4 * 1024
CLASSES = {
    "alnum": "0-9A-Za-z",
    "alpha": "A-Za-z",
    "ascii": "\\x00-\\x7F",
    "blank": "\\t ",
    "cntrl": "\\x00-\\x1F\\x7F",
    "digit": "0-9",
    "graph": "!-~",
    "lower": "a-z",
    "print": " -~",
    "punct": "!-/:-@\\[-`{-~",
    "space": "\\t\\n\\v\\f\\r ",
    "upper": "A-Z",
    "word": "0-9A-Za-z_",
    "xdigit": "0-9A-Fa-f",
}
REFUSED = re.compile(r"\(\?(?:[=!>(#]|<[=!])|\\[1-9]|\\[kgpPXCRGZ]|[*+?}]\+")


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """RE2's `pattern` for Python. Raises `Refused` for what is wrong, or not done here."""
    if len(pattern) > MAX_PATTERN:
        raise Exhausted("the regular expression is too long")
    if REFUSED.search(_without_classes(pattern)):
        raise Refused(f"invalid or unsupported regular expression {pattern!r}")
    text = re.sub(r"\[:(\w+):\]", lambda match: CLASSES.get(match[1], match[0]), pattern)
    text = re.sub(r"\(\?<(\w+)>", r"(?P<\1>", text).replace("\\z", "\\Z")
    flags = re.ASCII
    leading = re.match(r"\(\?([ims]+)\)", text)
    if leading:
        for letter in leading[1]:
            flags |= {"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}[letter]
        text = text[leading.end() :]
    if not flags & re.MULTILINE:
        text = _absolute_end(text)
    try:
        return re.compile(text, flags)
    except (re.error, RecursionError, OverflowError):
        raise Refused(f"invalid regular expression {pattern!r}") from None


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


def _absolute_end(pattern: str) -> str:
    """`$` is the end of the text, not also before a last newline."""
    found, depth, position = [], False, 0
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            found.append(pattern[position : position + 2])
            position += 2
            continue
        depth = character == "[" or (depth and character != "]")
        found.append("\\Z" if character == "$" and not depth else character)
        position += 1
    return "".join(found)


def _subject(pattern: str, text: str) -> str:
    """The text to search, if that is sure to take no time worth mentioning."""
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
    if not results:
        return list_value((), STRING)
    return list_value(results, results[0].type)


def _matches(pattern: str, text: str) -> Iterator[re.Match[str]]:
    """All matches; as in Go, none that is empty right behind another."""
    end = -1
    for match in compiled(pattern).finditer(_subject(pattern, text)):
        if match.end() > match.start() or match.start() != end:
            yield match
        end = match.end()


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
