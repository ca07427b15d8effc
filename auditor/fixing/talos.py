"""A missing permit of Talos's ingress firewall: a NetworkRuleConfig document behind the one that sets the default, in the same file."""

from __future__ import annotations

from auditor.files import read_text
from auditor.fixing.wanted import WORLD, Texts, Unwritten, Wanted, without
from auditor.model.source import Span


def write(wanted: Wanted) -> Texts:
    """The file with the document at its end. Talos filters what comes in, by addresses and for TCP and UDP; nothing else can be written.

    Raises `Unwritten`.
    """
    protocol = wanted.service.protocol
    path = wanted.filter_span.path
    if wanted.deny:
        raise Unwritten("Talos has no rules that deny: what lets it through has to be narrowed")
    if not wanted.inbound:
        raise Unwritten("Talos filters only what comes in")
    if protocol not in ("tcp", "udp"):
        raise Unwritten(f"Talos has no rules for {protocol}")
    if not wanted.sources or WORLD in wanted.sources:
        raise Unwritten("a rule of Talos names networks, and those of the source are not known")
    if not path.endswith((".yaml", ".yml")):
        raise Unwritten(f"{path} is no machine configuration to add a document to")
    text = read_text(wanted.tree, path).text
    ports = wanted.service.ports or ((1, 65535),)
    lines = [
        "---",
        "apiVersion: v1alpha1",
        "kind: NetworkRuleConfig",
        f"name: {_name(wanted, text)}",
        "portSelector:",
        "  ports:",
        *(f"    - {low}" if low == high else f"    - {low}-{high}" for low, high in ports),
        f"  protocol: {protocol}",
        "ingress:",
        *(f"  - subnet: {peer if '/' in peer else _host(peer)}" for peer in wanted.sources),
    ]
    return {path: text.rstrip("\n") + "\n" + "\n".join(lines) + "\n"}


def remove(text: str, span: Span) -> str | None:
    """`text` without the NetworkRuleConfig document that holds the place, or without the one subnet there where it has others."""
    lines = text.split("\n")
    marks = [number for number, line in enumerate(lines, 1) if line.rstrip() == "---"]
    first = max((mark for mark in marks if mark <= span.line), default=1)
    last = min((mark - 1 for mark in marks if mark > span.line), default=len(lines))
    document = lines[first - 1 : last]
    if "kind: NetworkRuleConfig" not in (line.strip() for line in document):
        return None
    if lines[span.line - 1].lstrip().startswith("- subnet:") and sum(line.lstrip().startswith("- subnet:") for line in document) > 1:
        return without(text, span.line, span.line)
    return without(text, first, last)


def _name(wanted: Wanted, text: str) -> str:
    name = f"{wanted.name}-ingress"
    while f"name: {name}\n" in text:
        name += "-added"
    return name


def _host(address: str) -> str:
    return f"{address}/{128 if ':' in address else 32}"
