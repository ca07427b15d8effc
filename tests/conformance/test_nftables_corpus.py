"""Real files: what nft loads reads without an error, and what it refuses for its text is refused where it says."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from auditor.files import DirectoryTree
from auditor.formats.base import Options
from auditor.formats.nftables import FORMAT, claims
from auditor.model.source import Note
from tests.conformance.nftables_kernel import CORPUS

pytestmark = pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")

ENVIRONMENT = re.compile(r"File not found|User does not exist|lacks a module|CRLF|unexpected end of file, expecting newline")
"""Refusals that are not the text's fault, or 1.0.6's alone."""


def rows() -> list[dict[str, str]]:
    index = CORPUS / "INDEX.tsv"
    return list(csv.DictReader(index.open(), delimiter="\t")) if index.exists() else []


def refusals(name: str) -> list[Note]:
    notes = FORMAT.load(DirectoryTree(CORPUS), [name], Options()).notes
    return [note for note in notes if note.trap in ("refused", "undefined-reference", "unparsable")]


def fine(row: dict[str, str]) -> bool:
    return row["loads on nft 1.0.6"] != "no" or ENVIRONMENT.search(row["note"]) is not None


@pytest.mark.parametrize("name", [row["file"] for row in rows() if fine(row)])
def test_what_nft_loads_reads_without_an_error(name: str) -> None:
    assert claims(name, (CORPUS / name).read_bytes()[:4096])
    assert not refusals(name)


@pytest.mark.parametrize("row", [pytest.param(row, id=row["file"]) for row in rows() if not fine(row)])
def test_what_nft_refuses_for_its_text_is_refused(row: dict[str, str]) -> None:
    assert refusals(row["file"])


def test_every_file_is_listed() -> None:
    assert {row["file"] for row in rows()} == {path.name for path in Path(CORPUS).glob("*.nft")}
