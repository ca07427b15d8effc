"""What is put on machines from outside of them: by ids, labels, names. What may be on a machine is not left out."""

from __future__ import annotations

import pytest

from auditor.formats.terraform.selectors import matches
from tests.formats.terraform.clouds.reading import fates

UNSET = 'variable "unset" {}\n'
HETZNER = """
resource "hcloud_firewall" "closed" { name = "closed" }
resource "hcloud_firewall" "ssh" {
  name = "ssh"
  rule {
    direction  = "in"
    protocol   = "tcp"
    port       = "22"
    source_ips = ["0.0.0.0/0"]
  }
  apply_to { label_selector = %s }
}
resource "hcloud_server" "s" {
  labels       = %s
  firewall_ids = [hcloud_firewall.closed.id]
}
"""


@pytest.mark.parametrize(
    ("selector", "labels", "fate"),
    [
        ('"role=cp"', '{ role = "cp" }', "passes"),
        ('"role=cp"', '{ role = "lb" }', "is blocked"),
        ('"role=cp"', "{ role = var.unset }", "depends"),
        ('"role=cp"', "var.unset", "depends"),
        ("var.unset", '{ role = "cp" }', "depends"),
    ],
)
def test_a_selector_finds_who_has_the_labels_and_may_find_who_may_have_them(selector: str, labels: str, fate: str) -> None:
    assert fates(UNSET + HETZNER % (selector, labels), "hcloud_server.s", "tcp/22") == {fate}


@pytest.mark.parametrize(
    ("selector", "answer"),
    [
        ("!gone", None),
        ("gone", None),
        ("gone!=x", None),
        ("gone notin (x)", None),
        ("role=cp,gone", None),
        ("role=lb,gone", False),
        ("role", True),
    ],
)
def test_a_label_that_may_be_there_leaves_a_selector_open(selector: str, answer: bool | None) -> None:
    assert matches(selector, {"role": "cp"}, others=True) is answer


@pytest.mark.parametrize(
    ("ids", "fate"),
    [
        ("[hcloud_server.s.id]", "passes"),
        ("[data.hcloud_server.other.id]", "is blocked"),
        ("var.unset ? [hcloud_server.s.id] : []", "depends"),
        ("var.unset", "depends"),
    ],
)
def test_an_attachment_may_be_of_every_server_it_cannot_be_told_not_to_be_of(ids: str, fate: str) -> None:
    attachment = f'resource "hcloud_firewall_attachment" "a" {{\n firewall_id = hcloud_firewall.ssh.id\n server_ids = {ids}\n}}\n'
    data = 'data "hcloud_server" "other" { name = "other" }\n'
    assert fates(UNSET + data + HETZNER % ("null", "{}") + attachment, "hcloud_server.s", "tcp/22") == {fate}


def test_hetzners_outbound_default_beside_a_firewall_with_outbound_rules_is_open() -> None:
    text = """
resource "hcloud_firewall" "a" { name = "a" }
resource "hcloud_firewall" "b" {
  name = "b"
  rule {
    direction       = "out"
    protocol        = "udp"
    port            = "123"
    destination_ips = ["0.0.0.0/0"]
  }
}
resource "hcloud_server" "s" { firewall_ids = [hcloud_firewall.a.id, hcloud_firewall.b.id] }
"""
    server = "terraform:hcloud_server.s"
    assert "passes" in fates(text, "internet", "udp/123", server)
    assert fates(text, "internet", "tcp/80", server) == {"depends"}


DROPLET = """
resource "digitalocean_tag" "web" { name = "${var.unset}-web" }
resource "digitalocean_droplet" "d" { tags = %s }
resource "digitalocean_firewall" "closed" {
  name        = "closed"
  droplet_ids = [digitalocean_droplet.d.id]
}
resource "digitalocean_firewall" "ssh" {
  name = "ssh"
  tags = %s
  inbound_rule {
    protocol         = "tcp"
    port_range       = "22"
    source_addresses = ["0.0.0.0/0"]
  }
}
"""
TAG = "[digitalocean_tag.web.id]"


@pytest.mark.parametrize(
    ("worn", "wanted", "fate"),
    [
        (TAG, TAG, "passes"),
        (TAG, "[digitalocean_tag.web.name]", "passes"),
        ('["db"]', '["web"]', "is blocked"),
        ("var.unset", '["web"]', "depends"),
        ('["web"]', "[var.unset]", "depends"),
    ],
)
def test_a_tag_is_its_name_and_its_id(worn: str, wanted: str, fate: str) -> None:
    assert fates(UNSET + DROPLET % (worn, wanted), "digitalocean_droplet.d", "tcp/22") == {fate}


STACK = """
resource "openstack_networking_secgroup_v2" "closed" { name = "${var.unset}-closed" }
resource "openstack_networking_secgroup_v2" "ssh" { name = "${var.unset}-ssh" }
resource "openstack_networking_secgroup_rule_v2" "ssh" {
  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = "tcp"
  port_range_min    = 22
  port_range_max    = 22
  security_group_id = openstack_networking_secgroup_v2.ssh.id
}
resource "openstack_networking_port_v2" "bare" { network_id = "n" }
resource "openstack_networking_port_v2" "ssh" { security_group_ids = [openstack_networking_secgroup_v2.ssh.id] }
"""
CLOSED = "security_groups = [openstack_networking_secgroup_v2.closed.name]"


@pytest.mark.parametrize(
    ("arguments", "fate"),
    [
        ("security_groups = [openstack_networking_secgroup_v2.ssh.name]", "passes"),
        ("security_groups = [openstack_networking_secgroup_v2.ssh.id]", "passes"),
        (CLOSED, "is blocked"),
        ("security_groups = [var.unset]", "depends"),
        (f"{CLOSED}\n network {{ port = openstack_networking_port_v2.ssh.id }}", "passes"),
        (f"{CLOSED}\n network {{ port = openstack_networking_port_v2.bare.id }}", "depends"),
    ],
)
def test_an_instance_is_in_the_groups_it_names_and_in_those_of_its_ports(arguments: str, fate: str) -> None:
    text = UNSET + STACK + f'resource "openstack_compute_instance_v2" "i" {{\n {arguments}\n}}\n'
    assert fates(text, "openstack_compute_instance_v2.i", "tcp/22") == {fate}


ORACLE = """
resource "oci_core_vcn" "v" { cidr_block = "10.0.0.0/16" }
resource "oci_core_network_security_group" "n" { vcn_id = oci_core_vcn.v.id }
resource "oci_core_subnet" "s" { vcn_id = oci_core_vcn.v.id }
resource "oci_core_instance" "i" {
  create_vnic_details {
    subnet_id = oci_core_subnet.s.id
    nsg_ids   = [oci_core_network_security_group.n.id]
  }
}
"""
ADOPTED = """
resource "oci_core_default_security_list" "d" {
  manage_default_resource_id = oci_core_vcn.v.default_security_list_id
}
"""


def test_a_subnet_without_lists_has_its_networks_default_one() -> None:
    assert fates(ORACLE, "oci_core_instance.i", "tcp/22") == {"depends"}
    assert fates(ORACLE + ADOPTED, "oci_core_instance.i", "tcp/22") == {"is blocked"}


def test_what_nothing_carries_may_have_further_lists_beside_it() -> None:
    assert fates('resource "oci_core_network_security_group" "n" { vcn_id = "v" }', "oci_core_network_security_group.n", "tcp/22") == {
        "depends"
    }
