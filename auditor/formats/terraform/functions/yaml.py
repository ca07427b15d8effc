"""YAML as Terraform's own decoder understands it: the words of YAML 1.1 for booleans, decimal numbers whatever zeros they begin with.

What is decoded from a file of the tree stands in that file; what is decoded from text in a configuration stands where the text does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from auditor import yamlspan
from auditor.formats.terraform.errors import Exhausted, Refused, Undecided
from auditor.formats.terraform.functions.encoding import MAX_TEXT, json_text
from auditor.formats.terraform.functions.signature import TEXT, Function, Parameter
from auditor.formats.terraform.numbers import number_text, read_number
from auditor.formats.terraform.places import Place, Trail
from auditor.formats.terraform.types import ANY, BOOL, NUMBER, STRING
from auditor.formats.terraform.values import GAP, Hidden, Value, normal, number_of, object_value, string, tuple_value
from auditor.model.source import Source, Span

if TYPE_CHECKING:
    from auditor.formats.terraform.values import Raw

NULLS = frozenset(("", "~", "null", "Null", "NULL"))
TRUE = frozenset(["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"])
FALSE = frozenset(["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"])
FLOAT = re.compile(r"[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?", re.ASCII)
BASED = re.compile(r"0x[0-9A-Fa-f]+|0o[0-7]+")
INFINITE = re.compile(r"([-+]?)\.(?:inf|Inf|INF)")
DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt]|[ \t]+)(\d{1,2}):(\d\d):(\d\d)(?:\.\d*)?[ \t]*(Z)?)?", re.ASCII)
TAGS = frozenset(["null", "bool", "int", "float", "timestamp", "merge"])


class _Decoder:
    """Turns nodes into values, each at its place."""

    def __init__(self, text: Value) -> None:
        self.text = text
        self.trail: Trail | None = text.trail_
        place = text.place
        self.whole = place is not None and place.start == 0 and place.end == len(place.file.data) and place.text == text.raw

    def place(self, span: Span) -> Place | None:
        outer = self.text.place
        if outer is None or not self.whole:
            return outer
        return Place(outer.file, outer.file.offset(span.line, span.column), outer.file.offset(span.end_line, span.end_column))

    def value(self, node: yamlspan.Node) -> Value:
        place = self.place(node.span)
        if isinstance(node, yamlspan.Sequence):
            return tuple_value(map(self.value, node.items), place)
        if isinstance(node, yamlspan.Mapping):
            return object_value({normal(self.key(name, part)): self.value(part) for name, part in node.entries.items()}, place)
        raw = self.scalar(node)
        type_ = ANY if raw is None else BOOL if isinstance(raw, bool) else STRING if isinstance(raw, str) else NUMBER
        return Value(normal(raw) if isinstance(raw, str) else raw, type_, place, self.trail)

    def scalar(self, node: yamlspan.Scalar) -> Raw:
        tag = (node.tag or "").removeprefix("tag:yaml.org,2002:")
        if tag and tag not in TAGS and tag not in ("str", "binary"):
            raise Refused(f"the tag {node.tag} is not supported", self.place(node.span))
        if node.style is not yamlspan.Style.PLAIN or tag in ("str", "binary"):
            return node.text
        return resolve(node.text)

    def key(self, name: str, value: yamlspan.Node) -> str:
        """Keys become text; those written without quotes are resolved like values."""
        where = value.key
        if where is not None and str(self.text.raw).splitlines()[where.line - 1][where.column - 1 : where.column] in ("'", '"'):
            return name
        raw = resolve(name)
        if raw is None:
            raise Refused("a null cannot be a key", self.text.place)
        if isinstance(raw, bool):
            return "true" if raw else "false"
        return raw if isinstance(raw, str) else number_text(number_of(Value(raw, NUMBER)))


def resolve(text: str) -> Raw:
    """The value of a plain scalar."""
    if text in NULLS:
        return None
    if text in TRUE or text in FALSE:
        return text in TRUE
    if BASED.fullmatch(text):
        return int(text, 0)
    if FLOAT.fullmatch(text):
        return _amount(text)
    infinite = INFINITE.fullmatch(text)
    if infinite:
        return float(f"{infinite[1]}inf")
    date = DATE.fullmatch(text)
    if date:
        return _timestamp(date)
    return text


def _amount(text: str) -> Raw:
    sign = "-" if text[0] == "-" else ""
    digits, exponent, power = text.lstrip("+-").lower().partition("e")
    exponent += power
    whole, _, fraction = digits.partition(".")
    amount = read_number(f"{sign}{whole or '0'}{'.' + fraction if fraction else ''}{exponent}")
    if amount is None:
        raise Refused(f"{text} is too large")
    return amount


def _timestamp(match: re.Match[str]) -> str:
    year, month, day, hour, minute, second, _ = match.groups(default="0")
    return f"{year}-{int(month):02d}-{int(day):02d}T{int(hour):02d}:{int(minute):02d}:{int(second):02d}Z"


def _yamldecode(text: Value) -> Value:
    try:
        stream = yamlspan.read(Source("", str(text.raw)), keep_last=True)
    except yamlspan.YamlError as error:
        raise Refused(f"this is no YAML: {error.message} (line {error.span.line})", text.place) from None
    if len(stream.documents) != 1 or not str(text.raw).strip():
        raise Refused("exactly one YAML document is needed", text.place)
    return _Decoder(text).value(stream.documents[0])


def _yamlencode(value: Value) -> Value:
    lines = _lines(value)
    if isinstance(value.raw, str):
        lines = [lines[0], *("  " + line if line else line for line in lines[1:])]
    text = "\n".join(lines) + "\n"
    if not isinstance(value.raw, str | tuple | dict | Hidden):
        text += "...\n"  # after a bare scalar, a document must be closed
    if len(text) > MAX_TEXT:
        raise Exhausted(f"text longer than {MAX_TEXT} characters is not evaluated")
    if not value.wholly_known:
        raise Undecided(value, text=text)
    return string(text)


def _lines(value: Value) -> list[str]:
    """A value as YAML lines: keys quoted and sorted, lists not indented under their key."""
    if isinstance(value.raw, dict) and value.raw:
        found: list[str] = []
        for key, part in value.raw.items():
            lines = _lines(part)
            name = json_text(string(key)) + ":"
            nested = isinstance(part.raw, tuple | dict) and part.raw
            if nested:
                indent = "" if isinstance(part.raw, tuple) else "  "
                found += [name, *(indent + line for line in lines)]
            else:
                found += [f"{name} {lines[0]}", *("  " + line if line else line for line in lines[1:])]
        return found
    if isinstance(value.raw, tuple) and value.raw:
        found = []
        for part in value.raw:
            first, *rest = _lines(part)
            found += [f"- {first}", *("  " + line if line else line for line in rest)]
        return found
    return _scalar_lines(value)


def _scalar_lines(value: Value) -> list[str]:
    if isinstance(value.raw, tuple | dict):
        return ["{}" if isinstance(value.raw, dict) else "[]"]
    if isinstance(value.raw, Hidden):
        return _text_lines(value.raw.text or GAP)
    if isinstance(value.raw, str):
        return _text_lines(value.raw)
    return [json_text(value)]


def _text_lines(text: str) -> list[str]:
    """Text over several lines as a block, all other text in quotes."""
    if "\n" not in text or text.startswith((" ", "\n")) or any(ord(character) < 32 and character != "\n" for character in text):
        return [_quoted(text)]
    keep = "" if text.endswith("\n") and not text.endswith("\n\n") else "+" if text.endswith("\n") else "-"
    return [f"|{keep}", *text.removesuffix("\n").split("\n")]


def _quoted(text: str) -> str:
    import json

    return json.dumps(text, ensure_ascii=False)


FUNCTIONS: Mapping[str, Function] = {
    "yamldecode": Function(_yamldecode, (TEXT,)),
    "yamlencode": Function(_yamlencode, (Parameter(null=True, parts=True),), STRING),
}
