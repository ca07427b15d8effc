"""From rules to the model's: conditions to the left, then what is written over, then the verdict.

A rule of nftables is evaluated left to right with side effects in between; here it becomes one rule, or, where it writes a field and tests
on, a small chain that first asks how far the packet gets.
"""

from __future__ import annotations

from typing import NamedTuple

from auditor.formats.nftables import fields, layers
from auditor.formats.nftables.drafts import Draft, Write, anything, before, one_of
from auditor.formats.nftables.holdings import kinds_of
from auditor.formats.nftables.maps import Entry
from auditor.formats.nftables.match import Matcher, Place
from auditor.formats.nftables.ruleset import Chain as Lines
from auditor.formats.nftables.ruleset import Entry as Line
from auditor.formats.nftables.ruleset import Table
from auditor.formats.nftables.setting import Setting
from auditor.formats.nftables.simple import FINAL, SimpleRules
from auditor.formats.nftables.syntax import (
    Atom,
    Bad,
    Block,
    Concat,
    Expression,
    Limit,
    Mangle,
    Match,
    Nat,
    Other,
    Plain,
    Reject,
    RuleLine,
    Statement,
    Update,
    Verdict,
    Vmap,
)  # fmt: skip
from auditor.formats.nftables.text import At
from auditor.formats.nftables.translating import Translator
from auditor.formats.nftables.values import Refused
from auditor.formats.nftables.writing import Writer
from auditor.model import filters as model
from auditor.model.filters import ANY, Assign, Call, Condition, Exactly, Rule, Undecided, both, either, overwritten
from auditor.model.headers import protocol_set
from auditor.model.packets import EVERYTHING, Field, PacketSet, State
from auditor.model.source import Effect, Level, Span, Unknown

DEEPEST_JUMP = 16
_LAST_ICMPX, _LONGEST_CODE = 3, 3
_UNASSIGNED = Exactly(fields.TRUE_STATES[1])
"""Packets of no flow: notrack has an effect on these at any priority."""
_MANY_ENTRIES = 64


class Record(NamedTuple):
    """A rule as it was converted in one setting, for remarks: what reaches its end, and what reached some of its statements."""

    line: RuleLine
    place: Place
    guard: Condition
    ended: str
    seen: tuple[tuple[Statement, Condition], ...]


class Converter:
    """Turns chains into the model's, once for every setting they are judged in."""

    def __init__(self, matcher: Matcher) -> None:
        self.matcher = matcher
        self.resolver = matcher.resolver
        self._chains: dict[tuple[Lines, Setting], model.Chain] = {}
        self._open: list[tuple[Lines, Setting]] = []
        self._reached: set[Lines] = set()
        self._writing: dict[model.Chain, bool] = {}
        self._shallow = False
        self.records: list[Record] = []
        self.writer = Writer(matcher)
        self.translator = Translator(self.writer)

    # -- chains

    @property
    def reached(self) -> set[Lines]:
        """The chains that were converted for some packets."""
        return self._reached

    def only_read(self, lines: Lines, table: Table, setting: Setting) -> None:
        """Look for mistakes in a chain that judges no packet."""
        ways_in = self.translator.ways_in
        kept = len(self.records), len(ways_in)
        self._shallow = True
        self.rules(lines, table, setting)
        self._shallow = False
        del self.records[kept[0] :], ways_in[kept[1] :]

    def chain(self, lines: Lines, table: Table, setting: Setting, at: At) -> model.Chain | None:
        """A chain that is jumped to; None where jumps nest deeper than nft takes, or go in circles."""
        key = (lines, setting)
        known = self._chains.get(key)
        if known is not None:
            return known
        if key in self._open or len(self._open) >= DEEPEST_JUMP - 1:
            circle = key in self._open
            self.resolver.refuse("the chains jump in a circle" if circle else f"jumps nest deeper than {DEEPEST_JUMP - 1}", at)
            return None
        self._open.append(key)
        rules = self.rules(lines, table, setting)
        self._open.pop()
        made = self._chains[key] = model.Chain(lines.name, rules, lines.name_at.span)
        return made

    def rules(self, lines: Lines, table: Table, setting: Setting) -> tuple[Rule, ...]:
        """The rules of a chain, in order."""
        found: list[Rule] = []
        self._reached.add(lines)
        simple = SimpleRules(self.matcher, setting)
        for entry in lines.entries:
            found += self.line(entry, table, setting, simple)
        return tuple(found)

    def line(self, entry: Line, table: Table, setting: Setting, simple: SimpleRules) -> tuple[Rule, ...]:
        """One rule. What could not be read may do anything."""
        at = entry.line.at
        trail = tuple((text, place.span) for text, place in entry.trail) if entry.trail else ()
        place = Place(table, setting, entry.moment)
        if isinstance(entry.line, Bad):
            return anything(ANY, Unknown(entry.why, at.span), Draft(place, at.span, at.told[:200], "", trail=trail))
        known = simple.of(entry.line, place)
        if known is not None:
            self.records.append(Record(entry.line, place, known.guard, "", ()))
            return (Rule(known.guard, known.verdict, at.span, at.told, known.comment, trail=trail),)
        line = Draft(place, at.span, at.told, entry.line.comment, layer3={"ip": 4, "ip6": 6}.get(setting.family), trail=trail)
        self._statements(entry.line, line)
        self.records.append(Record(entry.line, place, line.guard, line.ended, tuple(line.seen)))
        rules = line.finish()
        return one_of(rules, line) if len(rules) > 1 and any(map(self._writes, rules[:-1])) else rules

    def _writes(self, rule: Rule) -> bool:
        """Whether packets come back from the rule with something written over."""
        if not isinstance(rule.action, Call) or rule.action.goto:
            return False
        chain = rule.action.chain
        if chain not in self._writing:
            self._writing[chain] = bool(overwritten(chain.rules))
        return self._writing[chain]

    def _statements(self, rule: RuleLine, line: Draft) -> None:
        for statement in rule.statements:
            if line.ended:
                if not line.ended.endswith("{"):  # behind rules in braces, nft takes what nothing reaches
                    self.resolver.refuse(f"nothing may follow `{line.ended}` in a rule", statement.at)
                return
            try:
                self._statement(statement, line)
            except Refused as error:
                self.resolver.refuse(str(error), statement.at)
                line.done += anything(line.guard, Unknown(str(error), statement.at.span), line)

    def _statement(self, statement: Statement, line: Draft) -> None:
        if isinstance(statement, Match):
            layers.check(statement, line, self.matcher)
            line.narrow(self.matcher.match(statement, line.place))
        elif isinstance(statement, Verdict):
            self._verdict(statement, line, line.guard)
            line.ended = "" if statement.kind == "continue" else statement.kind + " {" * isinstance(statement.target, Block)
        elif isinstance(statement, Plain):
            self._plain(statement, line)
        elif isinstance(statement, Vmap):
            layers.check_key(statement.key, line, self.matcher)
            line.seen.append((statement, line.guard))
            self._vmap(statement, line)
        elif isinstance(statement, Reject):
            line.seen.append((statement, line.guard))
            self._reject(statement, line)
        elif isinstance(statement, Limit):
            what = {"limit": "how fast packets come", "quota": "how much has passed"}.get(statement.kind, "how many connections there are")
            line.narrow(Undecided(Unknown(f"{what} (`{statement.at.told}`)", statement.at.span, lapses=True, recurs=True)))
        elif isinstance(statement, Mangle):
            self.writer.mangle(statement, line)
        elif isinstance(statement, Nat):
            line.seen.append((statement, line.guard))
            self.translator.translate(statement, line)
        elif isinstance(statement, Update):
            self._update(statement, line)
        else:
            self._other(statement, line)

    # -- verdicts

    def _verdict(self, verdict: Verdict, line: Draft, guard: Condition, span: Span | None = None) -> None:
        if verdict.kind == "continue":
            return
        final = FINAL.get(verdict.kind)
        if final is not None:
            line.act(guard, final, span)
            return
        target = self._target(verdict, line)
        if isinstance(target, Unknown):
            line.done += anything(guard, target, line)
        else:
            line.act(guard, Call(target, goto=verdict.kind == "goto"), span)

    def _target(self, verdict: Verdict, line: Draft) -> model.Chain | Unknown:
        place = line.place
        if isinstance(verdict.target, Block):
            lines = Lines(f"(anonymous, line {verdict.at.span.line})", verdict.at, verdict.at)
            lines.entries = [Line(item, place.moment) for item in verdict.target.items if isinstance(item, RuleLine)]
            lines.entries += [
                Line(item, place.moment, why="a rule that could not be read") for item in verdict.target.items if isinstance(item, Bad)
            ]
        else:
            assert verdict.target is not None
            found = self.resolver.behind(verdict.target, place.moment)
            if isinstance(found, Unknown):
                return found
            atom = found[0]
            name = atom.word.strip('"') if isinstance(atom, Atom) else ""
            known = place.table.chains.get(name)
            if known is None:
                return self.resolver.undefined(f"there is no chain `{name}` in table `{place.table.family} {place.table.name}`", verdict.at)
            if known.base is not None:
                self.resolver.refuse(f"`{name}` has a hook: nothing can jump to it", verdict.at, ("the chain", known.at))
                return Unknown("a jump to a base chain", verdict.at.span)
            self.resolver.in_order(f"chain `{name}`", known.block, place.moment, verdict.at, known.name_at)
            lines = known
        if self._shallow and not isinstance(verdict.target, Block):
            return Unknown("a chain that is read by itself", verdict.at.span)
        made = self.chain(lines, place.table, place.setting, verdict.at)
        return made if made is not None else Unknown("jumps that nft refuses", verdict.at.span)

    def _vmap(self, vmap: Vmap, line: Draft) -> None:
        entries = list(self.writer.maps.entries(vmap.key, vmap.data, line.place, verdicts=True))
        going_on: list[Condition] = []
        groups: dict[tuple[str, str], list[Condition]] = {}
        for entry in entries:
            condition = before(entry.condition, line.writes) if line.writes else entry.condition
            verdict = entry.data
            if verdict is None:
                assert isinstance(condition, Undecided)
                line.done += anything(both(line.guard, condition), condition.unknown, line)
            elif not isinstance(verdict, Verdict):
                self.resolver.refuse("a verdict map holds verdicts", entry.at)
            elif verdict.kind == "continue":
                going_on.append(condition)
            elif len(entries) > _MANY_ENTRIES and isinstance(verdict.target, Atom | None):
                key = (verdict.kind, verdict.target.word if verdict.target else "")
                if key not in groups:
                    groups[key] = []
                groups[key].append(condition)
            else:
                self._verdict(verdict, line, both(line.guard, condition), entry.at.span)
        self._grouped(groups, entries, line)
        line.guard = both(line.guard, either(*going_on))

    def _grouped(self, groups: dict[tuple[str, str], list[Condition]], entries: list[Entry], line: Draft) -> None:
        """Of a large map, one rule for every verdict."""
        for (kind, target), conditions in groups.items():
            first = next(
                entry.data for entry in entries
                if isinstance(entry.data, Verdict) and entry.data.kind == kind and (getattr(entry.data.target, "word", "") == target)
            )  # fmt: skip
            self._verdict(first, line, both(line.guard, either(*conditions)))

    def _reject(self, reject: Reject, line: Draft) -> None:
        if line.place.setting.hook == "postrouting":
            raise Refused("reject is not possible in postrouting")
        if line.place.setting.family == "arp":
            raise Refused("a table of family arp cannot reject")
        self._check_reject(reject, line)
        answers = {"tcp reset": protocol_set(6), "icmp": fields.V4, "icmpv6": fields.V6}.get(reject.kind, EVERYTHING)
        line.act(both(line.guard, Exactly(answers)), model.Verdict.REJECT)
        line.ended = "reject"

    def _check_reject(self, reject: Reject, line: Draft) -> None:
        family = line.place.setting.family
        if reject.code is not None and not _wraps(reject, family):
            code = self.resolver.values(reject.code, f"{reject.kind}_code", line.place.moment)
            if reject.kind == "icmpx" and code.spans and code.spans[0][1] > _LAST_ICMPX:
                raise Refused(f"`{reject.code.word}` is no code of icmpx")
        if reject.kind == "tcp reset" and line.layer4 and line.layer4[-1] != 6:
            why = "names TCP before others, and nft looks at the last" if 6 in line.layer4 else "excludes TCP, so there is nothing to reset"
            raise Refused(f"a match before it {why}")
        if reject.kind == "icmpx" and family in ("ip", "ip6"):
            raise Refused(f"icmpx is for tables of both families: in one of {family} it is `{'icmp' if family == 'ip' else 'icmpv6'}`")
        if family != "bridge" and {"icmp": 6, "icmpv6": 4}.get(reject.kind) == line.layer3 is not None:
            raise Refused(f"nothing of this family is left that `reject with {reject.kind}` could answer")

    # -- what has no verdict

    def _plain(self, statement: Plain, line: Draft) -> None:
        if statement.map is not None:
            self.writer.look_up(statement.map, line)
        if statement.kind != "notrack":
            return
        if line.place.setting.early:
            line.write(Write(Field.STATE, State.UNTRACKED))
        elif line.place.setting.hook:
            line.write(
                Write(Field.STATE, None, model.Chain("", (line.rule(_UNASSIGNED, Assign(Field.STATE, State.UNTRACKED)),), line.span))
            )
            message = "notrack has an effect before connection tracking alone, in chains with a priority below -200 (raw)"
            self.resolver.note("notrack-too-late", message, statement.at, Level.WARNING, Effect.IGNORED)

    def _update(self, statement: Update, line: Draft) -> None:
        if isinstance(statement.key, Atom):
            self._check_element(statement, statement.key, line.place)
        elif (key := _of_packets(statement.key)) is not None:
            layers.check_key(key, line, self.matcher)
            line.narrow(Exactly(self._present(key, line)))
        if statement.limited:
            line.narrow(Undecided(Unknown("how fast packets come, for each key", statement.at.span, lapses=True, recurs=True)))

    def _check_element(self, statement: Update, value: Atom, place: Place) -> None:
        """A rule that changes a set by a value of its own."""
        named = place.table.sets.get(statement.set_name)
        kinds = kinds_of(named.types, place.table) if named is not None else []
        if len(kinds) > 1:
            raise Refused(f"`{statement.set_name}` holds several values together, and this is one")
        if len(kinds) == 1 and kinds[0] and any(low < high for low, high in self.resolver.values(value, kinds[0], place.moment).spans):
            raise Refused("a rule adds single values to a set")

    def _present(self, key: Expression, line: Draft) -> PacketSet:
        result = EVERYTHING
        for each in self.matcher.keys(key, line.place):
            result &= each.spec.present
        return result

    def _other(self, statement: Other, line: Draft) -> None:
        unknown = Unknown(f"what `{statement.at.told}` does with the packet", statement.at.span)
        if statement.kind == "fwd":
            if line.place.setting.family != "netdev":
                raise Refused("fwd is for tables of family netdev")
            line.ended = "fwd"
            line.act(line.guard, model.Verdict.DENY)
            return
        level, message = Level.NOTE, f"`{statement.at.told}` is not modelled: it may do anything with the packets that reach it"
        self.resolver.note("unknown-statement", message, statement.at, level, Effect.UNKNOWN)
        if statement.kind == "tproxy":
            self.translator.check_proxy(statement, line)
            line.narrow(Undecided(unknown))
        elif statement.kind == "xt":
            raise Refused("a match or target of iptables, which only iptables-nft loads")
        elif statement.kind == "synproxy":
            line.done.append(line.rule(both(line.guard, Undecided(unknown)), model.Verdict.DENY))
        else:
            line.done += anything(line.guard, unknown, line)
            line.ended = "queue" if statement.kind == "queue" else ""


def _wraps(reject: Reject, family: str) -> bool:
    """Whether a number is no code and taken all the same: nft keeps eight bits of nine. Raises `Refused` where those are none."""
    word = reject.code.word if isinstance(reject.code, Atom) else ""
    if reject.kind not in ("icmp", "icmpv6") or not word.isdecimal() or len(word) > _LONGEST_CODE:
        return False
    if int(word) & 0xFF > (0xFE if family in ("ip", "ip6") else 0x7F):
        raise Refused(f"nft takes `{word}` for no code at all")
    return 0xFF < int(word) < 0x200


def _of_packets(key: Expression) -> Expression | None:
    """What a key takes from packets, without values of its own."""
    if not isinstance(key, Concat):
        return key
    parts = tuple(part for part in key.parts if not isinstance(part, Atom))
    return key._replace(parts=parts) if parts else None
