"""Hosts for the tests, and what is asked of their graphs."""

from __future__ import annotations

import json

from auditor.analysis import reach
from auditor.files import MemoryTree, Tree
from auditor.formats.base import Options
from auditor.formats.nixos import FORMAT
from auditor.model.findings import Outcome
from auditor.model.graph import Endpoint, Graph, internet
from auditor.model.headers import ANYWHERE, Protocol, address_interval, ports
from auditor.model.packets import PacketSet
from auditor.nested import nft_reader

HOST = address_interval("192.0.2.10")


def load_tree(tree: Tree) -> Graph:
    paths = [path for path in tree.paths() if FORMAT.claims(path, tree.read_bytes(path)[:4096])]
    return FORMAT.load(tree, paths, Options(nft=nft_reader()))


def load(**files: str) -> Graph:
    """Files by their names, with `_` for the dot: `a_nix`, `a_json`."""
    return load_tree(MemoryTree({name.replace("_", "."): text for name, text in files.items()}))


def nix(options: str) -> Graph:
    """One module with these options in `networking.firewall`."""
    return load(a_nix='{ config, lib, ... }:\n{\n  networking.hostName = "host";\n  networking.firewall = {\n' + options + "\n  };\n}\n")


def dump(nftables: bool = True, **options: object) -> Graph:
    """An evaluated host with these options in `networking.firewall`."""
    firewall = {"enable": True, "allowedTCPPorts": [], "allowedUDPPorts": [], "backend": "nftables" if nftables else "iptables", **options}
    return load(a_json=json.dumps({"hostName": "host", "firewall": firewall, "nftables": {"enable": nftables, "tables": {}}}, indent=2))


def host_of(graph: Graph) -> Endpoint:
    """The one host of a graph."""
    zone = next(zone for zone in graph.zones if zone.kind == "host")
    return Endpoint("host", "host", frozenset({zone.id}), (HOST,), exact=True)


def behind(graph: Graph, interface: str, addresses: str = "10.0.1.0/24") -> Endpoint:
    """Who is behind an interface of the one host."""
    zone = next(zone for zone in graph.zones if zone.kind == "host")
    return Endpoint(interface, "", frozenset({f"{zone.id}:{interface}"}), (address_interval(addresses),), exact=True)


def at(address: str) -> Endpoint:
    """Who is at an address, wherever that is."""
    return Endpoint(address, "", addresses=(address_interval(address),), exact=True)


def tcp(port: int) -> PacketSet:
    return ports(Protocol.TCP, ((port, port),))


def udp(port: int) -> PacketSet:
    return ports(Protocol.UDP, ((port, port),))


def reaches(graph: Graph, packets: PacketSet, source: Endpoint | None = None, destination: Endpoint | None = None) -> str:
    """ "yes", "no" or "perhaps": whether all of the packets get through, from the internet to the host if nothing else is said."""
    ways = graph.ways(source or internet(), destination or host_of(graph))
    judged = [reach.allowed(graph, way, packets) for way in ways]
    outcomes = {each.outcome for each in judged if each is not None}
    if outcomes == {Outcome.HOLDS}:
        return "yes"
    return "no" if Outcome.BROKEN in outcomes else "perhaps"


def sends(graph: Graph, packets: PacketSet, destination: Endpoint | None = None) -> str:
    """The same for what the host sends, to the internet if nothing else is said."""
    return reaches(graph, packets, host_of(graph), destination or internet())


SOMEWHERE = Endpoint("somewhere", addresses=ANYWHERE)
