"""Bodies with evaluated arguments: what `resources.Arguments` promises, for blocks in files and for objects in attributes."""

from __future__ import annotations

from auditor.formats.terraform.bodies import Attribute, Block, Body, HclBody
from auditor.formats.terraform.errors import Exhausted, Refused
from auditor.formats.terraform.evaluate import evaluate
from auditor.formats.terraform.instances import Instance, unroll
from auditor.formats.terraform.places import Place
from auditor.formats.terraform.remarks import Remarks
from auditor.formats.terraform.resources import Arguments, Entries
from auditor.formats.terraform.scope import Scope
from auditor.formats.terraform.syntax import Literal, Traversal, TupleExpression, Variable
from auditor.formats.terraform.values import Cause, Hidden, Value, is_mapping, is_sequence, null, unknown
from auditor.model.source import Span, Unknown


def value_or_unknown(attribute: Attribute, scope: Scope) -> Value:
    """The attribute's value. What Terraform would refuse is unknown, with the error as reason."""
    try:
        return evaluate(attribute.expression, scope)
    except Refused as error:
        return refused_value(error, attribute.place)
    except RecursionError:
        return unknown("the expression is nested too deeply", Cause.LIMIT, place=attribute.place)


def refused_value(error: Refused, place: Place) -> Value:
    return unknown(error.message, Cause.LIMIT if isinstance(error, Exhausted) else Cause.ERROR, place=error.place or place)


class BlockArguments:
    """A block's body in one of its instances."""

    def __init__(self, body: Body, place: Place, scope: Scope, remarks: Remarks, doubt: Unknown | None = None) -> None:
        self.body = body
        self.place = place
        self.scope = scope
        self.remarks = remarks
        self.doubt = doubt
        self._values: dict[str, Value] = {}
        self._blocks: dict[str, tuple[Arguments, ...]] = {}

    @property
    def span(self) -> Span:
        return self.place.span

    @property
    def certain(self) -> bool:
        return self.doubt is None

    def names(self) -> tuple[str, ...]:
        return self.body.names()

    def value(self, name: str) -> Value:
        """The argument's value, without a remark on what is wrong with it."""
        if name not in self._values:
            attribute = self.body.attribute(name)
            if attribute is None:
                return null(place=self.place)
            self._values[name] = value_or_unknown(attribute, self.scope)
        return self._values[name]

    def get(self, name: str) -> Value:
        return self.remarks.on(self.value(name))

    def span_of(self, name: str) -> Span:
        attribute = self.body.attribute(name)
        return attribute.place.span if attribute else self.place.span

    def blocks(self, name: str) -> tuple[Arguments, ...]:
        if name not in self._blocks:
            found: list[Arguments] = []
            for block in self.body.blocks(name, "dynamic"):
                if block.type == name:
                    found.append(BlockArguments(block.body, block.place, self.scope, self.remarks, self.doubt))
                elif block.labels[:1] == (name,):
                    found.extend(self._unrolled(block))
            self._blocks[name] = tuple(found)
        return self._blocks[name]

    def _unrolled(self, block: Block) -> list[Arguments]:
        contents = block.body.blocks("content")
        for_each = block.body.attribute("for_each")
        if len(contents) != 1 or for_each is None:
            self.remarks.refuse("a dynamic block has one for_each and one content block", block.place)
        if not contents or for_each is None:
            return []
        iterator = block.body.attribute("iterator")
        name = block.labels[0]
        if iterator is not None:
            name = iterator.expression.name if isinstance(iterator.expression, Variable) else iterator.literal or name
        value = self.remarks.on_repetition(value_or_unknown(for_each, self.scope))
        instances = unroll(value, name, for_each.place)
        return [self._instance(contents[0], instance) for instance in instances]

    def _instance(self, content: Block, instance: Instance) -> BlockArguments:
        scope = self.scope.with_names(instance.names)
        return BlockArguments(content.body, content.place, scope, self.remarks, instance.doubt or self.doubt)

    def entries(self, name: str) -> Entries:
        attribute = self.body.attribute(name)
        if attribute is not None:
            if isinstance(self.body, HclBody) and self.blocks(name):
                self.remarks.refuse(f"{name} is an argument and a block at once", attribute.place)
            return entries_of(self.get(name), attribute.place, self.doubt)
        return Entries(blocks := self.blocks(name), bool(blocks), (), blocks[0].span if blocks else None)

    def ignored_changes(self) -> tuple[str, ...]:
        for lifecycle in self.body.blocks("lifecycle"):
            attribute = lifecycle.body.attribute("ignore_changes")
            if attribute is not None:
                return _names_in(attribute)
        return ()


def _names_in(attribute: Attribute) -> tuple[str, ...]:
    expression = attribute.expression
    items = expression.items if isinstance(expression, TupleExpression) else (expression,)
    names: list[str] = []
    for item in items:
        base = item.base if isinstance(item, Traversal) else item
        if isinstance(base, Variable):
            names.append(base.name)
        elif isinstance(base, Literal):
            names.append(str(base.raw).split(".")[0].split("[")[0])
    return tuple(names)


class ObjectArguments:
    """An object (or map) that stands for a block, as in `ingress = [{ … }]`."""

    def __init__(self, value: Value, place: Place, doubt: Unknown | None = None) -> None:
        self.value = value
        self.place = value.place or place
        self.doubt = doubt

    @property
    def span(self) -> Span:
        return self.place.span

    @property
    def certain(self) -> bool:
        return self.doubt is None

    def names(self) -> tuple[str, ...]:
        return tuple(self.value.items)

    def get(self, name: str) -> Value:
        return self.value.items.get(name) or null(place=self.place)

    def span_of(self, name: str) -> Span:
        return self.get(name).span or self.span

    def blocks(self, name: str) -> tuple[Arguments, ...]:
        return self.entries(name).items

    def entries(self, name: str) -> Entries:
        return entries_of(self.get(name), self.place, self.doubt)


def entries_of(value: Value, place: Place, doubt: Unknown | None) -> Entries:
    """The blocks that a list of objects, or one object, stands for."""
    if value.is_null:
        return Entries((), managed=False, span=place.span)
    if isinstance(value.raw, Hidden):
        return _entries_of_unknown(value, place, doubt)
    parts = value.elements if is_sequence(value) else (value,)
    items: list[Arguments] = []
    rest: list[Value] = []
    for part in parts:
        if part.is_known and is_mapping(part):
            items.append(ObjectArguments(part, place, doubt))
        elif part.is_unknown:
            inner = _entries_of_unknown(part, place, doubt)
            items.extend(inner.items)
            rest.extend(inner.rest)
        elif not part.is_null:
            rest.append(unknown(f"a {part.kind} stands where a block's arguments belong", Cause.ERROR, place=part.place or place))
    return Entries(tuple(items), managed=True, rest=tuple(rest), span=place.span)


def _entries_of_unknown(value: Value, place: Place, doubt: Unknown | None) -> Entries:
    """Each of its possible values, none of them certain; without known alternatives, anything."""
    hidden = value.hidden
    if hidden.members:
        found = [entries_of(member, place, doubt) for member in hidden.members]
    elif hidden.choices:
        found = [entries_of(choice.through(value.trail_), place, doubt or value.doubt) for choice in hidden.choices]
    else:
        return Entries((), managed=True, rest=(value,), span=place.span)
    items = tuple(item for entries in found for item in entries.items)
    return Entries(items, managed=True, rest=tuple(part for entries in found for part in entries.rest), span=place.span)
