"""Two states of a configuration, each a directory or a git revision, and what lies between them."""

from __future__ import annotations

from pathlib import Path

from auditor import audit
from auditor.files import GitTree, Tree, Unreadable
from auditor.model.findings import Run
from auditor.model.record import dataclass, replace
from auditor.origin import repository_of
from auditor.policy.changes import Change, Turn, changes, turns

REVISION = "rev:"


@dataclass(frozen=True, slots=True)
class State:
    """One state: what was read, and what was found."""

    reading: audit.Reading
    run: Run


def state(text: str, request: audit.Request) -> State:
    """The state that `text` names: a directory or file, or `rev:NAME`. Raises `UsageError`."""
    tree, inputs = _revision(text) if text.startswith(REVISION) else audit.tree_of((text,))
    reading = audit.read(tree, inputs, replace(request, paths=(text,)))
    return State(reading, audit.run_of(reading, request))


def _revision(text: str) -> tuple[Tree, tuple[str, ...]]:
    """The working directory as it was at a revision of its repository."""
    name = text.removeprefix(REVISION)
    found = repository_of(Path.cwd())
    if found is None:
        raise audit.UsageError(f"{text}: {Path.cwd()} is in no git repository")
    if not name or name.startswith("-") or ":" in name:
        raise audit.UsageError(f"{text}: name a revision, as in rev:main or rev:HEAD~1")
    top, prefix = found
    tree = GitTree(top, f"{name}:{prefix}")
    try:
        tree.paths()
    except Unreadable as error:
        raise audit.UsageError(f"{text}: {error}") from None
    return tree, ("",)


def changes_between(before: State, after: State) -> tuple[Change, ...]:
    """The flows that changed."""
    return tuple(changes((before.reading.graph, before.reading.cast), (after.reading.graph, after.reading.cast)))


def turns_between(before: State, after: State) -> tuple[Turn, ...]:
    """The requirements whose outcome changed."""
    return turns(before.run.outcomes(), after.run.outcomes())
