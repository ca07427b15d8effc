"""What nft refuses of sets, objects and rules as they stand there, whether a packet meets them or not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.formats.nftables import asides, boxes, holdings, objects
from auditor.formats.nftables.boxes import Box
from auditor.formats.nftables.marks import rules_of
from auditor.formats.nftables.resolve import MOST_COMPARED, Resolver
from auditor.formats.nftables.ruleset import NamedSet, Ruleset, Table
from auditor.formats.nftables.syntax import Atom, Limit, Plain, RuleLine, Update
from auditor.formats.nftables.text import At

_LONGEST = 40 * MOST_COMPARED
"""Sets of more text than this are not compared element by element."""

_OBJECT = re.compile(
    r'(?P<kind>counter|limit|quota|synproxy)\s+name\s+"?(?P<name>[A-Za-z_.][\w/.-]*)"?'
    r'|(?P<ct>ct\s+(?:helper|timeout|expectation))\s+set\s+"?(?P<ct_name>[A-Za-z_.][\w/.-]*)"?'
    r"|flow\s+(?:add|offload)\s+@(?P<flow>[A-Za-z_.][\w/.-]*)"
)
_EMPTY_LINES = re.compile(r"(?:re)?define\s+\S+\s*=\s*(\{[ \t]*(?:#[^\n]*)?\n(?:\s|#[^\n]*)*\})")
_SET_FOR_OBJECT = re.compile(r"(counter|limit|quota|synproxy)\s+name\s+(@\S+)")


def check(ruleset: Ruleset, resolver: Resolver) -> None:
    """Refuse what the kernel would not take of the declarations."""
    for _, at in ruleset.definitions:
        if (found := _EMPTY_LINES.match(at.text.text, at.start)) is not None:
            resolver.refuse(
                "nothing between braces is taken on one line alone: `{ }`", at.part(found.start(1) - at.start, found.end(1) - at.start)
            )
    for table in ruleset.tables.values():
        for named in table.sets.values():
            _check_set(named, table, resolver)
        _check_rules(table, resolver)


def _check_set(named: NamedSet, table: Table, resolver: Resolver) -> None:
    if not named.types:
        resolver.refuse(f"{named.kind} `{named.name}` does not say what it holds (`type …`)", named.name_at)
        return
    holdings.check_head(named, table, resolver)
    for change in named.changes:
        if isinstance(change.value, Atom) and not change.value.word.startswith("$"):
            resolver.refuse("elements stand between braces, or are those of a variable", change.value.at)
    if sum(len(change.value.at.words) for change in named.changes) > _LONGEST:
        return
    for change in named.changes:
        if "comment" in change.value.at.words:
            asides.check_comments(change.value.at, resolver)
    types = holdings.kinds_of(named.types, table)
    if any(change.verb != "add" for change in named.changes):
        holdings.check_deleted(named, types, resolver)
        return
    items = [item for change in named.changes for item in resolver.items(change.value, change.moment)]
    holdings.check_elements(items, named, table, resolver)
    found = boxes.boxes(items, types, resolver)
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


# -- rules


def _check_rules(table: Table, resolver: Resolver) -> None:
    names = set(table.objects)
    for (kind, _), at in table.objects.items():
        objects.check(kind, at, resolver.refuse)
    for line, moment in rules_of(table):
        asides.check(line, moment, resolver)
        if line.plain:
            continue
        words = line.at.words
        if '"' in words or " name " in words or "@" in words or "helper" in words or "dup" in words:
            for kind, name, at in _named(line):
                if (kind, name) not in names:
                    resolver.undefined(f"there is no {kind} `{name}` in table `{table.family} {table.name}`", at)
            _check_statements(line, table, resolver)


def _check_statements(line: RuleLine, table: Table, resolver: Resolver) -> None:
    for statement in line.statements:
        if isinstance(statement, Update) and statement.verb != "meter":
            holdings.check_update(statement, table, resolver)
        elif isinstance(statement, Plain) and statement.kind == "dup" and table.family not in ("ip", "ip6", "netdev"):
            resolver.refuse(f"a table of family {table.family} cannot duplicate packets: ip, ip6 and netdev can", statement.at)
        elif isinstance(statement, Plain | Limit) and (found := _SET_FOR_OBJECT.fullmatch(statement.at.words)):
            resolver.refuse(f"`{found[2]}` is a set: the name of a {found[1]} is expected", statement.at)


def _named(line: RuleLine) -> Iterator[tuple[str, str, At]]:
    for statement in line.statements:
        found = _OBJECT.fullmatch(statement.at.words)
        if found is not None:
            kind = found["kind"] or found["ct"] or "flowtable"
            yield " ".join(kind.split()), found["name"] or found["ct_name"] or found["flow"], statement.at
