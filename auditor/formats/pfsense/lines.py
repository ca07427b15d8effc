"""From a rule to its lines, one a family, in the order of the generator's decisions; `Dropped` where it writes none."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.pf.addresses import known, networks, union
from auditor.formats.pf.ipsec import met
from auditor.formats.pf.matching import Peer, Selector, condition
from auditor.formats.pf.ruleset import Direction, Line, line
from auditor.formats.pfsense import headers, outbound
from auditor.formats.pfsense.context import Context, shown
from auditor.formats.pfsense.ends import Dropped, End, address, port, with_port
from auditor.formats.pfsense.read import field, placeholder
from auditor.formats.pfsense.record import DIRECTIONS, KNOWN, LIMITS, NARROWING, WITH_PORTS, Fields
from auditor.formats.pfsense.tunnels import GROUPS
from auditor.model.filters import Condition, Undecided, Verdict, both
from auditor.model.headers import destinations
from auditor.model.source import Effect, Level, Unknown

WRITTEN = {Verdict.PERMIT: "pass", Verdict.DENY: "block", Verdict.REJECT: "block return", Verdict.CONTINUE: "match"}
NAT64 = End("64:ff9b::/96", Peer(((known(networks("64:ff9b::/96")), False),)))
"""What a NAT64 rule has for its destination, whatever it says, and for its port."""
_TUNNELLED = ("_TUNNELV4", "_TUNNELV6", "_VPNV4", "_VPNV6", "_VTIV4", "_VTIV6")
_DYNAMIC_GATEWAYS = ("_DHCP", "_DHCP6", "_PPPOE", "_SLAAC", "_PPP", "_L2TP", "_PPTP", "_6RD", "_6TO4", *_TUNNELLED)


def lines_of(ctx: Context, rule: Fields, family: str, label: str, key: str) -> Iterator[Line]:
    """The rule's lines of one family; several only where outbound packets are translated on some interfaces. Raises `Dropped`."""
    on, interfaces = _interfaces(ctx, rule)
    source, destination = _ends(ctx, rule, family)
    _nat64(rule, family)
    routed = _route(ctx, rule, family)
    _loadable(ctx, rule, family, source, destination)
    text = _text(rule, family, on, routed, source, destination)
    doubts = (*_doubts(ctx, rule), *source.doubts, *destination.doubts)
    selector = Selector(
        family,
        headers.protocols(rule, family),
        source.peer,
        destination.peer,
        headers.icmp_types(rule, family),
        headers.first_only(rule),
        headers.flag_bits(rule),
        doubts,
    )
    deaf = ctx.interfaces.deaf
    placed = ((way, on_, what) for ways, where, what in _places(ctx, rule, selector, interfaces) for way, on_ in met(ways, where, deaf))
    for directions, where, what in placed:
        for verdict, narrowed in _fates(ctx, rule, what):
            yield line(
                verdict,
                narrowed,
                rule.element.head,
                text=text,
                name=label,
                quick=rule.quick,
                directions=directions,
                interfaces=where,
                address=key,
                synthetic=verdict is not rule.verdict,
                stateless=rule.permits and not rule.keeps_state,
            )


def _fates(ctx: Context, rule: Fields, what: Condition) -> Iterator[tuple[Verdict, Condition]]:
    """The verdict, behind what may become of a packet instead.

    A quick `match` rule may end the evaluation with whatever was decided before it. A gateway takes packets to internal networks along,
    so that they pass and never arrive, unless it is down.
    """
    if rule.verdict is Verdict.CONTINUE and rule.quick:
        doubt = Undecided(Unknown("whether this release stops at a quick match rule", rule.span("type")))
        yield Verdict.PERMIT, both(what, doubt)
        yield Verdict.DENY, both(what, doubt)
        return
    inside = _taken_along(ctx, rule)
    if inside is not None:
        yield Verdict.DENY, both(what, inside)
    yield rule.verdict, what


def _taken_along(ctx: Context, rule: Fields) -> Condition | None:
    """Packets to networks behind the firewall that a rule's gateway may carry off."""
    name = rule.text("gateway")
    if not name or not rule.permits or not known_gateway(ctx, name):
        return None
    beyond = field(ctx.gateways.get(name, ctx.config.root), "interface")
    inner = [interface for interface in ctx.interfaces.by_id.values() if not interface.uplink and interface.id != beyond]
    networks = [network for interface in inner if (network := ctx.interfaces.network(interface.id)) is not None]
    reason = Unknown(f"whether gateway {shown(name)} carries off what is for an internal network", rule.span("gateway"))
    return Undecided(reason, destinations(union(networks).surely)) if networks else None


def _text(rule: Fields, family: str, on: str, routed: str, source: End, destination: End) -> str:
    directions = rule.directions
    words = (
        WRITTEN[rule.verdict],
        next(iter(directions)).value if len(directions) == 1 else "",
        "quick" if rule.quick else "",
        on,
        routed,
        family,
        headers.protocol_text(rule, family),
        f"from {source.text} to {destination.text}",
        headers.icmp_text(rule, family),
        f"flags {headers.flags(rule)}" if headers.flags(rule) else "",
        headers.state_text(rule),
    )
    return " ".join(word for word in words if word)


def _places(
    ctx: Context, rule: Fields, selector: Selector, interfaces: frozenset[str] | None
) -> Iterator[tuple[frozenset[Direction], frozenset[str] | None, Condition]]:
    """Where the line acts and what it matches there: outbound on an interface that translates, it sees another source."""
    whole = condition(selector)
    directions = rule.directions
    if Direction.OUT not in directions or selector.source.anyone:
        yield directions, interfaces, whole
        return
    everywhere = interfaces if interfaces is not None else frozenset(ctx.interfaces.by_id)
    translating = outbound.translating(ctx) & everywhere
    if Direction.IN in directions:
        yield frozenset({Direction.IN}), interfaces, whole
    yield frozenset({Direction.OUT}), everywhere - translating, whole
    for name in sorted(translating):
        yield frozenset({Direction.OUT}), frozenset({name}), outbound.seen_behind(ctx, selector, name)


def _interfaces(ctx: Context, rule: Fields) -> tuple[str, frozenset[str] | None]:
    """The `on …` of the line and the interfaces it stands for; None: all."""
    table = ctx.interfaces
    written = rule.text("interface")
    if rule.floating:
        return _floating(ctx, rule, written)
    if table.elsewhere:
        return f"on ${written.upper()}", frozenset({written})
    if not table.exists(written):
        raise _missing(ctx, rule, written)
    if written in table.deaf:
        message = f"what comes in by {shown(written)} is filtered on another tab of IPsec: no packet meets the rule"
        raise Dropped("interface-missing", message, rule.span("interface"))
    name = table.by_id[written].macro if written in table.by_id else written
    return f"on ${name}", table.acting(written)


def _floating(ctx: Context, rule: Fields, written: str) -> tuple[str, frozenset[str] | None]:
    table = ctx.interfaces
    wanted = [name for name in written.split(",") if name]
    if not wanted or written == "any":
        return "", None
    found = wanted if table.elsewhere else [name for name in wanted if table.exists(name)]
    if not found:
        raise _missing(ctx, rule, written)
    lost = [name for name in wanted if name not in found]
    if lost:
        message = f"interface {', '.join(map(shown, lost))} does not exist or is not enabled: the rule is left without it"
        ctx.note("interface-missing", message, rule.span("interface"), Effect.NARROWED, Level.NOTE)
    devices = [table.by_id[name].device if name in table.by_id else name for name in found]
    acting = frozenset[str]().union(*(table.acting(name) if name in (*table.groups, *GROUPS) else {name} for name in found))
    return f"on {{ {' '.join(devices)} }}", acting


def _missing(ctx: Context, rule: Fields, written: str) -> Dropped:
    table = ctx.interfaces
    known = " ".join([*(interface.macro for interface in table.by_id.values()), *table.groups])
    product = f'array key "{written}" does not exist for "{rule.text("descr")}" in array: {{{known} }}'
    state = "is not enabled" if written in table.disabled else "does not exist"
    if written not in table.disabled:
        ctx.undefined(written, rule.span("interface"))
    message = f"interface {shown(written)!r} {state}: pfSense leaves the rule out"
    return Dropped("interface-missing", message, rule.span("interface"), product)


def _ends(ctx: Context, rule: Fields, family: str) -> tuple[End, End]:
    label = rule.text("descr")
    ends: list[End] = []
    for side in ("source", "destination"):
        element = rule.children.get(side)
        if element is None:
            message = f"the rule has no <{side}>: pfSense leaves it out"
            raise Dropped("rule-dropped", message, rule.element.head, f"{side} address is empty - {label}")
        end = address(ctx, element, family, side, label)
        if rule.protocol.lower() in WITH_PORTS:
            end = with_port(end, port(ctx, element, side, label))
        ends.append(end)
    nat64 = rule.element.at("nat/enable") is not None and not ctx.config.has("system/allow_nat64_prefix_override")
    return ends[0], NAT64 if nat64 else ends[1]


def _nat64(rule: Fields, family: str) -> None:
    if rule.element.at("nat/enable") is not None and (family != "inet6" or not rule.permits or Direction.OUT in rule.directions):
        raise Dropped("rule-dropped", "NAT64 works on an inbound IPv6 pass rule only: pfSense leaves the rule out", rule.span("nat"))


def _route(ctx: Context, rule: Fields, family: str) -> str:
    """`route-to` and `reply-to`: they do not restrict, but an unknown gateway may take the rule along."""
    gateway = rule.text("gateway")
    if gateway and rule.permits:
        _gateway(ctx, rule, gateway)
        return f"route-to ({gateway})" if gateway in ctx.gateways else ""
    interface = ctx.interfaces.by_id.get(rule.text("interface"))
    own = dict(interface.gateways).get(family, "") if interface is not None else ""
    wanted = rule.permits and not rule.floating and not rule.has("disablereplyto")
    if interface is None or not wanted or not own or own == "dynamic" or ctx.config.has("system/disablereplyto"):
        return ""
    return f"reply-to ( {interface.device} {own} )"


def _gateway(ctx: Context, rule: Fields, name: str) -> None:
    if known_gateway(ctx, name):
        if rule.element.at("destination/any") is not None:
            message = f"traffic to internal networks matches too and is sent out by gateway {shown(name)}, past the routing table"
            ctx.note("gateway-any", message, rule.span("gateway"), Effect.DANGEROUS, Level.NOTE)
        return
    lost = f"gateway {shown(name)} is not in the file"
    if ctx.config.has("system/skip_rules_gw_down"):
        product = f"rule {rule.text('descr')} disabled because gateway {name} is down "
        raise Dropped("gateway-unknown", f"{lost}: pfSense leaves the rule out", rule.span("gateway"), product)
    ctx.note("gateway-unknown", f"{lost}: the rule is kept without it", rule.span("gateway"), Effect.IGNORED, Level.NOTE)


def known_gateway(ctx: Context, name: str) -> bool:
    """Whether a gateway is in the file, or is made while the firewall runs."""
    return name in ctx.gateways or name.endswith(_DYNAMIC_GATEWAYS) or ctx.config.partial or placeholder(name)


def _doubts(ctx: Context, rule: Fields) -> Iterator[Unknown]:
    """What narrows the rule beyond addresses, ports and flags."""
    for name in NARROWING:
        if rule.text(name) not in ("", "none"):
            yield Unknown(f"whether a packet fits <{name}>", rule.span(name))
    if rule.text("os") and rule.protocol == "tcp":
        yield Unknown("which operating system sends", rule.span("os"))
    for name in LIMITS if rule.keeps_state else ():
        if rule.text(name):
            yield Unknown(f"whether the limit <{name}> is reached", rule.span(name))
    schedule = rule.text("sched")
    if schedule and (schedule in ctx.schedules or ctx.config.partial):
        yield Unknown(f"whether schedule {shown(schedule)} is active", rule.span("sched"), f"pfsense:{schedule}")
    for name in ("type", "protocol", "icmptype"):
        if placeholder(rule.text(name)):
            yield Unknown(f"<{name}> is still to be filled in", rule.span(name))
    for name, child in rule.children.items():
        if name not in KNOWN and (child.children or rule.text(name)):
            yield Unknown(f"whether <{shown(name)}> restricts the rule", child.head)


def _loadable(ctx: Context, rule: Fields, family: str, source: End, destination: End) -> None:
    """What makes pf refuse the line, and with it the ruleset."""
    direction = rule.text("direction")
    if rule.text("floating") == "yes" and direction not in ("", *DIRECTIONS) and not placeholder(direction):
        ctx.refuse(f"{shown(direction)!r} is no direction (in, out and any are)", rule.span("direction"))
    for side, end in (("source", source), ("destination", destination)):
        if end.literal and end.literal != family:
            ctx.refuse(f"an address of the other family in an {family} rule expands to no valid combination", rule.span(side))
    if headers.protocols(rule, family) == () and not placeholder(rule.protocol):
        ctx.refuse(f"{shown(rule.protocol)!r} is no protocol that pf knows", rule.span("protocol"))
    if headers.flags(rule) not in ("", "any", "S/SA"):
        for half in ("tcpflags1", "tcpflags2"):
            if any(letter not in headers.FLAG_BITS for letter in headers.flag_letters(rule, half)) and not placeholder(rule.text(half)):
                ctx.refuse(f"{shown(rule.text(half))!r} has a flag that pf does not know", rule.span(half))
    words = headers.icmp_words(rule)
    if len(headers.icmp_types(rule, family) or ()) < len(words) and not placeholder(rule.text("icmptype")):
        ctx.refuse(f"an ICMP type in {shown(rule.text('icmptype'))!r} does not exist in {family}", rule.span("icmptype"))
