"""What talhelper makes of the form of its talconfig.yaml: it passes over keys it does not know, and refuses values of another shape."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from auditor.formats.talos.notes import key_of, refuse, where
from auditor.formats.talos.scalars import is_null, placeholder
from auditor.formats.talos.validate import flag, lookup
from auditor.model.source import Effect, Level, Note
from auditor.yamlspan import Mapping, Node, Scalar, Sequence


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_GROUP = _words(
    """nodeLabels nodeAnnotations nodeTaints machineDisks machineFiles disableSearchDomain kernelModules nameservers networkInterfaces
    extraManifests certSANs patches talosImageURL noSchematicValidate schematic imageSchematic machineSpec ingressFirewall extensionServices
    volumes userVolumes filenameTmpl"""
)
_NODE = _GROUP | _words(
    """hostname ipAddress controlPlane installDisk installDiskSelector ignoreHostname overridePatches overrideExtraManifests
    overrideMachineCertSANs"""
)
_ROOT = _words(
    """clusterName talosVersion kubernetesVersion endpoint domain allowSchedulingOnMasters allowSchedulingOnControlPlanes
    additionalMachineCertSans additionalApiServerCertSans inlineManifests clusterPodNets clusterSvcNets cniConfig patches nodes imageFactory
    controlPlane worker"""
)
_NOT_MEANT_FOR_TALHELPER = ("x-", ".", "_")
"""How keys begin that hold anchors for the rest of the file."""
_LISTS = ("patches", "extraManifests", "nameservers", "clusterPodNets", "clusterSvcNets")


def unknown_keys(root: Mapping) -> Iterator[Note]:
    """Keys that have no effect, mistyped ones among them."""
    for node, known in _parts(root):
        for key, value in node.entries.items():
            if key not in known and not key.startswith(_NOT_MEANT_FOR_TALHELPER):
                message = f"talhelper knows no key {key} here and passes over it: it has no effect{_hint(key, known)}"
                yield Note("talhelper-key", message, key_of(value), Effect.IGNORED, Level.WARNING)


def _hint(key: str, known: frozenset[str]) -> str:
    if key in _NODE:
        return "; it belongs to a node, or under controlPlane or worker"
    if key in _ROOT:
        return "; it belongs at the top"
    near = difflib.get_close_matches(key, known, 1, 0.7)
    return f"; is {near[0]} meant?" if near else ""


def misshapen(root: Mapping) -> Iterator[Note]:
    """Values for which talhelper refuses the whole file."""
    nodes = lookup(root, "nodes")
    for node in (nodes,) if nodes is not None and not isinstance(nodes, Sequence) else ():
        yield refuse("invalid-value", "a list of nodes is expected here", where(node))
    for item in nodes.items if isinstance(nodes, Sequence) else ():
        if not isinstance(item, Mapping):
            yield refuse("invalid-value", "a node is a mapping with hostname and ipAddress", where(item))
    for part, known in _parts(root):
        yield from _lists(part)
        if known is _NODE:
            yield from _switches(part)
        yield from _rules(part.get("ingressFirewall"))


def _parts(root: Mapping) -> Iterator[tuple[Mapping, frozenset[str]]]:
    yield root, _ROOT
    nodes = lookup(root, "nodes")
    groups = (lookup(root, "controlPlane"), lookup(root, "worker"))
    for known, found in ((_GROUP, groups), (_NODE, nodes.items if isinstance(nodes, Sequence) else ())):
        yield from ((each, known) for each in found if isinstance(each, Mapping))


def _lists(part: Mapping) -> Iterator[Note]:
    for key in _LISTS:
        value = lookup(part, key)
        if value is not None and not isinstance(value, Sequence) and placeholder(value) is None:
            yield refuse("invalid-value", f"{key} is a list of texts", where(value))
        for item in value.items if isinstance(value, Sequence) else ():
            if not isinstance(item, Scalar):
                yield refuse(
                    "invalid-value", f"an element of {key} is a text: write a patch behind |-, or @ and the path of its file", where(item)
                )


def _switches(node: Mapping) -> Iterator[Note]:
    for key in ("controlPlane", "overridePatches", "overrideExtraManifests"):
        value = lookup(node, key)
        if value is not None and flag(value) is None and placeholder(value) is None:
            yield refuse("invalid-value", f"{key} is true or false", where(value))


def _rules(firewall: Node | None) -> Iterator[Note]:
    if firewall is None or is_null(firewall):
        return
    if not isinstance(firewall, Mapping):
        yield refuse("invalid-value", "ingressFirewall is a mapping of defaultAction and rules", where(firewall))
        return
    rules = lookup(firewall, "rules")
    listed = rules.items if isinstance(rules, Sequence) else () if rules is None else (rules,)
    for item in listed:
        if not isinstance(item, Mapping):
            yield refuse("invalid-value", "a rule is a mapping of name, portSelector and ingress, in a list", where(item))
        elif not isinstance(rules, Sequence):
            yield refuse("invalid-value", "rules is a list: begin each with a dash", where(item))
