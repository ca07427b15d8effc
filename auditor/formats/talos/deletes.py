"""`$patch: delete`: taken out of a patch's documents before they are read, and carried out on a configuration before they are merged."""

from __future__ import annotations

from auditor.formats.talos.canonical import canonical_text, element_type
from auditor.formats.talos.notes import key_of
from auditor.formats.talos.scalars import is_null
from auditor.formats.talos.schema import ANYTHING, FieldType, Kind, section
from auditor.model.record import dataclass, replace
from auditor.model.source import Span
from auditor.yamlspan import Mapping, Node, Scalar, Sequence


class Misplaced(Exception):
    """A delete that Talos does not carry out."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.message = message
        self.span = span


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove what `path` leads to, the whole document if it is empty; with `selector`, that list's first element whose key has this text.

    `beside`: other elements of that list stay in the patch, and are merged as usual.
    """

    kind: str
    name: str
    path: tuple[str, ...]
    span: Span
    selector: tuple[str, str] | None = None
    beside: bool = False

    @property
    def identity(self) -> tuple[str, str]:
        """Of the document it is about."""
        return self.kind, self.name


@dataclass(slots=True)
class _Taker:
    kind: str
    name: str
    found: list[Delete]

    def mapping(self, node: Mapping, path: tuple[str, ...], in_list: bool) -> Mapping | None:
        """`node` without its deletes; None if it is to be deleted itself, or if nothing but deletes was in it."""
        mark = node.get("$patch")
        if isinstance(mark, Scalar) and mark.text == "delete":
            self.take(node, path, key_of(mark), in_list)
            return None
        kept: dict[str, Node] = {}
        for key, value in node.entries.items():
            rest = self.value(value, (*path, key))
            if rest is not None:
                kept[key] = rest
        if len(kept) == len(node.entries):
            return node if all(kept[key] is value for key, value in node.entries.items()) else replace(node, entries=kept)
        return replace(node, entries=kept) if kept else None

    def value(self, node: Node, path: tuple[str, ...]) -> Node | None:
        if isinstance(node, Mapping):
            return self.mapping(node, path, in_list=False)
        if isinstance(node, Sequence):
            return self.sequence(node, path)
        return node

    def sequence(self, node: Sequence, path: tuple[str, ...]) -> Sequence | None:
        before = len(self.found)
        kept = []
        for item in node.items:
            rest = self.mapping(item, (*path, "[]"), in_list=True) if isinstance(item, Mapping) else self.value(item, (*path, "[]"))
            if rest is not None:
                kept.append(rest)
        if len(self.found) == before:
            return node
        if not kept:
            return None
        self.found[before:] = [replace(delete, beside=True) for delete in self.found[before:]]
        return replace(node, items=tuple(kept))

    def take(self, node: Mapping, path: tuple[str, ...], span: Span, in_list: bool) -> None:
        if "[]" in (path[:-1] if in_list else path):
            raise Misplaced("Talos cannot delete inside an element of a list: delete the element and give it anew", span)
        if not in_list:
            self.found.append(Delete(self.kind, self.name, path, span))
            return
        other = next(((key, value) for key, value in node.entries.items() if key != "$patch"), None)
        if other is None:
            raise Misplaced("which element to delete is said by a key beside $patch: add one, such as subnet", span)
        text = other[1].text if isinstance(other[1], Scalar) else ""
        self.found.append(Delete(self.kind, self.name, path[:-1], span, (other[0], text)))


def take_deletes(node: Mapping, kind: str, name: str) -> tuple[Mapping | None, tuple[Delete, ...]]:
    """A patch document without its deletes (None if nothing is left) and the deletes in order. Raises `Misplaced`."""
    mark = node.get("$patch")
    whole = isinstance(mark, Scalar) and mark.text == "delete"
    if whole and (kind in ("", "main") or "apiVersion" not in node.entries):
        assert mark is not None
        raise Misplaced("only a document with apiVersion and kind can be deleted, the v1alpha1 document cannot", key_of(mark))
    taker = _Taker(kind, name, [])
    rest = taker.mapping(node, (), in_list=False)
    return rest, tuple(taker.found)


def carry_out(delete: Delete, node: Mapping) -> Mapping:
    """`node`, the document, without what the delete names. Raises `Misplaced` where Talos says "lookup failed"."""
    result = _without(node, FieldType(Kind.SECTION, section=delete.kind), delete.path, delete)
    assert isinstance(result, Mapping)
    return result


def _without(node: Node, field: FieldType, path: tuple[str, ...], delete: Delete) -> Node:
    if not path:
        return _without_element(node, field, delete)
    if not isinstance(node, Mapping):
        raise _not_found(delete)
    name, rest = path[0], path[1:]
    fields = section(field.section) if field.kind is Kind.SECTION else None
    inner = (fields or {}).get(name, ANYTHING)
    child = node.get(name)
    if not rest and delete.selector is None:
        if child is None and (field.kind is Kind.MAP or (fields is not None and name not in fields)):
            raise _not_found(delete)
        return replace(node, entries={key: value for key, value in node.entries.items() if key != name})
    if child is None or is_null(child):
        raise _not_found(delete)
    return replace(node, entries={**node.entries, name: _without(child, inner, rest, delete)})


def _without_element(node: Node, field: FieldType, delete: Delete) -> Node:
    assert delete.selector is not None
    key, wanted = delete.selector
    fields = section(element_type(field).section) or {}
    for index, item in enumerate(node.items if isinstance(node, Sequence) else ()):
        value = item.get(key) if isinstance(item, Mapping) else None
        if isinstance(value, Scalar) and (canonical_text(value, fields.get(key, ANYTHING)) or "") == wanted:
            assert isinstance(node, Sequence)
            return replace(node, items=node.items[:index] + node.items[index + 1 :])
    raise _not_found(delete)


def _not_found(delete: Delete) -> Misplaced:
    path = ".".join(delete.path)
    element = "" if delete.selector is None else f" with this {delete.selector[0]}, compared as text,"
    what = f"no element of {path}{element} is there" if delete.selector else f"{path} is not there"
    return Misplaced(f"nothing to delete: {what}, and Talos refuses the patch", delete.span)
