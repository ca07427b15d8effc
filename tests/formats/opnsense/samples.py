"""Small configuration files for the tests: a firewall with WAN, LAN and a VLAN, and what a test puts into it."""

from __future__ import annotations

from auditor.files import MemoryTree
from auditor.formats.opnsense.convert import convert
from auditor.formats.opnsense.load import load
from auditor.formats.opnsense.render import written
from auditor.formats.opnsense.ruleset import Ruleset, read_ruleset
from auditor.formats.pf.ruleset import Direction, filter_of
from auditor.formats.xmlspan import parse
from auditor.model.filters import Decision, Verdict
from auditor.model.graph import Graph
from auditor.model.headers import address_interval
from auditor.model.packets import Field
from auditor.model.source import Note

PROTOCOLS = {"tcp": 6, "udp": 17, "icmp": 1, "ipv6-icmp": 58}

WAN = "<wan><enable>1</enable><if>igb0</if><ipaddr>198.51.100.2</ipaddr><subnet>29</subnet><gateway>WANGW</gateway></wan>"
LAN = "<lan><enable>1</enable><if>igb1</if><descr>LAN</descr><ipaddr>10.20.0.1</ipaddr><subnet>24</subnet></lan>"
VLAN = "<opt1><enable>1</enable><if>vlan0.30</if><descr>K8S</descr><ipaddr>10.30.0.1</ipaddr><subnet>24</subnet></opt1>"
GATEWAY = (
    "<gateways><gateway_item><name>WANGW</name><interface>wan</interface><gateway>198.51.100.1</gateway>"
    "<ipprotocol>inet</ipprotocol></gateway_item></gateways>"
)


def config(
    legacy: str = "",
    mvc: str = "",
    aliases: str = "",
    *,
    interfaces: str = WAN + LAN + VLAN,
    nat: str = "",
    system: str = "<webgui><protocol>https</protocol></webgui><disablenatreflection>yes</disablenatreflection>",
    more: str = "",
) -> str:
    """A whole file. `legacy` and `mvc` are rules, `aliases` entries of the new store, `more` further top-level elements."""
    return (
        f"<opnsense>\n<system>{system}</system>\n<interfaces>{interfaces}</interfaces>\n{GATEWAY}\n{more}\n<nat>{nat}</nat>\n"
        f"<filter>{legacy}</filter>\n<OPNsense><Firewall><Alias><aliases>{aliases}</aliases></Alias>"
        f"<Filter><rules>{mvc}</rules></Filter></Firewall></OPNsense>\n</opnsense>"
    )


def rules_of(text: str) -> Ruleset:
    """The ruleset of a file."""
    return read_ruleset(parse("config.xml", text.encode()))


def lines_of(text: str) -> list[str]:
    """The pf lines of the file's own rules, in order."""
    rules = rules_of(text)
    return [written(line, rules.interfaces) for line in rules.lines if line.active and not line.record.synthetic]


def dropped_of(text: str) -> list[str]:
    """Why lines of the file's own rules are left out."""
    return [line.dropped for line in rules_of(text).lines if line.dropped and not line.record.synthetic]


def graph_of(text: str) -> Graph:
    """The graph of a file."""
    return load(MemoryTree({"config.xml": text}), ["config.xml"])


def notes_of(text: str) -> tuple[Note, ...]:
    """Every note on a file."""
    return graph_of(text).notes


def traps_of(text: str) -> set[str]:
    """The traps of the notes on a file."""
    return {note.trap for note in notes_of(text)}


def decide(
    text: str, interface: str, source: str, destination: str, port: int = 443, *, protocol: str = "tcp", direction: str = "in"
) -> Decision:
    """What becomes of the first packet of a flow at one interface; what is open does not match."""
    rules = rules_of(text)
    filter_ = filter_of(convert(rules).pf, interface, Direction(direction), "", rules.root.head)
    decision = filter_.first_match(_packet(source, destination, port, protocol), lambda _: None)
    assert decision is not None
    return decision


def _packet(source: str, destination: str, port: int, protocol: str) -> dict[Field, int]:
    return {
        Field.PROTOCOL: PROTOCOLS[protocol],
        Field.SOURCE: address_interval(source)[0],
        Field.DESTINATION: address_interval(destination)[0],
        Field.SOURCE_PORT: 40000,
        Field.DESTINATION_PORT: port,
        Field.TCP_FLAGS: 2 if protocol == "tcp" else 0,
    }


def passes(
    text: str, interface: str, source: str, destination: str, port: int = 443, *, protocol: str = "tcp", direction: str = "in"
) -> bool:
    """Whether the packet surely passes there."""
    return not decide(text, interface, source, destination, port, protocol=protocol, direction=direction).verdict.denies


def possible(text: str, interface: str, source: str, destination: str, port: int = 443) -> set[str]:
    """Every verdict that what is open leaves possible for the first packet of a flow coming in at one interface."""
    rules = rules_of(text)
    filter_ = filter_of(convert(rules).pf, interface, Direction.IN, "", rules.root.head)
    packet = _packet(source, destination, port, "tcp")
    return {str(wanted) for wanted in (Verdict.PERMIT, Verdict.DENY) if filter_.first_match(packet, lambda _: None, wanted) is not None}


def mvc(**fields: str) -> str:
    """A rule of the new store."""
    return (
        "<rule>" + "".join(f"<{name.replace('__', '-')}>{value}</{name.replace('__', '-')}>" for name, value in fields.items()) + "</rule>"
    )


def host_alias(name: str, *entries: str, kind: str = "host", enabled: str = "<enabled>1</enabled>") -> str:
    """An alias of the new store."""
    return f"<alias>{enabled}<name>{name}</name><type>{kind}</type><content>{chr(10).join(entries)}</content></alias>"
