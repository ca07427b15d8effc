"""A baseline: the findings a project starts from, by semantic fingerprint, so that only new ones are told.

A fingerprint survives moved lines. An entry whose file is gone stands for one finding that is the same but for the file's name.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from auditor.files import Tree
from auditor.model.findings import Finding
from auditor.model.record import dataclass, field
from auditor.policy.problems import PolicyError, Problem

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a file lists: fingerprints, and (path, fingerprint without it) of each."""

    keys: frozenset[str] = frozenset()
    places: tuple[tuple[str, str], ...] = ()
    _moved: Counter[str] = field(default_factory=Counter)

    def of(self, tree: Tree) -> Baseline:
        """The same for a tree: what stands for files that are gone may be elsewhere now."""
        gone = {path for path in {path for path, _ in self.places} if not tree.exists(path)}
        return Baseline(self.keys, self.places, Counter(anywhere for path, anywhere in self.places if path in gone))

    def holds(self, finding: Finding) -> bool:
        """Whether the finding is listed; an entry of a file that is gone stands for one."""
        if finding.key in self.keys:
            return True
        if not self._moved or not self._moved[finding.key_anywhere]:
            return False
        self._moved[finding.key_anywhere] -= 1
        return True


def baseline_text(findings: Iterable[Finding]) -> str:
    """The baseline file for the findings that fail: JSON, sorted, one entry a fingerprint, with rule and message for its readers."""
    entries = {finding.key: _entry(finding) for finding in findings if finding.fails}
    listed = sorted(entries.values(), key=lambda entry: (entry["rule"], entry["fingerprint"]))
    return json.dumps({"version": _VERSION, "findings": listed}, indent=2, ensure_ascii=False) + "\n"


def _entry(finding: Finding) -> dict[str, str]:
    place = {"path": finding.location.span.path, "anywhere": finding.key_anywhere} if finding.location is not None else {}
    return {"fingerprint": finding.key, "rule": finding.rule, "message": finding.message, **place}


def read_baseline(path: str) -> Baseline:
    """What a baseline file lists. Raises `PolicyError` if it is none."""
    try:
        entries = [
            entry for entry in json.loads(Path(path).read_text(encoding="utf-8"))["findings"] if isinstance(entry["fingerprint"], str)
        ]
        places = [(str(entry["path"]), str(entry["anywhere"])) for entry in entries if "path" in entry and "anywhere" in entry]
        return Baseline(frozenset(entry["fingerprint"] for entry in entries), tuple(places))
    except OSError as error:
        raise PolicyError([Problem(f"baseline {path}: {error.strerror}")]) from None
    except (ValueError, KeyError, TypeError, RecursionError):
        raise PolicyError([Problem(f"baseline {path}: not a baseline file; write one with `auditor baseline`")]) from None
