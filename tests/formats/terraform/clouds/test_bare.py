"""Machines on which nothing puts a filter, where the provider lets everything in then."""

from __future__ import annotations

import pytest

from tests.formats.terraform.clouds.reading import estate_of

UNSET = 'variable "unset" {}\n'
CLOSED = 'resource "hcloud_firewall" "f" { name = "f" }\nresource "digitalocean_firewall" "f" { name = "f" }\n'


def bare(text: str, trap: str = "unfiltered") -> list[str]:
    """What is remarked on, by the first word that names a machine."""
    found = (note.message for note in estate_of(UNSET + CLOSED + text).notes if note.trap == trap)
    return [next(word.strip(":,") for word in message.split() if "." in word) for message in found]


@pytest.mark.parametrize(
    ("type_", "body"),
    [
        ("hcloud_server", ""),
        ("hcloud_server", "firewall_ids = []"),
        ("hcloud_server", "public_net { ipv4_enabled = false }"),
        ("hcloud_server", "public_net {\n ipv4_enabled = false\n ipv6_enabled = var.unset\n}"),
        ("digitalocean_droplet", ""),
        ("scaleway_instance_server", "enable_dynamic_ip = true"),
        ("scaleway_instance_server", 'ip_ids = ["a"]'),
        ("openstack_networking_port_v2", "port_security_enabled = false"),
    ],
)
def test_a_machine_on_which_nothing_puts_a_filter_is_remarked_on(type_: str, body: str) -> None:
    assert bare(f'resource "{type_}" "m" {{\n{body}\n}}\n') == [f"{type_}.m"]


@pytest.mark.parametrize(
    ("type_", "body"),
    [
        ("hcloud_server", "firewall_ids = [hcloud_firewall.f.id]"),
        ("hcloud_server", "firewall_ids = var.unset"),
        ("hcloud_server", "lifecycle { ignore_changes = [firewall_ids] }"),
        ("hcloud_server", "public_net {\n ipv4_enabled = false\n ipv6_enabled = false\n}"),
        ("scaleway_instance_server", ""),
        ("scaleway_instance_server", "security_group_id = var.unset\nenable_dynamic_ip = true"),
        ("openstack_networking_port_v2", ""),
        ("openstack_networking_port_v2", "port_security_enabled = var.unset"),
        ("aws_instance", ""),
    ],
)
def test_one_that_has_a_filter_or_may_have_or_that_nobody_reaches_is_not(type_: str, body: str) -> None:
    assert bare(f'resource "{type_}" "m" {{\n{body}\n}}\n') == []


def test_machines_of_one_block_are_remarked_on_once() -> None:
    (note,) = (note for note in estate_of('resource "hcloud_server" "m" { count = 3 }\n').notes if note.trap == "unfiltered")
    assert "hcloud_server.m[0] (and 2 like it)" in note.message


def test_a_firewall_attached_from_outside_counts_and_so_does_one_that_may_be() -> None:
    server = 'resource "hcloud_server" "m" { labels = { role = "web" } }\nresource "digitalocean_droplet" "m" { tags = ["web"] }\n'
    put = 'resource "hcloud_firewall_attachment" "a" {\n firewall_id = hcloud_firewall.f.id\n server_ids = [%s]\n}\n'
    assert bare(server + put % "hcloud_server.m.id") == ["digitalocean_droplet.m"]
    assert bare(server + put % "var.unset") == ["digitalocean_droplet.m"]
    assert bare(server + 'resource "digitalocean_firewall" "t" { tags = ["web"] }\n') == ["hcloud_server.m"]


def test_a_default_group_that_is_managed_here_may_close_what_names_none() -> None:
    server = 'resource "scaleway_instance_server" "m" { enable_dynamic_ip = true }\n'
    assert bare(server + 'resource "scaleway_instance_security_group" "g" { project_default = true }\n') == []


def test_nothing_is_called_absent_where_a_file_is_broken() -> None:
    assert bare('resource "hcloud_server" "m" {}\nresource "hcloud_firewall" {\n') == []


BEHIND = """
resource "azurerm_public_ip" "p" {
  %s
}
resource "azurerm_network_interface" "m" {
  ip_configuration {
    subnet_id            = azurerm_subnet.s.id
    public_ip_address_id = %s
  }
}
resource "azurerm_subnet" "s" {}
resource "azurerm_network_security_group" "g" {}
"""
BASIC = BEHIND % ('sku = "Basic"', "azurerm_public_ip.p.id")
ON_INTERFACE = """
resource "azurerm_network_interface_security_group_association" "a" {
  network_interface_id      = %s
  network_security_group_id = azurerm_network_security_group.g.id
}
"""
ON_AZURES_SUBNET = """
resource "azurerm_subnet_network_security_group_association" "a" {
  subnet_id                 = azurerm_subnet.s.id
  network_security_group_id = azurerm_network_security_group.g.id
}
"""


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (BASIC, "address is of the SKU Basic"),
        (BEHIND % ("", "azurerm_public_ip.p.id"), "address may be"),
        (BEHIND % ("sku = var.unset", "azurerm_public_ip.p.id"), "address may be"),
        (BEHIND % ('sku = "Standard"', "azurerm_public_ip.p.id"), ""),
        (BEHIND % ('sku = "Basic"', "null"), ""),
        (BASIC + ON_INTERFACE % "azurerm_network_interface.m.id", ""),
        (BASIC + ON_INTERFACE % "var.unset", ""),
        (BASIC + ON_AZURES_SUBNET, ""),
        (BASIC.replace("azurerm_subnet.s.id", "var.unset") + ON_AZURES_SUBNET, ""),
    ],
)
def test_a_public_address_of_azures_basic_sku_without_a_group_is_remarked_on(text: str, found: str) -> None:
    notes = [note.message for note in estate_of(UNSET + text).notes if note.trap == "unfiltered"]
    assert len(notes) == bool(found)
    assert all(found in message and "azurerm_network_interface.m" in message for message in notes)


INSTANCE = 'resource "google_compute_instance" "m" {\n network_interface {\n network = %s\n %s\n }\n}\n'
ON_SUBNET = INSTANCE.replace("network = ", "subnetwork = ") % ("%s", "access_config {}")
ON_READ = INSTANCE % ("data.google_compute_network.d.%s", "access_config {}")
READ = 'data "google_compute_%s" "d" { name = "%s" }\n'
SUBNET = 'resource "oci_core_vcn" "v" {}\nresource "oci_core_subnet" "s" {\n vcn_id = oci_core_vcn.v.id\n %s\n}\n'
ADOPTED = 'resource "oci_core_default_security_list" "d" { manage_default_resource_id = oci_core_vcn.v.default_security_list_id }\n'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (INSTANCE % ('"default"', "access_config {}"), ["google_compute_instance.m"]),
        (INSTANCE % ('"global/networks/default"', "access_config {}"), ["google_compute_instance.m"]),
        (INSTANCE % ('"default"', ""), []),
        (INSTANCE % ('"mine"', "access_config {}"), []),
        (INSTANCE % ("var.unset", "access_config {}"), []),
        (
            INSTANCE % ("data.google_compute_network.d.id", "access_config {}") + READ % ("network", "default"),
            ["google_compute_instance.m"],
        ),
        (
            INSTANCE % ("data.google_compute_network.d.name", "access_config {}") + READ % ("network", "default"),
            ["google_compute_instance.m"],
        ),
        (INSTANCE % ("data.google_compute_network.d.id", "access_config {}") + READ % ("network", "mine"), []),
        (ON_SUBNET % '"default"', ["google_compute_instance.m"]),
        (ON_SUBNET % "data.google_compute_subnetwork.d.self_link" + READ % ("subnetwork", "default"), ["google_compute_instance.m"]),
        (ON_SUBNET % '"default"' + 'resource "google_compute_subnetwork" "s" { name = "default" }\n', []),
        (INSTANCE % ('"default"', "access_config {}") + 'resource "google_compute_network" "n" { name = "default" }\n', []),
        (INSTANCE % ('"default"', "access_config {}") + 'resource "google_compute_firewall" "f" { name = "default-allow-ssh" }\n', []),
        (SUBNET % "", ["oci_core_subnet.s"]),
        (SUBNET % "prohibit_public_ip_on_vnic = true", []),
        (SUBNET % "security_list_ids = [var.unset]", []),
        (SUBNET % "" + ADOPTED, []),
    ],
)
def test_what_stands_behind_rules_of_the_product_that_nobody_shows_is_told(text: str, found: list[str]) -> None:
    assert bare(text, "default-rules") == found
