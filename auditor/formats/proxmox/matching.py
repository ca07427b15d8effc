"""The packets that a rule without trouble matches, as one of the two backends understands it."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.proxmox.check import addresses, family_of, is_service_name, port_range, protocol_of
from auditor.formats.proxmox.lookup import Held, Names
from auditor.formats.proxmox.macros import MACROS, Part
from auditor.formats.proxmox.names import ICMP_TYPES, ICMPV6_TYPES, PORTED
from auditor.formats.proxmox.record import Backend
from auditor.formats.proxmox.written import Word, Written
from auditor.model.filters import ANY, Condition, Exactly, Undecided, both, either
from auditor.model.headers import ANY_PORT, IPV4, IPV6, Protocol, destinations, icmp, ports, protocol_set, sources
from auditor.model.packets import EVERYTHING, Interval, PacketSet
from auditor.model.source import Span, Unknown

_ICMP = {Protocol.ICMP: ICMP_TYPES, Protocol.ICMPV6: ICMPV6_TYPES}


def condition(rule: Written, names: Names) -> Condition:
    """Everything the rule asks but its interface."""
    held = [addresses(word, names) for word in _ends(rule)]
    family = next((each for each in (family_of(each) for each in held if isinstance(each, Held)) if each is not None), None)
    ends = [_end(rule, name, names) for name in ("source", "dest")]
    return both(*ends, _traffic(rule, names.backend, family))


def _ends(rule: Written) -> Iterator[Word]:
    for name in ("source", "dest"):
        word = rule.option(name)
        if word is not None:
            yield word


def _end(rule: Written, name: str, names: Names) -> Condition:
    word = rule.option(name)
    if word is None:
        return ANY
    held = addresses(word, names)
    assert isinstance(held, Held), "the rule was checked"
    return within(held, name == "source", word.span)


def within(held: Held, source: bool, span: Span) -> Condition:
    """Packets from, or to, the addresses of a name."""
    packets = (sources if source else destinations)(held.intervals)
    if held.unknown is None:
        return Exactly(packets)
    unknown = Unknown(held.unknown.reason, held.unknown.span or span, held.unknown.reference)
    return either(Exactly(packets), Undecided(unknown))


def _traffic(rule: Written, backend: Backend, family: int | None) -> Condition:
    """Protocol and ports, of each part of a macro."""
    proto, dport, sport = (_text(rule, name) for name in ("proto", "dport", "sport"))
    parts: tuple[Part, ...] = (Part(proto, dport, sport),)
    if rule.macro is not None:
        parts = MACROS[rule.macro.text.lower()][1]
        parts = tuple(part for part in parts if family is None or part.family in (None, family))
        parts = tuple(Part(part.proto or proto, part.dport or dport, part.sport or sport, part.family) for part in parts)
    type_ = _text(rule, "icmp-type")
    return either(*(_part(part, type_, backend, rule) for part in parts))


def _text(rule: Written, name: str) -> str:
    word = rule.option(name)
    return word.text if word is not None else ""


def _part(part: Part, type_: str, backend: Backend, rule: Written) -> Condition:
    family = {4: sources([IPV4]), 6: sources([IPV6]), None: EVERYTHING}[part.family]
    number = protocol_of(part.proto) if part.proto else None
    if number is None:
        return Exactly(family)
    if number in _ICMP:
        own = part.dport if rule.macro is not None or backend is Backend.CLASSIC else ""
        return Exactly(family & _icmp(Protocol(number), type_ or own))
    if number not in PORTED:
        return Exactly(family & protocol_set(number))
    return both(Exactly(family), _ported(number, part, backend, rule))


def _icmp(protocol: Protocol, type_: str) -> PacketSet:
    if not type_:
        return protocol_set(protocol)
    if type_.isdecimal():
        return icmp(protocol, int(type_))
    kind, code = _ICMP[protocol][type_]
    return icmp(protocol, kind, code)


def _ported(number: int, part: Part, backend: Backend, rule: Written) -> Condition:
    to, unknown_to = _ranges(part.dport, backend)
    from_, unknown_from = _ranges(part.sport, backend)
    unknown = unknown_to or unknown_from
    known = Exactly(ports(number, to, from_))
    if not unknown:
        return known
    reason = Unknown(f"{unknown} is no service of the table used here", rule.span)
    wide = ports(number, (ANY_PORT,) if unknown_to else to, (ANY_PORT,) if unknown_from else from_)
    return either(known, Undecided(reason, wide))


def _ranges(text: str, backend: Backend) -> tuple[tuple[Interval, ...], str]:
    """The ports of a list, and the first name in it that is not known."""
    if not text or (text == "0" and backend is Backend.CLASSIC):
        return (ANY_PORT,), ""
    found, unknown = [], ""
    for item in text.split(","):
        interval = port_range(item)
        if interval is not None:
            found.append(interval)
        elif is_service_name(item):
            unknown = unknown or item
    return tuple(found), unknown
