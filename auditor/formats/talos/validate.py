"""What Talos loads and its validation then refuses: the node keeps its old configuration, so each is as bad as a load error."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from auditor.formats.talos.documents import MAIN, Document
from auditor.formats.talos.merge import texts
from auditor.formats.talos.notes import key_of, refuse, where
from auditor.formats.talos.scalars import Ports, Refused, is_null, placeholder, read_boolean, read_ports
from auditor.model.source import Effect, Level, Note
from auditor.yamlspan import Mapping, Node, Scalar
from auditor.yamlspan import Sequence as NodeSequence

MACHINE_TYPES = {"controlplane": "control-plane", "init": "control-plane", "worker": "worker", "join": "worker"}


def lookup(node: Node | None, path: str) -> Node | None:
    """The value at a dotted path; None where it, or anything on the way, is absent or null."""
    for step in path.split("."):
        node = node.get(step) if isinstance(node, Mapping) else None
    return None if is_null(node) else node


def text_at(node: Node | None, path: str) -> str | None:
    """The text of the scalar at a dotted path."""
    found = lookup(node, path)
    return found.text if isinstance(found, Scalar) else None


def flag_at(node: Node | None, path: str) -> bool | None:
    """The boolean at a dotted path; None where it is absent or no boolean."""
    return flag(lookup(node, path))


def flag(node: Node | None) -> bool | None:
    """A value as a boolean; None where it is none."""
    try:
        return read_boolean(node) if isinstance(node, Scalar) else None
    except Refused:
        return None


def validate(documents: Sequence[Document]) -> Iterator[Note]:
    """Every objection of the validation that concerns what is read here, missing protocols among them."""
    yield from missing_protocols(documents)
    for document in documents:
        if document.kind == "NetworkRuleConfig":
            yield from _rule(document)
    main = next((document for document in documents if document.kind == MAIN), None)
    if main is not None:
        yield from _machine(main.node)
        yield from _conflicts(main.node, documents)


def missing_protocols(documents: Iterable[Document]) -> Iterator[Note]:
    """Rules without a protocol: they load once, and no more after any patch."""
    for document in documents:
        if document.kind != "NetworkRuleConfig" or placeholder(document.node.get("portSelector")) is not None:
            continue
        if lookup(document.node, "portSelector.protocol") is None:
            span = key_of(document.node.get("portSelector") or document.node)
            message = f"{document.title} has no protocol: it matches nothing, and no longer loads after any patch; write protocol: tcp"
            yield refuse("missing-protocol", message, span)


def ports_of(rule: Mapping) -> tuple[list[tuple[Ports, Scalar]], list[Scalar]]:
    """The ports of a rule that can be read, each with its place, and those that another tool fills in."""
    known, unknown = [], []
    listed = lookup(rule, "portSelector.ports") or rule.get("portSelector")
    for node in (listed,) if isinstance(listed, Scalar) else texts(listed):
        try:
            known.append((read_ports(node), node))
        except Refused:
            if placeholder(node) is not None:
                unknown.append(node)
    return known, unknown


def _rule(document: Document) -> Iterator[Note]:
    if not document.name:
        yield refuse(
            "missing-name", "a rule needs a name: it is told from others by it", key_of(document.node.get("kind") or document.node)
        )
    known, unknown = ports_of(document.node)
    if not unknown and not texts(lookup(document.node, "portSelector.ports")):
        span = key_of(document.node.get("portSelector") or document.node)
        yield refuse("missing-ports", f"{document.title} has no ports: write portSelector.ports", span)
    yield from _overlaps(document, known)
    ingress = lookup(document.node, "ingress")
    for entry in ingress.items if isinstance(ingress, NodeSequence) else ():
        if isinstance(entry, Mapping) and not text_at(entry, "subnet"):
            yield refuse("missing-subnet", f"an entry of {document.title} has no subnet: write it, or remove the entry", entry.span)


def _overlaps(document: Document, known: list[tuple[Ports, Scalar]]) -> Iterator[Note]:
    last: tuple[Ports, Scalar] | None = None
    for ports, node in sorted(known, key=lambda pair: pair[0]):
        if ports.low > ports.high:
            yield refuse("overlapping-ports", f"{ports} of {document.title} runs backwards: write low-high", where(node))
        elif last is not None and ports.low <= last[0].high:
            message = f"{ports} overlaps {last[0]} in {document.title}: Talos refuses that; keep one"
            yield refuse("overlapping-ports", message, where(node), ("overlaps this", where(last[1])))
        if ports.low <= ports.high and (last is None or ports.high > last[0].high):
            last = ports, node


def _machine(main: Mapping) -> Iterator[Note]:
    type_ = lookup(main, "machine.type")
    if not isinstance(type_, Scalar) or not type_.text or placeholder(type_):
        return
    role = MACHINE_TYPES.get(type_.text)
    if role is None:
        yield refuse("unknown-machine-type", "no machine type of Talos: write controlplane or worker", where(type_))
    elif role == "worker":
        etcd = lookup(main, "cluster.etcd")
        if etcd is not None:
            yield refuse("etcd-on-worker", "cluster.etcd is only allowed on control planes: move it to their patches", key_of(etcd))


def _time(node: Node | None) -> bool:
    return bool(texts(lookup(node, "servers"))) or flag_at(node, "disabled") is True or lookup(node, "bootTimeout") is not None


def _is_set(node: Node | None) -> bool:
    if isinstance(node, Mapping):
        return bool(node.entries)
    if isinstance(node, NodeSequence):
        return bool(node.items)
    return isinstance(node, Scalar) and node.text != ""


_Test = Callable[[Node | None], bool]
_EXCLUDED: tuple[tuple[str, str, _Test], ...] = (
    ("TimeSyncConfig", "machine.time", _time),
    ("ResolverConfig", "machine.network.nameservers", _is_set),
    ("ResolverConfig", "machine.network.searchDomains", _is_set),
    ("ResolverConfig", "machine.network.disableSearchDomain", _is_set),
    ("KubeSpanConfig", "machine.network.kubespan", _is_set),
    ("DiscoveryServiceConfig", "cluster.discovery", _is_set),
    ("DiscoveryIdentityConfig", "cluster.id", _is_set),
    ("DiscoveryIdentityConfig", "cluster.secret", _is_set),
    ("KubeNetworkConfig", "cluster.network", _is_set),
    ("KubeFlannelCNIConfig", "cluster.network", _is_set),
    ("KubeProxyConfig", "cluster.proxy", _is_set),
    ("KubePrismConfig", "machine.features.kubePrism", _is_set),
    ("KubeClusterConfig", "cluster.clusterName", _is_set),
    ("KubeClusterConfig", "cluster.controlPlane.endpoint", _is_set),
    ("KubeAPIServerConfig", "cluster.apiServer", _is_set),
    ("KubeAPIServerConfig", "cluster.controlPlane.localAPIServerPort", _is_set),
    ("KubeControllerManagerConfig", "cluster.controllerManager", _is_set),
    ("KubeControllerManagerConfig", "machine.controlPlane.controllerManager", _is_set),
    ("KubeSchedulerConfig", "cluster.scheduler", _is_set),
    ("KubeSchedulerConfig", "machine.controlPlane.scheduler", _is_set),
    ("KubeletConfig", "machine.kubelet", _is_set),
    ("HostnameConfig", "machine.network.hostname", _is_set),
    ("HostnameConfig", "machine.features.stableHostname", lambda node: flag(node) is True),
    ("UnattendedInstallConfig", "machine.install", _is_set),
)


def _conflicts(main: Mapping, documents: Sequence[Document]) -> Iterator[Note]:
    by_kind = {document.kind: document for document in reversed(documents)}
    rows = [*_EXCLUDED]
    resolver = by_kind.get("ResolverConfig")
    if resolver is not None and lookup(resolver.node, "hostDNS") is not None:
        rows.append(("ResolverConfig", "machine.features.hostDNS", _is_set))
    for kind, path, is_given in rows:
        document, field = by_kind.get(kind), lookup(main, path)
        if document is not None and is_given(field):
            assert field is not None
            message = f"{path} and a {kind} exclude each other, and Talos refuses both together: keep one"
            yield refuse("conflicting-documents", message, key_of(document.node.get("kind") or document.node), ("the field", key_of(field)))


_SUPERSEDED = {
    "cluster.network": "KubeNetworkConfig",
    "cluster.proxy": "KubeProxyConfig",
    "cluster.discovery": "DiscoveryServiceConfig",
    "machine.features.hostDNS": "ResolverConfig",
}


def superseded(documents: Sequence[Document]) -> Iterator[Note]:
    """Fields that exclude a document which a configuration generated from 1.14 on has; whether it was generated so is not known."""
    main = next((document.node for document in documents if document.kind == MAIN), None)
    for path, kind in _SUPERSEDED.items():
        field = lookup(main, path)
        if field is not None and _is_set(field):
            message = f"a configuration generated by Talos 1.14 has a {kind}, which excludes {path}: patch that document instead"
            yield Note("conflicting-documents", message, key_of(field), Effect.UNKNOWN, Level.WARNING)
