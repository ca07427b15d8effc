"""Nix's two kinds of strings: what they stand for, and where each character of that stands in the file.

Of an indented string (`''…''`) the indentation that all its lines share is taken away, and so is a first line that is blank.
"""

from __future__ import annotations

from auditor.formats.nixos.parse import NixFile, Node
from auditor.formats.nixos.values import Words

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
GAP = "${…}"
Piece = tuple[str, int, bool]
"""A stretch of the string, its offset in the file, and whether it is plain text (not an escape, not computed)."""


def words_of(file: NixFile, node: Node) -> Words:
    """A string expression. Computed parts stand in the text as `${…}`."""
    pieces, gaps = _pieces(file, node)
    if node.type == "indented_string_expression":
        pieces = _unindented(pieces)
    text, anchors, at = [], [(0, file.offset(node.start_byte))], 0
    for piece, offset, _ in pieces:
        anchors.append((at, offset))
        text.append(piece)
        at += len(piece)
    return Words("".join(text), file.span(node), file.lines, tuple(anchors), gaps)


def _pieces(file: NixFile, node: Node) -> tuple[list[Piece], bool]:
    """The text between the quotes, in order; what the grammar leaves between its nodes is text as well."""
    quotes = 2 if node.type == "indented_string_expression" else 1
    at, end = node.start_byte + quotes, node.end_byte - quotes
    pieces: list[Piece] = []
    gaps = False
    for child in node.children:
        if child.type not in ("escape_sequence", "interpolation", "dollar_escape"):
            continue
        _plain(file, pieces, at, child.start_byte)
        written = file.text(child)
        if child.type == "interpolation":
            gaps = True
            written = GAP
        else:
            written = _meant(written)
        if child.type != "dollar_escape":
            pieces.append((written, file.offset(child.start_byte), False))
        at = child.end_byte
    _plain(file, pieces, at, end)
    return pieces, gaps


def _plain(file: NixFile, pieces: list[Piece], start: int, end: int) -> None:
    if end > start:
        pieces.append((file.data[start:end].decode("utf-8", "replace"), file.offset(start), True))


def _meant(written: str) -> str:
    if written == "'''":
        return "''"
    last = written[-1:]
    return _ESCAPES.get(last, last) if "\\" in written else last


def _unindented(pieces: list[Piece]) -> list[Piece]:
    """Line by line, without the indentation that all lines with something on them share."""
    lines: list[list[Piece]] = [[]]
    for text, offset, plain in pieces:
        if not plain:
            lines[-1].append((text, offset, plain))
            continue
        for index, part in enumerate(text.split("\n")):
            if index:
                lines[-1].append(("\n", offset - 1, True))
                lines.append([])
            lines[-1].append((part, offset, plain))
            offset += len(part) + 1
    if len(lines) > 1 and not _content(lines[0]).strip(" "):
        lines = lines[1:]
    shared = min((_indent(line) for line in lines if _content(line).strip(" ")), default=0)
    return [piece for line in lines for piece in _cut(line, shared)]


def _content(line: list[Piece]) -> str:
    return "".join(text if plain else text or "x" for text, _, plain in line).rstrip("\n")


def _indent(line: list[Piece]) -> int:
    first, _, plain = line[0]
    return len(first) - len(first.lstrip(" ")) if plain else 0


def _cut(line: list[Piece], shared: int) -> list[Piece]:
    if not line:
        return line
    text, offset, plain = line[0]
    gone = min(shared, len(text) - len(text.lstrip(" "))) if plain else 0
    return [(text[gone:], offset + gone, plain), *line[1:]]
