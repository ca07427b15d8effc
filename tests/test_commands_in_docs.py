"""Every command that the documentation shows is one that the program has, with options that it takes."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from auditor.cli import cli

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINE = re.compile(r"^(?:\s+|- |\s*- script: )\$?\s*(auditor (?!:).*)$|`(auditor [a-z][^`]*)`")


def commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for line in page.read_text(encoding="utf-8").splitlines():
            found = LINE.search(line)
            if found is not None:
                yield page.name, re.split(r"\s+(?:[#>|]|&&)\s", (found[1] or found[2]).replace("…", ""))[0].strip()


SHOWN = sorted(set(commands()))


def test_there_are_commands_to_check() -> None:
    assert len(SHOWN) > 8


@pytest.mark.parametrize(("page", "command"), SHOWN)
def test_a_shown_command_is_understood(page: str, command: str) -> None:
    words = shlex.split(command)[1:]
    group: click.Command = cli
    while isinstance(group, click.Group) and words and (named := group.get_command(click.Context(group), words[0])) is not None:
        group = named
        del words[0]
    if isinstance(group, click.Group) and words and words[0] not in ("--version", "--help"):
        pytest.fail(f"{page}: there is no command {words[0]}")
    try:
        group.make_context("auditor", words, resilient_parsing=not words)
    except click.exceptions.Exit:
        pass
    except click.UsageError as error:
        if not isinstance(error, click.MissingParameter):  # a page may speak of a command without its arguments
            pytest.fail(f"{page}: {command}: {error.format_message()}")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_written_for_a_shell(shell: str) -> None:
    environment = {"_AUDITOR_COMPLETE": f"{shell}_source", "PATH": "/usr/bin:/bin"}
    code = "import sys; sys.argv[0] = 'auditor'; from auditor.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=ROOT)
    if "Couldn't detect Bash version" in done.stderr:
        pytest.skip("no bash here")
    assert "_AUDITOR_COMPLETE" in done.stdout
