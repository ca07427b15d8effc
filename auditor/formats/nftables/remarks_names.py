"""Remarks on what is declared: chains nobody jumps to, sets nobody asks, tables that sleep, policies that are missing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.formats.nftables.convert import Converted
from auditor.formats.nftables.marks import rules_of
from auditor.formats.nftables.ruleset import Chain, Ruleset, Table
from auditor.formats.nftables.syntax import Bad, Plain, RuleLine, Update, Verdict
from auditor.formats.nftables.text import At
from auditor.model.source import Effect, Level, Note

_NAME = re.compile(r"[A-Za-z_.][\w/.-]*")


def remarks(converted: Converted) -> Iterator[Note]:
    """Every remark on declarations."""
    ruleset = converted.ruleset
    if not ruleset.incomplete and ruleset.tables:
        yield from _unused(ruleset)
    yield from _not_idempotent(ruleset)
    closed = _closed(ruleset)
    for table in ruleset.tables.values():
        yield from _chains(table, closed)
        yield from _sets(table)


def _note(trap: str, message: str, at: At, level: Level, effect: Effect = Effect.IGNORED) -> Note:
    return Note(trap, message, at.span, effect, level)


# -- what nobody uses


def _unused(ruleset: Ruleset) -> Iterator[Note]:
    words = _words(ruleset)
    for name, at in ruleset.definitions:
        if name not in ruleset.used and f"${name}" not in words:
            yield _note("unused-definition", f"nothing uses the variable `{name}`", at, Level.NOTE)
    for table in ruleset.tables.values():
        yield from _unreached(table, words)
        updated = _updated(table)
        for named in table.sets.values():
            if f"@{named.name}" not in words and named.name not in updated:
                yield _note("unused-definition", f"nothing uses the {named.kind} `{named.name}`", named.name_at, Level.NOTE)
        for (kind, name), at in table.objects.items():
            if name not in words and f"@{name}" not in words and kind != "flowtable":
                yield _note("unused-definition", f"nothing uses the {kind} `{name}`", at, Level.NOTE)


def _words(ruleset: Ruleset) -> set[str]:
    """The names that rules, elements and definitions hold: of variables and sets, with their sign; any, where there are objects."""
    unsigned = any(table.objects for table in ruleset.tables.values())
    pattern = re.compile(rf"[$@]{'?' * unsigned}[A-Za-z_.][\w/.-]*")
    found: set[str] = set()
    for _, at in ruleset.definitions:
        if "$" in (value := at.words[:100_000]):
            found.update(pattern.findall(value.partition("=")[2]))
    for table in ruleset.tables.values():
        for line, _ in rules_of(table):
            if "$" in (words := line.at.words) or "@" in words or (unsigned and not line.plain):
                found.update(pattern.findall(words))
        for named in table.sets.values():
            for change in named.changes:
                if "$" in change.value.at.words[:100_000] or (unsigned and named.data):
                    found.update(pattern.findall(change.value.at.words))
        for chain in table.chains.values():
            if chain.base is not None:
                found.update(pattern.findall(chain.base.at.words))
    return found


def _updated(table: Table) -> frozenset[str]:
    """The sets that rules change."""
    lines = (line for line, _ in rules_of(table) if not line.plain) if table.sets else ()
    return frozenset(each.set_name for line in lines for each in line.statements if isinstance(each, Update))


def _unreached(table: Table, words: set[str]) -> Iterator[Note]:
    del words
    reached: set[str] = set()
    pending = [chain for chain in table.chains.values() if chain.base is not None]
    verdicts = {name for named in table.sets.values() for change in named.changes for name in _targets(change.value.at.words)}
    pending += [table.chains[name] for name in verdicts if name in table.chains]
    while pending:
        chain = pending.pop()
        if chain.name in reached:
            continue
        reached.add(chain.name)
        names = {name for entry in chain.entries for name in _targets(entry.line.at.words)}
        pending += [table.chains[name] for name in names if name in table.chains and name not in reached]
    unreached = {name: chain for name, chain in table.chains.items() if name not in reached}
    for name, chain in unreached.items() if unreached and not _by_variable(table) else ():
        message = f"nothing with a hook leads to chain `{name}`: its rules judge no packet"
        yield _note("unreachable-chain", message, chain.name_at, Level.WARNING)


_TARGET = re.compile(r'(?:\b(?:jump|goto)[ \t]+|"target"\s*:\s*")([A-Za-z_][\w/.-]*)')


def _targets(words: str) -> list[str]:
    return _TARGET.findall(words) if "jump" in words or "goto" in words else []


def _by_variable(table: Table) -> bool:
    return any(re.search(r"\b(?:jump|goto)[ \t]+\$", entry.line.at.words) for chain in table.chains.values() for entry in chain.entries)


# -- loading


def _not_idempotent(ruleset: Ruleset) -> Iterator[Note]:
    if ruleset.flushed or ruleset.path.endswith(".json"):
        return
    for key, table in ruleset.tables.items():
        if key not in ruleset.replaced and any(chain.entries for chain in table.chains.values()):
            message = f"nothing empties table `{table.family} {table.name}` first: loaded twice, every rule is there twice"
            yield _note("not-idempotent", message, _head(table.at), Level.NOTE, Effect.DANGEROUS)
            return


def _head(at: At) -> At:
    """The first line of a block."""
    end = at.words.find("\n")
    return at if end < 0 else at.part(0, end)


# -- chains


def _chains(table: Table, closed: set[tuple[str, str]]) -> Iterator[Note]:
    filters = [chain for chain in table.chains.values() if chain.base is not None and chain.base.type == "filter"]
    if table.dormant_at is not None:
        if filters:
            message = f"table `{table.family} {table.name}` is dormant: none of its chains judges a packet"
            yield _note("dormant-table", message, table.dormant_at, Level.WARNING)
        return
    for chain in table.chains.values():
        yield from _verdictless(chain)
    for chain in filters:
        yield from _default(table, chain, closed)
    for chain in table.chains.values():
        if chain.base is not None and chain.base.type == "nat":
            yield from _nat(table, chain)


def _closed(ruleset: Ruleset) -> set[tuple[str, str]]:
    """The hooks at which some chain drops what no rule decides, each with the family: what the other chains let through is judged there."""
    return {
        (table.family, chain.base.hook)
        for table in ruleset.tables.values()
        for chain in table.chains.values()
        if chain.base is not None and chain.base.type == "filter" and chain.policy == "drop" and table.dormant_at is None
    }


def _default(table: Table, chain: Chain, closed: set[tuple[str, str]]) -> Iterator[Note]:
    assert chain.base is not None
    if not chain.base.filters or chain.policy == "drop" or _ends(chain):
        return
    if closed & {(table.family, chain.base.hook), ("inet", chain.base.hook)}:
        return
    if chain.policy is None:
        message = f"chain `{chain.name}` has no policy, which means accept, and no rule for what is left"
        yield _note("default-accept", message, chain.base.at, Level.NOTE, Effect.DANGEROUS)
    elif chain.policy_at is not None:
        message = f"chain `{chain.name}` accepts what no rule decides"
        yield _note("default-accept", message, chain.policy_at, Level.NOTE, Effect.DANGEROUS)


_UNCONDITIONAL = ("accept", "drop", "reject", "goto", "counter", "log", "comment")
"""How a plain rule begins that matches everything."""


def _ends(chain: Chain) -> bool:
    """Whether some rule decides about everything that reaches it."""
    return any(isinstance(entry.line, Bad) or _decides_all(entry.line) for entry in chain.entries)


def _decides_all(line: RuleLine) -> bool:
    if line.plain and not line.at.words.startswith(_UNCONDITIONAL):
        return False
    decisive = [each for each in line.statements if not isinstance(each, Plain)]
    if len(decisive) != 1:
        return False
    last = decisive[0]
    return type(last).__name__ == "Reject" or (isinstance(last, Verdict) and last.kind in ("accept", "drop", "goto"))


_DECIDING = re.compile(r"(?:^|[ \t])(?:accept|drop|return|reject)$")
_COMMENTED = re.compile(r"[ \t]comment[ \t]+\"[^\"]*\"$")
_LONGEST = 7
_USUAL = (" accept", " drop")


def _says_enough(words: str) -> bool:
    """Whether a plain rule ends with a verdict, or with a comment."""
    if words.endswith(_USUAL):
        return True
    if words.endswith('"'):
        return _COMMENTED.search(words) is not None
    return _DECIDING.search(words, max(0, len(words) - _LONGEST)) is not None


def _verdictless(chain: Chain) -> Iterator[Note]:
    """Rules of matches alone: they do nothing, and were meant with what is on the next line."""
    lines = [entry.line for entry in chain.entries if isinstance(entry.line, RuleLine)]
    for line, following in zip(lines, [*lines[1:], None], strict=False):
        if line.plain and _says_enough(line.at.words):
            continue
        if line.statements and all(type(each).__name__ == "Match" for each in line.statements) and not line.comment:
            bare = following is not None and len(following.statements) == 1 and isinstance(following.statements[0], Verdict)
            meant = f": the `{following.at.words}` on the next line is a rule of its own, for every packet" if bare and following else ""
            yield _note("verdictless-rule", f"this rule matches and does nothing{meant}", line.at, Level.WARNING)


def _nat(table: Table, chain: Chain) -> Iterator[Note]:
    why = "a nat chain sees the first packet of a flow alone, and none that is invalid or untracked"
    if chain.policy == "drop" and chain.policy_at is not None:
        yield _note("nat-as-filter", f"policy drop in a nat chain is no filter: {why}", chain.policy_at, Level.WARNING, Effect.DANGEROUS)
    for entry in chain.entries:
        if isinstance(entry.line, RuleLine):
            for each in entry.line.statements:
                if (isinstance(each, Verdict) and each.kind == "drop") or type(each).__name__ == "Reject":
                    yield _note("nat-as-filter", f"dropping in a nat chain is no filter: {why}", each.at, Level.WARNING, Effect.DANGEROUS)
    del table


# -- sets


def _sets(table: Table) -> Iterator[Note]:
    asked = {name for line, _ in rules_of(table) for name in re.findall(r"@([\w.-]+)", line.at.words)} if table.sets else set()
    updated = _updated(table)
    for named in table.sets.values():
        if named.name not in asked or named.name in updated or "dynamic" in named.flags:
            continue
        added = [change for change in named.changes if change.verb == "add"]
        if not any(change.value.at.words.strip("{} \t\r\n") for change in added):
            message = f"{named.kind} `{named.name}` is empty here: nothing matches it, unless something else fills it"
            yield _note("empty-set", message, named.name_at, Level.NOTE)
        for change in added:
            words = change.value.at.words
            if len(words) < 100_000 and (found := re.search(r"\b(?:timeout|expires)\b|\"(?:timeout|expires)\"", words)):
                message = f"an element of `{named.name}` goes after a time, and what rests on it with it"
                yield _note("expiring-element", message, change.value.at.part(found.start(), found.end()), Level.NOTE, Effect.DANGEROUS)


__all__ = ["remarks"]
