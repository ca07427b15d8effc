"""Sources that a destination does not tell apart: the filters between are the same, and so is all that these ask about them.

A crowd of one mind has one outcome and one place that decides, whichever of its members is asked: one is asked for all.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from auditor.analysis.bounds import bounds
from auditor.analysis.reach import asked_of
from auditor.model.filters import Both, Condition, Either, Filter, Not, Predicate, Test, Verdict, all_rules
from auditor.model.graph import Crossing, Endpoint, Graph, Hook, Way
from auditor.model.headers import IPV4, IPV6, merge_intervals
from auditor.model.packets import PacketSet
from auditor.model.record import dataclass, field, replace

Ways = tuple[Way, ...]


@dataclass(slots=True)
class Crowds:
    """What destinations can tell of sources, remembered for the filters of one graph."""

    graph: Graph
    _predicates: dict[tuple[Hook, ...], tuple[Predicate, ...] | None] = field(default_factory=dict)

    def kind(self, source: Endpoint, destination: Endpoint) -> tuple[Hashable, Way] | None:
        """What is the same for all of a crowd, and the source's one way; None for who is no member of any.

        Only for filters that let replies back by themselves: to judge replies, the source's own filters count.
        """
        ways = self.graph.ways(source, destination)
        if source.names or source.elsewhere or len(ways) != 1 or not ways[0].certain or not ways[0].crossings:
            return None
        back = self.graph.ways(destination, source)
        if not all(crossing.stateful for way in back for crossing in way.crossings):
            return None
        seen: list[Hashable] = [source.role or source.label, source.exact, *_families(ways[0].source)]
        for crossing in ways[0].crossings:
            predicates = self._asked_by(crossing)
            if predicates is None:
                return None
            seen += [crossing.hooks, *map(crossing.settle, predicates)]
        return tuple(seen), ways[0]

    def _asked_by(self, crossing: Crossing) -> tuple[Predicate, ...] | None:
        """The predicates in a filter's rules; None if it does not let all replies back by itself."""
        if crossing.hooks not in self._predicates:
            filters = list(_stages(crossing.filter))
            rules = [rule for stage in filters for rule in all_rules(stage.rules)]
            free = crossing.stateful and not any(rule.stateless for rule in rules)
            found = dict.fromkeys(predicate for rule in rules for predicate in _predicates(rule.condition))
            self._predicates[crossing.hooks] = tuple(found) if free else None
        return self._predicates[crossing.hooks]


def of_one_mind(crowd: Ways, service: PacketSet) -> Iterator[Ways]:
    """A crowd's ways in parts that answer alike whether the service gets through: halved until they do."""
    if len(crowd) == 1 or _agrees(crowd, service):
        yield crowd
        return
    half = len(crowd) // 2
    yield from of_one_mind(crowd[:half], service)
    yield from of_one_mind(crowd[half:], service)


def _agrees(crowd: Ways, service: PacketSet) -> bool:
    """Whether all of the service surely gets through from everybody, or one and the same rule surely stops all of it."""
    first = crowd[0]
    everybody = replace(first.source, addresses=merge_intervals(span for way in crowd for span in way.source.addresses))
    question = asked_of(replace(first, source=everybody), service)
    for crossing in first.crossings:
        if not question <= bounds(crossing.filter, crossing.settle, question).surely:
            return _stopped_at_once(crossing, question)
    return True


def _stopped_at_once(crossing: Crossing, question: PacketSet) -> bool:
    """Whether the first rule that may match any of the packets denies them all; where none may, the default."""
    for rule in crossing.filter.rules:
        match = rule.condition.settle(crossing.settle)
        if rule.action is not Verdict.CONTINUE and match.maybe.meets(question):
            return isinstance(rule.action, Verdict) and rule.action.denies and question <= match.surely
    return crossing.filter.default.denies


def _families(end: Endpoint) -> tuple[bool, bool]:
    """Whether an endpoint has addresses of either family."""
    return any(low <= IPV4[1] for low, _ in end.addresses), any(high >= IPV6[0] for _, high in end.addresses)


def _stages(filter_: Filter) -> Iterator[Filter]:
    yield filter_
    if filter_.then is not None:
        yield from _stages(filter_.then)


def _predicates(condition: Condition) -> Iterator[Predicate]:
    """Everything a condition may ask about the ends."""
    if isinstance(condition, Test):
        yield condition.predicate
    elif isinstance(condition, Both | Either):
        for part in condition.parts:
            yield from _predicates(part)
    elif isinstance(condition, Not):
        yield from _predicates(condition.part)
