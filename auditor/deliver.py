"""Where reports go: standard output in one format, any number of files in theirs.

Reports for people name paths as seen from the working directory, those for code hosts as seen from the root of the repository.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from auditor.excerpts import Excerpts
from auditor.files import DirectoryTree, Tree
from auditor.model.findings import Input, Run
from auditor.model.record import dataclass, fields, is_dataclass, replace
from auditor.model.source import Span
from auditor.origin import origin_of
from auditor.report import FORMATS, renderer
from auditor.report.base import Options, Sources

HOSTED = ("sarif", "github", "gitlab")
TELLING = {".sarif": "sarif", ".md": "markdown", ".html": "html", ".htm": "html"}
ENDINGS = {"markdown": "md", "junit": "xml", "gitlab": "json", "github": "txt", "text": "txt"}
GUESSED = {".json": "json", ".xml": "junit", ".txt": "text"}  # others end so, too


class Undeliverable(Exception):
    """A wish for an output that cannot be met; the message is fit for a user."""


@dataclass(frozen=True, slots=True)
class Target:
    """One report: its format and the file it goes to, None for standard output."""

    format: str
    file: str | None = None


def targets(format_: str | None, outputs: Sequence[str]) -> tuple[Target, ...]:
    """What `--format` and `--output [FORMAT=]FILE` ask for. A file without a format takes what its name tells, else `--format`."""
    found = []
    taken = False
    for output in outputs:
        name, equals, file = output.partition("=")
        if equals and name in FORMATS:
            found.append(Target(name, file))
            continue
        suffix = os.path.splitext(output)[1].lower()
        own = TELLING.get(suffix) or format_ or GUESSED.get(suffix)
        if own is None:
            raise Undeliverable(f"--output {output}: say in which format, as in {_example(output)}; formats: {', '.join(FORMATS)}")
        taken = taken or own == format_
        found.append(Target(own, output))
    if any(not target.file for target in found):
        raise Undeliverable("--output: name a file after the format, as in sarif=out.sarif")
    files = [target.file for target in found]
    for target in found:
        if target.file == "-":
            raise Undeliverable(f"--output {target.format}=-: what standard output has is for --format to say, as in -f {target.format}")
        if files.count(target.file) > 1:
            raise Undeliverable(f"--output {target.file}: two reports cannot go into one file")
    return tuple(found) if taken else (Target(format_ or "text"), *found)


def _example(output: str) -> str:
    """What was meant: a format without its file, or a file without its format."""
    return f"{output}=auditor.{ENDINGS.get(output, output)}" if output in FORMATS else f"sarif={output}"


def deliver(run: Run, tree: Tree, wanted: Sequence[Target], options: Options) -> None:
    """Write every report. Raises `Undeliverable` where a file cannot be written."""
    sources = Excerpts(tree)
    base = base_of(tree)
    if isinstance(tree, DirectoryTree):
        run = replace(run, origin=origin_of(tree.root))
    seen = run if base == "." else _rebased(run, base)
    for target in wanted:
        hosted = target.format in HOSTED
        chosen = replace(options, colour=options.colour and target.file is None)
        text = renderer(target.format)(run if hosted else seen, sources if hosted else _Based(sources, base), chosen)
        _write(target, text)


def base_of(tree: Tree) -> str:
    """The way from the working directory to the root of the tree; "." where it is the same, or where there is none."""
    return os.path.relpath(tree.root).replace(os.sep, "/") if isinstance(tree, DirectoryTree) else "."


def from_here(found: tuple[Any, ...], tree: Tree) -> tuple[Any, ...]:
    """What was found in `tree`, with its paths as seen from the working directory."""
    base = base_of(tree)
    return found if base == "." else tuple(_rebased(found, base))


def _write(target: Target, text: str) -> None:
    if target.file is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        Path(target.file).write_text(text, encoding="utf-8", errors="replace", newline="\n")
    except OSError as error:
        raise Undeliverable(f"{target.file}: cannot be written: {error.strerror}") from None


def _rebased(value: Any, base: str) -> Any:
    """`value` with every path in it as seen from the working directory."""
    if isinstance(value, Span):
        return replace(value, path=_joined(base, value.path))
    if isinstance(value, Input):
        return replace(value, path=_joined(base, value.path))
    if isinstance(value, tuple):
        return tuple(_rebased(item, base) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
        return replace(
            value, **{name: _rebased(part, base) for name, part in parts.items() if isinstance(part, tuple) or is_dataclass(part)}
        )
    return value


def _joined(base: str, path: str) -> str:
    return path if base == "." else f"{base}/{path}"


@dataclass(frozen=True, slots=True)
class _Based:
    """Sources asked for by paths as seen from the working directory."""

    sources: Sources
    base: str

    def _own(self, path: str) -> str:
        return path if self.base == "." else path.removeprefix(f"{self.base}/")

    def text(self, path: str) -> str:
        return self.sources.text(self._own(path))

    def lines(self, path: str, first: int, last: int) -> tuple[str, ...]:
        return self.sources.lines(self._own(path), first, last)
