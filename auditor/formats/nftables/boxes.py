"""Elements of concatenated fields as boxes, and which of them the kernel refuses beside each other.

It looks up the first and the last corner of each new box: neither may lie in a box that is there, so that a narrower one has to come first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from auditor.formats.nftables.resolve import Item, Resolver
from auditor.formats.nftables.syntax import Atom, Concat, Expression, Verdict
from auditor.formats.nftables.text import At
from auditor.formats.nftables.values import BITS
from auditor.model.source import Unknown

MOST = 300

Span = tuple[int, int] | tuple[str, str]


class Box(NamedTuple):
    """An element's values, a field each, and what it maps to."""

    spans: tuple[Span, ...]
    data: str
    at: At


def told(data: Verdict | Expression | None) -> str:
    """What an element maps to, to be compared."""
    return "" if data is None else " ".join(data.at.words.split())


def boxes(items: Iterable[Item | Unknown], types: Sequence[str], resolver: Resolver) -> list[Box]:
    """Those of the elements whose values are known."""
    if any(kind != "ifname" and kind not in BITS for kind in types):
        return []
    found = (_box(item, types, resolver) for item in items if isinstance(item, Item))
    return [box for box in found if box is not None]


def _box(item: Item, types: Sequence[str], resolver: Resolver) -> Box | None:
    """One element; None where a value is not a single one, not known, or the catch-all."""
    key = item.element.key
    parts = key.parts if isinstance(key, Concat) else (key,)
    if len(parts) != len(types):
        return None
    spans: list[Span] = []
    for part, kind in zip(parts, types, strict=True):
        if part is None or (isinstance(part, Atom) and part.word in ("*", "")):
            return None
        if kind == "ifname":
            if not isinstance(part, Atom) or part.word[0] == "$" or "*" in part.word:
                return None
            name = part.word.strip('"')
            spans.append((name, name))
            continue
        found = resolver.values(part, kind, item.moment)
        if found.unknowns or len(found.spans) != 1:
            return None
        spans.append(found.spans[0])
    return Box(tuple(spans), told(item.element.data), item.element.at)


def check(found: list[Box], resolver: Resolver) -> None:
    """Refuse what the kernel does: a corner in a box that is there, or one key that maps to two things."""
    if any(low != high for box in found[:MOST] for low, high in box.spans):
        for index, box in enumerate(found[:MOST]):
            other = next((other for other in found[:index] if other.spans != box.spans and _clash(other, box)), None)
            if other is not None:
                message = "an element that lies in a broader one before it, or laps over into it: the narrower has to come first"
                resolver.refuse(message, box.at, ("the other", other.at))
                return
    check_keys(found, resolver)


def _clash(there: Box, new: Box) -> bool:
    return any(
        all(low <= corner[end] <= high for (low, high), corner in zip(there.spans, new.spans, strict=True))  # type: ignore[operator]
        for end in (0, 1)
    )


def check_keys(found: list[Box], resolver: Resolver) -> None:
    """Refuse one key that maps to two things."""
    known: dict[tuple[Span, ...], Box] = {}
    for box in found:
        other = known.setdefault(box.spans, box)
        if other.data != box.data:
            resolver.refuse("one key that maps to two things", box.at, ("the other", other.at))
            return
