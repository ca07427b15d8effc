"""The two ends of a rule: what `<source>` and `<destination>` become, by the generator's precedence and with its silences.

`any` beats `network` beats `address`. What does not resolve takes the rule with it (`Dropped`); what resolves only at run time is a peer
with a possible part.
"""

from __future__ import annotations

import re

from auditor.formats.pf import addresses as pf
from auditor.formats.pf import ports as pf_ports
from auditor.formats.pf.addresses import Addresses
from auditor.formats.pf.matching import Peer
from auditor.formats.pf.ports import Ports
from auditor.formats.pfsense.aliases import BUILT_IN
from auditor.formats.pfsense.context import Context, shown
from auditor.formats.pfsense.read import placeholder, value
from auditor.formats.xmlspan import Element
from auditor.model.record import dataclass, replace
from auditor.model.source import Effect, Level, Span, Unknown

_INTERFACE_ADDRESS = re.compile(r"(wan|lan|opt[0-9]+)ip\Z")


class Dropped(Exception):
    """The generator leaves the rule out. `product` is its own wording, `trap` the lint."""

    def __init__(self, trap: str, message: str, span: Span, product: str = "", related: tuple[tuple[str, Span], ...] = ()) -> None:
        super().__init__(message)
        self.trap, self.message, self.span, self.product, self.related = trap, message, span, product or message, related


@dataclass(frozen=True, slots=True)
class End:
    """One end of a line: `text` as pf has it, the peer, and doubts that come with its ports. `literal` is the family of an address."""

    text: str
    peer: Peer
    doubts: tuple[Unknown, ...] = ()
    literal: str = ""


def address(ctx: Context, end: Element, family: str, side: str, label: str) -> End:
    """The address half of an end, in one family. Raises `Dropped`."""
    negated = end.child("not") is not None
    if end.child("any") is not None:
        if negated:
            message = "<not> beside <any> is lost: the rule means any address"
            ctx.note("not-any", message, _span(end, "not"), Effect.WIDENED, Level.ERROR)
        return End("any", Peer())
    network = end.child("network")
    if network is not None and value(network):
        return _network(ctx, network, family, side, label, negated)
    written = end.child("address")
    if written is None or not value(written):
        raise Dropped("rule-dropped", f"the rule has no {side}, so pfSense leaves it out", end.head, f"{side} address is empty - {label}")
    return _written(ctx, written, family, side, label, negated)


def _network(ctx: Context, element: Element, family: str, side: str, label: str, negated: bool) -> End:
    name = value(element)
    empty = f"{side} address is empty - {label}"
    if name == "(self)":
        return _end("!(self)" if negated else "(self)", ctx.interfaces.itself, negated)
    if placeholder(name) or (ctx.interfaces.elsewhere and not _is_literal(name)):
        return _end(name, pf.unknown(Unknown(f"{shown(name)!r} is not in this file", element.span, f"pfsense:{name}")), negated)
    if _INTERFACE_ADDRESS.match(name):
        return _interface_address(ctx, element, family, empty, negated)
    found = ctx.interfaces.network(name)
    if found is not None:
        _note_family(ctx, element, found, family, negated)
        return _end(f"{'! ' if negated else ''}${name.upper()}__NETWORK", found, negated)
    if name in ctx.interfaces.by_id or name in ctx.interfaces.disabled:
        why = "is not enabled" if name in ctx.interfaces.disabled else "has no address"
        raise Dropped(
            "interface-missing",
            f"interface {shown(name)} {why}: its network does not exist, so pfSense leaves the rule out",
            element.span,
            empty,
        )
    kind = (
        "an address belongs into <address>"
        if _is_literal(name) or name in ctx.aliases
        else "<network> takes an interface, a group or (self)"
    )
    raise Dropped("cidr-in-network", f"<network> does not take {shown(name)!r}: {kind}; pfSense leaves the rule out", element.span, empty)


def _interface_address(ctx: Context, element: Element, family: str, empty: str, negated: bool) -> End:
    name = value(element)
    interface = ctx.interfaces.by_id.get(name.removesuffix("ip"))
    if interface is None:
        raise Dropped(
            "interface-missing", f"there is no enabled interface for {shown(name)}: pfSense leaves the rule out", element.span, empty
        )
    found = interface.address(family)
    if found is None:
        message = f"interface {interface.label} has no {_FAMILY[family]} address: pfSense leaves out that part of the rule"
        raise Dropped("family-missing", message, element.span, empty)
    text = dict(interface.own).get(family, f"({interface.device})")
    return _end(f"! {text}" if negated else text, found, negated, family)


_FAMILY = {"inet": "IPv4", "inet6": "IPv6"}


def _note_family(ctx: Context, element: Element, found: Addresses, family: str, negated: bool) -> None:
    if not pf.meet(found.maybe, pf.FAMILY[family]):
        what = f"every {_FAMILY[family]} address" if negated else f"nothing in {_FAMILY[family]}"
        message = f"the network {shown(value(element))} has no {_FAMILY[family]} part: the rule matches {what}"
        ctx.note("family-missing", message, element.span, Effect.WIDENED if negated else Effect.NARROWED)


def _written(ctx: Context, element: Element, family: str, side: str, label: str, negated: bool) -> End:
    text = value(element)
    mark = "! " if negated else ""
    if text in ctx.aliases:
        return _alias(ctx, element, negated)
    interval = pf.literal(text)
    if interval is not None:
        other = "inet6" if pf.is_v6(interval) else "inet"
        return _end(mark + text, pf.known([interval]), negated, other)
    suffix = placeholder(text) or text.startswith("::")
    if suffix or text.startswith("pfB_") or (ctx.aliases.elsewhere and _is_name(text)):
        unknown = Unknown(f"{shown(text)!r} is not in this file", element.span, f"pfsense:{text}")
        if not suffix:
            message = f"alias {shown(text)!r} is a package's, or in another part of the backup: whether the rule exists is not known"
            ctx.note("alias-unresolved", message, element.span, Effect.UNKNOWN, Level.NOTE)
        return _end(mark + text, pf.unknown(unknown, pf.FAMILY[family]), negated)
    if pf_ports.entry(text) is not None:
        ctx.refuse(f"{shown(text)!r} stands where an address belongs", element.span)
        return _end(mark + text, pf.NONE, False)
    ctx.undefined(text, element.span)
    product = f"Unresolvable {side} alias '{text}' for rule '{label}'"
    raise Dropped("rule-dropped", f"{_why_no_address(text)}: pfSense leaves the rule out", element.span, product)


def _alias(ctx: Context, element: Element, negated: bool) -> End:
    name = value(element)
    table = ctx.aliases.table(name)
    alias = ctx.aliases.by_name.get(name)
    related = (("the alias", alias.element.head),) if alias else ()
    if alias is not None and alias.type == "port":
        ctx.refuse(f"{shown(name)!r} is an alias of ports and stands where an address belongs", element.span, related)
    if negated and table.empty:
        message = f"alias {shown(name)} is empty, and everything is outside of it: the rule matches every address"
        ctx.note("negated-empty-alias", message, element.span, Effect.WIDENED, Level.ERROR, related)
    if alias is not None and any(part.type == "urltable" for part in ctx.aliases.reached(name)):
        message = f"alias {shown(name)} is downloaded, so its entries are not in the file; until it has been, pfSense leaves the rule out"
        ctx.note("alias-unresolved", message, element.span, Effect.UNKNOWN, Level.NOTE, related)
    word = f"${name}" if alias is not None and name.lower() not in BUILT_IN else f"<{name}>"
    return _end(f"{'! ' if negated else ''}{word}", table.addresses, negated)


def _why_no_address(text: str) -> str:
    if text != text.strip():
        return f"the blank in {text!r} makes it no address"
    if "," in text or " " in text:
        return f"{shown(text)!r} is a list, and <address> takes one"
    if re.fullmatch(r"[0-9.]+-[0-9.]+", text):
        return f"{shown(text)!r} is a range, and <address> takes none"
    if re.fullmatch(r"[A-Za-z0-9_]+", text):
        return f"no alias is called {shown(text)!r}"
    return f"{shown(text)!r} is neither an address nor an alias"


def _end(text: str, addresses: Addresses, negated: bool, literal: str = "") -> End:
    return End(text, Peer(((addresses, negated),)), (), literal)


def _is_literal(text: str) -> bool:
    return pf.literal(text) is not None


def _is_name(text: str) -> bool:
    return bool(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text))


def _span(parent: Element, name: str) -> Span:
    child = parent.child(name)
    return child.span if child is not None else parent.head


# -- ports


@dataclass(frozen=True, slots=True)
class PortSpec:
    """A port as pf has it (`text` empty: none is written) and the ports it stands for; None: any."""

    text: str = ""
    ports: Ports | None = None
    doubt: Unknown | None = None


def port(ctx: Context, end: Element, side: str, label: str) -> PortSpec:
    """The port of an end whose protocol has ports. Raises `Dropped`."""
    element = end.child("port")
    text = value(element)
    if element is None or text in ("", "0"):
        if text == "0":
            ctx.note(
                "port-ignored",
                "port 0 stands for no port at all: the rule matches every port",
                element.span if element else end.head,
                Effect.WIDENED,
                Level.ERROR,
            )
        return PortSpec()
    if text in ctx.aliases.by_name:
        return _port_alias(ctx, element, side, label)
    if "-" in text and all(part.isdigit() for part in text.split("-", 1)):
        return _port_range(ctx, element)
    found = pf_ports.entry(text)
    if found is not None:
        return PortSpec(text, found)
    if placeholder(text) or (ctx.aliases.elsewhere and _is_name(text)):
        return PortSpec(text, None, Unknown(f"port {shown(text)!r} is not in this file", element.span, f"pfsense:{text}"))
    return _no_port(ctx, element, side, label)


def _port_range(ctx: Context, element: Element) -> PortSpec:
    low, high = (pf_ports.number(part) for part in value(element).split("-", 1))
    if low is None or high is None:
        raise Dropped(
            "rule-dropped", f"{shown(value(element))!r} is no range of ports from 1 to 65535: pfSense leaves the rule out", element.span
        )
    if low == high:
        return PortSpec(str(low), ((low, low),))
    if (low, high) == (1, 65535):
        return PortSpec()
    if high == 65535:
        return PortSpec(f">= {low}", ((low, 65535),))
    if low == 1:
        return PortSpec(f"<= {high}", ((0, high),))
    if low > high:
        message = f"the port range {low}-{high} is the wrong way round: it loads, and matches nothing"
        ctx.note("port-range-reversed", message, element.span, Effect.NARROWED)
    return PortSpec(f"{low - 1} >< {high + 1}", pf_ports.between(low, high))


def _port_alias(ctx: Context, element: Element, side: str, label: str) -> PortSpec:
    name = value(element)
    alias = ctx.aliases.by_name[name]
    related = (("the alias", alias.element.head),)
    if alias.type in ("host", "network", "url"):
        ctx.refuse(f"{shown(name)!r} is an alias of addresses and stands where a port belongs", element.span, related)
        return PortSpec(f"${name}", ())
    found = ctx.aliases.ports(name)
    if found.unknown is not None:
        message = f"what alias {shown(name)} holds is not in the file: while it is empty, pfSense leaves the rule out"
        ctx.note("alias-unresolved", message, element.span, Effect.UNKNOWN, Level.NOTE, related)
        return PortSpec(f"${name}", None, found.unknown)
    if found.ports is None:
        product = f"Empty {side} port alias '{name}' for rule '{label}'"
        raise Dropped("rule-dropped", f"alias {shown(name)} holds no port: pfSense leaves the rule out", element.span, product, related)
    return PortSpec(f"${name}", found.ports)


def _no_port(ctx: Context, element: Element, side: str, label: str) -> PortSpec:
    text = value(element)
    low, dash, high = text.partition("-")
    if dash and pf_ports.single(low) is not None and pf_ports.single(high) is not None:
        ctx.refuse(f"a service name inside the port range {shown(text)!r} is garbled", element.span)
        return PortSpec(text, ())
    product = f"Unresolvable {side} port alias '{text}' for rule '{label}'"
    message = f"{shown(text)!r} is no port, service or alias of ports: pfSense leaves the rule out"
    if pf_ports.may_be_service(text):
        ctx.note("rule-dropped", f"{message}, unless the firewall's list of services has that name", element.span, Effect.UNKNOWN)
        return PortSpec(text, None, Unknown(f"whether {shown(text)!r} is the name of a service", element.span))
    ctx.undefined(text, element.span)
    raise Dropped("rule-dropped", message, element.span, product)


def with_port(end: End, spec: PortSpec) -> End:
    """The end with its port."""
    doubts = (*end.doubts, spec.doubt) if spec.doubt else end.doubts
    text = f"{end.text} port {spec.text}" if spec.text else end.text
    return replace(end, text=text, peer=replace(end.peer, ports=spec.ports), doubts=doubts)
