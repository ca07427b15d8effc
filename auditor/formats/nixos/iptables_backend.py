"""The iptables backend: the chain nixos-fw in INPUT, and what `extraCommands` puts around it.

First match: what the commands put into INPUT, the product's rules, what the commands append to nixos-fw, then refuse. Packets of no known
connection are not dropped before the ports. FORWARD and OUTPUT are untouched, but for the commands.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.nixos import rules
from auditor.formats.nixos.commands import Commands
from auditor.formats.nixos.firewall import Firewall
from auditor.model.filters import Exactly, Fact, Predicate, Rule, Side, Test, Verdict, both
from auditor.model.headers import Protocol, ports
from auditor.model.source import Span, Unknown

_CONTAINERS = frozenset({"ve-*", "vz-*", "vt-*", "ns-*"})


def inbound(firewall: Firewall, commands: Commands, span: Span) -> Iterator[Rule]:
    """What comes in to the host itself."""
    yield rules.to_itself(span)
    yield from commands.chains["INPUT"]
    yield from commands.first
    yield from rules.trusting(firewall.inbound.trusted, Side.SOURCE)
    yield _virtual_networks(span)
    yield rules.replies(span)
    yield from rules.openings(firewall.inbound, Side.SOURCE)
    if not firewall.final:
        yield rules.other_modules(span)
    yield from rules.ping(firewall, span)
    if firewall.ipv6.value is not False:
        yield rules.icmpv6(span)
        yield rules.dhcpv6(546, span)
    yield from commands.last


def _virtual_networks(span: Span) -> Rule:
    """DHCP of systemd's virtual networks."""
    unknown = Unknown("whether it comes in by an interface of a local container", span)
    inside = Test(Predicate(Fact.INTERFACE, Side.SOURCE, _CONTAINERS, span), unknown)
    condition = both(Exactly(ports(Protocol.UDP, ((67, 67),))), inside)
    return rules.product(condition, Verdict.PERMIT, span, "NixOS accepts DHCP from local containers")
