"""Changed files as one unified diff that `git apply` and `patch -p1` take, with paths as seen from the working directory."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import unified_diff

from auditor.files import Tree, read_text
from auditor.fixing.wanted import Texts


def patch_of(tree: Tree, texts: Texts, base: str) -> str:
    """The difference between the files of `tree` and `texts`; `base` leads from here to the root of the tree."""
    return "".join(line for path in sorted(texts) for line in _file(read_text(tree, path).text, texts[path], path, base))


def _file(old: str, new: str, path: str, base: str) -> Iterator[str]:
    name = path if base in ("", ".") else f"{base}/{path}"
    for line in unified_diff(_lines(old), _lines(new), f"a/{name}", f"b/{name}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    """Lines as patches have them: only a line feed ends one."""
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
