"""Nix text to tree-sitter's tree: the one module of this dialect that knows tree-sitter. Nodes are reached by child fields alone."""

from __future__ import annotations

import re
import time
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache, cached_property
from itertools import islice

import tree_sitter_nix
from tree_sitter import Language, Node, Parser

from auditor.files import Unreadable
from auditor.formats.nixos.values import Lines
from auditor.model.source import Span

__all__ = ["NixFile", "Node", "field", "named"]


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_nix.language()))


MOST_BYTES = 4 * 1024 * 1024
MOST_SECONDS = 5.0
_CHUNK = 65_536

_PIPE = re.compile(rb"\|>|<\|")
_MOST_PIPES = 1000
_TEXTS = frozenset({"comment", "string_fragment"})


def _parse(data: bytes) -> Node:
    """The tree of a text. Of what is no Nix at all tree-sitter reads a tenth of a megabyte a second, so there is an end to it."""
    end = time.monotonic() + MOST_SECONDS
    try:
        tree = _parser().parse(lambda at, _: data[at : at + _CHUNK], progress_callback=lambda _at, _error: time.monotonic() > end)
    except ValueError:
        _parser().reset()
        raise Unreadable("takes too long to read: is it Nix?") from None
    return tree.root_node


def _read(data: bytes) -> Node:
    """The tree of a text, where need be of one as long in which the grammar knows every word.

    It knows no comma behind a function's last argument, and no pipes: they are read as implications, which bind as loosely, and which
    nothing looks into either.
    """
    root = _parse(data)
    if not root.has_error:
        return root
    known = bytearray(data)
    for comma in _last_commas(root):
        known[comma.start_byte : comma.end_byte] = b" "
    for found in islice(_PIPE.finditer(data), _MOST_PIPES):
        node = root.descendant_for_byte_range(*found.span())
        if node is None or node.type not in _TEXTS:
            known[found.start() : found.end()] = b"->"
    return _parse(bytes(known)) if known != data else root


def _last_commas(root: Node) -> Iterator[Node]:
    """Commas behind the last argument of a function: an argument is missed there, or the comma is too much."""
    for found in _errors(root):
        if found.type == "ERROR":
            behind = found.next_sibling
            while behind is not None and behind.type == "comment":
                behind = behind.next_sibling
            if found.text == b"," and behind is not None and behind.type == "}":
                yield found
        elif found.parent is not None and found.parent.type == "formal":
            before = found.parent.prev_sibling
            while before is not None and before.type == "comment":
                before = before.prev_sibling
            if before is not None and before.type == ",":
                yield before


def _errors(root: Node) -> Iterator[Node]:
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type == "ERROR" or node.is_missing:
            yield node
        else:
            pending.extend(child for child in reversed(node.children) if child.has_error or child.is_missing)


class NixFile:
    """A parsed file: its tree, and the text and place of every node. Raises `Unreadable` where it is too much."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.lines = Lines(path, text)
        self.data = text.encode("utf-8", "surrogatepass")
        if len(self.data) > MOST_BYTES:
            raise Unreadable(f"is larger than {MOST_BYTES // 1024 // 1024} MiB: no module is; check the evaluated configuration")
        self.root = _read(self.data)
        self._ascii = len(self.data) == len(text)

    def text(self, node: Node) -> str:
        """What stands there."""
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def span(self, node: Node) -> Span:
        """Where it stands."""
        return self.lines.span(self.offset(node.start_byte), self.offset(node.end_byte))

    def offset(self, byte: int) -> int:
        """The character at a byte."""
        if self._ascii:
            return byte
        row = bisect_right(self._rows[0], byte) - 1
        begin = self._rows[0][row]
        return self._rows[1][row] + len(self.data[begin:byte].decode("utf-8", "replace"))

    @cached_property
    def _rows(self) -> tuple[list[int], list[int]]:
        starts, characters = [0], [0]
        for line in self.lines.text.split("\n"):
            starts.append(starts[-1] + len(line.encode("utf-8", "surrogatepass")) + 1)
            characters.append(characters[-1] + len(line) + 1)
        return starts, characters

    def error(self) -> Node | None:
        """The first place that could not be read."""
        return next(_errors(self.root), None) if self.root.has_error else None

    def bindings(self) -> Iterator[Node]:
        """Every `a.b = …;` of the file, and every set of inherited names, however deep."""
        cursor = self.root.walk()
        while True:
            node = cursor.node
            if node is not None and node.type == "binding":
                yield node
            if cursor.goto_first_child() or cursor.goto_next_sibling():
                continue
            while cursor.goto_parent():
                if cursor.goto_next_sibling():
                    break
            else:
                return


def field(node: Node, name: str) -> Node | None:
    """The child in a field."""
    return node.child_by_field_name(name)


def named(node: Node) -> list[Node]:
    """The children that mean something: no marks, no comments."""
    return [child for child in node.named_children if child.type != "comment"]
