"""Statements that translate addresses and ports, and what that does to a packet's way."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.formats.nftables import fields, layers
from auditor.formats.nftables.drafts import Draft, Write
from auditor.formats.nftables.setting import Setting, Way
from auditor.formats.nftables.syntax import Atom, Concat, Expression, MapValue, Nat, Other, Pair, Verdict
from auditor.formats.nftables.values import Refused
from auditor.formats.nftables.writing import Writer
from auditor.model import filters as model
from auditor.model.filters import ANY, Assign, Both, Call, Condition, Either, Exactly, Not, Rule, Undecided, both
from auditor.model.packets import EVERYTHING, NOTHING, V6_BASE, Field, PacketSet, field_set
from auditor.model.source import Span, Unknown

_SIX = r"\[[^\]]+\]|[0-9a-fA-F:]*:[0-9a-fA-F:]*:[0-9a-fA-F:.]*"
_PROXY = re.compile(rf"tproxy\s+(?:(?P<family>ip6?)\s+)?(?:to\s+)?(?P<address>{_SIX}|[^\s:]+)?")
_LAYERS = {"ip": 4, "ip6": 6}


class Translator:
    """What rules of one ruleset translate. `ways_in`: the packets that come to a machine behind a translation, each with its rule."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.matcher = writer.matcher
        self.ways_in: list[tuple[Span, str, PacketSet]] = []

    def translate(self, statement: Nat, line: Draft) -> None:
        setting = line.place.setting
        self._check_nat(statement, setting)
        if isinstance(statement.address, MapValue):
            layers.check_key(statement.address.key, line, self.matcher)
        self._check_port(statement, line)
        if isinstance(statement.port, MapValue):
            self.writer.look_up(statement.port, line)
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
                raise Refused(f"`{statement.address.at.told}` is no address of family {statement.family or line.place.setting.family}")
            if family is not None and not statement.family and line.place.setting.family == "inet":
                line.narrow(Exactly(fields.V6 if family == 6 else fields.V4))
        port = (
            self.writer.single(statement.port, "inet_service", line)
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
        number = self.writer.single(expression, kind, line)
        return None if number is None else number + (V6_BASE if kind == "ipv6_addr" else 0)

    def _nat_map(self, statement: Nat, value: MapValue, source: bool, line: Draft) -> None:
        """`dnat to tcp dport map { 80 : 10.0.0.1 }`: without a hit, the rule ends."""
        for entry in self.writer.maps.entries(value.key, value.data, line.place):
            data = entry.data
            address, port = None, None
            parts: tuple[Expression, ...] = ()
            if data is not None and not isinstance(data, Verdict):
                parts = data.parts if isinstance(data, Concat) else (data,)
            inner = Draft(line.place._replace(moment=entry.moment), line.span, line.text, line.name, trail=line.trail)
            if parts:
                address = self._address(parts[0], inner)
                port = self.writer.single(parts[1], "inet_service", inner) if len(parts) > 1 else None
            ports = len(parts) > 1 or statement.port is not None
            if statement.port is not None and not isinstance(statement.port, MapValue):
                port = self.writer.single(statement.port, "inet_service", line)
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

    @staticmethod
    def check_proxy(statement: Other, line: Draft) -> None:
        """Refuse a tproxy where no protocol is fixed, or whose address is not of the family that is. Raises `Refused`."""
        found = _PROXY.match(statement.at.words)
        setting = line.place.setting
        if setting.family not in ("ip", "ip6", "inet"):
            raise Refused(f"a table of family {setting.family} has no tproxy: ip, ip6 and inet have")
        if setting.hook not in ("", "prerouting"):
            raise Refused(f"tproxy is for hook prerouting, not {setting.hook}")
        if not line.layer4:
            raise Refused("tproxy stands behind a match of the protocol (`tcp dport …`, `meta l4proto …`)")
        family = (found and found["family"]) or setting.family
        if line.layer3 is not None and line.layer3 != _LAYERS.get(family):
            raise Refused(f"the rule is about IPv{line.layer3} alone: write `tproxy {'ip' if line.layer3 == 4 else 'ip6'} to …`")
        if found and found["address"]:
            if family == "inet":
                raise Refused("in a table of family inet, tproxy to an address says of which family it is: `tproxy ip to …`")
            if found["address"][0] != "$" and (family == "ip6") is not (":" in found["address"]):
                raise Refused(f"`{found['address']}` is no address of family {family}")

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
