"""A machine, or all machines of one configuration: what it is put together from, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auditor.formats.talos.combine import Combined, combine
from auditor.formats.talos.documents import Document, Loaded
from auditor.formats.talos.facts import Facts, installed, read_facts
from auditor.formats.talos.firewall import Firewall, read_firewall
from auditor.formats.talos.validate import superseded, validate
from auditor.formats.talos.version import KUBE_DOCUMENTS, NEWEST_STABLE, Version
from auditor.model.record import dataclass, field
from auditor.model.source import Effect, Note, Span, Unknown

_FIREWALL_WORDS = ("NetworkDefaultActionConfig", "NetworkRuleConfig", "include", "import", "ingressFirewall", "template")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a machine is to be put together from. `base` None: a generated configuration that is not at hand; `generated`: at least in part.

    `id` is the zone's; `group` names the cluster, so that members of one KubeSpan know each other. `library` merges the patches, `version`
    runs on the node; `likely` is what the files beside it speak of, where it says nothing itself.
    `addresses` are exact, from an inventory. `unread` are further reasons why the firewall may be other than it looks.
    `disputed`: rules that several patches give, of which nobody knows the last; `optional`: rules by name that may not be there. `site`:
    the cluster, where no name tells.
    """

    id: str
    label: str
    span: Span
    group: str
    base: Loaded | None
    patches: tuple[Loaded, ...] = ()
    role: str | None = None
    version: Version | None = None
    likely: Version = NEWEST_STABLE
    library: Version | None = None
    addresses: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    unread: tuple[Unknown, ...] = ()
    generated: bool = False
    attributes: tuple[tuple[str, str], ...] = field(default=())
    disputed: tuple[Document, ...] = field(default=())
    optional: tuple[tuple[str, Unknown], ...] = field(default=())
    site: str = ""


@dataclass(frozen=True, slots=True)
class Inventory:
    """What another tool's file about a cluster comes to: a plan a node, notes, and the files that it uses."""

    plans: tuple[Plan, ...] = ()
    notes: tuple[Note, ...] = ()
    used: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Machine:
    """A plan carried out. `firewall.block` None where what the node filters is not known."""

    plan: Plan
    combined: Combined
    facts: Facts
    firewall: Firewall
    version: Version
    notes: tuple[Note, ...]

    @property
    def role(self) -> str | None:
        """control-plane or worker; the tool's own statement, else machine.type."""
        return self.plan.role or self.facts.role


def build(plan: Plan, text_of: Callable[[str], str]) -> Machine:
    """The machine of a plan. `text_of` gives a file's text, to see what an unrendered template speaks of."""
    library = plan.library or plan.version or plan.likely
    combined = combine(plan.base, plan.patches, library, partial=plan.generated)
    version = plan.version or installed(combined) or plan.likely
    facts = read_facts(combined, version, generated=plan.generated or plan.base is None)
    notes = [*combined.notes, *validate(combined.documents)]
    if plan.base is None and version >= KUBE_DOCUMENTS:
        notes += superseded(combined.documents)
    why = _refused(notes) or _unread(combined.unread, text_of) or next(iter(plan.unread), None)
    firewall = read_firewall(combined, plan.disputed, dict(plan.optional))
    if why is not None:
        firewall = Firewall(None, None, firewall.rules, why)
    return Machine(plan, combined, facts, firewall, version, tuple(notes))


def _refused(notes: Sequence[Note]) -> Unknown | None:
    note = next((note for note in notes if note.effect is Effect.REFUSED), None)
    if note is None:
        return None
    return Unknown("Talos refuses this configuration, and the node keeps the one it has", note.span)


def _unread(loads: Sequence[Loaded], text_of: Callable[[str], str]) -> Unknown | None:
    for loaded in loads:
        text = text_of(loaded.span.path)
        if any(word in text for word in _FIREWALL_WORDS):
            return Unknown("a template that may say what is filtered is not rendered", loaded.span)
    return None
