"""A run as GitLab Code Quality: a JSON list of issues. Fingerprints are unique and semantic, so that moved lines are no new issues."""

from __future__ import annotations

import json
from collections import Counter

from auditor.model.findings import Finding, Outcome, Run
from auditor.model.source import Level
from auditor.report.base import Options, Sources, in_repository, urgency

SEVERITIES = {Level.ERROR: "critical", Level.WARNING: "major", Level.NOTE: "minor"}


def render(run: Run, sources: Sources, options: Options) -> str:
    """The failing findings, most serious first; what is open is "info"."""
    del sources, options
    fallback = min((item.path for item in run.inputs), default="auditor.yaml")
    seen: Counter[str] = Counter()
    issues = []
    for finding in sorted(run.failing(), key=urgency(run)):
        seen[finding.key] += 1
        span = finding.location.span if finding.location else None
        issues.append(
            {
                "description": _description(finding),
                "check_name": finding.rule,
                "fingerprint": finding.key if seen[finding.key] == 1 else f"{finding.key}-{seen[finding.key]}",
                "severity": SEVERITIES[finding.level] if finding.outcome is Outcome.BROKEN else "info",
                "location": {
                    "path": in_repository(span.path if span else fallback, run.origin.prefix),
                    "lines": {"begin": span.line if span else 1},
                },
            }
        )
    return json.dumps(issues, ensure_ascii=False, indent=2).encode("utf-8", "replace").decode() + "\n"


def _description(finding: Finding) -> str:
    """One line: GitLab shows no more."""
    text = " ".join(finding.message.split())
    if finding.outcome is Outcome.OPEN and finding.questions:
        return f"{text} (not known: {finding.questions[0].reason})"
    return f"{text} (packet: {finding.witness.text})" if finding.witness else text
