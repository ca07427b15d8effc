"""Where a value stands in the text it came from. Positions are 1-based and end-exclusive, columns count characters."""

from __future__ import annotations

from enum import StrEnum

from auditor.model.record import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of one file: `path` relative to the root with forward slashes, from (line, column) up to, not including, the end."""

    path: str
    line: int
    column: int
    end_line: int
    end_column: int

    @classmethod
    def of_file(cls, path: str) -> Span:
        """The first character of `path`, for what concerns a whole file."""
        return cls(path, 1, 1, 1, 2)

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Source:
    """A text file as it was read: decoded, byte-order mark removed, line ends as they stand."""

    path: str
    text: str

    def line(self, number: int) -> str:
        """The `number`th line (1-based) without its line end; empty past the end."""
        lines = self.text.split("\n")
        return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """What the configuration does not decide. Two unknowns with the same `reference` stand for the same value, whatever it is.

    `reason` is a phrase that completes "not known: …", e.g. "variable vpc_cidr has no value".
    `reference` is the symbolic name, e.g. "aws_vpc.main.cidr_block"; None where nothing else can mean the same.
    `lapses`: it does not hold of everybody all the time, as of a set that traffic fills; `recurs`: it holds of anybody at times, as a rate
    that is not exceeded.
    """

    reason: str
    span: Span | None = None
    reference: str | None = None
    lapses: bool = False
    recurs: bool = False


class Effect(StrEnum):
    """What a front end saw happen to the thing a note is about."""

    DROPPED = "dropped"  # the product leaves the rule out
    WIDENED = "widened"  # it matches more than it says
    NARROWED = "narrowed"  # it matches less than it says
    IGNORED = "ignored"  # this part has no effect
    UNKNOWN = "unknown"  # not modelled, or not decided by the configuration
    REFUSED = "refused"  # the product refuses the whole file or ruleset
    DANGEROUS = "dangerous"  # does what it says, and that is hardly meant


class Level(StrEnum):
    """How serious a finding is, as SARIF has it."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Note:
    """A front end's remark at a place: becomes the finding `lint/<format>/<trap>`, or `auditor/unparsable` for trap "unparsable".

    `trap` is the lint's own name, e.g. "port-without-protocol". `related` are further places worth a look, each with a phrase. `address`
    is what an ignore can name, as of a rule: a tracker, a uuid.
    """

    trap: str
    message: str
    span: Span
    effect: Effect = Effect.UNKNOWN
    level: Level = Level.WARNING
    related: tuple[tuple[str, Span], ...] = field(default=())
    address: str = ""
