"""A missing rule of a Proxmox firewall file: a line before the one that decides, or at the end of the rules, where the policy decides."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.files import read_text
from auditor.fixing.wanted import WORLD, Texts, Unwritten, Wanted, inserted, ports_text, without
from auditor.model.source import Span

_RULE = re.compile(r"\s*\|?(?:IN|OUT|FORWARD)\s", re.IGNORECASE)
_SECTION = re.compile(r"\s*\[(\w+)")
_ECHO = {8: "echo-request", 0: "echo-reply", 128: "echo-request", 129: "echo-reply"}


def write(wanted: Wanted) -> Texts:
    """The file with the rules in it. Raises `Unwritten`."""
    path = wanted.place.path
    rules = list(dict.fromkeys(rules_of(wanted)))
    if not rules:
        raise Unwritten("the addresses of one end are not known")
    if path.endswith((".tf", ".tofu", ".json")):
        from auditor.fixing.proxmox_terraform import write as write_terraform

        return write_terraform(wanted, rules)
    if not re.search(r"\.fw\b", path):
        raise Unwritten(f"{path} is no firewall file: rules are written into those")
    text = read_text(wanted.tree, path).text
    known = text.split("\n")
    made = "\n".join(each for rule in rules if (each := f"{rule} # {_comment(wanted.title)}") not in known)
    if not made:
        return {path: text}
    line = _inside(text, wanted.before.line) if wanted.before is not None else _end(text)
    if line is None:
        return {path: text.rstrip("\n") + f"\n\n[RULES]\n\n{made}\n"}
    return {path: inserted(text if text.endswith("\n") else text + "\n", line, made)}


def _inside(text: str, line: int) -> int | None:
    """The line itself where it is a rule's; the end of the rules where it is another, such as the policy's."""
    found = text.split("\n")[line - 1]
    return line if _RULE.match(found) or re.match(r"\s*GROUP\s", found) else _end(text)


def _end(text: str) -> int | None:
    """The line behind the last of `[RULES]`; None where there is no such section."""
    lines = text.split("\n")
    within, last = False, None
    for number, line in enumerate(lines, 1):
        section = _SECTION.match(line)
        if section is not None:
            within = section[1].upper() == "RULES"
        if within and line.strip():
            last = number + 1
    if last is not None and _SECTION.match(lines[last - 2]):  # an empty section: behind the blank line below its head
        return last + 1 if last <= len(lines) and not lines[last - 1].strip() and last < len(lines) else last
    return last


def rules_of(wanted: Wanted) -> Iterator[str]:
    """The lines, one for each family, and for each range of ports where there are many."""
    service = wanted.service
    direction = "FORWARD" if wanted.between else "IN" if wanted.inbound else "OUT"
    named = wanted.between or wanted.deny
    own = tuple(
        each if far else (WORLD,) for each, far in zip(wanted.both, (wanted.inbound or named, named or not wanted.inbound), strict=True)
    )
    for six in (False, True):
        if (service.protocol == "icmpv6" and not six) or (service.protocol == "icmp" and six and wanted.deny):
            continue
        ends = [(WORLD,) if WORLD in each else tuple(one for one in each if (":" in one) is six) for each in own]
        if not all(ends):
            continue
        words = [direction, "DROP" if wanted.deny else "ACCEPT"]
        for option, networks in zip(("-source", "-dest"), ends, strict=True):
            words += [] if WORLD in networks else [option, ",".join(networks)]
        yield " ".join((*words, *_service(wanted, six)))


def _service(wanted: Wanted, six: bool) -> Iterator[str]:
    service = wanted.service
    if service.protocol == "any":
        return
    yield "-p"
    if service.protocol.startswith("icmp"):
        yield "ipv6-icmp" if six else "icmp"
        if service.icmp_type is not None:
            if service.icmp_type not in _ECHO:
                raise Unwritten(f"ICMP type {service.icmp_type} has no name that a rule could say")
            yield from ("-icmp-type", _ECHO[service.icmp_type])
        return
    yield service.protocol
    for option, ports in (("-sport", service.source_ports), ("-dport", service.ports)):
        if ports:
            yield from (option, ",".join(ports_text(ports, ":")))


def _comment(title: str) -> str:
    return re.sub(r"[\s#]+", " ", title).strip()[:100]


def remove(text: str, span: Span) -> str | None:
    """`text` without the rule at the place."""
    return without(text, span.line, span.line) if _RULE.match(text.split("\n")[span.line - 1]) else None
