"""A ruleset, what `nft list ruleset` makes of it and its listing in JSON: three texts, one graph."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from auditor.files import DirectoryTree, MemoryTree
from auditor.formats.nftables.convert import Converted
from tests.conformance.nftables_kernel import CASES, is_expected, read, read_json, rulesets, same_everywhere, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

DELETES_FROM_INTERVALS = {"interval-sets/ruleset.nft", "interval-delete/fail.nft"}
"""What nft 1.0.6 leaves in these sets later ones delete: the text is undecided, its listing is not."""

DORMANT = {"redeclaration/ruleset.nft", "redeclaration/listed.nft", "dormant-table/fail.nft"}
"""JSON of nft 1.0.6 does not say that a table is dormant."""

INTERFACES = re.compile(r'[io]if(?:name)?\s+(?:[!=]=\s*)?\{?\s*"?([A-Za-z][\w.-]{0,14})|"([A-Za-z][\w.-]{0,14})"')
LIST = "ip link set lo up\n{links}\nnft -f '{path}' || exit 3\nnft list ruleset && echo ==== && nft -j list ruleset\n"


def listings(path: Path) -> tuple[str, str]:
    """The ruleset as text and as JSON, from a kernel that has loaded it, in a network namespace of its own. Raises where nft refuses."""
    names = sorted({first or second for first, second in INTERFACES.findall(path.read_text(errors="replace"))} - {"lo"})
    links = "\n".join(f"ip link add '{name}' type dummy 2>/dev/null" for name in names[:64])
    script = LIST.format(links=links, path=path)
    done = subprocess.run(["unshare", "-n", "sh", "-c", script], capture_output=True, text=True, cwd=path.parent, check=False)
    if done.returncode:
        raise ValueError(done.stderr)
    text, json = done.stdout.split("====\n")
    return text, json


def texts() -> list[object]:
    return [pytest.param(path, id=f"{path.parent.name}/{path.name}") for path in rulesets() if path.name != "listed.nft"]


@pytest.mark.parametrize("path", texts())
def test_a_ruleset_and_its_listings_give_the_same_graph(path: Path) -> None:
    name = f"{path.parent.name}/{path.name}"
    try:
        text, json = listings(path)
    except ValueError as error:
        assert is_expected(path, str(error)), error
        return
    written, listed, as_json = read(DirectoryTree(path.parent), path.name), read(MemoryTree({"l.nft": text}), "l.nft"), read_json(json)
    assert not errors(listed) + errors(as_json)
    assert same_everywhere(written, listed) is (name not in DELETES_FROM_INTERVALS)
    assert same_everywhere(listed, as_json) is (name not in DORMANT)


def errors(converted: Converted) -> list[str]:
    notes = (*converted.ruleset.notes, *converted.resolver.notes.values())
    return [note.message for note in notes if note.level.value == "error"]


def test_only_the_listing_of_the_priorities_is_older_than_its_ruleset() -> None:
    """Two chains were added later: what was recorded of the ruleset says nothing about that listing."""
    older = []
    for path in sorted(CASES.glob("*/listed.nft")):
        tree = DirectoryTree(path.parent)
        if f"{path.parent.name}/ruleset.nft" not in DELETES_FROM_INTERVALS and not same_everywhere(
            read(tree, "ruleset.nft"), read(tree, "listed.nft")
        ):
            older.append(path.parent.name)
    assert older == ["priorities"]
