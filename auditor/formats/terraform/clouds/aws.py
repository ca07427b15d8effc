"""Everything of AWS, in the order in which one needs the other: networks, prefix lists, groups, what carries them, network ACLs."""

from __future__ import annotations

from auditor.formats.terraform.clouds import aws_acls, aws_attachments, aws_checks, aws_groups, aws_networks, aws_prefix_lists
from auditor.formats.terraform.clouds.context import Context


def read(context: Context) -> None:
    """Fill the estate with what AWS resources say."""
    aws_networks.read(context)
    aws_prefix_lists.read(context)
    aws_groups.read(context)
    aws_attachments.read(context)
    aws_acls.read(context)
    aws_checks.check(context)
