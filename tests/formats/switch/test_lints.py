"""Every lint is described, and has a file that shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.files import DirectoryTree
from auditor.formats.base import Options
from auditor.formats.switch import FORMAT
from auditor.formats.switch.lints import LINTS
from auditor.model.source import Note
from tests.formats.switch.samples import traps

FIXTURES = Path(__file__).resolve().parents[3] / "fixtures" / "switch"
SHOWN = sorted(path.name.removeprefix("lint-") for path in FIXTURES.glob("lint-*"))


def notes_in(case: str) -> tuple[Note, ...]:
    tree = DirectoryTree(FIXTURES / case)
    paths = [path for path in tree.paths() if FORMAT.claims(path, tree.read_head(path, 4096))]
    assert paths, "a fixture is recognised"
    return FORMAT.load(tree, paths, Options()).notes


def test_every_lint_has_a_fixture_and_every_fixture_a_lint() -> None:
    assert sorted(lint.trap for lint in LINTS) == SHOWN
    assert len({lint.trap for lint in LINTS}) == len(LINTS)


@pytest.mark.parametrize("trap", SHOWN)
def test_the_fixture_shows_its_lint_and_no_other(trap: str) -> None:
    assert {note.trap for note in notes_in(f"lint-{trap}")} == {trap}


@pytest.mark.parametrize("trap", SHOWN)
def test_a_note_points_at_words_of_its_line(trap: str) -> None:
    for note in notes_in(f"lint-{trap}"):
        line = (FIXTURES / f"lint-{trap}" / note.span.path).read_text().split("\n")[note.span.line - 1]
        words = line[note.span.column - 1 : note.span.end_column - 1]
        assert words.strip() == words != ""


@pytest.mark.parametrize("case", ["kubernetes-vlan", "thymis-device"])
def test_what_passes_has_nothing_to_remark(case: str) -> None:
    assert notes_in(case) == ()


SVI = "interface Vlan30\n ip address 10.30.0.1 255.255.255.0\n ip access-group L {}\nip access-list extended L\n"


def test_a_pair_of_lines_for_both_sides_is_no_swapped_port() -> None:
    lines = " permit tcp 10.30.0.0 0.0.0.255 eq 179 host 10.30.0.9\n permit tcp 10.30.0.0 0.0.0.255 host 10.30.0.9 eq 179\n"
    assert traps(SVI.format("in") + lines) == []


def test_answers_from_named_servers_are_no_way_in() -> None:
    assert traps(SVI.format("out") + " permit udp host 10.9.0.53 eq 53 10.30.0.0 0.0.0.255 gt 1023\n") == []


def test_a_list_that_fits_in_one_line_is_not_the_wrong_way_round() -> None:
    assert traps(SVI.format("in") + " permit udp any any eq bootps\n permit tcp host 10.9.0.1 any\n") == []
    assert traps(SVI.format("in") + " permit tcp host 10.9.0.1 any\n") == ["svi-direction"]
    assert traps(SVI.format("out") + " permit tcp 10.30.0.0 0.0.0.255 host 10.9.0.1\n") == ["svi-direction"]


def test_networks_behind_a_vlan_may_send_by_it() -> None:
    text = "ip route 10.9.0.0 255.255.0.0 10.30.0.254\n" + SVI.format("in") + " permit tcp host 10.9.0.1 any\n"
    assert traps(text) == []


def test_a_list_that_anything_names_is_used() -> None:
    head = "interface Vlan30\n ip address 10.30.0.1 255.255.255.0\n"
    assert traps(head + "access-list 10 permit any\n") == ["unused-definition"]
    assert traps(head + "access-list 10 permit any\nsnmp-server community x RO 10\n") == []


def test_lists_that_the_system_brings_along_are_not_missing() -> None:
    assert traps("interface Vlan30\n ip address 10.30.0.1 255.255.255.0\n ip access-group preauth_v4 in\n") == []


def test_terminal_lines_that_take_no_connection_need_no_list() -> None:
    assert traps("hostname a\nline vty 0 4\n transport input none\n") == []
