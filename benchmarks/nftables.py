"""nftables rulesets to measure with: a page, 10,000 rules of the usual kinds, one in fifty shadowed, and a set of 100,000 addresses."""

from __future__ import annotations

import random
from pathlib import Path

_HEAD = """\
flush ruleset

table inet filter {
{sets}	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		ct state invalid drop
		iif "lo" accept
		icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
"""
_TAIL = """\
	}

	chain output {
		type filter hook output priority filter; policy accept;
	}
}
"""
_PAGE = """\
		ip saddr 192.0.2.0/24 tcp dport { 22, 80, 443 } ct state new accept
		icmp type echo-request limit rate 10/second accept
		iifname "wg0" tcp dport vmap { 22 : accept, 9100 : accept }
		udp dport 51820 accept
"""


def page_nft(folder: Path) -> Path:
    """A ruleset of a page."""
    return _written(folder / "page", _PAGE)


def mixed_nft(folder: Path, count: int = 10_000) -> Path:
    """A ruleset of so many rules."""
    drawn = random.Random(1)
    earlier: list[str] = []
    lines: list[str] = []
    for number in range(count):
        if number % 50 == 49:
            lines.append(drawn.choice(earlier))
            continue
        lines.append(_rule(drawn, number))
        earlier.append(lines[-1])
    return _written(folder / "mixed", "".join(f"\t\t{line}\n" for line in lines))


def _rule(drawn: random.Random, number: int) -> str:
    protocol, port = drawn.choice(("tcp", "udp")), drawn.randrange(1, 60000)
    source = f"10.{drawn.randrange(256)}.{drawn.randrange(256)}.0/24"
    kind = drawn.random()
    if kind < 0.5:
        return f"ip saddr {source} {protocol} dport {port} accept"
    if kind < 0.7:
        target = f"192.168.{drawn.randrange(256)}.{drawn.randrange(256)}"
        return f"ip saddr {source} ip daddr {target} {protocol} dport {{ {port}, {port + 1000} }} counter accept"
    if kind < 0.9:
        return f'iifname "eth{drawn.randrange(4)}" {protocol} dport {port} ct state new accept comment "rule {number}"'
    return f"ip6 saddr 2001:db8:{drawn.randrange(65536):x}::/48 {protocol} dport {port}-{port + 10} drop"


def set_nft(folder: Path, count: int) -> Path:
    """A page with a set of so many addresses."""
    drawn = random.Random(2)
    addresses = {f"{drawn.randrange(1, 223)}.{drawn.randrange(256)}.{drawn.randrange(256)}.{drawn.randrange(256)}" for _ in range(count)}
    elements = ",\n\t\t\t".join(sorted(addresses))
    named = f"\tset blocked {{\n\t\ttype ipv4_addr\n\t\telements = {{ {elements} }}\n\t}}\n\n"
    return _written(folder / f"set-{count}", "\t\tip saddr @blocked drop\n" + _PAGE, named)


def _written(directory: Path, rules: str, sets: str = "") -> Path:
    directory.mkdir()
    (directory / "nftables.conf").write_text(_HEAD.replace("{sets}", sets) + rules + _TAIL)
    return directory
