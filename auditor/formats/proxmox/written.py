"""A rule's line into its words. Options are found wherever they stand; what the strict reader stumbles over is kept as trouble."""

from __future__ import annotations

from collections.abc import Iterator

from auditor import lazyre
from auditor.formats.proxmox.names import LOG_LEVELS
from auditor.formats.proxmox.record import Fate, Line, Trouble
from auditor.model.record import dataclass
from auditor.model.source import Level, Span

_OPTION = lazyre.compile(r"(-{1,2})([A-Za-z-]+)(\s*)(\S*)")
_MACRO = lazyre.compile(r"([^\s()]+)\(([^\s()]*)\)")
_NAMES = {"p": "proto", "proto": "proto", "dport": "dport", "sport": "sport", "source": "source", "dest": "dest"}
_NAMES |= {"icmp-type": "icmp-type", "log": "log", "i": "iface"}
_SHORT = ("i", "p")
_BLANKS = " \t\r\f\v"
DIRECTIONS = ("IN", "OUT", "FORWARD", "GROUP")


@dataclass(frozen=True, slots=True)
class Word:
    """A value and its place."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Written:
    """A rule as it stands: `direction` in capitals, `action` the verdict or the group's name, `options` by their names."""

    line: Line
    direction: str
    action: Word
    macro: Word | None
    options: tuple[tuple[str, Word], ...]
    enabled: bool
    text: str
    comment: str
    group_spelt: bool = True

    def option(self, name: str) -> Word | None:
        """An option's value; the last one counts."""
        return next((word for key, word in reversed(self.options) if key == name), None)

    @property
    def span(self) -> Span:
        """The whole line."""
        return self.line.span

    @property
    def denies(self) -> bool:
        """Whether it would close something: losing it opens."""
        return self.action.text.upper() in ("DROP", "REJECT")


def read_rule(line: Line) -> tuple[Written | None, tuple[Trouble, ...]]:
    """The words of a rule and what breaks the line; no words where there is not even a direction and an action."""
    body, _, comment = line.text.partition("#")
    body = body.rstrip()
    enabled = not body.startswith("|")
    start = 0 if enabled else 1
    head = body[start:].split(None, 2)
    if any(letter.isspace() and letter not in _BLANKS for letter in body):
        return None, (_broken(line, "it has a blank that is none: a non-breaking one, as text processors make", False),)
    if body[start : start + 1].isspace():
        return None, (_broken(line, "a blank stands behind the `|`", False),)
    if len(head) < 2:
        return None, (_broken(line, "a rule begins with IN, OUT, FORWARD or GROUP and an action", False),)
    direction = head[0].upper()
    at = body.index(head[1], start + len(head[0]))
    macro, action = _action(line, head[1], at)
    options: list[tuple[str, Word]] = []
    denies = action.text.upper() in ("DROP", "REJECT")
    troubles = tuple(_options(line, body, at + len(head[1]), options, denies))
    if direction not in DIRECTIONS:
        troubles = (_broken(line, f"{head[0]} is no direction: IN, OUT, FORWARD or GROUP", denies), *troubles)
    spelt = direction != "GROUP" or head[0] == "GROUP"
    made = Written(line, direction, action, macro, tuple(options), enabled, " ".join(body.split()), comment.strip(), spelt)
    return made, troubles


def _action(line: Line, text: str, at: int) -> tuple[Word | None, Word]:
    found = _MACRO.fullmatch(text)
    if found is None:
        return None, Word(text, line.part(at, at + len(text)))
    macro = Word(found.group(1), line.part(at, at + len(found.group(1))))
    return macro, Word(found.group(2), line.part(at + found.start(2), at + found.end(2)))


def _options(line: Line, body: str, at: int, options: list[tuple[str, Word]], denies: bool) -> Iterator[Trouble]:
    """Fills `options` from `at` on, and tells what breaks the line for a strict reader."""
    while at < len(body):
        if body[at].isspace():
            at += 1
            continue
        found = _OPTION.match(body, at)
        name = _NAMES.get(found.group(2)) if found and not (found.group(1) == "--" and found.group(2) in _SHORT) else None
        if found is None or name is None:
            rest = body[at:].split(None, 1)[0]
            yield _broken(line, f"{rest[:40]} is no option of a rule", denies, line.part(at, at + len(rest)))
            return
        value, blank = found.group(4), found.group(3)
        span = line.part(found.start(4), found.end(4)) if value else line.part(at, found.end())
        if not value or not blank:
            yield _broken(line, f"{found.group(0).strip()[:40]} has no value", denies, span)
            return
        if blank != " ":
            why = f"exactly one blank may stand between {found.group(1)}{found.group(2)} and its value"
            yield _broken(line, why, denies, line.part(at, found.end()), Fate.READ)
        if name == "log" and value not in LOG_LEVELS:
            yield _broken(line, f"{value[:40]} is no log level", denies, span)
        options.append((name, Word(value, span)))
        at = found.end()


def _broken(line: Line, why: str, denies: bool, span: Span | None = None, nft: Fate = Fate.REFUSED) -> Trouble:
    level = Level.ERROR if denies else Level.WARNING
    return Trouble("rule-dropped", f"the rule does not exist: {why}", span or line.span, Fate.SKIPPED, nft, level, part="line")
