"""Patches that are texts inside another language: Terraform's `config_patches`. Spans point into the file that holds the text."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.formats.base import Options
from auditor.formats.talos.documents import Loaded, load
from auditor.formats.talos.machine import Plan
from auditor.formats.talos.read import graph_of, stated_version
from auditor.formats.talos.relocate import by_lines, to_place
from auditor.formats.talos.version import NEWEST_STABLE, Version, parse_version
from auditor.model.graph import Graph
from auditor.model.record import dataclass
from auditor.model.source import Source, Span, Unknown


@dataclass(frozen=True, slots=True)
class EmbeddedPatch:
    """One patch. `text` None: the expression at `span` has no value, for the reason in `unknown`.

    Parts that have no value stand in the text as `${…}`. `first_line`: the file's line on which the text's first line stands, where its
    lines are the file's (a heredoc); `indent`: how many characters further right they stand there.
    """

    text: str | None
    span: Span
    unknown: str = "the patch has no value"
    first_line: int | None = None
    indent: int = 0


@dataclass(frozen=True, slots=True)
class EmbeddedMachine:
    """A machine configuration generated there: its address, what kind of machine it says it is, and its patches in order.

    `machine_type` is Talos's word (controlplane, worker), None if not known; `version` the Talos version it generates for.
    """

    name: str
    span: Span
    machine_type: str | None
    patches: tuple[EmbeddedPatch, ...]
    version: str | None = None
    addresses: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


_ROLES = {"controlplane": "control-plane", "init": "control-plane", "worker": "worker", "join": "worker"}


def embedded_graph(machines: Sequence[EmbeddedMachine], options: Options) -> Graph:
    """The machines as zones `talos:<name>`, on a generated configuration, with their patches merged."""
    plans = [_plan(machine, stated_version(options)) for machine in machines]
    return graph_of(plans, lambda _: "NetworkRuleConfig", (), options)


def _plan(machine: EmbeddedMachine, given: Version | None) -> Plan:
    version = given or (parse_version(machine.version) if machine.version else None)
    loads = tuple(_load(patch, version or NEWEST_STABLE) for patch in machine.patches if patch.text is not None)
    unread = tuple(Unknown(patch.unknown, patch.span) for patch in machine.patches if patch.text is None)
    return Plan(
        f"talos:{machine.name}",
        machine.name,
        machine.span,
        group=machine.span.path.rpartition("/")[0],
        base=None,
        patches=loads,
        role=_ROLES.get(machine.machine_type or ""),
        version=version,
        addresses=machine.addresses,
        unread=unread,
        attributes=machine.attributes,
    )


def _load(patch: EmbeddedPatch, version: Version) -> Loaded:
    assert patch.text is not None
    path = patch.span.path
    move = to_place(patch.span) if patch.first_line is None else by_lines(path, patch.first_line, patch.indent)
    return load(Source(path, patch.text), version, patch=True, move=move)
