"""Which file is whose, and what happens to files that are none, or try to take long."""

from __future__ import annotations

import time

import pytest

from auditor.files import MemoryTree
from auditor.formats.proxmox import FORMAT
from auditor.formats.proxmox.load import load
from tests.formats.proxmox.samples import ON, WEB, hook, passes, traps


@pytest.mark.parametrize(
    ("path", "head", "wanted"),
    [
        ("etc/pve/firewall/cluster.fw", b"", True),
        ("100.fw", b"", True),
        ("roles/pve/templates/cluster.fw.j2", b"", True),
        ("nodes/pve/qemu-server/100.conf", b"", True),
        ("firewall.conf", b"[OPTIONS]\nenable: 1\n", False),
        ("web.txt", b"[OPTIONS]\n[RULES]\nIN ACCEPT -p tcp -dport 80\n", True),
        ("pacman.conf", b"[options]\nHoldPkg = pacman\n", False),
        ("iwlwifi.fw", b"\0\0IWL", False),
        ("notes.md", b"[RULES]\nGo IN and ACCEPT\n", False),
    ],
)
def test_a_file_is_recognised_by_name_or_by_what_only_it_has(path: str, head: bytes, wanted: bool) -> None:
    assert FORMAT.claims(path, head) is wanted


def test_a_template_is_reported_and_not_half_read() -> None:
    found = load(MemoryTree({"cluster.fw": ON + "{% for rule in rules %}\n{{ rule }}\n{% endfor %}\n"}), ["cluster.fw"])
    assert [(note.trap, note.span.line) for note in found.notes] == [("unparsable", 3)]
    assert (found.hooks, found.zones) == ((), ())


def test_binary_content_is_reported_and_the_rest_is_read() -> None:
    found = load(MemoryTree({"cluster.fw": b"\xff\xfe\0", "100.fw": ON}), ["100.fw", "cluster.fw"])
    assert [(note.trap, note.span.path) for note in found.notes] == [("unparsable", "cluster.fw")]
    assert found.read == (("100.fw", "proxmox"),)


def test_two_clusters_do_not_mix() -> None:
    files: dict[str, str | bytes] = {
        "a/firewall/cluster.fw": ON + "[group base]\nIN ACCEPT -p tcp -dport 22\n",
        "b/firewall/cluster.fw": ON + "[group base]\nIN ACCEPT -p tcp -dport 80\n",
        **{f"{folder}/firewall/100.fw": ON + "[RULES]\nGROUP base\n" for folder in "ab"},
        **{f"{folder}/nodes/pve/qemu-server/100.conf": WEB for folder in "ab"},
    }
    found = load(MemoryTree(files), sorted(files))
    assert passes(hook(found, "proxmox:a:100"), "tcp/22") is True
    assert passes(hook(found, "proxmox:b:100"), "tcp/22") is False


def test_a_second_file_for_one_guest_is_not_lost() -> None:
    files: dict[str, str | bytes] = {"cluster.fw": ON, "old/100.fw": ON, "new/100.fw": ON}
    found = load(MemoryTree(files), sorted(files))
    assert {zone.id for zone in found.zones} == {"proxmox:host", "proxmox:100", "proxmox:old/100"}


def test_secrets_of_a_guests_configuration_are_nowhere() -> None:
    files: dict[str, str | bytes] = {
        "qemu-server/100.conf": "cipassword: hunter2hunter2\nsshkeys: ssh-ed25519%20AAAAC3\n" + WEB,
        "cluster.fw": ON,
        "100.fw": ON,
    }
    found = load(MemoryTree(files), sorted(files))
    assert "hunter2" not in repr(found)
    assert "AAAAC3" not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[RULES]\n" + "IN ACCEPT " + "-" * 100_000,
        "[RULES]\n" + "IN ACCEPT -p tcp -dport " + ",".join(["1"] * 50_000),
        "[ALIASES]\n" + "a" * 100_000 + " 10.0.0.1",
        "[RULES]\n" + "|" * 100_000,
        "[RULES]\nIN ACCEPT -source " + "9" * 5_000 + ".0.0.1\nIN ACCEPT -p " + "9" * 5_000 + "\nIN ACCEPT -p tcp -dport " + "9" * 5_000,
        "[OPTIONS]\nenable: " + "1" * 5_000,
        "[RULES]\nIN ACCEPT -p icmp -icmp-type "
        + "9" * 5_000
        + "\nIN ACCEPT -p icmp -dport ²\nIN ACCEPT -p icmp -dport "
        + "0" * 5_000
        + "9\nIN ACCEPT -p icmp -icmp-type 999\nIN ACCEPT -p tcp -dport ²\nIN ACCEPT -p ²",
        "\n".join(["[IPSET x]", *(f"{a}.{b}.0.0/16" if b % 2 else f"!{a}.{b}.0.0/17" for a in range(1, 100) for b in range(60))]),
    ],
)
def test_hostile_text_takes_no_time_and_no_traceback(text: str) -> None:
    started = time.monotonic()
    load(MemoryTree({"cluster.fw": text, "100.fw": text}), ["100.fw", "cluster.fw"])
    assert time.monotonic() - started < 5


def test_a_file_with_a_name_of_its_own_is_read_as_what_it_looks_like() -> None:
    found = load(MemoryTree({"talos.fw": "[group talos-cp]\nIN ACCEPT -p tcp -dport 6443\n"}), ["talos.fw"])
    assert traps(found) == ["file-name"]
    assert {zone.id for zone in found.zones} == {"proxmox:host"}
