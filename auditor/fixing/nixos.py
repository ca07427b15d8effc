"""A missing rule of a NixOS module: a port in its lists where anybody may use it, else a line of `extraInputRules`.

Only .nix files are written. What `nix eval` printed is not: the change belongs into the modules it was made from, and is told.
"""

from __future__ import annotations

import re

from auditor.files import read_text
from auditor.fixing.nftables import rules_of
from auditor.fixing.wanted import WORLD, Texts, Unwritten, Wanted, inserted
from auditor.model.source import Span

_EXTRA = {True: "extraInputRules", False: "filterOutput.extraRules"}
_LAST = re.compile(r"^\}\s*$", re.MULTILINE)


def write(wanted: Wanted) -> Texts:
    """The module with the setting in it. Raises `Unwritten`."""
    path = wanted.before.path if wanted.before is not None else wanted.filter_span.path
    if wanted.between:
        raise Unwritten("what passes through a host is not written")
    if path.endswith(".json"):
        raise Unwritten(f"{path} is what Nix evaluated; a module of it needs {' '.join(_setting(wanted, nftables=True))}")
    text = read_text(wanted.tree, path).text
    nftables = re.search(r"\bnftables(?:\.enable\s*=\s*true|\s*=\s*\{[^}]*\benable\s*=\s*true)", text) is not None
    known = re.search(rf"^(?P<indent>\s*).*\b{re.escape(_EXTRA[wanted.inbound])}\s*=\s*''[ \t]*$", text, re.MULTILINE)
    if known is not None:
        line = text.count("\n", 0, known.end()) + 2
        return {path: inserted(text, line, "\n".join(f"{known['indent'].strip(chr(10))}  {rule}" for rule in _rules(wanted)))}
    closed = list(_LAST.finditer(text))
    if not closed:
        raise Unwritten(f"where the module in {path} ends cannot be told by its braces")
    line = text.count("\n", 0, closed[-1].start()) + 1
    return {path: inserted(text, line, "\n".join(f"  {each}" for each in _setting(wanted, nftables)))}


def _setting(wanted: Wanted, nftables: bool) -> list[str]:
    """The setting, line by line."""
    service = wanted.service
    at = "networking.firewall." + ("" if wanted.inbound else "filterOutput.")
    world = WORLD in (wanted.sources if wanted.inbound else wanted.destinations)
    if world and not wanted.deny and service.protocol in ("tcp", "udp") and service.ports and not service.source_ports:
        name = service.protocol.upper()
        single = [str(low) for low, high in service.ports if low == high]
        spans = [f"{{ from = {low}; to = {high}; }}" for low, high in service.ports if low != high]
        found = [f"{at}allowed{name}Ports = [ {' '.join(single)} ];"] if single else []
        return found + ([f"{at}allowed{name}PortRanges = [ {' '.join(spans)} ];"] if spans else [])
    if not nftables:
        raise Unwritten("rules with addresses are written for networking.nftables.enable alone")
    rules = _rules(wanted)
    if len(rules) == 1:
        return [f"networking.firewall.{_EXTRA[wanted.inbound]} = ''{rules[0]}'';"]
    return [f"networking.firewall.{_EXTRA[wanted.inbound]} = ''", *(f"  {rule}" for rule in rules), "'';"]


def _rules(wanted: Wanted) -> list[str]:
    found = list(dict.fromkeys(rules_of(wanted)))
    if not found:
        raise Unwritten("the addresses of one end are not known")
    return found


def remove(text: str, span: Span) -> str | None:
    """`text` without the port, or the range of ports, at the place; without the line of rules."""
    if span.path.endswith(".json") or span.line != span.end_line:
        return None
    lines = text.split("\n")
    line = lines[span.line - 1]
    said = line[span.column - 1 : span.end_column - 1]
    if re.fullmatch(r"\d{1,5}|\{\s*from\s*=\s*\d+;\s*to\s*=\s*\d+;\s*\}", said):
        before, behind = line[: span.column - 1], line[span.end_column - 1 :]
        if not before.strip() and not behind.strip():
            return "\n".join(lines[: span.line - 1] + lines[span.line :])
        kept = (
            before.rstrip()
            + (" " if behind.lstrip().startswith("]") else "")
            + (behind.lstrip() if behind.lstrip().startswith("]") else behind)
        )
        return "\n".join((*lines[: span.line - 1], kept, *lines[span.line :]))
    if re.search(r"\baccept\b", said) and line.strip() in (said.strip(), said.strip().rstrip(";")):
        return "\n".join(lines[: span.line - 1] + lines[span.line :])
    return None
