"""Root modules: which directories are, and one of them with everything it calls. See `resources` for what comes out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from auditor.files import Tree
from auditor.formats.terraform.resources import Root


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line adds: `variables` are the -var and -var-file arguments in their order, as ("var", "NAME=TEXT") and
    ("var-file", path relative to the tree); `environment` holds TF_VAR_name and TF_WORKSPACE.
    """

    variables: Sequence[tuple[str, str]] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


def find_roots(tree: Tree, paths: Sequence[str]) -> tuple[str, ...]:
    """The root modules among the directories of `paths`: those that no other one calls, and one of every circle of callers."""
    raise NotImplementedError


def load_root(tree: Tree, directory: str, options: Options) -> Root:
    """The root module in `directory`, which is relative to the tree."""
    raise NotImplementedError
