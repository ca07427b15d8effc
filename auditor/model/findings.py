"""What a run says: findings with their evidence, and the facts a reader needs to judge them.

Plain display values only: a report needs no graph, no packets and no file system to print a `Run`.
Paths are relative to the root of the run.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from auditor.model.record import dataclass
from auditor.model.source import Level, Span

Properties = tuple[tuple[str, str], ...]


class Outcome(StrEnum):
    """Whether the configuration does what the requirement says."""

    HOLDS = "holds"
    BROKEN = "broken"
    OPEN = "open"  # the configuration does not decide

    @property
    def weight(self) -> int:
        """0 for the best outcome, 2 for the worst: the outcome of many is the heaviest of theirs."""
        return (Outcome.HOLDS, Outcome.OPEN, Outcome.BROKEN).index(self)


LEVELS = (Level.NOTE, Level.WARNING, Level.ERROR)


@dataclass(frozen=True, slots=True)
class Location:
    """A place and what it is there for.

    `message` is a phrase such as "the group that lacks the rule"; `name` the thing that stands there, e.g. "aws_security_group.etcd".
    """

    span: Span
    message: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Witness:
    """One concrete packet that proves the outcome.

    `text` is the packet in one line, e.g. "tcp 10.0.1.5:49152 → 10.0.2.7:2379". `fields` are its parts by name:
    source, source_port, destination, destination_port, protocol, icmp_type, icmp_code, state; what does not apply is left out.
    """

    text: str
    fields: Properties = ()


@dataclass(frozen=True, slots=True)
class TraceStep:
    """One thing that happens to the witness on its way.

    `hook` names the filter, e.g. "aws_security_group.control_plane, inbound"; `rule` is the text of the line, redacted and short;
    `verdict` is a phrase such as "permits", "does not match: port 2380", "denies by default", "may permit".
    """

    hook: str
    verdict: str
    rule: str = ""
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text at `span` (empty: insert before it) by `replacement`."""

    span: Span
    replacement: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that makes the finding go away. `safe`: the changed tree was read again and opens nothing but what was required."""

    description: str
    edits: tuple[Edit, ...]
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """Something the configuration does not decide, and what would settle it.

    `reason` completes "not known: …"; `settle` is advice such as "give it with --var vpc_cidr=…"; `reference` is the value's symbolic name.
    """

    reason: str
    settle: str = ""
    reference: str = ""
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What is said about one requirement, or one remark about a file.

    `rule` is the full id, e.g. "talos/etcd", "lint/terraform/port-without-protocol", "auditor/unparsable". `location` is the narrowest
    text that decides, or the thing that lacks the rule; `related` how one gets there (variable → local → argument). `fingerprint` are the
    parts that survive moved lines and renamed files: endpoints and flow. `because` is the requirement's reason, `help` what to do.
    """

    rule: str
    outcome: Outcome
    level: Level
    message: str
    location: Location | None = None
    related: tuple[Location, ...] = ()
    witness: Witness | None = None
    trace: tuple[TraceStep, ...] = ()
    fixes: tuple[Fix, ...] = ()
    questions: tuple[Question, ...] = ()
    fingerprint: tuple[str, ...] = ()
    properties: Properties = ()
    because: str = ""
    help: str = ""

    @property
    def key(self) -> str:
        """The semantic fingerprint: equal for the same requirement, endpoints and flow, wherever the lines moved."""
        place = () if self.fingerprint or self.location is None else (self.location.span.path, self.location.name, self.message)
        return _digest(self.rule, *self.fingerprint, *place)

    @property
    def key_anywhere(self) -> str:
        """The same without the name of the file: equal when it was renamed, and for the like of it in another file."""
        path = self.location.span.path if self.location is not None else ""
        parts = (*self.fingerprint, self.location.name if self.location is not None else "", self.message if not self.fingerprint else "")
        names = [name for name in (path, path.rpartition("/")[2]) if name]
        for name in names:
            parts = tuple(part.replace(name, "") for part in parts)
        return _digest(self.rule, *parts)

    @property
    def fails(self) -> bool:
        """Whether there is something to do: broken or open."""
        return self.outcome is not Outcome.HOLDS


def _digest(*parts: str) -> str:
    """Of the parts, without the numbers of lines that some messages name."""
    import hashlib  # costs as much as the rest of the model together
    import re

    text = re.sub(r"\bline \d+", "line", "\0".join(parts))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What a finding's `rule` id stands for. `help` is Markdown; `security_severity` 0.1–10.0 as CVSS has it, None where it is not a risk.

    `document` and `section` say where it is required; `because` why; `fix` what to do, where its findings do not say so themselves.
    """

    id: str
    title: str
    description: str = ""
    help: str = ""
    level: Level = Level.ERROR
    tags: tuple[str, ...] = ()
    precision: str = "high"
    security_severity: float | None = None
    document: str = ""
    section: str = ""
    because: str = ""
    fix: str = ""

    @property
    def group(self) -> str:
        """The ruleset, lint family or `auditor` the id belongs to: all but its last part."""
        return self.id.rpartition("/")[0] or self.id


@dataclass(frozen=True, slots=True)
class Binding:
    """Who a role is here. `target` is an endpoint or its addresses; `why` who said so, e.g. "auditor.yaml", "tag NodeType = worker"."""

    role: str
    target: str
    why: str
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Input:
    """A path that was read, and as what."""

    path: str
    format: str


@dataclass(frozen=True, slots=True)
class Ruleset:
    """A set of requirements that was checked, and why it was chosen, e.g. "asked for", "machine configurations of Talos were found"."""

    name: str
    title: str
    why: str = ""
    document: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """One cell of the role matrix, as services, e.g. ("tcp/6443", "icmp"): what surely gets through, and what may, or does for some."""

    source: str
    destination: str
    surely: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """The repository around the root: `prefix` is the root's path inside it ("" or "infra/aws"), the others are empty where not known."""

    prefix: str = ""
    repository: str = ""
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """All that one run found out. `findings` hold every requirement with its outcome, `ignored` those set aside, with the reason."""

    findings: tuple[Finding, ...] = ()
    rules: tuple[RuleInfo, ...] = ()
    bindings: tuple[Binding, ...] = ()
    inputs: tuple[Input, ...] = ()
    rulesets: tuple[Ruleset, ...] = ()
    flows: tuple[Flow, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()  # zones, which flows name by their ids, and what configurations call them
    unshown: int = 0  # parties beyond those whose flows are shown
    ignored: tuple[tuple[Finding, str], ...] = ()
    origin: Origin = Origin()
    version: str = ""

    def failing(self) -> Iterator[Finding]:
        """The findings that ask for something: broken and open ones."""
        return (finding for finding in self.findings if finding.fails)

    def outcomes(self) -> dict[str, Outcome]:
        """Each rule id that has a finding, with the worst outcome of its findings."""
        found: dict[str, Outcome] = {}
        for finding in self.findings:
            found[finding.rule] = max(found.get(finding.rule, finding.outcome), finding.outcome, key=lambda outcome: outcome.weight)
        return found

    def rule(self, rule: str) -> RuleInfo:
        """What is known about `rule`; its bare id where nothing is."""
        return next((info for info in self.rules if info.id == rule), RuleInfo(rule, rule))

    def count(self, outcome: Outcome) -> int:
        """How many requirements have `outcome`, by the worst of each."""
        return sum(found is outcome for found in self.outcomes().values())


def worst(run: Run) -> Level | None:
    """The level of the most serious broken finding; None if nothing is broken."""
    levels = [finding.level for finding in run.findings if finding.outcome is Outcome.BROKEN]
    return max(levels, key=LEVELS.index, default=None)
