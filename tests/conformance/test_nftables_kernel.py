"""Every ruleset that loads, asked of the kernel itself: packets at the boundaries of its values, and not one verdict it contradicts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor.files import DirectoryTree
from tests.conformance.nftables_kernel import FIXTURES, Boundaries, Reader, disagreements, is_expected, oracle, rulesets, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

PACKETS = int(os.environ.get("NFTABLES_PACKETS", "5000"))


def packets_of(path: Path) -> int:
    """Fixtures are small, and cases were picked to be told apart by few packets; a listing is a ruleset once more."""
    return PACKETS // 20 if FIXTURES in path.parents or path.name == "listed.nft" else PACKETS


def own_addresses(text: str, interfaces: list[str]) -> list[str]:
    """`redirect` takes an address of the interface a packet comes by: give each one. What the host sends is not asked about then: some of
    it would be for these."""
    if "redirect" not in text:
        return []
    each = ("100.65.{n}.1/24", "2001:db8:fffe:{n}::1/64", "fe80::ffff:{n}/64")
    return [f"{name}={address.format(n=n)}" for n, name in enumerate(("lo", *interfaces), 1) for address in each]


@pytest.mark.parametrize("path", [pytest.param(path, id=f"{path.parent.name}/{path.name}") for path in rulesets()])
def test_what_is_read_is_what_the_kernel_does(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    text = path.read_text(errors="replace")
    kernel, boundaries = oracle(), Boundaries(text)
    try:
        loaded = kernel.Oracle(str(path), local=own_addresses(text, boundaries.interfaces))
    except kernel.OracleError as error:
        assert is_expected(path, str(error)), error
        return
    reader = Reader(DirectoryTree(path.parent), path.name)
    routes = [route for route in boundaries.routes() if "redirect" not in text or route["hook"] != "output"]
    asked = list(boundaries.packets(packets_of(path), routes))
    with loaded:
        answers = loaded.query(asked)
    assert not disagreements(reader, asked, answers)[:5]


def test_the_kernel_gives_two_hundred_thousand_verdicts() -> None:
    """Ten of the corpus' files do not load, and a tenth of the packets reaches no hook."""
    assert (sum(map(packets_of, rulesets())) - 10 * PACKETS) * 9 // 10 > 200_000
