"""Interfaces, groups and gateways. `Interfaces.table` is the generator's own: what is not in it does not exist for a rule.

An address that is given at run time is unknown, but it does not lie in a network that the firewall has on another interface.
"""

from __future__ import annotations

import re
from functools import cached_property

from auditor.formats.opnsense.tunnels import DEVICES, GROUPS, Tunnel, ipsec_networks, together, tunnels
from auditor.formats.opnsense.values import flag, present, text, whole
from auditor.formats.pf.addresses import NONE, V4, V6, Addresses, Ranges, complement, known, literal, meet, networks, normal, union, unknown
from auditor.formats.pf.ipsec import ROUTED
from auditor.formats.xmlspan import Element
from auditor.model.record import dataclass, field, replace
from auditor.model.source import Unknown

LINK_LOCAL = networks("fe80::/10")
LOOPBACK = networks("127.0.0.0/8", "::1/128")
VIRTUAL = ("openvpn", "wireguard", "enc0", "lo0")
"""Names the product writes into <interfaces> by itself when the feature is on."""
_BUILT_IN_SEQUENCE = 10
_OWN_FILTER = "net.inet.ipsec.filtertunnel"
_NUMBERED = re.compile(r"(wan|lan|opt[0-9]+)\Z")
_NO_GATEWAY = ("", "none")


@dataclass(frozen=True, slots=True)
class Gateway:
    """A gateway of the file. `address` is empty for a dynamic one."""

    name: str
    interface: str
    address: str
    family: str
    disabled: bool


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface of the generator's table. `networks` and `addresses` are what `(device:network)` and `(device)` stand for.

    `upstream`: the internet is behind it. `gateway` and `gateway6` are the addresses that `reply-to` names, where the file says them.
    `beyond` are the networks that a tunnel leads to. `hollow`: a group of tunnels that are all interfaces of their own.
    """

    name: str
    device: str
    label: str
    element: Element
    networks: Addresses = NONE
    addresses: Addresses = NONE
    virtual: bool = False
    group: bool = False
    upstream: bool = False
    gateway: str = ""
    gateway6: str = ""
    beyond: Ranges = ()
    hollow: bool = False

    @property
    def numbered(self) -> bool:
        """Whether the name `<name>ip` exists for its addresses."""
        return bool(_NUMBERED.match(self.name))


@dataclass(frozen=True, slots=True)
class Group:
    """An interface group: a rule on it is a rule on each member."""

    name: str
    members: tuple[str, ...]
    sequence: int
    element: Element


@dataclass(frozen=True)
class Interfaces:
    """Everything rules can mean by an interface. `table` is in the generator's order: by label, as people count.

    `host` is the id of the firewall's own zone; `deaf` are the interfaces of routed IPsec, where that is filtered as all of IPsec is.
    """

    table: dict[str, Interface]
    written: dict[str, Element]
    groups: dict[str, Group]
    gateways: dict[str, Gateway]
    element: Element
    host: str
    deaf: frozenset[str]
    partial: bool = field(default=False)

    def members(self, name: str) -> tuple[str, ...]:
        """The interfaces that a name stands for: itself, or the members of a group, those that are up."""
        group = self.groups.get(name)
        return tuple(member for member in group.members if member in self.table) if group else (name,)

    def real(self) -> tuple[Interface, ...]:
        """The interfaces packets are filtered on: no groups, and not loopback."""
        return tuple(interface for interface in self.table.values() if not interface.group and interface.device != "lo0")

    @cached_property
    def own(self) -> Addresses:
        """`(self)`: every address of the machine, its link-local ones possibly."""
        fixed = [interface.addresses for interface in self.real()]
        local = Unknown("link-local addresses are made at run time", None, "opnsense:link-local")
        return union([*fixed, known(LOOPBACK), unknown(local, LINK_LOCAL, host=self.host)])

    def networks_of(self, name: str) -> Addresses:
        """`(name:network)`: of a group, all its members' networks."""
        return union(self.table[member].networks for member in self.members(name) if member in self.table)


def natural(label: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key by which OPT10 follows OPT9."""
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"[0-9]{1,18}|[^0-9]+|[0-9]+", label))


def read_interfaces(root: Element, id_: str) -> Interfaces:
    """The interfaces, groups and gateways of a configuration file; `id_` is what the firewall's zones are called by."""
    host = f"{id_}:self"
    section = root.child("interfaces")
    written = {element.name: element for element in section.children} if section is not None else {}
    groups = _groups(root)
    gateways = _gateways(root)
    bare = [_interface(element, gateways) for element in written.values() if present(element, "enable") and element.name not in groups]
    bare += [_assumed(root, name) for name in VIRTUAL if name not in written and name not in groups and _feature(root, name)]
    own_groups = {interface.name: _built_in(interface, bare) for interface in bare if interface.name in GROUPS}
    ends = _ends(root, bare)
    fixed = {interface.name: _fixed_networks(root, interface, ends.get(interface.name, Tunnel())) for interface in bare}
    full = [_addressed(interface, fixed, ends.get(interface.name, Tunnel()), host) for interface in bare]
    full += [Interface(group.name, group.name, group.name, group.element, virtual=True, group=True) for group in groups.values()]
    table = {interface.name: interface for interface in sorted(full, key=lambda interface: natural(interface.label))}
    place = section if section is not None else root
    return Interfaces(table, written, own_groups | groups, gateways, place, host, _deaf(root, bare), section is None)


def _deaf(root: Element, interfaces: list[Interface]) -> frozenset[str]:
    """Interfaces of routed IPsec, unless a tunable lets their own rules filter what comes in."""
    on = any(text(item, "tunable") == _OWN_FILTER and text(item, "value") not in ("", "0", "default") for item in root.every("sysctl/item"))
    return frozenset() if on else frozenset(interface.name for interface in interfaces if interface.device.startswith(ROUTED))


def _ends(root: Element, interfaces: list[Interface]) -> dict[str, Tunnel | None]:
    """What tunnels make of interfaces; None for a group of which every device is an interface of its own."""
    found = tunnels(root)
    assigned = {interface.device for interface in interfaces}
    ends: dict[str, Tunnel | None] = {each.name: found[each.device] for each in interfaces if each.device in found}
    for name, start in GROUPS.items():
        devices = [device for device in found if device.startswith(start)]
        left = [found[device] for device in devices if device not in assigned]
        if devices:
            ends[name] = together(left) if left else None
    return ends | {"enc0": Tunnel(beyond=ipsec_networks(root))}


def _feature(root: Element, name: str) -> bool:
    """Whether the file has the settings of the feature that brings a virtual interface."""
    places = {"openvpn": ("openvpn", "OPNsense/OpenVPN/Instances/Instance"), "wireguard": ("OPNsense/wireguard/server/servers/server",)}
    return any((found := root.at(path)) is not None and bool(found.children) for path in places.get(name, ()))


def _assumed(root: Element, name: str) -> Interface:
    return Interface(name, name, name, root, virtual=True)


def _built_in(interface: Interface, others: list[Interface]) -> Group:
    """A group of the product's own: what was assigned of its devices, and the rest under its own name."""
    start = GROUPS[interface.name]
    members = (other.name for other in others if other.device.startswith(start) and other is not interface)
    return Group(interface.name, (interface.name, *members), _BUILT_IN_SEQUENCE, interface.element)


def _groups(root: Element) -> dict[str, Group]:
    groups = {}
    for element in root.every("ifgroups/ifgroupentry"):
        name = text(element, "ifname")
        members = tuple(part for part in re.split(r"[\s,|]+", text(element, "members")) if part)
        sequence = text(element, "sequence")
        groups[name] = Group(name, members, whole(sequence), element)
    return groups


def _gateways(root: Element) -> dict[str, Gateway]:
    found = {}
    for path in ("gateways/gateway_item", "OPNsense/Gateways/gateway_item"):
        for element in root.every(path):
            address = text(element, "gateway")
            family = text(element, "ipprotocol") or ("inet6" if ":" in address else "inet")
            gateway = Gateway(text(element, "name"), text(element, "interface"), address, family, flag(element, "disabled"))
            found[gateway.name] = gateway
    return found


def _interface(element: Element, gateways: dict[str, Gateway]) -> Interface:
    v4, v6 = text(element, "ipaddr"), text(element, "ipaddrv6")
    gateway = _gateway_of(element, "gateway", v4, gateways)
    gateway6 = _gateway_of(element, "gatewayv6", v6, gateways)
    return Interface(
        element.name,
        text(element, "if"),
        text(element, "descr") or element.name.upper(),
        element,
        virtual=flag(element, "virtual"),
        group=text(element, "type") == "group" and element.name not in GROUPS,
        upstream=gateway is not None or gateway6 is not None or _leased(v4),
        gateway=gateway or "",
        gateway6=gateway6 or "",
    )


def _gateway_of(element: Element, name: str, address: str, gateways: dict[str, Gateway]) -> str | None:
    """The address of the interface's gateway in one family; None if it has none, empty if the file does not say it."""
    chosen = text(element, name)
    if literal(address) is None or chosen in _NO_GATEWAY:
        return None
    gateway = gateways.get(chosen)
    return gateway.address if gateway is not None and literal(gateway.address) is not None else ""


def _leased(v4: str) -> bool:
    return v4 in ("dhcp", "pppoe", "pptp", "l2tp", "ppp")


def _fixed_networks(root: Element, interface: Interface, tunnel: Tunnel | None) -> tuple[Ranges, Ranges]:
    """The networks and the addresses that the file says of an interface, virtual ones and a tunnel's included."""
    pairs = [(text(interface.element, "ipaddr"), text(interface.element, "subnet"))]
    pairs.append((text(interface.element, "ipaddrv6"), text(interface.element, "subnetv6")))
    vips = (vip for vip in root.every("virtualip/vip") if text(vip, "mode") in ("carp", "ipalias"))
    pairs += [(text(vip, "subnet"), text(vip, "subnet_bits")) for vip in vips if text(vip, "interface") == interface.name]
    addresses = [found for address, _ in pairs if (found := literal(address)) is not None]
    nets = [found for address, bits in pairs if literal(address) and (found := literal(f"{address}/{bits}" if bits else address))]
    own = tunnel or Tunnel()
    return normal((*nets, *own.own)), normal((*addresses, *own.addresses))


def _addressed(interface: Interface, fixed: dict[str, tuple[Ranges, Ranges]], tunnel: Tunnel | None, host: str) -> Interface:
    """`interface` with its networks and addresses: what is fixed, and what is only known at run time."""
    nets, addresses = fixed[interface.name]
    elsewhere = normal(span for name, (others, _) in fixed.items() if name != interface.name for span in others)
    given: list[tuple[Unknown, Ranges]] = []
    for field_name, family in (("ipaddr", V4), ("ipaddrv6", V6)):
        word = text(interface.element, field_name)
        if literal(word) is None and (word not in ("", "none") or (_by_feature(interface) and tunnel is not None and not tunnel.own)):
            reason = f"the {field_name} of interface {interface.name} is set at run time ({word or 'by its feature'})"
            why = Unknown(reason, interface.element.head, f"opnsense:{interface.name}:{field_name}")
            given.append((why, meet(family, complement(elsewhere))))
    own = [known(addresses), *(unknown(*each, host=host) for each in given)]
    if tunnel is not None and tunnel.own and not tunnel.addresses:
        why = Unknown(f"which address interface {interface.name} has in its tunnel", interface.element.head, f"opnsense:{interface.name}")
        own.append(unknown(why, tunnel.own, host=host))
    return replace(
        interface,
        networks=union([known(nets), *(unknown(why, where) for why, where in given)]),
        addresses=union(own),
        beyond=tunnel.beyond if tunnel is not None else (),
        hollow=tunnel is None,
    )


def _by_feature(interface: Interface) -> bool:
    """Whether something else than the interface's own settings gives it its address."""
    return interface.virtual or interface.device.startswith(DEVICES)
