"""Interfaces, VLANs and routes: where networks are, and which lists are applied where.

A later list in the same direction replaces an earlier one. An interface that is opened twice is one.
"""

from __future__ import annotations

import re
from enum import StrEnum
from functools import lru_cache

from auditor.formats.near import near
from auditor.formats.switch import ends
from auditor.formats.switch.lines import Block, Line
from auditor.formats.switch.notes import Notes
from auditor.formats.switch.slips import that_filters, that_places
from auditor.model.headers import IPV4
from auditor.model.packets import Interval
from auditor.model.record import dataclass, field
from auditor.model.source import Effect, Span


class Direction(StrEnum):
    """As seen from the interface: `in` is what comes from its hosts."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Network:
    """A network with the length of its prefix; of two that hold an address the longer counts."""

    span: Interval
    length: int

    @property
    def six(self) -> bool:
        return self.span[0] > IPV4[1]


@dataclass(frozen=True, slots=True)
class Applied:
    """A list at an interface. `port`: it filters what is bridged as well. `frames`: a list of MAC addresses."""

    name: str
    span: Span
    six: bool = False
    port: bool = False
    frames: bool = False


@dataclass(slots=True)
class Interface:
    """One interface. `unknown`: its address is given at run time, so its networks are not known.

    `policies` may drop what their classes name; `beside` is what else may, and is not read.
    """

    name: str
    span: Span
    description: str = ""
    vrf: str = ""
    networks: list[Network] = field(default_factory=list)
    own: list[int] = field(default_factory=list)
    unknown: bool = False
    six: bool = False
    switched: bool | None = None
    shutdown: Span | None = None
    vlan: int = 1
    voice: int | None = None
    native: int | None = None
    trunk: bool = False
    allowed: frozenset[int] | None = None
    encapsulated: int | None = None
    applied: dict[tuple[Direction, bool, bool], Applied] = field(default_factory=dict)
    policies: list[tuple[Direction, str, Span]] = field(default_factory=list)
    beside: list[tuple[str, Span]] = field(default_factory=list)

    @property
    def svi(self) -> int | None:
        """The VLAN this is the routed interface of."""
        found = re.fullmatch(r"vlan(\d{1,4})", self.name, re.IGNORECASE)
        return int(found[1]) if found else None

    @property
    def loopback(self) -> bool:
        """Whether nobody but the switch itself is there."""
        return self.name.lower().startswith("lo")

    @property
    def routed(self) -> bool:
        """Whether packets are routed at it: it has an address."""
        return bool(self.networks) or self.unknown

    @property
    def bridged(self) -> bool:
        """Whether it is a port of a VLAN."""
        if self.switched is not None:
            return self.switched
        special = re.match(r"vlan|loopback|tunnel|mgmt|management|bdi|bvi|dialer|serial", self.name, re.IGNORECASE)
        return not self.routed and special is None and "." not in self.name

    def carries(self, vlan: int) -> bool:
        """Whether frames of a VLAN enter by this port."""
        if not self.trunk:
            return vlan in (self.vlan, self.voice)
        return self.allowed is None or vlan in self.allowed or vlan == self.native


@dataclass(slots=True)
class Interfaces:
    """The interfaces of a file by name, and the names of its VLANs."""

    notes: Notes
    named: dict[str, Interface] = field(default_factory=dict)
    vlans: dict[int, str] = field(default_factory=dict)

    def read(self, block: Block) -> None:
        """One `interface` with the lines below."""
        name = "".join(block.words[1:3]) if len(block.words) > 2 and block.words[2][0].isdigit() else "".join(block.words[1:2])
        if name.lower() == "range" or not name or name.lower() == "breakout":
            if any("access-group" in line.text or "traffic-filter" in line.text or that_filters(_command(line)[0]) for line in block.body):
                said = "a list is applied to a range of interfaces: write the interfaces out, or give the running configuration"
                self.notes.add("unparsed-entry", said, block.header.span())
            return
        found = re.fullmatch(r"vl(?:an?)?(\d{1,4})", name, re.IGNORECASE)
        name = f"Vlan{found[1]}" if found else name
        interface = self.named.setdefault(name, Interface(name, block.header.span()))
        for line in block.body:
            self._line(interface, line)

    def vlan(self, block: Block) -> None:
        """`vlan 30` and its name."""
        numbers = vlan_list(block.words[1]) if len(block.words) > 1 else frozenset[int]()
        for line in block.body:
            words = line.words
            if words[:1] == ["name"] and len(words) > 1 and len(numbers) == 1:
                self.vlans[next(iter(numbers))] = " ".join(words[1:]).strip('"')

    def _line(self, interface: Interface, line: Line) -> None:
        words, undo = _command(line)
        if not words:
            return
        applied = _applied(words, line)
        if applied is not None:
            self._apply(interface, *applied, undo)
            if not undo and "common" in words[2:4] and len(words) - words.index("common") > 3:
                interface.beside.append(("a list that several interfaces have in common", line.span()))
        elif words[0] in _BESIDE:
            self._policy(interface, words, line, undo)
        elif words[0] == "switchport" and that_places([word.lower() for word in words]) is None:
            _switchport(interface, words, undo)
        elif words[0] == "shutdown":
            interface.shutdown = None if undo else line.span()
        elif words[0] == "description" and not undo:
            interface.description = line.text.strip()[len(words[0]) :].strip()
        elif undo or self._slip(interface, words, line):
            return
        elif words[0] == "vrf" and len(words) > 2 and words[1] in ("forwarding", "member"):
            interface.vrf = words[2]
        elif words[0] == "vrf" and len(words) == 2:
            interface.vrf = line.words[1]
        elif words[:2] == ["ip", "vrf"] and len(words) > 3:
            interface.vrf = words[3]
        elif words[0] == "encapsulation" and len(words) > 2 and words[2].isdecimal():
            interface.encapsulated = int(words[2][:5])
        else:
            _address(interface, words)

    def _slip(self, interface: Interface, words: list[str], line: Line) -> bool:
        """Whether a line is no command, and looks like one that matters: what it was to do is not known."""
        lowered = [word.lower() for word in words]
        meant = that_filters(lowered)
        if meant is not None:
            interface.beside.append(("a command that cannot be read", line.span()))
        else:
            meant = that_places(lowered)
            if meant in ("address", "unnumbered"):
                interface.unknown = True
        if meant is not None:
            self.notes.add("unread-command", f"this is not read, and looks like {meant}", line.span())
        return meant is not None

    def _policy(self, interface: Interface, words: list[str], line: Line, undo: bool) -> None:
        """A policy or zone at an interface, with the direction the policy is for."""
        if words[0] == "service-policy" and len(words) > 2 and near(words[-2].lower(), ("input", "output")):
            self.notes.add("unread-command", "this policy has no direction: input or output", line.span())
            interface.beside.append(("a policy that cannot be read", line.span()))
        else:
            _beside(interface, words, line, undo)

    def _apply(self, interface: Interface, applied: Applied, direction: Direction, undo: bool) -> None:
        key = (direction, applied.six, applied.frames)
        before = interface.applied.get(key)
        if undo:
            interface.applied.pop(key, None)
            return
        if before is not None and before.name != applied.name:
            said = (
                f"{applied.name} replaces {before.name} {direction.value} of {interface.name}: there is one list a direction and protocol"
            )
            self.notes.add("replaced-acl", said, applied.span, Effect.IGNORED, None, ("the list it replaces", before.span))
        interface.applied[key] = applied


_BESIDE = {
    "zone-member": "the zone-based firewall",
    "traffic-policy": "a traffic policy",
    "service-policy": "",
}


def _beside(interface: Interface, words: list[str], line: Line, undo: bool) -> None:
    """What filters at an interface beside access lists."""
    if undo:
        interface.beside = [each for each in interface.beside if each[0] != _BESIDE[words[0]]]
        interface.policies = [each for each in interface.policies if each[1] not in words]
    elif words[0] != "service-policy":
        interface.beside.append((_BESIDE[words[0]], line.span()))
    elif len(words) > 2 and words[-2] in ("input", "output"):
        interface.policies.append((Direction.IN if words[-2] == "input" else Direction.OUT, words[-1], line.span()))


def _command(line: Line) -> tuple[list[str], bool]:
    """The words of a line with what it is in lower case and spelt out, and whether it takes something back."""
    words = line.words
    undo = bool(words) and words[0].lower() in ("no", "default")
    return [_spelt_out(word.lower()) if index < 2 else word for index, word in enumerate(words[1:] if undo else words)], undo


@lru_cache(4096)
def _spelt_out(word: str) -> str:
    """The command that a hand-written snippet shortens."""
    shortened = (full for full, least in (("address", 3), ("shutdown", 3), ("switchport", 2), ("description", 3)) if len(word) >= least)
    return next((full for full in shortened if full.startswith(word)), word)


def _applied(words: list[str], line: Line) -> tuple[Applied, Direction] | None:
    """The list that a line applies, with its direction."""
    if words[:1] not in (["ip"], ["ipv6"], ["mac"]) or len(words) < 3:
        return None
    port = words[1] == "port"
    rest = words[2:] if port else words[1:]
    command = rest[0].lower()
    known = command in ("access-group", "traffic-filter") or (len(command) >= 8 and "access-group".startswith(command))
    if not known or len(rest) < 2:
        return None
    if rest[1].lower() == "common" and len(rest) > 3:
        rest = [rest[0], *rest[3:]]
    said = rest[2].lower() if len(rest) > 2 else "in" if words[0] == "mac" else ""
    if said not in (Direction.IN, Direction.OUT):
        return None
    direction = Direction(said)
    at = len(line.words) - len(rest)
    return Applied(rest[1], line.span(at, min(at + 2, len(line.words) - 1)), words[0] == "ipv6", port, words[0] == "mac"), direction


def _switchport(interface: Interface, words: list[str], undo: bool) -> None:
    if len(words) == 1:
        interface.switched = not undo
        return
    if undo:
        return
    interface.switched = True
    rest = [word.lower() for word in words[1:]]
    if rest[:2] == ["access", "vlan"] and rest[-1].isdecimal():
        interface.vlan = int(rest[-1][:5])
    elif rest[:2] == ["voice", "vlan"] and rest[-1].isdecimal():
        interface.voice = int(rest[-1][:5])
    elif rest[:2] == ["trunk", "native"] and rest[-1].isdecimal():
        interface.native = int(rest[-1][:5])
    elif rest[:1] == ["mode"]:
        interface.trunk = rest[-1] == "trunk"
    elif rest[:3] == ["trunk", "allowed", "vlan"]:
        _allow(interface, rest[3:])


def _allow(interface: Interface, words: list[str]) -> None:
    """The VLANs of a trunk: a list by itself, or a change of the one before; what is not understood allows all."""
    listed, before = vlan_list("".join(words[1:])), interface.allowed if interface.allowed is not None else EVERY_VLAN
    changes = {"add": before | listed, "remove": before - listed, "except": EVERY_VLAN - listed, "none": frozenset[int]()}
    named = vlan_list("".join(words))
    interface.allowed = changes.get(words[0], named or EVERY_VLAN) if words else None


EVERY_VLAN = frozenset(range(1, 4095))


def vlan_list(text: str) -> frozenset[int]:
    """`30,40-45` as numbers, `all` as every number; what is no number is left out."""
    if text.lower() == "all":
        return EVERY_VLAN
    found: set[int] = set()
    for part in text.split(","):
        low, dash, high = part.partition("-")
        if low.isdecimal() and (not dash or high.isdecimal()) and len(part) <= 9:
            found.update(range(int(low), min(int(high or low), 4094) + 1))
    return frozenset(found)


def _address(interface: Interface, words: list[str]) -> None:
    """An interface's addresses: networks behind it, and the switch's own."""
    if words[:2] == ["ip", "address"] and len(words) > 2:
        rest = words[3:] if words[2].lower() == "virtual" else words[2:]
        _ipv4(interface, rest)
    elif words[:2] == ["ipv6", "address"] and len(words) > 2:
        _ipv6(interface, words[2:])
    elif words[:2] == ["ipv6", "enable"]:
        interface.six = True
    elif words[:2] == ["ip", "unnumbered"]:
        interface.unknown = True
    elif words[0] in ("standby", "vrrp", "ip", "hsrp") and (held := ends.ipv4(words[-1].partition("/")[0])) is not None and "ip" in words:
        interface.own.append(held)  # a gateway that several switches share
    elif words[:2] == ["ip", "virtual-router"] and (held := ends.ipv4(words[-1])) is not None:
        interface.own.append(held)


def _ipv4(interface: Interface, words: list[str]) -> None:
    spelled = ends.prefix(words[0])
    address = ends.ipv4(words[0].partition("/")[0])
    mask = ends.ipv4(words[1]) if len(words) > 1 else None
    length = ends.mask_length(mask) if mask is not None else None
    if spelled is not None and address is not None:
        interface.networks.append(Network(spelled, int(words[0].partition("/")[2])))
        interface.own.append(address)
    elif address is not None and length is not None:
        interface.networks.append(Network(ends.network(address, length, 32), length))
        interface.own.append(address)
    else:
        interface.unknown = True


def _ipv6(interface: Interface, words: list[str]) -> None:
    interface.six = True
    spelled = ends.prefix(words[0])
    address = ends.ipv6(words[0].partition("/")[0])
    if spelled is not None and address is not None:
        interface.networks.append(Network(spelled, int(words[0].partition("/")[2])))
        interface.own.append(address)
    elif address is not None and "link-local" not in words:
        interface.networks.append(Network((address, address), 128))
        interface.own.append(address)
    elif address is None and words[0].lower() in ("autoconfig", "dhcp"):
        interface.unknown = True


@dataclass(frozen=True, slots=True)
class Route:
    """A static route: a network, and the next hop or the interface it leaves by."""

    network: Network
    hop: int | None
    interface: str
    vrf: str


def route(words: list[str], vrf: str = "") -> Route | None:
    """`ip route NET MASK HOP`, `ip route NET/len HOP`, the same for IPv6; None if it is something else."""
    rest = words[2:]
    if rest[:1] == ["vrf"] and len(rest) > 2:
        vrf, rest = rest[1], rest[2:]
    if not rest:
        return None
    network = _route_network(rest)
    if network is None:
        return None
    behind = rest[1:] if "/" in rest[0] else rest[2:]
    if not behind or behind[0].lower().startswith("null"):
        return None
    hops = [each for each in (ends.ipv6(word) if network.six else ends.ipv4(word) for word in behind[:2]) if each is not None]
    return Route(network, hops[0] if hops else None, "" if ends.ipv4(behind[0]) or ends.ipv6(behind[0]) else behind[0], vrf)


def _route_network(rest: list[str]) -> Network | None:
    spelled = ends.prefix(rest[0])
    if spelled is not None:
        return Network(spelled, int(rest[0].partition("/")[2]))
    address, mask = ends.ipv4(rest[0]), ends.ipv4(rest[1]) if len(rest) > 1 else None
    length = ends.mask_length(mask) if mask is not None else None
    if address is None or length is None:
        return None
    return Network(ends.network(address, length, 32), length)
