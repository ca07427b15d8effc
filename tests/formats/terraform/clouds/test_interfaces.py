"""Machines of several interfaces: what one of them stops, another may let in."""

from __future__ import annotations

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
