"""What a ruleset says, before what it means: expressions, statements, rules and commands, each with its place.

Text and JSON arrive here alike. Nodes are tuples: a file of ten thousand rules makes a hundred thousand of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from auditor.formats.nftables.text import At

# -- expressions


class Atom(NamedTuple):
    """A value in one word: a number, address, name, `"string"`, `$variable` or `@set`."""

    word: str
    at: At


class FieldName(NamedTuple):
    """A field of the packet or a fact about it, blanks made single: `tcp dport`, `meta l4proto`, `ct original ip daddr`, `@th,16,16`."""

    name: str
    at: At


class Pair(NamedTuple):
    """`low - high`, or `left / right`: a range; a prefix or, for bit fields, values and their mask."""

    operator: str
    left: Expression
    right: Expression
    at: At


class Binary(NamedTuple):
    """`left operator right` with one of `& | ^ << >>`."""

    operator: str
    left: Expression
    right: Expression
    at: At


class Concat(NamedTuple):
    """`a . b . c`"""

    parts: tuple[Expression, ...]
    at: At


class Listing(NamedTuple):
    """`a,b,c` outside of braces."""

    items: tuple[Expression, ...]
    at: At


class Element(NamedTuple):
    """One element of a set or map; `key` None is `*`. `attributes` are pairs such as ("timeout", "1h")."""

    key: Expression | None
    data: Expression | Verdict | None
    attributes: tuple[tuple[str, str], ...]
    at: At


class SetLiteral(NamedTuple):
    """`{ … }` with its elements read."""

    elements: tuple[Element, ...]
    at: At


class PlainSet(NamedTuple):
    """`{ … }` without braces inside, not taken apart yet: it may be large. See `plain.elements`."""

    at: At


class MapValue(NamedTuple):
    """`key map { … }`: the value that the key is mapped to."""

    key: Expression
    data: Expression
    at: At


Expression = Atom | FieldName | Pair | Binary | Concat | Listing | SetLiteral | PlainSet | MapValue


# -- statements


class Match(NamedTuple):
    """`key operator value`; the operator is empty where none is written."""

    key: Expression
    operator: str
    value: Expression
    at: At


class Verdict(NamedTuple):
    """accept, drop, continue, return, jump, goto; also reject and queue where they stand for one. `target`: a chain or its rules."""

    kind: str
    target: Atom | Block | None
    at: At


class Vmap(NamedTuple):
    """`key vmap { value : verdict, … }`"""

    key: Expression
    data: Expression
    at: At


class Mangle(NamedTuple):
    """`field set value`"""

    field: FieldName
    value: Expression
    at: At


class Reject(NamedTuple):
    """`reject with …`: `kind` is empty, "tcp reset", icmp, icmpv6 or icmpx; `code` what it answers, where that is said."""

    kind: str
    at: At
    code: Atom | None = None


class Nat(NamedTuple):
    """dnat, snat, masquerade, redirect. `words`: prefix, or "addr . port" where `address` maps to both."""

    kind: str
    family: str
    address: Expression | None
    port: Expression | None
    words: str
    at: At


class Limit(NamedTuple):
    """limit, quota, ct count: a match that time decides. `over` matches the excess."""

    kind: str
    over: bool
    at: At


class Update(NamedTuple):
    """`add @set { key … }`: the rule goes on where the key's fields are there. `verb` meter is a rate for each key."""

    verb: str
    set_name: str
    key: Expression
    limited: bool
    at: At


class Plain(NamedTuple):
    """A statement without a say in verdicts: counter, log, …; `kind` is its first word. Without a hit in `map`, the rule ends."""

    kind: str
    at: At
    map: MapValue | None = None


class Other(NamedTuple):
    """A statement that may do anything: queue, synproxy, tproxy, fwd, and what is not known."""

    kind: str
    at: At


Statement = Match | Verdict | Vmap | Mangle | Reject | Nat | Limit | Update | Plain | Other


Parts = tuple[tuple[Statement, ...], str]
"""The statements of a rule, and its comment."""


class RuleLine:
    """A rule as it stands. `variables`: some `$name` occurs in it. `plain`: it does nothing but match, count, log and decide.

    Where a reader is given for its parts, they are read when they are first asked for: those of plain rules seldom are.
    """

    __slots__ = ("_parts", "at", "plain", "variables")

    def __init__(self, parts: Parts | Callable[[At], Parts], at: At, variables: bool = False, plain: bool = False) -> None:
        self._parts, self.at, self.variables, self.plain = parts, at, variables, plain

    def _read(self) -> Parts:
        if not isinstance(self._parts, tuple):
            self._parts = self._parts(self.at)
        return self._parts

    @property
    def statements(self) -> tuple[Statement, ...]:
        return self._read()[0]

    @property
    def comment(self) -> str:
        return self._read()[1]


class Bad(NamedTuple):
    """An item that could not be read; the error has been reported."""

    at: At


# -- blocks and commands


class Define(NamedTuple):
    """define, redefine; undefine has no value."""

    verb: str
    name: str
    value: Expression | None
    at: At


class Include(NamedTuple):
    """`include "pattern"`"""

    pattern: str
    at: At


class Hook(NamedTuple):
    """`type … hook … priority …`. `priority` is the text behind the word."""

    type: str
    hook: str
    devices: Expression | None
    priority: Expression
    sign: str
    offset: str
    at: At


class Policy(NamedTuple):
    """`policy accept`"""

    value: Atom
    at: At


class Flags(NamedTuple):
    """`flags dormant`"""

    names: tuple[str, ...]
    at: At


class Devices(NamedTuple):
    """`devices = { … }` of a base chain."""

    value: Expression
    at: At


class Block(NamedTuple):
    """What stands between the braces of a table or a chain, in order."""

    items: tuple[Item, ...]
    at: At


class SetBody(NamedTuple):
    """What a set or map declares. `types` are type names, or fields after typeof; `data` likewise, () for a set.

    `counts`: the statements every element comes with, by their first words.
    """

    types: tuple[str, ...]
    data: tuple[str, ...]
    flags: tuple[str, ...]
    elements: tuple[Expression, ...]
    options: tuple[tuple[str, str], ...]
    at: At
    counts: tuple[str, ...] = ()


class TableBlock(NamedTuple):
    """`[add] table family name { … }`"""

    verb: str
    family: str
    name: str
    body: Block | None
    at: At


class ChainBlock(NamedTuple):
    """`chain name { … }`; family and table are empty inside a table block."""

    verb: str
    family: str
    table: str
    name: str
    body: Block | None
    at: At
    name_at: At


class SetBlock(NamedTuple):
    """`set name { … }` or `map name { … }`"""

    verb: str
    kind: str
    family: str
    table: str
    name: str
    body: SetBody
    at: At
    name_at: At


class ObjectBlock(NamedTuple):
    """A named counter, quota, limit, helper, …"""

    verb: str
    kind: str
    family: str
    table: str
    name: str
    at: At


class AddRule(NamedTuple):
    """add, insert or replace a rule; `place` is index, position or handle, with its number."""

    verb: str
    family: str
    table: str
    chain: str
    place: tuple[str, str]
    rule: RuleLine
    at: At


class Elements(NamedTuple):
    """add or delete elements."""

    verb: str
    family: str
    table: str
    name: str
    value: Expression
    at: At


class Delete(NamedTuple):
    """delete or destroy a table, chain, set, map or object; of a rule, `handle` is its number."""

    verb: str
    kind: str
    family: str
    table: str
    name: str
    handle: str
    at: At


class Flush(NamedTuple):
    """flush ruleset, table, chain, set or map."""

    kind: str
    family: str
    table: str
    name: str
    at: At


class Rename(NamedTuple):
    """rename a chain."""

    family: str
    table: str
    name: str
    new: str
    at: At


Item = (
    Define | Include | Hook | Policy | Flags | Devices | RuleLine | Bad | ChainBlock | SetBlock | ObjectBlock
    | TableBlock | AddRule | Elements | Delete | Flush | Rename
)  # fmt: skip
