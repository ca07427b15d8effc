"""A line as the product writes it into pf's ruleset. The text is what a trace shows, and what is compared with the product's own."""

from __future__ import annotations

from auditor.formats.opnsense.interfaces import Interfaces
from auditor.formats.opnsense.lines import Line


def written(line: Line, interfaces: Interfaces) -> str:
    """The pf line, without its label."""
    record = line.record
    words = [
        "block return" if record.action == "reject" else record.action,
        "" if record.direction == "any" else record.direction,
        "log" if record.log else "",
        "quick" if record.quick else "",
        _on(line, interfaces),
        line.route,
        line.reply,
        line.family,
        f"proto {'{tcp udp}' if line.protocol == 'tcp/udp' else line.protocol}" if line.protocol else "",
        f"from {line.source.written()}{line.source_port.written()}",
        f"to {line.destination.written()}{line.destination_port.written()}",
        f"icmp-type {{{line.icmp_types}}}" if line.icmp_types else "",
        f"icmp6-type {{{line.icmp6_types}}}" if line.icmp6_types else "",
        f"flags {record.flags}" if record.flags else "",
        record.state,
        record.extra,
    ]
    return " ".join(word for word in words if word)


def _on(line: Line, interfaces: Interfaces) -> str:
    if not line.interface:
        return ""
    found = interfaces.table.get(line.interface)
    device = found.device if found is not None and found.device else f"##{line.interface}##"
    return f"on {'! ' if line.record.interface_not else ''}{device}"
