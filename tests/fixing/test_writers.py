"""What each dialect's writer puts into a file, and what it takes out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.files import MemoryTree
from auditor.fixing import nftables, nixos, opnsense, pf, proxmox, switch, talos, terraform
from auditor.fixing.patch import patch_of
from auditor.fixing.wanted import WORLD, Service, Unwritten, Wanted, networks_of
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
    for path, changes in (
        ("main.tf", {"zone": "terraform:aws_security_group.other"}),
        ("main.tf", {"deny": True}),
        ("main.tf", {"zone": "terraform:aws_network_acl.all"}),
        ("main.tf", {"source_zones": frozenset(), "sources": ()}),
        ("plan.txt", {}),
        ("main.tf.json", {}),
    ):
        with pytest.raises(Unwritten):
            terraform.write(wanted(path, HEAD if path != "main.tf.json" else "{}", **changes))


def test_terraform_names_the_instance_of_a_group_that_is_made_by_count() -> None:
    counted = HEAD.replace("{\n", "{\n  count = 2\n", 1)
    zone = f"{GROUP}[1]"
    text = terraform.write(wanted("main.tf", counted, zone=zone, source_zones=frozenset({zone})))["main.tf"]
    assert 'resource "aws_vpc_security_group_ingress_rule" "cp_1_etcd_peers" {' in text
    assert "security_group_id            = aws_security_group.cp[1].id" in text
    assert "referenced_security_group_id = aws_security_group.cp[1].id" in text


def test_terraform_names_the_key_of_a_group_that_is_made_by_for_each() -> None:
    text = terraform.write(wanted("main.tf", HEAD, zone=f'{GROUP}["a-b"]', source_zones=frozenset()))["main.tf"]
    assert '"cp_a_b_etcd_peers" {' in text
    assert 'aws_security_group.cp["a-b"].id' in text


JSON = """{
  "resource": {
    "aws_security_group": {
      "cp": {"name": "cp"}
    }
  }
}
"""


def test_terraform_writes_json_into_its_own_layout() -> None:
    text = terraform.write(wanted("main.tf.json", JSON))["main.tf.json"]
    assert text == JSON.replace(
        '  "resource": {\n',
        """  "resource": {
    "aws_vpc_security_group_ingress_rule": {
      "cp_etcd_peers": {
        "security_group_id": "${aws_security_group.cp.id}",
        "description": "Members \\"reach\\" each other",
        "referenced_security_group_id": "${aws_security_group.cp.id}",
        "from_port": 2379,
        "to_port": 2380,
        "ip_protocol": "tcp"
      }
    },
""",
    )


def test_terraform_puts_json_beside_its_kind() -> None:
    known = JSON.replace('"aws_security_group": {', '"aws_vpc_security_group_ingress_rule": {"cp_etcd_peers": {}}, "aws_security_group": {')
    text = terraform.write(wanted("main.tf.json", known))["main.tf.json"]
    assert set(json.loads(text)["resource"]["aws_vpc_security_group_ingress_rule"]) == {"cp_etcd_peers", "cp_etcd_peers_added"}


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
    with pytest.raises(Unwritten):
        nftables.write(wanted("r.nft", CHAIN, 2, sources=()))


def test_nftables_writes_an_exception_before_the_rule_that_lets_it_through() -> None:
    text = nftables.write(wanted("r.nft", CHAIN, 2, deny=True, before=Span("r.nft", 4, 5, 4, 9), sources=(WORLD,)))["r.nft"]
    assert text.splitlines()[3] == '    ip daddr 10.0.2.0/24 tcp dport 2379-2380 drop comment "Members reach each other"'


def test_nftables_names_the_interface_where_its_rules_do() -> None:
    chain = CHAIN.replace("tcp dport 22", 'iifname "eth1" tcp dport 22')
    text = nftables.write(wanted("r.nft", chain, 2, between=True, entry="nftables:r.nft:eth1"))["r.nft"]
    assert '    iifname "eth1" ip saddr { 10.0.0.0/24' in text


def test_nftables_speaks_of_the_families_of_its_table() -> None:
    both = {"sources": ("10.0.0.1", "fd00::1")}
    assert "ip6 saddr fd00::1" in nftables.write(wanted("r.nft", CHAIN, 2, **both))["r.nft"]
    assert "ip6 saddr" not in nftables.write(wanted("r.nft", CHAIN.replace("inet", "ip"), 2, **both))["r.nft"]


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


@pytest.mark.parametrize(
    "changes", [{"service": Service("icmp")}, {"inbound": False}, {"sources": ()}, {"sources": (WORLD,)}, {"deny": True}]
)
def test_talos_writes_only_what_its_firewall_can_say(changes: dict[str, Any]) -> None:
    with pytest.raises(Unwritten):
        talos.write(wanted("cp.yaml", "kind: x\n", **changes))


def test_talos_takes_out_a_subnet_or_the_document() -> None:
    rule = "kind: NetworkRuleConfig\ningress:\n  - subnet: 10.0.0.0/24\n"
    text = f"kind: a\n---\n{rule}  - subnet: 0.0.0.0/0\n---\nkind: b\n"
    assert talos.remove(text, Span("x", 6, 5, 6, 9)) == f"kind: a\n---\n{rule}---\nkind: b\n"
    assert talos.remove(f"kind: a\n---\n{rule}---\nkind: b\n", Span("x", 5, 5, 5, 9)) == "kind: a\n---\nkind: b\n"
    assert talos.remove(text, Span("x", 1, 1, 1, 2)) is None


XML = "<pfsense>\n\t<filter>\n\t\t<rule>\n\t\t\t<type>block</type>\n\t\t</rule>\n\t</filter>\n</pfsense>\n"


PF: dict[str, Any] = {
    "zone": "pfsense:opt1",
    "source_zones": frozenset({"pfsense:opt1"}),
    "sources": ("10.0.0.0/24",),
    "destinations": ("10.0.2.5",),
}
PF_RULE = (
    *("\t\t<rule>", "\t\t\t<type>pass</type>", "\t\t\t<interface>opt1</interface>", "\t\t\t<ipprotocol>inet</ipprotocol>"),
    *("\t\t\t<protocol>tcp</protocol>", "\t\t\t<source>", "\t\t\t\t<address>10.0.0.0/24</address>", "\t\t\t</source>"),
    *("\t\t\t<destination>", "\t\t\t\t<address>10.0.2.5</address>", "\t\t\t\t<port>2379-2380</port>", "\t\t\t</destination>"),
    *("\t\t\t<descr>a &lt; b</descr>", "\t\t</rule>"),
)


def test_pf_writes_before_the_rule_that_decides() -> None:
    text = pf.write(wanted("config.xml", XML, title="a < b", before=Span("config.xml", 4, 4, 4, 9), **PF))["config.xml"]
    assert text.splitlines()[2:] == [*PF_RULE, *XML.splitlines()[2:]]


def test_pf_writes_at_the_end_of_the_list() -> None:
    text = pf.write(wanted("config.xml", XML, title="a < b", **PF))["config.xml"]
    assert text.splitlines()[5:] == [*PF_RULE, "\t</filter>", "</pfsense>"]


def test_pf_names_source_ports_and_blocks() -> None:
    changed = {**PF, "service": Service("udp", ((67, 67),), source_ports=((68, 68),)), "deny": True}
    text = pf.write(wanted("config.xml", XML, **changed))["config.xml"]
    assert text.count("<type>block</type>") == 2
    assert text.index("<port>68</port>") < text.index("</source>") < text.index("<port>67</port>")


def test_pf_tells_a_network_of_many_parts_by_its_interface() -> None:
    parts = tuple(f"10.0.0.{number}" for number in range(1, 12, 2))
    text = pf.write(
        wanted("c.xml", XML, zone="pfsense:opt1", source_zones=frozenset({"pfsense:opt1"}), sources=parts, destinations=(WORLD,))
    )
    assert "<network>opt1</network>" in text["c.xml"]
    assert "<any/>" in text["c.xml"]


NEWER = """\
<opnsense>
  <OPNsense>
    <Firewall>
      <Filter version="1.0.5">
        <rules>
          <rule uuid="a">
            <sequence>100</sequence><action>pass</action>
          </rule>
          <rule uuid="b">
            <sequence>200</sequence><action>block</action>
          </rule>
        </rules>
      </Filter>
    </Firewall>
  </OPNsense>
</opnsense>
"""


def test_opnsense_writes_the_newer_store_with_a_number_before_the_rule_that_decides() -> None:
    ends = {**PF, "zone": "opnsense:opt1", "sources": ("10.0.0.0/24", "10.0.1.0/24")}
    lines = opnsense.write(wanted("c.xml", NEWER, before=Span("c.xml", 10, 13, 10, 20), **ends))["c.xml"].splitlines()
    assert lines[8].startswith('          <rule uuid="')
    assert [line.strip() for line in lines[9:19]] == [
        *("<enabled>1</enabled>", "<sequence>150</sequence>", "<action>pass</action>", "<interface>opt1</interface>"),
        *("<ipprotocol>inet</ipprotocol>", "<protocol>TCP</protocol>", "<source_net>10.0.0.0/24,10.0.1.0/24</source_net>"),
        *("<destination_net>10.0.2.5</destination_net>", "<destination_port>2379-2380</destination_port>"),
        '<description>Members "reach" each other</description>',
    ]


def test_opnsense_writes_behind_the_last_rule_and_into_an_empty_store() -> None:
    ends = {**PF, "zone": "opnsense:opt1"}
    assert "<sequence>210</sequence>" in opnsense.write(wanted("c.xml", NEWER, **ends))["c.xml"]
    empty = "<opnsense>\n  <Filter>\n    <rules/>\n  </Filter>\n</opnsense>\n"
    lines = opnsense.write(wanted("c.xml", empty, **ends))["c.xml"].splitlines()
    assert [line for line in lines if "rules" in line] == ["    <rules>", "    </rules>"]
    assert "<sequence>10</sequence>" in lines[5]


def test_opnsense_writes_the_older_store_where_only_that_has_rules() -> None:
    older = XML.replace("</filter>", "</filter>\n<Filter>\n<rules/>\n</Filter>")
    assert "<descr>" in opnsense.write(wanted("c.xml", older, **{**PF, "zone": "opnsense:opt1"}))["c.xml"]


GUEST = """\
[OPTIONS]
policy_in: DROP

[RULES]

IN ACCEPT -p tcp -dport 22
IN DROP -source 10.0.0.0/8

[IPSET x]
"""


def test_proxmox_writes_before_the_line_that_decides() -> None:
    text = proxmox.write(wanted("101.fw", GUEST, before=Span("101.fw", 7, 1, 7, 20)))["101.fw"]
    assert text.splitlines()[6] == 'IN ACCEPT -source 10.0.0.0/24,10.0.1.5 -p tcp -dport 2379:2380 # Members "reach" each other'


def test_proxmox_writes_at_the_end_of_the_rules_where_the_policy_decides() -> None:
    changes: dict[str, Any] = {"inbound": False, "service": Service("udp", ((67, 67),), source_ports=((68, 68),))}
    text = proxmox.write(wanted("101.fw", GUEST, before=Span("101.fw", 2, 1, 2, 9), **changes))["101.fw"]
    assert text.splitlines()[7] == 'OUT ACCEPT -dest 10.0.2.0/24 -p udp -sport 68 -dport 67 # Members "reach" each other'


def test_proxmox_writes_the_section_that_is_missing() -> None:
    ping = Service("icmp", icmp_type=8)
    text = proxmox.write(wanted("101.fw", "[OPTIONS]\nenable: 1\n", service=ping, sources=("10.0.0.1", "fd00::1")))["101.fw"]
    assert text == (
        "[OPTIONS]\nenable: 1\n\n[RULES]\n\n"
        'IN ACCEPT -source 10.0.0.1 -p icmp -icmp-type echo-request # Members "reach" each other\n'
        'IN ACCEPT -source fd00::1 -p ipv6-icmp -icmp-type echo-request # Members "reach" each other\n'
    )


def test_proxmox_takes_out_a_line_that_is_a_rule() -> None:
    assert proxmox.remove(GUEST, Span("x", 6, 1, 6, 9)) == GUEST.replace("IN ACCEPT -p tcp -dport 22\n", "")
    assert proxmox.remove(GUEST, Span("x", 2, 1, 2, 9)) is None


ACL = """\
ip access-list extended TO-SERVERS
 permit tcp any any established
 deny ip any any
!
interface Vlan10
"""
NUMBERED = "feature bgp\nip access-list TO-SERVERS\n  10 permit tcp any any established\n  20 deny ip any any\n"
ENDS: dict[str, Any] = {"sources": ("10.0.0.0/24",), "destinations": ("10.0.2.5",), "between": True}


def test_a_switch_gets_a_line_before_the_one_that_denies() -> None:
    text = switch.write(wanted("s.cfg", ACL, before=Span("s.cfg", 3, 2, 3, 17), **ENDS))["s.cfg"]
    assert text.splitlines()[2] == " permit tcp 10.0.0.0 0.0.0.255 host 10.0.2.5 range 2379 2380"


def test_a_switch_gets_a_line_at_the_end_where_the_implicit_deny_decides() -> None:
    text = switch.write(wanted("s.cfg", ACL, **ENDS))["s.cfg"]
    assert text.splitlines()[3].startswith(" permit tcp 10.0.0.0")


def test_a_numbered_list_of_a_nexus_gets_a_number_in_between_and_a_prefix() -> None:
    text = switch.write(wanted("s.cfg", NUMBERED, 2, before=Span("s.cfg", 4, 3, 4, 20), **ENDS))["s.cfg"]
    assert text.splitlines()[3] == "  15 permit tcp 10.0.0.0/24 host 10.0.2.5 range 2379 2380"
    text = switch.write(wanted("s.cfg", NUMBERED, 2, **ENDS))["s.cfg"]
    assert text.splitlines()[4].startswith("  30 permit")


def test_a_list_without_a_free_number_is_left_alone() -> None:
    with pytest.raises(Unwritten, match="no number is free between 19 and 20"):
        switch.write(wanted("s.cfg", NUMBERED.replace("10 ", "19 "), 2, before=Span("s.cfg", 4, 3, 4, 20), **ENDS))


def test_a_list_by_its_number_gets_a_line_of_its_own_form() -> None:
    text = switch.write(wanted("s.cfg", "access-list 101 permit icmp any any\n!\n", **ENDS))["s.cfg"]
    assert text.splitlines()[1].startswith("access-list 101 permit tcp 10.0.0.0 0.0.0.255")


def test_answers_come_back_by_established_or_by_their_port() -> None:
    answers = {**ENDS, "answers": True}
    tcp, udp = (Service(name, source_ports=((53, 53),)) for name in ("tcp", "udp"))
    assert "host 10.0.2.5 established" in switch.write(wanted("s.cfg", ACL, **answers, service=tcp))["s.cfg"]
    assert "permit udp 10.0.0.0 0.0.0.255 eq 53 host 10.0.2.5\n" in switch.write(wanted("s.cfg", ACL, **answers, service=udp))["s.cfg"]


def test_a_standard_list_and_a_list_of_another_family_are_left_alone() -> None:
    for text in (ACL.replace("extended", "standard"), ACL.replace("ip access-list extended", "ipv6 access-list"), "interface Vlan10\n"):
        with pytest.raises(Unwritten):
            switch.write(wanted("s.cfg", text, **ENDS))


def test_a_map_that_drops_what_its_list_permits_is_told_by_a_deny() -> None:
    text = "vlan access-map M 10\n match ip address TO-SERVERS\n action drop\n" + ACL
    lines = switch.write(wanted("s.cfg", text, 1, before=Span("s.cfg", 5, 2, 5, 17), filter_name="VLAN map M", **ENDS))[
        "s.cfg"
    ].splitlines()
    assert lines[4].startswith(" deny tcp 10.0.0.0")


def test_a_switch_loses_a_line_that_permits() -> None:
    assert switch.remove(ACL, Span("x", 2, 2, 2, 9)) == ACL.replace(" permit tcp any any established\n", "")
    assert switch.remove(ACL, Span("x", 3, 2, 3, 9)) is None


MODULE = """\
{ ... }:
{
  networking.nftables.enable = true;
  networking.firewall = {
    allowedTCPPorts = [ 22 443 ];
  };
}
"""


def test_a_nixos_module_gets_a_line_of_rules_where_a_source_is_named() -> None:
    text = nixos.write(wanted("c.nix", MODULE, sources=("10.0.0.0/24",)))["c.nix"]
    assert text.splitlines()[6] == (
        "  networking.firewall.extraInputRules = ''ip saddr 10.0.0.0/24 tcp dport 2379-2380 accept comment \"Members reach each other\"'';"
    )
    extra = MODULE.replace("  };", "    extraInputRules = ''\n      tcp dport 1 accept\n    '';\n  };")
    assert nixos.write(wanted("c.nix", extra, sources=("10.0.0.0/24",)))["c.nix"].splitlines()[6].startswith("      ip saddr 10.0.0.0/24")


def test_a_nixos_module_gets_a_port_where_anybody_may_use_it() -> None:
    text = nixos.write(wanted("c.nix", MODULE, sources=(WORLD,), service=Service("tcp", ((80, 80), (90, 99)))))["c.nix"]
    assert text.splitlines()[6:8] == [
        "  networking.firewall.allowedTCPPorts = [ 80 ];",
        "  networking.firewall.allowedTCPPortRanges = [ { from = 90; to = 99; } ];",
    ]


def test_what_nix_evaluated_is_not_written_but_told() -> None:
    with pytest.raises(Unwritten, match="a module of it needs"):
        nixos.write(wanted("host.json", "{}", sources=("10.0.0.0/24",)))


def test_a_nixos_module_loses_a_port() -> None:
    assert nixos.remove(MODULE, Span("c.nix", 5, 28, 5, 31)) == MODULE.replace(" 443 ]", " ]")
    assert nixos.remove(MODULE, Span("c.nix", 5, 25, 5, 27)) == MODULE.replace("[ 22 443", "[ 443")
    assert nixos.remove(MODULE, Span("c.nix", 3, 3, 3, 9)) is None


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
