"""Terraform text as an estate or a graph, and who gets through a group of it."""

from __future__ import annotations

from collections.abc import Callable

from auditor import audit
from auditor.analysis.bounds import Bounds, bounds
from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.terraform import FORMAT
from auditor.formats.terraform.clouds import read_estate
from auditor.formats.terraform.convert import rule_text
from auditor.formats.terraform.modules import Options as RootOptions
from auditor.formats.terraform.modules import load_root
from auditor.formats.terraform.records import Estate, Group
from auditor.formats.terraform.sources import Sources
from auditor.model.filters import Fact, Predicate
from auditor.model.graph import Graph, Hook
from auditor.model.headers import NEW_FLOW, PUBLIC, Protocol, address_interval, icmp, ports, sources
from auditor.model.packets import PacketSet
from auditor.policy.trace import trace

PUBLIC_SOURCES = sources(PUBLIC)
GROUP_A = 'resource "aws_security_group" "a" { name = "a" }\n'


def files_of(text: str, more: dict[str, str] | None = None) -> dict[str, str | bytes]:
    return {"main.tf": text, **(more or {})}


def estate_of(text: str, more: dict[str, str] | None = None) -> Estate:
    return read_estate(load_root(Sources(MemoryTree(files_of(text, more))), "", RootOptions()))


def graph_of(text: str, more: dict[str, str] | None = None) -> Graph:
    tree = MemoryTree(files_of(text, more))
    return FORMAT.load(tree, [path for path in tree.paths() if FORMAT.claims(path, tree.read_bytes(path)[:4096])], Options())


def lines(group: Group) -> list[str]:
    """The group's rules as people read them, inbound first."""
    return [
        f"{record.direction} {rule_text(record)}" for direction in ("in", "out") for record in group.rules if record.direction == direction
    ]


def traps(estate: Estate) -> set[str]:
    return {note.trap for note in estate.notes}


def hook(graph: Graph, id_: str) -> Hook:
    return next(each for each in graph.hooks if each.id == id_)


def member_of(*zones: str) -> Callable[[Predicate], bool | None]:
    """The far end is in these zones and in no other; nothing is known of networks."""

    def settle(predicate: Predicate) -> bool | None:
        return bool(predicate.values & set(zones)) if predicate.fact is Fact.MEMBER else None

    return settle


def inbound(graph: Graph, address: str, question: PacketSet, *zones: str) -> Bounds:
    """What of `question` gets into the group from a member of `zones`."""
    return bounds(hook(graph, f"terraform:{address}/in").filter, member_of(*zones), question & NEW_FLOW)


def outbound(graph: Graph, address: str, question: PacketSet, *zones: str) -> Bounds:
    return bounds(hook(graph, f"terraform:{address}/out").filter, member_of(*zones), question & NEW_FLOW)


def tcp(first: int, last: int | None = None) -> PacketSet:
    return ports(Protocol.TCP, [(first, last or first)])


def udp(first: int, last: int | None = None) -> PacketSet:
    return ports(Protocol.UDP, [(first, last or first)])


def ping() -> PacketSet:
    return icmp(Protocol.ICMP, 8, 0)


def of(*networks: str) -> PacketSet:
    """Packets from these networks."""
    return sources(map(address_interval, networks))


def fates(text: str, destination: str, service: str, source: str = "203.0.113.7") -> set[str]:
    """What becomes of packets between two parties: "passes", "is blocked", "depends"."""
    reading = audit.read(MemoryTree(files_of(text)), ("",), audit.Request(rulesets=("firewall-hygiene",)))
    target = destination if destination == "internet" else f"terraform:{destination}"
    return {part.verdict for part in trace(reading.graph, reading.cast, source, target, service)}
