"""GitHub's line fingerprint, `primaryLocationLineHash`: equal to what its uploader computes, for it warns where they differ.

From a line's first visible character, the next 100 characters without blanks and tabs are a number in base 37, modulo 2**64; behind
the end of the file come one 65,535 and zeros. It is printed in hexadecimal with, after a colon, which of the equal ones it is.
"""

from __future__ import annotations

import re
import struct

WINDOW = 100
BASE = 37
END = "\uffff"


def line_hashes(text: str, wanted: frozenset[int]) -> dict[int, str]:
    """The fingerprints of the `wanted` lines (1-based) of `text`; lines past the end are left out."""
    squeezed = _utf16(re.sub("\r\n?", "\n", text).replace(" ", "").replace("\t", "")) + END
    seen: dict[str, int] = {}
    hashes: dict[int, str] = {}
    start = 0
    for number in range(1, max(wanted, default=0) + 1):
        window = squeezed[start : start + WINDOW]
        seen[window] = seen.get(window, 0) + 1
        if number in wanted:
            hashes[number] = f"{_hash(window):x}:{seen[window]}"
        start = squeezed.find("\n", start) + 1
        if not start:
            break
    return hashes


def _hash(window: str) -> int:
    value = 0
    for character in window:
        value = value * BASE + ord(character)
    return int(value * BASE ** (WINDOW - len(window)) % 2**64)


def _utf16(text: str) -> str:
    """Characters beyond the first plane as their two halves, as JavaScript counts them."""
    if text.isascii() or max(text) <= "\uffff":
        return text
    units = text.encode("utf-16-le", "surrogatepass")
    return "".join(map(chr, struct.unpack(f"<{len(units) // 2}H", units)))
