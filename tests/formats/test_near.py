"""Misspellings of known words."""

from __future__ import annotations

import pytest

from auditor.formats.near import near

OPTIONS = ("enable", "allowedTCPPorts", "allowedUDPPorts", "in", "nat")


@pytest.mark.parametrize("word", ["allowedTCPPort", "allowedTcpPorts", "alowedTCPPorts", "allowedTCPPorst", "alowedTCPPort"])
def test_a_slip_or_two_are_a_misspelling(word: str) -> None:
    assert near(word, OPTIONS) == "allowedTCPPorts"


def test_letters_that_are_exchanged_are_one_slip() -> None:
    assert near("enabel", OPTIONS) == "enable"


@pytest.mark.parametrize("word", ["enable", "in", "on", "net", "description", "allowedPorts", "neableed"])
def test_known_words_short_ones_and_others_are_none(word: str) -> None:
    assert near(word, OPTIONS) is None
