"""A baseline: the findings a project starts from, by semantic fingerprint, so that only new ones are told."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from auditor.model.findings import Finding
from auditor.policy.problems import PolicyError, Problem

_VERSION = 1


def baseline_text(findings: Iterable[Finding]) -> str:
    """The baseline file for the findings that fail: JSON, sorted, one entry a fingerprint, with rule and message for its readers."""
    entries = {
        finding.key: {"fingerprint": finding.key, "rule": finding.rule, "message": finding.message} for finding in findings if finding.fails
    }
    listed = sorted(entries.values(), key=lambda entry: (entry["rule"], entry["fingerprint"]))
    return json.dumps({"version": _VERSION, "findings": listed}, indent=2, ensure_ascii=False) + "\n"


def read_baseline(path: str) -> frozenset[str]:
    """The fingerprints of a baseline file. Raises `PolicyError` if it is none."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
        return frozenset(entry["fingerprint"] for entry in data["findings"] if isinstance(entry["fingerprint"], str))
    except OSError as error:
        raise PolicyError([Problem(f"baseline {path}: {error.strerror}")]) from None
    except (ValueError, KeyError, TypeError):
        raise PolicyError([Problem(f"baseline {path}: not a baseline file; write one with `auditor baseline`")]) from None
