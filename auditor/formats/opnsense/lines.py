"""From a rule to the lines pf is given: one for every combination of source, destination, interface and family, in that nesting.

A line that cannot be expressed is `dropped`, with the product's reason; a line that pf's parser does not take is `refused`, and then the
whole ruleset is not loaded.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.opnsense.aliases import Aliases
from auditor.formats.opnsense.interfaces import Interface, Interfaces
from auditor.formats.opnsense.record import Record, Side
from auditor.formats.opnsense.terms import ANYWHERE, NO_PORT, Kind, PortTerm, Term, port_term, term
from auditor.formats.opnsense.values import whole
from auditor.formats.pf.addresses import literal
from auditor.formats.pf.names import ICMP6_TYPES, ICMP_TYPES, PROTOCOLS
from auditor.model.record import dataclass, replace

_HAVE_PORTS = ("tcp", "udp", "tcp/udp", "sctp", "6", "17", "132")
NOWHERE = ("Null4", "Null6")
"""Gateways of the product's own, which lead to the firewall itself."""
_MAKING_GATEWAYS = ("ovpnc", "gif", "gre")
"""How the devices of tunnels begin that bring a gateway with them."""
_DIRECTIONS = ("in", "out", "any")
_FAMILIES = ("", "inet", "inet6")
_ACTIONS = ("pass", "block", "reject", "match")


@dataclass(frozen=True, slots=True)
class Settings:
    """What every rule is expanded with. `gateway_groups` are names; `strict_gateways`: rules with an unknown gateway are left out."""

    interfaces: Interfaces
    aliases: Aliases
    gateway_groups: frozenset[str] = frozenset()
    strict_gateways: bool = False
    replies: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """One pf line of a rule. `protocol` is as written behind `proto`, `types` the ICMP types in its keyword's words."""

    record: Record
    interface: str = ""
    family: str = ""
    protocol: str = ""
    source: Term = ANYWHERE
    destination: Term = ANYWHERE
    source_port: PortTerm = NO_PORT
    destination_port: PortTerm = NO_PORT
    icmp_types: str = ""
    icmp6_types: str = ""
    route: str = ""
    reply: str = ""
    dropped: str = ""
    refused: str = ""

    @property
    def active(self) -> bool:
        """Whether the line is in the ruleset."""
        return not self.dropped


def expand(record: Record, settings: Settings, link: bool = True) -> list[Line]:
    """The lines of a rule, those that are left out among them. `link`: interface networks take link-local addresses in, as filters do."""
    source_port = port_term(record.source.port, settings.aliases)
    destination_port = port_term(record.destination.port, settings.aliases)
    ports = (source_port, destination_port)
    return [
        _line(record, settings, (source, destination), interface, family, ports, link)
        for source in _words(record.source)
        for destination in _words(record.destination)
        for interface in record.interfaces or ("",)
        for family in record.families
    ]


def _words(side: Side) -> tuple[str, ...]:
    return side.items or ("any",)


def _line(
    record: Record, settings: Settings, words: tuple[str, str], interface: str, family: str, ports: tuple[PortTerm, PortTerm], link: bool
) -> Line:
    known = (settings.interfaces, settings.aliases)
    source = term(words[0], record.source.negated, family, *known, link)
    destination = term(words[1], record.destination.negated, family, *known, link)
    protocol = "ipv6-icmp" if record.protocol == "icmp" and family == "inet6" else record.protocol
    icmp = record.protocol in ("icmp", "ipv6-icmp")
    line = Line(
        record,
        interface,
        family,
        protocol,
        source,
        destination,
        *ports,
        icmp_types=record.icmp_types if icmp and family == "inet" else "",
        icmp6_types=record.icmp6_types if record.icmp6_always or (icmp and family == "inet6") else "",
        route=_route(record, settings),
        reply=_reply(record, settings, interface, family),
    )
    dropped = "|".join(_reasons(line, settings))
    refused = "" if dropped else refusal(line)
    return replace(line, dropped=dropped, refused=refused) if dropped or refused else line


def _reasons(line: Line, settings: Settings) -> Iterator[str]:
    """Why the line is left out, in the product's words and order."""
    if line.record.disabled:
        yield "disabled"
        return
    for side, item, port in (("from", line.source, line.source_port), ("to", line.destination, line.destination_port)):
        if item.kind is Kind.LOST:
            yield f"Unable to convert address, see {side} for details"
        if port.lost:
            yield port.lost
    device = settings.interfaces.table.get(line.interface)
    if line.interface and (device is None or not device.device):
        yield f"Interface {line.interface} not found"
    if line.record.gateway and line.record.gateway not in ("", "0"):
        yield from _gateway_reasons(line, settings)


def _gateway_reasons(line: Line, settings: Settings) -> Iterator[str]:
    gateway = settings.interfaces.gateways.get(line.record.gateway)
    exists = gateway is not None and not gateway.disabled
    if settings.strict_gateways and not routes(line.record.gateway, settings):
        yield "Gateway down"
    if gateway is not None and exists and line.family and gateway.family != line.family:
        yield "Gateway protocol mismatch"


def routes(name: str, settings: Settings) -> bool:
    """Whether packets can be sent to a gateway of this name: one of the file, a group, one that run time makes, or the product's own."""
    gateway = settings.interfaces.gateways.get(name)
    if gateway is not None:
        return not gateway.disabled
    made = (interface for interface in settings.interfaces.real() if interface.upstream or interface.device.startswith(_MAKING_GATEWAYS))
    return name in (*settings.gateway_groups, *NOWHERE) or any(name.upper().startswith(f"{each.label.upper()}_") for each in made)


def _route(record: Record, settings: Settings) -> str:
    """`route-to` of a pass rule with a gateway the file knows."""
    gateway = settings.interfaces.gateways.get(record.gateway)
    if gateway is None or gateway.disabled or record.action != "pass":
        return ""
    device = settings.interfaces.table.get(gateway.interface)
    name = device.device if device is not None else gateway.interface
    return f"route-to ( {name} {gateway.address} )" if literal(gateway.address) else f"route-to {name}"


def _reply(record: Record, settings: Settings, interface: str, family: str) -> str:
    """`reply-to` of a pass rule on an interface with a gateway."""
    if not (record.reply and settings.replies) or record.direction == "any" or record.interface_not or record.action != "pass":
        return ""
    device: Interface | None = settings.interfaces.table.get(interface)
    if device is None or record.gateway not in ("", "0"):
        return ""
    gateway = device.gateway6 if family == "inet6" else device.gateway
    return f"reply-to ( {device.device} {gateway} )" if gateway else ""


def refusal(line: Line) -> str:
    """The reason of pf not to take the line; empty if it does."""
    record = line.record
    if record.refused:
        return record.refused
    for word, allowed in ((record.action, _ACTIONS), (record.direction, _DIRECTIONS), (line.family, _FAMILIES)):
        if word not in allowed:
            return f"cannot read '{word}'"
    if line.protocol and line.protocol != "tcp/udp" and not _known_protocol(line.protocol):
        return f"unknown protocol {line.protocol}"
    if any(port.table for port in (line.source_port, line.destination_port)):
        return "a table where a port belongs"
    if (line.source_port.text or line.destination_port.text) and line.protocol not in _HAVE_PORTS:
        return "port only applies to tcp/udp"
    return _type_refusal(line) or _family_refusal(line)


def _known_protocol(word: str) -> bool:
    return word in PROTOCOLS or whole(word, 256) <= 255


def _type_refusal(line: Line) -> str:
    """ICMP types that pf does not take: without their protocol, of the other family, or words it does not know."""
    for types, protocols, family, names, keyword in (
        (line.icmp_types, ("icmp", "1"), "inet6", ICMP_TYPES, "icmp-type"),
        (line.icmp6_types, ("ipv6-icmp", "icmp6", "58"), "inet", ICMP6_TYPES, "icmp6-type"),
    ):
        if types and line.protocol not in protocols:
            return f"{keyword} requires {protocols[0]}"
        if types and line.family == family:
            return f"{keyword}: address family mismatch"
        unknown = [word for word in types.split(",") if word and word not in names and whole(word, 256) > 255]
        if unknown:
            return f"unknown {keyword} {unknown[0]}"
    return ""


def _family_refusal(line: Line) -> str:
    """An address literal of another family than the line's, or two of different families."""
    asked = {"inet": {False}, "inet6": {True}}.get(line.family, set())
    found = {item.v6 for item in (line.source, line.destination) if item.v6 is not None}
    return "rule expands to no valid combination" if len(asked | found) > 1 else ""


def protocols_of(line: Line) -> tuple[int, ...] | None:
    """The IP protocols of a line by number; None: every one."""
    if not line.protocol:
        return None
    if line.protocol == "tcp/udp":
        return PROTOCOLS["tcp"], PROTOCOLS["udp"]
    return (PROTOCOLS[line.protocol] if line.protocol in PROTOCOLS else int(line.protocol),)


def types_of(line: Line) -> tuple[int, ...] | None:
    """The ICMP types of a line; None: every one."""
    words, names = (line.icmp_types, ICMP_TYPES) if line.icmp_types else (line.icmp6_types, ICMP6_TYPES)
    if not words:
        return None
    return tuple(names[word] if word in names else int(word) for word in words.split(",") if word)
