"""pfSense: `config.xml`, whole or the backup of one area, and the pf ruleset that its generator makes of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from auditor.files import Tree, Unreadable
from auditor.formats.base import Format, Lint, Options
from auditor.model.graph import Graph
from auditor.model.source import Effect, Level, Note, Span

if TYPE_CHECKING:
    from auditor.formats.pfsense.read import Config

_PROLOGUE = rb"(?:\xef\xbb\xbf)?\s*(?:<\?[^>]*\?>\s*|<!--.*?-->\s*|<!DOCTYPE[^<\[]*(?:\[.*?\]\s*>|>)?\s*)*"
_ROOT = re.compile(_PROLOGUE + rb"<(?:pfsense|m0n0wall)[\s/>]", re.IGNORECASE | re.DOTALL)
_AREA = re.compile(_PROLOGUE + rb"<(aliases|filter|nat|interfaces)>(.*)", re.IGNORECASE | re.DOTALL)
_SIGNS = {
    b"aliases": (b"<alias>",),
    b"filter": (b"<tracker>", b"<rule>"),
    b"nat": (b"<outbound>", b"<local-port>", b"<onetoone>"),
    b"interfaces": (b"<ipaddr>", b"<if>"),
}


def _claims(path: str, head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[: len(head) & ~1].decode("utf-16", errors="replace").encode()
    if _ROOT.match(head):
        return True
    if head.lstrip().startswith(b"---- BEGIN config.xml ----"):
        return b"OPNsense" not in head
    area = _AREA.match(head) if path.endswith(".xml") else None
    return area is not None and any(sign in area.group(2).lower() for sign in _SIGNS[area.group(1).lower()])


def _load(tree: Tree, paths: Sequence[str], options: Options) -> Graph:  # noqa: ARG001  (nothing of a pfSense file can be set from outside)
    from auditor.formats.pfsense.convert import convert

    graph = Graph()
    several = len(paths) > 1
    for path in paths:
        config, notes = _read(tree, path)
        graph += Graph(notes=notes, read=((path, "pfsense"),))
        if config is not None:
            name = config.text("system/hostname") or path.rpartition("/")[2].removesuffix(".xml")
            taken = {device.id for device in graph.devices}
            id_ = f"pfsense:{name}" if several else "pfsense"
            graph += convert(config, id_ if id_ not in taken else f"pfsense:{path}")
    return graph


def _read(tree: Tree, path: str) -> tuple[Config | None, tuple[Note, ...]]:
    from auditor.formats.pfsense import read
    from auditor.formats.xmlspan import Malformed

    try:
        return read.read(path, tree.read_bytes(path)), ()
    except Unreadable as error:
        return None, (Note("unparsable", str(error), Span.of_file(path), Effect.UNKNOWN, Level.ERROR),)
    except Malformed as error:
        return None, (Note("unparsable", error.message, error.span, Effect.UNKNOWN, Level.ERROR),)
    except read.Refusal as error:
        return None, (Note("file-refused", error.message, error.span, Effect.REFUSED, Level.ERROR, error.related),)


def _lints() -> tuple[Lint, ...]:
    from auditor.formats.pfsense.lints import LINTS

    return LINTS


FORMAT = Format("pfsense", "pfSense", _claims, _load, _lints)
