"""A configuration and its patches into what the node gets: loaded, merged in order, loaded again, as Talos does it.

One refusal refuses the whole: `Combined.stage` says at which step. What another tool still has to render is left out and said in `unread`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from auditor.formats.talos.canonical import canonical_mapping
from auditor.formats.talos.deletes import Delete, Misplaced, carry_out
from auditor.formats.talos.documents import MAIN, Document, Loaded, Shape, load_stream
from auditor.formats.talos.jsonpatch import Unapplied, imposed, patched, read_operations
from auditor.formats.talos.merge import merge_documents
from auditor.formats.talos.notes import refuse
from auditor.formats.talos.validate import missing_protocols
from auditor.formats.talos.version import GENERATES_SEVERAL, MISSING_DELETE_HARMLESS, Version
from auditor.model.record import dataclass, field, replace
from auditor.model.source import Effect, Level, Note, Span
from auditor.yamlspan import Mapping, Node, Scalar, Stream
from auditor.yamlspan import Sequence as NodeSequence


class Stage(Enum):
    """Where a configuration is refused."""

    LOAD_PATCH = "load-patch"
    APPLY = "apply"
    RELOAD = "reload"


@dataclass(frozen=True, slots=True)
class Combined:
    """The configuration after its patches. `stage` None: Talos can load it. `unread`: texts it depends on and that could not be read."""

    documents: tuple[Document, ...]
    notes: tuple[Note, ...] = ()
    stage: Stage | None = None
    unread: tuple[Loaded, ...] = field(default=())

    def document(self, kind: str) -> Document | None:
        """The first document of a kind."""
        return next((document for document in self.documents if document.kind == kind), None)

    def all(self, kind: str) -> tuple[Document, ...]:
        """All documents of a kind, in order."""
        return tuple(document for document in self.documents if document.kind == kind)


class _Refused(Exception):
    """The patch cannot be applied; the note says why."""

    def __init__(self, note: Note, stage: Stage = Stage.APPLY) -> None:
        super().__init__(note.message)
        self.note = note
        self.stage = stage


@dataclass(slots=True)
class _Workbench:
    """The documents while patches are applied."""

    documents: list[Document]
    library: Version
    notes: list[Note]
    assumed: bool  # the base is a generated configuration that is not at hand
    partial: bool  # nor is all of it, but what concerns the firewall
    places: dict[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.set(self.documents)

    def set(self, documents: Sequence[Document]) -> None:
        """Put other documents in place of all."""
        self.documents = list(documents)
        self.places = {document.identity: index for index, document in reversed(list(enumerate(self.documents)))}

    def append(self, document: Document) -> None:
        """One more document at the end."""
        self.places.setdefault(document.identity, len(self.documents))
        self.documents.append(document)


def combine(base: Loaded | None, patches: Sequence[Loaded], library: Version, *, partial: bool = False) -> Combined:
    """`base` (None: a generated one, without firewall documents) after `patches`, merged by the library of this version.

    `partial`: the base has more than is at hand, though all of the firewall.
    """
    loads = [*([base] if base else []), *patches]
    unread = tuple(loaded for loaded in loads if loaded.shape is Shape.UNREADABLE and not loaded.refused)
    notes = [note for loaded in loads for note in loaded.notes]
    bench = _Workbench(list(base.documents) if base else [], library, notes, base is None, partial or base is None)
    stage = _first_refusal(base, patches)
    try:
        for patch in patches:
            if not patch.refused and patch.shape is not Shape.UNREADABLE:
                _apply(patch, bench)
    except _Refused as problem:
        notes.append(problem.note)
        stage = stage or problem.stage
    if patches:
        problems = list(missing_protocols(bench.documents))
        stage = stage or (Stage.RELOAD if problems else None)
    return Combined(tuple(bench.documents), tuple(notes), stage, unread)


def _first_refusal(base: Loaded | None, patches: Sequence[Loaded]) -> Stage | None:
    if any(patch.refused for patch in patches):
        return Stage.LOAD_PATCH
    return Stage.RELOAD if base is not None and base.refused else None


def _apply(patch: Loaded, bench: _Workbench) -> None:
    if patch.shape is Shape.OPERATIONS:
        _apply_operations(patch, bench)
        return
    for step in patch.steps:
        if isinstance(step, Delete):
            _delete(step, bench)
        else:
            _merge(step, bench)
    _say_replaced_rest(patch, bench)


def _delete(delete: Delete, bench: _Workbench) -> None:
    index = bench.places.get(delete.identity)
    if index is None:
        if not _may_be_in_base(delete, bench) and bench.library < MISSING_DELETE_HARMLESS:
            message = f"there is no {delete.kind} {delete.name}".rstrip() + f" to delete, and Talos {bench.library} fails on that"
            raise _Refused(refuse("delete-not-found", message, delete.span), Stage.RELOAD)
    elif not delete.path and delete.selector is None:
        bench.set(bench.documents[:index] + bench.documents[index + 1 :])
    else:
        document = bench.documents[index]
        try:
            bench.documents[index] = replace(document, node=carry_out(delete, document.node))
        except Misplaced as problem:
            if not _may_be_in_base(delete, bench):
                raise _Refused(refuse("delete-not-found", problem.message, problem.span)) from None


def _may_be_in_base(delete: Delete, bench: _Workbench) -> bool:
    """Whether the generated configuration, which is not at hand, may have what is deleted: anything but firewall documents."""
    return bench.partial and delete.kind not in ("NetworkRuleConfig", "NetworkDefaultActionConfig")


def _merge(patch: Document, bench: _Workbench) -> None:
    index = bench.places.get(patch.identity)
    if index is None:
        bench.append(patch)
        return
    document = bench.documents[index]
    node = merge_documents(document.node, patch.node, patch.kind, patch.title, bench.notes.append, bench.library)
    bench.documents[index] = replace(document, node=node)


def _say_replaced_rest(patch: Loaded, bench: _Workbench) -> None:
    for step in patch.steps:
        if isinstance(step, Delete) and step.beside and step.kind == "NetworkRuleConfig" and step.path == ("ingress",):
            message = "the other elements of this list replace all sources that are left; give them in a document of their own"
            bench.notes.append(Note("delete-replaces-rest", message, step.span, Effect.NARROWED, Level.WARNING))


def _apply_operations(patch: Loaded, bench: _Workbench) -> None:
    several = len(bench.documents) > 1 or (bench.assumed and _generates_several(bench))
    if not patch.operations:
        if several:
            message = "an empty patch counts as a JSON patch, which fails on a configuration of several documents: remove it"
            raise _Refused(refuse("empty-patch", message, patch.span))
        return
    if several:
        message = "a JSON patch does not work on a configuration of several documents: write a patch of documents instead"
        raise _Refused(refuse("json-patch", message, patch.span))
    try:
        operations = read_operations(patch.operations)
        root = _as_written(bench.documents[0]) if bench.documents else Mapping(patch.span, {})
        root = imposed(root, operations) if bench.partial else patched(root, operations)
    except Unapplied as problem:
        raise _Refused(refuse("json-patch", problem.message, problem.span)) from None
    if isinstance(root, Mapping) and not root.entries:
        return
    loaded = load_stream(Stream((root,)), patch.span, bench.library, patch=False)
    bench.set(loaded.documents)
    refusal = next((note for note in loaded.notes if note.effect is Effect.REFUSED), None)
    if refusal is not None:
        raise _Refused(refusal, Stage.RELOAD)


def _generates_several(bench: _Workbench) -> bool:
    return bench.library >= GENERATES_SEVERAL or any(document.kind != MAIN for document in bench.documents)


def _as_written(document: Document) -> Node:
    """A document as Talos writes it before a JSON patch: a few keys of the v1alpha1 document are always there."""
    if document.kind != MAIN:
        return document.node
    node, span = document.node, document.node.span
    machine = node.get("machine")
    if not isinstance(machine, Mapping):
        return node
    always: dict[str, Node] = {"type": _empty(span), "token": _empty(span), "certSANs": NodeSequence(span, ())}
    entries = {**machine.entries, **{key: value for key, value in always.items() if key not in machine.entries}}
    return replace(node, entries={**node.entries, "machine": replace(machine, entries=entries)})


def _empty(span: Span) -> Scalar:
    return Scalar(span, "", "")


def written(documents: Sequence[Document]) -> list[dict[str, object]]:
    """The documents as plain data with scalars as Talos writes them, without what is empty."""
    return [_pruned(canonical_mapping(document.node, document.kind)) for document in documents]


def _pruned(value: dict[str, object]) -> dict[str, object]:
    kept = {key: _prune(item) for key, item in value.items()}
    return {key: item for key, item in kept.items() if item not in (None, "", [], {})}


def _prune(value: object) -> object:
    if isinstance(value, dict):
        return _pruned(value)
    return [_prune(item) for item in value] if isinstance(value, list) else value
