"""Small clusters for the tests, and the two questions most of them ask."""

from __future__ import annotations

from auditor.files import MemoryTree
from auditor.formats.proxmox.load import load
from auditor.model.filters import Fact, Predicate, Verdict
from auditor.model.graph import Graph, Hook, Place
from auditor.model.headers import Protocol, TcpFlag, address_interval
from auditor.model.packets import Field, State

ON = "[OPTIONS]\nenable: 1\n"
CLASSIC = {"nodes/pve/host.fw": "[OPTIONS]\nnftables: 0\n"}
NFT = {"nodes/pve/host.fw": "[OPTIONS]\nnftables: 1\n"}
WEB = "name: web\nnet0: virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1\n"


def graph(files: dict[str, str], host: dict[str, str] = CLASSIC, machine: str = WEB) -> Graph:
    """The graph of `files`, with a node and guest 100."""
    tree = MemoryTree({**host, "nodes/pve/qemu-server/100.conf": machine, "firewall/cluster.fw": ON, **files})
    return load(tree, tree.paths())


def guest(rules: str, host: dict[str, str] = CLASSIC, options: str = ON, cluster: str = ON) -> Graph:
    """The graph of guest 100 with these rules."""
    return graph({"firewall/cluster.fw": cluster, "firewall/100.fw": f"{options}[RULES]\n{rules}"}, host)


def hook(found: Graph, zone: str = "proxmox:100", place: Place = Place.INBOUND) -> Hook:
    """The one hook at a zone and place."""
    (only,) = (each for each in found.hooks if each.zone == zone and each.place is place)
    return only


def passes(
    found: Hook, service: str, source: str = "100.64.0.9", destination: str = "100.64.0.10", state: State = State.NEW
) -> bool | None:
    """Whether a packet like "tcp/22" gets through; None where that is not decided."""
    protocol, _, port = service.partition("/")
    to, _, from_ = port.partition("<")
    number = Protocol[protocol.upper()]
    packet = {
        Field.PROTOCOL: int(number),
        Field.SOURCE: address_interval(source)[0],
        Field.DESTINATION: address_interval(destination)[0],
        Field.SOURCE_PORT: int(from_ or 40000),
        Field.DESTINATION_PORT: int(to or 0),
        Field.STATE: int(state),
        Field.TCP_FLAGS: int(TcpFlag.SYN) if number is Protocol.TCP else 0,
    }
    may, may_not = (found.filter.first_match(packet, _ask, wanted) for wanted in (Verdict.PERMIT, Verdict.DENY))
    return None if may is not None and may_not is not None else may is not None


def _ask(predicate: Predicate) -> bool | None:
    return False if predicate.fact is Fact.ITSELF else None


def traps(found: Graph) -> list[str]:
    """The traps of a graph's notes."""
    return [note.trap for note in found.notes]
