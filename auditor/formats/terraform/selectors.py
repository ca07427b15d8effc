"""Label selectors as Hetzner's and other clouds write them: `k=v`, `k!=v`, `k`, `!k`, `k in (a,b)`, `k notin (a,b)`, joined by commas."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

_SET = re.compile(r"(?P<key>\S+)\s+(?P<word>in|notin)\s*\((?P<values>[^)]*)\)")
_PARTS = re.compile(r",(?![^(]*\))")


def matches(selector: str, labels: Mapping[str, str | None], *, others: bool = False) -> bool | None:
    """Whether labels meet every part of a selector; None if that is not known. An empty selector meets nothing.

    A label of the value None has some value that is not known; `others`: there may be labels that are not listed.
    """
    parts = _parts(selector)
    found = [_meets(part, labels, others) for part in parts]
    if False in found or not parts:
        return False
    return None if None in found else True


@lru_cache(maxsize=1024)
def _parts(selector: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in _PARTS.split(selector) if part.strip())


def _meets(part: str, labels: Mapping[str, str | None], others: bool) -> bool | None:
    if found := _SET.fullmatch(part):
        values = {value.strip() for value in found["values"].split(",")}
        return _is_one_of(found["key"], values, labels, others, wanted=found["word"] == "in")
    if part.startswith("!"):
        return False if part[1:].strip() in labels else None if others else True
    key, sign, value = part.partition("=")
    if not sign:
        return True if key.strip() in labels else None if others else False
    unequal = key.endswith("!")
    return _is_one_of(key.rstrip("!").strip(), {value.lstrip("=").strip()}, labels, others, wanted=not unequal)


def _is_one_of(key: str, values: set[str], labels: Mapping[str, str | None], others: bool, *, wanted: bool) -> bool | None:
    if (others and key not in labels) or labels.get(key, "") is None:
        return None
    return (labels.get(key) in values) is wanted
