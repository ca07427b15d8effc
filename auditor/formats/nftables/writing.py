"""Statements that write over a field or a mark: with a value, with what is computed from a mark, or with what a map holds."""

from __future__ import annotations

from auditor.formats.nftables import fields, layers, marks
from auditor.formats.nftables.drafts import Draft, Write
from auditor.formats.nftables.maps import Maps
from auditor.formats.nftables.match import Matcher
from auditor.formats.nftables.ruleset import Moment
from auditor.formats.nftables.setting import Setting
from auditor.formats.nftables.syntax import Atom, Binary, Expression, FieldName, Mangle, MapValue, Pair, Verdict
from auditor.formats.nftables.values import Refused
from auditor.model import filters as model
from auditor.model.filters import ANY, Assign, Call, Exactly, Undecided, either
from auditor.model.packets import EVERYTHING, NOTHING, V6_BASE, Field, PacketSet, field_set
from auditor.model.source import Unknown

_MAY_LACK = ("jhash ", "@", "exthdr ", "rt ", "ipsec ", "osf ", "socket ", "tcp option", "ip option", "sctp chunk", "frag ")
"""How fields begin that a packet may lack, for all that is known of it."""

_WRITTEN = {
    "ct": frozenset(("mark", "zone", "original zone", "reply zone", "label", "event", "secmark", "helper", "timeout", "expectation")),
    "meta": frozenset(("mark", "priority", "nftrace", "pkttype", "secmark", "broute")),
}


_PAYLOAD = (Field.SOURCE, Field.DESTINATION, Field.SOURCE_PORT, Field.DESTINATION_PORT, Field.TCP_FLAGS)
"""What a statement that sets raw payload may set."""

_READ_ONLY = frozenset(("fib", "socket", "osf", "numgen", "jhash", "symhash", "ipsec"))


def _check(name: str, setting: Setting) -> None:
    head, _, key = name.partition(" ")
    if head in _READ_ONLY or (key in ("pkttype", "") and name.endswith("pkttype") and setting.hook not in ("", "prerouting", "ingress")):
        raise Refused(f"`{name}` cannot be set" + (f" in {setting.hook}" if head not in _READ_ONLY else ""))
    head, key = (head, key) if key else ("meta", head)
    if not name.startswith("@") and key not in _WRITTEN.get(head, (key,)):
        raise Refused(f"`{name}` cannot be set")


class Writer:
    """What rules of one ruleset write."""

    def __init__(self, matcher: Matcher) -> None:
        self.matcher = matcher
        self.resolver = matcher.resolver
        self.maps = Maps(matcher)

    def mangle(self, statement: Mangle, line: Draft) -> None:
        name, place = statement.field.name, line.place
        found = fields.spec(name, place.setting)
        layers.check_key(statement.field, line, self.matcher)
        _check(name, place.setting)
        if name in marks.MARK_FIELDS:
            self._mark(statement, line)
            return
        if not name.startswith("ct "):  # what has no entry to write to passes
            line.narrow(Exactly(found.present))
        self._read(statement.value, line.place.moment, line)
        field_ = {"ip saddr": Field.SOURCE, "ip6 saddr": Field.SOURCE, "ip daddr": Field.DESTINATION, "ip6 daddr": Field.DESTINATION,
                  "tcp dport": Field.DESTINATION_PORT, "udp dport": Field.DESTINATION_PORT, "th dport": Field.DESTINATION_PORT,
                  "tcp sport": Field.SOURCE_PORT, "udp sport": Field.SOURCE_PORT, "th sport": Field.SOURCE_PORT,
                  "tcp flags": Field.TCP_FLAGS}.get(name)  # fmt: skip
        if name.startswith("@"):
            line.write(*(Write(each, None) for each in _PAYLOAD))
        elif field_ is None and not isinstance(statement.value, MapValue | FieldName | Binary):
            self.matcher.check_value(found, statement.value, place.moment)
        if field_ is not None:
            value = None if isinstance(statement.value, MapValue) else self.single(statement.value, found.type, line)
            shift = V6_BASE if name.startswith("ip6") and value is not None else 0
            line.write(Write(field_, None if value is None else value + shift))

    def look_up(self, value: MapValue, line: Draft) -> None:
        """The rule goes on with what the map holds something for."""
        layers.check_key(value.key, line, self.matcher)
        line.narrow(either(*(entry.condition for entry in self.maps.entries(value.key, value.data, line.place))))

    def _read(self, value: Expression, moment: Moment, line: Draft) -> None:
        """The rule goes on with the packets that have the fields of a value."""
        if isinstance(value, MapValue):
            self.look_up(value, line)
        elif isinstance(value, Binary):
            self._read(value.left, moment, line)
            self._read(value.right, moment, line)
        elif isinstance(value, FieldName):
            found = fields.spec(value.name, line.place.setting)
            line.narrow(Exactly(found.present))
            if value.name.startswith(_MAY_LACK):
                line.narrow(Undecided(Unknown(f"whether the packet has `{value.name}`", value.at.span)))

    def single(self, value: Expression, kind: str, line: Draft) -> int | None:
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
            layers.check_key(value.key, line, self.matcher)
            self._from_map(value, field_, line)
            return
        self._read(value, moment, line)
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
        for entry in self.maps.entries(value.key, value.data, line.place):
            number = None
            if entry.data is not None and not isinstance(entry.data, Verdict):
                found = self.resolver.values(entry.data, "mark", entry.moment)
                number = found.spans[0][0] if found.spans and not found.unknowns else None
            hits.append(entry.condition)
            one = model.Chain("", (line.rule(ANY, Assign(field_, number)),), line.span)
            cases.append(line.rule(entry.condition, Call(one, goto=True), entry.at.span))
        line.narrow(either(*hits))
        line.write(Write(field_, None, model.Chain("", tuple(cases), line.span)))
