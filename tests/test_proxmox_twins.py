"""One firewall in two writings: what Terraform states of a Proxmox cluster decides as the files do that the provider makes of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.analysis.bounds import Bounds, bounds
from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.proxmox import FORMAT
from auditor.hypervisors import proxmox_with_terraform
from auditor.model.graph import Graph, Place
from auditor.model.headers import NEW_FLOW
from auditor.model.packets import EVERYTHING

Block = dict[str, str | bool]
LONG = "proxmox_virtual_environment_"
MACHINE = {"nodes/pve/qemu-server/100.conf": "net0: virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1\n"}
VM = f'resource "{LONG}vm" "m" {{\n  vm_id = 100\n  node_name = "pve"\n  network_device {{\n    firewall = true\n  }}\n}}\n'
NODE = f'resource "{LONG}node_firewall" "n" {{\n  node_name = "pve"\n  nftables = false\n}}\n'
ON = f'resource "{LONG}cluster_firewall" "c" {{\n  enabled = true\n}}\n'
OWN = f'resource "{LONG}firewall_options" "o" {{\n  node_name = "pve"\n  vm_id = 100\n  enabled = true\n}}\n'
PROVIDER = "enable: 1\ndhcp: 0\nndp: 0\nradv: 1\n"
WORDS = {"iface": "-i", "proto": "-p", "dport": "-dport", "sport": "-sport", "source": "-source", "dest": "-dest"}
NAMES = "[ALIASES]\noffice 10.1.0.0/16\n[IPSET admins]\n10.2.0.0/16\n!10.2.9.0/24\noffice\n"
STATED_NAMES = f"""
resource "{LONG}firewall_alias" "office" {{
  name = "office"
  cidr = "10.1.0.0/16"
}}
resource "{LONG}firewall_ipset" "admins" {{
  name = "admins"
  cidr {{
    name = "10.2.0.0/16"
  }}
  cidr {{
    name    = "10.2.9.0/24"
    nomatch = true
  }}
  cidr {{
    name = "office"
  }}
}}
"""
GROUP: list[Block] = [
    {"type": "in", "action": "DROP", "proto": "tcp", "dport": "22", "source": "10.2.3.4"},
    {"type": "out", "action": "REJECT", "dest": "+admins"},
    {"type": "in", "action": "ACCEPT", "macro": "Web"},
]


def line(block: Block) -> str:
    """A rule as it stands in a file."""
    off = "|" if block.get("enabled") is False else ""
    options = "".join(f" {option} {block[name]}" for name, option in WORDS.items() if name in block)
    if "security_group" in block:
        return f"{off}GROUP {block['security_group']}{options}"
    action = f"{block['macro']}({block['action']})" if "macro" in block else str(block["action"])
    return f"{off}{str(block['type']).upper()} {action}{options}"


def stated(blocks: list[Block]) -> str:
    """Rules as Terraform has them."""
    return "".join(
        "  rule {\n" + "".join(f"    {name} = {json.dumps(value)}\n" for name, value in each.items()) + "  }\n" for each in blocks
    )


def files(blocks: list[Block], own: str = PROVIDER, cluster: str = "enable: 1\n") -> Graph:
    group = "[group base]\n" + "".join(f"{line(each)}\n" for each in GROUP)
    tree = {
        "nodes/pve/host.fw": "[OPTIONS]\nnftables: 0\n",
        "firewall/cluster.fw": f"[OPTIONS]\n{cluster}{NAMES}{group}",
        "firewall/100.fw": f"[OPTIONS]\n{own}[RULES]\n" + "".join(f"{line(each)}\n" for each in blocks),
    }
    return graph({**MACHINE, **tree})


def rules(blocks: list[Block], target: str = '  node_name = "pve"\n  vm_id = 100\n') -> str:
    return f'resource "{LONG}firewall_rules" "r" {{\n{target}{stated(blocks)}}}\n'


def group() -> str:
    return f'resource "{LONG}cluster_firewall_security_group" "g" {{\n  name = "base"\n{stated(GROUP)}}}\n'


def terraform(blocks: list[Block], options: str = OWN, cluster: str = ON) -> Graph:
    return graph({"main.tf": VM + NODE + cluster + options + STATED_NAMES + group() + rules(blocks)})


def graph(tree: dict[str, str]) -> Graph:
    made = MemoryTree(dict(tree))
    own = [path for path in made.paths() if FORMAT.claims(path, made.read_head(path, 4096))]
    return proxmox_with_terraform(made, own, [path for path in made.paths() if path.endswith(".tf")], Options())


def verdicts(found: Graph, zone: str = "proxmox:100") -> dict[Place, tuple[Bounds, bool]]:
    """What is surely and what may be let through at a zone, and whether the filter is sure to stand there."""
    hooks = [hook for hook in found.hooks if hook.zone == zone]
    return {hook.place: (_sets(bounds(hook.filter, lambda _: None, EVERYTHING)), hook.standing is None) for hook in hooks}


def _sets(found: Bounds) -> Bounds:
    return Bounds(found.surely, found.maybe)


TABLE: dict[str, list[Block]] = {
    "none": [],
    "ports": [{"type": "in", "action": "ACCEPT", "proto": "tcp", "dport": "80,443,8000:8010", "source": "10.0.0.0/8"}],
    "capitals": [{"type": "IN", "action": "ACCEPT", "proto": "tcp", "dport": "22"}],
    "macro": [{"type": "in", "action": "DROP", "macro": "ssh", "source": "10.1.2.3"}, {"type": "in", "action": "ACCEPT", "macro": "SSH"}],
    "macro contradicted": [{"type": "in", "action": "ACCEPT", "macro": "SSH", "proto": "udp"}],
    "no such macro": [{"type": "in", "action": "ACCEPT", "macro": "etcd"}],
    "ping": [{"type": "in", "action": "ACCEPT", "macro": "Ping", "source": "10.0.0.0/8"}],
    "group": [{"security_group": "base"}, {"type": "in", "action": "ACCEPT"}],
    "group of a device": [{"security_group": "base", "iface": "net0"}],
    "group of another device": [{"security_group": "base", "iface": "net1"}],
    "group off": [{"security_group": "base", "enabled": False}, {"type": "in", "action": "ACCEPT"}],
    "set": [{"type": "in", "action": "ACCEPT", "source": "+admins"}],
    "set in its scope": [{"type": "in", "action": "ACCEPT", "source": "+dc/admins"}],
    "alias": [{"type": "in", "action": "ACCEPT", "source": "office", "dest": "10.0.0.0/8"}],
    "alias in its scope": [{"type": "in", "action": "ACCEPT", "source": "dc/office"}],
    "range": [{"type": "in", "action": "ACCEPT", "source": "10.0.0.1-10.0.0.9"}],
    "list": [{"type": "in", "action": "ACCEPT", "source": "10.0.0.1,10.0.1.0/24"}],
    "families mixed": [{"type": "in", "action": "ACCEPT", "source": "10.0.0.1,fd00::1"}],
    "host bits": [{"type": "in", "action": "ACCEPT", "source": "10.0.0.5/24"}],
    "port 0": [{"type": "in", "action": "ACCEPT", "proto": "tcp", "dport": "0"}],
    "port without protocol": [{"type": "in", "action": "ACCEPT", "dport": "22"}],
    "hyphen": [{"type": "in", "action": "ACCEPT", "proto": "tcp", "dport": "443-445"}],
    "icmp type as port": [{"type": "in", "action": "ACCEPT", "proto": "icmp", "dport": "8"}],
    "source port": [{"type": "in", "action": "ACCEPT", "proto": "udp", "sport": "53"}],
    "service": [{"type": "in", "action": "ACCEPT", "proto": "tcp", "dport": "ssh"}],
    "lower case": [{"type": "in", "action": "accept"}],
    "device": [{"type": "in", "action": "ACCEPT", "iface": "net0"}, {"type": "out", "action": "DROP", "iface": "net1"}],
    "disabled": [{"type": "in", "action": "ACCEPT", "enabled": False}, {"type": "out", "action": "DROP"}],
    "forward": [{"type": "forward", "action": "ACCEPT"}],
}


@pytest.mark.parametrize("blocks", TABLE.values(), ids=TABLE)
def test_a_rule_decides_alike_in_both(blocks: list[Block]) -> None:
    assert verdicts(terraform(blocks)) == verdicts(files(blocks))


BLOCK = st.fixed_dictionaries(
    {"type": st.sampled_from(["in", "out"]), "action": st.sampled_from(["ACCEPT", "DROP", "REJECT"])},
    optional={
        "proto": st.sampled_from(["tcp", "udp", "icmp", "icmpv6", "esp"]),
        "dport": st.sampled_from(["22", "0", "80,443", "8000:8010", "9:1"]),
        "sport": st.sampled_from(["53", "0"]),
        "macro": st.sampled_from(["SSH", "web", "Ping", "DNS"]),
        "source": st.sampled_from(["10.0.0.0/8", "fd00::/8", "office", "+admins", "10.0.0.5/8", "dc/office"]),
        "dest": st.sampled_from(["10.2.0.0/16", "+admins", "fd00::1"]),
        "iface": st.sampled_from(["net0", "net1", "eth0"]),
        "enabled": st.booleans(),
    },
)
CALL = st.fixed_dictionaries({"security_group": st.just("base")}, optional={"iface": st.sampled_from(["net0", "net1"])})


@given(st.lists(BLOCK | CALL, max_size=4))
@settings(max_examples=40, deadline=None)
def test_any_rules_decide_alike_in_both(blocks: list[Block]) -> None:
    assert verdicts(terraform(blocks)) == verdicts(files(blocks))


@pytest.mark.parametrize(
    ("stated_options", "own"),
    [
        ("enabled = true", PROVIDER),
        ("enabled = true\n dhcp = true\n ndp = true\n radv = false", "enable: 1\n"),
        ('enabled = true\n input_policy = "ACCEPT"\n output_policy = "REJECT"', PROVIDER + "policy_in: ACCEPT\npolicy_out: REJECT\n"),
        ("enabled = true\n ipfilter = true", PROVIDER + "ipfilter: 1\n"),
        ("enabled = false", "enable: 0\n"),
        ("dhcp = true", ""),
    ],
)
def test_options_decide_alike_in_both(stated_options: str, own: str) -> None:
    options = f'resource "{LONG}firewall_options" "o" {{\n node_name = "pve"\n vm_id = 100\n {stated_options}\n}}\n'
    blocks: list[Block] = [{"type": "in", "action": "ACCEPT", "proto": "tcp", "dport": "22"}]
    assert verdicts(terraform(blocks, options)) == verdicts(files(blocks, own))


@pytest.mark.parametrize(
    ("stated_options", "own"),
    [("enabled = true", "enable: 1\n"), ("enabled = false", "enable: 0\n"), ('input_policy = "ACCEPT"', "policy_in: ACCEPT\n")],
)
def test_the_cluster_is_off_unless_it_is_switched_on(stated_options: str, own: str) -> None:
    cluster = f'resource "{LONG}cluster_firewall" "c" {{\n  {stated_options}\n}}\n'
    assert verdicts(terraform([], OWN, cluster)) == verdicts(files([], cluster=own))


@pytest.mark.parametrize("target", ["", '  node_name = "pve"\n'])
def test_rules_without_a_guest_are_the_nodes(target: str) -> None:
    blocks: list[Block] = [
        {"type": "in", "action": "DROP", "proto": "tcp", "dport": "8006"},
        {"type": "out", "action": "DROP", "dest": "office"},
    ]
    own = "".join(f"{line(each)}\n" for each in blocks)
    host, cluster = (f"[RULES]\n{own}", "") if target else ("", f"[RULES]\n{own}")
    tree = {"nodes/pve/host.fw": f"[OPTIONS]\nnftables: 0\n{host}", "firewall/cluster.fw": f"[OPTIONS]\nenable: 1\n{NAMES}{cluster}"}
    made = graph({"main.tf": NODE + ON + STATED_NAMES + rules(blocks, target)})
    assert verdicts(made, "proxmox:pve") == verdicts(graph(tree), "proxmox:pve")


# -- partly in files


SSH: list[Block] = [{"type": "in", "action": "ACCEPT", "proto": "tcp", "dport": "22", "source": "+admins"}]


@pytest.mark.parametrize("whole", ["firewall/cluster.fw", "nodes/pve/host.fw", "firewall/100.fw", "nodes/pve/qemu-server/100.conf"])
def test_a_file_may_stand_for_what_terraform_does_not_state(whole: str) -> None:
    tree = {
        "firewall/cluster.fw": (f"[OPTIONS]\nenable: 1\n{NAMES}", ON + STATED_NAMES),
        "nodes/pve/host.fw": ("[OPTIONS]\nnftables: 0\n", NODE),
        "firewall/100.fw": (f"[OPTIONS]\n{PROVIDER}[RULES]\n{line(SSH[0])}\n", OWN + rules(SSH)),
        "nodes/pve/qemu-server/100.conf": (MACHINE["nodes/pve/qemu-server/100.conf"], VM),
    }
    mixed = {path: file for path, (file, _) in tree.items() if path == whole}
    mixed["main.tf"] = "".join(text for path, (_, text) in tree.items() if path != whole)
    only = verdicts(graph({path: file for path, (file, _) in tree.items()}))
    assert len(only) == 2
    assert verdicts(graph(mixed)) == only


def test_two_accounts_that_contradict_each_other_leave_it_open() -> None:
    tree = {
        "firewall/cluster.fw": "[OPTIONS]\nenable: 1\n",
        "firewall/100.fw": f"[OPTIONS]\n{PROVIDER}[RULES]\nIN ACCEPT -p tcp -dport 80\n",
        "main.tf": VM + NODE + OWN.replace("enabled = true", 'enabled = true\n  input_policy = "ACCEPT"') + rules(SSH),
    }
    found = graph(tree)
    inward, _ = verdicts(found)[Place.INBOUND]
    assert inward.surely != inward.maybe
    assert "stated-twice" in {note.trap for note in found.notes}


# -- what nobody knows


def inward(text: str) -> Bounds:
    return verdicts(graph({"main.tf": VM + NODE + ON + OWN + STATED_NAMES + text}))[Place.INBOUND][0]


@pytest.mark.parametrize("name", ["type", "action", "macro", "proto", "dport", "source", "dest", "iface", "enabled"])
def test_a_word_that_is_not_known_leaves_its_rule_open(name: str) -> None:
    block = {"type": '"in"', "action": '"ACCEPT"', "proto": '"tcp"', "dport": '"22"'}
    block[name] = "var.x"
    body = "".join(f"    {key} = {value}\n" for key, value in block.items())
    text = rules([]).replace("vm_id = 100\n", f"vm_id = 100\n  rule {{\n{body}  }}\n") + 'variable "x" {}\n'
    known, open_ = inward(rules([])), inward(text)
    assert open_.surely == known.surely
    assert known.maybe <= open_.maybe != known.maybe


@pytest.mark.parametrize("option", ["enabled", "input_policy"])
def test_an_option_that_is_not_known_leaves_the_filter_open(option: str) -> None:
    own = OWN.replace("enabled = true", f"enabled = true\n  {option} = var.x" if option != "enabled" else "enabled = var.x")
    made = verdicts(graph({"main.tf": VM + NODE + ON + own + 'variable "x" {}\n'}))[Place.INBOUND][0]
    assert made.surely != made.maybe


def test_a_name_that_is_not_stated_may_be_made_elsewhere() -> None:
    open_ = inward(rules([{"type": "in", "action": "ACCEPT", "source": "+partners"}]))
    called = inward(rules([{"security_group": "partners"}]))
    assert (open_.surely == open_.maybe, called.surely == called.maybe) == (False, False)


def test_an_alias_of_another_guest_is_not_this_ones() -> None:
    own = STATED_NAMES.replace('name = "office"\n  cidr', 'name = "office"\n  vm_id = 999\n  cidr', 1)
    found = verdicts(graph({"main.tf": VM + NODE + ON + OWN + own + rules([{"type": "in", "action": "ACCEPT", "source": "office"}])}))
    assert found[Place.INBOUND][0].surely != found[Place.INBOUND][0].maybe


@pytest.mark.parametrize("symbol", ["m.vm_id", "m.id"])
@pytest.mark.parametrize("number", ["  vm_id = 100\n", "", "  vm_id = var.number\n"])
def test_a_guest_is_known_by_the_symbol_of_its_number(symbol: str, number: str) -> None:
    text = VM.replace("  vm_id = 100\n", number) + NODE + ON + OWN + rules(SSH) + STATED_NAMES + 'variable "number" {}\n'
    text = text.replace("  vm_id = 100\n", f"  vm_id = {LONG}vm.{symbol}\n")
    text = text.replace(f"  vm_id = {LONG}vm.{symbol}\n", number, 1) if number.startswith("  vm_id = 1") else text
    (zone,) = (zone.id for zone in graph({"main.tf": text}).zones if "terraform:proxmox_virtual_environment_vm.m" in zone.aliases)
    assert verdicts(graph({"main.tf": text}), zone)[Place.INBOUND] == verdicts(terraform(SSH))[Place.INBOUND]


def test_rules_of_a_guest_that_nobody_can_tell_may_be_any_ones() -> None:
    text = VM + NODE + ON + (OWN + rules([])).replace("vm_id = 100", "vm_id = var.x") + 'variable "x" {}\n'
    found = verdicts(graph({"main.tf": text}))[Place.INBOUND][0]
    assert not found.surely & NEW_FLOW
    assert found.maybe == EVERYTHING


def test_each_device_has_its_own_switch() -> None:
    two = VM.replace("}\n}\n", "}\n  network_device {\n    firewall = false\n  }\n}\n")
    found = graph({"main.tf": two + NODE + ON + OWN + rules(SSH)})
    assert {hook.zone for hook in found.hooks if "100" in (hook.zone or "")} == {"proxmox:100/net0"}


def test_a_clone_has_the_devices_of_what_it_copies() -> None:
    copied = VM.replace("network_device {\n    firewall = true", "clone {\n    vm_id = 9000")
    assert verdicts(graph({"main.tf": copied + NODE + ON + OWN + rules(SSH)}))[Place.INBOUND][1] is False


def test_root_modules_with_a_cluster_each_are_told_apart() -> None:
    tree = {f"{name}/main.tf": VM + NODE + ON.replace("true", on) + OWN + rules([]) for name, on in (("dev", "false"), ("prod", "true"))}
    assert {hook.zone for hook in graph(tree).hooks if (hook.zone or "").endswith("100")} == {"proxmox:prod:100"}


def test_the_cluster_may_be_stated_in_another_root_module() -> None:
    found = graph({"cluster/main.tf": NODE + ON, "guests/main.tf": VM + OWN + rules([])})
    assert verdicts(found) == verdicts(terraform([]))


def test_a_key_with_a_slash_is_no_folder() -> None:
    each = VM.replace("  vm_id = 100\n", '  for_each = { "a/b" = 100, "c/d" = 101 }\n  vm_id = each.value\n')
    text = each + NODE + ON + OWN.replace("  vm_id = 100\n", '  for_each = { "a/b" = 100, "c/d" = 101 }\n  vm_id = each.value\n')
    assert {hook.zone for hook in graph({"main.tf": text}).hooks if "10" in (hook.zone or "")} == {"proxmox:100", "proxmox:101"}


def test_no_text_in_a_word_becomes_an_option() -> None:
    found = graph({"main.tf": VM + NODE + ON + OWN + rules([{"type": "in", "action": "ACCEPT", "source": "10.0.0.0/8 -p tcp"}])})
    assert "rule-dropped" in {note.trap for note in found.notes}
    assert verdicts(found) == verdicts(terraform([]))


KINDS = ("vm", "container", "firewall_rules", "firewall_options", "firewall_alias", "firewall_ipset", "cluster_firewall", "node_firewall")
BLOCKS = ("rule", "network_device", "network_interface", "cidr", "clone", "initialization")
ARGUMENTS = (
    "vm_id",
    "container_id",
    "node_name",
    "name",
    "cidr",
    "nomatch",
    "enabled",
    "type",
    "action",
    "macro",
    "source",
    "dport",
    "proto",
)
ODD = (
    "null",
    '""',
    '"x"',
    "0",
    "-1",
    "1.5",
    "true",
    "[]",
    "{}",
    "var.x",
    "[var.x]",
    '"10.0.0.0/8"',
    '"in"',
    '"ACCEPT"',
    '"tcp"',
    '"${var.x}/8"',
)
GIVEN = st.dictionaries(
    st.sampled_from((*ARGUMENTS, "firewall", "security_group", "input_policy", "dhcp")), st.sampled_from(ODD), max_size=6
)


@st.composite
def odd(draw: st.DrawFn) -> str:
    body = [f"  {name} = {value}" for name, value in draw(GIVEN).items()]
    for block in draw(st.lists(st.sampled_from(BLOCKS), max_size=2)):
        body.append(f"  {block} {{\n" + "".join(f"    {name} = {value}\n" for name, value in draw(GIVEN).items()) + "  }")
    kind = draw(st.sampled_from((*KINDS, "cluster_firewall_security_group")))
    return f'resource "proxmox_{kind}" "r{draw(st.integers(0, 3))}" {{\n' + "\n".join(body) + "\n}\n"


@given(st.lists(odd(), min_size=1, max_size=4))
@settings(max_examples=60, deadline=None)
def test_odd_arguments_make_no_trouble(blocks: list[str]) -> None:
    for hook in graph({"main.tf": "".join(blocks) + VM + 'variable "x" {}\n'}).hooks:
        found = bounds(hook.filter, lambda _: None, EVERYTHING)
        assert found.surely <= found.maybe
