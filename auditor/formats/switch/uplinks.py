"""What the internet reaches through a switch that filters elsewhere: an uplink without a list, and public networks without one as well.

Networks of private addresses are not reached from the internet, nor is what stands behind an uplink that has such an address.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.graph import Graph, Hook, Place, Zone, ZoneKind
from auditor.model.headers import PUBLIC, intersect_intervals
from auditor.model.source import Effect, Level, Note


def remarks(graph: Graph) -> Iterator[Note]:
    """One remark for each uplink of a switch that has lists."""
    for device in graph.devices:
        hooks = [hook for hook in graph.hooks if hook.device == device.id]
        if not any(hook.filter.rules for hook in hooks):
            continue
        public = [zone for zone in graph.zones if zone.device == device.id and zone.kind is ZoneKind.INTERFACE and _is_public(zone)]
        behind = [zone for zone in public if not zone.default and not _filtered(zone, Place.EXIT, hooks)]
        for zone in public:
            if behind and zone.default and not _filtered(zone, Place.ENTRY, hooks):
                others = f" and {len(behind) - 1} more" if len(behind) > 1 else ""
                message = (
                    f"no list filters what comes in by {zone.label}, the way to everywhere else, and none what goes on to "
                    f"{behind[0].label}{others}: everything is let in, unless something before the switch filters"
                )
                yield Note("unfiltered", message, zone.span, Effect.UNKNOWN, Level.NOTE)


def _is_public(zone: Zone) -> bool:
    return bool(intersect_intervals(zone.networks or zone.located, PUBLIC))


def _filtered(zone: Zone, place: Place, hooks: list[Hook]) -> bool:
    return any(hook.place is place and hook.zone in (None, zone.id) for hook in hooks)
