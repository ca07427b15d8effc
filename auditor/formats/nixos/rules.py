"""Pieces of rules that both backends share: what is open, where it comes in by, what the product adds of itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.formats.nixos.firewall import Firewall, Gate, Opening, Trusted
from auditor.model.filters import Condition, Exactly, Fact, Predicate, Rule, Side, Test, Undecided, Verdict, both, either
from auditor.model.headers import Protocol, address_interval, destinations, icmp, ports, protocol_set, sources, state_set
from auditor.model.packets import EVERYTHING, PacketSet, State, union
from auditor.model.source import Span, Unknown

ICMPV6_REFUSED = (137, 139)
_LINK = address_interval("fe80::/64")


def product(condition: Condition, verdict: Verdict, span: Span, text: str) -> Rule:
    """A rule that NixOS adds."""
    return Rule(condition, verdict, span, text, synthetic=True)


def to_itself(span: Span) -> Rule:
    """The loopback interface."""
    condition = Test(Predicate(Fact.ITSELF, Side.SOURCE, frozenset()), Unknown("whether both ends are the same host", span))
    return product(condition, Verdict.PERMIT, span, "NixOS accepts what a host sends to itself (lo)")


def undecided(unknown: Unknown, span: Span, packets: PacketSet = EVERYTHING) -> Rule:
    """Packets that may be let through, as far as the configuration goes."""
    return product(Undecided(unknown, packets), Verdict.PERMIT, span, f"undecided: {unknown.reason}")


def by_interface(name: str | None, side: Side, span: Span) -> Condition:
    """Packets that come in (or go out) by an interface."""
    unknown = Unknown("which interface it takes" if name is None else f"whether it takes the interface {name}", span)
    if name is None or "${" in name:
        return Undecided(unknown)
    pattern = f"{name[:-1]}*" if name.endswith("+") else name
    return Test(Predicate(Fact.INTERFACE, side, frozenset({pattern}), span), unknown)


def trusting(trusted: Iterable[Trusted], side: Side) -> Iterator[Rule]:
    """Interfaces on which nothing is filtered."""
    for each in trusted:
        condition = by_interface(each.name, side, each.span)
        if each.unknown is not None:
            condition = both(condition, Undecided(each.unknown))
        yield Rule(
            condition, Verdict.PERMIT, each.span, f"trustedInterfaces: everything on {each.name or 'an interface'}", "trustedInterfaces"
        )


def opening(each: Opening, side: Side) -> Rule:
    """Ports that are open."""
    spans = [each.ports] if each.ports[0] <= each.ports[1] else []
    packets = union(ports(protocol, spans) for protocol in each.protocols) if spans else ~EVERYTHING
    condition: Condition = Exactly(packets) if each.unknown is None else Undecided(each.unknown, packets)
    if each.interface is not None:
        condition = both(by_interface(each.interface, side, each.span), condition)
    low, high = each.ports
    number = "some ports" if each.unknown is not None and (low, high) == (0, 65535) else f"{low}" if low == high else f"{low}-{high}"
    names = " and ".join(protocol.name.lower() for protocol in each.protocols)
    return Rule(condition, Verdict.PERMIT, each.span, f"{each.option}: {names} {number}", each.option)


def openings(gate: Gate, side: Side) -> Iterator[Rule]:
    """Every port of a gate."""
    yield from (opening(each, side) for each in gate.openings)


def ping(firewall: Firewall, span: Span) -> Iterator[Rule]:
    """ICMP echo requests; with a limit, some of them."""
    if firewall.ping.value is False:
        return
    echo = icmp(Protocol.ICMP, 8)
    why = firewall.ping.unknown or (Unknown("pingLimit accepts so many a time", span) if firewall.ping_limited else None)
    condition: Condition = Exactly(echo) if why is None else Undecided(why, echo)
    yield product(condition, Verdict.PERMIT, firewall.ping.span or span, "NixOS accepts ICMP echo requests (allowPing)")


def icmpv6(span: Span) -> Rule:
    """ICMPv6 but redirects and node information queries."""
    refused = union(icmp(Protocol.ICMPV6, type_) for type_ in ICMPV6_REFUSED)
    packets = Exactly(protocol_set(Protocol.ICMPV6) - refused)
    return product(packets, Verdict.PERMIT, span, "NixOS accepts ICMPv6, but redirects and node information queries")


def dhcpv6(port: int, span: Span) -> Rule:
    """DHCPv6 on the link. The rule asks for no source, but no router forwards anything to an address of the link."""
    packets = destinations([_LINK]) & ports(Protocol.UDP, ((port, port),))
    near = sources([_LINK])
    elsewhere = Undecided(Unknown("whether packets from elsewhere come to an address of the link", span), packets - near)
    return product(either(Exactly(packets & near), elsewhere), Verdict.PERMIT, span, "NixOS accepts DHCPv6 on the link")


def replies(span: Span) -> Rule:
    """Answers to what the host began."""
    return product(
        Exactly(state_set(State.ESTABLISHED, State.RELATED)), Verdict.PERMIT, span, "NixOS accepts established and related packets"
    )


def invalid(span: Span) -> Rule:
    """Packets of no known connection."""
    return product(Exactly(state_set(State.INVALID)), Verdict.DENY, span, "NixOS drops invalid packets")


def other_modules(span: Span) -> Rule:
    """What .nix files leave open: lists add up, and nothing here shows all of them."""
    unknown = Unknown("another module may open it: only the evaluated configuration (`nix eval --json`) lists everything", span)
    return undecided(unknown, span)
