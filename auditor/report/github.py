"""A run as GitHub workflow commands: an annotation a line on standard output.

The most serious come first, since only the first ten of each level are shown.
"""

from __future__ import annotations

from auditor.model.findings import Finding, Run
from auditor.model.source import Level
from auditor.report.base import Options, Sources, advice, in_repository, said_level, urgency
from auditor.report.verdict import figures

COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def render(run: Run, sources: Sources, options: Options) -> str:
    """One command a failing finding, then the figures as a plain line."""
    del sources, options
    commands = [_command(run, finding) for finding in sorted(run.failing(), key=urgency(run))]
    return "".join(f"{line}\n" for line in [*commands, f"auditor: {figures(run)}"])


def _command(run: Run, finding: Finding) -> str:
    title = run.rule(finding.rule).title
    properties = {"title": finding.rule if title == finding.rule else f"{finding.rule}: {title}"}
    if finding.location:
        span = finding.location.span
        properties = {"file": in_repository(span.path, run.origin.prefix), "line": str(span.line), "col": str(span.column)} | properties
        if span.end_line == span.line:  # a range of lines is shown at its end, far from what is meant
            properties["endColumn"] = str(span.end_column)
    written = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{COMMANDS[said_level(finding)]} {written}::{_data(_message(finding))}"


def _message(finding: Finding) -> str:
    lines = [finding.message]
    if finding.witness:
        lines.append(f"Packet: {finding.witness.text}")
    lines += [f"Not known: {question.reason}{'; ' + question.settle if question.settle else ''}" for question in finding.questions[:5]]
    if advice(finding):
        lines.append(f"Do: {advice(finding)}")
    return "\n".join(lines)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
