"""Machines on which nothing here puts a filter, where the provider lets everything in then, or whatever its own rules say.

What filters in the machine itself, or is put on it elsewhere, is not seen: this is a remark, and no verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.resources import Resource
from auditor.model.source import Effect, Span


def remark(context: Context, machines: Iterable[Resource], why: Callable[[str], str], trap: str = "unfiltered") -> None:
    """Remark on machines without a filter, once for all that come of one block; `why` says it of their name."""
    alike: dict[Span, list[Resource]] = {}
    for machine in machines:
        if not context.root.broken_files():
            alike.setdefault(machine.span, []).append(machine)
    for span, found in alike.items():
        others = f" (and {len(found) - 1} like it)" if len(found) > 1 else ""
        context.note(trap, why(found[0].address + others), span, Effect.UNKNOWN)
