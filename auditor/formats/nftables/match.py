"""From a comparison to a condition: which packets `tcp dport { 22, 80 }` matches.

`Matcher.match` is `present & value in V`: the operator, the mask and the negation only decide what V is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from auditor.formats.nftables import boxes, fields, interfaces, kinds
from auditor.formats.nftables.comparing import Key, compared, exactly, is_all, masked, present, runs_of, test_of, within
from auditor.formats.nftables.names import NO_VALUES
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
)
from auditor.formats.nftables.text import At
from auditor.formats.nftables.values import BITS, FLAG_TYPES, TYPED, Refused, torn
from auditor.model.filters import NONE, Condition, Exactly, Undecided, both, either
from auditor.model.headers import subtract_intervals
from auditor.model.packets import NOTHING, Interval, PacketSet, union
from auditor.model.source import Effect, Level, Unknown

OPERATORS = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">=", "not": "!", "": ""}
_FEW_WORDS = 40
_RANGE = re.compile(r"\d\w*[-/].+|[0-9a-fA-F:.]+[-/].+")
_TYPES = BITS.keys() | kinds.FORMS.keys() | {"ifname", "iface_index"}


class Place(NamedTuple):
    """Where a rule stands: its table, the setting it is judged in, and the moment its variables are of."""

    table: Table
    setting: Setting
    moment: Moment


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
        if isinstance(match.value, Atom) and match.value.word in NO_VALUES:
            message = f"`{match.value.word}` is a word of the language: a value is expected here"
            self.resolver.refuse(message, match.value.at)
            return Undecided(Unknown(message, match.value.at.span))
        value = self._value(match.value, place)
        if isinstance(value, Unknown):
            return Undecided(value, present(keys))
        behind, moment = value
        if len(keys) == 1 and behind.at.end - behind.at.start < _FEW_WORDS:
            self._check_word(behind, keys[0])
        named = isinstance(behind, Atom) and behind.word.startswith("@")
        listed = isinstance(behind, PlainSet | SetLiteral)
        if operator in ("<", ">", "<=", ">=") and (named or listed or _is_range(behind)):
            raise Refused(f"`{operator}` compares with one value")
        if named or listed:
            inside = self._inside(behind, keys, place._replace(moment=moment))
            return inside if operator != "!=" else both(Exactly(present(keys)), ~inside)
        if len(keys) > 1:
            inside = self.box(Element(behind, None, (), behind.at), keys, place._replace(moment=moment))
            return inside if operator != "!=" else both(Exactly(present(keys)), ~inside)
        return self._compare(keys[0], operator, behind, place._replace(moment=moment))

    def _value(self, value: Expression, place: Place) -> tuple[Expression, Moment] | Unknown:
        return self.resolver.behind(value, place.moment)

    @staticmethod
    def _check_word(value: Expression, key: Key) -> None:
        """Among others, a word of another kind stands for its number; alone, it does not fit. Raises `Refused`."""
        word = value.word if isinstance(value, Atom) else _inside_braces(value) if isinstance(value, PlainSet) else ""
        own = TYPED.get(word)
        if own is not None:
            wanted = "ifname" if key.spec.side is not None else kinds.kind_of(key.spec)
            if own != wanted and (own != "boolean" or wanted in BITS or wanted in kinds.FORMS or wanted == "ifname"):
                raise Refused(f"`{word}` is a word for other values than those of this field")

    def _check_operator(self, match: Match, keys: list[Key], operator: str) -> None:
        flags = len(keys) == 1 and (keys[0].spec.type in FLAG_TYPES or kinds.kind_of(keys[0].spec) == "ct_label")
        if operator == "!" and not flags:
            raise Refused("`!` is for fields of bits, such as tcp flags; write `!=`")
        if isinstance(match.value, Listing) and not flags and len(keys) == 1:
            raise Refused("a list without braces is for fields of bits; write `{ … }`")
        lists = (match.value.left, match.value.right) if isinstance(match.value, Pair) and match.value.operator == "/" else (match.value,)
        if any(_is_range(item) for each in lists if isinstance(each, Listing) for item in each.items):
            raise Refused("a list without braces is of single values; write `{ … }`")

    # -- keys

    def keys(self, key: Expression, place: Place) -> list[Key]:
        """The fields of a key, concatenated or not. Raises `Refused`."""
        parts = key.parts if isinstance(key, Concat) else (key,)
        return [self._key(part, place) for part in parts]

    def _key(self, part: Expression, place: Place) -> Key:
        if isinstance(part, FieldName):
            spec = fields.spec(part.name, place.setting)
            kinds.check(spec, place.setting.family)
            return Key(spec, None, None, part.at)
        if isinstance(part, Binary):
            inner = self._key(part.left, place)
            if _is_range(part.right):
                raise Refused("a mask is one value")
            found = self.resolver.values(part.right, kinds.kind_of(inner.spec) or inner.spec.type, place.moment)
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
            return interfaces.compared(key, operator, value, self.resolver, place.setting, place.moment)
        if key.spec.doubt is key.spec.present:
            self.check_value(key.spec, value, place.moment)
            return self._doubtful(key, lapses=operator not in ("!=", "!"))
        if isinstance(value, Pair) and value.operator == "/" and key.spec.type in FLAG_TYPES:
            return self._flags_of(key, operator, value, place)
        found = self.resolver.values(value, key.spec.type, place.moment)
        if found.unknowns:
            return self._unsure(key, operator, found)
        listed = isinstance(value, Listing)
        return self._satisfying(key, test_of(key, operator, found.spans, listed), operator, found.spans)

    def _doubtful(self, key: Key, lapses: bool = True) -> Condition:
        """A field of which nothing is known; where no packet has it, nothing matches. Not everybody has the value that is asked for."""
        if key.spec.present is NOTHING:
            return NONE
        self.resolver.note("unknown-match", f"{key.spec.reason}: the rule may match or not", key.at, Level.NOTE, Effect.UNKNOWN)
        return Undecided(Unknown(key.spec.reason, key.at.span, lapses=lapses), key.spec.present)

    def check_value(self, spec: fields.Spec, value: Expression, moment: Moment) -> None:
        """Refuse what does not fit a field of which nothing is known."""
        kind = kinds.kind_of(spec)
        if kind in BITS:
            self.resolver.values(value, kind, moment)
        else:
            for atom in self.resolver.atoms(value, moment):
                if torn(atom.word):
                    self.resolver.refuse(f"`{atom.word}` is no value: what begins with a digit has to be quoted", atom.at)
                elif kind in kinds.FORMS and not kinds.FORMS[kind].fullmatch(atom.word) and atom.word not in TYPED:
                    self.resolver.refuse(f"`{atom.word}` is no {kinds.CALLED[kind]}", atom.at)

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
        sure = self._satisfying(key, test_of(key, "==", found.spans, False), "==", found.spans) if found.spans else NONE
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
            if not wanted and spec.doubt is not NOTHING:
                return Undecided(Unknown(spec.reason), spec.doubt)
            return exactly(spec, [(point, point) for point in wanted], len(wanted) == len(spec.points) and spec.doubt is NOTHING)
        if key.transform is None and spec.type not in FLAG_TYPES:
            wanted_spans = compared(operator, spans, top)
            return exactly(spec, wanted_spans, is_all(wanted_spans, top))
        if spec.bits <= 16:
            found = runs_of(value for value in range(top + 1) if test(key.transform(value) if key.transform else value))
            return exactly(spec, found, is_all(found, top))
        wanted_bits = masked(key, spans, spec.bits) if operator in ("", "==", "!=") else None
        if wanted_bits is None:
            return Undecided(Unknown("what is computed from this field is not modelled", key.at.span), spec.present)
        wanted_spans = subtract_intervals([(0, top)], wanted_bits) if operator == "!=" else tuple(wanted_bits)
        return exactly(spec, wanted_spans, is_all(wanted_spans, top))

    # -- sets

    def _inside(self, value: Expression, keys: list[Key], place: Place) -> Condition:
        """The key is in the set."""
        if isinstance(value, Atom):
            return self._in_named(value, keys, place)
        if isinstance(value, PlainSet) and value.at.end - value.at.start < _FEW_WORDS and not _inside_braces(value):
            self.resolver.refuse("an anonymous set may not be empty", value.at)
            return Undecided(Unknown("a set without elements", value.at.span), present(keys))
        if len(keys) == 1 and keys[0].spec.doubt is keys[0].spec.present and keys[0].spec.side is None:
            self.check_value(keys[0].spec, value, place.moment)
            return self._doubtful(keys[0])
        if len(keys) == 1 and keys[0].spec.side is None:
            if isinstance(value, PlainSet) and "$" not in value.at.words:
                return self._in_plain(value, keys[0], place)
            return self._in_values(self.resolver.set_values(value, keys[0].spec.type, place.moment), keys[0])
        return self._in_items(self.beside(self.resolver.items(value, place.moment), keys, place), keys, place)

    def beside(self, items: Iterator[Item | Unknown], keys: list[Key], place: Place) -> Iterator[Item | Unknown]:
        """The elements of a concatenation; what nft does not take beside each other is refused."""
        if len(keys) == 1 or any(key.transform is not None for key in keys):
            return items
        listed = list(items)
        types = [key.spec.type if key.spec.side is None else _type_of(key.spec.name, place) for key in keys]
        boxes.check(boxes.boxes(listed, types, self.resolver), self.resolver)
        return iter(listed)

    def _unmapped(self, element: Element) -> None:
        if element.data is not None:
            self.resolver.refuse("an element maps to something, and this is no map", element.at)

    def _in_plain(self, value: PlainSet, key: Key, place: Place) -> Condition:
        return self._in_values(self.resolver.set_values(value, key.spec.type, place.moment), key)

    def _in_values(self, found: Values, key: Key) -> Condition:
        sure = self._satisfying(key, within(found.spans), "==", found.spans) if found.spans else NONE
        return either(sure, Undecided(found.unknowns[0], key.spec.present)) if found.unknowns else sure

    def _in_items(self, items: Iterator[Item | Unknown], keys: list[Key], place: Place) -> Condition:
        exact: list[PacketSet] = []
        others: list[Condition] = []
        if len(keys) == 1 and keys[0].spec.side is not None and keys[0].spec.name.endswith("name"):
            items = _joined(items)
        for item in items:
            if isinstance(item, Unknown):
                others.append(Undecided(item, present(keys)))
                continue
            self._unmapped(item.element)
            found = self.box(item.element, keys, place._replace(moment=item.moment))
            if isinstance(found, Exactly):
                exact.append(found.packets)
            else:
                others.append(found)
        return either(Exactly(union(exact)), *others)

    def box(self, element: Element, keys: list[Key], place: Place) -> Condition:
        """The key is this element; `*` is any."""
        if element.key is None:
            return Exactly(present(keys))
        parts = element.key.parts if isinstance(element.key, Concat) else (element.key,)
        if len(parts) == 1 and len(keys) > 1:
            found = self.resolver.behind(parts[0], place.moment)
            if isinstance(found, Unknown):
                return Undecided(found, present(keys))
            if isinstance(found[0], Concat):
                return self.box(element._replace(key=found[0]), keys, place._replace(moment=found[1]))
        if len(parts) != len(keys):
            self.resolver.refuse(f"an element of {len(parts)} fields for a key of {len(keys)}", element.at)
            return Undecided(Unknown("an element that does not fit its key", element.at.span), present(keys))
        return both(*(self._field_is(part, key, place) for part, key in zip(parts, keys, strict=True)))

    def _field_is(self, part: Expression, key: Key, place: Place) -> Condition:
        if key.spec.side is not None:
            return interfaces.compared(key, "==", part, self.resolver, place.setting, place.moment)
        if isinstance(part, Atom) and part.word == "*":
            return Exactly(key.spec.present)
        if key.spec.doubt is key.spec.present:
            self.check_value(key.spec, part, place.moment)
            return self._doubtful(key)
        return self._in_values(self.resolver.values(part, key.spec.type, place.moment), key)

    def _in_named(self, name: Atom, keys: list[Key], place: Place) -> Condition:
        table = place.table
        found = self.resolver.set_named(table, name.word[1:], name.at)
        if isinstance(found, Unknown):
            return Undecided(found, present(keys))
        self.resolver.in_order(f"set `{found.name}`", found.block, place.moment, name.at, found.name_at)
        check_types(found, keys, place)
        memo = (id(found), tuple(key.spec.name for key in keys), place.setting)
        known = self._sets.get(memo) if all(key.transform is None for key in keys) else None
        if known is None:
            known = self._sets[memo] = self._contents(found, keys, place)
        return known

    def _contents(self, named: NamedSet, keys: list[Key], place: Place) -> Condition:
        """What is in a named set: what the file says, unless traffic fills it."""
        key = (place.table.family, place.table.name, named.name)
        facts = place.setting.facts
        inside: Condition = NONE
        for change in named.changes:
            there = place._replace(moment=change.moment)
            part = self._listed(change.value, keys, there, key in facts.filled, bool(named.data))
            if change.verb == "add":
                inside = either(inside, part)
            elif "interval" in named.flags:
                inside = either(both(inside, ~part), both(inside, part, Undecided(self._left_in(named, change.value.at))))
            else:
                inside = both(inside, ~part)
        if key in facts.emptied:
            changed = Unknown(f"set `{named.name}` is changed by traffic", named.name_at.span, f"@{named.name}", lapses=True)
            return Undecided(changed, present(keys))
        if key in facts.filled or "dynamic" in named.flags:
            filled = Unknown(f"set `{named.name}` is filled by traffic", named.name_at.span, f"@{named.name}", lapses=True)
            return either(inside, Undecided(filled, present(keys)))
        return inside

    def _left_in(self, named: NamedSet, at: At) -> Unknown:
        message = f"nft 1.0.6 leaves this in `{named.name}`: in one go with the set, it deletes nothing from a set with `flags interval`"
        self.resolver.note("interval-delete", message, at, Level.WARNING, Effect.UNKNOWN)
        return Unknown("whether this nft deletes elements of an interval set in one go", at.span)

    def _listed(self, value: Expression, keys: list[Key], place: Place, filled: bool, mapped: bool) -> Condition:
        found = self.resolver.behind(value, place.moment)
        if isinstance(found, Unknown):
            return Undecided(found, present(keys))
        value, moment = found
        place = place._replace(moment=moment)
        if (
            not filled
            and not mapped
            and isinstance(value, PlainSet)
            and len(keys) == 1
            and keys[0].spec.side is None
            and _inside_braces(value)
        ):
            return self._inside(value, keys, place)
        items = self.resolver.items(value, moment)
        if mapped:  # the keys of a map are a set
            items = (each if isinstance(each, Unknown) else each._replace(element=each.element._replace(data=None)) for each in items)
        kept = (item for item in items if isinstance(item, Unknown) or not filled or not _expires(item.element))
        return self._in_items(kept, keys, place)


def check_types(named: NamedSet, keys: list[Key], place: Place) -> None:
    """Raises `Refused` where a set or map holds other fields than the key has."""
    if named.types and len(named.types) != len(keys):
        raise Refused(f"{named.kind} `{named.name}` holds {len(named.types)} fields, the key has {len(keys)}")
    for declared, key in zip(named.types, keys, strict=False):
        held, wanted = _type_of(declared, place), kinds.kind_of(key.spec) if key.spec.side is None else _type_of(key.spec.name, place)
        if held != wanted and {held, wanted} <= _TYPES and not {held, wanted} <= kinds.NUMBERS:
            raise Refused(f"{named.kind} `{named.name}` holds {held}, the field is {wanted}")


def _type_of(declared: str, place: Place) -> str:
    """The type that a set declares by its name or by a field."""
    if " " not in declared and declared in _TYPES:
        return declared
    spec = fields.known(declared, place.setting)
    if spec is None or spec.side is None:
        return "" if spec is None else kinds.kind_of(spec)
    return "ifname" if spec.name.endswith("name") else "iface_index"


def _expires(element: Element) -> bool:
    return any(name in ("timeout", "expires") for name, _ in element.attributes)


def _is_range(value: Expression) -> bool:
    """Whether a value is written as a range or a prefix of addresses."""
    if isinstance(value, Pair):
        return True
    return isinstance(value, Atom) and _RANGE.fullmatch(value.word) is not None


def _joined(items: Iterator[Item | Unknown]) -> Iterator[Item | Unknown]:
    """Elements that are nothing but names, as one that lists them: the interface is asked for once."""
    names: list[Atom] = []
    moment: Moment | None = None
    for item in items:
        key = None if isinstance(item, Unknown) or item.element.data is not None else item.element.key
        if isinstance(item, Item) and isinstance(key, Atom) and key.word[0] not in "$*":
            names.append(key)
            moment = item.moment
        else:
            yield item
    if moment is not None:
        yield Item(Element(Listing(tuple(names), names[0].at), None, (), names[0].at), moment)


def _inside_braces(value: PlainSet) -> str:
    return value.at.words.strip("{} \t\r\n")
