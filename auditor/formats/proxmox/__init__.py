"""Proxmox VE: cluster.fw, host.fw, the guests' <vmid>.fw and the virtual networks' <vnet>.fw, with the guests' own .conf files.

First match decides, and replies pass by themselves. Three switches must be on before a guest is filtered: the cluster's, the guest's, and
`firewall=1` of the network device; a rule of cluster.fw is for the hosts and never protects a guest. What is enabled drops inbound and
accepts outbound. The default backend reads line by line and leaves out what it does not understand, in silence: a lost DROP opens, a lost
ACCEPT closes, a lost `enable: 1` turns everything off. It knows a name only behind its definition. The nftables backend reads the same
files in another way, and applies nothing of them if one line is wrong; which of the two a node runs is said in its host.fw, or is unknown.

Unknown stay: the node's own network, the corosync peers, sets of virtual networks, who passes through an intrusion prevention program,
and what stands in a cluster.fw that was not read.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor import lazyre
from auditor.files import Tree
from auditor.formats.base import Format, Lint, Options
from auditor.model.graph import Graph

_FIREWALL = lazyre.compile(r"(?:^|.*[/_.-])(?:cluster|host|\d+)\.fw(?:\.(?:j2|jinja2?|tpl|tftpl|tmpl|erb))?")
_NETWORK = lazyre.compile(r"(?:^|.*/)sdn/firewall/[^/]+\.fw")
_MACHINE = lazyre.compile(r"(?:^|.*/)(?:qemu-server|lxc)/\d+\.conf")
_SECTION = lazyre.compile(rb"(?m)^\s*\[(?:RULES|ALIASES|IPSET\s+\S+|group\s+\S+)\]", lazyre.IGNORECASE)
_RULE = lazyre.compile(rb"(?m)^\s*\|?(?:IN|OUT|FORWARD)\s+(?:[A-Za-z0-9]+\()?(?:ACCEPT|DROP|REJECT)\b|^\s*\|?GROUP\s+[A-Za-z]")


def _claims(path: str, head: bytes) -> bool:
    """By name; another name by sections and rules that only these files have."""
    if path.endswith(".conf"):
        return _MACHINE.fullmatch(path) is not None
    if b"\0" in head:
        return False
    named = ".fw" in path and (_FIREWALL.fullmatch(path) or _NETWORK.fullmatch(path))
    return bool(named) or (b"[" in head and _SECTION.search(head) is not None and _RULE.search(head) is not None)


def _load(tree: Tree, paths: Sequence[str], options: Options) -> Graph:  # noqa: ARG001  (no variables in these files)
    from auditor.formats.proxmox.load import load

    return load(tree, paths)


def _lints() -> tuple[Lint, ...]:
    from auditor.formats.proxmox.lints import LINTS

    return LINTS


FORMAT = Format("proxmox", "Proxmox VE firewall", _claims, _load, _lints)
