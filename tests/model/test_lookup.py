"""A lookup finds all sets that hold a packet, and no other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from auditor.model.headers import destinations, ports, sources
from auditor.model.lookup import Lookup
from auditor.model.packets import EVERYTHING, Field, PacketSet

SPANS = st.tuples(st.integers(0, 30), st.integers(0, 9)).map(lambda pair: ((pair[0], pair[0] + pair[1]),))
SETS = st.one_of(
    st.just(EVERYTHING),
    st.builds(lambda port: ports(6, port), SPANS),
    st.builds(lambda port, source: ports(17, port) & sources(source), SPANS, SPANS),
    st.builds(lambda source, destination: sources(source) & destinations(destination), SPANS, SPANS),
    st.builds(lambda port, source: ports(6, port) | sources(source), SPANS, SPANS),
)
PACKETS = st.fixed_dictionaries(
    {
        Field.PROTOCOL: st.sampled_from([1, 6, 17]),
        Field.DESTINATION_PORT: st.integers(0, 40),
        Field.SOURCE: st.integers(0, 40),
        Field.DESTINATION: st.integers(0, 40),
    }
)


@given(st.lists(SETS, max_size=12), PACKETS)
def test_what_holds_a_packet_is_found_and_nothing_else(sets: list[PacketSet], packet: dict[Field, int]) -> None:
    lookup: Lookup[int] = Lookup()
    for number, packets in enumerate(sets):
        lookup.add(packets, number)
    assert sorted(lookup.holding(packet)) == [number for number, packets in enumerate(sets) if packet in packets]
