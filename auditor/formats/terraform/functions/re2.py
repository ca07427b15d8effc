"""Regular expressions of RE2, as Go writes them, for Python's `re`: the two agree in most, and differ in silence in the rest.

What RE2 refuses is refused; what only Python cannot do (Unicode's classes, among few others) is left undecided.
"""

from __future__ import annotations

import re
from functools import lru_cache

from auditor.formats.terraform.errors import Exhausted, Refused

MAX_PATTERN = 4 * 1024
MAX_REPEAT = 1000
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
PIECE = re.compile(
    r"(?P<quote>\\Q(?:.*?)(?:\\E|\Z))|(?P<escape>\\(?:x\{[0-9A-Fa-f]+\}|x[0-9A-Fa-f]{2}|[pP]\{\^?\w+\}|[pP]\w|.))|(?P<group>\(\?[^:()>=!#]*[:)>]|\()"
    r"|(?P<repeat>(?:[*+?]|\{\d+(?:,\d*)?\})\??)|(?P<set>\[\^?)|(?P<rest>.)",
    re.DOTALL,
)
MEMBER = re.compile(
    r"(?P<named>\[:\^?\w+:\])|(?P<escape>\\(?:x\{[0-9A-Fa-f]+\}|x[0-9A-Fa-f]{2}|[pP]\{\^?\w+\}|[pP]\w|.))|(?P<rest>.)",
    re.DOTALL,
)
NAMED = re.compile(r"\(\?P?<(\w+)>")
FLAGS = re.compile(r"\(\?([imsU]*)(?:-([imsU]+))?([:)])")
SAME_ESCAPES = frozenset("AbBdDsSwWafnrtv")


def _escape(piece: str, pattern: str, *, inside: bool) -> str:
    kind = piece[1]
    if kind in "pP":
        raise Exhausted(f"the classes of Unicode in the regular expression {pattern!r} are not looked up")
    if kind == "x":
        digits = piece[2:].strip("{}")
        if not digits or int(digits, 16) > 0x10FFFF:
            raise Refused(f"invalid regular expression {pattern!r}")
        return re.escape(chr(int(digits, 16)))
    if kind in "sS":
        return {"s": "\\t\\n\\f\\r ", "S": "\\S\\v"}[kind] if inside else {"s": "[\\t\\n\\f\\r ]", "S": "[^\\t\\n\\f\\r ]"}[kind]
    if kind == "z" and not inside:
        return "\\Z"
    if kind in SAME_ESCAPES and not (inside and kind in "AbB"):
        return piece
    if kind.isascii() and kind.isalnum():
        if kind in "01234567" and (kind == "0" or inside):
            raise Exhausted(f"octal numbers in the regular expression {pattern!r} are not read")
        raise Refused(f"invalid regular expression {pattern!r}: RE2 has no {piece}")
    return re.escape(kind)


def _set(pattern: str, position: int) -> tuple[str, int]:
    """What stands in `[…]` from `position` on, and the position behind it."""
    pieces: list[str] = []
    first = True
    while True:
        match = MEMBER.match(pattern, position)
        if match is None:
            raise Refused(f"invalid regular expression {pattern!r}: a [ without its ]")
        position, text = match.end(), match[0]
        if match["named"]:
            name = text.strip("[:^]")
            if name not in CLASSES:
                raise Refused(f"invalid regular expression {pattern!r}: there is no class {text}")
            if "^" in text:
                raise Exhausted(f"the regular expression {pattern!r} is not run: {text} in a class")
            pieces.append(CLASSES[name])
        elif match["escape"]:
            pieces.append(_escape(text, pattern, inside=True))
        elif text == "]" and not first:
            return "".join(pieces) + "]", position
        else:
            pieces.append(text if text.isalnum() or (text in "-^" and pieces[-1:] != [text]) else re.escape(text))
        first = False


def _group(piece: str, pattern: str) -> str:
    if piece == "(":
        return piece
    named = NAMED.fullmatch(piece)
    if named:
        return f"(?P<{named[1]}>"
    flags = FLAGS.fullmatch(piece)
    if flags is None:
        raise Refused(f"invalid regular expression {pattern!r}: RE2 has no {piece}")
    if "U" in piece or "m" in piece or flags[3] == ")":
        raise Exhausted(f"the regular expression {pattern!r} is not run: {piece}")
    return piece


@lru_cache(maxsize=256)
def compiled(pattern: str) -> re.Pattern[str]:
    """RE2's `pattern` for Python. Raises `Refused` for what RE2 refuses, `Exhausted` for what is not done here."""
    if len(pattern) > MAX_PATTERN:
        raise Exhausted("the regular expression is too long")
    pieces: list[str] = []
    flags = re.ASCII
    position, repeated = 0, False
    while position < len(pattern):
        match = PIECE.match(pattern, position)
        assert match is not None
        position, piece = match.end(), match[0]
        if match["repeat"]:
            if repeated or any(int(number[:9]) > MAX_REPEAT for number in re.findall(r"\d+", piece)):
                raise Refused(f"invalid regular expression {pattern!r}: {piece} stands astray")
            repeated = True
            pieces.append(piece)
            continue
        repeated = False
        setting = FLAGS.fullmatch(piece) if match["group"] else None
        if setting is not None and setting[3] == ")" and not setting[2] and "U" not in setting[1]:
            if pieces:
                raise Exhausted(f"the regular expression {pattern!r} is not run: {piece} behind its beginning")
            flags |= sum({"i": re.IGNORECASE, "m": re.MULTILINE, "s": re.DOTALL}[letter] for letter in set(setting[1]))
        elif match["set"]:
            inner, position = _set(pattern, position)
            pieces.append(piece + inner)
        elif match["escape"]:
            pieces.append(_escape(piece, pattern, inside=False))
        elif match["group"]:
            if pattern.startswith("?", position) and piece == "(":
                raise Refused(f"invalid regular expression {pattern!r}: RE2 has no {pattern[position - 1 : position + 2]}")
            pieces.append(_group(piece, pattern))
        elif match["quote"]:
            pieces.append(re.escape(piece[2:].removesuffix("\\E")))
        elif piece == "$":
            pieces.append("$" if flags & re.MULTILINE else "\\Z")
        else:
            pieces.append("\\{" if piece == "{" else piece)
    try:
        return re.compile("".join(pieces), flags)
    except (re.error, RecursionError, OverflowError):
        raise Refused(f"invalid regular expression {pattern!r}") from None
