"""What the ends of a flow are to each other by their sites: those of different sites of one dialect are never asked about as a pair.

To a machine of one site, those of another are addresses elsewhere, of whom nothing is known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property

from auditor.model.graph import Endpoint, Graph
from auditor.policy.binding import elsewhere
from auditor.policy.directories import Directories
from auditor.policy.machines import NOWHERE, Sites, apart, sites_of
from auditor.policy.ruleset import ANY, Who

Ends = tuple[Endpoint, ...]
BySite = dict[Sites, list[tuple[int, Endpoint]]]
"""Endpoints by the sites they belong to, each with its number."""


class Neighbourhood:
    """The sites of a graph's ends, remembered. `endpoints` tells who somebody is, and `but` who of them is left out."""

    def __init__(self, graph: Graph, endpoints: Callable[[Who], Ends], but: Callable[[Who], Ends]) -> None:
        self._graph, self._endpoints, self._but = graph, endpoints, but
        self._sites: dict[Endpoint, Sites] = {}
        self._all: dict[Who, BySite] = {}
        self._strangers: dict[tuple[Who, Sites], dict[str, Endpoint]] = {}

    def site(self, end: Endpoint) -> Sites:
        """The sites an end belongs to."""
        known = self._sites.get(end)
        if known is None:
            known = self._sites[end] = sites_of(filter(None, map(self._graph.zone, end.zones)), self._directories)
        return known

    def by_site(self, ends: Iterable[Endpoint]) -> BySite:
        """The ends by their sites."""
        sites: BySite = {}
        for number, end in enumerate(ends):
            sites.setdefault(self.site(end), []).append((number, end))
        return sites

    def beside(self, end: Endpoint, sites: BySite) -> list[Endpoint]:
        """Those that an end can have to do with, in their order."""
        here = self.site(end)
        return [other for _, other in sorted(each for site, ends in sites.items() if not apart(here, site) for each in ends)]

    def seen(self, end: Endpoint, other: Endpoint, who: Who) -> Endpoint:
        """An end, which is one of `who`, as another knows it: whoever is elsewhere may be in the other sites, too."""
        site = self.site(other) if end.elsewhere and end.role == ANY else NOWHERE
        if not self._has_others(site):
            return end
        known = self._strangers.get((who, site))
        if known is None:
            known = self._strangers[who, site] = {each.label: each for each in elsewhere(self._but(who), self._near(site, who))}
        return known.get(end.label, end)

    def _near(self, site: Sites, who: Who) -> list[Endpoint]:
        """Who is known to those of a site."""
        known = self._all.get(who)
        if known is None:
            known = self._all[who] = self.by_site(end for end in self._endpoints(who) if not end.elsewhere)
        return [end for other, ends in known.items() if not apart(site, other) for _, end in ends]

    @cached_property
    def _directories(self) -> Directories:
        return Directories(self._graph)

    @cached_property
    def _read(self) -> Sites:
        return sites_of(self._graph.zones, self._directories)

    def _has_others(self, site: Sites) -> bool:
        """Whether anything of another site than these was read."""
        return any(dialect == known and name != other for dialect, name in site for known, other in self._read)
