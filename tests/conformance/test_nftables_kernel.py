"""Every ruleset that loads, asked of the kernel itself: packets at the boundaries of its values, and not one verdict it contradicts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from auditor.files import DirectoryTree
from tests.conformance.nftables_kernel import CASES, CORPUS, Boundaries, Reader, disagreements, oracle, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "nftables"
FOLDERS = (CASES, CORPUS, FIXTURES)
PACKETS = int(os.environ.get("NFTABLES_PACKETS", "5000"))


def rulesets() -> list[object]:
    return [pytest.param(path, id=f"{path.parent.name}/{path.name}") for folder in FOLDERS for path in sorted(_files(folder))]


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*.nft"):
        if path.name != "listed.nft" and ".d" not in path.parent.suffix:
            yield path


def own_addresses(text: str, interfaces: list[str]) -> list[str]:
    """`redirect` takes an address of the interface a packet comes by: give each one. What the host sends is not asked about then: some of
    it would be for these."""
    if "redirect" not in text:
        return []
    each = ("100.65.{n}.1/24", "2001:db8:fffe:{n}::1/64", "fe80::ffff:{n}/64")
    return [f"{name}={address.format(n=n)}" for n, name in enumerate(interfaces, 1) for address in each]


@pytest.mark.parametrize("path", rulesets())
def test_what_is_read_is_what_the_kernel_does(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    text = path.read_text(errors="replace")
    kernel, boundaries = oracle(), Boundaries(text)
    try:
        loaded = kernel.Oracle(str(path), local=own_addresses(text, boundaries.interfaces))
    except kernel.OracleError as error:
        pytest.skip(re.sub(r"\s+", " ", str(error))[:120])
    reader = Reader(DirectoryTree(path.parent), path.name)
    routes = [route for route in boundaries.routes() if "redirect" not in text or route["hook"] != "output"]
    asked = list(boundaries.packets(PACKETS if FIXTURES not in path.parents else PACKETS // 20, routes))
    with loaded:
        answers = loaded.query(asked)
    assert not disagreements(reader, asked, answers)[:5]
