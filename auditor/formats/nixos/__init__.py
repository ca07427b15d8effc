"""NixOS: `networking.firewall`, from evaluated JSON and from what .nix files say literally.

A host firewall, on by default, that refuses what comes in and is not listed, lets out everything, and forwards everything. Lists of all
modules add up, so .nix files show that a port is open and never that one is closed: only the evaluated configuration is final.

    jsontext, dump      what `nix eval --json` printed → settings
    parse, strings, literals, modules, layout    .nix files → settings, host by host
    settings            what the definitions of one option come to
    firewall            the options, typed
    nftables_backend, iptables_backend, commands    what they become, rule by rule
    convert             hosts → graph
    checks, lints       what evaluates and is hardly meant
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.files import Tree
from auditor.formats.base import Format, Lint, Options
from auditor.model.graph import Graph


def claims(path: str, head: bytes) -> bool:
    """Every .nix file (most turn out to say nothing), and JSON with the options of the firewall near its beginning."""
    if path.endswith(".nix"):
        return True
    if not path.endswith(".json"):
        return False
    return b'"allowedTCPPorts"' in head or (b'"networking"' in head and b'"firewall"' in head) or _is_tables(head)


def _is_tables(head: bytes) -> bool:
    """`networking.nftables`, by options that nothing else has."""
    if b'"tables"' not in head:
        return b'"rulesetFile"' in head
    return b'"checkRuleset"' in head or (b'"content"' in head and b'"family"' in head)


def _load(tree: Tree, paths: Sequence[str], options: Options) -> Graph:
    from auditor.formats.nixos.read import read_graph

    return read_graph(tree, paths, options)


def _lints() -> tuple[Lint, ...]:
    from auditor.formats.nixos.lints import LINTS

    return LINTS


FORMAT = Format("nixos", "NixOS configuration", claims, _load, _lints)
