"""What is broken, hostile or huge: a message at a place, never a traceback, in bounded time."""

from __future__ import annotations

import time

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.nftables import FORMAT
from auditor.model.filters import predicates
from auditor.model.graph import Graph
from auditor.model.source import Note

HEAD = "table inet t {\n chain input {\n  type filter hook input priority 0; policy drop;\n"


def graph(files: str | bytes | dict[str, str | bytes], name: str = "r.nft") -> Graph:
    tree = files if isinstance(files, dict) else {name: files}
    return FORMAT.load(MemoryTree(dict(tree)), [name], Options())


def errors(files: str | bytes | dict[str, str | bytes], name: str = "r.nft") -> list[Note]:
    return [note for note in graph(files, name).notes if note.level.value == "error"]


def test_a_syntax_error_names_line_column_and_what_was_expected() -> None:
    (note,) = errors(HEAD + "  tcp dport 22 acept\n }\n}\n")
    assert str(note.span) == "r.nft:4:16"
    assert "unexpected `acept`: expected" in note.message


@pytest.mark.parametrize(
    ("rule", "place", "says"),
    [
        ("tcp dport 70000 accept", "4:13", "too large for a port"),
        ("tcp dport " + "9" * 5000 + " accept", "4:13", "too large for a port"),
        ("tcp dport 22 accept\n  tcp dport " + "9" * 5000 + " accept", "5:13", "too large for a port"),
        ("ip saddr 10.0.0.0/" + "9" * 5000 + " accept", "4:12", "prefix length"),
        ("ip saddr 10.0.0.0/² accept", "4:12", "prefix length"),
        ("tcp dport 30-20 accept", "4:13", "reversed"),
        ("ip saddr 10.0.0.0/33 accept", "4:12", "prefix length"),
        ("ip saddr @nobody accept", "4:12", "no set `nobody`"),
        ("ip saddr $NOBODY accept", "4:12", "variable `NOBODY`"),
        ("jump nowhere", "4:3", "no chain `nowhere`"),
        ("tcp dport 22 udp dport 53 accept", "4:16", "contradicts"),
        ("accept drop", "4:10", "nothing may follow"),
        ("ip saddr ! 10.0.0.1 accept", "4:3", "fields of bits"),
        ("tcp dport 22,23 accept", "4:3", "fields of bits"),
        ("tcp colour 1 accept", "4:3", "has no field"),
        ("dnat to 10.0.0.1", "4:3", "type nat"),
        ("meta l4proto udp reject with tcp reset", "4:20", "excludes TCP"),
        ("tcp dport accept", "4:13", "a value is expected"),
        ("tcp dport { } accept", "4:13", "may not be empty"),
        ('iifname "*" accept', "4:3", "no interface"),
        ("meta l4proto { tcp, udp } tcp dport 22 accept", "4:29", "contradicts"),
        ("icmp type 8 ip6 saddr ::1 accept", "4:15", "contradicts"),
        ("udp dport 53 meta mark set tcp dport map { 22 : 1 }", "4:16", "contradicts"),
        ("ip saddr 10.0.0.1 reject with icmpv6 no-route", "4:21", "nothing of this family"),
        ("ip6 saddr ::1 ct original ip saddr 10.0.0.1 accept", "4:17", "contradicts"),
        ("tcp dport vmap { 22 }", "4:20", "behind a colon"),
        ("ip ttl { 64, 300 } accept", "4:16", "too large for a number of 8 bits"),
        ("ip dscp cs9 accept", "4:11", "`cs9` is no dscp"),
        ('meta hour "25:00" accept', "4:13", "no time of day"),
        ("ip saddr udp accept", "4:3", "for other values"),
        ("ether saddr 443 accept", "4:15", "no hardware address"),
        ("arp operation request accept", "4:3", "sees no ARP"),
        ("iifname { } accept", "4:11", "may not be empty"),
        ("tcp dport { 22,\n\n80 } accept", "5:1", "empty line"),
        ("ct original saddr 10.0.0.1 accept", "4:3", "which family"),
        ("accept comment drop", "4:18", "unexpected `drop`"),
        (f'accept comment "{"é" * 65}"', "4:19", "128 bytes at most, this one 130"),
        (f'tcp dport {{ 22 comment "{"a" * 129}" }} accept', "4:27", "128 bytes at most"),
        ('tcp dport 22 log prefix "level up" group 1 level info', "4:16", "`level` for the kernel's log or `group`"),
        ("log flags all snaplen 9", "4:3", "`flags` for the kernel's log or `snaplen`"),
        ('log level audit prefix "a"', "4:3", "nothing else beside it"),
        ('log prefix "in $NOBODY: " accept', "4:18", "variable `NOBODY`"),
        ('log prefix "5$ " accept', "4:16", "no name follows"),
        ("ct state 1-8, new accept", "4:3", "of single values"),
        ("tcp flags syn,0x2/8 accept", "4:3", "of single values"),
        ("tcp flags & 1-8 == 1 accept", "4:3", "one value"),
        ("iifname 4g-wan accept", "4:3", "has to be quoted"),
        ("iifkind 4g accept", "4:11", "has to be quoted"),
        ("ip saddr 4g.example.net accept", "4:12", "no IPv4 address"),
        ("ip saddr 10.0.0.0/08 accept", "4:12", "prefix length"),
        ("fwd to lo", "4:3", "family netdev"),
        ("tcp dport 80 tproxy to :8080", "4:16", "for hook prerouting"),
        ("socket transparent 2 accept", "4:22", "one bit"),
        ("meta hour 6:00:00 accept", "4:13", "no time of day"),
        ("meta day Monday-Friday accept", "4:12", "no day of the week"),
        ('ct helper "abcdefghijklmnop" accept', "4:13", "15 letters"),
        ("tcp dport vmap { 22 counter : accept }", "4:20", "count nothing"),
        ("meta mark 08 accept", "4:13", "no octal number"),
        ("queue num 1 accept", "4:15", "nothing may follow `queue`"),
        ("xt target MASQUERADE", "4:3", "iptables-nft"),
        ("meta ibrname 80-90 accept", "4:16", "at most 15 letters"),
        ("numgen inc mod 3 { lo } accept", "4:22", "no number"),
    ],
)
def test_what_nft_refuses_is_refused_at_its_place(rule: str, place: str, says: str) -> None:
    notes = errors(HEAD + f"  {rule}\n }}\n}}\n")
    assert [str(note.span) for note in notes] == [f"r.nft:{place}"]
    assert says in notes[0].message


@pytest.mark.parametrize(
    "rule",
    [
        "tcp dport vmap { udp : accept, 53 : drop }",
        "accept comment 192.0.2.1",
        "ether saddr & ff:ff:00:00:00:00 == 02:00:00:00:00:00 accept",
        "udp dport 53 tcp option maxseg size 1400 accept",
        "ip protocol 4 tcp dport 22 accept",
        "tcp dport { 22,\n# ssh\n80 } accept",
        'meta hour "22:00"-"06:00" accept',
        "meta hour 0x800 accept",
        "tcp dport 08 accept",
        "reset tcp option sack accept",
        "@th,16,16 set 5 accept",
        "meta hour 6h-7h accept",
        'meta hour "23:59:60" accept',
        "meta time 6-17 accept",
        'meta time "2024-01-01 12" accept',
        "meta day 0x6 accept",
        "ct expiration 0x5 accept",
        "ip6 saddr 2001:db8::/0x20 accept",
        "ip saddr 10.0.0.0/0x8 accept",
        'iifname "4g-wan" accept',
        "iifname 4 accept",
    ],
)
def test_what_nft_takes_is_no_error(rule: str) -> None:
    assert not errors(HEAD + f"  {rule}\n }}\n}}\n")


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("tproxy to :8080", "behind a match of the protocol"),
        ("tcp dport 80 tproxy to 192.0.2.1:8080", "of which family"),
        ("ip saddr 192.0.2.1 tcp dport 80 tproxy ip6 to :8080", "about IPv4"),
        ("tcp dport 80 tproxy to :8080 accept", ""),
        ("ip saddr 192.0.2.1 tcp dport 80 tproxy ip to 192.0.2.1:8080", ""),
    ],
)
def test_a_transparent_proxy_needs_a_protocol_and_a_family(rule: str, says: str) -> None:
    notes = errors(f"table inet t {{\n chain c {{\n  type filter hook prerouting priority mangle\n  {rule}\n }}\n}}\n")
    assert [says in note.message for note in notes] == [True] * bool(says)


def test_fields_of_arp_have_two_words() -> None:
    assert not errors("table netdev t {\n chain c {\n  arp daddr ip 10.0.0.1 arp saddr ether 02:00:00:00:00:01 accept\n }\n}\n")


@pytest.mark.parametrize("rule", ["ip saddr 192.0.2.1 accept", "tcp dport 22 accept", "reject", "ct state new accept"])
def test_a_table_of_family_arp_sees_no_packets_of_ip(rule: str) -> None:
    (note,) = errors(f"table arp t {{\n chain c {{\n  type filter hook input priority 0\n  {rule}\n }}\n}}\n")
    assert "family arp" in note.message


def test_a_set_on_one_line_needs_nothing_behind_its_elements() -> None:
    sets = "set s { type inet_service; flags interval; elements = { 22, 80-90 } auto-merge }; "
    assert not errors("table inet t { " + sets + "map m { type inet_service : verdict; elements = { 22 : accept } }; }\n")


def test_objects_are_named_with_all_they_say() -> None:
    objects = (
        "counter k {\n packets 5 bytes 6 # so far\n}",
        "quota q {\n over 5 mbytes used 3 kbytes\n}",
        'limit l { rate over 5/minute burst 5 packets; comment "slow"; }',
        'ct helper h {\n type "ftp" protocol tcp;\n l3proto inet\n}',
        "ct timeout o { protocol tcp; policy = { established : 100, close : 4 }; }",
        "ct expectation e { protocol tcp; dport 5432; timeout 1h; size 12; }",
        "synproxy s { mss 1460; wscale 7 timestamp sack-perm; }",
        "flowtable f { hook ingress priority filter + 5; devices = { eth0,\n eth1 }; flags offload; counter; }",
    )
    assert not errors("table inet t {\n" + "\n".join(objects) + "\n}\nadd counter inet t c\n")


def test_what_elements_count_may_stand_on_one_line() -> None:
    declared = "set s {\n type ipv4_addr\n limit rate 3/second counter\n elements = { 192.0.2.1 limit rate 5/second counter }\n}\n"
    assert not errors(f"table inet t {{\n{declared}}}\n")


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ("set s { type port; }", "there is no type `port`: `inet_service` is meant"),
        ("set s { type ipv4_addr; flags intervals; }", "has no flag"),
        ("map m { type inet_service; }", "what it maps to"),
        ("map m { type inet_service : ipv4_addr; elements = { 80 : accept } }", "holds ipv4_addr"),
        ("set s { type ipv4_addr . inet_service; elements = { 192.0.2.1 } }", "an element of one field"),
        ("chain c { type filter hook ingress priority 0; }", "needs a device"),
        ("set s { type ipv4_addr; flags dynamic; }; chain c { add @s { ip saddr timeout 5m }; }", "needs `flags timeout`"),
        ("set s { type ipv4_addr; counter; }; chain c { add @s { ip saddr limit rate 5/second }; }", "come with `counter`"),
        ("set s { type inet_service; flags interval; flags timeout; elements = { 5-9 }; }", "needs `flags interval`"),
        ("map m { type inet_service : mark; }; chain c { tcp dport vmap @m; }", "verdicts are expected"),
        ("map m { type ipv4_addr : ipv4_addr; elements = { 192.0.2.1 : 10.0.0.0/8 }; }", "single values"),
        ("limit l { rate 5/fortnight; }", "`rate 5/fortnight` does not stand in a limit"),
        ("limit l { }", "says its `rate`"),
        ("ct helper h { type ftp protocol tcp; }", "does not stand in a ct helper"),
        ("flowtable f { hook ingress priority 0; device eth0; }", "`device eth0` does not stand"),
        ("set s { type ipv4_addr; elements = { 192.0.2.1 counter } }", "does not say that its elements come with `counter`"),
        ("set s { type ipv4_addr; counter quota 5 bytes; elements = { 192.0.2.1 counter } }", "come with `counter quota`"),
        ("set s { type ipv4_addr; flags timeout; counter; elements = { 192.0.2.1 timeout 5s counter } }", "stands before"),
        ("map m { type ipv4_addr : mark; flags interval; auto-merge; }", "a map has none"),
        ("set s { type ifname; elements = WLAN; }", "stand between braces"),
        ("define S = {\n # nobody yet\n}", "on one line alone"),
        ("chain c { type filter hook input priority 0; add @nobody { ip saddr }; }", "no set `nobody`"),
    ],
)
def test_declarations_that_nft_refuses_are_refused(declared: str, says: str) -> None:
    (note,) = errors(f"table inet t {{\n{declared}\n}}\n")
    assert note.span.line == 2
    assert says in note.message


def test_a_name_that_only_the_host_could_know_is_a_warning() -> None:
    (note,) = [note for note in graph(HEAD + "  tcp dport htpp accept\n }\n}\n").notes if note.trap == "unknown-name"]
    assert (str(note.span), note.level.value) == ("r.nft:4:13", "warning")
    assert "is `http` meant?" in note.message


@pytest.mark.parametrize(
    "rule",
    [
        "ip ttl 64 accept",
        "ip ttl 64 ct state new accept",
        "ip ttl set 64",
        'osf ttl skip name "Linux" accept',
        "meta l4proto { tcp } tcp dport 22 accept",
        "meta l4proto . tcp dport { tcp . 22 } accept",
        "ip protocol udp meta l4proto tcp accept",
        "ct protocol udp tcp dport 22 accept",
        "meta protocol ip ip6 saddr ::1 accept",
        "meta l4proto icmp icmp type 8 ip6 saddr ::1 accept",
        "meta l4proto { udp, tcp } th dport 22 reject with tcp reset",
        "ip saddr 10.0.0.1 reject with icmpx admin-prohibited",
    ],
)
def test_what_nft_takes_is_not_refused(rule: str) -> None:
    assert not errors(HEAD + f"  {rule}\n }}\n}}\n")


def test_errors_beyond_a_hundred_end_the_reading() -> None:
    found = errors(HEAD + "  tcp dport foo bar\n" * 3000 + " }\n}\n")
    assert 50 < len(found) <= 101


def test_nul_bytes_are_no_text() -> None:
    assert [note.trap for note in errors(b"table inet t {\0}")] == ["unparsable"]


def test_a_byte_order_mark_is_refused_and_what_follows_is_read() -> None:
    found = graph(b"\xef\xbb\xbf" + (HEAD + "  tcp dport 22 accept\n }\n}\n").encode())
    assert [str(note.span) for note in found.notes if note.trap == "refused"] == ["r.nft:1:1"]
    assert len(found.hooks[0].filter.rules) == 1


@pytest.mark.parametrize("text", ["", "# nothing here\n", "\n\n"])
def test_a_file_without_a_command_is_an_empty_ruleset(text: str) -> None:
    found = graph(text)
    assert not found.notes
    assert not found.hooks


def test_a_file_that_ends_within_a_rule_is_refused_there() -> None:
    assert [str(note.span) for note in errors(HEAD + "  tcp dport 22 acc")] == ["r.nft:4:16"]


def test_files_that_include_each_other_are_refused_once() -> None:
    tree: dict[str, str | bytes] = {"a.nft": 'include "./b.nft"\n' + HEAD + " }\n}\n", "b.nft": 'include "./a.nft"\n'}
    (note,) = errors(tree, "a.nft")
    assert str(note.span) == "b.nft:1:1"
    assert "include each other" in note.message


def test_a_mistake_in_a_ruleset_without_hooks_is_told_all_the_same() -> None:
    tree = MemoryTree({"r.nft": "flush ruleset\ntable inet t {\n chain c {\n  ip saddr @nobody accept\n }\n}\n"})
    reading = audit.read(tree, ("r.nft",), audit.Request(rulesets=("firewall-hygiene",)))
    assert "lint/nftables/undefined-reference" in {finding.rule for finding in audit.findings_of(reading)}


def test_crlf_is_remarked_and_read() -> None:
    found = graph((HEAD + "  tcp dport 22 accept\n }\n}\n").replace("\n", "\r\n"))
    assert "line-ends" in {note.trap for note in found.notes}
    assert len(found.hooks[0].filter.rules) == 1


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "jump {\n" * 3000 + "accept\n" + "}\n" * 3000 + " }\n}\n",
        HEAD + "  meta mark " + "(" * 5000 + "1" + ")" * 5000 + " accept\n }\n}\n",
        HEAD + "  meta mark & 0xff" + " | 1" * 20000 + " == 1 accept\n }\n}\n",
    ],
)
def test_what_nests_too_deeply_is_said_to(text: str) -> None:
    assert [note.trap for note in errors(text)] == ["unparsable"]


@pytest.mark.parametrize("text", ["table inet t {", "}}}}", "{", '"', "table inet t {\n chain c {\n", "\\", "$", "table", "add rule"])
def test_scraps_are_errors_and_nothing_worse(text: str) -> None:
    graph(text)


def test_definitions_that_double_cost_nothing() -> None:
    lines = "define A0 = { 1 }\n" + "".join(f"define A{n} = {{ $A{n - 1}, $A{n - 1} }}\n" for n in range(1, 40))
    assert not errors(lines + HEAD + "  tcp dport $A39 accept\n }\n}\n")


def test_ten_thousand_nested_jumps_are_refused_once() -> None:
    chains = "".join(f" chain c{n} {{\n  jump c{n + 1}\n }}\n" for n in range(10000))
    (note,) = errors(HEAD + "  jump c0\n }\n" + chains + " chain c10000 {\n }\n}\n")
    assert "deeper than 15" in note.message


def test_chains_that_call_each_other_many_times_are_walked_once() -> None:
    chains = "".join(f" chain c{n} {{\n" + f"  jump c{n + 1}\n" * 8 + " }\n" for n in range(14))
    assert not errors(HEAD + "  jump c0\n }\n" + chains + " chain c14 {\n  tcp dport 1 accept\n }\n}\n")


def test_a_circle_of_jumps_is_refused() -> None:
    (note,) = errors(HEAD + "  jump a\n }\n chain a {\n  jump b\n }\n chain b {\n  jump a\n }\n}\n")
    assert "circle" in note.message


def test_three_hundred_thousand_elements_take_seconds_at_most() -> None:
    elements = ",\n".join(f"{n >> 16 & 127 | 1}.{n >> 8 & 255}.{n & 255}.{n % 250}" for n in range(300_000))
    started = time.process_time()
    found = graph(
        f"table inet t {{\n set s {{\n  type ipv4_addr\n  elements = {{ {elements} }}\n }}\n"
        + HEAD.partition("\n")[2]
        + "  ip saddr @s drop\n }\n}\n"
    )
    assert time.process_time() - started < 6
    assert len(found.hooks) == 1


def test_fifty_thousand_interface_names_are_asked_for_once() -> None:
    names = ",\n".join(f'"lan{number}"' for number in range(50_000))
    started = time.process_time()
    found = graph(
        f"table inet t {{\n set s {{\n  type ifname\n  elements = {{ {names} }}\n }}\n"
        + HEAD.partition("\n")[2]
        + "  iifname @s accept\n }\n}\n"
    )
    (rule,) = found.hooks[0].filter.rules
    assert [len(asked.values) for asked in predicates((rule,))] == [50_000]
    assert "lan0, lan1, lan10, lan100, lan1000" in rule.condition.settle(lambda _: None).unknowns[0].reason
    assert "and 49990 others" in rule.condition.settle(lambda _: None).unknowns[0].reason
    assert time.process_time() - started < 6


def test_json_that_is_none_is_said_to_be() -> None:
    assert [note.trap for note in errors('{"nftables": [ {"rule": ', "r.json")] == ["unparsable"]
    assert [note.trap for note in errors('{"nftables": [' + "[" * 100_000, "r.json")] == ["unparsable"]


@pytest.mark.parametrize(("key", "value"), [("time", "2022-05-30 21:51:23"), ("hour", "08:00:30"), ("hour", "8:00"), ("day", "Sunday")])
def test_times_of_json_stand_without_quotes(key: str, value: str) -> None:
    rule = f'{{"match": {{"op": ">=", "left": {{"meta": {{"key": "{key}"}}}}, "right": "{value}"}}}}'
    objects = '{"table": {"family": "ip", "name": "t"}}, {"chain": {"family": "ip", "table": "t", "name": "c"}}'
    assert not errors(
        f'{{"nftables": [{objects}, {{"rule": {{"family": "ip", "table": "t", "chain": "c", "expr": [{rule}]}}}}]}}', "r.json"
    )


def test_an_unknown_object_of_json_is_not_passed_over() -> None:
    assert [note.trap for note in errors('{"nftables": [{"rule": 5}, {"colour": {}}]}', "r.json")] == ["refused", "refused"]


def test_a_template_is_not_half_read() -> None:
    found = graph(HEAD + "{% for port in ports %}\n  tcp dport {{ port }} accept\n{% endfor %}\n }\n}\n")
    assert [note.trap for note in found.notes] == ["template"]
    assert not found.hooks


@pytest.mark.parametrize("wipes", ["flush chain inet t c", "flush table inet t", "delete table inet t", "flush ruleset"])
def test_rules_that_are_wiped_later_are_read_for_mistakes(wipes: str) -> None:
    text = "table inet t {{\n set s {{\n  type ipv4_addr\n }}\n chain c {{\n  type filter hook input priority 0\n  {}\n }}\n}}\n{}\n"
    (error,) = errors(text.format("tcp dport 99999 accept", wipes))
    assert "99999" in error.message
    assert not errors(text.format("ip saddr @s accept", wipes))
    assert not errors(text.format("ip saddr @s accept", "flush chain inet t c\ndelete set inet t s"))
