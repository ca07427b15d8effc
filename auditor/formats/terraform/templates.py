"""What a template's literal text is: escapes, white space eaten by `~`, and the indentation that `<<-` takes away.

A template comes as a flat list of tokens in source order, as in Terraform's own reader, because white space is settled between
neighbours across the borders of directives; only then the directives are nested.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from itertools import pairwise

from auditor.formats.terraform.places import Place, SourceFile
from auditor.formats.terraform.syntax import Broken, Expression, Literal, Template, TemplateFor, TemplateIf
from auditor.model.record import dataclass


class Mark(Enum):
    TEXT = "text"
    VALUE = "interpolation"
    IF = "if"
    ELSE = "else"
    ENDIF = "endif"
    FOR = "for"
    ENDFOR = "endfor"


@dataclass(slots=True)
class Token:
    """One piece of a template. `strips_left` and `strips_right` are its `~`; `names` are those of a `for`."""

    mark: Mark
    place: Place
    text: str = ""
    expression: Expression | None = None
    names: tuple[str, ...] = ()
    strips_left: bool = False
    strips_right: bool = False


ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)|\$\$\{|%%\{", re.DOTALL)
MARK_ESCAPE = re.compile(r"\$\$\{|%%\{")
SIMPLE_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}


def unescape_quoted(text: str) -> str:
    """The text between quotes with its escapes resolved; escapes that Terraform refuses stay as they are (they are reported elsewhere)."""
    if "\\" not in text and "{" not in text:
        return text
    return ESCAPE.sub(_resolve, text)


def _resolve(match: re.Match[str]) -> str:
    escaped = match[1]
    if escaped is None:
        return match[0][1:]
    if escaped[0] in "uU" and len(escaped) > 1:
        code = int(escaped[1:], 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else "\ufffd"
    return SIMPLE_ESCAPES.get(escaped, match[0])


def unescape_heredoc(text: str) -> str:
    """Heredocs and template files know only `$${` and `%%{`."""
    return MARK_ESCAPE.sub(lambda match: match[0][1:], text) if "{" in text else text


def lines_of(text: str) -> list[str]:
    """`text` cut after every newline; these are the literal tokens of heredocs and template files."""
    parts = text.split("\n")
    lines = [part + "\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines


def build(tokens: list[Token], indented: bool, whole: Place) -> Expression:
    """The expression a template stands for. `indented` is `<<-`."""
    _strip(tokens)
    if indented:
        _dedent(tokens)
    parts, rest = _nest(tokens, 0, frozenset())
    if rest < len(tokens):
        return Broken(whole.file, whole.start, whole.end, f"%{{ {tokens[rest].mark.value} }} without its beginning")
    if len(parts) == 1 and len(tokens) == 1 and tokens[0].mark is Mark.VALUE:
        return parts[0]
    if all(token.mark is Mark.TEXT for token in tokens):
        return Literal(whole.file, whole.start, whole.end, "".join(token.text for token in tokens))
    return Template(whole.file, whole.start, whole.end, tuple(parts))


def _strip(tokens: Sequence[Token]) -> None:
    """Strip markers reach into the adjacent literal token only."""
    for before, after in pairwise(tokens):
        if before.strips_right and after.mark is Mark.TEXT:
            after.text = after.text.lstrip()
        if after.strips_left and before.mark is Mark.TEXT:
            before.text = before.text.rstrip()


def _dedent(tokens: Sequence[Token]) -> None:
    """Takes the least indentation of the lines away. A line that begins with a value or directive has none."""
    starts: list[Token] = []
    least: int | None = None
    fresh = True
    for token in tokens:
        starts_line, fresh = fresh, False
        indentation = 0
        if token.mark is Mark.TEXT:
            fresh = token.text.endswith("\n")
            trimmed = token.text.lstrip()
            if not trimmed and fresh:
                continue
            indentation = len(token.text) - len(trimmed)
            if starts_line:
                starts.append(token)
        if starts_line:
            least = indentation if least is None else min(least, indentation)
    for token in starts:
        token.text = token.text[least or 0 :]


def _nest(tokens: Sequence[Token], position: int, until: frozenset[Mark]) -> tuple[list[Expression], int]:
    """The parts from `position` up to a token of `until` (or the end), and where that is."""
    parts: list[Expression] = []
    while position < len(tokens):
        token = tokens[position]
        if token.mark in until or token.mark in (Mark.ELSE, Mark.ENDIF, Mark.ENDFOR):
            break
        position += 1
        if token.mark is Mark.TEXT:
            parts.append(Literal(token.place.file, token.place.start, token.place.end, token.text))
        elif token.mark is Mark.VALUE:
            assert token.expression is not None
            parts.append(token.expression)
        else:
            part, position = _directive(tokens, token, position)
            parts.append(part)
    return parts, position


def _directive(tokens: Sequence[Token], opening: Token, position: int) -> tuple[Expression, int]:
    assert opening.expression is not None
    file, start = opening.place.file, opening.place.start
    first, position = _nest(tokens, position, frozenset((Mark.ELSE, Mark.ENDIF, Mark.ENDFOR)))
    second: list[Expression] = []
    if opening.mark is Mark.IF and position < len(tokens) and tokens[position].mark is Mark.ELSE:
        second, position = _nest(tokens, position + 1, frozenset((Mark.ENDIF,)))
    wanted = Mark.ENDIF if opening.mark is Mark.IF else Mark.ENDFOR
    if position >= len(tokens) or tokens[position].mark is not wanted:
        return Broken(file, start, opening.place.end, f"%{{ {opening.mark.value} }} without %{{ {wanted.value} }}"), len(tokens)
    end = tokens[position].place.end
    if opening.mark is Mark.IF:
        return TemplateIf(file, start, end, opening.expression, tuple(first), tuple(second)), position + 1
    key_name = opening.names[0] if len(opening.names) > 1 else None
    return TemplateFor(file, start, end, key_name, opening.names[-1], opening.expression, tuple(first)), position + 1


def text_tokens(file: SourceFile, start: int, end: int, heredoc: bool) -> list[Token]:
    """The literal bytes from `start` to `end` as tokens: one for quoted text, one a line for heredocs."""
    if start >= end:
        return []
    text = file.data[start:end].decode("utf-8", errors="replace")
    if not heredoc:
        return [Token(Mark.TEXT, Place(file, start, end), unescape_quoted(text))]
    tokens = []
    for line in lines_of(text):
        length = len(line.encode())
        tokens.append(Token(Mark.TEXT, Place(file, start, start + length), unescape_heredoc(line)))
        start += length
    return tokens
