"""What keeps a host on its network: nobody asks for it, nobody can take it away, and no requirement is broken by it."""

from __future__ import annotations

from auditor.model.filters import Filter, Rule, Verdict
from auditor.model.graph import Crossing, Way
from auditor.model.headers import Protocol, icmp, ports, protocol_set
from auditor.model.packets import union
from auditor.model.record import replace

_PRODUCTS_OWN = ports(Protocol.UDP, ((67, 68), (546, 547))) | protocol_set(Protocol.ICMP, Protocol.ICMPV6, Protocol.IGMP, Protocol.VRRP)

UPKEEP = (
    union(icmp(Protocol.ICMP, kind) for kind in (0, 3, 11, 12))
    | union(icmp(Protocol.ICMPV6, kind) for kind in (1, 2, 3, 4, 129, 130, 131, 132, 133, 134, 135, 136, 143))
    | ports(Protocol.UDP, ((68, 68), (546, 546)))
    | ports(Protocol.UDP, ((67, 67),), ((68, 68),))
    | ports(Protocol.UDP, ((547, 547),), ((546, 546),))
)
"""What a host needs to be told to stay on its network: errors, answers, its neighbours and routers, its own address. Nothing new."""


class Upkeep:
    """Filters without the product's own rules about upkeep. Each is worked out once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Filter, Filter]] = {}

    def left_out(self, way: Way) -> Way:
        """The way without what the product itself lets in to keep the link up."""
        return replace(way, crossings=tuple(map(self._crossing, way.crossings)))

    def _crossing(self, crossing: Crossing) -> Crossing:
        kept = self._kept(crossing.filter)
        return crossing if kept is crossing.filter else replace(crossing, filter=kept)

    def _kept(self, filter_: Filter) -> Filter:
        """What is left of a filter; remembered beside the filter itself, whose id nothing else can have then."""
        found = self._known.get(id(filter_))
        if found is None:
            rules = tuple(rule for rule in filter_.rules if not _is_upkeep(rule))
            kept = filter_ if len(rules) == len(filter_.rules) else replace(filter_, rules=rules)
            found = self._known[id(filter_)] = filter_, kept
        return found[1]


def _is_upkeep(rule: Rule) -> bool:
    """Whether a rule is the product's own, and about nothing else: one that lets everything out serves what the user lets in, too."""
    return rule.synthetic and rule.action is Verdict.PERMIT and rule.condition.settle(lambda _: None).maybe <= _PRODUCTS_OWN
