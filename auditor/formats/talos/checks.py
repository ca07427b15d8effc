"""What loads and is hardly meant: about each machine, about the machines of one role, and about patches whose order is not known.

What a requirement of the talos ruleset asks anyway is not asked here a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from auditor.formats.talos.canonical import canonical_mapping
from auditor.formats.talos.check_cluster import check_cluster
from auditor.formats.talos.check_rules import check_rules
from auditor.formats.talos.deletes import Delete
from auditor.formats.talos.documents import Document
from auditor.formats.talos.layout import FIREWALL_KINDS, Member
from auditor.formats.talos.machine import Machine
from auditor.model.source import Effect, Level, Note, Span, Unknown


def check_machine(machine: Machine, parameters: Mapping[str, object]) -> Iterator[Note]:
    """Lints about one machine; nothing where what it filters is not known."""
    if machine.firewall.unknown is None and machine.firewall.block is not None:
        yield from check_rules(machine.firewall, machine.version)
        yield from check_cluster(machine, parameters)


def check_group(machines: Sequence[Machine]) -> Iterator[Note]:
    """Lints about machines that belong together."""
    peers: dict[tuple[str, str | None], list[Machine]] = {}
    for machine in machines:
        peers.setdefault((machine.plan.group, machine.role), []).append(machine)
    for same in peers.values():
        for machine in same[1:]:
            yield from _drift(same[0], machine)
    clusters: dict[str, list[Machine]] = {}
    for machine in machines:
        clusters.setdefault(machine.plan.group, []).append(machine)
    for cluster in clusters.values():
        yield from _stale(cluster)


def _meaning(machine: Machine) -> dict[str, object]:
    return {rule.name: canonical_mapping(rule.document.node, "NetworkRuleConfig") for rule in machine.firewall.rules}


def _drift(first: Machine, other: Machine) -> Iterator[Note]:
    """Nodes of one role that filter differently."""
    if first.firewall.unknown or other.firewall.unknown:
        return
    ours, theirs = _meaning(first), _meaning(other)
    for machine, rules, lacking, peer in ((first, ours, theirs, other), (other, theirs, ours, first)):
        for rule in machine.firewall.rules:
            if rule.name not in lacking:
                message = f"{machine.plan.label} has the rule {rule.name}, {peer.plan.label} of the same role has not: give both the same"
            elif machine is other and rules[rule.name] != lacking[rule.name]:
                message = f"the rule {rule.name} differs between {machine.plan.label} and {peer.plan.label} of the same role"
            else:
                continue
            yield Note("rule-drift", message, rule.span, Effect.DANGEROUS, Level.WARNING, ((f"{peer.plan.label}", peer.plan.span),))
    if first.firewall.block != other.firewall.block:
        message = f"{first.plan.label} and {other.plan.label} are of one role, and only one of them blocks by default"
        span = (first if first.firewall.block else other).firewall.span or other.plan.span
        yield Note("rule-drift", message, span, Effect.DANGEROUS, Level.WARNING)


def _stale(cluster: Sequence[Machine]) -> Iterator[Note]:
    """Lists of single addresses that name one that no node of the inventory has."""
    nodes = {address for machine in cluster for address in machine.plan.addresses}
    if not nodes or not all(machine.plan.addresses for machine in cluster):
        return
    for machine in cluster:
        for rule in machine.firewall.rules:
            single = [entry for entry in rule.entries if entry.subnet and entry.subnet.network.num_addresses == 1]
            if len(single) != len(rule.entries) or not any(str(entry.subnet.ip) in nodes for entry in single if entry.subnet):
                continue
            for entry in single:
                if entry.subnet and str(entry.subnet.ip) not in nodes:
                    message = f"{entry.subnet.ip} in the rule {rule.name} is no node of this cluster any more: remove it"
                    yield Note("stale-address", message, entry.subnet_span, Effect.WIDENED, Level.WARNING)


def check_order(members: Sequence[Member]) -> Iterator[Note]:
    """Patches of a directory that set the same thing, where nothing says which comes last."""
    for other, document in _in_two_patches(members):
        message = f"{document.title} is set in two patches, and which of them comes last is not known: what it says stays open"
        yield Note("patch-order", message, _span(document), Effect.UNKNOWN, Level.WARNING, (("also set here", _span(other)),))
    for delete, document in _deleted_and_set(members):
        message = f"{document.title} is set in one patch and deleted in another, and which of them comes last is not known"
        yield Note("patch-order", message, delete.span, Effect.UNKNOWN, Level.WARNING, (("set here", _span(document)),))


def undone(members: Sequence[Member]) -> tuple[Unknown, ...]:
    """Why it is not known what is filtered: a patch may take away what another sets, or the other way round."""
    pairs = _deleted_and_set(members)
    return tuple(Unknown(f"which comes last is not known: {document.title}, or its deletion", delete.span) for delete, document in pairs)


def _deleted_and_set(members: Sequence[Member]) -> Iterator[tuple[Delete, Document]]:
    """Deletes in one patch with what another patch of the same roles says of the document; where both do both, either way."""
    deletes = [(member, step) for member in members for step in member.loaded.steps if isinstance(step, Delete)]
    for member, delete in deletes:
        for other in members if delete.kind in FIREWALL_KINDS else ():
            if other is not member and other.roles == member.roles:
                yield from ((delete, document) for document in other.loaded.documents if document.identity == delete.identity)


def disputed(members: Sequence[Member]) -> tuple[Document, ...]:
    """The rules that `check_order` tells of, as each patch gives them. In which order actions are merged is the same: block stays."""
    pairs = (pair for pair in _in_two_patches(members) if pair[0].kind == "NetworkRuleConfig")
    return tuple(dict.fromkeys(document for pair in pairs for document in pair))


def _in_two_patches(members: Sequence[Member]) -> Iterator[tuple[Document, Document]]:
    """Documents that differ from one of the same identity in an earlier patch of the same roles."""
    earlier: dict[tuple[object, ...], Document] = {}
    for member in members:
        for document in member.loaded.documents:
            if document.kind not in FIREWALL_KINDS:
                continue
            other = earlier.get((member.roles, document.identity))
            earlier[member.roles, document.identity] = document
            if other is not None and _span(other).path != _span(document).path and _said(document) != _said(other):
                yield other, document


def _said(document: Document) -> dict[str, object]:
    return canonical_mapping(document.node, document.kind)


def _span(document: Document) -> Span:
    return document.node.span
