"""A run as JUnit XML: a suite a ruleset, a case a requirement. Broken is a failure, open is skipped, an unreadable file is an error.

A passing case is a requirement that holds, so all requirements are listed whatever was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree import ElementTree as ET

from auditor.model.findings import Finding, Outcome, Run
from auditor.report.base import UNREAD, Options, Sources, advice, by_requirement, place


def render(run: Run, sources: Sources, options: Options) -> str:
    """The document, `testsuites` at its root."""
    del sources, options
    suites: dict[str, list[tuple[str, list[Finding]]]] = {}
    for rule, findings in sorted(by_requirement(run, run.findings)):
        suites.setdefault(rule.rpartition("/")[0] or rule, []).append((rule, findings))
    root = ET.Element("testsuites", name="auditor")
    totals = [_suite(root, run, name, cases) for name, cases in suites.items()]
    for at, kind in enumerate(("tests", "failures", "errors", "skipped")):
        if kind != "skipped":
            root.set(kind, str(sum(total[at] for total in totals)))
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(root: ET.Element, run: Run, name: str, rules: list[tuple[str, list[Finding]]]) -> tuple[int, int, int, int]:
    suite = ET.SubElement(root, "testsuite", name=_text(name))
    cases = [_case(suite, run, rule, findings) for rule, findings in rules]
    counts = (len(cases), cases.count("failure"), cases.count("error"), cases.count("skipped"))
    for kind, count in zip(("tests", "failures", "errors", "skipped"), counts, strict=True):
        suite.set(kind, str(count))
    return counts


def _case(suite: ET.Element, run: Run, rule: str, findings: list[Finding]) -> str:
    case = ET.SubElement(suite, "testcase", name=_text(rule), classname=_text(f"auditor.{rule.replace('/', '.')}"), time="0")
    title = run.rule(rule).title
    broken = [finding for finding in findings if finding.outcome is Outcome.BROKEN]
    opened = [finding for finding in findings if finding.outcome is Outcome.OPEN]
    kind = ("error" if rule == UNREAD else "failure") if broken else "skipped" if opened else ""
    if kind:
        said = broken or opened
        node = ET.SubElement(case, kind, message=_text(said[0].message))
        if kind != "skipped":
            node.set("type", said[0].level.value)
        node.text = _text("\n\n".join(_finding(finding) for finding in said))
    elif title != rule:
        held = (finding.message.removeprefix(f"{title}: ") for finding in findings)
        ET.SubElement(case, "system-out").text = _text("\n".join([title, *held]))
    return kind


def _finding(finding: Finding) -> str:
    lines = [finding.message]
    if finding.location:
        lines.append(f"at {place(finding.location.span)} {finding.location.name}".rstrip())
    if finding.witness:
        lines.append(f"packet: {finding.witness.text}")
    lines += [f"way: {step.hook} {step.verdict} {step.rule}".rstrip() for step in finding.trace]
    lines += _questions(finding)
    if advice(finding):
        lines.append(f"do: {advice(finding)}")
    return "\n".join(lines)


def _questions(finding: Finding) -> Iterable[str]:
    return (f"unknown: {question.reason}; {question.settle}".rstrip("; ") for question in finding.questions)


def _text(text: str) -> str:
    """`text` without the characters XML has no way to write."""
    return "".join(c if c in "\t\n" or " " <= c < "\ud800" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000" else "\ufffd" for c in text)
