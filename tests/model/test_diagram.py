"""What keeps the diagram of packet sets fast: stretches and caches. None of it shows in a result."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from auditor.model import packets
from auditor.model.headers import destinations, ports, sources
from auditor.model.packets import NOTHING, Field, PacketSet, box_set, union

if TYPE_CHECKING:
    import pytest

MANY = sources([(4 * n, 4 * n + 1) for n in range(2000)])


def box(source: tuple[int, int], destination: tuple[int, int]) -> PacketSet:
    return box_set({Field.SOURCE: [source], Field.DESTINATION: [destination]})


def test_a_stretch_of_two_intervals_is_met_one_by_one() -> None:
    assert MANY & box((5, 6), (1, 1)) is box((5, 5), (1, 1))


def test_neighbours_that_become_equal_within_a_stretch_are_one_interval() -> None:
    striped = union(box((n, n), (n % 2, n % 2 + 2)) for n in range(100))
    assert striped & box((10, 19), (2, 2)) is box((10, 19), (2, 2))
    assert striped & box((10, 19), (9, 9)) is NOTHING


def test_many_intervals_overlap_few_only_where_they_share_a_packet() -> None:
    few = box((4, 4), (1, 1))
    assert MANY.meets(few)
    assert few.meets(MANY)
    assert not MANY.meets(box((6, 7), (1, 1)))
    assert not (MANY & destinations([(0, 0)])).meets(few)


def test_a_stretch_of_several_intervals_overlaps_if_one_of_them_does() -> None:
    assert MANY.meets(box((6, 9), (7, 7)))
    assert box((6, 9), (7, 7)).meets(MANY)
    assert not (MANY & destinations([(0, 0)])).meets(box((4, 9), (7, 7)))


def test_a_full_cache_is_emptied_and_results_stay_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = ports(6, [(22, 443)]), sources([(1, 9)]) | destinations([(3, 4)])
    before = a & b
    cache: dict[tuple[PacketSet, PacketSet], PacketSet] = {}
    monkeypatch.setattr(packets, "_met", cache)
    monkeypatch.setattr(packets, "_CACHE_LIMIT", 0)
    assert a & b is before
    assert b & MANY is MANY & b
    assert len(cache) == 1


def drawn(dice: random.Random, count: int) -> PacketSet:
    """A union of boxes over three fields, each of which may be left out; now and then all else."""
    fields = {Field.DESTINATION_PORT: 60, Field.SOURCE_PORT: 6, Field.TCP_FLAGS: 6}
    boxes = (
        {field: [(low := dice.randrange(top), low + dice.randrange(3))] for field, top in fields.items() if dice.random() < 0.6}
        for _ in range(count)
    )
    found = union(map(box_set, boxes))
    return ~found if dice.random() < 0.3 else found


@given(st.integers(0, 100_000))
def test_many_intervals_and_few_are_joined_met_and_subtracted_packet_by_packet(seed: int) -> None:
    dice = random.Random(seed)
    many, few = drawn(dice, dice.choice((10, 25, 40))), drawn(dice, dice.choice((1, 2, 3)))
    assert (many | few) is (few | many) is ~(~many & ~few)
    for _ in range(50):
        packet = {Field.DESTINATION_PORT: dice.randrange(64), Field.SOURCE_PORT: dice.randrange(9), Field.TCP_FLAGS: dice.randrange(9)}
        a, b = packet in many, packet in few
        assert (packet in many | few, packet in few & many) == (a or b, a and b)
        assert (packet in many - few, packet in few - many) == (a and not b, b and not a)
