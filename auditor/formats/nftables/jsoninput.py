"""The second front end: `nft -j list ruleset` and what `nft -j -f` takes, as the same commands that text gives.

An object without a command is added. Definitions and includes are resolved already; what is implicit in text is implicit here too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from auditor.formats.nftables import parse
from auditor.formats.nftables.syntax import (
    AddRule,
    Atom,
    Bad,
    Binary,
    Block,
    ChainBlock,
    Concat,
    Delete,
    Element,
    Elements,
    Expression,
    FieldName,
    Flags,
    Flush,
    Hook,
    Item,
    Limit,
    Listing,
    Mangle,
    MapValue,
    Match,
    Nat,
    ObjectBlock,
    Other,
    Pair,
    Plain,
    Policy,
    Reject,
    Rename,
    RuleLine,
    SetBlock,
    SetBody,
    SetLiteral,
    Statement,
    TableBlock,
    Update,
    Verdict,
    Vmap,
)  # fmt: skip
from auditor.formats.nftables.text import At, Text
from auditor.model.source import Span

Object = dict[str, Any]

_COMMANDS = frozenset(("add", "create", "insert", "replace", "delete", "destroy", "flush", "reset", "list", "rename"))
_NO_VERDICT = frozenset(("counter", "log", "flow", "dup", "last", "ct helper", "ct timeout", "ct expectation", "secmark", "notrack"))
_VERDICTS = frozenset(("accept", "drop", "continue", "return"))
_QUOTED = re.compile(r"\d+-\d+-\d+ .*|\d+:\d+:\d+")
_BITS = frozenset(("&", "|", "^", "<<", ">>"))
_OBJECTS = frozenset(
    ("counter", "quota", "limit", "flowtable", "ct helper", "ct timeout", "ct expectation", "secmark", "synproxy", "tunnel")
)


class Malformed(Exception):
    """The file is no ruleset in JSON; the message says why."""

    def __init__(self, message: str, at: At) -> None:
        super().__init__(message)
        self.at = at


class _Inside(Text):
    """Text in a string of the file: every place of it is the place of the object it stands in."""

    def __init__(self, at: At, text: str) -> None:
        super().__init__(at.text.path, text)
        self.outer = at.span

    def span(self, start: int, end: int) -> Span:  # noqa: ARG002  (the outer place is all there is)
        return self.outer


def read(text: Text) -> tuple[Item, ...]:
    """The commands of a file. Raises `Malformed`."""
    items: list[Item] = []
    for object_, at in _objects(text):
        try:
            items += _command(object_, at)
        except (KeyError, TypeError, IndexError, AttributeError, ValueError):
            items.append(Bad(at))
    return tuple(items)


def _objects(text: Text) -> Iterator[tuple[Object, At]]:
    """The objects of the array, each with its place."""
    begin = re.match(r'\s*\{\s*"nftables"\s*:\s*\[', text.text)
    if begin is None:
        raise Malformed('a ruleset in JSON is an object whose only key is "nftables"', At(text, 0, 1))
    decoder = json.JSONDecoder()
    blank = re.compile(r"[\s,]*")
    position = blank.match(text.text, begin.end()).end()  # type: ignore[union-attr]
    while not text.text.startswith("]", position):
        try:
            found, end = decoder.raw_decode(text.text, position)
        except json.JSONDecodeError as error:
            raise Malformed(f"this is no JSON: {error.msg}", At(text, error.pos, error.pos + 1)) from None
        except RecursionError:
            raise Malformed("this JSON nests too deeply", At(text, position, position + 1)) from None
        if isinstance(found, dict):
            yield found, At(text, position, end)
        position = blank.match(text.text, end).end()  # type: ignore[union-attr]


# -- commands


def _command(object_: Object, at: At) -> list[Item]:
    ((name, value),) = object_.items()
    if name == "metainfo":
        return []
    if name in _COMMANDS:
        if name in ("list", "reset"):
            return []
        ((kind, inner),) = value.items()
        return _item(name, kind, inner, at)
    return _item("add", name, value, at)


def _item(verb: str, kind: str, value: Any, at: At) -> list[Item]:
    if verb == "flush":
        return [_flush(kind, value, at)]
    family, table = value.get("family", "ip"), value.get("table", "")
    if verb in ("delete", "destroy") and kind != "element":
        name = value["name"] if kind == "table" else table
        return [Delete(verb, kind, family, name, value.get("chain", "") or value.get("name", ""), str(value.get("handle", "")), at)]
    if verb == "rename":
        return [Rename(family, table, value["name"], value["newname"], at)]
    if kind == "table":
        flags = _words(value.get("flags", ()))
        return [TableBlock(verb, family, value["name"], Block((Flags(flags, at),), at) if flags else None, at)]
    if kind == "chain":
        return [_chain(verb, value, at)]
    if kind == "rule":
        place = (
            ("index", str(value["index"]))
            if "index" in value
            else ("position", str(value["position"]))
            if "position" in value
            else ("", "")
        )
        return [AddRule(verb, family, table, value["chain"], place, _rule(value, at), at)]
    if kind in ("set", "map"):
        return [_set(verb, kind, value, at)]
    if kind == "element":
        return [
            Elements("delete" if verb in ("delete", "destroy") else "add", family, table, value["name"], _set_of(value["elem"], at), at)
        ]
    if kind in _OBJECTS:
        return [ObjectBlock(verb, kind, family, table, value["name"], at)]
    return [Bad(at)]


def _flush(kind: str, value: Any, at: At) -> Item:
    if kind == "ruleset":
        return Flush(kind, (value or {}).get("family", ""), "", "", at)
    name = value["name"]
    return Flush(kind, value.get("family", "ip"), name if kind == "table" else value["table"], "" if kind == "table" else name, at)


def _chain(verb: str, value: Object, at: At) -> Item:
    items: list[Item] = []
    if "hook" in value:
        priority = int(value.get("prio", 0))
        devices = _set_of([*_words(value["dev"])], at) if "dev" in value else None
        sign = "-" if priority < 0 else ""
        items.append(Hook(value["type"], value["hook"], devices, Atom(str(abs(priority)), at), sign, "", at))
        if "policy" in value:
            items.append(Policy(Atom(value["policy"], at), at))
    return ChainBlock(verb, value.get("family", "ip"), value["table"], value["name"], Block(tuple(items), at), at, at)


def _set(verb: str, kind: str, value: Object, at: At) -> Item:
    options: tuple[tuple[str, str], ...] = tuple(
        (name, str(value[name])) for name in ("timeout", "size", "gc-interval", "policy") if name in value
    )
    if value.get("auto-merge"):
        options += (("auto-merge", ""),)
    elements = (_set_of(value["elem"], at),) if value.get("elem") else ()
    types = tuple(_type(each) for each in (value["type"] if isinstance(value["type"], list) else [value["type"]]))
    data = value.get("map", ())
    data_types = tuple(str(data).split(" . ")) if isinstance(data, str) else tuple(map(str, data)) if isinstance(data, list) else ()
    body = SetBody(types, data_types, _words(value.get("flags", ())), elements, options, at)
    return SetBlock(verb, kind, value.get("family", "ip"), value["table"], value["name"], body, at, at)


def _type(value: Any) -> str:
    """A type's name; of a `typeof` object, its field."""
    if isinstance(value, str):
        return value
    found = _expression(value, None)  # type: ignore[arg-type]
    return found.name if isinstance(found, FieldName) else "integer"


def _words(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(map(str, value))


# -- rules


def _rule(value: Object, at: At) -> RuleLine:
    statements: list[Statement] = []
    for each in value.get("expr", ()):
        if isinstance(each, str):
            statements += _from_text(each, at)
        else:
            statements.append(_statement(each, at))
    return RuleLine((tuple(statements), value.get("comment", "")), at)


def _from_text(text: str, at: At) -> tuple[Statement, ...]:
    """A statement that the listing leaves as text: an anonymous chain."""
    parsed = parse.parse(_Inside(at, text), "chain_items")
    return tuple(statement for item in parsed.items if isinstance(item, RuleLine) for statement in item.statements)


def _statement(object_: Object, at: At) -> Statement:
    ((name, value),) = object_.items()
    if name == "match":
        return _match(value, at)
    if name in _VERDICTS:
        return Verdict(name, None, at)
    if name in ("jump", "goto"):
        return Verdict(name, Atom(value["target"], at), at)
    if name == "vmap":
        return Vmap(_expression(value["key"], at), _data(value["data"], at), at)
    if name == "mangle":
        key = _expression(value["key"], at)
        return Mangle(key, _expression(value["value"], at), at) if isinstance(key, FieldName) else Plain(name, at)
    if name == "reject":
        code = (value or {}).get("expr")
        return Reject((value or {}).get("type", ""), at, None if code is None else Atom(str(code), at))
    if name in ("limit", "quota", "ct count"):
        return Limit(name, isinstance(value, dict) and bool(value.get("inv")), at)
    if name in ("dnat", "snat", "masquerade", "redirect"):
        return _nat(name, value or {}, at)
    if name in ("set", "map", "meter"):
        return _update(name, value, at)
    return Plain(name, at, _map_of(value, at)) if name in _NO_VERDICT else Other(name, at)


def _map_of(value: Any, at: At) -> MapValue | None:
    """The map that a statement looks up its object in."""
    found = _expression(value, at) if isinstance(value, dict) and "map" in value else None
    return found if isinstance(found, MapValue) else None


def _match(value: Object, at: At) -> Statement:
    operator = "" if value["op"] == "in" else value["op"]
    right = value["right"]
    items = tuple(_expression(each, at) for each in right) if isinstance(right, list) else ()
    return Match(_expression(value["left"], at), operator, Listing(items, at) if items else _expression(right, at), at)


def _nat(name: str, value: Object, at: At) -> Statement:
    address = _expression(value["addr"], at) if "addr" in value else None
    port = _expression(value["port"], at) if "port" in value else None
    return Nat(name, value.get("family", ""), address, port, "", at)


def _update(name: str, value: Object, at: At) -> Statement:
    if name == "meter":
        return Update("meter", str(value.get("name", "")), _expression(_value_of(value["key"]), at), True, at)
    limited = any(next(iter(each)) in ("limit", "quota", "ct count") for each in value.get("stmt", ()))
    return Update(value["op"], str(value[name]).lstrip("@"), _expression(_value_of(value["elem"]), at), limited, at)


def _value_of(element: Any) -> Any:
    return element["elem"]["val"] if isinstance(element, dict) and "elem" in element else element


# -- expressions


def _data(value: Any, at: At) -> Expression:
    return _set_of(value["set"], at) if isinstance(value, dict) and "set" in value else _expression(value, at)


def _set_of(values: Any, at: At) -> Expression:
    if isinstance(values, str) and values.startswith("@"):
        return Atom(values, at)
    listed = values if isinstance(values, list) else [values]
    return SetLiteral(tuple(_element(each, at) for each in listed), at)


def _element(value: Any, at: At) -> Element:
    data: Expression | Verdict | None = None
    if isinstance(value, list):
        key, raw = value
        data = _verdict_or_value(raw, at)
    else:
        key = value
    attributes: tuple[tuple[str, str], ...] = ()
    if isinstance(key, dict) and "elem" in key:
        inner = key["elem"]
        attributes = tuple((name, str(each)) for name, each in inner.items() if name != "val")
        key = inner["val"]
    return Element(None if key == "*" else _expression(key, at), data, attributes, at)


def _verdict_or_value(raw: Any, at: At) -> Expression | Verdict:
    if isinstance(raw, dict) and len(raw) == 1:
        name = next(iter(raw))
        if name in _VERDICTS or name in ("jump", "goto"):
            found = _statement(raw, at)
            assert isinstance(found, Verdict)
            return found
    return _expression(raw, at)


def _expression(value: Any, at: At) -> Expression:
    if isinstance(value, bool):
        return Atom("exists" if value else "missing", at)
    if isinstance(value, str | int):
        return Atom(_word(str(value)), at)
    if isinstance(value, list):
        return Listing(tuple(_expression(each, at) for each in value), at)
    ((name, inner),) = value.items()
    if name in _BITS:
        return _computed(name, inner, at)
    if name == "prefix":
        return Pair("/", _expression(inner["addr"], at), Atom(str(inner["len"]), at), at)
    if name == "range":
        return Pair("-", _expression(inner[0], at), _expression(inner[1], at), at)
    if name == "concat":
        return Concat(tuple(_expression(each, at) for each in inner), at)
    if name == "set":
        return _set_of(inner, at)
    if name == "map":
        return MapValue(_expression(inner["key"], at), _data(inner["data"], at), at)
    if name == "elem":
        return _expression(inner["val"], at)
    return FieldName(_field(name, inner), at)


def _word(value: str) -> str:
    """A value as text has it, where dates and times of day with seconds are in quotes."""
    return f'"{value}"' if _QUOTED.fullmatch(value) else value


def _computed(operator: str, parts: list[Any], at: At) -> Expression:
    """`a operator b …`; a list inside is the union of its bits."""
    found = [_union(each, at) if isinstance(each, list) else _expression(each, at) for each in parts]
    result = found[0]
    for each in found[1:]:
        result = Binary(operator, result, each, at)
    return result


def _union(parts: list[Any], at: At) -> Expression:
    result = _expression(parts[0], at)
    for each in parts[1:]:
        result = Binary("|", result, _expression(each, at), at)
    return result


def _field(name: str, inner: Any) -> str:
    """The field as text has it."""
    if name == "payload":
        if "base" in inner:
            return f"@{inner['base']},{inner['offset']},{inner['len']}"
        return f"{inner['protocol']} {inner['field']}"
    if name == "meta":
        return f"meta {inner['key']}"
    if name == "ct":
        return " ".join(filter(None, ("ct", inner.get("dir", ""), inner["key"])))
    if name == "fib":
        return f"fib {' . '.join(_words(inner['flags']))} {inner['result']}"
    if name in ("tcp option", "ip option", "sctp chunk", "exthdr", "dccp option"):
        return " ".join(filter(None, (name, str(inner.get("name", inner.get("type", ""))), inner.get("field", ""))))
    if name in ("rt", "socket", "osf", "ipsec", "numgen", "jhash", "symhash"):
        return f"{name} {inner.get('key', inner.get('mode', ''))}".strip()
    return name
