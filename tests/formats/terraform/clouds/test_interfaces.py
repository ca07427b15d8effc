"""Machines of several interfaces: what one of them stops, another may let in."""

from __future__ import annotations

import pytest

from tests.formats.terraform.clouds.reading import estate_of, fates

NETWORKS = """
resource "google_compute_network" "closed" { name = "closed" }
resource "google_compute_network" "open" { name = "open" }
resource "google_compute_firewall" "ssh" {
  network       = google_compute_network.open.name
  source_ranges = ["0.0.0.0/0"]
  allow {
    protocol = "tcp"
    ports    = ["22"]
  }
}
"""
INSTANCE = """
resource "google_compute_instance" "m" {
  network_interface { %s }
  network_interface { %s }
}
"""
CLOSED, OPEN = "network = google_compute_network.closed.name", "network = google_compute_network.open.name"
MACHINE = "google_compute_instance.m"


def test_a_machine_in_two_networks_of_google_is_judged_in_each() -> None:
    text = NETWORKS + INSTANCE % (CLOSED, OPEN)
    assert [each.of for each in estate_of(text).carriers] == [MACHINE, MACHINE]
    assert fates(text, MACHINE, "tcp/22") == {"passes", "is blocked"}


def test_a_machine_with_two_interfaces_in_one_network_is_one() -> None:
    text = NETWORKS + INSTANCE % (CLOSED, CLOSED)
    assert [each.address for each in estate_of(text).carriers] == [MACHINE]
    assert fates(text, MACHINE, "tcp/22") == {"is blocked"}


def test_where_one_network_is_not_known_no_other_speaks_for_it() -> None:
    text = 'variable "unset" {}\n' + NETWORKS + INSTANCE % (CLOSED, "subnetwork = var.unset")
    assert [each.groups for each in estate_of(text).carriers] == [["google_compute_network.closed"], []]


PORTS = """
resource "openstack_networking_secgroup_v2" "closed" { name = "closed" }
resource "openstack_networking_port_v2" "closed" { security_group_ids = [openstack_networking_secgroup_v2.closed.id] }
resource "openstack_networking_port_v2" "bare" { port_security_enabled = false }
resource "openstack_compute_instance_v2" "m" {
  network { port = openstack_networking_port_v2.closed.id }
  network { port = openstack_networking_port_v2.%s.id }
}
"""


def test_a_port_without_port_security_is_not_closed_by_the_groups_of_another() -> None:
    of = {each.address: each.of for each in estate_of(PORTS % "bare").carriers}
    assert of["openstack_networking_port_v2.bare"] == "openstack_compute_instance_v2.m"
    assert fates(PORTS % "bare", "openstack_compute_instance_v2.m", "tcp/22") == {"passes", "is blocked"}
    assert fates(PORTS % "closed", "openstack_compute_instance_v2.m", "tcp/22") == {"is blocked"}


ADDED = """
resource "aws_security_group" "first" {}
resource "aws_security_group" "second" {}
resource "aws_instance" "m" { vpc_security_group_ids = [aws_security_group.first.id] }
resource "aws_network_interface" "i" {
  security_groups = [aws_security_group.second.id]
  %s
}
%s
"""
INSIDE = "attachment {\n    instance     = aws_instance.m.id\n    device_index = 1\n  }"
BESIDE = 'resource "aws_network_interface_attachment" "a" {\n  instance_id          = aws_instance.m.id\n  network_interface_id = %s\n}\n'


@pytest.mark.parametrize(
    ("inside", "beside", "groups"),
    [
        (INSIDE, "", ["first", "second"]),
        ("", BESIDE % "aws_network_interface.i.id", ["first", "second"]),
        ("", BESIDE % "var.unset", ["first", None]),
        ("", "", ["first"]),
    ],
)
def test_an_instance_carries_what_an_interface_does_that_is_added_to_it(inside: str, beside: str, groups: list[str | None]) -> None:
    estate = estate_of('variable "unset" {}\n' + ADDED % (inside, beside))
    (instance,) = (each for each in estate.carriers if each.type == "aws_instance")
    assert instance.groups == [group and f"aws_security_group.{group}" for group in groups]


VNICS = """
resource "oci_core_vcn" "v" {}
resource "oci_core_security_list" "first" { vcn_id = oci_core_vcn.v.id }
resource "oci_core_security_list" "second" { vcn_id = oci_core_vcn.v.id }
resource "oci_core_subnet" "first" {
  vcn_id            = oci_core_vcn.v.id
  security_list_ids = [oci_core_security_list.first.id]
}
resource "oci_core_subnet" "second" {
  vcn_id            = oci_core_vcn.v.id
  security_list_ids = [oci_core_security_list.second.id]
}
resource "oci_core_instance" "m" {
  create_vnic_details { subnet_id = oci_core_subnet.first.id }
}
resource "oci_core_vnic_attachment" "a" {
  instance_id = oci_core_instance.m.id
  create_vnic_details { subnet_id = oci_core_subnet.second.id }
}
"""


def test_an_instance_of_oracle_has_the_lists_of_an_interface_that_is_added_to_it() -> None:
    (instance,) = (each for each in estate_of(VNICS).carriers if each.type == "oci_core_instance")
    assert instance.groups == ["oci_core_security_list.first", "oci_core_security_list.second"]
