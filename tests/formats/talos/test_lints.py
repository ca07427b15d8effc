"""Every lint has a fixture that shows it, and nothing is said that is not described."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.files import DirectoryTree
from auditor.formats.base import Options
from auditor.formats.talos import FORMAT
from auditor.model.graph import Graph

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures/talos"
TRAPS = {lint.trap for lint in FORMAT.lints()}
SIDE_REMARKS = {"assumed-base", "role-by-name"}


def load(directory: Path) -> Graph:
    tree = DirectoryTree(directory)
    return FORMAT.load(tree, [path for path in tree.paths() if FORMAT.claims(path, tree.read_bytes(path)[:4096])], Options())


@pytest.mark.parametrize("trap", sorted(TRAPS))
def test_a_lint_is_shown_by_its_fixture(trap: str) -> None:
    graph = load(FIXTURES / "lints" / trap)
    assert trap in {note.trap for note in graph.notes}


# What cannot be shown without showing another along with it.
ALSO = {"delete-replaces-rest": {"rule-lists-replaced"}, "patch-order": {"rule-lists-replaced"}}


@pytest.mark.parametrize("directory", sorted((FIXTURES / "lints").iterdir()), ids=lambda path: path.name)
def test_a_fixture_shows_its_own_lint_and_hardly_another(directory: Path) -> None:
    graph = load(directory)
    others = {note.trap for note in graph.notes} - {directory.name} - SIDE_REMARKS
    assert others <= ALSO.get(directory.name, set())


@pytest.mark.parametrize("directory", [path for path in FIXTURES.rglob("*") if path.is_dir()], ids=lambda path: path.name)
def test_every_remark_is_described(directory: Path) -> None:
    assert {note.trap for note in load(directory).notes} <= TRAPS | {"unparsable"}


def test_the_passing_cluster_has_nothing_to_remark() -> None:
    assert load(FIXTURES / "cluster").notes == ()


def test_no_lint_is_described_twice() -> None:
    assert len(TRAPS) == len(FORMAT.lints())
