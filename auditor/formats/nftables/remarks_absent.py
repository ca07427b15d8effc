"""A remark on what is not there: a filter of what comes in, in a whole ruleset that has others, or in one that nft refuses."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.nftables.convert import Converted, Stage
from auditor.formats.nftables.ruleset import Ruleset
from auditor.formats.nftables.setting import Way
from auditor.model.filters import can_deny
from auditor.model.source import Effect, Level, Note


def remarks(converted: Converted) -> Iterator[Note]:
    """The remark, where nft refuses the file; or where it flushes what there was, and all of it could be read."""
    refused = _refused(converted)
    if refused is not None:
        if any(can_deny(stage.filter) for way in (Way.INBOUND, Way.TRANSIT) for stage in converted.stages[way]):
            message = "no rule of a file that nft refuses is in force: what filters instead is not known"
            yield Note("unfiltered", message, refused.span, Effect.REFUSED, Level.NOTE)
        return
    if not _is_whole(converted.ruleset) or any(map(_comes_in, converted.stages[Way.INBOUND])):
        return
    elsewhere = (stage for way in (Way.TRANSIT, Way.OUTBOUND) for stage in converted.stages[way] if can_deny(stage.filter))
    if (stage := next(elsewhere, None)) is not None:
        message = f"`{stage.name}` filters, and no chain does what comes in to the host itself (hook input): everything is let in there"
        yield Note("unfiltered", message, stage.base.at.span, Effect.UNKNOWN, Level.NOTE)


def _is_whole(ruleset: Ruleset) -> bool:
    return ruleset.flushed and not ruleset.incomplete


def _refused(converted: Converted) -> Note | None:
    """The first of what nft refuses the file for."""
    notes = (*converted.ruleset.notes, *converted.resolver.notes.values())
    found = [note for note in notes if note.effect is Effect.REFUSED and note.level is Level.ERROR]
    return min(found, key=lambda note: note.span, default=None)


def _comes_in(stage: Stage) -> bool:
    """Whether a chain on the way in filters, or should."""
    return (stage.base.hook == "input" and stage.base.type == "filter") or can_deny(stage.filter)
