"""Which .nix files are which machine: the configurations of a flake by their names; else each file that sets something and is not imported.

A file is read once. Imports are followed where they are written as paths; what is imported otherwise is one of the modules not at hand.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence

from auditor.files import Tree, Unreadable, normalise, read_text
from auditor.formats.nixos.host import Host
from auditor.formats.nixos.known import misspelt
from auditor.formats.nixos.literals import ATTRSETS, TOP, Reader, bindings_of, call_of, path_of, unwrapped
from auditor.formats.nixos.modules import Module, read_module
from auditor.formats.nixos.options import Path
from auditor.formats.nixos.parse import NixFile, Node, field, named
from auditor.formats.nixos.settings import Settings
from auditor.formats.nixos.signs import telling
from auditor.formats.nixos.values import Definition
from auditor.model.record import dataclass, replace
from auditor.model.source import Effect, Level, Note, Span

_TELLING = (("networking", "firewall"), ("networking", "nftables"), ("networking", "nat"), ("networking", "hostName"))
_MOST_MODULES = 2000
_DEEPEST_FLAKE = 40


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file with the module it is, and what it says of whole machines: their names and the modules of each.

    `looked_at`: the first characters of the bindings that were read in any of them.
    """

    file: NixFile
    reader: Reader
    module: Module
    machines: tuple[tuple[str, Node, tuple[Node, ...]], ...]
    looked_at: set[int]


class Layout:
    """Every .nix file that may say something, and the machines they make."""

    def __init__(self, tree: Tree, paths: Sequence[str]) -> None:
        self.tree = tree
        self.notes: list[Note] = []
        self.read: set[str] = set()
        self._files: dict[str, Loaded | None] = {}
        self._used: set[str] = set()
        self._declared: set[Path] = set()
        self.hosts = tuple(replace(host, declared=frozenset(self._declared)) for host in tuple(self._hosts(paths)))

    def _hosts(self, paths: Sequence[str]) -> Iterator[Host]:
        found = [(path, loaded) for path in paths if telling(self.tree, path) and (loaded := self._load(path)) is not None]
        for path, loaded in found:
            for name, node, modules in loaded.machines:
                yield self._machine(name, path, node, loaded, modules)
        imported = set(self._used)
        for _, loaded in found:
            for each in loaded.module.imports:
                target = self._target(loaded.file.path, each.path)
                if target is not None and target != loaded.file.path:
                    imported.add(target)
        for path, loaded in sorted(found, key=lambda each: each[0] in imported):  # those that only each other import come last
            if path not in imported or path not in self._used:
                self._used.add(path)
                yield from self._alone(path, loaded)
        for path, loaded in found:
            self._say_unread(path, loaded)

    def _unreadable(self, path: str, error: Unreadable) -> None:
        self.read.add(path)
        self.notes.append(Note("unparsable", f"this file {error}", Span.of_file(path), Effect.UNKNOWN, Level.ERROR))

    # -- files

    def _load(self, path: str) -> Loaded | None:
        if path not in self._files:
            self._files[path] = None
            self._files[path] = self._parse(path)
        return self._files[path]

    def _parse(self, path: str) -> Loaded | None:
        try:
            file = NixFile(path, read_text(self.tree, path).text)
        except Unreadable as error:
            self._unreadable(path, error)
            return None
        broken = file.error()
        if broken is not None:
            message = "this is no Nix: what stands here is not read, the rest of the file is"
            self.notes.append(Note("unparsable", message, _one_line(file.span(broken)), Effect.UNKNOWN, Level.ERROR))
            self.read.add(path)
        reader = Reader(file)
        body = field(file.root, "expression") or next(iter(named(file.root)), file.root)
        module = read_module(reader, body)
        self._declared |= module.declared
        return Loaded(file, reader, module, tuple(_machines(file)), set(module.read))

    def _target(self, path: str, named_: str | None) -> str | None:
        """The file that an import names."""
        if named_ is None or named_.startswith(("<", "/", "~")):
            return None
        try:
            joined = normalise(posixpath.join(posixpath.dirname(path), named_))
        except Unreadable:
            return None
        return next((each for each in (joined, f"{joined}/default.nix") if self.tree.exists(each)), None)

    # -- machines

    def _alone(self, path: str, loaded: Loaded) -> Iterator[Host]:
        """The machine of a file that no other one uses, where it sets anything."""
        definitions = list(self._gathered(loaded, loaded.module, {path}))
        if any(_tells(each) for each in definitions):
            settings = Settings(definitions, final=False)
            name = settings.text("networking", "hostName")
            self.read.add(path)
            yield Host(name.text if name else path, path, _span(settings, path), settings)

    def _machine(self, name: str, path: str, node: Node, loaded: Loaded, modules: tuple[Node, ...]) -> Host:
        definitions: list[Definition] = []
        seen: set[str] = set()
        self.read.add(path)
        for each in modules:
            if each.type == "path_expression":
                found = self._imported(loaded.file.path, loaded.file.text(each), loaded.file.span(each), seen)
                definitions += self._gathered(found, found.module, seen) if found is not None else ()
            else:
                module = read_module(loaded.reader, each)
                self._declared |= module.declared
                definitions += self._gathered(loaded, module, seen)
                loaded.looked_at.update(module.read)
        settings = Settings(definitions, final=False)
        stated = settings.text("networking", "hostName")
        return Host(stated.text if stated else name, path, _one_line(loaded.file.span(node)), settings, complete=True)

    def _gathered(self, loaded: Loaded, module: Module, seen: set[str]) -> Iterator[Definition]:
        """What a module and those it imports say, and those they import."""
        pending = [(loaded, module)]
        while pending:
            loaded, module = pending.pop()
            yield from module.definitions
            imports = [(each.path, each.span) for each in module.imports if each.path is not None]
            found = (self._imported(loaded.file.path, written, span, seen) for written, span in reversed(imports))
            pending += [(each, each.module) for each in found if each is not None]

    def _imported(self, path: str, written: str, span: Span, seen: set[str]) -> Loaded | None:
        """The file that an import names, where it has not been seen."""
        target = self._target(path, written)
        if target is None:
            if not written.startswith(("<", "/", "~")):
                message = f"the imported module `{written[:120]}` is not here: what it sets is not known"
                self.notes.append(Note("import-missing", message, span, Effect.UNKNOWN, Level.NOTE))
            return None
        if target in seen or not target.endswith(".nix"):
            return None
        if len(seen) >= _MOST_MODULES:
            message = f"the imported module `{written[:120]}` is not read: {_MOST_MODULES:,} others are; what it sets is not known"
            self.notes.append(Note("import-missing", message, span, Effect.UNKNOWN, Level.NOTE))
            return None
        seen.add(target)
        self._used.add(target)
        loaded = self._load(target)
        if loaded is not None and loaded.module.definitions:
            self.read.add(target)
        return loaded

    # -- what is not read

    def _say_unread(self, path: str, loaded: Loaded) -> None:
        """Settings of the firewall in places that are not followed: they are said, not skipped."""
        for binding in loaded.file.bindings():
            written = field(binding, "attrpath")
            words = loaded.file.text(written).split(".") if written is not None else []
            about = "networking" in words[:-1] and "firewall" in words
            if about and binding.start_byte not in loaded.looked_at and "options" not in words:
                self.read.add(path)
                message = "this sets the firewall in a place that is not followed: check the evaluated configuration"
                self.notes.append(Note("setting-unread", message, _one_line(loaded.file.span(binding)), Effect.UNKNOWN, Level.NOTE))


def _tells(definition: Definition) -> bool:
    path = definition.path
    return path[:2] in _TELLING or path[-1] == "openFirewall" or path[:2] == ("services", "openssh") or misspelt(path) is not None


def _span(settings: Settings, path: str) -> Span:
    first = settings.span("networking", "firewall") or settings.span("services", "openssh") or settings.span("networking")
    return _one_line(first) if first is not None else Span.of_file(path)


def _one_line(span: Span) -> Span:
    """The beginning of what may be long."""
    return span if span.line == span.end_line else Span(span.path, span.line, span.column, span.line, span.column + 1)


def _machines(file: NixFile) -> Iterator[tuple[str, Node, tuple[Node, ...]]]:
    """`nixosConfigurations.<name> = nixpkgs.lib.nixosSystem { modules = [ … ]; }`, wherever in the file."""
    if b"nixosConfigurations" not in file.data:
        return
    for binding in file.bindings():
        path, value = path_of(binding, file), field(binding, "expression")
        if value is None or "nixosConfigurations" not in path:
            continue
        behind = path[path.index("nixosConfigurations") + 1 :]
        if behind:
            yield from _system(file, behind[0], binding, value)
            continue
        value, _ = unwrapped(value, TOP)
        for inner in bindings_of(value) if value.type in ATTRSETS else ():
            name, system = path_of(inner, file), field(inner, "expression")
            if name and system is not None:
                yield from _system(file, name[0], inner, system)


def _system(file: NixFile, name: str, binding: Node, value: Node) -> Iterator[tuple[str, Node, tuple[Node, ...]]]:
    value, _ = unwrapped(value, TOP)
    if value.type != "apply_expression":
        return
    function, arguments = call_of(value, file)
    given = next((each for each in arguments if each.type in ATTRSETS), None)
    if given is None or "ystem" not in function:
        return
    for binding_ in bindings_of(given):
        modules = field(binding_, "expression")
        if path_of(binding_, file) == ("modules",) and modules is not None:
            yield name, binding, tuple(_listed(unwrapped(modules, TOP)[0]))


def _listed(node: Node, depth: int = 0) -> Iterator[Node]:
    if node.type == "list_expression":
        yield from (unwrapped(each, TOP)[0] for each in named(node))
    elif node.type == "binary_expression" and depth < _DEEPEST_FLAKE:
        for side in ("left", "right"):
            part = field(node, side)
            if part is not None:
                yield from _listed(unwrapped(part, TOP)[0], depth + 1)
