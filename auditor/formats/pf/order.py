"""Last match with `quick`, as first match. The two decide every packet alike; tests hold them against each other on random rulesets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Ordered(Protocol):
    """A rule as far as order is concerned. `decides` is false for a `match` rule, which never settles a packet's fate."""

    @property
    def quick(self) -> bool: ...

    @property
    def decides(self) -> bool: ...


Line = TypeVar("Line", bound=Ordered)


def first_match(lines: Iterable[Line]) -> list[Line]:
    """The same verdicts in first-match order: the quick rules as they stand, then the others from last to first. Then pf passes."""
    deciding = [line for line in lines if line.decides]
    return [line for line in deciding if line.quick] + [line for line in reversed(deciding) if not line.quick]
