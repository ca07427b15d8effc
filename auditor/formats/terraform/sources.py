"""The Terraform files of a tree, each read once: modules as they are written, before anything is evaluated."""

from __future__ import annotations

import codecs
import posixpath
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from auditor.files import Tree, Unreadable
from auditor.formats.terraform.bodies import Attribute, Block, Body, HclBody, Index, MergedBody, index
from auditor.formats.terraform.parse import is_too_blank
from auditor.formats.terraform.places import Place, SourceFile
from auditor.formats.terraform.unsupported import makes_rules, unsupported, unsupported_in_file
from auditor.model.record import dataclass, field
from auditor.model.source import Effect, Level, Note, Span

if TYPE_CHECKING:
    from auditor.formats.terraform.variables import Declaration

MAX_BYTES = 2 * 1024 * 1024
Key = TypeVar("Key")
ENDINGS = (".tf", ".tofu", ".tf.json", ".tofu.json")


@dataclass(slots=True)
class ModuleSource:
    """The blocks of one directory, overrides applied. Resources by (mode, type, name); modes are "resource", "data", "ephemeral".

    `kinds` are the modes and types of its resources. `declarations` are the variables that were evaluated so far: types and
    defaults are the same for every instance.
    """

    directory: str
    paths: tuple[str, ...] = ()
    locals: dict[str, Attribute] = field(default_factory=dict)
    variables: dict[str, Block] = field(default_factory=dict)
    outputs: dict[str, Block] = field(default_factory=dict)
    calls: dict[str, Block] = field(default_factory=dict)
    resources: dict[tuple[str, str, str], Block] = field(default_factory=dict)
    requires: list[Attribute] = field(default_factory=list)
    declarations: dict[str, Declaration] = field(default_factory=dict)
    kinds: set[tuple[str, str]] = field(default_factory=set)
    broken: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


class Sources:
    """Reads the files of `tree`; files with equal content are looked through once."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self._modules: dict[str, ModuleSource] = {}
        self._indexes: dict[bytes, Index] = {}
        self._files: dict[str, list[str]] | None = None
        self._texts: dict[str, SourceFile | Note] = {}

    def files_in(self, directory: str) -> list[str]:
        """The names of the files in a directory."""
        if self._files is None:
            self._files = {}
            for path in self.tree.paths():
                parent, name = posixpath.split(path)
                self._files.setdefault(parent, []).append(name)
        return self._files.get(directory, [])

    def text(self, path: str) -> SourceFile | Note:
        """The bytes of a file, or why there are none."""
        if path not in self._texts:
            self._texts[path] = _read(self.tree, path)
        return self._texts[path]

    def index(self, data: bytes) -> Index:
        """What stands in HCL text."""
        found = self._indexes.get(data)
        if found is None:
            found = self._indexes[data] = index(data)
        return found

    def module(self, directory: str) -> ModuleSource:
        """The module in a directory; an empty one if no Terraform files are there."""
        if directory not in self._modules:
            self._modules[directory] = _Assembly(self, directory).module
        return self._modules[directory]

    def body(self, path: str, notes: list[Note]) -> Body | None:
        """The inside of a file, None if it cannot be read. What is wrong with it is added to `notes`."""
        file = self.text(path)
        if isinstance(file, Note):
            notes.append(file)
            return None
        if path.endswith(".json"):
            return _json_body(file, notes)
        found = self.index(file.data)
        notes.extend(_unparsable(file, problem.start, problem.end, problem.message) for problem in found.problems)
        return HclBody(file, found.body)


def _read(tree: Tree, path: str) -> SourceFile | Note:
    try:
        data = tree.read_bytes(path)
    except Unreadable as error:
        return _unreadable(path, str(error))
    data = data.removeprefix(codecs.BOM_UTF8)
    if len(data) > MAX_BYTES:
        return _unreadable(path, f"is larger than {MAX_BYTES // 1024 // 1024} MiB, which no Terraform file should be")
    if b"\0" in data:
        return _unreadable(path, "is binary: it has NUL bytes")
    if not path.endswith(".json") and is_too_blank(data):
        return _unreadable(path, "has thousands of blanks in one place, which nobody writes")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return _unreadable(path, f"is not UTF-8 text (line {data.count(10, 0, error.start) + 1})")
    return SourceFile(path, data)


def _unreadable(path: str, reason: str) -> Note:
    return Note("unparsable", f"{path} {reason}; nothing in it was checked", Span.of_file(path), Effect.UNKNOWN, Level.ERROR)


def _unparsable(file: SourceFile, start: int, end: int, message: str) -> Note:
    hint = ""
    if b"{{" in file.data and "syntax" in message:
        hint = " (the file has {{ }} marks: if it is a template of another tool, leave it out)"
    line_end = file.data.find(b"\n", start)
    end = min(end, line_end) if line_end > start else end
    text = f"Terraform would refuse this file: {message}{hint}; rules after this place may not have been seen"
    return Note("unparsable", text, file.span(start, max(end, start + 1)), Effect.REFUSED, Level.ERROR)


def _json_body(file: SourceFile, notes: list[Note]) -> Body | None:
    from auditor.formats.terraform.jsontext import BadJson, JsonArray, JsonBody, objects_of, parse_json

    try:
        node = parse_json(file)
    except BadJson as error:
        notes.append(_unparsable(file, error.offset, error.offset + 1, error.message))
        return None
    objects = objects_of(node)
    if len(objects) < (len(node.items) if isinstance(node, JsonArray) else 1):
        notes.append(_unparsable(file, node.start, node.end, "a Terraform JSON file is an object, or an array of objects"))
        return None
    return JsonBody(*objects)


def is_configuration(name: str) -> bool:
    """Whether a file's name makes it part of a module."""
    return name.endswith(ENDINGS) and not name.startswith(".")


def _is_override(name: str) -> bool:
    stem = next(name.removesuffix(ending) for ending in reversed(ENDINGS) if name.endswith(ending))
    return stem == "override" or stem.endswith("_override")


def _chosen(names: Iterable[str]) -> list[str]:
    """The files that count: `x.tofu` hides `x.tf`."""
    found = sorted(name for name in names if is_configuration(name))
    hidden = {name.replace(".tofu", ".tf", 1) for name in found if ".tofu" in name}
    return [name for name in found if name not in hidden]


class _Assembly:
    """Puts a module together from its files."""

    def __init__(self, sources: Sources, directory: str) -> None:
        self.module = ModuleSource(directory)
        names = _chosen(sources.files_in(directory))
        self.module.paths = tuple(posixpath.join(directory, name) for name in names)
        for overriding in (False, True):
            for name in names:
                if _is_override(name) is overriding:
                    self.file(sources, posixpath.join(directory, name), overriding)

    def file(self, sources: Sources, path: str, overriding: bool) -> None:
        problems: list[Note] = []
        body = sources.body(path, problems)
        self.module.notes.extend(problems)
        if problems:
            self.broken(path)
        if body is not None:
            for place, message in () if problems else unsupported_in_file(body):
                self.refuse(message, place)
            for block in body.blocks("resource", "data", "ephemeral", "module", "variable", "output", "locals", "terraform"):
                self.block(block, overriding)

    def block(self, block: Block, overriding: bool) -> None:
        module, labels = self.module, block.labels
        if block.type in ("resource", "variable", "output"):
            self.unsupported(block)
        if block.type == "terraform":
            version = block.body.attribute("required_version")
            module.requires.extend([version] if version else [])
        elif block.type == "locals":
            for name in block.body.attribute_names():
                attribute = block.body.attribute(name)
                assert attribute is not None
                if name in module.locals and not overriding:
                    self.twice(f"local.{name}", attribute.place)
                else:
                    module.locals[name] = attribute
        elif block.type in ("resource", "data", "ephemeral"):
            if len(labels) != 2:
                self.refuse(f"a {block.type} block has two labels, its type and its name", block.place)
            else:
                self.put(module.resources, (block.type, labels[0], labels[1]), block, overriding)
                module.kinds.add((block.type, labels[0]))
        elif len(labels) != 1:
            self.refuse(f"a {block.type} block has one label, its name", block.place)
        else:
            tables = {"module": module.calls, "variable": module.variables, "output": module.outputs}
            self.put(tables[block.type], labels[0], block, overriding)

    def put(self, table: dict[Key, Block], key: Key, block: Block, overriding: bool) -> None:
        known = table.get(key)
        if overriding and known is not None:
            table[key] = Block(known.type, known.labels, known.place, MergedBody(known.body, block.body))
        elif overriding:
            self.refuse(f'there is no {block.type} "{block.labels[-1]}" to override', block.place)
        elif known is not None:
            self.twice(f'{block.type} "{block.labels[-1]}"', block.place)
        else:
            table[key] = block

    def unsupported(self, block: Block) -> None:
        found = list(unsupported(block))
        self.module.notes.extend(found)
        if found and makes_rules(block):
            self.broken(block.place.file.path)

    def broken(self, path: str) -> None:
        """Keep in mind, once, that a file has more in it than was read."""
        if path not in self.module.broken[-1:]:
            self.module.broken.append(path)

    def twice(self, what: str, place: Place) -> None:
        self.refuse(f"{what} is declared a second time; only the first was checked", place)

    def refuse(self, message: str, place: Place) -> None:
        note = Note("unparsable", f"Terraform would refuse this module: {message}", place.span, Effect.REFUSED, Level.ERROR)
        self.module.notes.append(note)
        self.broken(place.file.path)


def directories(paths: Iterable[str]) -> Iterator[str]:
    """The directories of `paths` that hold Terraform files, in order."""
    found = {posixpath.dirname(path) for path in paths if is_configuration(posixpath.basename(path))}
    yield from sorted(found)
