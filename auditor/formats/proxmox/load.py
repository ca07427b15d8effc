"""From files to the graph: each guest's network device and each node becomes a host zone with what it receives and what it sends.

A device whose switch is off has no filter; one whose switch is not known has a filter that may be off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.files import Tree
from auditor.formats.proxmox.build import doubtful, guest_filter, host_filter, vnet_filter
from auditor.formats.proxmox.files import read_files, sites
from auditor.formats.proxmox.machines import Machine, Nic
from auditor.formats.proxmox.record import Backend, Document, Scope
from auditor.formats.proxmox.remarks import remarks
from auditor.formats.proxmox.rules import Writer
from auditor.formats.proxmox.site import UNKNOWN, Site, Surroundings, switched_on
from auditor.model.filters import Filter
from auditor.model.graph import Graph, Hook, Place, Zone, ZoneKind
from auditor.model.headers import merge_intervals
from auditor.model.record import dataclass
from auditor.model.source import Span, Unknown

FORMAT = "proxmox"
_PLACES = ((Place.INBOUND, True), (Place.OUTBOUND, False))


@dataclass(frozen=True, slots=True)
class Port:
    """Where a guest is filtered: one of its devices (None: not known which it has), with the firewall file if there is one."""

    number: str
    machine: Machine
    nic: Nic | None
    document: Document | None
    alone: bool


def load(
    tree: Tree,
    paths: Sequence[str],
    machines: Sequence[Machine] = (),
    surroundings: Surroundings = UNKNOWN,
    documents: Sequence[Document] = (),
) -> Graph:
    """The clusters of `paths`. `machines` and `documents` are known from elsewhere; guests among them count that are filtered by a file."""
    found = read_files(tree, paths)
    found.documents += documents
    known = {machine.number for machine in found.machines}
    filtered = {document.name for document in found.documents if document.scope is Scope.GUEST}
    found.machines += [machine for machine in machines if machine.number in filtered - known]
    graph = Graph(notes=tuple(found.notes), read=tuple((path, FORMAT) for path in found.read))
    for site in sites(found, surroundings):
        graph += graph_of(site)
    return graph


def graph_of(site: Site) -> Graph:
    """One cluster."""
    writer = Writer(site)
    ports = tuple(ports_of(site))
    zones = [*_host_zones(site), *(_zone(site, port) for port in ports)]
    hooks = [*_host_hooks(writer), *(hook for port in ports for hook in _hooks(writer, port, ports))]
    filters = tuple(dict.fromkeys(hook.filter for hook in hooks))
    return Graph(tuple(zones), tuple(hooks), notes=tuple(remarks(site)), filters=filters)


# -- guests


def ports_of(site: Site) -> Iterator[Port]:
    """Every guest of which there is a file of either kind."""
    for number in sorted({*site.guests, *site.machines}, key=lambda each: (len(each), each)):
        document = site.guests.get(number)
        span = document.span if document is not None else Span.of_file("")
        machine = site.machines.get(number) or Machine(number, span)
        if machine.nics is None:
            yield Port(number, machine, None, document, alone=True)
        else:
            for nic in machine.nics:
                yield Port(number, machine, nic, document, alone=len(machine.nics) == 1)


def zone_id(site: Site, port: Port) -> str:
    """The guest's number, with the device where it has several."""
    own = port.number if port.alone or port.nic is None else f"{port.number}/{port.nic.name}"
    return f"{FORMAT}:{site.prefix}{own}"


def _zone(site: Site, port: Port) -> Zone:
    machine, nic = port.machine, port.nic
    kind = "ct" if machine.container else "vm"
    name = machine.name or f"{'container' if machine.container else 'VM'} {port.number}"
    label = name if port.alone or nic is None else f"{name} {nic.name}"
    aliases = [
        f"{FORMAT}:{port.number}",
        f"{FORMAT}:{kind}/{port.number}",
        *([machine.name, f"{FORMAT}:{machine.name}"] if machine.name else []),
    ]
    if nic is not None:
        aliases += [f"{FORMAT}:{port.number}/{nic.name}", f"{FORMAT}:{kind}/{port.number}/{nic.name}"]
        aliases += [f"{FORMAT}:{machine.name}/{nic.name}"] if machine.name else []
    id_ = zone_id(site, port)
    return Zone(
        id_,
        ZoneKind.HOST,
        label,
        nic.span if nic is not None else machine.span,
        merge_intervals(nic.addresses) if nic is not None and nic.addresses else None,
        exact=nic is not None and bool(nic.addresses),
        aliases=tuple(dict.fromkeys(alias for alias in (*aliases, *machine.aliases) if alias != id_)),
        attributes=(*((("name", machine.name),) if machine.name else ()), *(("tag", tag) for tag in machine.tags)),
        site=site.prefix,
    )


def switches(site: Site, port: Port) -> tuple[Unknown, ...] | None:
    """What is not known of the three switches; None if one of them is off."""
    assert port.document is not None, "without a file of its own a guest is not filtered"
    place = port.document.span
    nic: bool | Unknown = Unknown(
        f"whether a network device of guest {port.number} has firewall=1 is not in these files", place, f"proxmox:{port.number}/firewall"
    )
    if port.nic is not None:
        nic = port.nic.filtered
    own = port.document.doubt("enable") or port.document.value("enable", "0") == "1"
    found = (switched_on(site.cluster, place), own, nic)
    if any(each is False for each in found):
        return None
    return tuple(each for each in found if isinstance(each, Unknown))


def _hooks(writer: Writer, port: Port, ports: tuple[Port, ...]) -> Iterator[Hook]:
    site = writer.site
    id_ = zone_id(site, port)
    yield from _network_hooks(writer, port, ports, id_)
    doubts = switches(site, port) if port.document is not None else None
    if port.document is None or doubts is None:
        return
    name = port.machine.name or f"guest {port.number}"
    name += f" {port.nic.name}" if port.nic is not None and not port.alone else ""
    for place, inward in _PLACES:
        filter_ = doubtful(guest_filter(writer, port.document, port.machine, port.nic, name, inward), doubts, port.document.span)
        yield _hook(f"{id_}/{place}", place, filter_, id_, doubts)


def _network_hooks(writer: Writer, port: Port, ports: tuple[Port, ...], id_: str) -> Iterator[Hook]:
    """What a virtual network lets pass between its ports: the nftables backend alone asks it."""
    site = writer.site
    network = site.networks.get(port.nic.bridge) if port.nic is not None else None
    backends = site.usual
    if (
        network is None
        or network.value("enable", "0") != "1"
        or Backend.NFT not in backends
        or switched_on(site.cluster, network.span) is False
    ):
        return
    members = frozenset(zone_id(site, each) for each in ports if each.nic is not None and each.nic.bridge == network.name)
    doubts: tuple[Unknown, ...] = ()
    if len(backends) > 1:
        doubts = (Unknown("only the nftables backend asks the rules of a virtual network", network.span, "proxmox:backend"),)
    for place, inward in _PLACES:
        filter_ = doubtful(vnet_filter(writer, network, members, inward), doubts, network.span)
        yield _hook(f"{id_}/{network.name}/{place}", place, filter_, id_, doubts)


def _hook(id_: str, place: Place, filter_: Filter, zone: str, doubts: tuple[Unknown, ...]) -> Hook:
    return Hook(id_, place, filter_, filter_.span, filter_.name, zone, standing=next(iter(doubts), None))


# -- hosts


def _nodes(site: Site) -> dict[str, Document | None]:
    """The nodes: those with a file, else one that stands for all."""
    if site.hosts:
        return dict(site.hosts)
    return {"": None} if site.cluster is not None else {}


def _host_zones(site: Site) -> Iterator[Zone]:
    for name, document in _nodes(site).items():
        id_ = f"{FORMAT}:{site.prefix}{name or 'host'}"
        span = (document or site.cluster or _missing()).span
        aliases = tuple(alias for alias in (f"{FORMAT}:host", f"{FORMAT}:node/{name}" if name else "") if alias and alias != id_)
        label = f"node {name}" if name else "the nodes"
        yield Zone(id_, ZoneKind.HOST, label, span, aliases=aliases, attributes=(("service", "hypervisor"),), site=site.prefix)


def _host_hooks(writer: Writer) -> Iterator[Hook]:
    site = writer.site
    for name, document in _nodes(site).items():
        span = (document or site.cluster or _missing()).span
        on = switched_on(site.cluster, span)
        own = document.doubt("enable") if document is not None else None
        if on is False or (own is None and document is not None and document.value("enable", "1") == "0"):
            continue
        doubts = tuple(each for each in (on, own) if isinstance(each, Unknown))
        id_, label = f"{FORMAT}:{site.prefix}{name or 'host'}", f"node {name}" if name else "the nodes"
        for place, inward in _PLACES:
            yield _hook(f"{id_}/{place}", place, doubtful(host_filter(writer, document, label, inward), doubts, span), id_, doubts)


def _missing() -> Document:
    raise AssertionError("a node has a file of its own, or the cluster's")
