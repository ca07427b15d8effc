"""What each dialect's writer puts into a file, and what it takes out."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.files import MemoryTree
from auditor.fixing import nftables, pf, talos, terraform
from auditor.fixing.patch import patch_of
from auditor.fixing.wanted import WORLD, Service, Wanted, networks_of
from auditor.model.headers import address_interval
from auditor.model.record import replace
from auditor.model.source import Span

GROUP = "terraform:aws_security_group.cp"


def wanted(path: str, text: str, line: int = 1, **changes: Any) -> Wanted:
    base = Wanted(
        tree=MemoryTree({path: text}),
        name="etcd-peers",
        title='Members "reach" each other',
        service=Service("tcp", ((2379, 2380),)),
        inbound=True,
        between=False,
        zone=GROUP,
        filter_span=Span(path, line, 1, line, 2),
        source_zones=frozenset({GROUP}),
        sources=("10.0.0.0/24", "10.0.1.5"),
        destination_zones=frozenset({GROUP}),
        destinations=("10.0.2.0/24",),
    )
    return replace(base, **changes)


HEAD = 'resource "aws_security_group" "cp" {\n  name = "cp"\n}\n'
MODERN = """
resource "aws_vpc_security_group_ingress_rule" "api" {
  security_group_id = aws_security_group.cp.id
  cidr_ipv4         = "10.0.0.0/8"
  ip_protocol       = "-1"
}
"""
OLD = """
resource "aws_security_group_rule" "api" {
  type              = "ingress"
  security_group_id = aws_security_group.cp.id
  cidr_blocks       = ["10.0.0.0/8"]
  from_port         = 0
  to_port           = 0
  protocol          = "-1"
}
"""


def test_terraform_writes_a_rule_resource_behind_its_neighbours() -> None:
    rest = "\n# the end\n"
    assert terraform.write(wanted("main.tf", HEAD + MODERN + rest))["main.tf"] == (
        HEAD
        + MODERN
        + """
resource "aws_vpc_security_group_ingress_rule" "cp_etcd_peers" {
  security_group_id            = aws_security_group.cp.id
  description                  = "Members \\"reach\\" each other"
  referenced_security_group_id = aws_security_group.cp.id
  from_port                    = 2379
  to_port                      = 2380
  ip_protocol                  = "tcp"
}
"""
        + rest
    )


def test_terraform_follows_the_older_style() -> None:
    text = terraform.write(wanted("main.tf", HEAD + OLD))["main.tf"]
    assert 'resource "aws_security_group_rule" "cp_etcd_peers" {' in text
    assert "self              = true" in text
    assert 'type              = "ingress"' in text


def test_terraform_follows_inline_blocks() -> None:
    inline = 'resource "aws_security_group" "cp" {\n  ingress {\n    from_port = 22\n  }\n}\n'
    assert terraform.write(wanted("main.tf", inline))["main.tf"] == (
        'resource "aws_security_group" "cp" {\n  ingress {\n    from_port = 22\n  }\n\n  ingress {\n'
        '    description = "Members \\"reach\\" each other"\n    from_port   = 2379\n    to_port     = 2380\n'
        '    protocol    = "tcp"\n    self        = true\n  }\n}\n'
    )


def test_terraform_names_addresses_where_the_peer_is_no_group_of_the_module() -> None:
    text = terraform.write(wanted("main.tf", HEAD + MODERN, source_zones=frozenset({"terraform:module.x.aws_security_group.wk"})))[
        "main.tf"
    ]
    assert text.count("cp_etcd_peers") == 2
    assert 'cidr_ipv4         = "10.0.0.0/24"' in text
    assert 'cidr_ipv4         = "10.0.1.5/32"' in text


def test_terraform_gives_up_on_a_group_it_cannot_name() -> None:
    assert terraform.write(wanted("main.tf", HEAD, zone="terraform:aws_security_group.other")) == {}
    assert terraform.write(wanted("main.tf", HEAD, zone="terraform:aws_security_group.cp[0]")) == {}
    assert terraform.write(wanted("main.tf.json", "{}")) == {}


def test_terraform_takes_out_the_rule_at_a_place() -> None:
    assert terraform.remove(HEAD + MODERN, Span("main.tf", 7, 3, 7, 5)) == HEAD + "\n"
    assert terraform.remove(HEAD + MODERN, Span("main.tf", 2, 3, 2, 5)) is None
    inline = 'resource "aws_security_group" "cp" {\n  ingress {\n    from_port = 22\n  }\n}\n'
    assert terraform.remove(inline, Span("main.tf", 3, 5, 3, 9)) == 'resource "aws_security_group" "cp" {\n}\n'


CHAIN = """\
table inet filter {
  chain input {
    type filter hook input priority 0; policy drop;
    tcp dport 22 accept
    drop
  }
}
"""


def test_nftables_writes_before_the_rule_that_drops() -> None:
    text = nftables.write(wanted("r.nft", CHAIN, 2, before=Span("r.nft", 5, 5, 5, 9)))["r.nft"]
    assert text.splitlines()[4] == ('    ip saddr { 10.0.0.0/24, 10.0.1.5 } tcp dport 2379-2380 accept comment "Members reach each other"')
    assert text.splitlines()[5] == "    drop"


def test_nftables_writes_at_the_end_of_the_chain() -> None:
    text = nftables.write(wanted("r.nft", CHAIN.replace("    drop\n", ""), 2))["r.nft"]
    assert text.splitlines()[4].startswith("    ip saddr")
    assert text.splitlines()[5] == "  }"


def test_nftables_names_both_ends_where_the_chain_stands_between_them() -> None:
    text = nftables.write(
        wanted(
            "r.nft", CHAIN, 2, between=True, sources=("10.0.0.1",), destinations=(WORLD,), service=Service("udp", ((53, 53), (123, 123)))
        )
    )
    assert "    ip saddr 10.0.0.1 udp dport { 53, 123 } accept comment" in text["r.nft"]


def test_nftables_writes_no_rule_for_ends_it_does_not_know() -> None:
    assert nftables.write(wanted("r.nft", CHAIN, 2, sources=())) == {}


def test_nftables_lets_out_to_anybody_by_one_rule() -> None:
    service = Service("udp", ((123, 123),))
    text = nftables.write(wanted("r.nft", CHAIN, 2, inbound=False, destinations=(WORLD,), service=service))["r.nft"]
    assert [line.strip() for line in text.splitlines() if "123" in line] == ['udp dport 123 accept comment "Members reach each other"']


def test_nftables_takes_out_a_line_that_is_a_rule() -> None:
    assert nftables.remove(CHAIN, Span("r.nft", 4, 5, 4, 9)) == CHAIN.replace("    tcp dport 22 accept\n", "")
    assert nftables.remove(CHAIN, Span("r.nft", 3, 5, 3, 9)) is None


def test_talos_adds_a_document() -> None:
    head = "apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: block\n"
    assert talos.write(wanted("cp.yaml", head))["cp.yaml"] == head + (
        "---\napiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: etcd-peers-ingress\nportSelector:\n  ports:\n    - 2379-2380\n"
        "  protocol: tcp\ningress:\n  - subnet: 10.0.0.0/24\n  - subnet: 10.0.1.5/32\n"
    )


@pytest.mark.parametrize("changes", [{"service": Service("icmp")}, {"inbound": False}, {"sources": ()}, {"sources": (WORLD,)}])
def test_talos_writes_only_what_its_firewall_can_say(changes: dict[str, Any]) -> None:
    assert talos.write(wanted("cp.yaml", "kind: x\n", **changes)) == {}


def test_talos_takes_out_a_subnet_or_the_document() -> None:
    rule = "kind: NetworkRuleConfig\ningress:\n  - subnet: 10.0.0.0/24\n"
    text = f"kind: a\n---\n{rule}  - subnet: 0.0.0.0/0\n---\nkind: b\n"
    assert talos.remove(text, Span("x", 6, 5, 6, 9)) == f"kind: a\n---\n{rule}---\nkind: b\n"
    assert talos.remove(f"kind: a\n---\n{rule}---\nkind: b\n", Span("x", 5, 5, 5, 9)) == "kind: a\n---\nkind: b\n"
    assert talos.remove(text, Span("x", 1, 1, 1, 2)) is None


XML = "<pfsense>\n\t<filter>\n\t\t<rule>\n\t\t\t<type>block</type>\n\t\t</rule>\n\t</filter>\n</pfsense>\n"


def test_pf_writes_at_the_head_of_the_list() -> None:
    ends: dict[str, Any] = {
        "zone": "pfsense:opt1",
        "source_zones": frozenset({"pfsense:opt1"}),
        "sources": ("10.0.0.0/24",),
        "destinations": ("10.0.2.5",),
    }
    text = pf.write(wanted("config.xml", XML, title="a < b", **ends))["config.xml"]
    assert text.splitlines()[2:] == [
        *("\t\t<rule>", "\t\t\t<type>pass</type>", "\t\t\t<interface>opt1</interface>", "\t\t\t<ipprotocol>inet</ipprotocol>"),
        *("\t\t\t<protocol>tcp</protocol>", "\t\t\t<source>", "\t\t\t\t<address>10.0.0.0/24</address>", "\t\t\t</source>"),
        *("\t\t\t<destination>", "\t\t\t\t<address>10.0.2.5</address>", "\t\t\t\t<port>2379-2380</port>", "\t\t\t</destination>"),
        *("\t\t\t<descr>a &lt; b</descr>", "\t\t</rule>"),
        *XML.splitlines()[2:],
    ]


def test_pf_tells_a_network_of_many_parts_by_its_interface() -> None:
    parts = tuple(f"10.0.0.{number}" for number in range(1, 12, 2))
    text = pf.write(
        wanted("c.xml", XML, zone="pfsense:opt1", source_zones=frozenset({"pfsense:opt1"}), sources=parts, destinations=(WORLD,))
    )
    assert "<network>opt1</network>" in text["c.xml"]
    assert "<any/>" in text["c.xml"]


def test_pf_does_not_write_the_newer_store_of_opnsense() -> None:
    rules = "<OPNsense><Firewall><Filter version='1'><rules><rule uuid='x'/></rules></Filter></Firewall></OPNsense>"
    newer = f"<opnsense>\n{rules}\n<filter>\n</filter></opnsense>"
    assert pf.write(wanted("c.xml", newer, zone="opnsense:opt1")) == {}


def test_pf_takes_out_a_rule_with_lines_of_its_own() -> None:
    assert pf.remove(XML, Span("c.xml", 4, 4, 4, 9)) == "<pfsense>\n\t<filter>\n\t</filter>\n</pfsense>\n"
    assert pf.remove("<a><rule></rule><rule></rule></a>", Span("c.xml", 1, 5, 1, 9)) is None


def test_an_interval_is_told_as_networks() -> None:
    assert networks_of(address_interval("10.0.0.0-10.0.0.2")) == ["10.0.0.0/31", "10.0.0.2"]
    assert networks_of(address_interval("fd00::/64")) == ["fd00::/64"]


def test_line_ends_are_kept() -> None:
    text = nftables.write(wanted("r.nft", CHAIN.replace("\n", "\r\n"), 2))["r.nft"]
    assert text.count("\r\n") == text.count("\n") == 8


def test_a_patch_says_where_there_is_no_last_line_end() -> None:
    assert patch_of(MemoryTree({"a": "x\ny"}), {"a": "x\nz"}, "in") == (
        "--- a/in/a\n+++ b/in/a\n@@ -1,2 +1,2 @@\n x\n-y\n\\ No newline at end of file\n+z\n\\ No newline at end of file\n"
    )
