"""Where AWS machines live: VPCs with their address blocks, and subnets. A network that is not known is named by its symbol.

The address of a machine is one of its VPC's. Every VPC has IPv4; IPv6 only if it is given some.
"""

from __future__ import annotations

from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.reading import address_peer, flag, set_here, unknown_of
from auditor.formats.terraform.records import Family, Group, Network, Peer, PeerKind
from auditor.formats.terraform.resources import Resource
from auditor.formats.terraform.values import Value, text_of
from auditor.model.source import Unknown


def read(context: Context) -> None:
    """Every VPC and subnet."""
    for resource in context.root.resources(("aws_vpc",)):
        _vpc(context, resource)
    for resource in context.root.data(("aws_vpc",)):
        _known_vpc(context, resource)
    for resource in context.root.resources(("aws_vpc_ipv4_cidr_block_association", "aws_vpc_ipv6_cidr_block_association")):
        _association(context, resource)
    for resource in context.root.resources(("aws_subnet",)):
        _subnet(context, resource)


def _vpc(context: Context, resource: Resource) -> None:
    network = Network(resource.address, resource.type, resource.span, name=_name(resource))
    for name, family in (("cidr_block", Family.IPV4), ("ipv6_cidr_block", Family.IPV6)):
        if set_here(resource.get(name)):
            network.blocks.append(address_peer(context, resource.get(name), resource, name, family))
    if not set_here(resource.get("cidr_block")):
        network.blocks.append(_computed(resource, "cidr_block", Family.IPV4))
    if flag(resource.get("assign_generated_ipv6_cidr_block")) is not False or resource.get("ipv6_ipam_pool_id").raw is not None:
        network.blocks.append(_computed(resource, "ipv6_cidr_block", Family.IPV6))
    context.estate.networks[resource.address] = network


def _known_vpc(context: Context, resource: Resource) -> None:
    network = Network(resource.address, "aws_vpc", resource.span, name=_name(resource), foreign=True)
    network.blocks.append(_computed(resource, "cidr_block", Family.IPV4))
    context.estate.networks[resource.address] = network


def _computed(resource: Resource, name: str, family: Family) -> Peer:
    reference = f"{resource.address}.{name}"
    unknown = Unknown(f"{name} is not written in the configuration", resource.span, reference)
    return Peer(PeerKind.UNKNOWN, reference, resource.span, family, unknown)


def _association(context: Context, resource: Resource) -> None:
    name, family = ("cidr_block", Family.IPV4) if "ipv4" in resource.type else ("ipv6_cidr_block", Family.IPV6)
    network = context.estate.networks.get(context.identity(resource.get("vpc_id")) or "")
    if network is None:
        return
    if set_here(resource.get(name)):
        network.blocks.append(address_peer(context, resource.get(name), resource, name, family))
    else:
        network.blocks.append(_computed(resource, name, family))


def _subnet(context: Context, resource: Resource) -> None:
    network = Network(resource.address, resource.type, resource.span, name=_name(resource), parent=_symbol(context, resource.get("vpc_id")))
    for name, family in (("cidr_block", Family.IPV4), ("ipv6_cidr_block", Family.IPV6)):
        if set_here(resource.get(name)):
            network.blocks.append(address_peer(context, resource.get(name), resource, name, family))
    context.estate.networks[resource.address] = network


def _symbol(context: Context, value: Value) -> str | None:
    return context.identity(value) or (text_of(value) if value.is_known else None)


def _name(resource: Resource) -> str | None:
    return text_of(resource.get("tags").items["Name"]) if "Name" in resource.get("tags").items else None


def vpc_of(context: Context, group: Group, vpc_id: Value) -> None:
    """Put a group into the VPC its `vpc_id` names. A symbol without a resource, such as a variable, is a network of its own."""
    address = _symbol(context, vpc_id)
    if address is None:
        return
    if address not in context.estate.networks:
        span = vpc_id.span or group.span
        network = Network(address, "aws_vpc", span, foreign=True)
        unknown = unknown_of(vpc_id, span) if vpc_id.is_unknown else Unknown("the network is made elsewhere", span)
        network.blocks.append(Peer(PeerKind.UNKNOWN, f"{address}.cidr_block", span, Family.IPV4, unknown))
        context.estate.networks[address] = network
    group.network = address
