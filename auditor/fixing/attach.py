"""Fixes as part of the findings they mend, for reports that carry them. Each is tried on the files as they are, not upon another."""

from __future__ import annotations

from difflib import SequenceMatcher

from auditor.files import read_text
from auditor.fixing.prove import Proven, fixes
from auditor.fixing.state import State
from auditor.fixing.wanted import Texts
from auditor.model.findings import Edit, Fix, Outcome, Run
from auditor.model.record import replace
from auditor.model.source import Span


def with_fixes(state: State) -> Run:
    """The run of `state`, its broken findings with the fix of their requirement."""
    broken = dict.fromkeys(finding.rule for finding in state.run.findings if finding.outcome is Outcome.BROKEN)
    known: dict[str, Fix] = {}
    for rule in broken:
        proven = next((each for each in fixes(state, frozenset({rule})) if isinstance(each, Proven)), None)
        if proven is not None:
            known[rule] = Fix(_described(proven), _edits(state, proven.texts), proven.safe)
    return replace(
        state.run,
        findings=tuple(
            replace(finding, fixes=(known[finding.rule],)) if finding.outcome is Outcome.BROKEN and finding.rule in known else finding
            for finding in state.run.findings
        ),
    )


def _described(proven: Proven) -> str:
    files = ", ".join(sorted(proven.texts))
    return f"{'add what is missing' if proven.permits else 'take away what is too much'} in {files}; tried: {proven.rule} holds then"


def _edits(state: State, texts: Texts) -> tuple[Edit, ...]:
    return tuple(edit for path, new in sorted(texts.items()) for edit in edits(path, read_text(state.tree, path).text, new))


def edits(path: str, old: str, new: str) -> list[Edit]:
    """What turns `old` into `new`, as whole lines."""
    before, after = old.splitlines(keepends=True), new.splitlines(keepends=True)
    found = []
    for kind, first, last, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            found.append(Edit(_lines(path, before, first, last), "".join(after[start:end])))
    return found


def _lines(path: str, lines: list[str], first: int, last: int) -> Span:
    """The lines from `first` up to, not including, `last` (0-based); behind a last line without an end, the place after it."""
    if first == len(lines) and lines and not lines[-1].endswith("\n"):
        end = (len(lines), len(lines[-1]) + 1)
        return Span(path, *end, *end)
    if last == len(lines) and lines and not lines[-1].endswith("\n") and last > first:
        return Span(path, first + 1, 1, last, len(lines[-1]) + 1)
    return Span(path, first + 1, 1, last + 1, 1)
