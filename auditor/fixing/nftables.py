"""A missing permit of an nftables chain: one rule before the rule that drops, or at the chain's end."""

from __future__ import annotations

import re

from auditor.files import read_text
from auditor.fixing.wanted import WORLD, Texts, Wanted, inserted, without
from auditor.model.source import Span


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
    rules = dict.fromkeys(_rules(wanted))
    return {path: inserted(text, line, "\n".join(f"{margin}{rule}" for rule in rules))} if rules else {}


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
    for family, six in (("ip", False), ("ip6", True)):
        sources = _match(family, "saddr", wanted.sources, six) if wanted.inbound or wanted.between else ""
        destinations = _match(family, "daddr", wanted.destinations, six) if wanted.between or not wanted.inbound else ""
        if sources is not None and destinations is not None:
            found.append(f"{sources}{destinations}{what}accept {comment}")
    return found


def _match(family: str, field: str, networks: tuple[str, ...], six: bool) -> str | None:
    """The match on one end: none for the world, None if the end has no address of the family."""
    if WORLD in networks:
        return ""
    own = [network for network in networks if (":" in network) is six]
    if not own:
        return None
    return f"{family} {field} {own[0] if len(own) == 1 else '{ ' + ', '.join(own) + ' }'} "


def remove(text: str, span: Span) -> str | None:
    """`text` without the rule at the place, where it has a line of its own."""
    line = text.split("\n")[span.line - 1].strip()
    whole = re.search(r"\b(?:accept|jump \S+|goto \S+)\b", line) is not None and not re.search(r"[{;]\s*$", line)
    return without(text, span.line, span.line) if whole else None
