"""Proxmox VE through the bpg provider: its machines, and the names of its resources, of which each has a long one and a short one.

The rules are written into the hypervisor's own files, and read as those are: see `terraform.hypervisor`.
"""

from __future__ import annotations

from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.records import Carrier

PREFIXES = ("proxmox_virtual_environment_", "proxmox_")


def both_names(name: str) -> tuple[str, str]:
    """The long and the short type of a resource."""
    long, short = PREFIXES
    return f"{long}{name}", f"{short}{name}"


RULES, OPTIONS, CLUSTER = both_names("firewall_rules"), both_names("firewall_options"), both_names("cluster_firewall")
SECURITY_GROUP, IPSET, ALIAS = both_names("cluster_firewall_security_group"), both_names("firewall_ipset"), both_names("firewall_alias")
NODE = both_names("node_firewall")
MACHINES = {
    **dict.fromkeys(both_names("vm"), "network_device"),
    **dict.fromkeys(both_names("container"), "network_interface"),
}


def read(context: Context) -> None:
    """Every machine. What filters it stands at its network devices."""
    for machine in context.root.resources(tuple(MACHINES)):
        context.estate.carriers.append(Carrier(machine.address, machine.type, machine.span, certain=machine.certain))
