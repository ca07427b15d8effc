"""The lines pfSense adds by itself, before and after the user's, in its order. None stands in the file: each is blamed on what brings it.

Blocks on tables that are filled at run time (snort2c, virusprot, sshguard) are left to the reader: strangers' addresses, normally none of a
requirement's. Loopback, antispoof and anchors never decide about traffic between machines and are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from auditor.formats.pf import addresses as pf
from auditor.formats.pf import ports as pf_ports
from auditor.formats.pf.addresses import Addresses
from auditor.formats.pf.bogons import PFSENSE as BOGONS
from auditor.formats.pf.matching import Peer, Selector, condition
from auditor.formats.pf.names import CARP, ICMP6, TCP, UDP
from auditor.formats.pf.ports import Ports
from auditor.formats.pf.ruleset import EITHER_WAY, Direction, Line, line
from auditor.formats.pfsense.aliases import nat64_reserved
from auditor.formats.pfsense.context import Context
from auditor.formats.pfsense.interfaces import Interface
from auditor.formats.pfsense.read import field, value
from auditor.formats.xmlspan import Element
from auditor.model.filters import Undecided, Verdict, both
from auditor.model.source import Span, Unknown

IN = frozenset({Direction.IN})
OUT = frozenset({Direction.OUT})
GRE, IPV6_IN_IPV4, ESP, AH = 47, 41, 50, 51
LINK_LOCAL = pf.known(pf.networks("fe80::/10"))
LINK_MULTICAST = pf.known(pf.networks("ff02::/16"))
_ANYBODY = pf.networks("0.0.0.0/32", "::/128")
BROADCAST = pf.known(pf.networks("255.255.255.255/32"))
PRIVATE = (
    ("10.0.0.0/8", "10/8"),
    ("127.0.0.0/8", "127/8"),
    ("172.16.0.0/12", "172.16/12"),
    ("192.168.0.0/16", "192.168/16"),
    ("fc00::/7", "fc00::/7"),
)


def _line(
    verdict: Verdict,
    name: str,
    span: Span,
    selector: Selector,
    *,
    quick: bool = True,
    directions: Iterable[Direction] = EITHER_WAY,
    interfaces: Iterable[str] | None = None,
) -> Line:
    return line(
        verdict,
        condition(selector),
        span,
        text=name,
        name=name,
        quick=quick,
        directions=directions,
        interfaces=interfaces,
        synthetic=True,
    )


def _peer(addresses: Addresses | None = None, *ports: int, negated: bool = False) -> Peer:
    spans: Ports | None = tuple((port, port) for port in ports) if ports else None
    return Peer(((pf.ANY if addresses is None else addresses, negated),), spans)


def before(ctx: Context) -> Iterator[Line]:
    """The lines above the user's."""
    root = ctx.config.root.head
    yield from _families(ctx, root)
    yield from _default_deny(root)
    yield from _icmpv6(ctx, root)
    yield from _port_zero(ctx, root)
    yield from _carp(ctx, root)
    for interface in ctx.interfaces.by_id.values():
        yield from _of_interface(ctx, interface)
    yield from _let_out(root)
    yield from _anti_lockout(ctx)
    yield from _captive_portal(ctx)


def after(ctx: Context) -> Iterator[Line]:
    """The lines below the user's."""
    yield from _static_routes(ctx)
    yield from _ipsec(ctx)


def _families(ctx: Context, root: Span) -> Iterator[Line]:
    """IPv6 off altogether; the networks that never go through."""
    if not ctx.ipv6:
        yield _line(Verdict.DENY, "Block all IPv6", root, Selector("inet6"))
    if not ctx.config.has("system/allow_nat64_prefix_override"):
        peer = _peer(pf.known(nat64_reserved()))
        yield _line(Verdict.DENY, "Block NAT64 reserved networks", root, Selector("inet6", destination=peer))
    if not ctx.config.has("system/no_apipa_block"):
        peer = _peer(pf.known(pf.networks("169.254.0.0/16")))
        yield _line(Verdict.DENY, "Block IPv4 link-local", root, Selector(source=peer), directions=IN)
        yield _line(Verdict.DENY, "Block IPv4 link-local", root, Selector(destination=peer), directions=IN)


def _default_deny(root: Span) -> Iterator[Line]:
    for family, name in (("inet", "Default deny rule IPv4"), ("inet6", "Default deny rule IPv6")):
        yield _line(Verdict.DENY, name, root, Selector(family), quick=False)


def _icmpv6(ctx: Context, root: Span) -> Iterator[Line]:
    if not ctx.ipv6:
        return
    unspecified = pf.known(pf.networks("::/128"))
    near = (LINK_LOCAL, LINK_LOCAL), (LINK_LOCAL, LINK_MULTICAST)
    selectors = [
        (Selector("inet6", (ICMP6,), icmp_types=(1, 2, 135, 136), first_only=True), EITHER_WAY),
        *((_near(a, b, 129), OUT) for a, b in near),
        *((_near(a, b, 128), IN) for a, b in (*near, (LINK_MULTICAST, LINK_LOCAL), (unspecified, LINK_MULTICAST))),
    ]
    for selector, directions in selectors:
        yield _line(Verdict.PERMIT, "ICMPv6 operation", root, selector, directions=directions)


def _near(source: Addresses, destination: Addresses, echo: int) -> Selector:
    kinds = (echo, 133, 134, 135, 136)
    return Selector("inet6", (ICMP6,), _peer(source), _peer(destination), kinds, first_only=True)


def _port_zero(ctx: Context, root: Span) -> Iterator[Line]:
    for family in ("inet", "inet6") if ctx.ipv6 else ("inet",):
        yield _line(Verdict.DENY, "Block traffic from port 0", root, Selector(family, (TCP, UDP), source=_peer(None, 0)))
        yield _line(Verdict.DENY, "Block traffic to port 0", root, Selector(family, (TCP, UDP), destination=_peer(None, 0)))


def _carp(ctx: Context, root: Span) -> Iterator[Line]:
    for vip in ctx.config.every("virtualip/vip"):
        if field(vip, "mode") == "carp":
            yield _line(Verdict.DENY, "CARP from itself", root, Selector("", (CARP,), source=_peer(ctx.interfaces.itself)), directions=IN)
            yield _line(Verdict.PERMIT, "CARP", vip.head, Selector("", (CARP,)))
            return


def _of_interface(ctx: Context, interface: Interface) -> Iterator[Line]:
    yield from _dhcp_client(ctx, interface)
    yield from _block_bogons(ctx, interface)
    yield from _block_private(interface)
    yield from _dhcp_server(ctx, interface)
    yield from _tunnels(interface)


def _dhcp_client(ctx: Context, interface: Interface) -> Iterator[Line]:
    words = dict(interface.dynamic)
    on = frozenset({interface.id})
    if words.get("inet") == "dhcp":
        span = _child(interface.element, "ipaddr")
        replies = Selector("", (UDP,), _peer(None, 67), _peer(None, 68), first_only=True)
        requests = Selector("", (UDP,), _peer(None, 68), _peer(None, 67), first_only=True)
        yield _line(Verdict.PERMIT, "allow dhcp replies in", span, replies, directions=IN, interfaces=on)
        yield _line(Verdict.PERMIT, "allow dhcp client out", span, requests, directions=OUT, interfaces=on)
    if words.get("inet6") in ("dhcp6", "slaac") and ctx.ipv6:
        span = _child(interface.element, "ipaddrv6")
        for hosts, source, destination, directions in ((LINK_LOCAL, 546, 546, IN), (None, 547, 546, IN), (None, 546, 547, OUT)):
            selector = Selector("", (UDP,), _peer(hosts, source), _peer(hosts, destination))
            yield _line(Verdict.PERMIT, "allow dhcpv6 client", span, selector, directions=directions, interfaces=on)


def _block_bogons(ctx: Context, interface: Interface) -> Iterator[Line]:
    switch = interface.element.child("blockbogons")
    for table, version in (("bogons", 4), ("bogonsv6", 6)) if switch is not None else ():
        if version == 4 or ctx.ipv6:
            name = f"block bogon IPv{version} networks from {interface.label}"
            selector = Selector(source=_peer(BOGONS[table]))
            yield _line(Verdict.DENY, name, (switch or interface.element).head, selector, directions=IN, interfaces={interface.id})


def _block_private(interface: Interface) -> Iterator[Line]:
    switch = interface.element.child("blockpriv")
    if switch is None or interface.bridged:
        return
    for network, short in PRIVATE:
        name = f"Block private networks from {interface.label} block {short}"
        selector = Selector(source=_peer(pf.known(pf.networks(network))))
        yield _line(Verdict.DENY, name, switch.head, selector, directions=IN, interfaces={interface.id})


def _dhcp_server(ctx: Context, interface: Interface) -> Iterator[Line]:
    on = frozenset({interface.id})
    switch = ctx.config.at(f"dhcpd/{interface.id}/enable")
    own = interface.address("inet")
    if switch is not None and dict(interface.dynamic).get("inet") not in ("pppoe", "pptp"):
        name = "allow access to DHCP server"
        for destination in (BROADCAST, own) if own is not None else (BROADCAST,):
            requests = Selector("", (UDP,), _peer(None, 68), _peer(destination, 67))
            yield _line(Verdict.PERMIT, name, switch.head, requests, directions=IN, interfaces=on)
        if own is not None:
            answers = Selector("", (UDP,), _peer(own, 67), _peer(None, 68))
            yield _line(Verdict.PERMIT, name, switch.head, answers, directions=OUT, interfaces=on)
            yield from _failover(ctx, interface, own)
    relay = _relay(ctx, "dhcrelay", interface)
    if relay is not None:
        requests = Selector("", (UDP,), _peer(None, 68), _peer(BROADCAST, 67))
        yield _line(Verdict.PERMIT, "allow access to DHCP relay", relay.head, requests, directions=IN, interfaces=on)
    yield from _dhcpv6_server(ctx, interface)


def _relay(ctx: Context, name: str, interface: Interface) -> Element | None:
    """The settings of a DHCP relay that listens on an interface."""
    relay = ctx.config.at(name)
    listens = relay is not None and relay.child("enable") is not None and interface.id in field(relay, "interface").split(",")
    return relay if listens else None


def _failover(ctx: Context, interface: Interface, own: Addresses) -> Iterator[Line]:
    peer = ctx.config.at(f"dhcpd/{interface.id}/failover_peerip")
    address = pf.literal(value(peer))
    if peer is not None and address is not None:
        selector = Selector("", (TCP, UDP), _peer(pf.known([address])), _peer(own, 519, 520))
        yield _line(Verdict.PERMIT, "allow access to DHCP failover", peer.head, selector, directions=IN, interfaces={interface.id})


def _dhcpv6_server(ctx: Context, interface: Interface) -> Iterator[Line]:
    switch = ctx.config.at(f"dhcpdv6/{interface.id}/enable") or _relay(ctx, "dhcrelay6", interface)
    if switch is None or not ctx.ipv6 or dict(interface.dynamic).get("inet6") in ("6rd", "6to4"):
        return
    near, far = LINK_LOCAL, LINK_MULTICAST
    pairs = [(near, None, near, 546), (near, None, far, 546), (near, None, far, 547), (far, None, near, 547)]
    for source, _, destination, port in pairs:
        selector = Selector("inet6", (UDP,), _peer(source), _peer(destination, port))
        yield _line(Verdict.PERMIT, "allow access to DHCPv6 server", switch.head, selector, interfaces={interface.id})
    own = interface.address("inet6")
    if own is not None:
        for selector, directions in (
            (Selector("inet6", (UDP,), _peer(near), _peer(own, 546)), IN),
            (Selector("inet6", (UDP,), _peer(own, 547), _peer(near)), OUT),
        ):
            yield _line(
                Verdict.PERMIT, "allow access to DHCPv6 server", switch.head, selector, directions=directions, interfaces={interface.id}
            )


def _tunnels(interface: Interface) -> Iterator[Line]:
    """Protocols that carry the interface's own address assignment."""
    words = dict(interface.dynamic)
    if words.get("inet") == "pptp":
        span = _child(interface.element, "ipaddr")
        yield _line(Verdict.PERMIT, "allow PPTP client", span, Selector("", (GRE,)), quick=False, directions=IN, interfaces={interface.id})
    if words.get("inet6") in ("6rd", "6to4"):
        span = _child(interface.element, "ipaddrv6")
        doubt = Unknown("which relay carries IPv6", span)
        selector = Selector("inet", (IPV6_IN_IPV4,), doubts=(doubt,))
        yield _line(Verdict.PERMIT, "allow 6in4 traffic", span, selector, quick=False, interfaces={interface.id})


def _let_out(root: Span) -> Iterator[Line]:
    for family, name in (("inet", "IPv4"), ("inet6", "IPv6")):
        text = f"let out anything {name} from firewall host itself"
        yield _line(Verdict.PERMIT, text, root, Selector(family, first_only=True), quick=False, directions=OUT)


def _anti_lockout(ctx: Context) -> Iterator[Line]:
    """Whoever reaches LAN reaches the firewall's own pages: above every rule of the user."""
    table = ctx.interfaces.by_id
    if ctx.config.partial or ctx.config.has("system/webgui/noantilockout"):
        return
    section = ctx.config.at("interfaces")
    name = "lan" if section is not None and len(section.children) > 1 else "wan"  # those that are off count
    if name not in table:
        return
    interface = table[name]
    parts = [found for family in ("inet", "inet6") if (found := interface.address(family)) is not None]
    own = pf.union([*parts, pf.known(at for text in interface.virtual if (at := pf.literal(text)) is not None)])
    span = (ctx.config.at("system/webgui") or interface.element).head
    selector = Selector("", (TCP,), destination=_peer(own, *anti_lockout_ports(ctx)), first_only=True)
    yield _line(Verdict.PERMIT, "anti-lockout rule", span, selector, directions=IN, interfaces={name})


def _captive_portal(ctx: Context) -> Iterator[Line]:
    """A portal stops who has not logged in: above the rules of the user."""
    portal = ctx.config.at("captiveportal")
    for zone in portal.children if portal is not None else ():
        names = frozenset(field(zone, "interface").replace(" ", "").split(",")) & ctx.interfaces.by_id.keys()
        if zone.child("enable") is not None and names:
            doubt = Unknown("who has logged in at the captive portal", zone.head, "pfsense:captiveportal")
            yield _line(Verdict.DENY, "captive portal", zone.head, Selector(doubts=(doubt,)), directions=IN, interfaces=names)


_REDIRECT = 80


def anti_lockout_ports(ctx: Context) -> tuple[int, ...]:
    """The ports of the firewall's own pages and of its SSH server."""
    config = ctx.config
    secure = config.text("system/webgui/protocol") == "https"
    written = config.text("system/webgui/port")
    found = [pf_ports.number(written) or (443 if secure else 80)]
    if secure and not config.has("system/webgui/disablehttpredirect"):
        found.append(80)
    if config.has("system/ssh/enable"):
        found.append(pf_ports.number(config.text("system/ssh/port")) or 22)
    return tuple(dict.fromkeys(found))


def administered(ctx: Context) -> tuple[int, ...]:
    """The ports of its own pages and of its SSH server that the configuration says, without the one that sends to the pages."""
    ports = () if ctx.config.partial or ctx.config.at("system/webgui") is None else anti_lockout_ports(ctx)
    redirects = ctx.config.text("system/webgui/protocol") == "https" and ctx.config.text("system/webgui/port") != "80"
    return tuple(port for port in ports if not (redirects and port == _REDIRECT))


def _static_routes(ctx: Context) -> Iterator[Line]:
    switch = ctx.config.at("filter/bypassstaticroutes")
    if switch is None:
        return
    for interface in ctx.interfaces.by_id.values():
        routed = pf.known(found for text in interface.behind if (found := pf.literal(text)) is not None)
        own = interface.network()
        if routed == pf.NONE:
            continue
        for source, destination in ((own, routed), (routed, own)):
            selector = Selector("", None, _peer(source), _peer(destination))
            yield _line(Verdict.PERMIT, "pass traffic between statically routed subnets", switch.head, selector, interfaces={interface.id})


def _ipsec(ctx: Context) -> Iterator[Line]:
    """The key exchange and the protocols of each tunnel, where it ends; whoever may call is let in."""
    if ctx.config.has("system/disablevpnrules"):
        return
    for phase in ctx.config.every("ipsec/phase1"):
        if phase.child("disabled") is None:
            yield from _tunnel(ctx, phase)


def _tunnel(ctx: Context, phase: Element) -> Iterator[Line]:
    itself, far = ctx.interfaces.itself, _far_end(phase)
    uses = {field(other, "protocol") for other in ctx.config.every("ipsec/phase2") if field(other, "ikeid") == field(phase, "ikeid")}
    spoken = tuple(number for number, name in ((ESP, "esp"), (AH, "ah")) if name in uses)
    exchange = [
        (pf_ports.number(ctx.config.text(here)) or number, pf_ports.number(field(phase, there)) or number)
        for here, there, number in (("ipsec/port", "ikeport", 500), ("ipsec/port_nat_t", "nattport", 4500))
    ]
    inward = [((UDP,), (port,)) for port, _ in exchange] + [(spoken, ())] * bool(spoken)
    outward = [((UDP,), (port,)) for _, port in exchange] + [(spoken, ())] * bool(spoken)
    interfaces, doubts = _ending(ctx, phase)
    for protocols, ports in inward:
        selector = Selector("", protocols, _peer(far), _peer(itself, *ports), first_only=True, doubts=doubts)
        yield _line(Verdict.PERMIT, "IPsec tunnel", phase.head, selector, quick=False, directions=IN, interfaces=interfaces)
    for protocols, ports in outward if far != pf.ANY else ():
        selector = Selector("", protocols, _peer(itself), _peer(far, *ports), first_only=True)
        yield _line(Verdict.PERMIT, "IPsec tunnel", phase.head, selector, quick=False, directions=OUT)


def _far_end(phase: Element) -> Addresses:
    """Who may call: the other end, or anybody where it is on the move."""
    found = pf.literal(field(phase, "remote-gateway"))
    if phase.child("mobile") is not None or found in _ANYBODY:
        return pf.ANY
    if found is not None:
        return pf.known([found])
    return pf.unknown(Unknown("the address of the tunnel's other end is resolved at run time", phase.head))


def _ending(ctx: Context, phase: Element) -> tuple[frozenset[str] | None, tuple[Unknown, ...]]:
    """The interface a tunnel ends at, by its name or by a virtual address; a group of gateways may change it."""
    name = field(phase, "interface")
    for _ in range(2):  # a virtual address may stand on another one
        name = next((field(vip, "interface") for vip in ctx.config.every("virtualip/vip") if f"_vip{field(vip, 'uniqid')}" == name), name)
    if name in ctx.interfaces.by_id:
        return frozenset({name}), ()
    return None, (Unknown("which interface the IPsec tunnel ends at", phase.head),)


def in_doubt(unknowns: Iterable[Unknown], span: Span) -> Iterator[Line]:
    """Two lines above all others that say that nobody knows which rules are in force."""
    for unknown in unknowns:
        for verdict in (Verdict.PERMIT, Verdict.DENY):
            yield line(verdict, both(Undecided(unknown)), unknown.span or span, text="whatever ruleset was loaded before", synthetic=True)


def _child(element: Element, name: str) -> Span:
    child = element.child(name)
    return child.span if child is not None else element.head
