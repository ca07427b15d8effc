"""Small configurations for the tests: an uplink, a LAN and a VLAN, and the rules at hand."""

from __future__ import annotations

from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.pfsense import FORMAT
from auditor.model.filters import Decision, Predicate
from auditor.model.graph import Endpoint, Graph, Hook, Place
from auditor.model.headers import EPHEMERAL_PORT, TcpFlag, address_interval
from auditor.model.packets import Field, State

INTERFACES = """
    <wan><enable/><if>igb0</if><descr>WAN</descr><ipaddr>198.51.100.2</ipaddr><subnet>29</subnet><gateway>GW</gateway></wan>
    <lan><enable/><if>igb1</if><descr>LAN</descr><ipaddr>10.20.0.1</ipaddr><subnet>24</subnet></lan>
    <opt1><enable/><if>igb2</if><descr>K8S</descr><ipaddr>10.30.0.1</ipaddr><subnet>24</subnet></opt1>
"""
SYSTEM = "<hostname>gate</hostname><ipv6allow/><disablenatreflection>yes</disablenatreflection>"


def config(
    rules: str = "",
    *,
    aliases: str = "",
    nat: str = "",
    more: str = "",
    interfaces: str = INTERFACES,
    system: str = SYSTEM,
    version: str = "23.3",
) -> str:
    """A whole configuration."""
    return f"""<?xml version="1.0"?>
<pfsense><version>{version}</version><system>{system}</system><interfaces>{interfaces}</interfaces>
<gateways><gateway_item><name>GW</name><interface>wan</interface><gateway>198.51.100.1</gateway></gateway_item></gateways>
<aliases>{aliases}</aliases><filter>{rules}</filter><nat>{nat}</nat>{more}</pfsense>"""


def rule(inner: str = "", *, tab: str = "lan", type_: str = "pass", source: str = "<any/>", destination: str = "<any/>") -> str:
    """A filter rule on a tab."""
    where = f"<interface>{tab}</interface><source>{source}</source><destination>{destination}</destination>"
    return f"<rule><type>{type_}</type>{where}<tracker>17</tracker>{inner}</rule>"


def alias(name: str, type_: str, address: str) -> str:
    """An alias."""
    return f"<alias><name>{name}</name><type>{type_}</type><address>{address}</address></alias>"


def load(text: str | bytes, path: str = "config.xml") -> Graph:
    """The graph of one file."""
    return FORMAT.load(MemoryTree({path: text}), [path], Options())


def traps(graph: Graph) -> set[str]:
    """What was remarked."""
    return {note.trap for note in graph.notes}


def hook(graph: Graph, name: str, place: Place = Place.ENTRY) -> Hook:
    """The filter of an interface."""
    return next(each for each in graph.hooks if each.place is place and each.zone == f"pfsense:{name}")


def packet(source: str, destination: str, port: int = 443, protocol: int = 6) -> dict[Field, int]:
    """The first packet of a flow."""
    return {
        Field.PROTOCOL: protocol,
        Field.SOURCE: address_interval(source)[0],
        Field.DESTINATION: address_interval(destination)[0],
        Field.SOURCE_PORT: EPHEMERAL_PORT,
        Field.DESTINATION_PORT: port,
        Field.STATE: State.NEW,
        Field.TCP_FLAGS: TcpFlag.SYN if protocol == 6 else 0,
    }


def decision(graph: Graph, name: str, first: dict[Field, int], place: Place = Place.ENTRY) -> Decision:
    """How an interface decides a packet; what is undecided does not match."""
    found = hook(graph, name, place).filter.first_match(first, lambda _: None)
    assert found is not None
    return found


def possible(graph: Graph, name: str, first: dict[Field, int], place: Place = Place.ENTRY) -> set[str]:
    """Every verdict that the undecided conditions leave possible for a packet."""
    from auditor.model.filters import Verdict

    def ask(_: Predicate) -> None:
        return None

    filter_ = hook(graph, name, place).filter
    return {str(wanted) for wanted in (Verdict.PERMIT, Verdict.DENY) if filter_.first_match(first, ask, wanted) is not None}


def host(address: str) -> Endpoint:
    """A machine with one address."""
    return Endpoint(address, addresses=(address_interval(address),), exact=True)
