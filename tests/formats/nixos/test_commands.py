"""`extraCommands`: plain calls of iptables are rules at their places, and anything else leaves everything open."""

from __future__ import annotations

import pytest

from tests.formats.nixos.samples import at, behind, dump, reaches, sends, tcp, udp


def commands(text: str, **options: object):  # type: ignore[no-untyped-def]
    return dump(nftables=False, extraCommands=text, **options)


@pytest.mark.parametrize(
    "text",
    [
        "iptables -A nixos-fw -p tcp -s 198.51.100.0/24 --dport 22 -j nixos-fw-accept",
        "iptables -w -A nixos-fw -p tcp --source 198.51.100.0/24 -m tcp --dport 22 -j ACCEPT || true",
        "ip46tables -I INPUT -p tcp --dport 22 -j ACCEPT",
        "iptables -A nixos-fw -p tcp -m multiport --dports 22,80 -m comment --comment 'to us' -j nixos-fw-accept",
        "iptables -A INPUT -p tcp \\\n  --dport 20:25 -j ACCEPT",
    ],
)
def test_plain_calls_open_a_port(text: str) -> None:
    assert reaches(commands(text), tcp(22), at("198.51.100.7")) == "yes"
    assert reaches(commands(text), tcp(99), at("198.51.100.7")) == "no"


def test_what_is_appended_comes_behind_the_lists_and_what_is_inserted_before() -> None:
    drop = "-p tcp --dport 443 -j DROP"
    assert reaches(commands(f"iptables -A nixos-fw {drop}", allowedTCPPorts=[443]), tcp(443), at("198.51.100.7")) == "yes"
    for where in ("-I nixos-fw", "-A INPUT", "-I INPUT", "-I nixos-fw 1"):
        assert reaches(commands(f"iptables {where} {drop}", allowedTCPPorts=[443]), tcp(443), at("198.51.100.7")) == "no"


def test_a_call_of_one_family_speaks_of_that_alone() -> None:
    graph = commands("ip6tables -A nixos-fw -p tcp --dport 22 -j ACCEPT")
    assert reaches(graph, tcp(22), at("198.51.100.7")) == "no"


def test_an_interface_is_told_apart() -> None:
    graph = commands("iptables -A nixos-fw -i lan0 -p udp --dport 53 -j nixos-fw-accept")
    assert reaches(graph, udp(53), behind(graph, "lan0")) == "yes"
    assert reaches(graph, udp(53), behind(graph, "other interfaces")) == "no"


def test_negation_turns_a_match_round() -> None:
    graph = commands("iptables -A nixos-fw -p tcp ! -s 10.0.0.0/8 --dport 22 -j ACCEPT")
    assert [reaches(graph, tcp(22), at(each)) for each in ("10.0.0.1", "198.51.100.7")] == ["no", "yes"]


@pytest.mark.parametrize(
    "text",
    [
        "for p in 22; do iptables -A nixos-fw -p tcp --dport $p -j ACCEPT; done",
        "iptables-restore /etc/rules",
        "iptables -D nixos-fw -p tcp --dport 443 -j ACCEPT",
        "iptables -I nixos-fw 3 -p tcp --dport 22 -j ACCEPT",
        "nft add rule ip filter INPUT accept",
        "iptables -t nat -A PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8080",
        "iptables -A 'nixos-fw",
    ],
)
def test_what_is_not_plain_leaves_everything_open_and_is_said(text: str) -> None:
    graph = commands(text, allowedTCPPorts=[443])
    assert reaches(graph, tcp(22), at("198.51.100.7")) == "perhaps"
    assert reaches(graph, tcp(443), at("198.51.100.7")) == "perhaps"
    assert [note.trap for note in graph.notes] == ["command-unread"]


def test_a_match_that_is_not_known_makes_its_rule_doubtful_only() -> None:
    graph = commands("iptables -A nixos-fw -p tcp --dport 22 -m set --match-set admins src -j ACCEPT")
    assert [reaches(graph, tcp(port), at("198.51.100.7")) for port in (22, 23)] == ["perhaps", "no"]


def test_output_can_be_closed_by_its_policy() -> None:
    graph = commands("ip46tables -P OUTPUT DROP\nip46tables -A OUTPUT -p tcp --dport 443 -j ACCEPT")
    assert [sends(graph, tcp(port)) for port in (443, 80)] == ["yes", "no"]


def test_masquerading_does_not_touch_what_is_let_through() -> None:
    assert reaches(commands("iptables -t nat -A POSTROUTING -o wan0 -j MASQUERADE"), tcp(22)) == "no"


@pytest.mark.parametrize(
    "call",
    ["-p tcp --dport wobble", "-s gateway.example", "-p wobble", "--dport 22", "-p tcp --dport 25:20"],
    ids=lambda call: call.split()[-1],
)
def test_a_call_that_may_fail_may_leave_the_firewall_off(call: str) -> None:
    graph = commands(f"iptables -A nixos-fw {call} -j nixos-fw-accept", allowedTCPPorts=[443])
    assert (reaches(graph, tcp(99)), reaches(graph, tcp(443))) == ("perhaps", "perhaps")


def test_ports_have_names() -> None:
    assert reaches(commands("ip46tables -A nixos-fw -p tcp --dport http -j ACCEPT"), tcp(80)) == "yes"


def test_a_match_that_is_not_known_narrows_its_rule() -> None:
    assert reaches(commands("ip46tables -A nixos-fw -m socket -j ACCEPT"), tcp(22)) == "perhaps"
