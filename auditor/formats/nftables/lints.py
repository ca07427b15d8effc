"""nftables' traps, as their documentation pages tell them."""

from __future__ import annotations

from auditor.formats.base import Lint

LINTS: tuple[Lint, ...] = ()
