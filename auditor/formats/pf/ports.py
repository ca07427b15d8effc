"""Ports as pf and its front ends write them. A set of ports is inclusive intervals; None means that the text is no port at all."""

from __future__ import annotations

import re

from auditor.formats.pf.names import SERVICES
from auditor.model.packets import Interval

Ports = tuple[Interval, ...]
"""Inclusive intervals; empty: never matches."""

EVERY: Ports = ((0, 65535),)

_NUMBER = re.compile(r"[0-9]{1,5}\Z")
_WORD = re.compile(r"[a-z0-9][a-z0-9+._-]*\Z")


def number(text: str) -> int | None:
    """A port number from 1 to 65535."""
    if not _NUMBER.match(text):
        return None
    value = int(text)
    return value if 1 <= value <= 65535 else None


def single(text: str) -> int | None:
    """A number or the name of a service; names are compared as written, as the firewall does."""
    value = number(text)
    return value if value is not None else SERVICES.get(text)


def may_be_service(text: str) -> bool:
    """Whether `text` could be a service that the firewall's list has and this project's short one has not."""
    return bool(_WORD.match(text)) and not text.isdigit() and any(letter.isalpha() for letter in text) and text != "any"


def entry(text: str) -> Ports | None:
    """`443`, `https`, or `a:b` as pf reads it: inclusive, and never matching if reversed."""
    low, colon, high = text.partition(":")
    first = single(low)
    if not colon:
        return None if first is None else ((first, first),)
    last = single(high)
    return None if first is None or last is None else between(first, last)


def between(low: int, high: int) -> Ports:
    """The ports from `low` to `high`; none if they are the wrong way round."""
    return ((low, high),) if low <= high else ()


def outside(low: int, high: int) -> Ports:
    """`port low <> high`: below the one or above the other."""
    return tuple(span for span in ((0, low - 1), (high + 1, 65535)) if span[0] <= span[1])
