"""A NixOS machine as it was found: its name, its place, its settings."""

from __future__ import annotations

from auditor.formats.nixos.options import Path
from auditor.formats.nixos.settings import Settings
from auditor.model.record import dataclass
from auditor.model.source import Span


@dataclass(frozen=True, slots=True, eq=False)
class Host:
    """One machine. `name` is its host name, or the file that describes it; `path` that file; `complete`: a whole configuration names it.

    `declared`: options that modules at hand declare, beside those of NixOS.
    """

    name: str
    path: str
    span: Span
    settings: Settings
    complete: bool = False
    declared: frozenset[Path] = frozenset()

    @property
    def id(self) -> str:
        """The id of its zone."""
        return f"nixos:{self.name}"
