"""What carries AWS security groups: instances, interfaces, launch templates, load balancers, services. Groups on one of them unite."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.reading import elements, name_of, set_here, tags_of
from auditor.formats.terraform.records import Carrier
from auditor.formats.terraform.resources import Arguments, Resource
from auditor.formats.terraform.values import Value
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
    "aws_ecs_task_set": Attachment((("network_configuration", "security_groups"),), (("network_configuration", "subnets"),)),
    "aws_batch_compute_environment": Attachment((("compute_resources", "security_group_ids"),), (("compute_resources", "subnets"),)),
    "aws_codebuild_project": Attachment((("vpc_config", "security_group_ids"),), (("vpc_config", "subnets"),)),
    "aws_sagemaker_notebook_instance": Attachment((("security_groups",),), (("subnet_id",),)),
    "aws_apprunner_vpc_connector": Attachment((("security_groups",),), (("subnets",),)),
    "aws_fsx_lustre_file_system": Attachment((("security_group_ids",),), (("subnet_ids",),)),
    "aws_fsx_ontap_file_system": Attachment((("security_group_ids",),), (("subnet_ids",),)),
    "aws_fsx_openzfs_file_system": Attachment((("security_group_ids",),), (("subnet_ids",),)),
    "aws_fsx_windows_file_system": Attachment((("security_group_ids",),), (("subnet_ids",),)),
    "aws_vpc_endpoint": Attachment((("security_group_ids",),), (("subnet_ids",),)),
    "aws_elasticsearch_domain": Attachment((("vpc_options", "security_group_ids"),), (("vpc_options", "subnet_ids"),)),
    "aws_opensearch_domain": Attachment((("vpc_options", "security_group_ids"),), (("vpc_options", "subnet_ids"),)),
}
BY_NAME = ("security_groups",)
INSTANCES = frozenset({"aws_instance", "aws_spot_instance_request"})
INTERFACE, TEMPLATE = "aws_network_interface", "aws_launch_template"
INTERFACE_ATTACHMENT, ADDED = "aws_network_interface_sg_attachment", "aws_network_interface_attachment"


def read(context: Context) -> None:
    """Every carrier of groups. An instance that names none has those of its interfaces, so these come first."""
    resources = {each.address: each for each in context.root.resources(tuple(ATTACHMENTS))}
    carriers = {each.address: _carrier(context, each, ATTACHMENTS[each.type]) for each in resources.values()}
    templates = {name: each.address for each in resources.values() if each.type == TEMPLATE and (name := name_of(each.get("name")))}
    bare = {address for address, carrier in carriers.items() if carrier.type == INTERFACE and not carrier.groups}
    for address in bare:
        carriers[address].groups.append(_default_group(context, carriers[address]))
    rest = [each for each in context.root.resources((INTERFACE_ATTACHMENT,)) if not _attached(context, each, carriers, bare)]
    for address, carrier in carriers.items():
        if carrier.type in INSTANCES and not carrier.groups:
            _inherit(context, resources[address], carriers, templates)
    for each in rest:
        _attach(context, each, carriers)
    for instance, interface in _added(context, resources):
        _add(carriers[instance], carriers.get(interface or ""))
    context.estate.carriers += [carrier for address, carrier in carriers.items() if carrier.groups and address not in bare]


def _inherit(context: Context, resource: Resource, carriers: dict[str, Carrier], templates: dict[str, str]) -> None:
    """The groups of an instance that names none: those of its interfaces or its launch template, else its VPC's default group."""
    carrier = carriers[resource.address]
    interfaces = [context.identity(inner.get("network_interface_id")) for inner in resource.blocks("network_interface")]
    for inner in resource.blocks("launch_template"):
        by_name = templates.get(name_of(inner.get("name")) or "")
        interfaces.append(by_name or context.identity(inner.get("id")) or (context.identity(inner.get("name")) or "").removesuffix(".name"))
    for address in interfaces:
        _add(carrier, carriers.get(address or ""))
    carrier.groups = list(dict.fromkeys(carrier.groups)) or [_default_group(context, carrier)]


def _added(context: Context, resources: dict[str, Resource]) -> Iterator[tuple[str, str | None]]:
    """Instances, and the interfaces that are added to them later."""
    pairs = [(each.get("instance_id"), context.identity(each.get("network_interface_id"))) for each in context.root.resources((ADDED,))]
    for resource in resources.values():
        if resource.type == INTERFACE:
            pairs += ((block.get("instance"), resource.address) for block in resource.blocks("attachment"))
    for value, interface in pairs:
        instance = context.identity(value) or ""
        if instance in resources and resources[instance].type in INSTANCES:
            yield instance, interface


def _add(carrier: Carrier, other: Carrier | None) -> None:
    """Add what an interface carries, and where it stands; None: nobody knows what."""
    groups = other.groups if other is not None else [None]
    carrier.groups += [group for group in groups if group not in carrier.groups]
    carrier.subnets += [subnet for subnet in (other.subnets if other is not None else ()) if subnet not in carrier.subnets]


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


def _named(context: Context, value: Value) -> str | None:
    """A group by its id or, as instances outside of VPCs had it, by its name."""
    address = context.address(value)
    groups = context.root.resources(("aws_security_group",)) if address not in context.estate.groups else ()
    named = [each.address for each in groups if name_of(each.get("name")) == name_of(value) is not None]
    return named[0] if len(named) == 1 else address


def _addresses(context: Context, arguments: Arguments, path: tuple[str, ...]) -> Iterator[str | None]:
    """What the argument at the end of `path` names."""
    if len(path) > 1:
        for block in arguments.blocks(path[0]):
            yield from _addresses(context, block, path[1:])
        return
    for value, doubt in elements(arguments.get(path[0])):
        if set_here(value):
            yield _named(context, value) if path == BY_NAME else context.address(value)
        if doubt is not None and not value.is_unknown:
            yield None


def _attached(context: Context, resource: Resource, carriers: dict[str, Carrier], bare: set[str]) -> bool:
    """Put a group on an interface that is made here; False if it is another's, such as an instance's first one."""
    interface = context.identity(resource.get("network_interface_id")) or ""
    if interface not in carriers or carriers[interface].type != INTERFACE:
        return False
    carriers[interface].groups.append(context.address(resource.get("security_group_id")) if resource.certain else None)
    bare.discard(interface)
    return True


def _attach(context: Context, resource: Resource, carriers: dict[str, Carrier]) -> None:
    """Put a group on an instance's first interface, or on one that is made elsewhere. One nobody can tell may be any machine's."""
    group = context.address(resource.get("security_group_id")) if resource.certain else None
    reference = resource.get("network_interface_id").reference
    interface = (context.identity(resource.get("network_interface_id")) or "").removesuffix(".primary_network_interface_id")
    if interface in carriers:
        carriers[interface].groups.append(group)
        return
    address = interface or resource.address
    context.estate.carriers.append(Carrier(address, resource.type, resource.span, [group, None]))
    if reference is None and resource.get("network_interface_id").is_unknown:
        for carrier in carriers.values():
            if carrier.type in (*INSTANCES, INTERFACE):
                carrier.groups.append(None)
