"""Boxes around sets."""

from __future__ import annotations

from hypothesis import given

from auditor.model.headers import destinations, sources
from auditor.model.hulls import hull, near
from auditor.model.packets import DOMAIN_MAX, EVERYTHING, NOTHING, Field, PacketSet, box_set
from tests.model.test_packets import packet_sets

HERE = box_set({Field.SOURCE: [(5, 9)], Field.DESTINATION: [(1, 2)]})


def ends(packets: PacketSet, field: Field) -> tuple[int, ...]:
    return hull(packets)[2 * field : 2 * field + 2]


def test_the_hull_of_everything_is_the_whole_domain() -> None:
    assert hull(EVERYTHING) == tuple(end for top in DOMAIN_MAX[:4] for end in (0, top))


def test_the_hull_of_a_box_is_the_box() -> None:
    assert (ends(HERE, Field.SOURCE), ends(HERE, Field.DESTINATION)) == ((5, 9), (1, 2))
    assert ends(HERE, Field.PROTOCOL) == (0, 255)


def test_the_hull_of_two_boxes_is_the_box_around_both() -> None:
    both = HERE | box_set({Field.SOURCE: [(30, 31)], Field.DESTINATION: [(10, 20)]})
    assert (ends(both, Field.SOURCE), ends(both, Field.DESTINATION)) == ((5, 31), (1, 20))


def test_a_hull_reaches_to_the_ends_of_the_domain_where_the_set_does() -> None:
    top = DOMAIN_MAX[Field.SOURCE]
    assert ends(sources([(0, 4), (9, top)]), Field.SOURCE) == (0, top)


@given(packet_sets)
def test_a_hull_is_as_narrow_as_the_values_of_each_field(packets: PacketSet) -> None:
    for field in list(Field)[:4] if packets else ():
        spans = packets.values(field)
        assert ends(packets, field) == (spans[0][0], spans[-1][1])


@given(packet_sets, packet_sets)
def test_what_is_not_near_has_nothing_in_common(packets: PacketSet, other: PacketSet) -> None:
    if other is not NOTHING:
        assert near(packets)(other) or not packets.meets(other)


def test_what_differs_in_one_field_is_not_near() -> None:
    assert near(HERE)(sources([(9, 12)]))
    assert not near(HERE)(sources([(10, 12)]))
    assert not near(HERE)(destinations([(0, 0)]))
    assert not near(sources([(1, 2), (8, 9)]))(sources([(3, 7)]))
