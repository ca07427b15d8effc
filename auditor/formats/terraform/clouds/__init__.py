"""The firewalls of the clouds, one module a provider: resource instances in, records out."""

from __future__ import annotations

from auditor.formats.terraform.clouds import missing, unsupported
from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.records import Estate
from auditor.formats.terraform.resources import Root


def read_estate(root: Root) -> Estate:
    """Everything of a root module that decides about packets. A provider's readers are loaded only if it has resources here."""
    context = Context(root)
    types = root.types()
    if any(type_.startswith("aws_") for type_ in types) or context.root.missing_modules():
        from auditor.formats.terraform.clouds import aws

        aws.read(context)
    for reader in (missing, unsupported):
        reader.read(context)
    return context.estate
