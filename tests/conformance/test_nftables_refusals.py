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
    "log prefix x accept", "log group 2 snaplen 5 queue-threshold 3 accept", "log queue-threshold 3 group 2 accept",
    "ct original zone set 1", "ct reply zone set 1", "icmpv6 mtu 1280 accept", "icmpv6 mtu 4294967296 accept",
    "udplite csumcov 8 accept", "udplite csumcov 65536 accept", "ct original mark set 1",
    "accept comment 80", "comment 80", "accept comment said", "reject with icmp no-route", "reject with icmp frag-needed",
    "reject with icmp 3", "reject with icmp 254", "reject with icmp 255", "reject with icmp 300", "reject with icmpv6 384",
    "reject with icmpv6 127", "reject with icmpx 300", "ip saddr 1.2.3.4 reject with icmp type 300",
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
    # values of fields that are not modelled, and of none
    "ip ttl 256 accept", "ip ttl { 1, 255 } accept", "ip ttl { 1, 300 } accept", "ip ttl > 255 accept", "ip dscp { cs1, 63 } accept",
    "ip dscp 64 accept", "ip dscp cs9 accept", "ip length 65536 accept", "ip frag-off & 0x1fff != 0 accept", "udp length foo accept",
    "ip frag-off & 0x3ffff != 0 accept", "vlan id 4095 accept", "vlan id 4096 accept", "ether saddr 02:00:00:00:00:01 accept",
    "ether saddr 443 accept", "ether saddr 64 accept", "ct label ! 127 accept", "ct label 1,2 accept",
    "ether saddr & ff:ff:00:00:00:00 == 02:00:00:00:00:00 accept", "ether type 0x800 accept",
    "ether type foo accept", "ether saddr 02:00:00:00:00:00/16 accept", "meta skuid root accept", "meta skuid 4294967296 accept",
    'meta hour "22:00"-"06:00" accept', 'meta hour "25:00" accept', "meta hour 08:00-17:00 accept", 'meta day "Monday" accept',
    "meta day 7 accept", 'meta day "monday" accept', "meta day 1-5 accept", 'meta time "2024-01-01 12:00" accept',
    'meta time "2024-13-01" accept', "ct expiration 1m-5m accept", "ct expiration 1w accept", "ct label 127 accept", "ct label 128 accept",
    "igmp type membership-query accept", "igmp type foo accept", "iiftype ether accept", "iiftype foo accept", "iifgroup default accept",
    "ct bytes 18446744073709551616 accept", "ip ttl set 256", "ip dscp set cs1", "ip dscp set cs9", "meta nftrace set 2",
    "ip saddr udp accept", "ip saddr { udp } accept", "ip saddr missing accept", "iifname tcp accept", "tcp dport { 53, sctp } accept",
    "tcp dport vmap { udp : accept, 53 : drop }", "ip dscp exists accept", "ether saddr vmap { udp : accept }", 'tcp dport "" accept',
    "iifname 0.0.0.0/0 accept", "iifname 10.0.0.0/8 accept", "iifname 1-5 accept", "iif 1-5 accept", "iifname { } accept",
    "iifname . tcp dport { } accept", "ip saddr vmap { }", "ip saddr vmap { { 1.2.3.4 } : accept }", "tcp dport > { 1, 2 } accept",
    'iifname >= { "eth0", "lan0" } accept', "tcp dport { 1,\n2 } accept", "tcp dport { 1,\n\n2 } accept", "tcp dport { 1,\n# x\n2 } accept",
    "tcp dport { 1,\n \t\n2 } accept", 'iifname { "a",\n\n"b" } accept',
    # fields and statements that are not there
    "arp operation request accept", "ip option foo exists accept", "ip option rr exists accept", "tcp option foo exists accept",
    "tcp option maxseg exists accept", "ether foo 1 accept", "rt foo 5 accept", "fib iif type local accept", "fib saddr . daddr type local",
    "fib daddr . reply type local accept", "ct original saddr 1.2.3.4 accept", "ip saddr 1.2.3.4 ct original saddr 1.2.3.4 accept",
    "ct original proto-dst 22 accept", "tcp dport 22 ct original proto-dst 22 accept", "ct original ip saddr", "ct original saddr",
    "ct count 10 accept", "ct count foo accept", "log group 5 accept", "log group accept", "counter packets 5 bytes accept",
    "fib daddr type set new", "meta pkttype set host", "dup to 10.0.0.1", "accept comment accept", "accept comment 1.2.3.4",
    "accept comment ::1", "accept comment x*", "accept comment 1m", "accept comment .x", "accept comment ip", "accept comment filter",
    "log prefix 1.2.3.4 accept", "log prefix drop accept", "counter name @s", "dnat inet to 1.2.3.4",
    "udp dport { domain, ntp } <= accept", "udp dport { 53, 123 } & accept", 'iifname vmap { "a" : accept } =',
    "udp dport 53 tcp option maxseg size 1400 accept", "tcp option maxseg size 1400 udp dport 53 accept",
    "ip protocol 4 tcp dport 22 accept",
    "ip protocol gre tcp dport 22 accept", "meta l4proto 4 tcp dport 22 accept", "iifname abcdefghijklmnop accept",
    'iifname "abcdefghijklmn*" accept',
    # words that nft takes apart, and numbers in other forms
    "ct state 1-8, new accept", "ct state new,1-8 accept", "ct state { 1-8, new } accept", "tcp flags syn,0x2/8 accept",
    "tcp flags & 1-8 == 1 accept", "tcp flags & (fin,syn) == syn accept", "iifname 4g accept", "iifname 4g-wan accept", "iifname 4 accept",
    "iifname { 4g, lo } accept", "iifname 3com accept", "iifname 4s accept", "iifname 1h5m accept", 'iifname "4g" accept',
    "iifname vmap { 4g : accept }", "iifname . tcp dport { 4g . 22 } accept", "iifname 1.2 accept", "iifname 1.2.3.4 accept",
    "ibrname 4g accept", "fib daddr oifname 4g accept", "ip saddr 4g.example.net accept", "ip6 saddr ::/0x40", "ip saddr 10.0.0.0/0x8",
    "ip saddr 10.0.0.0/010", "ip saddr 10.0.0.0/08", "ip6 saddr [2001:db8::]/0x20", "ip6 saddr { 2001:db8::/0x20, ::1 }",
    "ether saddr 02:00:00:00:00:00/0x10", "meta hour 0x800", "meta hour 6h-7h", "meta hour 5s6m",
    'meta hour "23:59:60"', "meta hour 6:00:00",
    'meta hour " 6:00"', 'meta hour "6h"', 'meta hour ""', "meta hour 24:00", "meta hour 24", "meta day 0x6", "meta day 0x7", "meta day 06",
    "meta day Monday-Friday", "meta day Monday - Friday", "meta time 6-17", "meta time 0x800", "meta time 2024-01-01",
    'meta time "2024-01-01 12"', 'meta time "2024-01-01T12:00"', 'meta time "99999-01-01"', "ct expiration 0x5", "ct expiration 5m4h",
    'ct helper "abcdefghijklmnop" accept', 'ct helper "" accept', "ct helper 1-5 accept", "socket transparent 2 accept",
    # statements that some families lack
    "fwd to lo", "tcp dport 1 tproxy to :1", "tcp dport vmap { 22 counter : accept }", "tcp dport { 22 counter, 23 } accept",
    "meta mark 08 accept", "icmp type { 08, 1 } accept", "tcp dport 08 accept", "ip ttl 09-10 accept", "ip protocol 08", "ct state 08",
    "queue num 1 accept", "queue to 1 counter", "xt target X", "reset tcp option sack counter", "reset tcp option sack accept",
    "udp length . @th,160,128 vmap { 47-63 . 0xe373135363130333131303735353203 : accept }", "@th,160,128 0xe3731353631303331313037 accept",
    "@th,16,16 set 5", "@nh,0,8 set 5", 'meta ibrname "abcdefghijklmnop"', "meta ibrname 80-90", "numgen inc mod 3 { lo }",
    "jhash ip saddr mod 5 08", "numgen inc mod 3 2",
    "iifname { lo, bridge }", 'iifname { lo, "bridge" }', "iifname . tcp dport { mark . 22 }",
    "quota over 5 gbytes", "quota 5kbytes", "limit rate 5mbytes/second", "limit rate 5kbytes/second", "limit rate 5 gbytes/second",
    "dnat ip to 1.2.3.4", "masquerade", "notrack", "tcp dport vmap { 22 : reject }", "meta mark 0x1ffffffff accept",
]  # fmt: skip

ADDED = [
    "add @s { 1.2.3.4 }", "update @s { 1.2.3.4 timeout 3m }", "delete @s { 1.2.3.4 }", "add @s { 1.2.3.0/24 }", "add @s { ::1 }",
    "add @s { 1.2.3.4 limit rate 3/second }", "add @s { 1.2.3.4-1.2.3.5 }", "add @s { ip saddr . 22 }", "set add 1.2.3.4 @s",
]  # fmt: skip

PROXIES = [
    "tproxy to :1", "tproxy to 127.0.0.1:1", "tcp dport 1 tproxy to :1", "tcp dport 1 tproxy ip to 1.2.3.4:1",
    "udp dport 1 tproxy to 1.2.3.4:1", "ip protocol tcp tproxy to :1", "meta l4proto { tcp, udp } tproxy to :1",
    "ip saddr 1.2.3.4 tcp dport 1 tproxy ip6 to :1", "ip saddr 1.2.3.4 tcp dport 1 tproxy ip to :1", "tcp dport 1 tproxy ip to ::1",
    "th dport 1 tproxy to :1",
]  # fmt: skip

COUNTED = [
    "limit rate 3/second counter", "counter limit rate 3/second", "counter quota 5 bytes", "counter; counter", "ct count 5 counter",
    "size 5 counter", "counter size 5", "elements = { 1.2.3.4 counter }", "counter; elements = { 1.2.3.4 counter }",
    "counter; elements = { 1.2.3.4 counter packets 5 bytes 6 }", "counter; elements = { 1.2.3.4 limit rate 3/second }",
    "counter quota 5 bytes; elements = { 1.2.3.4 counter }", "counter; elements = { 1.2.3.4 }",
    "counter; elements = { 1.2.3.4 counter counter }",
    "flags dynamic; elements = { 1.2.3.4 counter }", 'counter; elements = { 1.2.3.4 counter comment "x" }',
    'counter; elements = { 1.2.3.4 comment "x" counter }', "flags timeout; counter; elements = { 1.2.3.4 timeout 5s counter }",
]  # fmt: skip

OBJECTS = {
    "counter": ["", "packets 5 bytes 6", "packets 5", "foo", 'packets 5 bytes 6 comment "x"', "packets 5 bytes 6 # x"],
    "quota": ["over 5 mbytes", "until 5 mbytes used 3 bytes", "5", "5 gbytes", "5kbytes", "5mbytes", 'over 5 bytes\ncomment "x"'],
    "limit": ["", "rate 5/second", "rate over 5/minute burst 5 packets", "rate 5/second burst 5 mbytes", "rate 5 mbytes/second", "5/second",
              "rate 5/fortnight", "rate 0/second"],
    "ct helper": ['type "ftp" protocol tcp; l3proto ip', "type ftp protocol tcp", 'type "ftp"; protocol tcp', "l3proto ip"],
    "ct timeout": ["protocol tcp; l3proto ip; policy = { established : 100, close : 4 }", "protocol tcp; policy { close : 5 }", ""],
    "ct expectation": ["protocol tcp; dport 54; timeout 1h; size 12; l3proto ip", "protocol tcp", "dport x", "protocol tcp; timeout 60"],
    "synproxy": ["mss 1460 wscale 7", "mss 1460\nwscale 7\ntimestamp sack-perm", "mss x wscale 7", "timestamp mss 1460 wscale 7"],
    "flowtable": ["hook forward priority 0; devices = { lo };", "hook ingress priority 0; device lo;", "hook ingress; devices = { lo }"],
}  # fmt: skip

FILLED = [
    (flags, said)
    for flags in ("", "flags dynamic", "flags dynamic,timeout", "timeout 5m", "flags timeout; flags dynamic", "counter")
    for said in ("add @s { ip saddr timeout 5s }", "update @s { ip saddr limit rate 5/second }", "add @s { ip saddr counter }")
]

WIPED = ["flush chain inet t i\n", "flush table inet t\n", "delete table inet t\n", "flush ruleset\n"]

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
    *(named("set s {\ntype ipv4_addr\nflags dynamic,timeout\n}", f"{each} accept") for each in ADDED),
    *(named(f"set s {{\ntype ipv4_addr; {each}\n}}") for each in COUNTED),
    *(named(f"set s {{\ntype ipv4_addr; {flags}\n}}", said) for flags, said in FILLED),
    named("set s {\ntype inet_service; flags interval; flags timeout; elements = { 5-9 }\n}"),
    *(
        named(f"set s {{\ntype ifname . ipv4_addr; {flags} elements = {{ {each} . 10.0.0.1 }}\n}}")
        for flags in ("", "flags interval;")
        for each in ('"eth*"', "eth*", "eth0")
    ),
    named("map s {\ntype inet_service : mark\n}", "tcp dport vmap @s"),
    named("map s {\ntype inet_service : verdict\n}", "meta mark set tcp dport map @s"),
    named("map s {\ntype inet_service : mark\n}", "meta mark set tcp dport map @s"),
    named("map s {\ntype ipv4_addr : mark; elements = { 1.2.3.4 : 5-9 }\n}"),
    named("map s {\ntype ipv4_addr : ipv4_addr; elements = { 1.2.3.4 : 10.0.0.0/8 }\n}"),
    named("map s {\ntype ipv4_addr : interval ipv4_addr; elements = { 1.2.3.4 : 10.0.0.0/8 }\n}"),
    *(
        named(f"{one} s {{\ntype ipv4_addr{data}\n}}") + f"flush {other} inet t s\n"
        for one, data in (("set", ""), ("map", " : mark"))
        for other in ("set", "map")
    ),
    *(f"table inet t {{\n{kind} x {{\n{each}\n}}\n}}\n" for kind, bodies in OBJECTS.items() for each in bodies),
    rule("accept", head="type filter hook input priority filter + udp;"),
    rule("accept", head="type filter hook input priority filter + 10;"),
    named("map s {\ntype ipv4_addr : mark; flags interval; auto-merge\n}"),
    rule("fwd to lo", family="netdev", head="type filter hook ingress device lo priority 0;"),
    rule("fwd to lo accept", family="netdev", head="type filter hook ingress device lo priority 0;"),
    *(rule(each, head="type filter hook prerouting priority mangle;") for each in PROXIES),
    *(
        rule(each, "arp")
        for each in ("ip saddr 1.2.3.4", "tcp dport 22", "icmp type 8", "reject", "ct state new", "meta mark set 5", "th dport 22")
    ),
    rule("meta l4proto tcp tproxy to :1", family="bridge"),
    rule("meta l4proto tcp tproxy to 1.2.3.4:1", family="ip", head="type filter hook prerouting priority mangle;"),
    rule("jump c", head="type filter hook prerouting priority mangle;").replace("return", "tcp dport 1 tproxy to :1"),
    rule("jump c").replace("return", "tcp dport 1 tproxy to :1"),
    named("set s {\ntype inet_service\n}", "add @s { ssh } accept"),
    named("set s {\ntype inet_service\n}", "add @s { 99999 } accept"),
    named("set s {\ntype ipv4_addr . inet_service\n}", "add @s { 1.2.3.4 } accept"),
    rule("reject with icmp 254", family="ip"),
    rule("reject with icmp 255", family="ip"),
    rule("reject with icmp 511", family="ip"),
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
    rule("meta nfproto ipv4 accept", family="bridge"),
    named("set p {\ntype ifname; elements = { 1-5 }\n}"),
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
    # what is wiped behind it
    *(rule(wrong) + wiped for wrong in ("tcp dport 99999 accept", "ip saddr @s accept", "jump nowhere", "accept") for wiped in WIPED),
    named("set s {\ntype ipv4_addr\n}", "ip saddr @s accept") + WIPED[0] + "delete set inet t s\n",
    named("set s {\ntype ipv4_addr\n}", "ip saddr @s tcp dport 99999 accept") + WIPED[0] + "delete set inet t s\n",
    rule("goto c") + WIPED[0] + "delete chain inet t c\n",
    rule("accept") + WIPED[3] + rule("goto c"),
    # declarations
    named("set s {\ntype ipv4_adr\n}"),
    named("set s {\ntype port\n}"),
    named("set s {\ntype integer\n}"),
    named("set s {\ntype ipv4_addr; flags foo;\n}"),
    named("set s {\ntype ipv4_addr; flags interval, timeout; timeout 1h30m; gc-interval 5s; size 5; policy memory; auto-merge\n}"),
    named("set s {\ntype ipv4_addr; auto-merge\n}"),
    named("set s {\ntype ipv4_addr; policy foo;\n}"),
    named("set s {\ntype ipv4_addr; timeout 5;\n}"),
    named("set s {\ntype ipv4_addr : verdict;\n}"),
    named("map s {\ntype ipv4_addr;\n}"),
    named("map s {\ntype ipv4_addr : foo;\n}"),
    named("map s {\ntype inet_service : verdict; elements = { 5 : jump nowhere }\n}"),
    named("map s {\ntype inet_service : verdict; elements = { 5 }\n}"),
    named("map s {\ntype inet_service : verdict; elements = { 5 : 1.2.3.4 }\n}"),
    named("map s {\ntype inet_service : ipv4_addr; elements = { 5 : accept }\n}"),
    named("map s {\ntype inet_service : ipv4_addr; elements = { 5 : 1.2.3.4 . 5 }\n}"),
    named("map s {\ntype inet_service : ipv4_addr . inet_service; elements = { 5 : 1.2.3.4 . 5 }\n}"),
    named("map s {\ntype inet_service : ipv4_addr . inet_service; elements = { 5 : 1.2.3.4 }\n}"),
    named("map s {\ntypeof tcp dport : ip saddr; elements = { 5 : 1.2.3.4 }\n}"),
    named("set s {\ntype inet_service; elements = { 5 : accept }\n}"),
    named("set s {\ntype ipv4_addr . inet_service; elements = { 1.2.3.4 }\n}"),
    named("set s {\ntype ipv4_addr; elements = { 1.2.3.4 . 5 }\n}"),
    named("set s {\ntype ipv4_addr; elements = { }\n}"),
    named("set s {\ntype ipv4_addr; elements = { 1.2.3.4,\n\n5.6.7.8 }\n}"),
    named("set s {\ntype ether_addr; elements = { 02:00:00:00:00:01, 443 }\n}"),
    named("set s {\ntypeof ip dscp; elements = { cs1, 64 }\n}"),
    named('set s {\ntype ifname; elements = { "eth*" }\n}'),
    named('set s {\ntype ifname; flags interval; elements = { "eth*" }\n}'),
    named("set s {\ntype ipv4_addr; elements = { 1.2.3.4 timeout 5m }\n}"),
    named("set s {\ntype ipv4_addr; flags timeout; elements = { 1.2.3.4 timeout 5m }\n}"),
    named("set s { type ipv4_addr; flags interval; elements = { 1.2.3.4 } auto-merge size 5; elements = { 5.6.7.8 } }"),
    named("set s { type ipv4_addr; flags interval }"),
    named("set s {\ntype ipv4_addr; flags interval\n}", "add @s { ip saddr }"),
    named("set s {\ntype ipv4_addr\n}", "add @s { ip saddr }"),
    named("set s {\ntype ipv4_addr\n}", "add @s { tcp dport }"),
    named("set s {\ntype ipv4_addr . inet_service\n}", "add @s { ip saddr }"),
    named("set s {\ntypeof ip saddr\n}", "update @s { ip6 saddr }"),
    rule("add @s { ip saddr }"),
    named("set s {\ntype ipv4_addr\n}", "set create ip saddr @s"),
    named("set s {\ntype ipv4_addr\n}", "destroy @s { ip saddr }"),
    named("set s {\ntype ipv4_addr\nelements = { 1.2.3.4 }\n}") + "delete element inet t s { 1.2.3.4 }\n",
    named("set s {\ntype ipv4_addr\nelements = { 1.2.3.4 }\n}") + "delete element inet t s { 1.2.3.5 }\n",
    named("set s {\ntype ipv4_addr\nflags interval\nelements = { 10.0.0.0/8 }\n}") + "delete element inet t s { 10.0.0.0/9 }\n",
    named("map s {\ntype ipv4_addr : verdict\nelements = { 1.2.3.4 : accept }\n}") + "delete element inet t s { 1.2.3.4 }\n",
    named("counter k {\n}") + "delete counter inet t k\n",
    named("counter k {\n}") + "delete counter inet t m\n",
    "table inet t {\nchain c {\n}\n}\ndelete table inet t c\n",
    "table inet t {\nflags foo;\n}\n",
    "insert table inet t\n",
    "define A = $NOPE\n",
    "define A = { 1, $NOPE }\n",
    "define B = 1\ndefine A = { $B, 2 } # $NOPE\n",
    "define tcp = 1\n",
    'define P = "filter"\n' + rule("accept", head="type filter hook input priority $P;"),
    'define P = "filter"\n' + rule("accept", head="type filter hook input priority $P + 10;"),
    rule("accept", head="type filter hook input priority 0 + 10;"),
    rule("accept", family="netdev", head="type filter hook ingress priority 0;"),
    rule("accept", family="netdev", head="type filter hook ingress device lo priority 0;"),
    rule("accept", family="netdev", head="type filter hook ingress devices = { lo } priority 0;"),
    rule("accept", head="type filter hook ingress priority 0;"),
    rule("accept", head="type filter hook input device lo priority 0;"),
    rule("arp operation request accept", family="arp"),
    rule("accept", family="arp", head="type filter hook input priority security;"),
    rule("accept", family="bridge", head="type filter hook output priority out;"),
    rule("accept", family="bridge", head="type filter hook input priority out;"),
    named("set p {\ntype inet_service\n}", "meta length @p accept"),
    named("set p {\ntypeof ip length\n}", "ip id @p accept"),
    rule("rt type 0 accept", family="ip"),
    rule("rt type 0 accept", family="ip6"),
    "table foo t {\n}\n",
    "table bridge t {\nset s {\ntypeof meta ibrpvid\nelements = { 2, 3 }\n}\n}\n",
    rule("snat ip interval to ip saddr map { 10.1.1.4 : 192.168.2.2-192.168.2.4 }", "ip", POSTROUTING),
]


@pytest.mark.parametrize("text", [*map(rule, RULES), *RULESETS])
def test_what_is_refused_is_what_nft_refuses(text: str) -> None:
    converted = read(MemoryTree({"r.nft": text}), "r.nft")
    notes = (*converted.ruleset.notes, *converted.resolver.notes.values())
    refused = [note.message for note in notes if note.trap in ("refused", "undefined-reference", "unknown-name")]
    done = subprocess.run(["unshare", "-n", "nft", "-f", "-"], input=text, capture_output=True, text=True, check=False)
    assert bool(refused) is (done.returncode != 0), f"{refused}, nft: {done.stderr}"
