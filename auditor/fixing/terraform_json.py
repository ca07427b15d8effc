"""A rule resource put into a .tf.json file: as text, so that the file keeps its own layout; what comes out has to be JSON with it."""

from __future__ import annotations

import json
import re
from typing import Any

from auditor.fixing.wanted import Unwritten

Entry = tuple[str, str, dict[str, Any]]


def written(text: str, entries: list[Entry]) -> str:
    """The text with the resources. Raises `Unwritten` where there is no object `resource` to put them into."""
    data = _object(text)
    for kind, label, body in entries:
        known = data["resource"].get(kind)
        if known is not None and not isinstance(known, dict):
            raise Unwritten(f"the resources {kind} are a list, which is not written")
        name = label
        while known is not None and name in known:
            name += "_added"
        text = _with(text, kind, known is not None, name, {key: _plain(value) for key, value in body.items()})
        data = _object(text)
        if name not in data["resource"].get(kind, {}):
            raise Unwritten("the resources of this file could not be found in its text")
    return text


def _object(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError:
        raise Unwritten("with the rule this file would be no JSON") from None
    if not isinstance(data, dict) or not isinstance(data.get("resource"), dict):
        raise Unwritten("its resources are no object, which is not written")
    return data


def _with(text: str, kind: str, known: bool, name: str, body: dict[str, Any]) -> str:
    """The entry put first below its type, or its type first below `resource`."""
    resource = re.search(r'"resource"\s*:\s*\{', text)
    place = re.compile(rf'"{kind}"\s*:\s*\{{').search(text, resource.end()) if resource is not None and known else resource
    if place is None:
        raise Unwritten("the resources of this file could not be found in its text")
    entry = {name: body} if known else {kind: {name: body}}
    unit = _unit(text)
    line = text[text.rfind("\n", 0, place.start()) + 1 : place.start()]
    margin = line[: len(line) - len(line.lstrip())] + unit
    lines = json.dumps(entry, indent=unit or 2, ensure_ascii=False).split("\n")[1:-1]
    made = "\n".join(margin + each.removeprefix(unit) for each in lines)
    behind = text[place.end() :]
    more = re.match(r"\s*\}", behind) is None
    if not behind.lstrip(" \t\r").startswith("\n"):
        behind = f"\n{margin if more else margin.removesuffix(unit)}{behind.lstrip()}"
    return f"{text[: place.end()]}\n{made}{',' if more else ''}{behind}"


def _unit(text: str) -> str:
    """One step of indentation, as the file has it."""
    found = re.search(r"\n([ \t]+)\S", text)
    return found[1] if found else "  "


def _plain(value: object) -> object:
    """A value of python-hcl2 as JSON has it: strings without quotes, references in `${}`."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, str) and value.startswith('"'):
        return json.loads(value)
    return value
