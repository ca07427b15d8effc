"""Exact sets of packets: an interned interval decision diagram. Equal sets are the same object, so `==` is `is`.

A set is either `NOTHING`, `EVERYTHING`, or a node that splits one field's domain into intervals, each with the set of what the fields after
it may be. A field that does not matter has no node; neighbouring intervals never share a child; so every set has exactly one form.
"""

from __future__ import annotations

import operator
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import IntEnum

V4_MAX = 2**32 - 1
V6_BASE = 2**32
ADDRESS_MAX = V6_BASE + 2**128 - 1


class Field(IntEnum):
    """What a packet is made of, in the order the diagram asks for it.

    Addresses stand on one line: IPv4 from 0, IPv6 from 2**32. For ICMP and ICMPv6 the destination port is type * 256 + code.
    TRANSLATED is made of bits: 1 where the destination was translated on the way, 2 the source; 4 and 8 where that was decided, be it
    to leave it as it is.
    """

    PROTOCOL = 0
    DESTINATION_PORT = 1
    SOURCE = 2
    DESTINATION = 3
    SOURCE_PORT = 4
    STATE = 5
    TCP_FLAGS = 6
    MARK = 7
    CT_MARK = 8
    TRANSLATED = 9


class State(IntEnum):
    """What connection tracking says of a packet; a packet is in exactly one state."""

    NEW = 0
    ESTABLISHED = 1
    RELATED = 2
    INVALID = 3
    UNTRACKED = 4


DOMAIN_MAX: tuple[int, ...] = (255, 65535, ADDRESS_MAX, ADDRESS_MAX, 65535, len(State) - 1, 255, V4_MAX, V4_MAX, 15)
_WHOLE = tuple((top,) for top in DOMAIN_MAX)
_TERMINAL = len(Field)
FIELDS = tuple(Field)

Interval = tuple[int, int]
Packet = Mapping[Field, int]
"""A single packet; a field left out reads as 0."""


class PacketSet:
    """A set of packets. Verbs: `&`, `|`, `-`, `~`, `<=`; `packet in set`; false when empty."""

    __slots__ = ("_complement", "children", "ends", "hull", "level")

    level: int
    ends: tuple[int, ...]
    children: tuple[PacketSet, ...]
    hull: tuple[int, ...] | None  # once it was asked for: auditor.model.hulls
    _complement: PacketSet | None

    def __and__(self, other: PacketSet) -> PacketSet:
        return _meet(self, other)

    def __or__(self, other: PacketSet) -> PacketSet:
        return _join(self, other)

    def __sub__(self, other: PacketSet) -> PacketSet:
        return _minus(self, other)

    def __invert__(self) -> PacketSet:
        if self._complement is None:
            inverse = _mapped(self, operator.invert)
            self._complement, inverse._complement = inverse, self
        return self._complement

    def __le__(self, other: PacketSet) -> bool:
        return _within(self, other)

    def __bool__(self) -> bool:
        return self is not NOTHING

    def __contains__(self, packet: Packet) -> bool:
        node = self
        while node.level < _TERMINAL:
            node = node.children[bisect_left(node.ends, packet.get(FIELDS[node.level], 0))]
        return node is EVERYTHING

    def meets(self, other: PacketSet) -> bool:
        """Whether the two have a packet in common; builds nothing."""
        return _overlap(self, other)

    def common(self, other: PacketSet) -> dict[Field, int] | None:
        """A packet that is in both, fields that are 0 left out; None where there is none. Builds no set."""
        return None if self is NOTHING or other is NOTHING else _common(self, other)

    def values(self, field: Field) -> tuple[Interval, ...]:
        """Which values of `field` occur, as sorted disjoint inclusive intervals that do not touch."""
        flat = _project(self, field, {})
        if flat is EVERYTHING:
            return ((0, DOMAIN_MAX[field]),)
        return tuple((low, high) for low, high, child in flat.intervals() if child is EVERYTHING)

    def without(self, *fields: Field) -> PacketSet:
        """The packets that are in the set for some values of the fields (existential projection)."""
        return _forget(self, fields, max(fields), {})

    def throughout(self, field: Field, within: PacketSet) -> PacketSet:
        """The packets that are in the set for every value of `field` that `within` allows (universal projection)."""
        return ~((within - self).without(field))

    def example(self, likely: Mapping[Field, Sequence[int]] | None = None) -> dict[Field, int]:
        """One packet of the set: each field takes the first of its `likely` values that fits, else the lowest that does.

        Raises `ValueError` on the empty set.
        """
        if self is NOTHING:
            raise ValueError("the empty set has no example")
        packet: dict[Field, int] = {}
        node = self
        for field in FIELDS:
            wanted = likely.get(field, ()) if likely else ()
            if node.level != field:
                packet[field] = wanted[0] if wanted else 0
                continue
            packet[field], node = _choose(node, wanted)
        return packet

    def closest(self, wanted: Packet) -> dict[Field, int]:
        """A packet of the set, which is not empty: each field has the value wanted, or the lowest that goes with those before it."""
        packet = dict(wanted)
        node = self
        while node is not EVERYTHING:
            field = FIELDS[node.level]
            following = node.children[bisect_left(node.ends, packet.get(field, 0))]
            if following is NOTHING:
                at = 0 if node.children[0] is not NOTHING else 1  # neighbours differ: the second is not empty
                packet[field] = node.ends[0] + 1 if at else 0
                following = node.children[at]
            node = following
        return packet

    def boxes(self) -> Iterator[dict[Field, tuple[Interval, ...]]]:
        """The set as disjoint boxes: a field → its intervals; a field left out may be anything."""
        if self is EVERYTHING:
            yield {}
            return
        groups: dict[PacketSet, list[Interval]] = {}
        for low, high, child in self.intervals():
            if child is not NOTHING:
                groups.setdefault(child, []).append((low, high))
        for child, intervals in groups.items():
            for box in child.boxes():
                yield {Field(self.level): tuple(intervals), **box}

    def intervals(self) -> Iterator[tuple[int, int, PacketSet]]:
        """The node's own split: (first, last, what follows), in order. Nothing for the two constant sets."""
        low = 0
        for high, child in zip(self.ends, self.children, strict=True):
            yield low, high, child
            low = high + 1

    def renamed(self, names: Mapping[Field, Field]) -> PacketSet:
        """The set with fields exchanged as `names` says, e.g. source and destination."""
        return union(box_set({names.get(field, field): spans for field, spans in box.items()}) for box in self.boxes())

    def __repr__(self) -> str:
        if self is NOTHING or self is EVERYTHING:
            return "NOTHING" if self is NOTHING else "EVERYTHING"
        return f"<PacketSet {Field(self.level).name.lower()}: {len(self.ends)} intervals>"


def _terminal() -> PacketSet:
    node = PacketSet()
    node.level, node.ends, node.children, node.hull = _TERMINAL, (), (), None
    return node


NOTHING = _terminal()
EVERYTHING = _terminal()
NOTHING._complement, EVERYTHING._complement = EVERYTHING, NOTHING

_interned: dict[tuple[int, tuple[int, ...], tuple[PacketSet, ...]], PacketSet] = {}


def _node(level: int, ends: tuple[int, ...], children: tuple[PacketSet, ...]) -> PacketSet:
    """The one node of this form. `ends` and `children` are already merged."""
    if len(ends) == 1:
        return children[0]
    key = (level, ends, children)
    found = _interned.get(key)
    if found is None:
        found = PacketSet()
        found.level, found.ends, found.children = level, ends, children
        found._complement = found.hull = None
        _interned[key] = found
    return found


def field_set(field: Field, intervals: Iterable[Interval]) -> PacketSet:
    """The packets whose `field` lies in one of the inclusive intervals, given in any order, overlapping or not."""
    top = DOMAIN_MAX[field]
    spans = sorted(intervals)
    if len(spans) == 1 and 0 < spans[0][0] <= spans[0][1] < top:  # almost always
        ((low, high),) = spans
        return _node(field, (low - 1, high, top), (NOTHING, EVERYTHING, NOTHING))
    ends: list[int] = []  # of what is inside and what is not, by turns
    reached = -1
    for low, high in spans:
        if low > high or low > top:
            continue
        if low > reached + 1:
            ends.append(reached)
            ends.append(low - 1)
            reached = high
        elif high > reached:
            reached = high
    ends.append(min(reached, top))
    if reached < top:
        ends.append(top)
    first = 1 if ends[0] < 0 else 0  # nothing is inside up to the first
    return _node(field, tuple(ends[first:]), ((EVERYTHING, NOTHING) * (len(ends) // 2 + 1))[first : len(ends)])


def box_set(box: Mapping[Field, Iterable[Interval]]) -> PacketSet:
    """The packets whose every named field lies in its intervals: a product."""
    result = EVERYTHING
    for field in sorted(box, reverse=True):
        result = slab(field, tuple(box[field]), result)
    return result


def slab(field: Field, intervals: Sequence[Interval], rest: PacketSet) -> PacketSet:
    """The packets of `rest`, which asks for later fields alone, whose `field` lies in one of the intervals."""
    if len(intervals) == 1 and rest is not NOTHING:  # almost always
        ((low, high),) = intervals
        top = DOMAIN_MAX[field]
        if 0 < low <= high < top:
            return _node(field, (low - 1, high, top), (NOTHING, rest, NOTHING))
    inside = field_set(field, intervals)
    if rest is EVERYTHING or inside is NOTHING:
        return inside
    if rest is NOTHING or inside is EVERYTHING:
        return rest
    return _node(field, inside.ends, tuple([rest if kid is EVERYTHING else NOTHING for kid in inside.children]))


def union(sets: Iterable[PacketSet]) -> PacketSet:
    """All of them together, joined pairwise so that many small sets cost n log n."""
    pending = list(sets)
    while len(pending) > 1:
        paired = [_join(a, b) for a, b in zip(pending[::2], pending[1::2], strict=False)]
        pending = paired + ([pending[-1]] if len(pending) % 2 else [])
    return pending[0] if pending else NOTHING


_Operation = Callable[[PacketSet, PacketSet], PacketSet]
_CACHE_LIMIT = 1_000_000


def _combine(operation: _Operation, a: PacketSet, b: PacketSet) -> PacketSet:
    """Apply `operation` below the first field on which either splits."""
    if a.level < b.level:
        return _mapped(a, lambda child: operation(child, b))
    if b.level < a.level:
        return _mapped(b, lambda child: operation(a, child))
    ends: list[int] = []
    kids: list[PacketSet] = []
    i = j = 0
    a_ends, b_ends, a_kids, b_kids = a.ends, b.ends, a.children, b.children
    while i < len(a_ends):
        child = operation(a_kids[i], b_kids[j])
        end_a, end_b = a_ends[i], b_ends[j]
        end = end_a if end_a < end_b else end_b
        if kids and kids[-1] is child:
            ends[-1] = end
        else:
            ends.append(end)
            kids.append(child)
        i += end_a == end
        j += end_b == end
    return _node(a.level, tuple(ends), tuple(kids))


def _crossed(operation: _Operation, final: PacketSet, neutral: PacketSet, a: PacketSet, b: PacketSet) -> PacketSet:
    """The meet or the join of two nodes of one level; `final` decides it whatever the other is, `neutral` leaves the other as it is.

    It is what most time goes to: children that need no operation of their own are told apart here.
    """
    ends: list[int] = []
    kids: list[PacketSet] = []
    i = j = 0
    a_ends, b_ends, a_kids, b_kids = a.ends, b.ends, a.children, b.children
    last = a_ends[-1]
    end = -1
    before: PacketSet | None = None
    while end != last:
        x, y = a_kids[i], b_kids[j]
        if x is final or y is final:
            child = final
        elif x is neutral or x is y:
            child = y
        else:
            child = x if y is neutral else operation(x, y)
        end_a, end_b = a_ends[i], b_ends[j]
        if end_a < end_b:
            end = end_a
            i += 1
        else:
            end = end_b
            j += 1
            if end_a == end_b:
                i += 1
        if child is before:
            ends[-1] = end
        else:
            ends.append(end)
            kids.append(child)
            before = child
    return _node(a.level, tuple(ends), tuple(kids))


def _mapped(node: PacketSet, result: Callable[[PacketSet], PacketSet]) -> PacketSet:
    """The node with other children. They are few in kind, however many there are; if they stay different, nothing has to be merged."""
    results = {child: result(child) for child in dict.fromkeys(node.children)}
    kids = tuple(map(results.__getitem__, node.children))
    if len(set(results.values())) == len(results):
        return _node(node.level, node.ends, kids)
    return _rebuild(node.level, node.ends, kids)


def _rebuild(level: int, ends: tuple[int, ...], kids: Sequence[PacketSet]) -> PacketSet:
    """The node of these children, neighbours that are equal merged."""
    before: PacketSet | None = None
    for kid in kids:
        if kid is before:
            break
        before = kid
    else:
        return _node(level, ends, tuple(kids))
    merged_ends: list[int] = []
    merged: list[PacketSet] = []
    for end, kid in zip(ends, kids, strict=True):
        if merged and merged[-1] is kid:
            merged_ends[-1] = end
        else:
            merged_ends.append(end)
            merged.append(kid)
    return _node(level, tuple(merged_ends), tuple(merged))


def _sliced(operation: _Operation, final: PacketSet, neutral: PacketSet, many: PacketSet, few: PacketSet) -> PacketSet:
    """As `_crossed`, where `many` has far more intervals: stretches are skipped or copied whole."""
    ends: list[int] = []
    kids: list[PacketSet] = []

    def emit(end: int, kid: PacketSet) -> None:
        if kids and kids[-1] is kid:
            ends[-1] = end
        else:
            ends.append(end)
            kids.append(kid)

    for low, high, other in few.intervals():
        if other is final:
            emit(high, final)
            continue
        first = bisect_left(many.ends, low)
        last = bisect_left(many.ends, high)
        if other is neutral:
            emit(min(many.ends[first], high), many.children[first])
            if last > first:
                ends.extend(many.ends[first + 1 : last])
                kids.extend(many.children[first + 1 : last])
                emit(high, many.children[last])
            continue
        stretch = many.children[first : last + 1]
        results = {child: operation(child, other) for child in dict.fromkeys(stretch)}
        if last > first + 1 and len(set(results.values())) == len(results):
            emit(many.ends[first], results[stretch[0]])
            ends.extend(many.ends[first + 1 : last])
            kids.extend(map(results.__getitem__, stretch[1:-1]))
            emit(high, results[stretch[-1]])
            continue
        for index in range(first, last + 1):
            emit(min(many.ends[index], high), results[many.children[index]])
    return _node(many.level, tuple(ends), tuple(kids))


_met: dict[tuple[PacketSet, PacketSet], PacketSet] = {}
_joined: dict[tuple[PacketSet, PacketSet], PacketSet] = {}
_subtracted: dict[tuple[PacketSet, PacketSet], PacketSet] = {}


def _remember(cache: dict[tuple[PacketSet, PacketSet], PacketSet], key: tuple[PacketSet, PacketSet], result: PacketSet) -> PacketSet:
    if len(cache) > _CACHE_LIMIT:
        cache.clear()
    cache[key] = result
    return result


def _meet(a: PacketSet, b: PacketSet) -> PacketSet:
    if a is b or b is EVERYTHING:
        return a
    if a is NOTHING or b is NOTHING:
        return NOTHING
    if a is EVERYTHING:
        return b
    above, below = (a, b) if a.level < b.level else (b, a)
    if above.level < below.level and above.children.count(NOTHING) == len(above.children) - 1:
        return _inside(above, below)
    known = _met.get((a, b))
    if known is not None:
        return known
    result = _beneath(above, below) if above.level < below.level else _paired(_meet, NOTHING, EVERYTHING, a, b)
    return _remember(_met, (a, b), result)


def _inside(above: PacketSet, below: PacketSet) -> PacketSet:
    """The meet of a single interval with a set that asks only later fields. It costs less than to remember it."""
    kids = above.children
    at = 0 if kids[0] is not NOTHING else 1
    kid = kids[at]
    met = below if kid is EVERYTHING else _meet(kid, below)
    return NOTHING if met is NOTHING else _node(above.level, above.ends, (*kids[:at], met, *kids[at + 1 :]))


def _beneath(above: PacketSet, below: PacketSet) -> PacketSet:
    """The meet of a set with one that asks only later fields. What is all or nothing stays apart, so that nothing has to be merged."""
    if len(above.ends) <= _FEW:
        kids = [kid if kid is NOTHING else below if kid is EVERYTHING else _meet(kid, below) for kid in above.children]
        return _rebuild(above.level, above.ends, kids)
    return _mapped(above, lambda kid: below if kid is EVERYTHING else kid if kid is NOTHING else _meet(kid, below))


def _join(a: PacketSet, b: PacketSet) -> PacketSet:
    if a is b or b is NOTHING:
        return a
    if a is EVERYTHING or b is EVERYTHING:
        return EVERYTHING
    if a is NOTHING:
        return b
    known = _joined.get((a, b))
    if known is not None:
        return known
    result = _combine(_join, a, b) if a.level != b.level else _paired(_join, EVERYTHING, NOTHING, a, b)
    return _remember(_joined, (a, b), result)


def _paired(operation: _Operation, final: PacketSet, neutral: PacketSet, a: PacketSet, b: PacketSet) -> PacketSet:
    """As `_crossed`, by stretches where one of the nodes has so many more intervals that it pays."""
    if len(a.ends) > 8 * len(b.ends):
        return _sliced(operation, final, neutral, a, b)
    if len(b.ends) > 8 * len(a.ends):
        return _sliced(operation, final, neutral, b, a)
    return _crossed(operation, final, neutral, a, b)


_MANY = 256
_FEW = 4


def _minus(a: PacketSet, b: PacketSet) -> PacketSet:
    if a is b or a is NOTHING or b is EVERYTHING:
        return NOTHING
    if b is NOTHING:
        return a
    if a is EVERYTHING:
        return ~b
    known = _subtracted.get((a, b))
    if known is not None:
        return known
    many = a.level == b.level and len(a.ends) + len(b.ends) > _MANY
    return _remember(_subtracted, (a, b), _meet(a, ~b) if many else _combine(_minus, a, b))


def _splits(a: PacketSet, b: PacketSet) -> Iterator[tuple[int, PacketSet, PacketSet]]:
    """The first field on which either splits, by stretches: (where it begins, what follows in either)."""
    if a.level != b.level:
        above = a if a.level < b.level else b
        for low, _, child in above.intervals():
            yield (low, child, b) if above is a else (low, a, child)
        return
    i = j = low = 0
    while i < len(a.ends):
        yield low, a.children[i], b.children[j]
        end_a, end_b = a.ends[i], b.ends[j]
        low = min(end_a, end_b) + 1
        i += end_a <= end_b
        j += end_b <= end_a


def _within(a: PacketSet, b: PacketSet) -> bool:
    if a is b or a is NOTHING or b is EVERYTHING:
        return True
    if b is NOTHING or a is EVERYTHING:
        return False
    known = _subtracted.get((a, b))
    if known is not None:
        return known is NOTHING
    if all(_within(x, y) for _, x, y in _splits(a, b)):
        _remember(_subtracted, (a, b), NOTHING)
        return True
    return False


def _overlap(a: PacketSet, b: PacketSet) -> bool:
    if a is NOTHING or b is NOTHING:
        return False
    if a is b or a is EVERYTHING or b is EVERYTHING:
        return True
    known = _met.get((a, b))
    if known is not None:
        return known is not NOTHING
    if a.level == b.level and len(a.ends) > 3 * len(b.ends):
        return any(_overlap_stretch(a, low, high, other) for low, high, other in b.intervals())
    if a.level == b.level and len(b.ends) > 3 * len(a.ends):
        return any(_overlap_stretch(b, low, high, other) for low, high, other in a.intervals())
    if a.level != b.level:
        above, below = (a, b) if a.level < b.level else (b, a)
        found = any(kid is not NOTHING and _overlap(kid, below) for kid in above.children)
    else:
        found = _touch(a, b)
    if not found:
        _remember(_met, (a, b), NOTHING)
    return found


def _touch(a: PacketSet, b: PacketSet) -> bool:
    """Whether two nodes of one level overlap. Asked of every rule: most pairs of children need no look."""
    i = j = 0
    a_ends, b_ends, a_kids, b_kids = a.ends, b.ends, a.children, b.children
    while i < len(a_ends):
        if a_kids[i] is not NOTHING and b_kids[j] is not NOTHING and _overlap(a_kids[i], b_kids[j]):
            return True
        end_a, end_b = a_ends[i], b_ends[j]
        i += end_a <= end_b
        j += end_b <= end_a
    return False


def _common(a: PacketSet, b: PacketSet) -> dict[Field, int] | None:
    """A packet of two sets that are not empty. Asked of every rule: most pairs of children need no look."""
    if a is EVERYTHING or b is EVERYTHING or a is b:
        return _lowest(a if b is EVERYTHING else b)
    if _met.get((a, b)) is NOTHING:
        return None
    level = a.level if a.level < b.level else b.level
    i = j = low = 0
    a_ends, a_kids = (a.ends, a.children) if a.level == level else (_WHOLE[level], (a,))
    b_ends, b_kids = (b.ends, b.children) if b.level == level else (_WHOLE[level], (b,))
    while i < len(a_ends):
        x, y = a_kids[i], b_kids[j]
        if x is not NOTHING and y is not NOTHING:
            found = _common(x, y)
            if found is not None:
                if low:
                    found[FIELDS[level]] = low
                return found
        end_a, end_b = a_ends[i], b_ends[j]
        low = (end_a if end_a < end_b else end_b) + 1
        i += end_a <= end_b
        j += end_b <= end_a
    _remember(_met, (a, b), NOTHING)
    return None


def _lowest(node: PacketSet) -> dict[Field, int]:
    """The packet of a set that is not empty with the lowest value of each field it asks for, in order; zeros are left out."""
    packet: dict[Field, int] = {}
    while node is not EVERYTHING:
        first = node.children[0]
        if first is NOTHING:  # neighbours differ: the next is not empty
            packet[FIELDS[node.level]] = node.ends[0] + 1
            node = node.children[1]
        else:
            node = first
    return packet


def _overlap_stretch(many: PacketSet, low: int, high: int, other: PacketSet) -> bool:
    if other is NOTHING:
        return False
    first, last = bisect_left(many.ends, low), bisect_left(many.ends, high)
    if first == last:
        return _overlap(many.children[first], other)
    return any(_overlap(child, other) for child in many.children[first : last + 1])


def _forget(node: PacketSet, fields: tuple[Field, ...], last: Field, seen: dict[PacketSet, PacketSet]) -> PacketSet:
    if node.level > last:
        return node
    known = seen.get(node)
    if known is None:
        if node.level in fields:
            known = union(dict.fromkeys([_forget(child, fields, last, seen) for child in dict.fromkeys(node.children)]))
        else:
            known = _mapped(node, lambda child: _forget(child, fields, last, seen))
        seen[node] = known
    return known


def _project(node: PacketSet, field: Field, seen: dict[PacketSet, PacketSet]) -> PacketSet:
    """The values of `field` that occur, as a set that splits on `field` alone."""
    if node is NOTHING or node.level > field:
        return NOTHING if node is NOTHING else EVERYTHING
    known = seen.get(node)
    if known is None:
        if node.level == field:
            known = _mapped(node, lambda child: NOTHING if child is NOTHING else EVERYTHING)
        else:
            known = union(_project(child, field, seen) for child in dict.fromkeys(node.children))
        seen[node] = known
    return known


def _choose(node: PacketSet, wanted: Sequence[int]) -> tuple[int, PacketSet]:
    for value in wanted:
        child = node.children[bisect_left(node.ends, value)]
        if child is not NOTHING:
            return value, child
    low, _, child = next(split for split in node.intervals() if split[2] is not NOTHING)
    return low, child
