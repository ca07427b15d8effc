"""Terraform files into one graph: the root modules among them, each read, evaluated and converted on its own."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import add

from auditor.files import Tree
from auditor.formats.base import Options
from auditor.formats.terraform.clouds import read_estate
from auditor.formats.terraform.convert import Names, graph_of
from auditor.formats.terraform.instance import WORKSPACE
from auditor.formats.terraform.modules import Options as RootOptions
from auditor.formats.terraform.modules import RootModule, find_roots, load_root
from auditor.formats.terraform.records import Estate
from auditor.formats.terraform.resources import Root
from auditor.formats.terraform.scope import deep_stack
from auditor.formats.terraform.sources import Sources
from auditor.formats.terraform.variables import undeclared_notes
from auditor.model.graph import Graph
from auditor.model.record import replace
from auditor.model.source import Span

JSON_SOURCES = (".tf.json", ".tofu.json", ".tfvars.json")


@deep_stack()
def load_graph(tree: Tree, paths: Sequence[str], options: Options) -> Graph:
    """The firewalls of every root module among `paths`."""
    roots = load_roots(tree, paths, options)
    estates = [(root, read_estate(root)) for root in roots]
    graphs = [graph_of(estate, names) for (_, estate), names in zip(estates, _names(estates), strict=True)]
    undeclared = undeclared_notes([root.assigned() for root in roots if isinstance(root, RootModule)], Span.of_file(paths[0]))
    notes = Graph(notes=(*undeclared, *(note for root in roots for note in root.notes())))
    read = Graph(read=tuple((path, "terraform") for path in paths))
    placed = [
        replace(graph, zones=tuple(replace(zone, site=root.directory or ".") for zone in graph.zones))
        for graph, root in zip(graphs, roots, strict=True)
    ]
    return reduce(add, placed, read) + notes


def load_roots(tree: Tree, paths: Sequence[str], options: Options) -> list[Root]:
    """The root modules among `paths`, each to be evaluated on demand."""
    sources = Sources(tree)
    roots = [load_root(sources, directory, root_options(tree, options, directory)) for directory in find_roots(sources, paths)]
    plans = [path for path in paths if path.endswith(".json") and not path.endswith(JSON_SOURCES)]
    if plans:
        from auditor.formats.terraform.plan import load_plan

        directories = [posixpath.dirname(path) for path in plans]
        alone = (directory if directories.count(directory) == 1 else None for directory in directories)
        roots += [load_plan(sources, path, directory) for path, directory in zip(plans, alone, strict=True)]
    return roots


def root_options(tree: Tree, options: Options, directory: str) -> RootOptions:
    """What the run says about the variables of one root module."""
    files = [*options.var_files]
    for where, named in options.var_files_of.items():
        base = "" if where in (".", "") else where.rstrip("/")
        if not base or directory == base or directory.startswith(f"{base}/"):
            files += (_located(tree, base, path) for path in named)
    variables = [("var-file", path) for path in files]
    variables += [("var", f"{name}={text}") for name, text in options.variables if name != WORKSPACE]
    workspace = dict(options.variables).get(WORKSPACE)
    return RootOptions(tuple(variables), {"TF_WORKSPACE": workspace} if workspace else {})


def _located(tree: Tree, base: str, path: str) -> str:
    """A variable file of an input: relative to the input, or to the whole tree."""
    beside = posixpath.join(base, path)
    return beside if tree.exists(beside) or not tree.exists(path) else path


def _names(estates: Sequence[tuple[Root, Estate]]) -> Iterator[Names]:
    """What zones are called: by their addresses, with the directory of root modules that use the same before them.

    Where it is groups or what carries them that are called the same, it stands before all of a module's; else before the networks alone.
    """
    clashes = _several(_addresses(estate) for _, estate in estates)
    shared = _several({*estate.networks, *estate.labels} for _, estate in estates)
    for root, estate in estates:
        all_ = not clashes.isdisjoint(_addresses(estate))
        yield Names(f"{root.directory}:" if root.directory else "", None if all_ else shared)


def _several(each: Iterable[set[str]]) -> set[str]:
    """What is in more than one of the sets."""
    seen: set[str] = set()
    found: set[str] = set()
    for members in each:
        found |= seen & members
        seen |= members
    return found


def _addresses(estate: Estate) -> set[str]:
    return {*estate.groups, *(carrier.address for carrier in estate.carriers)}
