"""The two backends, on the same lines; and a node of which nobody says which it runs."""

from __future__ import annotations

from tests.formats.proxmox.samples import CLASSIC, NFT, ON, graph, guest, hook, passes, traps

NOBODY: dict[str, str] = {}


def test_a_port_without_a_protocol_is_lost_by_one_and_opens_everything_with_the_other() -> None:
    rules = "IN ACCEPT -dport 443\n"
    assert passes(hook(guest(rules, CLASSIC)), "tcp/443") is False
    assert passes(hook(guest(rules, NFT)), "udp/9") is True
    assert "port-ignored" in traps(guest(rules, NFT))
    assert passes(hook(guest(rules, NOBODY)), "udp/9") is None
    assert "backend-differs" in traps(guest(rules, NOBODY))


def test_one_bad_line_keeps_the_nftables_backend_from_applying_anything() -> None:
    rules = "IN ACCEPT -p tcp -dport 443\nIN DROP -j LOG\n"
    assert passes(hook(guest(rules, CLASSIC)), "tcp/443") is True
    assert passes(hook(guest(rules, NFT)), "tcp/443") is None
    assert any("nothing of the new files is applied" in note.message for note in guest(rules, NFT).notes)


def test_port_zero_is_every_port_for_one_and_no_port_for_the_other() -> None:
    rules = "IN ACCEPT -p tcp -dport 0\n"
    assert passes(hook(guest(rules, CLASSIC)), "tcp/22") is True
    assert passes(hook(guest(rules, NFT)), "tcp/22") is False


def test_a_name_further_down_is_found_by_the_nftables_backend() -> None:
    files = {"firewall/100.fw": ON + "[RULES]\nIN ACCEPT -source +friends -p tcp -dport 22\n[IPSET friends]\n10.0.0.0/8\n"}
    assert passes(hook(graph(files, CLASSIC)), "tcp/22", "10.0.0.1") is False
    assert passes(hook(graph(files, NFT)), "tcp/22", "10.0.0.1") is True
    assert "forward-reference" in traps(graph(files, CLASSIC))
    assert "forward-reference" not in traps(graph(files, NFT))


def test_names_of_sets_are_lower_case_for_one_and_as_written_for_the_other() -> None:
    cluster = ON + "[IPSET Admins]\n10.0.0.0/8\n"
    rules = "IN ACCEPT -source +Admins -p tcp -dport 22\n"
    assert passes(hook(guest(rules, CLASSIC, cluster=cluster)), "tcp/22", "10.0.0.1") is False
    assert passes(hook(guest(rules, NFT, cluster=cluster)), "tcp/22", "10.0.0.1") is True


def test_a_user_cannot_close_management_with_the_nftables_backend() -> None:
    cluster = ON + "[ALIASES]\nlocal_network 10.0.0.0/24\n[RULES]\nIN DROP -p tcp -dport 8006\n"
    for host, outcome in ((CLASSIC, False), (NFT, True)):
        inward = hook(graph({"firewall/cluster.fw": cluster}, host), "proxmox:pve")
        assert passes(inward, "tcp/8006", "10.0.0.5", "10.0.0.1") is outcome


def test_where_nobody_says_which_backend_runs_what_both_do_is_decided() -> None:
    inward = hook(guest("IN ACCEPT -p tcp -dport 443\n", NOBODY))
    assert (passes(inward, "tcp/443"), passes(inward, "tcp/22")) == (True, False)


def test_corosync_is_open_to_anybody_with_the_nftables_backend_alone() -> None:
    assert passes(hook(graph({}, NFT), "proxmox:pve"), "udp/5405") is True
    assert passes(hook(graph({}, NFT), "proxmox:pve"), "udp/5404") is False
    assert passes(hook(graph({}, CLASSIC), "proxmox:pve"), "udp/5412") is False


def test_a_rule_that_is_switched_off_is_parsed_by_nftables_alone() -> None:
    rules = "IN ACCEPT -p tcp -dport 80\n|IN ACCET -p tcp -dport 22\n"
    assert any("switched off" in note.message for note in guest(rules, NFT).notes)
    assert passes(hook(guest(rules, NFT)), "tcp/80") is None
    assert guest(rules).notes == ()
    assert passes(hook(guest(rules)), "tcp/80") is True


def test_names_in_a_rule_that_is_switched_off_are_not_looked_up() -> None:
    assert guest("IN ACCEPT -p tcp -dport 80\n|IN ACCEPT -source +gone\n", NFT).notes == ()
