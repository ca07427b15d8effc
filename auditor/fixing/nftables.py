"""A missing rule of an nftables chain: before the rule that decides now, or at the chain's end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.files import read_text
from auditor.fixing.wanted import WORLD, Texts, Unwritten, Wanted, inserted, ports_text, without
from auditor.model.source import Span

_NEAR = 64


def write(wanted: Wanted) -> Texts:
    """The file with the rule in it. Raises `Unwritten` where the end of the chain cannot be found by its braces."""
    path = wanted.before.path if wanted.before is not None else wanted.filter_span.path
    if path.endswith(".json"):
        raise Unwritten(f"{path} is a list that nft printed: the rule belongs into the file it was loaded from")
    text = read_text(wanted.tree, path).text
    line = wanted.before.line if wanted.before is not None else _end(text, wanted.filter_span.line)
    if line is None:
        raise Unwritten(f"where the chain at {path}:{wanted.filter_span.line} ends cannot be told by its braces")
    lines = text.split("\n")
    above = next((each for each in reversed(lines[: line - 1]) if each.strip() and not each.rstrip().endswith("{")), "")
    indent = re.match(r"\s*", above if above else "\t\t")
    margin = indent.group() if indent else "\t\t"
    by = _interface(wanted, text)
    rules = [f"{margin}{by}{rule}" for rule in dict.fromkeys(rules_of(wanted, _families(lines[: line - 1])))]
    if not rules:
        raise Unwritten("the addresses of one end are not known")
    new = [rule for rule in rules if rule not in lines[max(line - 1 - _NEAR, 0) : line - 1]]
    return {path: inserted(text, line, "\n".join(new)) if new else text}


def _interface(wanted: Wanted, text: str) -> str:
    """The interface that packets come in by, where a rule is between interfaces and the file's own rules tell them."""
    name = wanted.entry.rpartition(":")[2]
    return f'iifname "{name}" ' if wanted.between and f'iifname "{name}"' in text else ""


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


def _families(above: list[str]) -> tuple[bool, ...]:
    """The address families that a rule of the table can speak of: whether each is IPv6."""
    tables = (found[1] for each in reversed(above) if (found := re.match(r"\s*(?:add\s+)?table\s+(ip6?|inet|bridge|netdev)\s", each)))
    return {"ip": (False,), "ip6": (True,)}.get(next(tables, "inet"), (False, True))


def rules_of(wanted: Wanted, families: tuple[bool, ...] = (False, True)) -> Iterator[str]:
    """The rules, one a family where addresses are named."""
    verdict = f'{"drop" if wanted.deny else "accept"} comment "{re.sub(r"[^ -!#-~]", "", wanted.title)[:100]}"'
    named = wanted.between or wanted.deny
    for six in families:
        service = service_of(wanted, six)
        sources = _match("saddr", wanted.sources, six) if wanted.inbound or named else ""
        destinations = _match("daddr", wanted.destinations, six) if named or not wanted.inbound else ""
        if service is not None and sources is not None and destinations is not None:
            yield f"{sources}{destinations}{service}{verdict}"


def service_of(wanted: Wanted, six: bool) -> str | None:
    """The match on the service; None if the family has no such packets."""
    service = wanted.service
    if service.protocol in ("tcp", "udp"):
        both = (("sport", service.source_ports), ("dport", service.ports))
        named = "".join(f"{service.protocol} {side} {_set(ports_text(ports))} " for side, ports in both if ports)
        return named or f"meta l4proto {service.protocol} "
    if not service.protocol.startswith("icmp"):
        return ""
    if (service.protocol == "icmpv6" and not six) or (service.protocol == "icmp" and six and wanted.deny):
        return None
    if service.icmp_type is None:
        return f"meta l4proto {'ipv6-icmp' if six else 'icmp'} "
    kind = {8: "echo-request", 0: "echo-reply", 128: "echo-request", 129: "echo-reply"}.get(service.icmp_type, service.icmp_type)
    return f"{'icmpv6' if six else 'icmp'} type {kind} "


def _set(values: list[str]) -> str:
    return values[0] if len(values) == 1 else "{ " + ", ".join(values) + " }"


def _match(field: str, networks: tuple[str, ...], six: bool) -> str | None:
    """The match on one end: none for the world, None if the end has no address of the family."""
    if WORLD in networks:
        return ""
    own = [network for network in networks if (":" in network) is six]
    if not own:
        return None
    return f"{'ip6' if six else 'ip'} {field} {_set(own)} "


def remove(text: str, span: Span) -> str | None:
    """`text` without the rule at the place, where it has a line of its own."""
    line = text.split("\n")[span.line - 1].strip()
    whole = re.search(r"\b(?:accept|jump \S+|goto \S+)\b", line) is not None and not re.search(r"[{;]\s*$", line)
    return without(text, span.line, span.line) if whole else None
