"""Every trap that is described shows on its fixture, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.files import DirectoryTree
from auditor.formats.base import Options
from auditor.formats.pfsense import FORMAT
from auditor.formats.pfsense.lints import LINTS
from auditor.model.source import Note

FIXTURES = Path(__file__).parents[3] / "fixtures" / "pfsense"
TRAPS = [lint.trap for lint in LINTS]
COMPANY = {
    "port-alias-range": {"rule-dropped"},
    "partial-file": {"alias-unresolved"},
    "rule-dropped": {"undefined-reference"},
    "undefined-reference": {"rule-dropped"},
    "forward-dropped": {"undefined-reference"},
}


def _notes(case: str) -> tuple[Note, ...]:
    tree = DirectoryTree(FIXTURES / case)
    paths = [path for path in tree.paths() if FORMAT.claims(path, tree.read_bytes(path)[:4096])]
    assert paths, "a fixture is recognised"
    return FORMAT.load(tree, paths, Options()).notes


@pytest.mark.parametrize("trap", TRAPS)
def test_each_trap_shows_on_its_fixture(trap: str) -> None:
    assert {note.trap for note in _notes(trap)} == {trap} | COMPANY.get(trap, set())


@pytest.mark.parametrize("trap", TRAPS)
def test_a_note_points_into_the_file(trap: str) -> None:
    for note in _notes(trap):
        text = (FIXTURES / trap / note.span.path).read_text()
        line = text.split("\n")[note.span.line - 1]
        assert line[note.span.column - 1] == "<"


def test_no_trap_is_described_twice() -> None:
    assert len(set(TRAPS)) == len(TRAPS)


def test_the_documents_table_for_the_kubernetes_network_has_no_trap() -> None:
    assert _notes("kubernetes-vlan") == ()
