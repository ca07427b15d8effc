"""The rules that the product puts around the user's, as `Rule(synthetic=True)`: states, DHCP, neighbour discovery, management, errors.

They stand at the place of the option that takes them away, or, where none is written, at the file's options.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.formats.proxmox.lookup import Held, Names, members
from auditor.formats.proxmox.matching import within
from auditor.formats.proxmox.record import Backend, Document
from auditor.formats.proxmox.site import Site
from auditor.model.filters import Condition, Exactly, Fact, Predicate, Rule, Side, Test, Undecided, Verdict, both, either
from auditor.model.headers import Protocol, TcpFlag, address_interval, destinations, icmp, ports, protocol_set, sources, state_set
from auditor.model.packets import Field, PacketSet, State, field_set, union
from auditor.model.source import Span, Unknown

_TCP, _UDP, _V6 = Protocol.TCP, Protocol.UDP, Protocol.ICMPV6
NEIGHBOURS = union(icmp(_V6, type_) for type_ in (133, 134, 135, 136))
_ADVERTISEMENT = icmp(_V6, 134)
# An error never begins a connection: connection tracking knows it as related to one, or as invalid.
ERRORS = (icmp(Protocol.ICMP, 3, 4) | icmp(Protocol.ICMP, 11) | icmp(_V6, 1) | icmp(_V6, 2) | icmp(_V6, 3)) - state_set(State.NEW)
_ANSWERS = ports(_UDP, ((68, 68),), ((67, 67),)) | ports(_UDP, ((546, 546),), ((547, 547),))
_REQUESTS = ports(_UDP, ((67, 67),), ((68, 68),)) | ports(_UDP, ((547, 547),), ((546, 546),))
_SMURFS = sources([address_interval("224.0.0.0/4"), address_interval("255.255.255.255")])
MANAGEMENT = ports(_TCP, ((22, 22), (3128, 3128), (5900, 5999), (8006, 8006)))
_MIGRATION = ports(_TCP, ((60000, 60050),))
_SMB = ports(_TCP, ((135, 135), (139, 139), (445, 445))) | ports(_UDP, ((135, 135), (137, 139), (445, 445)))
_NOISE = ports(_UDP, ((1900, 1900),)) | ports(_UDP, source=((53, 53),))


def added(packets: PacketSet | Condition, verdict: Verdict, span: Span, text: str) -> Rule:
    """A rule of the product's own."""
    asked = packets if isinstance(packets, Condition) else Exactly(packets)
    return Rule(asked, verdict, span, text, synthetic=True)


def place(document: Document | None, option: str, otherwise: Span) -> Span:
    """Where an option is written."""
    found = document.setting(option) if document is not None else None
    return found.span if found is not None else otherwise


def on(document: Document | None, option: str, default: str) -> bool:
    """Whether an option of 0 or 1 is on, or may be."""
    return (document.value(option, default) if document is not None else default) == "1" or _doubt(document, option) is not None


def off(document: Document | None, option: str, default: str) -> bool:
    """Whether an option of 0 or 1 is off, or may be."""
    return (document.value(option, default) if document is not None else default) != "1" or _doubt(document, option) is not None


def _doubt(document: Document | None, option: str) -> Unknown | None:
    return document.doubt(option) if document is not None else None


def perhaps(document: Document | None, option: str, packets: PacketSet | Condition) -> Condition:
    """The packets, as far as an option is known that the rule hangs on."""
    asked, doubt = packets if isinstance(packets, Condition) else Exactly(packets), _doubt(document, option)
    return asked if doubt is None else both(asked, Undecided(doubt))


def to_itself(span: Span) -> Rule:
    """What a node sends to itself."""
    asked = Test(Predicate(Fact.ITSELF, Side.SOURCE, frozenset()), Unknown("whether both ends are the same node", span))
    return added(asked, Verdict.PERMIT, span, "Proxmox accepts what a node sends to itself (lo)")


def states(host: Document | None, span: Span) -> Iterator[Rule]:
    """Connections that are known."""
    if off(host, "nf_conntrack_allow_invalid", "0"):
        yield added(
            perhaps(host, "nf_conntrack_allow_invalid", state_set(State.INVALID)),
            Verdict.DENY,
            span,
            "Proxmox drops packets of no connection (invalid)",
        )
    yield added(state_set(State.ESTABLISHED, State.RELATED), Verdict.PERMIT, span, "Proxmox accepts established and related packets")


def discovery(document: Document | None, span: Span) -> Iterator[Rule]:
    """IPv6 neighbours."""
    if on(document, "ndp", "1"):
        yield added(perhaps(document, "ndp", NEIGHBOURS), Verdict.PERMIT, span, "Proxmox accepts IPv6 neighbour discovery (ndp)")


def hostile(site: Site, names: Names | None, host: Document | None, span: Span) -> Iterator[Rule]:
    """What is dropped before any rule: the set `blacklist`, forged sources, impossible TCP flags."""
    cluster = site.cluster
    blacklist = named_set(cluster, "blacklist", names)
    if cluster is not None and names is not None and blacklist is not None:
        where = next(each.span for each in cluster.sets if each.name.lower() == "blacklist")
        yield added(within(blacklist, True, where), Verdict.DENY, where, "Proxmox drops what the set blacklist holds")
    if on(host, "nosmurfs", "1"):
        new = state_set(State.NEW, State.INVALID)
        yield added(
            perhaps(host, "nosmurfs", new & _SMURFS), Verdict.DENY, span, "Proxmox drops broadcast and multicast sources (nosmurfs)"
        )
    if on(host, "tcpflags", "0"):
        yield added(_illegal_flags(), Verdict.DENY, place(host, "tcpflags", span), "Proxmox drops illegal TCP flags (tcpflags)")


def named_set(cluster: Document | None, name: str, names: Names | None) -> Held | None:
    """The members of a set with a meaning; None where it is not defined."""
    if cluster is None or names is None:
        return None
    found = next((each for each in cluster.sets if (each.name.lower() if names.strict else each.name) == name), None)
    return members(names, cluster, found) if found is not None else None


def _illegal_flags() -> PacketSet:
    fin, syn, rst, low = TcpFlag.FIN, TcpFlag.SYN, TcpFlag.RST, 63
    wrong = [
        value
        for value in range(256)
        if value & low in (0, fin | TcpFlag.PSH | TcpFlag.URG) or value & (syn | rst) == syn | rst or value & (syn | fin) == syn | fin
    ]
    return protocol_set(_TCP) & field_set(Field.TCP_FLAGS, [(value, value) for value in wrong])


def igmp(span: Span) -> Rule:
    """Multicast membership."""
    return added(protocol_set(Protocol.IGMP), Verdict.PERMIT, span, "Proxmox accepts IGMP")


def dhcp(guest: Document, inward: bool) -> Iterator[Rule]:
    """A guest's addresses."""
    if on(guest, "dhcp", "1"):
        what = ("answers", _ANSWERS) if inward else ("requests", _REQUESTS)
        yield added(
            perhaps(guest, "dhcp", what[1]), Verdict.PERMIT, place(guest, "dhcp", guest.span), f"Proxmox accepts DHCP {what[0]} (dhcp)"
        )


def advertisements(guest: Document) -> Iterator[Rule]:
    """A guest is no router unless it may be."""
    if off(guest, "radv", "0"):
        yield added(
            perhaps(guest, "radv", _ADVERTISEMENT),
            Verdict.DENY,
            place(guest, "radv", guest.span),
            "Proxmox drops router advertisements (radv)",
        )


def errors(span: Span) -> Rule:
    """ICMP that connections cannot do without."""
    return added(ERRORS, Verdict.PERMIT, span, "Proxmox accepts ICMP errors: fragmentation needed, time exceeded")


def management(site: Site, names: Names | None, span: Span, migration: bool) -> Iterator[Rule]:
    """The node's own services, open to the set `management` and the local network."""
    found = named_set(site.cluster, "management", names)
    who: list[Condition] = [_local(site, span, source=True)]
    if found is not None:
        who.append(within(found, True, span))
    services = MANAGEMENT | _MIGRATION if migration else MANAGEMENT
    text = "Proxmox accepts management (8006, 5900:5999, 3128, 22) from the set management and the local network"
    yield added(both(either(*who), Exactly(services)), Verdict.PERMIT, span, text)


def to_local(site: Site, span: Span) -> Rule:
    """What a node may open in its own network."""
    asked = both(_local(site, span, source=False), Exactly(MANAGEMENT))
    return added(asked, Verdict.PERMIT, span, "Proxmox accepts 8006, 22, 5900:5999, 3128 to the local network")


def _local(site: Site, span: Span, *, source: bool) -> Condition:
    """The local network: the alias, else what the node finds."""
    alias = next((each for each in reversed(site.cluster.aliases) if each.name.lower() == "local_network"), None) if site.cluster else None
    intervals = (alias.interval,) if alias is not None else site.surroundings.local_network
    if intervals is not None and (alias is None or alias.unknown is None):
        return Exactly((sources if source else destinations)(intervals))
    reason = Unknown("the local network of the node is not in these files (alias local_network)", span, "proxmox:local_network")
    return Undecided(reason)


def corosync(site: Site, backend: Backend, span: Span, inward: bool) -> Iterator[Rule]:
    """The cluster's own traffic."""
    if backend is Backend.NFT:
        services = ports(_UDP, ((5405, 5412),))
        yield added(services, Verdict.PERMIT, span, "Proxmox (nftables) accepts corosync, UDP 5405:5412, from anywhere")
        return
    services = ports(_UDP, ((5404, 5405),))
    peers, own = site.surroundings.peers, site.surroundings.own
    if peers is not None and own is not None:
        ends = sources(peers) & destinations(own) if inward else sources(own) & destinations(peers)
        yield added(services & ends, Verdict.PERMIT, span, "Proxmox accepts corosync between the nodes")
        return
    unknown = Unknown("the addresses of the cluster's nodes (corosync.conf) are not in these files", span, "proxmox:corosync")
    yield added(Undecided(unknown, services), Verdict.PERMIT, span, "Proxmox accepts corosync between the nodes")


def nft_noise(span: Span) -> Iterable[Rule]:
    """What the nftables backend decides before a host's rules."""
    yield errors(span)
    yield added(_SMB, Verdict.REJECT, span, "Proxmox (nftables) rejects SMB")
    yield added(_NOISE, Verdict.DENY, span, "Proxmox (nftables) drops UPnP and late DNS answers")
