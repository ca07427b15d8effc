"""Omni's cluster templates: which patches the machines of a cluster get, and in which order.

The cluster's patches come first, then those of the control plane or of a set of workers, then a machine's own. Files are named from where
omnictl is started, which the template does not say: the nearest directory above it that has the file is taken.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from operator import itemgetter

from auditor.files import Tree, Unreadable, normalise, read_text
from auditor.formats.talos.documents import Loaded, load, load_stream
from auditor.formats.talos.layout import CONTROL_PLANE, WORKER
from auditor.formats.talos.machine import Inventory, Plan
from auditor.formats.talos.merge import texts
from auditor.formats.talos.notes import key_of, refuse, where
from auditor.formats.talos.talhelper import read_inside
from auditor.formats.talos.validate import flag_at, lookup, text_at
from auditor.formats.talos.version import NEWEST_STABLE, Version, parse_version
from auditor.model.record import dataclass, field
from auditor.model.source import Effect, Level, Note, Source, Span, Unknown
from auditor.yamlscalars import Schema
from auditor.yamlspan import Mapping, Node, Scalar, Stream, YamlError, read
from auditor.yamlspan import Sequence as NodeSequence

_SETS = {"ControlPlane": CONTROL_PLANE, "Workers": WORKER}
_KINDS = ("Cluster", *_SETS, "Machine")


@dataclass(slots=True)
class _Reading:
    tree: Tree
    source: Source
    version: Version
    notes: list[Note] = field(default_factory=list)
    used: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Patches:
    """The patches of a document of the template, in order; `missing` is why more is done than they say."""

    loads: tuple[Loaded, ...]
    missing: tuple[Unknown, ...]

    def __add__(self, other: _Patches) -> _Patches:
        return _Patches(self.loads + other.loads, self.missing + other.missing)


def read_template(tree: Tree, source: Source, version: Version | None) -> Inventory:
    """The sets of machines of a cluster template, and machines with patches of their own; `version` is what the user says they run."""
    try:
        stream = read(source, Schema.GO)
    except YamlError as error:
        return Inventory(notes=(refuse("unparsable", error.message, error.span),))
    documents = [node for node in stream.documents if isinstance(node, Mapping) and text_at(node, "kind") in _KINDS]
    cluster = next((node for node in documents if text_at(node, "kind") == "Cluster"), None)
    stated = parse_version(text_at(cluster, "talos.version") or "") or version
    reading = _Reading(tree, source, stated or NEWEST_STABLE)
    refusals = tuple(_refusals(stream))
    reading.notes += refusals
    common = _patches(cluster, reading) + _Patches(
        (), tuple(Unknown(f"Omni refuses the template: {note.message}", note.span) for note in refusals)
    )
    machines = {text_at(node, "name") or "": node for node in documents if text_at(node, "kind") == "Machine"}
    plans = [
        plan for node in documents if text_at(node, "kind") in _SETS for plan in _plans(node, cluster, common, machines, stated, reading)
    ]
    if not plans:
        reading.notes.append(refuse("unparsable", "this cluster template has neither ControlPlane nor Workers", Span.of_file(source.path)))
    return Inventory(tuple(plans), tuple(dict.fromkeys(reading.notes)), frozenset(reading.used))


def _refusals(stream: Stream) -> Iterator[Note]:
    for duplicate in stream.duplicates:
        yield refuse(
            "repeated-key", f"the key {duplicate.name} is given twice: keep one", duplicate.span, ("first given here", duplicate.first)
        )
    for node in stream.documents:
        if not isinstance(node, Mapping) or text_at(node, "kind") not in _KINDS:
            yield refuse("unknown-kind", f"a document of a cluster template is one of {', '.join(_KINDS)}", where(node))


def _plans(
    part: Mapping, cluster: Mapping | None, common: _Patches, machines: dict[str, Mapping], stated: Version | None, reading: _Reading
) -> Iterator[Plan]:
    """One for the machines of a set that have no patches of their own, one for each that has."""
    role, path = _SETS[text_at(part, "kind") or ""], reading.source.path
    name = text_at(part, "name") or role
    shared = common + _patches(part, reading)
    listed = [item.text for item in texts(lookup(part, "machines"))]
    own = {each: machines[each] for each in listed if each in machines and lookup(machines[each], "patches") is not None}
    attributes = [("cluster", text_at(cluster, "name") or "")]
    if flag_at(cluster, "features.useEmbeddedDiscoveryService") is True:
        attributes.append(("configured-discovery-service", ""))  # Omni's own, at an address that the template does not say
    parts = [(name, part, shared)] if len(own) < len(listed) or not listed else []
    parts += [(each, machine, shared + _patches(machine, reading)) for each, machine in own.items()]
    for label, node, patches in parts:
        yield Plan(
            f"talos:{path}#{label}",
            f"{label} of {path}",
            node.span,
            group=path,
            base=None,
            patches=patches.loads,
            role=role,
            version=stated,
            unread=patches.missing,
            attributes=tuple(pair for pair in attributes if pair[0] != "cluster" or pair[1]),
        )


# Patches


def _patches(part: Mapping | None, reading: _Reading) -> _Patches:
    """The patches of a cluster, a set or a machine, ordered by the ids that Omni gives them."""
    listed = lookup(part, "patches")
    items = listed.items if isinstance(listed, NodeSequence) else () if listed is None else (listed,)
    first = 200 if text_at(part, "kind") == "Cluster" else 400
    ids = [text_at(item, "idOverride") or f"{number}-" for number, item in enumerate(items, first)]
    ordered = [item for _, item in sorted(zip(ids, items, strict=True), key=itemgetter(0))]
    loads, missing = [], []
    for item in ordered:
        found = _patch(item, reading)
        if isinstance(found, Loaded):
            loads.append(found)
        else:
            reading.notes.append(found)
            missing.append(Unknown(found.message, found.span))
    return _Patches(tuple(loads), tuple(missing))


def _patch(item: Node, reading: _Reading) -> Loaded | Note:
    """A patch, or why there is none."""
    inline, file = lookup(item, "inline"), lookup(item, "file")
    if isinstance(file, Scalar) and inline is None:
        return _file(file, reading)
    if inline is None or file is not None:
        return refuse("invalid-value", "a patch of a cluster template has either file or inline", where(item))
    if isinstance(inline, Scalar):
        return read_inside(inline, reading.source, reading.version)
    documents: Sequence[Node] = inline.items if isinstance(inline, NodeSequence) else (inline,)
    return load_stream(Stream(tuple(documents)), key_of(inline), reading.version, patch=True)


def _file(file: Scalar, reading: _Reading) -> Loaded | Note:
    above = posixpath.dirname(reading.source.path).split("/")
    places = ["/".join(above[:count]) for count in range(len(above), -1, -1)]
    paths = [posixpath.join(place, file.text) for place in places]
    try:
        path = normalise(next((each for each in paths if reading.tree.exists(each)), paths[0]))
        source = read_text(reading.tree, path)
    except Unreadable as error:
        reason = f"the file {file.text} {error}: what it changes is not known"
        return Note("missing-patch", reason, where(file), Effect.UNKNOWN, Level.WARNING)
    reading.used.add(path)
    return load(source, reading.version, patch=True)
