"""Guests: the three switches, the rules of the guest and of groups, what the product adds, and where nobody can tell."""

from __future__ import annotations

import pytest

from auditor.files import MemoryTree
from auditor.formats.proxmox.load import load
from auditor.model.graph import Endpoint, Place
from auditor.model.packets import State
from tests.formats.proxmox.samples import CLASSIC, NFT, ON, WEB, graph, guest, hook, passes, traps

OPEN = ON + "policy_in: ACCEPT\n"


def test_all_three_switches_on_filter_a_guest() -> None:
    found = hook(guest("IN ACCEPT -p tcp -dport 443\n"))
    assert (passes(found, "tcp/443"), passes(found, "tcp/22"), found.standing) == (True, False, None)


@pytest.mark.parametrize(
    ("cluster", "own", "machine"),
    [("[OPTIONS]\nenable: 0\n", ON, WEB), (ON, "[OPTIONS]\n", WEB), (ON, ON, WEB.replace(",firewall=1", ""))],
    ids=["cluster", "guest", "device"],
)
def test_with_one_switch_off_nothing_stands_there(cluster: str, own: str, machine: str) -> None:
    found = graph({"firewall/cluster.fw": cluster, "firewall/100.fw": own + "[RULES]\nIN DROP\n"}, machine=machine)
    assert [each for each in found.hooks if each.zone == "proxmox:100"] == []
    assert found.zone("proxmox:100") is not None


@pytest.mark.parametrize("off", ["[OPTIONS]\nenable: 0\n", ""])
def test_rules_in_a_cluster_that_is_off_are_told_to_count_for_nothing(off: str) -> None:
    rule = "[RULES]\nIN ACCEPT -p tcp -dport 22\n"
    (note,) = (note for note in graph({"firewall/cluster.fw": off + rule}).notes if note.trap == "cluster-disabled")
    assert note.span.line == (2 if off else 1)
    assert "cluster-disabled" in traps(graph({"firewall/cluster.fw": off, "firewall/100.fw": ON + rule}))


def test_a_cluster_that_is_off_and_has_no_rules_is_meant_to_be() -> None:
    assert "cluster-disabled" not in traps(graph({"firewall/cluster.fw": "[OPTIONS]\nenable: 0\n[group base]\nIN DROP\n"}))
    tree = MemoryTree({"100.fw": ON + "[RULES]\nIN ACCEPT\n"})
    assert "cluster-disabled" not in traps(load(tree, tree.paths()))


def test_devices_come_in_the_order_of_their_numbers_however_large() -> None:
    device = "net{}: virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1\n"
    many = WEB + "".join(map(device.format, ("9" * 5000, 10, 9)))
    zones = graph({"firewall/cluster.fw": ON, "firewall/100.fw": ON}, machine=many).zones
    names = [zone.id.rpartition("/")[2] for zone in zones if "/net" in zone.id]
    assert [name for name in names if len(name) < 9][-2:] == ["net9", "net10"]


def test_without_the_guests_configuration_its_rules_may_apply_or_not() -> None:
    tree = MemoryTree({**CLASSIC, "firewall/cluster.fw": ON, "firewall/100.fw": ON + "[RULES]\nIN ACCEPT -p tcp -dport 443\n"})
    found = load(tree, tree.paths())
    inward = hook(found)
    assert (passes(inward, "tcp/443"), passes(inward, "tcp/22")) == (True, None)
    assert found.doubt(Endpoint("web", zones=frozenset({"proxmox:100"}))) is inward.standing is not None
    assert traps(found) == ["nic-firewall-unknown"]


def test_without_the_clusters_file_its_names_and_its_switch_are_unknown() -> None:
    tree = MemoryTree({"qemu-server/100.conf": WEB, "100.fw": ON + "[RULES]\nIN ACCEPT -source +admins -p tcp -dport 22\nGROUP base\n"})
    found = load(tree, tree.paths())
    assert "undefined-reference" not in traps(found)
    assert passes(hook(found), "tcp/22") is None


def test_a_device_has_the_rules_that_name_it() -> None:
    machine = WEB + "net1: virtio=BC:24:11:00:00:02,bridge=vmbr1,firewall=1\n"
    found = graph({"firewall/100.fw": ON + "[RULES]\nIN ACCEPT -i net1 -p tcp -dport 22\n"}, machine=machine)
    assert passes(hook(found, "proxmox:100/net0"), "tcp/22") is False
    assert passes(hook(found, "proxmox:100/net1"), "tcp/22") is True


def test_a_guest_is_found_by_number_name_and_device() -> None:
    zone = guest("").zone("proxmox:100")
    assert zone is not None
    assert {"proxmox:web", "web", "proxmox:vm/100", "proxmox:vm/100/net0", "proxmox:100/net0"} <= set(zone.aliases)


def test_fixed_addresses_of_a_guest_are_known() -> None:
    zone = graph({}, machine=WEB + "ipconfig0: ip=10.0.0.5/24,gw=10.0.0.1\n").zone("proxmox:100")
    assert zone is not None
    assert zone.exact
    assert zone.networks is not None
    assert len(zone.networks) == 1


def test_a_snapshot_says_nothing_about_now() -> None:
    found = graph({"firewall/100.fw": ON}, machine=WEB.replace(",firewall=1", "") + "[before]\n" + WEB)
    assert not [each for each in found.hooks if each.zone == "proxmox:100"]


def test_a_group_decides_in_its_place_and_goes_on_without_a_match() -> None:
    cluster = ON + "[group base]\nIN DROP -p tcp -dport 22\n"
    inward = hook(guest("GROUP base\nIN ACCEPT -p tcp -dport 22\nIN ACCEPT -p tcp -dport 80\n", cluster=cluster))
    assert (passes(inward, "tcp/22"), passes(inward, "tcp/80")) == (False, True)


def test_a_disabled_rule_is_not_asked() -> None:
    assert passes(hook(guest("|IN ACCEPT -p tcp -dport 22\n")), "tcp/22") is False


def test_replies_pass_and_what_is_invalid_does_not() -> None:
    inward = hook(guest("IN ACCEPT\n"))
    assert inward.stateful
    assert passes(hook(guest("IN DROP\n")), "tcp/40000", state=State.ESTABLISHED) is True
    assert passes(inward, "tcp/22", state=State.INVALID) is False


def test_dhcp_answers_pass_unless_it_is_said() -> None:
    assert passes(hook(guest("")), "udp/68<67") is True
    assert passes(hook(guest("", options=ON + "dhcp: 0\n")), "udp/68<67") is False


def test_what_the_product_adds_is_marked() -> None:
    rules = hook(guest("IN ACCEPT -p tcp -dport 22 # admins\n")).filter.rules
    assert [(rule.name, rule.text) for rule in rules if not rule.synthetic] == [("admins", "IN ACCEPT -p tcp -dport 22")]


def test_a_guest_sends_from_the_addresses_of_its_set_alone() -> None:
    found = graph({"firewall/100.fw": ON + "[IPSET ipfilter-net0]\n10.0.0.5\n"})
    outward = hook(found, place=Place.OUTBOUND)
    assert (passes(outward, "tcp/443", "10.0.0.5"), passes(outward, "tcp/443", "10.0.0.6")) == (True, False)


def test_an_intrusion_prevention_program_leaves_what_is_accepted_open() -> None:
    assert passes(hook(guest("IN ACCEPT -p tcp -dport 22\n", options=ON + "ips: 1\n")), "tcp/22") is None


def test_a_nomatch_entry_is_taken_out_of_its_set() -> None:
    inward = hook(guest("IN ACCEPT -source +office -p tcp -dport 80\n", cluster=ON + "[IPSET office]\n!10.1.9.0/24\n10.1.0.0/16\n"))
    assert (passes(inward, "tcp/80", "10.1.0.5"), passes(inward, "tcp/80", "10.1.9.5")) == (True, False)


def test_a_virtual_network_is_asked_by_the_nftables_backend() -> None:
    files = {"sdn/firewall/vmbr0.fw": "[OPTIONS]\nenable: 1\n[RULES]\nFORWARD DROP -p tcp -dport 25\n"}
    inward = [each for each in graph(files, NFT).hooks if each.zone == "proxmox:100" and each.place is Place.INBOUND]
    assert [each.filter.name for each in inward] == ["network vmbr0"]
    assert not [each for each in graph(files, CLASSIC).hooks if each.zone == "proxmox:100"]
    assert "forward-needs-nftables" in traps(graph(files, CLASSIC))


def test_a_macro_that_is_contradicted_is_lost() -> None:
    found = guest("IN SSH(ACCEPT) -p udp\n")
    assert "rule-dropped" in traps(found)
    assert passes(hook(found), "udp/22") is False


def test_a_lost_denial_opens() -> None:
    found = guest("IN DROP -p tcp -dport 22 -j LOG\n", options=OPEN)
    assert passes(hook(found), "tcp/22") is True
    assert [(note.trap, note.level) for note in found.notes] == [("rule-dropped", "error")]


def test_a_blank_that_is_none_loses_the_rule() -> None:
    found = guest("IN\u00a0ACCEPT -p tcp -dport 22\n")
    assert "rule-dropped" in traps(found)
    assert passes(hook(found), "tcp/22") is False
