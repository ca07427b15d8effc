"""What every field reads, what it brings along, and where its value is not known: sections of nft(8) as a table.

A field's `present` packets are those that have it; of these, `encode` gives the ones whose value lies in some intervals, except in `doubt`,
where the files do not say what the value is. A negation negates the value, never `present`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from auditor.formats.nftables.setting import Setting, Way
from auditor.formats.nftables.values import BITS, FLAG_TYPES, Refused
from auditor.model.filters import Side
from auditor.model.headers import IPV4, IPV6, PORT_PROTOCOLS, address_interval, protocol_set, sources
from auditor.model.packets import EVERYTHING, NOTHING, V6_BASE, Field, Interval, PacketSet, State, box_set, field_set
from auditor.model.record import dataclass

Encode = Callable[[Iterable[Interval]], PacketSet]

V4, V6 = sources([IPV4]), sources([IPV6])
_PORTS = protocol_set(*PORT_PROTOCOLS)


@dataclass(frozen=True, slots=True, eq=False)
class Spec:
    """A field in a setting. `points`: the only values that occur, None: any. `side`: it is the name of an interface.

    `blur` gives the packets whose value may lie in some intervals, where that is not `encode` and `doubt`.
    `axis`: the field of a packet that holds the value, and what is added to it there; `encode` asks for that and `present` alone.
    `layer3`, `layer4`: the family (4, 6) and protocol it brings along, for what nft refuses. `reason` says why `doubt` is in doubt.
    """

    name: str
    type: str
    present: PacketSet = EVERYTHING
    encode: Encode = lambda _: NOTHING
    doubt: PacketSet = NOTHING
    reason: str = ""
    points: tuple[int, ...] | None = None
    side: Side | None = None
    layer3: int | None = None
    layer4: int | None = None
    blur: Encode | None = None
    axis: tuple[Field, int] | None = None

    @property
    def bits(self) -> int:
        return BITS.get(self.type, 32)

    @property
    def simple(self) -> bool:
        """Whether its value is known of every packet that has it, and a word stands for an interval of values."""
        return (
            self.present is not NOTHING
            and self.doubt is NOTHING
            and self.points is None
            and self.side is None
            and self.type not in FLAG_TYPES
        )


@lru_cache(maxsize=4096)
def spec(name: str, setting: Setting) -> Spec:
    """The field of that name. Raises `Refused` if there is none."""
    if name.startswith("@"):
        return _raw(name)
    head, _, key = name.partition(" ")
    if head == "meta" or not key:
        return _meta(name, key or head, setting)
    if head == "ct":
        return _ct(name, key, setting)
    if head == "fib":
        return _fib(name, setting)
    if key.startswith(("option", "chunk")):
        number = _NUMBER_OF.get(head)
        return _unknown(name, "integer", V4 if number is None else protocol_set(number), f"`{name}` is not part of a flow", layer4=number)
    if head in _PAYLOAD:
        return _payload(name, head, key)
    if head == "ether":
        missing = setting.way is Way.OUTBOUND
        return _unknown(name, "ether_addr", NOTHING if missing else EVERYTHING, "the link layer is not part of a flow")
    present = NOTHING if head == "socket" and setting.way is not Way.OUTBOUND else EVERYTHING
    return _unknown(name, "integer", present, f"`{name}` is not modelled")


def known(name: str, setting: Setting) -> Spec | None:
    """The field of that name, None if there is none."""
    try:
        return spec(name, setting)
    except Refused:
        return None


def _unknown(name: str, type_: str, present: PacketSet, reason: str, layer3: int | None = None, layer4: int | None = None) -> Spec:
    return Spec(name, type_, present, doubt=present, reason=reason, layer3=layer3, layer4=layer4)


# -- headers

_PAYLOAD: dict[str, frozenset[str]] = {
    head: frozenset(keys.split())
    for head, keys in {
        "ip": "saddr daddr protocol version hdrlength dscp ecn length id frag-off ttl checksum",
        "ip6": "saddr daddr nexthdr version dscp ecn flowlabel length hoplimit",
        "tcp": "sport dport flags sequence ackseq doff reserved window checksum urgptr",
        "udp": "sport dport length checksum",
        "udplite": "sport dport csumcov checksum",
        "sctp": "sport dport vtag checksum",
        "dccp": "sport dport type",
        "th": "sport dport",
        "icmp": "type code checksum id sequence gateway mtu",
        "icmpv6": "type code checksum parameter-problem packet-too-big mtu id sequence max-delay taddr daddr",
        "ah": "nexthdr hdrlength reserved spi sequence",
        "esp": "spi sequence",
        "comp": "nexthdr flags cpi",
        "igmp": "type checksum group mrt",
    }.items()
}
_NUMBER_OF = {"tcp": 6, "udp": 17, "udplite": 136, "sctp": 132, "dccp": 33, "ah": 51, "esp": 50, "comp": 108, "igmp": 2}


def _payload(name: str, head: str, key: str) -> Spec:
    if key not in _PAYLOAD[head]:
        raise Refused(f"`{head}` has no field `{key}`; it has {', '.join(sorted(_PAYLOAD[head]))}")
    if head == "ip":
        return _ip(name, key)
    if head == "ip6":
        return _ip6(name, key)
    if head in ("icmp", "icmpv6"):
        return _icmp(name, head, key)
    if key in ("sport", "dport"):
        return _port(name, head, key)
    number = _NUMBER_OF[head]
    present = protocol_set(number)
    if name == "tcp flags":
        return Spec(name, "tcp_flag", present, lambda spans: box_set({Field.PROTOCOL: [(6, 6)], Field.TCP_FLAGS: spans}), layer4=6)
    return _unknown(name, "integer", present, f"`{name}` is not part of a flow", layer4=number)


def _ip(name: str, key: str) -> Spec:
    if key in ("saddr", "daddr"):
        field = Field.SOURCE if key == "saddr" else Field.DESTINATION
        return Spec(name, "ipv4_addr", field_set(field, [IPV4]), lambda spans: field_set(field, spans), layer3=4, axis=(field, 0))
    if key == "protocol":
        return Spec(name, "inet_proto", V4, lambda spans: field_set(Field.PROTOCOL, spans) & V4, layer3=4)
    if key == "version":
        return Spec(name, "byte", V4, _constant(4, V4), layer3=4)
    return _unknown(name, "dscp" if key == "dscp" else "integer", V4, f"`{name}` is not part of a flow", layer3=4)


def _ip6(name: str, key: str) -> Spec:
    if key in ("saddr", "daddr"):
        field = Field.SOURCE if key == "saddr" else Field.DESTINATION

        def encode(spans: Iterable[Interval]) -> PacketSet:
            return field_set(field, [(low + V6_BASE, high + V6_BASE) for low, high in spans])

        return Spec(name, "ipv6_addr", field_set(field, [IPV6]), encode, layer3=6, axis=(field, V6_BASE))
    if key == "nexthdr":
        return Spec(name, "inet_proto", V6, lambda spans: field_set(Field.PROTOCOL, spans) & V6, layer3=6)
    if key == "version":
        return Spec(name, "byte", V6, _constant(6, V6), layer3=6)
    if key == "hoplimit":  # the kernel takes neighbour discovery with 255 alone
        known = V6 & box_set({Field.PROTOCOL: [(58, 58)], Field.DESTINATION_PORT: [(133 << 8, (137 << 8) + 255)]})
        return Spec(name, "byte", V6, _constant(255, known), V6 - known, "the hop limit depends on the way", layer3=6)
    return _unknown(name, "dscp" if key == "dscp" else "integer", V6, f"`{name}` is not part of a flow", layer3=6)


def _constant(value: int, packets: PacketSet) -> Encode:
    """A field that has one value for these packets."""
    return lambda spans: packets if any(low <= value <= high for low, high in spans) else NOTHING


def _port(name: str, head: str, key: str) -> Spec:
    field = Field.SOURCE_PORT if key == "sport" else Field.DESTINATION_PORT
    if head == "th":
        others = ~_PORTS
        return Spec(
            name,
            "inet_service",
            EVERYTHING,
            lambda spans: field_set(field, spans) & _PORTS,
            others,
            "the protocol has no ports: these are other bytes",
        )
    number = _NUMBER_OF[head]
    present = protocol_set(number)
    return Spec(name, "inet_service", present, lambda spans: present & field_set(field, spans), layer4=number, axis=(field, 0))


def _icmp(name: str, head: str, key: str) -> Spec:
    number, family, layer3 = (1, V4, 4) if head == "icmp" else (58, V6, 6)
    present = protocol_set(number) & family
    if key not in ("type", "code"):
        return _unknown(name, "integer", present, f"`{name}` is not part of a flow", layer3, number)

    def types(spans: Iterable[Interval]) -> PacketSet:
        return present & field_set(Field.DESTINATION_PORT, [(low << 8, (high << 8) + 255) for low, high in spans])

    def codes(spans: Iterable[Interval]) -> PacketSet:
        every = [((kind << 8) + low, (kind << 8) + high) for kind in range(256) for low, high in spans]
        return present & field_set(Field.DESTINATION_PORT, every)

    return Spec(name, f"{head}_{key}", present, types if key == "type" else codes, layer3=layer3, layer4=number)


def _raw(name: str) -> Spec:
    """Raw payload that lies exactly on a port or an address is that; all else is not modelled."""
    known = {"@th,0,16": "th sport", "@th,16,16": "th dport"}.get(name)
    if known is not None:
        found = _port(name, "th", known[3:])
        return Spec(name, "integer", found.present, found.encode, found.doubt, found.reason)
    return _unknown(name, "payload", EVERYTHING, f"the raw payload `{name}` is not modelled")


# -- meta

_LOOSE_WORDS = (
    "length", "priority", "nftrace", "rtclassid", "cpu", "time", "day", "hour", "random", "secmark", "secpath", "ipsec", "broute",
    "ibrpvid", "ibrvproto",
)  # fmt: skip
_SOCKETS = frozenset(("skuid", "skgid", "cgroup"))
_INTERFACE_FACTS = {"iifgroup": True, "iiftype": True, "iifkind": True, "ibrname": True, "ibriport": True, "sdif": True, "sdifname": True,
                    "oifgroup": False, "oiftype": False, "oifkind": False, "obrname": False, "obriport": False}  # fmt: skip
_META_TYPES = {"mark": "mark", "hour": "time", "day": "day", "time": "time", "iiftype": "integer"}
_LOOSE = frozenset(_LOOSE_WORDS)


def _meta(name: str, key: str, setting: Setting) -> Spec:
    if key in ("iifname", "iif", "oifname", "oif"):
        side = Side.SOURCE if key.startswith("i") else Side.DESTINATION
        return Spec(name, "ifname", side=side)
    if key == "l4proto":
        return Spec(name, "inet_proto", EVERYTHING, lambda spans: field_set(Field.PROTOCOL, spans))
    if key == "nfproto":
        return Spec(name, "nf_proto", V4 | V6, _either_family(2, 10))
    if key == "protocol":
        return Spec(name, "ether_type", V4 | V6, _either_family(0x0800, 0x86DD))
    if key == "mark":
        return _mark(name, Field.MARK, setting.facts.marks, EVERYTHING, NOTHING, "another value than the rules set")
    if key == "pkttype":
        return _packet_type(name)
    if key in _SOCKETS:
        here = EVERYTHING if setting.way is Way.OUTBOUND else NOTHING
        return _unknown(name, "integer", here, "which local process sends is not part of a flow")
    if key in _INTERFACE_FACTS:
        late = key == "iiftype" and setting.hook == "postrouting"  # the kernel reads the device there that the packet leaves by
        here = EVERYTHING if late or (setting.entry if _INTERFACE_FACTS[key] else setting.exit) else NOTHING
        return _unknown(name, "integer", here, f"`{name}` is not in the files")
    if key in _LOOSE:
        return _unknown(name, _META_TYPES.get(key, "integer"), EVERYTHING, f"`{name}` is not part of a flow")
    raise Refused(f"there is no field `{name}`")


def _either_family(four: int, six: int) -> Encode:
    def encode(spans: Iterable[Interval]) -> PacketSet:
        spans = tuple(spans)
        return _constant(four, V4)(spans) | _constant(six, V6)(spans)

    return encode


def _mark(name: str, field: Field, marks: tuple[int, ...] | None, present: PacketSet, doubt: PacketSet, reason: str) -> Spec:
    """A mark is compared as a number; where it is computed with, only the values that occur are."""
    return Spec(name, "mark", present, lambda spans: field_set(field, spans) & present - doubt, doubt, reason, marks)


_MULTICAST = field_set(Field.DESTINATION, [(0xE0000000, 0xEFFFFFFF), (V6_BASE + (0xFF << 120), V6_BASE + (1 << 128) - 1)])
_BROADCAST = field_set(Field.DESTINATION, [(0xFFFFFFFF, 0xFFFFFFFF)])
_ANYCAST = field_set(Field.DESTINATION, [address_interval("fe80::")])  # what every router on the link has: to the kernel no local address
_UNICAST = ~(_MULTICAST | _BROADCAST)


def _packet_type(name: str) -> Spec:
    def encode(spans: Iterable[Interval]) -> PacketSet:
        spans = tuple(spans)
        return _constant(0, _UNICAST)(spans) | _constant(1, _BROADCAST)(spans) | _constant(2, _MULTICAST)(spans)

    return Spec(name, "pkt_type", EVERYTHING, encode)


def _fib(name: str, setting: Setting) -> Spec:
    words = name.split()
    _check_fib(name, words, setting.hook)
    type_ = "fib_addrtype" if words[-1] == "type" else "boolean" if words[-1] == "check" else "ifname_of_route"
    if words[-1] == "type" and words[1] == "daddr":
        local, known = _local(setting)

        def encode(spans: Iterable[Interval]) -> PacketSet:
            spans = tuple(spans)
            mine, theirs = _UNICAST & local, _UNICAST & known - local
            return (
                _constant(2, mine)(spans) | _constant(1, theirs)(spans) | _constant(3, _BROADCAST)(spans) | _constant(5, _MULTICAST)(spans)
            )

        return Spec(name, type_, EVERYTHING, encode, _UNICAST - known, "which addresses are the host's own is not in the files")
    return _unknown(name, type_, EVERYTHING, "the routing table is not in the files")


def _check_fib(name: str, words: list[str], hook: str) -> None:
    """Routes are asked for by an interface that there is."""
    wrong: tuple[str, ...] = ("output", "postrouting") if "iif" in words[1:-1] else ()
    if "oif" in words[1:-1]:
        wrong += ("prerouting", "input")
    if hook in wrong:
        raise Refused(f"`{name}` is not possible in {hook}: the packet has no such interface there")


def translated(bits: int) -> PacketSet:
    """Packets with one of these bits of TRANSLATED."""
    return field_set(Field.TRANSLATED, [(value, value) for value in range(16) if value & bits])


def _local(setting: Setting) -> tuple[PacketSet, PacketSet]:
    """Packets to the host itself, and those of which it is known whether they are."""
    if setting.facts.local is not None:
        return field_set(Field.DESTINATION, setting.facts.local) - _ANYCAST, ~_ANYCAST
    if setting.hook == "input":
        return ~_ANYCAST, ~_ANYCAST
    if setting.way is Way.INBOUND:
        untranslated = ~translated(1)
        return untranslated, untranslated
    return NOTHING, EVERYTHING if setting.hook == "forward" else NOTHING


# -- connection tracking

_NEW = field_set(Field.STATE, [(State.NEW, State.NEW)])
_KNOWN_FLOW = field_set(Field.STATE, [(State.ESTABLISHED, State.RELATED)])


def _first_invalid() -> PacketSet:
    """First packets that conntrack finds invalid."""
    flags = [bits for bits in range(256) if not _opens(bits)]
    tcp = box_set({Field.PROTOCOL: [(6, 6)], Field.TCP_FLAGS: [(bits, bits) for bits in flags]})
    fine = box_set({Field.DESTINATION_PORT: [(kind << 8, (kind << 8) + 255) for kind in (8, 13, 15, 17)]})
    fine6 = box_set({Field.DESTINATION_PORT: [(kind << 8, (kind << 8) + 255) for kind in (128, 139)]})
    icmp = protocol_set(1) & V4 - fine
    return tcp | icmp | (protocol_set(58) & V6 - fine6 - _first_untracked())


def _opens(bits: int) -> bool:
    """Whether a TCP packet with these flags begins a flow: SYN or, in mid-stream, ACK, with URG or without; PSH does not count."""
    return bits & 0x37 in (0x02, 0x22, 0x10, 0x30)


def _first_untracked() -> PacketSet:
    kinds = (130, 131, 132, 133, 134, 135, 136, 143, 151, 152)
    spans = [(kind << 8, (kind << 8) + 255) for kind in kinds]
    return V6 & box_set({Field.PROTOCOL: [(58, 58)], Field.DESTINATION_PORT: spans})


_INVALID_FIRST, _UNTRACKED_FIRST = _first_invalid(), _first_untracked()


def _state(state: State) -> PacketSet:
    return field_set(Field.STATE, [(state, state)])


TRUE_STATES: dict[int, PacketSet] = {
    8: _NEW - _INVALID_FIRST - _UNTRACKED_FIRST,
    2: _state(State.ESTABLISHED),
    4: _state(State.RELATED),
    1: _state(State.INVALID) | _NEW & _INVALID_FIRST,
    64: _state(State.UNTRACKED) | _NEW & _UNTRACKED_FIRST,
}
"""What connection tracking makes of a packet; a question's first packets all start as new. By nft's bits."""

_UNSEEN: dict[int, PacketSet] = {1: ~_state(State.UNTRACKED), 64: _state(State.UNTRACKED)}
"""The same before connection tracking."""

HAS_ENTRY = TRUE_STATES[8] | TRUE_STATES[2] | TRUE_STATES[4]
OPENS_FLOW = TRUE_STATES[8]


def states(setting: Setting) -> dict[int, PacketSet]:
    """The conntrack states as a rule reads them."""
    return _UNSEEN if setting.early else TRUE_STATES


def _ct(name: str, key: str, setting: Setting) -> Spec:
    if key == "state":
        by_bit = states(setting)

        def encode(spans: Iterable[Interval]) -> PacketSet:
            spans = tuple(spans)
            found = NOTHING
            for bit, packets in by_bit.items():
                found |= _constant(bit, packets)(spans)
            return found

        return Spec(name, "ct_state", EVERYTHING, encode, points=(1, 2, 4, 8, 64))
    present = NOTHING if setting.early else HAS_ENTRY
    words = key.split()
    if words[0] in ("original", "reply"):
        return _tuple(name, words, present, setting.family == "ip6")
    return _ct_entry(name, key, present, setting)


def _ct_entry(name: str, key: str, present: PacketSet, setting: Setting) -> Spec:
    later = _KNOWN_FLOW & present
    if key == "mark":
        doubt = NOTHING if setting.facts.ct_marks == (0,) else later
        return _mark(name, Field.CT_MARK, setting.facts.ct_marks, present, doubt, "the flow's mark was set by its first packet")
    if key == "direction":
        related = TRUE_STATES[4] & present

        def encode(spans: Iterable[Interval]) -> PacketSet:
            spans = tuple(spans)
            return present & (_constant(0, TRUE_STATES[8])(spans) | _constant(1, TRUE_STATES[2])(spans))

        return Spec(name, "ct_dir", present, encode, related, "a related packet may go either way")
    if key == "status":
        return _status(name, present, later, setting.facts.translates)
    if key == "zone":
        return Spec(name, "integer", present, _constant(0, present))
    if key == "protocol":
        return Spec(name, "inet_proto", present, lambda spans: field_set(Field.PROTOCOL, spans) & present)
    if key == "l3proto":
        return Spec(name, "nf_proto", present, lambda spans: _either_family(2, 10)(spans) & present)
    if key in ("bytes", "packets", "avgpkt", "expiration", "id", "label", "helper", "event", "secmark", "timeout", "expectation"):
        return _unknown(name, "integer", present, f"`{name}` is not part of a flow")
    raise Refused(f"there is no field `{name}`")


_LOOKED_UP = (0, 128, 256, 384)
"""Bits that the kernel sets once it has asked the nat chains, whatever they said. They have no names, and are there in comparisons."""


def _status(name: str, present: PacketSet, later: PacketSet, translates: bool) -> Spec:
    """Of a new flow: what was translated, and, where there are nat chains, whether they were asked, which is not told apart here."""
    new, unnamed = TRUE_STATES[8] & present, _LOOKED_UP if translates else (0,)

    def of(spans: Iterable[Interval], every: bool) -> PacketSet:
        spans = tuple(spans)
        found = NOTHING
        for done in range(4):
            value = (32 if done & 1 else 0) | (16 if done & 2 else 0)
            hits = [any(low <= value | bits <= high for low, high in spans) for bits in unnamed]
            if all(hits) if every else any(hits):
                found |= new & field_set(Field.TRANSLATED, [(each, each) for each in range(16) if each & 3 == done])
        return found

    points = tuple(value | bits for value in (0, 16, 32, 48) for bits in unnamed)
    return Spec(
        name,
        "ct_status",
        present,
        lambda spans: of(spans, every=True),
        later,
        "the status of a flow",
        points,
        blur=lambda spans: of(spans, every=False),
    )


_TUPLE_TYPES = {"saddr": "address", "daddr": "address", "proto-src": "inet_service", "proto-dst": "inet_service",
                "protocol": "inet_proto", "l3proto": "nf_proto"}  # fmt: skip


def _tuple(name: str, words: list[str], present: PacketSet, six: bool) -> Spec:
    """The flow's addresses and ports before translation, for the packets that were not translated; replies have them the other way."""
    key = words[-1]
    if key not in _TUPLE_TYPES:
        return _unknown(name, "integer", present, f"`{name}` is not part of a flow")
    plain = present - translated(3)
    forward, backward = TRUE_STATES[8] & plain, TRUE_STATES[2] & plain
    if words[0] == "reply":
        forward, backward = backward, forward
    if key in ("protocol", "l3proto"):
        inner = _ct_entry(name, key, present, Setting("inet", Way.INBOUND, "input", False, _NO_FACTS))
        return Spec(name, inner.type, present, inner.encode)
    first, second = (Field.SOURCE, Field.DESTINATION) if key in ("saddr", "daddr") else (Field.SOURCE_PORT, Field.DESTINATION_PORT)
    if key in ("daddr", "proto-dst"):
        first, second = second, first
    shift, type_ = _tuple_values(words, six)

    def encode(spans: Iterable[Interval]) -> PacketSet:
        moved = [(low + shift, high + shift) for low, high in spans]
        return field_set(first, moved) & forward | field_set(second, moved) & backward

    family = EVERYTHING if type_ == "inet_service" else V6 if shift else V4
    reason, layer3 = "the addresses before translation", None if type_ == "inet_service" else 6 if shift else 4
    doubt = (present & family) - forward - backward
    return Spec(name, type_, present & family, lambda spans: encode(spans) & family, doubt, reason, layer3=layer3)


def _tuple_values(words: list[str], six: bool) -> tuple[int, str]:
    if words[-1].startswith("proto"):
        return 0, "inet_service"
    return (V6_BASE, "ipv6_addr") if six or "ip6" in words else (0, "ipv4_addr")


from auditor.formats.nftables.setting import Facts  # noqa: E402

_NO_FACTS = Facts()
