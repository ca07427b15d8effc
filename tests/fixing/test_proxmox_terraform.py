"""What is missing in a Proxmox firewall that Terraform writes, and what is too much: blocks of the guest's own resource of rules."""

from __future__ import annotations

from typing import Any

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.fixing import proxmox
from auditor.fixing.prove import Proven, Unmended, fixes
from auditor.fixing.state import State
from auditor.fixing.wanted import Service, Unwritten
from auditor.model.findings import Outcome
from auditor.model.source import Span
from tests.fixing.test_writers import wanted

GUEST = """\
resource "proxmox_virtual_environment_cluster_firewall" "all" {
  enabled = true
}

resource "proxmox_virtual_environment_vm" "db" {
  vm_id = 101

  network_device {
    firewall = true
  }
}

resource "proxmox_virtual_environment_firewall_options" "db" {
  node_name = "pve"
  vm_id     = proxmox_virtual_environment_vm.db.vm_id
  enabled   = true
}
"""
RULES = """
resource "proxmox_virtual_environment_firewall_rules" "db" {
  node_name = "pve"
  vm_id     = proxmox_virtual_environment_vm.db.id

  rule {
    type   = "in"
    action = "%s"
    proto  = "tcp"
    dport  = "%s"
  }
}
"""
OURS = """\
ruleset: ours
title: Ours
source: {document: Ours, section: One}
roles: {app: the application, db: the database}
requirements:
  - {id: db, title: The application reaches the database, allow: {from: app, to: db, service: tcp/5432}, because: it must, fix: permit}
  - {id: ping, title: The application pings, allow: {from: app, to: db, service: icmp/echo-request}, because: it must, fix: permit}
  - {id: ssh, title: Nobody uses ssh, deny: {from: app, to: db, service: tcp/22}, because: it must not, fix: deny}
"""
CONFIG = """\
rulesets: [./ours.yaml]
roles: {app: 10.1.0.0/24, db: {behind: ["terraform:proxmox_virtual_environment_vm.db"]}}
"""
ADDED = """
  rule {
    type    = "in"
    action  = "ACCEPT"
    comment = "The application reaches the database"
    source  = "10.1.0.0/24"
    proto   = "tcp"
    dport   = "5432"
  }
"""


def mended(files: dict[str, str], rule: str) -> Proven | Unmended:
    tree = MemoryTree({"auditor.yaml": CONFIG, "ours.yaml": OURS, **files})
    state = State.of(tree, ("",), audit.Request())
    (found,) = fixes(state, frozenset({f"ours/{rule}"}))
    if isinstance(found, Proven):
        assert state.with_texts(found.texts).run.outcomes()[f"ours/{rule}"] is Outcome.HOLDS
    return found


def texts(files: dict[str, str], rule: str) -> dict[str, str]:
    """The changed files of a change that does just what was asked."""
    found = mended(files, rule)
    assert isinstance(found, Proven), found
    assert found.safe
    return found.texts


def test_where_the_policy_decides_a_rule_is_written_behind_the_last() -> None:
    found = texts({"main.tf": GUEST, "rules.tf": RULES % ("ACCEPT", "443")}, "db")
    assert found == {"rules.tf": (RULES % ("ACCEPT", "443")).removesuffix("}\n") + ADDED + "}\n"}


def test_a_rule_is_written_before_the_one_that_decides() -> None:
    found = texts({"main.tf": GUEST + RULES % ("DROP", "5000:6000")}, "db")["main.tf"]
    assert found == (GUEST + RULES % ("DROP", "5000:6000")).replace("\n  rule {", ADDED + "\n  rule {", 1)


def test_a_guest_without_rules_gets_a_resource_of_them() -> None:
    head = '\nresource "proxmox_virtual_environment_firewall_rules" "db" {\n'
    target = '  node_name = "pve"\n  vm_id     = proxmox_virtual_environment_vm.db.vm_id\n'
    assert texts({"main.tf": GUEST}, "db")["main.tf"] == GUEST + head + target + ADDED + "}\n"


def test_the_resource_is_made_as_often_as_the_options() -> None:
    many = GUEST.replace('  node_name = "pve"\n', '  for_each  = local.guests\n  node_name = "pve"\n')
    found = proxmox.write(wanted("main.tf", many, filter_span=Span("main.tf", 14, 1, 14, 9)))["main.tf"]
    assert found.count('{\n  for_each  = local.guests\n  node_name = "pve"\n') == 2


def test_a_ping_is_written_as_its_macro() -> None:
    assert '    macro   = "Ping"\n    source  = "10.1.0.0/24"\n' in texts({"main.tf": GUEST}, "ping")["main.tf"]


def test_what_is_too_much_is_taken_away_with_the_line_that_sets_it_apart() -> None:
    both = RULES % ("ACCEPT", "22") + RULES.replace('"db"', '"other"').replace("db.id", "other.id") % ("ACCEPT", "80")
    found = texts({"main.tf": GUEST + both}, "ssh")["main.tf"]
    assert found == GUEST + both.replace(RULES[RULES.index("\n  rule") : RULES.rindex("}\n")] % ("ACCEPT", "22"), "", 1)


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        (RULES.replace("proxmox_virtual_environment_vm.db.id", "102"), "are the same guest cannot be told"),
        (RULES.replace("proxmox_virtual_environment_vm.db.id", "(\n    102\n  )"), "goes over several lines"),
    ],
)
def test_rules_of_a_guest_that_cannot_be_told_are_left_alone(rules: str, why: str) -> None:
    found = mended({"main.tf": GUEST + rules % ("ACCEPT", "443")}, "db")
    assert isinstance(found, Unmended)
    assert why in found.why


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"service": Service("icmp", icmp_type=0)}, "no macro"),
        ({"filter_span": Span("main.tf", 6, 1, 6, 9)}, "has no rules"),
        ({"filter_span": Span("main.tf", 4, 1, 4, 2)}, "cannot be told by its braces"),
        ({"filter_span": Span("main.tf.json", 1, 1, 1, 2)}, "into .tf files"),
    ],
)
def test_what_no_block_can_say_is_not_written(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(Unwritten, match=why):
        proxmox.write(wanted("main.tf", GUEST, **{"filter_span": Span("main.tf", 14, 1, 14, 9), **changes}))
