"""Object groups: addresses, ports and services under a name, read once and united with those they contain.

A group that is missing, empty or partly unreadable is never taken for nothing: a line that uses it may match.
"""

from __future__ import annotations

from auditor.formats.switch import ends
from auditor.formats.switch.cursor import Cursor, Refused
from auditor.formats.switch.ends import Ends
from auditor.formats.switch.lines import Block, Line
from auditor.formats.switch.notes import Notes
from auditor.formats.switch.services import OPERATORS, has_ports, message, ports, protocol
from auditor.model.headers import ANY_PORT, IPV4, IPV6, Protocol
from auditor.model.packets import EVERYTHING, Field, PacketSet, box_set, field_set, union
from auditor.model.record import dataclass, field
from auditor.model.source import Effect, Span, Unknown

_DEEPEST = 32
_MOST_PIECES = 262144
"""How many intervals the wildcards of one file may come to, all together."""


@dataclass(slots=True)
class Group:
    """One object group. `inner` are the groups it contains, each with the place that says so."""

    kind: str
    name: str
    span: Span
    six: bool = False
    held: list[Ends] = field(default_factory=list)
    services: list[PacketSet] = field(default_factory=list)
    inner: list[tuple[str, Span]] = field(default_factory=list)
    doubts: list[Unknown] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not (self.held or self.services or self.inner or self.doubts)


@dataclass(slots=True)
class Groups:
    """The object groups of a file by name; kinds share one table, as names do on the devices."""

    notes: Notes
    named: dict[str, Group] = field(default_factory=dict)
    pieces: int = _MOST_PIECES

    def read(self, block: Block) -> None:
        """One `object-group` with its members."""
        words = [word.lower() for word in block.words[1:3]]
        ip = words[:1] in (["ip"], ["ipv6"])
        kind, six = (words[1] if ip and len(words) > 1 else words[0] if words else ""), words[:1] == ["ipv6"]
        place = 3 if ip else 2
        if len(block.words) <= place or kind not in _MEMBERS:
            if kind not in ("security", "user", "mac", "fqdn"):
                self.notes.add("unparsed-entry", "this object group cannot be read", block.header.span(), Effect.UNKNOWN)
            name = block.words[place] if len(block.words) > place else ""
            group = self.named.setdefault(name, Group(kind, name, block.header.span()))
            group.doubts.append(Unknown(f"what the object group {name} holds", group.span))
            return
        name = block.words[place]
        group = self.named.setdefault(name, Group(kind, name, block.header.span(), six))
        if group.kind not in _MEMBERS:
            group.kind, group.six = kind, six
        for line in block.body:
            self._member(group, line)

    def _member(self, group: Group, line: Line) -> None:
        cursor = Cursor(line, line.words)
        if cursor.word.isdigit() and len(cursor.words) > 1:
            cursor.at += 1
        if cursor.word in ("description", "") or (cursor.word == "no" and cursor.words[-1].isdigit()):
            return
        try:
            if cursor.accept("group-object"):
                group.inner.append((cursor.take("a group's name"), line.span()))
            else:
                _MEMBERS[group.kind](self, group, cursor)
            if cursor.word:
                raise cursor.refused("nothing more belongs here")
        except Refused as error:
            self.notes.add("unparsed-entry", f"a member of the object group {group.name} cannot be read: {error.message}", error.span)
            group.doubts.append(Unknown(f"a member of the object group {group.name}, which cannot be read", line.span()))

    def _network(self, group: Group, cursor: Cursor) -> None:
        """A member of an IOS network group, whose masks are netmasks."""
        if cursor.accept("any"):
            group.held.append(ends.ANY4)
        elif cursor.accept("range"):
            low, high = _address(cursor), _address(cursor)
            group.held.append(ends.exactly((low, high)) if low <= high else ends.NOBODY)
        elif cursor.accept("host"):
            held = _address(cursor)
            group.held.append(ends.exactly((held, held)))
        else:
            group.held.append(self._masked(cursor))

    def _masked(self, cursor: Cursor) -> Ends:
        spelled = ends.prefix(cursor.word)
        if spelled is not None:
            cursor.at += 1
            return ends.exactly(spelled)
        address = _address(cursor)
        if not cursor.word:
            return ends.exactly((address, address))
        mask = _address(cursor)
        length = ends.mask_length(mask)
        if length is not None:
            return ends.exactly(ends.network(address, length, 32))
        here = cursor.here(1)
        self.notes.add(
            "wildcard-in-group", "a network object group has netmasks, and this is none: it matches other hosts than meant", here
        )
        return ends.unknown(IPV4, Unknown("what a mask that is no netmask means in an object group", here))

    def _address(self, group: Group, cursor: Cursor) -> None:
        """A member of an NX-OS address group, whose masks are wildcards."""
        if cursor.accept("host"):
            text = cursor.take("an address")
            held = ends.ipv6(text) if group.six else ends.ipv4(text)
            if held is None:
                raise cursor.refused("this is no address", 1)
            group.held.append(ends.exactly((held, held)))
            return
        spelled = ends.prefix(cursor.word)
        if spelled is not None:
            cursor.at += 1
            group.held.append(ends.exactly(spelled))
            return
        group.held.append(self.wildcard(_address(cursor), _address(cursor), cursor))

    def wildcard(self, address: int, wild: int, cursor: Cursor) -> Ends:
        """What a wildcard matches; undecided where it comes to too many pieces, alone or with those before it."""
        found = ends.wildcard(address, wild) if self.pieces > 0 else None
        if found is None:
            return ends.unknown(IPV4, Unknown("which addresses a wildcard of this many pieces matches", cursor.here(1)))
        self.pieces -= len(found) if len(found) > 1 else 0
        return Ends(found, found)

    def _port(self, group: Group, cursor: Cursor) -> None:
        if cursor.word not in OPERATORS:
            raise cursor.refused("a port operator is missing")
        group.held.append(ends.exactly(*ports(cursor, None)[0]))

    def _service(self, group: Group, cursor: Cursor) -> None:
        numbers: tuple[int | None, ...]
        numbers = (Protocol.TCP, Protocol.UDP) if cursor.accept("tcp-udp") else (protocol(cursor, six=False),)
        spans: dict[Field, tuple[tuple[int, int], ...]] = {}
        if has_ports(numbers[0]):
            start = cursor.at
            for number in numbers:
                cursor.at = start
                spans = _service_ports(cursor, number)
        elif numbers[0] == Protocol.ICMP and (found := message(cursor, six=False)):
            spans = {Field.DESTINATION_PORT: found}
        for number in numbers:
            group.services.append(box_set(spans if number is None else {Field.PROTOCOL: [(number, number)], **spans}))

    # -- asked by lines

    def addresses(self, name: str, place: Span, six: bool) -> Ends:
        """The addresses of a group, as a line at `place` uses it."""
        return self._held(name, place, IPV6 if six else IPV4, ("network", "address"))

    def ports(self, name: str, place: Span) -> Ends:
        """The ports of a group, likewise."""
        return self._held(name, place, ANY_PORT, ("port",))

    def _held(self, name: str, place: Span, within: tuple[int, int], kinds: tuple[str, ...]) -> Ends:
        surely: dict[tuple[int, int], None] = {}
        doubts: list[Unknown] = []
        for group in self._united(name, place, doubts, kinds):
            for held in group.held:
                surely.update(dict.fromkeys(held.surely))
                doubts += held.unknowns
        return Ends(tuple(surely), (within,) if doubts else tuple(surely), tuple(doubts))

    def services(self, name: str, place: Span) -> tuple[PacketSet, PacketSet, tuple[Unknown, ...]]:
        """(surely, maybe, why they differ) of a service group."""
        doubts: list[Unknown] = []
        surely = union(each for group in self._united(name, place, doubts, ("service", "protocol")) for each in group.services)
        return surely, EVERYTHING if doubts else surely, tuple(doubts)

    def _united(self, name: str, place: Span, doubts: list[Unknown], kinds: tuple[str, ...]) -> list[Group]:
        found: dict[str, Group] = {}
        pending = [(name, place, 0)]
        while pending:
            wanted, where, depth = pending.pop()
            group = self.named.get(wanted)
            if group is None or group.empty or group.kind not in kinds:
                what = "is not defined" if group is None else "has no members" if group.empty else "is of another kind"
                self.notes.add("undefined-group", f"the object group {wanted} {what}: a line with it matches nothing, or is refused", where)
                doubts.append(Unknown(f"what the object group {wanted}, which {what}, matches", where))
            elif depth > _DEEPEST:
                doubts.append(Unknown(f"what the object group {wanted} holds, so deep inside others", where))
            elif wanted not in found:
                found[wanted] = group
                doubts += group.doubts
                pending += [(inner, span, depth + 1) for inner, span in group.inner]
        if found and not doubts and not any(group.held or group.services for group in found.values()):
            doubts.append(Unknown(f"what the object group {name} holds, which has only groups that hold each other", place))
        return list(found.values())


def _address(cursor: Cursor) -> int:
    text = cursor.take("an address")
    held = ends.ipv4(text)
    if held is None:
        raise cursor.refused("this is no address", 1)
    return held


def _service_ports(cursor: Cursor, number: int | None) -> dict[Field, tuple[tuple[int, int], ...]]:
    """`[source PORTS] [PORTS]`, an operator or a bare port each."""
    spans: dict[Field, tuple[tuple[int, int], ...]] = {}
    if cursor.accept("source"):
        spans[Field.SOURCE_PORT] = _operated(cursor, number)
    if cursor.word:
        spans[Field.DESTINATION_PORT] = _operated(cursor, number)
    return spans


def _operated(cursor: Cursor, number: int | None) -> tuple[tuple[int, int], ...]:
    if cursor.word in OPERATORS:
        return ports(cursor, number)[0]
    bare = Cursor(cursor.line, ["eq", cursor.take("a port")])
    try:
        return ports(bare, number)[0]
    except Refused:
        raise cursor.refused("no port has this name or number", 1) from None


def _protocol(groups: Groups, group: Group, cursor: Cursor) -> None:  # noqa: ARG001  (the form of a member's reader)
    if not cursor.accept("protocol-object"):
        raise cursor.refused("protocol-object is missing")
    number = protocol(cursor, six=False)
    group.services.append(EVERYTHING if number is None else field_set(Field.PROTOCOL, [(number, number)]))


_MEMBERS = {
    "network": Groups._network,
    "address": Groups._address,
    "port": Groups._port,
    "service": Groups._service,
    "protocol": _protocol,
}
