"""The sign of life: at a terminal, after a while, and gone at the end."""

from __future__ import annotations

import io
import time
from pathlib import Path

import pytest

from auditor import audit
from auditor import waiting as module
from auditor.waiting import PROGRESS, waiting


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.02)
    monkeypatch.setattr(module, "_EVERY", 0.02)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_long_work_is_told_and_its_line_is_gone_afterwards() -> None:
    out = Terminal()
    with waiting("reading", stream=out):
        time.sleep(0.2)
    assert "reading … 0 s" in out.getvalue()
    assert out.getvalue().endswith("\r\x1b[2K")


def test_a_bar_shows_how_far_it_is() -> None:
    out = Terminal()
    with waiting("checking", stream=out):
        PROGRESS.begin(48)
        PROGRESS.reach(12, "talos/etcd")
        time.sleep(0.2)
    assert "checking ######------------------ 12/48  0 s  talos/etcd" in out.getvalue()


def test_the_whole_run_says_how_far_it_is() -> None:
    PROGRESS.begin()
    run = audit.audit([Path(__file__).parents[1] / "examples/talos-aws"])
    assert run.findings
    assert 0 < PROGRESS.done == PROGRESS.total


def test_short_work_is_not() -> None:
    out = Terminal()
    with waiting("reading", stream=out):
        pass
    assert out.getvalue() == ""


@pytest.mark.parametrize("reason", ["quiet", "CI", "pipe"])
def test_nobody_is_told_who_does_not_watch(reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO() if reason == "pipe" else Terminal()
    if reason == "CI":
        monkeypatch.setenv("CI", "true")
    with waiting("reading", quiet=reason == "quiet", stream=out):
        time.sleep(0.1)
    assert out.getvalue() == ""
