"""Every lint is described, and has a file that shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.files import DirectoryTree
from auditor.formats.opnsense.lints import LINTS
from auditor.formats.opnsense.load import load

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "opnsense"
SHOWN = sorted(path.name.removeprefix("lint-") for path in FIXTURES.glob("lint-*"))


def traps_in(case: str) -> list[str]:
    return [note.trap for note in load(DirectoryTree(FIXTURES / case), ["config.xml"]).notes]


def test_every_lint_has_a_fixture_and_every_fixture_a_lint() -> None:
    assert sorted(lint.trap for lint in LINTS) == SHOWN


def test_no_lint_is_described_twice() -> None:
    assert len({lint.trap for lint in LINTS}) == len(LINTS)


@pytest.mark.parametrize("trap", SHOWN)
def test_the_fixture_shows_its_lint(trap: str) -> None:
    assert trap in traps_in(f"lint-{trap}")


@pytest.mark.parametrize("case", sorted(path.name for path in FIXTURES.iterdir() if path.is_dir()))
def test_no_fixture_emits_a_trap_that_is_not_described(case: str) -> None:
    assert set(traps_in(case)) <= {lint.trap for lint in LINTS}


@pytest.mark.parametrize("case", ["kubernetes-vlan", "disruptive-option-a", "disruptive-gen2"])
def test_what_passes_has_nothing_to_remark(case: str) -> None:
    assert traps_in(case) == []
