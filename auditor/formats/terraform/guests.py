"""Virtual machines and containers of Proxmox that Terraform makes, as far as the hypervisor's firewall asks about them.

A guest is known by its number, or, where that is not known, by the symbol of it. A clone has the network devices of what it is a copy of
unless it has its own.
"""

from __future__ import annotations

from auditor import lazyre
from auditor.formats.proxmox.machines import Machine, Nic
from auditor.formats.terraform.clouds.proxmox import CONTAINERS, MACHINES
from auditor.formats.terraform.clouds.reading import flag, set_here, texts
from auditor.formats.terraform.resources import Arguments, Resource, Root
from auditor.formats.terraform.values import Value, text_of
from auditor.model.headers import address_interval
from auditor.model.packets import Interval
from auditor.model.source import Unknown

NUMBERS = ("vm_id", "vmid", "guest_id")
ELSEWHERE = ("clone", "networks")
"""Where devices come from that have no block of their own: the guest it is a copy of, or blocks by the devices' names."""
SEPARATORS = lazyre.compile("[;, ]")


def guests(root: Root) -> dict[str, Machine]:
    """Every guest of a root module, by each symbol of its number."""
    found: dict[str, Machine] = {}
    for resource in root.resources(tuple(MACHINES)):
        machine = _guest(resource, root.directory)
        for symbol in (machine.number, *(f"{resource.address}.{name}" for name in (*NUMBERS, "id"))):
            found.setdefault(symbol, machine)
    return found


def _guest(machine: Resource, directory: str) -> Machine:
    number = _first(machine, NUMBERS)
    blocks = machine.blocks(MACHINES[machine.type])
    addresses = _addresses(machine) or [_written_in(machine, index, block) for index, block in enumerate(blocks)]
    nics = tuple(_nic(index, block, addresses[index] if index < len(addresses) else ()) for index, block in enumerate(blocks))
    hostname = next((text_of(block.get("hostname")) for block in machine.blocks("initialization")), None)
    copied = not blocks and any(machine.blocks(name) or set_here(machine.get(name)) for name in ELSEWHERE)
    here = f"terraform:{directory}:{machine.address}" if directory else f"terraform:{machine.address}"
    return Machine(
        (text_of(number) if set_here(number) and number.raw != 0 else None) or number.reference or machine.address,
        machine.span,
        machine.type in CONTAINERS,
        text_of(_first(machine, ("name", "hostname"))) or hostname or "",
        text_of(_first(machine, ("node_name", "target_node"))) or "",
        tuple(tag for text in texts(machine.get("tags")) for tag in SEPARATORS.split(text) if tag),
        None if copied else nics,
        tuple(dict.fromkeys((here, f"terraform:{machine.address}"))),
    )


def _first(machine: Resource, names: tuple[str, ...]) -> Value:
    """The first of the arguments that is set: each provider has names of its own."""
    return next((value for name in names if set_here(value := machine.get(name))), machine.get(names[0]))


def _nic(index: int, block: Arguments, addresses: tuple[Interval, ...]) -> Nic:
    filtered = flag(block.get("firewall"))
    if not block.certain and filtered is True:
        filtered = block.doubt or Unknown("how many network devices there are is not known", block.span)
    stated = not block.get("firewall").is_null
    place = (text_of(block.get("id")) or str(index)).removeprefix("net")
    return Nic(f"net{place}", filtered, block.span, text_of(block.get("bridge")) or "", addresses, stated)


def _written_in(machine: Resource, index: int, block: Arguments) -> tuple[Interval, ...]:
    """The fixed addresses of a device of Telmate's provider: in the block itself, or in the machine's `ipconfig0` and so on."""
    place = (text_of(block.get("id")) or str(index)).removeprefix("net")
    parts = dict(part.partition("=")[::2] for part in (text_of(machine.get(f"ipconfig{place}")) or "").split(","))
    written = [parts.get("ip"), parts.get("ip6"), *(text_of(block.get(name)) for name in ("ip", "ip6", "ipv4_address", "ipv6_address"))]
    return tuple(interval for text in written if text and (interval := _fixed(text)) is not None)


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
