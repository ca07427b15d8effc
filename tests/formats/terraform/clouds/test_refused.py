"""Rules that a cloud refuses: said, and not taken for what nobody wrote."""

from __future__ import annotations

import pytest

from tests.formats.terraform.clouds.reading import estate_of, fates, graph_of, inbound, of, ping, tcp, traps

OPENSTACK = """
resource "openstack_networking_secgroup_v2" "a" { name = "a" }
resource "openstack_networking_secgroup_rule_v2" "r" {{
  direction         = "ingress"
  ethertype         = "IPv4"
  {}
  security_group_id = openstack_networking_secgroup_v2.a.id
}}
""".replace('{ name = "a" }', '{{ name = "a" }}')


@pytest.mark.parametrize("arguments", ['protocol = "tcp"\n port_range_min = 22', "port_range_min = 22\n port_range_max = 22"])
def test_openstacks_ports_and_protocol_go_together(arguments: str) -> None:
    text = OPENSTACK.format(arguments)
    found = inbound(graph_of(text), "openstack_networking_secgroup_v2.a", tcp(1, 65535))
    assert found.maybe
    assert not found.surely
    assert "evaluation-error" in traps(estate_of(text))


def test_openstacks_icmp_type_of_zero_may_be_any_type() -> None:
    text = OPENSTACK.format('protocol = "icmp"\n port_range_min = 0\n port_range_max = 0')
    found = inbound(graph_of(text), "openstack_networking_secgroup_v2.a", ping())
    assert found.maybe
    assert not found.surely


NO_PORT = {
    "hcloud_firewall": 'rule {\n direction = "in"\n protocol = "tcp"\n source_ips = ["0.0.0.0/0"]\n}',
    "digitalocean_firewall": 'inbound_rule {\n protocol = "tcp"\n source_addresses = ["0.0.0.0/0"]\n}',
}
NO_SOURCE = {
    "hcloud_firewall": 'rule {\n direction = "in"\n protocol = "tcp"\n port = "22"\n}',
    "digitalocean_firewall": 'inbound_rule {\n protocol = "tcp"\n port_range = "22"\n}',
}


@pytest.mark.parametrize("type_", NO_PORT)
def test_a_rule_without_ports_is_not_one_for_all_ports(type_: str) -> None:
    text = f'resource "{type_}" "a" {{\n name = "a"\n {NO_PORT[type_]}\n}}\n'
    question = tcp(22) & of("203.0.113.0/24")
    found = inbound(graph_of(text), f"{type_}.a", question)
    assert (found.surely, bool(found.maybe)) == (question - question, True)
    assert "evaluation-error" in traps(estate_of(text))


@pytest.mark.parametrize("type_", NO_SOURCE)
def test_a_rule_without_sources_is_said(type_: str) -> None:
    assert "evaluation-error" in traps(estate_of(f'resource "{type_}" "a" {{\n name = "a"\n {NO_SOURCE[type_]}\n}}\n'))


@pytest.mark.parametrize(("switch", "fate"), [("", "is blocked"), ("enable_default_security = false", "depends")])
def test_scaleway_keeps_mail_in(switch: str, fate: str) -> None:
    text = f'resource "scaleway_instance_security_group" "a" {{\n  {switch}\n}}\n'
    address = "terraform:scaleway_instance_security_group.a"
    assert fates(text, "internet", "tcp/25", address) == {fate}
    assert fates(text, "internet", "tcp/80", address) == {"passes"}


def test_one_network_where_a_list_belongs_is_said() -> None:
    rule = 'ingress {\n from_port = 22\n to_port = 22\n protocol = "tcp"\n cidr_blocks = %s\n}'
    text = f'resource "aws_security_group" "a" {{\n {rule}\n}}\n'
    assert "evaluation-error" in traps(estate_of(text % '"10.0.0.0/8"'))
    assert "evaluation-error" not in traps(estate_of(text % '["10.0.0.0/8"]'))
