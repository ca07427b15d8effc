"""Where IPsec is filtered: what comes in by a tunnel meets the lines on `enc0`, or those on the interface of a routed tunnel, never both.

What goes out meets the lines of its interface in either case. Interfaces are *deaf* whose own lines meet nothing that comes in.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.pf.ruleset import Direction

ALL_TUNNELS = "enc0"
ROUTED = "ipsec"
"""How the devices of routed tunnels begin."""

Place = tuple[frozenset[Direction], frozenset[str] | None]
"""Directions and interfaces a line acts on; None: all."""


def met(directions: frozenset[Direction], names: frozenset[str] | None, deaf: frozenset[str]) -> Iterator[Place]:
    """Where packets meet a line that names interfaces."""
    if names is None or Direction.IN not in directions or not (deaf & names or (deaf and ALL_TUNNELS in names)):
        yield directions, names
        return
    hears_all = ALL_TUNNELS in names - deaf
    yield frozenset({Direction.IN}), names | deaf if hears_all else names - deaf
    if Direction.OUT in directions:
        yield frozenset({Direction.OUT}), names
