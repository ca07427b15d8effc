"""Virtual machines and containers of Proxmox that Terraform makes, as far as the hypervisor's firewall asks about them.

Only those with a number are told: it is by its number that a firewall file knows a guest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.files import Tree
from auditor.formats.base import Options
from auditor.formats.terraform.clouds.proxmox import MACHINES
from auditor.formats.terraform.clouds.reading import flag, texts
from auditor.formats.terraform.load import load_roots
from auditor.formats.terraform.resources import Resource
from auditor.formats.terraform.values import text_of
from auditor.model.headers import address_interval
from auditor.model.packets import Interval
from auditor.model.record import dataclass
from auditor.model.source import Span, Unknown


@dataclass(frozen=True, slots=True)
class Device:
    """A network device. `filtered`: its firewall is switched on."""

    filtered: bool | Unknown
    span: Span
    bridge: str = ""
    addresses: tuple[Interval, ...] = ()
    stated: bool = False


@dataclass(frozen=True, slots=True)
class Guest:
    """A machine by its number, with the address of the resource that makes it."""

    number: str
    address: str
    span: Span
    container: bool
    name: str = ""
    node: str = ""
    tags: tuple[str, ...] = ()
    devices: tuple[Device, ...] = ()


def guests(tree: Tree, paths: Sequence[str], options: Options) -> Iterator[Guest]:
    """Every guest with a known number in the root modules among `paths`."""
    for root in load_roots(tree, paths, options):
        for machine in root.resources(tuple(MACHINES)):
            number = text_of(machine.get("vm_id"))
            if number is not None and number.isdecimal():
                yield _guest(machine, number)


def _guest(machine: Resource, number: str) -> Guest:
    addresses = _addresses(machine)
    blocks = machine.blocks(MACHINES[machine.type])
    devices = tuple(
        Device(
            flag(block.get("firewall")),
            block.span,
            text_of(block.get("bridge")) or "",
            addresses[index] if index < len(addresses) else (),
            not block.get("firewall").is_null,
        )
        for index, block in enumerate(blocks)
    )
    hostname = next((text_of(block.get("hostname")) for block in machine.blocks("initialization")), None)
    return Guest(
        number,
        machine.address,
        machine.span,
        MACHINES[machine.type] == "network_interface",
        text_of(machine.get("name")) or hostname or "",
        text_of(machine.get("node_name")) or "",
        texts(machine.get("tags")),
        devices,
    )


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
