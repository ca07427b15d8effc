"""Terraform text as root modules and values."""

from __future__ import annotations

import textwrap
from fractions import Fraction
from typing import Any

from auditor.files import MemoryTree
from auditor.formats.terraform.evaluate import evaluate
from auditor.formats.terraform.modules import Options, RootModule
from auditor.formats.terraform.resources import Resource
from auditor.formats.terraform.sources import Sources
from auditor.formats.terraform.values import Hidden, Value


def root_of(text: str = "", more: dict[str, str | bytes] | None = None, options: Options | None = None, directory: str = "") -> RootModule:
    """The root module whose main.tf is `text`."""
    files: dict[str, str | bytes] = {**({"main.tf": textwrap.dedent(text)} if text else {}), **(more or {})}
    return RootModule(Sources(MemoryTree(files)), directory, options or Options())


def resources_of(root: RootModule) -> dict[str, Resource]:
    return {resource.address: resource for resource in root.resources(root.types())}


def local(root: RootModule, name: str) -> Value:
    """A local value; errors are raised."""
    return evaluate(root.module.source.locals[name].expression, root.module.scope)


def value_of(expression: str, more: dict[str, str | bytes] | None = None) -> Value:
    return local(root_of(f"locals {{\n  it = {expression}\n}}\n", more), "it")


def plain(value: Value) -> Any:
    """A value as plain data; `…` for what is not known."""
    raw = value.raw
    if isinstance(raw, Hidden):
        return ...
    if isinstance(raw, tuple):
        return [plain(part) for part in raw]
    if isinstance(raw, dict):
        return {key: plain(part) for key, part in raw.items()}
    return float(raw) if isinstance(raw, Fraction) else raw


def traps(root: RootModule) -> list[str]:
    return [note.trap for note in root.notes()]
