"""Google's networks and labels where names and tags are not known: what may be the case is never left out."""

from __future__ import annotations

import pytest

from tests.formats.terraform.clouds.reading import fates

NETWORK = 'resource "google_compute_network" "n" { name = "net" }\n'
MACHINE = """
resource "google_compute_instance" "m" {
  tags = %s
  network_interface {
    network = google_compute_network.n.id
  }
}
"""
UNSET = 'variable "env" {}\n'


def rule(name: str, arguments: str, network: str = "google_compute_network.n.name") -> str:
    return f"""
resource "google_compute_firewall" "{name}" {{
  name    = "{name}"
  network = {network}
  {arguments}
  allow {{
    protocol = "tcp"
    ports    = ["22"]
  }}
}}
"""


WORLD = 'source_ranges = ["0.0.0.0/0"]'


def test_a_network_is_found_by_a_name_that_is_not_known() -> None:
    network = UNSET + NETWORK.replace('"net"', '"${var.env}-net"')
    assert fates(network + rule("ssh", WORLD) + MACHINE % "[]", "google_compute_instance.m", "tcp/22") == {"passes"}


def test_a_rule_of_a_network_nobody_knows_may_be_any_networks() -> None:
    text = UNSET + NETWORK + rule("ssh", WORLD, "var.env ? null : google_compute_network.n.name") + MACHINE % "[]"
    assert fates(text, "google_compute_instance.m", "tcp/22") == {"depends"}


@pytest.mark.parametrize("tags", ["var.env", '["db", var.env]', 'var.env ? ["ssh"] : []'])
def test_a_machine_of_unknown_tags_may_have_any(tags: str) -> None:
    text = UNSET + NETWORK + rule("ssh", f'{WORLD}\n target_tags = ["ssh"]') + MACHINE % tags
    assert fates(text, "google_compute_instance.m", "tcp/22") == {"depends"}


def test_a_machine_of_known_tags_has_no_other() -> None:
    text = NETWORK + rule("ssh", f'{WORLD}\n target_tags = ["ssh"]') + MACHINE % '["db"]'
    assert fates(text, "google_compute_instance.m", "tcp/22") == {"is blocked"}


@pytest.mark.parametrize("targets", ["[var.env]", 'var.env ? ["ssh"] : []', "var.env"])
def test_a_rule_of_unknown_targets_may_apply_to_any_machine(targets: str) -> None:
    text = UNSET + NETWORK + rule("ssh", f"{WORLD}\n target_tags = {targets}") + MACHINE % '["db"]'
    assert fates(text, "google_compute_instance.m", "tcp/22") == {"depends"}


def test_an_unknown_source_tag_may_be_any_machines_but_nobody_elses() -> None:
    text = UNSET + NETWORK + rule("ssh", "source_tags = [var.env]") + MACHINE % '["db"]'
    assert fates(text, "google_compute_instance.m", "tcp/22") == {"is blocked"}
    assert fates(text, "google_compute_instance.m", "tcp/22", "terraform:google_compute_instance.m") == {"depends"}


def test_sources_that_may_all_be_missing_may_be_everyone() -> None:
    text = UNSET + NETWORK + rule("ssh", 'source_ranges = var.env ? ["10.0.0.0/8"] : []') + MACHINE % "[]"
    assert fates(text, "google_compute_instance.m", "tcp/22") == {"depends"}


def test_whoever_has_a_tag_has_what_machines_have_that_wear_it() -> None:
    text = NETWORK + rule("ssh", f'{WORLD}\n target_tags = ["web"]') + MACHINE % '["ssh", "web"]'
    assert fates(text, "tag:ssh", "tcp/22") == {"passes"}


def test_a_subnet_is_in_the_network_whose_name_it_gives() -> None:
    subnet = 'resource "google_compute_subnetwork" "s" {\n network = google_compute_network.n.name\n ip_cidr_range = "10.0.0.0/24"\n}\n'
    machine = (MACHINE % "[]").replace("network = google_compute_network.n.id", "subnetwork = google_compute_subnetwork.s.id")
    assert fates(NETWORK + subnet + rule("ssh", WORLD) + machine, "google_compute_instance.m", "tcp/22") == {"passes"}


@pytest.mark.parametrize(
    "association",
    [
        'resource "google_compute_network_firewall_policy_association" "p" {\n attachment_target = google_compute_network.n.id\n}\n',
        'resource "google_compute_region_network_firewall_policy_association" "p" {\n attachment_target = google_compute_network.n.id\n}\n',
        'resource "google_compute_firewall_policy_association" "p" {\n attachment_target = "folders/1"\n}\n',
    ],
)
def test_a_policy_before_the_rules_may_permit_and_deny(association: str) -> None:
    text = NETWORK + rule("ssh", WORLD) + association + MACHINE % "[]"
    assert fates(text, "google_compute_instance.m", "tcp/22") == {"depends"}
    assert fates(text, "google_compute_instance.m", "tcp/80") == {"depends"}
