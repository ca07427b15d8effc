"""Every lint is described, and has files that show it."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.files import DirectoryTree
from auditor.formats.base import Options
from auditor.formats.proxmox import FORMAT
from auditor.formats.proxmox.lints import LINTS
from auditor.hypervisors import proxmox_with_terraform
from auditor.model.graph import Graph

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "proxmox"
SHOWN = sorted(path.name.removeprefix("lint-") for path in FIXTURES.glob("lint-*"))


def read(case: str) -> Graph:
    tree = DirectoryTree(FIXTURES / case)
    claimed = [path for path in tree.paths() if FORMAT.claims(path, tree.read_head(path, 4096))]
    return proxmox_with_terraform(tree, claimed, [path for path in tree.paths() if path.endswith(".tf")], Options())


def test_every_lint_has_a_fixture_and_every_fixture_a_lint() -> None:
    assert sorted(lint.trap for lint in LINTS) == SHOWN


def test_no_lint_is_described_twice() -> None:
    assert len({lint.trap for lint in LINTS}) == len(LINTS)


@pytest.mark.parametrize("trap", SHOWN)
def test_the_fixture_shows_its_lint(trap: str) -> None:
    assert trap in {note.trap for note in read(f"lint-{trap}").notes}


@pytest.mark.parametrize("case", sorted(path.name for path in FIXTURES.iterdir()))
def test_no_fixture_emits_a_trap_that_is_not_described(case: str) -> None:
    assert {note.trap for note in read(case).notes} <= {lint.trap for lint in LINTS}


def test_what_passes_has_nothing_to_remark() -> None:
    assert read("talos").notes == ()


def test_a_lost_denial_weighs_more_than_a_lost_permit() -> None:
    levels = {note.span.line: note.level for note in read("lint-rule-dropped").notes if note.trap == "rule-dropped"}
    assert levels[5] == "error"
    assert levels[9] == "warning"
