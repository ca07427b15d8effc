"""Which recognised zones of several dialects may be places of one machine, by the directories of what they were read from.

Zones of two dialects go together in the innermost directory that has both. Where several parts of it have the same dialect in them, those
are alternatives: the clusters of a tree of clusters have nothing to do with each other. Every zone is in some choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, product
from math import prod

from auditor.model.graph import Graph, Zone, dialect_of
from auditor.model.record import dataclass

Zones = tuple[Zone, ...]
_Directory = tuple[str, ...]
_Kind = frozenset[str]


class TooManyMachines(Exception):
    """Zones can be combined in more ways than are told apart."""


@dataclass(frozen=True, slots=True)
class _Part:
    """The dialects in a directory, and the choices of zones there, none with two of one dialect."""

    dialects: _Kind
    choices: list[Zones]


def choices(graph: Graph, zones: Zones, most: int) -> list[Zones]:
    """The zones in every way that they may go together, in their own order. Raises `TooManyMachines` where those are more than `most`."""
    rank = {dialect: number for number, dialect in enumerate(dict.fromkeys(dialect_of(zone.id) for zone in zones))}
    place = {zone.id: (rank[dialect_of(zone.id)], number) for number, zone in enumerate(zones)}
    if len(rank) == 1:
        return [(zone,) for zone in zones]
    found = [sorted(choice, key=lambda zone: place[zone.id]) for choice in _of_tree(graph, zones, most)]
    return [tuple(choice) for choice in sorted(found, key=lambda choice: [place[zone.id] for zone in choice])]


def _of_tree(graph: Graph, zones: Zones, most: int) -> list[Zones]:
    """The choices from innermost directories outwards."""
    parts: dict[_Directory, list[_Part]] = {(): []}
    for zone, directory in zip(zones, _directories(graph, zones), strict=True):
        parts.setdefault(directory, []).append(_Part(frozenset({dialect_of(zone.id)}), [(zone,)]))
    for depth in range(max(map(len, parts)), 0, -1):
        for directory in [each for each in parts if len(each) == depth]:
            parts.setdefault(directory[:-1], []).append(_united(parts.pop(directory), most))
    return _united(parts[()], most).choices


def _directories(graph: Graph, zones: Zones) -> Iterator[_Directory]:
    """Where the zones are: a module's in the directory of the root module, others in that of their file."""
    read = {outer for directory in {_parts(path)[:-1] for path, _ in graph.read} for outer in _with_outer(directory)}
    for zone in zones:
        site = _parts(zone.site) if zone.site else None
        yield site if site in read else _parts(zone.span.path)[:-1]


def _parts(path: str) -> _Directory:
    return tuple(part for part in path.split("/") if part not in ("", "."))


def _with_outer(directory: _Directory) -> Iterator[_Directory]:
    return (directory[:end] for end in range(len(directory) + 1))


def _united(parts: Iterable[_Part], most: int) -> _Part:
    """What is in a directory: parts with no dialect in common go together, others are alternatives."""
    alike: dict[_Kind, list[Zones]] = {}
    for part in parts:
        alike.setdefault(part.dialects, []).extend(part.choices)
    found: list[Zones] = []
    for kinds in _unlike((), tuple(alike), ()):
        if len(found) + prod(len(alike[kind]) for kind in kinds) > most:
            raise TooManyMachines
        found += (tuple(chain(*choice)) for choice in product(*(alike[kind] for kind in kinds)))
    return _Part(frozenset[str]().union(*alike), found)


def _unlike(chosen: tuple[_Kind, ...], candidates: tuple[_Kind, ...], passed: tuple[_Kind, ...]) -> Iterator[tuple[_Kind, ...]]:
    """The largest selections of candidates that have no dialect in common; none that one of those `passed` could be added to."""
    if not candidates and not passed:
        yield chosen
    for number, kind in enumerate(candidates):
        fit = tuple(each for each in candidates[number + 1 :] if not each & kind)
        yield from _unlike((*chosen, kind), fit, tuple(each for each in (*passed, *candidates[:number]) if not each & kind))
