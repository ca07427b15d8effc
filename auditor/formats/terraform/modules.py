"""Root modules: which directories are, and one of them with everything it calls. See `resources` for what comes out."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from auditor.files import Unreadable
from auditor.formats.terraform.instance import Module, ResourceInstance
from auditor.formats.terraform.manifest import is_local, local_directory, read_manifest
from auditor.formats.terraform.remarks import Remarks
from auditor.formats.terraform.resources import MissingModule, Resource, Root
from auditor.formats.terraform.scope import Budget
from auditor.formats.terraform.shared import Shared
from auditor.formats.terraform.sources import ModuleSource, Sources, directories
from auditor.formats.terraform.variables import Given, given_values
from auditor.model.record import dataclass, field
from auditor.model.source import Note


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line adds: `variables` are the -var and -var-file arguments in their order, as ("var", "NAME=TEXT") and
    ("var-file", path relative to the tree); `environment` holds TF_VAR_name and TF_WORKSPACE.
    """

    variables: Sequence[tuple[str, str]] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


def find_roots(sources: Sources, paths: Sequence[str]) -> tuple[str, ...]:
    """The root modules among the directories of `paths`: those that no other one calls, and one of every circle of callers.

    Directories whose names begin with a dot hold what tools put there, such as installed modules: they are no roots.
    """
    every = [directory for directory in directories(paths) if not any(part.startswith(".") for part in directory.split("/"))]
    calls = {directory: _called(sources.module(directory)) for directory in every}
    called = {target for directory, targets in calls.items() for target in targets if target != directory}
    roots = [directory for directory in every if directory not in called]
    reached = _closure(roots, calls)
    for directory in every:
        if directory not in reached:
            roots.append(directory)
            reached |= _closure([directory], calls)
    return tuple(sorted(roots))


def _called(module: ModuleSource) -> frozenset[str]:
    found = set()
    for block in module.calls.values():
        source = block.body.attribute("source")
        text = source.literal if source else None
        target = local_directory(module.directory, text) if text and is_local(text) else None
        if target is not None:
            found.add(target)
    return frozenset(found)


def _closure(roots: Iterable[str], calls: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    pending = list(roots)
    while pending:
        directory = pending.pop()
        if directory not in found:
            found.add(directory)
            pending.extend(calls.get(directory, ()))
    return found


def load_root(sources: Sources, directory: str, options: Options) -> Root:
    """The root module in `directory`, which is relative to the tree. What is asked of it is evaluated then: see `scope.deep_stack`."""
    return RootModule(sources, directory, options)


class RootModule:
    """A root module read from its sources. Nothing is evaluated before it is asked for."""

    def __init__(self, sources: Sources, directory: str, options: Options) -> None:
        self.directory = directory
        self.remarks = Remarks()
        given = given_values(sources, directory, options.variables, options.environment)
        for note in given.notes:
            self.remarks.add(note)
        workspace = options.environment.get("TF_WORKSPACE") or _workspace(sources, directory)
        budget = Budget(short_circuits=_needs_at_least(sources.module(directory), (1, 12)))
        shared = Shared(sources, directory, read_manifest(sources.tree, directory), self.remarks, budget, given, workspace)
        self._shared = shared
        self._missing: list[MissingModule] | None = None
        self.module = Module(shared, sources.module(directory))

    def assigned(self) -> tuple[Given, Collection[str]]:
        """The values that its variables are given, and the variables it declares."""
        return self._shared.given, self.module.source.variables

    def types(self) -> frozenset[str]:
        return frozenset(type_ for source in self._shared.sources_below(self.module) for _, type_ in source.kinds)

    def resources(self, types: Collection[str]) -> Iterator[Resource]:
        return self._select("resource", types)

    def data(self, types: Collection[str]) -> Iterator[Resource]:
        return self._select("data", types)

    def _select(self, mode: str, types: Collection[str]) -> Iterator[ResourceInstance]:
        wanted = {(mode, type_) for type_ in types}
        for module in self._shared.modules_below(self.module, lambda source: not wanted.isdisjoint(source.kinds)):
            if not wanted.isdisjoint(module.source.kinds):
                for key in module.source.resources:
                    if key[:2] in wanted:
                        yield from module.asked_instances(key)

    def missing_modules(self) -> Sequence[MissingModule]:
        if self._missing is None:
            modules = self._shared.modules_below(self.module, lambda source: bool(source.calls))
            self._missing = [call for module in modules for call in module.missing_calls()]
        return self._missing

    def broken_files(self) -> Sequence[str]:
        return sorted({path for source in self._shared.sources_below(self.module) for path in source.broken})

    def notes(self) -> tuple[Note, ...]:
        for source in self._shared.sources_below(self.module):
            for note in source.notes:
                self.remarks.add(note)
        self.remarks.notes.update(self._shared.budget.notes)
        return tuple(sorted(self.remarks.notes, key=lambda note: (note.span, note.trap, note.message)))


def _workspace(sources: Sources, directory: str) -> str | None:
    """The workspace selected here; None where nobody initialised the directory, as in a fresh checkout."""
    path = posixpath.join(directory, ".terraform/environment")
    try:
        if sources.tree.exists(path):
            return sources.tree.read_bytes(path).decode("utf-8", errors="replace").strip() or "default"
    except Unreadable:
        return None
    initialised = (posixpath.join(directory, ".terraform", name) for name in ("modules/modules.json", "terraform.tfstate"))
    return "default" if any(map(sources.tree.exists, initialised)) else None


def _needs_at_least(module: ModuleSource, version: tuple[int, int]) -> bool:
    """Whether the module's `required_version` rules out versions of Terraform before `version`."""
    for attribute in module.requires:
        for part in re.finditer(r"(>=|~>|=|>)?\s*(\d{1,9})\.(\d{1,9})", attribute.literal or ""):
            if (int(part[2]), int(part[3])) >= version:
                return True
    return False
