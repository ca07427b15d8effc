"""Reading a YAML tree whose shape a schema has settled: what is absent is empty, what is asked for by `child` is there."""

from __future__ import annotations

from auditor.yamlspan import Mapping, Node, Scalar, Sequence


def child(node: Node | None, name: str) -> Node:
    """The value of a key that the schema requires."""
    found = node.get(name) if isinstance(node, Mapping) else None
    assert found is not None, f"the schema requires {name}"
    return found


def content(node: Node) -> str:
    """A scalar's text."""
    return node.text if isinstance(node, Scalar) else ""


def text(node: Node | None, name: str, default: str = "") -> str:
    """The text of a key's scalar."""
    found = node.get(name) if isinstance(node, Mapping) else None
    return content(found).strip() if found is not None else default


def texts(node: Node, name: str) -> tuple[str, ...]:
    """The texts of a key's list, or its one text."""
    found = node.get(name) if isinstance(node, Mapping) else None
    if isinstance(found, Scalar):
        return (found.text,)
    return tuple(content(each) for each in found.items) if isinstance(found, Sequence) else ()


def flag(node: Node, name: str) -> bool:
    """Whether a key is true."""
    found = node.get(name) if isinstance(node, Mapping) else None
    return isinstance(found, Scalar) and found.value is True


def items(node: Node, name: str) -> tuple[Node, ...]:
    """The items of a key's list."""
    found = node.get(name) if isinstance(node, Mapping) else None
    return found.items if isinstance(found, Sequence) else ()


def entries(node: Node, name: str) -> dict[str, Node]:
    """The entries of a key's mapping."""
    found = node.get(name) if isinstance(node, Mapping) else None
    return found.entries if isinstance(found, Mapping) else {}
