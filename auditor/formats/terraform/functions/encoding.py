"""JSON, CSV, Base64 and URLs. What is decoded keeps the place of the text it was decoded from."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from auditor.formats.terraform.errors import Exhausted, Refused, Undecided
from auditor.formats.terraform.functions.signature import TEXT, Function, Parameter
from auditor.formats.terraform.numbers import number_text, read_number
from auditor.formats.terraform.places import SourceFile
from auditor.formats.terraform.types import ANY, BOOL, NUMBER, STRING, object_of
from auditor.formats.terraform.values import GAP, Hidden, Value, list_value, normal, number_of, object_value, string, tuple_value

if TYPE_CHECKING:
    from auditor.formats.terraform.jsontext import JsonNode
    from auditor.formats.terraform.values import Raw

MAX_TEXT = 4 * 1024 * 1024
ENCODINGS: Mapping[str, tuple[str, ...]] = {
    "utf-8": ("utf-8", "csutf8"),
    "utf-16": ("utf-16", "csutf16"),
    "utf-16-le": ("utf-16le", "csutf16le"),
    "utf-16-be": ("utf-16be", "csutf16be"),
    "latin-1": ("iso-8859-1", "iso_8859-1", "latin1", "l1"),
    "cp1252": ("windows-1252", "cswindows1252"),
    "ascii": ("us-ascii", "csascii"),
}
NO_ENCODINGS = ("utf8", "utf16", "")


def json_text(value: Value) -> str:
    """A value as JSON, as Terraform writes it: keys sorted, `<`, `>` and `&` escaped. What is not known is a text with gaps."""
    raw = value.raw
    if isinstance(raw, Hidden):
        return json_text(string(raw.text or GAP))
    if raw is None:
        return "null"
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, str):
        text = json.dumps(raw, ensure_ascii=False)
        for character in "<>&\u2028\u2029":
            text = text.replace(character, f"\\u{ord(character):04x}")
        return text
    if isinstance(raw, tuple):
        return "[" + ",".join(map(json_text, raw)) + "]"
    if isinstance(raw, dict):
        return "{" + ",".join(f"{json_text(string(key))}:{json_text(part)}" for key, part in raw.items()) + "}"
    return number_text(number_of(value))


def _jsonencode(value: Value) -> Value:
    text = json_text(value)
    if len(text) > MAX_TEXT:
        raise Exhausted(f"text longer than {MAX_TEXT} characters is not evaluated")
    if not value.wholly_known:
        raise Undecided(value, text=text)
    return string(text)


def _jsondecode(text: Value) -> Value:
    from auditor.formats.terraform.jsontext import BadJson, Fragment, parse_json

    place = text.place
    data = str(text.raw).encode()
    whole = place is not None and place.start == 0 and place.file.data == data and place.end == len(data)
    file = place.file if whole and place is not None else Fragment(place, data) if place is not None else SourceFile("", data)
    try:
        return _decoded(parse_json(file), text)
    except BadJson as error:
        line = file.position(error.offset)[0]
        raise Refused(f"this is no JSON: {error.message} (line {line})", text.place) from None


def _decoded(node: JsonNode, text: Value) -> Value:
    """A JSON value where it stands: in its file, if the text is a whole file."""
    from auditor.formats.terraform.jsontext import JsonArray, JsonScalar, JsonText

    if isinstance(node, JsonText):
        return Value(normal(node.text), STRING, node, text.trail_)
    if isinstance(node, JsonArray):
        return tuple_value((_decoded(item, text) for item in node.items), node)
    if isinstance(node, JsonScalar):
        raw: Raw = node.value
        if isinstance(raw, str):
            raw = read_number(raw)
            if raw is None:
                raise Refused("a number is too large", node)
        return Value(raw, ANY if raw is None else BOOL if isinstance(raw, bool) else NUMBER, node, text.trail_)
    return object_value({normal(key.text): _decoded(value, text) for key, value in node.members}, node)


def _csvdecode(text: Value) -> Value:
    from auditor.formats.terraform.functions.csv import read_csv

    rows = read_csv(str(text.raw))
    if not rows:
        raise Refused("a CSV text begins with the names of its columns", text.place)
    names, *records = rows
    if len(set(names)) != len(names):
        raise Refused("two columns have one name", text.place)
    if any(len(record) != len(names) for record in records):
        raise Refused("a row has not as many fields as there are columns", text.place)
    found = [
        object_value(
            {normal(name): Value(normal(field), STRING, text.place, text.trail_) for name, field in zip(names, record, strict=True)},
            text.place,
        )
        for record in records
    ]
    return list_value(found, object_of(tuple((name, STRING) for name in names)), text.place)


def _base64encode(text: Value) -> Value:
    return string(base64.b64encode(str(text.raw).encode()).decode())


def _base64decode(text: Value) -> Value:
    try:
        return string(base64.b64decode(str(text.raw), validate=True).decode())
    except (binascii.Error, ValueError):
        raise Refused("this is no Base64 of UTF-8 text", text.place) from None


def _codec(name: Value) -> str:
    """The Python name of an encoding that Terraform knows by its name at IANA."""
    text = str(name.raw).lower()
    found = next((codec for codec, names in ENCODINGS.items() if text in names), None)
    if found is not None:
        return found
    if text in NO_ENCODINGS:
        raise Refused(f"there is no encoding {name.raw!r}", name.place)
    raise Undecided(name)


def _textencodebase64(text: Value, encoding: Value) -> Value:
    codec = _codec(encoding)
    mark = b"\xfe\xff" if codec == "utf-16" else b""
    try:
        return string(base64.b64encode(mark + str(text.raw).encode("utf-16-be" if mark else codec)).decode())
    except UnicodeError:
        raise Refused("the text has characters that the encoding has not", text.place) from None


def _textdecodebase64(text: Value, encoding: Value) -> Value:
    codec = _codec(encoding)
    try:
        data = base64.b64decode(str(text.raw), validate=True)
        if codec == "utf-16" and data[:2] not in (b"\xfe\xff", b"\xff\xfe"):
            codec = "utf-16-be"
        return string(data.decode(codec))
    except ValueError:
        raise Refused("this is no Base64 of text in that encoding", text.place) from None


def _urlencode(text: Value) -> Value:
    from urllib.parse import quote_plus

    return string(quote_plus(str(text.raw), safe="-_.~"))


def _base64gzip(text: Value) -> Value:
    """Compressed bytes differ between libraries, so nobody could compare them."""
    raise Undecided(text)


FUNCTIONS: Mapping[str, Function] = {
    "jsonencode": Function(_jsonencode, (Parameter(null=True, parts=True),), STRING),
    "jsondecode": Function(_jsondecode, (TEXT,)),
    "csvdecode": Function(_csvdecode, (TEXT,)),
    "base64encode": Function(_base64encode, (TEXT,), STRING),
    "base64decode": Function(_base64decode, (TEXT,), STRING),
    "base64gzip": Function(_base64gzip, (TEXT,), STRING),
    "textencodebase64": Function(_textencodebase64, (TEXT, TEXT), STRING),
    "textdecodebase64": Function(_textdecodebase64, (TEXT, TEXT), STRING),
    "urlencode": Function(_urlencode, (TEXT,), STRING),
}
