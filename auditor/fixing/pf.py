"""A missing permit of pfSense, or of OPNsense's older store: a rule element at the head of the list, where first match wins.

OPNsense's newer store, whose rules have identifiers and sequence numbers of their own, is not written.
"""

from __future__ import annotations

import re
from xml.sax.saxutils import escape

from auditor.files import read_text
from auditor.fixing.wanted import Texts, Wanted, inserted


def write(wanted: Wanted) -> Texts:
    """The file with the rule in it; nothing where an end has no single address or network, or there is no list to put it into."""
    path = wanted.filter_span.path
    text = read_text(wanted.tree, path).text
    lines = text.split("\n")
    start = next((number for number, line in enumerate(lines, 1) if re.fullmatch(r"\s*<filter>\s*", line)), None)
    newer = re.search(r"<OPNsense>.*<Filter\b[^>]*>\s*<rules>\s*<rule", text, re.DOTALL)
    interface = wanted.interface or ""
    if start is None or newer or not interface or len(wanted.peers) != 1 or len(wanted.own) != 1 or wanted.service.protocol == "any":
        return {}
    indent = re.match(r"\s*", lines[start - 1])
    margin = (indent.group() if indent else "") + ("\t" if "\t" in lines[start - 1] else "  ")
    return {
        path: inserted(text, start + 1, "\n".join(f"{margin}{line}" for line in _rule(wanted, interface, "\t" if "\t" in margin else "  ")))
    }


def _rule(wanted: Wanted, interface: str, step: str) -> list[str]:
    service = wanted.service
    source, destination = (wanted.peers[0], wanted.own[0]) if wanted.inbound else (wanted.own[0], wanted.peers[0])
    ports = [f"{low}" if low == high else f"{low}-{high}" for low, high in service.ports][:1]
    inner = [
        "<type>pass</type>",
        f"<interface>{escape(interface)}</interface>",
        f"<ipprotocol>{'inet6' if ':' in source else 'inet'}</ipprotocol>",
        f"<protocol>{'ipv6-icmp' if service.protocol == 'icmpv6' else service.protocol}</protocol>",
        *(["<icmptype>echoreq</icmptype>"] if service.protocol == "icmp" and service.icmp_type == 8 else []),
        *_end("source", source, [], step),
        *_end("destination", destination, ports, step),
        f"<descr>{escape(wanted.title)}</descr>",
    ]
    return ["<rule>", *(step + line for line in inner), "</rule>"]


def _end(name: str, address: str, ports: list[str], step: str) -> list[str]:
    return [
        f"<{name}>",
        f"{step}<address>{escape(address)}</address>",
        *(f"{step}<port>{port}</port>" for port in ports),
        f"</{name}>",
    ]
