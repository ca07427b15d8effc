"""What outbound translation does to the rules behind it: `out` lines see the source that a packet has *after* translation.

The graph keeps the address a packet was sent with, so a line's source is turned back into it: a line about the firewall's own address
matches what is translated to that address, and one about an inner network no longer matches what is.
"""

from __future__ import annotations

from collections.abc import Iterable

from auditor.formats.pf.addresses import Addresses, complement, meet, normal, union
from auditor.formats.pf.matching import Peer
from auditor.model.record import dataclass, replace
from auditor.model.source import Unknown


@dataclass(frozen=True, slots=True)
class Translation:
    """Packets from `sources` leave an interface with one of the addresses `to`. `why`: what to say where that leaves a line open."""

    sources: Addresses
    to: Addresses
    why: Unknown


def together(translations: Iterable[Translation]) -> Translation | None:
    """Several translations at one interface as one: which of them takes a packet stays open."""
    found = list(translations)
    if len(found) < 2:
        return found[0] if found else None
    return Translation(union(each.sources for each in found), union(each.to for each in found), found[0].why)


def before(peer: Peer, translation: Translation) -> Peer:
    """The packets that a line's source means, by the address they had before translation. Ports are not kept by it."""
    return replace(peer, parts=tuple((_before(addresses, translation), negated) for addresses, negated in peer.parts))


def _before(addresses: Addresses, translation: Translation) -> Addresses:
    sources, to = translation.sources, translation.to
    always = bool(to.maybe) and not meet(to.maybe, complement(addresses.surely))
    possibly = bool(meet(to.maybe, addresses.maybe))
    untouched = meet(addresses.surely, complement(sources.maybe))
    surely = normal((*untouched, *sources.surely, *meet(addresses.surely, sources.maybe))) if always else untouched
    kept = meet(addresses.maybe, complement(sources.surely))
    maybe = normal((*kept, *sources.maybe)) if possibly else kept
    reasons = addresses.unknowns if surely == maybe else (*addresses.unknowns, translation.why)
    return Addresses(surely, maybe, addresses.names, reasons)


def foreign(destination: Peer, own: Addresses, target: Addresses) -> Addresses:
    """What a forward takes that was sent to others: to no surely own address of the firewall, nor to the target itself."""
    parts = [
        Addresses(complement(each.maybe), complement(each.surely)) if negated else Addresses(each.surely, each.maybe)
        for each, negated in destination.parts
    ]
    others = complement(normal((*own.surely, *target.surely)))
    return union(Addresses(meet(each.surely, others), meet(each.maybe, others)) for each in parts)
