"""A switch to measure with: 10,000 lines between a server VLAN and the internet, one in a hundred shadowed, the same every time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

_HEAD = """\
version 17.9
hostname core
!
interface GigabitEthernet1/0/48
 no switchport
 ip address 198.51.100.2 255.255.255.252
 ip access-group FROM-INTERNET in
!
interface Vlan30
 description servers
 ip address 10.30.0.1 255.255.0.0
!
ip route 0.0.0.0 0.0.0.0 198.51.100.1
!
ip access-list extended FROM-INTERNET
"""


def _lines(count: int) -> Iterator[str]:
    drawn = random.Random(1)
    earlier: list[str] = []
    for number in range(1, count + 1):
        if number % 100 == 0:
            yield f" {number * 10} {drawn.choice(earlier)}"
            continue
        source = f"{drawn.randrange(11, 200)}.{drawn.randrange(256)}.{drawn.randrange(256)}"
        target = f"10.30.{drawn.randrange(256)}.{drawn.randrange(2, 250)}"
        protocol, port = drawn.choice(("tcp", "udp")), drawn.choice(("eq 443", "eq 22", "range 8000 8100", "eq domain", "gt 1023"))
        action = "deny" if drawn.random() < 0.1 else "permit"
        text = (
            f"{protocol} {source}.0 0.0.0.255 host {target} {port}"
            if drawn.random() < 0.5
            else f"{protocol} host {source}.7 host {target} {port}"
        )
        earlier.append(f"{'permit' if action == 'deny' else 'deny'} {text}" if drawn.random() < 0.5 else f"{action} {text}")
        yield f" {number * 10} {action} {text}"


def long_switch(folder: Path, count: int = 10_000) -> Path:
    """A directory with one switch whose list has `count` lines."""
    where = folder / "switch"
    where.mkdir(exist_ok=True)
    (where / "core.cfg").write_text(_HEAD + "\n".join(_lines(count)) + "\n!\nend\n")
    return where
