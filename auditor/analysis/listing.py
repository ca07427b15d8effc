"""A long list of rules by the ports they ask for: of ten thousand, a question about one port concerns few."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from auditor.model.filters import Call, Chain, Exactly, Filter, Match, Rule, Settle, Verdict, all_rules, around, overwritten
from auditor.model.hulls import hull, near
from auditor.model.packets import Field, Interval, Packet, PacketSet
from auditor.model.record import replace

_FEW_RULES = 128
_MOST_PORTS = 4096
"""Lists of fewer rules are looked at whole, and so are all lists for questions about more ports."""

_WIDTHS = tuple(-(-bits // 4) * 4 for bits in range(17))
"""Low bits that are free in the aligned block around ports that differ in so many."""

_LOW = 2 * Field.DESTINATION_PORT


class Listing:
    """Rules in order, with what questions about them need again and again."""

    __slots__ = ("_blocks", "_stops", "overwrites", "rules")

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.rules = rules
        self.overwrites = bool(overwritten(rules))
        self._stops = [*(index for index, rule in enumerate(rules) if not isinstance(rule.action, Verdict)), len(rules)]
        self._blocks: dict[tuple[int, int], list[int]] | None = None

    def length(self, start: int) -> int:
        """How many rules from `start` on have a verdict for an action."""
        return self._stops[bisect_left(self._stops, start)] - start

    def touching(self, ask: Settle, packets: PacketSet, start: int = 0, count: int | None = None) -> Iterator[tuple[Rule, Match]]:
        """The rules, so many from `start` on, that decide anything and may match some of the packets, with what they match."""
        may_meet = near(packets)
        asked = packets.values(Field.DESTINATION_PORT)
        for rule in self._about(asked, start, len(self.rules) if count is None else start + count):
            condition = rule.condition
            possible = condition.packets if isinstance(condition, Exactly) else around(condition)
            if not (may_meet(possible) and packets.meets(possible)):
                continue  # most rules, found without settling them
            if rule.action is not Verdict.CONTINUE:
                match = condition.settle(ask)
                if isinstance(condition, Exactly) or packets.meets(match.maybe):
                    yield rule, match

    def about(self, port: int) -> tuple[Rule, ...]:
        """The rules that may match packets to a port, or of an ICMP type and code as one number."""
        return tuple(self._about(((port, port),), 0, len(self.rules)))

    def _about(self, asked: Sequence[Interval], start: int, stop: int) -> Sequence[Rule]:
        """The rules from `start` to before `stop` that may be about ports in the intervals, in order."""
        if stop - start < _FEW_RULES or sum(high - low + 1 for low, high in asked) > _MOST_PORTS:
            return self.rules[start:stop]
        if self._blocks is None:
            self._blocks = self._by_ports()
        blocks = {(width, at) for width in set(_WIDTHS) for low, high in asked for at in range(low >> width, (high >> width) + 1)}
        found = sorted(index for block in blocks for index in self._blocks.get(block, ()))
        return [self.rules[index] for index in found[bisect_left(found, start) : bisect_left(found, stop)]]

    def _by_ports(self) -> dict[tuple[int, int], list[int]]:
        """The numbers of the rules by the block that holds their ports: how many low bits are free, and the bits above."""
        found: dict[tuple[int, int], list[int]] = {}
        for index, rule in enumerate(self.rules):
            box = hull(around(rule.condition))
            low = box[_LOW]
            width = _WIDTHS[(low ^ box[_LOW + 1]).bit_length()]
            found.setdefault((width, low >> width), []).append(index)
        return found


_known: dict[int, Listing] = {}
_MOST_KEPT = 64


def listing(rules: tuple[Rule, ...]) -> Listing:
    """The listing of these rules. The last ones are kept, with their rules, so that nothing else can have their ids."""
    found = _known.get(id(rules))
    if found is None:
        if len(_known) >= _MOST_KEPT:
            _known.clear()
        found = _known[id(rules)] = Listing(rules)
    return found


def narrowed(filter_: Filter, packet: Packet) -> Filter:
    """The filter without rules of which a packet's port shows that they do not match it: it decides the packet as the whole does."""
    if not has_rules(filter_, _FEW_RULES) or listing(filter_.rules).overwrites:
        return filter_
    port = packet.get(Field.DESTINATION_PORT, 0)
    then = filter_.then and narrowed(filter_.then, packet)
    return with_parts(filter_, lambda rules: listing(rules).about(port), then=then)


def has_rules(filter_: Filter, count: int) -> bool:
    """Whether there are so many rules in a list and the chains it calls."""
    return next(islice(all_rules(filter_.rules), count - 1, None), None) is not None


Rules = tuple[Rule, ...]


def with_parts(filter_: Filter, part: Callable[[Rules], Rules], then: Filter | None) -> Filter:
    """The filter with a part of its rules, and of those of each chain they call."""
    chains: dict[int, Chain] = {}

    def called(chain: Chain) -> Chain:
        found = chains.get(id(chain))
        if found is None:
            found = chains[id(chain)] = replace(chain, rules=parts(chain.rules))
        return found

    def parts(rules: Rules) -> Rules:
        return tuple(
            replace(rule, action=replace(rule.action, chain=called(rule.action.chain))) if isinstance(rule.action, Call) else rule
            for rule in part(rules)
        )

    return replace(filter_, rules=parts(filter_.rules), then=then)
