"""What a ruleset's reading shows beyond mistakes: traps that need the whole ruleset to be seen."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.nftables.convert import Converted
from auditor.model.source import Note


def remarks(converted: Converted) -> Iterator[Note]:
    """Every remark, in no order."""
    del converted
    yield from ()
