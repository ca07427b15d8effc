"""What the product's own code made of small files: parsed options, aliases, sets and rules, and what it did with packets."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.files import DirectoryTree, MemoryTree
from auditor.formats.proxmox import FORMAT
from auditor.formats.proxmox.check import addresses, family_of
from auditor.formats.proxmox.files import read_files, sites
from auditor.formats.proxmox.load import load
from auditor.formats.proxmox.lookup import Held, Names, resolve_entry
from auditor.formats.proxmox.macros import MACROS
from auditor.formats.proxmox.names import ICMP_TYPES
from auditor.formats.proxmox.record import Backend, Document, Fate, Line
from auditor.formats.proxmox.site import Judged, Site, Surroundings, switched_on
from auditor.model.filters import Verdict
from auditor.model.graph import Graph, Hook, Place
from auditor.model.headers import Protocol, TcpFlag, address_interval
from auditor.model.packets import Field, State

SHARED = Path(__file__).resolve().parents[3] / "shared"
CASES = SHARED / "conformance/proxmox/cases.json"
CORPUS = SHARED / "corpus/proxmox"

pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the observed outcomes are not beside the repository")

NODE = Surroundings(
    Backend.CLASSIC,
    (address_interval("172.16.1.0/24"),),
    (address_interval("172.16.1.11"),),
    (address_interval("172.16.1.2"),),
)
GUESTS = {
    "qemu-server/100.conf": "net0: virtio=0E:0B:38:B8:B3:21,bridge=vmbr0,firewall=1\n"
    "net1: virtio=0E:0B:38:B8:B3:22,bridge=vmbr1,firewall=1\n",
    "qemu-server/101.conf": "net0: virtio=0E:0B:38:B8:B4:21,bridge=vmbr0\n",
    "qemu-server/102.conf": "net0: virtio=0E:0B:38:B8:B5:21,bridge=vmbr0,firewall=1\n",
    "lxc/200.conf": "net0: name=eth0,bridge=vmbr0,firewall=1,hwaddr=0E:18:24:41:2C:43\n",
}


def cases() -> list[dict[str, Any]]:
    return list(json.loads(CASES.read_text("utf-8"))["cases"]) if CASES.exists() else []


EACH = pytest.mark.parametrize("case", cases(), ids=lambda case: case["id"])


def tree_of(case: dict[str, Any]) -> MemoryTree:
    return MemoryTree({**GUESTS, **case["files"]})


def site_of(case: dict[str, Any]) -> Site:
    tree = tree_of(case)
    (site,) = sites(read_files(tree, tree.paths()), NODE)
    return site


def document(site: Site, name: str) -> Document:
    return next(each for each in site.documents if each.path == name)


def graph_of(case: dict[str, Any]) -> Graph:
    tree = tree_of(case)
    return load(tree, tree.paths(), surroundings=NODE)


# -- parsed


def parsed(site: Site, document: Document) -> dict[str, Any]:
    """What was read of a file, in the form of the recording."""
    found: dict[str, Any] = {}
    if document.settings:
        found["options"] = {each.name: _value(each.name, each.value) for each in document.settings}
    if document.aliases or any(each.trap == "alias-dropped" for each in document.troubles):
        found["aliases"] = {each.name.lower(): each.text for each in document.aliases}
    if document.sets:
        names = Names(document, site.cluster, Backend.CLASSIC)
        found["ipsets"] = {
            each.name.lower(): [
                {"cidr": entry.text, **({"nomatch": 1} if entry.nomatch else {})}
                for entry in each.entries
                if isinstance(resolve_entry(names, entry), Held)
            ]
            for each in document.sets
        }
    if document.groups:
        found["groups"] = {each.name.lower(): rules(site, document, each.rules, in_group=True) for each in document.groups}
    if document.rules and (listed := rules(site, document, document.rules)):
        found["rules"] = listed
    return found


def _value(name: str, value: str) -> Any:
    if name == "enable":
        return int(value) if value in ("0", "1") else 0
    return int(value) if value.isdecimal() else value.upper()


def rules(site: Site, document: Document, lines: tuple[Line, ...], *, in_group: bool = False) -> list[dict[str, Any]]:
    judged = site.judged(document, lines, in_group)
    return [_rule(site, document, each) for each in judged if not any(trouble.part == "line" for trouble in each.troubles)]


def _rule(site: Site, document: Document, judged: Judged) -> dict[str, Any]:
    words = judged.words
    assert words is not None
    found: dict[str, Any] = {"action": words.action.text, "enable": int(words.enabled), "type": words.direction.lower()}
    if words.macro is not None:
        found["macro"] = MACROS.get(words.macro.text.lower(), (words.macro.text, ()))[0]
    found |= {name: word.text for name, word in words.options}
    errors = {each.part for each in judged.troubles if each.classic is Fate.SKIPPED and not each.late}
    names = Names(document, site.cluster, Backend.CLASSIC)
    held = [addresses(word, names) for name, word in words.options if name in ("source", "dest") and name not in errors]
    families = [family for each in held if isinstance(each, Held) and (family := family_of(each)) is not None]
    families += {"icmp": [4], "icmpv6": [6], "ipv6-icmp": [6]}.get(str(found.get("proto")), [])
    if families:
        found["ipversion"] = families[0]
    if errors:
        found["errors"] = sorted(errors)
    return found


def _comparable(rule: dict[str, Any]) -> dict[str, Any]:
    return {**rule, "errors": sorted(rule["errors"])} if "errors" in rule else rule


@EACH
def test_every_file_is_read_as_the_product_reads_it(case: dict[str, Any]) -> None:
    site = site_of(case)
    for name, seen in case["observed"].items():
        if not name.endswith(".fw"):
            continue
        wanted = dict(seen)
        if "rules" in wanted:
            wanted["rules"] = [_comparable(rule) for rule in wanted["rules"]]
        wanted["groups"] = {key: [_comparable(rule) for rule in listed] for key, listed in wanted.get("groups", {}).items()}
        assert {"groups": {}, **parsed(site, document(site, name))} == wanted


@EACH
def test_the_sets_have_the_members_that_the_product_gives_them(case: dict[str, Any]) -> None:
    site = site_of(case)
    for name, seen in case["observed"].get("ipset_members", {}).items():
        _, owner, own = name.removesuffix("-v4").split("-", 2)
        home = site.cluster if owner == "0" else site.guests[owner]
        assert home is not None
        entries = next(each.entries for each in home.sets if each.name.lower() == own)
        names = Names(home, site.cluster, Backend.CLASSIC)
        members = [entry for entry in entries if isinstance(resolve_entry(names, entry), Held)]
        assert sorted(f"{each.text}{' nomatch' if each.nomatch else ''}" for each in members) == sorted(seen)


@EACH
def test_the_firewall_is_on_where_the_product_has_it_on(case: dict[str, Any]) -> None:
    site = site_of(case)
    assert site.cluster is not None
    assert switched_on(site.cluster, site.cluster.span) is case["observed"]["enabled"]


# -- packets


def headers(packet: dict[str, Any]) -> dict[Field, int]:
    number = {"tcp": Protocol.TCP, "udp": Protocol.UDP, "icmp": Protocol.ICMP}[packet["proto"]]
    port = packet["dport"]
    found = {
        Field.PROTOCOL: int(number),
        Field.SOURCE: address_interval(packet.get("source", "100.100.1.2"))[0],
        Field.DESTINATION: address_interval(packet.get("dest", "172.16.1.2" if packet["to"] == "host" else "100.100.1.3"))[0],
        Field.SOURCE_PORT: packet.get("sport", 40000),
        Field.DESTINATION_PORT: port if isinstance(port, int) else ICMP_TYPES[port][0] * 256,
        Field.STATE: int(State.NEW),
    }
    return {**found, Field.TCP_FLAGS: int(TcpFlag.SYN)} if number is Protocol.TCP else found


def hooks(graph: Graph, end: str, place: Place) -> list[Hook]:
    zone = {"host": "proxmox:host", "vm100": "proxmox:100/net0", "vm101": "proxmox:101"}.get(end)
    return [hook for hook in graph.hooks if hook.zone == zone and hook.place is place]


def verdict(graph: Graph, packet: dict[str, Any]) -> str:
    crossed = hooks(graph, packet["from"], Place.OUTBOUND) + hooks(graph, packet["to"], Place.INBOUND)
    for hook in crossed:
        decisions = [hook.filter.first_match(headers(packet), lambda _: False, wanted) for wanted in (Verdict.PERMIT, Verdict.DENY)]
        assert decisions.count(None) == 1, "it is decided"
        if decisions[0] is None:
            assert decisions[1] is not None
            return "DROP" if decisions[1].verdict is Verdict.DENY else "REJECT"
    return "ACCEPT"


@EACH
def test_every_packet_fares_as_with_the_product(case: dict[str, Any]) -> None:
    graph = graph_of(case)
    found = {json.dumps(packet): verdict(graph, packet) for packet in case["observed"]["packets"]}
    assert found == {json.dumps(packet): packet["verdict"].partition(" ")[0] for packet in case["observed"]["packets"]}


@EACH
def test_what_the_product_loses_in_silence_is_said(case: dict[str, Any]) -> None:
    wanted = case.get("lint", "").rpartition("/")[2]
    traps = {note.trap for note in graph_of(case).notes}
    assert wanted in traps or not wanted, traps


# -- real files


@pytest.mark.parametrize("path", sorted(path.name for path in CORPUS.glob("*.fw*")))
def test_every_real_file_is_read_or_reported(path: str) -> None:
    tree = DirectoryTree(CORPUS)
    assert FORMAT.claims(path, tree.read_head(path, 4096))
    graph = load(tree, [path])
    reported = [note for note in graph.notes if note.trap == "unparsable" and "is a template" in note.message and note.span.path == path]
    assert bool(reported) is path.endswith(".j2")
    assert (path, "proxmox") in graph.read or reported
