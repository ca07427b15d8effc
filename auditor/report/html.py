"""A run as one HTML page to hand over: no network, no script needed to read it, nothing folded away that print would lose.

The template decides how it looks; here is what it shows. All text reaches it as text: the template escapes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import jinja2
from markupsafe import Markup

from auditor.model.findings import Finding, Outcome, Question, RuleInfo, Run
from auditor.model.record import dataclass
from auditor.model.source import Level, Span
from auditor.report.base import UNREAD, Options, Sources, advice, asked, by_requirement, is_remark, outcome_of, place, summary
from auditor.report.names import short_names
from auditor.report.picture import ends_of, parties, svg
from auditor.report.verdict import verdict, worst_level

CONTEXT = 3
MAX_SPAN = 12
_TURNING = {ord(sign): f"\\u{ord(sign):04x}" for sign in "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}
"""Signs that turn the direction of text are shown, not obeyed: a name could pass for another with them."""
WORDS = {Outcome.BROKEN: "broken", Outcome.OPEN: "open", Outcome.HOLDS: "holds"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an excerpt, in three parts: before, inside and after the text that is pointed at."""

    number: int
    before: str
    marked: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One requirement or lint with its findings."""

    rule: RuleInfo
    outcome: Outcome
    anchor: str
    findings: tuple[Finding, ...]
    remark: bool

    @property
    def level(self) -> Level:
        """How serious it is here."""
        return worst_level(list(self.findings))

    @property
    def advice(self) -> tuple[str, ...]:
        """What to do, said once however many findings there are; nothing where it holds."""
        return tuple(dict.fromkeys(text for text in map(advice, self.findings) if text)) if self.outcome is not Outcome.HOLDS else ()

    def message(self, finding: Finding) -> str:
        """What a finding says beyond the requirement's title, which stands above it."""
        return finding.message.removeprefix(f"{self.rule.title}: ")


@dataclass(frozen=True, slots=True)
class Cell:
    """What is known of the flows from one role to another."""

    surely: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the requirements that wait for its answer."""

    question: Question
    entries: tuple[Entry, ...]


def render(run: Run, sources: Sources, options: Options) -> str:
    """The page. Requirements that hold are always listed: a report says what was checked."""
    del options
    rules = {rule.id: rule for rule in run.rules}
    entries = [
        Entry(rules.get(rule, RuleInfo(rule, rule)), outcome_of(findings), _anchor(rule), tuple(findings), is_remark(rule))
        for rule, findings in by_requirement(run, run.findings)
    ]
    matrix = _matrix(run, entries)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(Path(__file__).with_name("report.html.j2").read_text(encoding="utf-8"))
    page = template.render(
        run=run,
        figures=summary(run),
        verdict=verdict(run),
        serious=sum(finding.level is Level.ERROR for finding in run.failing() if is_remark(finding.rule) and finding.rule != UNREAD),
        short=short_names(sorted(parties(run)), dict(run.labels)),
        requirements=[entry for entry in entries if not entry.remark],
        remarks=[entry for entry in entries if entry.remark],
        asked=_asked(entries),
        matrix=matrix,
        told=[(source, to, cell) for source, cells in matrix.items() for to, cell in cells.items() if cell != Cell()],
        picture=Markup(svg(run, alone=False)),  # noqa: S704  # every text in it is escaped
        words=WORDS,
        place=place,
        excerpt=lambda span: list(_excerpt(span, sources)),
    )
    return page.encode("utf-8", "replace").decode().translate(_TURNING) + "\n"


def _anchor(rule: str) -> str:
    return "".join(character if character.isascii() and character.isalnum() else "-" for character in rule)


def _asked(entries: Iterable[Entry]) -> list[Asked]:
    known = {entry.rule.id: entry for entry in entries}
    findings = (finding for entry in known.values() for finding in entry.findings)
    return [Asked(question, tuple(known[rule] for rule in rules)) for question, rules in asked(findings)]


def _matrix(run: Run, entries: Iterable[Entry]) -> dict[str, dict[str, Cell]]:
    """Source role → destination role → cell, from the flows and from the requirements between the two. Empty if no roles are known."""
    names = parties(run)
    cells = {(flow.source, flow.destination): Cell(flow.surely, flow.maybe) for flow in run.flows}
    for entry in entries:
        for source, destination in dict.fromkeys(pair for finding in entry.findings for pair in ends_of(finding, names)):
            cell = cells.get((source, destination), Cell())
            cells[source, destination] = Cell(cell.surely, cell.maybe, (*cell.entries, entry))
    sources = list(dict.fromkeys(source for source, _ in cells))
    destinations = list(dict.fromkeys(destination for _, destination in cells))
    return {source: {destination: cells.get((source, destination), Cell()) for destination in destinations} for source in sources}


def _excerpt(span: Span, sources: Sources) -> Iterator[Line]:
    """The lines around a place. Of a long block only its beginning is shown; where a secret was blanked, the whole line is marked."""
    first = max(1, span.line - CONTEXT)
    last = min(span.end_line, span.line + MAX_SPAN)
    raw = sources.text(span.path).removeprefix("\ufeff").split("\n") if span.path else []
    for number, line in enumerate(sources.lines(span.path, first, last + CONTEXT), first):
        if not span.line <= number <= last:
            yield Line(number, line, "", "")
            continue
        untouched = number <= len(raw) and raw[number - 1].rstrip("\r") == line
        start = span.column - 1 if number == span.line and untouched else len(line) - len(line.lstrip())
        end = span.end_column - 1 if number == span.end_line and untouched else len(line)
        yield Line(number, line[:start], line[start:end], line[end:])
