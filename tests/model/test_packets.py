"""The set algebra against naive membership, and its one form a set."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.model.headers import address_interval, sources
from auditor.model.packets import (
    ADDRESS_MAX,
    DOMAIN_MAX,
    EVERYTHING,
    NOTHING,
    V6_BASE,
    Field,
    PacketSet,
    box_set,
    field_set,
    union,
)

ENDS: dict[Field, tuple[int, ...]] = {
    Field.PROTOCOL: (0, 6, 255),
    Field.DESTINATION_PORT: (0, 22, 23, 65535),
    Field.SOURCE: (0, V6_BASE - 1, V6_BASE, ADDRESS_MAX),
    Field.STATE: (0, 1, 4),
}
"""Where intervals begin and end: few values a field, its ends and the seam of the address families among them."""

POINTS = {field: tuple(sorted({*ends, *(low + 1 for low, high in pairwise(ends) if high > low + 1)})) for field, ends in ENDS.items()}
"""Every such value, and one of each gap between them: what is true of them is true of all."""


@st.composite
def intervals(draw: st.DrawFn, field: Field) -> list[tuple[int, int]]:
    point = st.sampled_from(ENDS[field])
    pairs = draw(st.lists(st.tuples(point, point), min_size=1, max_size=3))
    return [(min(pair), max(pair)) for pair in pairs]


@st.composite
def boxes(draw: st.DrawFn) -> dict[Field, list[tuple[int, int]]]:
    fields = draw(st.sets(st.sampled_from(sorted(POINTS)), max_size=4))
    return {field: draw(intervals(field)) for field in fields}


packet_sets = st.recursive(
    boxes().map(box_set),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: pair[0] | pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] - pair[1]),
        inner.map(lambda each: ~each),
    ),
    max_leaves=6,
)

PACKETS = [dict(zip(POINTS, values, strict=True)) for values in product(*POINTS.values())]


def members(packets: PacketSet) -> list[bool]:
    return [packet in packets for packet in PACKETS]


@given(boxes())
def test_a_box_holds_just_the_packets_whose_fields_lie_in_its_intervals(box: dict[Field, list[tuple[int, int]]]) -> None:
    inside = [all(any(low <= packet[field] <= high for low, high in spans) for field, spans in box.items()) for packet in PACKETS]
    assert members(box_set(box)) == inside


@pytest.mark.parametrize(
    ("verb", "meaning"),
    [
        (PacketSet.__and__, lambda a, b: a and b),
        (PacketSet.__or__, lambda a, b: a or b),
        (PacketSet.__sub__, lambda a, b: a and not b),
    ],
)
@given(a=packet_sets, b=packet_sets)
def test_each_verb_does_to_sets_what_logic_does_to_membership(
    verb: Callable[[PacketSet, PacketSet], PacketSet], meaning: Callable[[bool, bool], bool], a: PacketSet, b: PacketSet
) -> None:
    assert members(verb(a, b)) == [meaning(x, y) for x, y in zip(members(a), members(b), strict=True)]


@given(packet_sets, packet_sets, packet_sets)
def test_equal_sets_are_the_same_object(a: PacketSet, b: PacketSet, c: PacketSet) -> None:
    assert ~~a is a
    assert a & (b | c) is (a & b) | (a & c)
    assert ~(a | b) is ~a & ~b
    assert a - b is a & ~b
    assert (a - b) | (a & b) is a
    assert (a | ~a) is EVERYTHING
    assert (a & ~a) is NOTHING


@given(packet_sets, packet_sets)
def test_inclusion_and_overlap_agree_with_the_verbs(a: PacketSet, b: PacketSet) -> None:
    assert (a <= b) == (a - b is NOTHING)
    assert a.meets(b) == bool(a & b)
    assert a & b <= a <= a | b


@given(packet_sets, packet_sets)
def test_a_packet_in_common_is_in_both_and_missing_where_there_is_none(a: PacketSet, b: PacketSet) -> None:
    for packet in (a.common(b), b.common(a)):
        assert packet in (a & b) if packet is not None else not a & b


@given(packet_sets, st.dictionaries(st.sampled_from(Field), st.integers(0, 3)))
def test_the_closest_packet_is_in_the_set_and_is_the_one_wanted_if_that_is(packets: PacketSet, wanted: dict[Field, int]) -> None:
    if packets:
        closest = packets.closest(wanted)
        assert closest in packets
        assert (wanted in packets) == (closest == wanted)


@given(packet_sets)
def test_an_example_is_in_the_set_and_takes_likely_values_that_fit(packets: PacketSet) -> None:
    if packets:
        assert packets.example() in packets
        likely = packets.example({Field.DESTINATION_PORT: (22,), Field.SOURCE: (10,)})
        assert likely in packets
        if packets <= field_set(Field.DESTINATION_PORT, [(22, 22)]):
            assert likely[Field.DESTINATION_PORT] == 22
    else:
        with pytest.raises(ValueError, match="no example"):
            packets.example()


@given(packet_sets)
def test_boxes_are_disjoint_and_make_up_the_set(packets: PacketSet) -> None:
    parts = [box_set(box) for box in packets.boxes()]
    assert union(parts) is packets
    assert not any(a & b for index, a in enumerate(parts) for b in parts[index + 1 :])


@given(packet_sets, st.sampled_from(sorted(POINTS)))
def test_projection_forgets_a_field_and_keeps_what_some_value_allows(packets: PacketSet, field: Field) -> None:
    forgotten = packets.without(field)
    for packet in PACKETS:
        assert (packet in forgotten) == any({**packet, field: value} in packets for value in POINTS[field])
    spans = packets.values(field)
    for value in POINTS[field]:
        held = any({**packet, field: value} in packets for packet in PACKETS)
        assert any(low <= value <= high for low, high in spans) == held


@given(packet_sets)
def test_renaming_back_and_forth_changes_nothing(packets: PacketSet) -> None:
    swap = {Field.SOURCE: Field.DESTINATION, Field.DESTINATION: Field.SOURCE}
    assert packets.renamed(swap).renamed(swap) is packets


def test_two_halves_of_the_world_are_the_world() -> None:
    halves = sources([address_interval("0.0.0.0/1"), address_interval("128.0.0.0/1")])
    assert halves is sources([address_interval("0.0.0.0/0")])
    assert halves is not EVERYTHING


def test_intervals_may_be_given_in_any_order_overlapping_and_out_of_range() -> None:
    whole = field_set(Field.STATE, [(3, 9), (0, 1), (1, 2)])
    assert whole is EVERYTHING
    assert field_set(Field.STATE, []) is NOTHING
    assert field_set(Field.STATE, [(3, 2)]) is NOTHING


@given(packet_sets, st.sampled_from(sorted(POINTS)))
def test_the_values_of_a_constant_set_are_all_or_none(packets: PacketSet, field: Field) -> None:
    assert (packets | ~packets).values(field) == ((0, DOMAIN_MAX[field]),)
    assert (packets & ~packets).values(field) == ()


def test_meeting_a_small_set_copies_stretches_of_a_large_one() -> None:
    large = sources([(4 * n, 4 * n + 1) for n in range(2000)])
    tcp = box_set({Field.PROTOCOL: [(6, 6)], Field.SOURCE: [(0, 10000)]})
    window = sources([(5, 21)])
    assert (large & window).values(Field.SOURCE) == ((5, 5), (8, 9), (12, 13), (16, 17), (20, 21))
    assert (window & large) is (large & window)
    assert (large & tcp & window).values(Field.SOURCE) == ((5, 5), (8, 9), (12, 13), (16, 17), (20, 21))
    mixed = box_set({Field.SOURCE: [(5, 21)], Field.DESTINATION: [(1, 1)]}) | sources([(40, 41)])
    assert (large & mixed) is (mixed & large)
    assert large.meets(window)
    assert not large.meets(sources([(2, 3)]))
    assert not sources([(2, 3)]).meets(large)


def test_a_set_reads_back_as_a_short_text() -> None:
    assert repr(NOTHING) == "NOTHING"
    assert repr(EVERYTHING) == "EVERYTHING"
    assert "source" in repr(sources([(1, 2)]))
