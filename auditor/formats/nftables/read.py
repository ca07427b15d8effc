"""Files to one graph: which of them are rulesets of their own, and what is said about those that are not."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from auditor.files import Tree, Unreadable, read_text
from auditor.formats.base import Options
from auditor.formats.nftables import jsoninput, parse
from auditor.formats.nftables.build import Builder
from auditor.formats.nftables.convert import convert, graph_of
from auditor.formats.nftables.remarks import remarks
from auditor.formats.nftables.syntax import Bad, Item
from auditor.formats.nftables.text import At, Text
from auditor.model.graph import Graph
from auditor.model.source import Effect, Level, Note, Span

Made = TypeVar("Made")

_MARK = b"\xef\xbb\xbf"
_QUIET = re.compile(r'"[^"\n]*"|(?<!\{)#(?!\})[^\n]*')
_TEMPLATE = re.compile(r"\{\{|\{%|\{#|<%|\$\{|@@?[A-Z][A-Z0-9_]+@@?|\b__[A-Z][A-Z0-9_]+__\b")
_MARKS = ("{{", "{%", "{#", "<%", "${", "__")
_NAMED = re.compile(r"@@?[A-Z]")
_IS_FILE = re.compile(r"^[ \t]*(?:(?:add|create|delete|destroy|flush|insert|list)[ \t]|table[ \t]|rule[ \t]|include[ \t])", re.MULTILINE)


def load_graph(tree: Tree, paths: Sequence[str], options: Options) -> Graph:
    """Every ruleset among `paths`; a file that another one includes is judged with that alone."""
    with _without_collection():
        graph = Graph()
        builders: list[Builder] = []
        for path in paths:
            found = _safely(path, partial(_read, tree, path))
            if isinstance(found, Builder):
                builders.append(found)
            else:
                graph += Graph(notes=(found,), read=((path, "nftables"),))
        roots = _roots(builders)
        sole = sum(bool(builder.ruleset.tables) for builder in roots) == 1
        for builder in roots:
            made = _safely(builder.ruleset.path, partial(_graph, builder, sole))
            graph += Graph(notes=(made,)) if isinstance(made, Note) else made
    del options
    return graph


def _safely(path: str, make: Callable[[], Made]) -> Made | Note:
    """What is made of a file, unless it nests deeper than anybody writes."""
    try:
        return make()
    except RecursionError:
        return Note("unparsable", "this file nests too deeply to be read", Span.of_file(path), Effect.UNKNOWN, Level.ERROR)


@contextmanager
def _without_collection() -> Iterator[None]:
    """Syntax is many small tuples without cycles: looking for cycles among them would cost more than reading them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _roots(builders: Sequence[Builder]) -> list[Builder]:
    """The rulesets that no other one includes; of those that include each other, the first."""
    roots: list[Builder] = []
    for index, builder in enumerate(builders):
        path = builder.ruleset.path
        others = [other for at, other in enumerate(builders) if path in other.ruleset.read and at != index]
        if all(other.ruleset.path in builder.ruleset.read and builders.index(other) > index for other in others):
            roots.append(builder)
    return roots


def _graph(builder: Builder, sole: bool) -> Graph:
    converted = convert(builder.ruleset)
    graph = graph_of(converted, sole)
    notes = (*builder.ruleset.notes, *remarks(converted), *converted.resolver.notes.values())
    read = tuple((path, "nftables") for path in builder.ruleset.read)
    return graph + Graph(notes=tuple(dict.fromkeys(sorted(notes, key=lambda note: note.span))), read=read)


def _read(tree: Tree, path: str) -> Builder | Note:
    """A ruleset whose commands have run, or why there is none."""
    try:
        text = Text(path, read_text(tree, path).text)
    except Unreadable as error:
        return Note("unparsable", f"this file {error}", Span.of_file(path), Effect.UNKNOWN, Level.ERROR)
    if text.text.lstrip().startswith("{") and '"nftables"' in text.text[:4096]:
        return _json(tree, text)
    template = _template(text)
    if template is not None:
        return template
    builder = Builder(tree, path)
    if tree.read_bytes(path).startswith(_MARK):
        builder.refuse("the file begins with a byte order mark", At(text, 0, 1))
    if "\r\n" in text.text:
        at = text.text.index("\r\n")
        builder.note("line-ends", "the lines end in CR LF, which nft does not read", At(text, at, at + 1), Level.WARNING, Effect.REFUSED)
    builder.read(parse.parse(text) if _IS_FILE.search(text.text) else parse.parse_fragment(text))
    return builder


def _json(tree: Tree, text: Text) -> Builder | Note:
    builder = Builder(tree, text.path)
    try:
        items = jsoninput.read(text)
        builder.read(parse.Parsed(items, tuple(_unknown_objects(items)), "file"))
    except jsoninput.Malformed as error:
        return Note("unparsable", str(error), error.at.span, Effect.UNKNOWN, Level.ERROR)
    return builder


def _unknown_objects(items: Sequence[Item]) -> Iterator[parse.Error]:
    return (parse.Error("an object that a ruleset in JSON does not have", item.at) for item in items if isinstance(item, Bad))


def _template(text: Text) -> Note | None:
    """Where a file shows that it is a template: what nft reads is what it is made into."""
    if text.path.endswith((".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".erb", ".epp")):
        return _rendered(At(text, 0, 1))
    if not any(mark in text.text for mark in _MARKS) and not _NAMED.search(text.text):
        return None  # almost every file, and the other patterns are slow on a long one
    found = _TEMPLATE.search(_QUIET.sub(lambda quiet: " " * len(quiet[0]), text.text))
    return _rendered(At(text, *found.span())) if found else None


def _rendered(at: At) -> Note:
    return Note("template", "this is a template: render it first, and check what it is made into", at.span, Effect.UNKNOWN, Level.NOTE)
