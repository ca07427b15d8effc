"""What a pf rule asks of a packet, as a condition of the model. Everything asked must hold; what is not asked does not restrict.

A rule that keeps state sees the first packet of a flow only; for TCP pf says so with `flags S/SA`, which matters where replies have to find
a rule of their own because another rule kept no state.
"""

from __future__ import annotations

from functools import lru_cache

from auditor.formats.pf.addresses import ANY, FAMILY, Addresses, Ranges, complement, meet, normal
from auditor.formats.pf.names import ICMP, ICMP6, TCP
from auditor.formats.pf.ports import Ports
from auditor.model.filters import Condition, Exactly, Fact, Predicate, Side, Test, Undecided, both, either
from auditor.model.headers import TcpFlag
from auditor.model.packets import EVERYTHING, Field, PacketSet, field_set
from auditor.model.record import dataclass
from auditor.model.source import Unknown

_FIELD = {Side.SOURCE: Field.SOURCE, Side.DESTINATION: Field.DESTINATION}


@dataclass(frozen=True, slots=True)
class Peer:
    """One end of a rule. pf turns a list into one rule an element, so several parts unite: `{ !a !b }` is everything outside the overlap.

    Each part is (addresses, whether it is negated). `ports` None: any.
    """

    parts: tuple[tuple[Addresses, bool], ...] = ((ANY, False),)
    ports: Ports | None = None

    @property
    def anyone(self) -> bool:
        """Whether every address fits."""
        return any(addresses == ANY and not negated for addresses, negated in self.parts)


@dataclass(frozen=True, slots=True)
class Selector:
    """The matching half of a rule. `family` is inet, inet6 or "" for both; `protocols` and `icmp_types` None: any.

    `first_only`: of TCP only packets that open a connection; `flags` (set, among these) says it for other combinations. `doubts` narrow
    the rule by something that a packet's header does not show.
    """

    family: str = ""
    protocols: tuple[int, ...] | None = None
    source: Peer = Peer()
    destination: Peer = Peer()
    icmp_types: tuple[int, ...] | None = None
    first_only: bool = False
    flags: tuple[int, int] | None = None
    doubts: tuple[Unknown, ...] = ()


def condition(selector: Selector) -> Condition:
    """The packets that the rule matches."""
    headers = _headers(
        selector.protocols,
        selector.source.ports,
        selector.destination.ports,
        selector.icmp_types,
        selector.first_only,
        selector.flags,
    )
    if not headers:
        return Exactly(headers)
    ends = (
        located(selector.source, Side.SOURCE, selector.family),
        located(selector.destination, Side.DESTINATION, selector.family),
    )
    return both(*ends, Exactly(headers), *(Undecided(doubt) for doubt in selector.doubts))  # the fields asked last first: cheapest to join


def located(peer: Peer, side: Side, family: str) -> Condition:
    """The packets whose `side` is `peer`, its ports left aside; of both families, a negation covers the family that is not named."""
    return _located(peer.parts, side, family)


@lru_cache(maxsize=4096)
def _located(parts: tuple[tuple[Addresses, bool], ...], side: Side, family: str) -> Condition:
    frame = _on(side, FAMILY[family])
    if any(addresses == ANY and not negated for addresses, negated in parts):
        return Exactly(frame)
    if all(addresses.exact and not addresses.names for addresses, _ in parts):
        exact = (complement(addresses.surely) if negated else addresses.surely for addresses, negated in parts)
        ranges = normal(span for part in exact for span in part)
        return Exactly(_on(side, meet(ranges, FAMILY[family])))
    return either(
        *(both(Exactly(frame), _negated(addresses, side) if negated else _within(addresses, side)) for addresses, negated in parts)
    )


def _negated(addresses: Addresses, side: Side) -> Condition:
    inside = _within(addresses, side)
    return Exactly(~inside.packets) if isinstance(inside, Exactly) else ~inside


def _within(addresses: Addresses, side: Side) -> Condition:
    sure = Exactly(_on(side, addresses.surely))
    if addresses.exact and not addresses.names:
        return sure
    possible = _on(side, addresses.maybe)
    reasons = addresses.unknowns or (Unknown("the addresses are not in the configuration"),)
    if addresses.names:
        named = Test(Predicate(Fact.NAMED, side, addresses.names, reasons[0].span), reasons[0], possible)
        return either(sure, named, *(Undecided(reason, possible) for reason in reasons[1:]))
    if not addresses.own:
        return either(sure, *(Undecided(reason, possible) for reason in reasons))
    others = meet(addresses.maybe, complement(normal((*addresses.own, *addresses.surely))))
    return either(sure, _its_own(addresses, side, reasons[0]), *(Undecided(reason, _on(side, others)) for reason in reasons if others))


def _its_own(addresses: Addresses, side: Side, reason: Unknown) -> Condition:
    """Possible addresses of the machine itself: whoever is elsewhere has none of them, and the machine may have others."""
    possible = _on(side, addresses.own)
    host = Test(Predicate(Fact.OWN, side, frozenset({addresses.host}), reason.span), reason, possible)
    return both(Undecided(reason, possible), host)


@lru_cache(maxsize=4096)
def _on(side: Side, ranges: Ranges) -> PacketSet:
    return field_set(_FIELD[side], ranges)


@lru_cache(maxsize=4096)
def _headers(
    protocols: tuple[int, ...] | None,
    source: Ports | None,
    destination: Ports | None,
    icmp_types: tuple[int, ...] | None,
    first_only: bool,
    flags: tuple[int, int] | None,
) -> PacketSet:
    """Everything but the addresses: protocol, ports or ICMP types, TCP flags. Rules share few of them, however many there are."""
    packets = EVERYTHING
    if protocols is not None:
        packets &= field_set(Field.PROTOCOL, [(number, number) for number in protocols])
    if source is not None:
        packets &= field_set(Field.SOURCE_PORT, source)
    if icmp_types is not None:
        kinds = field_set(Field.DESTINATION_PORT, [(kind * 256, kind * 256 + 255) for kind in icmp_types])
        packets &= kinds & field_set(Field.PROTOCOL, [(ICMP, ICMP), (ICMP6, ICMP6)])
    elif destination is not None:
        packets &= field_set(Field.DESTINATION_PORT, destination)
    if flags is not None:
        packets &= with_flags(*flags)
    return packets & OPENING if first_only else packets


def with_flags(wanted: int, among: int) -> PacketSet:
    """What `flags wanted/among` lets match: every packet that is not TCP, and TCP ones with just these of the flags set."""
    fitting = [(flags, flags) for flags in range(256) if flags & among == wanted]
    return ~field_set(Field.PROTOCOL, [(TCP, TCP)]) | field_set(Field.TCP_FLAGS, fitting)


OPENING = with_flags(TcpFlag.SYN, TcpFlag.SYN | TcpFlag.ACK)
"""What `flags S/SA` lets match: any packet but a TCP one that does not open a connection."""
