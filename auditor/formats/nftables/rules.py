"""From rules to the model's: conditions to the left, then what is written over, then the verdict.

A rule of nftables is evaluated left to right with side effects in between; here it becomes one rule, or, where it writes a field and tests
on, a small chain that first asks how far the packet gets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from auditor.formats.nftables import fields, layers, marks
from auditor.formats.nftables.match import Entry, Matcher, Place
from auditor.formats.nftables.ruleset import Chain as Lines
from auditor.formats.nftables.ruleset import Entry as Line
from auditor.formats.nftables.ruleset import Table
from auditor.formats.nftables.setting import Setting, Way
from auditor.formats.nftables.syntax import (
    Atom,
    Bad,
    Block,
    Concat,
    Expression,
    FieldName,
    Limit,
    Mangle,
    MapValue,
    Match,
    Nat,
    Other,
    Pair,
    Plain,
    Reject,
    RuleLine,
    Statement,
    Update,
    Verdict,
    Vmap,
)  # fmt: skip
from auditor.formats.nftables.text import At
from auditor.formats.nftables.values import Refused
from auditor.model import filters as model
from auditor.model.filters import ANY, Assign, Both, Call, Condition, Either, Exactly, Not, Rule, Undecided, both, either
from auditor.model.headers import protocol_set
from auditor.model.packets import EVERYTHING, NOTHING, V6_BASE, Field, PacketSet, State, field_set
from auditor.model.record import dataclass, field
from auditor.model.source import Effect, Level, Span, Unknown

DEEPEST_JUMP = 16
_MANY_ENTRIES = 64
_FINAL = {"accept": model.Verdict.PERMIT, "drop": model.Verdict.DENY, "return": model.Verdict.RETURN}


@dataclass(frozen=True, slots=True)
class Write:
    """A field written over: with a value, None if it is not known; or by a chain that computes it."""

    field: Field
    value: int | None
    chain: model.Chain | None = None


@dataclass(slots=True)
class Draft:
    """A rule being read: what a packet must be to come this far, and what has been written by then."""

    place: Place
    span: Span
    text: str
    name: str
    guard: Condition = ANY
    writes: list[Write] = field(default_factory=list)
    steps: list[tuple[Condition, tuple[Write, ...]]] = field(default_factory=list)
    done: list[Rule] = field(default_factory=list)
    ended: str = ""
    seen: list[tuple[Statement, Condition]] = field(default_factory=list)
    layer3: int | None = None
    layer4: tuple[int, ...] = ()
    trail: tuple[tuple[str, Span], ...] = ()

    def narrow(self, condition: Condition) -> None:
        """What follows is reached only by packets of the condition, asked of them as they are by now."""
        if self.writes:
            condition = _before(condition, self.writes)
        guard = self.guard
        if isinstance(guard, Exactly) and isinstance(condition, Exactly):
            self.guard = condition if guard is ANY else Exactly(guard.packets & condition.packets)
        else:
            self.guard = both(guard, condition)

    def write(self, *writes: Write) -> None:
        self.writes += writes
        self.steps.append((self.guard, tuple(self.writes)))

    def rule(self, condition: Condition, action: model.Action, span: Span | None = None) -> Rule:
        return Rule(condition, action, span or self.span, self.text, self.name, trail=self.trail)

    def act(self, condition: Condition, action: model.Action, span: Span | None = None) -> None:
        """Packets of the condition meet this end, with everything written by now."""
        if not self.writes:
            self.done.append(self.rule(condition, action, span))
            return
        leaves = action is model.Verdict.RETURN or (isinstance(action, Call) and action.goto)
        rules = [self.rule(ANY, _action(write)) for write in self.writes]
        if action is not model.Verdict.RETURN:
            rules.append(self.rule(ANY, action, span))
        self.done.append(self.rule(condition, Call(model.Chain("", tuple(rules), self.span), goto=leaves), span))

    def finish(self) -> tuple[Rule, ...]:
        """The rule's rules. A packet that was written on but did not reach the end keeps what was written."""
        if not self.steps:
            return tuple(self.done)
        if not self.done and len(self.steps) == 1 and len(self.steps[0][1]) == 1:
            guard, writes = self.steps[0]
            return (self.rule(guard, _action(writes[0])),)
        cases = [*self.done]
        for guard, writes in reversed(self.steps):
            chain = model.Chain("", tuple(self.rule(ANY, _action(write)) for write in writes), self.span)
            cases.append(self.rule(guard, Call(chain, goto=True)))
        inside = [rule for rule in cases if not _leaves(rule, self.done)]
        outside = [rule for rule in cases if _leaves(rule, self.done)]
        inside = [_going(rule) for rule in inside]
        entered = either(*(guard for guard, _ in self.steps))
        return (*outside, self.rule(entered, Call(model.Chain("", tuple(inside), self.span))))


def _leaves(rule: Rule, done: list[Rule]) -> bool:
    """Whether a rule leaves the chain it stands in: it must stand there, not in a chain of its own."""
    return rule in done and (rule.action is model.Verdict.RETURN or (isinstance(rule.action, Call) and rule.action.goto))


def _going(rule: Rule) -> Rule:
    """Within the chain of cases, a call is the last case."""
    action = rule.action
    if isinstance(action, Call) and not action.goto:
        return Rule(rule.condition, Call(action.chain, goto=True), rule.span, rule.text, rule.name, trail=rule.trail)
    return rule


def _action(write: Write) -> model.Action:
    return Assign(write.field, write.value) if write.chain is None else Call(write.chain)


def _before(condition: Condition, writes: list[Write]) -> Condition:
    """The packets that meet the condition once they are written on."""
    if isinstance(condition, Exactly):
        surely = maybe = condition.packets
        for write in reversed(writes):
            if write.value is None or write.chain is not None:
                surely, maybe = surely.throughout(write.field, EVERYTHING), maybe.without(write.field)
            else:
                here = field_set(write.field, [(write.value, write.value)])
                surely, maybe = (surely & here).without(write.field), (maybe & here).without(write.field)
        if surely is maybe:
            return Exactly(surely)
        return either(Exactly(surely), Undecided(Unknown("what was written over is not known"), maybe))
    if isinstance(condition, Both):
        return both(*(_before(part, writes) for part in condition.parts))
    if isinstance(condition, Either):
        return either(*(_before(part, writes) for part in condition.parts))
    if isinstance(condition, Not):
        return ~_before(condition.part, writes)
    return condition


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
        self._shallow = False
        self.records: list[Record] = []
        self.ways_in: list[tuple[Span, str, PacketSet]] = []

    # -- chains

    @property
    def reached(self) -> set[Lines]:
        """The chains that were converted for some packets."""
        return self._reached

    def only_read(self, lines: Lines, table: Table, setting: Setting) -> None:
        """Look for mistakes in a chain that judges no packet."""
        kept = len(self.records), len(self.ways_in)
        self._shallow = True
        self.rules(lines, table, setting)
        self._shallow = False
        del self.records[kept[0] :], self.ways_in[kept[1] :]

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
        for entry in lines.entries:
            found += self.line(entry, table, setting)
        return tuple(found)

    def line(self, entry: Line, table: Table, setting: Setting) -> tuple[Rule, ...]:
        """One rule. What could not be read may do anything."""
        at = entry.line.at
        trail = tuple((text, place.span) for text, place in entry.trail)
        place = Place(table, setting, entry.moment)
        if isinstance(entry.line, Bad):
            return _anything(ANY, Unknown(entry.why, at.span), Draft(place, at.span, at.words[:200], "", trail=trail))
        simple = self._simple(entry.line, place)
        if simple is not None:
            guard, verdict = simple
            self.records.append(Record(entry.line, place, guard, "", ()))
            return (Rule(guard, verdict, at.span, at.words, entry.line.comment, trail=trail),)
        line = Draft(place, at.span, at.words, entry.line.comment, layer3={"ip": 4, "ip6": 6}.get(setting.family), trail=trail)
        self._statements(entry.line, line)
        self.records.append(Record(entry.line, place, line.guard, line.ended, tuple(line.seen)))
        return line.finish()

    def _simple(self, rule: RuleLine, place: Place) -> tuple[Condition, model.Verdict] | None:
        """What a rule of comparisons and one verdict matches and does: most are that. None where there is more to a rule."""
        last = rule.statements[-1] if rule.statements else None
        verdict = _FINAL.get(last.kind) if isinstance(last, Verdict) and last.target is None else None
        if verdict is None:
            return None
        packets, others = EVERYTHING, []
        network: int | None = {"ip": 4, "ip6": 6, "netdev": 0}.get(place.setting.family)
        transport: int | None = None
        for each in rule.statements[:-1]:
            if isinstance(each, Plain) and each.kind != "notrack":
                continue
            if not isinstance(each, Match) or not isinstance(each.key, FieldName) or each.key.name in layers.FIXING:
                return None
            spec = fields.known(each.key.name, place.setting)
            if spec is None or (network == 0 and spec.name.startswith("ct ")):
                return None
            if spec.layer3 is not None and network not in (None, spec.layer3):
                return None
            if spec.layer4 is not None and transport not in (None, spec.layer4):
                return None
            network, transport = spec.layer3 or network, spec.layer4 or transport
            condition = self.matcher.match(each, place)
            if isinstance(condition, Exactly):
                packets &= condition.packets
            else:
                others.append(condition)
        return both(Exactly(packets), *others) if others else Exactly(packets), verdict

    def _statements(self, rule: RuleLine, line: Draft) -> None:
        for statement in rule.statements:
            if line.ended:
                self.resolver.refuse(f"nothing may follow `{line.ended}` in a rule", statement.at)
                return
            try:
                self._statement(statement, line)
            except Refused as error:
                self.resolver.refuse(str(error), statement.at)
                line.done += _anything(line.guard, Unknown(str(error), statement.at.span), line)

    def _statement(self, statement: Statement, line: Draft) -> None:
        if isinstance(statement, Match):
            layers.check(statement, line, self.matcher)
            line.narrow(self.matcher.match(statement, line.place))
        elif isinstance(statement, Verdict):
            self._verdict(statement, line, line.guard)
            line.ended = "" if statement.kind == "continue" else statement.kind
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
            line.narrow(Undecided(Unknown(f"{what} (`{statement.at.words}`)", statement.at.span, lapses=True, recurs=True)))
        elif isinstance(statement, Mangle):
            self._mangle(statement, line)
        elif isinstance(statement, Nat):
            line.seen.append((statement, line.guard))
            self._nat(statement, line)
        elif isinstance(statement, Update):
            self._update(statement, line)
        else:
            self._other(statement, line)

    # -- verdicts

    def _verdict(self, verdict: Verdict, line: Draft, guard: Condition, span: Span | None = None) -> None:
        if verdict.kind == "continue":
            return
        final = _FINAL.get(verdict.kind)
        if final is not None:
            line.act(guard, final, span)
            return
        target = self._target(verdict, line)
        if isinstance(target, Unknown):
            line.done += _anything(guard, target, line)
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
        entries = list(self.matcher.entries(vmap.key, vmap.data, line.place))
        going_on: list[Condition] = []
        groups: dict[tuple[str, str], list[Condition]] = {}
        for entry in entries:
            condition = _before(entry.condition, line.writes) if line.writes else entry.condition
            verdict = entry.data
            if verdict is None:
                assert isinstance(condition, Undecided)
                line.done += _anything(both(line.guard, condition), condition.unknown, line)
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
        self._check_reject(reject, line)
        answers = {"tcp reset": protocol_set(6), "icmp": fields.V4, "icmpv6": fields.V6}.get(reject.kind, EVERYTHING)
        line.act(both(line.guard, Exactly(answers)), model.Verdict.REJECT)
        line.ended = "reject"

    @staticmethod
    def _check_reject(reject: Reject, line: Draft) -> None:
        family = line.place.setting.family
        if reject.kind == "tcp reset" and line.layer4 and 6 not in line.layer4:
            raise Refused("a match before it excludes TCP, so there is nothing to reset")
        if reject.kind == "icmpx" and family in ("ip", "ip6"):
            raise Refused(f"icmpx is for tables of both families: in one of {family} it is `{'icmp' if family == 'ip' else 'icmpv6'}`")
        if family != "bridge" and {"icmp": 6, "icmpv6": 4}.get(reject.kind) == line.layer3 is not None:
            raise Refused(f"nothing of this family is left that `reject with {reject.kind}` could answer")

    # -- what has no verdict

    def _plain(self, statement: Plain, line: Draft) -> None:
        if statement.kind != "notrack":
            return
        if line.place.setting.early:
            line.write(Write(Field.STATE, State.UNTRACKED))
        elif line.place.setting.hook:
            message = "notrack has an effect before connection tracking alone, in chains with a priority below -200 (raw)"
            self.resolver.note("notrack-too-late", message, statement.at, Level.WARNING, Effect.IGNORED)

    def _update(self, statement: Update, line: Draft) -> None:
        layers.check_key(statement.key, line, self.matcher)
        line.narrow(Exactly(self._present(statement.key, line)))
        if statement.limited:
            line.narrow(Undecided(Unknown("how fast packets come, for each key", statement.at.span, lapses=True, recurs=True)))

    def _present(self, key: Expression, line: Draft) -> PacketSet:
        result = EVERYTHING
        for each in self.matcher.keys(key, line.place):
            result &= each.spec.present
        return result

    def _other(self, statement: Other, line: Draft) -> None:
        unknown = Unknown(f"what `{statement.at.words}` does with the packet", statement.at.span)
        if statement.kind == "fwd":
            line.act(line.guard, model.Verdict.DENY)
            return
        level, message = Level.NOTE, f"`{statement.at.words}` is not modelled: it may do anything with the packets that reach it"
        self.resolver.note("unknown-statement", message, statement.at, level, Effect.UNKNOWN)
        if statement.kind == "tproxy":
            line.narrow(Undecided(unknown))
        elif statement.kind in ("synproxy",):
            line.done.append(line.rule(both(line.guard, Undecided(unknown)), model.Verdict.DENY))
        else:
            line.done += _anything(line.guard, unknown, line)

    # -- writing

    def _mangle(self, statement: Mangle, line: Draft) -> None:
        name, place = statement.field.name, line.place
        found = fields.spec(name, place.setting)
        layers.check_key(statement.field, line, self.matcher)
        if isinstance(statement.value, MapValue):
            layers.check_key(statement.value.key, line, self.matcher)
        if name in marks.MARK_FIELDS:
            self._mark(statement, line)
            return
        line.narrow(Exactly(found.present))
        field_ = {"ip saddr": Field.SOURCE, "ip6 saddr": Field.SOURCE, "ip daddr": Field.DESTINATION, "ip6 daddr": Field.DESTINATION,
                  "tcp dport": Field.DESTINATION_PORT, "udp dport": Field.DESTINATION_PORT, "th dport": Field.DESTINATION_PORT,
                  "tcp sport": Field.SOURCE_PORT, "udp sport": Field.SOURCE_PORT, "th sport": Field.SOURCE_PORT,
                  "tcp flags": Field.TCP_FLAGS}.get(name)  # fmt: skip
        if field_ is not None:
            value = None if isinstance(statement.value, MapValue) else self._single(statement.value, found.type, line)
            shift = V6_BASE if name.startswith("ip6") and value is not None else 0
            line.write(Write(field_, None if value is None else value + shift))

    def _single(self, value: Expression, kind: str, line: Draft) -> int | None:
        found = self.resolver.behind(value, line.place.moment)
        if isinstance(found, Unknown) or isinstance(found[0], MapValue) or not isinstance(found[0], Atom | Pair):
            return None
        values = self.resolver.values(found[0], kind, found[1])
        if values.unknowns or len(values.spans) != 1 or values.spans[0][0] != values.spans[0][1]:
            return None
        return values.spans[0][0]

    def _mark(self, statement: Mangle, line: Draft) -> None:
        ct = statement.field.name == "ct mark"
        field_ = Field.CT_MARK if ct else Field.MARK
        where = fields.HAS_ENTRY if ct and not line.place.setting.early else NOTHING if ct else EVERYTHING
        found = self.resolver.behind(statement.value, line.place.moment)
        value, moment = (statement.value, line.place.moment) if isinstance(found, Unknown) else found
        if isinstance(value, MapValue):
            self._from_map(value, field_, line)
            return
        formula = marks.function(value, moment, self.resolver)
        if formula is None:
            line.write(Write(field_, None))
            return
        source, result = formula
        if source is None and where is EVERYTHING:
            line.write(Write(field_, result(0)))
            return
        line.write(self._computed(field_, where, source, result, line))

    def _computed(self, field_: Field, where: PacketSet, source: str | None, result: object, line: Draft) -> Write:
        """A mark that depends on a mark: a case for every value that one can have."""
        assert callable(result)
        facts = line.place.setting.facts
        if source is None:
            rule = line.rule(Exactly(where), Assign(field_, result(0)))
            return Write(field_, None, model.Chain("", (rule,), line.span))
        of = Field.CT_MARK if source == "ct mark" else Field.MARK
        known = facts.ct_marks if of is Field.CT_MARK else facts.marks
        if known is None:
            return Write(field_, None)
        cases = []
        for mark in known:
            one = model.Chain("", (line.rule(ANY, Assign(field_, result(mark))),), line.span)
            cases.append(line.rule(Exactly(where & field_set(of, [(mark, mark)])), Call(one, goto=True)))
        return Write(field_, None, model.Chain("", tuple(cases), line.span))

    def _from_map(self, value: MapValue, field_: Field, line: Draft) -> None:
        """The field gets what the key is mapped to; without a hit, the rule ends."""
        cases, hits = [], []
        for entry in self.matcher.entries(value.key, value.data, line.place):
            number = None
            if entry.data is not None and not isinstance(entry.data, Verdict):
                found = self.resolver.values(entry.data, "mark", entry.moment)
                number = found.spans[0][0] if found.spans and not found.unknowns else None
            hits.append(entry.condition)
            one = model.Chain("", (line.rule(ANY, Assign(field_, number)),), line.span)
            cases.append(line.rule(entry.condition, Call(one, goto=True), entry.at.span))
        line.narrow(either(*hits))
        line.write(Write(field_, None, model.Chain("", tuple(cases), line.span)))

    # -- translation

    def _nat(self, statement: Nat, line: Draft) -> None:
        setting = line.place.setting
        self._check_nat(statement, setting)
        if isinstance(statement.address, MapValue):
            layers.check_key(statement.address.key, line, self.matcher)
        self._check_port(statement, line)
        family = statement.family or {"ip": "ip", "ip6": "ip6"}.get(setting.family, "")
        if family:
            if line.layer3 not in (None, 6 if family == "ip6" else 4):
                raise Refused(f"a match before it leaves no packet of family {family} to translate")
            line.narrow(Exactly(fields.V6 if family == "ip6" else fields.V4))
        source = statement.kind in ("snat", "masquerade")
        if isinstance(statement.address, MapValue):
            self._nat_map(statement, statement.address, source, line)
        elif statement.kind == "redirect" and setting.way is Way.TRANSIT:
            line.act(line.guard, model.Verdict.DENY)  # it goes to this host instead
        else:
            self._translate(statement, source, line)
        line.ended = statement.kind

    def _translate(self, statement: Nat, source: bool, line: Draft) -> None:
        address = None
        if statement.address is not None:
            address = self._address(statement.address, line)
            family = _family_of(statement.address)
            if family is not None and family != {"ip": 4, "ip6": 6}.get(statement.family or line.place.setting.family, family):
                raise Refused(f"`{statement.address.at.words}` is no address of family {statement.family or line.place.setting.family}")
            if family is not None and not statement.family and line.place.setting.family == "inet":
                line.narrow(Exactly(fields.V6 if family == 6 else fields.V4))
        port = (
            self._single(statement.port, "inet_service", line)
            if statement.port is not None and not isinstance(statement.port, MapValue)
            else None
        )
        has_address = statement.address is not None or statement.kind in ("masquerade", "redirect")
        if statement.kind == "dnat" and has_address:
            self._way_in(line, line.guard, address, (statement.port is not None, port))
        line.writes += _translation(source, address, port, has_address, statement.port is not None, line)
        self._routed(line, address if statement.kind == "dnat" else None, statement.kind == "dnat" and has_address)
        line.act(line.guard, model.Verdict.PERMIT)

    def _way_in(self, line: Draft, guard: Condition, address: int | None, port: tuple[bool, int | None], span: Span | None = None) -> None:
        """Questions name the machine behind a translation: what is translated to it comes to it so, whatever address it was sent to."""
        setting = line.place.setting
        if setting.way is not Way.TRANSIT or setting.hook != "prerouting" or setting.facts.local is not None:
            return
        to = EVERYTHING if address is None else field_set(Field.DESTINATION, [(address, address)])
        rewritten = [Field.DESTINATION]
        if port[0]:
            rewritten.append(Field.DESTINATION_PORT)
            to &= EVERYTHING if port[1] is None else field_set(Field.DESTINATION_PORT, [(port[1], port[1])])
        reached = both(_whatever(guard, tuple(rewritten)), Exactly(to))
        if address is None or (port[0] and port[1] is None) or not setting.facts.dnat_helps:
            reached = both(reached, Undecided(Unknown("whether the packets are translated to this destination", line.span)))
        self.ways_in.append((line.span, line.text, reached.settle(lambda _: None).maybe))
        chain = model.Chain("", tuple(_or_bits(5, EVERYTHING, line)), line.span)
        done = model.Chain("", (line.rule(ANY, Call(chain)), line.rule(ANY, model.Verdict.PERMIT)), line.span)
        line.done.append(line.rule(reached, Call(done), span))

    def _routed(self, line: Draft, address: int | None, moved: bool, span: Span | None = None) -> None:
        """What is translated to an address that is not on this way leaves it."""
        setting = line.place.setting
        if not moved or setting.hook != "prerouting":
            return
        local = setting.facts.local
        if local is None or address is None:
            if setting.way is Way.INBOUND:
                unknown = Unknown("whether the translated address is the host's own", line.span)
                line.act(both(line.guard, Undecided(unknown)), model.Verdict.DENY, span)
        elif any(low <= address <= high for low, high in local) is not (setting.way is Way.INBOUND):
            line.act(line.guard, model.Verdict.DENY, span)

    def _address(self, expression: Expression, line: Draft) -> int | None:
        family = _family_of(expression)
        kind = "ipv6_addr" if family == 6 or (family is None and line.place.setting.family == "ip6") else "ipv4_addr"
        number = self._single(expression, kind, line)
        return None if number is None else number + (V6_BASE if kind == "ipv6_addr" else 0)

    def _nat_map(self, statement: Nat, value: MapValue, source: bool, line: Draft) -> None:
        """`dnat to tcp dport map { 80 : 10.0.0.1 }`: without a hit, the rule ends."""
        for entry in self.matcher.entries(value.key, value.data, line.place):
            data = entry.data
            address, port = None, None
            parts: tuple[Expression, ...] = ()
            if data is not None and not isinstance(data, Verdict):
                parts = data.parts if isinstance(data, Concat) else (data,)
            inner = Draft(line.place._replace(moment=entry.moment), line.span, line.text, line.name, trail=line.trail)
            if parts:
                address = self._address(parts[0], inner)
                port = self._single(parts[1], "inet_service", inner) if len(parts) > 1 else None
            ports = len(parts) > 1 or statement.port is not None
            if statement.port is not None:
                port = self._single(statement.port, "inet_service", line)
            inner.guard = both(line.guard, entry.condition)
            if statement.kind == "dnat":
                self._way_in(inner, inner.guard, address, (ports, port), entry.at.span)
            inner.writes = [*line.writes, *_translation(source, address, port, True, ports, line)]
            self._routed(inner, address, statement.kind == "dnat", entry.at.span)
            inner.act(inner.guard, model.Verdict.PERMIT, entry.at.span)
            line.done += inner.done

    @staticmethod
    def _check_port(statement: Nat, line: Draft) -> None:
        if statement.port is not None and not line.layer4 and not isinstance(statement.port, MapValue):
            raise Refused("a port is translated only behind a match of the protocol (`tcp dport …`, `meta l4proto …`)")

    def _check_nat(self, statement: Nat, setting: Setting) -> None:
        allowed = {
            "dnat": ("prerouting", "output"),
            "redirect": ("prerouting", "output"),
            "snat": ("postrouting", "input"),
            "masquerade": ("postrouting",),
        }
        if not setting.nat:
            raise Refused(f"{statement.kind} is possible in chains of type nat alone")
        if setting.hook and setting.hook not in allowed[statement.kind]:
            raise Refused(f"{statement.kind} is for hook {' or '.join(allowed[statement.kind])}, not {setting.hook}")


def _whatever(condition: Condition, fields_: tuple[Field, ...]) -> Condition:
    """The condition with some fields forgotten: packets that meet it with other values there. In doubt where that is not exact."""
    if isinstance(condition, Exactly):
        packets = condition.packets
        for field_ in fields_:
            packets = packets.without(field_)
        return Exactly(packets)
    if isinstance(condition, Both) and sum(isinstance(part, Exactly) for part in condition.parts) <= 1:
        return both(*(_whatever(part, fields_) for part in condition.parts))
    if isinstance(condition, model.Test) or (isinstance(condition, Not) and isinstance(condition.part, model.Test)):
        return condition
    if isinstance(condition, Either) and all(isinstance(part, model.Test) for part in condition.parts):
        return condition
    return Undecided(Unknown("which packets are translated"))


def _family_of(expression: Expression) -> int | None:
    if isinstance(expression, Pair):
        return _family_of(expression.left)
    if isinstance(expression, Atom) and not expression.word.startswith("$"):
        return 6 if ":" in expression.word else 4
    return None


def _translation(source: bool, address: int | None, port: int | None, has_address: bool, has_port: bool, line: Draft) -> list[Write]:
    """What a translation writes; a port it does not name stays, and what it leaves as it is counts as decided, not as translated."""
    fields_ = (Field.SOURCE, Field.SOURCE_PORT) if source else (Field.DESTINATION, Field.DESTINATION_PORT)
    same = EVERYTHING
    for field_, value, written in zip(fields_, (address, port), (has_address, has_port), strict=True):
        if written:
            same &= NOTHING if value is None else field_set(field_, [(value, value)])
    changed, decided = (10, 8) if source else (5, 4)
    cases = (*_or_bits(decided, same, line), *_or_bits(changed, EVERYTHING, line))
    writes = [Write(Field.TRANSLATED, None, model.Chain("", cases, line.span))]
    if has_address:
        writes.append(Write(fields_[0], address))
    return [*writes, Write(fields_[1], port)] if has_port else writes


def _or_bits(bits: int, packets: PacketSet, line: Draft) -> Iterator[Rule]:
    """Rules that set bits of TRANSLATED for these packets, and then return."""
    for value in (0, 4, 5, 8, 10):
        if packets is not NOTHING:
            chain = model.Chain("", (line.rule(ANY, Assign(Field.TRANSLATED, value | bits)),), line.span)
            when = Exactly(packets & field_set(Field.TRANSLATED, [(value, value)]))
            yield line.rule(when, Call(chain, goto=True))


def _anything(guard: Condition, unknown: Unknown, line: Draft) -> tuple[Rule, ...]:
    """Any verdict for these packets, or none."""
    doubtful = both(guard, Undecided(unknown))
    return line.rule(doubtful, model.Verdict.DENY), line.rule(doubtful, model.Verdict.PERMIT)


def conditions(rules: tuple[Rule, ...]) -> Iterator[Condition]:
    """The conditions of rules, those of chains they call too, each chain once."""
    seen: set[int] = set()
    pending = list(rules)
    while pending:
        rule = pending.pop()
        yield rule.condition
        if isinstance(rule.action, Call) and id(rule.action.chain) not in seen:
            seen.add(id(rule.action.chain))
            pending += rule.action.chain.rules
