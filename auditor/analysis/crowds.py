"""Sources that a destination does not tell apart: the filters between are the same, and so is all that these ask about them.

A crowd of one mind has one outcome and one place that decides, whichever of its members is asked: one is asked for all.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from enum import Enum

from auditor.analysis.alike import content, families
from auditor.analysis.bounds import surely
from auditor.analysis.reach import allowed, asked_of
from auditor.model.filters import Filter, Predicate, Verdict, all_rules, predicates
from auditor.model.findings import Outcome
from auditor.model.graph import Crossing, Endpoint, Graph, Hook, Way
from auditor.model.headers import merge_intervals
from auditor.model.packets import Interval, PacketSet
from auditor.model.record import dataclass, field, replace

Ways = tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the filters at a crossing ask about the ends; `free`: they let all replies back by themselves."""

    predicates: tuple[Predicate, ...]
    free: bool


@dataclass(slots=True)
class Crowds:
    """What destinations can tell of sources, remembered for the filters of one graph."""

    graph: Graph
    _asked: dict[tuple[Hook, ...], _Asked] = field(default_factory=dict)
    _alike: dict[Hashable, int] = field(default_factory=dict)
    _contents: dict[tuple[Hook, ...], int] = field(default_factory=dict)

    def kind(self, source: Endpoint, destination: Endpoint) -> tuple[Hashable, Way] | None:
        """What is the same for all of a crowd, and the source's one way; None for who is no member of any.

        Where replies do not come back by themselves, the sources' own filters have to say the same too.
        """
        ways, back = self.graph.ways(source, destination), self.graph.ways(destination, source)
        if source.names or source.elsewhere or len(ways) != 1 or not ways[0].certain or not ways[0].crossings:
            return None
        seen: list[Hashable] = [source.role or source.label, source.exact, *families(ways[0].source)]
        for crossing in ways[0].crossings:
            seen += [crossing.hooks, *map(crossing.settle, self._asked_by(crossing).predicates)]
        if all(self._asked_by(each).free for each in ways[0].crossings) and all(each.stateful for way in back for each in way.crossings):
            return tuple(seen), ways[0]
        if len(back) != 1 or not all(hook.device is None for way in (*ways, *back) for each in way.crossings for hook in each.hooks):
            return None
        for crossing in back[0].crossings:
            seen += [None, self._content(crossing), *map(crossing.settle, self._asked_by(crossing).predicates)]
        return tuple(seen), ways[0]

    def of_one_mind(self, crowd: Ways, service: PacketSet) -> Iterator[Ways]:
        """A crowd's ways in parts that answer alike whether the service gets through: halved until they do."""
        if len(crowd) == 1 or self.agree(crowd[0], merge_intervals(span for way in crowd for span in way.source.addresses), service):
            yield crowd
            return
        half = len(crowd) // 2
        yield from self.of_one_mind(crowd[:half], service)
        yield from self.of_one_mind(crowd[half:], service)

    def agree(self, way: Way, addresses: tuple[Interval, ...], service: PacketSet) -> bool:
        """Whether all of the service surely gets through from everybody at the addresses, or no rule tells any of it from the rest."""
        together = replace(way, source=replace(way.source, addresses=addresses))
        judged = allowed(self.graph, together, service)
        if judged is None or judged.outcome is Outcome.HOLDS:
            return True
        question = asked_of(together, service)
        for crossing in together.crossings:
            treated = _Treated.ALIKE if question <= surely(crossing.filter, crossing.settle, question) else _treated(crossing, question)
            if treated is not _Treated.ALIKE:
                return treated is _Treated.STOPPED
        return all(self._asked_by(crossing).free for crossing in together.crossings) and not judged.reply

    def _asked_by(self, crossing: Crossing) -> _Asked:
        if crossing.hooks not in self._asked:
            rules = [rule for stage in crossing.filter.stages() for rule in all_rules(stage.rules)]
            found = dict.fromkeys(predicates(rules))
            self._asked[crossing.hooks] = _Asked(tuple(found), crossing.stateful and not any(rule.stateless for rule in rules))
        return self._asked[crossing.hooks]

    def _content(self, crossing: Crossing) -> int:
        """A number for what the filters at a crossing do, wherever they stand."""
        if crossing.hooks not in self._contents:
            filters = tuple((hook.place, hook.stateful, *map(content, hook.filter.stages())) for hook in crossing.hooks)
            self._contents[crossing.hooks] = self._alike.setdefault(filters, len(self._alike))
        return self._contents[crossing.hooks]


class _Treated(Enum):
    """What a filter does with packets: all surely end here, all meet the same rules and the same doubts, or neither."""

    STOPPED = 1
    ALIKE = 2
    APART = 3


def _treated(crossing: Crossing, question: PacketSet) -> _Treated:
    doubtful = False
    for rule in crossing.filter.rules:
        match = rule.condition.settle(crossing.settle)
        if rule.action is Verdict.CONTINUE or not match.maybe.meets(question):
            continue
        sure = question <= match.surely
        if not isinstance(rule.action, Verdict) or not (sure or (question <= match.maybe and not match.surely.meets(question))):
            return _Treated.APART
        if sure:
            return _ended(crossing.filter, rule.action, doubtful)
        doubtful = True
    return _ended(crossing.filter, Verdict.RETURN, doubtful)


def _ended(filter_: Filter, action: Verdict, doubtful: bool) -> _Treated:
    verdict = filter_.default if action is Verdict.RETURN else action
    if filter_.then is not None and (doubtful or not verdict.denies):
        return _Treated.APART
    return _Treated.STOPPED if verdict.denies and not doubtful else _Treated.ALIKE
