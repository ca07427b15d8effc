"""Merging one document into another, field by field, as Talos merges them; every value keeps the place it came from.

The field's type decides: zero values change nothing, most lists are appended, a few are replaced or merged by a key.
"""

from __future__ import annotations

from collections.abc import Callable

from auditor.formats.talos.canonical import canonical, canonical_text, element_type
from auditor.formats.talos.notes import key_of, where
from auditor.formats.talos.scalars import Refused, is_null, placeholder, read_duration, read_number
from auditor.formats.talos.schema import ANYTHING, FieldType, Kind, section
from auditor.formats.talos.version import LISTS_REPLACED, Version
from auditor.model.record import dataclass, replace
from auditor.model.source import Effect, Level, Note
from auditor.yamlspan import Mapping, Node, Scalar, Sequence

_TOLD_LISTS = frozenset({"servers", "nameservers", "advertisedSubnets", "listenSubnets", "validSubnets"})
Report = Callable[[Note], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a document the merge is: its title, the path of keys, and who hears of what is hardly meant."""

    title: str
    kind: str
    path: tuple[str, ...]
    report: Report
    appends: bool = False  # also what later versions replace

    def below(self, key: str) -> Place:
        """One key further down."""
        return replace(self, path=(*self.path, key))

    @property
    def text(self) -> str:
        """The path as a person reads it."""
        return ".".join(self.path)


def merge_documents(left: Mapping, right: Mapping, kind: str, title: str, report: Report, library: Version) -> Mapping:
    """The document `left` after the patch document `right` of the same identity, as this version merges."""
    place = Place(title, kind, (), report, kind == "NetworkRuleConfig" and library < LISTS_REPLACED)
    if kind == "NetworkDefaultActionConfig":
        _default_action(left, right, report)
    return _section(left, right, kind, place)


def _default_action(left: Mapping, right: Mapping, report: Report) -> None:
    old, new = left.get("ingress"), right.get("ingress")
    if not (isinstance(old, Scalar) and old.text.lower() == "block"):
        return
    if is_null(new) or (isinstance(new, Scalar) and new.text.lower() == "accept"):
        message = (
            "accept is the zero value: merged over block it changes nothing, and the firewall still blocks; "
            "delete the document first ($patch: delete) and give it again in the next document"
        )
        span = where(new) if new is not None else right.span
        report(Note("accept-patch-noop", message, span, Effect.IGNORED, Level.ERROR, (("block is set here", where(old)),)))


def _section(left: Mapping, right: Mapping, name: str, place: Place) -> Mapping:
    fields = section(name) or {}
    merged = dict(left.entries)
    for key, value in right.entries.items():
        field = fields.get(key, ANYTHING)
        if key in merged:
            merged[key] = _merge(merged[key], value, field, place.below(key))
        else:
            merged[key] = value
    return replace(left, entries=merged)


def _merge(left: Node, right: Node, field: FieldType, place: Place) -> Node:
    if is_null(right):
        return left
    if is_null(left):
        return right
    if field.kind is Kind.SECTION and isinstance(left, Mapping) and isinstance(right, Mapping):
        return _section(left, right, field.section, place)
    if field.kind is Kind.LIST and isinstance(left, Sequence) and isinstance(right, Sequence):
        return _list(left, right, field, place)
    if field.kind is Kind.MAP and isinstance(left, Mapping) and isinstance(right, Mapping):
        return _map(left, right, place)
    if isinstance(right, Scalar):
        return _scalar(left, right, field, place)
    if field.replaced or type(left) is not type(right):
        return right if not _empty(right) else left
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return _section(left, right, "", place)
    assert isinstance(left, Sequence) and isinstance(right, Sequence)
    return replace(left, items=left.items + right.items)


def _empty(node: Node) -> bool:
    return isinstance(node, Mapping) and not node.entries


def _map(left: Mapping, right: Mapping, place: Place) -> Mapping:
    merged = dict(left.entries)
    for key, value in right.entries.items():
        empty = is_null(value) or (isinstance(value, Scalar) and value.text == "")
        if not (empty and key in merged):
            merged[key] = value
        elif isinstance(value, Scalar) and not is_null(value):
            _say_zero(merged[key], value, place.below(key))
    return replace(left, entries=merged)


def is_zero(node: Scalar, field: FieldType) -> bool:
    """Whether a scalar is the zero value of its field, which a patch cannot set."""
    if is_null(node) or node.text == "":
        return True
    if placeholder(node) is not None:
        return False
    try:
        if field.kind is Kind.NUMBER:
            return read_number(node) == 0 and field.syntax != "nullable"
        if field.kind is Kind.DURATION:
            return read_duration(node) == 0
    except Refused:
        return False
    return field.syntax == "action" and node.text.lower() == "accept"


def _scalar(left: Node, right: Scalar, field: FieldType, place: Place) -> Node:
    if not is_zero(right, field):
        return right
    if field.syntax != "action":
        _say_zero(left, right, place)
    return left


def _say_zero(left: Node, right: Scalar, place: Place) -> None:
    if isinstance(left, Scalar) and (is_null(left) or left.text == right.text):
        return
    message = f"an empty or zero value overrides nothing: {place.text} of {place.title} stays; remove it with $patch: delete"
    place.report(Note("zero-value-noop", message, where(right), Effect.IGNORED, Level.WARNING, (("set here", where(left)),)))


def _list(left: Sequence, right: Sequence, field: FieldType, place: Place) -> Sequence:
    if field.replaced and not place.appends:
        if place.kind == "NetworkRuleConfig" and left.items:
            _say_replaced(left, right, field, place)
        return right
    if field.merge_key:
        return _keyed(left, right, field, place)
    if left.items and right.items and place.path[-1] in _TOLD_LISTS:
        message = f"{place.text} is appended to what {place.title} has already, not put in its place; to replace it, delete it first"
        place.report(Note("list-appended", message, key_of(right), Effect.WIDENED, Level.NOTE, (("already here", key_of(left)),)))
    return replace(left, items=left.items + right.items)


def _say_replaced(left: Sequence, right: Sequence, field: FieldType, place: Place) -> None:
    element = element_type(field)
    old, new = ([canonical(item, element) for item in node.items if not is_null(item)] for node in (left, right))
    if old == new:
        return
    lost = [item for item in old if item not in new]
    what = "ports" if place.path[-1] == "ports" else "sources"
    message = f"this list replaces the {what} that {place.title} had" + (f": {len(lost)} of {len(old)} are lost" if lost else "")
    level = Level.WARNING if lost else Level.NOTE
    effect = Effect.NARROWED if lost else Effect.WIDENED
    place.report(Note("rule-lists-replaced", message, key_of(right), effect, level, ((f"the {what} before", key_of(left)),)))


def _keyed(left: Sequence, right: Sequence, field: FieldType, place: Place) -> Sequence:
    items = list(left.items)
    positions: dict[str, int] = {}
    for index, node in enumerate(items):
        for key in _keys(node, field):
            positions.setdefault(key, index)
    for node in right.items:
        found = positions.get(next(iter(_keys(node, field)), ""))
        if found is None:
            positions.update((key, len(items)) for key in _keys(node, field) if key not in positions)
            items.append(node)
        else:
            partner = items[found]
            assert isinstance(partner, Mapping) and isinstance(node, Mapping)
            items[found] = _section(partner, node, field.section, place)
    return replace(left, items=tuple(items))


def _keys(node: Node, field: FieldType) -> list[str]:
    """By what an element is found, the first of them being what it looks for itself."""
    fields = section(field.section) or {}
    values = [(key, node.get(key)) for key in field.merge_key.split("|")] if isinstance(node, Mapping) else []
    return [f"{key} {canonical(value, fields.get(key, ANYTHING))!r}" for key, value in values if value is not None and not is_null(value)]


def texts(node: Node | None) -> tuple[Scalar, ...]:
    """The scalars of a list of texts; nulls are left out."""
    items = node.items if isinstance(node, Sequence) else ()
    return tuple(item for item in items if isinstance(item, Scalar) and canonical_text(item, ANYTHING) is not None)
