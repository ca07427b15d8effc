"""What nft refuses to load is refused, and what it loads is not: the mistakes people make, each asked of nft itself."""

from __future__ import annotations

import subprocess

import pytest

from auditor.files import MemoryTree
from tests.conformance.nftables_kernel import read, why_not

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())

INPUT = "type filter hook input priority 0;"
PREROUTING = "type nat hook prerouting priority -100;"
POSTROUTING = "type nat hook postrouting priority 100;"


def rule(text: str, family: str = "inet", head: str = INPUT, sets: str = "") -> str:
    return f"table {family} t {{\n{sets}\nchain c {{\nreturn\n}}\nchain i {{\n{head}\n{text}\n}}\n}}\n"


def named(text: str, asked: str = "") -> str:
    return rule(asked, sets=text)


RULES = [
    "ip saddr $X accept", "jump nowhere", "ip saddr @s accept", "tcp dport vmap @m", "counter name foo", 'limit name "foo" accept',
    'quota name "q" accept', 'ct helper set "h"', "flow add @f", "tcp dport { 22 : accept } accept", "tcp dport vmap { 22 }",
    "ip saddr . tcp dport { 1.2.3.4 } accept", "ip saddr { 1.2.3.4 . 22 } accept", "tcp dport 70000 accept", "tcp dport 30-20 accept",
    "ip saddr 10.0.0.0/33 accept", "tcp dport { } accept", "ip saddr 10.0.0.256 accept", "ip protocol 300 accept", "icmp type 300 accept",
    "ip6 saddr 2001:::1 accept", "ip6 saddr ::/129 accept", "tcp dport vmap { 22 : accept, 22 : drop }",
    "tcp dport vmap { 22 : accept, 22 : accept }", "tcp dport vmap { 20-30 : accept, 22 : drop }",
    "tcp dport vmap { 20-30 : accept, 22 : accept }", 'iifname vmap { "lan*" : accept, "lan0" : drop }',
    'iifname vmap { "lan0" : accept, "lan0" : drop }', 'iifname vmap { "lan0" : accept, "lan1" : drop }',
    'iifname { "lan*", "lan0" } accept', "meta mark set tcp dport map { 22 : 1, 22 : 2 }", "ct state vmap { new : accept, new : drop }",
    "ip saddr . tcp dport vmap { 10.0.0.0/8 . 22 : accept, 10.0.0.1 . 22 : drop }",
    "ip saddr . tcp dport vmap { 10.0.0.1 . 22 : accept, 10.0.0.0/8 . 22 : drop }", "tcp dport { 22, 22, 20-30 } accept",
    "accept drop", "accept log", "jump c accept", "goto c counter", "return accept", "reject log", "continue accept", 'comment "x" accept',
    "jump i", "meta l4proto tcp udp dport 1 accept", "ip saddr 1.2.3.4 ip6 saddr ::1 accept", "icmp type 8 ip6 saddr ::1 accept",
    "icmp type 8 tcp dport 1 accept", "ip6 saddr ::1 icmp type 8 accept", "meta l4proto { tcp, udp } tcp dport 1 accept",
    "meta l4proto { tcp } tcp dport 1 accept", "meta l4proto udp meta l4proto tcp accept", "meta l4proto udp meta l4proto tcp tcp dport 1",
    "udp dport 1 meta mark set tcp dport map { 22 : 1 }", "udp dport 1 tcp dport set 80", "ip saddr 1.2.3.4 reject with icmpv6 no-route",
    "udp dport 1 reject with tcp reset", "meta l4proto != udp reject with tcp reset", "ip saddr ! 1.2.3.4 accept", "tcp dport 22,23 accept",
    "meta l4proto tcp,udp accept", "tcp dport & 1 accept", "tcp dport & 1 == 0 accept", "meta mark & 1 accept", "tcp flags & syn accept",
    "ip saddr 1.2.3.4 ct protocol udp tcp dport 1 accept",
    "ip ttl 64 accept", "ip ttl 64 ct state new accept", "ip ttl set 64", 'iifname "*" accept', 'iifname "" accept',
    'iifname "abcdefghijklmnopq" accept', 'iifname "abcdefghijklmno" accept', "l4proto tcp accept", "ACCEPT", "tcp dport = 22 accept",
    "limit rate 10/fortnight accept", "ct state foo accept", "tcp flags foo accept", "icmp type foo accept",
    "ip saddr { 1.2.3.4 5.6.7.8 } drop", "ip saddr {\n1.2.3.4\n5.6.7.8\n} drop", "ip saddr { 10.0.0.1-10.0.0.5 10.0.0.9 } accept",
    'iifname { "wan0" "wan1" } drop', "iifname { wan0 wan1 } accept", "meta l4proto { tcp udp } accept", "tcp dport { , 22 } accept",
    "tcp dport { 22,, 80, } accept", 'iifname "eth0","eth1" accept', "iifname eth0, eth1 accept", "ip saddr 10.1 accept",
    "tcp dport 10.0.0.0/8 accept",
    "ip saddr 0x10 accept", 'ip saddr "1.2.3.4" accept', 'ip saddr { "1.2.3.4", 5.6.7.8 } accept', 'ip6 saddr "::1" accept',
    "iifname accept", "ip saddr accept", "ip saddr all accept", "ct mark log", "iifname masquerade", 'iifname "accept" drop',
    "tcp dport > 22-25 accept", "ip saddr > 10.0.0.0/8 accept", "ip saddr >= 10.0.0.1 accept", "@th,16,16 22 accept",
    "@nh,96,32 0x01020304 accept", "limit rate 10/second burst 5 accept", "limit rate 10/second burst 5 packets accept",
    "limit rate 1 mbytes/second burst 5 packets accept", "limit rate 1 mbytes/second burst 5 kbytes accept", "limit rate 0/second accept",
    "limit rate 10/second burst 0 packets accept", "log level warning accept", 'log level "warn" accept', "log prefix 80",
    "log prefix x accept",
    "accept comment 80", "comment 80", "accept comment said", "reject with icmp no-route", "reject with icmp frag-needed",
    "reject with icmp 3",
    "reject with icmpv6 host-unreachable", "reject with icmpx net-unreachable", "reject with icmpx 9", "reject with icmpx 3",
    "meta l4proto { tcp, udp } reject with tcp reset", "meta l4proto { udp, tcp } reject with tcp reset",
    "meta l4proto { tcp, udp } th dport 53 reject with tcp reset", "jump { accept; } drop", "goto { accept; } counter", "ct state set new",
    "ct status set 1", "ct label set 1", "meta iif set 1", "meta priority set 1:1", "meta priority set tcp dport map { 22 : 1:1 }",
    "meta mark set tcp dport map { 22:1 }", "fib saddr . iif oif missing", "fib saddr . oif type local", "fib saddr oif missing",
    "fib daddr . iif type local", 'iifname . tcp dport { "eth0" . 80-30000, "eth0" . 443-30000 } accept',
    'iifname . tcp dport { "eth0" . 443-1000, "eth0" . 80-30000 } accept',
    "ip saddr . tcp dport vmap { 192.0.2.128/25 . 80-65535 : accept, 192.0.2.0/24 . 8080-65535 : accept }",
    "ip saddr . tcp dport { 10.0.0.1 . 22-23, 10.0.0.1 . 22-23 } accept", "ip saddr . tcp dport { 10.0.0.1 . 22, 10.0.0.1 . 22 } accept",
    "ip saddr . tcp dport vmap { 10.0.0.1 . 22-23 : accept, 10.0.0.1 . 22-23 : drop }",
    "ip saddr . tcp dport { 10.0.0.5 . 22, 10.0.0.0/24 . 22-30, 10.0.0.0/8 . 1-100 } accept",
    "ip saddr . ip daddr { 10.0.0.0/9 . 10.0.0.0/8, 10.0.0.0/8 . 10.128.0.0/9 } accept",
    "dnat ip to 1.2.3.4", "masquerade", "notrack", "tcp dport vmap { 22 : reject }", "meta mark 0x1ffffffff accept",
]  # fmt: skip

RULESETS = [
    "table inet t {\nchain tcp {\n}\n}\n",
    'table inet t {\nchain "x" {\n}\n}\n',
    "table inet t {\nchain c { accept }\n}\n",
    "table inet t {\nchain i {\njump late\n}\n}\ntable inet t {\nchain late {\n}\n}\n",
    "table inet t {\nchain late {\n}\n}\ntable inet t {\nchain i {\njump late\n}\n}\n",
    "table inet t {\nchain i {\nip saddr @late drop\n}\n}\ntable inet t {\nset late {\ntype ipv4_addr\n}\n}\n",
    "table inet u {\nchain x {\n}\n}\ntable inet t {\nchain i {\njump x\n}\n}\n",
    "define A = 1\ndefine A = 2\n",
    "define A = 1\nredefine A = 2\n",
    "define A = 20\n" + rule("tcp dport $A-25 accept"),
    named("set s {\ntype inet_service\n}", "ip saddr @s accept"),
    named("set s {\ntype ipv4_addr\n}", "ip saddr . tcp dport @s accept"),
    named("set s {\ntype ipv4_addr . inet_service\n}", "ip saddr @s accept"),
    named("set s {\ntype inet_service\n}", "tcp dport vmap @s"),
    named("map s {\ntype inet_service : verdict\n}", "tcp dport @s accept"),
    named("map s {\ntype inet_service : verdict\nelements = { 5 : accept }\n}", "tcp dport @s accept"),
    named("map s {\ntype inet_service : ipv4_addr\nelements = { 5 : 1.2.3.4 }\n}", "tcp dport @s accept"),
    named("set s {\ntype inet_service\nelements = { 5-9 }\n}"),
    named("set s {\ntype ipv4_addr\nelements = { 10.0.0.0/8 }\n}", "ip saddr @s accept"),
    named("set s {\ntype inet_service\nflags interval\nelements = { 1-5, 3-9 }\n}", "tcp dport @s accept"),
    named("set s {\ntype inet_service\nflags interval\nelements = { 1-5, 6-9 }\n}", "tcp dport @s accept"),
    named("set s {\ntype inet_service\nflags interval\nauto-merge\nelements = { 1-5, 3-9 }\n}", "tcp dport @s accept"),
    named("set s {\ntype inet_service\nflags interval\nelements = { 1-5 }\n}") + "add element inet t s { 3-9 }\n",
    named("set s {\ntype ipv4_addr . inet_service\nflags interval\nelements = { 10.0.0.0/8 . 1-9, 10.0.0.1 . 5 }\n}"),
    named("set s {\ntype ipv4_addr . inet_service\nflags interval\nelements = { 10.0.0.1 . 5, 10.0.0.0/8 . 1-9 }\n}"),
    named("map s {\ntype inet_service : verdict\nelements = { 5 : accept, 5 : drop }\n}"),
    named("set s {\ntype ifname\n}", "tcp dport @s accept"),
    named("set s {\ntype ifname\n}", "iifname @s accept"),
    named("set s {\ntype ifname\n}", "iif @s accept"),
    named("set s {\ntype ipv4_addr\n}", "iifname @s accept"),
    named("set s {\ntypeof ip saddr\n}", "tcp dport @s accept"),
    named("set s {\ntypeof ip daddr\n}", "ip saddr @s accept"),
    named("set s {\ntype inet_service\nflags interval\n}", "tcp dport > @s accept"),
    named("map s {\ntype ipv4_addr : verdict\n}", "tcp dport vmap @s"),
    named("map s {\ntype inet_service : mark\n}", "meta mark set ip saddr map @s"),
    named("set s {\ntype ipv4_addr\nelements = {\n1.2.3.4\n5.6.7.8 }\n}", "ip saddr @s accept"),
    named("set s {\ntype ipv4_addr\nflags dynamic\n}", "set add ip saddr @s accept"),
    named("set s {\ntype ipv4_addr . inet_service\nflags interval\nelements = { 10.0.0.0/8 . 5-9, 10.0.0.1 . 1-7 }\n}"),
    rule("fib saddr . iif oif missing drop", head="type filter hook output priority 0;"),
    rule("fib daddr . oif type local drop", head="type filter hook output priority 0;"),
    named("set s {\nflags interval\n}"),
    named("set s {\ntype inet_service\n}\nset s {\ntype ipv4_addr\n}"),
    "table inet t {\nchain c {\npolicy drop;\n}\n}\n",
    rule("accept", head=INPUT + " policy drop; policy accept;"),
    rule("accept", head=INPUT + " policy return;"),
    f"table inet t {{\nchain c {{\n{INPUT}\n}}\n}}\ntable inet t {{\nchain c {{\ntype filter hook input priority 5;\n}}\n}}\n",
    f"table inet t {{\nchain a {{\njump b\n}}\nchain b {{\njump a\n}}\nchain i {{\n{INPUT}\njump a\n}}\n}}\n",
    "table inet t {\nchain a {\njump b\n}\nchain b {\njump a\n}\n}\n",
    rule("accept", head="type nat hook forward priority 0;"),
    rule("accept", head="type nat hook prerouting priority -200;"),
    rule("accept", head="type route hook input priority 0;"),
    rule("accept", head="type filter hook output priority dstnat;"),
    rule("accept", head="type filter hook input priority filter-10;"),
    rule("accept", head="type filter hook input priority filter - 10;"),
    rule("accept", family="netdev", head=INPUT),
    rule("ct state new accept", family="netdev", head="type filter hook ingress device lo priority 0;"),
    rule("meta nfproto ipv4 accept", family="ip"),
    rule("reject with icmpx admin-prohibited", family="ip"),
    rule("ct protocol udp tcp dport 1 accept", family="ip"),
    rule("ct protocol udp tcp dport 1 accept"),
    rule("dnat ip to 1.2.3.4", head=PREROUTING),
    rule("dnat ip to 1.2.3.4:80", head=PREROUTING),
    rule("redirect to :80", head=PREROUTING),
    rule("tcp dport 1 redirect to :80", head=PREROUTING),
    rule("dnat to ::1", family="ip", head=PREROUTING),
    rule("dnat to 1.2.3.4", family="ip6", head=PREROUTING),
    rule("ip6 saddr ::1 dnat ip to 1.2.3.4", head=PREROUTING),
    rule("dnat ip to 1.2.3.4", head=POSTROUTING),
    rule("snat ip to 1.2.3.4", head=PREROUTING),
    rule("masquerade", head="type nat hook input priority 100;"),
    rule("masquerade accept", head=POSTROUTING),
    rule("reject", head="type filter hook postrouting priority 0;"),
    "add table inet t\ncreate table inet t\n",
    "delete table inet nothere\n",
    "table inet t {\n}\nadd rule inet t a accept\n",
    "add rule inet t a accept\n",
    "table inet t {\n}\nadd element inet t s { 1 }\n",
    "table foo t {\n}\n",
]


@pytest.mark.parametrize("text", [*map(rule, RULES), *RULESETS])
def test_what_is_refused_is_what_nft_refuses(text: str) -> None:
    converted = read(MemoryTree({"r.nft": text}), "r.nft")
    notes = (*converted.ruleset.notes, *converted.resolver.notes.values())
    refused = [note.message for note in notes if note.trap in ("refused", "undefined-reference")]
    done = subprocess.run(["unshare", "-n", "nft", "-f", "-"], input=text, capture_output=True, text=True, check=False)
    assert bool(refused) is (done.returncode != 0), f"{refused}, nft: {done.stderr}"
