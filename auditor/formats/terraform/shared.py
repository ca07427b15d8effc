"""What all module instances of one root module share: where modules are found, what has been spent, what has been remarked."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from auditor.formats.terraform.bodies import Block
from auditor.formats.terraform.manifest import Manifest, is_local, local_directory
from auditor.formats.terraform.remarks import Remarks
from auditor.formats.terraform.scope import Budget
from auditor.formats.terraform.sources import ModuleSource, Sources
from auditor.formats.terraform.unsupported import unsupported_in_call
from auditor.formats.terraform.variables import Given
from auditor.model.record import dataclass, field

if TYPE_CHECKING:
    from auditor.formats.terraform.instance import Module

MAX_MODULE_DEPTH = 20
MAX_MODULES = 2_000


@dataclass(slots=True)
class Shared:
    """What all module instances of one root module share."""

    sources: Sources
    root: str
    manifest: Manifest
    remarks: Remarks
    budget: Budget
    given: Given
    workspace: str | None
    count: int = 0
    located: dict[tuple[str, tuple[str, ...]], ModuleSource | None] = field(default_factory=dict)
    below: dict[tuple[str, tuple[str, ...]], tuple[ModuleSource, ...]] = field(default_factory=dict)

    def locate(self, source: ModuleSource, path: tuple[str, ...], call: Block) -> ModuleSource | None:
        """The module that `call` in `source` means, None if it is not here."""
        calls = (*path, call.labels[0])
        key = (source.directory, calls)
        if key not in self.located:
            self.located[key] = self._locate(source, calls, call)
        return self.located[key]

    def _locate(self, source: ModuleSource, calls: tuple[str, ...], call: Block) -> ModuleSource | None:
        attribute = call.body.attribute("source")
        text = attribute.literal if attribute else None
        if text is None:
            return None
        directory = local_directory(source.directory, text) if is_local(text) else self.manifest.directory(calls, text)
        if directory is None or len(calls) > MAX_MODULE_DEPTH:
            return None
        found = self.sources.module(directory)
        if not found.paths:
            return None
        if not found.broken:
            for note in unsupported_in_call(call, found.variables):
                self.remarks.add(note)
        return found

    def sources_below(self, module: Module) -> tuple[ModuleSource, ...]:
        """The modules that a module instance is made of, its own first, each once."""
        path = module.path if self.manifest.entries else ()  # without a manifest it does not matter which way a module is called
        key = (module.source.directory, path)
        if key not in self.below:
            self.below[key] = self._reached(module.source, path)
        return self.below[key]

    def _reached(self, source: ModuleSource, path: tuple[str, ...]) -> tuple[ModuleSource, ...]:
        found: dict[str, ModuleSource] = {}
        seen = {(source.directory, path)}
        pending = deque([(source, path)])
        while pending:
            source, path = pending.popleft()
            found.setdefault(source.directory, source)
            for name, call in source.calls.items():
                target = self.locate(source, path, call)
                inner = (*path, name) if self.manifest.entries else ()
                if target is not None and (target.directory, inner) not in seen and len(seen) < MAX_MODULES:
                    seen.add((target.directory, inner))
                    pending.append((target, inner))
        return tuple(found.values())

    def modules_below(self, module: Module, matters: Callable[[ModuleSource], bool]) -> Iterator[Module]:
        """The module instances in which, or below which, is something that matters."""
        pending = [module]
        while pending:
            module = pending.pop()
            if any(matters(source) for source in self.sources_below(module)):
                yield module
                pending.extend(child for name in reversed(module.source.calls) for child in reversed(module.children(name)))
