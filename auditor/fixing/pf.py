"""A missing permit of pfSense, or of OPNsense's older store: a rule element at the head of the list, where first match wins.

OPNsense's newer store, whose rules have identifiers and sequence numbers of their own, is not written.
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from auditor.files import read_text
from auditor.fixing.wanted import WORLD, Texts, Wanted, inserted, without
from auditor.model.source import Span

MOST = 16
NETWORKS = 5  # more than these are told by the interface they are behind


def write(wanted: Wanted) -> Texts:
    """The file with the rules in it; nothing where an end has no address to write, or there is no list to put them into."""
    path = wanted.filter_span.path
    text = read_text(wanted.tree, path).text
    lines = text.split("\n")
    start = next((number for number, line in enumerate(lines, 1) if re.fullmatch(r"\s*<filter>\s*", line)), None)
    newer = re.search(r"<OPNsense>.*<Filter\b[^>]*>\s*<rules>\s*<rule", text, re.DOTALL)
    dialect, _, interface = wanted.zone.partition(":")
    ends = [
        (source, destination)
        for source in _written(wanted.sources, wanted.source_zones, dialect)
        for destination in _written(wanted.destinations, wanted.destination_zones, dialect)
    ]
    if start is None or newer or not interface or not 0 < len(ends) <= MOST or wanted.service.protocol == "any" or not wanted.inbound:
        return {}
    indent = re.match(r"\s*", lines[start - 1])
    step = "\t" if "\t" in lines[start - 1] else "  "
    margin = (indent.group() if indent else "") + step
    made = [margin + line for source, destination in ends for line in _rule(wanted, interface, source, destination, step)]
    return {path: inserted(text, start + 1, "\n".join(made))}


def remove(text: str, span: Span) -> str | None:
    """`text` without the rule element at the place, where it has lines of its own."""
    lines = text.split("\n")
    first = next((at for at in range(span.line, 0, -1) if re.match(r"\s*<rule\b", lines[at - 1])), None)
    last = next((at for at in range(span.line, len(lines) + 1) if re.search(r"</rule>\s*$", lines[at - 1])), None)
    if first is None or last is None or any("</rule>" in lines[at - 1] for at in range(first, last)):
        return None
    return without(text, first, last)


def _written(networks: tuple[str, ...], zones: frozenset[str], dialect: str) -> list[str]:
    """The elements for one end: the world, a network of an interface, or addresses."""
    if WORLD in networks:
        return ["<any/>"]
    own = sorted(zone.partition(":")[2] for zone in zones if zone.startswith(f"{dialect}:") and not zone.endswith(":self"))
    if not 0 < len(networks) <= NETWORKS and len(own) == 1:
        return [f"<network>{escape(own[0])}</network>"]
    return [f"<address>{escape(network)}</address>" for network in networks]


def _rule(wanted: Wanted, interface: str, source: str, destination: str, step: str) -> list[str]:
    service = wanted.service
    ports = [f"{low}" if low == high else f"{low}-{high}" for low, high in service.ports][:1]
    inner = [
        "<type>pass</type>",
        f"<interface>{escape(interface)}</interface>",
        f"<ipprotocol>{'inet6' if ':' in source + destination else 'inet'}</ipprotocol>",
        f"<protocol>{'ipv6-icmp' if service.protocol == 'icmpv6' else service.protocol}</protocol>",
        *(["<icmptype>echoreq</icmptype>"] if service.protocol == "icmp" and service.icmp_type == 8 else []),
        *("<source>", step + source, "</source>"),
        *("<destination>", step + destination, *(f"{step}<port>{port}</port>" for port in ports), "</destination>"),
        f"<descr>{escape(wanted.title)}</descr>",
    ]
    return ["<rule>", *(step + line for line in inner), "</rule>"]
