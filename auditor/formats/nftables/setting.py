"""Where a rule is judged: on which way through the kernel, at which hook of it, and what the rest of the ruleset makes of the packets."""

from __future__ import annotations

from enum import StrEnum

from auditor.model.packets import Interval
from auditor.model.record import dataclass, field


class Way(StrEnum):
    """A packet's way through the host."""

    INBOUND = "inbound"  # arrives for the host: ingress, prerouting, input
    TRANSIT = "transit"  # is routed: ingress, prerouting, forward, postrouting
    OUTBOUND = "outbound"  # is of the host's own making: output, postrouting


HOOKS = {
    Way.INBOUND: ("ingress", "prerouting", "input"),
    Way.TRANSIT: ("ingress", "prerouting", "forward", "postrouting", "egress"),
    Way.OUTBOUND: ("output", "postrouting", "egress"),
}

NEVER = 10**9
"""No block of a file has this number."""


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """What the whole ruleset says about every packet.

    `marks`, `ct_marks`: the values a mark can have, None where some are not known. `tracking`: the families that something
    asks to track the connections of.
    `filled`: sets that statements add to, `emptied`: sets that statements delete from, by table and name. `local`: the host's own
    addresses, None where not known. `dnat_helps`: where rules ask whether a flow was translated, it is to accept it.
    `translates`: there are nat chains. `since`: the block of the file that first asks for connection tracking.
    """

    marks: tuple[int, ...] | None = (0,)
    ct_marks: tuple[int, ...] | None = (0,)
    tracking: frozenset[int] = frozenset((4, 6))
    filled: frozenset[tuple[str, str, str]] = field(default=frozenset())
    emptied: frozenset[tuple[str, str, str]] = field(default=frozenset())
    local: tuple[Interval, ...] | None = None
    dnat_helps: bool = True
    translates: bool = False
    since: int = NEVER


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """One for each base chain and way. `hook` is empty for chains that nothing leads to.

    `early`: before connection tracking has seen the packet. `nat`: in a nat chain.
    """

    family: str
    way: Way
    hook: str
    early: bool
    facts: Facts
    nat: bool = False

    @property
    def entry(self) -> bool:
        """Whether the packet has an incoming interface here."""
        return self.way is not Way.OUTBOUND

    @property
    def exit(self) -> bool:
        """Whether the packet has an outgoing interface here."""
        return self.hook in ("forward", "output", "postrouting", "egress")
