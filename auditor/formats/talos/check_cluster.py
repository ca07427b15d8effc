"""Lints about what a cluster needs of the host firewall, as far as its own configuration says, and what it exposes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from auditor.formats.talos.convert import NODEPORTS, covers_all_ports
from auditor.formats.talos.firewall import FirewallRule, Intervals
from auditor.formats.talos.layout import CONTROL_PLANE, WORKER
from auditor.formats.talos.machine import Machine
from auditor.formats.talos.version import KUBE_DOCUMENTS, NODEPORTS_FILTERED
from auditor.model.headers import IPV4, IPV6, PUBLIC, address_interval, intersect_intervals, merge_intervals, subtract_intervals
from auditor.model.record import dataclass
from auditor.model.source import Effect, Level, Note, Span

APID, TRUSTD, KUBELET, ETCD, ETCD_HTTP, WIREGUARD = 50000, 50001, 10250, (2379, 2380), 2383, 51820
_TUNNELS = {4789: "VXLAN (Flannel, Calico)", 8472: "VXLAN (Cilium)", 6081: "GENEVE"}
_NARROW = 16


@dataclass(frozen=True, slots=True)
class _View:
    """A machine in block mode, with what its rules let in."""

    machine: Machine
    rules: tuple[FirewallRule, ...]
    span: Span

    def of(self, protocol: str, port: int) -> tuple[FirewallRule, ...]:
        return tuple(rule for rule in self.rules if rule.protocol == protocol and rule.covers(port))

    def open(self, protocol: str, port: int) -> bool:
        """Whether some rule may be for the port: nothing is missing where what a rule says is not known."""
        return bool(self.of(protocol, port)) or any(not rule.sure_services for rule in self.rules)

    def admitted(self, protocol: str, port: int) -> Intervals:
        """Everybody who may come in there."""
        return merge_intervals(interval for rule in self.of(protocol, port) for interval in rule.maybe)


def check_cluster(machine: Machine, parameters: Mapping[str, object]) -> Iterator[Note]:
    """Every lint about the cluster's needs."""
    firewall = machine.firewall
    view = _View(machine, firewall.rules, firewall.span or machine.plan.span)
    yield from _exposed_metrics(view)
    yield from _node_ports(view)
    if not firewall.block:
        return
    yield from _lockout(view)
    yield from _etcd(view)
    yield from _pods(view)
    yield from _overlay(view, parameters)
    yield from _tunnels(view, parameters)
    yield from _families(view)


def _note(trap: str, message: str, span: Span, effect: Effect = Effect.DANGEROUS, level: Level = Level.WARNING) -> Note:
    return Note(trap, message, span, effect, level)


def _is_narrow(rule: FirewallRule, ports: Iterable[int]) -> bool:
    return any(each.high - each.low < _NARROW and each.low <= port <= each.high for each, _ in rule.ports for port in ports)


def _lockout(view: _View) -> Iterator[Note]:
    if not view.open("tcp", APID):
        message = "block, and no rule for tcp/50000: nobody reaches this node's Talos API again; try it with apply-config --mode=try"
        yield _note("lockout", message, view.span, Effect.NARROWED, Level.ERROR)


def _etcd(view: _View) -> Iterator[Note]:
    machine = view.machine
    pods = tuple(map(address_interval, machine.facts.networks.pods))
    for rule in view.rules:
        if rule.protocol != "tcp" or not _is_narrow(rule, ETCD):
            continue
        if machine.role == WORKER:
            message = f"a worker runs no etcd: {rule.name} opens its ports to no purpose"
            yield _note("etcd-exposed", message, rule.span, Effect.DANGEROUS, Level.ERROR)
        elif intersect_intervals(rule.surely, pods) and not subtract_intervals(rule.surely, pods):
            yield _note("etcd-exposed", f"{rule.name} opens etcd to the pods", rule.ingress_span, Effect.DANGEROUS, Level.ERROR)
    if machine.role == CONTROL_PLANE and machine.version >= KUBE_DOCUMENTS:
        beyond = subtract_intervals(view.admitted("tcp", ETCD_HTTP), view.admitted("tcp", ETCD[0]))
        if beyond:
            rule = view.of("tcp", ETCD_HTTP)[0]
            message = f"tcp/2383, etcd's HTTP port since Talos 1.14, is open by {rule.name} to others than 2379 is: protect both alike"
            yield _note("etcd-http-port", message, rule.ingress_span)


def _pods(view: _View) -> Iterator[Note]:
    facts = view.machine.facts
    pods = tuple(map(address_interval, facts.networks.pods))
    wanted = [(KUBELET, "kubelet-pod-cidr", "the kubelet", "metrics and monitoring in pods")]
    if view.machine.role != WORKER:
        wanted.append((facts.api_port, "api-pod-cidr", "the Kubernetes API", "pods on the same node come with their own addresses"))
    for port, trap, what, why in wanted:
        rules = view.of("tcp", port)
        missing = subtract_intervals(pods, view.admitted("tcp", port)) if rules and pods else ()
        if missing and all(rule.sure_services for rule in view.rules):
            message = f"tcp/{port} ({what}) does not let in the pod network {', '.join(facts.networks.pods)}: {why}"
            yield _note(trap, message, rules[0].ingress_span, Effect.NARROWED)


def _overlay(view: _View, parameters: Mapping[str, object]) -> Iterator[Note]:
    facts = view.machine.facts
    inside = facts.networks.intervals()
    for rule in view.rules:
        for port, what in _TUNNELS.items():
            if not (rule.covers(port) and _is_narrow(rule, (port,))):
                continue
            if rule.protocol == "tcp" and not view.of("udp", port):
                message = f"{what} runs over udp/{port}: {rule.name} opens tcp"
                yield _note("overlay-port", message, rule.span, Effect.NARROWED, Level.ERROR)
            elif rule.protocol == "udp" and rule.maybe and inside and not subtract_intervals(rule.maybe, inside):
                message = f"the tunnels of {what} run between node addresses: {rule.name} lets in the pods' networks alone"
                yield _note("overlay-source", message, rule.ingress_span, Effect.NARROWED, Level.ERROR)
    whole = view.machine.plan.base is not None  # patches alone do not show which plugin the cluster has
    flannel = whole and facts.cni == "flannel" and facts.cni_hint is None and "cni" not in parameters
    if flannel and not view.open("udp", 4789):
        others = [port for port in (8472, 6081) if view.of("udp", port)]
        hint = f"; udp/{others[0]} is another plugin's" if others else ""
        message = f"Flannel, Talos's own CNI, needs udp/4789 between the nodes, and no rule opens it{hint}; or set the parameter cni"
        yield _note("overlay-port", message, view.span, Effect.NARROWED, Level.ERROR)
    if facts.cni_hint == "calico":
        message = "Calico's IPIP is IP protocol 4, which block mode drops and no rule can allow: use its VXLAN"
        yield _note("unfilterable-protocol", message, view.span, Effect.NARROWED)


def _tunnels(view: _View, parameters: Mapping[str, object]) -> Iterator[Note]:
    facts = view.machine.facts
    if facts.kubespan and not view.open("udp", WIREGUARD) and str(parameters.get("kubespan", "")).lower() not in ("true", "yes"):
        message = "KubeSpan is on, and no rule opens udp/51820 between the nodes"
        yield _note("kubespan-port", message, facts.kubespan_span or view.span, Effect.NARROWED, Level.ERROR)
    for port, span in facts.wireguard_ports:
        if facts.kubespan and port == WIREGUARD:
            yield _note("kubespan-port", "KubeSpan has udp/51820 already: choose another port", span, Effect.DANGEROUS, Level.ERROR)
    if facts.cni_hint == "cilium":
        if not view.open("tcp", 4244):
            message = "Hubble needs tcp/4244, from the nodes and the pods, and no rule opens it"
            yield _note("cilium-extras", message, view.span, Effect.NARROWED)
        full = [rule for rule in view.rules if rule.protocol == "icmp" and covers_all_ports([(p.low, p.high) for p, _ in rule.ports])]
        if not full:
            message = "Cilium's health checks ping every node, and block mode lets in 5 ICMP packets a second: add an icmp rule for 0-65535"
            yield _note("icmp-limited", message, view.span, Effect.NARROWED, Level.NOTE)
    if facts.dhcpv6 is not None and not view.open("udp", 546):
        message = "DHCPv6 answers come as new connections to udp/546, and no rule lets them in from fe80::/10"
        yield _note("dhcpv6-closed", message, facts.dhcpv6, Effect.NARROWED)


def _families(view: _View) -> Iterator[Note]:
    facts = view.machine.facts
    dual = [text for text in (*facts.networks.pods, *facts.addresses, *facts.node_networks) if ":" in text]
    v4 = any(intersect_intervals(rule.maybe, (IPV4,)) for rule in view.rules)
    v6 = any(intersect_intervals(rule.maybe, (IPV6,)) for rule in view.rules)
    if dual and v4 and not v6:
        message = f"the cluster has IPv6 ({dual[0]}), and no rule lets any of it in"
        yield _note("ipv6-forgotten", message, view.span, Effect.NARROWED)


def _node_ports(view: _View) -> Iterator[Note]:
    machine = view.machine
    for rule in view.rules:
        spans = [(ports, span) for ports, span in rule.ports if NODEPORTS[0] <= ports.low and ports.high <= NODEPORTS[1]]
        if not spans or rule.protocol not in ("tcp", "udp"):
            continue
        if machine.version < NODEPORTS_FILTERED:
            message = f"NodePorts are not filtered before Talos 1.10: {rule.name} has no effect"
        elif not machine.facts.kube_proxy:
            message = f"kube-proxy is off: what replaces it answers NodePorts before the filter, and {rule.name} has no effect"
        else:
            continue
        yield _note("nodeport-bypassed", message, spans[0][1], Effect.IGNORED, Level.NOTE)


def _exposed_metrics(view: _View) -> Iterator[Note]:
    """Ports that an argument opens on all addresses, and that the world may reach."""
    for listener in view.machine.facts.listeners:
        protocol, _, port = listener.service.partition("/")
        rules = view.of(protocol, int(port))
        if view.machine.firewall.block:
            exposed = bool(rules) and not subtract_intervals(intersect_intervals(PUBLIC, (IPV4,)), view.admitted(protocol, int(port)))
        else:
            exposed = not rules
        if exposed:
            message = f"{listener.what} listens on all addresses ({listener.service}), and this node's firewall lets everybody in"
            level = Level.WARNING if view.machine.firewall.filters else Level.NOTE
            yield _note("metrics-exposed", message, listener.span, Effect.DANGEROUS, level)
