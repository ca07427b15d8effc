"""Spans as SARIF's locations: relative to the repository root, percent-encoded, one line each, columns in UTF-16 units."""

from __future__ import annotations

from urllib.parse import quote

from auditor.model.findings import Finding, Location, TraceStep
from auditor.model.record import dataclass, field
from auditor.model.source import Span
from auditor.report.base import Sources, in_repository
from auditor.report.sarif import objects as om
from auditor.report.sarif.linehash import line_hashes

ROOT = "%SRCROOT%"
CONTEXT = 2


@dataclass(slots=True)
class Places:
    """The places of one log. `fallback` stands in for a finding that has none."""

    sources: Sources
    prefix: str
    fallback: Span
    hashes: dict[tuple[str, int], str] = field(default_factory=dict)
    split: dict[str, list[str]] = field(default_factory=dict)

    def hash_lines(self, findings: list[Finding]) -> None:
        """Compute the line fingerprints of all findings, each file once."""
        wanted: dict[str, set[int]] = {}
        for finding in findings:
            span = self.span(finding)
            wanted.setdefault(span.path, set()).add(span.line)
        for path, lines in wanted.items():
            for line, found in line_hashes(self.sources.text(path), frozenset(lines)).items():
                self.hashes[path, line] = found

    def span(self, finding: Finding) -> Span:
        return self.within(finding.location.span) if finding.location else self.fallback

    def within(self, span: Span) -> Span:
        """The span, or where it lies behind the last line (something is missing there), the end of that line."""
        self.line(span.path, 1)
        lines = self.split[span.path]
        last = len(lines) - (len(lines) > 1 and not lines[-1])
        if span.line <= last or not any(lines):
            return span
        column = max(len(lines[last - 1].rstrip("\r")), 1)
        return Span(span.path, last, column, last, column + 1)

    def line_hash(self, finding: Finding) -> str:
        span = self.span(finding)
        return self.hashes.get((span.path, span.line)) or f"{finding.key[:16]}:1"

    def primary(self, finding: Finding) -> om.Location:
        return self.location(finding.location or Location(self.fallback), said="")  # the result's message says it

    def location(self, location: Location, number: int | None = None, said: str | None = None) -> om.Location:
        message = location.message if said is None else said
        return om.Location(
            id=number if number is not None else -1,
            message=om.Message(text=sentence(message)) if message else None,
            physical_location=self.physical(location.span),
            logical_locations=[om.LogicalLocation(fully_qualified_name=location.name)] if location.name else None,
        )

    def step(self, step: TraceStep, finding: Finding) -> om.ThreadFlowLocation:
        text = f"{step.hook}: {step.verdict}" if step.hook else step.verdict
        return om.ThreadFlowLocation(location=self.location(step.location or finding.location or Location(self.fallback), said=text))

    def physical(self, span: Span) -> om.PhysicalLocation:
        span = self.within(span)
        region = self.one_line(span)
        return om.PhysicalLocation(artifact_location=self.artifact(span.path), region=region, context_region=self.context(span))

    def artifact(self, path: str) -> om.ArtifactLocation:
        return om.ArtifactLocation(
            uri=quote(in_repository(path, self.prefix).encode("utf-8", "surrogateescape"), safe="/"), uri_base_id=ROOT
        )

    def one_line(self, span: Span) -> om.Region:
        """The span's first line's part: an annotation appears only where every line of it was changed."""
        line = self.line(span.path, span.line)
        end = span.end_column if span.end_line == span.line else len(line) + 1
        start_column, end_column = utf16_column(line, span.column), utf16_column(line, max(end, span.column + 1))
        shown = self.sources.lines(span.path, span.line, span.line)
        snippet = None
        if shown and shown[0].strip():
            text = line[span.column - 1 : end - 1] if shown[0] == line else ""
            snippet = om.ArtifactContent(text=text if text.strip() else shown[0])
        return om.Region(start_line=span.line, start_column=start_column, end_line=span.line, end_column=end_column, snippet=snippet)

    def exact(self, span: Span) -> om.Region:
        return om.Region(
            start_line=span.line,
            start_column=utf16_column(self.line(span.path, span.line), span.column),
            end_line=span.end_line,
            end_column=utf16_column(self.line(span.path, span.end_line), span.end_column),
        )

    def context(self, span: Span) -> om.Region | None:
        first = max(1, span.line - CONTEXT)
        lines = self.sources.lines(span.path, first, span.line + CONTEXT)
        if span.line - first >= len(lines):
            return None
        return om.Region(start_line=first, end_line=first + len(lines) - 1, snippet=om.ArtifactContent(text="\n".join(lines) + "\n"))

    def line(self, path: str, number: int) -> str:
        if path not in self.split:
            self.split[path] = self.sources.text(path).removeprefix("\ufeff").split("\n")
        lines = self.split[path]
        return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else ""


def utf16_column(line: str, column: int) -> int:
    """`column`, counted in characters, counted in UTF-16 units."""
    before = line[: column - 1]
    return column if before.isascii() else column + sum(character > "\uffff" for character in before)


def sentence(text: str) -> str:
    """`text` with a full stop, and with a capital where it begins with a word and not with a name such as aws_vpc.main."""
    text = text.strip()
    first = text.partition(" ")[0]
    start = text[:1].upper() if first.isalpha() else text[:1]
    return start + text[1:] + ("" if not text or text.endswith((".", "!", "?")) else ".")
