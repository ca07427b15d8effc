"""Packets at the boundaries of a ruleset's values, what is read says of them, and what the kernel does."""

from __future__ import annotations

import csv
import importlib.util
import ipaddress
import os
import random
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from auditor.analysis.bounds import Bounds, bounds
from auditor.files import MemoryTree, Tree, read_text
from auditor.formats.nftables import jsoninput, parse
from auditor.formats.nftables.build import Builder
from auditor.formats.nftables.convert import Converted, convert, graph_of, hooks_of
from auditor.formats.nftables.setting import Way
from auditor.formats.nftables.text import Text
from auditor.model.filters import Fact, Filter, Predicate, Side
from auditor.model.headers import ANYWHERE, address_interval
from auditor.model.packets import EVERYTHING, Field, Interval, Packet, State

SHARED = Path(__file__).resolve().parents[3] / "shared"
ORACLE = SHARED / "tools" / "nft_oracle.py"
CASES = SHARED / "conformance" / "nftables"
CORPUS = SHARED / "corpus" / "nftables"
FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"

Asked = dict[str, Any]
"""A packet as the oracle takes it."""

PROTOCOLS = {
    "icmp": 1, "igmp": 2, "tcp": 6, "udp": 17, "dccp": 33, "gre": 47, "esp": 50, "ah": 51, "icmpv6": 58, "ipv6-icmp": 58, "ospf": 89,
    "vrrp": 112, "sctp": 132, "udplite": 136,
}  # fmt: skip
FLAGS = {"fin": 1, "syn": 2, "rst": 4, "psh": 8, "ack": 16, "urg": 32, "ecn": 64, "cwr": 128}
WAYS = {"input": Way.INBOUND, "forward": Way.TRANSIT, "output": Way.OUTBOUND}


def why_not() -> str:
    """Why the kernel cannot be asked here; empty if it can."""
    if not ORACLE.exists():
        return "the oracle is not here"
    if os.geteuid() != 0:
        return "needs root"
    if not (shutil.which("nft") and shutil.which("ip") and os.path.exists("/dev/net/tun")):
        return "needs nft, ip and /dev/net/tun"
    return ""


REFUSED = {
    "host-name/fail.nft": "Could not resolve hostname",
    "iif-index/fail.nft": "Interface does not exist",
    "include-missing/fail.nft": "File not found",
    "line-ends/fail.nft": "syntax error, unexpected junk",
    "refused/fail.nft": "Service out of range",
    "template/fail.nft": "syntax error, unexpected junk",
    "undefined-reference/fail.nft": "No such file or directory",
    "unknown-name/fail.nft": "Could not resolve service",
    "unknown-statement/fail.nft": "queue",
    "unread-reference/fail.nft": "File not found",
}
"""What nft says of the fixtures that it refuses: they are there to be refused, or ask for what this machine lacks."""


def rulesets() -> list[Path]:
    """Every ruleset of the cases, the corpus and the fixtures that is one by itself."""
    found = (path for folder in (CASES, CORPUS, FIXTURES) for path in sorted(folder.rglob("*")) if path.is_file())
    return [path for path in found if (path.suffix == ".nft" or path.name == "nftables.conf") and path.parent.suffix != ".d"]


def is_expected(path: Path, message: str) -> bool:
    """Whether nft may refuse this ruleset with this message."""
    if CORPUS in path.parents:
        with (CORPUS / "INDEX.tsv").open() as index:
            row = next(row for row in csv.DictReader(index, delimiter="\t") if row["file"] == path.name)
        return row["loads on nft 1.0.6"] != "yes"
    return REFUSED.get(f"{path.parent.name}/{path.name}", "never") in message


def oracle() -> ModuleType:
    """The oracle as a module."""
    spec = importlib.util.spec_from_file_location("nft_oracle", ORACLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# -- what is read


def read(tree: Tree, path: str, local: Sequence[Interval] | None = None) -> Converted:
    """A ruleset, converted. `local` are the host's own addresses."""
    builder = Builder(tree, path)
    builder.read(parse.parse(Text(path, read_text(tree, path).text)))
    return convert(builder.ruleset, None if local is None else tuple(local))


def read_json(text: str) -> Converted:
    """A ruleset in JSON, converted."""
    builder = Builder(MemoryTree({}), "listed.json")
    builder.read(parse.Parsed(jsoninput.read(Text("listed.json", text)), (), "file"))
    return convert(builder.ruleset)


def same_everywhere(first: Converted, second: Converted) -> bool:
    """Whether two rulesets let the same packets through, whatever interfaces they take."""
    for entry, exit_ in (("eth0", "eth1"), ("lo", "lo"), ("lan0", "wan0"), ("wan0", "lan1"), ("vpn0", "dmz0")):
        for way in Way:
            results = []
            for converted in (first, second):
                found = Bounds(EVERYTHING, EVERYTHING)
                for hook in graph_of(converted).hooks:
                    if str(way) in hook.id.split("/"):
                        found &= bounds(hook.filter, settle(entry, exit_), EVERYTHING)
                results.append((found.surely, found.maybe))
            if results[0] != results[1]:
                return False
    return True


class Reader:
    """What the ruleset lets through, by way and interfaces. In the oracle every destination of input is local, and none of forward."""

    def __init__(self, tree: Tree, path: str) -> None:
        everything_local, nothing_local = read(tree, path, ANYWHERE), read(tree, path, ())
        self.filters = {
            way: [hook.filter for hook in hooks_of(way, everything_local if way is Way.INBOUND else nothing_local, "h", "d")] for way in Way
        }
        self._bounds: dict[tuple[Way, str, str], Bounds] = {}

    def bounds(self, asked: Asked) -> Bounds:
        way, entry, exit_ = WAYS[asked.get("hook", "input")], *interfaces(asked)
        known = self._bounds.get((way, entry, exit_))
        if known is None:
            known = Bounds(EVERYTHING, EVERYTHING)
            for filter_ in self.filters[way]:
                known &= bounds(filter_, settle(entry, exit_), EVERYTHING)
            self._bounds[way, entry, exit_] = known
        return known

    def says(self, asked: Asked) -> frozenset[str]:
        """accept, block, or both where the files do not decide."""
        found, packet = self.bounds(asked), packet_of(asked)
        if packet in found.surely:
            return frozenset(("accept",))
        return frozenset(("accept", "block")) if packet in found.maybe else frozenset(("block",))


def interfaces(asked: Asked) -> tuple[str, str]:
    """The incoming and outgoing interface, empty where there is none."""
    hook = asked.get("hook", "input")
    entry = "" if hook == "output" else asked.get("iif") or "eth0"
    return entry, "" if hook == "input" else asked.get("oif") or ("eth0" if hook == "output" else "eth1")


def settle(entry: str, exit_: str) -> Callable[[Predicate], bool | None]:
    """Answers about interfaces, as the kernel has them."""

    def ask(predicate: Predicate) -> bool | None:
        name = entry if predicate.side is Side.SOURCE else exit_
        if predicate.fact is Fact.ITSELF:
            return name == "lo"
        return any(_is(value, name) for value in predicate.values)

    return ask


def _is(value: str, name: str) -> bool:
    if value.endswith("\\*"):
        return name == value[:-2] + "*"
    return name.startswith(value[:-1]) if value.endswith("*") else name == value


def packet_of(asked: Asked) -> Packet:
    """The oracle's packet as the model has it: the first of its flow."""
    six = ":" in asked["src"]
    protocol = protocol_of(asked, six)
    packet = {
        Field.PROTOCOL: protocol,
        Field.SOURCE: address_interval(asked["src"])[0],
        Field.DESTINATION: address_interval(asked["dst"])[0],
        Field.STATE: State.NEW,
    }
    if protocol in (6, 17, 33, 132, 136):
        packet |= {Field.SOURCE_PORT: asked.get("sport", 40000), Field.DESTINATION_PORT: asked.get("dport", 0)}
    elif protocol in (1, 58):
        packet[Field.DESTINATION_PORT] = (asked.get("type", 8 if protocol == 1 else 128) << 8) + asked.get("code", 0)
    if protocol == 6:
        packet[Field.TCP_FLAGS] = sum(FLAGS[flag] for flag in str(asked.get("flags", "syn")).split("|") if flag not in ("", "none"))
    return packet


def protocol_of(asked: Asked, six: bool) -> int:
    name = asked.get("proto", "tcp")
    if isinstance(name, int) or str(name).isdigit():
        return int(name)
    return 58 if name == "icmp" and six else PROTOCOLS[name]


def blocked_by(filters: Sequence[Filter], packet: Packet, ask: Callable[[Predicate], bool | None]) -> str:
    """drop or reject: the first filter that denies the packet decides."""
    for filter_ in filters:
        decision = filter_.first_match(packet, ask)
        if decision is not None and decision.verdict.denies:
            return "reject" if decision.verdict.value == "reject" else "drop"
    return "accept"


# -- packets


class Boundaries:
    """The values that stand in a ruleset's text, one below and one above."""

    def __init__(self, text: str, seed: int = 0) -> None:
        self.random = random.Random(seed)
        text = re.sub(r"#[^\n]*", "", text)
        numbers = {int(found, 8 if len(found) > 1 and found[0] == "0" and found.isdigit() and set(found) <= set("01234567") else 0)
                   for found in re.findall(r"(?<![\w.:])(?:0x[0-9a-fA-F]+|0[0-7]*|[1-9]\d*)(?![\w.:])", text)}  # fmt: skip
        named = {22, 25, 53, 67, 68, 80, 123, 161, 443, 445, 546, 547, 5353, 8080, 51820}
        ports = {port + step for port in numbers for step in (-1, 0, 1)} | named
        self.ports = sorted(port for port in ports if 0 < port < 65536)
        self.kinds = sorted(
            {kind for kind in {number + step for number in numbers for step in (-1, 0, 1)} if 0 <= kind < 256}
            | {0, 3, 8, 11, 128, 133, 134, 135, 136}
        )
        self.four, self.six = self._addresses(text)
        names = set(re.findall(r'"([a-z][\w.-]{0,13})\*?"', text)) | set(
            re.findall(r"[io]if(?:name)?\s+(?:[!=]=\s*)?([a-z][\w.-]{0,13})\b", text)
        )
        self.interfaces = sorted({"eth0", "eth1", *(name for name in names if name != "lo" and not name.startswith("."))})[:12]

    @staticmethod
    def _addresses(text: str) -> tuple[list[str], list[str]]:
        four, six = {"192.0.2.1", "198.51.100.7", "10.0.0.1", "203.0.113.9"}, {"2001:db8::1", "2001:db8:1::7", "fe80::1", "fd00::1"}
        for found in re.findall(r"(?<![\w.])\d+\.\d+\.\d+\.\d+(?:/\d+)?|(?<![\w:])[0-9a-fA-F:]*::?[0-9a-fA-F:]*(?:/\d+)?", text):
            try:
                network = ipaddress.ip_network(found, strict=False)
            except ValueError:
                continue
            low, high = int(network.network_address), int(network.broadcast_address)
            kind = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
            for number in (low - 1, low, low + 1, high - 1, high, high + 1):
                if 0 < number < (2**32 if network.version == 4 else 2**128):
                    address = kind(number)
                    if _usable(address):
                        (four if network.version == 4 else six).add(str(address))
        return sorted(four), sorted(six)

    def routes(self, each: int = 3) -> list[Asked]:
        """Some hooks with their interfaces: the kernel is asked for each of them at once."""
        pick = self.random.choice
        found: list[Asked] = [{"hook": "input", "iif": "lo"}, {"hook": "input", "iif": "eth0"}, {"hook": "output", "oif": "eth0"}]
        for _ in range(each):
            found.append({"hook": "input", "iif": pick(self.interfaces)})
            found.append({"hook": "forward", "iif": pick(self.interfaces), "oif": pick(self.interfaces)})
            found.append({"hook": "output", "oif": pick(self.interfaces)})
        return [route for index, route in enumerate(found) if route not in found[:index]]

    def packets(self, count: int, routes: Sequence[Asked] = ()) -> Iterator[Asked]:
        """Packets that the kernel takes: unicast, whole, the first of their flow."""
        pick = self.random.choice
        routes = routes or self.routes()
        for number in range(count):
            addresses = self.four if self.random.random() < 0.6 else self.six
            yield {"id": number, **pick(routes), "src": pick(addresses), "dst": pick(addresses), **self._what(addresses is self.six)}

    def _what(self, six: bool) -> Asked:
        pick = self.random.choice
        protocol = pick(("tcp",) * 8 + ("udp",) * 6 + ("icmp",) * 3 + ("sctp", "udplite", "gre", "esp"))
        if protocol == "icmp":
            kinds = [kind for kind in self.kinds if kind not in ((1, 2, 3, 4, 133, 134, 135, 136, 137) if six else (3, 4, 5, 11, 12))]
            return {"proto": "icmpv6" if six else "icmp", "type": pick(kinds), "code": pick((0, 0, 0, 1, 4))}
        what: Asked = {"proto": protocol}
        if protocol not in ("gre", "esp"):
            what |= {
                "sport": pick(self.ports) if self.random.random() < 0.3 else self.random.randrange(1024, 65536),
                "dport": pick(self.ports),
            }
        if protocol == "tcp" and self.random.random() < 0.2:
            what["flags"] = "|".join(self.random.sample(sorted(FLAGS), self.random.randrange(1, 5)))
        return what


def _usable(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if address.is_multicast or address.is_unspecified or address.is_loopback:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return 2**24 <= int(address) < 0xE0000000
    return not address.ipv4_mapped and int(address) >> 32 != 0


def disagreements(reader: Reader, asked: Sequence[Asked], answers: Sequence[Mapping[str, Any]]) -> list[tuple[Asked, str, frozenset[str]]]:
    """The packets of which something else is said than the kernel does. What never reached a hook counts for nothing."""
    found = []
    for packet, answer in zip(asked, answers, strict=True):
        if answer["verdict"] == "unreached":
            continue
        does = "accept" if answer["verdict"] == "accept" else "block"
        says = reader.says(packet)
        if does not in says:
            found.append((packet, does, says))
    return found
