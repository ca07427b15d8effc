"""One `<rule>` as its fields. What is absent: an unknown or missing type passes, no family is IPv4, a tab's rule is `in quick`."""

from __future__ import annotations

from auditor.formats.pf.ruleset import EITHER_WAY, Direction
from auditor.formats.pfsense.read import value
from auditor.formats.xmlspan import Element
from auditor.model.filters import Verdict
from auditor.model.record import dataclass
from auditor.model.source import Span

WITH_PORTS = frozenset({"tcp", "udp", "tcp/udp", "sctp"})
VERDICTS = {"pass": Verdict.PERMIT, "block": Verdict.DENY, "reject": Verdict.REJECT, "match": Verdict.CONTINUE}
_IN = frozenset({Direction.IN})
DIRECTIONS = {"in": _IN, "out": frozenset({Direction.OUT}), "any": EITHER_WAY}
FAMILIES = {"inet": ("inet",), "inet6": ("inet6",), "inet46": ("inet", "inet6")}
PRESENCE = ("disabled", "log", "quick", "floating", "allowopts", "disablereplyto", "tcpflags_any", "nottagged", "nopfsync", "nosync")
LIMITS = ("max", "max-src-nodes", "max-src-states", "max-src-conn", "max-src-conn-rate")
NARROWING = ("tagged", "dscp", "vlanprio", "srcmac", "dstmac", "bridgeto", "pflow")
_FIELDS = """
    type interface floating quick direction ipprotocol protocol icmptype source destination disabled log statetype statepolicy statetimeout
    max-src-conn-rates tcpflags1 tcpflags2 os tag vlanprioset dnpipe pdnpipe defaultqueue ackqueue gateway sched associated-rule-id nat
    tracker id descr created updated labels separator force_category source-track"""
KNOWN = frozenset((*_FIELDS.split(), *PRESENCE, *LIMITS, *NARROWING))


@dataclass(frozen=True, slots=True)
class Fields:
    """A rule's elements and their texts by name, and what they amount to."""

    element: Element
    children: dict[str, Element]
    texts: dict[str, str]

    def has(self, name: str) -> bool:
        """Whether the element is there: a switch that is there is on."""
        return name in self.children

    def text(self, name: str) -> str:
        """The element's text, empty if it is not there."""
        return self.texts.get(name, "")

    def span(self, name: str) -> Span:
        """The element's place; that of the rule's start tag if it is not there."""
        child = self.children.get(name)
        return child.span if child is not None else self.element.head

    @property
    def floating(self) -> bool:
        """Whether the rule belongs to no tab."""
        return "floating" in self.children

    @property
    def verdict(self) -> Verdict:
        """What happens to its packets."""
        return VERDICTS.get(self.text("type"), Verdict.PERMIT)

    @property
    def permits(self) -> bool:
        """Whether its packets pass."""
        return self.verdict is Verdict.PERMIT

    @property
    def keeps_state(self) -> bool:
        """Whether replies to what it passes come back by themselves."""
        return self.permits and self.text("statetype") != "none"

    @property
    def protocol(self) -> str:
        """The protocol as written."""
        return self.text("protocol")

    @property
    def quick(self) -> bool:
        """Whether it ends the evaluation: a tab's rules all do."""
        return not self.floating or self.has("quick")

    @property
    def families(self) -> tuple[str, ...]:
        """The families of its lines."""
        return FAMILIES.get(self.text("ipprotocol"), ("inet",))

    @property
    def directions(self) -> frozenset[Direction]:
        """Only a floating rule that says `yes` has a choice."""
        if self.text("floating") != "yes":
            return _IN
        return DIRECTIONS.get(self.text("direction"), EITHER_WAY)

    @property
    def port(self) -> Element | None:
        """The element of a port that is written, the destination's first."""
        for side in ("destination", "source"):
            end = self.children.get(side)
            written = end.child("port") if end is not None else None
            if written is not None and value(written):
                return written
        return None


def fields_of(element: Element) -> Fields:
    """The fields of a `<rule>`."""
    children = {child.name: child for child in element.children}
    return Fields(element, children, {name: value(child) for name, child in children.items() if not child.children})
