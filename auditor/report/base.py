"""What every report shares: how it is called, how source text reaches it, and the order in which things are said.

A report turns a `Run` into text and nothing else: it reads no file and decides no outcome.
Source text comes through `Sources`, which redacts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

from auditor.model.findings import LEVELS, Finding, Outcome, Question, Run
from auditor.model.record import dataclass
from auditor.model.source import Level, Span

REMARKS = ("lint", "auditor")  # ids of these families say something about a file; all others are requirements
UNREAD = "auditor/unparsable"
"""What could not be read: whatever else is said is said without it."""


class Sources(Protocol):
    """The text behind the spans."""

    def text(self, path: str) -> str:
        """The file as it stands, for positions and hashes alone: it may hold secrets and is never printed. Empty if unreadable."""
        ...

    def lines(self, path: str, first: int, last: int) -> tuple[str, ...]:
        """Lines `first` to `last` (1-based, inclusive, cut at the end of the file) with secrets blanked, fit to print."""
        ...


class NoSources:
    """For reports without excerpts."""

    def text(self, path: str) -> str:  # noqa: ARG002
        return ""

    def lines(self, path: str, first: int, last: int) -> tuple[str, ...]:  # noqa: ARG002
        return ()


@dataclass(frozen=True, slots=True)
class Options:
    """How a report is to be written. `width` is the terminal's; `whole` asks for every step of every trace."""

    show_passed: bool = False
    colour: bool = False
    width: int = 100
    whole: bool = False
    quiet: bool = False


Render = Callable[[Run, Sources, Options], str]


def shown(run: Run, options: Options) -> tuple[Finding, ...]:
    """The findings a report lists: failing ones, and with `show_passed` all."""
    return run.findings if options.show_passed else tuple(run.failing())


def said_level(finding: Finding) -> Level:
    """The level it is reported at where the place knows no outcomes: what is open is a note."""
    return finding.level if finding.outcome is Outcome.BROKEN else Level.NOTE


def advice(finding: Finding) -> str:
    """What to do about a finding, unless its questions say just that."""
    return "" if any(question.settle == finding.help for question in finding.questions) else finding.help


def by_requirement(run: Run, findings: Iterable[Finding]) -> list[tuple[str, list[Finding]]]:
    """Findings of `run` under their rule, the most urgent first, else as they came."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.rule, []).append(finding)
    urgent = urgency(run)
    return sorted(groups.items(), key=lambda group: min(map(urgent, group[1])))


def urgency(run: Run) -> Callable[[Finding], tuple[int, int, float]]:
    """By what findings of `run` are sorted: broken before open before holding, serious first, then what exposes most."""
    harm = {rule.id: -rule.security_severity for rule in run.rules if rule.security_severity is not None}
    return lambda finding: (
        -finding.outcome.weight,
        -LEVELS.index(finding.level),
        harm.get(finding.rule, 0.0) if finding.fails else 0.0,
    )


def outcome_of(findings: Iterable[Finding]) -> Outcome:
    """The worst outcome among `findings`."""
    return max((finding.outcome for finding in findings), key=lambda outcome: outcome.weight)


def asked(findings: Iterable[Finding]) -> list[tuple[Question, tuple[str, ...]]]:
    """Every open question once with the rules that wait for its answer, that which settles most first."""
    waiting: dict[Question, dict[str, None]] = {}
    for finding in findings:
        for question in finding.questions:
            waiting.setdefault(question, {})[finding.rule] = None
    return sorted(((question, tuple(rules)) for question, rules in waiting.items()), key=lambda one: -len(one[1]))


def is_remark(rule: str) -> bool:
    """Whether `rule` remarks on a file instead of judging a requirement."""
    return rule.partition("/")[0] in REMARKS


def place(span: Span, prefix: str = "") -> str:
    """`path:line:column` as terminals and editors open it."""
    return f"{in_repository(span.path, prefix)}:{span.line}:{span.column}"


def in_repository(path: str, prefix: str) -> str:
    """`path` relative to the repository root, given the run's root inside it."""
    return f"{prefix.strip('/')}/{path}" if prefix.strip("/") not in ("", ".") else path


@dataclass(frozen=True, slots=True)
class Summary:
    """The figures at the end of a report. Requirements count once, by their worst finding; remarks count each, the `unread` among them."""

    holds: int
    broken: int
    open: int
    errors: int
    warnings: int
    notes: int
    remarks: int
    ignored: int
    files: int
    unread: int = 0


def summary(run: Run) -> Summary:
    """The figures of `run`."""
    outcomes = [outcome for rule, outcome in run.outcomes().items() if not is_remark(rule)]
    broken = [finding for finding in run.findings if finding.outcome is Outcome.BROKEN]
    levels = {level: sum(finding.level is level for finding in broken) for level in Level}
    return Summary(
        holds=outcomes.count(Outcome.HOLDS),
        broken=outcomes.count(Outcome.BROKEN),
        open=outcomes.count(Outcome.OPEN),
        errors=levels[Level.ERROR],
        warnings=levels[Level.WARNING],
        notes=levels[Level.NOTE],
        remarks=sum(is_remark(finding.rule) for finding in run.failing()),
        ignored=len(run.ignored),
        files=len(run.inputs),
        unread=sum(finding.rule == UNREAD for finding in run.failing()),
    )
