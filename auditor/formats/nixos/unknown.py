"""Options of the firewall that NixOS does not have, and values that they do not take: the configuration does not evaluate."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.near import near
from auditor.formats.nixos.host import Host
from auditor.formats.nixos.known import Kind, Strange, kind_of
from auditor.formats.nixos.options import Path
from auditor.formats.nixos.values import Attributes, Definition, Flag, Listed, Number, Open, Perhaps, Value, Words
from auditor.model.source import Effect, Level, Note, Span

_TAKES: dict[Kind, tuple[str, tuple[type, ...]]] = {
    Kind.BOOL: ("true or false", (Flag,)),
    Kind.TEXT: ("a text", (Words, Listed)),  # a text in parts is a list of them
    Kind.LIST: ("a list", (Listed,)),
    Kind.PORTS: ("a list of ports", (Listed,)),
    Kind.RANGES: ("a list of { from = …; to = …; }", (Listed,)),
    Kind.TREE: ("a set of options", (Attributes,)),
    Kind.FORWARDS: ("a list of { sourcePort = …; destination = …; }", (Listed,)),
}
_RANGE = ("from", "to")
_FORWARD = ("sourcePort", "destination", "proto", "loopbackIPs")


def check_options(host: Host) -> Iterator[Note]:
    """Every remark about the names and values of a host's options. What Nix has evaluated is right."""
    told: set[Path] = set()
    for definition in () if host.settings.final else host.settings.all():
        found = kind_of(definition.path)
        if isinstance(found, Strange):
            if found.option not in told and not any(definition.path[: len(each)] == each for each in host.declared):
                yield _strange(found, definition)
            if found.meant is None:
                told.add(found.option)
        elif found is not None:
            yield from _wrong(definition, found, definition.value)


def _strange(found: Strange, definition: Definition) -> Note:
    name = ".".join(found.option)
    span = _begin(definition.span)
    if found.meant is not None:
        message = f"NixOS has no option {name} (did you mean {found.meant}?): the configuration does not evaluate, and this does nothing"
        return Note("unknown-option", message, span, Effect.REFUSED, Level.ERROR)
    message = f"{name} is no option of NixOS: what it does is not known, and nothing evaluates unless a module declares it"
    return Note("unknown-option", message, span, Effect.UNKNOWN, Level.NOTE)


def _wrong(definition: Definition, kind: Kind, value: Value) -> Iterator[Note]:
    if isinstance(value, Perhaps):
        for option in value.options:
            yield from _wrong(definition, kind, option)
    elif kind is not Kind.ANY and not isinstance(value, Open):
        takes, types = _TAKES[kind]
        if not isinstance(value, types):
            yield _refused(definition, takes, value.span)
        elif isinstance(value, Listed) and kind in (Kind.PORTS, Kind.RANGES, Kind.FORWARDS):
            for item in value.items:
                yield from _item(definition, kind, item)


def _item(definition: Definition, kind: Kind, item: Value) -> Iterator[Note]:
    if isinstance(item, Perhaps):
        for option in item.options:
            for each in option.items if isinstance(option, Listed) else (option,):
                yield from _item(definition, kind, each)
    elif isinstance(item, Open):
        return
    elif kind is Kind.PORTS:
        if not (isinstance(item, Number) and 0 <= item.value <= 65535):
            yield _refused(definition, _TAKES[kind][0], item.span)
    elif not isinstance(item, Attributes):
        yield _refused(definition, _TAKES[kind][0], item.span)
    else:
        yield from _names(definition, kind, item)


def _names(definition: Definition, kind: Kind, item: Attributes) -> Iterator[Note]:
    known = _RANGE if kind is Kind.RANGES else _FORWARD
    for name, value in item.entries:
        if name not in known:
            meant = near(name, known)
            told = f"{name} is none of {', '.join(known)}" + (f" (did you mean {meant}?)" if meant else "")
            message = f"in {'.'.join(definition.path)}, {told}: the configuration does not evaluate"
            yield Note("unknown-option", message, value.span, Effect.REFUSED, Level.ERROR)


def _refused(definition: Definition, takes: str, span: Span) -> Note:
    message = f"{'.'.join(definition.path)} takes {takes}: the configuration does not evaluate"
    return Note("option-type", message, _begin(span), Effect.REFUSED, Level.ERROR)


def _begin(span: Span) -> Span:
    return span if span.line == span.end_line else Span(span.path, span.line, span.column, span.line, span.column + 1)
