"""What the options let through, on evaluated hosts: all lists are final."""

from __future__ import annotations

import pytest

from auditor.model.graph import Place
from auditor.model.headers import Protocol, icmp, protocol_set
from tests.formats.nixos.samples import at, behind, dump, host_of, load, reaches, sends, tcp, udp

BOTH = pytest.mark.parametrize("nftables", [True, False], ids=["nftables", "iptables"])


@BOTH
def test_a_listed_port_is_open_from_everywhere_and_no_other(nftables: bool) -> None:
    graph = dump(nftables, allowedTCPPorts=[443], allowedUDPPorts=[51820])
    assert [reaches(graph, each) for each in (tcp(443), udp(443), tcp(51820), udp(51820))] == ["yes", "no", "no", "yes"]


@BOTH
def test_both_ends_of_a_range_are_open(nftables: bool) -> None:
    graph = dump(nftables, allowedTCPPortRanges=[{"from": 8000, "to": 8010}])
    assert [reaches(graph, tcp(port)) for port in (7999, 8000, 8010, 8011)] == ["no", "yes", "yes", "no"]


@BOTH
def test_a_firewall_that_is_off_lets_everything_in(nftables: bool) -> None:
    assert reaches(dump(nftables, enable=False), tcp(22)) == "yes"


@BOTH
def test_ports_of_an_interface_are_open_there_alone(nftables: bool) -> None:
    graph = dump(nftables, interfaces={"lan0": {"allowedTCPPorts": [22]}})
    assert reaches(graph, tcp(22), behind(graph, "lan0")) == "yes"
    assert reaches(graph, tcp(22), behind(graph, "other interfaces")) == "no"


@BOTH
def test_by_which_interface_the_internet_comes_is_not_guessed(nftables: bool) -> None:
    assert reaches(dump(nftables, interfaces={"lan0": {"allowedTCPPorts": [22]}}), tcp(22)) == "perhaps"


@BOTH
def test_an_interface_named_default_replaces_the_global_lists(nftables: bool) -> None:
    graph = dump(nftables, allowedTCPPorts=[443], interfaces={"default": {"allowedTCPPorts": [80]}})
    assert [reaches(graph, tcp(port)) for port in (443, 80)] == ["no", "yes"]


@BOTH
def test_everything_on_a_trusted_interface_is_accepted(nftables: bool) -> None:
    graph = dump(nftables, trustedInterfaces=["lo", "wg0"])
    assert reaches(graph, tcp(22), behind(graph, "wg0")) == "yes"
    assert reaches(graph, tcp(22), behind(graph, "other interfaces")) == "no"


@BOTH
def test_the_loopback_interface_is_no_network(nftables: bool) -> None:
    graph = dump(nftables, trustedInterfaces=["lo"])
    assert graph.devices == ()


@BOTH
def test_echo_requests_pass_unless_they_are_not_wanted_and_some_do_with_a_limit(nftables: bool) -> None:
    echo = icmp(Protocol.ICMP, 8, 0)
    assert reaches(dump(nftables), echo) == "yes"
    assert reaches(dump(nftables, allowPing=False), echo) == "no"
    assert reaches(dump(nftables, pingLimit="2/second"), echo) == "perhaps"


@BOTH
def test_icmpv6_echo_is_accepted_whatever_allow_ping_says(nftables: bool) -> None:
    graph = dump(nftables, allowPing=False)
    six = at("2001:db8::10")
    assert reaches(graph, icmp(Protocol.ICMPV6, 128, 0), at("2001:db8::1"), six) == "yes"
    assert reaches(dump(nftables), icmp(Protocol.ICMPV6, 137, 0), at("2001:db8::1"), at("2001:db8::10")) == "yes"  # no host there
    device = host_of(graph)
    from auditor.model.record import replace

    assert reaches(graph, icmp(Protocol.ICMPV6, 137, 0), at("2001:db8::1"), replace(device, addresses=six.addresses)) == "no"


@BOTH
def test_what_leaves_is_not_filtered_and_answered(nftables: bool) -> None:
    assert sends(dump(nftables), tcp(443)) == "yes"


def test_an_output_filter_lets_out_what_it_lists() -> None:
    graph = dump(filterOutput={"enabled": True, "allowedTCPPorts": [443], "extraRules": "ip daddr 10.0.0.53 udp dport 53 accept"})
    assert [sends(graph, each) for each in (tcp(443), tcp(80))] == ["yes", "no"]
    assert sends(graph, udp(53), at("10.0.0.53")) == "yes"
    assert sends(graph, udp(53), at("10.0.0.54")) == "no"


def test_an_output_filter_drops_icmpv6() -> None:
    graph = dump(filterOutput={"enabled": True, "allowedTCPPorts": [443]})
    hook = next(hook for hook in graph.hooks if hook.place is Place.OUTBOUND)
    assert not any(
        protocol_set(58).meets(rule.condition.settle(lambda _: None).maybe) for rule in hook.filter.rules if "ICMPv6" in rule.text
    )


def test_extra_input_rules_are_read_by_nftables() -> None:
    graph = dump(extraInputRules="ip saddr 198.51.100.0/24 tcp dport 22 accept\nlimit rate 5/second tcp dport 80 accept\n")
    assert reaches(graph, tcp(22), at("198.51.100.7")) == "yes"
    assert reaches(graph, tcp(22)) == "no"
    assert reaches(graph, tcp(80)) == "perhaps"


def test_extra_input_rules_come_after_the_lists() -> None:
    assert reaches(dump(allowedTCPPorts=[22], extraInputRules="tcp dport 22 drop"), tcp(22)) == "yes"


def test_a_rule_of_extra_input_rules_stands_where_its_line_is() -> None:
    graph = load(
        a_nix="{\n  networking.nftables.enable = true;\n  networking.firewall.extraInputRules = ''\n    tcp dport 22 accept\n  '';\n}\n"
    )
    rule = next(rule for rule in graph.hooks[0].filter.rules if rule.text == "tcp dport 22 accept")
    assert (rule.span.line, rule.span.column, rule.span.end_column) == (4, 5, 24)


def test_iptables_never_uses_extra_input_rules() -> None:
    graph = dump(nftables=False, extraInputRules="tcp dport 22 accept")
    assert reaches(graph, tcp(22)) == "no"
    assert {note.trap for note in graph.notes} == {"backend-mismatch"}


def test_a_port_that_is_listed_is_not_opened_by_its_service_once_more() -> None:
    graph = load(a_nix="{ services.openssh.enable = true; networking.firewall.allowedTCPPorts = [ 22 ]; }")
    assert [rule.text for rule in graph.hooks[0].filter.rules if not rule.synthetic] == ["allowedTCPPorts: tcp 22"]


@pytest.mark.parametrize(
    ("text", "said"), [("  ", []), ("table inet a { }", ["networking.nftables.enable is false: this text is never loaded"])]
)
def test_a_ruleset_that_is_switched_off_is_told_unless_it_is_empty(text: str, said: list[str]) -> None:
    graph = load(a_nix=f"{{ networking.nftables = {{ enable = false; ruleset = ''{text}''; }}; }}")
    assert [note.message for note in graph.notes] == said


def test_names_that_extra_input_rules_miss_are_nftables_remarks() -> None:
    found = {note.trap for note in dump(extraInputRules="ip saddr @nobody accept").notes}
    assert found == {"nftables/undefined-reference", "nftables/unfiltered"}


def test_another_table_may_drop_what_the_lists_open() -> None:
    table = {
        "content": "chain early { type filter hook input priority -10; policy accept; tcp dport 443 ip saddr 10.0.0.0/8 drop; }",
        "family": "inet",
    }
    graph = load(
        a_json=__import__("json").dumps(
            {"firewall": {"enable": True, "allowedTCPPorts": [443]}, "nftables": {"enable": True, "tables": {"early": table}}}
        )
    )
    assert reaches(graph, tcp(443), at("10.0.0.1")) == "no"
    assert reaches(graph, tcp(443), at("198.51.100.1")) == "yes"


def test_firewalld_has_rules_of_its_own() -> None:
    assert reaches(dump(backend="firewalld"), tcp(22)) == "perhaps"


def test_a_forward_filter_lets_through_what_it_says() -> None:
    graph = dump(
        filterForward=True, extraForwardRules='iifname "lan0" oifname "wan0" tcp dport 443 accept', interfaces={"lan0": {}, "wan0": {}}
    )
    lan, wan = behind(graph, "lan0"), behind(graph, "wan0", "198.51.100.0/24")
    assert [reaches(graph, tcp(port), lan, wan) for port in (443, 80)] == ["yes", "no"]
    assert reaches(graph, tcp(443), wan, lan) == "no"


def test_without_it_whether_anything_is_forwarded_is_open() -> None:
    graph = dump(interfaces={"lan0": {"allowedTCPPorts": [1]}, "wan0": {"allowedTCPPorts": [2]}})
    assert reaches(graph, tcp(443), behind(graph, "lan0"), behind(graph, "wan0", "198.51.100.0/24")) == "perhaps"
