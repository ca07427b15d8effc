"""The firewalls of the clouds, one module a provider: resource instances in, records out."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import cast

from auditor.formats.terraform.clouds import missing, unsupported
from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.records import Estate
from auditor.formats.terraform.resources import Root

PROVIDERS = {
    "aws": "aws",
    "azurerm": "azure",
    "google": "google",
    "hcloud": "hcloud",
    "openstack": "openstack",
    "digitalocean": "digitalocean",
    "oci": "oci",
    "scaleway": "scaleway",
    "proxmox": "proxmox",
}
"""The first word of a provider's resource types → its module here."""


def read_estate(root: Root) -> Estate:
    """Everything of a root module that decides about packets. A provider's reader is loaded only if it has resources here."""
    context = Context(root)
    used = {type_.partition("_")[0] for type_ in root.types()} | ({"aws"} if root.missing_modules() else set())
    for provider, module in PROVIDERS.items():
        if provider in used:
            read = import_module(f"{__name__}.{module}").read
            cast("Callable[[Context], None]", read)(context)
    missing.read(context)
    unsupported.read(context)
    return context.estate
