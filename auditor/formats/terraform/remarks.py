"""Remarks on values that reach a firewall: what Terraform would refuse, which variables are not set, which files were not read.

They are made when a converter asks for an argument, not when something is evaluated: an error in a part that no firewall needs,
or in the side of a conditional that is not taken, is not worth a word.
"""

from __future__ import annotations

from auditor.formats.terraform.places import Place
from auditor.formats.terraform.values import Cause, Hidden, Value
from auditor.model.source import Effect, Level, Note, Span

TRAPS = {
    Cause.ERROR: ("evaluation-error", "Terraform would refuse this"),
    Cause.LIMIT: ("evaluation-error", "this was not evaluated"),
    Cause.FILE: ("file-outside-root", "this file was not read"),
}


class Remarks:
    """Collects notes, each once."""

    def __init__(self) -> None:
        self.notes: dict[Note, None] = {}
        self.unset: dict[Span, Note] = {}

    def add(self, note: Note) -> None:
        self.notes[note] = None

    def on(self, value: Value) -> Value:
        """The value itself, after a remark on each unknown part that somebody should look at."""
        raw = value.raw
        if isinstance(raw, Hidden):
            self._on_hidden(raw)
        elif isinstance(raw, tuple):
            for part in raw:
                self.on(part)
        elif isinstance(raw, dict):
            for part in raw.values():
                self.on(part)
        return value

    def on_repetition(self, value: Value, hidden: Hidden | None = None) -> Value:
        """The value of a `count` or `for_each`, which Terraform must know before it plans; `hidden` says what else is wrong with it."""
        if hidden is not None and not value.is_unknown:
            self._on_hidden(hidden)
        if value.is_unknown and value.hidden.cause is Cause.COMPUTED and value.place is not None:
            message = (
                f"how many there are depends on {value.reference or 'a value'} that is only known after apply; Terraform cannot plan this"
            )
            self.add(Note("computed-count", message, value.place.span, Effect.REFUSED, Level.ERROR))
        return self.on(value)

    def _on_hidden(self, hidden: Hidden) -> None:
        place = hidden.place
        if place is None:
            return
        if hidden.cause is Cause.VARIABLE:
            note = self.unset.get(place.span)
            if note is not None:
                self.add(note)
        elif hidden.cause in TRAPS and hidden.reason != "syntax error":
            trap, what = TRAPS[hidden.cause]
            self.add(Note(trap, f"{what}: {hidden.reason}", place.span, Effect.UNKNOWN))

    def refuse(self, message: str, place: Place) -> None:
        self.add(Note("evaluation-error", f"Terraform would refuse this: {message}", place.span, Effect.REFUSED))
