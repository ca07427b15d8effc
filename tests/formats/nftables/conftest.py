"""What several tests of the dialect share."""

from __future__ import annotations

import pytest

from auditor.formats.nftables import tables
from auditor.formats.nftables.lalr import Tables


@pytest.fixture(scope="session")
def careful() -> Tables:
    """A parser that reads every rule by the grammar."""
    return Tables(tables.made(tables.grammar().replace("PLAIN_RULES | _chain_item _S", "_chain_item _S")))
