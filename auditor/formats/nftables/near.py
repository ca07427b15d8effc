"""The rules of a base chain that concern one packet: remarks ask for many rules what the chain does beside them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditor.model.filters import Call, Filter, Rule, Verdict, all_rules
from auditor.model.lookup import Lookup
from auditor.model.packets import Field, Packet, PacketSet
from auditor.model.record import replace
from auditor.model.source import Span


def nobody(_: object) -> None:
    """What a packet by itself says to a predicate: nothing of who sends it, or where it comes in."""


class Near:
    """A chain with its verdicts by the packets they may be about; calls and marks are always looked at, in their order."""

    def __init__(self, filter_: Filter) -> None:
        self._filter = filter_
        self._always: list[tuple[int, Rule]] = []
        self._verdicts: Lookup[tuple[int, Rule, PacketSet]] = Lookup()
        self._places: dict[Span, int] = {}
        self._behind: dict[Span, tuple[tuple[Rule, ...], int]] = {}
        for number, rule in enumerate(filter_.rules):
            self._places.setdefault(rule.span, number)
            if not isinstance(rule.action, Verdict):
                self._always.append((number, rule))
            elif (match := rule.condition.settle(nobody)).maybe:
                self._verdicts.add(match.maybe, (number, rule, match.surely))

    def about(self, packet: Packet) -> Filter:
        """The chain without rules that the packet cannot match."""
        found = [*self._always, *((number, rule) for number, rule, _ in self._verdicts.holding(packet))]
        return replace(self._filter, rules=tuple(rule for _, rule in sorted(found, key=_number)))

    def behind(self, span: Span, packet: Packet) -> Verdict | None:
        """What a called chain does with a packet behind its rule at `span`; None where it comes back, or the rule is in no called chain."""
        if not self._behind:
            for rules in (rule.action.chain.rules for rule in all_rules(self._filter.rules) if isinstance(rule.action, Call)):
                for number, rule in enumerate(rules, 1):
                    if self._behind.setdefault(rule.span, (rules, number))[0] is rules:
                        self._behind[rule.span] = rules, number
        found = self._behind.get(span)
        if found is None:
            return None
        rest = replace(self._filter, rules=found[0][found[1] :], then=None)
        ends = [replace(rest, default=default).first_match(packet, nobody) for default in (Verdict.PERMIT, Verdict.DENY)]
        verdicts = {end.verdict for end in ends if end is not None}
        return verdicts.pop() if len(verdicts) == 1 else None

    def left_before(self, span: Span, packets: PacketSet, likely: Mapping[Field, Sequence[int]]) -> PacketSet | None:
        """What of the packets the verdicts before the rule at `span` do not surely decide, up to a likely one; None if it is not here."""
        place = self._places.get(span)
        if place is None:
            return None
        while packets:
            packet = packets.example(likely)
            before = (surely for number, rule, surely in self._verdicts.holding(packet) if number < place and _decides(rule))
            decided = next((surely for surely in before if packet in surely), None)
            if decided is None:
                break
            packets -= decided
        return packets


def _decides(rule: Rule) -> bool:
    return rule.action in (Verdict.PERMIT, Verdict.DENY, Verdict.REJECT)


def _number(each: tuple[int, Rule]) -> int:
    return each[0]
