"""Laws of diff and fix, on every fixture of every dialect: nothing changes by itself, what one way opens the other closes, a fix is one."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

from auditor import audit
from auditor.files import DirectoryTree, MemoryTree, read_text
from auditor.fixing.patch import patch_of
from auditor.fixing.prove import Proven, fixes
from auditor.fixing.state import State
from auditor.fixing.wanted import Texts
from auditor.model.findings import Outcome
from auditor.policy.changes import Change, Effect, changes
from tests.policy.matrix import ROOT, Cell, Mutant, cells

FIXTURES = ROOT / "fixtures"
MIRRORED = {Effect.OPENED: Effect.CLOSED, Effect.CLOSED: Effect.OPENED}


def trees() -> list[str]:
    """Every fixture: a case of a dialect, a single lint of one, a cell of the matrix."""
    found: list[Path] = []
    for case in sorted(FIXTURES.glob("*/*")):
        inner = sorted(path for path in case.iterdir() if path.is_dir()) if case.name == "lints" or case.parent.name == "matrix" else [case]
        found += inner if case.is_dir() else []
    return [str(path.relative_to(FIXTURES)) for path in found]


def state_of(folder: Path, request: audit.Request, texts: Texts | None = None) -> State:
    return State.of(MemoryTree(dict(texts or {}), under=DirectoryTree(folder)), ("",), request)


def between(before: State, after: State) -> list[Change]:
    return list(changes((before.reading.graph, before.reading.cast), (after.reading.graph, after.reading.cast)))


@pytest.mark.parametrize("tree", trees())
def test_nothing_changes_between_a_tree_and_itself_and_its_fixes_are_fixes(tree: str, tmp_path: Path) -> None:
    request = audit.Request(paths=(str(FIXTURES / tree),))
    state = state_of(FIXTURES / tree, request)
    assert between(state, state_of(FIXTURES / tree, request)) == []
    for found in fixes(state, frozenset(), unsafe=False):
        if isinstance(found, Proven) and found.safe:
            mends(state, found, tmp_path)
            state = state.with_texts(found.texts)


@cache
def asked_of(cell: Cell, parameters: tuple[str, ...]) -> audit.Request:
    return audit.Request(paths=(str(cell.folder),), rulesets=(cell.ruleset,), parameters=parameters)


def broken(cell: Cell) -> Iterator[tuple[Mutant, State, State]]:
    """Each change that breaks a requirement, with the fixture before it, where that is as good as it gets, and after."""
    good: dict[object, State] = {}
    for mutant in cell.mutants:
        if mutant.outcome is Outcome.BROKEN:
            key = (mutant.parameters, mutant.first)
            if key not in good:
                first = Mutant(mutant.requirement, mutant.outcome, (), mutant.parameters, mutant.first)
                good[key] = state_of(cell.folder, asked_of(cell, mutant.parameters), texts_of(cell, first))
            yield mutant, good[key], state_of(cell.folder, asked_of(cell, mutant.parameters), texts_of(cell, mutant))


def texts_of(cell: Cell, mutant: Mutant) -> Texts:
    return {path: cell.text(mutant, path) for path, _, _ in (*mutant.first, *mutant.edits)}


CELLS = [pytest.param(cell, id=f"{cell.ruleset}-{cell.dialect}") for cell in cells()]


@pytest.mark.parametrize("cell", CELLS)
def test_what_breaks_a_requirement_opens_one_way_what_it_closes_the_other_and_is_mended(cell: Cell, tmp_path: Path) -> None:
    for mutant, good, bad in broken(cell):
        there, back = between(good, bad), between(bad, good)
        decided = [[each for each in found if each.effect in MIRRORED] for found in (there, back)]
        assert {(MIRRORED[each.effect], *flow(each)) for each in decided[0]} == {(each.effect, *flow(each)) for each in decided[1]}, mutant
        rule = f"{cell.ruleset}/{mutant.requirement}"
        for found in fixes(bad, frozenset({rule}), unsafe=True):
            assert isinstance(found, Proven) is offered(cell, mutant.requirement), found
            if isinstance(found, Proven):
                mends(bad, found, tmp_path)
            else:
                assert found.why


UNMENDED = (
    ("*", "*", "enforced"),  # it asks for a firewall, not for a rule
    ("*", "nixos", "*"),  # what Nix evaluated is told what its modules need, and not written
    ("disruptive-*", "switch", "no*"),  # what looks like an answer over UDP keeps it open, whatever the list denies
)


def offered(cell: Cell, name: str) -> bool:
    """Whether a change is offered for what breaks: nearly always."""
    return not any(all(map(fnmatchcase, (cell.ruleset, cell.dialect, name), each)) for each in UNMENDED)


def flow(change: Change) -> tuple[object, ...]:
    return change.source, change.destination, change.packets


def mends(before: State, found: Proven, folder: Path) -> None:
    """The patch applies; with it the requirement holds, no other is worse, and nothing more is offered for it."""
    after = before.with_texts(patched(before, found.texts, folder))
    was, now = before.run.outcomes(), after.run.outcomes()
    assert now[found.rule] is Outcome.HOLDS
    idle = "hygiene/redundant-rule"
    assert all(outcome.weight <= was.get(rule, Outcome.HOLDS).weight for rule, outcome in now.items() if rule != idle)
    assert list(fixes(after, frozenset({found.rule}), unsafe=True)) == []


def patched(before: State, texts: Texts, folder: Path) -> Texts:
    """The files as `git apply` makes them of the patch: just what was proven."""
    for path in texts:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(before.tree.read_bytes(path))
    patch = patch_of(before.tree, texts, ".")
    subprocess.run(["git", "apply", "-"], input=patch.encode(), cwd=folder, check=True, capture_output=True)
    applied = {path: read_text(DirectoryTree(folder), path).text for path in texts}
    assert applied == texts
    return applied
