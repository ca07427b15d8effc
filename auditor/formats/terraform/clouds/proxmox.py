"""Proxmox VE through its two providers. bpg's writes the firewall as well; of its resources each has a long name and a short one.

The rules are written into the hypervisor's own files, and read as those are: see `terraform.hypervisor`. Telmate's provider has no
resource for them: it makes the guests, and turns the firewall on at their network devices.
"""

from __future__ import annotations

from auditor.formats.terraform.clouds.context import Context
from auditor.formats.terraform.clouds.reading import flag
from auditor.formats.terraform.records import Carrier
from auditor.model.source import Effect

PREFIXES = ("proxmox_virtual_environment_", "proxmox_")


def both_names(name: str) -> tuple[str, str]:
    """The long and the short type of a resource."""
    long, short = PREFIXES
    return f"{long}{name}", f"{short}{name}"


RULES, OPTIONS, CLUSTER = both_names("firewall_rules"), both_names("firewall_options"), both_names("cluster_firewall")
SECURITY_GROUP, IPSET, ALIAS = both_names("cluster_firewall_security_group"), both_names("firewall_ipset"), both_names("firewall_alias")
NODE = both_names("node_firewall")
TELMATE = ("proxmox_vm_qemu", "proxmox_lxc", "proxmox_lxc_guest")
CONTAINERS = (*both_names("container"), "proxmox_lxc", "proxmox_lxc_guest")
MACHINES = {
    **dict.fromkeys(both_names("vm"), "network_device"),
    **dict.fromkeys(both_names("container"), "network_interface"),
    **dict.fromkeys(TELMATE, "network"),
}
"""What makes guests → the blocks of its network devices."""


def read(context: Context) -> None:
    """Every machine. What filters it stands at its network devices."""
    for machine in context.root.resources(tuple(MACHINES)):
        context.estate.carriers.append(Carrier(machine.address, machine.type, machine.span, certain=machine.certain))
        filtered = (block for block in machine.blocks(MACHINES[machine.type]) if flag(block.get("firewall")) is True)
        device = next(filtered, None) if machine.type in TELMATE else None
        if device is not None:
            message = f"{machine.type} turns the firewall on at this device, but no resource of its provider says what it lets through"
            context.note("proxmox-firewall-elsewhere", message, device.span_of("firewall"), Effect.UNKNOWN)
