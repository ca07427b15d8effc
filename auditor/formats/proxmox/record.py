"""What a firewall file says, line by line, before anything is looked up: settings, aliases, sets, groups, rules, and what is wrong.

Nothing is dropped here: a line that a reader of the product would leave out is a `Trouble` at its place, with what each reader does.
Terraform writes the same files; what it states comes in the same form, with the places and the open ends it has there.
"""

from __future__ import annotations

from enum import StrEnum

from auditor.model.packets import Interval
from auditor.model.record import dataclass
from auditor.model.source import Effect, Level, Span, Unknown


class Scope(StrEnum):
    """Whom a file is for."""

    CLUSTER = "cluster"
    HOST = "host"
    GUEST = "guest"
    VNET = "vnet"


class Backend(StrEnum):
    """The two programs that make filters out of the files."""

    CLASSIC = "iptables"
    NFT = "nftables"


class Fate(StrEnum):
    """What a reader does with a line."""

    READ = "read"
    SKIPPED = "skipped"
    REFUSED = "refused"  # nothing of the new files is applied


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something about a line that is not as it looks, and what becomes of the line in each reader.

    `part` is the word of the rule it is about; `late`: noticed only when filters are made; `only`: it is true with this backend alone.
    """

    trap: str
    message: str
    span: Span
    classic: Fate = Fate.SKIPPED
    nft: Fate = Fate.REFUSED
    level: Level = Level.WARNING
    effect: Effect = Effect.DROPPED
    part: str = ""
    late: bool = False
    only: Backend | None = None

    def fate(self, backend: Backend) -> Fate:
        """What this reader does."""
        return self.classic if backend is Backend.CLASSIC else self.nft


@dataclass(frozen=True, slots=True)
class Line:
    """One line without the blanks around it.

    `places` say where stretches of `text` are written if not in one line; `doubts` why it may not be there, or say something else.
    `address` and `trail` are the rule's (see `Rule`).
    """

    text: str
    span: Span
    places: tuple[tuple[int, int, Span], ...] = ()
    doubts: tuple[Unknown, ...] = ()
    address: str = ""
    trail: tuple[tuple[str, Span], ...] = ()

    @property
    def number(self) -> int:
        """Its number in the file."""
        return self.span.line

    def part(self, start: int, end: int) -> Span:
        """The place of `text[start:end]`."""
        if self.places:
            return next((span for low, high, span in self.places if low <= start < high), self.span)
        return Span(self.span.path, self.span.line, self.span.column + start, self.span.line, self.span.column + max(end, start + 1))


@dataclass(frozen=True, slots=True)
class Setting:
    """An option that is read. `value` in lower case; with `unknown` it may be another."""

    name: str
    value: str
    span: Span
    unknown: Unknown | None = None


@dataclass(frozen=True, slots=True)
class Alias:
    """A name for an address or network; with `unknown` it may be another."""

    name: str
    text: str
    interval: Interval
    span: Span
    unknown: Unknown | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a set as written: an address, a network, or the name of an alias. `nomatch`: what it covers is taken out.

    With `unknown` it may be another, or not there.
    """

    text: str
    nomatch: bool
    span: Span
    unknown: Unknown | None = None


@dataclass(frozen=True, slots=True)
class IpSet:
    """A set of addresses under a name."""

    name: str
    entries: tuple[Entry, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Group:
    """Rules under a name, for others to call."""

    name: str
    rules: tuple[Line, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Document:
    """One file. `name` is the guest's number, the node's or the network's name; "" if there is none. Later sections of one name replace.

    `partial`: what it does not say may stand elsewhere, as of what Terraform states.
    """

    path: str
    scope: Scope
    name: str
    settings: tuple[Setting, ...] = ()
    aliases: tuple[Alias, ...] = ()
    sets: tuple[IpSet, ...] = ()
    groups: tuple[Group, ...] = ()
    rules: tuple[Line, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    options_span: Span | None = None
    partial: bool = False

    @property
    def span(self) -> Span:
        """Where what is missing would stand: the options, else the file's first line."""
        return self.options_span or Span.of_file(self.path)

    def setting(self, name: str) -> Setting | None:
        """The last setting of that name."""
        return next((each for each in reversed(self.settings) if each.name == name), None)

    def value(self, name: str, default: str) -> str:
        """The value that holds."""
        found = self.setting(name)
        return default if found is None else found.value

    def doubt(self, name: str) -> Unknown | None:
        """Why an option may have another value."""
        found = self.setting(name)
        return found.unknown if found is not None else None
