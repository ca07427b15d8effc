"""A configuration taken apart: lists, groups, interfaces, routes, VLAN maps. Commands about anything else are left alone.

Lines of lists are read last, when the groups and time ranges they name are known.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from auditor.formats.switch.flavour import Flavour
from auditor.formats.switch.groups import Groups
from auditor.formats.switch.interfaces import Applied, Direction, Interfaces, Route, route, vlan_list
from auditor.formats.switch.lines import Block, Line, Text
from auditor.formats.switch.lists import Lists
from auditor.formats.switch.notes import Notes
from auditor.formats.switch.slips import at_the_margin, that_filters
from auditor.model.record import dataclass, field
from auditor.model.source import Effect, Span, Unknown

_CLAUSE = ("statistics", "description", "no", "default", "exit", "end")
_ROUTING = ("bgp", "ospf", "eigrp", "rip", "isis", "ospfv3")


@dataclass(slots=True)
class Clause:
    """One `vlan access-map NAME SEQ`: packets that a list permits have its action. `action` is forward where nothing is said.

    `doubt`: a line of it cannot be read, so what it matches and does is not known.
    """

    sequence: int
    span: Span
    lists: list[tuple[str, bool, Span]] = field(default_factory=list)
    frames: bool = False
    action: str = "forward"
    doubt: Unknown | None = None


@dataclass(slots=True)
class VlanMap:
    """A VLAN map and the VLANs it filters, each with the place that says so."""

    name: str
    span: Span
    clauses: list[Clause] = field(default_factory=list)
    vlans: dict[int, Span] = field(default_factory=dict)


@dataclass(slots=True)
class Terminal:
    """A block of terminal lines with the lists that decide who may connect; `doubt`: whether they do is not known."""

    span: Span
    classes: list[Applied] = field(default_factory=list)
    closed: bool = False
    doubt: Unknown | None = None

    @property
    def guarded(self) -> bool:
        """Whether somebody may be kept from connecting."""
        return bool(self.classes) or self.closed or self.doubt is not None


@dataclass(slots=True)
class ControlPlane:
    """What filters packets to the switch itself: a list by VRF and family, and policies, which may drop some of a class."""

    applied: dict[tuple[str, bool], Applied] = field(default_factory=dict)
    policies: list[tuple[str, Span]] = field(default_factory=list)


@dataclass(slots=True)
class Config:
    """One file."""

    path: str
    flavour: Flavour
    notes: Notes
    lists: Lists
    groups: Groups
    interfaces: Interfaces
    hostname: str = ""
    routes: list[Route] = field(default_factory=list)
    maps: dict[str, VlanMap] = field(default_factory=dict)
    filters: list[tuple[str, frozenset[int], Span]] = field(default_factory=list)
    terminals: list[Terminal] = field(default_factory=list)
    plane: ControlPlane = field(default_factory=ControlPlane)
    dropping: set[str] = field(default_factory=set)  # policy maps in which a class is dropped
    dynamic: Span | None = None
    mentioned: set[str] = field(default_factory=set)  # every word that is not of a list's own lines


def read_config(path: str, text: Text, flavour: Flavour) -> Config:
    """What `text` says, with the lines of its lists read."""
    notes = Notes()
    config = Config(path, flavour, notes, Lists(notes, flavour), Groups(notes), Interfaces(notes))
    config.mentioned.update(text.beneath)
    ranges: set[str] = set()
    for line in text.loose:
        notes.add("unparsed-entry", "this text does not end before the file does: what stands below it was read as commands", line.span())
    for block in text.blocks:
        if block.words[0] == "time-range" and len(block.words) > 1:
            ranges.add(block.words[1])
        else:
            _read(config, block)
    for name, vlans, span in config.filters:
        vlan_map = config.maps.setdefault(name, VlanMap(name, span))
        vlan_map.vlans.update(dict.fromkeys(vlans, span))
    config.lists.read_entries(config.groups, frozenset(ranges))
    return config


def _read(config: Config, block: Block) -> None:
    words = block.words[1:] if block.words[0] in ("no", "default") else block.words
    undo = words is not block.words
    head = [word.lower() for word in words[:3]]
    if not head:
        return
    if head[0] == "access-list":
        config.lists.numbered(block, words)
        return
    if head[0] in ("ip", "ipv6", "mac", "arp") and len(head) > 1 and len(head[1]) >= 8 and "access-list".startswith(head[1]):
        config.lists.opened(block, words)
        return
    config.mentioned.update(word for line in (block.header, *block.body) for word in line.words[1:])
    if undo:
        return
    reader = _READERS.get(" ".join(head[:2])) or _READERS.get(head[0])
    if reader is not None and (len(words) > 1 or head == ["control-plane"]):
        reader(config, block, words)
    elif reader is None:
        _unread(config, block, words)


def _unread(config: Config, block: Block, words: list[str]) -> None:
    """A command that nothing reads: told where it looks like one that matters."""
    meant = at_the_margin([word.lower() for word in words])
    if meant is not None:
        config.notes.add("unread-command", f"this is not read, and looks like {meant}: nothing below it is read", block.header.span())


def _hostname(config: Config, block: Block, words: list[str]) -> None:  # noqa: ARG001  (the form of a reader)
    config.hostname = words[1].strip('"')


def _interface(config: Config, block: Block, words: list[str]) -> None:  # noqa: ARG001
    config.interfaces.read(block)


def _group(config: Config, block: Block, words: list[str]) -> None:  # noqa: ARG001
    config.groups.read(block)


def _vlan(config: Config, block: Block, words: list[str]) -> None:
    if words[1].lower() == "access-map" and len(words) > 2:
        _clause(config, block, words)
    elif words[1].lower() == "filter" and len(words) > 3:
        vlans = vlan_list("".join(words[4:])) if len(words[3]) >= 5 and "vlan-list".startswith(words[3].lower()) else frozenset[int]()
        if not vlans:
            said = "which VLANs this map filters cannot be read: no VLAN is taken to be filtered by it"
            config.notes.add("unparsed-entry", said, block.header.span(), Effect.UNKNOWN)
        config.filters.append((words[2], vlans, block.header.span()))
    else:
        _unread(config, block, words)
        config.interfaces.vlan(block)


def _static(config: Config, block: Block, words: list[str]) -> None:  # noqa: ARG001
    _route(config, words, "")


def _vrf(config: Config, block: Block, words: list[str]) -> None:
    if len(words) > 2:
        for line in block.body:
            if line.words[:2] in (["ip", "route"], ["ipv6", "route"]):
                _route(config, line.words, words[2])


def _router(config: Config, block: Block, words: list[str]) -> None:
    if words[1].lower() in _ROUTING:
        config.dynamic = config.dynamic or block.header.span()


def _vty(config: Config, block: Block, words: list[str]) -> None:
    _terminal(config, block, _lines(block), arista=words[0].lower() == "management")


def _plane(config: Config, block: Block, words: list[str]) -> None:  # noqa: ARG001
    """`ip access-group NAME [vrf VRF] in` on EOS, `service-policy input NAME` elsewhere."""
    for line, said in _lines(block):
        undo = said[0] == "no"
        rest = said[1:] if undo else said
        if rest[:2] == ["service-policy", "input"] and len(rest) > 2:
            config.plane.policies = [each for each in config.plane.policies if each[0] != rest[2]]
            config.plane.policies += [] if undo else [(rest[2], line.span())]
        elif len(rest) > 2 and rest[0] in ("ip", "ipv6") and rest[1] == "access-group":
            vrf = rest[4] if rest[3:4] == ["vrf"] and len(rest) > 4 else ""
            config.plane.applied.pop((vrf, rest[0] == "ipv6"), None)
            if not undo:
                config.plane.applied[vrf, rest[0] == "ipv6"] = Applied(rest[2], line.span(), rest[0] == "ipv6")
        elif not undo and rest[:2] != ["service-policy", "output"] and (meant := that_filters([word.lower() for word in rest])) is not None:
            config.notes.add("unread-command", f"this is not read, and looks like {meant}", line.span())
            config.plane.policies.append(("that cannot be read", line.span()))


def _policy(config: Config, block: Block, words: list[str]) -> None:
    if any(line.words[:1] == ["drop"] for line in block.body):
        config.dropping.add(words[-1])


_READERS: dict[str, Callable[[Config, Block, list[str]], None]] = {
    "hostname": _hostname,
    "switchname": _hostname,
    "interface": _interface,
    "object-group": _group,
    "vlan": _vlan,
    "ip route": _static,
    "ipv6 route": _static,
    "vrf context": _vrf,
    "router": _router,
    "line vty": _vty,
    "management ssh": _vty,
    "system control-plane": _plane,
    "control-plane": _plane,
    "policy-map": _policy,
}


def _lines(block: Block) -> Iterator[tuple[Line, list[str]]]:
    for line in block.body:
        words = line.words
        if words:
            named = 1 if words[0].lower() in ("access-class", "access-group") else 2
            yield line, [word.lower() if index < named else word for index, word in enumerate(words)]


def _route(config: Config, words: list[str], vrf: str) -> None:
    found = route(words, vrf)
    if found is not None:
        config.routes.append(found)


def _clause(config: Config, block: Block, words: list[str]) -> None:
    vlan_map = config.maps.setdefault(words[2], VlanMap(words[2], block.header.span()))
    digits = words[3] if len(words) > 3 and words[3].isdecimal() else ""
    sequence = int(digits[:9]) if digits else max((each.sequence for each in vlan_map.clauses), default=0) + 10
    clause = next((each for each in vlan_map.clauses if each.sequence == sequence), None)
    if clause is None:
        clause = Clause(sequence, block.header.span())
        vlan_map.clauses.append(clause)
    for line, said in _lines(block):
        if said[0] == "match" and len(said) > 3 and said[1] in ("ip", "ipv6", "mac") and said[2].lower() == "address":
            if said[1] == "mac":
                clause.frames = True
            else:
                at = 3
                clause.lists += [(name, said[1] == "ipv6", line.span(at + index)) for index, name in enumerate(said[3:])]
        elif said[0] == "action" and len(said) > 1:
            clause.action = said[1]
        elif said[0] not in _CLAUSE:
            config.notes.add(
                "unread-command", "this line of a VLAN map is not read: what the clause matches and does is not known", line.span()
            )
            clause.doubt = clause.doubt or Unknown("what a line of a VLAN map does, which cannot be read", line.span())


def _outgoing(rest: list[str]) -> bool:
    """Whether a list is for connections that begin on the switch, or is taken away."""
    return rest[:1] == ["no"] or (rest[:1] == ["access-class"] and len(rest) > 2 and rest[2].lower() == Direction.OUT)


def _terminal(config: Config, block: Block, lines: Iterator[tuple[Line, list[str]]], arista: bool = False) -> None:
    terminal = Terminal(block.header.span())
    for line, said in lines:
        six = said[0] == "ipv6"
        rest = said[1:] if six or (arista and said[0] == "ip") else said
        if rest[:1] in (["access-class"], ["access-group"]) and len(rest) > 2 and rest[2].lower() == Direction.IN:
            at = len(said) - len(rest)
            terminal.classes.append(Applied(rest[1], line.span(at, at + 2), six))
        elif rest[:1] in (["access-class"], ["access-group"]) and len(rest) > 4 and rest[2].lower() == "vrf":
            terminal.doubt = Unknown("whom a list keeps out that counts for one VRF alone", line.span())
        elif said[:2] == ["transport", "input"] and said[2:] == ["none"]:
            terminal.closed = True
        elif not _outgoing(rest) and (meant := that_filters([word.lower() for word in said])) is not None:
            config.notes.add("unread-command", f"this is not read, and looks like {meant}", line.span())
            terminal.doubt = Unknown("who may connect, by a command that cannot be read", line.span())
    if not arista or terminal.classes or terminal.doubt is not None:
        config.terminals.append(terminal)
