"""A run as SARIF 2.1.0, in the shape GitHub code scanning accepts. Every result has a place, a level, a message and both fingerprints.

"Rule" is SARIF's word here: what the rest of the program calls a requirement or a lint. Results that are ignored are left out, since the
places that show them would show them as open; what the configuration does not decide is a note with `properties.outcome` "open".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import quote

from auditor.model.findings import Finding, Fix, Location, RuleInfo, Run
from auditor.model.source import Level, Span
from auditor.report.base import Options, Sources, said_level, shown, summary, urgency
from auditor.report.sarif import objects as om
from auditor.report.sarif.places import ROOT, Places, sentence
from auditor.report.sarif.serialise import dumps
from auditor.report.verdict import unread_text

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
HOME = "https://firewall-auditor.example"  # a name reserved for nobody: the format wants an address, and help travels in the log itself
MAX_RESULTS = 25_000
MAX_PLACES = 1_000
MAX_TEXT = 1_024


def render(run: Run, sources: Sources, options: Options) -> str:
    """The whole log, one run in it."""
    findings = sorted(shown(run, options), key=urgency(run))
    places = Places(sources, run.origin.prefix, _fallback(run))
    places.hash_lines(findings)
    rules = _rules(run, findings)
    index = {rule.id: number for number, rule in enumerate(rules)}
    repeats: Counter[str] = Counter()
    results = []
    for finding in findings[:MAX_RESULTS]:
        repeats[finding.key] += 1
        results.append(_result(finding, index[finding.rule], repeats[finding.key], places))
    return dumps(om.SarifLog(version="2.1.0", schema_uri=SCHEMA, runs=[_run(run, rules, results, len(findings))]))


def _run(run: Run, rules: list[RuleInfo], results: list[om.Result], found: int) -> om.Run:
    driver = om.ToolComponent(
        name="auditor",
        full_name=f"auditor {run.version}",
        semantic_version=run.version or "0",
        version=run.version or "0",
        information_uri=HOME,
        rules=[_descriptor(rule) for rule in rules],
    )
    return om.Run(
        tool=om.Tool(driver=driver),
        automation_details=om.RunAutomationDetails(id=_segments("auditor", run.origin.prefix) + "/"),
        column_kind="utf16CodeUnits",
        original_uri_base_ids={ROOT: om.ArtifactLocation(description=om.Message(text="The root of the repository."))},
        version_control_provenance=_provenance(run),
        invocations=[om.Invocation(execution_successful=True, tool_execution_notifications=[*_notifications(run, found)] or None)],
        results=results,
    )


def _notifications(run: Run, found: int) -> Iterator[om.Notification]:
    """What keeps the results from being all there is to find."""
    if summary(run).unread:
        yield _error(unread_text(run))
    if found > MAX_RESULTS:
        listed = f"of which the {MAX_RESULTS} most serious are listed: no place that reads this takes more."
        yield _error(f"{found} results were found, {listed}")


def _error(text: str) -> om.Notification:
    return om.Notification(message=om.Message(text=text), level="error")


def _provenance(run: Run) -> list[om.VersionControlDetails] | None:
    if not run.origin.repository:
        return None
    return [
        om.VersionControlDetails(
            repository_uri=run.origin.repository,
            revision_id=run.origin.revision or None,
            mapped_to=om.ArtifactLocation(uri_base_id=ROOT),
        )
    ]


def _segments(*parts: str) -> str:
    return "/".join(part.strip("/") for part in parts if part.strip("/"))


# rules


def _rules(run: Run, findings: list[Finding]) -> list[RuleInfo]:
    """The rules with a result, and all of the run's: each once, by id."""
    known = {info.id: info for info in run.rules}
    for finding in findings:
        known.setdefault(finding.rule, RuleInfo(finding.rule, finding.rule, level=finding.level))
    return [known[rule] for rule in sorted(known)]


def _descriptor(rule: RuleInfo) -> om.ReportingDescriptor:
    level = rule.level.value
    properties = {
        "tags": list(dict.fromkeys(("security", "network", *rule.tags)))[:20],
        "precision": rule.precision,
        "problem.severity": "recommendation" if rule.level is Level.NOTE else level,
    }
    if rule.security_severity is not None:
        properties["security-severity"] = f"{min(max(rule.security_severity, 0.1), 10.0):.1f}"
    title = sentence(rule.title or rule.id)
    required = f"Required by {rule.document}{', ' + rule.section if rule.section else ''}." if rule.document else ""
    whole = " ".join(filter(None, (sentence(rule.description), sentence(rule.because) if rule.because else "", required))) or title
    return om.ReportingDescriptor(
        id=rule.id,
        name="".join(word[:1].upper() + word[1:] for word in re.split(r"[^0-9A-Za-z]+", rule.id))[:255],
        short_description=om.MultiformatMessageString(text=title[:MAX_TEXT]),
        full_description=om.MultiformatMessageString(text=whole[:MAX_TEXT]),
        help=om.MultiformatMessageString(text=_plain(rule.help) or whole, markdown=rule.help or whole),
        help_uri=f"{HOME}/{quote(rule.id)}",
        default_configuration=om.ReportingConfiguration(level=level),
        properties=properties,
    )


def _plain(markdown: str) -> str:
    return re.sub(r"[`*]|^#+ ", "", markdown, flags=re.MULTILINE).strip()


# results


def _result(finding: Finding, index: int, repeat: int, places: Places) -> om.Result:
    primary = places.primary(finding)
    related = [location for location in finding.related if location.span.path][: MAX_PLACES - 1]
    return om.Result(
        rule_id=finding.rule,
        rule_index=index,
        level="none" if not finding.fails else said_level(finding).value,
        kind="fail" if finding.fails else "pass",
        message=om.Message(text=_message(finding, related)),
        locations=[primary],
        related_locations=[places.location(location, number) for number, location in enumerate(related, 1)] or None,
        code_flows=_flows(finding, places),
        fixes=[_fix(fix, places) for fix in finding.fixes] or None,
        partial_fingerprints={
            "primaryLocationLineHash": places.line_hash(finding),
            "auditor/v1": finding.key if repeat == 1 else f"{finding.key}:{repeat}",
        },
        properties=_properties(finding),
    )


def _message(finding: Finding, related: list[Location]) -> str:
    parts = [_escaped(sentence(finding.message))]
    if finding.witness:
        parts.append(f"Packet: {_escaped(finding.witness.text)}.")
    parts += [f"Not known: {_escaped(question.reason)}.{_advice(question.settle)}" for question in finding.questions[:5]]
    if related:
        parts.append("See " + ", ".join(f"[{_link(location)}]({number})" for number, location in enumerate(related, 1)) + ".")
    if finding.help and finding.fails:
        parts.append(_escaped(sentence(finding.help)))
    return " ".join(parts)


def _advice(settle: str) -> str:
    return f" {_escaped(sentence(settle))}" if settle else ""


def _escaped(text: str) -> str:
    """Text that can be mistaken for no link."""
    return text.replace("](", "] (")


def _link(location: Location) -> str:
    """The text of a link: brackets escaped, as the format asks."""
    return re.sub(r"([\[\]\\])", r"\\\1", location.message or location.name or str(location.span))


def _properties(finding: Finding) -> dict[str, object]:
    properties: dict[str, object] = {"outcome": finding.outcome.value}
    if finding.witness:
        properties["witness"] = dict(finding.witness.fields) or finding.witness.text
    if finding.questions:
        properties["unknown"] = [question.reference or question.reason for question in finding.questions]
    return properties | {name: value for name, value in finding.properties if name not in properties}


def _flows(finding: Finding, places: Places) -> list[om.CodeFlow] | None:
    """The way of the packet, and the chain that led to the deciding text, as one flow a reader steps through."""
    steps = [places.step(step, finding) for step in finding.trace[:MAX_PLACES]]
    if not steps:
        return None
    message = om.Message(text=f"The way of {finding.witness.text}." if finding.witness else "The way of the packet.")
    return [om.CodeFlow(message=message, thread_flows=[om.ThreadFlow(locations=steps)])]


def _fix(fix: Fix, places: Places) -> om.Fix:
    changes: dict[str, list[om.Replacement]] = {}
    for edit in fix.edits:
        region = places.exact(edit.span)
        replacement = om.Replacement(deleted_region=region, inserted_content=om.ArtifactContent(text=edit.replacement))
        changes.setdefault(edit.span.path, []).append(replacement)
    return om.Fix(
        description=om.Message(text=sentence(fix.description)),
        artifact_changes=[
            om.ArtifactChange(artifact_location=places.artifact(path), replacements=found) for path, found in changes.items()
        ],
        properties={"safe": fix.safe},
    )


def _fallback(run: Run) -> Span:
    """Where a finding without a place is shown: GitHub takes none without."""
    return Span.of_file(min((item.path for item in run.inputs), default="auditor.yaml"))
