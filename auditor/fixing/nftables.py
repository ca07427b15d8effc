"""A missing permit of an nftables chain: one rule before the rule that drops, or at the chain's end."""

from __future__ import annotations

import re

from auditor.files import read_text
from auditor.fixing.wanted import Texts, Wanted, inserted


def write(wanted: Wanted) -> Texts:
    """The file with the rule in it; nothing where the end of the chain cannot be found by its braces."""
    path = wanted.filter_span.path
    text = read_text(wanted.tree, path).text
    line = wanted.before.line if wanted.before is not None and wanted.before.path == path else _end(text, wanted.filter_span.line)
    if line is None or path.endswith(".json"):
        return {}
    lines = text.split("\n")
    above = next((each for each in reversed(lines[: line - 1]) if each.strip() and not each.rstrip().endswith("{")), "")
    indent = re.match(r"\s*", above if above else "\t\t")
    margin = indent.group() if indent else "\t\t"
    return {path: inserted(text, line, "\n".join(f"{margin}{rule}" for rule in _rules(wanted)))}


def _end(text: str, line: int) -> int | None:
    """The line of the brace that closes the block that opens at or behind `line`."""
    depth = 0
    for number, content in enumerate(text.split("\n")[line - 1 :], line):
        bare = re.sub(r'"[^"]*"|#.*', "", content)
        for brace in re.findall(r"[{}]", bare):
            depth += 1 if brace == "{" else -1
            if depth == 0 and brace == "}":
                return number if bare.strip() == "}" else None
    return None


def _rules(wanted: Wanted) -> list[str]:
    service = wanted.service
    what = ""
    if service.protocol in ("tcp", "udp"):
        ports = ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in service.ports)
        what = (
            f"{service.protocol} dport {'{ ' + ports + ' }' if ',' in ports else ports} " if ports else f"meta l4proto {service.protocol} "
        )
    elif service.protocol == "icmp":
        what = "icmp type echo-request " if service.icmp_type == 8 else "meta l4proto icmp "
    elif service.protocol == "icmpv6":
        what = "meta l4proto ipv6-icmp "
    comment = f'comment "{re.sub(r"[^ -!#-~]", "", wanted.title)[:100]}"'
    found = []
    for family, peers in (
        ("ip", [peer for peer in wanted.peers if ":" not in peer]),
        ("ip6", [peer for peer in wanted.peers if ":" in peer]),
    ):
        if peers:
            listed = peers[0] if len(peers) == 1 else "{ " + ", ".join(peers) + " }"
            found.append(f"{family} {'saddr' if wanted.inbound else 'daddr'} {listed} {what}accept {comment}")
    return found if wanted.peers else [f"{what}accept {comment}"]
