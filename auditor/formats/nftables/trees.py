"""Parts of parsed trees, as nodes are shaped from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.formats.nftables.lalr import Token, Tree

Node = Token | Tree
_VERBS = ("ADD", "CREATE", "INSERT", "DELETE", "DESTROY")
_NAMES = frozenset(("NAME", "FAMILY", *_VERBS, "SETKIND", "OBJECT", "KIND", "DEFINE"))


def first(node: Node) -> int:
    """Where a node begins."""
    return leaf(node, 0).start_pos


def last(node: Node) -> int:
    """Where a node ends."""
    return leaf(node, -1).end_pos


def leaf(node: Node, index: int) -> Token:
    """The first token of a node (index 0), or its last (-1)."""
    while isinstance(node, Tree):
        node = node.children[index]
    return node


def names_in(node: Tree) -> dict[str, str]:
    """The names and words of a command, by their kinds."""
    return {child.type: child.value for child in node.children if isinstance(child, Token) and child.type in _NAMES}


def verb_of(names: dict[str, str]) -> str:
    """What a command does; nothing where it is left out."""
    return next((names[kind] for kind in _VERBS if kind in names), "")


def body_of(node: Tree, kind: str) -> Tree | None:
    """The first part of that kind."""
    return next((child for child in node.children if isinstance(child, Tree) and child.data == kind), None)


def where_of(node: Tree) -> tuple[str, str]:
    """Where a rule is put: index, position or handle, and its number."""
    found = body_of(node, "where")
    return (str(found.children[0]), str(found.children[1])) if found else ("", "")


def is_limited(node: Node) -> bool:
    """Whether an attribute is a limit, a quota or a count."""
    inner = node.children[0] if isinstance(node, Tree) and node.data == "attribute" else None
    return isinstance(inner, Tree) and inner.data in ("limit", "quota", "ctcount")


def split(nodes: Sequence[Node], operator: str) -> Iterator[Sequence[Node]]:
    """The operands between an operator."""
    begin = 0
    for index in range(1, len(nodes), 2):
        if str(nodes[index]) == operator:
            yield nodes[begin:index]
            begin = index + 1
    yield nodes[begin:]


def split_match(nodes: Sequence[Node]) -> tuple[Sequence[Node], str, Sequence[Node]]:
    """Key, operator, value: the operator if one is written, else where a value follows a key without an operator between them."""
    for index, node in enumerate(nodes):
        if isinstance(node, Token) and node.type == "OP":
            return nodes[:index], node.value, nodes[index + 1 :]
    index = 1
    while (node := nodes[index]) and isinstance(node, Token) and node.type in ("DOT", "BITOP"):
        index += 2
    return nodes[:index], "", nodes[index:]
