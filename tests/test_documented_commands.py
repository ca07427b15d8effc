"""Every command is documented, and every one that the documentation shows runs, on the shipped example."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.cli.page import PATH, page

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/getting-started.md", "docs/auditor-yaml.md", "docs/rulesets.md", "docs/architecture.md")
SHOWN = re.compile(r"^(?:    )?\$ (.*\bauditor\b.*)$|^    (auditor [a-z]+ .*)$", re.MULTILINE)


def shown() -> list[str]:
    """The commands of the pages, in order, each once."""
    found = (match[1] or match[2] for page in PAGES for match in SHOWN.finditer((ROOT / page).read_text(encoding="utf-8")))
    return list(dict.fromkeys(found))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, as a user's own repository."""
    place = tmp_path_factory.mktemp("project") / "repository"
    shutil.copytree(ROOT / "examples" / "talos-aws", place / "examples" / "talos-aws")
    shutil.copytree(ROOT / "examples" / "talos-aws" / "terraform", place / "terraform")
    page = (ROOT / "docs/rulesets.md").read_text(encoding="utf-8")
    sample = re.search(r"^```yaml\n((?:#[^\n]*\n)?ruleset: .*?)^```", page, re.DOTALL | re.MULTILINE)
    assert sample is not None
    (place / "ours.yaml").write_text(sample[1], encoding="utf-8")
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "start"]):
        subprocess.run(["git", *command], cwd=place, check=True)
    return place


def test_the_page_of_all_commands_is_not_stale() -> None:
    assert (ROOT / PATH).read_text(encoding="utf-8") == page(), "run `make docs`"


def test_commands_are_shown() -> None:
    assert len(shown()) > 10


@pytest.mark.parametrize("command", shown())
def test_a_command_that_is_shown_runs(command: str, project: Path) -> None:
    line = re.sub(r"\bauditor(?= |$)", f"{shlex.quote(sys.executable)} -m auditor", command.split(" > ")[0], count=1)
    done = subprocess.run(["bash", "-c", line], cwd=project, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr
