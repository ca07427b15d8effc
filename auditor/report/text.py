"""A run for the terminal: who is who, then what is wrong, each with its packet, its way and its line, then the figures.

The most pressing stands last, next to the figures, where the eye is when the run ends.
Everything that comes from a configuration passes `clean`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from enum import Enum
from textwrap import wrap

from auditor.model.findings import Finding, Location, Outcome, Question, Run, TraceStep
from auditor.model.source import Level
from auditor.report.base import Options, Sources, by_requirement, is_remark, outcome_of, place, shown
from auditor.report.verdict import figures, nothing_checked, outcomes, worst_level

INDENT = "  "
LABEL = 9
LONGEST_TRACE = 12
LISTED = 6
IN_FULL = 5
MOST_OTHERS = 12


class Ink(Enum):
    """What a colour means; the value is the terminal's code."""

    BROKEN = "1;31"
    WARNING = "1;33"
    NOTE = "1;34"
    OPEN = "1;35"
    HOLDS = "32"
    NAME = "1"
    FAINT = "2"


def render(run: Run, sources: Sources, options: Options) -> str:
    """The report, ending in one line of figures."""
    page = _Page(sources, options)
    findings = shown(run, options)
    sections = [] if options.quiet else [page.setting(run)]
    together, alone = _gather([finding for finding in findings if finding.outcome is Outcome.OPEN])
    sections += [page.passed([finding for finding in findings if not finding.fails])]
    sections += [page.unsettled(questions, members) for questions, members in together]
    failing = [*alone, *(finding for finding in findings if finding.outcome is Outcome.BROKEN)]
    sections += [page.requirement(run, rule, members) for rule, members in reversed(by_requirement(run, failing))]
    return "\n".join("\n".join(lines) + "\n" for lines in [*(list(section) for section in sections), page.figures(run)] if lines)


def _gather(findings: list[Finding]) -> tuple[list[tuple[tuple[Question, ...], list[Finding]]], list[Finding]]:
    """Open findings that hang on the same questions, to be said once, and those that stand alone.

    Where nobody is bound to ask about, the first who is missing is enough to belong together: there is nothing else to say of each.
    """
    groups: dict[tuple[Question, ...], list[Finding]] = {}
    for finding in findings:
        bare = finding.location is None and finding.witness is None
        groups.setdefault(finding.questions[:1] if bare else finding.questions, []).append(finding)
    together = [
        (tuple(dict.fromkeys(question for finding in members for question in finding.questions)), members)
        for questions, members in groups.items()
        if questions and len(members) > 1
    ]
    alone = [finding for questions, members in groups.items() if not questions or len(members) == 1 for finding in members]
    return together, alone


class _Page:
    """How things are laid out on one terminal."""

    def __init__(self, sources: Sources, options: Options) -> None:
        self.sources = sources
        self.options = options

    def ink(self, text: str, ink: Ink) -> str:
        return f"\x1b[{ink.value}m{text}\x1b[0m" if self.options.colour and text else text

    def labelled(self, label: str, text: str, ink: Ink | None = None) -> Iterator[str]:
        """`text` wrapped beside a label in the margin."""
        room = max(self.options.width - LABEL - len(INDENT), 30)
        margin = INDENT + self.ink(label, Ink.FAINT) + " " * (LABEL - len(label))
        for number, line in enumerate(wrap(clean(text), room, break_on_hyphens=False, break_long_words=False) or [""]):
            yield (margin if number == 0 else " " * (LABEL + len(INDENT))) + (self.ink(line, ink) if ink else line)

    def setting(self, run: Run) -> Iterator[str]:
        """What was read, checked against what, and who the roles are."""
        kinds: dict[str, int] = {}
        for item in run.inputs:
            kinds[item.format] = kinds.get(item.format, 0) + 1
        if kinds:
            yield (
                self.ink("Read", Ink.NAME)
                + "  "
                + ", ".join(f"{number} {kind} {_plural('file', number)}" for kind, number in kinds.items())
            )
        for ruleset in run.rulesets:
            yield self.ink("Checked against", Ink.NAME) + f"  {ruleset.name}" + self.ink(f"  {clean(ruleset.why)}", Ink.FAINT)
        if run.inputs and [ruleset.why for ruleset in run.rulesets] == ["always"]:
            yield self.ink("No sign of a product was seen: name its ruleset with -r; `auditor rulesets` lists them.", Ink.FAINT)
        if run.bindings:
            yield self.ink("Roles", Ink.NAME)
        width = max((len(binding.role) for binding in run.bindings), default=0)
        previous = ""
        for binding in run.bindings:
            role = binding.role if binding.role != previous else ""
            yield from self.binding(f"{INDENT}{role:{width}}  ", clean(binding.target), clean(binding.why))
            previous = binding.role

    def binding(self, margin: str, target: str, why: str) -> Iterator[str]:
        """Who plays a role, and why: on one line if it fits, else each wrapped by itself."""
        room = max(self.options.width - len(margin), 30)
        if len(target) + len(why) + 2 <= room:
            yield f"{margin}{target}" + self.ink(f"  {why}", Ink.FAINT)
            return
        lines = wrap(target, room, break_on_hyphens=False) or [""]
        whys = wrap(why, room, break_on_hyphens=False, max_lines=1 if self.options.quiet else 2, placeholder=" …")
        yield margin + lines[0]
        yield from (" " * len(margin) + line for line in lines[1:])
        yield from (" " * len(margin) + self.ink(line, Ink.FAINT) for line in whys)

    def passed(self, findings: list[Finding]) -> Iterator[str]:
        for finding in findings:
            witness = self.ink(f"  {clean(finding.witness.text)}", Ink.FAINT) if finding.witness else ""
            yield f"{self.ink('holds', Ink.HOLDS)}  {self.ink(finding.rule, Ink.NAME)}  {clean(finding.message)}{witness}"

    def unsettled(self, questions: tuple[Question, ...], findings: list[Finding]) -> Iterator[str]:
        """Several findings that wait for the same answers."""
        rules = ", ".join(dict.fromkeys(finding.rule for finding in findings))
        first, *others = wrap(rules, max(self.options.width - 6, 34), break_on_hyphens=False, break_long_words=False)
        yield f"{self.ink('open', Ink.OPEN)}  {self.ink(first, Ink.NAME)}"
        yield from ("      " + self.ink(line, Ink.NAME) for line in others)
        for question in questions[:LISTED]:
            yield from self.question(question)

    def requirement(self, run: Run, rule: str, findings: list[Finding]) -> Iterator[str]:
        """One requirement or lint with all its findings; its reason is said once."""
        info = run.rule(rule)
        title = f"  {clean(info.title)}" if info.title != rule else ""
        yield f"{self.verdict(findings)}  {self.ink(rule, Ink.NAME)}{title}"
        in_full = findings if self.options.whole else findings[:IN_FULL]
        for finding in in_full:
            yield from self.finding(finding, info.title)
        others = findings[len(in_full) :]
        places = Counter(finding.location.span for finding in findings if finding.location)
        for finding in others[:MOST_OTHERS]:
            where, message = finding.location, finding.message.removeprefix(f"{info.title}: ")
            told_apart = where.name if where and places[where.span] == 1 else message
            yield from self.labelled("also", f"{place(where.span)}  {told_apart}" if where else message)
        if len(others) > MOST_OTHERS:
            yield from self.labelled("", f"… {len(others) - MOST_OTHERS} more: -v shows them", Ink.FAINT)
        told = {question.settle for finding in in_full for question in finding.questions}
        for text in dict.fromkeys(finding.help for finding in findings if finding.help and finding.help not in told):
            yield from self.labelled("do", text)
        because = findings[0].because or info.because
        if because:
            yield from self.labelled("because", because)
        if info.document:
            yield from self.labelled(
                "source" if is_remark(rule) else "required", f"{info.document}{', ' + info.section if info.section else ''}", Ink.FAINT
            )

    def verdict(self, findings: list[Finding]) -> str:
        if outcome_of(findings) is Outcome.OPEN:
            return self.ink("open", Ink.OPEN)
        level = worst_level(findings)
        word = level.value if is_remark(findings[0].rule) or level is not Level.ERROR else "broken"
        return self.ink(word, {Level.ERROR: Ink.BROKEN, Level.WARNING: Ink.WARNING, Level.NOTE: Ink.NOTE}[level])

    def finding(self, finding: Finding, title: str) -> Iterator[str]:
        yield from wrap(
            clean(finding.message.removeprefix(f"{title}: ")),
            max(self.options.width, 40),
            initial_indent=INDENT,
            subsequent_indent=INDENT,
            break_on_hyphens=False,
        )
        if finding.location:
            yield from self.excerpt(finding.location)
        for related in finding.related[:LISTED]:
            yield from self.labelled("see", f"{place(related.span)}  {related.message or related.name}")
        if finding.witness:
            yield from self.labelled("packet", finding.witness.text, Ink.NAME)
        yield from self.trace(finding.trace, finding.location)
        for question in finding.questions[:LISTED]:
            yield from self.question(question, finding.location)
        for fix in finding.fixes:
            yield from self.labelled("fix", f"{fix.description}{'' if fix.safe else ' (look at it first)'}")

    def excerpt(self, location: Location) -> Iterator[str]:
        """The place, and the line there with the deciding part underlined."""
        span = location.span
        name = self.ink(f"  {clean(location.name)}", Ink.FAINT) if location.name else ""
        yield f"{INDENT}{self.ink('at', Ink.FAINT)}{' ' * (LABEL - 2)}{self.ink(clean(place(span)), Ink.NAME)}{name}"
        line = next(iter(self.sources.lines(span.path, span.line, span.line)), "").replace("\t", " ")
        if not line.strip() or self.options.quiet:
            return
        number = f"{span.line:>{LABEL - 1}} "
        room = max(self.options.width - LABEL - 6, 30)
        yield f"{INDENT}{self.ink(number + '│', Ink.FAINT)} {line[:room]}"
        end = span.end_column if span.end_line == span.line else len(line.rstrip()) + 1
        marks = "^" * (min(max(end - span.column, 1), room - span.column + 1))
        if marks:
            yield f"{INDENT}{self.ink(' ' * LABEL + '│', Ink.FAINT)} {' ' * (span.column - 1)}{self.ink(marks, Ink.BROKEN)}"

    def trace(self, trace: tuple[TraceStep, ...], near: Location | None) -> Iterator[str]:
        """The packet's way; places in the file that was just named are told by their line alone."""
        steps = trace if self.options.whole else trace[:LONGEST_TRACE]
        for number, step in enumerate(steps):
            here = step.location is not None and near is not None and step.location.span.path == near.span.path
            where = (f" (line {step.location.span.line})" if here else f" ({place(step.location.span)})") if step.location else ""
            rule = f": {step.rule}" if step.rule else ""
            yield from self.labelled("way" if number == 0 else "", f"{step.hook} {step.verdict}{rule}{where}")
        if len(steps) < len(trace):
            yield from self.labelled("", f"… {len(trace) - len(steps)} more steps: -v shows them", Ink.FAINT)

    def question(self, question: Question, near: Location | None = None) -> Iterator[str]:
        here = question.span is not None and near is not None and question.span == near.span
        where = f" ({place(question.span)})" if question.span and not here else ""
        yield from self.labelled("unknown", f"{question.reason}{where}{'; ' + question.settle if question.settle else ''}")

    def figures(self, run: Run) -> list[str]:
        if empty := nothing_checked(run):
            return [self.ink(empty, Ink.WARNING)]
        inks = {Outcome.BROKEN: Ink.BROKEN, Outcome.OPEN: Ink.OPEN, Outcome.HOLDS: Ink.HOLDS}
        line = figures(run)
        for outcome, part in outcomes(run):
            line = line.replace(part, self.ink(part, Ink.FAINT if part.startswith("0 ") else inks[outcome]), 1)
        return [line]


def clean(text: str) -> str:
    """`text` on one line, without characters that steer a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c in "\n\t" else f"\\u{ord(c):04x}" for c in text)


def _plural(word: str, number: int) -> str:
    return word if number == 1 else word + "s"
