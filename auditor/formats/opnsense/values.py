"""How OPNsense reads an element's value. Nothing is trimmed; what counts as true differs from place to place."""

from __future__ import annotations

from auditor.formats.xmlspan import Element
from auditor.model.source import Span


def empty(text: str | None) -> bool:
    """PHP's `empty` of a text: missing, empty, or `0`."""
    return text in (None, "", "0")


def text(parent: Element | None, name: str) -> str:
    """The text of the first child `name`; empty if it is missing."""
    child = parent.child(name) if parent is not None else None
    return "" if child is None else child.text


def at(parent: Element, path: str) -> str:
    """The text of the element at `path`, e.g. "system/webgui/port"; empty if it is missing."""
    element = parent.at(path)
    return "" if element is None else element.text


def flag(parent: Element | None, name: str) -> bool:
    """`!empty`: the child is there and neither empty nor `0`. A child with children of its own is an array, which is not empty."""
    child = parent.child(name) if parent is not None else None
    return child is not None and (bool(child.children) or not empty(child.text))


def present(parent: Element | None, name: str) -> bool:
    """`isset`: the child is there, whatever it says."""
    return parent is not None and parent.child(name) is not None


def items(value: str) -> tuple[str, ...]:
    """A comma list as written: blanks stay, and spoil the item they touch. Empty text: no item."""
    return tuple(value.split(",")) if value else ()


def place(parent: Element, *names: str) -> Span:
    """The narrowest of the children `names` (paths) that is there, else the start of `parent`: where to point."""
    for name in names:
        found = parent.at(name)
        if found is not None:
            return found.span
    return parent.head


def whole(value: str, fallback: int = 0) -> int:
    """A non-negative number as PHP's `(int)` takes it from digits; `fallback` for anything else."""
    digits = value.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else fallback


def repeated_in(parent: Element) -> list[str]:
    """The names that more than one child has."""
    names = [child.name for child in parent.children]
    return [] if len(set(names)) == len(names) else [name for name in dict.fromkeys(names) if names.count(name) > 1]
