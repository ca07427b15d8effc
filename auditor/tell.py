"""What `trace` and `diff` found, as text, JSON and Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from auditor.model.findings import Question, TraceStep, Witness
from auditor.model.record import dataclass
from auditor.model.source import Span
from auditor.policy.changes import Change, Effect, Turn
from auditor.policy.trace import Part
from auditor.report.base import place
from auditor.report.markdown import escape
from auditor.report.text import clean

if TYPE_CHECKING:
    from auditor.compare import Unread

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


def changes_text(changes: Sequence[Change], turns: Sequence[Turn], unread: Sequence[Unread] = (), colour: bool = False) -> str:
    """Every flow that changed, then the requirements that were decided anew."""
    pen = Pen(colour)
    lines = [pen.ink(f"! {each.state}, {clean(each.message)}: what it says is missing here", "1;31") for each in unread]
    lines += [line for group in grouped(changes) for line in _change(group, pen)]
    lines += [""] if changes and turns else []
    lines += [f"{turn.rule}: {_outcomes(turn)}" for turn in turns]
    count = {effect: sum(change.effect is effect for change in changes) for effect in Effect}
    told = ", ".join(f"{number} {effect}" for effect, number in count.items() if number) or "no flow changed"
    return "\n".join([*lines, *([""] if lines else []), f"{told}; {len(turns)} requirements decided anew."]) + "\n"


@dataclass(frozen=True, slots=True)
class Group:
    """Changes that differ in who sends or who receives alone: one line did them all, to the same services."""

    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    changes: tuple[Change, ...]

    @property
    def shown(self) -> Change:
        """One of them."""
        return self.changes[0]


def grouped(changes: Sequence[Change]) -> list[Group]:
    """The changes, those that differ in the source alone as one, and then those that differ in the destination alone."""
    by_source: dict[object, list[Change]] = {}
    for each in changes:
        by_source.setdefault((each.effect, each.services, each.location, each.destination), []).append(each)
    groups: dict[object, list[list[Change]]] = {}
    for alike in by_source.values():
        senders = tuple(each.source for each in alike)
        groups.setdefault((alike[0].effect, alike[0].services, alike[0].location, senders), []).append(alike)
    return [
        Group(
            tuple(each.source for each in parts[0]),
            tuple(part[0].destination for part in parts),
            tuple(each for part in parts for each in part),
        )
        for parts in groups.values()
    ]


def _change(group: Group, pen: Pen) -> Iterator[str]:
    change = group.shown
    ends = f"{_names(group.sources)} → {_names(group.destinations)}"
    yield pen.ink(f"{CHANGES[change.effect]}  {ends}  {', '.join(change.services)}", INKS[change.effect])
    addresses = ((word, text) for word, text in (("from", change.sources), ("to", change.destinations)) if text and text != "anywhere")
    told = [f"{word} {text}" for word, text in addresses] if len(group.changes) == 1 else []
    if told:
        yield f"    {pen.ink(', '.join(told), '2')}"
    if change.why:
        yield f"    {change.why}"
    if change.witness:
        yield f"    packet {change.witness.text}"
    if change.location:
        where = f"{place(change.location.span)}{' (before)' if change.was_there else ''}"
        yield f"    by     {clean(change.location.name)}  {pen.ink(where, '2')}"


def _names(names: Sequence[str], most: int = 6) -> str:
    shown = [clean(name) for name in names[:most]]
    return ", ".join(shown) + (f" and {len(names) - most} more" if len(names) > most else "")


def _outcomes(turn: Turn) -> str:
    return f"{turn.before or 'not asked'} → {turn.after or 'not asked'}"


def changes_json(changes: Sequence[Change], turns: Sequence[Turn], unread: Sequence[Unread] = ()) -> str:
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
            "state": "before" if change.was_there else "after",
            "may_open": change.may_open,
            "why": change.why,
            **_place(change.location.span if change.location else None),
        }
        for change in changes
    ]
    decided = [{"rule": turn.rule, "before": turn.before, "after": turn.after} for turn in turns]
    missing = [{"state": each.state, "path": each.path, "message": each.message} for each in unread]
    return _dump({"flows": flows, "requirements": decided, "unread": missing})


def changes_markdown(changes: Sequence[Change], turns: Sequence[Turn], unread: Sequence[Unread] = ()) -> str:
    """A comment for a pull request."""
    lines = ["## What this change does to the firewalls", ""]
    for each in unread:
        lines += [f"⚠️ {each.state}: {escape(each.message)}; what it says is missing here.", ""]
    if changes:
        lines += ["| | from | to | services | by |", "|---|---|---|---|---|"]
    for group in grouped(changes):
        change = group.shown
        sign = {Effect.OPENED: "🔓 opened", Effect.CLOSED: "🔒 closed", Effect.UNDECIDED: "❔ undecided"}[change.effect]
        where = f"`{place(change.location.span)}`{' before' if change.was_there else ''}" if change.location else ""
        by = f"{escape(change.location.name)} {where}" if change.location else ""
        by = ": ".join(part for part in (change.why, by) if part)
        ends = f"{escape(_names(group.sources))} | {escape(_names(group.destinations))}"
        lines.append(f"| {sign} | {ends} | {escape(', '.join(change.services))} | {by} |")
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


def opens(changes: Iterable[Change], unread: Sequence[Unread] = ()) -> bool:
    """Whether a flow was opened, or may have been: of a file that cannot be read now, nobody knows."""
    return any(change.may_open for change in changes) or any(each.state == "after" for each in unread)
