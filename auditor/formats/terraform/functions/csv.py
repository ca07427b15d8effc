"""CSV as Terraform's own reader understands it: quotes only around whole fields, empty lines left out, newlines of any system."""

from __future__ import annotations

import re

from auditor.formats.terraform.errors import Refused

FIELD = re.compile(r'(?:"(?P<quoted>(?:[^"]|"")*)"|(?P<bare>[^,\n"]*))(?=(?P<end>,|\n|\Z))')


def read_csv(text: str) -> list[list[str]]:
    """The fields of every line. Raises `Refused`."""
    text = text.replace("\r\n", "\n")
    rows: list[list[str]] = []
    row: list[str] = []
    position = 0
    while position < len(text) or row:
        if not row and text.startswith("\n", position):
            position += 1
            continue
        match = FIELD.match(text, position)
        if match is None:
            raise Refused(f"this is no CSV: a quote stands astray in line {text.count(chr(10), 0, position) + 1}")
        row.append(match["bare"] if match["quoted"] is None else match["quoted"].replace('""', '"'))
        position = match.end() + 1
        if match["end"] != ",":
            rows.append(row)
            row = []
    return rows
