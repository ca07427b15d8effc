"""From files to the graph: every file that can be read becomes one firewall, and every one that cannot a note that says why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.files import Tree, Unreadable
from auditor.formats.opnsense.compare import compare
from auditor.formats.opnsense.convert import convert, graph_of
from auditor.formats.opnsense.judge import judge
from auditor.formats.opnsense.ruleset import Ruleset, read_ruleset
from auditor.formats.opnsense.values import at
from auditor.formats.xmlspan import Element, Malformed, parse
from auditor.model.graph import Graph
from auditor.model.source import Effect, Level, Note, Span

ROOT = "opnsense"


def load(tree: Tree, paths: Sequence[str]) -> Graph:
    """The firewalls of `paths`, in one graph. Of several, each has its host name (or path) in the ids of its zones."""
    graph = Graph()
    found: list[tuple[str, Element]] = []
    for path in paths:
        root = read(tree, path)
        if isinstance(root, Note):
            graph += Graph(notes=(root,))
        else:
            found.append((path, root))
    ids = _ids(found)
    for (path, root), id_ in zip(found, ids, strict=True):
        graph += fragment(path, read_ruleset(root, id_), id_)
    return graph


def read(tree: Tree, path: str) -> Element | Note:
    """The root element of a configuration file, or why there is none."""
    try:
        root = parse(path, tree.read_bytes(path), blank_start=True)
    except Malformed as error:
        return _unparsable(error.message, error.span)
    except Unreadable as error:
        return _unparsable(str(error), Span.of_file(path))
    if root.name != ROOT:
        return _unparsable(f"has the root element <{root.name}>: an OPNsense configuration has <opnsense>", root.head)
    return root


def _unparsable(message: str, span: Span) -> Note:
    return Note("unparsable", f"{span.path} {message}", span, Effect.UNKNOWN, Level.ERROR)


def fragment(path: str, rules: Ruleset, id_: str) -> Graph:
    """One firewall's part of the graph, with its notes."""
    converted = convert(rules)
    notes = (*rules.notes, *judge(rules), *compare(rules, converted))
    return graph_of(rules, converted, id_) + Graph(notes=notes, read=((path, ROOT),))


def _ids(found: Sequence[tuple[str, Element]]) -> Iterator[str]:
    hosts = [at(root, "system/hostname") for _, root in found]
    for (path, _), host in zip(found, hosts, strict=True):
        own = host if host and hosts.count(host) == 1 else path
        yield ROOT if len(found) == 1 else f"{ROOT}:{own}"
