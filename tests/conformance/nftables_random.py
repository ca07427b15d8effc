"""Rulesets nobody wrote: of the language that is modelled, at random, such that nft loads them."""

from __future__ import annotations

import random
from collections.abc import Callable

PORTS = (22, 53, 80, 443, 1024, 8080)
NETS = ("192.0.2.0/24", "192.0.2.128/25", "198.51.100.7", "203.0.113.0/28", "10.0.0.0/8", "192.0.2.5-192.0.2.9")
NETS6 = ("2001:db8::/32", "2001:db8:1::/48", "2001:db8::1", "fe80::/10")
INTERFACES = ('"eth0"', '"lan0"', '"wan*"', "lo")


class Dice:
    """One random ruleset."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.family = self.random.choice(("inet", "inet", "inet", "ip", "ip6"))
        self.chains = [f"c{number}" for number in range(self.random.randrange(4))]

    def some(self, values: tuple[object, ...], most: int = 3) -> str:
        return ", ".join(map(str, self.random.sample(values, self.random.randrange(1, min(most, len(values)) + 1))))

    # -- matches

    def port(self) -> str:
        kind = self.random.randrange(5)
        port = self.random.choice(PORTS)
        if kind == 0:
            return f"{port}-{port + self.random.randrange(1, 400)}"
        if kind == 1:
            return f"{{ {self.some(PORTS)} }}"
        operator = self.random.choice(("", "", "!= ", "< ", ">= "))
        return f"{operator}{port}"

    def ports(self) -> str:
        protocol = self.random.choice(("tcp", "tcp", "udp", "sctp"))
        return f"{protocol} {self.random.choice(('dport', 'dport', 'sport'))} {self.port()}"

    def address(self) -> str:
        six = self.family == "ip6" or (self.family == "inet" and self.random.random() < 0.3)
        head, nets = ("ip6", NETS6) if six else ("ip", NETS)
        net = self.random.choice(nets)
        value = net if self.random.random() < 0.7 else f"{{ {net} }}"
        return f"{head} {self.random.choice(('saddr', 'daddr'))} {self.random.choice(('', '', '!= '))}{value}"

    def protocol(self) -> str:
        value = self.random.choice(("tcp", "udp", "icmp", "{ tcp, udp }", "{ icmp, ipv6-icmp, esp }", "!= tcp", "gre"))
        return f"meta l4proto {value}"

    def state(self) -> str:
        return "ct state " + self.random.choice(
            ("new", "established,related", "invalid", "{ new, untracked }", "!= new", "! invalid", "untracked")
        )

    def interface(self) -> str:
        return f"{self.random.choice(('iifname', 'oifname'))} {self.random.choice(('', '', '!= '))}{self.random.choice(INTERFACES)}"

    def icmp(self) -> str:
        if self.family == "ip6" or (self.family == "inet" and self.random.random() < 0.5):
            return f"icmpv6 type {self.random.choice(('echo-request', '{ echo-request, 135 }', '!= 128', '133-136'))}"
        return f"icmp type {self.random.choice(('echo-request', '{ 8, 13 }', '!= echo-request', '0-12'))}"

    def flags(self) -> str:
        return "tcp flags " + self.random.choice(
            ("syn", "== syn", "!= syn", "syn,ack", "& (syn | ack) == syn", "! fin,rst", "{ syn, ack }")
        )

    def mark(self) -> str:
        return f"{self.random.choice(('meta mark', 'ct mark'))} {self.random.choice(('0', '1', '2', '!= 0', '& 1 == 1', '{ 1, 3 }'))}"

    def concat(self) -> str:
        if self.family == "ip6":
            return f"ip6 saddr . tcp dport {{ 2001:db8::1 . {self.random.choice(PORTS)}, 2001:db8:1::7 . 22 }}"
        operator = self.random.choice(("", "!= "))
        return f"ip saddr . tcp dport {operator}{{ 192.0.2.0/25 . 22, 198.51.100.7 . {self.random.choice(PORTS)}-9000 }}"

    def named(self) -> str:
        if self.family == "ip6":
            return "ip6 saddr @six"
        return self.random.choice(("tcp dport @ports", "ip saddr @nets", "udp dport != @ports", "ip daddr != @nets"))

    # -- rules

    def rule(self, depth: int) -> str:
        """At most one match about the transport, and of the addresses none that it brings along: nft refuses contradictions."""
        transports: list[Callable[[], str]] = [self.ports, self.ports, self.protocol, self.icmp, self.flags, self.concat, self.named]
        transport = self.random.choice(transports) if self.random.random() < 0.7 else None
        others: list[Callable[[], str]] = [self.state, self.interface, self.mark]
        if transport in (None, self.ports, self.protocol, self.flags):
            others += [self.address, self.address]
        parts = [kind() for kind in self.random.sample(others, self.random.randrange(3))]
        if transport is not None:
            parts.insert(self.random.randrange(len(parts) + 1), transport())
        return " ".join([*parts, self.action(depth, transport is None)])

    def action(self, depth: int, free: bool) -> str:
        jumps = [f"{verb} {name}" for name in self.chains[depth:] for verb in ("jump", "goto")]
        plain = [
            "accept",
            "accept",
            "drop",
            "reject",
            "return",
            "counter",
            "meta mark set 1",
            "ct mark set 2 accept",
            "meta mark set meta mark | 2",
        ]
        if free:
            plain.append(f"tcp dport vmap {{ 22 : accept, 80-90 : drop, 443 : {self.random.choice(jumps or ['continue'])} }}")
            plain.append("meta mark set tcp dport map { 22 : 1, 80 : 3 } accept")
        return self.random.choice(plain + jumps * 2)

    def body(self, depth: int) -> str:
        return "".join(f"\t\t{self.rule(depth)}\n" for _ in range(self.random.randrange(1, 6)))

    def text(self) -> str:
        sets = "\tset ports {\n\t\ttype inet_service\n\t\tflags interval\n\t\telements = { 22, 80-443 }\n\t}\n"
        if self.family != "ip6":
            sets += "\tset nets {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\telements = { 192.0.2.0/26, 203.0.113.9 }\n\t}\n"
        if self.family != "ip":
            sets += "\tset six {\n\t\ttype ipv6_addr\n\t\telements = { 2001:db8::1, fe80::1 }\n\t}\n"
        chains = "".join(f"\tchain {name} {{\n{self.body(depth)}\t}}\n" for depth, name in reversed(list(enumerate(self.chains, 1))))
        bases = ""
        for number in range(self.random.randrange(1, 4)):
            hook = self.random.choice(("input", "input", "forward", "output", "prerouting"))
            priority = self.random.choice((-150, -10, 0, 0, 10))
            head = f"type filter hook {hook} priority {priority}; policy {self.random.choice(('accept', 'drop'))};"
            bases += f"\tchain base{number} {{\n\t\t{head}\n{self.body(0)}\t}}\n"
        return f"table {self.family} t {{\n{sets}{chains}{bases}}}\n"


def ruleset(seed: int) -> str:
    """The ruleset of a number; not every one loads, since what excludes each other is refused."""
    return Dice(seed).text()
