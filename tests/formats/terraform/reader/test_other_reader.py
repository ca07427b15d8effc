"""Blocks and attributes are those that python-hcl2, an independent reader, finds in the same files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor.formats.terraform.bodies import Body, HclBody, index
from auditor.formats.terraform.places import SourceFile

REPOSITORY = Path(__file__).parents[4]
SHARED = REPOSITORY.parent / "shared/conformance/terraform/modules"
FILES = sorted(
    {
        *REPOSITORY.glob("fixtures/terraform/**/*.tf"),
        *REPOSITORY.glob("examples/**/*.tf"),
        *(SHARED.glob("**/*.tf") if SHARED.is_dir() else ()),
    }
)


def ours(body: Body, types: list[str]) -> list[Any]:
    attributes = sorted(body.attribute_names())
    blocks = [(block.type, *block.labels, *ours(block.body, types)) for block in body.blocks(*types)]
    return [attributes, sorted(blocks, key=repr)]


def theirs(tree: Any) -> list[Any]:
    attributes, blocks = [], []
    for child in tree.children:
        kind = getattr(child, "data", None)
        if kind == "attribute":
            attributes.append(text_of(child.children[0]))
        elif kind == "block":
            header = [text_of(part).strip('"') for part in child.children if getattr(part, "data", None) in ("identifier", "string")]
            inner = next(part for part in child.children if getattr(part, "data", None) == "body")
            blocks.append((*header, *theirs(inner)))
    return [sorted(attributes), sorted(blocks, key=repr)]


def text_of(node: Any) -> str:
    if not hasattr(node, "children"):
        return str(node)
    return "".join(text_of(child) for child in node.children)


def block_types(tree: Any) -> set[str]:
    return {text_of(block.children[0]) for block in tree.find_data("block")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(REPOSITORY.parent)))
def test_two_readers_agree(path: Path) -> None:
    hcl2 = pytest.importorskip("hcl2")
    data = path.read_bytes()
    found = index(data)
    try:
        tree = hcl2.parses_to_tree(data.decode())
    except Exception:  # noqa: BLE001 - whatever it cannot read is not compared
        pytest.skip("python-hcl2 cannot read this file")
    if found.problems:
        pytest.skip("a file that Terraform refuses")
    body = next(child for child in tree.children if getattr(child, "data", None) == "body")
    assert ours(HclBody(SourceFile("x", data), found.body), sorted(block_types(tree))) == theirs(body)
