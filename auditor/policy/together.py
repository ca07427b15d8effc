"""Which recognised zones of several dialects may be places of one machine, by the directories of what they were read from.

Zones of two dialects go together in the innermost directory that has both. Where several parts of it have the same dialect in them, those
are alternatives: the clusters of a tree of clusters have nothing to do with each other. Every zone is in some choice. A choice of several
parts may be of as many machines: nothing says that they are one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, product

from auditor.model.graph import Graph, Zone, dialect_of
from auditor.model.record import dataclass
from auditor.policy.directories import Directories, Directory, Words, all_words, holds_many, name_words, own_words

Zones = tuple[Zone, ...]
Choice = tuple[Zones, ...]
"""Zones that may be of one machine, in parts that surely are."""

_Kind = frozenset[str]


class TooManyMachines(Exception):
    """Zones can be combined in more ways than are told apart."""


@dataclass(frozen=True, slots=True)
class _Part:
    """The dialects in a directory, and the choices of zones there, none with two of one dialect."""

    dialects: _Kind
    choices: list[Choice]


def choices(graph: Graph, zones: Zones, most: int) -> list[Choice]:
    """The zones in every way that they may go together, in their own order. Raises `TooManyMachines` where those are more than `most`."""
    rank = {dialect: number for number, dialect in enumerate(dict.fromkeys(dialect_of(zone.id) for zone in zones))}
    place = {zone.id: (rank[dialect_of(zone.id)], number) for number, zone in enumerate(zones)}
    if len(rank) == 1:
        return [((zone,),) for zone in zones]

    def places(of: Iterable[Zone]) -> list[tuple[int, int]]:
        return sorted(place[zone.id] for zone in of)

    found = [
        tuple(sorted((tuple(sorted(part, key=lambda zone: place[zone.id])) for part in choice), key=places))
        for choice in _Layout(graph, zones, most).choices()
    ]
    return sorted(found, key=lambda choice: places(chain(*choice)))


class _Layout:
    """The directories of some zones, and which of these go together in them."""

    def __init__(self, graph: Graph, zones: Zones, most: int) -> None:
        self._zones, self._most = zones, most
        directories = Directories(graph)
        self._directories = {zone.id: directories.of(zone) for zone in zones}

    def choices(self) -> list[Choice]:
        """The choices from innermost directories outwards."""
        parts: dict[Directory, list[_Part]] = {(): []}
        for zone in self._zones:
            parts.setdefault(self._directories[zone.id], []).append(_Part(frozenset({dialect_of(zone.id)}), [((zone,),)]))
        for depth in range(max(map(len, parts)), 0, -1):
            for directory in [each for each in parts if len(each) == depth]:
                parts.setdefault(directory[:-1], []).append(self._united(directory, parts.pop(directory)))
        return self._united((), parts[()]).choices

    def _united(self, directory: Directory, parts: Iterable[_Part]) -> _Part:
        """What is in a directory: parts with no dialect in common go together, others are alternatives."""
        alike: dict[_Kind, list[_Named]] = {}
        for part in parts:
            named = (self._named(choice, directory) for choice in part.choices)
            alike.setdefault(part.dialects, []).extend(named)
        found: list[Choice] = []
        for kinds in _unlike((), tuple(alike), ()):
            together: list[_Named] = []
            for kind in kinds:
                together = self._met(together, alike[kind], apart=holds_many(directory))
            found += (each.choice for each in together)
            if len(found) > self._most:
                raise TooManyMachines
        return _Part(frozenset[str]().union(*alike), found)

    def _met(self, some: list[_Named], others: list[_Named], apart: bool) -> list[_Named]:
        """Choices of two kinds: those named alike go together, of the rest each with each. `apart`: other names are other clusters."""
        if not some or not others:
            return some or others
        if len(some) * len(others) > _PAIRS * self._most:
            raise TooManyMachines
        akin = [(one, other) for one in some for other in others if one.is_like(other)]
        paired = {id(each) for pair in akin for each in pair}
        rest = ([each for each in side if id(each) not in paired] for side in (some, others))
        told = [len({each.words for each in side}) == 1 for side in (some, others)]
        found = [one.joined(other, True) for one, other in akin]
        for one, other in product(*rest):
            if not (apart and one.words and other.words):
                found.append(one.joined(other, sure=_fit(one.words, other.words, told)))
                paired |= {id(one), id(other)}
            if len(found) > self._most:
                raise TooManyMachines
        return [*found, *(each for each in (*some, *others) if id(each) not in paired)]

    def _named(self, choice: Choice, directory: Directory) -> _Named:
        """A choice with what is said of it below a directory."""
        zones = tuple(chain(*choice))
        words = frozenset[str]().union(*(own_words(self._directories[zone.id][len(directory) :]) for zone in zones))
        clusters = frozenset(filter(None, (name_words(name) for zone in zones for name in zone.values("cluster"))))
        texts = (text for zone in zones for key, text in zone.attributes if key in _NAMES)
        return _Named(choice, words, clusters, words | all_words((*texts, *(zone.label for zone in zones))))


_PAIRS = 64
"""Pairs that are looked at for each that may be found."""

_NAMES = frozenset({"name", "cluster", "tag:Name", "tag:Cluster", "tag:cluster"})


@dataclass(frozen=True, slots=True)
class _Named:
    """A choice; what names the cluster it is of by its directories, and by its content; and all words that may speak of a cluster."""

    choice: Choice
    words: Words
    clusters: frozenset[Words]
    texts: Words

    def is_like(self, other: _Named) -> bool:
        """Whether both are named after one cluster."""
        said = any(each <= other.texts for each in self.clusters) or any(each <= self.texts for each in other.clusters)
        fewer, more = sorted((self.words, other.words), key=len)
        return said or (fewer <= more and bool(fewer))

    def joined(self, other: _Named, sure: bool) -> _Named:
        """Both together; if not `sure`, in parts that may be apart."""
        parts = product(self.choice, other.choice) if sure else ((part,) for part in (*self.choice, *other.choice))
        choice = tuple(tuple(chain(*part)) for part in parts)
        return _Named(choice, self.words | other.words, self.clusters | other.clusters, self.texts | other.texts)


def _fit(words: Words, others: Words, told: list[bool]) -> bool:
    """Whether two directories are of one cluster by their names: no more than one has a name of its own, and none like it another."""
    return not (words and others) and (not words or told[0]) and (not others or told[1])


def _unlike(chosen: tuple[_Kind, ...], candidates: tuple[_Kind, ...], passed: tuple[_Kind, ...]) -> Iterator[tuple[_Kind, ...]]:
    """The largest selections of candidates that have no dialect in common; none that one of those `passed` could be added to."""
    if not candidates and not passed:
        yield chosen
    for number, kind in enumerate(candidates):
        fit = tuple(each for each in candidates[number + 1 :] if not each & kind)
        yield from _unlike((*chosen, kind), fit, tuple(each for each in (*passed, *candidates[:number]) if not each & kind))
