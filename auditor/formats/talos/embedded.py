"""Patches that are texts inside another language: Terraform's `config_patches`. Spans point into the file that holds the text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from auditor.formats.base import Options
from auditor.formats.talos.beside import is_beside
from auditor.formats.talos.documents import Document, Loaded, Shape, load
from auditor.formats.talos.machine import Plan
from auditor.formats.talos.read import graph_of, stated_version
from auditor.formats.talos.relocate import by_lines, to_place
from auditor.formats.talos.version import NEWEST_STABLE, Version, parse_version
from auditor.model.graph import Graph
from auditor.model.record import dataclass
from auditor.model.source import Note, Source, Span, Unknown


@dataclass(frozen=True, slots=True)
class EmbeddedPatch:
    """One patch. `text` None: the expression at `span` has no value, for the reason in `unknown`.

    Parts that have no value stand in the text as `${…}`. `first_line`: the file's line on which the text's first line stands, where its
    lines are the file's (a heredoc); `indent`: how many characters further right they stand there. `doubt`: why it may not be there at all.
    """

    text: str | None
    span: Span
    unknown: str = "the patch has no value"
    first_line: int | None = None
    indent: int = 0
    doubt: str = ""


@dataclass(frozen=True, slots=True)
class EmbeddedMachine:
    """A machine configuration generated there: its address, what kind of machine it says it is, and its patches in order.

    `machine_type` is Talos's word (controlplane, worker), None if not known; `version` the Talos version it generates for, `library` the
    one that merges the patches.
    """

    name: str
    span: Span
    machine_type: str | None
    patches: tuple[EmbeddedPatch, ...]
    version: str | None = None
    addresses: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    library: str | None = None


_ROLES = {"controlplane": "control-plane", "init": "control-plane", "worker": "worker", "join": "worker"}


def embedded_graph(machines: Sequence[EmbeddedMachine], options: Options) -> Graph:
    """The machines as zones `talos:<name>`, on a generated configuration, with their patches merged."""
    notes: list[Note] = []
    plans = [_plan(machine, stated_version(options), notes) for machine in machines]
    return graph_of(plans, lambda _: "NetworkRuleConfig", notes, options)


def _plan(machine: EmbeddedMachine, given: Version | None, notes: list[Note]) -> Plan:
    version = given or (parse_version(machine.version) if machine.version else None)
    loads = [(patch, _load(patch, version or NEWEST_STABLE)) for patch in machine.patches if patch.text is not None]
    asked = [(patch, loaded) for patch, loaded in loads if not (patch.doubt and is_beside(loaded))]
    names = Counter(document.identity for _, loaded in asked for document in loaded.documents)
    kept = [(patch, loaded) for patch, loaded in asked if not patch.doubt or _adds_rules(loaded, names)]
    notes += [note for patch, loaded in loads if (patch, loaded) not in kept for note in loaded.notes]
    unread = [Unknown(patch.unknown, patch.span) for patch in machine.patches if patch.text is None]
    unread += [Unknown(patch.doubt, patch.span) for patch, loaded in asked if (patch, loaded) not in kept]
    rules = [(document.name, Unknown(patch.doubt, patch.span)) for patch, loaded in kept if patch.doubt for document in loaded.documents]
    return Plan(
        f"talos:{machine.name}",
        machine.name,
        machine.span,
        group=machine.span.path.rpartition("/")[0],
        base=None,
        patches=tuple(loaded for _, loaded in kept),
        role=_ROLES.get(machine.machine_type or ""),
        version=version,
        library=version or (parse_version(machine.library) if machine.library else None),
        addresses=machine.addresses,
        unread=tuple(unread),
        optional=tuple(rules),
        attributes=machine.attributes,
    )


def _adds_rules(loaded: Loaded, names: Counter[tuple[str, str]]) -> bool:
    """Whether a text does nothing but add rules that no other speaks of."""
    alone = all(isinstance(step, Document) and names[step.identity] == 1 for step in loaded.steps)
    rules = bool(loaded.steps) and all(step.kind == "NetworkRuleConfig" for step in loaded.steps)
    return alone and rules and loaded.shape is Shape.DOCUMENTS and not loaded.refused


def _load(patch: EmbeddedPatch, version: Version) -> Loaded:
    assert patch.text is not None
    path = patch.span.path
    move = to_place(patch.span) if patch.first_line is None else by_lines(path, patch.first_line, patch.indent)
    return load(Source(path, patch.text), version, patch=True, move=move)
