"""What every stage of the conversion shares: the file, its interfaces and aliases, and the notes that pile up."""

from __future__ import annotations

import re
from functools import cached_property

from auditor.formats.pfsense import read
from auditor.formats.pfsense.aliases import Aliases
from auditor.formats.pfsense.interfaces import Interfaces
from auditor.formats.pfsense.read import Config
from auditor.formats.xmlspan import Element
from auditor.model.record import dataclass, field
from auditor.model.source import Effect, Level, Note, Span, Unknown
from auditor.redact import quoted

SHOWN = 60


@dataclass
class Context:
    """One file on its way to a graph. `refused` are the reasons why no new ruleset is loaded: then the old rules stay in force.

    `about` is the tracker of the rule at hand, `id` what the firewall's zones are called by.
    """

    config: Config
    id: str = "pfsense"
    notes: list[Note] = field(default_factory=list)
    refused: list[Unknown] = field(default_factory=list)
    about: str = ""

    @cached_property
    def interfaces(self) -> Interfaces:
        """The interfaces and groups."""
        return Interfaces(self.config, f"{self.id}:self")

    @cached_property
    def aliases(self) -> Aliases:
        """The aliases."""
        return Aliases(self.config)

    @cached_property
    def gateways(self) -> dict[str, Element]:
        """Gateways and groups of them by name."""
        items = (*self.config.every("gateways/gateway_item"), *self.config.every("gateways/gateway_group"))
        return {read.field(item, "name"): item for item in items}

    @cached_property
    def schedules(self) -> dict[str, Element]:
        """Schedules by name."""
        return {read.field(item, "name"): item for item in self.config.every("schedules/schedule")}

    @property
    def ipv6(self) -> bool:
        """Whether IPv6 is on; a part of a backup does not say, and it is by default."""
        return self.config.partial or self.config.has("system/ipv6allow")

    def note(
        self,
        trap: str,
        message: str,
        span: Span,
        effect: Effect,
        level: Level = Level.WARNING,
        related: tuple[tuple[str, Span], ...] = (),
    ) -> None:
        """Adds a remark, once."""
        note = Note(trap, message, span, effect, level, related, self.about)
        if note not in self._noted:
            self._noted.add(note)
            self.notes.append(note)

    @cached_property
    def _noted(self) -> set[Note]:
        return set()

    def refuse(self, message: str, span: Span, related: tuple[tuple[str, Span], ...] = ()) -> None:
        """pf, or the generator, does not take the ruleset: an error, and doubt about everything."""
        consequence = f"{message}: the new ruleset is not loaded, the old one stays in force, and after a boot there is none"
        self.note("ruleset-wont-load", consequence, span, Effect.REFUSED, Level.ERROR, related)
        self.refused.append(Unknown(f"whether these rules are in force: {message}", span))

    def undefined(self, name: str, span: Span) -> None:
        """Remarks that a word that can only be a name is not the name of anything."""
        if _NAME.match(name) and not self.config.partial:
            self.note("undefined-reference", f"nothing in the file is called {shown(name)}", span, Effect.DROPPED, Level.NOTE)


_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def shown(text: str) -> str:
    """A text of the file as messages print it: one line, not too long."""
    line = quoted(" ".join(text.split()))
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"
