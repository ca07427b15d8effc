"""The rules the firewall adds by itself, in the product's order: before the user's, and for features that are on.

Inbound is denied by default, outbound is not. Left out, because they change no verdict: antispoof, and the lines that send the firewall's
own packets to their gateway (they pass what "let out" passes). Tables that only run time fills are taken as empty, bogons apart.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.opnsense.interfaces import Interface, Interfaces, natural
from auditor.formats.opnsense.record import Priority, Record, Side, Store
from auditor.formats.opnsense.values import at, empty, flag, items, place, present, text
from auditor.formats.pf.addresses import literal
from auditor.formats.xmlspan import Element
from auditor.model.record import replace
from auditor.model.source import Unknown

_NEIGHBOURS = "128,133,134,135,136"
_PRIVATE4 = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,127.0.0.0/8,100.64.0.0/10,169.254.0.0/16"
_PRIVATE6 = "fd00::/8,fe80::/10,::1/128"
_LOCKOUT = ("lan", "wan")


def automatic(root: Element, interfaces: Interfaces) -> list[Record]:
    """All of them, in the order in which they are registered; the ruleset sorts by priority."""
    v6 = ipv6_allowed(root)
    rules = [*_defaults(root, v6), *_lockouts(root)]
    for interface in interfaces.table.values():
        if not interface.virtual:
            rules += _strangers(root, interface, v6)
    for interface in interfaces.table.values():
        rules += _client(root, interface, v6)
    rules += [*_let_out(root, interfaces), *anti_lockout(root, interfaces)]
    return [*rules, *_dnsmasq(root, interfaces), *_kea(root), *_bypass(root, interfaces), *_ipsec(root), *_captive(root)]


def ipv6_allowed(root: Element) -> bool:
    """Whether IPv6 is on; the switch is in the negative."""
    return empty(at(root, "OPNsense/Interfaces/settings/disableipv6"))


def _log(root: Element, switch: str) -> bool:
    return not present(root.child("syslog"), switch)


def _switch(root: Element, *paths: str) -> Element:
    """The element that brings a rule: the first of `paths` that is there, else the file's root."""
    return next((found for path in paths if (found := root.at(path)) is not None), root)


def _rule(root: Element, element: Element, title: str, **fields: object) -> Record:
    base = Record(Store.SYSTEM, Priority.SYSTEM, title, element, log=_log(root, "nologdefaultpass"))
    return replace(base, **fields)  # type: ignore[arg-type]


def _block(root: Element, element: Element, title: str, **fields: object) -> Record:
    return _rule(root, element, title, action="block", **({"log": _log(root, "nologdefaultblock")} | fields))


def _to(words: str, port: str = "") -> Side:
    return Side(items(words), False, port)


def _port(port: str) -> Side:
    return Side((), False, port)


def _defaults(root: Element, v6: bool) -> Iterator[Record]:
    settings = _switch(root, "OPNsense/Interfaces/settings/disableipv6")
    if not v6:
        yield _block(root, settings, "Block all IPv6", families=("inet6",))
    both = ("inet", "inet6")
    yield _block(root, _switch(root, "filter"), "Default deny / state violation rule", families=both, quick=False)
    if v6 and empty(at(root, "system/no_ipv6_rfc4890_req")):
        yield from _rfc4890(root)
    if empty(at(root, "system/no_port0_block")):
        for side in ({"source": _port("0")}, {"destination": _port("0")}):
            system = _switch(root, "system/no_port0_block", "filter")
            yield _block(root, system, "block all targeting port 0", families=both, protocol="tcp/udp", **side)
    carp = next((vip for vip in root.every("virtualip/vip") if text(vip, "mode") == "carp"), None)
    if carp is not None:
        for group in ("ff02::12", "224.0.0.18") if v6 else ("224.0.0.18",):
            yield _rule(root, carp, "CARP defaults", protocol="carp", direction="any", destination=_to(group))


def _rfc4890(root: Element) -> Iterator[Record]:
    title, local, groups = "IPv6 RFC4890 requirements (ICMP)", "fe80::/10", "fe80::/10,ff02::/16"
    for types, direction, source, destination in (
        ("1,2,3,4,135,136", "in", "", ""),
        ("128,129,133,134,135,136", "out", "(self)", groups),
        (_NEIGHBOURS, "in", local, groups),
        (_NEIGHBOURS, "in", "ff02::/16", local),
        (_NEIGHBOURS, "in", "::", "ff02::/16"),
    ):
        yield _rule(
            root,
            _switch(root, "system/no_ipv6_rfc4890_req", "filter"),
            title,
            families=("inet6",),
            protocol="ipv6-icmp",
            icmp6_types=types,
            direction=direction,
            source=_to(source),
            destination=_to(destination),
            state="keep state",
        )


def _lockouts(root: Element) -> Iterator[Record]:
    if empty(at(root, "system/no_sshlockout")):
        web = at(root, "system/webgui/port") or ("80" if at(root, "system/webgui/protocol") == "http" else "443")
        for port in (at(root, "system/ssh/port") or "22", web):
            place_ = _switch(root, "system/no_sshlockout", "filter")
            yield _block(root, place_, "sshlockout", protocol="tcp", source=_to("<sshlockout>"), destination=_to("(self)", port))
    if empty(at(root, "system/no_virusprot")):
        yield _block(root, _switch(root, "system/no_virusprot", "filter"), "virusprot overload table", source=_to("<virusprot>"))


def _strangers(root: Element, interface: Interface, v6: bool) -> Iterator[Record]:
    """Blocks of addresses that nobody has on the internet, where the interface asks for them."""
    for switch, title, log, sources in (
        ("blockbogons", "Block bogon IPv{} networks from {}", "nologbogons", ("<bogons>", "<bogonsv6>")),
        ("blockpriv", "Block private networks from {1}", "nologprivatenets", (_PRIVATE4, _PRIVATE6)),
    ):
        if not flag(interface.element, switch):
            continue
        element = interface.element.child(switch) or interface.element
        for number, family, source in (("4", "inet", sources[0]), ("6", "inet6", sources[1])):
            if family == "inet" or v6:
                yield _block(
                    root,
                    element,
                    title.format(number, interface.label),
                    priority=Priority.DEFAULTS,
                    log=_log(root, log),
                    families=(family,),
                    interfaces=(interface.name,),
                    source=_to(source),
                )


def _client(root: Element, interface: Interface, v6: bool) -> Iterator[Record]:
    """What the interface's own address needs: DHCP, PPTP, tunnels; and an older DHCP server on it."""
    here = {"interfaces": (interface.name,)}
    element = interface.element
    v4_word, v6_word = text(element, "ipaddr"), text(element, "ipaddrv6")
    kind6 = element.child("ipaddrv6") or element
    kind4 = element.child("ipaddr") or element
    if v6 and v6_word in ("dhcp6", "slaac"):
        title = f"allow dhcpv6 client in {interface.label}"
        yield _rule(root, kind6, title, protocol="udp", destination=_to("fe80::/10", "546"), **here)
        ends = {"source": _to("fe80::/10", "546"), "destination": _to("fe80::/10,ff02::/16", "547")}
        yield _rule(root, kind6, f"allow dhcpv6 client out {interface.label}", protocol="udp", direction="out", **ends, **here)
    if v4_word == "pptp":
        title = f"allow PPTP client on {interface.label}"
        control = {"protocol": "tcp", "destination": _port("1723"), "state": "modulate state", "flags": "S/SA"}
        yield _rule(root, kind4, title, quick=False, **control, **here)
        yield _rule(root, kind4, title, quick=False, protocol="gre", state="keep state", **here)
    elif v4_word == "dhcp":
        title = f"allow DHCP client on {interface.label}"
        yield _rule(root, kind4, title, protocol="udp", source=_port("67"), destination=_port("68"), **here)
        yield _rule(root, kind4, title, protocol="udp", direction="out", source=_port("68"), destination=_port("67"), **here)
    else:
        yield from _old_server(root, interface)
    if v6 and v6_word in ("6rd", "6to4"):
        yield from _tunnel(root, interface, kind6, v6_word)


def _tunnel(root: Element, interface: Interface, element: Element, kind: str) -> Iterator[Record]:
    relay = text(interface.element, "gateway-6rd") if kind == "6rd" else ""
    inward, outward = (_to(relay), Side()) if relay else (Side(), _to("(self)"))
    for direction, title in (("in", "in"), ("out", "out")):
        source, destination = (inward, outward) if direction == "in" else (outward, inward)
        yield _rule(
            root,
            element,
            f"Allow 6in4 traffic {title} for {kind} on {interface.label}",
            quick=False,
            protocol="41",
            direction=direction,
            interfaces=(interface.name,),
            source=source,
            destination=destination,
        )


def _old_server(root: Element, interface: Interface) -> Iterator[Record]:
    """The DHCP server of older releases, today a plug-in: its rules are there if it is installed."""
    server = root.at(f"dhcpd/{interface.name}")
    if server is None or not present(server, "enable"):
        return
    why = Unknown("whether the older DHCP server is installed", place(server, "enable"), "opnsense:isc-dhcp")
    for rule in _dhcp4(root, server.child("enable") or server, interface.name):
        yield replace(rule, doubts=(why,))


def _dhcp4(root: Element, element: Element, interface: str) -> Iterator[Record]:
    title, here = "allow access to DHCP server", {"interfaces": (interface,), "protocol": "udp"}
    yield _rule(root, element, title, source=_port("68"), destination=_to("255.255.255.255", "67"), **here)
    yield _rule(root, element, title, source=_port("68"), destination=_to("(self)", "67"), **here)
    yield _rule(root, element, title, direction="out", source=_to("(self)", "67"), destination=_port("68"), **here)


def _dhcp6(root: Element, element: Element, interface: str, title: str) -> Iterator[Record]:
    here = {"interfaces": (interface,), "protocol": "udp", "families": ("inet6",)}
    for source, destination, port in (
        ("fe80::/10", "fe80::/10,ff02::/16", "546"),
        ("fe80::/10", "ff02::/16", "547"),
        ("ff02::/16", "fe80::/10", "547"),
        ("fe80::/10", "(self)", "546"),
    ):
        yield _rule(root, element, title, source=_to(source), destination=_to(destination, port), **here)
    yield _rule(root, element, title, direction="out", source=_to("(self)", "547"), destination=_to("fe80::/10"), **here)


def _let_out(root: Element, interfaces: Interfaces) -> Iterator[Record]:
    out = {"priority": Priority.DEFAULTS, "direction": "out", "state": "keep state", "quick": False}
    yield _rule(root, _switch(root, "filter"), "let out anything from firewall host itself", extra="allow-opts", **out)
    if "enc0" in interfaces.table:
        yield _rule(root, interfaces.table["enc0"].element, "IPsec internal host to host", interfaces=("enc0",), **out)


def lockout_ports(root: Element) -> tuple[str, ...]:
    """The ports that anti-lockout keeps open: the web interface's, its redirect's, and SSH's."""
    https = at(root, "system/webgui/protocol") == "https"
    found = [at(root, "system/webgui/port") or ("443" if https else "80")]
    if https and not present(root.at("system/webgui"), "disablehttpredirect"):
        found.append("80")
    if present(root.at("system/ssh"), "enabled"):
        found.append(at(root, "system/ssh/port") or "22")
    return tuple(sorted(found, key=natural))


def administered(root: Element) -> tuple[int, ...]:
    """The ports of the web interface and of SSH that the configuration says, where they listen on every interface."""
    found = []
    if root.at("system/webgui") is not None and not at(root, "system/webgui/interfaces"):
        found.append(at(root, "system/webgui/port") or ("443" if at(root, "system/webgui/protocol") == "https" else "80"))
    if present(root.at("system/ssh"), "enabled") and not at(root, "system/ssh/interfaces"):
        found.append(at(root, "system/ssh/port") or "22")
    return tuple(int(port) for port in found if port.isdecimal() and len(port) < _LONG)


_LONG = 6  # digits


def lockout_interface(root: Element, interfaces: Interfaces) -> str | None:
    """The interface anti-lockout chooses, enabled or not; None if it is switched off."""
    if present(root.at("system/webgui"), "noantilockout"):
        return None
    candidates = [name for name, element in interfaces.written.items() if not flag(element, "virtual")]
    fitting = [name for name in candidates if name in _LOCKOUT or (name.startswith("opt") and name[3:].isdigit())]
    return min(fitting, key=natural, default=None)


def anti_lockout(root: Element, interfaces: Interfaces) -> Iterator[Record]:
    """The rules that keep the firewall itself reachable, before any of the user's."""
    name = lockout_interface(root, interfaces)
    if name is None:
        return
    for port in lockout_ports(root):
        yield _rule(
            root,
            _switch(root, "system/webgui", "system"),
            "anti-lockout rule",
            priority=Priority.DEFAULTS,
            interfaces=(name,),
            protocol="tcp",
            destination=_to("(self)", port),
            state="keep state",
        )


def _dnsmasq(root: Element, interfaces: Interfaces) -> Iterator[Record]:
    server = root.child("dnsmasq")
    ranges = list(server.all("dhcp_ranges")) if server is not None else []
    if server is None or not ranges or not flag(server, "enable"):
        return
    rules = server.at("dhcp/default_fw_rules")
    if rules is not None and empty(rules.text):
        return
    excluded = items(at(server, "dhcp/no_interface"))
    named = items(text(server, "interface")) or tuple(text(item, "interface") for item in ranges)
    for interface in interfaces.table.values():
        if interface.name in named and interface.name not in excluded:
            yield from _dhcp4(root, server, interface.name)
            yield from _dhcp6(root, server, interface.name, "allow access to DHCP server")


def _kea(root: Element) -> Iterator[Record]:
    for version in ("dhcp4", "dhcp6"):
        general = root.at(f"OPNsense/Kea/{version}/general")
        if general is None or text(general, "enabled") != "1" or (present(general, "fwrules") and text(general, "fwrules") != "1"):
            continue
        for name in items(text(general, "interfaces")):
            if version == "dhcp4":
                yield from list(_dhcp4(root, general, name))[:2]
            else:
                yield from _dhcp6(root, general, name, "allow access to DHCPv6 server")


def _bypass(root: Element, interfaces: Interfaces) -> Iterator[Record]:
    """Static routes behind an interface, if their traffic is to pass unfiltered."""
    switch = root.at("filter/bypassstaticroutes")
    if switch is None:
        return
    for route in root.every("staticroutes/route"):
        gateway = interfaces.gateways.get(text(route, "gateway"))
        network = text(route, "network")
        found = literal(network)
        if gateway is None or found is None or flag(route, "disabled") or gateway.interface not in interfaces.table:
            continue
        family = "inet6" if ":" in network else "inet"
        shared = {"priority": Priority.BYPASS, "quick": False, "families": (family,), "interfaces": (gateway.interface,)}
        for source, destination in ((gateway.interface, network), (network, gateway.interface)):
            yield _rule(
                root,
                switch,
                "pass traffic between statically routed subnets",
                source=_to(source),
                destination=_to(destination),
                state="keep state ( sloppy )",
                **shared,
            )


def _ipsec(root: Element) -> Iterator[Record]:
    """Tunnels of the older kind open the ports of their key exchange to their peer."""
    tunnels = root.child("ipsec")
    if tunnels is None or not present(tunnels, "enable") or not empty(at(root, "OPNsense/IPsec/general/disablevpnrules")):
        return
    for tunnel in tunnels.all("phase1"):
        if present(tunnel, "disabled"):
            continue
        peer, known = text(tunnel, "remote-gateway"), present(tunnel, "mobile") or literal(text(tunnel, "remote-gateway")) is not None
        ends = _to(peer) if known and not present(tunnel, "mobile") else Side()
        doubts = () if known else (Unknown("the address of an IPsec peer is looked up", tunnel.head),)
        shared = {"priority": Priority.FORWARD, "quick": False, "state": "keep state", "doubts": doubts}
        shared["interfaces"] = (text(tunnel, "interface").partition("_vip")[0],)
        for protocol, port in _spoken(root, tunnel):
            outward = replace(ends, port="")
            yield _rule(root, tunnel, "IPsec", protocol=protocol, direction="out", destination=replace(ends, port=port), **shared)
            yield _rule(root, tunnel, "IPsec", protocol=protocol, source=outward, destination=_port(port), **shared)


def _spoken(root: Element, tunnel: Element) -> Iterator[tuple[str, str]]:
    """What a tunnel needs: the key exchange, and the protocols that its second phases speak."""
    yield "udp", "500"
    if text(tunnel, "nat_traversal") != "off":
        yield "udp", "4500"
    uses = {text(phase, "protocol") for phase in root.every("ipsec/phase2") if text(phase, "ikeid") == text(tunnel, "ikeid")}
    yield from ((protocol, "") for protocol in ("esp", "ah") if protocol in uses)


def _captive(root: Element) -> Iterator[Record]:
    """A captive portal stops who has not logged in."""
    for zone in root.every("OPNsense/captiveportal/zones/zone"):
        if not flag(zone, "enabled"):
            continue
        why = Unknown("a captive portal decides who may pass", zone.head, "opnsense:captiveportal")
        names = items(text(zone, "interfaces"))
        if names:
            yield _block(root, zone, "captive portal", priority=Priority.DEFAULTS, interfaces=names, doubts=(why,))
