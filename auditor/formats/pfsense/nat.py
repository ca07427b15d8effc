"""Translation of destinations, as far as it decides what gets through: port forwards, and outside addresses of hosts.

The filter judges a packet after its destination was translated. So a forward opens nothing by itself: some rule must pass the target. With
the association `pass` it needs none: then no filter rule is asked, blocks included.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.pf import addresses as pf
from auditor.formats.pf import names
from auditor.formats.pf import ports as pf_ports
from auditor.formats.pf.addresses import Addresses
from auditor.formats.pf.matching import Peer, Selector, condition
from auditor.formats.pf.ports import Ports
from auditor.formats.pf.ruleset import Direction, Line, line, undecided
from auditor.formats.pf.translation import foreign
from auditor.formats.pfsense.context import Context, shown
from auditor.formats.pfsense.ends import Dropped, address
from auditor.formats.pfsense.headers import numbers
from auditor.formats.pfsense.outbound import mapped
from auditor.formats.pfsense.read import field, placeholder, value
from auditor.formats.pfsense.record import WITH_PORTS
from auditor.formats.xmlspan import Element
from auditor.model.filters import Undecided, Verdict
from auditor.model.headers import destinations
from auditor.model.packets import NOTHING, PacketSet
from auditor.model.record import dataclass, replace
from auditor.model.source import Effect, Level, Unknown

_PROTOCOLS = {"tcp/udp": (names.TCP, names.UDP), "any": None, "": None}


@dataclass(frozen=True, slots=True)
class Forward:
    """A port forward in force. `selector` is what the filter sees of its packets: the target, behind the translation.

    `outside` is what it takes, before. `exception`: what it takes is not forwarded. `contested`: an earlier one may take its packets.
    """

    element: Element
    interface: str
    label: str
    text: str
    selector: Selector
    outside: Selector
    passes: bool
    reflects: bool
    exception: bool = False
    contested: bool = False


def forwards(ctx: Context) -> tuple[list[Forward], list[str]]:
    """The port forwards of the file, and the product's words about those it leaves out."""
    found: list[Forward] = []
    dropped: list[str] = []
    taken: dict[str, PacketSet] = {}
    matters = any(field(element, "associated-rule-id") == "pass" for element in ctx.config.every("nat/rule"))
    for number, element in enumerate(ctx.config.every("nat/rule"), 1):
        if not element.children or element.child("disabled") is not None:
            continue
        try:
            found.extend(_behind(ctx, forward, taken) if matters else forward for forward in _forward(ctx, element, number))
        except Dropped as reason:
            message = f"{reason.message.replace('the rule', 'the port forward')}"
            ctx.note("forward-dropped", message, reason.span, Effect.DROPPED, Level.WARNING, reason.related)
            dropped.append(reason.product)
    return [forward for forward in found if not forward.exception], dropped


def _behind(ctx: Context, forward: Forward, taken: dict[str, PacketSet]) -> Forward:
    """A forward behind those before it: the first that fits a packet takes it. `taken`, by interface, grows."""
    packets = condition(forward.outside).settle(undecided).maybe
    acting = _acting(ctx, forward)
    contested = any(packets.meets(taken.get(name, NOTHING)) for name in acting)
    taken |= {name: taken.get(name, NOTHING) | packets for name in acting}
    return replace(forward, contested=contested)


def _acting(ctx: Context, forward: Forward) -> frozenset[str]:
    return ctx.interfaces.acting(forward.interface) if ctx.interfaces.exists(forward.interface) else frozenset({forward.interface})


def _forward(ctx: Context, element: Element, number: int) -> Iterator[Forward]:
    interface = field(element, "interface") or "wan"
    place = element.child("interface")
    if not ctx.interfaces.elsewhere and not ctx.interfaces.exists(interface):
        span = place.span if place is not None else element.head
        raise Dropped(
            "forward-dropped", f"interface {shown(interface)!r} does not exist or is not enabled: there is no such port forward", span
        )
    protocol = field(element, "protocol").lower()
    if protocol == "":
        ctx.refuse("a port forward without a protocol is no valid line", element.head)
        return
    family = "inet6" if field(element, "ipprotocol") == "inet6" else "inet"
    label = f"port forward {number}" + (f" ({shown(field(element, 'descr'))})" if field(element, "descr") else "")
    source, destination = (_end(ctx, element, side, family, label) for side in ("source", "destination"))
    outside = _outside_ports(ctx, element, protocol)
    carried = _PROTOCOLS[protocol] if protocol in _PROTOCOLS else numbers(protocol)
    sender = replace(source[1], ports=_source_ports(ctx, element, protocol))
    taken = Selector(family, carried, sender, replace(destination[1], ports=outside[1]))
    if element.child("nordr") is not None:
        yield Forward(element, interface, label, "", taken, taken, False, False, exception=True)
        return
    target_text, target = _target(ctx, element, family)
    inside_text, inside = _inside_ports(ctx, element, outside[1], outside[0])
    if carried == () and not placeholder(protocol):
        ctx.refuse(f"{shown(protocol)!r} is no protocol that pf knows", (element.child("protocol") or element).span)
    device = ctx.interfaces.by_id[interface].device if interface in ctx.interfaces.by_id else interface
    proto = "" if protocol == "any" else "proto { tcp udp } " if protocol == "tcp/udp" else f"proto {protocol} "
    words = f"rdr on {device} {family} {proto}from {source[0]} to {destination[0]}{outside[0]} -> {target_text}{inside_text}"
    selector = Selector(family, carried, sender, Peer(((target, False),), inside), first_only=True)
    passes = field(element, "associated-rule-id") == "pass"
    yield Forward(element, interface, label, words, selector, taken, passes, _reflects(ctx, element, family))


def _end(ctx: Context, element: Element, side: str, family: str, label: str) -> tuple[str, Peer]:
    child = element.child(side)
    if child is None:
        raise Dropped("forward-dropped", f"the rule has no <{side}>: pfSense leaves it out", element.head)
    end = address(ctx, child, family, side, label)
    return end.text, end.peer


def _outside_ports(ctx: Context, element: Element, protocol: str) -> tuple[str, Ports | None]:
    """The ports that are forwarded; without a usable one, all of them."""
    port = element.at("destination/port")
    text = value(port)
    if protocol not in WITH_PORTS:
        return "", None
    found = _ports_of(ctx, text)
    if found is None and element.child("nordr") is None:
        what = f"{shown(text)!r} is no port" if text else "no destination port is given"
        message = f"{what}: every port is forwarded"
        ctx.note("forward-port-ignored", message, port.span if port is not None else element.head, Effect.WIDENED, Level.ERROR)
    if found is None:
        return "", None
    return f" port {'$' if text in ctx.aliases.by_name else ''}{text.replace('-', ':')}", found


def _source_ports(ctx: Context, element: Element, protocol: str) -> Ports | None:
    text = value(element.at("source/port"))
    return _ports_of(ctx, text) if text and protocol in WITH_PORTS else None


def _ports_of(ctx: Context, text: str) -> Ports | None:
    if text in ctx.aliases.by_name:
        return ctx.aliases.ports(text).ports
    low, dash, high = text.partition("-")
    if dash and pf_ports.number(low) and pf_ports.number(high):
        return pf_ports.between(int(low), int(high))
    return pf_ports.entry(text)


def _inside_ports(ctx: Context, element: Element, outside: Ports | None, outside_text: str) -> tuple[str, Ports | None]:
    """The ports at the target: a range keeps its width, an alias gives its first port, the same port is no translation."""
    text = field(element, "local-port")
    if not text or text == field(element.child("destination") or element, "port"):
        return "", outside
    known = _ports_of(ctx, text)
    if known is None:
        if not placeholder(text) and text not in ctx.aliases.by_name:
            place = element.child("local-port") or element
            message = f"{shown(text)!r} is no port: packets keep the port they came for"
            ctx.note("forward-port-ignored", message, place.span, Effect.IGNORED)
        return "", outside
    first = known[0][0] if known else 0
    width = outside[0][1] - outside[0][0] if outside and len(outside) == 1 and not outside_text.startswith(" port $") else 0
    return f" port {first}{':*' if width else ''}", ((first, first + width),)


def _target(ctx: Context, element: Element, family: str) -> tuple[str, Addresses]:
    place = element.child("target")
    text = value(place)
    span = place.span if place is not None else element.head
    interval = pf.literal(text)
    if interval is not None:
        return text, pf.known([interval])
    if text in ctx.aliases:
        return f"${text}", ctx.aliases.table(text).addresses
    interface = ctx.interfaces.by_id.get(text.removesuffix("ip")) if text.endswith("ip") else None
    own = interface.address(family) if interface is not None else None
    if own is not None:
        return text, own
    if placeholder(text) or ctx.aliases.elsewhere:
        return text, pf.unknown(Unknown(f"{shown(text)!r} is not in this file", span), pf.FAMILY[family])
    ctx.undefined(text, span)
    raise Dropped(
        "forward-dropped", f"target {shown(text)!r} does not resolve: there is no such port forward", span, f"Unresolvable alias {text}"
    )


def _reflects(ctx: Context, element: Element, family: str) -> bool:
    """Whether a relay on the firewall makes the forward usable from inside, past the rules there."""
    mode = field(element, "natreflection")
    if family == "inet6" or mode in ("disable", "purenat"):
        return False
    by_default = not ctx.config.has("system/disablenatreflection") and not ctx.config.has("system/enablenatreflectionpurenat")
    return mode == "enable" or by_default


def lines(ctx: Context, found: list[Forward]) -> Iterator[Line]:
    """Forwards that skip the filter, relays that may, and what never arrives where it was sent to."""
    inner = frozenset(ctx.interfaces.by_id) - ctx.interfaces.uplinks()
    for forward in found:
        if forward.passes:
            message = "packets of this port forward pass without any filter rule being asked, blocks included"
            place = forward.element.child("associated-rule-id")
            ctx.note("rdr-pass", message, place.span if place is not None else forward.element.head, Effect.DANGEROUS, Level.ERROR)
            doubts = (Unknown("whether an earlier port forward takes its packets", forward.element.head),) if forward.contested else ()
            yield line(
                Verdict.PERMIT,
                condition(replace(forward.selector, doubts=doubts)),
                forward.element.head,
                text=forward.text.replace("rdr ", "rdr pass ", 1),
                name=forward.label,
                directions={Direction.IN},
                interfaces=_acting(ctx, forward),
            )
        yield from _diverted(ctx, forward)
        if forward.reflects and inner:
            doubt = Unknown("whether reflection relays connections to the forward's outside address", forward.element.head)
            selector = replace(forward.selector, source=Peer(), doubts=(doubt,))
            yield line(
                Verdict.PERMIT,
                condition(selector),
                forward.element.head,
                text=f"relay of {forward.label}",
                name=forward.label,
                directions={Direction.IN},
                interfaces=inner,
                synthetic=True,
            )


def _diverted(ctx: Context, forward: Forward) -> Iterator[Line]:
    """Packets to others that a forward sends to its target: whether that serves those who sent them is open."""
    named = field(forward.element.child("destination") or forward.element, "network")
    if forward.element.at("destination/not") is None and (named == "(self)" or named.endswith("ip")):
        return
    outside, inside = forward.outside.destination, forward.selector.destination
    target = pf.union(part for part, _ in inside.parts) if inside.ports == outside.ports else pf.NONE
    others = foreign(outside, ctx.interfaces.itself, target)
    within = condition(replace(forward.outside, destination=replace(outside, parts=((others, False),)))).settle(undecided).maybe
    if within:
        why = Unknown(f"{forward.label} sends these packets elsewhere", forward.element.head)
        yield line(
            Verdict.DENY,
            Undecided(why, within),
            forward.element.head,
            text=forward.text,
            name=forward.label,
            directions={Direction.IN},
            interfaces=_acting(ctx, forward),
            synthetic=True,
        )


def exposed(ctx: Context) -> Iterator[Line]:
    """Packets to outside addresses that stand for somebody behind the firewall: the filter asks about that one instead."""
    for name in ctx.interfaces.by_id:
        for rule in (*mapped(ctx, "nat/onetoone", name), *mapped(ctx, "nat/npt", name)):
            written = field(rule, "external") or field(rule.child("destination") or rule, "address")
            at = pf.literal(written)
            others = foreign(Peer(((pf.known([at]), False),)), ctx.interfaces.itself, pf.NONE) if at is not None else pf.NONE
            if others.maybe:
                why = Unknown(f"{shown(written)} stands for an address behind the firewall: rules are asked about that one", rule.head)
                asked = Undecided(why, destinations(others.maybe))
                text = f"translation of {shown(written)}"
                yield line(
                    Verdict.DENY, asked, rule.head, text=text, name=text, directions={Direction.IN}, interfaces={name}, synthetic=True
                )
