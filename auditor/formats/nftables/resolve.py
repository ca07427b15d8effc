"""Values as they stand behind variables and sets: words to intervals and names, elements with definitions spliced in.

What nft refuses is noted where it stands; what the files do not say becomes an `Unknown`. Neither stops the reading.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from auditor.formats.nftables import parse, plain
from auditor.formats.nftables.ruleset import Moment, NamedSet, Ruleset, Table
from auditor.formats.nftables.syntax import Atom, Bad, Binary, Element, Expression, FieldName, Listing, Pair, PlainSet, SetLiteral
from auditor.formats.nftables.text import At
from auditor.formats.nftables.values import BITS, FLAG_TYPES, Refused, Unlisted, Unsettled, addresses, value
from auditor.model.packets import Interval
from auditor.model.source import Effect, Level, Note, Unknown

DEEPEST = 40
MOST_COMPARED = 5000
_FEW = 64
_LONGEST = 20_000
_BLANK_LINE = re.compile(r"\n[ \t]+\n")


class Values(NamedTuple):
    """The intervals a value stands for, and what of it is not known."""

    spans: tuple[Interval, ...]
    unknowns: tuple[Unknown, ...] = ()


class Item(NamedTuple):
    """An element as it stands behind variables, with the moment its own variables are of."""

    element: Element
    moment: Moment


class Resolver:
    """Looks up variables and sets of one ruleset. Notes are collected once a place; `said` counts how often there was one to make."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self.notes: dict[tuple[str, At], Note] = {}
        self.said = 0
        self._known: dict[tuple[str, str], Values] = {}
        self.used_sets: set[tuple[str, str, str]] = set()

    # -- notes

    def note(
        self, trap: str, message: str, at: At, level: Level = Level.WARNING, effect: Effect = Effect.DANGEROUS, *related: tuple[str, At]
    ) -> None:
        self.said += 1
        if (trap, at) not in self.notes:
            self.notes[trap, at] = Note(trap, message, at.span, effect, level, tuple((text, place.span) for text, place in related))

    def refuse(self, message: str, at: At, *related: tuple[str, At]) -> None:
        self.note("refused", f"nft refuses this, and with it the whole file: {message}", at, Level.ERROR, Effect.REFUSED, *related)

    def undefined(self, message: str, at: At) -> Unknown:
        """A name that is not there; it may be in what could not be read."""
        if self.ruleset.incomplete or self.ruleset.fragment:
            self.note("unread-reference", f"{message}; it may be in what could not be read", at, Level.NOTE, Effect.UNKNOWN)
        else:
            self.note("undefined-reference", f"{message}: nft refuses the whole file", at, Level.ERROR, Effect.REFUSED)
        return Unknown(message, at.span)

    # -- variables and elements

    def behind(self, expression: Expression, moment: Moment) -> tuple[Expression, Moment] | Unknown:
        """The expression a variable stands for, through any number of them."""
        for _ in range(DEEPEST):
            if not (isinstance(expression, Atom) and expression.word.startswith("$")):
                return expression, moment
            name = expression.word[1:]
            self.ruleset.used.add(name)
            found = moment.look_up(name)
            if found is None:
                unknown = self.undefined(f"variable `{name}` is not defined here", expression.at)
                return Unknown(unknown.reason, unknown.span, f"${name}")
            expression, moment = found.value, found.moment
        return Unknown("the definitions go in circles", expression.at.span)

    def items(self, expression: Expression, moment: Moment, depth: int = 0, seen: set[At] | None = None) -> Iterator[Item | Unknown]:
        """The elements of a set, definitions that are sets spliced in, each once; a single value is a set of one."""
        seen = set() if seen is None else seen
        found = self.behind(expression, moment)
        if isinstance(found, Unknown) or depth > DEEPEST:
            yield found if isinstance(found, Unknown) else Unknown("the definitions go in circles", expression.at.span)
            return
        expression, moment = found
        if not isinstance(expression, PlainSet | SetLiteral):
            yield Item(Element(expression, None, (), expression.at), moment)
            return
        if expression.at in seen:
            return
        seen.add(expression.at)
        self._check_lines(expression.at)
        for element in parse.elements(expression):
            if isinstance(element, Bad):
                yield self._unread(element.at)
                continue
            key = element.key
            spliced = isinstance(key, PlainSet | SetLiteral) or (isinstance(key, Atom) and key.word.startswith("$"))
            if spliced and key is not None and element.data is None:
                yield from self.items(key, moment, depth + 1, seen)
            else:
                yield Item(element, moment)

    def _check_lines(self, at: At) -> None:
        """Between the braces of a set, nft reads one new line at a time."""
        text = at.text.text
        if text.find("\n", at.start, at.end) < 0:
            return
        found = text.find("\n\n", at.start, at.end)
        if found < 0 and at.end - at.start < _LONGEST:
            blank = _BLANK_LINE.search(text, at.start, at.end)
            found = blank.start() if blank else -1
        if found >= 0:
            message = "an empty line between the braces of a set; one with a comment may stand there"
            self.refuse(message, At(at.text, found + 1, found + 2))

    def atoms(self, expression: Expression, moment: Moment) -> Iterator[Atom]:
        """Every word of a value: of sets their elements, of ranges and prefixes their ends."""
        for item in self.items(expression, moment):
            pending = [] if isinstance(item, Unknown) or item.element.key is None else [item.element.key]
            while pending:
                part = pending.pop()
                if isinstance(part, Pair | Binary):
                    pending += (part.left, part.right)
                elif isinstance(part, Listing):
                    pending += part.items
                elif isinstance(part, Atom) and part.word[0] not in "$@*":
                    yield part

    def _unread(self, at: At) -> Unknown:
        missing = "is a comma missing?" if " " in at.words or "\n" in at.words else "it is no value"
        self.refuse(f"`{' '.join(at.words.split())}` stands where one element is expected: {missing}", at)
        return Unknown("an element that cannot be read", at.span)

    def set_named(self, table: Table, name: str, at: At) -> NamedSet | Unknown:
        """The set or map of a table."""
        found = table.sets.get(name)
        if found is None:
            other = next((each.name for each in self.ruleset.tables.values() if name in each.sets), None)
            where = f" (table `{other}` has one, which does not count)" if other else ""
            return self.undefined(f"there is no set `{name}` in table `{table.family} {table.name}`{where}", at)
        self.used_sets.add((table.family, table.name, name))
        return found

    def in_order(self, what: str, block: int, moment: Moment, at: At, declared: At) -> None:
        """A name has to be there when the block that uses it is loaded: in it, or in one before it."""
        if block > moment.block:
            self.refuse(f"{what} is declared in a later block of the table", at, ("declared", declared))

    # -- words

    def quick(self, kind: str, word: str) -> Interval | None:
        """A word without anything to remark; None where it needs a closer look."""
        try:
            found = value(kind, word)
        except (Refused, Unsettled):
            return None
        return None if found.remark or (found.low == 0 and found.high == (1 << BITS[kind]) - 1) else (found.low, found.high)

    def word(self, kind: str, word: str, at: At) -> Values:
        """A single word of a type."""
        known = self._known.get((kind, word))
        if known is None:
            try:
                found = value(kind, word)
            except Refused as error:
                self.refuse(str(error), at)
                return Values((), (Unknown(str(error), at.span),))
            except Unsettled as error:
                self._unsettled(error, at)
                return Values((), (Unknown(str(error), at.span, word),))
            known = Values(((found.low, found.high),))
            if found.remark:
                self._remark(found.remark, kind, word, (found.low, found.high), at)
            else:
                self._known[kind, word] = known
        return known

    def _unsettled(self, error: Unsettled, at: At) -> None:
        message = str(error)
        if "host name" in message:
            self.note("host-name", f"{message}, once: later changes of the name do not count", at)
        elif isinstance(error, Unlisted):
            self.note("unknown-name", f"{message}: where the host knows none of this name, nft refuses the whole file", at)
        else:
            self.note("unknown-match", message, at, Level.NOTE, Effect.UNKNOWN)

    def _remark(self, remark: str, kind: str, word: str, span: Interval, at: At) -> None:
        if remark == "octal":
            low, high = span
            address, slash, _ = word.partition("/")
            meant = ".".join(str(low >> shift & 255) for shift in (24, 16, 8, 0)) if kind == "ipv4_addr" else address if slash else f"{low}"
            if slash:
                meant += f"/{BITS[kind] - (high - low).bit_length()}"
            self.note("octal-number", f"`{word}` has a leading zero and is octal: nft reads {meant}", at)
        else:
            self.note(
                "host-bits", f"`{word}` has bits beyond its prefix length, which nft drops in silence", at, Level.NOTE, Effect.WIDENED
            )

    # -- values

    def values(self, expression: Expression, kind: str, moment: Moment, depth: int = 0) -> Values:
        """The numbers of an expression without fields."""
        if isinstance(expression, Atom) and not expression.word.startswith("$"):
            return self.word(kind, expression.word, expression.at)
        found = self.behind(expression, moment)
        if isinstance(found, Unknown) or depth > DEEPEST:
            return Values((), (found if isinstance(found, Unknown) else Unknown("the definitions go in circles", expression.at.span),))
        expression, moment = found
        if isinstance(expression, Atom):
            return self.word(kind, expression.word, expression.at)
        if isinstance(expression, Pair):
            return self._pair(expression, kind, moment, depth)
        if isinstance(expression, Binary):
            return self._computed(expression, kind, moment, depth)
        if isinstance(expression, Listing):
            parts = [self.values(item, kind, moment, depth + 1) for item in expression.items]
            return _together(parts, kind in FLAG_TYPES)
        if isinstance(expression, PlainSet | SetLiteral):
            return self.set_values(expression, kind, moment)
        message = (
            "a field stands where a value is expected"
            if isinstance(expression, FieldName)
            else "a concatenation is compared with a single field"
        )
        self.refuse(message, expression.at)
        return Values((), (Unknown(message, expression.at.span),))

    def _pair(self, pair: Pair, kind: str, moment: Moment, depth: int) -> Values:
        left, right = (
            self.values(pair.left, kind, moment, depth + 1),
            self.values(pair.right, "integer" if pair.operator == "/" else kind, moment, depth + 1),
        )
        unknowns = left.unknowns + right.unknowns
        if unknowns or not left.spans or not right.spans:
            return Values((), unknowns or (Unknown("a range without ends", pair.at.span),))
        low, high = left.spans[0][0], right.spans[0][1]
        if pair.operator == "/":
            return self._prefix(pair, kind, low, high)
        if low > high:
            self.refuse(f"the range `{pair.at.told}` is reversed", pair.at)
            return Values((), (Unknown("a reversed range", pair.at.span),))
        return Values(((low, high),))

    def _prefix(self, pair: Pair, kind: str, low: int, length: int) -> Values:
        bits = BITS.get(kind, 32)
        if kind not in ("ipv4_addr", "ipv6_addr"):
            return Values((), (Unknown("a prefix of a number", pair.at.span),))
        if length > bits:
            self.refuse(f"the prefix length is not between 0 and {bits}", pair.at)
            return Values((), (Unknown("a prefix that is too long", pair.at.span),))
        host = (1 << bits - length) - 1
        if low & host:
            self._remark("host-bits", kind, pair.at.words, (low, low), pair.at)
        return Values(((low & ~host, low | host),))

    def _computed(self, expression: Binary, kind: str, moment: Moment, depth: int) -> Values:
        left, right = (self.values(side, kind, moment, depth + 1) for side in (expression.left, expression.right))
        if left.unknowns or right.unknowns or not left.spans or not right.spans:
            return Values((), left.unknowns + right.unknowns or (Unknown("a computed value", expression.at.span),))
        number = compute(expression.operator, left.spans[0][0], right.spans[0][0], BITS.get(kind, 32))
        return Values(((number, number),))

    def set_values(self, expression: Expression, kind: str, moment: Moment) -> Values:
        """The numbers of all elements of a set of single values."""
        if isinstance(expression, PlainSet):
            self._check_lines(expression.at)
            words = plain.words(expression)
            spans = _many(kind, words) if words else None
            if spans is not None:
                self._overlaps(spans, expression.at)
                return Values(tuple(spans))
        parts = []
        for item in self.items(expression, moment):
            if isinstance(item, Unknown):
                parts.append(Values((), (item,)))
            elif item.element.data is not None:
                self.refuse("an element maps to something, and this is no map", item.element.at)
                parts.append(Values((), (Unknown("an element that maps to something", item.element.at.span),)))
            elif item.element.key is None:
                parts.append(Values(((0, (1 << BITS.get(kind, 32)) - 1),)))
            else:
                parts.append(self.values(item.element.key, kind, item.moment))
        if not parts:
            self.refuse("an anonymous set may not be empty", expression.at)
        found = _together(parts, flags=False)
        self._overlaps(found.spans, expression.at)
        return found

    def _overlaps(self, spans: Sequence[Interval], at: At) -> None:
        if len(spans) <= MOST_COMPARED and overlap(spans):
            self.note("overlapping-elements", "elements of this set overlap: nft joins them", at, Level.NOTE, Effect.WIDENED)


def overlap(spans: Iterable[Interval]) -> bool:
    """Whether two of the intervals have a value in common."""
    reached = -1
    for low, high in sorted(spans):
        if low <= reached:
            return True
        reached = max(reached, high)
    return False


def _many(kind: str, words: Sequence[str]) -> list[Interval] | None:
    """Plain words without anything to remark, quickly; None where one needs a closer look."""
    if kind == "ipv4_addr" and len(words) > _FEW:
        many = addresses(words)
        if many is not None:
            return many
    spans: list[Interval] = []
    try:
        for word in words:
            found = value(kind, word)
            if found[2]:
                return None
            spans.append((found[0], found[1]))
    except (Refused, Unsettled):
        return None
    return spans


def _together(parts: Iterable[Values], flags: bool) -> Values:
    """Several values: all of them, or, of flags, their bits together."""
    spans = tuple(span for part in parts for span in part.spans)
    unknowns = tuple(unknown for part in parts for unknown in part.unknowns)
    if flags and spans and not unknowns:
        bits = 0
        for low, _ in spans:
            bits |= low
        return Values(((bits, bits),))
    return Values(spans, unknowns)


def compute(operator: str, left: int, right: int, bits: int) -> int:
    """`left operator right` on unsigned numbers of so many bits."""
    full = (1 << bits) - 1
    if operator == "|":
        return left | right
    if operator == "^":
        return left ^ right
    if operator == "&":
        return left & right
    if right > bits:
        return 0
    return (left << right) & full if operator == "<<" else left >> right
