"""Label selectors as Hetzner's and other clouds write them: `k=v`, `k!=v`, `k`, `!k`, `k in (a,b)`, `k notin (a,b)`, joined by commas."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SET = re.compile(r"(?P<key>\S+)\s+(?P<word>in|notin)\s*\((?P<values>[^)]*)\)")
_PARTS = re.compile(r",(?![^(]*\))")


def matches(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether labels meet every part of a selector. An empty selector meets nothing."""
    parts = [part.strip() for part in _PARTS.split(selector) if part.strip()]
    return bool(parts) and all(_meets(part, labels) for part in parts)


def _meets(part: str, labels: Mapping[str, str]) -> bool:
    if found := _SET.fullmatch(part):
        values = {value.strip() for value in found["values"].split(",")}
        return (labels.get(found["key"]) in values) is (found["word"] == "in")
    if part.startswith("!"):
        return part[1:].strip() not in labels
    key, sign, value = part.partition("=")
    if not sign:
        return key.strip() in labels
    unequal = key.endswith("!")
    return (labels.get(key.rstrip("!").strip()) == value.lstrip("=").strip()) is not unequal
