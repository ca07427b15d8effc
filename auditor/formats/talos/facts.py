"""What else in a configuration decides a port check: role, addresses, pod and service networks, CNI, time, names, discovery, tunnels.

Each fact is found in the v1alpha1 field and in the document that took its place; the first document that sets it wins. Secrets are none of
the facts: of an URL only the host and port are taken.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator

from auditor import lazyre
from auditor.formats.talos.combine import Combined
from auditor.formats.talos.documents import MAIN
from auditor.formats.talos.merge import texts
from auditor.formats.talos.notes import key_of, where
from auditor.formats.talos.scalars import Refused, placeholder, read_number
from auditor.formats.talos.validate import MACHINE_TYPES, flag, flag_at, lookup, text_at
from auditor.formats.talos.version import HOST_DNS, KUBE_DOCUMENTS, Version, parse_version
from auditor.model.headers import address_interval
from auditor.model.packets import Interval
from auditor.model.record import dataclass
from auditor.model.source import Span
from auditor.yamlspan import Mapping, Node, Scalar, Sequence

POD_NETWORKS = ("10.244.0.0/16",)
SERVICE_NETWORKS = ("10.96.0.0/12",)
DEFAULT_TIME_SERVER = "time.cloudflare.com"
DEFAULT_RESOLVERS = ("1.1.1.1", "8.8.8.8")
DISCOVERY = "discovery.talos.dev:443"
_LINKS = ("LinkConfig", "BondConfig", "VLANConfig", "BridgeConfig", "VRFConfig")
_TUNNELS = ("DummyLinkConfig", "VethConfig", "WireguardConfig")
_NOWHERE = ("lo", "dummy0")
_URL = lazyre.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^/@\s]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::(?P<port>\d{1,5}))?(?:[/?#].*)?"
)
_SCHEME_PORTS = {"https": 443, "http": 80, "grpc": 443, "tcp": 0, "udp": 0}


@dataclass(frozen=True, slots=True)
class Networks:
    """Pod and service networks; `given` whether the configuration says so (else Talos's defaults, or none). `known`: all can be read."""

    pods: tuple[str, ...]
    services: tuple[str, ...]
    given: bool
    known: bool
    span: Span | None = None

    def intervals(self) -> tuple[Interval, ...]:
        """Both on the address line."""
        return tuple(address_interval(text) for text in (*self.pods, *self.services))


@dataclass(frozen=True, slots=True)
class Listener:
    """A port that an argument opens to the network. `everywhere`: on all addresses."""

    service: str
    span: Span
    what: str


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts of one machine. Empty tuples and None mean that the configuration does not say; `attributes` are for zones.

    `kubespan` is None, and `kube_proxy` False, where a value that is filled in elsewhere decides it.
    `others`: it may have others than `addresses`.
    """

    role: str | None
    role_span: Span | None
    networks: Networks
    host_dns: bool
    cni: str
    cni_hint: str | None
    kube_proxy: bool
    kubespan: bool | None
    kubespan_span: Span | None
    configured: tuple[tuple[str, str], ...]
    discovery: tuple[str, ...]
    time_servers: tuple[str, ...]
    time_enabled: bool
    time_given: bool
    nts: bool
    resolvers: tuple[str, ...]
    resolvers_given: bool
    addresses: tuple[str, ...]
    node_networks: tuple[str, ...]
    others: bool
    dhcpv6: Span | None
    wireguard_ports: tuple[tuple[int, Span], ...]
    listeners: tuple[Listener, ...]
    api_port: int
    endpoint: str | None
    cluster: str | None
    sidero_link: bool
    etcd_subnets: tuple[str, ...]
    version: Version | None

    def attributes(self) -> tuple[tuple[str, str], ...]:
        """The facts as a zone states them: "none" says that something is not so."""
        pairs = [
            ("machine-type", self.role),
            ("cni", self.cni_hint or self.cni),
            ("kube-proxy", "on" if self.kube_proxy else "none"),
            ("kubespan", {True: "on", False: "none", None: None}[self.kubespan]),
            ("discovery", self.discovery or "none"),
            ("time-server", self.time_servers if self.time_enabled else "none"),
            ("time-servers-configured", "yes" if self.time_given else "none"),
            ("resolver", self.resolvers),
            ("resolvers-configured", "yes" if self.resolvers_given else "none"),
            ("nts", "on" if self.nts else "none"),
            ("pod-network", self.networks.pods),
            ("service-network", self.networks.services),
            ("node-address", self.addresses),
            ("node-network", self.node_networks),
            ("etcd-subnet", self.etcd_subnets),
            ("listener", [listener.service for listener in self.listeners]),
            ("api-port", str(self.api_port)),
            ("cluster-endpoint", self.endpoint),
            ("siderolink", "on" if self.sidero_link else "none"),
            ("talos-version", str(self.version) if self.version else None),
            ("egress-filter", "none"),
            *self.configured,
        ]
        return tuple(_spread(pairs))


def _spread(pairs: Iterable[tuple[str, str | Iterable[str] | None]]) -> Iterator[tuple[str, str]]:
    for key, value in pairs:
        for text in (value,) if isinstance(value, str) else value or ():
            yield key, text


@dataclass(frozen=True, slots=True)
class _Reader:
    combined: Combined
    main: Mapping | None
    version: Version
    generated: bool  # the base is not at hand, and taken to be a generated configuration

    def document(self, kind: str) -> Mapping | None:
        found = self.combined.document(kind)
        return found.node if found else None

    def either(self, path: str, *documents: tuple[str, str]) -> Node | None:
        """The value in the first document that sets it, else in the v1alpha1 document."""
        for kind, inner in documents:
            found = lookup(self.document(kind), inner)
            if found is not None:
                return found
        return lookup(self.main, path)


def read_facts(combined: Combined, version: Version, *, generated: bool) -> Facts:
    """The facts of a merged configuration. `generated`: only patches are at hand, on a base as `talosctl gen config` writes it."""
    main = combined.document(MAIN)
    reader = _Reader(combined, main.node if main else None, version, generated)
    type_ = lookup(reader.main, "machine.type")
    kubespan = reader.either("machine.network.kubespan.enabled", ("KubeSpanConfig", "enabled"))
    time = _time(reader)
    resolvers = _resolvers(reader)
    written = list(_written(reader))
    return Facts(
        role=MACHINE_TYPES.get(type_.text) if isinstance(type_, Scalar) else None,
        role_span=where(type_) if type_ is not None else None,
        networks=networks(reader),
        host_dns=_host_dns(reader),
        cni=_cni(reader),
        cni_hint=_cni_hint(reader),
        kube_proxy=_kube_proxy(reader),
        kubespan=None if placeholder(kubespan) else flag(kubespan) is True,
        kubespan_span=key_of(kubespan) if kubespan is not None else None,
        configured=tuple(_configured(reader, flag(kubespan))),
        discovery=_discovery(reader),
        time_servers=time[1],
        time_enabled=time[0],
        time_given=time[2],
        nts=_nts(reader, time[2]),
        resolvers=resolvers or DEFAULT_RESOLVERS,
        resolvers_given=bool(resolvers),
        addresses=tuple(dict.fromkeys(address for text, _ in written for address in _address(text))),
        node_networks=_networks_at(reader.either("machine.kubelet.nodeIP.validSubnets", ("KubeNodeConfig", "nodeIP.validSubnets"))),
        others=_has_others(reader, written),
        dhcpv6=_dhcpv6(reader),
        wireguard_ports=tuple(_wireguard(reader)),
        listeners=tuple(_listeners(reader)),
        api_port=_api_port(reader),
        endpoint=host_and_port(_text(reader.either("cluster.controlPlane.endpoint", ("KubeClusterConfig", "endpoint")))),
        cluster=_cluster(reader),
        sidero_link=reader.document("SideroLinkConfig") is not None,
        etcd_subnets=_etcd_subnets(reader),
        version=installed(combined),
    )


def host_and_port(url: str | None) -> str | None:
    """`host:port` of an URL; user, path and query, which can hold secrets, are left out."""
    match = _URL.fullmatch(url or "")
    if match is None:
        return None
    port = match["port"] or _SCHEME_PORTS.get(match["scheme"]) or 443
    return f"{match['host']}:{port}"


def _cluster(reader: _Reader) -> str | None:
    """The cluster's name, which tells its machines from another's; None where it is filled in later."""
    node = reader.either("cluster.clusterName", ("KubeClusterConfig", "clusterName"))
    return (node.text or None) if isinstance(node, Scalar) and placeholder(node) is None else None


def _text(node: Node | None) -> str | None:
    return node.text if isinstance(node, Scalar) else None


def _networks_at(node: Node | None) -> tuple[str, ...]:
    return tuple(item.text for item in texts(node) if _is_network(item.text))


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def networks(reader: _Reader) -> Networks:
    """Pod and service networks as the firewall's implicit permits use them."""
    document = reader.document("KubeNetworkConfig")
    section = lookup(reader.main, "cluster.network")
    if document is not None:
        return _both_networks(document, (), (), document.get("kind"))
    ruled = reader.generated or section is not None or (reader.main is not None and reader.version < KUBE_DOCUMENTS)
    if not ruled:
        return Networks((), (), False, True)
    return _both_networks(section, POD_NETWORKS, SERVICE_NETWORKS, section)


def _both_networks(node: Node | None, pods: tuple[str, ...], services: tuple[str, ...], place: Node | None) -> Networks:
    found = [texts(lookup(node, key)) for key in ("podSubnets", "serviceSubnets")]
    known = all(_is_network(item.text) for items in found for item in items)
    read = [tuple(item.text for item in items if _is_network(item.text)) for items in found]
    return Networks(
        read[0] if found[0] else pods,
        read[1] if found[1] else services,
        bool(found[0] or found[1]),
        known,
        key_of(place) if place is not None else None,
    )


def _host_dns(reader: _Reader) -> bool:
    resolver = reader.document("ResolverConfig")
    if flag_at(resolver, "hostDNS.enabled") and flag_at(resolver, "hostDNS.forwardKubeDNSToHost"):
        return True
    said = flag_at(reader.main, "machine.features.hostDNS.forwardKubeDNSToHost")
    return said if said is not None else reader.generated and reader.version >= HOST_DNS


def _cni(reader: _Reader) -> str:
    if reader.document("KubeFlannelCNIConfig") is not None:
        return "flannel"
    if reader.document("KubeNetworkConfig") is not None:
        return "none"
    named = text_at(reader.main, "cluster.network.cni.name")
    return named if named in ("flannel", "custom", "none") else "flannel"


def _cni_hint(reader: _Reader) -> str | None:
    """Cilium or calico, where a manifest's name or address says so."""
    signs = [item.text for item in texts(lookup(reader.main, "cluster.network.cni.urls"))]
    signs += [item.text for item in texts(lookup(reader.main, "cluster.extraManifests"))]
    manifests = lookup(reader.main, "cluster.inlineManifests")
    signs += [text_at(item, "name") or "" for item in (manifests.items if isinstance(manifests, Sequence) else ())]
    signs += [document.name for document in reader.combined.all("KubeInlineManifestConfig")]
    return next((name for name in ("cilium", "calico") for sign in signs if name in sign.lower()), None)


def _configured(reader: _Reader, kubespan: bool | None) -> Iterator[tuple[str, str]]:
    """What is said in so many words, not by leaving it out: further patches may say it elsewhere."""
    plugin = _cni_hint(reader) or text_at(reader.main, "cluster.network.cni.name")
    if plugin is None and reader.document("KubeFlannelCNIConfig") is not None:
        plugin = "flannel"
    if plugin is not None and plugin not in ("none", "custom"):
        yield "configured-cni", plugin
    section = lookup(reader.main, "cluster.discovery")
    discovery = False if flag_at(section, "registries.service.disabled") is True else flag_at(section, "enabled")
    if discovery is not None:
        yield "configured-discovery", str(discovery).lower()
    asked = _discovery(reader)
    if asked and (discovery or lookup(section, "registries.service.endpoint") or reader.combined.all("DiscoveryServiceConfig")):
        host, _, port = asked[0].rpartition(":")
        yield "configured-discovery-service", host.strip("[]") if len(asked) == 1 and port == "443" else ""
    if kubespan is not None:
        yield "configured-kubespan", str(kubespan).lower()


def _kube_proxy(reader: _Reader) -> bool:
    document = reader.document("KubeProxyConfig")
    node = lookup(document, "enabled") if document is not None else lookup(reader.main, "cluster.proxy.disabled")
    if placeholder(node) is not None:
        return False
    return flag(node) is not False if document is not None else flag(node) is not True


def _discovery(reader: _Reader) -> tuple[str, ...]:
    documents = reader.combined.all("DiscoveryServiceConfig")
    if documents:
        return tuple(host_and_port(text_at(document.node, "endpoint")) or "unknown" for document in documents)
    section = lookup(reader.main, "cluster.discovery")
    enabled = flag_at(section, "enabled")
    if enabled is False or (enabled is None and not reader.generated) or flag_at(section, "registries.service.disabled") is True:
        return ()
    endpoint = text_at(section, "registries.service.endpoint")
    return (DISCOVERY if endpoint is None else host_and_port(endpoint) or "unknown",)


def _time(reader: _Reader) -> tuple[bool, tuple[str, ...], bool]:
    """(enabled, servers on the network, whether the configuration names any source of time)."""
    document = reader.document("TimeSyncConfig")
    enabled = flag_at(document, "enabled") is not False and flag_at(reader.main, "machine.time.disabled") is not True
    given = [*texts(lookup(document, "ntp.servers")), *texts(lookup(reader.main, "machine.time.servers"))]
    named = tuple(item.text for item in given if not item.text.startswith("/dev/") and placeholder(item) is None)
    if given or texts(lookup(document, "ptp.devices")):
        return enabled, named, True
    return enabled, (DEFAULT_TIME_SERVER,), False


def _nts(reader: _Reader, given: bool) -> bool:
    said = flag_at(reader.document("TimeSyncConfig"), "ntp.useNTS")
    return said if said is not None else not given and reader.version >= KUBE_DOCUMENTS


def _resolvers(reader: _Reader) -> tuple[str, ...]:
    nodes = lookup(reader.document("ResolverConfig"), "nameservers")
    listed = [text_at(item, "address") or "" for item in (nodes.items if isinstance(nodes, Sequence) else ())]
    listed += [item.text for item in texts(lookup(reader.main, "machine.network.nameservers"))]
    return tuple(text for text in listed if _is_network(text))


def _interfaces(reader: _Reader) -> Iterator[Mapping]:
    found = lookup(reader.main, "machine.network.interfaces")
    for interface in found.items if isinstance(found, Sequence) else ():
        if isinstance(interface, Mapping):
            yield interface
            vlans = lookup(interface, "vlans")
            yield from (vlan for vlan in (vlans.items if isinstance(vlans, Sequence) else ()) if isinstance(vlan, Mapping))


def _written(reader: _Reader) -> Iterator[tuple[str, bool]]:
    """Every address that is written down, with whether its link leads anywhere by itself; shared addresses are not the machine's own."""
    for interface in _interfaces(reader):
        name = text_at(interface, "interface") or ""
        real = lookup(interface, "wireguard") is None and flag_at(interface, "dummy") is not True and name not in _NOWHERE
        cidr = lookup(interface, "cidr")
        for item in (*texts(lookup(interface, "addresses")), *([cidr] if isinstance(cidr, Scalar) else [])):
            yield item.text, real
    for kind in (*_LINKS, *_TUNNELS):
        for document in reader.combined.all(kind):
            listed = lookup(document.node, "addresses")
            for entry in listed.items if isinstance(listed, Sequence) else ():
                yield text_at(entry, "address") or "", kind in _LINKS and document.name not in _NOWHERE


def _address(text: str) -> Iterator[str]:
    try:
        yield str(ipaddress.ip_interface(text).ip)
    except ValueError:
        return


def _has_others(reader: _Reader, written: list[tuple[str, bool]]) -> bool:
    """Whether the machine may have addresses that are not written down: filled in, or by DHCP, which links ask that nothing is said of."""
    switches = [lookup(interface, "dhcp") for interface in _interfaces(reader)]
    if (
        any(flag(switch) is True or placeholder(switch) for switch in switches)
        or reader.document("DHCPv4Config")
        or reader.document("DHCPv6Config")
    ):
        return True
    return not all(any(_address(text)) for text, _ in written) or not any(real for _, real in written)


def _dhcpv6(reader: _Reader) -> Span | None:
    for interface in _interfaces(reader):
        node = lookup(interface, "dhcpOptions.ipv6")
        if node is not None and flag(node) is True:
            return key_of(node)
    document = reader.document("DHCPv6Config")
    return document.span if document is not None else None


def _number(node: Node | None) -> int | None:
    try:
        return read_number(node) if isinstance(node, Scalar) else None
    except Refused:
        return None


def _wireguard(reader: _Reader) -> Iterator[tuple[int, Span]]:
    nodes = [lookup(interface, "wireguard.listenPort") for interface in _interfaces(reader)]
    nodes += [lookup(document.node, "listenPort") for document in reader.combined.all("WireguardConfig")]
    for node in nodes:
        number = _number(node)
        if node is not None and number is not None:
            yield number, where(node)


def _api_port(reader: _Reader) -> int:
    return _number(reader.either("cluster.controlPlane.localAPIServerPort", ("KubeAPIServerConfig", "apiPort"))) or 6443


_ARGUMENTS = (
    ("cluster.controllerManager.extraArgs", "KubeControllerManagerConfig", "bind-address", "tcp/10257", "the controller manager"),
    ("cluster.scheduler.extraArgs", "KubeSchedulerConfig", "bind-address", "tcp/10259", "the scheduler"),
    ("cluster.etcd.extraArgs", "", "listen-metrics-urls", "tcp/2381", "etcd's metrics, without authentication,"),
    ("cluster.proxy.extraArgs", "KubeProxyConfig", "metrics-bind-address", "tcp/10249", "kube-proxy's metrics"),
)


def _listeners(reader: _Reader) -> Iterator[Listener]:
    for path, kind, argument, service, what in _ARGUMENTS:
        arguments = lookup(reader.document(kind), "extraArgs") if kind else None
        arguments = arguments if arguments is not None else lookup(reader.main, path)
        node = arguments.get(argument) if isinstance(arguments, Mapping) else None
        value = node.text if isinstance(node, Scalar) else ""
        if node is not None and re.search(r"(?<![\d.])0\.0\.0\.0(?![\d.])|\[::\]|^::", value):
            port = re.search(r":(\d{2,5})\s*$", value)
            yield Listener(f"tcp/{port[1]}" if port and argument != "bind-address" else service, where(node), what)


def _etcd_subnets(reader: _Reader) -> tuple[str, ...]:
    listed = _networks_at(lookup(reader.main, "cluster.etcd.advertisedSubnets"))
    single = text_at(reader.main, "cluster.etcd.subnet")
    return listed or ((single,) if single and _is_network(single) else ())


def installed(combined: Combined) -> Version | None:
    """The version of the installer's image."""
    places = ((MAIN, "machine.install.image"), ("UnattendedInstallConfig", "installer.image"))
    found = (text_at(document.node, path) for kind, path in places if (document := combined.document(kind)) is not None)
    image = next((each for each in found if each), None)
    return parse_version(image.partition("@")[0].rpartition(":")[2]) if image else None
