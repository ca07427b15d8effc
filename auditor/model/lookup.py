"""Which of many sets hold a packet, without asking each: every set stands under the aligned block around it.

Protocol and destination port come first, since few sets share both; then the addresses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

from auditor.model.hulls import hull
from auditor.model.packets import Field, Packet, PacketSet

Thing = TypeVar("Thing")
_Pair = tuple[int, int]
_Blocks = dict[_Pair, dict[_Pair, list[tuple[PacketSet, Thing]]]]

_SIZES = tuple(-(-bits // 4) * 4 for bits in range(130))
"""Low bits that are free in the block around an interval of so many: a few sizes, since each is one more place to look."""


class Lookup(Generic[Thing]):
    """Things by their packets. Shapes of blocks (how many low bits of two fields are free) lead to blocks, and those to things."""

    __slots__ = ("_services",)

    def __init__(self) -> None:
        self._services: dict[_Pair, dict[_Pair, _Blocks[Thing]]] = {}

    def add(self, packets: PacketSet, thing: Thing) -> None:
        """Keep `thing` under a set that is not empty."""
        a, a_, b, b_, c, c_, d, d_ = hull(packets)
        w, x = _SIZES[(a ^ a_).bit_length()], _SIZES[(b ^ b_).bit_length()]
        y, z = _SIZES[(c ^ c_).bit_length()], _SIZES[(d ^ d_).bit_length()]
        places = self._services.setdefault((w, x), {}).setdefault((a >> w, b >> x), {})
        places.setdefault((y, z), {}).setdefault((c >> y, d >> z), []).append((packets, thing))

    def holding(self, packet: Packet) -> Iterator[Thing]:
        """Everything whose packets this is one of, in no order."""
        a, b = packet.get(Field.PROTOCOL, 0), packet.get(Field.DESTINATION_PORT, 0)
        c, d = packet.get(Field.SOURCE, 0), packet.get(Field.DESTINATION, 0)
        for (w, x), blocks in self._services.items():
            places = blocks.get((a >> w, b >> x))
            if places:
                for (y, z), found in places.items():
                    for packets, thing in found.get((c >> y, d >> z), ()):
                        if packet in packets:
                            yield thing
