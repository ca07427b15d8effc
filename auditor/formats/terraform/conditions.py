"""A record as the condition of a rule: packets where the configuration says which, a question about the far end where it names a group,
and `Undecided` where it leaves something open. Nothing unknown becomes sure.
"""

from __future__ import annotations

from collections.abc import Callable

from auditor.formats.terraform.records import Direction, Estate, Family, Icmp, Numbers, Peer, PeerKind, Record, Traffic
from auditor.model.filters import ANY, Condition, Exactly, Fact, Predicate, Side, Test, Undecided, both, either
from auditor.model.headers import (
    ANY_PORT,
    IPV4,
    IPV6,
    Protocol,
    address_interval,
    destinations,
    icmp,
    ports,
    protocol_set,
    sources,
)
from auditor.model.packets import EVERYTHING, Interval, PacketSet
from auditor.model.source import Unknown

Name = Callable[[Peer], str]
"""The zone id of a group, tag, … that a peer names."""

PORTS = {"tcp": Protocol.TCP, "udp": Protocol.UDP, "sctp": Protocol.SCTP}
NUMBERS = {protocol.name.lower(): protocol for protocol in Protocol} | {"ipip": 94, "ipv4": 4, "rdp": 27, "egp": 8}
FAMILIES = {Family.IPV4: (IPV4,), Family.IPV6: (IPV6,), Family.BOTH: (IPV4, IPV6)}


def condition_of(record: Record, estate: Estate, name: Name) -> Condition:
    """What the record asks of a packet."""
    far, near = (Side.SOURCE, Side.DESTINATION) if record.direction is Direction.IN else (Side.DESTINATION, Side.SOURCE)
    found = traffic_condition(record.traffic) & _peer(record.peer, far, estate, name)
    if record.local is not None:
        found &= _peer(record.local, near, estate, name)
    if record.targets:
        found &= either(*(_peer(target, near, estate, name) for target in record.targets))
    if record.doubt is not None:
        found &= Undecided(record.doubt)
    return found


def traffic_condition(traffic: Traffic) -> Condition:
    """The packets of a rule's protocol and ports, between any two ends."""
    if isinstance(traffic.protocol, Unknown):
        return Undecided(traffic.protocol)
    if traffic.protocol == "any":
        return ANY
    if traffic.protocol == "icmp":
        return _icmp(Protocol.ICMP, traffic.icmp)
    if traffic.protocol == "icmpv6":
        return _icmp(Protocol.ICMPV6, traffic.icmp)
    if traffic.protocol in PORTS:
        protocol = PORTS[traffic.protocol]
        return _with_ports(protocol, traffic.ports, source=False) & _with_ports(protocol, traffic.source_ports, source=True)
    number = NUMBERS.get(traffic.protocol, traffic.protocol)
    if isinstance(number, str) and not number.isdigit():
        return Undecided(Unknown(f"{traffic.protocol} is no protocol that is known here"))
    return Exactly(protocol_set(int(number)))


def _icmp(protocol: Protocol, wanted: Icmp) -> Condition:
    for part in (wanted.type, wanted.code):
        if isinstance(part, Unknown):
            return Undecided(part, icmp(protocol))
    assert not isinstance(wanted.type, Unknown)
    assert not isinstance(wanted.code, Unknown)
    return Exactly(icmp(protocol, wanted.type, wanted.code))


def _with_ports(protocol: Protocol, numbers: Numbers, source: bool) -> Condition:
    if isinstance(numbers, Unknown):
        return Undecided(numbers, ports(protocol))
    spans = [ANY_PORT] if numbers is None else [(numbers.first, numbers.last)]
    return Exactly(ports(protocol, source=spans) if source else ports(protocol, spans))


def _at(side: Side, spans: list[Interval] | tuple[Interval, ...]) -> PacketSet:
    return sources(spans) if side is Side.SOURCE else destinations(spans)


def _peer(peer: Peer, side: Side, estate: Estate, name: Name) -> Condition:
    if peer.kind is PeerKind.ANY:
        return ANY if peer.family is Family.BOTH else Exactly(_at(side, FAMILIES[peer.family]))
    if peer.kind is PeerKind.ADDRESSES:
        return Exactly(_at(side, [address_interval(peer.text)]))
    if peer.kind is PeerKind.PREFIX_LIST:
        return _prefix_list(peer, side, estate, name)
    if peer.kind is PeerKind.UNKNOWN:
        return _symbolic(peer, side)
    unknown = peer.unknown or Unknown(f"whether the {side} is in {peer.text} is not known", peer.span)
    return Test(Predicate(Fact.MEMBER, side, frozenset({name(peer)}), peer.span), unknown)


def _symbolic(peer: Peer, side: Side) -> Condition:
    """A network that is not known: it surely holds the members of a network of the same symbol."""
    unknown = peer.unknown or Unknown("a network that is not known", peer.span)
    within = _at(side, FAMILIES[peer.family]) if peer.family is not Family.BOTH else EVERYTHING
    if unknown.reference is None:
        return Undecided(unknown, within)
    question = Predicate(Fact.WITHIN, side, frozenset({unknown.reference}), peer.span)
    return both(Exactly(within), Test(question, unknown, within))


def _prefix_list(peer: Peer, side: Side, estate: Estate, name: Name) -> Condition:
    listed = estate.prefix_lists.get(peer.text)
    if listed is None:
        unknown = peer.unknown or Unknown(f"the networks of prefix list {peer.text} are not in the configuration", peer.span)
        return Undecided(unknown)
    entries = [_peer(entry, side, estate, name) for entry in listed.entries]
    return either(*entries, *([Undecided(listed.rest)] if listed.rest is not None else []))
