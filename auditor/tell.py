"""What `trace` and `diff` found, as text, JSON and Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from auditor.model.findings import Question, TraceStep, Witness
from auditor.model.record import dataclass
from auditor.model.source import Span
from auditor.policy.changes import Change, Effect, Turn
from auditor.policy.trace import Part
from auditor.report.base import place
from auditor.report.markdown import escape
from auditor.report.text import clean

SIGNS = {"passes": "✓ passes", "is blocked": "✕ is blocked", "depends": "? depends", "is not filtered": "· is not filtered"}
CHANGES = {Effect.OPENED: "+ opened", Effect.CLOSED: "- closed", Effect.UNDECIDED: "? undecided"}
INKS = {
    "passes": "32",
    "is blocked": "1;31",
    "depends": "1;35",
    "is not filtered": "1;33",
    Effect.OPENED: "1;31",
    Effect.CLOSED: "32",
    Effect.UNDECIDED: "1;35",
}


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes colours where they are wanted."""

    colour: bool

    def ink(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text


# -- a flow


def trace_text(parts: Sequence[Part], colour: bool = False) -> str:
    """Each part of the flow with a packet of it and what every filter does with it."""
    pen = Pen(colour)
    if not parts:
        return "No packet of this flow can exist: the two ends share no kind of address.\n"
    return "\n".join("\n".join(_part(part, pen)) + "\n" for part in parts)


def _part(part: Part, pen: Pen) -> Iterator[str]:
    services = ", ".join(part.services)
    doubt = "" if part.certain else pen.ink("  (one of several ways it may take)", "2")
    verdict = part.verdict if part.steps else "is not filtered"
    yield f"{pen.ink(SIGNS[verdict], INKS[verdict])}  {clean(part.source)} → {clean(part.destination)}  {services}{doubt}"
    ends = [f"{word} {text}" for word, text in (("from", part.sources), ("to", part.destinations)) if text]
    if ends:
        yield f"  {pen.ink(', '.join(ends), '2')}"
    if part.witness:
        yield f"  {pen.ink('packet', '2')}   {pen.ink(part.witness.text, '1')}"
    yield from _steps(part.steps, pen)
    for question in part.questions:
        yield f"  {pen.ink('unknown', '2')}  {clean(_question(question))}"


def _steps(steps: Sequence[TraceStep], pen: Pen) -> Iterator[str]:
    for number, step in enumerate(steps, 1):
        where = pen.ink(f"  {place(step.location.span)}", "2") if step.location else ""
        yield f"  {number:>3}. {clean(step.hook)} {pen.ink(clean(step.verdict), '1')}{': ' + clean(step.rule) if step.rule else ''}{where}"
    if not steps:
        yield "       no firewall that was read stands on this way: nothing is known about it"


def _question(question: Question) -> str:
    where = f" ({place(question.span)})" if question.span else ""
    return f"{question.reason}{where}{'; ' + question.settle if question.settle else ''}"


def trace_json(parts: Sequence[Part]) -> str:
    """The parts as a JSON list."""
    return _dump(
        [
            {
                "verdict": part.verdict,
                "from": part.source,
                "to": part.destination,
                "services": list(part.services),
                "sources": part.sources,
                "destinations": part.destinations,
                "certain": part.certain,
                "witness": _witness(part.witness),
                "trace": [_step(step) for step in part.steps],
                "unknown": [{"reason": question.reason, "settle": question.settle} for question in part.questions],
            }
            for part in parts
        ]
    )


# -- a change


def changes_text(changes: Sequence[Change], turns: Sequence[Turn], colour: bool = False) -> str:
    """Every flow that changed, then the requirements that were decided anew."""
    pen = Pen(colour)
    lines = [line for change in changes for line in _change(change, pen)]
    lines += [""] if changes and turns else []
    lines += [f"{turn.rule}: {_outcomes(turn)}" for turn in turns]
    count = {effect: sum(change.effect is effect for change in changes) for effect in Effect}
    told = ", ".join(f"{number} {effect}" for effect, number in count.items() if number) or "no flow changed"
    return "\n".join([*lines, *([""] if lines else []), f"{told}; {len(turns)} requirements decided anew."]) + "\n"


def _change(change: Change, pen: Pen) -> Iterator[str]:
    head = f"{CHANGES[change.effect]}  {clean(change.source)} → {clean(change.destination)}  {', '.join(change.services)}"
    yield pen.ink(head, INKS[change.effect])
    ends = [f"{word} {text}" for word, text in (("from", change.sources), ("to", change.destinations)) if text and text != "anywhere"]
    if ends:
        yield f"    {pen.ink(', '.join(ends), '2')}"
    if change.witness:
        yield f"    packet {change.witness.text}"
    if change.location:
        yield f"    by     {clean(change.location.name)}  {pen.ink(place(change.location.span), '2')}"


def _outcomes(turn: Turn) -> str:
    return f"{turn.before or 'not asked'} → {turn.after or 'not asked'}"


def changes_json(changes: Sequence[Change], turns: Sequence[Turn]) -> str:
    """Both as one JSON object."""
    flows = [
        {
            "effect": change.effect.value,
            "from": change.source,
            "to": change.destination,
            "services": list(change.services),
            "sources": change.sources,
            "destinations": change.destinations,
            "witness": _witness(change.witness),
            "trace": [_step(step) for step in change.trace],
            "by": change.location.name if change.location else "",
            **_place(change.location.span if change.location else None),
        }
        for change in changes
    ]
    decided = [{"rule": turn.rule, "before": turn.before, "after": turn.after} for turn in turns]
    return _dump({"flows": flows, "requirements": decided})


def changes_markdown(changes: Sequence[Change], turns: Sequence[Turn]) -> str:
    """A comment for a pull request."""
    lines = ["## What this change does to the firewalls", ""]
    if changes:
        lines += ["| | from | to | services | by |", "|---|---|---|---|---|"]
    for change in changes:
        sign = {Effect.OPENED: "🔓 opened", Effect.CLOSED: "🔒 closed", Effect.UNDECIDED: "❔ undecided"}[change.effect]
        by = f"{escape(change.location.name)} `{place(change.location.span)}`" if change.location else ""
        lines.append(f"| {sign} | {escape(change.source)} | {escape(change.destination)} | {escape(', '.join(change.services))} | {by} |")
    lines += [""] if changes else ["No flow changes.", ""]
    if turns:
        lines += ["| requirement | before | after |", "|---|---|---|"]
        lines += [f"| `{turn.rule}` | {turn.before or '–'} | {turn.after or '–'} |" for turn in turns]
    return "\n".join(lines).rstrip() + "\n"


# -- JSON


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2).encode("utf-8", "replace").decode() + "\n"


def _witness(witness: Witness | None) -> dict[str, str] | None:
    return {"text": witness.text, **dict(witness.fields)} if witness else None


def _step(step: TraceStep) -> dict[str, Any]:
    return {"hook": step.hook, "verdict": step.verdict, "rule": step.rule, **_place(step.location.span if step.location else None)}


def _place(span: Span | None) -> dict[str, Any]:
    return {"path": span.path, "line": span.line, "column": span.column} if span else {}


def opens(changes: Iterable[Change]) -> bool:
    """Whether a flow was opened, or may have been."""
    return any(change.effect in (Effect.OPENED, Effect.UNDECIDED) for change in changes)
