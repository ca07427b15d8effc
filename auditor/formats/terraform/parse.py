"""HCL text to tree-sitter's tree: the one module that knows tree-sitter.

Offsets of nodes count from the beginning of the bytes that were parsed; who parses a part of a file adds where the part begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import tree_sitter_hcl
from tree_sitter import Language, Node, Parser, Query, QueryCursor

__all__ = ["Node", "children_of", "first_error", "is_too_blank", "meaningful", "nodes_of", "parse_hcl"]

MANY = 1_000
BLANKS = bytes(32 if byte in b" \t\r\n" else 120 for byte in range(256))
LONG_BLANKS = re.compile(rb" {64,}")
MAX_BLANK_WORK = 20_000_000
EXPONENT = re.compile(rb"\b\d+[eE][+-]?\d+\b")


@cache
def _language() -> Language:
    return Language(tree_sitter_hcl.language())


@cache
def _parser() -> Parser:
    return Parser(_language())


@cache
def _query(kinds: tuple[str, ...]) -> Query:
    return Query(_language(), " ".join(f"({kind}) @found" for kind in kinds))


def parse_hcl(data: bytes) -> Node:
    """The `config_file` node of `data`; errors are nodes in it.

    tree-sitter's grammar does not know `1e3`: where that is what is wrong, digits stand for it, so literals are read from `data`.
    """
    root = _parser().parse(data).root_node
    if root.has_error and EXPONENT.search(data):
        masked = _parser().parse(EXPONENT.sub(lambda match: b"1" * len(match[0]), data)).root_node
        return root if masked.has_error else masked
    return root


def is_too_blank(data: bytes) -> bool:
    """Whether white space is so long in one place that tree-sitter, whose time grows with its square, would take seconds."""
    shape = data.translate(BLANKS) if len(data) ** 2 > MAX_BLANK_WORK else b""
    return b" " * 64 in shape and sum(len(run[0]) ** 2 for run in LONG_BLANKS.finditer(shape)) > MAX_BLANK_WORK


def meaningful(node: Node) -> list[Node]:
    """The children of a node without comments, which can stand anywhere."""
    return [child for child in node.children if child.type != "comment"]


def children_of(node: Node) -> Iterator[Node]:
    """The children of a node that may have very many: one at a time, so that they do not pile up. Comments are left out."""
    if node.child_count < MANY:
        yield from meaningful(node)
        return
    cursor = node.walk()
    more = cursor.goto_first_child()
    while more:
        child = cursor.node
        if child is not None and child.type != "comment":
            yield child
        more = cursor.goto_next_sibling()


def nodes_of(root: Node, *kinds: str) -> list[Node]:
    """All nodes of these kinds below `root`, found without visiting the others."""
    return QueryCursor(_query(kinds)).captures(root).get("found", [])


def first_error(root: Node) -> Node | None:
    """The first ERROR or missing node, None if there is none. Looks only where tree-sitter says there is one."""
    return next(_errors(root), None) if root.has_error else None


def _errors(root: Node) -> Iterator[Node]:
    pending = [root]
    while pending:
        node = pending.pop()
        if node.type == "ERROR" or node.is_missing:
            yield node
        else:
            pending.extend(child for child in reversed(node.children) if child.has_error or child.is_missing)
