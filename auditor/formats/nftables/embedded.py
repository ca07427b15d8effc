"""nftables' text inside another dialect's files: the lines of one chain, or whole tables, judged as a ruleset of their own.

Places are those in the file that holds the text. What is put around it to make it a ruleset has no place, and nothing is said about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from auditor.files import MemoryTree
from auditor.formats.base import Embedded
from auditor.formats.nftables import parse
from auditor.formats.nftables.build import Builder
from auditor.formats.nftables.convert import Converted, convert, hooks_of
from auditor.formats.nftables.remarks import remarks
from auditor.formats.nftables.setting import Setting, Way
from auditor.formats.nftables.text import Text
from auditor.model.filters import Rule, Undecided, Verdict
from auditor.model.graph import Graph
from auditor.model.record import replace
from auditor.model.source import Effect, Note, Span, Unknown

_WAYS = {"input": Way.INBOUND, "forward": Way.TRANSIT, "output": Way.OUTBOUND}
_LOADED_BY_OTHERS = frozenset({"not-idempotent"})
_NOWHERE = Span("", 1, 1, 1, 2)
_HEAD = """table inet nixos-fw {
  set temp-ports { type inet_proto . inet_service; flags interval; auto-merge; }
"""
_CHAINS = """
  chain around {{
    type filter hook {hook} priority filter; policy drop;
    {lo} "lo" accept
    ct state vmap {{ invalid : drop, established : accept, related : accept, new : jump called, untracked : jump called }}
  }}
  chain called {{
    icmpv6 type != {{ nd-redirect, 139 }} accept
"""


def embedded_rules(lines: Embedded, items: Sequence[Embedded], hook: str) -> tuple[tuple[Rule, ...], tuple[Note, ...]]:
    """The rules that the lines of a chain become, where it is called from a chain at `hook`."""
    way = _WAYS[hook]
    around = _CHAINS.format(hook=hook, lo="oifname" if way is Way.OUTBOUND else "iifname")
    text = _Text("", (_HEAD, *items, around, lines, "\n  }\n}\n"))
    builder = _built(text)
    table = builder.ruleset.tables.get(("inet", "nixos-fw"))
    chain = table.chains.get("called") if table is not None else None
    converted = convert(builder.ruleset)
    if table is None or chain is None:
        return tuple(_anything(text.anywhere)), tuple(_notes(converted, text))
    rules = converted.converter.rules(chain, table, Setting("inet", way, hook, False, converted.facts))
    own = tuple(replace(rule, span=_inside(rule.span, text)) for rule in rules[1:])
    return own, tuple(_notes(converted, text))


def _anything(span: Span) -> Iterator[Rule]:
    """Of a text that breaks what is around it, nothing is known."""
    for verdict in (Verdict.DENY, Verdict.PERMIT):
        yield Rule(Undecided(Unknown("rules that could not be read", span)), verdict, span)


def embedded_tables(texts: Sequence[Embedded], zone: str, device: str) -> Graph:
    """The hooks of whole tables, for the host `zone` and its `device`."""
    pieces: list[str | Embedded] = []
    for each in texts:
        pieces += [each, "\n"]
    text = _Text("", tuple(pieces), texts[0].place(0, 1))
    converted = convert(_built(text).ruleset)
    hooks = tuple(hook for way in Way for hook in hooks_of(way, converted, zone, device))
    filters = tuple(stage.filter for way in Way for stage in converted.stages[way])
    return Graph(hooks=hooks, filters=filters, notes=tuple(_notes(converted, text)))


def _built(text: _Text) -> Builder:
    builder = Builder(MemoryTree({}), text.path)
    builder.read(parse.parse(text))
    return builder


def _notes(converted: Converted, text: _Text) -> Iterator[Note]:
    """What is said about the texts themselves; not that a part which is filled in later cannot be read."""
    found: Iterable[Note] = (*converted.ruleset.notes, *remarks(converted), *converted.resolver.notes.values())
    for note in dict.fromkeys(sorted(found, key=lambda note: note.span)):
        of_a_gap = text.gaps and (note.effect is Effect.REFUSED or note.trap == "unfiltered")
        if note.span.path and note.trap not in _LOADED_BY_OTHERS and not of_a_gap:
            related = tuple((phrase, span) for phrase, span in note.related if span.path)
            yield replace(note, trap=f"nftables/{note.trap}", related=related)


def _inside(span: Span, text: _Text) -> Span:
    """A place in the text, for rules that end where what is put around it begins."""
    return span if span.path else text.anywhere


class _Text(Text):
    """Texts one behind the other, some of them in files."""

    def __init__(self, path: str, pieces: Sequence[str | Embedded], otherwise: Span = _NOWHERE) -> None:
        self.otherwise = otherwise
        super().__init__(path, "".join(each if isinstance(each, str) else each.text for each in pieces))
        self.gaps = any(isinstance(each, Embedded) and each.gaps for each in pieces)
        self._pieces: list[tuple[int, Embedded]] = []
        at = 0
        for each in pieces:
            if isinstance(each, Embedded):
                self._pieces.append((at, each))
            at += len(each if isinstance(each, str) else each.text)

    @property
    def anywhere(self) -> Span:
        """The place of the last text."""
        return self._pieces[-1][1].place(0, 1)

    def span(self, start: int, end: int) -> Span:
        """The place in the file that holds the text; nowhere, for what is put around it."""
        for begin, piece in self._pieces:
            if begin <= start < begin + max(len(piece.text), 1):
                return piece.place(start - begin, max(min(end, begin + len(piece.text)) - begin, start - begin + 1))
        return self.otherwise
