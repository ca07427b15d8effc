"""The notes of one file, collected while it is read. A note's message never repeats a line: only words of lists are named."""

from __future__ import annotations

from auditor.formats.switch.lints import LEVELS
from auditor.model.record import dataclass, field
from auditor.model.source import Effect, Level, Note, Span


@dataclass(slots=True)
class Notes:
    """What was remarked so far."""

    found: list[Note] = field(default_factory=list)

    def add(
        self, trap: str, message: str, span: Span, effect: Effect = Effect.UNKNOWN, level: Level | None = None, *related: tuple[str, Span]
    ) -> None:
        """Remark something; the level is the lint's own unless one is given."""
        self.found.append(Note(trap, message, span, effect, level or LEVELS[trap], related))
