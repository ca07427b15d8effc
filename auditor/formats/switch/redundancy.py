"""Two switches that route one network: either may forward a packet, so a list counts only where both filter alike.

What one of them denies and the other might let through is undecided.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from auditor.formats.switch.lints import LEVELS
from auditor.model.filters import Call, Rule, Undecided, Verdict
from auditor.model.graph import Graph, Hook, Zone, ZoneKind
from auditor.model.headers import address_interval
from auditor.model.record import replace
from auditor.model.source import Effect, Note, Unknown

_ROUTERS_ALONE = 8
"""A network of so few addresses is a link between routers: packets pass both of them, one after the other."""


def reconcile(graph: Graph) -> Graph:
    """The graph with the filters of networks that several switches route, and filter differently, undecided; with a note for each."""
    doubts: dict[str, Unknown] = {}
    notes: list[Note] = []
    for one, other in _shared(graph.zones):
        if _filtered(graph, one) != _filtered(graph, other):
            doubt = Unknown(f"which of {one.device} and {other.device} forwards what passes {one.label}: their lists differ", one.span)
            doubts.setdefault(one.id, doubt)
            doubts.setdefault(other.id, doubt)
            said = f"{one.id} and {other.id} are one network, and the lists there differ: what passes depends on which switch forwards it"
            trap = "redundant-differs"
            notes.append(Note(trap, said, one.span, Effect.UNKNOWN, LEVELS[trap], (("the other", other.span),)))
    if not doubts:
        return graph
    hooks = tuple(_loosened(hook, doubts[hook.zone]) if hook.zone in doubts else hook for hook in graph.hooks)
    return replace(graph, hooks=hooks, notes=(*graph.notes, *notes))


def _shared(zones: tuple[Zone, ...]) -> Iterator[tuple[Zone, Zone]]:
    """Pairs of interfaces of two switches in one network, each pair once."""
    behind = [zone for zone in zones if zone.kind is ZoneKind.INTERFACE and not zone.default]
    spans = sorted(((*address_interval(text), zone) for zone in behind for text in zone.values("connected")), key=lambda span: span[:2])
    seen: set[tuple[str, str]] = set()
    for index, (_, high, one) in enumerate(spans):
        for low, end, other in islice(spans, index + 1, None):
            if low > high:
                break
            if _switch(one) != _switch(other) and min(high, end) - low >= _ROUTERS_ALONE and (one.id, other.id) not in seen:
                seen.add((one.id, other.id))
                yield one, other


def _switch(zone: Zone) -> str:
    """The switch an interface is of; routers of one switch, its VRFs, may have the same networks."""
    return zone.id.rpartition(":")[0]


def _filtered(graph: Graph, zone: Zone) -> list[object]:
    """What stands at an interface: place by place, what each rule matches and does."""
    return [(hook.place, _said(hook.filter.rules)) for hook in graph.hooks if hook.zone == zone.id]


def _said(rules: tuple[Rule, ...]) -> tuple[object, ...]:
    matches = ((rule, rule.condition.settle(lambda _: None)) for rule in rules)
    return tuple(
        (match.surely, match.maybe, _said(rule.action.chain.rules) if isinstance(rule.action, Call) else rule.action)
        for rule, match in matches
    )


def _loosened(hook: Hook, doubt: Unknown) -> Hook:
    passed = Rule(Undecided(doubt), Verdict.PERMIT, hook.span, "the other switch forwards it", synthetic=True)
    return replace(hook, filter=replace(hook.filter, rules=(passed, *hook.filter.rules)))
