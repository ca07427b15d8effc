"""A firewall file into its sections, as the product's reader goes through it: one pass, line by line.

A line that begins no section, though it looks as if it did, belongs to the section above, and so does what follows it.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor import lazyre
from auditor.formats.proxmox.options import read_option
from auditor.formats.proxmox.record import Alias, Document, Entry, Fate, Group, IpSet, Line, Scope, Setting, Trouble
from auditor.model.headers import address_interval
from auditor.model.packets import Interval
from auditor.model.record import dataclass, field
from auditor.model.source import Effect, Level, Source, Span

NAME = lazyre.compile(r"[A-Za-z][A-Za-z0-9_-]+")
_LONGEST = {"ipset": 64, "group": 18, "alias": 64}
_PLAIN = lazyre.compile(r"\[(options|aliases|rules)\]", lazyre.IGNORECASE)
_NAMED = lazyre.compile(r"\[(ipset|group)\s+([^\s\]]+)\]\s*(?:#.*)?", lazyre.IGNORECASE)
_ALIAS = lazyre.compile(r"(\S+)[ \t](\S+)")
_SECTIONS = {
    Scope.CLUSTER: ("options", "aliases", "ipset", "rules", "group"),
    Scope.HOST: ("options", "rules"),
    Scope.GUEST: ("options", "aliases", "ipset", "rules"),
    Scope.VNET: ("options", "rules"),
}


@dataclass(slots=True)
class _Draft:
    """A document while it is read. `section` is where lines go now, `named` the set's or group's name."""

    scope: Scope
    section: str = ""
    settings: list[Setting] = field(default_factory=list)
    aliases: list[Alias] = field(default_factory=list)
    sets: dict[str, IpSet] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    rules: list[Line] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    options_span: Span | None = None
    name: str = ""
    lines: list[Line] = field(default_factory=list)  # of the set or group that is read now
    head: Line | None = None


def read_document(source: Source, scope: Scope, name: str) -> Document:
    """The document of a file."""
    draft = _Draft(scope)
    for line in lines_of(source):
        if line.text.startswith("["):
            if not _begins(draft, line):
                draft.troubles.append(_no_section(draft, line))
            continue
        _take(draft, line)
    _close(draft)
    return Document(
        source.path,
        scope,
        name,
        tuple(draft.settings),
        tuple(draft.aliases),
        tuple(draft.sets.values()),
        tuple(draft.groups.values()),
        tuple(draft.rules),
        tuple(draft.troubles),
        draft.options_span,
    )


def lines_of(source: Source) -> Iterator[Line]:
    """The lines that are not empty and no comment."""
    for number, raw in enumerate(source.text.split("\n"), 1):
        text = raw.strip()
        if text and not text.startswith("#"):
            column = len(raw) - len(raw.lstrip()) + 1
            yield Line(text, Span(source.path, number, column, number, column + len(text)))


def _begins(draft: _Draft, line: Line) -> bool:
    """Whether a line begins a section; if so, what follows goes there."""
    plain, named = _PLAIN.fullmatch(line.text), _NAMED.fullmatch(line.text)
    kind = plain.group(1).lower() if plain else named.group(1).lower() if named else ""
    if kind not in _SECTIONS[draft.scope]:
        return False
    if named and not (NAME.fullmatch(named.group(2)) and len(named.group(2)) <= _LONGEST[kind]):
        return False
    _close(draft)
    draft.section = kind
    if kind == "options" and draft.options_span is None:
        draft.options_span = line.span
    if named:
        draft.name, draft.head, draft.lines = named.group(2), line, []
        exact = {"ipset": "[IPSET ", "group": "[group "}[kind]
        if not line.text.startswith(exact):
            draft.troubles.append(_differs(f"the nftables backend reads this section only as {exact}…]", line.span, Fate.REFUSED))
    return True


def _no_section(draft: _Draft, line: Line) -> Trouble:
    where = f"the lines below are read as part of [{draft.section.upper()}]" if draft.section else "the lines below are skipped"
    why = "nothing may follow it, not even a comment" if _PLAIN.match(line.text) else f"a {draft.scope} file has no such section"
    return Trouble("section-unknown", f"{line.text[:60]!r} begins no section, {why}: {where}", line.span, level=Level.ERROR)


def _close(draft: _Draft) -> None:
    """Keep the set or group that was read; a second one of a name replaces the first."""
    if draft.head is None:
        return
    key = draft.name.lower()
    if draft.section == "ipset":
        seen: Span | None = draft.sets[key].span if key in draft.sets else None
        draft.sets[key] = IpSet(draft.name, tuple(_entries(draft)), draft.head.span)
    else:
        seen = draft.groups[key].span if key in draft.groups else None
        draft.groups[key] = Group(draft.name, tuple(draft.lines), draft.head.span)
    if seen is not None:
        message = f"{draft.name} was defined in line {seen.line} already: this replaces it"
        draft.troubles.append(Trouble("duplicate-section", message, draft.head.span, Fate.READ, effect=Effect.DANGEROUS))
    draft.head = None


def _take(draft: _Draft, line: Line) -> None:
    if draft.section == "options":
        found = read_option(line, draft.scope)
        if isinstance(found, Trouble):
            draft.troubles.append(found)
            return
        if any(each.name == found.name for each in draft.settings):
            draft.troubles.append(_differs(f"{found.name} is set twice: the later holds with iptables", line.span, Fate.REFUSED))
        draft.settings.append(found)
    elif draft.section == "aliases":
        _take_alias(draft, line)
    elif draft.section == "rules":
        draft.rules.append(line)
    elif draft.section:
        draft.lines.append(line)
    else:
        message = f"{line.text[:60]!r} stands before any section: it is skipped"
        draft.troubles.append(Trouble("section-unknown", message, line.span, level=Level.ERROR))


def _take_alias(draft: _Draft, line: Line) -> None:
    written = _ALIAS.fullmatch(without_comment(line.text))
    interval = network(written.group(2)) if written else None
    if written is None or interval is None or not _good_alias(written.group(1)):
        draft.troubles.append(Trouble("alias-dropped", _why_no_alias(line.text), line.span))
        return
    name = written.group(1)
    if any(each.name.lower() == name.lower() for each in draft.aliases):
        draft.troubles.append(_differs(f"the alias {name} is defined twice: the later holds with iptables", line.span, Fate.REFUSED))
    draft.aliases.append(Alias(name, written.group(2), interval, line.span))


def _good_alias(name: str) -> bool:
    return NAME.fullmatch(name) is not None and len(name) <= _LONGEST["alias"]


def _why_no_alias(text: str) -> str:
    words = without_comment(text).split()
    if len(words) == 2 and _good_alias(words[0]) and network(words[1]) is not None:
        return f"the alias {words[0]} does not exist: exactly one blank may stand between name and address"
    return f"{text[:60]!r} is no alias: one name, one blank, one address or network"


def _entries(draft: _Draft) -> Iterator[Entry]:
    for line in draft.lines:
        text = without_comment(line.text)
        nomatch = text.startswith("!")
        yield Entry(text.removeprefix("!").strip(), nomatch, line.span)


def without_comment(text: str) -> str:
    """A line up to its first `#`."""
    return text.partition("#")[0].strip()


def network(text: str) -> Interval | None:
    """The interval of one address or network, host bits allowed; None for anything else."""
    address, slash, length = text.partition("/")
    if "-" in text or not address or (slash and not length.isdecimal()):
        return None
    try:
        return address_interval(text)
    except ValueError:
        return None


def _differs(message: str, span: Span, nft: Fate) -> Trouble:
    return Trouble("backend-differs", message, span, Fate.READ, nft, Level.NOTE, Effect.UNKNOWN)
