"""Boxes around sets: most sets have nothing to do with each other, and their boxes show it at the price of a few comparisons."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

from auditor.model.packets import DOMAIN_MAX, NOTHING, Field, PacketSet

Hull = tuple[int, ...]
"""The lowest and the highest value that occur, of each of the first four fields: eight numbers."""

_FIELDS = (Field.DESTINATION_PORT, Field.SOURCE, Field.DESTINATION, Field.PROTOCOL)
"""Those fields, the ones that tell most sets apart first."""

_FEW = 4
_WHOLE: Hull = tuple(end for top in DOMAIN_MAX[: len(_FIELDS)] for end in (0, top))


def hull(packets: PacketSet) -> Hull:
    """The box around a set that is not empty. It is worked out once."""
    found = packets.hull
    if found is None:
        found = packets.hull = _WHOLE if packets.level >= len(_FIELDS) else _made(packets)
    return found


def _made(node: PacketSet) -> Hull:
    box = list(_WHOLE)
    while node.level < len(_FIELDS):
        kids, at = node.children, 2 * node.level
        if len(kids) != 3 or kids[0] is not NOTHING or kids[2] is not NOTHING:
            box[at:] = _split(node)[at:]
            break
        box[at], box[at + 1] = node.ends[0] + 1, node.ends[1]  # a single interval, as almost always
        node = kids[1]
    return tuple(box)


def _split(node: PacketSet) -> Hull:
    level, kids, ends = node.level, node.children, node.ends
    boxes = [hull(child) for child in (kids if len(kids) <= _FEW else dict.fromkeys(kids)) if child is not NOTHING]
    around = boxes[0] if len(boxes) == 1 else _around(boxes)
    low = 0 if kids[0] is not NOTHING else ends[0] + 1  # neighbours differ: the second is not empty
    high = ends[-1] if kids[-1] is not NOTHING else ends[-2]
    return (*around[: 2 * level], low, high, *around[2 * level + 2 :])


def _around(boxes: Sequence[Hull]) -> Hull:
    return tuple(choose(ends) for choose, ends in zip((min, max) * len(_FIELDS), zip(*boxes, strict=True), strict=True))


def near(packets: PacketSet) -> Callable[[PacketSet], bool]:
    """A quick test of many sets: those it is false of have no packet in common with these."""
    checks = []
    for field in _FIELDS:
        spans = packets.values(field)
        if spans != ((0, DOMAIN_MAX[field]),):
            checks.append((2 * field, [low for low, _ in spans], [high for _, high in spans]))

    def may_meet(other: PacketSet) -> bool:
        box = hull(other)
        for at, lows, highs in checks:
            found = bisect_left(highs, box[at])
            if found == len(highs) or lows[found] > box[at + 1]:
                return False
        return True

    return may_meet
