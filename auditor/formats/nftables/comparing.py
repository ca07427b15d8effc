"""One field against values: which of its values pass, and the packets that have one of those."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from auditor.formats.nftables.fields import Spec
from auditor.formats.nftables.text import At
from auditor.formats.nftables.values import BITS, FLAG_TYPES
from auditor.model.filters import NONE, Condition, Exactly, Undecided, either
from auditor.model.headers import subtract_intervals
from auditor.model.packets import EVERYTHING, NOTHING, Interval, PacketSet
from auditor.model.source import Unknown

_MOST_INTERVALS = 70_000


class Key(NamedTuple):
    """One field of a key and what is computed from it before it is compared."""

    spec: Spec
    transform: Callable[[int], int] | None
    mask: int | None
    at: At


def present(keys: list[Key]) -> PacketSet:
    result = EVERYTHING
    for key in keys:
        result &= key.spec.present
    return result


def exactly(spec: Spec, spans: Interval | list[Interval] | tuple[Interval, ...], whole: bool) -> Condition:
    """The packets whose value is in the spans; in doubt where the value is not known."""
    if whole:
        return Exactly(spec.present)
    if not spans:
        return NONE
    packets = spec.encode(spans)  # type: ignore[arg-type]
    doubt = spec.doubt if spec.blur is None else spec.doubt | spec.blur(spans) - packets  # type: ignore[arg-type]
    return Exactly(packets) if doubt is NOTHING else either(Exactly(packets), Undecided(Unknown(spec.reason), doubt))


def is_all(spans: tuple[Interval, ...] | list[Interval], top: int) -> bool:
    return len(spans) == 1 and tuple(spans[0]) == (0, top)


def within(spans: tuple[Interval, ...]) -> Callable[[int], bool]:
    return lambda number: any(low <= number <= high for low, high in spans)


def compared(operator: str, spans: tuple[Interval, ...], top: int) -> tuple[Interval, ...]:
    """The values that compare so with the intervals."""
    if operator in ("", "=="):
        return spans
    if operator == "!=":
        return subtract_intervals([(0, top)], spans)
    low, high = spans[0]
    if operator == "<":
        return ((0, low - 1),) if low else ()
    if operator == "<=":
        return ((0, high),)
    if operator == ">":
        return ((high + 1, top),) if high < top else ()
    return ((low, top),)


def test_of(key: Key, operator: str, spans: tuple[Interval, ...], listed: bool) -> Callable[[int], bool]:
    """Whether a value passes, as a function: for fields of bits and computed ones."""
    kind = key.spec.type
    if kind in FLAG_TYPES and spans and (key.transform is None or operator == "!"):
        bits = spans[0][0]
        if operator == "" and spans[0][0] == spans[0][1]:
            return lambda number: number & bits != 0
        if operator == "!" or (operator == "!=" and listed and kind != "tcp_flag"):
            return lambda number: number & bits == 0
    wanted = compared(operator, spans, (1 << BITS.get(kind, 32)) - 1)
    return within(wanted)


def runs_of(values: Iterator[int]) -> list[Interval]:
    spans: list[Interval] = []
    for number in values:
        if spans and spans[-1][1] == number - 1:
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    return spans


def masked(key: Key, spans: tuple[Interval, ...], bits: int) -> list[Interval] | None:
    """The values x with x & mask equal to a number, as intervals; None where there are too many."""
    if key.mask is None or len(spans) != 1 or spans[0][0] != spans[0][1]:
        return None
    mask, wanted = key.mask, spans[0][0]
    if wanted & ~mask:
        return []
    low_free = (mask & -mask).bit_length() - 1 if mask else bits
    free = [bit for bit in range(low_free, bits) if not mask >> bit & 1]
    if len(free) > 16 or 2 ** len(free) > _MOST_INTERVALS:
        return None
    found: list[Interval] = []
    for pick in range(2 ** len(free)):
        base = wanted
        for index, bit in enumerate(free):
            base |= (pick >> index & 1) << bit
        found.append((base, base | (1 << low_free) - 1))
    return found
