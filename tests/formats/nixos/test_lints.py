"""Every lint has a fixture that shows it, and nothing is said that is not described."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.files import DirectoryTree
from auditor.formats.nixos import FORMAT
from auditor.model.graph import Graph
from tests.formats.nixos.samples import load_tree

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures/nixos"
TRAPS = {lint.trap for lint in FORMAT.lints()}


def load(directory: Path) -> Graph:
    return load_tree(DirectoryTree(directory))


@pytest.mark.parametrize("trap", sorted(TRAPS))
def test_a_lint_is_shown_by_its_fixture(trap: str) -> None:
    assert {note.trap for note in load(FIXTURES / "lints" / trap).notes} == {trap}


@pytest.mark.parametrize("directory", sorted((FIXTURES / "lints").iterdir()), ids=lambda path: path.name)
def test_every_fixture_is_of_a_lint(directory: Path) -> None:
    assert directory.name in TRAPS


def test_no_lint_is_described_twice() -> None:
    assert len(TRAPS) == len(FORMAT.lints())


def test_a_remark_points_at_the_value_that_is_meant() -> None:
    note = next(iter(load(FIXTURES / "lints" / "trusted-interface").notes))
    line = (FIXTURES / "lints/trusted-interface/configuration.nix").read_text().splitlines()[note.span.line - 1]
    assert line[note.span.column - 1 : note.span.end_column - 1] == '"lan0"'
