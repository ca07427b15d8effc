"""A missing permit of Talos's ingress firewall: a NetworkRuleConfig document behind the one that sets the default, in the same file."""

from __future__ import annotations

from auditor.files import read_text
from auditor.fixing.wanted import Texts, Wanted


def write(wanted: Wanted) -> Texts:
    """The file with the document at its end. Talos filters what comes in, by addresses and for TCP and UDP; nothing else can be written."""
    protocol = wanted.service.protocol
    path = wanted.filter_span.path
    if not wanted.inbound or protocol not in ("tcp", "udp") or not wanted.peers or not path.endswith((".yaml", ".yml")):
        return {}
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
        *(f"  - subnet: {peer if '/' in peer else _host(peer)}" for peer in wanted.peers),
    ]
    return {path: text.rstrip("\n") + "\n" + "\n".join(lines) + "\n"}


def _name(wanted: Wanted, text: str) -> str:
    name = f"{wanted.name}-ingress"
    while f"name: {name}\n" in text:
        name += "-added"
    return name


def _host(address: str) -> str:
    return f"{address}/{128 if ':' in address else 32}"
