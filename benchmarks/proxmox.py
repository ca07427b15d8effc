"""A guest of Proxmox to measure with: 10,000 rules, the same every time."""

from __future__ import annotations

import random
from pathlib import Path

_NIC = "name: web\nnet0: virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1\n"


def long_guest(folder: Path, count: int = 10_000) -> Path:
    """A directory with one cluster, whose one guest has `count` rules."""
    where = folder / "proxmox"
    (where / "nodes/pve/qemu-server").mkdir(parents=True, exist_ok=True)
    drawn = random.Random(1)
    rules = (
        f"IN ACCEPT -source 10.{drawn.randrange(256)}.{drawn.randrange(256)}.0/24 -p tcp -dport {drawn.randrange(1, 65535)}\n"
        for _ in range(count)
    )
    (where / "cluster.fw").write_text("[OPTIONS]\nenable: 1\n")
    (where / "100.fw").write_text("[OPTIONS]\nenable: 1\n[RULES]\n" + "".join(rules))
    (where / "nodes/pve/host.fw").write_text("[OPTIONS]\nnftables: 0\n")
    (where / "nodes/pve/qemu-server/100.conf").write_text(_NIC)
    return where
