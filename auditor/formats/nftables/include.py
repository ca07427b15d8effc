"""Which files an `include` means. Nothing outside the tree is looked at.

nft takes `./x` and `../x` relative to where it was started, other names from its include paths and /etc, which a repository does not tell:
the root of the tree is tried first, then the file's own folder and those above it, then, for absolute paths, their ends.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from fnmatch import fnmatchcase

from auditor.files import Tree, Unreadable, normalise


def find(tree: Tree, pattern: str, by: str) -> tuple[str, ...] | None:
    """The files, in the order nft reads them; None where there is none and the pattern has no wildcard."""
    wild = any(mark in pattern for mark in "*?[")
    for candidate in _candidates(pattern, posixpath.dirname(by)):
        found = _matching(tree, candidate, wild)
        if found:
            return found
    return () if wild else None


def _candidates(pattern: str, folder: str) -> Iterator[str]:
    relative = pattern.lstrip("/") if pattern.startswith("/") else pattern
    folders = ["", folder]
    while folder:
        folder = posixpath.dirname(folder)
        folders.append(folder)
    ends = [relative]
    if pattern.startswith("/"):
        parts = relative.split("/")
        ends += ["/".join(parts[index:]) for index in range(1, len(parts) - 1)]
    seen = set()
    for end in ends:
        for start in folders:
            try:
                path = normalise(posixpath.join(start, end))
            except Unreadable:
                continue
            if path not in seen:
                seen.add(path)
                yield path


def _matching(tree: Tree, path: str, wild: bool) -> tuple[str, ...]:
    if not wild:
        return (path,) if tree.exists(path) else ()
    asked = path.split("/")
    found = (each for each in tree.paths() if _fits(each.split("/"), asked))
    return tuple(sorted(each for each in found if not posixpath.basename(each).startswith(".")))


def _fits(names: list[str], asked: list[str]) -> bool:
    """Whether a path fits a pattern name by name: no wildcard stands for a slash."""
    return len(names) == len(asked) and all(map(fnmatchcase, names, asked))
