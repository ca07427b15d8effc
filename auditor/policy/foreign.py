"""Routers of other sites: that one has the same network as a machine elsewhere does not put it before that machine.

Sites lie side by side in a directory that lists them (`sites/a`, `sites/b`; `clusters`, `envs` and the like). What is said of the ends of a
flow puts them in a site; addresses alone do not.
"""

from __future__ import annotations

from functools import cached_property

from auditor.model.graph import Crossing, Endpoint, Graph, Way
from auditor.model.record import replace
from auditor.policy.directories import Directories, Listed, listed, parts_of


class Foreign:
    """The routers of a graph by their sites."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._of_end: dict[frozenset[str], Listed] = {}

    def stranger(self, way: Way) -> Crossing | None:
        """The first router on a way that is of another site than what is said of its ends, and has their network."""
        return next((each for each in way.crossings if self._is_strange(each, way)), None) if self._of_devices else None

    def name(self, crossing: Crossing) -> str:
        """What the router of a crossing is called."""
        return next((each.label for each in self._graph.devices if each.id == crossing.hooks[0].device), crossing.label)

    def left_out(self, way: Way) -> Way:
        """The way without these."""
        return replace(way, crossings=tuple(each for each in way.crossings if not self._is_strange(each, way)))

    def _is_strange(self, crossing: Crossing, way: Way) -> bool:
        known = {name for end in (way.source, way.destination) for name in self._sites(end)}
        devices = {hook.device for hook in crossing.hooks}
        return bool(known) and all(device is not None and self._is_elsewhere(device, known, way) for device in devices)

    def _is_elsewhere(self, device: str, known: set[tuple[str, str]], way: Way) -> bool:
        """Whether a device is of none of the sites, though of one beside them, and has a network of an end that is in one of them."""
        own = self._of_devices.get(device, frozenset())
        beside = {place for place, _ in own} & {place for place, _ in known}
        ends = (end for end in (way.source, way.destination) if self._sites(end))
        return bool(beside) and not own & known and any(self._graph.adjoins(device, end) for end in ends)

    def _sites(self, end: Endpoint) -> Listed:
        found = self._of_end.get(end.zones)
        if found is None:
            zones = (zone for zone in map(self._graph.zone, end.zones) if zone is not None)
            found = self._of_end[end.zones] = frozenset(site for zone in zones for site in listed(self._directories.of(zone)))
        return found

    @cached_property
    def _of_devices(self) -> dict[str, Listed]:
        places = ((device.id, listed(parts_of(device.span.path)[:-1])) for device in self._graph.devices)
        return {device: sites for device, sites in places if sites}

    @cached_property
    def _directories(self) -> Directories:
        return Directories(self._graph)
