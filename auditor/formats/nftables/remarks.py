"""What a ruleset's reading shows beyond mistakes of its text: traps that need rules, chains or the whole ruleset to be seen."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.nftables import remarks_absent, remarks_names, remarks_rules, remarks_ways
from auditor.formats.nftables.convert import Converted
from auditor.model.source import Note


def remarks(converted: Converted) -> Iterator[Note]:
    """Every remark, in no order."""
    if not converted.ruleset.fragment:
        yield from remarks_names.remarks(converted)
        yield from remarks_rules.remarks(converted)
        yield from remarks_ways.remarks(converted)
        yield from remarks_absent.remarks(converted)
