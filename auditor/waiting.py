"""A sign of life on long work: after a second, the time that has passed, on the terminal's last line. Nothing where nobody watches."""

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


@contextmanager
def waiting(what: str, quiet: bool = False, stream: TextIO | None = None) -> Iterator[None]:
    """Tell that `what` is going on until it ends. The line is gone afterwards."""
    out = stream or sys.stderr
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
    shown = False
    while not over.wait(PATIENCE):
        out.write(f"\r\x1b[2K{what} … {time.monotonic() - began:.0f} s")
        out.flush()
        shown = True
    if shown:
        out.write("\r\x1b[2K")
        out.flush()
