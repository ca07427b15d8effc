"""Talos Linux: machine configurations, their patches, and the ingress firewall in them.

Talos filters what comes in to the node itself, and nothing else: no egress, no forwarding. Without a default action `block` and without
rules nothing is filtered at all. A configuration that breaks one rule of the loader is refused as a whole, and the node keeps its old one.

    recognise   whether a file is Talos's
    documents   a text into documents, deletes and JSON operations; schema, scalars, decode: what Talos's loader accepts
    combine     a configuration and its patches into what the node gets: deletes, merge, jsonpatch, validate
    layout      which files are machines and which are patches, and whose; talhelper, omni: inventories of their own
    firewall, facts, convert    what came out, as zones and hooks
    checks, lints               what loads and is hardly meant
    embedded    patches that are texts inside another language
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.files import Tree
from auditor.formats.base import Format, Lint, Options
from auditor.formats.talos.recognise import claims
from auditor.model.graph import Graph


def _load(tree: Tree, paths: Sequence[str], options: Options) -> Graph:
    from auditor.formats.talos.read import read_graph

    return read_graph(tree, paths, options)


def _lints() -> tuple[Lint, ...]:
    from auditor.formats.talos.lints import LINTS

    return LINTS


FORMAT = Format("talos", "Talos machine configuration", claims, _load, _lints)
