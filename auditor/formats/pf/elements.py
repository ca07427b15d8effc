"""Elements that nothing reads because their name is a slip away from one that counts. Names far from all that are known are another's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.formats.near import near
from auditor.formats.xmlspan import Element

ANY = "*"
"""Stands for names of the user's."""

Known = Mapping[str, "Known"]
"""The elements that count, with those that count below them."""


def names(text: str) -> Known:
    """Elements below which nothing is looked at."""
    nothing: Known = {}
    return dict.fromkeys(text.split(), nothing)


def slips(root: Element, known: Known) -> Iterator[tuple[Element, str]]:
    """The misspelt elements below `root`, each with the name that is meant."""
    pending = [(root, known)]
    while pending:
        here, below = pending.pop()
        for child in here.children:
            inner = below.get(child.name)
            if inner is None:
                inner = below.get(ANY)
            if inner is None:
                meant = near(child.name, below)
                if meant is not None:
                    yield child, meant
            elif inner and child.children:
                pending.append((child, inner))
