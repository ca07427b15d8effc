"""A remark on what is not there: a whole ruleset that filters what a host passes on or sends, and nothing of what it takes in itself."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.nftables.convert import Converted, Stage
from auditor.formats.nftables.ruleset import Ruleset
from auditor.formats.nftables.setting import Way
from auditor.model.filters import can_deny
from auditor.model.source import Effect, Level, Note


def remarks(converted: Converted) -> Iterator[Note]:
    """The remark, where the file flushes what there was, and all of it could be read."""
    if not _is_whole(converted.ruleset) or any(map(_comes_in, converted.stages[Way.INBOUND])):
        return
    elsewhere = (stage for way in (Way.TRANSIT, Way.OUTBOUND) for stage in converted.stages[way] if can_deny(stage.filter))
    if (stage := next(elsewhere, None)) is not None:
        message = f"`{stage.name}` filters, and no chain does what comes in to the host itself (hook input): everything is let in there"
        yield Note("unfiltered", message, stage.base.at.span, Effect.UNKNOWN, Level.NOTE)


def _is_whole(ruleset: Ruleset) -> bool:
    return ruleset.flushed and not ruleset.incomplete and all(note.trap != "refused" for note in ruleset.notes)


def _comes_in(stage: Stage) -> bool:
    """Whether a chain on the way in filters, or should."""
    return (stage.base.hook == "input" and stage.base.type == "filter") or can_deny(stage.filter)
