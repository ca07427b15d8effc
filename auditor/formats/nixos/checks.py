"""What evaluates and is hardly meant, or does not evaluate at all: about one host at a time."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.nixos.firewall import FIREWALL, NAT, NFTABLES, OUTPUT, Backend, Firewall, read_firewall
from auditor.formats.nixos.host import Host
from auditor.formats.nixos.unknown import check_options
from auditor.formats.nixos.values import Value, Words
from auditor.model.headers import Protocol
from auditor.model.source import Effect, Level, Note, Span

_GUARDED = (22, 2379, 2380, 6443, 10250, 50000, 1433, 1521, 3306, 5432, 5984, 6379, 9042, 9200, 11211, 27017)
_TUNNELS = ("lo", "wg", "tun", "tap", "tailscale", "zt", "nebula", "ipsec", "vti", "gre", "sit", "nebula")


def check_host(host: Host) -> Iterator[Note]:
    """Every remark about a host."""
    firewall = read_firewall(host.settings)
    if firewall.enable.value is False and not firewall.own_tables:
        message = "the firewall is off: everything that listens is open to everybody"
        yield Note("disabled", message, firewall.enable.span or host.span, Effect.DANGEROUS, Level.ERROR)
    yield from _ports(host, firewall)
    yield from _interfaces(host, firewall)
    yield from _backend(host, firewall)
    yield from _output(host, firewall)
    yield from _forwarding(host, firewall)
    yield from _services(firewall)
    yield from check_options(host)


def _ports(host: Host, firewall: Firewall) -> Iterator[Note]:
    for each in (*firewall.inbound.openings, *firewall.outbound.openings):
        if each.reversed:
            broken = "the build fails" if firewall.backend is Backend.NFTABLES else "the script fails and leaves the firewall off"
            message = f"the range runs backwards, from {each.ports[0]} to {each.ports[1]}: {broken}"
            yield Note("port-range-reversed", message, each.span, Effect.REFUSED, Level.ERROR)
    if len(_known_interfaces(host)) < 2:
        return
    for each in firewall.inbound.openings:
        listed = each.option.startswith("allowedTCPPort") and each.interface is None and each.unknown is None
        guarded = [port for port in _GUARDED if each.ports[0] <= port <= each.ports[1]]
        if listed and guarded and Protocol.TCP in each.protocols:
            message = f"TCP {guarded[0]} is open on every interface, from anywhere: list it under interfaces.<name>"
            yield Note("port-everywhere", message, each.span, Effect.WIDENED, Level.NOTE)


def _known_interfaces(host: Host) -> set[str]:
    settings = host.settings
    names = {*settings.names(*FIREWALL, "interfaces"), *settings.names("networking", "interfaces")}
    external = settings.text(*NAT, "externalInterface")
    return (names | ({external.text} if external else set())) - {"lo", "default"}


def _interfaces(host: Host, firewall: Firewall) -> Iterator[Note]:
    for at in (FIREWALL, OUTPUT):
        if "default" in host.settings.names(*at, "interfaces"):
            message = "an interface named default replaces the lists for all interfaces: what they open is closed"
            span = host.settings.span(*at, "interfaces", "default") or host.span
            yield Note("interface-named-default", message, _begin(span), Effect.IGNORED, Level.WARNING)
    for each in firewall.inbound.trusted:
        if each.name is not None and not each.name.startswith(_TUNNELS):
            message = f"whatever comes in by {each.name} is accepted: no list and no rule is asked"
            yield Note("trusted-interface", message, each.span, Effect.DANGEROUS, Level.WARNING)


# -- backends


def _backend(host: Host, firewall: Firewall) -> Iterator[Note]:
    """Texts and options that the backend does not know."""
    nftables = host.settings.switch(*NFTABLES, "enable")
    if firewall.backend is Backend.NFTABLES:
        if firewall.commands:
            yield _mismatch(
                host, (*FIREWALL, "extraCommands"), "extraCommands with the nftables backend: the configuration does not evaluate"
            )
    elif firewall.backend is not Backend.FIREWALLD:
        sure = firewall.backend is Backend.IPTABLES
        if firewall.inbound.extra:
            told = "the iptables backend never uses extraInputRules: these rules do not exist"
            yield _mismatch(host, (*FIREWALL, "extraInputRules"), told, sure)
        for path, switch in (((*FIREWALL, "filterForward"), firewall.filters_forward), ((*OUTPUT, "enabled"), firewall.filters_output)):
            if switch.value is True:
                name = ".".join(path[2:])
                yield _mismatch(host, path, f"{name} with the iptables backend: the configuration does not evaluate", sure)
    if nftables.value is False:
        texts = [(*NFTABLES, "ruleset"), *((*NFTABLES, "tables", name, "content") for name in host.settings.names(*NFTABLES, "tables"))]
        for path in texts:
            if any(not _blank(item.value) for item in host.settings.items(*path)) and not host.settings.final:
                off = "is false" if nftables.stated else "is not set"
                yield _mismatch(host, path, f"networking.nftables.enable {off}: this text is never loaded", nftables.stated)


def _blank(value: Value) -> bool:
    return isinstance(value, Words) and not value.text.strip()


def _mismatch(host: Host, path: tuple[str, ...], message: str, sure: bool = True) -> Note:
    span = host.settings.span(*path) or host.span
    told = message if sure else f"{message}, unless another module sets networking.nftables.enable"
    return Note("backend-mismatch", told, _begin(span), Effect.IGNORED, Level.ERROR if sure else Level.WARNING)


def _begin(span: Span) -> Span:
    return span if span.line == span.end_line else Span(span.path, span.line, span.column, span.line, span.column + 1)


# -- ways out and through


def _output(host: Host, firewall: Firewall) -> Iterator[Note]:
    if firewall.filters_output.value is True and firewall.ipv6.value is not False:
        message = "the output filter drops IPv6 neighbour discovery: IPv6 stops working; set networking.enableIPv6 = false, or do without"
        yield Note("output-ipv6", message, firewall.filters_output.span or host.span, Effect.DANGEROUS, Level.WARNING)


def _forwarding(host: Host, firewall: Firewall) -> Iterator[Note]:
    if firewall.routes.value is True and firewall.filters_forward.value is False:
        message = "the host forwards packets and filters none of them: set filterForward (nftables backend)"
        yield Note("forward-open", message, firewall.routes.span or host.span, Effect.DANGEROUS, Level.WARNING)
    if firewall.filters_forward.value is True:
        for each in firewall.forwards:
            message = "the forward filter accepts every port forward, whatever extraForwardRules say"
            yield Note("forward-dnat", message, _begin(each.span), Effect.WIDENED, Level.NOTE)


def _services(firewall: Firewall) -> Iterator[Note]:
    for each in firewall.inbound.openings:
        if each.option.startswith("services.openssh.openFirewall (") and each.unknown is None:
            message = (
                f"OpenSSH opens TCP {each.ports[0]} to everybody by itself: set services.openssh.openFirewall = false to keep it closed"
            )
            yield Note("ssh-open", message, each.span, Effect.WIDENED, Level.NOTE)
        elif each.option.endswith(".openFirewall") and each.unknown is not None and each.ports == (0, 65535):
            message = f"which ports {each.option} opens is not known here: check the evaluated configuration"
            yield Note("open-firewall-unknown", message, each.span, Effect.UNKNOWN, Level.NOTE)
    for each in firewall.published:
        if not each.option.startswith("the container"):
            continue
        message = f"a published port of {each.option} is open whatever the firewall says: publish it to 127.0.0.1, or filter it elsewhere"
        yield Note("docker-bypass", message, each.span, Effect.WIDENED, Level.WARNING)
