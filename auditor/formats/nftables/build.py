"""From commands to the ruleset they leave behind. Commands act in order: blocks add up, `flush` and `delete` take back.

What cannot be followed (a missing include, a rule placed by a kernel handle) leaves an entry that may do anything, where it stands.
"""

from __future__ import annotations

import re

from auditor.files import Tree, Unreadable, read_text
from auditor.formats.nftables import hooks, include, parse
from auditor.formats.nftables.names import RESERVED
from auditor.formats.nftables.ruleset import Base, Chain, Change, Definition, Entry, Moment, NamedSet, Ruleset, Scope, Table, Trail
from auditor.formats.nftables.syntax import (
    AddRule,
    Atom,
    Bad,
    Block,
    ChainBlock,
    Define,
    Delete,
    Devices,
    Element,
    Elements,
    Expression,
    Flags,
    Flush,
    Hook,
    Include,
    Item,
    ObjectBlock,
    PlainSet,
    Policy,
    Rename,
    RuleLine,
    SetBlock,
    SetLiteral,
    TableBlock,
)  # fmt: skip
from auditor.formats.nftables.text import At, Text
from auditor.model.source import Effect, Level, Note

DEEPEST_INCLUDE = 16
_TABLE_FLAGS = frozenset(("dormant", "owner", "persist"))
_VARIABLE = re.compile(r"#[^\n]*|\$([A-Za-z_.][\w/.-]*)")


class Builder:
    """Runs commands on a ruleset. One builder reads one root file with all that it includes."""

    def __init__(self, tree: Tree, path: str) -> None:
        self.tree = tree
        self.ruleset = Ruleset(path)
        self.top = Scope()
        self.serial = self.block = 0
        self.trail: Trail = ()
        self.wiped = False

    # -- notes

    def note(
        self, trap: str, message: str, at: At, level: Level = Level.WARNING, effect: Effect = Effect.DANGEROUS, *related: tuple[str, At]
    ) -> None:
        places = (*((text, place.span) for text, place in related), *((text, place.span) for text, place in self.trail))
        self.ruleset.notes.append(Note(trap, message, at.span, effect, level, places))

    def refuse(self, message: str, at: At, *related: tuple[str, At]) -> None:
        """What nft does not load: with it, it loads nothing of the file."""
        self.note("refused", f"nft refuses this, and with it the whole file: {message}", at, Level.ERROR, Effect.REFUSED, *related)

    # -- files

    def read(self, parsed: parse.Parsed) -> None:
        """The root file's commands. A fragment is read for its own mistakes only."""
        self._errors(parsed)
        self.ruleset.fragment = parsed.start != "file"
        if parsed.start == "file":
            self.commands(parsed.items)

    def commands(self, items: tuple[Item, ...]) -> None:
        for item in items:
            self.command(item)

    def _errors(self, parsed: parse.Parsed) -> None:
        for error in parsed.errors:
            self.refuse(error.message, error.at)

    def _included(self, item: Include, start: str) -> tuple[Item, ...] | None:
        """The items of the included files; None where one is missing."""
        if item.pattern.startswith(("./", "../")):
            message = f"`{item.pattern}` is looked up where nft is started, not beside this file"
            self.note("include-relative", message, item.at, Level.NOTE)
        paths = include.find(self.tree, item.pattern, item.at.text.path)
        if paths is None:
            self.note(
                "include-missing",
                f"the included file `{item.pattern}` is not here: what it holds is unknown",
                item.at,
                Level.WARNING,
                Effect.UNKNOWN,
            )
            return None
        if len(self.trail) >= DEEPEST_INCLUDE:
            self.refuse(f"includes nest deeper than {DEEPEST_INCLUDE}: do the files include each other?", item.at)
            return None
        reading = {item.at.text.path, *(at.text.path for _, at in self.trail)}
        if reading & set(paths):
            self.refuse(f"`{item.pattern}` is being read already: the files include each other", item.at)
            return None
        items: list[Item] = []
        for path in paths:
            read = self._include_file(path, item, start)
            if read is None:
                return None
            items += read
        return tuple(items)

    def _include_file(self, path: str, item: Include, start: str) -> tuple[Item, ...] | None:
        try:
            text = Text(path, read_text(self.tree, path).text)
        except Unreadable as error:
            self.note("include-missing", f"`{path}` {error}: what it holds is unknown", item.at, Level.WARNING, Effect.UNKNOWN)
            return None
        self.ruleset.read.append(path)
        parsed = parse.parse(text, start)
        self._errors(parsed)
        return parsed.items

    # -- commands

    def command(self, item: Item) -> None:
        if isinstance(item, Define):
            self.define(item, self.top)
        elif isinstance(item, Include):
            self._descend(item, "file", self.commands)
        elif isinstance(item, TableBlock):
            self.table_block(item)
        elif isinstance(item, ChainBlock | SetBlock | ObjectBlock):
            table = self._table(item.family, item.table, item.at)
            if table is not None:
                self.table_item(item, table, self.top)
        elif isinstance(item, AddRule):
            self.add_rule(item)
        elif isinstance(item, Elements):
            self.change_elements(item)
        elif isinstance(item, Delete):
            self.delete(item)
        elif isinstance(item, Flush):
            self.flush(item)
        elif isinstance(item, Rename):
            self.rename(item)
        elif isinstance(item, Bad):
            self.ruleset.incomplete.append(("a command that could not be read", item.at))

    def _descend(self, item: Include, start: str, then: object, *where: object) -> None:
        items = self._included(item, start)
        if items is None:
            self.ruleset.incomplete.append((f"the file included as `{item.pattern}`", item.at))
            return
        self.trail = ((f"included as `{item.pattern}`", item.at), *self.trail)
        then(items, *where)  # type: ignore[operator]
        self.trail = self.trail[1:]

    def _table(self, family: str, name: str, at: At) -> Table | None:
        table = self.ruleset.tables.get((family, name))
        if table is None:
            known = any(each == name for _, each in self.ruleset.tables)
            other = "; a table without a family is an ip table" if known and family == "ip" else ""
            self._undefined(f"there is no table `{family} {name}` here{other}", at)
        return table

    def _undefined(self, message: str, at: At) -> None:
        if self.ruleset.incomplete or self.ruleset.fragment:
            self.note("unread-reference", f"{message}; it may be in what could not be read", at, Level.NOTE, Effect.UNKNOWN)
        else:
            self.note("undefined-reference", f"{message}: nft refuses the whole file", at, Level.ERROR, Effect.REFUSED)

    def define(self, item: Define, scope: Scope) -> None:
        self.serial += 1
        before = scope.defined(item.name, self.serial)
        if item.verb == "undefine":
            if before is None:
                self.refuse(f"variable `{item.name}` is not defined here", item.at)
            scope.history.setdefault(item.name, []).append((self.serial, None))
            return
        if item.verb == "define" and before is not None:
            self.refuse(f"variable `{item.name}` is defined twice; `redefine` replaces a value", item.at, ("defined first", before.at))
        assert item.value is not None
        self._check_definition(item, scope)
        found = Definition(item.value, Moment(scope, self.serial - 1), item.at)
        scope.history.setdefault(item.name, []).append((self.serial, found))
        self.ruleset.definitions.append((item.name, item.at))

    def _check_definition(self, item: Define, scope: Scope) -> None:
        """What a definition is made of has to be there when it is read, whether anything uses it or not."""
        self._check_name("variable", item.name, item.at)
        assert item.value is not None
        at = item.value.at
        if "$" not in at.words:
            return
        moment = self.moment(scope)
        for found in _VARIABLE.finditer(at.words):
            if found[1] is not None and moment.look_up(found[1]) is None:
                self._undefined(f"variable `{found[1]}` is not defined here", at.part(*found.span()))

    def moment(self, scope: Scope) -> Moment:
        return Moment(scope, self.serial, self.block)

    # -- tables

    def _check_name(self, kind: str, name: str, at: At) -> None:
        if name in RESERVED:
            self.refuse(f"`{name}` is a word of the language and cannot name a {kind}", at)

    def table_block(self, item: TableBlock) -> None:
        self._check_name("table", item.name, item.at)
        key = (item.family, item.name)
        table = self.ruleset.tables.get(key)
        if table is None:
            table = self.ruleset.tables[key] = Table(item.family, item.name, item.at, flushed=self.wiped)
        elif item.verb == "create":
            self.refuse(f"table `{item.family} {item.name}` exists already", item.at)
        if item.body is not None:
            self.block += 1
            self.table_items(item.body.items, table, Scope(self.top))

    def table_items(self, items: tuple[Item, ...], table: Table, scope: Scope) -> None:
        for item in items:
            self.table_item(item, table, scope)

    def table_item(self, item: Item, table: Table, scope: Scope) -> None:
        if isinstance(item, ChainBlock):
            self.chain_block(item, table, scope)
        elif isinstance(item, SetBlock):
            self.set_block(item, table, scope)
        elif isinstance(item, ObjectBlock):
            table.objects[(item.kind, item.name)] = item.at
        elif isinstance(item, Flags):
            if "dormant" in item.names:
                table.dormant_at = item.at
            if not _TABLE_FLAGS.issuperset(item.names) and not item.at.text.text.startswith("{"):
                self.refuse(f"a table has no flag `{', '.join(item.names)}`", item.at)
        elif isinstance(item, Define):
            self.define(item, scope)
        elif isinstance(item, Include):
            before = len(self.ruleset.incomplete)
            self._descend(item, "table_items", self.table_items, table, scope)
            table.incomplete |= len(self.ruleset.incomplete) > before
        elif isinstance(item, Bad):
            table.incomplete = True
            self.ruleset.incomplete.append(("an item that could not be read", item.at))

    def set_block(self, item: SetBlock, table: Table, scope: Scope) -> None:
        body = item.body
        self._check_name(item.kind, item.name, item.name_at)
        known = table.sets.get(item.name)
        if known is None:
            known = table.sets[item.name] = NamedSet(item.kind, item.name, item.at, item.name_at, body.types, body.data, block=self.block)
        elif item.verb == "create" or known.kind != item.kind or known.types != body.types:
            self.refuse(f"`{item.name}` exists already as another {known.kind}", item.name_at, ("declared first", known.at))
        known.flags |= frozenset(body.flags)
        known.options.update(body.options)
        known.counts += body.counts
        known.changes += [Change("add", value, self.moment(scope)) for value in body.elements]

    def change_elements(self, item: Elements) -> None:
        table = self._table(item.family, item.table, item.at)
        if table is None:
            return
        found = table.sets.get(item.name)
        if found is None:
            self._undefined(f"there is no set or map `{item.name}` in table `{table.family} {table.name}`", item.at)
        else:
            found.changes.append(Change(item.verb, item.value, self.moment(self.top)))

    # -- chains

    def chain_block(self, item: ChainBlock, table: Table, scope: Scope) -> None:
        self._check_name("chain", item.name, item.name_at)
        chain = table.chains.get(item.name)
        if chain is None:
            chain = table.chains[item.name] = Chain(item.name, item.at, item.name_at, block=self.block)
        elif item.verb == "create":
            self.refuse(f"chain `{item.name}` exists already", item.name_at, ("here", chain.at))
        if item.body is not None:
            self._chain_head(item.body, chain, table, Scope(scope))

    def _chain_head(self, body: Block, chain: Chain, table: Table, scope: Scope) -> None:
        policies = [item for item in body.items if isinstance(item, Policy)]
        if len(policies) > 1:
            self.refuse("a chain has one policy", policies[1].at, ("the other", policies[0].at))
        self.chain_items(body.items, chain, table, scope)
        if policies and chain.base is None:
            self.refuse("only a chain with a hook has a policy", policies[0].at)

    def chain_items(self, items: tuple[Item, ...], chain: Chain, table: Table, scope: Scope) -> None:
        for item in items:
            if isinstance(item, RuleLine):
                chain.entries.append(Entry(item, self.moment(scope), self.trail))
            elif isinstance(item, Bad):
                chain.entries.append(Entry(item, self.moment(scope), self.trail, "a rule that could not be read"))
            elif isinstance(item, Hook):
                self.hook(item, chain, table, scope)
            elif isinstance(item, Policy):
                self.policy(item, chain, scope)
            elif isinstance(item, Devices) and chain.base is not None:
                chain.base.devices = self.names(item.value, self.moment(scope))
                self.refuse("devices stand between the hook and its priority", item.at)
            elif isinstance(item, Flags) and set(item.names) != {"offload"}:
                self.refuse(f"a chain has no flag `{', '.join(item.names)}`", item.at)
            elif isinstance(item, Define):
                self.define(item, scope)
            elif isinstance(item, Include):
                self._include_rules(item, chain, table, scope)

    def _include_rules(self, item: Include, chain: Chain, table: Table, scope: Scope) -> None:
        items = self._included(item, "chain_items")
        if items is None:
            chain.entries.append(
                Entry(Bad(item.at), self.moment(scope), self.trail, f"the rules included as `{item.pattern}` are not here")
            )
            return
        self.trail = ((f"included as `{item.pattern}`", item.at), *self.trail)
        self.chain_items(items, chain, table, scope)
        self.trail = self.trail[1:]

    def hook(self, item: Hook, chain: Chain, table: Table, scope: Scope) -> None:
        priority = hooks.priority(item, self.constant(item.priority, self.moment(scope)), table.family, self.refuse)
        devices = None if item.devices is None else self.names(item.devices, self.moment(scope))
        self.serial += 1
        base = Base(item.type, item.hook, priority, devices, item.at, self.serial)
        hooks.check(base, item.devices is not None, table.family, self.refuse)
        if chain.base is None:
            chain.base = base
            return
        before = chain.base
        if (before.type, before.hook) != (base.type, base.hook) or (
            None not in (before.priority, priority) and before.priority != priority
        ):
            self.refuse(f"chain `{chain.name}` has another hook or priority already", item.at, ("here", before.at))

    def policy(self, item: Policy, chain: Chain, scope: Scope) -> None:
        atom = self.constant(item.value, self.moment(scope))
        word = atom.word.strip('"') if atom else ""
        if word not in ("accept", "drop"):
            self.refuse(f"a policy is accept or drop, not `{word or item.value.word}`", item.at)
            return
        if chain.policy is not None and chain.policy_at is not None and chain.policy != word:
            message = f"chain `{chain.name}` is given policy {word} here after {chain.policy}: the last one counts"
            self.note("policy-redeclared", message, item.at, Level.WARNING, Effect.DANGEROUS, ("the other policy", chain.policy_at))
        chain.policy, chain.policy_at = word, item.at

    def add_rule(self, item: AddRule) -> None:
        table = self._table(item.family, item.table, item.at)
        chain = table.chains.get(item.chain) if table else None
        if table is None:
            return
        if chain is None:
            self._undefined(f"there is no chain `{item.chain}` in table `{table.family} {table.name}`", item.at)
            return
        entry = Entry(item.rule, self.moment(self.top), self.trail)
        where, number = item.place
        if item.verb == "replace" or where in ("position", "handle"):
            why = f"a rule is put where kernel handle {number} is, which the files do not say"
            chain.entries.insert(0, Entry(Bad(item.at), entry.moment, self.trail, why))
        elif where == "index":
            self._at_index(chain, entry, int(number[:9]) + (item.verb != "insert"), item)
        else:
            chain.entries.insert(0 if item.verb == "insert" else len(chain.entries), entry)

    def _at_index(self, chain: Chain, entry: Entry, index: int, item: AddRule) -> None:
        if index > len(chain.entries):
            self.refuse(f"chain `{chain.name}` has no rule with this index yet", item.at)
        chain.entries.insert(index, entry)

    # -- taking back

    def delete(self, item: Delete) -> None:
        if item.kind == "table":
            if item.name:
                self.refuse(f"`{item.name}` is one name too many: a table has one", item.at)
            self._delete_table(item)
            return
        table = self._table(item.family, item.table, item.at)
        if table is None:
            return
        if item.kind == "rule":
            chain = table.chains.get(item.name)
            if chain is None:
                self._undefined(f"there is no chain `{item.name}` in table `{table.family} {table.name}`", item.at)
            else:
                why = f"the rule with kernel handle {item.handle} is deleted, which the files do not say"
                chain.entries.insert(0, Entry(Bad(item.at), self.moment(self.top), self.trail, why))
            return
        self.ruleset.part(table)
        members = table.chains if item.kind == "chain" else table.sets if item.kind in ("set", "map", "meter") else None
        found = table.objects.pop((item.kind, item.name), None) if members is None else members.pop(item.name, None)
        if found is None and item.verb == "delete" and not item.handle:
            self._undefined(f"there is no {item.kind} `{item.name}` to delete", item.at)

    def _delete_table(self, item: Delete) -> None:
        family, name = item.family, item.table
        table = self.ruleset.tables.pop((family, name), None)
        if item.verb == "destroy":
            self._fresh.add((family, name))
        if table is None:
            if item.verb == "delete" and not item.handle:
                self._undefined(
                    f"there is no table `{family} {name}` to delete; put `table {family} {name}` before it, or use destroy", item.at
                )
            return
        self._late(table, item.at)
        self.ruleset.flushed = True
        # what comes again under this name starts afresh, also on a host where it was loaded before
        self._fresh.add((family, name))

    @property
    def _fresh(self) -> set[tuple[str, str]]:
        return self.ruleset.replaced

    def _late(self, table: Table, at: At) -> None:
        first = next((entry for chain in table.chains.values() for entry in chain.entries), None)
        if first is not None:
            message = f"this wipes the rules that were put into table `{table.family} {table.name}` before it"
            self.note("late-flush", message, at, Level.WARNING, Effect.DROPPED, ("wiped", first.line.at))
            self.ruleset.wipe(table, table.chains.values())

    def flush(self, item: Flush) -> None:
        if item.kind == "ruleset":
            for key in [key for key in self.ruleset.tables if item.family in ("", key[0])]:
                self._late(self.ruleset.tables.pop(key), item.at)
            self.ruleset.flushed = True
            return
        table = self._table(item.family, item.table, item.at)
        if table is None:
            return
        if item.kind == "table":
            self._late(table, item.at)
            self._fresh.add((table.family, table.name))
        elif item.kind == "chain":
            chain_ = table.chains.get(item.name)
            if chain_ is None:
                self._undefined(f"there is no chain `{item.name}` to flush", item.at)
            else:
                self.ruleset.wipe(table, (chain_,))
        elif item.name in table.sets and item.kind == table.sets[item.name].kind:
            table.sets[item.name].changes.clear()
        else:
            self._undefined(f"there is no {item.kind} `{item.name}` to flush", item.at)

    def rename(self, item: Rename) -> None:
        table = self._table(item.family, item.table, item.at)
        chain = table.chains.pop(item.name, None) if table else None
        if table is None:
            return
        if chain is None:
            self._undefined(f"there is no chain `{item.name}` to rename", item.at)
        else:
            chain.name = item.new
            table.chains[item.new] = chain

    # -- values that commands need

    def constant(self, value: Expression, moment: Moment) -> Atom | None:
        """A single word, through variables; None where it is not one (refused) or not known."""
        for _ in range(100):
            if isinstance(value, Atom) and value.word.startswith("$"):
                found = moment.look_up(value.word[1:])
                self.ruleset.used.add(value.word[1:])
                if found is None:
                    self._undefined(f"variable `{value.word[1:]}` is not defined here", value.at)
                    return None
                value, moment = found.value, found.moment
            else:
                break
        return value if isinstance(value, Atom) else None

    def names(self, value: Expression, moment: Moment) -> tuple[str, ...] | None:
        """The words of a set of names; None where one is not known."""
        if isinstance(value, PlainSet | SetLiteral):
            keys = [None if isinstance(element, Bad) else element.key for element in parse.elements(value)]
            found = [None if key is None else self.names(key, moment) for key in keys]
            return None if None in found else tuple(name for names in found if names for name in names)
        if isinstance(value, Atom) and value.word.startswith("$"):
            definition = moment.look_up(value.word[1:])
            self.ruleset.used.add(value.word[1:])
            return None if definition is None else self.names(definition.value, definition.moment)
        return (value.word.strip('"'),) if isinstance(value, Atom) else None


__all__ = ["Builder", "Element"]
