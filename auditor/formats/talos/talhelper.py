"""talhelper's talconfig.yaml: an inventory of nodes, the documents it generates for each, and the order of their patches.

A field on the node replaces the group's as a whole; patches are the exception: group, then node, then the global ones. A firewall without
`defaultAction` is generated as accept, whatever talhelper's schema says.
"""

from __future__ import annotations

import ipaddress
import posixpath
import re
from collections.abc import Callable, Iterator

from auditor.files import Tree, Unreadable, normalise, read_text
from auditor.formats.talos.decode import check_document
from auditor.formats.talos.documents import Document, Loaded, Shape, load
from auditor.formats.talos.layout import CONTROL_PLANE, WORKER
from auditor.formats.talos.machine import Inventory, Plan
from auditor.formats.talos.merge import texts
from auditor.formats.talos.notes import key_of, refuse, where
from auditor.formats.talos.relocate import into_scalar
from auditor.formats.talos.scalars import is_null, placeholder
from auditor.formats.talos.talhelper_keys import misshapen, unknown_keys
from auditor.formats.talos.validate import flag_at, lookup, text_at
from auditor.formats.talos.version import GENERATES_SEVERAL, NEWEST_STABLE, Version, parse_version
from auditor.model.record import dataclass, field, replace
from auditor.model.source import Effect, Level, Note, Source, Span, Unknown
from auditor.yamlscalars import Schema
from auditor.yamlspan import Mapping, Node, Scalar, Sequence, YamlError, read

LIBRARY = Version(1, 14, 0, 0, 2)
"""What talhelper 3.1.13 to 3.1.16 merge with."""
_USUAL_IPV6 = {"clusterPodNets": "fc00:db8:10::/56", "clusterSvcNets": "fc00:db8:20::/112"}
_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(slots=True)
class _Reading:
    tree: Tree
    source: Source
    root: Mapping
    version: Version
    stated: Version | None
    variables: dict[str, str]
    notes: list[Note] = field(default_factory=list)
    refusals: list[Note] = field(default_factory=list)  # of the whole file, and so of every node in it
    used: set[str] = field(default_factory=set)
    missing: list[Unknown] = field(default_factory=list)

    def sibling(self, path: str) -> str:
        """A path in the configuration's words, relative to the root."""
        return normalise(posixpath.join(posixpath.dirname(self.source.path), path))


def read_inventory(tree: Tree, source: Source, version: Version | None) -> Inventory:
    """The nodes of a talconfig.yaml; `version` is what the user says the nodes run."""
    variables = _variables(tree, source.path)
    source = Source(source.path, _expanded(source.text, variables))
    try:
        stream = read(source, Schema.GO)
    except YamlError as error:
        return Inventory(notes=(refuse("unparsable", error.message, error.span),))
    roots = [node for node in stream.documents if not is_null(node)]
    if len(roots) != 1 or not isinstance(roots[0], Mapping):
        return Inventory(notes=(refuse("unparsable", "one mapping with clusterName and nodes is expected", Span.of_file(source.path)),))
    stated = parse_version(text_at(roots[0], "talosVersion") or "") or version
    reading = _Reading(tree, source, roots[0], stated or NEWEST_STABLE, stated, variables)
    for duplicate in stream.duplicates:
        message = f"the key {duplicate.name} is given twice: talhelper refuses the file; keep one"
        reading.refusals.append(refuse("repeated-key", message, duplicate.span, ("first given here", duplicate.first)))
    reading.refusals += misshapen(roots[0])
    reading.notes += (*reading.refusals, *unknown_keys(roots[0]))
    plans = tuple(_plan(node, reading) for node in _items(roots[0], "nodes"))
    if not plans:
        reading.notes.append(refuse("unparsable", "there are no nodes in this talhelper configuration", key_of(roots[0])))
    return Inventory(plans, tuple(dict.fromkeys(reading.notes)), frozenset(reading.used))


def _items(node: Node, key: str) -> list[Mapping]:
    found = lookup(node, key)
    return [item for item in (found.items if isinstance(found, Sequence) else ()) if isinstance(item, Mapping)]


def _plan(node: Mapping, reading: _Reading) -> Plan:
    role = CONTROL_PLANE if flag_at(node, "controlPlane") else WORKER
    group = lookup(reading.root, "controlPlane" if role == CONTROL_PLANE else "worker")
    group = group if isinstance(group, Mapping) else None
    reading.missing.clear()
    switch = lookup(node, "controlPlane")
    if placeholder(switch) is not None:
        reading.missing.append(Unknown("whether it is a control plane is filled in elsewhere", switch.span if switch else None))
    base = _base(node, group, role, reading)
    patches = tuple(_patches(node, group, reading))
    name = text_at(node, "hostname") or f"node-{node.span.line}"
    cluster = text_at(reading.root, "clusterName") or ""
    path = reading.source.path
    return Plan(
        f"talos:{path}#{name}",
        name,
        node.span,
        group=path,
        base=base,
        patches=patches,
        role=role,
        version=reading.stated,
        library=LIBRARY,
        addresses=_addresses(text_at(node, "ipAddress") or ""),
        aliases=(f"talos:{name}",),
        unread=tuple(reading.missing),
        generated=True,
        attributes=(("cluster", cluster), ("hostname", name)) if cluster else (("hostname", name),),
    )


def _addresses(text: str) -> tuple[str, ...]:
    """A node's addresses; none where one of them is filled in later: the others are not all that it has."""
    try:
        return tuple(str(ipaddress.ip_address(part.strip())) for part in text.split(","))
    except ValueError:
        return ()


def _effective(node: Mapping, group: Mapping | None, key: str) -> Node | None:
    own = node.get(key)
    return own if own is not None and not is_null(own) else lookup(group, key)


# What talhelper generates


def _base(node: Mapping, group: Mapping | None, role: str, reading: _Reading) -> Loaded:
    documents = [_main(node, group, role, reading)]
    if reading.version >= GENERATES_SEVERAL:
        documents.append(_document("HostnameConfig", "", node, {}))
        servers = texts(_effective(node, group, "nameservers"))
        if servers:
            listed = tuple(Mapping(server.span, {"address": server}) for server in servers)
            documents.append(_document("ResolverConfig", "", node, {"nameservers": Sequence(node.span, listed)}))
    firewall = _effective(node, group, "ingressFirewall")
    notes = [*reading.refusals]
    if isinstance(firewall, Mapping):
        documents += _firewall(firewall, notes, reading)
    shared = () if flag_at(node, "overrideExtraManifests") else texts(lookup(group, "extraManifests"))
    for item in (*texts(lookup(node, "extraManifests")), *shared):
        loaded = _file(item, item.text.removeprefix("@"), reading, patch=False)
        if loaded is not None:
            documents += loaded.documents
            notes += loaded.notes
    return Loaded(Shape.DOCUMENTS, node.span, tuple(documents), notes=tuple(notes))


def _section(span: Span, **entries: Node | None) -> Mapping | None:
    kept = {key: value for key, value in entries.items() if value is not None}
    return Mapping(span, kept) if kept else None


def _text(span: Span, text: str) -> Scalar:
    return Scalar(span, text, text)


def _main(node: Mapping, group: Mapping | None, role: str, reading: _Reading) -> Document:
    """The parts of the generated v1alpha1 document that a port check reads."""
    root, span = reading.root, node.span
    cni = _effective(root, None, "cniConfig")
    pods, services = (_networks(root, key, usual) for key, usual in _USUAL_IPV6.items())
    network = _section(span, podSubnets=pods, serviceSubnets=services, cni=cni)
    interfaces = _effective(node, group, "networkInterfaces")
    servers = _effective(node, group, "nameservers") if reading.version < GENERATES_SEVERAL else None
    machine = _section(
        span,
        type=_text(where(node.get("controlPlane") or node), "controlplane" if role == CONTROL_PLANE else "worker"),
        network=_section(span, interfaces=interfaces, nameservers=servers),
    )
    endpoint = root.get("endpoint")
    cluster = _section(span, network=network, controlPlane=_section(span, endpoint=endpoint))
    main = _section(span, machine=machine, cluster=cluster)
    assert main is not None
    return Document("main", "", main)


def _networks(root: Mapping, key: str, usual: str) -> Node | None:
    """Pod or service networks; behind an endpoint with an IPv6 address talhelper's own, where none are given."""
    given, endpoint = lookup(root, key), root.get("endpoint")
    if texts(given) or not isinstance(endpoint, Scalar) or "://[" not in endpoint.text:
        return given
    return Sequence(endpoint.span, (_text(endpoint.span, usual),))


def _document(kind: str, name: str, place: Mapping, entries: dict[str, Node]) -> Document:
    span = place.span
    head: dict[str, Node] = {"apiVersion": _text(span, "v1alpha1"), "kind": replace(_text(span, kind), key=span)}
    return Document(kind, name, Mapping(span, {**head, **entries}, key=place.key))


def _firewall(firewall: Mapping, notes: list[Note], reading: _Reading) -> Iterator[Document]:
    action, rules = firewall.get("defaultAction"), _items(firewall, "rules")
    for key, value in firewall.entries.items():
        if key not in ("defaultAction", "rules"):
            notes.append(
                refuse("unknown-key", f"the key {key} is unknown in ingressFirewall: known are defaultAction, rules", key_of(value))
            )
    if action is None or is_null(action):
        if rules:
            message = (
                "without defaultAction talhelper generates accept: every rule denies everybody but its sources; write defaultAction: block"
            )
            notes.append(Note("talhelper-default-accept", message, key_of(firewall), Effect.WIDENED, Level.WARNING))
        action = None
    document = _document("NetworkDefaultActionConfig", "", firewall, {"ingress": action} if action is not None else {})
    notes += check_document(document.node, document.kind, reading.version)
    yield document
    for rule in rules:
        document = _document("NetworkRuleConfig", text_at(rule, "name") or "", rule, dict(rule.entries))
        notes += check_document(document.node, document.kind, reading.version)
        yield document


# Its patches


def _patches(node: Mapping, group: Mapping | None, reading: _Reading) -> Iterator[Loaded]:
    own, shared = texts(lookup(node, "patches")), texts(lookup(group, "patches"))
    chosen = own if own and flag_at(node, "overridePatches") else (*shared, *own)  # overriding with nothing overrides nothing
    for scalar in (*chosen, *texts(lookup(reading.root, "patches"))):
        loaded = _patch(scalar, reading)
        if loaded is not None:
            yield loaded


def _patch(scalar: Scalar, reading: _Reading) -> Loaded | None:
    if scalar.text.startswith("@"):
        return _file(scalar, scalar.text[1:], reading, patch=True)
    return read_inside(scalar, reading.source, reading.version)


def read_inside(scalar: Scalar, source: Source, version: Version) -> Loaded:
    """A patch that is the text of a scalar of `source`."""
    return load(Source(source.path, scalar.text), version, patch=True, move=into_scalar(scalar, source))


def _file(scalar: Scalar, path: str, reading: _Reading, *, patch: bool) -> Loaded | None:
    try:
        full = reading.sibling(path)
        source = read_text(reading.tree, full)
    except Unreadable as error:
        reason = str(error) if reading.tree.exists(posixpath.join(posixpath.dirname(reading.source.path), path)) else "is not there"
        message = f"the file {path} {reason}: what it changes is not known"
        reading.notes.append(Note("missing-patch", message, where(scalar), Effect.UNKNOWN, Level.WARNING))
        reading.missing.append(Unknown(f"the patch file {path} could not be read", where(scalar)))
        return None
    reading.used.add(full)
    if not source.text.strip():
        return None  # talhelper passes over such a file
    text = _expanded(source.text, reading.variables).replace("$$", "$")
    return load(Source(full, text), reading.version, patch=patch)


def _variables(tree: Tree, path: str) -> dict[str, str]:
    """What talenv.yaml beside the configuration gives for variables; encrypted values are none."""
    for name in ("talenv.yaml", "talenv.yml"):
        full = posixpath.join(posixpath.dirname(path), name)
        try:
            root = read(read_text(tree, full), Schema.GO).documents
        except (Unreadable, YamlError):
            continue
        entries = root[0].entries if root and isinstance(root[0], Mapping) else {}
        return {key: value.text for key, value in entries.items() if isinstance(value, Scalar) and "ENC[" not in value.text}
    return {}


def _expanded(text: str, variables: dict[str, str]) -> str:
    if not variables:
        return text
    given: Callable[[re.Match[str]], str] = lambda match: variables.get(match[1], match[0])  # noqa: E731
    return _VARIABLE.sub(given, text)
