"""Configurations of one dialect written inside another's files: Talos patches in Terraform, nftables' rules in NixOS options.

Each dialect reads its own part.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor import lazyre
from auditor.files import Tree, Unreadable
from auditor.formats.base import Embedded, NftReader, Options
from auditor.model.filters import Rule
from auditor.model.graph import Graph
from auditor.model.source import Note

_SIGN = b"talos_machine_configuration"
_PROVIDER = lazyre.compile(
    rb'source\s*=\s*"(?:[\w.-]+/)?siderolabs/talos"[^{}]*?\bversion\s*=\s*"([^"\n]*)"'
    rb'|\bversion\s*=\s*"([^"\n]*)"[^{}]*?source\s*=\s*"(?:[\w.-]+/)?siderolabs/talos"'
)
_EXACTLY = lazyre.compile(r"\s*(?:=\s*|~>\s*(?=0\.\d+\.))?0\.(\d{1,2})(?:\.\d+)?\s*")
_BEFORE_TALOS = 2
"""Provider 0.6 has the code of Talos 1.8, 0.7 that of 1.9, and so on."""


def talos_in_terraform(tree: Tree, paths: Sequence[str], options: Options) -> Graph:
    """The machines whose configurations the Terraform files at `paths` generate, with their patches merged.

    The files that hold those patches are in the graph's `read`: nobody need guess what they are for.
    """
    if not any(_SIGN in _bytes(tree, path) for path in paths):
        return Graph()
    from auditor.formats.talos.embedded import EmbeddedMachine, EmbeddedPatch, embedded_graph
    from auditor.formats.terraform.talos import talos_machines

    library = _library([_bytes(tree, path) for path in paths])
    machines = [
        EmbeddedMachine(
            machine.name,
            machine.span,
            machine.machine_type,
            tuple(
                EmbeddedPatch(
                    patch.text, patch.span, patch.unknown or "the patch has no value", patch.first_line, patch.indent, patch.doubt
                )
                for patch in machine.patches
            ),
            machine.version,
            machine.addresses,
            machine.attributes,
            library,
        )
        for machine in talos_machines(tree, paths, options)
    ]
    used = {patch.span.path for machine in machines for patch in machine.patches if patch.text is not None} - {*paths}
    return embedded_graph(machines, options) + Graph(read=tuple((path, "talos") for path in sorted(used)))


def _library(texts: Sequence[bytes]) -> str | None:
    """The Talos whose code the one provider version that is asked for merges with; None if several could be taken."""
    asked = {match[1] or match[2] for text in texts for match in _PROVIDER.finditer(text)}
    exact = _EXACTLY.fullmatch(asked.pop().decode("utf-8", "replace")) if len(asked) == 1 else None
    return f"1.{int(exact[1]) + _BEFORE_TALOS}" if exact else None


def _bytes(tree: Tree, path: str) -> bytes:
    try:
        return tree.read_bytes(path)
    except Unreadable:
        return b""


def nft_reader() -> NftReader:
    """The reader of nftables for texts inside of other dialects' files; nothing of it is imported before there is one."""
    return NftReader(_nft_rules, _nft_tables)


def _nft_rules(lines: Embedded, items: Sequence[Embedded], hook: str) -> tuple[tuple[Rule, ...], tuple[Note, ...]]:
    from auditor.formats.nftables.embedded import embedded_rules

    return embedded_rules(lines, items, hook)


def _nft_tables(texts: Sequence[Embedded], zone: str, device: str) -> Graph:
    from auditor.formats.nftables.embedded import embedded_tables

    return embedded_tables(texts, zone, device)
