"""A run as text, for people and for programs. Each format is one module with `render(run, sources, options) -> str`, imported on demand."""

from __future__ import annotations

from importlib import import_module

from auditor.report.base import Render

FORMATS = ("text", "json", "sarif", "junit", "github", "gitlab", "markdown", "html")


def renderer(name: str) -> Render:
    """The function that writes format `name`, one of `FORMATS`."""
    if name not in FORMATS:
        raise KeyError(name)
    render: Render = import_module(f"auditor.report.{name}").render
    return render
