"""The ruleset as it is in force once every command of a file has run: tables with their chains, sets and objects.

Nothing is interpreted yet. A rule remembers the moment it was read at, since a variable stands for the value it had then.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from auditor.formats.nftables.syntax import Bad, Expression, RuleLine
from auditor.formats.nftables.text import At
from auditor.model.record import dataclass, field, replace
from auditor.model.source import Note

_MANGLE, _SECURITY = -150, 50

Trail = tuple[tuple[str, At], ...]
"""How the reader came to a place: through which includes."""


class Definition(NamedTuple):
    """What a variable stands for; its own variables are those of its moment."""

    value: Expression
    moment: Moment
    at: At


class Scope:
    """The variables of a file, table or chain block, with when each got which value; None where it was undefined."""

    __slots__ = ("history", "parent")

    def __init__(self, parent: Scope | None = None) -> None:
        self.parent = parent
        self.history: dict[str, list[tuple[int, Definition | None]]] = {}

    def defined(self, name: str, serial: int) -> Definition | None:
        """The value at that time, in this block alone."""
        changes = self.history.get(name, ())
        index = bisect_right(changes, serial, key=lambda change: change[0])
        return changes[index - 1][1] if index else None


class Moment(NamedTuple):
    """A place among the definitions: the scope, and how many had been read. `block`: in which of the file's blocks of tables it is."""

    scope: Scope
    serial: int
    block: int = 0

    def look_up(self, name: str) -> Definition | None:
        """The variable's value here, from the innermost block that has one."""
        scope: Scope | None = self.scope
        while scope is not None:
            found = scope.defined(name, self.serial)
            if found is not None:
                return found
            scope = scope.parent
        return None


class Entry(NamedTuple):
    """A rule in a chain. `line` is Bad where it could not be read, or where it is not known what stands here (`why`)."""

    line: RuleLine | Bad
    moment: Moment
    trail: Trail = ()
    why: str = ""


@dataclass(slots=True)
class Base:
    """What makes a chain a base chain. `priority` None: not known. `devices` are those of a netdev chain, None where not known."""

    type: str
    hook: str
    priority: int | None
    devices: tuple[str, ...] | None
    at: At
    serial: int = 0

    @property
    def runs_at(self) -> int:
        """The priority its packets come at. The kernel translates at one place of a hook: priorities order nat chains among themselves."""
        if self.type == "nat":
            return -100 if self.hook in ("prerouting", "output") else 100
        return self.priority or 0

    @property
    def filters(self) -> bool:
        """Whether it stands where people put the rules that filter: behind those that mark, before those that translate sources."""
        between = self.priority is None or _MANGLE < self.priority < _SECURITY
        return self.type == "filter" and self.hook in ("input", "forward") and between


@dataclass(slots=True, eq=False)
class Chain:
    """A chain and its rules, in order."""

    name: str
    at: At
    name_at: At
    base: Base | None = None
    policy: str | None = None
    policy_at: At | None = None
    block: int = 0
    entries: list[Entry] = field(default_factory=list)


class Change(NamedTuple):
    """Elements that were added to a set or deleted from it."""

    verb: str
    value: Expression
    moment: Moment


@dataclass(slots=True, eq=False)
class NamedSet:
    """A named set or map. `types` are type names, or fields where typeof was used; `data` likewise, () for a set.

    `counts`: the statements every element comes with, by their first words.
    """

    kind: str
    name: str
    at: At
    name_at: At
    types: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()
    options: dict[str, str] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    block: int = 0
    counts: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Table:
    """A table. `incomplete`: some of it could not be read, so that a name missing here may be there after all."""

    family: str
    name: str
    at: At
    dormant_at: At | None = None
    chains: dict[str, Chain] = field(default_factory=dict)
    sets: dict[str, NamedSet] = field(default_factory=dict)
    objects: dict[tuple[str, str], At] = field(default_factory=dict)
    incomplete: bool = False
    flushed: bool = False


@dataclass(slots=True, eq=False)
class Ruleset:
    """Everything in force. `incomplete` says what could not be read outside of any chain, and where."""

    path: str
    tables: dict[tuple[str, str], Table] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    incomplete: list[tuple[str, At]] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    definitions: list[tuple[str, At]] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    flushed: bool = False
    replaced: set[tuple[str, str]] = field(default_factory=set)
    fragment: bool = False
    wiped: list[tuple[Table, Chain]] = field(default_factory=list)

    def wipe(self, table: Table, chains: Iterable[Chain]) -> None:
        """Take the rules out of chains. They are kept, with the names there were, to be read for mistakes: nft refuses a file for them."""
        for chain in chains:
            if chain.entries:
                self.wiped.append((replace(table), replace(chain)))
                chain.entries = []

    def part(self, table: Table) -> None:
        """What is taken out of a table from now on is still there for rules that were wiped before."""
        if self.wiped:
            table.chains, table.sets, table.objects = dict(table.chains), dict(table.sets), dict(table.objects)
