"""Writes the parser's tables anew: `python -m auditor.formats.nftables.tables`, after every change of grammar.lark or of lark."""

from __future__ import annotations

from pathlib import Path

from auditor.formats.nftables import parse

if __name__ == "__main__":
    Path(parse.__file__).with_name("tables.bin").write_bytes(parse.save())
