"""Access lists of routing switches: the running configuration of Cisco IOS, IOS XE and NX-OS, and of Arista EOS.

A list is ordered by its numbers; the first line that matches decides; a list that has a line ends in a denial. Applied where it does not
exist or is empty it permits everything (IOS). A list does nothing until it is applied: `in` is what comes from an interface's hosts, `out`
what goes to them. Nothing keeps state, so answers need permits of their own, `established` or by source port; what `reflect` remembers,
`evaluate` lets back. A wildcard's ones mean any, contiguous or not. IPv4 lists say nothing about IPv6. What stays inside a VLAN meets VLAN
maps and the lists of ports only.

Unknown stay: time ranges, dynamic lines, DSCP, TTL and length, wildcards of too many pieces, which host is behind which port, routes that
are learned, what NX-OS and EOS do with a list that is missing, and every line that cannot be read: it may match anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.files import Tree
from auditor.formats.base import Format, Lint, Options
from auditor.model.graph import Graph

_WORDS = (
    b"access-l",
    b"access-group",
    b"hostname ",
    b"interface ",
    b"object-group",
    b"ASA Version",
    b"!Command: ",
    b"device: ",
    b"Building ",
)


def _claims(path: str, head: bytes) -> bool:
    if not any(word in head for word in _WORDS):
        return False  # before any pattern is made: most files of a tree are something else
    from auditor.formats.switch.flavour import claims

    return claims(path, head)


def _load(tree: Tree, paths: Sequence[str], options: Options) -> Graph:  # noqa: ARG001  (no variables in these files)
    from auditor.formats.switch.load import load

    return load(tree, paths)


def _lints() -> tuple[Lint, ...]:
    from auditor.formats.switch.lints import LINTS

    return LINTS


FORMAT = Format("switch", "switch access lists", _claims, _load, _lints)
