"""The rule that was meant: one that permits a packet but for a single thing, as a mistyped port or another interface.

It is shown beside what stopped the packet, and decides nothing. Only rules about the very service count, or about a port that is one slip
of the finger away: a rule for another service that happens to stand there was meant for that.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.model.filters import Call, Fact, Predicate, Rule, Verdict
from auditor.model.findings import Location
from auditor.model.graph import Crossing
from auditor.model.headers import PORT_PROTOCOLS, Protocol, addresses_text, protocol_text
from auditor.model.packets import Field, Packet, PacketSet, field_set

MOST_RULES = 2000
MOST_SHOWN = 2
_NARROW = 1024
_TWINS = {Protocol.TCP: Protocol.UDP, Protocol.UDP: Protocol.TCP}


def near_misses(crossing: Crossing, packet: Packet, meant: frozenset[int] = frozenset()) -> tuple[Location, ...]:
    """The places of the rules that nearly permit a packet with ports, each with what keeps it from doing so.

    A rule for one of the ports in `meant` is no mistyped one: other requirements ask for it.
    """
    if packet.get(Field.PROTOCOL) not in PORT_PROTOCOLS:
        return ()
    slips = tuple(each for each in _slips(packet[Field.DESTINATION_PORT]) if each not in meant)
    near = field_set(Field.DESTINATION_PORT, [(each, each) for each in (*slips, packet[Field.DESTINATION_PORT])])
    found = [(why, rule) for rule in _permits(crossing) if (why := _miss(rule, crossing, packet, slips, near))]
    slips_first = sorted(found, key=lambda miss: ", not " not in miss[0])
    places = dict.fromkeys(Location(rule.span, f"nearly permits it, but {why}", rule.name) for why, rule in slips_first)
    return tuple(places)[:MOST_SHOWN]


def _permits(crossing: Crossing) -> Iterator[Rule]:
    """The rules of the filter's own and of the chains it calls that permit, as they are written."""
    pending, chains, seen = [iter(crossing.filter.rules)], set[int](), 0
    while pending:
        for rule in pending.pop():
            seen += 1
            if seen > MOST_RULES:
                return
            if isinstance(rule.action, Call) and id(rule.action.chain) not in chains:
                chains.add(id(rule.action.chain))
                pending.append(iter(rule.action.chain.rules))
            elif rule.action is Verdict.PERMIT and not rule.synthetic:
                yield rule


def _miss(rule: Rule, crossing: Crossing, packet: Packet, slips: tuple[int, ...], near: PacketSet) -> str:
    """What one thing keeps the rule from permitting the packet; nothing said if it does permit it, or if it is about something else."""
    if not rule.condition.settle(_unknown).maybe.meets(near):
        return ""  # about other ports, whoever sends
    matched = rule.condition.settle(crossing.settle).maybe
    if packet in matched:
        return "" if _broad(matched, packet) else "it is not reached: a rule before it decides"
    port, protocol = packet[Field.DESTINATION_PORT], packet[Field.PROTOCOL]
    for slip in slips if matched and packet not in matched.without(Field.SOURCE) else ():
        if _fixed(packet, DESTINATION_PORT=slip) in matched and not _broad(matched, packet):
            return f"its port is {slip}, not {port}"
    twin = _TWINS.get(Protocol(protocol)) if protocol in _TWINS else None
    if twin is not None and _fixed(packet, PROTOCOL=twin) in matched and not _broad(matched, _fixed(packet, PROTOCOL=twin)):
        return f"it is for {protocol_text(twin)}, not {protocol_text(protocol)}"
    for field, word in ((Field.SOURCE, "from"), (Field.DESTINATION, "to")):
        if packet in matched.without(field) and not _broad(matched.without(field), packet):
            others = _only(matched, packet, field).values(field)
            return f"only {word} {addresses_text(others, 3)}"
    return _other_party(rule, crossing, packet)


def _unknown(_: Predicate) -> bool | None:
    return None


def _other_party(rule: Rule, crossing: Crossing, packet: Packet) -> str:
    """Where the rule is for other interfaces, groups or names, and for this packet otherwise."""
    for fact, what in ((Fact.INTERFACE, "interfaces"), (Fact.MEMBER, "groups"), (Fact.NAMED, "names")):

        def granted(predicate: Predicate, fact: Fact = fact) -> bool | None:
            return True if predicate.fact is fact else crossing.settle(predicate)

        matched = rule.condition.settle(granted).maybe
        if packet in matched and not _broad(matched, packet):
            return f"it is for other {what}"
    return ""


def _broad(matched: PacketSet, packet: Packet) -> bool:
    """Whether a rule that matches the packet is about so many services that nobody meant this one."""
    asked = _only(matched, packet, Field.DESTINATION_PORT).values(Field.DESTINATION_PORT)
    return sum(high - low + 1 for low, high in asked) > _NARROW


def _only(matched: PacketSet, packet: Packet, free: Field) -> PacketSet:
    """The matched packets that differ from `packet` in one field at most."""
    for field, value in packet.items():
        if field is not free:
            matched = matched & field_set(field, [(value, value)])
    return matched


def _fixed(packet: Packet, **values: int) -> Packet:
    return {**packet, **{Field[name]: value for name, value in values.items()}}


def _slips(port: int) -> tuple[int, ...]:
    """The ports that `port` becomes by one wrong, missing or doubled digit, or by two digits exchanged."""
    text = str(port)
    swapped = (text[:at] + text[at + 1] + text[at] + text[at + 2 :] for at in range(len(text) - 1))
    dropped = (text[:at] + text[at + 1 :] for at in range(len(text)))
    doubled = (text[: at + 1] + text[at:] for at in range(len(text)))
    wrong = (text[:at] + digit + text[at + 1 :] for at in range(len(text)) for digit in "0123456789")
    spelt = {each for each in (*swapped, *dropped, *doubled, *wrong) if each and not each.startswith("0")}
    return tuple(sorted(int(each) for each in spelt if each != text and int(each) <= 65535))
