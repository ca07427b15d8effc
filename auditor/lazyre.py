"""Regular expressions that are compiled when they are first used: a small run needs few of those it imports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from re import IGNORECASE, compile  # noqa: A004  (what this module stands for)

    __all__ = ["IGNORECASE", "compile"]
else:
    IGNORECASE = 2

    class _Pattern:
        """Becomes the compiled pattern, method by method, as they are asked for."""

        def __init__(self, source: str | bytes, flags: int) -> None:
            self._made = (source, flags)

        def __getattr__(self, name: str) -> Any:
            import re

            value = getattr(re.compile(*self._made), name)
            setattr(self, name, value)
            return value

    def compile(source: str | bytes, flags: int = 0) -> Any:  # noqa: A001
        """What `re.compile` is, later."""
        return _Pattern(source, flags)
