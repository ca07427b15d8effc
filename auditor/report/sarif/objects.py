"""The parts of a SARIF 2.1.0 log that are written here, by the names of sarif_om, to which a test holds every class and field.

They are records of our own, since defining sarif_om's classes takes three times as long as a bare interpreter takes to start.
A field that is None is not written; `level` is never None, since a result without one takes its rule's level, not the schema's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditor.model.record import dataclass

Properties = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Message:
    text: str


@dataclass(frozen=True, slots=True)
class MultiformatMessageString:
    text: str
    markdown: str | None = None


@dataclass(frozen=True, slots=True)
class ArtifactContent:
    text: str


@dataclass(frozen=True, slots=True)
class ArtifactLocation:
    uri: str | None = None
    uri_base_id: str | None = None
    description: Message | None = None


@dataclass(frozen=True, slots=True)
class Region:
    start_line: int
    start_column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    snippet: ArtifactContent | None = None


@dataclass(frozen=True, slots=True)
class PhysicalLocation:
    artifact_location: ArtifactLocation
    region: Region
    context_region: Region | None = None


@dataclass(frozen=True, slots=True)
class LogicalLocation:
    fully_qualified_name: str


@dataclass(frozen=True, slots=True)
class Location:
    physical_location: PhysicalLocation
    id: int | None = None
    message: Message | None = None
    logical_locations: Sequence[LogicalLocation] | None = None


@dataclass(frozen=True, slots=True)
class ThreadFlowLocation:
    location: Location


@dataclass(frozen=True, slots=True)
class ThreadFlow:
    locations: Sequence[ThreadFlowLocation]


@dataclass(frozen=True, slots=True)
class CodeFlow:
    thread_flows: Sequence[ThreadFlow]
    message: Message | None = None


@dataclass(frozen=True, slots=True)
class Replacement:
    deleted_region: Region
    inserted_content: ArtifactContent


@dataclass(frozen=True, slots=True)
class ArtifactChange:
    artifact_location: ArtifactLocation
    replacements: Sequence[Replacement]


@dataclass(frozen=True, slots=True)
class Fix:
    artifact_changes: Sequence[ArtifactChange]
    description: Message | None = None
    properties: Properties | None = None


@dataclass(frozen=True, slots=True)
class Result:
    rule_id: str
    rule_index: int
    level: str
    kind: str
    message: Message
    locations: Sequence[Location]
    related_locations: Sequence[Location] | None = None
    code_flows: Sequence[CodeFlow] | None = None
    fixes: Sequence[Fix] | None = None
    partial_fingerprints: Mapping[str, str] | None = None
    properties: Properties | None = None


@dataclass(frozen=True, slots=True)
class ReportingConfiguration:
    level: str


@dataclass(frozen=True, slots=True)
class ReportingDescriptor:
    id: str
    name: str
    short_description: MultiformatMessageString
    full_description: MultiformatMessageString
    help: MultiformatMessageString
    help_uri: str
    default_configuration: ReportingConfiguration
    properties: Properties | None = None


@dataclass(frozen=True, slots=True)
class ToolComponent:
    name: str
    full_name: str
    semantic_version: str
    version: str
    information_uri: str
    rules: Sequence[ReportingDescriptor]


@dataclass(frozen=True, slots=True)
class Tool:
    driver: ToolComponent


@dataclass(frozen=True, slots=True)
class RunAutomationDetails:
    id: str


@dataclass(frozen=True, slots=True)
class VersionControlDetails:
    repository_uri: str
    revision_id: str | None = None
    mapped_to: ArtifactLocation | None = None


@dataclass(frozen=True, slots=True)
class Notification:
    message: Message
    level: str


@dataclass(frozen=True, slots=True)
class Invocation:
    execution_successful: bool
    tool_execution_notifications: Sequence[Notification] | None = None


@dataclass(frozen=True, slots=True)
class Run:
    tool: Tool
    automation_details: RunAutomationDetails
    column_kind: str
    original_uri_base_ids: Mapping[str, ArtifactLocation]
    invocations: Sequence[Invocation]
    results: Sequence[Result]
    version_control_provenance: Sequence[VersionControlDetails] | None = None


@dataclass(frozen=True, slots=True)
class SarifLog:
    schema_uri: str
    version: str
    runs: Sequence[Run]
