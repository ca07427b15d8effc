"""JSON patches (RFC 6902) on a tree that keeps its spans: what an operation brings keeps its place in the patch."""

from __future__ import annotations

from auditor.model.record import dataclass, replace
from auditor.model.source import Span
from auditor.yamlspan import Mapping, Node, Scalar, Sequence, to_python


class Unapplied(Exception):
    """An operation that does not apply."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.message = message
        self.span = span


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `value` and `origin` where the operation has them."""

    op: str
    path: tuple[str, ...]
    span: Span
    value: Node | None = None
    origin: tuple[str, ...] | None = None


def read_operations(nodes: tuple[Node, ...]) -> tuple[Operation, ...]:
    """The operations of a patch. Raises `Unapplied` for what is none."""
    return tuple(_operation(node) for node in nodes)


def _operation(node: Node) -> Operation:
    if not isinstance(node, Mapping):
        raise Unapplied("a list is a JSON patch, and its elements are operations with op and path: this is none", node.span)
    op, path = (_text(node.get(key)) for key in ("op", "path"))
    if op is None or path is None:
        raise Unapplied("a list is a JSON patch, and this element has no op or no path; documents are set apart by --- instead", node.span)
    if op not in ("add", "remove", "replace", "move", "copy", "test"):
        raise Unapplied("op is one of add, remove, replace, move, copy, test", node.entries["op"].span)
    origin = _text(node.get("from"))
    value = node.get("value")
    if op in ("move", "copy") and origin is None:
        raise Unapplied(f"{op} needs from", node.span)
    if op in ("add", "replace", "test") and value is None:
        raise Unapplied(f"{op} needs a value", node.span)
    return Operation(op, _pointer(path, node), node.span, value, None if origin is None else _pointer(origin, node))


def _text(node: Node | None) -> str | None:
    return node.text if isinstance(node, Scalar) else None


def _pointer(text: str, node: Node) -> tuple[str, ...]:
    if text and not text.startswith("/"):
        raise Unapplied("a path begins with /", node.span)
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:])


def patched(root: Node, operations: tuple[Operation, ...]) -> Node:
    """`root` after all operations. Raises `Unapplied` at the first that does not apply."""
    for operation in operations:
        root = _apply(root, operation)
    return root


def imposed(root: Node, operations: tuple[Operation, ...]) -> Node:
    """What is known of a configuration of which `root` is a part: what is set is set, and what is not there may be in the rest."""
    for operation in operations:
        try:
            root = _apply(root, operation)
        except Unapplied:
            if operation.op in ("add", "replace") and operation.value is not None:
                root = _put(root, operation.path, operation.value)
    return root


def _put(node: Node, path: tuple[str, ...], value: Node) -> Node:
    """`node` with the value at `path`, and what leads to it; at a place of a list that is not at hand, alone in it."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(node, Mapping):
        inner = node.get(step)
        listed = bool(rest) and (rest[0] == "-" or rest[0].isdecimal())
        empty = Sequence(value.span, ()) if listed else Mapping(value.span, {})
        return replace(node, entries={**node.entries, step: _put(inner if inner is not None else empty, rest, value)})
    if not isinstance(node, Sequence):
        return node
    index = int(step) if step.isdecimal() and len(step) < 9 else len(node.items)
    if index < len(node.items):
        return replace(node, items=(*node.items[:index], _put(node.items[index], rest, value), *node.items[index + 1 :]))
    return replace(node, items=(*node.items, _put(Mapping(value.span, {}), rest, value)))


def _apply(root: Node, operation: Operation) -> Node:
    path, span = operation.path, operation.span
    if operation.op == "test":
        assert operation.value is not None
        if to_python(_find(root, path, span)) != to_python(operation.value):
            raise Unapplied("the test does not hold for this configuration", span)
        return root
    if operation.op == "remove":
        return _change(root, path, span, None, "remove")
    if operation.op in ("move", "copy"):
        assert operation.origin is not None
        value = _find(root, operation.origin, span)
        if operation.op == "move":
            root = _change(root, operation.origin, span, None, "remove")
        return _change(root, path, span, value, "add")
    assert operation.value is not None
    return _change(root, path, span, operation.value, operation.op)


def _missing(path: tuple[str, ...], span: Span) -> Unapplied:
    return Unapplied(f"the configuration has nothing at /{'/'.join(path)}: Talos refuses the patch", span)


def _find(node: Node, path: tuple[str, ...], span: Span) -> Node:
    for step in path:
        child: Node | None = None
        if isinstance(node, Mapping):
            child = node.get(step)
        elif isinstance(node, Sequence) and step.isdecimal() and int(step) < len(node.items):
            child = node.items[int(step)]
        if child is None:
            raise _missing(path, span)
        node = child
    return node


def _change(node: Node, path: tuple[str, ...], span: Span, value: Node | None, op: str) -> Node:
    """`node` with the value at `path` added, replaced, or removed where it is None."""
    if not path:
        if value is None:
            raise Unapplied("the whole configuration cannot be removed", span)
        return value
    step, rest = path[0], path[1:]
    if isinstance(node, Mapping):
        return _change_mapping(node, step, rest, span, value, op)
    if isinstance(node, Sequence):
        return _change_sequence(node, step, rest, span, value, op)
    raise _missing(path, span)


def _change_mapping(node: Mapping, step: str, rest: tuple[str, ...], span: Span, value: Node | None, op: str) -> Mapping:
    child = node.get(step)
    if rest:
        if child is None:
            raise _missing((step, *rest), span)
        return replace(node, entries={**node.entries, step: _change(child, rest, span, value, op)})
    if child is None and op != "add":
        raise _missing((step,), span)
    entries = {key: entry for key, entry in node.entries.items() if key != step or value is not None}
    if value is not None:
        entries[step] = value
    return replace(node, entries=entries)


def _change_sequence(node: Sequence, step: str, rest: tuple[str, ...], span: Span, value: Node | None, op: str) -> Sequence:
    items = list(node.items)
    if step == "-" and op == "add" and not rest and value is not None:
        return replace(node, items=(*items, value))
    index = int(step) if step.isdecimal() and len(step) < 9 else -1
    if not 0 <= index < len(items) + (op == "add" and not rest):
        raise _missing((step, *rest), span)
    if rest:
        items[index] = _change(items[index], rest, span, value, op)
    elif value is None:
        del items[index]
    elif op == "add":
        items.insert(index, value)
    else:
        items[index] = value
    return replace(node, items=tuple(items))
