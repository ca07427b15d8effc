"""Which files of a tree a run reads, by dialect. What a user named, and what cannot be looked at, is never left out in silence."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence

from auditor.files import DirectoryTree, Tree, Unreadable, as_utf8
from auditor.formats import FORMATS
from auditor.model.source import Effect, Level, Note, Span
from auditor.policy.config import Config, Input
from auditor.policy.problems import PolicyError, Problem, nearest

HEAD = 4096
_CONFIGURATIONS = (".xml", ".yaml", ".yml", ".json")


def claimed_by_format(
    tree: Tree, inputs: Sequence[str], config: Config, given: Sequence[str] = ()
) -> tuple[dict[str, list[str]], tuple[Note, ...]]:
    """The chosen files that some dialect claims, and a note for each that cannot be opened. Raises `PolicyError` for a name in vain.

    `given` are the inputs as the user named them.
    """
    claimed: dict[str, list[str]] = {}
    chosen = list(_within(tree, inputs, config, tree.paths()))
    closed = list(_unseen(tree, inputs, config))
    for path in chosen:
        try:
            head = as_utf8(tree.read_head(path, HEAD))
        except Unreadable as error:
            closed.append(_closed(path, error))
            continue
        for format_ in FORMATS:
            if format_.claims(path, head):
                claimed.setdefault(format_.name, []).append(path)
    files = [each for each in inputs if each and tree.exists(each)]
    if files and not claimed and not closed:
        called = {inside: name for inside, name in zip(inputs, given, strict=False) if name != "."}
        raise PolicyError(
            [Problem(f"{called.get(each, each)}: no file of a kind auditor reads, by its name and content") for each in files]
        )
    return claimed, tuple(closed)


def in_tree(tree: Tree, path: str) -> str:
    """The path of an option, within the tree: it may be given from the working directory, as those of inputs are."""
    if tree.exists(path) or not isinstance(tree, DirectoryTree) or not os.path.exists(path):
        return path
    inside = os.path.relpath(os.path.realpath(path), tree.root).replace(os.sep, "/")
    return path if inside.startswith("../") else inside


def _unseen(tree: Tree, inputs: Sequence[str], config: Config) -> Iterator[Note]:
    """A note for each directory that may not be looked into, and for each link to a file outside whose name a dialect claims."""
    found = tree.closed() if isinstance(tree, DirectoryTree) else {}
    for path in _within(tree, inputs, config, sorted(found)):
        if path.endswith("/") or _claimed(path):
            yield _closed(path, found[path])


def _within(tree: Tree, inputs: Sequence[str], config: Config, paths: Iterable[str]) -> Iterable[str]:
    """Those of `paths` that the run was asked to read."""
    wanted = [each for each in inputs if each] or [each.path.rstrip("/") for each in _existing(tree, config)]
    whole = not wanted or "." in wanted
    return (path for path in paths if whole or any(path == each or path.startswith(f"{each}/") for each in wanted))


def _existing(tree: Tree, config: Config) -> tuple[Input, ...]:
    """The inputs that auditor.yaml names, all of which are there."""
    missing = [each for each in config.inputs if not _holds(tree, each.path.rstrip("/"))]
    if missing:
        known = {part for path in tree.paths() for part in (path, path.partition("/")[0])}
        raise PolicyError([Problem(f"there is nothing at {each.path!r}{_near(each.path, known)}", each.span) for each in missing])
    return config.inputs


def _holds(tree: Tree, path: str) -> bool:
    return path in ("", ".") or any(each == path or each.startswith(f"{path}/") for each in tree.paths())


def _near(word: str, known: Iterable[str]) -> str:
    close = nearest(word, known)
    return f"; did you mean {close!r}?" if close else ""


def _closed(path: str, error: Unreadable) -> Note:
    level = Level.ERROR if path.endswith(_CONFIGURATIONS) or _claimed(path) else Level.WARNING
    return Note("auditor/unparsable", f"{path} {error}; nothing in it was checked", Span.of_file(path.rstrip("/")), Effect.UNKNOWN, level)


def _claimed(path: str) -> bool:
    return any(format_.claims(path, b"") for format_ in FORMATS)
