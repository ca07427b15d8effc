"""A text into Talos documents, deletes and JSON operations; nothing in it is passed over without a note.

A document without `kind` but with `machine`, `cluster`, `debug` or `persist` is the v1alpha1 document, of which there is one: kind "main".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from enum import Enum
from itertools import islice

from auditor import lazyre
from auditor.formats.talos.decode import check_document
from auditor.formats.talos.deletes import Delete, Misplaced, take_deletes
from auditor.formats.talos.notes import key_of, refuse, refused, where
from auditor.formats.talos.relocate import Move, moved_stream
from auditor.formats.talos.scalars import is_null
from auditor.formats.talos.schema import is_named, known_kinds, since
from auditor.formats.talos.version import REPEATED_DOCUMENT_IN_PATCH, Version
from auditor.model.record import dataclass, field, replace
from auditor.model.source import Effect, Level, Note, Source, Span
from auditor.yamlscalars import Schema
from auditor.yamlspan import Mapping, Node, Scalar, Sequence, Stream, Style, YamlError, read, walk

MAIN = "main"
MAIN_KEYS = ("machine", "cluster", "debug", "persist")
_SKIPPED_KEYS = frozenset({"version", "kind", "name"})
_MARKS_OF_A_LINE = 100
_BLOCKS = (Style.LITERAL, Style.FOLDED)
GAP = "${…}"
"""What stands in a text for a part that has no value."""
_VARIABLE = lazyre.compile(r"\$\{(\w+|…)\}")
_TEMPLATE = re.compile(r"\{\{|\{%|#\{|#%|<%|%\{(?=~?\s*(?:if|else|endif|for|endfor)\b)")


@dataclass(frozen=True, slots=True)
class Document:
    """One document. `identity` tells it from others: patches merge into the document of the same identity."""

    kind: str
    name: str
    node: Mapping

    @property
    def identity(self) -> tuple[str, str]:
        """Kind and name; the name is empty for kinds without names. A name with a gap is taken to be nobody else's."""
        return self.kind, f"{self.name} {id(self.node)}" if GAP in self.name else self.name

    @property
    def title(self) -> str:
        """What to call it in a message."""
        if self.kind == MAIN:
            return "the v1alpha1 document"
        return f"{self.kind} {self.name}" if self.name else self.kind


class Shape(Enum):
    """What a text turned out to be."""

    DOCUMENTS = "documents"
    OPERATIONS = "a JSON patch"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Loaded:
    """A text as Talos loads it: documents and deletes in order, or the operations of a JSON patch. `span` stands for the whole text."""

    shape: Shape
    span: Span
    steps: tuple[Document | Delete, ...] = ()
    operations: tuple[Node, ...] = ()
    notes: tuple[Note, ...] = field(default=())

    @property
    def documents(self) -> tuple[Document, ...]:
        """The documents without the deletes."""
        return tuple(step for step in self.steps if isinstance(step, Document))

    @property
    def refused(self) -> bool:
        """Whether Talos refuses the text."""
        return refused(self.notes)


def template_signs(text: str) -> Iterator[tuple[int, int, str]]:
    """Where a template's marks stand outside of quotes and comments: line, column, mark.

    `#{` and `#%` look like comments to YAML, so they count wherever they begin a word.
    """
    for number, line in enumerate(text.split("\n"), 1):
        for match in islice(_TEMPLATE.finditer(line), _MARKS_OF_A_LINE):
            before = line[: match.start()]
            hidden = match[0] not in ("#{", "#%") and re.search(r"(?:^|\s)#", before)
            if not hidden and before.count('"') % 2 == 0 and before.count("'") % 2 == 0:
                yield number, match.start() + 1, match[0]


def template_sign(source: Source) -> tuple[int, int, str] | None:
    """The first mark of a template that is still to be rendered; those inside of block texts (manifests, files) belong to them."""
    signs = list(template_signs(source.text))
    if not signs:
        return None
    try:
        stream = read(source, Schema.GO)
    except YamlError:
        return signs[0]
    texts = [node.span for document in stream.documents for _, node in walk(document) if isinstance(node, Scalar) and node.style in _BLOCKS]
    return next((sign for sign in signs if not any(text.line < sign[0] <= text.end_line for text in texts)), None)


def load(source: Source, version: Version, *, patch: bool, move: Move | None = None) -> Loaded:
    """`source` as a configuration, or as a patch: which may also delete, be a JSON patch, or hold documents that are skipped.

    `move` brings spans to where the text stands in another file.
    """
    placed: Move = move or (lambda span: span)
    whole = placed(Span.of_file(source.path))
    sign = template_sign(source) if _TEMPLATE.search(source.text) else None
    if sign is not None:
        line, column, mark = sign
        span = placed(Span(source.path, line, column, line, column + len(mark)))
        message = f"a template ({mark}) that is not rendered: render it first, what it says is not known"
        return Loaded(Shape.UNREADABLE, whole, notes=(Note("unrendered-template", message, span, Effect.UNKNOWN, Level.NOTE),))
    try:
        stream = _read(source)
    except YamlError as error:
        if GAP in source.text:
            message = "a part that is filled in elsewhere decides what this text says: what depends on it stays open"
            note = Note("unresolved-variable", message, placed(error.span), Effect.UNKNOWN, Level.NOTE)
            return Loaded(Shape.UNREADABLE, whole, notes=(note,))
        return Loaded(Shape.UNREADABLE, whole, notes=(refuse("unparsable", error.message, placed(error.span)),))
    return load_stream(moved_stream(stream, move) if move else stream, whole, version, patch=patch)


def _read(source: Source) -> Stream:
    """The YAML of a text. Variables are filled in before Talos reads it: `[${NET}]` is fine by then, though it is no YAML yet."""
    try:
        return read(source, Schema.GO)
    except YamlError:
        plain = _VARIABLE.sub(lambda match: f"$_{'_' * (len(match[0]) - 2)}" if match[1] == "…" else f"${match[1]}__", source.text)
        if plain == source.text:
            raise
    return read(Source(source.path, plain), Schema.GO)


def load_stream(stream: Stream, whole: Span, version: Version, *, patch: bool) -> Loaded:
    """The same for a text that is already read."""
    notes = [_repeated(duplicate.name, duplicate.span, duplicate.first) for duplicate in stream.duplicates]
    nodes = [node for node in stream.documents if not is_null(node)]
    if patch and not nodes:
        return Loaded(Shape.OPERATIONS, whole, notes=tuple(notes))
    if patch and len(nodes) == 1 and isinstance(nodes[0], Sequence):
        return Loaded(Shape.OPERATIONS, nodes[0].span, operations=nodes[0].items, notes=tuple(notes))
    if nodes and all(map(_is_resource, nodes)):
        return Loaded(Shape.DOCUMENTS, nodes[0].span, notes=(*notes, _resource(nodes[0])))
    steps: list[Document | Delete] = []
    for node in nodes:
        for item in _document(node, version, patch):
            if isinstance(item, Note):
                notes.append(item)
            else:
                steps.append(item)
    notes += _duplicates([step for step in steps if isinstance(step, Document)], version, patch)
    if not steps and not refused(notes):
        notes.append(_nothing(nodes, whole))
    return Loaded(Shape.DOCUMENTS, nodes[0].span if nodes else whole, tuple(steps), notes=tuple(notes))


def _is_resource(node: Node) -> bool:
    return isinstance(node, Mapping) and "metadata" in node.entries and _text(node.get("apiVersion")) != "v1alpha1"


def _resource(node: Node) -> Note:
    message = "a resource of Kubernetes or Omni in which Talos documents stand as text: what they say, and for whom, is not read"
    return Note("kubernetes-resource", message, node.span, Effect.UNKNOWN, Level.WARNING)


def _nothing(nodes: list[Node], whole: Span) -> Note:
    message = "no document of a Talos configuration is in here: Talos refuses it"
    return refuse("skipped-document", message, nodes[0].span if nodes else whole)


def _repeated(name: str, span: Span, first: Span) -> Note:
    message = f"the key {name} is given twice in one mapping: Talos refuses the file; keep one"
    return refuse("repeated-key", message, span, ("first given here", first))


def _document(node: Node, version: Version, patch: bool) -> Iterator[Document | Delete | Note]:
    if not isinstance(node, Mapping):
        yield refuse("invalid-value", "a document of a Talos configuration is a mapping", where(node))
        return
    if "sops" in node.entries:
        yield _encrypted(node)
        node = replace(node, entries={key: value for key, value in node.entries.items() if key != "sops"})
    kind = _kind(node, version)
    rest: Mapping | None = node
    deletes: tuple[Delete, ...] = ()
    if patch:
        try:
            rest, deletes = take_deletes(node, kind if isinstance(kind, str) else _text(node.get("kind")) or "", _name(node))
        except Misplaced as problem:
            yield refuse("delete-not-found", problem.message, problem.span)
            return
        if rest is None or _is_skipped(rest):
            yield from deletes
            if not deletes:
                yield _skipped(node)
            return
    if isinstance(kind, Note):
        yield kind
        return
    yield from deletes
    assert rest is not None
    yield from check_document(rest, kind, version)
    yield Document(kind, _name(rest) if is_named(kind) else "", rest)


def _encrypted(node: Mapping) -> Note:
    message = "encrypted with SOPS: its keys are read, its values are not known"
    return Note("encrypted-file", message, key_of(node.entries["sops"]), Effect.UNKNOWN, Level.NOTE)


def _skipped(node: Mapping) -> Note:
    message = "Talos skips a document of nothing but version, kind and name: add apiVersion: v1alpha1 and what it is to say"
    return Note("skipped-document", message, node.span, Effect.IGNORED, Level.WARNING)


def _is_skipped(node: Mapping) -> bool:
    return all(key in _SKIPPED_KEYS and isinstance(value, Scalar) for key, value in node.entries.items())


def _name(node: Mapping) -> str:
    name = node.get("name")
    return name.text if isinstance(name, Scalar) and not is_null(name) else ""


def _text(node: Node | None) -> str | None:
    return node.text if isinstance(node, Scalar) and not is_null(node) else None


def _kind(node: Mapping, version: Version) -> str | Note:
    kind_node, api_node = node.get("kind"), node.get("apiVersion")
    kind, api = _text(kind_node), _text(api_node)
    if kind is None:
        if any(key in node.entries for key in MAIN_KEYS) or _text(node.get("version")) == "v1alpha1":
            return MAIN
        if "ingressFirewall" in node.entries:
            message = "ingressFirewall is talhelper's: it belongs into talconfig.yaml, on a node or under controlPlane or worker"
            return refuse("talhelper-fragment", message, key_of(node.entries["ingressFirewall"]))
        return refuse("unknown-kind", "the document has no kind: write apiVersion: v1alpha1 and its kind", node.span)
    assert kind_node is not None
    if api != "v1alpha1":
        found = "apiVersion is missing" if api_node is None else "this apiVersion is unknown"
        return refuse("unknown-kind", f"{found}: write apiVersion: v1alpha1", where(api_node or kind_node))
    first = since(kind)
    if first is None:
        near = difflib.get_close_matches(kind, known_kinds(), 1, 0.7)
        hint = f"is {near[0]} meant?" if near else "Talos has no such document"
        return refuse("unknown-kind", f"unknown kind: {hint}", where(kind_node))
    if version < first:
        return refuse("unknown-kind", f"{kind} needs Talos v{first.major}.{first.minor}, and this is {version}", where(kind_node))
    return kind


def _duplicates(documents: list[Document], version: Version, patch: bool) -> Iterator[Note]:
    if patch and version >= REPEATED_DOCUMENT_IN_PATCH:
        return
    first: dict[tuple[str, str], Document] = {}
    for document in documents:
        earlier = first.setdefault(document.identity, document)
        if earlier is document:
            continue
        trap = "duplicate-in-patch" if patch else "duplicate-document"
        advice = "split the patch, or use Talos 1.14" if patch else "keep one of them"
        message = f"{document.title} is in here twice: Talos {version} refuses it; {advice}"
        yield refuse(trap, message, document.node.span, ("first here", earlier.node.span))
