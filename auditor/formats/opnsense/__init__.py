"""OPNsense: `config.xml`, the whole backup of the product.

The file is not the ruleset. Rules stand in two stores, an old one whose missing values mean everything and a new one whose missing
values mean the model's default; both are loaded, by priority, the new before the old within one. The firewall adds rules of its own
before and behind them: inbound is denied by default, outbound is not. A rule that cannot be expressed is left out in silence; one that
pf cannot read keeps the whole ruleset from loading. Rules keep state, so replies pass, unless one says otherwise. A packet between two
interfaces meets the `in` rules of the first and the `out` rules of the second, after destination and after source translation; inside
one network it meets none.

Unknown stay: addresses given at run time, names (which satisfy requirements by name), downloaded lists, countries, schedules, limits, tags,
and what other programs fill in. A wildcard name in an alias is not resolved by the product, so it lets nothing through.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.files import Tree
from auditor.formats.base import Format, Lint, Options
from auditor.model.graph import Graph


def _claims(path: str, head: bytes) -> bool:
    if b"<" not in head and not head.lstrip().startswith(b"---- BEGIN"):
        return False
    from auditor.formats.xmlspan import has_root, near_root

    encrypted = head.lstrip().startswith(b"---- BEGIN config.xml") and b"OPNsense" in head
    return encrypted or has_root(path, head, "opnsense") or near_root(path, head, "opnsense")


def _load(tree: Tree, paths: Sequence[str], options: Options) -> Graph:  # noqa: ARG001  (no variables in these files)
    from auditor.formats.opnsense.load import load

    return load(tree, paths)


def _lints() -> tuple[Lint, ...]:
    from auditor.formats.opnsense.lints import LINTS

    return LINTS


FORMAT = Format("opnsense", "OPNsense config.xml", _claims, _load, _lints)
