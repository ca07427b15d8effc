"""Terraform makes the guests, firewall files filter them: the switch in the one decides about the rules in the other."""

from __future__ import annotations

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.model.findings import Outcome
from auditor.model.graph import Graph, Place
from auditor.model.headers import address_interval

ON = "[OPTIONS]\nenable: 1\n"
CLUSTER = {"pve/firewall/cluster.fw": ON, "pve/nodes/pve/host.fw": "[OPTIONS]\nnftables: 0\n"}
RULES = {"pve/firewall/100.fw": ON + "[RULES]\nIN ACCEPT -p tcp -dport 6443\n"}
MACHINE = "terraform:proxmox_virtual_environment_vm.controlplane"


def module(firewall: str, type_: str = "proxmox_virtual_environment_vm") -> dict[str, str]:
    return {
        "main.tf": f"""
resource "{type_}" "controlplane" {{
  vm_id     = 100
  name      = "talos-controlplane"
  node_name = "pve"
  network_device {{
    bridge = "vmbr0"
    {firewall}
  }}
  initialization {{
    ip_config {{
      ipv4 {{
        address = "10.0.0.10/24"
      }}
    }}
  }}
}}
"""
    }


def read(files: dict[str, str], *roles: str, ruleset: str = "talos") -> audit.Reading:
    return audit.read(MemoryTree(dict(files)), ("",), audit.Request(rulesets=(ruleset,), roles=roles))


def enforced(files: dict[str, str], *roles: str) -> list[Outcome]:
    return [each.outcome for each in audit.findings_of(read(files, *roles)) if each.rule == "talos/enforced"]


def inbound(graph: Graph) -> list[str]:
    return [hook.zone or "" for hook in graph.hooks if hook.place is Place.INBOUND and hook.zone == "proxmox:100"]


@pytest.mark.parametrize("type_", ["proxmox_virtual_environment_vm", "proxmox_vm"])
def test_the_switch_in_terraform_turns_the_rules_of_the_file_on(type_: str) -> None:
    graph = read({**CLUSTER, **RULES, **module("firewall = true", type_)}).graph
    assert inbound(graph) == ["proxmox:100"]
    assert [hook.standing for hook in graph.hooks if hook.zone == "proxmox:100"] == [None, None]


@pytest.mark.parametrize("firewall", ["firewall = false", ""])
def test_without_the_switch_nothing_is_filtered_and_it_is_said(firewall: str) -> None:
    graph = read({**CLUSTER, **RULES, **module(firewall)}).graph
    assert inbound(graph) == []
    (note,) = (note for note in graph.notes if note.trap == "proxmox/nic-firewall-off")
    assert note.span.path == "main.tf"


def test_a_switch_that_is_a_variable_leaves_it_open() -> None:
    files = {**CLUSTER, **RULES, **module("firewall = var.firewall")}
    files["main.tf"] += 'variable "firewall" { type = bool }\n'
    assert inbound(read(files).graph) == ["proxmox:100"]
    assert enforced(files, f"control-plane={MACHINE}", "worker=10.0.0.20") == [Outcome.BROKEN, Outcome.OPEN]


def test_the_machine_in_terraform_stands_behind_the_files_of_the_hypervisor() -> None:
    roles = (f"control-plane={MACHINE}", f"worker={MACHINE}")
    assert enforced({**CLUSTER, **RULES, **module("firewall = true")}, *roles) == [Outcome.HOLDS]
    assert set(enforced({**CLUSTER, **RULES, **module("firewall = false")}, *roles)) == {Outcome.BROKEN}


FIREWALL = """
table inet filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "eth1" ip saddr 10.0.9.0/24 ip daddr 10.0.0.0/24 tcp dport { 6443, 50000 } accept
  }
}
"""


def test_a_machine_without_the_switch_is_fine_where_another_firewall_is_bound_in_front_of_it() -> None:
    files = {**module("firewall = false"), "nftables.conf": FIREWALL}
    zone = next(zone.id for zone in read(files).graph.zones if zone.id.startswith("nftables:") and zone.id.endswith("eth1"))
    bound = (f"control-plane={MACHINE},{zone}", f"worker={MACHINE},{zone}")
    assert enforced(files, *bound) == [Outcome.HOLDS]
    assert set(enforced(files, f"control-plane={MACHINE}", f"worker={MACHINE}")) == {Outcome.BROKEN}


TELMATE = {
    "proxmox_vm_qemu": """
  vmid        = 100
  target_node = "pve"
  tags        = "talos;prod"
  ipconfig0   = "ip=10.0.0.10/24,gw=10.0.0.1"
  network {
    id       = 0
    firewall = %s
  }
""",
    "proxmox_lxc": """
  vmid        = 100
  hostname    = "cp"
  target_node = "pve"
  network {
    name     = "eth0"
    ip       = "10.0.0.10/24"
    firewall = %s
  }
""",
    "proxmox_lxc_guest": """
  guest_id    = 100
  name        = "cp"
  target_node = "pve"
  network {
    id           = "net0"
    ipv4_address = "10.0.0.10/24"
    firewall     = %s
  }
""",
}


@pytest.mark.parametrize("type_", TELMATE)
def test_guests_of_the_other_provider_are_filtered_by_the_files_alone(type_: str) -> None:
    on, off = ({"main.tf": f'resource "{type_}" "cp" {{{TELMATE[type_] % switch}}}\n'} for switch in ("true", "false"))
    graph = read({**CLUSTER, **RULES, **on}).graph
    assert inbound(graph) == ["proxmox:100"]
    assert [zone.networks for zone in graph.zones if zone.id == "proxmox:100"] == [(address_interval("10.0.0.10"),)]
    assert inbound(read({**CLUSTER, **RULES, **off}).graph) == []
    roles = (f"control-plane=terraform:{type_}.cp", f"worker=terraform:{type_}.cp")
    assert enforced({**CLUSTER, **RULES, **on}, *roles) == [Outcome.HOLDS]
    assert Outcome.HOLDS not in enforced(on, *roles)


TWO = """
resource "proxmox_virtual_environment_vm" "controlplane" {
  count     = 2
  vm_id     = 100 + count.index
  node_name = "pve"
  network_device {
    firewall = count.index == 1
  }
}
"""


def test_instances_of_which_one_is_open_are_not_taken_for_one_machine() -> None:
    from auditor.policy.trace import trace

    rules = {"pve/firewall/101.fw": RULES["pve/firewall/100.fw"]}
    made = read({**CLUSTER, **RULES, **rules, "main.tf": TWO}, f"control-plane={MACHINE}", "worker=10.0.0.20")
    assert {part.verdict for part in trace(made.graph, made.cast, "198.51.100.1", MACHINE, "tcp/22")} == {"passes", "is blocked"}
    assert all(each.outcome is not Outcome.HOLDS for each in audit.findings_of(made) if each.rule == "talos/etcd-private")


def test_machines_of_two_root_modules_are_not_mixed_up() -> None:
    text = module("firewall = true")["main.tf"]
    files = {"dev/main.tf": text, "prod/main.tf": text.replace("= 100", "= 200"), **CLUSTER, **RULES}
    found = read({**files, "pve/firewall/200.fw": RULES["pve/firewall/100.fw"]}).graph
    inside = {zone.id: zone.inside for zone in found.zones if zone.id.endswith("vm.controlplane")}
    assert sorted(inside.values()) == [("proxmox:100",), ("proxmox:200",)]
