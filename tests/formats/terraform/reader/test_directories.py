"""Directories as they are on disk: links are followed inside the root and never out of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from auditor.files import DirectoryTree, Unreadable
from auditor.formats.terraform.modules import Options, find_roots, load_root
from auditor.formats.terraform.sources import Sources
from auditor.formats.terraform.values import Cause

R = 'resource "r" "a" {\n  v = %s\n}\n'


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "outside.tf").write_text(R % 9)
    root = tmp_path / "root"
    (root / "m").mkdir(parents=True)
    (root / "main.tf").write_text('module "m" {\n  source = "./linked"\n}\n' + R % 'file("secret")')
    (root / "m" / "main.tf").write_text(R % 1)
    os.symlink("m", root / "linked")
    os.symlink("..", root / "m" / "up")
    os.symlink(".", root / "loop")
    os.symlink("../outside.tf", root / "out.tf")
    os.symlink("../outside.tf", root / "secret")
    os.symlink("gone", root / "dangling.tf")
    os.mkfifo(root / "pipe.tf")
    return root


def test_loops_of_links_end_and_modules_behind_links_are_read(tree: Path) -> None:
    files = DirectoryTree(tree)
    sources = Sources(files)
    assert "main.tf" in files.paths()
    assert not {"out.tf", "secret", "dangling.tf", "pipe.tf"} & set(files.paths())
    roots = find_roots(sources, files.paths())
    assert "" in roots
    root = load_root(sources, "", Options())
    assert {resource.address for resource in root.resources({"r"})} == {"r.a", "module.m.r.a"}


def test_a_link_out_of_the_root_is_not_read(tree: Path) -> None:
    root = load_root(Sources(DirectoryTree(tree)), "", Options())
    value = next(resource for resource in root.resources({"r"}) if resource.address == "r.a").get("v")
    assert value.is_unknown
    assert value.hidden.cause in (Cause.FILE, Cause.ERROR)


@pytest.mark.parametrize("path", ["out.tf", "secret", "pipe.tf", "../outside.tf", "m/../../outside.tf", "dangling.tf"])
def test_what_is_no_file_of_the_tree_cannot_be_read(tree: Path, path: str) -> None:
    files = DirectoryTree(tree)
    files.paths()
    with pytest.raises(Unreadable):
        files.read_bytes(path)


def test_a_file_that_becomes_a_link_is_still_not_read_from_outside(tree: Path) -> None:
    files = DirectoryTree(tree)
    files.paths()
    (tree / "main.tf").unlink()
    os.symlink("../outside.tf", tree / "main.tf")
    with pytest.raises(Unreadable):
        files.read_bytes("main.tf")
