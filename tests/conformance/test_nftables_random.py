"""Random rulesets of the language that is modelled: the kernel's verdicts, and what nft refuses, are what is read."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.files import MemoryTree
from tests.conformance.nftables_kernel import Boundaries, Reader, disagreements, oracle, read, why_not
from tests.conformance.nftables_random import ruleset

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6))
def test_a_random_ruleset_is_read_as_the_kernel_runs_it(seed: int) -> None:
    text, kernel = ruleset(seed), oracle()
    tree = MemoryTree({"random.nft": text})
    converted = read(tree, "random.nft")
    refused = [note for note in (*converted.ruleset.notes, *converted.resolver.notes.values()) if note.trap == "refused"]
    try:
        loaded = kernel.Oracle(text)
    except kernel.OracleError as error:
        assert refused or "Interface does not exist" in str(error), f"{error}\n{text}"
        return
    with loaded:
        assert not refused, f"{[note.message for note in refused]}\n{text}"
        boundaries = Boundaries(text, seed)
        asked = list(boundaries.packets(300, boundaries.routes(1)))
        assert not disagreements(Reader(tree, "random.nft"), asked, loaded.query(asked))[:3], text
