"""A missing line of an access list: before the one that decides, or at the end, where the implicit deny does.

A list whose lines have numbers gets a number between its neighbours'; a list of lines without, a line in its place. What comes back of
connections needs lines of its own, since a list keeps no state.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from auditor.files import read_text
from auditor.fixing.wanted import WORLD, Texts, Unwritten, Wanted, inserted, without
from auditor.formats.switch.flavour import Flavour, flavour_of
from auditor.model.record import dataclass, replace
from auditor.model.source import Span

_HEADER = re.compile(r"(?P<family>ip|ipv6) access-list (?:(?P<kind>standard|extended) )?(?P<name>\S+)\s*$")
_NUMBERED = re.compile(r"access-list (?P<name>\d{1,9}) ")
_ENTRY = re.compile(r"\s*(?:access-list \d+ )?(?:(?P<number>\d{1,10}) )?(?P<verb>permit|deny|evaluate|remark)\b")
_FREE = 10
_REFLECT = re.compile(r" reflect (\S+)")
_ECHO = {8: "echo", 0: "echo-reply", 128: "echo-request", 129: "echo-reply"}


@dataclass(frozen=True, slots=True)
class List:
    """An access list in its file: the numbers of its lines and of their entries (none: 0), and how it is written."""

    first: int
    last: int
    entries: tuple[tuple[int, int], ...]  # (line, sequence number)
    six: bool
    standard: bool
    prefix: str  # what stands before an entry: blanks, or access-list N
    name: str


def write(wanted: Wanted) -> Texts:
    """The file with the lines in it. Raises `Unwritten`."""
    path = wanted.filter_span.path
    text = read_text(wanted.tree, path).text
    lines = text.split("\n")
    found = _list(lines, (wanted.before or wanted.filter_span).line)
    if found.standard:
        raise Unwritten("a standard list tells no services apart")
    own = "\n".join(lines[found.first - 1 : found.last])
    meant = replace(wanted, deny=not wanted.deny) if _dropped_by_map(wanted, found, lines) else wanted
    made = list(dict.fromkeys(_lines(meant, found, text, own)))
    if not made:
        raise Unwritten(f"the addresses of one end are not known, or are not {'IPv6' if found.six else 'IPv4'}")
    ahead = "\n".join(lines[found.first - 1 : wanted.before.line - 1 if wanted.before is not None else found.last])
    made = [line for line in made if not re.search(rf" {re.escape(line)}$", ahead, re.MULTILINE)]
    if not made:
        return {path: text}
    at, numbers = _place(found, wanted.before.line if wanted.before is not None else None, len(made))
    written = [f"{found.prefix}{f'{number} ' if number else ''}{line}" for number, line in zip(numbers, made, strict=True)]
    return {path: inserted(text if text.endswith("\n") else text + "\n", at, "\n".join(written))}


def _dropped_by_map(wanted: Wanted, found: List, lines: list[str]) -> bool:
    """Whether a VLAN map drops what the list permits: what the list denies goes on then."""
    if not wanted.filter_name.startswith("VLAN map"):
        return False
    clause: list[str] = []
    for line in (*lines, ""):
        if not line.startswith((" ", "\t")):
            if any(re.fullmatch(rf"match ip(?:v6)? address (?:.* )?{re.escape(found.name)}(?: .*)?", each) for each in clause):
                return "action drop" in clause
            clause = []
        clause.append(line.strip())
    return False


def _list(lines: list[str], line: int) -> List:
    """The list that a line stands in, or begins. Raises `Unwritten` where it is something else, such as a VLAN map."""
    for start in range(line, 0, -1):
        content = lines[start - 1].rstrip("\r")
        numbered = _NUMBERED.match(content)
        if numbered is not None:
            own = [at for at, each in enumerate(lines, 1) if each.startswith(numbered.group())]
            standard = int(numbered["name"]) <= 99 or 1300 <= int(numbered["name"]) <= 1999
            return List(own[0], own[-1], _numbers(lines, own), False, standard, numbered.group(), numbered["name"])
        header = _HEADER.match(content)
        if header is not None:
            return _named(lines, start, header)
        if not content.startswith((" ", "\t", "!")) and content:
            break
    raise Unwritten(f"what decides, at line {line}, is no access list that a line could be put into")


def _named(lines: list[str], start: int, header: re.Match[str]) -> List:
    end = start
    for at in range(start + 1, len(lines) + 1):
        if lines[at - 1].startswith((" ", "\t")) and lines[at - 1].strip():
            end = at
        elif lines[at - 1].strip():
            break
    body = range(start + 1, end + 1)
    first = next((lines[at - 1] for at in body), " ")
    indent = first[: len(first) - len(first.lstrip())]
    return List(start, end, _numbers(lines, body), header["family"] == "ipv6", header["kind"] == "standard", indent, header["name"])


def _numbers(lines: list[str], body: range | list[int]) -> tuple[tuple[int, int], ...]:
    found = ((at, _ENTRY.match(lines[at - 1])) for at in body)
    return tuple((at, int(entry["number"] or 0)) for at, entry in found if entry is not None)


def _place(found: List, before: int | None, count: int) -> tuple[int, list[int]]:
    """The line to put new ones before, and their numbers. Raises `Unwritten` where no number is free."""
    numbered = any(number for _, number in found.entries)
    deciding = next((number for at, number in found.entries if at == before), None)
    if deciding is None:
        highest = max((number for _, number in found.entries), default=0)
        return found.last + 1, [highest + _FREE * (each + 1) if numbered else 0 for each in range(count)]
    assert before is not None, "it is the line of an entry"
    if not numbered:
        return before, [0] * count
    if not all(number for _, number in found.entries):
        raise Unwritten("some lines of the list have numbers and some have none")
    lower = max((number for _, number in found.entries if number < deciding), default=0)
    step = (deciding - lower) // (count + 1)
    if step < 1:
        raise Unwritten(f"no number is free between {lower} and {deciding}: resequence the list first")
    return before, [lower + step * (each + 1) for each in range(count)]


def _lines(wanted: Wanted, found: List, text: str, own: str) -> Iterator[str]:
    """The entries without their numbers, one for each source, destination and range of ports."""
    service = wanted.service
    ends = wanted.ends(found.six)
    if ends is None or (service.protocol == "icmpv6" and not found.six) or (service.protocol == "icmp" and found.six and wanted.deny):
        return
    slashes = flavour_of(text) is not Flavour.IOS or found.six
    protocol = {"any": "ipv6" if found.six else "ip", "icmpv6": "icmp"}.get(service.protocol, service.protocol)
    verb = "deny" if wanted.deny else "permit"
    tail = _tail(wanted, found.six, own)
    for source in ends[0]:
        for destination in ends[1]:
            for origin in service.source_ports or ((),):
                for ports in service.ports or ((),):
                    a, b = _end(source, slashes), _end(destination, slashes)
                    yield " ".join((verb, protocol, a, *_ports(origin), b, *_ports(ports), *tail))


def _tail(wanted: Wanted, six: bool, own: str) -> list[str]:
    """What stands behind the addresses: a type of ICMP, `established` for answers, `reflect` where the list remembers its flows so."""
    service = wanted.service
    if wanted.answers and service.protocol == "tcp":
        return ["established"]
    words = []
    if service.protocol.startswith("icmp") and service.icmp_type is not None:
        kind = {8: 128, 0: 129}.get(service.icmp_type, service.icmp_type) if six else service.icmp_type
        words = [_ECHO.get(kind, str(kind))]
    remembers = _REFLECT.search(own)
    if remembers is not None and not wanted.deny and not wanted.answers and service.protocol != "tcp":
        words += ["reflect", remembers[1]]
    return words


def _end(network: str, slashes: bool) -> str:
    if network == WORLD:
        return "any"
    if "/" not in network:
        return f"host {network}"
    if slashes:
        return network
    block = ipaddress.ip_network(network)
    return f"{block.network_address} {block.hostmask}"


def _ports(span: tuple[int, ...]) -> tuple[str, ...]:
    if not span:
        return ()
    return ("eq", str(span[0])) if span[0] == span[1] else ("range", str(span[0]), str(span[1]))


def remove(text: str, span: Span) -> str | None:
    """`text` without the line at the place."""
    line = text.split("\n")[span.line - 1]
    return without(text, span.line, span.line) if re.match(r"\s*(?:access-list \d+ )?(?:\d+ )?permit\b", line) else None
