"""YAML values that keep their place: every node knows the span of its text and of the key that holds it.

Nothing is executed and no tag is obeyed; depth, size and the expansion of aliases are bounded; a repeated key is reported, never lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from collections.abc import Sequence as AbstractSequence
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

from auditor.model.record import dataclass, field, replace
from auditor.model.source import Source, Span
from auditor.yamlscalars import Plain, Schema, resolve

if TYPE_CHECKING:
    import yaml
    from yaml._yaml import Mark as CMark

    _Mark: TypeAlias = yaml.Mark | CMark

MAX_DEPTH = 200
MAX_NODES = 500_000  # of one stream, every alias counted as the nodes it stands for

PlainTree: TypeAlias = "Plain | list[PlainTree] | dict[str, PlainTree]"


class Style(StrEnum):
    """How a scalar is written."""

    PLAIN = "plain"
    SINGLE = "single"
    DOUBLE = "double"
    LITERAL = "literal"
    FOLDED = "folded"


class YamlError(Exception):
    """A text that is not YAML, or not of a kind this module reads; `message` says what is wrong and what to do."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(f"{span}: {message}")
        self.message = message
        self.span = span


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value. `text` is its content as written, `value` what it means under the schema, `tag` an explicit tag."""

    span: Span
    text: str
    value: Plain
    style: Style = Style.PLAIN
    tag: str | None = None
    key: Span | None = None
    alias: Span | None = None


@dataclass(frozen=True, slots=True)
class Sequence:
    """A list."""

    span: Span
    items: tuple[Node, ...]
    key: Span | None = None
    alias: Span | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping by the text of its keys, in the order written; of a repeated key the first value is kept."""

    span: Span
    entries: dict[str, Node] = field(hash=False)
    key: Span | None = None
    alias: Span | None = None

    def get(self, name: str) -> Node | None:
        """The value of the key `name`, if there."""
        return self.entries.get(name)


Node: TypeAlias = Scalar | Sequence | Mapping
"""`span` is where the value is written, `key` its key in the enclosing mapping, `alias` the `*name` (or `<<`) through which it came."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A key written again in the same mapping."""

    name: str
    span: Span
    first: Span


@dataclass(frozen=True, slots=True)
class Stream:
    """The documents of one text. An empty document is a null scalar."""

    documents: tuple[Node, ...]
    duplicates: tuple[Duplicate, ...] = ()


def read(source: Source, schema: Schema = Schema.CORE, *, keep_last: bool = False) -> Stream:
    """All documents of `source`; of repeated keys the first counts, with `keep_last` the last. Raises `YamlError` where it is not YAML."""
    import yaml

    builder = _Builder(source, schema, keep_last)
    try:
        for event in yaml.parse(source.text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(source, error) from None
    except (yaml.reader.ReaderError, UnicodeEncodeError):
        raise YamlError("a control character is not allowed in YAML: remove it", _character(source)) from None
    return Stream(tuple(builder.documents), tuple(builder.duplicates))


def read_one(source: Source, schema: Schema = Schema.CORE) -> Node:
    """The only document of `source`. Raises `YamlError` for none or several, and for a repeated key."""
    stream = read(source, schema)
    for duplicate in stream.duplicates:
        raise YamlError(f"the key {duplicate.name!r} is already given on line {duplicate.first.line}: keep one of the two", duplicate.span)
    if not stream.documents:
        raise YamlError("there is nothing in this file", Span.of_file(source.path))
    if len(stream.documents) > 1:
        raise YamlError("a second document begins here: only one is expected", stream.documents[1].span)
    return stream.documents[0]


def to_python(node: Node) -> PlainTree:
    """`node` as plain dicts, lists and values."""
    if isinstance(node, Scalar):
        return node.value
    if isinstance(node, Sequence):
        return [to_python(item) for item in node.items]
    return {name: to_python(value) for name, value in node.entries.items()}


def locate(root: Node, path: AbstractSequence[str | int], *, key: bool = False) -> Span:
    """Where the value at `path` (as in a jsonschema error) is written; its key with `key`; of what is missing, what is around it."""
    node = root
    for step in path:
        child = _child(node, step)
        if child is None:
            return node.key or node.span
        node = child
    return node.key or node.span if key else node.span


def walk(node: Node, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Node]]:
    """`node` and everything below it, each with its path."""
    yield path, node
    if isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            yield from walk(item, (*path, index))
    elif isinstance(node, Mapping):
        for name, value in node.entries.items():
            yield from walk(value, (*path, name))


def _child(node: Node, step: str | int) -> Node | None:
    if isinstance(node, Mapping):
        return node.entries.get(str(step))
    if isinstance(node, Sequence) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step]
    return None


# Building: events into nodes, without recursion, so that depth costs a message and not the stack.


@dataclass(slots=True)
class _Frame:
    """A collection that is still open."""

    start: _Mark | None
    anchor: str | None
    flow: bool
    is_mapping: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Node] = field(default_factory=dict)
    merges: list[tuple[Span, Node]] = field(default_factory=list)
    pending: tuple[str, Span, bool] | None = None  # a key without its value: text, span, whether it is a merge key
    last: Span | None = None
    size: int = 1


class _Builder:
    def __init__(self, source: Source, schema: Schema, keep_last: bool) -> None:
        self.path = source.path
        self.schema = schema
        self.keep_last = keep_last
        self.positions = _Positions(source.text)
        self.documents: list[Node] = []
        self.duplicates: list[Duplicate] = []
        self.frames: list[_Frame] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.count = 0

    def take(self, event: yaml.Event) -> None:
        handler = _HANDLERS.get(type(event).__name__)
        if handler is not None:
            handler(self, event)

    def span(self, start: _Mark | None, end: _Mark | None) -> Span:
        assert start is not None and end is not None  # every event of a stream has both
        line, column = self.positions.of(start)
        end_line, end_column = self.positions.of(end)
        return Span(self.path, line, column, end_line, end_column)

    def grow(self, size: int, span: Span) -> None:
        self.count += size
        if self.count > MAX_NODES:
            raise YamlError(f"more than {MAX_NODES} values, aliases expanded: split the file", span)

    def document(self, _event: yaml.Event) -> None:
        self.anchors.clear()

    def scalar(self, event: yaml.ScalarEvent) -> None:
        span = self.span(event.start_mark, event.end_mark)
        style = _STYLES[event.style]
        tag = event.tag if event.tag not in (None, "!") else None
        quoted = style is not Style.PLAIN or event.tag == "!"
        node = Scalar(span, event.value, resolve(event.value, tag, quoted, self.schema), style, tag)
        self.put(node, 1, event.anchor)

    def open(self, event: yaml.CollectionStartEvent) -> None:
        if len(self.frames) >= MAX_DEPTH:
            raise YamlError(f"nested more than {MAX_DEPTH} levels deep", self.span(event.start_mark, event.end_mark))
        if event.anchor:
            self.anchors.pop(event.anchor, None)
        is_mapping = type(event).__name__ == "MappingStartEvent"
        self.frames.append(_Frame(event.start_mark, event.anchor, bool(event.flow_style), is_mapping))

    def close(self, event: yaml.CollectionEndEvent) -> None:
        frame = self.frames.pop()
        span = self.span(frame.start, event.end_mark)
        if not frame.flow and frame.last is not None:  # a block's own end mark stands before the next token
            span = Span(span.path, span.line, span.column, frame.last.end_line, frame.last.end_column)
        for where, merged in reversed(frame.merges):
            self.merge(frame, where, merged)
        node: Node = Mapping(span, frame.entries) if frame.is_mapping else Sequence(span, tuple(frame.items))
        self.put(node, frame.size, frame.anchor)

    def alias(self, event: yaml.AliasEvent) -> None:
        span = self.span(event.start_mark, event.end_mark)
        found = self.anchors.get(event.anchor or "")
        if found is None:
            raise YamlError(f"the alias *{event.anchor} has no complete value &{event.anchor} before it", span)
        node, size = found
        self.grow(size - 1, span)
        self.put(replace(node, alias=span, key=None), size, None)

    def put(self, node: Node, size: int, anchor: str | None) -> None:
        if isinstance(node, Scalar) or node.alias is not None:
            self.grow(1, node.span)
        if anchor:
            self.anchors[anchor] = (node, size)
        if not self.frames:
            self.documents.append(node)
            return
        frame = self.frames[-1]
        frame.size += size
        frame.last = node.alias or node.span
        if not frame.is_mapping:
            frame.items.append(node)
        elif frame.pending is None:
            frame.pending = self.key(node)
        else:
            self.entry(frame, node)

    def key(self, node: Node) -> tuple[str, Span, bool]:
        where = node.alias or node.span
        if not isinstance(node, Scalar):
            raise YamlError("a list or mapping cannot be a key: put quotes around braces and brackets that are meant as text", where)
        merges = node.text == "<<" and node.style is Style.PLAIN and self.schema is not Schema.GO
        return node.text, where, merges

    def entry(self, frame: _Frame, node: Node) -> None:
        assert frame.pending is not None
        name, key, merges = frame.pending
        frame.pending = None
        if merges:
            frame.merges.append((key, node))
        elif name in frame.entries:
            first = frame.entries[name]
            self.duplicates.append(Duplicate(name, key, first.key or first.span))
            if self.keep_last:
                frame.entries[name] = _with_key(node, key)
        else:
            frame.entries[name] = _with_key(node, key)

    def merge(self, frame: _Frame, where: Span, node: Node) -> None:
        """`<<`: what the mapping itself says wins, then the earlier of the merged ones."""
        for part in node.items if isinstance(node, Sequence) else (node,):
            if not isinstance(part, Mapping):
                raise YamlError("only a mapping, or a list of mappings, can be merged with <<", part.alias or part.span)
            self.grow(len(part.entries), where)
            frame.size += len(part.entries)
            for name, value in part.entries.items():
                frame.entries.setdefault(name, replace(value, alias=value.alias or where))


def _with_key(node: Node, key: Span) -> Node:
    # Nodes are fresh here, or copies made for an alias, so that the key may still be put in: much cheaper than a copy for each.
    object.__setattr__(node, "key", key)
    return node


_STYLES: dict[str | None, Style] = {
    None: Style.PLAIN,
    "": Style.PLAIN,
    "'": Style.SINGLE,
    '"': Style.DOUBLE,
    "|": Style.LITERAL,
    ">": Style.FOLDED,
}
_HANDLERS: dict[str, Callable[..., None]] = {
    "DocumentStartEvent": _Builder.document,
    "ScalarEvent": _Builder.scalar,
    "SequenceStartEvent": _Builder.open,
    "MappingStartEvent": _Builder.open,
    "SequenceEndEvent": _Builder.close,
    "MappingEndEvent": _Builder.close,
    "AliasEvent": _Builder.alias,
}


class _Positions:
    """Marks into 1-based lines and columns. YAML also breaks lines at CR, NEL, LS and PS alone; everybody else counts line feeds only."""

    def __init__(self, text: str) -> None:
        self.breaks: list[int] | None = None
        if re.search("\r(?!\n)|[\x85\u2028\u2029]", text):
            self.breaks = [-1, *(match.start() for match in re.finditer("\n", text))]

    def of(self, mark: _Mark) -> tuple[int, int]:
        if self.breaks is None:
            return mark.line + 1, mark.column + 1
        from bisect import bisect_left

        line = bisect_left(self.breaks, mark.index)
        return max(line, 1), mark.index - self.breaks[max(line, 1) - 1]


# Saying what is wrong.

_REMEDIES: tuple[tuple[str, str], ...] = (
    ("cannot start any token", "this character cannot begin a value: put the value in quotes"),
    (
        "mapping values are not allowed",
        "a second ': ' on one line, or a wrong indentation: put the value in quotes or indent as the lines around it",
    ),
    ("could not find expected ':'", "a key without ':' after it, or a line that is not indented as the value it belongs to"),
    ("did not find expected key", "a key or the end of the mapping is expected: check the indentation"),
    ("did not find expected '-' indicator", "a list item is expected: check the indentation"),
    (
        "did not find expected node content",
        "a value or a closing bracket is expected: put a value in quotes if it begins with a special character",
    ),
    ("did not find expected ',' or", "',' or the closing bracket is missing"),
    ("found unexpected end of stream", "the closing quote or bracket is missing"),
    ("found duplicate anchor", "the same anchor is defined twice"),
    ("did not find expected <document start>", "a document cannot go on here: begin a new one with '---'"),
    ("found undefined tag handle", "the tag's handle is not declared: remove the tag"),
    ("found unknown escape character", "an unknown escape in double quotes: use single quotes, or double the backslash"),
)


def _syntax_error(source: Source, error: yaml.MarkedYAMLError) -> YamlError:
    problem = str(error.problem or error.context or "not YAML")
    remedy = next((text for sign, text in _REMEDIES if sign in problem), None)
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return YamlError(f"not YAML: {problem}", Span.of_file(source.path))
    line, column = _Positions(source.text).of(mark)
    if source.line(line).lstrip(" ").startswith("\t"):
        remedy = "a tab cannot indent: use spaces"
    return YamlError(f"not YAML: {remedy or problem}", Span(source.path, line, column, line, column + 1))


def _character(source: Source) -> Span:
    found = re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]", source.text)
    before = source.text[: found.start() if found else 0]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return Span(source.path, line, column, line, column + 1)
