"""Plans and states as JSON (`terraform show -json`): what Terraform itself made of the configuration, as resource instances.

Values are final; nothing is evaluated. What is only known after apply keeps its identity where the configuration in the plan tells it
(see `plan_references`). Ids that exist already are traced back to the resource they belong to. There are no lines in a plan: the
place of a resource is its address in the JSON, that of an argument its key behind it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from auditor.files import Unreadable
from auditor.formats.terraform.arguments import entries_of
from auditor.formats.terraform.numbers import read_number
from auditor.formats.terraform.places import Place, SourceFile
from auditor.formats.terraform.plan_references import Index, Key, object_in
from auditor.formats.terraform.resources import Arguments, Entries, MissingModule, Resource, Root
from auditor.formats.terraform.sources import Sources
from auditor.formats.terraform.types import ANY, BOOL, NUMBER, STRING
from auditor.formats.terraform.values import Cause, Hidden, Value, null, object_value, tuple_value
from auditor.model.source import Effect, Level, Note, Span, Unknown

MAX_BYTES = 128 * 1024 * 1024
IDENTITIES = frozenset({"id", "arn", "self_link"})
PARTS = frozenset({"default_network_acl_id", "default_security_group_id", "default_security_list_id", "primary_network_interface_id"})
"""Attributes that are the ids of what is made along with a resource."""
IDENTITY_ARGUMENT = re.compile(r"(?:_ids?|_arns?|_links?|security_groups?|firewalls?|subnets?)$|^network$")
ADDRESS = re.compile(rb'"address": ?("(?:[^"\\]|\\.)*")')
LIKE_AN_ID = re.compile(r"(?=.*[\d-])\S{6,}")
Json = Mapping[str, Any]


class Numeral(str):
    """A number as its text."""

    __slots__ = ()


def load_plan(sources: Sources, path: str, directory: str | None = None) -> Root:
    """The plan or state in the file `path`. One that cannot be read is empty and has a note that says why.

    `directory`: that of the root module it is of; None where others lie beside it: then it is called after its file.
    """
    place = path if directory is None else directory
    try:
        data = sources.tree.read_bytes(path)
        document = json.loads(data, parse_int=Numeral, parse_float=Numeral)
    except Unreadable as error:
        return _Plan(path, place, b"", {}, f"{path} {error}")
    except (ValueError, RecursionError) as error:
        return _Plan(path, place, b"", {}, f"this is no JSON that can be read: {error}")
    if not isinstance(document, dict):
        return _Plan(path, place, data, {}, "this is no plan: an object is expected")
    return _Plan(path, place, data, document, None)


class _Plan:
    """One plan. `problem` says why it could not be read."""

    def __init__(self, path: str, directory: str, data: bytes, document: Json, problem: str | None) -> None:
        self.directory = directory
        self.file = SourceFile(path, data)
        self.problem = problem
        self.complete = document.get("complete", True) is not False and document.get("errored") is not True
        self.found = list(_instances(document))
        addresses = [str(instance["address"]) for instance in self.found]
        self.index = Index(object_in(document.get("configuration")), addresses)
        self.ids = _ids(self.found)

    def types(self) -> frozenset[str]:
        return frozenset(str(instance.get("type")) for instance in self.found)

    def resources(self, types: Collection[str]) -> Iterator[Resource]:
        return self._select("managed", types)

    def data(self, types: Collection[str]) -> Iterator[Resource]:
        return self._select("data", types)

    def _select(self, mode: str, types: Collection[str]) -> Iterator[PlannedResource]:
        for instance in self.found:
            if instance.get("mode", "managed") == mode and instance.get("type") in types:
                yield PlannedResource(self, instance)

    def missing_modules(self) -> Sequence[MissingModule]:
        return ()

    def broken_files(self) -> Sequence[str]:
        return ()

    def notes(self) -> tuple[Note, ...]:
        span = Span.of_file(self.file.path)
        if self.problem is not None:
            return (Note("unparsable", self.problem, span, Effect.UNKNOWN, Level.ERROR),)
        if not self.complete:
            message = "the plan is partial or failed (-target, -refresh-only, errors): what it leaves out is not seen"
            return (Note("partial-plan", message, span),)
        return ()

    def place_of(self, address: str, name: str | None = None) -> Place:
        """Where an instance, or one of its arguments, stands in the text."""
        start, end, limit = self.places.get(address, (0, 1, 0))
        if name is not None:
            after = max(self.file.data.find(b'"after"', end, limit), end)
            wanted = json.dumps(name).encode()
            inner = self.file.data.find(wanted + b":", after, limit)
            if inner >= 0:
                return Place(self.file, inner, inner + len(wanted))
        return Place(self.file, start, end)

    @cached_property
    def places(self) -> dict[str, tuple[int, int, int]]:
        """Address → where it stands among the instances, and where the next one begins."""
        first = max(self.file.data.find(b'"resource_changes"'), 0)
        found = [(match.start(), match.end(), match[1]) for match in ADDRESS.finditer(self.file.data, first)]
        ends = [start for start, _, _ in found[1:]] + [len(self.file.data)]
        places: dict[str, tuple[int, int, int]] = {}
        for (start, end, text), limit in zip(found, ends, strict=True):
            places.setdefault(json.loads(text), (start, end, limit))
        return places


def _instances(document: Json) -> Iterator[dict[str, Any]]:
    """Every resource instance there will be: of a plan the changes that are no deletions, of a state its resources."""
    changes = document.get("resource_changes")
    if isinstance(changes, list):
        for change in changes:
            body = object_in(object_in(change).get("change"))
            if body and body.get("actions") != ["delete"] and isinstance(change.get("address"), str):
                unknown = body.get("after_unknown")
                yield {**change, "values": object_in(body.get("after")), "unknown": unknown, "new": body.get("before") is None}
        yield from (
            each for each in _resources(object_in(object_in(document.get("prior_state")).get("values"))) if each.get("mode") == "data"
        )
        return
    for name in ("planned_values", "values"):
        yield from _resources(object_in(document.get(name)))


def _resources(values: Json) -> Iterator[dict[str, Any]]:
    pending = [object_in(values.get("root_module"))]
    while pending:
        module = pending.pop(0)
        for resource in module.get("resources") or ():
            if isinstance(resource, dict) and isinstance(resource.get("address"), str):
                yield {**resource, "module_address": module.get("address", ""), "values": object_in(resource.get("values")), "unknown": {}}
        pending.extend(object_in(child) for child in module.get("child_modules") or ())


def _ids(instances: Sequence[Json]) -> dict[str, str]:
    """Ids that exist already → the symbol of the attribute that has it."""
    found: dict[str, str] = {}
    for instance in instances:
        for name in IDENTITIES:
            text = instance["values"].get(name)
            if isinstance(text, str) and not isinstance(text, Numeral) and LIKE_AN_ID.fullmatch(text):
                found.setdefault(text, f"{instance['address']}.{name}")
    return found


class PlannedResource:
    """One resource instance of a plan."""

    def __init__(self, plan: _Plan, instance: Json) -> None:
        self.plan = plan
        self.address = str(instance["address"])
        self.module = str(instance.get("module_address") or "")
        self.type = str(instance.get("type", ""))
        self.name = str(instance.get("name", ""))
        index = instance.get("index")
        self.key: Key = int(index) if isinstance(index, Numeral) and index.isdigit() else index if isinstance(index, str) else None
        self.certain = True
        self.doubt: Unknown | None = None
        self.values: Json = instance["values"]
        self.unknown: Json = object_in(instance.get("unknown"))
        self.new = bool(instance.get("new"))
        self.place = plan.place_of(self.address)
        self.where = plan.index.place(self.module, str(instance.get("mode", "managed")), self.type, self.name, self.key)

    @property
    def span(self) -> Span:
        return self.place.span

    def names(self) -> tuple[str, ...]:
        written = self._expressions()
        known = [name for name, value in self.values.items() if value is not None]
        return tuple(dict.fromkeys([*known, *(name for name in self.unknown if name in written and self.unknown[name])]))

    def _expressions(self) -> Json:
        return object_in(self.where.block.get("expressions")) if self.where else {}

    def get(self, name: str) -> Value:
        unknown = self.unknown.get(name)
        if unknown is True and name not in self._expressions() and name not in IDENTITIES:
            return null(place=self.place)  # left out: the provider decides
        return self._value((name, name), self.values.get(name), unknown, self.plan.place_of(self.address, name))

    def _value(self, path: tuple[str, str], value: object, unknown: object, place: Place) -> Value:
        """A value merged with the marks of what is not known in it. `path`: the argument it is in, and the innermost key."""
        name = path[1]
        if unknown is True:
            return self._unknown(path, place)
        if isinstance(value, Mapping):
            marks = object_in(unknown)
            names = dict.fromkeys([*value, *(key for key, mark in marks.items() if mark)])
            return object_value({key: self._value((path[0], key), value.get(key), marks.get(key), place) for key in names}, place)
        if isinstance(value, list):
            marks_of = unknown if isinstance(unknown, list) and len(unknown) == len(value) else [False] * len(value)
            return tuple_value((self._value(path, part, mark, place) for part, mark in zip(value, marks_of, strict=True)), place)
        if isinstance(unknown, Mapping | list) and value is None and any(unknown):
            return self._value(path, {} if isinstance(unknown, Mapping) else [None] * len(unknown), unknown, place)
        return self._scalar(name, value, place)

    def _scalar(self, name: str, value: object, place: Place) -> Value:
        if isinstance(value, Numeral):
            return Value(read_number(value), NUMBER, place)
        if isinstance(value, bool):
            return Value(value, BOOL, place)
        if not isinstance(value, str):
            return null(ANY, place)
        symbol = self.plan.ids.get(value) if name not in IDENTITIES and IDENTITY_ARGUMENT.search(name) else None
        if symbol is None:
            return Value(value, STRING, place)
        return Value(Hidden(f"{value} is {symbol}", Cause.COMPUTED, symbol, place, not_null=True), STRING, place)

    def _unknown(self, path: tuple[str, str], place: Place) -> Value:
        outer, name = path
        reason = f"{self.address}.{name} is only known after apply"
        if name == outer and name in IDENTITIES and name not in self._expressions():
            return Value(Hidden(reason, Cause.COMPUTED, f"{self.address}.{name}", place, not_null=True), STRING, place)
        written = self._expressions().get(outer)
        expression = (_find(written, name) or written) if name != outer else written
        candidates = _fitting(self.plan.index.candidates(expression, self.where), name) if self.where else ()
        named = [_candidate(symbol, reason, place) for symbol in candidates if symbol is None or _is_identity(symbol)]
        if len(named) == len(candidates) == 1:
            return named[0]
        choices = tuple(named) if len(named) == len(candidates) else ()
        return Value(Hidden(reason, Cause.COMPUTED, None, place, choices=choices), ANY, place)

    def span_of(self, name: str) -> Span:
        return self.plan.place_of(self.address, name).span

    def blocks(self, name: str) -> tuple[Arguments, ...]:
        return self.entries(name).items

    def entries(self, name: str) -> Entries:
        value = self.get(name)
        if value.is_unknown and self.new and name not in self._expressions():
            return Entries((), managed=False, span=self.span)
        return entries_of(value, self.place, None)

    def ignored_changes(self) -> tuple[str, ...]:
        return ()


def _candidate(symbol: str | None, reason: str, place: Place) -> Value:
    if symbol is None:
        return Value(Hidden(reason, Cause.COMPUTED, None, place), ANY, place)
    return Value(Hidden(f"{symbol} is only known after apply", Cause.COMPUTED, symbol, place, not_null=True), STRING, place)


def _fitting(candidates: tuple[str | None, ...], name: str) -> tuple[str | None, ...]:
    """Blocks of one type are pooled in a plan: of what they mention, what can stand for this argument."""
    word = next((word for word in ("security_group", "prefix_list") if word in name), None)
    fitting = tuple(symbol for symbol in candidates if symbol is None or (word and word in symbol))
    return fitting if any(fitting) else candidates


def _is_identity(symbol: str) -> bool:
    return symbol.rpartition(".")[2] in (*IDENTITIES, *PARTS)


def _find(expressions: object, name: str) -> object:
    """The expressions of an argument, wherever in the block it stands: blocks of one type are pooled in a plan."""
    if isinstance(expressions, Mapping):
        if name in expressions:
            return expressions[name]
        return [found for part in expressions.values() if (found := _find(part, name))]
    return [found for part in expressions if (found := _find(part, name))] if isinstance(expressions, list) else []
