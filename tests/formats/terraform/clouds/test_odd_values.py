"""Whatever stands in an argument, reading goes on: a converter answers with notes and unknowns, never with an exception."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.terraform.clouds.reading import graph_of

HEAD = """
variable "unset" {}
variable "list" { type = list(string) }
variable "flag" { type = bool }
resource "aws_security_group" "g" {}
resource "aws_vpc" "v" {}
resource "aws_network_acl" "n" {}
data "aws_security_group" "d" {}
"""
TYPES = {
    "aws_security_group": ("ingress", "egress"),
    "aws_security_group_rule": (),
    "aws_vpc_security_group_ingress_rule": (),
    "aws_network_acl": ("ingress", "egress"),
    "aws_network_acl_rule": (),
    "aws_ec2_managed_prefix_list": ("entry",),
    "aws_instance": ("network_interface",),
    "aws_vpc": (),
    "aws_subnet": (),
    "azurerm_network_security_group": ("security_rule",),
    "azurerm_network_security_rule": (),
    "google_compute_firewall": ("allow", "deny"),
    "google_compute_instance": ("network_interface", "service_account"),
    "hcloud_firewall": ("rule", "apply_to"),
    "hcloud_server": (),
    "openstack_networking_secgroup_v2": (),
    "openstack_networking_secgroup_rule_v2": (),
    "digitalocean_firewall": ("inbound_rule", "outbound_rule"),
    "oci_core_security_list": ("ingress_security_rules", "egress_security_rules"),
    "oci_core_network_security_group_security_rule": ("tcp_options", "icmp_options"),
    "scaleway_instance_security_group": ("inbound_rule", "outbound_rule"),
    "proxmox_virtual_environment_firewall_rules": ("rule",),
    "proxmox_virtual_environment_vm": ("network_device",),
}
NAMES = tuple(
    re.findall(
        r"\w+",
        """type protocol ip_protocol from_port to_port cidr_blocks ipv6_cidr_blocks cidr_ipv4 cidr_ipv6 self security_groups prefix_list_ids
        prefix_list_id security_group_id source_security_group_id referenced_security_group_id vpc_id tags name rule_no rule_number action
        rule_action egress cidr_block ipv6_cidr_block icmp_type icmp_code network_acl_id subnet_ids entry cidr vpc_security_group_ids
        subnet_id priority direction access source_port_range destination_port_ranges source_address_prefix destination_address_prefixes
        network ports source_ranges source_tags target_tags disabled port source_ips destination_ips label_selector firewall_ids labels
        ethertype port_range_min port_range_max remote_ip_prefix remote_group_id source destination source_type stateless min max
        inbound_default_policy ip_range vm_id dport sport proto source_addresses port_range security_group enabled macro firewall
        ingress security_rule rule network_security_group_name""",
    )
)
ODD = re.findall(
    r"\S+",
    """null "" "x" "sg-1" "10.0.0.0/8" "::/0" "10.0.0.1/8" "a,b" "-1" "tcp" "all" "22" "22-80" "99999" "allow" "Inbound" "ingress" 0 -1 22
    1.5 1e9 true false [] {} [null] [[]] [{}] [1,2] {a=1} var.unset var.list var.flag [var.unset] {a=var.unset}
    aws_security_group.g.id aws_security_group.g aws_vpc.v.id aws_network_acl.n.id data.aws_security_group.d.id nowhere.at.all 1/0
    concat(var.list,["10.0.0.0/8"]) "${var.unset}/32" """,
)
VALUES = st.sampled_from([*ODD, 'var.flag ? "10.0.0.0/8" : var.unset', '["10.0.0.0/8", "::/0"]', "toset(var.list)"])
ARGUMENTS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=8)


@st.composite
def resources(draw: st.DrawFn) -> str:
    type_ = draw(st.sampled_from(sorted(TYPES)))
    arguments = draw(ARGUMENTS)
    for name in ("count", "for_each"):
        if draw(st.integers(0, 5)) == 0:
            arguments[name] = draw(VALUES)
    lines = [f"  {name} = {value}" for name, value in arguments.items()]
    for block in TYPES[type_]:
        if block not in arguments and draw(st.booleans()):
            inner = "\n".join(f"    {name} = {value}" for name, value in draw(ARGUMENTS).items())
            lines.append(f"  {block} {{\n{inner}\n  }}")
    return f'resource "{type_}" "r{draw(st.integers(0, 99))}" {{\n' + "\n".join(lines) + "\n}\n"


@settings(max_examples=100, deadline=None)
@given(st.lists(resources(), min_size=1, max_size=4))
def test_odd_arguments_never_stop_the_reading(blocks: list[str]) -> None:
    graph = graph_of(HEAD + "\n".join(blocks))
    assert {hook.zone for hook in graph.hooks} >= {"terraform:aws_security_group.g"} or "syntax" in str(graph.notes)
