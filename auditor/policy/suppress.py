"""Findings that somebody accepted: inline comments, auditor.yaml, a baseline. An ignore needs a reason and must still match something.

`# auditor: ignore[talos/etcd] reason` counts for its own line and, on a line of its own, for the next; in a file's first lines, before
anything else, for the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from fnmatch import fnmatchcase

from auditor.files import Tree, Unreadable, read_text
from auditor.model.findings import Finding, Location, Outcome
from auditor.model.record import dataclass
from auditor.model.source import Level, Span
from auditor.policy.baseline import Baseline, read_baseline
from auditor.policy.config import Config, Ignore
from auditor.policy.problems import nearest

_INLINE = re.compile(r"(?P<lead>^|.*?)(?P<mark>#|//|;|!|<!--|\bremark\b)\s*auditor:\s*ignore(?:\[(?P<rules>[^\]]*)\])?(?P<reason>.*)$")
Kept = tuple[tuple[Finding, ...], tuple[tuple[Finding, str], ...]]


@dataclass(frozen=True, slots=True)
class _Comment:
    """An inline ignore: the lines it counts for (all of the file if empty)."""

    rules: tuple[str, ...]
    reason: str
    span: Span
    lines: frozenset[int]

    def accepts(self, finding: Finding) -> bool:
        span = finding.location.span if finding.location else None
        if span is None or span.path != self.span.path:
            return False
        here = not self.lines or bool(self.lines & set(range(span.line, max(span.end_line, span.line) + 1)))
        return here and any(fnmatchcase(finding.rule, rule) for rule in self.rules)


def suppress(findings: tuple[Finding, ...], tree: Tree, config: Config, baseline: str | None, ignores: bool) -> Kept:
    """(the findings that count, those set aside with the reason). Ignores that are wrong, unused or expired are findings themselves."""
    known = read_baseline(baseline).of(tree) if baseline is not None else Baseline()
    comments = tuple(_comments(tree, findings)) if ignores else ()
    entries = config.ignores if ignores else ()
    used: set[int] = set()
    kept: list[Finding] = []
    ignored: list[tuple[Finding, str]] = []
    for finding in findings:
        reason = _reason(finding, comments, entries, used) if finding.fails else None
        if reason is None and finding.fails and known.holds(finding):
            reason = "in the baseline"
        if reason is None:
            kept.append(finding)
        else:
            ignored.append((finding, reason))
    kept += _complaints(comments, entries, used, {finding.rule for finding in findings})
    return tuple(kept), tuple(ignored)


def _reason(finding: Finding, comments: tuple[_Comment, ...], entries: tuple[Ignore, ...], used: set[int]) -> str | None:
    """Why a finding is accepted; None if it is not. Every ignore that speaks of it counts as used."""
    accepting: list[_Comment | Ignore] = [each for each in comments if each.reason and each.accepts(finding)]
    accepting += [each for each in entries if _listed(each, finding)]
    used.update(map(id, accepting))
    return accepting[0].reason if accepting else None


def _listed(entry: Ignore, finding: Finding) -> bool:
    if entry.until is not None and entry.until < date.today():
        return False
    path = finding.location.span.path if finding.location else ""
    here = entry.path is None or any(fnmatchcase(path, pattern) for pattern in (entry.path, f"{entry.path.rstrip('/')}/*"))
    tracked = not entry.tracker or entry.tracker in dict(finding.properties).get("address", "").split()
    return fnmatchcase(finding.rule, entry.rule) and here and tracked


def _comments(tree: Tree, findings: Iterable[Finding]) -> Iterable[_Comment]:
    """The inline ignores of every file that has a finding or was found to be about one."""
    paths = dict.fromkeys(finding.location.span.path for finding in findings if finding.location is not None)
    for path in paths:
        try:
            data = tree.read_bytes(path)
        except Unreadable:
            continue
        if b"auditor:" in data:
            yield from _comments_of(tree, path)


def _comments_of(tree: Tree, path: str) -> Iterable[_Comment]:
    try:
        lines = read_text(tree, path).text.split("\n")
    except Unreadable:
        return
    began = False
    for number, line in enumerate(lines, 1):
        found = _INLINE.match(line)
        alone = found is not None and (not found["lead"].strip() or (found["mark"] == "remark" and found["lead"].strip().isdigit()))
        if found is not None:
            rules = tuple(rule.strip() for rule in (found["rules"] or "").split(",") if rule.strip())
            column = found.start("mark") + 1
            span = Span(path, number, column, number, len(line.rstrip("\r")) + 1)
            scope = frozenset({number, number + 1} if alone else {number}) if began or not alone else frozenset[int]()
            yield _Comment(rules, found["reason"].replace("-->", "").strip(" \t\r:-"), span, scope)
        elif line.strip() and not line.lstrip().startswith(("#", "//", "!", ";", "<?xml")):
            began = True


def _complaints(comments: tuple[_Comment, ...], entries: tuple[Ignore, ...], used: set[int], asked: set[str]) -> Iterable[Finding]:
    for comment in comments:
        if not comment.rules or not comment.reason:
            what = "name what is ignored, as in ignore[talos/etcd]" if not comment.rules else "say why: an ignore needs a reason"
            yield _complaint("auditor/ignore-without-reason", f"this ignore has no effect: {what}", comment.span, Level.ERROR)
        elif id(comment) not in used:
            yield _complaint("auditor/unused-ignore", f"nothing is ignored here: {_named(comment.rules, asked)}", comment.span)
    for entry in entries:
        if entry.until is not None and entry.until < date.today():
            yield _complaint("auditor/expired-ignore", f"the ignore of {entry.rule} ended on {entry.until.isoformat()}", entry.span)
        elif id(entry) not in used:
            yield _complaint("auditor/unused-ignore", f"nothing is ignored by the entry for {_named((entry.rule,), asked)}", entry.span)


def _named(rules: tuple[str, ...], asked: set[str]) -> str:
    """The ids that an ignore names; one that nothing here is called by, with the one that was perhaps meant."""
    close = {rule: nearest(rule, asked) for rule in rules if not any(fnmatchcase(each, rule) for each in asked)}
    return ", ".join(f"{rule} (did you mean {close[rule]}?)" if close.get(rule) else rule for rule in rules)


def _complaint(rule: str, message: str, span: Span, level: Level = Level.WARNING) -> Finding:
    return Finding(rule, Outcome.BROKEN, level, message, location=Location(span))
