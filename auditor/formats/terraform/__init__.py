"""Terraform: HCL sources, and plans as JSON.

A root module is a directory that nobody in the tree calls; everything is evaluated from there, as Terraform would, without Terraform.
What the configuration does not decide (data sources, unset variables, what a provider computes) stays unknown under its symbol, so that
two places that mean the same agree.
"""

from __future__ import annotations

from collections.abc import Sequence

from auditor.files import Tree
from auditor.formats.base import Format, Lint, Options
from auditor.model.graph import Graph

SUFFIXES = (".tf", ".tf.json", ".tofu", ".tofu.json", ".tfvars", ".tfvars.json")


def claims(path: str, head: bytes) -> bool:
    """Terraform's own file names, and plans: JSON that says which format_version it has before its planned values."""
    name = path.rpartition("/")[2]
    if name.endswith(SUFFIXES):
        return not name.startswith(".")
    return name.endswith(".json") and b'"format_version"' in head[:400] and b'"terraform_version"' in head[:400]


def load(tree: Tree, paths: Sequence[str], options: Options) -> Graph:
    """The firewalls of every root module and every plan among `paths`."""
    from auditor.formats.terraform.load import load_graph

    return load_graph(tree, paths, options)


def lints() -> tuple[Lint, ...]:
    """What this dialect can remark on."""
    from auditor.formats.terraform.lints import LINTS

    return LINTS


FORMAT = Format("terraform", "Terraform", claims, load, lints)
