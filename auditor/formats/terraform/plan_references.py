"""Who an unknown value of a plan is: a plan says `true` for it, and its configuration which names the expression mentions.

The names are followed through variables, outputs and `for_each` to attributes of resource instances. Several candidates mean "one
of these"; None among them, "or anything", where a local value hides what is behind it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from auditor.model.record import dataclass

Json = Mapping[str, Any]
TOKEN = re.compile(r'\.?([\w-]+)|\[("(?:[^"\\]|\\.)*"|\d+)\]')
MAX_DEPTH = 40
MAX_CANDIDATES = 64
Key = int | str | None
Part = str | tuple[Key]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an expression stands: a module instance, its configuration, the block and the key of its instance."""

    module: str
    configuration: Json
    block: Json
    key: Key


class Index:
    """The configuration of a plan and the instances it plans."""

    def __init__(self, configuration: Json, addresses: Iterable[str]) -> None:
        self.root = object_in(configuration.get("root_module"))
        self.instances: dict[str, list[Key]] = {}
        self.modules: dict[str, list[Key]] = {}
        for address in addresses:
            base, key = split_key(address)
            self.instances.setdefault(base, []).append(key)
            for module in _ancestors(address):
                base, key = split_key(module)
                keys = self.modules.setdefault(base, [])
                if key not in keys:
                    keys.append(key)

    def place(self, module: str, mode: str, type_: str, name: str, key: Key) -> Place | None:
        """Where the arguments of a resource instance are written."""
        configuration = self.configuration(module)
        for block in _list(configuration.get("resources")):
            if (block.get("mode"), block.get("type"), block.get("name")) == (mode, type_, name):
                return Place(module, configuration, block, key)
        return None

    def configuration(self, module: str) -> Json:
        """The configuration of a module instance."""
        found = self.root
        for call, _ in _calls(module):
            found = object_in(object_in(object_in(found.get("module_calls")).get(call)).get("module"))
        return found

    def candidates(self, expression: object, place: Place) -> tuple[str | None, ...]:
        """The symbols an expression may stand for."""
        found = dict.fromkeys(self._resolve(references_in(expression), place, 0))
        return tuple(found) if len(found) <= MAX_CANDIDATES else (None,)

    def _resolve(self, references: Sequence[str], place: Place, depth: int) -> Iterator[str | None]:
        if depth > MAX_DEPTH:
            yield None
            return
        by_key = "each.key" in references or "count.index" in references
        for reference in _longest(references):
            parts = _tokens(reference)
            match parts:
                case ["each", "value", *_]:
                    yield from self._resolve(references_in(place.block.get("for_each_expression")), place, depth + 1)
                case ["each" | "count" | "path" | "terraform" | "self", *_]:
                    continue
                case ["local", *_]:
                    yield None
                case ["var", str(name), *_]:
                    yield from self._variable(name, place, depth)
                case ["module", str(name), *rest]:
                    yield from self._output(name, rest, by_key, place, depth)
                case ["data", *_]:
                    yield _joined(place.module, reference)
                case [str(type_), str(name), *rest]:
                    yield from self._resource(type_, name, rest, by_key, place, depth)

    def _variable(self, name: str, place: Place, depth: int) -> Iterator[str | None]:
        if not place.module:
            return
        calls = _calls(place.module)
        parent = _address(calls[:-1])
        configuration = self.configuration(parent)
        call, key = calls[-1]
        block = object_in(object_in(configuration.get("module_calls")).get(call))
        expression = object_in(block.get("expressions")).get(name)
        yield from self._resolve(references_in(expression), Place(parent, configuration, block, key), depth + 1)

    def _output(self, name: str, rest: Sequence[Part], by_key: bool, place: Place, depth: int) -> Iterator[str | None]:
        base = _joined(place.module, f"module.{name}")
        outputs = object_in(object_in(object_in(object_in(place.configuration.get("module_calls")).get(name)).get("module")).get("outputs"))
        wanted = next((part for part in rest if isinstance(part, str)), None)
        for key in self._keys(self.modules.get(base, []), rest, by_key, place):
            module = base + key_suffix(key)
            inner = Place(module, self.configuration(module), {}, None)
            for output, body in outputs.items():
                if wanted in (None, output):
                    yield from self._resolve(references_in(object_in(body).get("expression")), inner, depth + 1)

    def _resource(self, type_: str, name: str, rest: Sequence[Part], by_key: bool, place: Place, depth: int) -> Iterator[str | None]:
        base = _joined(place.module, f"{type_}.{name}")
        attribute = next((part for part in rest if isinstance(part, str)), "id")
        for key in self._keys(self.instances.get(base, []), rest, by_key, place):
            inner = self.place(place.module, "managed", type_, name, key)
            expression = object_in(inner.block.get("expressions")).get(attribute) if inner else None
            if inner is not None and references_in(expression):
                yield from self._resolve(references_in(expression), inner, depth + 1)
            else:
                yield f"{base}{key_suffix(key)}.{attribute}"

    def _keys(self, known: Sequence[Key], rest: Sequence[Part], by_key: bool, place: Place) -> Sequence[Key]:
        """Which instances are meant: the one named, the one with the key of the block that asks, or any."""
        first = rest[0] if rest else None
        if isinstance(first, tuple):
            return [first[0]]
        return [place.key] if by_key and place.key in known else known


def references_in(expression: object) -> list[str]:
    """All names an expression of the configuration mentions, those of nested blocks too."""
    if isinstance(expression, Mapping):
        own = expression.get("references")
        if isinstance(own, list):
            return [text for text in own if isinstance(text, str)]
        return [text for part in expression.values() for text in references_in(part)]
    return [text for part in expression for text in references_in(part)] if isinstance(expression, list) else []


def split_key(address: str) -> tuple[str, Key]:
    """An address without its last instance key, and that key."""
    match = re.search(r'\[("(?:[^"\\]|\\.)*"|\d+)\]$', address)
    return (address[: match.start()], json.loads(match[1])) if match else (address, None)


def key_suffix(key: Key) -> str:
    return "" if key is None else f"[{key}]" if isinstance(key, int) else '["' + key.replace("\\", "\\\\").replace('"', '\\"') + '"]'


def _longest(references: Sequence[str]) -> list[str]:
    """Each reference comes with its shorter forms, which say nothing more."""
    return [text for text in references if not any(other.startswith((f"{text}.", f"{text}[")) for other in references)]


def _tokens(reference: str) -> list[Part]:
    return [match[1] if match[1] is not None else (json.loads(match[2]),) for match in TOKEN.finditer(reference)]


def _calls(module: str) -> list[tuple[str, Key]]:
    """The calls a module address goes through: (name, instance key)."""
    found: list[tuple[str, Key]] = []
    for part in _tokens(module):
        if isinstance(part, tuple):
            found[-1] = (found[-1][0], part[0])
        elif part != "module" or (found and found[-1][0] == ""):
            found[-1] = (part, None)
        else:
            found.append(("", None))
    return found


def _address(calls: Sequence[tuple[str, Key]]) -> str:
    return ".".join(f"module.{name}{key_suffix(key)}" for name, key in calls)


def _ancestors(address: str) -> Iterator[str]:
    """The addresses of the module instances around a resource."""
    match = re.match(r'(?:module\.[\w-]+(?:\[(?:"(?:[^"\\]|\\.)*"|\d+)\])?\.)*', address)
    calls = _calls(match[0].rstrip(".")) if match and match[0] else []
    for length in range(1, len(calls) + 1):
        yield _address(calls[:length])


def _joined(module: str, name: str) -> str:
    return f"{module}.{name}" if module else name


def object_in(value: object) -> Json:
    return value if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Json]:
    return [part for part in value if isinstance(part, Mapping)] if isinstance(value, list) else []
