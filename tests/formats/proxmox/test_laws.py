"""Laws: no text makes trouble, what is said of an unknown backend covers both, and the snippets of the documentation are read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.files import MemoryTree
from auditor.formats.proxmox.load import load
from tests.formats.proxmox.samples import CLASSIC, NFT, ON, WEB, graph, guest, hook, passes, traps

WORDS = st.sampled_from(
    [
        *("IN", "OUT", "in", "GROUP", "FORWARD", "|IN", "|", "ACCEPT", "DROP", "accept", "SSH(ACCEPT)", "web(DROP)", "base", "Base"),
        *("-p", "-dport", "--dport", "-sport", "-source", "-dest", "-icmp-type", "-log", "-i", "-j", "-", "#", "tcp", "udp", "icmp"),
        *("icmpv6", "22", "0", "8000:8010", "443,80", "echo-request", "+admins", "+Admins", "office", "dc/office", "guest/office", "net0"),
        *("10.0.0.0/8", "10.0.0.5/8", "2001:db8::/32", "0.0.0.0/0", "10.0.0.1-10.0.0.9", "nolog", "\t", "[RULES]", "[IPSET x]", "!"),
    ]
)
RULE = st.builds(
    " ".join,
    st.tuples(
        st.sampled_from(["IN", "in", "|IN"]),
        st.sampled_from(["ACCEPT", "DROP", "accept", "SSH(ACCEPT)"]),
        st.sampled_from(["", "-p tcp", "-p udp", "-p icmp"]),
        st.sampled_from(["", "-dport 22", "-dport  22", "-dport 0", "-dport 8"]),
        st.sampled_from(["", "-source 10.0.0.0/8", "-source +Admins", "-source +admins", "-source later", "-source 10.0.0.5/8"]),
    ),
)
CLUSTER = ON + "[IPSET Admins]\n10.0.0.0/8\n[group base]\nIN DROP -p tcp -dport 22\n"
PACKETS = [("tcp/22", "10.0.0.9"), ("tcp/22", "192.0.2.9"), ("udp/9", "10.0.0.9"), ("icmp/2048", "192.0.2.9"), ("tcp/0", "10.0.0.9")]


@given(st.lists(st.lists(WORDS, max_size=8).map(" ".join), max_size=8).map("\n".join))
@settings(max_examples=150, deadline=None)
def test_no_line_makes_trouble_for_the_reader(text: str) -> None:
    files: dict[str, str | bytes] = {"cluster.fw": ON + "[RULES]\n" + text, "100.fw": ON + "[RULES]\n" + text, "qemu-server/100.conf": WEB}
    load(MemoryTree(files), sorted(files))


@given(st.text(max_size=200))
@settings(max_examples=100, deadline=None)
def test_no_text_makes_trouble_for_the_reader(text: str) -> None:
    files: dict[str, str | bytes] = {"cluster.fw": text, "host.fw": text, "100.fw": text, "qemu-server/100.conf": text}
    load(MemoryTree(files), sorted(files))


@given(st.lists(RULE, max_size=5).map("\n".join))
@settings(max_examples=100, deadline=None)
def test_what_is_decided_without_knowing_the_backend_is_so_with_either(rules: str) -> None:
    unknown, classic, nft = (hook(guest(rules + "\n", host, cluster=CLUSTER)) for host in ({}, CLASSIC, NFT))
    for service, source in PACKETS:
        decided = passes(unknown, service, source)
        if decided is not None:
            assert passes(classic, service, source) is decided
            assert passes(nft, service, source) is decided


SNIPPET = re.compile(r"\*\*Proxmox VE firewall\*\*\n\n```\n(.*?)```", re.DOTALL)
PAGES = sorted((Path(__file__).resolve().parents[3] / "docs/rules").glob("*/*.md"))


@pytest.mark.parametrize("page", [page for page in PAGES if SNIPPET.search(page.read_text("utf-8"))], ids=lambda page: page.stem)
def test_the_rules_that_the_documentation_proposes_are_read(page: Path) -> None:
    for text in SNIPPET.findall(page.read_text("utf-8")):
        sets = "".join(f"[IPSET {name}]\n10.0.0.0/8\n" for name in sorted(set(re.findall(r"\+([\w-]+)", text))))
        found = graph({"firewall/cluster.fw": ON + sets, "firewall/100.fw": ON + text})
        assert traps(found) == []
        assert any(not rule.synthetic for each in found.hooks if each.zone == "proxmox:100" for rule in each.filter.rules)
