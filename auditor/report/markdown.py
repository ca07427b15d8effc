"""A run as Markdown, for a merge request's comment or a wiki: figures, a table of what failed, and the evidence of each folded away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.model.findings import Finding, Outcome, Run
from auditor.model.source import Span
from auditor.report.base import Options, Sources, advice, asked, by_requirement, outcome_of, place, shown
from auditor.report.verdict import figures, verdict

SIGNS = {Outcome.BROKEN: "❌ broken", Outcome.OPEN: "❔ open", Outcome.HOLDS: "✅ holds"}
CONTEXT = 2
MAX_FINDINGS = 100


def render(run: Run, sources: Sources, options: Options) -> str:
    """The page; with `show_passed` the table has every requirement."""
    groups = by_requirement(run, shown(run, options))
    lines = [*_head(run), *_table(run, groups), *_questions(run), *_roles(run)]
    failing = [(rule, finding) for rule, findings in groups for finding in findings if finding.fails and not _is_bare(finding)]
    if failing:
        lines += ["## Evidence", ""]
    for rule, finding in failing[:MAX_FINDINGS]:
        lines += _finding(rule, finding, sources)
    if len(failing) > MAX_FINDINGS:
        lines += [f"… and {len(failing) - MAX_FINDINGS} more findings, which the other formats list.", ""]
    return "\n".join(lines).rstrip() + "\n"


def _head(run: Run) -> Iterator[str]:
    yield from ("# Firewall audit", "", f"**{verdict(run).text}**", "", figures(run))
    names = ", ".join(f"`{ruleset.name}`" for ruleset in run.rulesets)
    yield f"Checked {len(run.inputs)} {'file' if len(run.inputs) == 1 else 'files'}{' against ' + names if names else ''}."
    yield ""


def _table(run: Run, groups: list[tuple[str, list[Finding]]]) -> Iterator[str]:
    if not groups:
        yield from ("Nothing to report.", "")
        return
    yield from ("| outcome | level | requirement | what | where |", "|---|---|---|---|---|")
    for rule, findings in groups:
        first = findings[0]
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        where = f"`{_code(place(first.location.span))}`" if first.location else ""
        title = run.rule(rule).title
        what = escape(title if title != rule else first.message) + more
        yield f"| {SIGNS[outcome_of(findings)]} | {first.level} | `{_code(rule)}` | {what} | {where} |"
    yield ""


def _is_bare(finding: Finding) -> bool:
    """Whether there is no evidence to show, only a question that is asked elsewhere."""
    return finding.outcome is Outcome.OPEN and finding.location is None and finding.witness is None and bool(finding.questions)


def _questions(run: Run) -> Iterator[str]:
    questions = asked(run.findings)
    if questions:
        yield from ("| not known | what would settle it | waiting for it |", "|---|---|---|")
        for question, rules in questions:
            where = f" `{_code(place(question.span))}`" if question.span else ""
            waiting = ", ".join(f"`{_code(rule)}`" for rule in rules)
            yield f"| {escape(question.reason)}{where} | {escape(question.settle) or '–'} | {waiting} |"
        yield ""


def _roles(run: Run) -> Iterator[str]:
    if run.bindings:
        yield from ("| role | is here | because of |", "|---|---|---|")
        yield from (f"| {escape(found.role)} | `{_code(found.target)}` | {escape(found.why)} |" for found in run.bindings)
        yield ""


def _finding(rule: str, finding: Finding, sources: Sources) -> Iterator[str]:
    yield from ("<details>", f"<summary>{SIGNS[finding.outcome]} <code>{_html(rule)}</code> {_html(finding.message)}</summary>", "")
    if finding.location:
        span = finding.location.span
        name = f" {escape(finding.location.name)}" if finding.location.name else ""
        yield from (f"At `{_code(place(span))}`{name}", "")
        yield from _excerpt(sources, span)
    if finding.witness:
        yield from (f"Packet: `{_code(finding.witness.text)}`", "")
    for number, step in enumerate(finding.trace, 1):
        rule_text = f": `{_code(step.rule)}`" if step.rule else ""
        where = f" (`{_code(place(step.location.span))}`)" if step.location else ""
        yield f"{number}. {escape(step.hook)} {escape(step.verdict)}{rule_text}{where}"
    if finding.trace:
        yield ""
    for question in finding.questions:
        yield f"- Not known: {escape(question.reason)}{'; ' + escape(question.settle) if question.settle else ''}"
    if finding.questions:
        yield ""
    for label, text in (("Because", finding.because), ("Do", advice(finding))):
        if text:
            yield from (f"{label}: {escape(text)}", "")
    yield from ("</details>", "")


def _excerpt(sources: Sources, span: Span) -> Iterator[str]:
    """The lines around a place, with their numbers; an arrow points at the one that is meant."""
    first = max(1, span.line - CONTEXT)
    found = sources.lines(span.path, first, span.line + CONTEXT)
    if not found:
        return
    width = len(str(first + len(found) - 1))
    lines = [f"{'→' if number == span.line else ' '} {number:{width}}  {line}" for number, line in enumerate(found, first)]
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", "\n".join(lines))), default=0))
    yield from (fence, *lines, fence, "")


def escape(text: str) -> str:
    """`text` on one line that Markdown and HTML leave as it is."""
    return re.sub(r"([\\`*_\[\]|~#@!])", r"\\\1", _html(text))


def _html(text: str) -> str:
    """`text` on one line that HTML leaves as it is, where Markdown is not read."""
    return " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _code(text: str) -> str:
    """`text` inside a code span, in a table too."""
    return " ".join(text.split()).replace("`", "'").replace("|", "\\|")
