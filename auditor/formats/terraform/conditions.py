"""A record as the condition of a rule: packets where the configuration says which, a question about the far end where it names a group,
and `Undecided` where it leaves something open. Nothing unknown becomes sure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from auditor.formats.terraform.records import UNTOLD, Direction, Estate, Family, Icmp, Numbers, Peer, PeerKind, Record, Traffic
from auditor.model.filters import ANY, Condition, Exactly, Fact, Predicate, Side, Test, Undecided, both, either
from auditor.model.headers import (
    ANY_PORT,
    IPV4,
    IPV6,
    PUBLIC,
    Protocol,
    address_interval,
    destinations,
    icmp,
    ports,
    protocol_set,
    sources,
)
from auditor.model.packets import EVERYTHING, Interval, PacketSet
from auditor.model.record import replace
from auditor.model.source import Unknown

Name = Callable[[Peer], str]
"""The zone id of a group, tag, … that a peer names."""

VIRTUAL_NETWORK = "azurerm:VirtualNetwork"
"""The symbol of the one virtual network of a configuration."""
PRIVATE_TRAFFIC = "private networks"
LOCAL = tuple(address_interval(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
AZURE_PROBES = address_interval("168.63.129.16/32")
AZURE_PLATFORM = "terraform:AzureLoadBalancer"
"""Who alone sends from the public address of Azure's probes: the host that a machine runs on."""

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
        return ANY if traffic.ports is None and traffic.source_ports is None else _any_with_ports(traffic)
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


def _any_with_ports(traffic: Traffic) -> Condition:
    """Azure's `*` with ports: those of TCP and UDP; what that means for protocols without ports is not documented."""
    ported = [traffic_condition(replace(traffic, protocol=name)) for name in ("tcp", "udp")]
    unknown = Unknown("whether a rule for every protocol, but some ports, is about protocols without ports is not known")
    return either(*ported, Undecided(unknown, EVERYTHING - ports(Protocol.TCP) - ports(Protocol.UDP)))


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
    if peer.kind is PeerKind.NAMED:
        return _named(peer, side)
    unknown = peer.unknown or Unknown(f"whether the {side} is in {peer.text} is not known", peer.span)
    among = Test(Predicate(Fact.MEMBER, side, frozenset({name(peer)}), peer.span), unknown)
    if peer.kind in (PeerKind.TAG, PeerKind.ACCOUNT):
        return either(among, *_perhaps_labelled(peer, side, estate, name))
    return among if peer.family is Family.BOTH else both(Exactly(_at(side, FAMILIES[peer.family])), among)


def _perhaps_labelled(peer: Peer, side: Side, estate: Estate, name: Name) -> Iterator[Condition]:
    """Machines of which not every tag is known may have this one too."""
    untold = estate.labels.get(f"{peer.kind}:{UNTOLD}")
    if untold is not None:
        question = Predicate(Fact.MEMBER, side, frozenset({name(replace(peer, text=UNTOLD))}), peer.span)
        unknown = Unknown(f"whether the {side} has the {peer.kind} {peer.text} is not known", untold.span)
        yield both(Test(question, unknown), Undecided(unknown))


def _named(peer: Peer, side: Side) -> Condition:
    """A word of the provider's own for a set of addresses. What it stands for beyond the words known here is not decided."""
    word = peer.text.lower()
    if word == PRIVATE_TRAFFIC:
        return Exactly(sources(LOCAL) & destinations(LOCAL))
    if word == "azureloadbalancer":
        platform = Predicate(Fact.MEMBER, side, frozenset({AZURE_PLATFORM}), peer.span)
        return both(Exactly(_at(side, [AZURE_PROBES])), Test(platform, Unknown(f"whether the {side} is Azure's platform", peer.span)))
    if word == "internet":
        return either(Exactly(_at(side, PUBLIC)), Undecided(Unknown("what the network is connected to is not known", peer.span)))
    unknown = Unknown(f"which addresses {peer.text} stands for is not known", peer.span, peer.text)
    if word == "virtualnetwork":
        question = Predicate(Fact.WITHIN, side, frozenset({VIRTUAL_NETWORK}), peer.span)
        return both(Exactly(~_at(side, PUBLIC)), Test(question, unknown))
    return Undecided(unknown, _at(side, PUBLIC))


def _symbolic(peer: Peer, side: Side) -> Condition:
    """A network that is not known: it surely holds the members of a network of the same symbol."""
    unknown = peer.unknown or Unknown("a network that is not known", peer.span)
    within = _at(side, FAMILIES[peer.family]) if peer.family is not Family.BOTH else EVERYTHING
    if not peer.text:
        return Undecided(unknown, within)
    question = Predicate(Fact.WITHIN, side, frozenset({peer.text}), peer.span)
    return both(Exactly(within), Test(question, unknown, within))


def _prefix_list(peer: Peer, side: Side, estate: Estate, name: Name) -> Condition:
    listed = estate.prefix_lists.get(peer.text)
    if listed is None:
        unknown = peer.unknown or Unknown(f"the networks of prefix list {peer.text} are not in the configuration", peer.span, peer.text)
        return Undecided(unknown)
    entries = [_peer(entry, side, estate, name) for entry in listed.entries]
    return either(*entries, *([Undecided(listed.rest)] if listed.rest is not None else []))
