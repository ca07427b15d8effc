"""JSON that Nix evaluated: where in it a firewall is, and whose."""

from __future__ import annotations

import json

import pytest

from auditor.formats.nixos import FORMAT
from tests.formats.nixos.samples import behind, dump, load, reaches, sends, tcp, udp

FIREWALL = {"enable": True, "allowedTCPPorts": [443], "allowedUDPPorts": []}


@pytest.mark.parametrize(
    ("value", "zone"),
    [
        (FIREWALL, "nixos:a.json"),
        ({"networking": {"firewall": FIREWALL, "hostName": "web"}}, "nixos:web"),
        ({"firewall": FIREWALL, "hostName": "web"}, "nixos:web"),
        ({"web": FIREWALL}, "nixos:web"),
        ({"web": {"config": {"networking": {"firewall": FIREWALL}}}}, "nixos:web"),
    ],
    ids=["firewall", "config", "networking", "by host", "configurations"],
)
def test_a_firewall_is_found_where_it_is(value: object, zone: str) -> None:
    graph = load(a_json=json.dumps(value))
    assert [each.id for each in graph.zones] == [zone]
    assert reaches(graph, tcp(443)) == "yes"
    assert reaches(graph, tcp(22)) == "no"


def test_a_part_of_a_firewall_is_not_all_of_it() -> None:
    graph = load(a_json=json.dumps({"enable": True, "allowedTCPPorts": [443]}))
    assert (reaches(graph, tcp(443)), reaches(graph, udp(53))) == ("yes", "perhaps")


def test_several_hosts_are_as_many_zones() -> None:
    graph = load(a_json=json.dumps({"web": FIREWALL, "db": {**FIREWALL, "enable": False}}))
    assert [each.id for each in graph.zones] == ["nixos:web", "nixos:db"]


def test_without_a_word_about_it_the_backend_is_iptables() -> None:
    graph = load(a_json=json.dumps({**FIREWALL, "extraInputRules": "accept"}))
    assert {note.trap for note in graph.notes} == {"backend-mismatch"}


def test_the_computed_interfaces_are_not_read_twice() -> None:
    graph = load(a_json=json.dumps({**FIREWALL, "allInterfaces": {"default": {"allowedTCPPorts": [443]}}}))
    assert sum(rule.name == "allowedTCPPorts" for rule in graph.hooks[0].filter.rules) == 1


def test_the_text_of_the_table_alone_is_read_by_nftables() -> None:
    content = """
      chain rpfilter { type filter hook prerouting priority mangle + 10; policy drop; fib saddr . mark . iif oif exists accept; }
      chain input { type filter hook input priority filter; policy drop;
        iifname { "lo" } accept
        ct state vmap { invalid : drop, established : accept, related : accept, new : jump input-allow, untracked : jump input-allow }
      }
      chain input-allow { tcp dport { 443 } accept
        icmpv6 type != { nd-redirect, 139 } accept
      }
    """
    graph = load(a_json=json.dumps({"checkRuleset": True, "enable": True, "tables": {"nixos-fw": {"content": content, "family": "inet"}}}))
    assert [reaches(graph, tcp(port)) for port in (443, 22)] == ["yes", "no"]
    marked = [rule for filter_ in graph.filters for rule in filter_.rules if rule.synthetic]
    assert marked


def test_other_json_is_not_claimed() -> None:
    assert not FORMAT.claims("package.json", b'{"name": "x", "version": "1"}')
    assert FORMAT.claims("host.json", b'{"allowedTCPPorts": []}')


def test_values_that_are_not_what_they_should_be_are_open_and_never_closed() -> None:
    graph = dump(allowedTCPPorts=["22", 70000, -1, 1.5])
    assert reaches(graph, tcp(22)) == "perhaps"


def test_the_two_dumps_of_a_directory_are_one_host() -> None:
    table = {"content": "chain early { type filter hook input priority -10; policy accept; tcp dport 443 drop; }", "family": "inet"}
    graph = load(
        firewall_json=json.dumps(FIREWALL), nftables_json=json.dumps({"checkRuleset": True, "enable": True, "tables": {"early": table}})
    )
    assert [each.id for each in graph.zones] == ["nixos:firewall.json"]
    assert reaches(graph, tcp(443)) == "no"


def test_docker_may_open_anything() -> None:
    value = {"networking": {"firewall": FIREWALL}, "virtualisation": {"docker": {"enable": True}}}
    assert reaches(load(a_json=json.dumps(value)), tcp(8080)) == "perhaps"


def test_no_part_of_a_firewall_is_passed_by() -> None:
    ranges = {"eth0": {"allowedUDPPortRanges": [{"from": 60000, "to": 61000}]}}
    graph = load(a_json=json.dumps({"web": {**FIREWALL, "backend": "nftables", "filterOutput": {"enabled": True}, "interfaces": ranges}}))
    assert sends(graph, tcp(443)) == "no"
    assert reaches(graph, udp(60001), behind(graph, "eth0")) == "yes"


@pytest.mark.parametrize(("nftables", "open_"), [(False, "yes"), (True, "perhaps")])
def test_a_range_that_runs_backwards_leaves_no_firewall_to_rely_on(nftables: bool, open_: str) -> None:
    assert reaches(dump(nftables, allowedTCPPortRanges=[{"from": 90, "to": 20}]), tcp(22)) == open_


def test_what_firewalld_lets_in_is_not_known() -> None:
    graph = dump(backend="firewalld", allowedTCPPorts=[80])
    assert (reaches(graph, tcp(80)), reaches(graph, tcp(22))) == ("perhaps", "perhaps")
