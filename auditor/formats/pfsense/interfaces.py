"""The firewall's interfaces, groups of them, and the addresses that rules name through them.

Only an enabled interface exists. What its address is, is in the file or, for DHCP and the like, unknown but not nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from auditor.formats.pf import addresses as pf
from auditor.formats.pf.addresses import Addresses, Ranges
from auditor.formats.pf.ipsec import ALL_TUNNELS, ROUTED
from auditor.formats.pfsense.aliases import Aliases
from auditor.formats.pfsense.read import Config, field, value
from auditor.formats.pfsense.tunnels import NO_TUNNEL, RUN_TIME, Tunnel, Tunnels, group_of, ipsec_networks, is_tunnel, tunnels
from auditor.formats.xmlspan import Element
from auditor.model.packets import Interval
from auditor.model.record import dataclass, replace
from auditor.model.source import Unknown

_OPTIONAL = re.compile(r"opt([0-9]{1,9})\Z")
_MACRO = re.compile(r"[A-Za-z0-9_]+\Z")


@dataclass(frozen=True, slots=True)
class Interface:
    """An enabled interface. `networks` are its own and its virtual addresses' networks; `own` its primary address by family.

    `dynamic` says how addresses are given at run time, `gateways` where it routes to, by family. `behind` are further networks reached
    through it: static routes, far ends of tunnels; not `told`: there are others that are not in the file. `hollow`: a group of tunnels that
    are all interfaces of their own. `free` is where an address that is given at run time can be: not in a network of another interface.
    `host` is the firewall's zone.
    """

    id: str
    device: str
    label: str
    element: Element
    networks: tuple[str, ...] = ()
    own: tuple[tuple[str, str], ...] = ()
    dynamic: tuple[tuple[str, str], ...] = ()
    virtual: tuple[str, ...] = ()
    gateways: tuple[tuple[str, str], ...] = ()
    bridged: bool = False
    behind: tuple[str, ...] = ()
    hollow: bool = False
    told: bool = True
    free: Ranges = pf.BOTH
    host: str = ""

    @property
    def macro(self) -> str:
        """What rule lines call it."""
        return self.label.upper()

    @property
    def uplink(self) -> bool:
        """Whether the product takes it for a way to the internet."""
        return bool(self.gateways) or any(word not in ("track6", RUN_TIME) for _, word in self.dynamic)

    def address(self, family: str) -> Addresses | None:
        """The interface's address of a family; None if it has none."""
        own = dict(self.own).get(family)
        if own is not None:
            return pf.known(_intervals([own]))
        word = dict(self.dynamic).get(family)
        if not word:
            return None
        around = pf.normal(_intervals(self.networks)) if word == RUN_TIME and self.networks else self.free
        return pf.unknown(self._unknown(word), pf.meet(pf.FAMILY[family], around), host=self.host)

    def network(self) -> Addresses:
        """The table of its networks, of both families."""
        sure = pf.known(_intervals(self.networks))
        open_ = [(family, word) for family, word in self.dynamic if word != RUN_TIME or not self.networks]
        return pf.union([sure, *(pf.unknown(self._unknown(word), pf.meet(pf.FAMILY[family], self.free)) for family, word in open_)])

    @property
    def numbered(self) -> bool:
        """Whether it has any address or virtual address, so that its network can be named."""
        return bool(self.networks or self.dynamic or self.virtual)

    def _unknown(self, word: str) -> Unknown:
        element = self.element.child("ipaddrv6" if word in _DYNAMIC_V6 else "ipaddr") or self.element
        return Unknown(f"interface {self.label} gets its address at run time ({word})", element.span, f"pfsense:{self.id}")


_DYNAMIC_V4 = frozenset({"dhcp", "pppoe", "pptp", "l2tp", "ppp"})
_DYNAMIC_V6 = frozenset({"dhcp6", "slaac", "6rd", "6to4", "track6"})
_HELD = frozenset({"carp", "ipalias"})
"""The modes of virtual addresses that the machine itself has; a network of others is the interface's all the same."""
FIRST_SWITCHED = (8, 0)
"""Before this revision wan and lan were on without being switched on."""
BUILT_IN = {"enc0": "IPsec", "openvpn": "OpenVPN", "l2tp": "L2TP", "pppoe": "PPPoE"}


@dataclass(frozen=True, slots=True)
class Group:
    """An interface group: rules on it apply to any member."""

    id: str
    members: tuple[str, ...]
    element: Element


class Interfaces:
    """The generator's table of interfaces, in its order. `host` is the id of the firewall's own zone."""

    def __init__(self, config: Config, host: str) -> None:
        self.config = config
        self._networks: dict[str, Addresses | None] = {}
        groups = tunnels(config)
        own = [_with_tunnels(interface, groups) for interface in _own(config)]
        assigned = frozenset(interface.device for interface in own)
        built_in = _built_in(config, {name: _left(ends, assigned) for name, ends in groups.items()})
        self.by_id = {interface.id: interface for interface in _apart([*own, *built_in], host)}
        self.groups = {field(entry, "ifname"): _group(entry) for entry in config.every("ifgroups/ifgroupentry")}

    @cached_property
    def disabled(self) -> dict[str, Element]:
        """Interfaces that are in the file and do not exist for the generator."""
        section = self.config.at("interfaces")
        return {child.name: child for child in (section.children if section else ()) if child.name not in self.by_id}

    @property
    def elsewhere(self) -> bool:
        """Whether the file is a part that holds no interfaces, so that none is missing."""
        return self.config.partial and self.config.root.name != "interfaces"

    def exists(self, name: str) -> bool:
        """Whether rules can name it."""
        return name in self.by_id or name in self.groups

    def acting(self, name: str) -> frozenset[str]:
        """The interfaces on which a rule naming `name` acts: a group's members; of interfaces with one label, the last."""
        group = self.groups.get(name)
        if group is None:
            return self._tunnels.get(name, frozenset()) | {self._by_label[self.by_id[name].macro]}
        return self._tunnels.get(name, frozenset()) | ({name, *group.members} & self.by_id.keys())

    @cached_property
    def _tunnels(self) -> dict[str, frozenset[str]]:
        """Groups of tunnels → the interfaces that are in them."""
        of = [(group_of(interface.device), interface.id) for interface in self.by_id.values()]
        return {group: frozenset(id_ for other, id_ in of if other == group) for group, _ in of if group}

    @cached_property
    def deaf(self) -> frozenset[str]:
        """The interfaces whose rules meet nothing that comes in, since IPsec is filtered in one place only."""
        routed = frozenset(interface.id for interface in self.by_id.values() if interface.device.startswith(ROUTED))
        return frozenset({ALL_TUNNELS}) if self.config.text("ipsec/filtermode") == "if_ipsec" else routed

    @cached_property
    def _by_label(self) -> dict[str, str]:
        return {interface.macro: interface.id for interface in self.by_id.values()}

    def network(self, name: str) -> Addresses | None:
        """The networks of an interface or of a group's members; None if it has none, or is not there."""
        if name not in self._networks:
            self._networks[name] = self._network(name)
        return self._networks[name]

    def _network(self, name: str) -> Addresses | None:
        group = self.groups.get(name)
        if group is not None:
            return pf.union(self.by_id[member].network() for member in group.members if member in self.by_id)
        interface = self.by_id.get(name)
        return interface.network() if interface is not None and interface.numbered else None

    @cached_property
    def itself(self) -> Addresses:
        """`(self)`: every address of the machine."""
        own = [text for interface in self.by_id.values() for text in (*dict(interface.own).values(), *interface.virtual)]
        sure = pf.known([*_intervals(own), *_intervals(["127.0.0.1", "::1"])])
        dynamic = [
            found
            for interface in self.by_id.values()
            for family, _ in interface.dynamic
            if (found := interface.address(family)) is not None
        ]
        return pf.union([sure, *dynamic])

    def tab_order(self) -> list[str]:
        """The order of the tabs: groups, the built-in ones, wan, lan, then the optional ones by number."""

        def rank(name: str) -> tuple[int, int, str]:
            optional = _OPTIONAL.match(name)
            place = ("l2tp", "pppoe", "enc0", "openvpn", "wan", "lan").index(name) if name in (*BUILT_IN, "wan", "lan") else 9
            return place, int(optional.group(1)) if optional else 0, name

        return [*self.groups, *sorted(self.by_id.keys() - self.groups.keys(), key=rank)]

    def uplinks(self) -> frozenset[str]:
        """The interfaces behind which the internet is: those with a gateway or, if none has one, wan."""
        found = frozenset(name for name, interface in self.by_id.items() if interface.uplink)
        return found or frozenset({"wan"} & self.by_id.keys())


def is_macro(text: str) -> bool:
    """Whether the product can write `text` as the name of a macro."""
    return bool(_MACRO.match(text))


def _intervals(texts: Iterable[str]) -> Iterator[Interval]:
    return (found for text in texts if (found := pf.literal(text)) is not None)


def _own(config: Config) -> Iterator[Interface]:
    section = config.at("interfaces")
    virtual = _virtual(config)
    gateways = {field(item, "name"): item for item in config.every("gateways/gateway_item")}
    behind = _routes(config, gateways)
    bridged = {member for bridge in config.every("bridges/bridged") for member in field(bridge, "members").split(",")}
    always = {"wan", "lan"} if config.revision is not None and config.revision < FIRST_SWITCHED else set()
    for element in section.children if section else ():
        if element.child("enable") is not None or element.name in always:
            interface = _interface(element, virtual.get(element.name, []), gateways, element.name in bridged)
            yield replace(interface, behind=tuple(behind.get(element.name, ())))


def _interface(element: Element, virtual: list[tuple[str, str, str]], items: dict[str, Element], bridged: bool) -> Interface:
    own: list[tuple[str, str]] = []
    dynamic: list[tuple[str, str]] = []
    networks: list[str] = []
    gateways: list[tuple[str, str]] = []
    for family, suffix, words in (("inet", "", _DYNAMIC_V4), ("inet6", "v6", _DYNAMIC_V6)):
        address, bits = field(element, "ipaddr" + suffix), field(element, "subnet" + suffix)
        if address.lower() in words:
            dynamic.append((family, address.lower()))
        elif pf.literal(address) is not None:
            own.append((family, address))
            networks.append(f"{address}/{bits}" if pf.literal(f"{address}/{bits}") else address)
        gateway = items.get(name := field(element, "gateway" + suffix))
        if name:
            gateways.append((family, field(gateway, "gateway") if gateway is not None else ""))
    networks += [f"{address}/{bits}" if bits else address for _, address, bits in virtual]
    label = field(element, "descr") or element.name.upper()
    return Interface(
        element.name,
        field(element, "if"),
        label,
        element,
        tuple(networks),
        tuple(own),
        tuple(dynamic),
        tuple(address for mode, address, _ in virtual if mode in _HELD),
        tuple(gateways),
        bridged,
    )


def _routes(config: Config, items: dict[str, Element]) -> dict[str, list[str]]:
    """The networks of static routes by the interface of their gateway; a route may lead to those of an alias."""
    routes = [route for route in config.every("staticroutes/route") if route.child("disabled") is None]
    named = {name for route in routes if pf.literal(name := field(route, "network")) is None}
    aliases = Aliases(config) if named else None
    found: dict[str, list[str]] = {}
    for route in routes:
        item, network = items.get(field(route, "gateway")), field(route, "network")
        texts = (
            [entry for alias in aliases.reached(network) for entry in alias.entries]
            if aliases and network in aliases.by_name
            else [network]
        )
        if item is not None:
            found.setdefault(field(item, "interface"), []).extend(text for text in texts if pf.literal(text) is not None)
    return found


def _virtual(config: Config) -> dict[str, list[tuple[str, str, str]]]:
    """Virtual addresses by interface: (mode, address, prefix length). One on a CARP parent belongs to the parent's interface."""
    vips = list(config.every("virtualip/vip"))
    parents = {"_vip" + field(vip, "uniqid"): field(vip, "interface") for vip in vips}
    found: dict[str, list[tuple[str, str, str]]] = {}
    for vip in vips:
        interface = field(vip, "interface")
        entry = field(vip, "mode"), field(vip, "subnet"), field(vip, "subnet_bits")
        if pf.literal(entry[1]) is not None:
            found.setdefault(parents.get(interface, interface), []).append(entry)
    return found


def _apart(interfaces: list[Interface], host: str) -> Iterator[Interface]:
    """The interfaces, those with an address of run time with what they leave to each other."""
    fixed = {interface.id: tuple(_intervals(interface.networks)) for interface in interfaces}
    for interface in interfaces:
        others = (span for id_, spans in fixed.items() if id_ != interface.id for span in spans)
        yield replace(interface, free=pf.complement(pf.normal(others)), host=host) if interface.dynamic else interface


def _with_tunnels(interface: Interface, groups: Mapping[str, Tunnels]) -> Interface:
    """An interface with the networks of the tunnel that its device is, which also gives it its address if the file has none."""
    tunnel = groups.get(group_of(interface.device), {}).get(interface.device, NO_TUNNEL)
    if not is_tunnel(interface.device):
        return interface
    found = replace(interface, behind=(*interface.behind, *tunnel.own, *tunnel.beyond))
    if interface.own or interface.dynamic:
        return found
    return replace(found, networks=(*interface.networks, *tunnel.own), dynamic=(("inet", RUN_TIME), ("inet6", RUN_TIME)))


def _left(ends: Tunnels, assigned: frozenset[str]) -> list[Tunnel] | None:
    """Those tunnels that are no interfaces of their own; None if all of them are."""
    left = [tunnel for device, tunnel in ends.items() if device not in assigned]
    return left if left or not ends else None


def _built_in(config: Config, groups: Mapping[str, list[Tunnel] | None]) -> Iterator[Interface]:
    """The interfaces that a feature brings: their networks are those of the tunnels, which other machines have a say in."""
    root = config.root
    phases = [phase for phase in config.every("ipsec/phase1") if phase.child("disabled") is None]
    servers = [*config.every("openvpn/openvpn-server"), *config.every("openvpn/openvpn-client")]
    brought: list[tuple[str, Element | None]] = [
        ("l2tp", config.at("l2tp") if config.text("l2tp/mode") == "server" else None),
        ("pppoe", next((server for server in config.every("pppoes/pppoe") if field(server, "mode") == "server"), None)),
        ("enc0", phases[0] if phases else None),
        ("openvpn", servers[0] if servers else None),
    ]
    for name, element in brought:
        if element is not None:
            prefix = field(element, f"{name}_subnet")
            networks = (f"{field(element, 'remoteip')}/{prefix}",) if name in ("l2tp", "pppoe") and prefix else ()
            place = root.child(element.name) or element
            behind = ipsec_networks(config) if name == "enc0" else ()
            yield _grouped(Interface(name, name, BUILT_IN[name], place, networks, behind=behind), groups.get(name, []))
    for entry in config.every("ifgroups/ifgroupentry"):
        name = field(entry, "ifname")
        if name in groups and groups[name] is not None:
            yield _grouped(Interface(name, name, name, entry), groups[name])


def _grouped(interface: Interface, left: list[Tunnel] | None) -> Interface:
    """A group of tunnels with the networks of those that are no interfaces of their own."""
    if not left:
        return replace(interface, hollow=left is None)
    networks = tuple(text for tunnel in left for text in (*tunnel.own, *tunnel.beyond))
    return replace(interface, behind=(*interface.behind, *networks), told=all(tunnel.own for tunnel in left))


def _group(entry: Element) -> Group:
    return Group(field(entry, "ifname"), tuple(value(entry.child("members")).split()), entry)
