"""The nftables backend: the table inet nixos-fw, with the texts that options add to its chains.

Each chain drops by policy: invalid packets first, then what is established passes, then the lists, then the product's own needs, then the
added text. The forward chain is there only with `filterForward`, the output chain only with `filterOutput.enabled`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.formats.base import Embedded, NftReader
from auditor.formats.nixos import rules
from auditor.formats.nixos.firewall import Firewall
from auditor.formats.nixos.settings import Item
from auditor.formats.nixos.values import Words
from auditor.model.filters import Condition, Exactly, Rule, Side, Undecided, Verdict, both
from auditor.model.headers import Protocol, destinations, icmp, ports, protocol_set, state_set
from auditor.model.packets import EVERYTHING, State, union
from auditor.model.record import dataclass, field, replace
from auditor.model.source import Note, Span, Unknown


@dataclass(slots=True)
class Texts:
    """Reads the texts of options through nftables' own reader, and keeps what it remarks. `items`: what else stands in the table."""

    reader: NftReader | None
    items: tuple[Embedded, ...] = ()
    doubt: Unknown | None = None
    notes: list[Note] = field(default_factory=list)

    def rules(self, pieces: Iterable[Item], hook: str) -> Iterator[Rule]:
        """The rules of the pieces of a text, in order; what cannot be read may do anything."""
        for piece in pieces:
            unsure = piece.unsure or self.doubt
            if not isinstance(piece.value, Words) or self.reader is None:
                why = unsure or Unknown("rules that are computed", piece.value.span)
                yield from anything(why, piece.value.span)
                continue
            words = piece.value
            found, notes = self.reader.rules(embedded(words), self.items, hook)
            self.notes += notes
            for rule in found:
                yield rule if unsure is None else replace(rule, condition=both(rule.condition, Undecided(unsure)))


def embedded(words: Words) -> Embedded:
    """A string as nftables' reader takes it."""
    return Embedded(words.text, words.place, words.gaps)


def anything(unknown: Unknown, span: Span) -> Iterator[Rule]:
    """Any verdict, or none."""
    for verdict in (Verdict.DENY, Verdict.PERMIT):
        yield Rule(Undecided(unknown), verdict, span, f"undecided: {unknown.reason}")


def inbound(firewall: Firewall, texts: Texts, span: Span) -> Iterator[Rule]:
    """What comes in to the host itself."""
    yield rules.to_itself(span)
    yield from rules.trusting(firewall.inbound.trusted, Side.SOURCE)
    yield rules.invalid(span)
    yield rules.replies(span)
    yield from rules.openings(firewall.inbound, Side.SOURCE)
    if not firewall.final:
        yield rules.other_modules(span)
    yield from rules.ping(firewall, span)
    yield rules.icmpv6(span)
    yield rules.dhcpv6(546, span)
    yield from texts.rules(firewall.inbound.extra, "input")


def outbound(firewall: Firewall, texts: Texts, span: Span) -> Iterator[Rule]:
    """What the host sends. ICMPv6 is accepted by a test that no IPv6 packet passes, and what is untracked is not asked about."""
    yield rules.to_itself(span)
    yield from rules.trusting(firewall.outbound.trusted, Side.DESTINATION)
    yield rules.invalid(span)
    yield rules.replies(span)
    yield rules.product(
        Exactly(state_set(State.UNTRACKED)), Verdict.DENY, span, "NixOS drops untracked packets, neighbour discovery among them"
    )
    yield from rules.openings(firewall.outbound, Side.DESTINATION)
    if not firewall.final:
        yield rules.other_modules(span)
    yield from rules.ping(firewall, span)
    if firewall.ping.value is True:
        yield rules.product(Exactly(icmp(Protocol.ICMP, 0)), Verdict.PERMIT, span, "NixOS lets out ICMP echo replies (allowPing)")
    yield rules.dhcpv6(547, span)
    yield from texts.rules(firewall.outbound.extra, "output")


def forward(firewall: Firewall, texts: Texts, span: Span) -> Iterator[Rule]:
    """What passes through the host."""
    yield rules.invalid(span)
    yield rules.replies(span)
    refused = union(icmp(Protocol.ICMPV6, type_) for type_ in (138, 139))
    passed = protocol_set(Protocol.ICMPV6) - refused
    yield rules.product(Exactly(passed), Verdict.PERMIT, span, "NixOS forwards ICMPv6, but router renumbering and node information queries")
    yield from port_forwards(firewall)
    if not firewall.final:
        yield rules.other_modules(span)
    yield from texts.rules(firewall.extra_forward, "forward")


def port_forwards(firewall: Firewall) -> Iterator[Rule]:
    """What was translated on its way in is accepted whatever it is (`ct status dnat`)."""
    for each in firewall.forwards:
        if each.target is None or each.ports is None:
            condition: Condition = Undecided(Unknown("what the port forward leads to", each.span), EVERYTHING)
        else:
            condition = Exactly(destinations([each.target]) & ports(each.protocol, (each.ports,)))
        yield Rule(condition, Verdict.PERMIT, each.span, "networking.nat.forwardPorts: a port forward", "networking.nat.forwardPorts")
