"""JSON with places, and `.tf.json`: the same blocks and attributes written as objects.

Which keys are blocks is only known to who asks: `attribute` reads a value as an expression, `blocks` as one block or a list of them.
"""

from __future__ import annotations

import json
import re

from auditor.formats.terraform.bodies import Attribute, Block
from auditor.formats.terraform.numbers import read_number
from auditor.formats.terraform.places import Place, SourceFile
from auditor.formats.terraform.syntax import Broken, Expression, Literal, ObjectExpression, TupleExpression
from auditor.model.record import dataclass
from auditor.model.source import Span

MAX_DEPTH = 200
SPACE = re.compile(rb"[ \t\r\n]*")
STRING = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\.)*"')
NUMBER = re.compile(rb"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
WORDS = {b"true": True, b"false": False, b"null": None}
LITERAL_STRINGS = {"module": frozenset({"source", "version"}), "dynamic": frozenset({"iterator"})}
"""The attributes of a block that are no templates."""


class BadJson(Exception):
    """Text that is no JSON: byte offset and phrase."""

    def __init__(self, offset: int, message: str) -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message


@dataclass(frozen=True, slots=True)
class JsonText(Place):
    """A string, its escapes resolved."""

    text: str


@dataclass(frozen=True, slots=True)
class JsonScalar(Place):
    """A number as text, true, false or null."""

    value: str | bool | None


@dataclass(frozen=True, slots=True)
class JsonArray(Place):
    items: tuple[JsonNode, ...]


@dataclass(frozen=True, slots=True)
class JsonObject(Place):
    """Members in source order; the last of equal names counts."""

    members: tuple[tuple[JsonText, JsonNode], ...]

    def get(self, name: str) -> JsonNode | None:
        return next((value for key, value in reversed(self.members) if key.text == name), None)


JsonNode = JsonText | JsonScalar | JsonArray | JsonObject


def parse_json(file: SourceFile) -> JsonNode:
    """The document. Raises `BadJson`."""
    parser = _Parser(file)
    node = parser.value(parser.skip(0), 0)
    if parser.skip(node.end) < len(file.data):
        raise BadJson(parser.skip(node.end), "there is more after the end of the JSON value")
    return node


class _Parser:
    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.data = file.data

    def skip(self, at: int) -> int:
        match = SPACE.match(self.data, at)
        return match.end() if match else at

    def value(self, at: int, depth: int) -> JsonNode:
        if depth > MAX_DEPTH:
            raise BadJson(at, f"nested more than {MAX_DEPTH} levels deep")
        first = self.data[at : at + 1]
        if first == b"{":
            return self.object(at, depth)
        if first == b"[":
            return self.array(at, depth)
        if first == b'"':
            return self.string(at)
        for word, meaning in WORDS.items():
            if self.data.startswith(word, at):
                return JsonScalar(self.file, at, at + len(word), meaning)
        match = NUMBER.match(self.data, at)
        if match is None:
            raise BadJson(at, "a JSON value is expected here")
        return JsonScalar(self.file, at, match.end(), match[0].decode())

    def string(self, at: int) -> JsonText:
        match = STRING.match(self.data, at)
        if match is None:
            raise BadJson(at, "a text in quotes is expected here")
        try:
            text = json.loads(match[0])
        except ValueError:
            raise BadJson(at, "this text has an escape that is none") from None
        return JsonText(self.file, at, match.end(), text)

    def array(self, at: int, depth: int) -> JsonArray:
        items: list[JsonNode] = []
        position = self.skip(at + 1)
        while self.data[position : position + 1] != b"]":
            if items:
                position = self.comma(position)
            items.append(self.value(position, depth + 1))
            position = self.skip(items[-1].end)
        return JsonArray(self.file, at, position + 1, tuple(items))

    def object(self, at: int, depth: int) -> JsonObject:
        members: list[tuple[JsonText, JsonNode]] = []
        position = self.skip(at + 1)
        while self.data[position : position + 1] != b"}":
            if members:
                position = self.comma(position)
            key = self.string(position)
            position = self.skip(key.end)
            if self.data[position : position + 1] != b":":
                raise BadJson(position, "a colon is expected here")
            value = self.value(self.skip(position + 1), depth + 1)
            members.append((key, value))
            position = self.skip(value.end)
        return JsonObject(self.file, at, position + 1, tuple(members))

    def comma(self, at: int) -> int:
        if self.data[at : at + 1] != b",":
            raise BadJson(at, "a comma or a closing bracket is expected here")
        return self.skip(at + 1)


class Fragment(SourceFile):
    """Text that was unpacked from `outer`: every place in it is the whole of `outer`."""

    __slots__ = ("outer",)

    def __init__(self, outer: Place, data: bytes) -> None:
        super().__init__(outer.file.path, data)
        self.outer = outer

    def span(self, start: int, end: int) -> Span:  # noqa: ARG002 - the fragment has no places of its own
        return self.outer.span


def expression_of(node: JsonNode, *, templates: bool = True) -> Expression:
    """A JSON value as an expression; strings are templates, in tfvars files they are not."""
    where = (node.file, node.start, node.end)
    if isinstance(node, JsonText):
        if not templates or ("${" not in node.text and "%{" not in node.text):
            return Literal(*where, node.text)
        from auditor.formats.terraform.expressions import read_template

        return read_template(Fragment(Place(*where), node.text.encode("utf-8", errors="replace")))
    if isinstance(node, JsonScalar):
        if isinstance(node.value, str):
            amount = read_number(node.value)
            return Literal(*where, amount) if amount is not None else Broken(*where, f"{node.value} is too large")
        return Literal(*where, node.value)
    if isinstance(node, JsonArray):
        return TupleExpression(*where, tuple(expression_of(item, templates=templates) for item in node.items))
    pairs = ((_key(key, templates), expression_of(value, templates=templates)) for key, value in node.members)
    return ObjectExpression(*where, tuple(pairs))


def _key(key: JsonText, templates: bool) -> Expression:
    return expression_of(key, templates=templates)


def code_of(node: JsonNode) -> Expression:
    """A string that holds an expression as code, such as a variable's type."""
    if not isinstance(node, JsonText):
        return expression_of(node)
    from auditor.formats.terraform.expressions import read_expression

    data = node.text.encode("utf-8", errors="replace")
    return read_expression(Fragment(Place(node.file, node.start, node.end), data), 0, len(data))


class JsonBody:
    """Objects as a body: several where an array says that they all belong to it. `type` is that of the block, "" for a file."""

    __slots__ = ("objects", "type")

    def __init__(self, *objects: JsonObject, block: str = "") -> None:
        self.objects = objects
        self.type = block

    def _members(self) -> list[tuple[JsonText, JsonNode]]:
        return [member for part in self.objects for member in part.members if member[0].text != "//"]

    def names(self) -> tuple[str, ...]:
        found: dict[str, None] = {}
        for key, value in self._members():
            if key.text == "dynamic":
                found.update(dict.fromkeys(name.text for part in objects_of(value) for name, _ in part.members))
            else:
                found[key.text] = None
        return tuple(found)

    def attribute_names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key.text for key, _ in self._members() if key.text != "dynamic"))

    def attribute(self, name: str) -> Attribute | None:
        for key, value in reversed(self._members()):
            if key.text == name:
                place = Place(key.file, key.start, value.end)
                if name == "type" and self.type == "variable":
                    return Attribute(name, place, expression=code_of(value))
                plain = expression_of(value, templates=False)
                literal = name in LITERAL_STRINGS.get(self.type, ())
                return Attribute(name, place, expression=plain if literal else expression_of(value), plain=plain)
        return None

    def blocks(self, *types: str) -> tuple[Block, ...]:
        found: list[Block] = []
        for key, value in self._members():
            if key.text in types:
                labels = {"resource": 2, "data": 2, "ephemeral": 2, "module": 1, "variable": 1, "output": 1, "dynamic": 1}.get(key.text, 0)
                found.extend(_labelled(key, value, labels, ()))
        return tuple(found)


def objects_of(node: JsonNode) -> tuple[JsonObject, ...]:
    if isinstance(node, JsonObject):
        return (node,)
    return tuple(item for item in node.items if isinstance(item, JsonObject)) if isinstance(node, JsonArray) else ()


def _labelled(key: JsonText, value: JsonNode, labels: int, outer: tuple[JsonText, ...]) -> list[Block]:
    if labels:
        pairs = [member for part in objects_of(value) for member in part.members if member[0].text != "//"]
        return [block for name, inner in pairs for block in _labelled(key, inner, labels - 1, (*outer, name))]
    last = outer[-1] if outer else key
    place = Place(last.file, last.start, last.end)
    names = tuple(name.text for name in outer)
    return [Block(key.text, names, place, JsonBody(part, block=key.text)) for part in objects_of(value)]
