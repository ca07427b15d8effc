"""The options of one host as what they mean: what is open on which interface, which texts are added, what is forwarded.

Nothing about packets yet. What is not known stands there with its reason; defaults are those of NixOS.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import StrEnum

from auditor.formats.nixos.options import Path
from auditor.formats.nixos.settings import Item, Settings, Switch
from auditor.formats.nixos.values import Attributes, Number, Open, Value, Words
from auditor.model.headers import Protocol, address_interval
from auditor.model.packets import Interval
from auditor.model.record import dataclass, replace
from auditor.model.source import Span, Unknown

FIREWALL: Path = ("networking", "firewall")
OUTPUT: Path = (*FIREWALL, "filterOutput")
NFTABLES: Path = ("networking", "nftables")
NAT: Path = ("networking", "nat")
_PROTOCOLS = {"tcp": (Protocol.TCP,), "udp": (Protocol.UDP,), "": (Protocol.TCP, Protocol.UDP)}
_WRITERS: dict[Path, str] = {
    ("virtualisation", "docker"): "Docker",
    ("virtualisation", "podman"): "Podman",
    ("services", "k3s"): "k3s",
    ("services", "kubernetes"): "Kubernetes",
}
_ANY_PORT: Interval = (0, 65535)
_PUBLISHED = re.compile(r"(?:(?:(?P<ip>[\d.]+|\[[\da-fA-F:]+\]):)?(?P<host>\d{1,5}(?:-\d{1,5})?):)?\d+(?:-\d+)?(?:/(?P<protocol>tcp|udp))?")
_TARGET = re.compile(r"(?P<address>[\d.]+|\[[\da-fA-F:]+\])(?::(?P<low>\d{1,5})(?:-(?P<high>\d{1,5}))?)?")


class Backend(StrEnum):
    """What NixOS writes the firewall for."""

    IPTABLES = "iptables"
    NFTABLES = "nftables"
    FIREWALLD = "firewalld"


@dataclass(frozen=True, slots=True)
class Opening:
    """Ports that are open: on one interface, or (None) on all. `unknown`: which ports, or whether they are, is not known."""

    option: str
    protocols: tuple[Protocol, ...]
    ports: Interval
    span: Span
    interface: str | None = None
    unknown: Unknown | None = None
    reversed: bool = False


@dataclass(frozen=True, slots=True)
class Trusted:
    """An interface of which everything is accepted; `name` None: which one is not known."""

    name: str | None
    span: Span
    unknown: Unknown | None = None


@dataclass(frozen=True, slots=True)
class Gate:
    """What is let through in one direction."""

    openings: tuple[Opening, ...]
    trusted: tuple[Trusted, ...]
    extra: tuple[Item, ...]
    extra_span: Span | None


@dataclass(frozen=True, slots=True)
class Forward:
    """A port that `networking.nat` forwards; `target` and `ports` None where they are not known."""

    span: Span
    protocol: Protocol = Protocol.TCP
    target: Interval | None = None
    ports: Interval | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Firewall:
    """The firewall of a host. `backend` None: not known. `final`: no other module can add to it.

    `own_tables`: there are tables of nftables that somebody else wrote, which filter where the firewall is off.
    """

    settings: Settings
    final: bool
    enable: Switch
    backend: Backend | None
    inbound: Gate
    outbound: Gate
    filters_output: Switch
    filters_forward: Switch
    extra_forward: tuple[Item, ...]
    commands: tuple[Item, ...]
    ping: Switch
    ping_limited: bool
    reject: Switch
    ipv6: Switch
    routes: Switch
    forwards: tuple[Forward, ...]
    published: tuple[Opening, ...]
    own_tables: bool


def read_firewall(settings: Settings) -> Firewall:
    """The firewall that the settings of a host make."""
    return Firewall(
        settings,
        settings.final,
        settings.switch(*FIREWALL, "enable", default=True),
        _backend(settings),
        Gate(
            tuple(_once((*_openings(settings, FIREWALL), *_services(settings)))),
            _trusted(settings, FIREWALL),
            settings.items(*FIREWALL, "extraInputRules"),
            settings.span(*FIREWALL, "extraInputRules"),
        ),
        Gate(
            tuple(_once(_openings(settings, OUTPUT))),
            _trusted(settings, OUTPUT),
            settings.items(*OUTPUT, "extraRules"),
            settings.span(*OUTPUT, "extraRules"),
        ),
        settings.switch(*OUTPUT, "enabled"),
        settings.switch(*FIREWALL, "filterForward"),
        settings.items(*FIREWALL, "extraForwardRules"),
        settings.items(*FIREWALL, "extraCommands"),
        settings.switch(*FIREWALL, "allowPing", default=True),
        bool(settings.items(*FIREWALL, "pingLimit")),
        settings.switch(*FIREWALL, "rejectPackets"),
        settings.switch("networking", "enableIPv6", default=True),
        _routes(settings),
        tuple(_forwards(settings)),
        tuple(_published(settings)),
        _own_tables(settings),
    )


def _own_tables(settings: Settings) -> bool:
    """Whether nftables has tables beside the firewall's, or may have, for all that is known."""
    enabled = settings.switch(*NFTABLES, "enable")
    if enabled.value is False and (enabled.stated or settings.final):
        return False
    written = any(settings.items(*NFTABLES, name) for name in ("ruleset", "rulesetFile"))
    tables = [name for name in settings.names(*NFTABLES, "tables") if name != "nixos-fw"]
    return written or any(settings.items(*NFTABLES, "tables", name, "content") for name in tables)


def _backend(settings: Settings) -> Backend | None:
    """The backend; where nothing says it, a module that is not here may, unless the settings are final."""
    items = settings.items(*FIREWALL, "backend")
    if items:
        named = settings.text(*FIREWALL, "backend")
        return Backend(named.text) if named is not None and named.text in {str(each) for each in Backend} else None
    firewalld = settings.switch("services", "firewalld", "enable")
    if firewalld.value is not False:
        return Backend.FIREWALLD if firewalld.value else None
    nftables = settings.switch(*NFTABLES, "enable")
    if nftables.value is None or not (nftables.stated or settings.final):
        return None
    return Backend.NFTABLES if nftables.value else Backend.IPTABLES


# -- ports


def _once(openings: Iterable[Opening]) -> Iterator[Opening]:
    """NixOS lists each port once, however many modules and services ask for it."""
    seen: set[tuple[object, ...]] = set()
    for each in openings:
        key = (each.protocols, each.ports, each.interface)
        if each.unknown is not None or key not in seen:
            yield each
        if each.unknown is None:
            seen.add(key)


def _openings(settings: Settings, at: Path) -> Iterator[Opening]:
    interfaces = settings.names(*at, "interfaces")
    if "default" not in interfaces:
        yield from _listed(settings, at, None)
    for name in interfaces:
        yield from _listed(settings, (*at, "interfaces", name), None if name == "default" else name)


def _listed(settings: Settings, at: Path, interface: str | None) -> Iterator[Opening]:
    for protocol in (Protocol.TCP, Protocol.UDP):
        for kind in ("Ports", "PortRanges"):
            option = f"allowed{protocol.name}{kind}"
            for item in settings.items(*at, option):
                yield _opening(".".join((*at[2:], option)), protocol, item, interface)


def _opening(option: str, protocol: Protocol, item: Item, interface: str | None) -> Opening:
    value = item.value
    ports = _ports(value)
    unknown = item.unsure
    if ports is None:
        unknown = value.unknown if isinstance(value, Open) else Unknown("this is no port", value.span)
    if unknown is not None and unknown.reference is None:
        unknown = replace(unknown, reference=f"networking.firewall.{option}")
    low, high = ports or _ANY_PORT
    return Opening(option, (protocol,), (low, high), value.span, interface, unknown, low > high)


def _ports(value: Value) -> Interval | None:
    if isinstance(value, Number):
        return (value.value, value.value) if 0 <= value.value <= 65535 else None
    if isinstance(value, Attributes):
        ends = [value.get(name) for name in ("from", "to")]
        numbers = [end.value for end in ends if isinstance(end, Number) and 0 <= end.value <= 65535]
        return (numbers[0], numbers[1]) if len(numbers) == 2 else None
    return None


def _trusted(settings: Settings, at: Path) -> tuple[Trusted, ...]:
    found = []
    for item in settings.items(*at, "trustedInterfaces"):
        value = item.value
        known = isinstance(value, Words) and not value.gaps
        unknown = item.unsure or (
            value.unknown if isinstance(value, Open) else None if known else Unknown("the name is computed", value.span)
        )
        name = value.text if isinstance(value, Words) and known else None
        if name != "lo":
            found.append(Trusted(name, value.span, unknown))
    return tuple(found)


# -- services that open ports of their own


def _services(settings: Settings) -> Iterator[Opening]:
    """What `openFirewall` opens. The lists of an evaluated configuration hold it already."""
    if settings.final:
        return
    yield from _service(settings, ("services", "openssh"), Protocol.TCP, tuple(_ssh_ports(settings)))
    yield from _service(settings, ("services", "avahi"), Protocol.UDP, ((5353, 5353),))
    yield from _service(settings, ("programs", "mosh"), Protocol.UDP, ((60000, 61000),))
    for path in _others(settings):
        opened = settings.switch(*path)
        if opened.value is not False and opened.span is not None:
            option = ".".join(path)
            why = opened.unknown or Unknown(f"which ports `{option}` opens: only the evaluated configuration says it", opened.span)
            yield Opening(option, _PROTOCOLS[""], _ANY_PORT, opened.span, None, why)


def _others(settings: Settings) -> Iterator[Path]:
    known = {("services", "openssh"), ("services", "avahi"), ("programs", "mosh")}
    for kind in ("services", "programs"):
        for name in settings.names(kind):
            below = [(kind, name, inner) for inner in settings.names(kind, name)]
            for path in (below_ for below_ in below if below_[2] == "openFirewall" and (kind, name) not in known):
                yield path
            for path in below:
                if "openFirewall" in settings.names(*path):
                    yield (*path, "openFirewall")


def _ssh_ports(settings: Settings) -> Iterator[Interval]:
    found = [_ports(item.value) for item in settings.items("services", "openssh", "ports") if item.unsure is None]
    yield from (ports for ports in found if ports is not None) if found else ((22, 22),)


def _service(settings: Settings, path: Path, protocol: Protocol, ports: tuple[Interval, ...]) -> Iterator[Opening]:
    enabled = settings.switch(*path, "enable")
    opened = settings.switch(*path, "openFirewall", default=True)
    replaced = settings.forced(*FIREWALL, f"allowed{protocol.name}Ports")
    if enabled.value is False or opened.value is False or replaced:
        return
    stated = opened.stated and opened.value is True
    span = opened.span if stated else enabled.span
    option = ".".join((*path, "openFirewall"))
    label = option if stated else f"{option} (true by default)"
    for each in ports if span is not None else ():
        yield Opening(label, (protocol,), each, span or enabled.span or opened.span, None, enabled.unknown or opened.unknown)  # type: ignore[arg-type]


# -- routing


def _routes(settings: Settings) -> Switch:
    """Whether the host forwards packets."""
    for name in ("net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding", "net.ipv6.conf.all.forwarding", "net.ipv4.conf.default.forwarding"):
        path = ("boot", "kernel", "sysctl", name)
        for item in settings.items(*path):
            given = item.value
            on = given.value if isinstance(given, Number) else given.text if isinstance(given, Words) else None
            if item.unsure is None and on in (1, "1"):
                return Switch(True, given.span)
        if settings.switch(*path).value:
            return settings.switch(*path)
    return settings.switch(*NAT, "enable")


def _forwards(settings: Settings) -> Iterator[Forward]:
    if settings.switch(*NAT, "enable").value is False:
        return
    for item in settings.items(*NAT, "forwardPorts"):
        yield _forward(item.value)


def _forward(value: Value) -> Forward:
    destination = value.get("destination") if isinstance(value, Attributes) else None
    proto = value.get("proto") if isinstance(value, Attributes) else None
    found = _TARGET.fullmatch(destination.text) if isinstance(destination, Words) else None
    if found is None or not isinstance(value, Attributes):
        return Forward(value.span)
    protocol = Protocol.UDP if isinstance(proto, Words) and proto.text == "udp" else Protocol.TCP
    try:
        target = address_interval(found["address"].strip("[]"))
    except ValueError:
        return Forward(value.span)
    low = int(found["low"]) if found["low"] else None
    if low is None:
        source = value.get("sourcePort")
        return Forward(value.span, protocol, target, _ports(source) if isinstance(source, Number) else None)
    return Forward(value.span, protocol, target, (low, int(found["high"] or low)))


def _published(settings: Settings) -> Iterator[Opening]:
    """Ports of containers: Docker and Podman translate and accept them before the firewall's chains see them."""
    for path, name in _WRITERS.items():
        on = settings.switch(*path, "enable")
        if on.span is not None and on.value is not False:
            why = on.unknown or Unknown(f"which ports {name} opens past the firewall while it runs", on.span)
            yield Opening(name, _PROTOCOLS[""], _ANY_PORT, on.span, None, why)
    at = ("virtualisation", "oci-containers", "containers")
    for name in settings.names(*at):
        for item in settings.items(*at, name, "ports"):
            value = item.value
            found = _PUBLISHED.fullmatch(value.text) if isinstance(value, Words) else None
            option = f"the container {name}"
            if found is None or found["host"] is None:
                why = item.unsure or Unknown("which port is published", value.span)
                yield Opening(option, _PROTOCOLS[""], _ANY_PORT, value.span, None, why)
            elif (found["ip"] or "").startswith("127.") or found["ip"] == "[::1]":
                continue
            else:
                low, _, high = found["host"].partition("-")
                ports = int(low), int(high or low)
                yield Opening(option, _PROTOCOLS[found["protocol"] or "tcp"], ports, value.span, None, item.unsure)
