"""A missing rule of OPNsense: in the newer store, where rules have identifiers and sequence numbers, unless only the older one has rules.

Rules of the newer store come before those of the older of their interface. Within it the lowest number decides, in file order where two
have the same: so a rule takes its number from the one it has to come before, or the next free one.
"""

from __future__ import annotations

import re
import uuid
from xml.sax.saxutils import escape

from auditor.files import read_text
from auditor.fixing import pf
from auditor.fixing.wanted import WORLD, Texts, Unwritten, Wanted, inserted, ports_text
from auditor.model.source import Span

_SPACE = uuid.UUID("6f2b6f1c-7f0a-4d5b-9c55-0f5a1a3f6e11")
_OPEN = re.compile(r"\s*<rules>\s*")
_SEQUENCE = re.compile(r"<sequence>\s*(\d+)\s*</sequence>")


def write(wanted: Wanted) -> Texts:
    """The file with the rules in it. Raises `Unwritten`."""
    path = wanted.filter_span.path
    text = read_text(wanted.tree, path).text
    store = _store(text.split("\n"))
    older = re.search(r"<filter>\s*(?:<!--.*?-->\s*)*<rule\b", text, re.DOTALL)
    if store is None or (older and not _rules(text.split("\n"), store)):
        return pf.write(wanted)
    interface = pf.interface_of(wanted)
    families = pf.families(wanted)
    if not families:
        raise Unwritten("the addresses of one end are not known")
    opened, closed = store
    lines = text.split("\n")
    if opened == closed:
        indent = lines[opened - 1][: len(lines[opened - 1]) - len(lines[opened - 1].lstrip())]
        lines[opened - 1 : opened] = [f"{indent}<rules>", f"{indent}</rules>"]
        opened, closed = opened, opened + 1
    rules = _rules(lines, (opened, closed))
    at, number = _place(wanted, rules, closed)
    margin = re.match(r"\s*", lines[opened - 1])
    step = "\t" if "\t" in lines[opened - 1] else "  "
    prefix = (margin.group() if margin else "") + step
    made = [prefix + line for six in families for line in _rule(wanted, interface, six, number, step)]
    return {path: inserted("\n".join(lines), at, "\n".join(made))}


def remove(text: str, span: Span) -> str | None:
    """`text` without the rule element at the place, where it has lines of its own."""
    return pf.remove(text, span)


def _store(lines: list[str]) -> tuple[int, int] | None:
    """The lines of `<rules>` and `</rules>` of the newer store, the same where it is empty; None where it has none of its own."""
    model = next((at for at, line in enumerate(lines, 1) if re.match(r"\s*<Filter\b[^>]*>", line)), None)
    if model is None:
        return None
    for at in range(model, len(lines) + 1):
        if re.search(r"<rules\s*/>", lines[at - 1]):
            if at == model or re.sub(r"\s*<rules\s*/>\s*", "", lines[at - 1]):
                raise Unwritten("the empty <rules/> of the newer store shares its line with other elements")
            return at, at
        if _OPEN.fullmatch(lines[at - 1]):
            closed = next((end for end in range(at, len(lines) + 1) if lines[end - 1].strip() == "</rules>"), None)
            return (at, closed) if closed is not None else None
        if "</Filter>" in lines[at - 1]:
            break
    return None


def _rules(lines: list[str], store: tuple[int, int]) -> list[tuple[int, int, int]]:
    """(first line, last line, sequence number) of each rule of the store."""
    found: list[tuple[int, int, int]] = []
    begun = 0
    for at in range(store[0], store[1] + 1):
        if re.match(r"\s*<rule\b(?!s)", lines[at - 1]):
            begun = at
        if begun and "</rule>" in lines[at - 1]:
            said = _SEQUENCE.search("\n".join(lines[begun - 1 : at]))
            found.append((begun, at, int(said[1]) if said else 1))
            begun = 0
    return found


def _place(wanted: Wanted, rules: list[tuple[int, int, int]], closed: int) -> tuple[int, int]:
    """(the line to put it before, its sequence number)."""
    taken = {number for _, _, number in rules}
    before = wanted.before.line if wanted.before is not None else 0
    deciding = next((rule for rule in rules if rule[0] <= before <= rule[1]), None)
    if deciding is None:
        return closed, max(taken, default=0) + 10 - max(taken, default=0) % 10
    first, _, number = deciding
    lower = max((each for each in taken if each < number), default=0)
    return first, (lower + number) // 2 if number - lower > 1 else number


def _rule(wanted: Wanted, interface: str, six: bool, number: int, step: str) -> list[str]:
    service = wanted.service
    ends = wanted.ends(six)
    assert ends is not None, "it is a family of both ends"
    sources, destinations = ("any" if WORLD in each else ",".join(each) for each in ends)
    ports, origin = ports_text(service.ports)[:1], ports_text(service.source_ports)[:1]
    echo = service.protocol.startswith("icmp") and service.icmp_type in (8, 128)
    kind = "icmp6type" if six else "icmptype"
    inner = [
        "<enabled>1</enabled>",
        f"<sequence>{number}</sequence>",
        f"<action>{'block' if wanted.deny else 'pass'}</action>",
        f"<interface>{escape(interface)}</interface>",
        f"<ipprotocol>{'inet6' if six else 'inet'}</ipprotocol>",
        f"<protocol>{pf.protocol_of(wanted, six).upper() if service.protocol != 'any' else 'any'}</protocol>",
        *([f"<{kind}>echoreq</{kind}>"] if echo else []),
        f"<source_net>{escape(sources)}</source_net>",
        *(f"<source_port>{port}</source_port>" for port in origin),
        f"<destination_net>{escape(destinations)}</destination_net>",
        *(f"<destination_port>{port}</destination_port>" for port in ports),
        f"<description>{escape(wanted.title)}</description>",
    ]
    return [f'<rule uuid="{uuid.uuid5(_SPACE, repr((number, *inner)))}">', *(step + line for line in inner), "</rule>"]
