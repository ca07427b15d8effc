"""A run in one sentence and its figures in one line, in the same words wherever they are said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.model.findings import LEVELS, Finding, Outcome, Run
from auditor.model.record import dataclass
from auditor.model.source import Level
from auditor.report.base import UNREAD, is_remark, outcome_of, summary

BASELINE = "in the baseline"
"""The reason why a finding that the baseline lists is set aside."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run comes to. `state` is BROKEN where an error was found, OPEN where it is something else or accepted, HOLDS where
    nothing was.
    """

    state: Outcome
    text: str


def verdict(run: Run) -> Verdict:
    """The sentence a report begins with."""
    empty = nothing_checked(run)
    if empty:
        return Verdict(Outcome.OPEN, empty)
    levels, remarks = _levels_of_requirements(run), _levels_of_remarks(run)
    said = list(_said(run, levels))
    unread = summary(run).unread
    if unread:
        said.append(unread_text(run))
    elif remarks.count(Level.ERROR):
        said.append(f"{_counted(remarks.count(Level.ERROR), 'remark')} on the files {_are(remarks.count(Level.ERROR))} serious.")
    said += _left_out(run)
    serious = Level.ERROR in levels or Level.ERROR in remarks
    accepted = any(finding.outcome is Outcome.BROKEN and finding.level is Level.ERROR for finding, _ in run.ignored)
    judged = [finding for finding in run.findings if not is_remark(finding.rule)]
    doubtful = accepted or bool(unread) or not judged or any(finding.fails for finding in judged)
    state = Outcome.BROKEN if serious else Outcome.OPEN if doubtful else Outcome.HOLDS
    return Verdict(state, " ".join(said))


def _left_out(run: Run) -> Iterator[str]:
    """Who accepted what else was found."""
    known = sum(reason == BASELINE for _, reason in run.ignored)
    for number, who in ((known, "a baseline lists"), (len(run.ignored) - known, "a comment or auditor.yaml accepts")):
        if number:
            yield f"{_counted(number, 'finding')} {_are(number)} left out: {who} {'it' if number == 1 else 'them'}."


def _said(run: Run, levels: list[Level]) -> Iterator[str]:
    """What became of the requirements."""
    found = summary(run)
    broken, open_ = found.broken, found.open
    total = broken + open_ + found.holds
    if not total:
        yield "No requirement was checked."
    if broken:
        seriously = "" if Level.ERROR in levels else ", but not seriously" if broken == 1 else ", none of them seriously"
        yield f"{broken} of {_counted(total, 'requirement')} {_are(broken)} broken{seriously}{_mild(levels)}."
    if open_:
        them = "it" if open_ == 1 else "them"
        of = "" if broken else f" of {_counted(total, 'requirement')}"
        yield f"{open_}{of} {_are(open_)} open: the configuration does not decide {them}."
    if total and not broken and not open_:
        others = "other " if run.ignored else ""
        as_far = ", as far as could be read" if found.unread else ""
        yield f"All {others}{total} requirements hold{as_far}." if total > 1 else f"The one {others}requirement holds{as_far}."


def nothing_checked(run: Run) -> str:
    """Why a run says nothing at all; empty if it does."""
    if run.findings or run.ignored:
        return ""
    return f"Nothing was checked: {'no requirement is about what was read' if run.inputs else 'no file here is of a kind auditor reads'}."


def figures(run: Run) -> str:
    """The figures in one line."""
    found = summary(run)
    total = found.broken + found.open + found.holds
    parts = ", ".join(part for _, part in outcomes(run))
    return f"{_counted(total, 'requirement')}: {parts}.{aside(run)}"


def outcomes(run: Run) -> tuple[tuple[Outcome, str], ...]:
    """How many requirements have each outcome; of the broken ones also how serious they are, where not all are errors."""
    found, levels = summary(run), _levels_of_requirements(run)
    return (
        (Outcome.BROKEN, f"{found.broken} broken{_mild(levels)}"),
        (Outcome.OPEN, f"{found.open} open"),
        (Outcome.HOLDS, f"{found.holds} holding"),
    )


def aside(run: Run) -> str:
    """What is counted beside the requirements, each a sentence with a blank before it."""
    remarks = [finding.level for finding in run.failing() if is_remark(finding.rule) and finding.rule != UNREAD]
    serious = [level for level in remarks if level is Level.ERROR]
    known = sum(reason == BASELINE for _, reason in run.ignored)
    said = f" {unread_text(run)}" if summary(run).unread else ""
    said += f" {_counted(len(remarks), 'remark')} on the files{f' ({levels_text(serious)})' if serious else ''}." if remarks else ""
    said += f" {len(run.ignored) - known} ignored." if len(run.ignored) > known else ""
    return said + (f" {known} more in the baseline." if known else "")


def unread_text(run: Run) -> str:
    """How much could not be read, and what that means for what holds."""
    found = summary(run)
    return f"{_counted(found.unread, 'place')} could not be read{', so what holds may not' if found.holds else ''}."


def _mild(levels: Sequence[Level]) -> str:
    return f" ({levels_text(levels)})" if set(levels) - {Level.ERROR} else ""


def levels_text(levels: Sequence[Level]) -> str:
    """`2 errors, 1 note`."""
    return ", ".join(_counted(levels.count(level), level.value) for level in reversed(LEVELS) if level in levels)


def _levels_of_requirements(run: Run) -> list[Level]:
    """The level of each broken requirement."""
    broken: dict[str, list[Finding]] = {}
    for finding in run.findings:
        if finding.outcome is Outcome.BROKEN and not is_remark(finding.rule):
            broken.setdefault(finding.rule, []).append(finding)
    return [worst_level(findings) for findings in broken.values()]


def _levels_of_remarks(run: Run) -> list[Level]:
    return [finding.level for finding in run.failing() if is_remark(finding.rule)]


def worst_level(findings: list[Finding]) -> Level:
    """The level at which a requirement is reported: of what is broken of it, where something is."""
    worst = outcome_of(findings)
    return max((finding.level for finding in findings if finding.outcome is worst), key=LEVELS.index)


def _counted(number: int, word: str) -> str:
    return f"{number} {word if number == 1 else word + 's'}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
