"""What carries AWS security groups: instances, interfaces, launch templates, load balancers, services. Groups on one of them unite."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.reading import elements, set_here, tags_of
from auditor.formats.terraform.records import Carrier
from auditor.formats.terraform.resources import Arguments, Resource
from auditor.model.record import dataclass


@dataclass(frozen=True, slots=True)
class Attachment:
    """Where a resource type names its groups and subnets: paths of block names down to the argument."""

    groups: tuple[tuple[str, ...], ...]
    subnets: tuple[tuple[str, ...], ...] = ()


ATTACHMENTS: dict[str, Attachment] = {
    "aws_instance": Attachment((("vpc_security_group_ids",), ("security_groups",)), (("subnet_id",),)),
    "aws_spot_instance_request": Attachment((("vpc_security_group_ids",), ("security_groups",)), (("subnet_id",),)),
    "aws_launch_template": Attachment(
        (("vpc_security_group_ids",), ("network_interfaces", "security_groups")), (("network_interfaces", "subnet_id"),)
    ),
    "aws_launch_configuration": Attachment((("security_groups",),)),
    "aws_network_interface": Attachment((("security_groups",),), (("subnet_id",),)),
    "aws_lb": Attachment((("security_groups",),), (("subnets",), ("subnet_mapping", "subnet_id"))),
    "aws_alb": Attachment((("security_groups",),), (("subnets",),)),
    "aws_elb": Attachment((("security_groups",),), (("subnets",),)),
    "aws_eks_cluster": Attachment((("vpc_config", "security_group_ids"),), (("vpc_config", "subnet_ids"),)),
    "aws_eks_node_group": Attachment((("remote_access", "source_security_group_ids"),), (("subnet_ids",),)),
    "aws_db_instance": Attachment((("vpc_security_group_ids",),)),
    "aws_rds_cluster": Attachment((("vpc_security_group_ids",),)),
    "aws_docdb_cluster": Attachment((("vpc_security_group_ids",),)),
    "aws_neptune_cluster": Attachment((("vpc_security_group_ids",),)),
    "aws_redshift_cluster": Attachment((("vpc_security_group_ids",),)),
    "aws_elasticache_cluster": Attachment((("security_group_ids",),)),
    "aws_elasticache_replication_group": Attachment((("security_group_ids",),)),
    "aws_memorydb_cluster": Attachment((("security_group_ids",),)),
    "aws_dax_cluster": Attachment((("security_group_ids",),)),
    "aws_mq_broker": Attachment((("security_groups",),), (("subnet_ids",),)),
    "aws_msk_cluster": Attachment((("broker_node_group_info", "security_groups"),), (("broker_node_group_info", "client_subnets"),)),
    "aws_efs_mount_target": Attachment((("security_groups",),), (("subnet_id",),)),
    "aws_lambda_function": Attachment((("vpc_config", "security_group_ids"),), (("vpc_config", "subnet_ids"),)),
    "aws_ecs_service": Attachment((("network_configuration", "security_groups"),), (("network_configuration", "subnets"),)),
    "aws_vpc_endpoint": Attachment((("security_group_ids",),), (("subnet_ids",),)),
    "aws_elasticsearch_domain": Attachment((("vpc_options", "security_group_ids"),), (("vpc_options", "subnet_ids"),)),
    "aws_opensearch_domain": Attachment((("vpc_options", "security_group_ids"),), (("vpc_options", "subnet_ids"),)),
}
INSTANCES = frozenset({"aws_instance", "aws_spot_instance_request"})
INTERFACE_ATTACHMENT = "aws_network_interface_sg_attachment"


def read(context: Context) -> None:
    """Every carrier of groups."""
    bare: list[tuple[Resource, Carrier]] = []
    for resource in context.root.resources(tuple(ATTACHMENTS)):
        carrier = _carrier(context, resource, ATTACHMENTS[resource.type])
        if carrier.groups:
            context.estate.carriers.append(carrier)
        elif resource.type in INSTANCES:
            bare.append((resource, carrier))
    for resource, carrier in bare:
        _inherit(context, resource, carrier)
    for resource in context.root.resources((INTERFACE_ATTACHMENT,)):
        _attachment(context, resource)


def _inherit(context: Context, resource: Resource, carrier: Carrier) -> None:
    """The groups of an instance that names none: those of its interfaces or its launch template, else its VPC's default group."""
    others = {each.address: each for each in context.estate.carriers}
    for block, name in (("network_interface", "network_interface_id"), ("launch_template", "id"), ("launch_template", "name")):
        for inner in resource.blocks(block):
            other = others.get((context.identity(inner.get(name)) or "").removesuffix(".name"))
            if other is not None:
                carrier.groups += other.groups
                carrier.subnets += [subnet for subnet in other.subnets if subnet not in carrier.subnets]
    carrier.groups = list(dict.fromkeys(carrier.groups)) or [_default_group(context, carrier)]
    context.estate.carriers.append(carrier)


def _default_group(context: Context, carrier: Carrier) -> str | None:
    """The default group of the VPC, if it is adopted here; otherwise its rules are not known."""
    subnets = (context.estate.networks.get(subnet or "") for subnet in carrier.subnets)
    vpcs = {subnet.parent for subnet in subnets if subnet is not None}
    adopted = (group for group in context.estate.groups.values() if group.type == "aws_default_security_group")
    return next((group.address for group in adopted if group.network in vpcs), None)


def _carrier(context: Context, resource: Resource, attachment: Attachment) -> Carrier:
    groups = [each for path in attachment.groups for each in _addresses(context, resource, path)]
    subnets = [each for path in attachment.subnets for each in _addresses(context, resource, path)]
    tags = tags_of(resource.get("tags"))
    return Carrier(resource.address, resource.type, resource.span, groups, subnets, tags, resource.certain)


def _addresses(context: Context, arguments: Arguments, path: tuple[str, ...]) -> Iterator[str | None]:
    """What the argument at the end of `path` names."""
    if len(path) > 1:
        for block in arguments.blocks(path[0]):
            yield from _addresses(context, block, path[1:])
        return
    for value, doubt in elements(arguments.get(path[0])):
        if set_here(value):
            yield context.address(value)
        if doubt is not None and not value.is_unknown:
            yield None


def _attachment(context: Context, resource: Resource) -> None:
    """A group that is put on an interface by a resource of its own. The interface may be an instance's first one."""
    group = context.address(resource.get("security_group_id"))
    reference = resource.get("network_interface_id").reference or ""
    interface = reference.removesuffix(".primary_network_interface_id").removesuffix(".id")
    for carrier in context.estate.carriers:
        if carrier.address == interface:
            carrier.groups.append(group)
            return
    context.estate.carriers.append(Carrier(interface or resource.address, resource.type, resource.span, [group, None]))
