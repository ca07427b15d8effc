"""Access lists, numbered and named, put together from wherever a file says something about them, and in the order of their numbers.

A line of a list is an entry, a remark, a setting that filters nothing, or an error that is said: never nothing.
"""

from __future__ import annotations

from itertools import pairwise

from auditor.formats.switch.cursor import Cursor, Refused
from auditor.formats.switch.entry import Context, Entry, extended, standard, undecided
from auditor.formats.switch.flavour import Flavour
from auditor.formats.switch.groups import Groups
from auditor.formats.switch.lines import Block, Line
from auditor.formats.switch.notes import Notes
from auditor.model.filters import Undecided
from auditor.model.record import dataclass, field, replace
from auditor.model.source import Effect, Level, Span, Unknown

_SETTINGS = (
    "statistics",
    "counters",
    "fragments",
    "fragment-rules",
    "ignore",
    "hardware",
    "resequence",
    "exit",
    "end",
    "description",
    "default",
)
_OTHER_COMMANDS = (
    "resequence",
    "logging",
    "log-update",
    "match-local-traffic",
    "persistent",
    "role-based",
    "helper",
    "compiled",
    "capture",
)


@dataclass(slots=True)
class Raw:
    """A line of a list before it is read: its words from `at` on, and its number."""

    line: Line
    words: list[str]
    at: int
    sequence: int


@dataclass(slots=True)
class AccessList:
    """A list as the file has it. `plain`: neither IPv4 nor IPv6, but frames or ARP, whose lines are not read."""

    name: str
    span: Span
    six: bool = False
    standard: bool = False
    plain: bool = False
    raws: list[Raw] = field(default_factory=list)
    highest: int = 0
    entries: tuple[Entry, ...] = ()

    @property
    def label(self) -> str:
        """What to call it in a report."""
        return f"access list {self.name}"


@dataclass(slots=True)
class Lists:
    """The lists of a file. IPv4 and IPv6 lists of one name are two."""

    notes: Notes
    flavour: Flavour
    named: dict[tuple[bool, str], AccessList] = field(default_factory=dict)
    frames: dict[str, AccessList] = field(default_factory=dict)

    def find(self, name: str, six: bool) -> AccessList | None:
        """The list a command at an interface names."""
        return self.named.get((six, name))

    # -- from the file

    def numbered(self, block: Block, words: list[str]) -> None:
        """`access-list N permit …`, with or without `no` in front."""
        removed = block.words[0] == "no"
        if len(words) < 2 or (len(words) == 2 and not removed) or words[1] in _OTHER_COMMANDS:
            return
        name = words[1]
        kind = _kind_of_number(name)
        if removed:
            self.named.pop((False, name), None)
        elif kind is None:
            self._foreign(name, block)
        elif kind == "frames":
            self.frames.setdefault(name, AccessList(name, block.header.span(), plain=True))
        else:
            list_ = self.named.setdefault((False, name), AccessList(name, block.header.span(), standard=kind == "standard"))
            self._line(list_, block.header, words, 2)

    def _foreign(self, name: str, block: Block) -> None:
        """A named list in ASA's form: what it filters here is not known."""
        list_ = self.named.setdefault((False, name), AccessList(name, block.header.span()))
        for line in (block.header, *block.body):
            list_.highest += 10
            list_.raws.append(Raw(line, [], 0, list_.highest))

    def opened(self, block: Block, words: list[str]) -> None:
        """`ip access-list …`, `ipv6 access-list …` with the lines below; `mac` and `arp` lists are only remembered."""
        family, rest = words[0], words[2:]
        if not rest or rest[0].lower() in _OTHER_COMMANDS:
            return
        if family in ("mac", "arp"):
            name = rest[-1]
            self.frames.setdefault(name, AccessList(name, block.header.span(), plain=True))
            return
        typed = len(rest) > 1 and len(rest[0]) >= 3 and any(each.startswith(rest[0].lower()) for each in ("standard", "extended"))
        name, inline = (rest[1], rest[2:]) if typed else (rest[0], rest[1:])
        six = family == "ipv6"
        if block.words[0] in ("no", "default"):
            self.named.pop((six, name), None)
            return
        by_number = not typed and self.flavour not in (Flavour.EOS, Flavour.NXOS) and _kind_of_number(name) == "standard"
        plain_standard = by_number or (typed and rest[0].lower().startswith("sta"))
        list_ = self.named.setdefault((six, name), AccessList(name, block.header.span(), six, plain_standard))
        if inline:
            self._line(list_, block.header, words, len(words) - len(inline))
        for line in block.body:
            self._line(list_, line, line.words, 0)

    def _line(self, list_: AccessList, line: Line, words: list[str], at: int) -> None:
        cursor = Cursor(line, words, at)
        number = 0
        cursor.accept("sequence")
        if cursor.word.isdigit() and cursor.word.isascii() and len(words) > cursor.at + 1:
            number = int(cursor.word[:12])
            cursor.at += 1
        word = cursor.word
        if word == "no":
            self._removed(list_, cursor)
        elif word == "remark" or not word:
            list_.highest = max(list_.highest, number)
        elif word not in _SETTINGS:
            number = number or list_.highest + 10
            list_.highest = max(list_.highest, number)
            list_.raws.append(Raw(line, words, cursor.at, number))

    def _removed(self, list_: AccessList, cursor: Cursor) -> None:
        """`no 30` or `no permit …` below a list."""
        cursor.at += 1
        rest = [word.lower() for word in cursor.words[cursor.at :]]
        if len(rest) == 1 and rest[0].isdecimal():
            list_.raws = [raw for raw in list_.raws if raw.sequence != int(rest[0][:12])]
        else:
            list_.raws = [raw for raw in list_.raws if [word.lower() for word in raw.words[raw.at :]] != rest]

    # -- when everything is known

    def read_entries(self, groups: Groups, time_ranges: frozenset[str]) -> None:
        """The entries of every list, in order."""
        for list_ in self.named.values():
            context = Context(groups, self.notes, time_ranges, list_.name, list_.six, list_.standard)
            entries = [self._entry(list_, raw, context) for raw in self._ordered(list_)]
            list_.entries = tuple(self._numbers_once(entries))

    def _ordered(self, list_: AccessList) -> list[Raw]:
        raws = list_.raws
        late = next((after for before, after in pairwise(raws) if after.sequence < before.sequence), None)
        if late is None:
            return raws
        said = f"stands behind line {max(raw.sequence for raw in raws)} and counts before it: a list is in the order of its numbers"
        self.notes.add("sequence-order", f"line {late.sequence} {said}", late.line.span(), Effect.IGNORED)
        return sorted(raws, key=lambda raw: raw.sequence)

    def _numbers_once(self, entries: list[Entry]) -> list[Entry]:
        """The entries with one line a number: of two that differ nobody knows which counts."""
        result: list[Entry] = []
        for entry in entries:
            before = result[-1] if result else None
            if before is None or before.sequence != entry.sequence:
                result.append(entry)
            elif _same(before, entry):
                continue
            else:
                self._twice(before, entry)
                doubts = (_either(before), _either(entry))
                result[-1:] = doubts
        return result

    def _twice(self, before: Entry, entry: Entry) -> None:
        what = "IOS refuses the second, NX-OS and EOS replace the first" if self.flavour is not Flavour.IOS else "IOS refuses the second"
        message = f"the list has two different lines {entry.sequence}: {what}"
        self.notes.add("duplicate-sequence", message, entry.line.span(), Effect.REFUSED, None, ("the other line", before.line.span()))

    def _entry(self, list_: AccessList, raw: Raw, context: Context) -> Entry:
        cursor = Cursor(raw.line, raw.words, raw.at)
        if not raw.words:
            return self._refused(list_, raw, "lists with names and a type in one line are those of ASA", raw.line.span(), permits=True)
        word = cursor.word
        if cursor.accept("evaluate"):
            name = cursor.take("the name of a reflexive list") if cursor.word else ""
            return undecided(raw.line, raw.sequence, True, list_.six, f"what the reflexive list {name} lets back", True, name)
        if word == "dynamic":
            return undecided(raw.line, raw.sequence, True, list_.six, "who has unlocked this dynamic line", readable=True)
        if not cursor.accept("permit", "deny"):
            return self._refused(list_, raw, "this is no line of an access list", cursor.here(), permits=True)
        try:
            return (standard if list_.standard else extended)(cursor, context, raw.sequence, word == "permit")
        except Refused as error:
            if error.told:
                return undecided(raw.line, raw.sequence, word == "permit", list_.six, f"{error.message}, and the device refuses the line")
            return self._refused(list_, raw, error.message, error.span, word == "permit")

    def _refused(self, list_: AccessList, raw: Raw, why: str, span: Span, permits: bool) -> Entry:
        message = f"a line of {list_.label} cannot be read: {why}; what it matches is not known, and the list is undecided from here"
        self.notes.add("unparsed-entry", message, span, Effect.UNKNOWN, Level.ERROR)
        return undecided(raw.line, raw.sequence, permits, list_.six, f"what a line of {list_.label} matches, which cannot be read")


def _same(a: Entry, b: Entry) -> bool:
    return a.permits == b.permits and a.condition == b.condition and a.readable and b.readable


def _either(entry: Entry) -> Entry:
    doubt = Undecided(Unknown("which of two lines with one number counts", entry.line.span()), entry.packets)
    return replace(entry, condition=doubt, readable=False)


def _kind_of_number(name: str) -> str | None:
    if not (name.isascii() and name.isdigit() and len(name) <= 5):
        return None
    number = int(name)
    if 1 <= number <= 99 or 1300 <= number <= 1999:
        return "standard"
    if 100 <= number <= 199 or 2000 <= number <= 2699:
        return "extended"
    return "frames"
