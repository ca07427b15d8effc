"""What a command does at the edges: streams that are closed, files that lie elsewhere, names that nothing has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from auditor.cli import cli
from auditor.cli.options import report_options

NFT = """\
table inet filter {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iifname "lan" tcp dport 22 accept
  }
}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "nftables.conf").write_text(NFT)
    return tmp_path


def auditor(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, catch_exceptions=False)


def test_closed_streams_change_nothing_but_what_is_said(folder: Path) -> None:
    told = subprocess.run(["/bin/sh", "-c", f"{sys.executable} -m auditor check -o out.json >&- 2>&-"], check=False)
    assert told.returncode == 0
    assert (folder / "out.json").read_text().startswith("{")


@pytest.mark.parametrize(("value", "colour"), [("", True), ("1", False)])
def test_no_color_counts_where_it_says_something(value: str, colour: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.setenv("NO_COLOR", value)
    assert report_options(False, False, False).colour is colour


def test_a_file_that_is_not_read_is_told_as_it_was_named(folder: Path) -> None:
    (folder / "notes.txt").write_text("-")
    (folder / "etc" / "link").symlink_to("../notes.txt")
    assert auditor("check", "etc/link").output == "Error: etc/link: no file of a kind auditor reads, by its name and content\n"


def test_a_graph_of_nothing_announces_no_filters(folder: Path) -> None:
    (folder / "empty").mkdir()
    assert auditor("graph", "empty").stdout == "No filter stands between any two parties that are known.\n"


# -- where auditor.yaml lies


def test_init_writes_where_a_check_of_the_same_paths_looks(folder: Path) -> None:
    assert auditor("init", "etc").output == "Wrote etc/auditor.yaml: look at the roles, then run auditor check etc.\n"
    assert not os.path.exists("auditor.yaml")
    assert "firewall-hygiene  in auditor.yaml" in auditor("check", "etc").output
    assert auditor("init", "etc/nftables.conf").output.startswith("Error: etc/auditor.yaml is there already")


@pytest.mark.parametrize("command", [("check",), ("fix",), ("graph",)])
def test_a_configuration_above_what_is_checked_is_said_to_be_left(folder: Path, command: tuple[str, ...]) -> None:
    (folder / "auditor.yaml").write_text("rulesets: [firewall-hygiene]\n")
    said = "auditor.yaml is not read, as it is not at the root of what is checked"
    assert said in auditor(*command, "etc").stderr
    assert said not in auditor(*command, "etc", "-c", "auditor.yaml").stderr
    assert said not in auditor(*command).stderr


def test_a_configuration_that_lies_elsewhere_is_told_by_its_path(folder: Path) -> None:
    (folder / "conf").mkdir()
    (folder / "conf" / "x.yaml").write_text("inputs: [nowhere]\n")
    assert "conf/x.yaml:1:10: there is nothing at 'nowhere'" in auditor("check", "-c", "conf/x.yaml").output


def test_a_rule_that_nothing_asks_for_is_no_rule_to_mend(folder: Path) -> None:
    told = auditor("fix", "--rule", "hygiene/world-open-admn")
    assert told.exit_code == 2
    assert "no ruleset of this run asks for that; did you mean 'hygiene/world-open-admin'?" in told.output


@pytest.mark.parametrize(
    ("identifier", "said"),
    [
        ("lint/nftables", "ids have that in them: `auditor rules lint/nftables` lists them"),
        ("talos/etdc", "did you mean 'talos/etcd'?"),
    ],
)
def test_part_of_an_id_is_told_what_has_it(identifier: str, said: str) -> None:
    assert said in auditor("explain", identifier).output
