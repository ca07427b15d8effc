"""The hypervisor's firewall: its own files, and what Terraform writes into them; guests that Terraform makes and files filter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from auditor.files import Tree, Unreadable
from auditor.formats.base import Options
from auditor.model.graph import Graph, Zone, ZoneKind
from auditor.model.record import replace
from auditor.model.source import Unknown

if TYPE_CHECKING:
    from auditor.formats.proxmox.machines import Machine
    from auditor.formats.proxmox.record import Document
    from auditor.formats.terraform.resources import Root

_SIGN = b"proxmox_"


def proxmox_with_terraform(tree: Tree, firewalls: Sequence[str], modules: Sequence[str], options: Options) -> Graph:
    """The firewall files of Proxmox at `firewalls`, with the guests and rules that the Terraform files at `modules` state."""
    stated = any(_SIGN in _bytes(tree, path) for path in modules)
    if not firewalls and not stated:
        return Graph()
    from auditor.formats.proxmox.load import load

    if not stated:
        return load(tree, firewalls)
    from auditor.formats.terraform.load import load_roots
    from auditor.formats.terraform.scope import deep_stack

    machines: list[Machine] = []
    documents: list[Document] = []
    with deep_stack():
        for root in load_roots(tree, modules, options):
            own, written = _stated(root)
            machines += own
            documents += written
    return load(tree, firewalls, machines, documents=documents)


def _stated(root: Root) -> tuple[list[Machine], list[Document]]:
    """The guests of a root module, and the files that it writes."""
    from auditor.formats.proxmox.together import combined
    from auditor.formats.terraform.guests import guests
    from auditor.formats.terraform.hypervisor import documents

    symbols = guests(root)
    machines = list({id(each): each for each in symbols.values()}.values())
    written = combined(documents(root, symbols))
    return machines, [*written, *_perhaps(machines, written)]


def _perhaps(machines: Sequence[Machine], written: Sequence[Document]) -> Iterator[Document]:
    """Rules of a guest that nobody can tell may be those of any guest that has none of its own."""
    from auditor.formats.proxmox.record import Document, Line, Scope, Setting

    own = {document.name for document in written if document.scope is Scope.GUEST}
    known = {machine.number for machine in machines}
    stray = next((each for each in written if each.scope is Scope.GUEST and each.name not in known and not each.name.isdecimal()), None)
    if stray is None:
        return
    unknown = Unknown("which guest these rules are for is not known", stray.span)
    stated = (("enable", "1"), ("policy_in", "drop"), ("policy_out", "accept"), ("dhcp", "1"), ("ndp", "1"), ("radv", "0"))
    settings = tuple(Setting(name, value, stray.span, unknown) for name, value in stated)
    lines = tuple(Line(f"{direction} DROP", stray.span, doubts=(unknown,)) for direction in ("IN", "OUT"))
    for machine in machines:
        if machine.number not in own:
            yield Document(stray.path, Scope.GUEST, machine.number, settings, rules=lines, options_span=stray.span, partial=True)


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
    address = zone.id.rpartition(":")[2]
    own = f"terraform:{zone.site}:{address}" if zone.site not in ("", ".") else f"terraform:{address}"
    found = [id_ for alias, ids in devices.items() if alias == own or alias.startswith(f"{own}[") for id_ in ids]
    return replace(zone, inside=(*zone.inside, *found)) if found else zone


def _bytes(tree: Tree, path: str) -> bytes:
    try:
        return tree.read_bytes(path)
    except Unreadable:
        return b""
