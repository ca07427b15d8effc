"""Where the modules are that a configuration calls: beside it, or where `terraform init` put them."""

from __future__ import annotations

import posixpath
import re

from auditor.files import Tree, Unreadable, normalise
from auditor.model.record import dataclass

REGISTRY = re.compile(r"(?:(?P<host>[\w-]+(?:\.[\w-]+)+(?::\d+)?)/)?(?P<module>[\w-]+/[\w-]+/[\w-]+)(?P<subdirectory>//.*)?")


@dataclass(frozen=True, slots=True)
class Manifest:
    """`.terraform/modules/modules.json`: the path of call names, joined by dots → (source, directory relative to the tree)."""

    entries: dict[str, tuple[str, str]]

    def directory(self, calls: tuple[str, ...], source: str) -> str | None:
        """Where the module called by this path of names is, if it was installed from that source."""
        entry = self.entries.get(".".join(calls))
        return entry[1] if entry and canonical(source) == canonical(entry[0]) else None


def canonical(source: str) -> str:
    """A registry source with its host, as the manifest has it; others as they are."""
    match = REGISTRY.fullmatch(source)
    if match is None:
        return source
    return f"{match['host'] or 'registry.terraform.io'}/{match['module']}{match['subdirectory'] or ''}"


def read_manifest(tree: Tree, root: str) -> Manifest:
    """The manifest of a root module; an empty one where there is none that can be read."""
    path = posixpath.join(root, ".terraform/modules/modules.json")
    entries: dict[str, tuple[str, str]] = {}
    if not tree.exists(path):
        return Manifest(entries)
    import json

    try:
        document = json.loads(tree.read_bytes(path))
    except (Unreadable, ValueError, RecursionError):
        return Manifest(entries)
    modules = document.get("Modules") if isinstance(document, dict) else None
    for module in modules if isinstance(modules, list) else ():
        if isinstance(module, dict) and all(isinstance(module.get(key), str) for key in ("Key", "Source", "Dir")):
            try:
                entries[module["Key"]] = (module["Source"], clean(posixpath.join(root, module["Dir"])))
            except Unreadable:
                continue
    return Manifest(entries)


def is_local(source: str) -> bool:
    return source.startswith(("./", "../")) or source in (".", "..")


def local_directory(calling: str, source: str) -> str | None:
    """The directory of a local source, None if it leads out of the tree."""
    try:
        return clean(posixpath.join(calling, source))
    except Unreadable:
        return None


def clean(path: str) -> str:
    """A directory relative to the tree, "" for the tree's own root. Raises `Unreadable` for one outside."""
    normal = normalise(path)
    return "" if normal == "." else normal
