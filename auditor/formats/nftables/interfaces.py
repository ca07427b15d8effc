"""Interfaces that rules compare with: by name, or by the number that the kernel gave them.

Loopback is number 1 wherever Linux runs; which interface has any other number, no file says.
"""

from __future__ import annotations

import re

from auditor.formats.nftables.comparing import Key
from auditor.formats.nftables.names import NO_VALUES
from auditor.formats.nftables.resolve import Resolver
from auditor.formats.nftables.ruleset import Moment
from auditor.formats.nftables.setting import Setting
from auditor.formats.nftables.syntax import Atom, Expression, Listing, Pair
from auditor.formats.nftables.values import Refused, torn
from auditor.model.filters import NONE, Condition, Fact, Predicate, Side, Test, Undecided, either
from auditor.model.source import Effect, Level, Unknown

_LONGEST_NAME = 15
_NO_NAME = re.compile(r"@.*|\d[^-]*-.*|[0.:]+/0")
_NO_INDEX = re.compile(r"@.*")
_LOOPBACK = 1
_MOST_TOLD = 10


def compared(key: Key, operator: str, value: Expression, resolver: Resolver, setting: Setting, moment: Moment) -> Condition:
    """The packet's interface is the value or one of its values; with `!=`, it is none of them."""
    names = _names(value, key, resolver, moment)
    inside = Undecided(names) if isinstance(names, Unknown) else _by(key, names, setting)
    return ~inside if operator == "!=" else inside


def _names(value: Expression, key: Key, resolver: Resolver, moment: Moment) -> tuple[str, ...] | Unknown:
    found = resolver.behind(value, moment)
    if isinstance(found, Unknown):
        return found
    expression, _ = found
    if isinstance(expression, Pair) and isinstance(expression.left, Atom):
        raise Refused("interfaces have no ranges")
    atoms = expression.items if isinstance(expression, Listing) else (expression,)
    indexed = not key.spec.name.endswith("name")
    names = tuple(_name(atom, indexed, resolver) for atom in atoms if isinstance(atom, Atom))
    if not names:
        raise Refused("an interface's name is expected")
    return _numbered(names, key, resolver) if indexed and any(map(str.isdecimal, names)) else names


def _name(atom: Atom, indexed: bool, resolver: Resolver) -> str:
    name = atom.word.strip('"')
    if atom.word in NO_VALUES:
        raise Refused(f"`{atom.word}` is a word of the language: as a name it has to be quoted")
    if torn(atom.word):
        raise Refused(f"`{atom.word}` is no name: what begins with a digit has to be quoted")
    if (_NO_INDEX if indexed else _NO_NAME).fullmatch(atom.word):
        raise Refused(f"`{atom.word}` is no interface")
    if name in ("", "*"):
        raise Refused(f"`{atom.word}` is no interface")
    if len(name) > _LONGEST_NAME:
        raise Refused(f"`{name}` is longer than an interface's name can be")
    if name.endswith("+") and not name.startswith("+"):
        message = f"`{name}` is the interface of just this name: a wildcard is `{name[:-1]}*` here"
        resolver.note("iptables-wildcard", message, atom.at, Level.WARNING, Effect.NARROWED)
    return name


def _numbered(names: tuple[str, ...], key: Key, resolver: Resolver) -> tuple[str, ...] | Unknown:
    """Loopback for its number; of another one it is not known which interface has it."""
    for name in names:
        if name.isdecimal() and int(name) != _LOOPBACK:
            reason = f"which interface has the number {name} is not in the files"
            resolver.note("unknown-match", f"{reason}: the rule may match or not", key.at, Level.NOTE, Effect.UNKNOWN)
            return Unknown(reason, key.at.span)
    return tuple("lo" if name.isdecimal() else name for name in names)


def _by(key: Key, names: tuple[str, ...], setting: Setting) -> Condition:
    """The packet's interface is one of these; none where it has none."""
    side = key.spec.side
    assert side is not None
    if not (setting.entry if side is Side.SOURCE else setting.exit):
        return NONE
    others = frozenset(name for name in names if name != "lo")
    loopback = any(name == "lo" or (name.endswith("*") and "lo".startswith(name[:-1])) for name in names)
    parts: list[Condition] = []
    if loopback:
        parts.append(
            Test(Predicate(Fact.ITSELF, side, frozenset(("lo",)), key.at.span), Unknown("whether both ends are this host", key.at.span))
        )
    if others:
        way = "come in" if side is Side.SOURCE else "go out"
        unknown = Unknown(f"whether the packets {way} by {_told(others)}", key.at.span)
        parts.append(Test(Predicate(Fact.INTERFACE, side, others, key.at.span), unknown))
    return either(*parts)


def _told(names: frozenset[str]) -> str:
    """Interfaces in a sentence; of many, the first."""
    more = len(names) - _MOST_TOLD
    return ", ".join(sorted(names)[:_MOST_TOLD]) + (f" and {more} others" if more > 0 else "")
