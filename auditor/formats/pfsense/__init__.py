"""pfSense: `config.xml`, whole or the backup of one area, and the pf ruleset that its generator makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from auditor.files import Tree, Unreadable
from auditor.formats.base import Format, Lint, Options
from auditor.model.graph import Graph
from auditor.model.source import Effect, Level, Note, Span

if TYPE_CHECKING:
    from auditor.formats.pfsense.read import Config

_AREAS = {
    "aliases": (b"<alias>",),
    "filter": (b"<tracker>", b"<rule>"),
    "nat": (b"<outbound>", b"<local-port>", b"<onetoone>"),
    "interfaces": (b"<ipaddr>", b"<if>"),
}
"""The backups of one area that are recognised, each by elements of its own."""


def _claims(path: str, head: bytes) -> bool:
    if b"<" not in head:
        return head.lstrip().startswith(b"---- BEGIN config.xml ----") and b"OPNsense" not in head
    if b"pfsense" not in head.lower().replace(b"\0", b"") and not path.endswith(".xml"):
        return False
    from auditor.formats.xmlspan import claims, has_root, near_root

    if any(has_root(path, head, root) for root in ("pfsense", "m0n0wall")) or near_root(path, head, "pfsense"):
        return True
    signs = next((signs for root, signs in _AREAS.items() if path.endswith(".xml") and claims(head, root)), ())
    return any(sign in head.lower() for sign in signs)


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
