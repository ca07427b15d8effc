"""HCL as text: where the blocks of a file begin and end, and new ones, which python-hcl2 lays out as `terraform fmt` would."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_HEAD = re.compile(r'^\s*resource\s+"(?P<type>\w+)"\s+"(?P<label>[\w-]+)"\s*\{')

Block = tuple[str, str, int, int, str]
"""(type, label, first line, last line, text)"""


def blocks(text: str) -> list[Block]:
    """The resources of a file that `terraform fmt` would leave as it is: each ends where a brace stands alone at the margin."""
    found: list[Block] = []
    lines = text.replace("\r\n", "\n").split("\n")
    head: tuple[str, str, int] | None = None
    for number, line in enumerate(lines, 1):
        begins = _HEAD.match(line)
        if begins is not None:
            head = (begins["type"], begins["label"], number)
        if head is not None and (line.rstrip() == "}" or (begins is not None and line.rstrip().endswith("}"))):
            found.append((*head, number, "\n".join(lines[head[2] - 1 : number])))
            head = None
    return found


def inner(block: Block, names: str) -> Iterator[tuple[str, int, int]]:
    """The blocks inside a resource whose types match, each with the lines it begins and ends at."""
    begun: tuple[str, int, str] | None = None
    for number, line in enumerate(block[4].split("\n"), block[2]):
        begins = re.match(rf"(\s+)({names})\s*\{{\s*$", line)
        if begins is not None and begun is None:
            begun = begins[2], number, begins[1]
        elif begun is not None and line.rstrip() == f"{begun[2]}}}":
            yield begun[0], begun[1], number
            begun = None


def argument(block: Block, name: str) -> str | None:
    """What an argument of a resource is set to, as it is written; None where it is not, or goes over several lines."""
    found = re.search(rf"^  {name}\s*=\s*(\S.*?)\s*$", block[4], re.MULTILINE)
    return found[1] if found is not None and not found[1].endswith(("{", "[", "(")) else None


def quoted(value: str) -> str:
    """A string as python-hcl2 wants it."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${") + '"'


def laid_out(kind: str, labels: list[str], body: dict[str, Any]) -> str:
    """A block with these arguments."""
    import hcl2

    builder: Any = hcl2.Builder()
    builder.block(kind, [f'"{label}"' for label in labels]).attributes.update(body)  # an attribute may be called self
    return str(hcl2.dumps(builder.build())).strip("\n") + "\n"


def indented(text: str) -> str:
    """Lines as they stand inside a resource."""
    return "\n".join(f"  {line}" if line else line for line in text.rstrip("\n").split("\n"))
