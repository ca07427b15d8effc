"""Small configurations, and what a list in them decides about a packet."""

from __future__ import annotations

from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.switch import FORMAT
from auditor.model.filters import Filter, Verdict
from auditor.model.graph import Graph
from auditor.model.headers import TcpFlag, address_interval
from auditor.model.packets import Field, State

PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "icmpv6": 58, "gre": 47}
Packet = dict[Field, int]


def graph(text: str, name: str = "switch.cfg") -> Graph:
    return FORMAT.load(MemoryTree({name: text}), [name], Options())


def traps(text: str) -> list[str]:
    return [note.trap for note in graph(text).notes]


def listed(text: str) -> Filter:
    """The one list of a configuration."""
    (only,) = graph(text).filters
    return only


def extended(*lines: str) -> Filter:
    return listed("ip access-list extended L\n" + "".join(f" {line}\n" for line in lines))


def six(*lines: str) -> Filter:
    return listed("ipv6 access-list L\n" + "".join(f" {line}\n" for line in lines))


def packet(text: str, flags: int = TcpFlag.SYN, state: State = State.NEW) -> Packet:
    """`tcp 10.0.0.1:1024 > 10.0.0.2:80`; of ICMP the type is the destination's port."""
    protocol, source, _, destination = text.split()
    made = {Field.PROTOCOL: PROTOCOLS[protocol], Field.STATE: int(state), Field.TCP_FLAGS: int(flags)}
    for address, port, end in ((Field.SOURCE, Field.SOURCE_PORT, source), (Field.DESTINATION, Field.DESTINATION_PORT, destination)):
        host, _, number = end[1:].partition("]") if end.startswith("[") else end.partition(":")
        made[address] = address_interval(host)[0]
        if number:
            made[port] = int(number.lstrip(":")) * (256 if protocol.startswith("icmp") else 1)
    return made


def permits(filter_: Filter, text: str, flags: int = TcpFlag.SYN, state: State = State.NEW) -> bool | None:
    """Whether the list permits the packet; None where it is not decided."""
    header = packet(text, flags, state)
    outcomes = [filter_.first_match(header, lambda _: None, wanted) is not None for wanted in (Verdict.PERMIT, Verdict.DENY)]
    return None if all(outcomes) else outcomes[0]
