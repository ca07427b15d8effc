"""What lies in a tree: the same whether it is a directory or a revision of it, and nothing outside of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from auditor.files import DirectoryTree, GitTree

LINKS = {
    "b/site.nft": "../a/nft.nft",
    "c": "a",
    "d/inner": "../c",
    "a/up": "..",
    "loop": "loop",
    "circle/one": "two",
    "circle/two": "one",
    "gone.nft": "nowhere.nft",
    "outside.nft": "../outside.nft",
    "absolute": "/etc",
    "here": ".",
}


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "a" / "nft.nft").write_text("table inet f {}\n")
    (tmp_path / "outside.nft").write_text("")
    for path, target in LINKS.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).symlink_to(target)
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=root, check=True, capture_output=True)
    return root


def test_a_revision_has_the_files_that_its_links_show(linked: Path) -> None:
    directory, revision = DirectoryTree(linked), GitTree(linked, "HEAD")
    assert list(revision.paths()) == list(directory.paths())
    assert {"a/nft.nft", "b/site.nft", "c/nft.nft", "d/inner/nft.nft"} <= set(revision.paths())
    assert revision.read_bytes("d/inner/nft.nft") == b"table inet f {}\n"


def test_a_link_that_leads_out_of_the_root_or_nowhere_is_said_to_be_closed(linked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = linked.parent / "store"
    (store / "built").mkdir(parents=True)
    monkeypatch.setattr("auditor.files._BUILT", f"{store}/")
    (linked / "result").symlink_to(store / "built")
    (linked / ".#main.tf").symlink_to("me@host.1:2")
    assert {path: str(why) for path, why in DirectoryTree(linked).closed().items()} == {
        "absolute/": "leads out of the directory that is being checked",
        "circle/one": "is a link that leads nowhere",
        "circle/two": "is a link that leads nowhere",
        "gone.nft": "is a link that leads nowhere",
        "loop": "is a link that leads nowhere",
        "outside.nft": "leads out of the directory that is being checked",
    }


def test_links_that_multiply_are_followed_only_so_often(tmp_path: Path) -> None:
    for number in range(12):
        (tmp_path / f"{number}").mkdir()
        for name in ("a", "b"):
            (tmp_path / f"{number}" / name).symlink_to(f"../{number + 1}")
    (tmp_path / "12").mkdir()
    (tmp_path / "12" / "nft.nft").write_text("")
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "x"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, capture_output=True)
    tree = DirectoryTree(tmp_path)
    assert len(tree.paths()) == 64
    assert "is reached by more than 64 links" in {str(why) for why in tree.closed().values()}
    assert len(GitTree(tmp_path, "HEAD").paths()) == 64
