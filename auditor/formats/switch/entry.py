"""One permit or deny of a list, read to its end. What narrows by something a packet's addresses and ports do not tell leaves it undecided.

`Entry.condition` matches the packets that the line matches; a line that cannot be read may match anything.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from auditor.formats.switch import ends
from auditor.formats.switch.cursor import Cursor, Refused
from auditor.formats.switch.ends import Ends
from auditor.formats.switch.groups import Groups
from auditor.formats.switch.lines import Line
from auditor.formats.switch.notes import Notes
from auditor.formats.switch.services import OPERATORS, has_ports, message, ports, protocol
from auditor.model.filters import Condition, Exactly, Undecided, either
from auditor.model.headers import ANY_PORT, IPV4, IPV6, Protocol, TcpFlag
from auditor.model.packets import EVERYTHING, NOTHING, Field, Interval, PacketSet, box_set, field_set
from auditor.model.record import dataclass, field
from auditor.model.source import Effect, Unknown

_FLAGS = {flag.name.lower(): int(flag) for flag in TcpFlag}


@dataclass(slots=True)
class Context:
    """What a line is read with: the file's groups and time ranges, and the kind of list it stands in."""

    groups: Groups
    notes: Notes
    time_ranges: frozenset[str]
    name: str
    six: bool = False
    standard: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a list. `source_ports` and `destination_ports` are None where it names none.

    `reflects` is the name under which it keeps state, `evaluates` the name whose state it lets back: its condition is then filled in later.
    """

    line: Line
    sequence: int
    permits: bool
    condition: Condition
    source: Ends
    destination: Ends
    number: int | None = None
    source_ports: Ends | None = None
    destination_ports: Ends | None = None
    established: bool = False
    readable: bool = True
    reflects: str = ""
    evaluates: str = ""

    @property
    def packets(self) -> PacketSet:
        """The packets it may match."""
        return self.condition.settle(lambda _: None).maybe


@dataclass(slots=True)
class _Options:
    """What stands behind the addresses: further spans, what is not known, whether whole packets are meant at all."""

    spans: dict[Field, tuple[Interval, ...]] = field(default_factory=dict)
    doubts: list[Unknown] = field(default_factory=list)
    fragments: bool = False
    established: bool = False
    reflects: str = ""


def standard(cursor: Cursor, context: Context, sequence: int, permits: bool) -> Entry:
    """`SRC [log]`."""
    source = _addresses(cursor, context)
    while cursor.accept("log"):
        pass
    if cursor.word:
        raise cursor.refused("nothing more belongs here in a standard list")
    anywhere = ends.ANY6 if context.six else ends.ANY4
    return Entry(cursor.line, sequence, permits, _condition(None, source, None, anywhere, None, _Options()), source, anywhere)


def extended(cursor: Cursor, context: Context, sequence: int, permits: bool) -> Entry:
    """`PROTO SRC [PORT] DST [PORT] [options]`, or a group of services in place of protocol and ports."""
    options = _Options()
    if cursor.accept("vlan"):
        options.doubts.append(Unknown("whether the packet is in the VLAN that the line names", cursor.line.span()))
        cursor.at += 2
    services = None
    number: int | None = None
    if cursor.accept("object-group"):
        services = context.groups.services(cursor.take("a group's name"), cursor.here(1))
    else:
        number = protocol(cursor, context.six)
    source = _addresses(cursor, context)
    source_ports = _ports(cursor, context, number)
    destination = _addresses(cursor, context)
    destination_ports = _ports(cursor, context, number)
    _options(cursor, context, number, options)
    condition = _condition(number, source, source_ports, destination, destination_ports, options)
    if services is not None:
        surely, maybe, doubts = services
        condition = condition & either(Exactly(surely), *(Undecided(doubt, maybe) for doubt in doubts[:1]))
    return Entry(
        cursor.line,
        sequence,
        permits,
        condition,
        source,
        destination,
        number,
        source_ports,
        destination_ports,
        options.established,
        reflects=options.reflects,
    )


def undecided(line: Line, sequence: int, permits: bool, six: bool, why: str, readable: bool = False, evaluates: str = "") -> Entry:
    """A line that may match anything."""
    anywhere = ends.ANY6 if six else ends.ANY4
    doubt = Undecided(Unknown(why, line.span()), everything(six))
    return Entry(line, sequence, permits, doubt, anywhere, anywhere, readable=readable, evaluates=evaluates)


@lru_cache(maxsize=2)
def everything(six: bool) -> PacketSet:
    """Every packet of the family."""
    family = IPV6 if six else IPV4
    return box_set({Field.SOURCE: [family], Field.DESTINATION: [family]})


# -- addresses


def _addresses(cursor: Cursor, context: Context) -> Ends:
    word = cursor.word
    if word == "any":
        cursor.at += 1
        return ends.ANY6 if context.six else ends.ANY4
    if word == "host":
        cursor.at += 1
        held = _one(cursor, context.six)
        return ends.exactly((held, held))
    if word in ("object-group", "addrgroup"):
        cursor.at += 1
        return context.groups.addresses(cursor.take("a group's name"), cursor.here(1), context.six)
    spelled = ends.prefix(word)
    if spelled is not None and (spelled[0] > IPV4[1]) == context.six:
        cursor.at += 1
        return ends.exactly(spelled)
    if context.six:
        raise cursor.refused("an IPv6 address with its length, host or any is missing")
    address = _one(cursor, six=False)
    wild = ends.ipv4(cursor.word)
    if wild is None:
        if context.standard:
            return ends.exactly((address, address))
        raise cursor.refused("a wildcard is missing behind the address")
    cursor.at += 1
    return _wildcard(cursor, context, address, wild)


def _one(cursor: Cursor, six: bool) -> int:
    text = cursor.take("an address")
    held = ends.ipv6(text) if six else ends.ipv4(text)
    if held is None:
        raise cursor.refused("this is no address", 1)
    return held


def _wildcard(cursor: Cursor, context: Context, address: int, wild: int) -> Ends:
    if ends.is_netmask(wild):
        said = "is a netmask where a wildcard belongs: it matches addresses by their last bits, in every network"
        context.notes.add("netmask-as-wildcard", f"{cursor.words[cursor.at - 1]} {said}", cursor.here(1), Effect.WIDENED)
    elif address & wild and wild != 2**32 - 1 and wild & (wild + 1) == 0:
        said = f"the bits of {cursor.words[cursor.at - 2]} under the wildcard are ignored: the whole network is matched"
        context.notes.add("host-bits", said, cursor.here(2), Effect.WIDENED)
    return context.groups.wildcard(address, wild, cursor)


# -- ports


def _ports(cursor: Cursor, context: Context, number: int | None) -> Ends | None:
    word = cursor.word
    if word == "portgroup":
        cursor.at += 1
        return context.groups.ports(cursor.take("a group's name"), cursor.here(1))
    if word not in OPERATORS:
        return None
    if not has_ports(number):
        span = cursor.here()
        context.notes.add("port-on-ip", "a port needs the protocol tcp or udp: the device refuses this line", span, Effect.DROPPED)
        raise Refused("a port needs the protocol tcp or udp", span, told=True)
    start = cursor.at
    spans, reversed_ = ports(cursor, number)
    if reversed_:
        context.notes.add(
            "range-reversed", "the range ends before it begins: the device refuses it", cursor.line.span(start), Effect.DROPPED
        )
    return Ends(spans, spans)


# -- options

_NARROWING = {
    "dscp": "the packet's DSCP",
    "precedence": "the packet's precedence",
    "tos": "the packet's type of service",
    "option": "the packet's IP options",
    "vlan": "the packet's VLAN",
    "flow-label": "the packet's flow label",
    "http-method": "the HTTP method",
    "tcp-option-length": "the length of the TCP options",
    "tcp-flags-mask": "a mask of TCP flags",
}
_BARE = {
    "tracked": "whether the device tracks the connection",
    "routing": "the packet's routing header",
    "undetermined-transport": "whether the packet's transport can be determined",
    "dest-option": "the packet's destination options",
    "mobility": "the packet's mobility header",
    "hbh": "the packet's hop-by-hop options",
    "hoplimit": "the packet's hop limit",
    "auth": "the packet's authentication header",
}
_MEASURED = {"ttl": "the packet's time to live", "packet-length": "the packet's length"}


def _options(cursor: Cursor, context: Context, number: int | None, options: _Options) -> None:
    while cursor.word:
        if not (_plain(cursor, context, options) or _narrowed(cursor, options) or _of_protocol(cursor, context, number, options)):
            raise cursor.refused("this word is not known here")


def _plain(cursor: Cursor, context: Context, options: _Options) -> bool:
    if cursor.accept("log", "log-input"):
        return True
    if cursor.accept("fragments"):
        options.fragments = True
    elif cursor.accept("reflect"):
        options.reflects = cursor.take("the name of a reflexive list")
        if cursor.accept("timeout"):
            cursor.take("a time")
    elif cursor.accept("time-range"):
        _time_range(cursor, context, options)
    else:
        return False
    return True


def _narrowed(cursor: Cursor, options: _Options) -> bool:
    """What asks for something a packet's addresses and ports do not tell."""
    word = cursor.word
    told = _NARROWING.get(word) or _MEASURED.get(word) or _BARE.get(word)
    if told is None:
        return False
    here = cursor.here()
    cursor.at += 1
    if word in _NARROWING:
        cursor.take("a value")
    elif word in _MEASURED:
        operator = cursor.take("a value").lower()
        for _ in range({"range": 2}.get(operator, 1) if operator in OPERATORS else 0):
            cursor.take("a value")
    options.doubts.append(Unknown(f"{told}, which the line asks for", here))
    return True


def _of_protocol(cursor: Cursor, context: Context, number: int | None, options: _Options) -> bool:
    word, here = cursor.word, cursor.here()
    if number == Protocol.TCP and (word == "established" or word in _FLAGS or word in ("match-any", "match-all")):
        _tcp(cursor, options)
    elif number == Protocol.UDP and cursor.accept("nve"):
        cursor.take("vni")
        cursor.take("a value")
        options.doubts.append(Unknown("the packet's VXLAN segment, which the line asks for", here))
    elif number in (Protocol.ICMP, Protocol.ICMPV6) and (found := message(cursor, number == Protocol.ICMPV6)):
        options.spans[Field.DESTINATION_PORT] = found
    elif number == Protocol.IGMP:
        cursor.at += 1
        options.doubts.append(Unknown("the kind of IGMP message, which the line asks for", here))
    elif number is None and word in ("echo", "echo-reply", "unreachable", "established"):
        said = "needs a protocol of its own: the device refuses this line"
        context.notes.add("port-on-ip", f"{word} {said}", here, Effect.DROPPED)
        raise Refused(f"{word} needs the protocol it belongs to", here, told=True)
    else:
        return False
    return True


def _tcp(cursor: Cursor, options: _Options) -> None:
    """`established`, flags by name, or `match-any|match-all +flag -flag …`."""
    if cursor.accept("established"):
        options.established = True
        _flags(options, lambda value: bool(value & (TcpFlag.ACK | TcpFlag.RST)))
        return
    if cursor.word in ("match-any", "match-all"):
        every = cursor.take("match-any or match-all").lower() == "match-all"
        wanted: list[tuple[int, bool]] = []
        while cursor.word[:1] in ("+", "-") and cursor.word[1:] in _FLAGS:
            wanted.append((_FLAGS[cursor.word[1:]], cursor.word[0] == "+"))
            cursor.at += 1
        if not wanted:
            raise cursor.refused("a flag with + or - is missing")
        _flags(options, lambda value: (all if every else any)(bool(value & bit) is on for bit, on in wanted))
        return
    here, named = cursor.here(), []
    while cursor.word in _FLAGS:
        named.append(_FLAGS[cursor.word])
        cursor.at += 1
    if len(named) > 1:
        options.doubts.append(Unknown("whether one of the flags or all of them must be set", here))
    _flags(options, lambda value: any(value & bit for bit in named))


def _flags(options: _Options, fits: Callable[[int], object]) -> None:
    spans = tuple((value, value) for value in range(256) if fits(value))
    known = options.spans.get(Field.TCP_FLAGS)
    options.spans[Field.TCP_FLAGS] = spans if known is None else tuple(each for each in spans if each in known)


def _time_range(cursor: Cursor, context: Context, options: _Options) -> None:
    name, here = cursor.take("the name of a time range"), cursor.here(1)
    if name not in context.time_ranges:
        context.notes.add("time-range-undefined", f"the time range {name} is not defined", here, Effect.UNKNOWN)
        options.doubts.append(Unknown(f"what the time range {name}, which is not defined, does", here))
    else:
        options.doubts.append(Unknown(f"the time of day: the line counts during the time range {name} only", here))


# -- all of it together


def _condition(
    number: int | None, source: Ends, source_ports: Ends | None, destination: Ends, destination_ports: Ends | None, options: _Options
) -> Condition:
    if options.fragments:
        return Exactly(NOTHING)  # later fragments have no ports, and no requirement is about them
    spans: dict[Field, tuple[Interval, ...]] = {} if number is None else {Field.PROTOCOL: ((number, number),)}
    spans |= options.spans
    parts = [(Field.SOURCE, source), (Field.DESTINATION, destination)]
    parts += [(Field.SOURCE_PORT, source_ports)] if source_ports is not None else []
    parts += [(Field.DESTINATION_PORT, destination_ports)] if destination_ports is not None else []
    doubts = [*options.doubts, *(doubt for _, part in parts for doubt in part.unknowns)]
    maybe = _packets({**spans, **{name: part.maybe for name, part in parts}})
    if not doubts:
        return Exactly(maybe)
    doubt = Undecided(doubts[0], maybe)
    if options.doubts:
        return doubt
    return either(Exactly(_packets({**spans, **{name: part.surely for name, part in parts}})), doubt)


def _packets(spans: dict[Field, tuple[Interval, ...]]) -> PacketSet:
    """The packets whose every field is in its spans; lines of a list share most of them."""
    result = EVERYTHING
    for name in sorted(spans, reverse=True):
        part = spans[name]
        if part != (ANY_PORT,) or name not in (Field.SOURCE_PORT, Field.DESTINATION_PORT):
            result = (_in_field(name, part) if len(part) < 8 else field_set(name, part)) & result
    return result


_in_field = lru_cache(maxsize=4096)(field_set)
