"""The arguments and nested blocks of the resource types that are read here, as the providers' own schemas have them.

There is one module a provider, which is loaded when a configuration has one of its types. It holds what any version of the last majors
takes, deprecated or not, so what it does not list none of them takes. A type whose schema is not known for certain is left out.

A schema is text: names; `name{ … }` for a block, `name[ … ]` for what is written as blocks or as an argument, `*` for contents that are
not listed because they decide about no packet.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import cast

from auditor import lazyre
from auditor.model.record import dataclass, field

PROVIDERS = frozenset({"aws", "azurerm", "digitalocean", "google", "hcloud", "oci", "openstack", "scaleway"})
TOKEN = lazyre.compile(r"[\w-]+|[][{}*]")
ANYWHERE = """
count for_each depends_on provider id timeouts{*} connection{*} provisioner{*}
lifecycle{
    create_before_destroy prevent_destroy ignore_changes replace_triggered_by destroy enabled precondition{*} postcondition{*}
    action_trigger{*}
}
"""
LANGUAGE = {
    "variable": "type default description sensitive nullable ephemeral deprecated const validation{condition error_message}",
    "output": "value type description sensitive ephemeral deprecated depends_on precondition{*} postcondition{*}",
}


@dataclass(slots=True)
class Shape:
    """What a body may have. `names` are its arguments, with None, and what it nests; `listed`: they are all there are."""

    names: dict[str, Shape | None] = field(default_factory=dict)
    listed: bool = True
    as_argument: bool = False


@cache
def shape_of(type_: str) -> Shape | None:
    """What a resource of this type may have; None if that is not known."""
    provider = type_.partition("_")[0]
    if provider not in PROVIDERS:
        return None
    text = cast("dict[str, str]", import_module(f"{__name__}.{provider}").TYPES).get(type_)
    return None if text is None else _read(f"{ANYWHERE} {text}")


@cache
def shape_of_block(kind: str) -> Shape:
    """What one of Terraform's own blocks may have."""
    return _read(LANGUAGE[kind])


def _read(text: str) -> Shape:
    shape = Shape()
    _fill(shape, iter(TOKEN.findall(text)))
    return shape


def _fill(shape: Shape, tokens: Iterator[str]) -> None:
    name = ""
    for part in tokens:
        if part in "}]":
            return
        if part in "{[":
            inner = shape.names[name] = Shape(as_argument=part == "[")
            _fill(inner, tokens)
        elif part == "*":
            shape.listed = False
        else:
            name = part
            shape.names[name] = None
