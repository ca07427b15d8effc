"""Where a directory lies in its repository, and what is never told of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from auditor.model.findings import Origin
from auditor.origin import origin_of


def git(directory: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "init.defaultBranch=main")
    return subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "main.tf").write_text("# x\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "x")
    return tmp_path


def test_the_prefix_is_the_way_from_the_repository_root(repository: Path) -> None:
    revision = git(repository, "rev-parse", "HEAD")
    assert origin_of(repository / "infra") == Origin("infra", "", revision)
    assert origin_of(repository).prefix == ""


def test_a_packed_revision_is_found(repository: Path) -> None:
    revision = git(repository, "rev-parse", "HEAD")
    git(repository, "pack-refs", "--all")
    assert origin_of(repository).revision == revision


def test_a_detached_head_is_its_own_revision(repository: Path) -> None:
    revision = git(repository, "rev-parse", "HEAD")
    git(repository, "checkout", "--quiet", "--detach")
    assert origin_of(repository).revision == revision


def test_a_second_work_tree_has_the_same_origin(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    git(repository, "remote", "add", "origin", "https://github.com/example/infra.git")
    other = tmp_path_factory.mktemp("work") / "tree"
    git(repository, "worktree", "add", "--quiet", str(other))
    assert origin_of(other / "infra") == Origin("infra", "https://github.com/example/infra", git(other, "rev-parse", "HEAD"))


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://github.com/example/infra.git", "https://github.com/example/infra"),
        ("https://user:hunter2@github.com/example/infra.git", "https://github.com/example/infra"),
        ("https://token@git.example.com:8443/a/b", "https://git.example.com:8443/a/b"),
        ("git@github.com:example/infra.git", "https://github.com/example/infra"),
        ("ssh://git@git.example.com:2222/a/b.git", "https://git.example.com/a/b"),
        ("/srv/git/infra.git", ""),
        ("../infra", ""),
        ("file:///srv/git/infra.git", ""),
    ],
)
def test_the_address_is_told_without_credentials(repository: Path, address: str, told: str) -> None:
    git(repository, "remote", "add", "origin", address)
    assert origin_of(repository).repository == told


def test_outside_a_repository_there_is_no_origin(tmp_path: Path) -> None:
    assert origin_of(tmp_path) == Origin()
