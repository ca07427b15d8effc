"""What nft refuses of sets and objects as they are declared and named, whether a packet meets them or not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.formats.nftables import boxes
from auditor.formats.nftables.boxes import Box
from auditor.formats.nftables.marks import rules_of
from auditor.formats.nftables.resolve import MOST_COMPARED, Resolver
from auditor.formats.nftables.ruleset import NamedSet, Ruleset, Table
from auditor.formats.nftables.syntax import RuleLine
from auditor.formats.nftables.text import At

_LONGEST = 40 * MOST_COMPARED
"""Sets of more text than this are not compared element by element."""

_OBJECT = re.compile(
    r'(?P<kind>counter|limit|quota|synproxy)\s+name\s+"?(?P<name>[A-Za-z_.][\w/.-]*)"?'
    r'|(?P<ct>ct\s+(?:helper|timeout|expectation))\s+set\s+"?(?P<ct_name>[A-Za-z_.][\w/.-]*)"?'
    r"|flow\s+(?:add|offload)\s+@(?P<flow>[A-Za-z_.][\w/.-]*)"
)


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
    found = boxes.boxes((item for change in added for item in resolver.items(change.value, change.moment)), named.types, resolver)
    if "interval" not in named.flags:
        _check_points(named, found, resolver)
    elif "auto-merge" not in named.options and "dynamic" not in named.flags:
        if len(named.types) > 1:
            boxes.check(found, resolver)
        else:
            _check_overlaps(found, resolver)
    boxes.check_keys(found, resolver)


def _check_points(named: NamedSet, found: list[Box], resolver: Resolver) -> None:
    for box in found:
        if any(low != high for low, high in box.spans):
            message = f"{named.kind} `{named.name}` needs `flags interval` for a range or a prefix"
            resolver.refuse(message, box.at, ("declared", named.name_at))
            return


def _check_overlaps(found: list[Box], resolver: Resolver) -> None:
    last: Box | None = None
    for box in sorted(found, key=lambda box: box.spans):
        if last is not None and box.spans[0][0] <= last.spans[0][1] and box.spans != last.spans:  # type: ignore[operator]
            resolver.refuse("elements overlap, which this set takes with `auto-merge` alone", box.at, ("the other", last.at))
            return
        last = box


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
