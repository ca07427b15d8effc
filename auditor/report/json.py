"""A run as one JSON object for scripts: `{"version", "findings": […], "summary": {…}, …}`. Keys are only ever added."""

from __future__ import annotations

import json
from typing import Any

from auditor.model.findings import Finding, Fix, Question, Run, TraceStep
from auditor.model.record import asdict
from auditor.model.source import Span
from auditor.report.base import Options, Sources, shown, summary

Object = dict[str, Any]


def render(run: Run, sources: Sources, options: Options) -> str:
    """The failing findings, and with `show_passed` every requirement with its outcome."""
    del sources  # spans are enough for a program
    document = {
        "version": run.version,
        "findings": [_finding(finding) for finding in shown(run, options)],
        "ignored": [_finding(finding) | {"reason": reason} for finding, reason in run.ignored],
        "roles": [{"role": found.role, "target": found.target, "why": found.why} for found in run.bindings],
        "rulesets": [{"name": found.name, "title": found.title, "why": found.why} for found in run.rulesets],
        "inputs": [{"path": found.path, "format": found.format} for found in run.inputs],
        "flows": [
            {"from": flow.source, "to": flow.destination, "surely": list(flow.surely), "maybe": list(flow.maybe)} for flow in run.flows
        ],
        "summary": asdict(summary(run)),
    }
    return json.dumps(document, ensure_ascii=False, indent=2).encode("utf-8", "replace").decode() + "\n"


def _finding(finding: Finding) -> Object:
    place = _place(finding.location.span) if finding.location else {"path": None, "line": None, "column": None}
    return {
        "rule": finding.rule,
        "outcome": finding.outcome.value,
        "level": finding.level.value,
        "message": finding.message,
        **place,
        "name": finding.location.name if finding.location else "",
        "witness": {"text": finding.witness.text, **dict(finding.witness.fields)} if finding.witness else None,
        "trace": [_step(step) for step in finding.trace],
        "related": [_place(related.span) | {"message": related.message, "name": related.name} for related in finding.related],
        "unknown": [_question(question) for question in finding.questions],
        "fixes": [_fix(fix) for fix in finding.fixes],
        "because": finding.because,
        "help": finding.help,
        "properties": dict(finding.properties),
        "fingerprint": finding.key,
    }


def _place(span: Span) -> Object:
    return {"path": span.path, "line": span.line, "column": span.column, "end_line": span.end_line, "end_column": span.end_column}


def _step(step: TraceStep) -> Object:
    place = _place(step.location.span) if step.location else {}
    return {"hook": step.hook, "verdict": step.verdict, "rule": step.rule, **place}


def _question(question: Question) -> Object:
    place = _place(question.span) if question.span else {}
    return {"reason": question.reason, "settle": question.settle, "reference": question.reference, **place}


def _fix(fix: Fix) -> Object:
    edits = [_place(edit.span) | {"replacement": edit.replacement} for edit in fix.edits]
    return {"description": fix.description, "safe": fix.safe, "edits": edits}
