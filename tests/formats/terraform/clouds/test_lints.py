"""Every lint has a small configuration that shows it, and nothing else is ever remarked on."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.files import DirectoryTree
from auditor.formats.base import Options
from auditor.formats.terraform import FORMAT
from auditor.formats.terraform.lints import LEVELS, LINTS
from auditor.model.source import Note

FIXTURES = Path(__file__).parents[4] / "fixtures/terraform/lints"


def notes_of(directory: Path) -> tuple[Note, ...]:
    tree = DirectoryTree(directory)
    paths = [path for path in tree.paths() if FORMAT.claims(path, tree.read_bytes(path)[:4096])]
    return FORMAT.load(tree, paths, Options()).notes


@pytest.mark.parametrize("trap", sorted(LEVELS))
def test_the_lint_is_found_in_its_fixture_at_its_level(trap: str) -> None:
    found = [note for note in notes_of(FIXTURES / trap) if note.trap == trap]
    assert found
    assert {note.level for note in found} == {LEVELS[trap]}


@pytest.mark.parametrize("case", sorted(path.name for path in FIXTURES.iterdir()))
def test_a_fixture_shows_lints_that_are_described(case: str) -> None:
    assert {note.trap for note in notes_of(FIXTURES / case)} <= LEVELS.keys()


def test_every_lint_says_why_and_what_to_do() -> None:
    assert len(LEVELS) == len(LINTS)
    assert all(lint.why and lint.fix and lint.title for lint in LINTS)
