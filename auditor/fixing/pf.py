"""A missing rule of pfSense, or of OPNsense's older store: a rule element before the one that decides, or at the end of the list."""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from auditor.files import read_text
from auditor.fixing.wanted import WORLD, Texts, Unwritten, Wanted, inserted, ports_text, without
from auditor.model.graph import dialect_of
from auditor.model.source import Span

MOST = 16
NETWORKS = 5  # more than these are told by the interface they are behind


def write(wanted: Wanted) -> Texts:
    """The file with the rules in it. Raises `Unwritten` where an end has no address to write, or there is no list to put them into."""
    path = wanted.filter_span.path
    text = read_text(wanted.tree, path).text
    lines = text.split("\n")
    interface = interface_of(wanted)
    start = next((number for number, line in enumerate(lines, 1) if re.fullmatch(r"\s*<filter>\s*", line)), None)
    if start is None:
        raise Unwritten(f"{path} has no <filter> with a line of its own to put a rule below")
    dialect = dialect_of(wanted.zone)
    pairs = [
        (six, source, destination)
        for six in families(wanted)
        for source in _written(wanted.sources, wanted.source_zones, dialect, six)
        for destination in _written(wanted.destinations, wanted.destination_zones, dialect, six)
    ]
    if not 0 < len(pairs) <= MOST:
        raise Unwritten("the addresses of one end are not known" if not pairs else "it would take too many rules")
    indent = re.match(r"\s*", lines[start - 1])
    step = "\t" if "\t" in lines[start - 1] else "  "
    margin = (indent.group() if indent else "") + step
    rules = ["\n".join(margin + line for line in _rule(wanted, interface, *pair, step)) for pair in pairs]
    made = [rule for rule in dict.fromkeys(rules) if rule not in text.replace("\r\n", "\n")]
    return {path: inserted(text, _place(wanted, lines, start), "\n".join(made)) if made else text}


def _place(wanted: Wanted, lines: list[str], start: int) -> int:
    """The line of the rule that decides, where it begins one; else the one behind the list's last."""
    if wanted.before is not None:
        first = next((at for at in range(wanted.before.line, start, -1) if "<rule" in lines[at - 1]), None)
        if first is not None and re.match(r"\s*<rule\b[^>]*>", lines[first - 1]):
            return first
    end = next((at for at in range(start, len(lines) + 1) if "</filter>" in lines[at - 1]), start + 1)
    last = next((at for at in range(end - 1, start, -1) if lines[at - 1].rstrip().endswith("</rule>")), None)
    return start + 1 if last is None else last + 1


def interface_of(wanted: Wanted) -> str:
    """The interface a rule is for. Raises `Unwritten` where there is none: what leaves by an interface is not written."""
    interface = wanted.zone.partition(":")[2]
    if not wanted.inbound or not interface or ":" in interface or "/" in interface:
        raise Unwritten("rules are written for what comes in by an interface, and it is not known which")
    return interface


def families(wanted: Wanted) -> tuple[bool, ...]:
    """The families to write rules for: whether each is IPv6. Of anybody to anybody, the one that is asked about first."""
    if wanted.service.protocol == "icmpv6":
        return (True,)
    found = tuple(six for six in (False, True) if wanted.ends(six) is not None and not (six and _exactly_icmp(wanted)))
    named = [network for each in wanted.both for network in each if network != WORLD]
    return found if named else found[:1]


def _exactly_icmp(wanted: Wanted) -> bool:
    return wanted.deny and wanted.service.protocol == "icmp"


def remove(text: str, span: Span) -> str | None:
    """`text` without the rule element at the place, where it has lines of its own."""
    lines = text.split("\n")
    first = next((at for at in range(span.line, 0, -1) if re.match(r"\s*<rule\b", lines[at - 1])), None)
    last = next((at for at in range(span.line, len(lines) + 1) if re.search(r"</rule>\s*$", lines[at - 1])), None)
    if first is None or last is None or any("</rule>" in lines[at - 1] for at in range(first, last)):
        return None
    return without(text, first, last)


def _written(networks: tuple[str, ...], zones: frozenset[str], dialect: str, six: bool) -> list[str]:
    """The elements for one end in a family: the world, a network of an interface, or addresses."""
    if WORLD in networks:
        return ["<any/>"]
    own = sorted(zone.partition(":")[2] for zone in zones if zone.startswith(f"{dialect}:") and not zone.endswith(":self"))
    if not 0 < len(networks) <= NETWORKS and len(own) == 1:
        return [f"<network>{escape(own[0])}</network>"]
    return [f"<address>{escape(network)}</address>" for network in networks if (":" in network) is six]


def protocol_of(wanted: Wanted, six: bool) -> str:
    """The protocol as pf's stores name it."""
    return {"icmpv6": "ipv6-icmp", "icmp": "ipv6-icmp" if six else "icmp"}.get(wanted.service.protocol, wanted.service.protocol)


def _rule(wanted: Wanted, interface: str, six: bool, source: str, destination: str, step: str) -> list[str]:
    """One rule; of several ranges of ports the first: each service asks for one."""
    service = wanted.service
    ports, origin = ports_text(service.ports)[:1], ports_text(service.source_ports)[:1]
    echo = service.protocol.startswith("icmp") and service.icmp_type in (8, 128)
    inner = [
        f"<type>{'block' if wanted.deny else 'pass'}</type>",
        f"<interface>{escape(interface)}</interface>",
        f"<ipprotocol>{'inet6' if six else 'inet'}</ipprotocol>",
        *([f"<protocol>{protocol_of(wanted, six)}</protocol>"] if service.protocol != "any" else []),
        *(["<icmptype>echoreq</icmptype>"] if echo and not six else []),
        *("<source>", step + source, *(f"{step}<port>{port}</port>" for port in origin), "</source>"),
        *("<destination>", step + destination, *(f"{step}<port>{port}</port>" for port in ports), "</destination>"),
        f"<descr>{escape(wanted.title)}</descr>",
    ]
    return ["<rule>", *(step + line for line in inner), "</rule>"]
