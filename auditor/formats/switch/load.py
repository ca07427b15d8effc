"""From files to the graph: every file that can be read becomes one switch, and every one that cannot a note that says why."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.files import Tree, Unreadable, read_text
from auditor.formats.switch.checks import check
from auditor.formats.switch.config import Config, read_config
from auditor.formats.switch.convert import convert
from auditor.formats.switch.flavour import Flavour, flavour_of
from auditor.formats.switch.lines import read_lines
from auditor.formats.switch.redundancy import reconcile
from auditor.formats.switch.uplinks import remarks
from auditor.model.graph import Graph
from auditor.model.source import Effect, Level, Note, Span

NAME = "switch"
MOST_TEXT = 16 * 1024 * 1024
MOST_LINES = 200_000


def load(tree: Tree, paths: Sequence[str]) -> Graph:
    """The switches of `paths`, in one graph, each with its host name (or path) in the ids of its zones."""
    graph = Graph()
    found: list[Config] = []
    for path in paths:
        config = read(tree, path)
        if isinstance(config, Note):
            graph += Graph(notes=(config,))
        else:
            found.append(config)
    hosts = [config.hostname for config in found]
    for config in found:
        own = config.hostname if config.hostname and hosts.count(config.hostname) == 1 else config.path
        check(config)
        made = convert(config, f"{NAME}:{own}")
        notes = dict.fromkeys((*config.notes.found, *remarks(made)))
        graph += made + Graph(notes=tuple(notes), read=((config.path, NAME),))
    return reconcile(graph) if len(found) > 1 else graph


def read(tree: Tree, path: str) -> Config | Note:
    """One file taken apart, or why it is not."""
    try:
        source = read_text(tree, path)
    except Unreadable as error:
        return _unparsable(f"{path} {error}", Span.of_file(path))
    text = source.text
    if len(text) > MOST_TEXT or text.count("\n") > MOST_LINES:
        said = f"{path} has more than {MOST_TEXT // 1024 // 1024} MiB or {MOST_LINES:,} lines: too much for a switch's configuration"
        return _unparsable(said, Span.of_file(path))
    template = _template(text)
    if template:
        return _unparsable(f"{path} is a template: render it, and check what comes out", _line(path, text, template))
    flavour = flavour_of(text)
    if flavour is Flavour.ASA:
        place = next((text.index(sign) for sign in ("ASA Version", "nameif", "security-level") if sign in text), 0)
        said = f"{path} is the configuration of an ASA, whose lists look alike and mean other things: it is not read"
        return _unparsable(said, _line(path, text, place + 1))
    return read_config(path, read_lines(path, text), flavour)


def _template(text: str) -> int:
    """Where a Jinja template shows itself, counted from 1; 0 if the text is none."""
    return next((text.index(mark) + 1 for mark in ("{{ ", "{% ", "{%- ") if mark in text), 0)


def _line(path: str, text: str, place: int) -> Span:
    number = text.count("\n", 0, place - 1) + 1
    length = len(text.split("\n", number)[number - 1].rstrip("\r"))
    return Span(path, number, 1, number, max(length, 1) + 1)


def _unparsable(message: str, span: Span) -> Note:
    return Note("unparsable", message, span, Effect.UNKNOWN, Level.ERROR)
