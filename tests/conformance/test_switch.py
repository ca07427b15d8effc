"""Real configurations of switches: every one is read, or a note says why not; every line of a list is a rule or is said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor.files import DirectoryTree
from auditor.formats.base import Options
from auditor.formats.switch import FORMAT
from auditor.formats.switch.lints import LINTS

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "switch"
pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason="the real configurations are not here")

FILES = sorted(path.name for path in CORPUS.glob("*.cfg")) if CORPUS.exists() else []
_ENTRY = re.compile(r"^\s+(?:\d+ )?(?:permit|deny)\b|^access-list \S+ (?:permit|deny|extended)\b|^ipv6 access-list \S+ \S+ permit\b")
_FRAMES = re.compile(r"^(?:mac|arp) access-list|^default mac|^route-map|^\s*$|^ip (?:prefix|community)-list")


def entries(text: str) -> set[int]:
    """The numbers of the lines that are entries of IP lists."""
    found, aside = set(), False
    for number, line in enumerate(text.split("\n"), 1):
        if line[:1] not in (" ", "\t", ""):
            aside = bool(_FRAMES.match(line))
        if _ENTRY.match(line) and not aside:
            found.add(number)
    return found


@pytest.mark.parametrize("name", FILES)
def test_a_real_file_is_claimed_and_read_or_a_note_says_why(name: str) -> None:
    tree = DirectoryTree(CORPUS)
    assert FORMAT.claims(name, tree.read_head(name, 4096))
    graph = FORMAT.load(tree, [name], Options())
    assert graph.read == ((name, "switch"),) or [note.trap for note in graph.notes] == ["unparsable"]
    assert {note.trap for note in graph.notes} <= {lint.trap for lint in LINTS} | {"unparsable"}


@pytest.mark.parametrize("name", [name for name in FILES if "asa" not in name])
def test_every_line_of_a_list_is_a_rule_or_is_said(name: str) -> None:
    graph = FORMAT.load(DirectoryTree(CORPUS), [name], Options())
    told = {rule.span.line for filter_ in graph.filters for rule in filter_.rules} | {note.span.line for note in graph.notes}
    assert entries((CORPUS / name).read_text()) - told == set()


def test_the_lines_that_are_not_read_are_those_of_other_systems() -> None:
    tree = DirectoryTree(CORPUS)
    refused = {note.span.path for name in FILES for note in FORMAT.load(tree, [name], Options()).notes if note.trap == "unparsed-entry"}
    assert refused == {
        "bf_aclIos.cfg",
        "bf_cisco_acl.cfg",
        "bf_cisco_ipv6_access_list.cfg",
        "bf_ios-acl.cfg",
        "bf_nxos_ip_access_list_invalid.cfg",
    }


def test_the_borders_lists_filter_where_they_are_applied() -> None:
    graph = FORMAT.load(DirectoryTree(CORPUS), ["bf_as2border1.cfg"], Options())
    assert [(hook.label, hook.filter.name) for hook in graph.hooks] == [
        ("GigabitEthernet0/0 in", "access list OUTSIDE_TO_INSIDE"),
        ("GigabitEthernet0/0 out", "access list INSIDE_TO_AS1"),
    ]
