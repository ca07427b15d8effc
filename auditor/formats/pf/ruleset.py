"""A pf ruleset as its lines, and what it is for one interface and one direction: a filter of the model in first-match form.

A packet meets `in` on the interface where it enters and `out` on the one where it leaves; each is a filter of its own, with the lines whose
interfaces and direction fit. Behind the last line pf passes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from auditor.formats.pf.order import first_match
from auditor.model.filters import Condition, Filter, Predicate, Rule, Verdict
from auditor.model.packets import NOTHING, PacketSet
from auditor.model.record import dataclass
from auditor.model.source import Span


class Direction(StrEnum):
    """Which way a packet crosses an interface, as the firewall sees it."""

    IN = "in"
    OUT = "out"


EITHER_WAY = frozenset(Direction)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the ruleset. `interfaces` None: all; a line on an interface group lists the members.

    `rule` carries condition, verdict and place; the verdict CONTINUE is a `match` line.
    """

    rule: Rule
    quick: bool
    directions: frozenset[Direction] = EITHER_WAY
    interfaces: frozenset[str] | None = None

    @property
    def decides(self) -> bool:
        """Whether the line settles what becomes of a packet."""
        return self.rule.action is not Verdict.CONTINUE

    def applies(self, interface: str, direction: Direction) -> bool:
        """Whether packets on this interface and in this direction are held against the line."""
        return direction in self.directions and (self.interfaces is None or interface in self.interfaces)


def line(
    verdict: Verdict,
    condition: Condition,
    span: Span,
    *,
    text: str,
    name: str = "",
    quick: bool = True,
    directions: Iterable[Direction] = EITHER_WAY,
    interfaces: Iterable[str] | None = None,
    address: str = "",
    synthetic: bool = False,
    stateless: bool = False,
) -> Line:
    """A line from its parts."""
    rule = Rule(condition, verdict, span, text, name, address, synthetic, stateless)
    return Line(rule, quick, frozenset(directions), None if interfaces is None else frozenset(interfaces))


def filter_of(lines: Sequence[Line], interface: str, direction: Direction, name: str, span: Span) -> Filter:
    """What decides about packets on `interface` in `direction`."""
    fitting = [line for line in lines if line.applies(interface, direction)]
    return Filter(name, tuple(line.rule for line in first_match(fitting)), Verdict.PERMIT, span)


def undecided(_: Predicate) -> None:
    """Answers a question about the two ends of a flow where there is no flow yet."""
    return


def may_permit(rules: Iterable[Rule], packets: PacketSet) -> PacketSet:
    """Those of `packets` that the rules, in first-match order, may let through; behind them pf passes."""
    permitted = NOTHING
    for rule in rules:
        if not packets:
            break
        match = rule.condition.settle(undecided)
        if rule.action is Verdict.PERMIT:
            permitted |= packets & match.maybe
        packets -= match.surely
    return permitted | packets


def reached(rules: Iterable[Rule], target: Rule, packets: PacketSet) -> bool:
    """Whether any of `packets` can get as far as `target`."""
    for rule in rules:
        if rule is target or not packets:
            break
        packets -= rule.condition.settle(undecided).surely
    return bool(packets)
