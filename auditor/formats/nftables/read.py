"""Files to one graph: which of them are rulesets of their own, and what is said about those that are not."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from auditor.files import Tree, Unreadable, read_text
from auditor.formats.base import Options
from auditor.formats.nftables import jsoninput, parse
from auditor.formats.nftables.build import Builder
from auditor.formats.nftables.convert import convert, graph_of
from auditor.formats.nftables.remarks import remarks
from auditor.formats.nftables.text import At, Text
from auditor.model.graph import Graph
from auditor.model.source import Effect, Level, Note, Span

_QUIET = re.compile(r'"[^"\n]*"|(?<!\{)#(?!\})[^\n]*')
_TEMPLATE = re.compile(r"\{\{|\{%|\{#|<%|\$\{|@@?[A-Z][A-Z0-9_]+@@?|\b__[A-Z][A-Z0-9_]+__\b")
_IS_FILE = re.compile(r"^[ \t]*(?:(?:add|create|delete|destroy|flush|insert|list)[ \t]|table[ \t]|rule[ \t]|include[ \t])", re.MULTILINE)


def load_graph(tree: Tree, paths: Sequence[str], options: Options) -> Graph:
    """Every ruleset among `paths`; a file that another one includes is judged with that alone."""
    with _without_collection():
        graph = Graph()
        builders: list[Builder] = []
        for path in paths:
            found = _read(tree, path)
            if isinstance(found, Builder):
                builders.append(found)
            else:
                graph += Graph(notes=(found,), read=((path, "nftables"),))
        included = {path for builder in builders for path in builder.ruleset.read}
        roots = [builder for builder in builders if builder.ruleset.path not in included]
        sole = sum(bool(builder.ruleset.tables) for builder in roots) == 1
        for builder in roots:
            graph += _graph(builder, sole)
    del options
    return graph


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
    if "\r\n" in text.text:
        at = text.text.index("\r\n")
        builder.note("line-ends", "the lines end in CR LF, which nft does not read", At(text, at, at + 1), Level.WARNING, Effect.REFUSED)
    builder.read(parse.parse(text) if _IS_FILE.search(text.text) else parse.parse_fragment(text))
    return builder


def _json(tree: Tree, text: Text) -> Builder | Note:
    builder = Builder(tree, text.path)
    try:
        builder.read(parse.Parsed(jsoninput.read(text), (), "file"))
    except jsoninput.Malformed as error:
        return Note("unparsable", str(error), error.at.span, Effect.UNKNOWN, Level.ERROR)
    return builder


def _template(text: Text) -> Note | None:
    """Where a file shows that it is a template: what nft reads is what it is made into."""
    if text.path.endswith((".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".erb", ".epp")):
        return _rendered(At(text, 0, 1))
    quiet = _QUIET.sub(lambda found: " " * len(found[0]), text.text)
    found = _TEMPLATE.search(quiet)
    return _rendered(At(text, *found.span())) if found else None


def _rendered(at: At) -> Note:
    return Note("template", "this is a template: render it first, and check what it is made into", at.span, Effect.UNKNOWN, Level.NOTE)
