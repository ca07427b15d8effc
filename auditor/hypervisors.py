"""Guests that Terraform makes and firewall files filter: the switch of the network device is in the one, the rules are in the other."""

from __future__ import annotations

from collections.abc import Sequence

from auditor.files import Tree, Unreadable
from auditor.formats.base import Options
from auditor.model.graph import Graph, Zone, ZoneKind
from auditor.model.record import replace

_SIGN = b"proxmox_"


def proxmox_with_terraform(tree: Tree, firewalls: Sequence[str], modules: Sequence[str], options: Options) -> Graph:
    """The firewall files of Proxmox at `firewalls`, with the guests that the Terraform files at `modules` make."""
    from auditor.formats.proxmox.load import load

    if not any(_SIGN in _bytes(tree, path) for path in modules):
        return load(tree, firewalls)
    from auditor.formats.proxmox.machines import Machine, Nic
    from auditor.formats.terraform.guests import guests

    machines = [
        Machine(
            guest.number,
            guest.span,
            guest.container,
            guest.name,
            guest.node,
            guest.tags,
            tuple(
                Nic(f"net{index}", device.filtered, device.span, device.bridge, device.addresses, device.stated)
                for index, device in enumerate(guest.devices)
            ),
            (f"terraform:{guest.address}",),
        )
        for guest in guests(tree, modules, options)
    ]
    return load(tree, firewalls, machines)


def joined(graph: Graph) -> Graph:
    """The graph with each machine of Terraform at the network devices of its guest, which are known by its address as well."""
    devices: dict[str, list[str]] = {}
    for zone in graph.zones:
        for alias in zone.aliases if zone.id.startswith("proxmox:") else ():
            if alias.startswith("terraform:"):
                devices.setdefault(alias, []).append(zone.id)
    if not devices:
        return graph
    return replace(graph, zones=tuple(_at_devices(zone, devices) for zone in graph.zones))


def _at_devices(zone: Zone, devices: dict[str, list[str]]) -> Zone:
    """A machine's zone stands for all instances of a resource, which are told apart by a key."""
    if zone.kind is not ZoneKind.HOST or not zone.id.startswith("terraform:"):
        return zone
    own = f"terraform:{zone.id.rpartition(':')[2]}"
    found = [id_ for alias, ids in devices.items() if alias == own or alias.startswith(f"{own}[") for id_ in ids]
    return replace(zone, inside=(*zone.inside, *found)) if found else zone


def _bytes(tree: Tree, path: str) -> bytes:
    try:
        return tree.read_bytes(path)
    except Unreadable:
        return b""
