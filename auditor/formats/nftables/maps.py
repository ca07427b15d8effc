"""What maps hold for a key, and which keys nft takes beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from auditor.formats.nftables.boxes import told
from auditor.formats.nftables.comparing import Key, present
from auditor.formats.nftables.match import Matcher, Place, check_types
from auditor.formats.nftables.resolve import Item, Resolver
from auditor.formats.nftables.ruleset import Moment
from auditor.formats.nftables.syntax import Atom, Element, Expression, PlainSet, SetLiteral, Verdict
from auditor.formats.nftables.text import At
from auditor.model.filters import Condition, Exactly, Undecided, both, either
from auditor.model.packets import NOTHING, PacketSet
from auditor.model.source import Unknown

_MOST_KEYS = 300


class Entry(NamedTuple):
    """What a map holds: for these packets (disjoint from those of the entries before), this."""

    condition: Condition
    data: Verdict | Expression | None
    moment: Moment
    at: At


_SAID_OF_ELEMENTS = frozenset(("timeout", "expires", "comment"))


class Maps:
    """The maps of one ruleset."""

    def __init__(self, matcher: Matcher) -> None:
        self.matcher = matcher
        self.resolver = matcher.resolver

    def entries(self, key: Expression, data: Expression, place: Place, verdicts: bool = False) -> Iterator[Entry]:
        """What a map holds for a key, disjoint and in order: `verdicts`, or other values. Raises `Refused`."""
        keys = self.matcher.keys(key, place)
        nested = len(keys) > 1
        taken: list[Condition] = []
        known = _Keys(self.resolver)
        items = self._map_items(data, keys, place, verdicts)
        if nested and not data.at.words.startswith("@"):
            items = self.matcher.beside(items, keys, place)
        rest: list[tuple[Element, Moment]] = []
        for item in items:
            if isinstance(item, Unknown):
                yield Entry(Undecided(item, present(keys)), None, place.moment, data.at)
                continue
            if item.element.data is None:
                unknown = Unknown("an element of a map that maps to nothing", item.element.at.span)
                self.resolver.refuse("an element of a map needs what it maps to, behind a colon", item.element.at)
                yield Entry(Undecided(unknown, present(keys)), None, place.moment, item.element.at)
                continue
            if any(name not in _SAID_OF_ELEMENTS for name, _ in item.element.attributes) and not data.at.words.startswith("@"):
                self.resolver.refuse("elements of a map in a rule count nothing", item.element.at)
            if isinstance(item.element.key, PlainSet | SetLiteral):
                self.resolver.refuse("a set stands where a map has one key", item.element.at)
                continue
            if item.element.key is None:
                rest.append((item.element, item.moment))
                continue
            box = self.matcher.box(item.element, keys, place._replace(moment=item.moment))
            alone = both(box, *(~earlier for earlier in taken)) if nested and len(taken) < 200 else box
            taken.append(box)
            if not nested:
                known.add(box, item.element)
            yield Entry(alone, item.element.data, item.moment, item.element.at)
        for element, moment in rest:
            yield Entry(both(Exactly(present(keys)), ~either(*taken)), element.data, moment, element.at)

    def _map_items(self, data: Expression, keys: list[Key], place: Place, verdicts: bool) -> Iterator[Item | Unknown]:
        found = self.resolver.behind(data, place.moment)
        if isinstance(found, Unknown):
            yield found
            return
        value, moment = found
        if not (isinstance(value, Atom) and value.word.startswith("@")):
            if isinstance(value, PlainSet) and not value.at.words.strip("{} \t\r\n"):
                self.resolver.refuse("an anonymous map may not be empty", value.at)
            yield from self.resolver.items(value, moment)
            return
        named = self.resolver.set_named(place.table, value.word[1:], value.at)
        if isinstance(named, Unknown):
            yield named
            return
        self.resolver.in_order(f"map `{named.name}`", named.block, place.moment, value.at, named.name_at)
        if named.kind == "set":
            self.resolver.refuse(f"`{named.name}` is a set: it maps to nothing", value.at, ("declared", named.name_at))
        elif (named.data == ("verdict",)) is not verdicts and named.data:
            wanted = "verdicts" if verdicts else "values, not verdicts"
            self.resolver.refuse(f"map `{named.name}` holds {' . '.join(named.data)}: {wanted} are expected", value.at)
        check_types(named, keys, place)
        key = (place.table.family, place.table.name, named.name)
        deleted = {
            self._text(item) for change in named.changes if change.verb != "add" for item in self._items(change.value, change.moment)
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


class _Keys:
    """The keys of a map so far: nft takes none twice for two things, and no intervals that overlap."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self.known: list[tuple[PacketSet, Element]] = []
        self.union = NOTHING
        self.names: dict[str, Element] = {}

    def add(self, box: Condition, element: Element) -> None:
        if isinstance(box, Exactly):
            self._packets(box.packets, element)
        elif isinstance(element.key, Atom):
            self._name(element.key.word.strip('"'), element)

    def _packets(self, packets: PacketSet, element: Element) -> None:
        if len(self.known) >= _MOST_KEYS:
            return
        if packets & self.union:
            for other, earlier in self.known:
                if other is packets and told(earlier.data) == told(element.data):
                    continue
                if packets & other:
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
