"""What to write in each dialect, made from a requirement's flow."""

from __future__ import annotations

from auditor.model.source import Source
from auditor.policy.load import builtin_rulesets, load_ruleset
from auditor.policy.ruleset import Kind
from auditor.policy.snippets import TITLES, snippets
from auditor.yamlspan import read, to_python


def made(identifier: str) -> dict[str, str]:
    for ruleset in map(load_ruleset, builtin_rulesets()):
        requirement = ruleset.requirement(identifier)
        if requirement is not None:
            return snippets(ruleset, requirement)
    raise AssertionError(identifier)


def test_a_peer_with_groups_of_its_own_is_referenced_and_another_has_a_range() -> None:
    assert "referenced_security_group_id = aws_security_group.worker.id" in made("talos/trustd")["terraform"]
    assert "cidr_ipv4         = var.cluster_network_cidr" in made("talos/icmp")["terraform"]


def test_what_is_known_by_name_is_the_world_to_a_security_group_and_an_alias_to_pfsense() -> None:
    found = made("disruptive-gen2/cloud-services")
    assert 'cidr_ipv4         = "0.0.0.0/0"' in found["terraform"]
    assert "_egress_rule" in found["terraform"]
    assert "mender.prod.disruptive-technologies.com" in found["pfsense"]


def test_ping_has_the_types_of_each_dialect() -> None:
    found = made("talos/icmp")
    assert "from_port         = 8" in found["terraform"]
    assert "icmp type echo-request accept" in found["nftables"]
    assert "-icmp-type echo-request" in found["proxmox"]
    assert "<icmptype>echoreq</icmptype>" in found["pfsense"]
    assert "talos" not in found


def test_a_stateless_switch_also_gets_the_replies() -> None:
    assert made("thymis-device/dns")["switch"].splitlines() == [
        "ip access-list extended FROM_SOURCE",
        " permit udp object-group DEVICE object-group DNS eq 53",
        " permit tcp object-group DEVICE object-group DNS eq 53",
        "ip access-list extended FROM_DESTINATION",
        " permit udp object-group DNS eq 53 object-group DEVICE",
        " permit tcp object-group DNS eq 53 object-group DEVICE established",
    ]


def test_security_groups_and_talos_have_no_denials() -> None:
    found = made("talos/kubelet-private")
    assert set(found) == {"nftables", "pfsense", "opnsense", "proxmox", "switch"}
    assert "IN DROP -p tcp -dport 10250" in found["proxmox"]


def test_a_host_opens_only_what_comes_in_to_it() -> None:
    assert made("thymis-controller/devices-reach-controller")["nixos"] == (
        "networking.firewall.allowedTCPPorts = [ 443 ]; # devices-reach-controller"
    )
    assert "nixos" not in made("thymis-device/controller")


def test_values_of_a_list_stand_for_it() -> None:
    assert "<address>gitlab.com</address>" in made("thymis-controller/git-hosts")["pfsense"]


def test_source_ports_are_kept() -> None:
    assert made("thymis-device/dhcp")["nftables"] == 'ip saddr $device ip daddr $dhcp udp sport 68 udp dport 67 accept comment "dhcp"'


def test_every_snippet_for_talos_is_yaml_of_its_kind() -> None:
    for ruleset in map(load_ruleset, builtin_rulesets()):
        for requirement in ruleset.requirements:
            text = snippets(ruleset, requirement).get("talos")
            for document in read(Source("patch.yaml", text)).documents if text else ():
                tree = to_python(document)
                assert isinstance(tree, dict)
                assert tree["kind"] == "NetworkRuleConfig"


def test_every_allow_of_a_documents_firewall_can_be_written_in_some_dialect() -> None:
    for ruleset in map(load_ruleset, builtin_rulesets()):
        for requirement in ruleset.requirements:
            found = snippets(ruleset, requirement)
            assert set(found) <= set(TITLES)
            assert found or requirement.kind not in (Kind.ALLOW, Kind.DENY)
