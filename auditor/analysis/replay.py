"""The packet that shows an outcome, and what every filter on its way does with it: by first match, as the products themselves decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.analysis.listing import narrowed
from auditor.model.filters import Decision, Verdict
from auditor.model.graph import Crossing, Endpoint, Way
from auditor.model.headers import (
    EPHEMERAL_PORT,
    IPV4,
    IPV6,
    PORT_PROTOCOLS,
    TcpFlag,
    address_interval,
    of_family,
    protocol_set,
    state_set,
)
from auditor.model.packets import Field, Interval, PacketSet, State
from auditor.model.record import dataclass

_LIKELY_HOSTS = {
    family: tuple(address_interval(text)[0] for text in texts)
    for family, texts in {
        IPV4: ("203.0.113.10", "198.51.100.10", "192.0.2.10", "192.168.1.10", "10.0.1.10"),
        IPV6: ("2001:db8::10", "fd00::10"),
    }.items()
}


def witness(packets: PacketSet, way: Way) -> dict[Field, int]:
    """A likely packet of a non-empty set: a unicast host of each end's network, an ephemeral source port, the first packet of a flow.

    An answer goes to the port that the flow came from.
    """
    for family in (IPV4, IPV6):
        part = of_family(packets, family)
        if part:
            likely = {
                Field.SOURCE: tuple(_hosts(way.source, family)),
                Field.DESTINATION: tuple(_hosts(way.destination, family, skip=1)),
                Field.SOURCE_PORT: (EPHEMERAL_PORT,),
                Field.STATE: (State.NEW, State.ESTABLISHED),
                Field.TCP_FLAGS: (TcpFlag.SYN, TcpFlag.ACK),
                Field.PROTOCOL: (6, 17, 1, 58),
                Field.DESTINATION_PORT: _likely_services(part),
            }
            shown = part.example(likely)
            odd = [field for field in (Field.SOURCE, Field.DESTINATION) if shown[field] not in likely[field]]
            for field in odd:  # none of its networks' likely hosts is among them: one of those that are
                likely[field] = tuple(_members(part.values(field)))
            return part.example(likely) if odd else shown
    return packets.example()


_ECHO = (2048, 32768)
"""An echo request of either family, as type and code."""


def _likely_services(packets: PacketSet) -> tuple[int, ...]:
    if not packets.meets(state_set(State.NEW)):
        return (EPHEMERAL_PORT,)
    return (22, 443, *_ECHO) if packets.meets(protocol_set(*PORT_PROTOCOLS)) else _ECHO


def _hosts(end: Endpoint, family: Interval, skip: int = 0) -> Iterator[int]:
    """Addresses a reader finds likely for an endpoint: documentation hosts if it is anywhere, else hosts in its networks."""
    if end.elsewhere or end.names or len(end.addresses) > 8:
        yield from _LIKELY_HOSTS[family]
    yield from _members(((low, high) for low, high in end.addresses if family[0] <= low <= family[1] and high - low < 2**64), skip)
    yield from (host + skip for host in reversed(_LIKELY_HOSTS[family]))


def _members(networks: Iterable[Interval], skip: int = 0) -> Iterator[int]:
    """A host of each network, where there is most room first."""
    for low, high in sorted(networks, key=lambda span: span[0] - span[1]):
        yield min(low + 10 + skip, (low + high + 1) // 2)


@dataclass(frozen=True, slots=True)
class Step:
    """How one filter on the way decides the witness."""

    crossing: Crossing
    decision: Decision


def replay(way: Way, packet: dict[Field, int], wanted: Verdict) -> tuple[Step, ...]:
    """The witness through every filter of the way, by first match, up to the one that stops it.

    Rules that may match are passed over where that leads to `wanted`, or else resolved towards it.
    """
    steps: list[Step] = []
    for crossing in way.crossings:
        ask, filter_ = crossing.settle, narrowed(crossing.filter, packet)
        decision = filter_.first_match(packet, ask)
        if decision is None or decision.verdict.denies is not wanted.denies:
            other = Verdict.PERMIT if wanted is Verdict.DENY else Verdict.DENY
            decision = filter_.first_match(packet, ask, wanted) or filter_.first_match(packet, ask, other)
        assert decision is not None, "a filter decides every packet one way or the other"
        steps.append(Step(crossing, decision))
        if decision.verdict.denies:
            break
    return tuple(steps)
