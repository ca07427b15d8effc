"""Services that rules may decide otherwise over IPv6 than over IPv4: all others fare alike, whatever is unknown."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.filters import Exactly, Filter, Verdict, all_rules, around, sets_of
from auditor.model.hulls import hull
from auditor.model.packets import NOTHING, V6_BASE, Field, PacketSet, union

_LOWEST, _HIGHEST = 2 * Field.SOURCE, 2 * Field.SOURCE + 1


def open_to_six_alone(filters: Iterator[Filter]) -> PacketSet:
    """Packets of the services that these filters, crossed together, may let through over IPv6 while they stop them over IPv4.

    It takes a rule that asks for addresses and permits IPv6, denies IPv4, or leads packets elsewhere.
    """
    return union(dict.fromkeys(_told(filters)))


def _told(filters: Iterator[Filter]) -> Iterator[PacketSet]:
    rules = (rule for filter_ in filters for stage in filter_.stages() for rule in all_rules(stage.rules))
    for rule in rules:
        condition, action = rule.condition, rule.action
        packets = condition.packets if isinstance(condition, Exactly) else around(condition)
        if packets is NOTHING or action is Verdict.CONTINUE:
            continue
        box = hull(packets)
        if action is Verdict.PERMIT and box[_HIGHEST] < V6_BASE:
            continue
        if isinstance(action, Verdict) and action.denies and box[_LOWEST] >= V6_BASE:
            continue
        if any(map(_asks_for_addresses, sets_of(condition))):
            yield packets.without(Field.SOURCE, Field.DESTINATION, Field.SOURCE_PORT)


def _asks_for_addresses(packets: PacketSet) -> bool:
    if packets.level >= Field.SOURCE:
        return packets.level <= Field.DESTINATION
    return any(map(_asks_for_addresses, dict.fromkeys(packets.children)))
