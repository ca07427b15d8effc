"""Which reports are asked for, where they go, and whose paths they show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.deliver import Target, Undeliverable, deliver, targets
from auditor.files import DirectoryTree
from auditor.report.base import Options
from tests.report.sample import FILES, GROUPS, RUN


def test_text_goes_to_standard_output_unless_something_else_is_asked_for() -> None:
    assert targets(None, ()) == (Target("text"),)
    assert targets("json", ()) == (Target("json"),)


def test_a_file_without_a_format_takes_the_asked_one_from_standard_output() -> None:
    assert targets("sarif", ("out.sarif",)) == (Target("sarif", "out.sarif"),)


def test_a_file_with_its_own_format_leaves_standard_output_alone() -> None:
    assert targets("github", ("sarif=a", "html=b=c")) == (Target("github"), Target("sarif", "a"), Target("html", "b=c"))


def test_a_telling_name_comes_before_the_asked_format() -> None:
    assert targets("sarif", ("out.sarif", "report.html")) == (Target("sarif", "out.sarif"), Target("html", "report.html"))
    assert targets("gitlab", ("code-quality.json",)) == (Target("gitlab", "code-quality.json"),)


def test_a_name_can_tell_the_format() -> None:
    assert targets(None, ("out.sarif", "r.HTML", "j.xml")) == (
        Target("text"),
        Target("sarif", "out.sarif"),
        Target("html", "r.HTML"),
        Target("junit", "j.xml"),
    )


@pytest.mark.parametrize("output", ["out", "sarif=", "yaml=out"])
def test_an_output_nobody_can_write_is_refused(output: str) -> None:
    with pytest.raises(Undeliverable, match="--output"):
        targets(None, (output,))


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DirectoryTree:
    for path, text in FILES.items():
        file = tmp_path / "infra" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    return DirectoryTree(tmp_path / "infra")


def test_paths_for_people_are_seen_from_the_working_directory(tree: DirectoryTree, capsys: pytest.CaptureFixture[str]) -> None:
    deliver(RUN, tree, [Target("text")], Options())
    text = capsys.readouterr().out
    assert f"infra/{GROUPS}:1:1" in text
    assert '1 │ resource "aws_security_group"' in text


def test_paths_for_code_hosts_are_seen_from_the_repository(
    tree: DirectoryTree, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tree.root)
    deliver(RUN, tree, [Target("json"), Target("gitlab", "out.json")], Options())
    assert json.loads(capsys.readouterr().out)["findings"][0]["path"] == GROUPS
    assert json.loads(Path("out.json").read_text())[0]["location"]["path"] == f"infra/{GROUPS}"


def test_a_file_is_never_coloured(tree: DirectoryTree, capsys: pytest.CaptureFixture[str]) -> None:
    deliver(RUN, tree, [Target("text"), Target("text", "out.txt")], Options(colour=True))
    assert "\x1b[" in capsys.readouterr().out
    assert "\x1b[" not in Path("out.txt").read_text()


def test_a_file_that_cannot_be_written_is_named(tree: DirectoryTree) -> None:
    with pytest.raises(Undeliverable, match=r"missing/out\.json: cannot be written: No such file"):
        deliver(RUN, tree, [Target("json", "missing/out.json")], Options())
