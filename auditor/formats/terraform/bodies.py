"""The blocks and attributes of a file: found once, cheaply, without reading their expressions; those are read when asked for.

tree-sitter's tree is dropped as soon as the index is made: keeping the trees of a large repository would cost more memory
than everything else together. What the index cannot make sense of is in `problems`, never simply missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Protocol

from auditor.formats.terraform.parse import Node, children_of, first_error, parse_hcl
from auditor.formats.terraform.places import Place, SourceFile
from auditor.formats.terraform.syntax import Broken, Expression, Literal
from auditor.model.record import dataclass, field

MAX_NESTING = 100
TOP_LEVEL = frozenset({"resource", "data", "module", "locals", "variable", "output"})


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file is not valid: bytes and a phrase."""

    start: int
    end: int
    message: str


@dataclass(frozen=True, slots=True)
class IndexedAttribute:
    name: str
    start: int
    end: int
    broken: bool


@dataclass(frozen=True, slots=True)
class IndexedBlock:
    """`header_end` is the end of the labels."""

    type: str
    labels: tuple[str, ...]
    start: int
    header_end: int
    end: int
    body: IndexedBody


@dataclass(slots=True)
class IndexedBody:
    attributes: dict[str, IndexedAttribute] = field(default_factory=dict)
    blocks: list[IndexedBlock] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Index:
    """One file's content. Files with equal content share it."""

    body: IndexedBody
    problems: tuple[Problem, ...]


def index(data: bytes) -> Index:
    """The blocks and attributes of `data` and what is wrong with it."""
    root = parse_hcl(data)
    indexer = _Indexer(data)
    error = first_error(root)
    if error is not None:
        message = f"{error.type} is missing here" if error.is_missing else "syntax error"
        indexer.problems.append(Problem(error.start_byte, max(error.end_byte, error.start_byte + 1), message))
    body = indexer.body([child for child in children_of(root) if child.type in ("body", "ERROR")], 0)
    if error is not None:
        body.blocks.extend(_swallowed(body))
    else:
        from auditor.formats.terraform.checks import find_problems

        indexer.problems.extend(find_problems(data, root))
    return Index(body, tuple(sorted(indexer.problems, key=lambda problem: problem.start)))


class _Indexer:
    """Walks bodies, never expressions."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.problems: list[Problem] = []

    def body(self, nodes: list[Node], depth: int, braces: tuple[int, int] = (-1, -1)) -> IndexedBody:
        """The items of a body; `braces` are the lines of those around it, which only a single argument may share."""
        found = IndexedBody()
        opened, closed = braces
        line = opened
        for node in nodes:
            for item in children_of(node):
                kind = item.type
                if kind == "attribute":
                    self.attribute(item, found)
                elif kind == "block":
                    self.block(item, found, depth)
                else:
                    continue
                if item.start_point.row == line and not (opened == closed and kind == "attribute" and len(found.attributes) == 1):
                    self.problem(item, "every argument and block begins on a line of its own")
                line = item.end_point.row
        if line == closed != opened:
            self.problem(nodes[-1], "the closing brace of a block stands on a line of its own")
        return found

    def problem(self, node: Node, message: str) -> None:
        self.problems.append(Problem(node.start_byte, max(node.end_byte, node.start_byte + 1), message))

    def attribute(self, node: Node, body: IndexedBody) -> None:
        children = node.children
        name = _text(children[0])
        if len(children) > 2 and children[0].end_point.row != children[2].start_point.row and "\n" in _between(self.data, children):
            self.problem(children[0], "an argument's name, = and the beginning of its value stand on one line")
        if name in body.attributes:
            self.problem(node, f'the argument "{name}" is given twice')
            return
        body.attributes[name] = IndexedAttribute(name, node.start_byte, node.end_byte, node.has_error)

    def block(self, node: Node, body: IndexedBody, depth: int) -> None:
        labels: list[str] = []
        inner: list[Node] = []
        first = header = node.children[0]
        opened = closed = -1
        for child in node.children[1:]:
            kind = child.type
            if kind in ("string_lit", "identifier", "block_start"):
                row = child.start_point.row
                if row != first.start_point.row:
                    self.problem(first, f"the block {_text(first)} does not begin on one line")
                    first = child
                if kind == "block_start":
                    opened = row
                else:
                    labels.append(self.label(child))
                    header = child
            elif kind == "block_end":
                closed = child.start_point.row
            elif kind in ("body", "ERROR"):
                inner.append(child)
            elif kind in ("template_expr", "quoted_template"):
                self.problem(child, "a label is literal text")
        if depth >= MAX_NESTING:
            self.problem(node, f"blocks are nested more than {MAX_NESTING} levels deep")
            inner = []
        name = _text(node.children[0])
        nested = self.body(inner, depth + 1, (opened, closed))
        body.blocks.append(IndexedBlock(name, tuple(labels), node.start_byte, header.end_byte, node.end_byte, nested))

    def label(self, node: Node) -> str:
        text = _text(node)
        if "${" in text or "%{" in text:
            self.problem(node, "a label is literal text")
        return text.strip('"')


def _between(data: bytes, children: list[Node]) -> str:
    """The text between an argument's name and its value, without comments."""
    value = next((child for child in reversed(children) if child.type == "expression"), children[-1])
    pieces = [data[before.end_byte : after.start_byte] for before, after in pairwise(children) if after.start_byte <= value.start_byte]
    return b"".join(pieces).decode(errors="replace")


def _swallowed(body: IndexedBody) -> Iterator[IndexedBlock]:
    """Blocks that a missing brace put inside others."""
    pending = [block.body for block in body.blocks]
    while pending:
        inner = pending.pop()
        for block in inner.blocks:
            if block.type in TOP_LEVEL and len(block.labels) == {"resource": 2, "data": 2, "locals": 0}.get(block.type, 1):
                yield block
            pending.append(block.body)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", errors="replace")


class Body(Protocol):
    """The inside of a block, whatever it is written in."""

    def names(self) -> tuple[str, ...]:
        """The attributes and block types that are written here, `dynamic` ones by what they make."""
        ...

    def attribute(self, name: str) -> Attribute | None: ...

    def attribute_names(self) -> tuple[str, ...]: ...

    def __hash__(self) -> int: ...

    def blocks(self, *types: str) -> tuple[Block, ...]:
        """The blocks of these types in source order."""
        ...


class HclBody:
    """The inside of a block of `file`."""

    __slots__ = ("_attributes", "_blocks", "_by_type", "_index", "file")

    def __init__(self, file: SourceFile, index: IndexedBody) -> None:
        self.file = file
        self._index = index
        self._attributes: dict[str, Attribute] = {}
        self._blocks: list[Block] | None = None
        self._by_type: dict[str, list[Block]] = {}

    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self._index.attributes, *(_made_type(block) for block in self._index.blocks)]))

    def attribute_names(self) -> tuple[str, ...]:
        return tuple(self._index.attributes)

    def attribute(self, name: str) -> Attribute | None:
        known = self._attributes.get(name)
        if known is None:
            entry = self._index.attributes.get(name)
            if entry is None:
                return None
            known = self._attributes[name] = Attribute(name, Place(self.file, entry.start, entry.end), entry.broken)
        return known

    def blocks(self, *types: str) -> tuple[Block, ...]:
        if self._blocks is None:
            self._blocks = [
                Block(block.type, block.labels, Place(self.file, block.start, block.header_end), HclBody(self.file, block.body))
                for block in self._index.blocks
            ]
            for block in self._blocks:
                self._by_type.setdefault(block.type, []).append(block)
        if len(types) == 1:
            return tuple(self._by_type.get(types[0], ()))
        return tuple(block for block in self._blocks if block.type in types)


def _made_type(block: IndexedBlock) -> str:
    return block.labels[0] if block.type == "dynamic" and block.labels else block.type


class MergedBody:
    """A body with an override file's on top: its arguments replace those of the same name, its block types all blocks of that type."""

    __slots__ = ("base", "top")

    def __init__(self, base: Body, top: Body) -> None:
        self.base = base
        self.top = top

    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.base.names(), *self.top.names()]))

    def attribute_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.base.attribute_names(), *self.top.attribute_names()]))

    def attribute(self, name: str) -> Attribute | None:
        return self.top.attribute(name) or self.base.attribute(name)

    def blocks(self, *types: str) -> tuple[Block, ...]:
        replaced = {block.labels[0] if block.type == "dynamic" else block.type for block in self.top.blocks("dynamic", *types)}
        kept = [block for block in self.base.blocks(*types) if (block.labels[0] if block.type == "dynamic" else block.type) not in replaced]
        return (*kept, *self.top.blocks(*types))

    def replaced(self, types: Sequence[str]) -> dict[str, Block]:
        """Of these block types those of which the base has blocks that the top's hide, each with the first on top."""
        return {name: top[0] for name in types if (top := _making(self.top, name)) and _making(self.base, name)}


def _making(body: Body, name: str) -> tuple[Block, ...]:
    return tuple(block for block in body.blocks(name, "dynamic") if block.type == name or block.labels[:1] == (name,))


class Attribute:
    """`name = expression`; the expression is read when it is first wanted. `plain` is a JSON value whose text is no template."""

    __slots__ = ("_expression", "broken", "name", "place", "plain")

    def __init__(
        self, name: str, place: Place, broken: bool = False, expression: Expression | None = None, plain: Expression | None = None
    ) -> None:
        self.name = name
        self.place = place
        self.broken = broken
        self._expression = expression
        self.plain = plain

    @property
    def expression(self) -> Expression:
        if self._expression is None:
            from auditor.formats.terraform.expressions import read_attribute

            place = self.place
            if self.broken:
                self._expression = Broken(place.file, place.start, place.end, "syntax error")
            else:
                self._expression = read_attribute(place.file, place.start, place.end)
        return self._expression

    @property
    def literal(self) -> str | None:
        """The text of an attribute that must be literal text, such as a module's `source`; None if it is something else."""
        expression = self.expression
        return expression.raw if isinstance(expression, Literal) and isinstance(expression.raw, str) else None


@dataclass(frozen=True, slots=True)
class Block:
    """`type "label" … { body }`; `place` is its type and labels."""

    type: str
    labels: tuple[str, ...]
    place: Place
    body: Body
