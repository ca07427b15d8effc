"""The rule graph as text, JSON, Mermaid or a picture: who reaches whom, through which filters."""

from __future__ import annotations

import json
import re

from auditor.model.filters import Filter, Verdict, all_rules
from auditor.model.findings import Flow, Outcome, Run
from auditor.model.graph import Graph
from auditor.model.headers import NEW_FLOW, Protocol, address_interval, destinations, ports, sources
from auditor.model.record import replace
from auditor.report.base import place
from auditor.report.names import short_names
from auditor.report.picture import MOST, outcomes_between, svg
from auditor.report.text import clean

_DONE = {Verdict.PERMIT: "permitted", Verdict.DENY: "denied", Verdict.REJECT: "rejected"}
_STRANGER = (
    NEW_FLOW
    & sources([address_interval("203.0.113.10")])
    & destinations([address_interval("198.51.100.10")])
    & ports(Protocol.TCP, [(31337, 31337)], [(49152, 49152)])
).example()


def text_of(run: Run, graph: Graph, base: str) -> str:
    """Flows by source, then every filter with the place it stands at; `base` leads from here to the root of the run."""
    outcomes = outcomes_between(run)
    lines: list[str] = []
    previous = ""
    for flow in run.flows:
        if flow.source != previous:
            lines += ["", clean(flow.source)] if lines else [clean(flow.source)]
            previous = flow.source
        outcome = outcomes.get((flow.source, flow.destination))
        lines.append(f"  → {clean(flow.destination)}: {_services(flow)}{f'  [{outcome}]' if outcome else ''}")
    if not run.flows:
        lines.append("No filter stands between any two parties that are known.")
    if run.unshown:
        lines += ["", f"{run.unshown} more are not shown: name those that matter as roles in auditor.yaml, and they come first."]
    lines += ["", "Filters"] if graph.hooks else []
    for hook in sorted(graph.hooks, key=lambda hook: (hook.span, hook.label)):
        said = f"{_count(written(hook.filter))}, {_DONE[otherwise(hook.filter)]} otherwise"
        lines.append(f"  {clean(hook.label)}: {said}  {place(hook.span, base)}")
    return "\n".join(lines) + "\n"


def written(filter_: Filter) -> int:
    """How many rules of a file take part, in chains that are called and in lists that follow as well."""
    return len({(rule.span, rule.text) for stage in filter_.stages() for rule in all_rules(stage.rules) if not rule.synthetic})


def otherwise(filter_: Filter) -> Verdict:
    """What becomes of a new connection that no rule of a file speaks of: products have rules of their own, which may come to a default."""
    for stage in filter_.stages():
        own = replace(stage, rules=tuple(rule for rule in stage.rules if rule.synthetic), then=None)
        decided = own.first_match(_STRANGER, lambda _: False)
        if decided is not None and decided.verdict.denies:
            return decided.verdict
    return Verdict.PERMIT


def _services(flow: Flow) -> str:
    if not flow.surely and not flow.maybe:
        return "nothing"
    parts = [", ".join(flow.surely)] if flow.surely else []
    if flow.maybe:
        parts.append(f"in part or perhaps: {', '.join(flow.maybe)}")
    return "; ".join(parts)


def _count(rules: int) -> str:
    return "1 rule" if rules == 1 else f"{rules} rules"


def json_of(run: Run, graph: Graph) -> str:
    """Zones, hooks and flows."""
    outcomes = outcomes_between(run)
    document = {
        "zones": [
            {"id": zone.id, "kind": zone.kind.value, "label": zone.label, **_at(zone.span.path, zone.span.line)} for zone in graph.zones
        ],
        "hooks": [
            {
                "label": hook.label,
                "place": hook.place.value,
                "zone": hook.zone,
                "device": hook.device,
                "rules": written(hook.filter),
                "default": otherwise(hook.filter).value,
                "stateful": hook.stateful,
                **_at(hook.span.path, hook.span.line),
            }
            for hook in graph.hooks
        ],
        "flows": [
            {
                "from": flow.source,
                "to": flow.destination,
                "surely": list(flow.surely),
                "maybe": list(flow.maybe),
                "outcome": outcomes.get((flow.source, flow.destination)),
            }
            for flow in run.flows
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2).encode("utf-8", "replace").decode() + "\n"


def _at(path: str, line: int) -> dict[str, object]:
    return {"path": path, "line": line}


def mermaid_of(run: Run) -> str:
    """A flowchart for Markdown pages that draw Mermaid; arrows that only may be are dotted."""
    outcomes = outcomes_between(run)
    names = list(dict.fromkeys(name for flow in run.flows for name in (flow.source, flow.destination)))
    ids = {name: f"n{number}" for number, name in enumerate(names)}
    short = short_names(sorted(names), dict(run.labels))
    lines = ["flowchart LR", *(f'  {ids[name]}["{_quoted(short[name])}"]' for name in names)]
    styles: list[str] = []
    drawn = 0
    for flow in run.flows:
        outcome = outcomes.get((flow.source, flow.destination))
        if not flow.surely and not flow.maybe and outcome is not Outcome.BROKEN:
            continue
        arrow = "-->" if flow.surely else "-.->"
        services = ", ".join([*flow.surely, *(f"{service}?" for service in flow.maybe)][:3]) or "nothing"
        lines.append(f'  {ids[flow.source]} {arrow}|"{_quoted(services)}"| {ids[flow.destination]}')
        if outcome is not None:
            colour = {Outcome.BROKEN: "#b3261e", Outcome.OPEN: "#b07a00", Outcome.HOLDS: "#1a6e34"}[outcome]
            styles.append(f"  linkStyle {drawn} stroke:{colour}")
        drawn += 1
    return "\n".join([*lines, *styles]) + "\n"


def svg_of(run: Run) -> str:
    """The picture. Raises ValueError where there is none to draw, saying why."""
    drawn = svg(run)
    if not drawn:
        raise ValueError(f"a picture has 1 to {MOST} parties with flows between them; name roles in auditor.yaml, or use -f text")
    return drawn


def _quoted(text: str) -> str:
    return re.sub(r'["#<>&\n]', lambda found: f"#{ord(found.group())};", text)
