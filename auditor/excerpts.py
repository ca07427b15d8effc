"""The source text behind a report's spans, read once and redacted before it is shown."""

from __future__ import annotations

from auditor.files import Tree, Unreadable

MOST_BYTES = 64 * 1024 * 1024


class Excerpts:
    """`auditor.report.base.Sources` over a tree. Files that cannot be read, huge ones and binary ones have no text: a report goes on."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._texts: dict[str, str] = {}
        self._lines: dict[str, tuple[list[str], frozenset[int]]] = {}

    def text(self, path: str) -> str:
        if path not in self._texts:
            try:
                data = self._tree.read_bytes(path)
                self._texts[path] = "" if b"\0" in data or len(data) > MOST_BYTES else data.decode("utf-8", "replace")
            except Unreadable:
                self._texts[path] = ""
        return self._texts[path]

    def lines(self, path: str, first: int, last: int) -> tuple[str, ...]:
        from auditor.redact import BLANK, hidden, redact  # its patterns take longer to compile than a small file to check

        if path not in self._lines:
            lines = self.text(path).removeprefix("\ufeff").replace("\r\n", "\n").removesuffix("\n").split("\n") if self.text(path) else []
            self._lines[path] = (lines, hidden(lines))
        lines, blank = self._lines[path]
        return tuple(BLANK if number in blank else redact(lines[number]) for number in range(max(first, 1) - 1, min(last, len(lines))))
