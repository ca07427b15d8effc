"""A progress bar on long work: after a second, on the terminal's last line, gone at the end. Nothing where nobody watches."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from threading import Event

PATIENCE = 1.0
_EVERY = 0.1  # seconds between two looks at how far it is
_WIDTH = 24


class Progress:
    """How far the work at hand is: `done` of `total` steps, and what it is about; no total where nobody knows."""

    done = 0
    total = 0
    step = ""

    def begin(self, total: int = 0) -> None:
        """New work, of so many steps."""
        self.done, self.total, self.step = 0, total, ""

    def reach(self, done: int, step: str) -> None:
        """So many steps are done, the last or next of which is `step`."""
        self.done, self.step = done, step


PROGRESS = Progress()
"""Of this process: whoever works says how far it is, whether anybody watches or not."""


@contextmanager
def waiting(what: str, quiet: bool = False, stream: TextIO | None = None) -> Iterator[None]:
    """Tell that `what` is going on, and how far it is, until it ends. The line is gone afterwards."""
    out = stream or sys.stderr
    PROGRESS.begin()
    if quiet or not out.isatty() or os.environ.get("CI") or os.environ.get("TERM") == "dumb":
        yield
        return
    import threading

    over = threading.Event()
    teller = threading.Thread(target=_tell, args=(what, out, over), daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def _tell(what: str, out: TextIO, over: Event) -> None:
    began = time.monotonic()
    if over.wait(PATIENCE):
        return
    while not over.wait(_EVERY):
        out.write(f"\r\x1b[2K{what} {_bar(out)}{time.monotonic() - began:.0f} s  {PROGRESS.step[:40]}".rstrip())
        out.flush()
    out.write("\r\x1b[2K")
    out.flush()


def _bar(out: TextIO) -> str:
    done, total = PROGRESS.done, PROGRESS.total
    if not total:
        return "… "
    full, empty = ("━", "╌") if (getattr(out, "encoding", None) or "").lower().startswith("utf") else ("#", "-")
    filled = _WIDTH * min(done, total) // total
    return f"{full * filled}{empty * (_WIDTH - filled)} {done}/{total}  "
