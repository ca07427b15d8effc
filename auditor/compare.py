"""Two states of a configuration, each a directory or a git revision, and what lies between them.

What was asked of the first state's files is remembered: where the second answers the same, it is the same, and is not read again.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from auditor import audit
from auditor.analysis.again import Memory
from auditor.deliver import from_here
from auditor.files import DirectoryTree, GitTree, Tree, Unreadable
from auditor.model.findings import Outcome, Run
from auditor.model.record import dataclass, replace
from auditor.origin import repository_of
from auditor.policy.changes import Change, Turn, changes, turns

REVISION = "rev:"
UNPARSABLE = "auditor/unparsable"


@dataclass(frozen=True, slots=True)
class State:
    """One state: what was read, and what was found."""

    reading: audit.Reading
    run: Run


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that could not be read, in the state "before" or "after"."""

    state: str
    path: str
    message: str


def states(base: str, head: str, request: audit.Request) -> tuple[State, State]:
    """Both states, each a directory or file, or `rev:NAME`; the second is read only if it differs. Raises `UsageError`."""
    memory = Memory()
    (asked, was_inputs), (tree, inputs) = _tree(base), _tree(head)
    reading = audit.read(asked, was_inputs, replace(request, paths=(base,)))
    before = State(reading, audit.run_of(reading, request, memory))
    if isinstance(asked, _Directory | _Revision) and inputs == was_inputs and not request.var_files and _same(asked, tree):
        return before, State(replace(reading, tree=tree), before.run)
    reading = audit.read(tree, inputs, replace(request, paths=(head,)))
    return before, State(reading, audit.run_of(reading, request, memory))


def _tree(text: str) -> tuple[Tree, tuple[str, ...]]:
    if text.startswith(REVISION):
        return _revision(text)
    if not Path(text).exists() and repository_of(Path.cwd()) is not None:
        raise audit.UsageError(f"{text}: there is no such file or directory; a revision is written rev:{text}")
    tree, inputs = audit.tree_of((text,))
    return (_Directory(tree.root) if isinstance(tree, DirectoryTree) else tree), inputs


Answers = dict[tuple[str, str, int], object]
"""(what was asked, of which path, how many bytes) → the answer, contents as a digest."""


class _Directory(DirectoryTree):
    """A directory that remembers what was asked of it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.answers: Answers = {}

    def exists(self, path: str) -> bool:
        found = super().exists(path)
        self.answers["exists", path, 0] = found
        return found

    def read_bytes(self, path: str) -> bytes:
        return _noted(self.answers, ("read", path, 0), super().read_bytes)

    def read_head(self, path: str, size: int) -> bytes:
        return _noted(self.answers, ("head", path, size), lambda each: DirectoryTree.read_head(self, each, size))


class _Revision(GitTree):
    """A revision that remembers what was asked of it."""

    def __init__(self, repository: Path, revision: str) -> None:
        super().__init__(repository, revision)
        self.answers: Answers = {}

    def exists(self, path: str) -> bool:
        found = super().exists(path)
        self.answers["exists", path, 0] = found
        return found

    def read_bytes(self, path: str) -> bytes:
        return _noted(self.answers, ("read", path, 0), super().read_bytes)


def _noted(answers: Answers, question: tuple[str, str, int], read: Callable[[str], bytes]) -> bytes:
    try:
        data = read(question[1])
    except Unreadable as error:
        answers[question] = str(error)
        raise
    answers[question] = _digest(data)
    return data


def _digest(data: bytes) -> bytes:
    from hashlib import blake2b

    return blake2b(data, digest_size=16).digest()


def _same(asked: _Directory | _Revision, tree: Tree) -> bool:
    """Whether `tree` answers everything as the first did, so that the same was read from it."""
    return list(asked.paths()) == list(tree.paths()) and all(_answer(tree, *question) == known for question, known in asked.answers.items())


def _answer(tree: Tree, what: str, path: str, size: int) -> object:
    if what == "exists":
        return tree.exists(path)
    try:
        return _digest(tree.read_head(path, size) if what == "head" else tree.read_bytes(path))
    except Unreadable as error:
        return str(error)


def _revision(text: str) -> tuple[Tree, tuple[str, ...]]:
    """The working directory as it was at a revision of its repository."""
    name = text.removeprefix(REVISION)
    found = repository_of(Path.cwd())
    if found is None:
        raise audit.UsageError(f"{text}: {Path.cwd()} is in no git repository")
    if not name or name.startswith("-") or ":" in name:
        raise audit.UsageError(f"{text}: name a revision, as in rev:main or rev:HEAD~1")
    top, prefix = found
    tree = _Revision(top, f"{name}:{prefix}")
    try:
        tree.paths()
    except Unreadable as error:
        raise audit.UsageError(f"{text}: {_why_unread(name, top) if 'Not a valid object name' in str(error) else error}") from None
    return tree, ("",)


def _why_unread(name: str, top: Path) -> str:
    try:
        GitTree(top, name).paths()
    except Unreadable:
        return f"git knows no revision {name!r} of this repository"
    return f"{Path.cwd()} is not in it: git has no file of this directory there"


def changes_between(before: State, after: State) -> tuple[Change, ...]:
    """The flows that changed, with the paths of each state as seen from the working directory."""
    if before.reading.graph is after.reading.graph:
        return ()
    found = changes((before.reading.graph, before.reading.cast), (after.reading.graph, after.reading.cast))
    return tuple(_from_here(each, before.reading.tree, after.reading.tree) for each in found)


def _from_here(change: Change, before: Tree, after: Tree) -> Change:
    location = (change.location,) if change.location is not None else ()
    (there,) = from_here(location, before if change.was_there else after) or (None,)
    return replace(change, location=there, trace=from_here(change.trace, before if change.was_traced else after))


def unread_in(before: State, after: State) -> tuple[Unread, ...]:
    """The files of either state that could not be read: what they say is missing in what is told."""
    return tuple(
        Unread(name, each.location.span.path if each.location else "", each.message)
        for name, state in (("before", before), ("after", after))
        for each in state.run.findings
        if each.rule == UNPARSABLE and each.outcome is Outcome.BROKEN
    )


def turns_between(before: State, after: State) -> tuple[Turn, ...]:
    """The requirements whose outcome changed."""
    return turns(before.run.outcomes(), after.run.outcomes())
