"""From a comparison to a condition: which packets `tcp dport { 22, 80 }` matches.

`Matcher.match` is `present & value in V`: the operator, the mask and the negation only decide what V is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from auditor.formats.nftables import fields
from auditor.formats.nftables.fields import Spec
from auditor.formats.nftables.resolve import Item, Resolver, Values, compute
from auditor.formats.nftables.ruleset import Moment, NamedSet, Table
from auditor.formats.nftables.setting import Setting
from auditor.formats.nftables.syntax import (
    Atom,
    Binary,
    Concat,
    Element,
    Expression,
    FieldName,
    Listing,
    Match,
    Pair,
    PlainSet,
    SetLiteral,
    Verdict,
)
from auditor.formats.nftables.text import At
from auditor.formats.nftables.values import BITS, FLAG_TYPES, Refused
from auditor.model.filters import ANY, NONE, Condition, Exactly, Fact, Predicate, Side, Test, Undecided, both, either
from auditor.model.headers import subtract_intervals
from auditor.model.packets import EVERYTHING, NOTHING, Interval, PacketSet, union
from auditor.model.source import Effect, Level, Span, Unknown

OPERATORS = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=", "not": "!", "": ""}
_MOST_INTERVALS = 70_000
_MOST_KEYS = 300
_LONGEST_NAME = 16


class Place(NamedTuple):
    """Where a rule stands: its table, the setting it is judged in, and the moment its variables are of."""

    table: Table
    setting: Setting
    moment: Moment


class Entry(NamedTuple):
    """What a map holds: for these packets (disjoint from those of the entries before), this."""

    condition: Condition
    data: Verdict | Expression | None
    moment: Moment
    at: At


class Key(NamedTuple):
    """One field of a key and what is computed from it before it is compared."""

    spec: Spec
    transform: Callable[[int], int] | None
    mask: int | None
    at: At


class Matcher:
    """Conditions of one ruleset."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self._plain: dict[tuple[str, str, str, Setting], Exactly] = {}
        self._sets: dict[tuple[int, tuple[str, ...], Setting], Condition] = {}

    # -- comparisons

    def match(self, match: Match, place: Place) -> Condition:
        """The packets that the comparison holds for."""
        key, value = match.key, match.value
        try:
            if isinstance(value, Atom) and isinstance(key, FieldName) and value.word[0] not in "$@":
                return self._short(match, key.name, value, place)
            return self._match(match, place)
        except Refused as error:
            self.resolver.refuse(str(error), match.at)
            return Undecided(Unknown(str(error), match.at.span))

    def _short(self, match: Match, name: str, value: Atom, place: Place) -> Condition:
        """A field against a word: most matches are that, and many are the same."""
        known = self.at_once(name, match.operator, value.word, place.setting)
        if known is not None:
            return known
        before = self.resolver.said
        found = self._match(match, place)
        if self.resolver.said == before and isinstance(found, Exactly):
            self._plain[name, match.operator, value.word, place.setting] = found
        return found

    def at_once(self, name: str, operator: str, word: str, setting: Setting) -> Exactly | None:
        """A field against a word of which there is nothing to say; None where that takes a closer look. Raises `Refused`."""
        memo = (name, operator, word, setting)
        known = self._plain.get(memo)
        if known is None and operator in ("", "=="):
            spec = fields.spec(name, setting)
            span = self.resolver.quick(spec.type, word) if spec.simple else None
            if span is not None:
                known = Exactly(spec.encode((span,)))
                if spec.bits <= 16:
                    self._plain[memo] = known
        return known

    def _match(self, match: Match, place: Place) -> Condition:
        keys = self.keys(match.key, place)
        operator = OPERATORS.get(match.operator, match.operator)
        if isinstance(match.value, Listing | Pair) or operator in ("!", "<", ">", "<=", ">="):
            self._check_operator(match, keys, operator)
        value = self._value(match.value, place)
        if isinstance(value, Unknown):
            return Undecided(value, _present(keys))
        behind, moment = value
        named = isinstance(behind, Atom) and behind.word.startswith("@")
        if named or isinstance(behind, PlainSet | SetLiteral):
            inside = self._inside(behind, keys, place._replace(moment=moment))
            return inside if operator != "!=" else both(Exactly(_present(keys)), ~inside)
        if len(keys) > 1:
            inside = self._box(Element(behind, None, (), behind.at), keys, place._replace(moment=moment))
            return inside if operator != "!=" else both(Exactly(_present(keys)), ~inside)
        return self._compare(keys[0], operator, behind, place._replace(moment=moment))

    def _value(self, value: Expression, place: Place) -> tuple[Expression, Moment] | Unknown:
        return self.resolver.behind(value, place.moment)

    def _check_operator(self, match: Match, keys: list[Key], operator: str) -> None:
        flags = len(keys) == 1 and keys[0].spec.type in FLAG_TYPES
        if operator == "!" and not flags:
            raise Refused("`!` is for fields of bits, such as tcp flags; write `!=`")
        if isinstance(match.value, Listing) and not flags and len(keys) == 1 and keys[0].spec.side is None:
            raise Refused("a list without braces is for fields of bits; write `{ … }`")

    # -- keys

    def keys(self, key: Expression, place: Place) -> list[Key]:
        """The fields of a key, concatenated or not. Raises `Refused`."""
        parts = key.parts if isinstance(key, Concat) else (key,)
        return [self._key(part, place) for part in parts]

    def _key(self, part: Expression, place: Place) -> Key:
        if isinstance(part, FieldName):
            return Key(fields.spec(part.name, place.setting), None, None, part.at)
        if isinstance(part, Binary):
            inner = self._key(part.left, place)
            found = self.resolver.values(part.right, inner.spec.type, place.moment)
            if found.unknowns or not found.spans:
                raise Refused("the mask is not a number")
            return self._masked(part, inner, found.spans[0][0])
        raise Refused("a value stands where a field is expected")

    @staticmethod
    def _masked(part: Binary, inner: Key, number: int) -> Key:
        before, bits = inner.transform, inner.spec.bits
        mask = number if part.operator == "&" and before is None else None

        def transform(value: int) -> int:
            return compute(part.operator, before(value) if before else value, number, bits)

        return Key(inner.spec, transform, mask, part.at)

    # -- one field against a value

    def _compare(self, key: Key, operator: str, value: Expression, place: Place) -> Condition:
        if key.spec.side is not None:
            return self._interface(key, operator, self._names(value, place), place)
        if key.spec.doubt is key.spec.present:
            return self._doubtful(key, lapses=operator not in ("!=", "!"))
        if isinstance(value, Pair) and value.operator == "/" and key.spec.type in FLAG_TYPES:
            return self._flags_of(key, operator, value, place)
        found = self.resolver.values(value, key.spec.type, place.moment)
        if found.unknowns:
            return self._unsure(key, operator, found)
        listed = isinstance(value, Listing)
        return self._satisfying(key, _test(key, operator, found.spans, listed), operator, found.spans)

    def _doubtful(self, key: Key, lapses: bool = True) -> Condition:
        """A field of which nothing is known; where no packet has it, nothing matches. Not everybody has the value that is asked for."""
        if key.spec.present is NOTHING:
            return NONE
        self.resolver.note("unknown-match", f"{key.spec.reason}: the rule may match or not", key.at, Level.NOTE, Effect.UNKNOWN)
        return Undecided(Unknown(key.spec.reason, key.at.span, lapses=lapses), key.spec.present)

    def _flags_of(self, key: Key, operator: str, value: Pair, place: Place) -> Condition:
        """`syn / fin,syn,rst,ack`: of these, exactly those."""
        left, right = (self.resolver.values(side, key.spec.type, place.moment) for side in (value.left, value.right))
        if left.unknowns or right.unknowns:
            return Undecided((left.unknowns + right.unknowns)[0], key.spec.present)
        wanted, mask = left.spans[0][0], right.spans[0][0]
        equal = operator != "!="
        return self._satisfying(key, lambda number: (number & mask == wanted) is equal, operator, ())

    def _unsure(self, key: Key, operator: str, found: Values) -> Condition:
        """Some of the values are not known."""
        sure = self._satisfying(key, _test(key, "==", found.spans, False), "==", found.spans) if found.spans else NONE
        inside = either(sure, Undecided(found.unknowns[0], key.spec.present))
        if operator in ("", "=="):
            return inside
        return both(Exactly(key.spec.present), ~inside) if operator in ("!=", "!") else Undecided(found.unknowns[0], key.spec.present)

    def _satisfying(self, key: Key, test: Callable[[int], bool], operator: str, spans: tuple[Interval, ...]) -> Condition:
        """The packets whose value passes the test. `spans` are those it was made of, where it is a plain comparison with them."""
        spec = key.spec
        top = (1 << spec.bits) - 1
        if spec.points is not None:
            wanted = [point for point in spec.points if test(key.transform(point) if key.transform else point)]
            return _exactly(spec, [(point, point) for point in wanted], len(wanted) == len(spec.points))
        if key.transform is None and spec.type not in FLAG_TYPES:
            wanted_spans = _compared(operator, spans, top)
            return _exactly(spec, wanted_spans, _is_all(wanted_spans, top))
        if spec.bits <= 16:
            found = _runs(value for value in range(top + 1) if test(key.transform(value) if key.transform else value))
            return _exactly(spec, found, _is_all(found, top))
        masked = _masked_spans(key, spans, spec.bits) if operator in ("", "==", "!=") else None
        if masked is None:
            return Undecided(Unknown("what is computed from this field is not modelled", key.at.span), spec.present)
        wanted_spans = subtract_intervals([(0, top)], masked) if operator == "!=" else tuple(masked)
        return _exactly(spec, wanted_spans, _is_all(wanted_spans, top))

    # -- interfaces

    def _names(self, value: Expression, place: Place) -> tuple[str, ...] | Unknown:
        found = self.resolver.behind(value, place.moment)
        if isinstance(found, Unknown):
            return found
        expression, moment = found
        if isinstance(expression, Atom):
            return (self._interface_name(expression),)
        if isinstance(expression, Listing):
            return tuple(self._interface_name(item) for item in expression.items if isinstance(item, Atom))
        if isinstance(expression, Pair) and isinstance(expression.left, Atom):
            raise Refused("interfaces have no ranges")
        del moment
        raise Refused("an interface's name is expected")

    def _interface_name(self, atom: Atom) -> str:
        name = atom.word.strip('"')
        if name in ("", "*"):
            raise Refused(f"`{atom.word}` is no interface")
        if len(name.removesuffix("*")) > _LONGEST_NAME:
            raise Refused(f"`{name}` is longer than an interface's name can be")
        if name.endswith("+") and not name.startswith("+"):
            message = f"`{name}` is the interface of just this name: a wildcard is `{name[:-1]}*` here"
            self.resolver.note("iptables-wildcard", message, atom.at, Level.WARNING, Effect.NARROWED)
        return name

    def _interface(self, key: Key, operator: str, names: tuple[str, ...] | Unknown, place: Place) -> Condition:
        inside = self._by(key, names, place) if not isinstance(names, Unknown) else Undecided(names)
        return ~inside if operator == "!=" else inside

    def _by(self, key: Key, names: tuple[str, ...], place: Place) -> Condition:
        """The packet's interface is one of these; none where it has none."""
        side = key.spec.side
        assert side is not None
        if not (place.setting.entry if side is Side.SOURCE else place.setting.exit):
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
            unknown = Unknown(f"whether the packets {way} by {', '.join(sorted(others))}", key.at.span)
            parts.append(Test(Predicate(Fact.INTERFACE, side, others, key.at.span), unknown))
        return either(*parts)

    # -- sets

    def _inside(self, value: Expression, keys: list[Key], place: Place) -> Condition:
        """The key is in the set."""
        if isinstance(value, Atom):
            return self._in_named(value, keys, place)
        if len(keys) == 1 and keys[0].spec.doubt is keys[0].spec.present and keys[0].spec.side is None:
            return self._doubtful(keys[0])
        if len(keys) == 1 and keys[0].spec.side is None:
            if isinstance(value, PlainSet) and "$" not in value.at.words:
                return self._in_plain(value, keys[0], place)
            return self._in_values(self.resolver.set_values(value, keys[0].spec.type, place.moment), keys[0])
        return self._in_items(self.resolver.items(value, place.moment), keys, place)

    def _unmapped(self, element: Element) -> None:
        if element.data is not None:
            self.resolver.refuse("an element maps to something, and this is no map", element.at)

    def _in_plain(self, value: PlainSet, key: Key, place: Place) -> Condition:
        return self._in_values(self.resolver.set_values(value, key.spec.type, place.moment), key)

    def _in_values(self, found: Values, key: Key) -> Condition:
        sure = self._satisfying(key, _within(found.spans), "==", found.spans) if found.spans else NONE
        return either(sure, Undecided(found.unknowns[0], key.spec.present)) if found.unknowns else sure

    def _in_items(self, items: Iterator[Item | Unknown], keys: list[Key], place: Place) -> Condition:
        exact: list[PacketSet] = []
        others: list[Condition] = []
        for item in items:
            if isinstance(item, Unknown):
                others.append(Undecided(item, _present(keys)))
                continue
            self._unmapped(item.element)
            found = self._box(item.element, keys, place._replace(moment=item.moment))
            if isinstance(found, Exactly):
                exact.append(found.packets)
            else:
                others.append(found)
        return either(Exactly(union(exact)), *others)

    def _box(self, element: Element, keys: list[Key], place: Place) -> Condition:
        """The key is this element; `*` is any."""
        if element.key is None:
            return Exactly(_present(keys))
        parts = element.key.parts if isinstance(element.key, Concat) else (element.key,)
        if len(parts) == 1 and len(keys) > 1:
            found = self.resolver.behind(parts[0], place.moment)
            if isinstance(found, Unknown):
                return Undecided(found, _present(keys))
            if isinstance(found[0], Concat):
                return self._box(element._replace(key=found[0]), keys, place._replace(moment=found[1]))
        if len(parts) != len(keys):
            self.resolver.refuse(f"an element of {len(parts)} fields for a key of {len(keys)}", element.at)
            return Undecided(Unknown("an element that does not fit its key", element.at.span), _present(keys))
        return both(*(self._field_is(part, key, place) for part, key in zip(parts, keys, strict=True)))

    def _field_is(self, part: Expression, key: Key, place: Place) -> Condition:
        if key.spec.side is not None:
            return self._interface(key, "==", self._names(part, place), place)
        if isinstance(part, Atom) and part.word == "*":
            return Exactly(key.spec.present)
        if key.spec.doubt is key.spec.present:
            return self._doubtful(key)
        return self._in_values(self.resolver.values(part, key.spec.type, place.moment), key)

    def _in_named(self, name: Atom, keys: list[Key], place: Place) -> Condition:
        table = place.table
        found = self.resolver.set_named(table, name.word[1:], name.at)
        if isinstance(found, Unknown):
            return Undecided(found, _present(keys))
        self.resolver.in_order(f"set `{found.name}`", found.block, place.moment, name.at, found.name_at)
        self._check_types(found, keys, name.at)
        memo = (id(found), tuple(key.spec.name for key in keys), place.setting)
        known = self._sets.get(memo) if all(key.transform is None for key in keys) else None
        if known is None:
            known = self._sets[memo] = self._contents(found, keys, place)
        return known

    def _check_types(self, named: NamedSet, keys: list[Key], at: At) -> None:
        if named.types and len(named.types) != len(keys):
            raise Refused(f"set `{named.name}` holds {len(named.types)} fields, the key has {len(keys)}")
        for declared, key in zip(named.types, keys, strict=False):
            wanted = key.spec.type
            if declared in BITS and wanted in BITS and declared != wanted and "integer" not in (declared, wanted):
                raise Refused(f"set `{named.name}` holds {declared}, the field is {wanted}")
        del at

    def _contents(self, named: NamedSet, keys: list[Key], place: Place) -> Condition:
        """What is in a named set: what the file says, unless traffic fills it."""
        key = (place.table.family, place.table.name, named.name)
        facts = place.setting.facts
        inside: Condition = NONE
        for change in named.changes:
            there = place._replace(moment=change.moment)
            part = self._listed(change.value, keys, there, key in facts.filled)
            if change.verb == "add":
                inside = either(inside, part)
            elif "interval" in named.flags:
                inside = either(both(inside, ~part), both(inside, part, Undecided(self._left_in(named, change.value.at))))
            else:
                inside = both(inside, ~part)
        present = _present(keys)
        if key in facts.emptied:
            changed = Unknown(f"set `{named.name}` is changed by traffic", named.name_at.span, f"@{named.name}", lapses=True)
            return Undecided(changed, present)
        if key in facts.filled or "dynamic" in named.flags:
            filled = Unknown(f"set `{named.name}` is filled by traffic", named.name_at.span, f"@{named.name}", lapses=True)
            return either(inside, Undecided(filled, present))
        return inside

    def _left_in(self, named: NamedSet, at: At) -> Unknown:
        message = f"nft 1.0.6 leaves this in `{named.name}`: in one go with the set, it deletes nothing from a set with `flags interval`"
        self.resolver.note("interval-delete", message, at, Level.WARNING, Effect.UNKNOWN)
        return Unknown("whether this nft deletes elements of an interval set in one go", at.span)

    def _listed(self, value: Expression, keys: list[Key], place: Place, filled: bool) -> Condition:
        found = self.resolver.behind(value, place.moment)
        if isinstance(found, Unknown):
            return Undecided(found, _present(keys))
        value, moment = found
        place = place._replace(moment=moment)
        if not filled and isinstance(value, PlainSet) and len(keys) == 1 and keys[0].spec.side is None and not _braces_are_empty(value):
            return self._inside(value, keys, place)
        items = self.resolver.items(value, moment)
        kept = (item for item in items if isinstance(item, Unknown) or not filled or not _expires(item.element))
        return self._in_items(kept, keys, place)

    # -- maps

    def entries(self, key: Expression, data: Expression, place: Place) -> Iterator[Entry]:
        """What a map holds for a key, disjoint and in order. Raises `Refused`."""
        keys = self.keys(key, place)
        nested = len(keys) > 1
        taken: list[Condition] = []
        known = _Keys(self.resolver, nested)
        rest: list[tuple[Element, Moment]] = []
        for item in self._map_items(data, place):
            if isinstance(item, Unknown):
                yield Entry(Undecided(item, _present(keys)), None, place.moment, data.at)
                continue
            if item.element.data is None:
                unknown = Unknown("an element of a map that maps to nothing", item.element.at.span)
                self.resolver.refuse("an element of a map needs what it maps to, behind a colon", item.element.at)
                yield Entry(Undecided(unknown, _present(keys)), None, place.moment, item.element.at)
                continue
            if item.element.key is None:
                rest.append((item.element, item.moment))
                continue
            box = self._box(item.element, keys, place._replace(moment=item.moment))
            alone = both(box, *(~earlier for earlier in taken)) if nested and len(taken) < 200 else box
            taken.append(box)
            known.add(box, item.element)
            yield Entry(alone, item.element.data, item.moment, item.element.at)
        for element, moment in rest:
            yield Entry(both(Exactly(_present(keys)), ~either(*taken)), element.data, moment, element.at)

    def _map_items(self, data: Expression, place: Place) -> Iterator[Item | Unknown]:
        found = self.resolver.behind(data, place.moment)
        if isinstance(found, Unknown):
            yield found
            return
        value, moment = found
        if not (isinstance(value, Atom) and value.word.startswith("@")):
            yield from self.resolver.items(value, moment)
            return
        named = self.resolver.set_named(place.table, value.word[1:], value.at)
        if isinstance(named, Unknown):
            yield named
            return
        self.resolver.in_order(f"map `{named.name}`", named.block, place.moment, value.at, named.name_at)
        if named.kind == "set":
            self.resolver.refuse(f"`{named.name}` is a set: it maps to nothing", value.at, ("declared", named.name_at))
        key = (place.table.family, place.table.name, named.name)
        deleted = {
            self._text(item) for change in named.changes if change.verb == "delete" for item in self._items(change.value, change.moment)
        }
        for change in named.changes:
            if change.verb == "add":
                yield from (
                    item
                    for item in self.resolver.items(change.value, change.moment)
                    if isinstance(item, Unknown) or self._text(item) not in deleted
                )
        if key in place.setting.facts.filled or "dynamic" in named.flags:
            yield Unknown(f"map `{named.name}` is filled by traffic", named.name_at.span, f"@{named.name}")

    def _items(self, value: Expression, moment: Moment) -> Iterator[Item]:
        return (item for item in self.resolver.items(value, moment) if isinstance(item, Item))

    @staticmethod
    def _text(item: Item) -> str:
        return "*" if item.element.key is None else "".join(item.element.key.at.words.split())


# -- helpers


class _Keys:
    """The keys of a map so far: nft takes none twice for two things, no intervals that overlap, and nested boxes the narrower first."""

    def __init__(self, resolver: Resolver, nested: bool) -> None:
        self.resolver, self.nested = resolver, nested
        self.known: list[tuple[PacketSet, Element]] = []
        self.union = NOTHING
        self.names: dict[str, Element] = {}

    def add(self, box: Condition, element: Element) -> None:
        if isinstance(box, Exactly):
            self._packets(box.packets, element)
        elif not self.nested and isinstance(element.key, Atom):
            self._name(element.key.word.strip('"'), element)

    def _packets(self, packets: PacketSet, element: Element) -> None:
        if len(self.known) >= _MOST_KEYS:
            return
        if packets & self.union:
            for other, earlier in self.known:
                if other is packets and told(earlier.data) == told(element.data):
                    continue
                if packets <= other if self.nested else packets & other:
                    self._refuse(element, earlier)
                    break
        self.known.append((packets, element))
        self.union |= packets

    def _name(self, name: str, element: Element) -> None:
        for other, earlier in self.names.items():
            wide, narrow = (other, name) if other.endswith("*") else (name, other)
            if wide == narrow:
                clash = told(earlier.data) != told(element.data)
            else:
                clash = wide.endswith("*") and not wide.endswith("\\*") and narrow.startswith(wide[:-1])
            if clash:
                self._refuse(element, earlier)
                return
        if len(self.names) < _MOST_KEYS:
            self.names[name] = element

    def _refuse(self, element: Element, earlier: Element) -> None:
        self.resolver.refuse("a key that the map has already", element.at, ("here", earlier.at))


def told(data: Verdict | Expression | None) -> str:
    """What an element maps to, to be compared."""
    return "" if data is None else " ".join(data.at.words.split())


def _present(keys: list[Key]) -> PacketSet:
    result = EVERYTHING
    for key in keys:
        result &= key.spec.present
    return result


def _exactly(spec: Spec, spans: Interval | list[Interval] | tuple[Interval, ...], whole: bool) -> Condition:
    """The packets whose value is in the spans; in doubt where the value is not known."""
    if whole:
        return Exactly(spec.present)
    if not spans:
        return NONE
    packets = spec.encode(spans)  # type: ignore[arg-type]
    doubt = spec.doubt if spec.blur is None else spec.doubt | spec.blur(spans) - packets  # type: ignore[arg-type]
    return Exactly(packets) if doubt is NOTHING else either(Exactly(packets), Undecided(Unknown(spec.reason), doubt))


def _is_all(spans: tuple[Interval, ...] | list[Interval], top: int) -> bool:
    return len(spans) == 1 and tuple(spans[0]) == (0, top)


def _within(spans: tuple[Interval, ...]) -> Callable[[int], bool]:
    return lambda number: any(low <= number <= high for low, high in spans)


def _compared(operator: str, spans: tuple[Interval, ...], top: int) -> tuple[Interval, ...]:
    """The values that compare so with the intervals."""
    if operator in ("", "=="):
        return spans
    if operator == "!=":
        return subtract_intervals([(0, top)], spans)
    low, high = spans[0]
    if operator == "<":
        return ((0, low - 1),) if low else ()
    if operator == "<=":
        return ((0, high),)
    if operator == ">":
        return ((high + 1, top),) if high < top else ()
    return ((low, top),)


def _test(key: Key, operator: str, spans: tuple[Interval, ...], listed: bool) -> Callable[[int], bool]:
    """Whether a value passes, as a function: for fields of bits and computed ones."""
    kind = key.spec.type
    if kind in FLAG_TYPES and spans and (key.transform is None or operator == "!"):
        bits = spans[0][0]
        if operator == "" and spans[0][0] == spans[0][1]:
            return lambda number: number & bits != 0
        if operator == "!" or (operator == "!=" and listed and kind != "tcp_flag"):
            return lambda number: number & bits == 0
    wanted = _compared(operator, spans, (1 << BITS.get(kind, 32)) - 1)
    return _within(wanted)


def _runs(values: Iterator[int]) -> list[Interval]:
    spans: list[Interval] = []
    for number in values:
        if spans and spans[-1][1] == number - 1:
            spans[-1] = (spans[-1][0], number)
        else:
            spans.append((number, number))
    return spans


def _masked_spans(key: Key, spans: tuple[Interval, ...], bits: int) -> list[Interval] | None:
    """The values x with x & mask equal to a number, as intervals; None where there are too many."""
    if key.mask is None or len(spans) != 1 or spans[0][0] != spans[0][1]:
        return None
    mask, wanted = key.mask, spans[0][0]
    if wanted & ~mask:
        return []
    low_free = (mask & -mask).bit_length() - 1 if mask else bits
    free = [bit for bit in range(low_free, bits) if not mask >> bit & 1]
    if len(free) > 16 or 2 ** len(free) > _MOST_INTERVALS:
        return None
    found: list[Interval] = []
    for pick in range(2 ** len(free)):
        base = wanted
        for index, bit in enumerate(free):
            base |= (pick >> index & 1) << bit
        found.append((base, base | (1 << low_free) - 1))
    return found


def _expires(element: Element) -> bool:
    return any(name in ("timeout", "expires") for name, _ in element.attributes)


def _braces_are_empty(value: PlainSet) -> bool:
    return not value.at.words.strip("{} \t\r\n")


__all__ = ["ANY", "Entry", "Key", "Matcher", "Place", "Span"]
