"""What nft refuses of sets and objects as they are declared and named, whether a packet meets them or not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from auditor.formats.nftables.maps import told
from auditor.formats.nftables.marks import rules_of
from auditor.formats.nftables.resolve import MOST_COMPARED, Item, Resolver
from auditor.formats.nftables.ruleset import NamedSet, Ruleset, Table
from auditor.formats.nftables.syntax import Atom, Concat, Pair, RuleLine
from auditor.formats.nftables.text import At
from auditor.formats.nftables.values import BITS
from auditor.model.packets import Interval

_LONGEST = 40 * MOST_COMPARED
"""Sets of more text than this are not compared element by element."""

_MOST_BOXES = 300
_OBJECT = re.compile(
    r'(?P<kind>counter|limit|quota|synproxy)\s+name\s+"?(?P<name>[A-Za-z_.][\w/.-]*)"?'
    r'|(?P<ct>ct\s+(?:helper|timeout|expectation))\s+set\s+"?(?P<ct_name>[A-Za-z_.][\w/.-]*)"?'
    r"|flow\s+(?:add|offload)\s+@(?P<flow>[A-Za-z_.][\w/.-]*)"
)


class _Box(NamedTuple):
    spans: tuple[Interval, ...]
    data: str
    at: At


def check(ruleset: Ruleset, resolver: Resolver) -> None:
    """Refuse what the kernel would not take of the declarations."""
    for table in ruleset.tables.values():
        for named in table.sets.values():
            _check_set(named, resolver)
        _check_objects(table, resolver)


def _check_set(named: NamedSet, resolver: Resolver) -> None:
    if not named.types:
        resolver.refuse(f"{named.kind} `{named.name}` does not say what it holds (`type …`)", named.name_at)
        return
    added = [change for change in named.changes if change.verb == "add"]
    if len(added) < len(named.changes) or sum(len(change.value.at.words) for change in added) > _LONGEST:
        return
    boxes: list[_Box] = []
    for change in added:
        for item in resolver.items(change.value, change.moment):
            box = _box(item, named, resolver) if isinstance(item, Item) else None
            if box is not None:
                boxes.append(box)
    if "interval" not in named.flags:
        _check_points(named, boxes, resolver)
    elif "auto-merge" not in named.options and "dynamic" not in named.flags:
        _check_overlaps(boxes, resolver, single=len(named.types) == 1)
    _check_keys(boxes, resolver)


def _box(item: Item, named: NamedSet, resolver: Resolver) -> _Box | None:
    """An element's values, a field each; None where one is not a number, not known, or the catch-all."""
    key = item.element.key
    parts = key.parts if isinstance(key, Concat) else (key,)
    if len(parts) != len(named.types) or any(kind not in BITS or BITS[kind] == 48 for kind in named.types):
        return None
    spans = []
    for part, kind in zip(parts, named.types, strict=True):
        if part is None or not isinstance(part, Atom | Pair) or (isinstance(part, Atom) and part.word in ("*", "")):
            return None
        found = resolver.values(part, kind, item.moment)
        if found.unknowns or len(found.spans) != 1:
            return None
        spans.append(found.spans[0])
    return _Box(tuple(spans), told(item.element.data), item.element.at)


def _check_points(named: NamedSet, boxes: list[_Box], resolver: Resolver) -> None:
    for box in boxes:
        if any(low != high for low, high in box.spans):
            message = f"{named.kind} `{named.name}` needs `flags interval` for a range or a prefix"
            resolver.refuse(message, box.at, ("declared", named.name_at))
            return


def _check_overlaps(boxes: list[_Box], resolver: Resolver, single: bool) -> None:
    if single:
        last: _Box | None = None
        for box in sorted(boxes, key=lambda box: box.spans):
            if last is not None and box.spans[0][0] <= last.spans[0][1] and box.spans != last.spans:
                resolver.refuse("elements overlap, which this set takes with `auto-merge` alone", box.at, ("the other", last.at))
                return
            last = box
        return
    for index, box in enumerate(boxes[:_MOST_BOXES]):
        for earlier in boxes[:index]:
            if box.spans != earlier.spans and all(
                low <= least and most <= high for (low, high), (least, most) in zip(earlier.spans, box.spans, strict=True)
            ):
                message = "an element within a broader one before it: the narrower has to come first"
                resolver.refuse(message, box.at, ("the broader", earlier.at))
                return


def _check_keys(boxes: list[_Box], resolver: Resolver) -> None:
    known: dict[tuple[Interval, ...], _Box] = {}
    for box in boxes:
        other = known.setdefault(box.spans, box)
        if other.data != box.data:
            resolver.refuse("one key that maps to two things", box.at, ("the other", other.at))
            return


# -- objects


def _check_objects(table: Table, resolver: Resolver) -> None:
    names = set(table.objects)
    for line, _ in rules_of(table):
        if line.plain:
            continue
        if '"' in line.at.words or " name " in line.at.words or "@" in line.at.words:
            for kind, name, at in _named(line):
                if (kind, name) not in names:
                    resolver.undefined(f"there is no {kind} `{name}` in table `{table.family} {table.name}`", at)


def _named(line: RuleLine) -> Iterator[tuple[str, str, At]]:
    for statement in line.statements:
        found = _OBJECT.fullmatch(statement.at.words)
        if found is not None:
            kind = found["kind"] or found["ct"] or "flowtable"
            yield " ".join(kind.split()), found["name"] or found["ct_name"] or found["flow"], statement.at
