"""The hook as pre-commit really runs it: installed from this repository into an environment of its own, in a scratch repository."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.model.source import Source
from auditor.yamlspan import Mapping, Scalar, Sequence, read_one

ROOT = Path(__file__).parent.parent
HOOKS = ROOT / ".pre-commit-hooks.yaml"
OPEN = """\
resource "aws_security_group" "web" {
  name = "web"

  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
"""


def run(*command: str, folder: Path, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PRE_COMMIT"))}
    environment |= {
        "PRE_COMMIT_HOME": str(home),
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "user.name",
        "GIT_CONFIG_VALUE_0": "x",
        "GIT_CONFIG_KEY_1": "user.email",
        "GIT_CONFIG_VALUE_1": "x@example.com",
    }
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment, timeout=500)


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no git checkout")
def test_the_hook_stops_a_commit_that_opens_ssh_to_the_world(tmp_path: Path) -> None:
    scratch, clone = tmp_path / "scratch", tmp_path / "auditor"
    scratch.mkdir()
    (scratch / "main.tf").write_text(OPEN)
    run("git", "clone", "--quiet", str(ROOT), str(clone), folder=tmp_path, home=tmp_path)
    run("git", "init", "--quiet", folder=scratch, home=tmp_path)
    run("git", "add", ".", folder=scratch, home=tmp_path)
    hook_run = (sys.executable, "-m", "pre_commit", "try-repo", str(clone), "auditor", "--all-files", "--verbose")
    done = run(*hook_run, folder=scratch, home=tmp_path / "home")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "hygiene/world-open-admin" in done.stdout
    assert "main.tf:8:" in done.stdout


def hook() -> Mapping:
    root = read_one(Source(".pre-commit-hooks.yaml", HOOKS.read_text()))
    assert isinstance(root, Sequence)
    first = root.items[0]
    assert isinstance(first, Mapping)
    return first


def value(name: str) -> str:
    node = hook().entries[name]
    assert isinstance(node, Scalar)
    return str(node.value)


@pytest.mark.parametrize(
    "path",
    [
        *("main.tf", "a/prod.tfvars", "x.tf.json", "ruleset.nft", "etc/nftables.conf", "config.xml", "controlplane.yaml"),
        *("talconfig.yml", "pve/cluster.fw", "switch.cfg", "hosts/gate.nix", "auditor.yaml"),
    ],
)
def test_the_hook_runs_for_every_dialect(path: str) -> None:
    assert re.search(value("files"), path)


@pytest.mark.parametrize("path", ["README.md", "main.py", "tf", "image.png"])
def test_the_hook_is_spared_for_other_files(path: str) -> None:
    assert not re.search(value("files"), path)


def test_the_hook_sees_all_files_at_once() -> None:
    assert value("pass_filenames") == "False"
    assert value("require_serial") == "True"
