"""Two machines on one cable: whether a flow begins and whether it is answered, asked of real sockets and of what is read."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from auditor.analysis.bounds import bounds
from auditor.analysis.reach import answers_to
from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.nftables import FORMAT
from auditor.model.filters import Fact, Predicate
from auditor.model.graph import Graph, Place
from auditor.model.headers import NEW_FLOW, address_interval, ports
from auditor.model.packets import Field, PacketSet, box_set
from tests.conformance.nftables_kernel import why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

LIBC = ctypes.CDLL(None, use_errno=True)
WAIT = 0.12
ADDRESSES = {"client": "10.9.0.1", "host": "10.9.0.2"}

CHAINS = """table ip t {{
 chain raw_in {{
  type filter hook prerouting priority raw; policy accept;
  {raw_in}
 }}
 chain raw_out {{
  type filter hook output priority raw; policy accept;
  {raw_out}
 }}
 chain in {{
  type filter hook input priority 0; policy drop;
  {into}
 }}
 chain out {{
  type filter hook output priority 0; policy {policy};
  {out}
 }}
}}
"""
SERVED, ASKED = "meta l4proto { tcp, udp } th dport 8080 accept", "meta l4proto { tcp, udp } th dport 443 accept"


def ruleset(into: str, out: str = "", raw_in: str = "", raw_out: str = "") -> str:
    return CHAINS.format(into=into, out=out, raw_in=raw_in, raw_out=raw_out, policy="drop" if out else "accept")


RULESETS = {
    "stateful": ruleset(f"ct state established,related accept\n{SERVED}", f"ct state established accept\n{ASKED}"),
    "no established in": ruleset(SERVED),
    "no established out": ruleset(f"ct state established accept\n{SERVED}", ASKED),
    "by ports": ruleset(f"{SERVED}\n{ASKED.replace('dport', 'sport')}", f"{SERVED.replace('dport', 'sport')}\n{ASKED}"),
    "invalid dropped": ruleset(f"ct state invalid drop\nct state established accept\n{SERVED}", "ct state invalid drop\naccept"),
    "by direction": ruleset(f"ct direction reply accept\n{SERVED}", f"ct direction reply accept\n{ASKED}"),
    "by status": ruleset(f"ct status seen-reply accept\n{SERVED}"),
    "the flow's mark": ruleset(f"{SERVED.replace('accept', 'ct mark set 7 accept')}\nct mark 7 accept", f"ct mark 7 accept\n{ASKED}"),
    "untracked, established": ruleset(f"ct state established accept\n{SERVED}", "ct state established accept", "notrack", "notrack"),
    "untracked": ruleset("ct state established,untracked accept", "ct state untracked accept", "notrack", "notrack"),
    "untracked coming in": ruleset("ct state untracked accept", "ct state established accept", "notrack"),
    "untracked coming in, new": ruleset("ct state untracked accept", "ct state new,established accept", "notrack"),
    "untracked going out": ruleset(f"ct state established accept\n{SERVED}", "accept", "", "notrack"),
    "untracked on one port": ruleset("accept", "ct state established accept", SERVED.replace("accept", "notrack")),
    "untracked on another interface": ruleset("accept", "ct state established accept", 'iifname "lo" notrack'),
}


@pytest.fixture(scope="module")
def namespaces() -> Iterator[dict[str, str]]:
    names = {end: f"auditor-{os.getpid()}-{end}" for end in ADDRESSES}
    try:
        for name in names.values():
            _run("ip", "netns", "add", name)
        ends = f"netns {names['client']} type veth peer name eth0 netns {names['host']}"
        _run("ip", "link", "add", "eth0", *ends.split())
        for end, name in names.items():
            _run("ip", "-n", name, "addr", "add", f"{ADDRESSES[end]}/24", "dev", "eth0")
            for link in ("eth0", "lo"):
                _run("ip", "-n", name, "link", "set", link, "up")
        yield names
    finally:
        for name in names.values():
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)


def _run(*words: str, text: str = "") -> None:
    subprocess.run(words, input=text, check=True, capture_output=True, text=True)


def _socket(namespace: str, kind: socket.SocketKind) -> socket.socket:
    """A socket that lives in a namespace: it stays where it was made."""
    here, there = os.open("/proc/self/ns/net", os.O_RDONLY), os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    try:
        assert LIBC.setns(there, 0) == 0
        made = socket.socket(type=kind)
        made.settimeout(WAIT)
        return made
    finally:
        assert LIBC.setns(here, 0) == 0
        os.close(here)
        os.close(there)


@contextmanager
def _ends(client: str, server: str, kind: socket.SocketKind, address: tuple[str, int]) -> Iterator[tuple[socket.socket, socket.socket]]:
    with _socket(client, kind) as asks, _socket(server, kind) as serves:
        serves.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        serves.bind(address)
        yield asks, serves


def connects(client: str, server: str, address: tuple[str, int]) -> bool:
    with _ends(client, server, socket.SOCK_STREAM, address) as (asks, serves):
        serves.listen()
        with suppress(OSError):
            asks.connect(address)
            return True
    return False


def asks_and_hears(client: str, server: str, address: tuple[str, int]) -> tuple[bool, bool]:
    """Whether a datagram arrives, and its answer."""
    arrived = heard = False
    with _ends(client, server, socket.SOCK_DGRAM, address) as (asks, serves), suppress(OSError):
        asks.sendto(b"?", address)
        _, who = serves.recvfrom(9)
        arrived = True
        serves.sendto(b"!", who)
        heard = bool(asks.recv(9))
    return arrived, heard


def says(graph: Graph, protocol: int, inbound: bool, port: int) -> tuple[bool | None, bool | None]:
    """Whether a flow begins and is answered, by what is read; None where that is not decided."""
    client, host = (address_interval(ADDRESSES[end]) for end in ("client", "host"))
    source, destination = (client, host) if inbound else (host, client)
    asked = NEW_FLOW & ports(protocol, [(port, port)], [(40000, 40000)])
    asked &= box_set({Field.SOURCE: [source], Field.DESTINATION: [destination]})
    there, back = (Place.INBOUND, Place.OUTBOUND) if inbound else (Place.OUTBOUND, Place.INBOUND)
    return _let(graph, there, asked), _let(graph, back, answers_to(asked))


def _let(graph: Graph, place: Place, packets: PacketSet) -> bool | None:
    surely = maybe = packets
    for hook in graph.hooks:
        if hook.place is place:
            found = bounds(hook.filter, _by_eth0, maybe)
            surely, maybe = surely & found.surely, maybe & found.maybe
    return True if surely is packets else False if maybe is not packets and not packets <= maybe else None


def _by_eth0(predicate: Predicate) -> bool:
    return predicate.fact is not Fact.ITSELF and "eth0" in predicate.values


@pytest.mark.parametrize("name", RULESETS)
def test_what_begins_and_is_answered_is_what_is_read(name: str, namespaces: dict[str, str]) -> None:
    text = RULESETS[name]
    _run("ip", "netns", "exec", namespaces["host"], "nft", "-f", "-", text="flush ruleset\n" + text)
    graph = FORMAT.load(MemoryTree({"r.nft": text}), ["r.nft"], Options())
    for inbound, port, ends in ((True, 8080, ("client", "host")), (False, 443, ("host", "client"))):
        client, server = (namespaces[end] for end in ends)
        address = (ADDRESSES[ends[1]], port)
        arrives, heard = asks_and_hears(client, server, address)
        begins, answered = says(graph, 17, inbound, port)
        assert begins in (None, arrives)
        assert not arrives or answered in (None, heard)
        both = says(graph, 6, inbound, port)
        assert None in both or all(both) is connects(client, server, address)
