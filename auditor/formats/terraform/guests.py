"""Virtual machines and containers of Proxmox that Terraform makes, as far as the hypervisor's firewall asks about them.

A guest is known by its number, or, where that is not known, by the symbol of it. A clone has the network devices of what it is a copy of
unless it has its own.
"""

from __future__ import annotations

from auditor.formats.proxmox.machines import Machine, Nic
from auditor.formats.terraform.clouds.proxmox import MACHINES
from auditor.formats.terraform.clouds.reading import flag, set_here, texts
from auditor.formats.terraform.resources import Arguments, Resource, Root
from auditor.formats.terraform.values import text_of
from auditor.model.headers import address_interval
from auditor.model.packets import Interval
from auditor.model.source import Unknown


def guests(root: Root) -> dict[str, Machine]:
    """Every guest of a root module, by each symbol of its number."""
    found: dict[str, Machine] = {}
    for resource in root.resources(tuple(MACHINES)):
        machine = _guest(resource, root.directory)
        for symbol in (machine.number, f"{resource.address}.vm_id", f"{resource.address}.id"):
            found.setdefault(symbol, machine)
    return found


def _guest(machine: Resource, directory: str) -> Machine:
    addresses = _addresses(machine)
    number = machine.get("vm_id")
    blocks = machine.blocks(MACHINES[machine.type])
    nics = tuple(_nic(index, block, addresses[index] if index < len(addresses) else ()) for index, block in enumerate(blocks))
    hostname = next((text_of(block.get("hostname")) for block in machine.blocks("initialization")), None)
    copied = not blocks and (machine.blocks("clone") or set_here(machine.get("clone")))
    here = f"terraform:{directory}:{machine.address}" if directory else f"terraform:{machine.address}"
    return Machine(
        (text_of(number) if set_here(number) else None) or number.reference or machine.address,
        machine.span,
        MACHINES[machine.type] == "network_interface",
        text_of(machine.get("name")) or hostname or "",
        text_of(machine.get("node_name")) or "",
        texts(machine.get("tags")),
        None if copied else nics,
        tuple(dict.fromkeys((here, f"terraform:{machine.address}"))),
    )


def _nic(index: int, block: Arguments, addresses: tuple[Interval, ...]) -> Nic:
    filtered = flag(block.get("firewall"))
    if not block.certain and filtered is True:
        filtered = block.doubt or Unknown("how many network devices there are is not known", block.span)
    stated = not block.get("firewall").is_null
    return Nic(f"net{index}", filtered, block.span, text_of(block.get("bridge")) or "", addresses, stated)


def _addresses(machine: Resource) -> list[tuple[Interval, ...]]:
    """The fixed addresses of each device, in order: `initialization` has a block `ip_config` for each."""
    found: list[tuple[Interval, ...]] = []
    for block in machine.blocks("initialization"):
        for config in block.blocks("ip_config"):
            families = [each for name in ("ipv4", "ipv6") for each in config.blocks(name)]
            written = [text_of(each.get("address")) or "" for each in families]
            found.append(tuple(interval for text in written if (interval := _fixed(text)) is not None))
    return found


def _fixed(text: str) -> Interval | None:
    try:
        return address_interval(text.partition("/")[0])
    except ValueError:
        return None
