"""What hygiene says of firewalls written as the documents show them."""

from __future__ import annotations

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.model.findings import Finding, Outcome

ROUTER = """\
<?xml version="1.0"?>
<pfsense>
  <version>23.3</version>
  <interfaces>
    <wan><enable/><if>igb0</if><descr>WAN</descr><ipaddr>203.0.113.2</ipaddr><subnet>29</subnet><gateway>GW</gateway></wan>
    <lan><enable/><if>igb1</if><descr>LAN</descr><ipaddr>192.168.1.1</ipaddr><subnet>24</subnet></lan>
    <opt1><enable/><if>igb2</if><descr>NODES</descr><ipaddr>192.168.30.1</ipaddr><subnet>24</subnet></opt1>
  </interfaces>
  <gateways><gateway_item><name>GW</name><interface>wan</interface><gateway>203.0.113.1</gateway></gateway_item></gateways>
  <filter>RULES</filter>
</pfsense>
"""
NODES = "<address>192.168.30.0/24</address>"


def rule(kind: str, source: str, destination: str) -> str:
    return (
        f"<rule><type>{kind}</type><interface>opt1</interface><ipprotocol>inet</ipprotocol>"
        f"<source>{source}</source><destination>{destination}</destination></rule>\n"
    )


def shadowed(*rules: str) -> Finding:
    tree = MemoryTree({"config.xml": ROUTER.replace("RULES", "".join(rules)), "auditor.yaml": "rulesets: [firewall-hygiene]\n"})
    reading = audit.read(tree, ("config.xml",), audit.Request())
    return next(each for each in audit.findings_of(reading) if each.rule == "hygiene/shadowed-rule")


def test_a_denial_of_the_rest_after_its_exception_is_no_mistake() -> None:
    assert shadowed(rule("pass", NODES, NODES), rule("block", "<any/>", NODES)).outcome is Outcome.HOLDS


def test_a_denial_after_a_permit_that_reaches_further_is_shadowed_for_those_behind_the_interface() -> None:
    assert shadowed(rule("pass", NODES, "<any/>"), rule("block", "<any/>", NODES)).outcome is Outcome.BROKEN


def test_an_nftables_host_whose_input_accepts_everything_is_found_at_its_policy() -> None:
    text = "table inet f {\n chain i {\n  type filter hook input priority 0; policy accept;\n }\n}\n"
    reading = audit.read(MemoryTree({"fw.nft": text}), ("fw.nft",), audit.Request(rulesets=("firewall-hygiene",)))
    (found,) = (each for each in audit.findings_of(reading) if each.rule == "hygiene/default-permit-inbound")
    assert found.outcome is Outcome.BROKEN
    assert found.location is not None
    assert str(found.location.span) == "fw.nft:3:38"


@pytest.mark.parametrize(
    ("rules", "outcome"),
    [
        ("ip saddr @banned drop\ntcp dport 22 accept", Outcome.BROKEN),
        ("tcp dport 22 limit rate 15/minute accept", Outcome.BROKEN),
        ("tcp flags syn limit rate over 100/second drop\ntcp dport 22 accept", Outcome.BROKEN),
        ("tcp option maxseg size 1-535 drop\ntcp dport 22 accept", Outcome.BROKEN),
        ("ip saddr @banned tcp dport 22 accept", Outcome.HOLDS),
        ("ether saddr != 02:00:00:00:00:01 drop\ntcp dport 22 accept", Outcome.HOLDS),
    ],
)
def test_a_port_is_open_to_the_world_though_some_are_banned_or_slowed_down(rules: str, outcome: Outcome) -> None:
    chain = f" chain i {{\ntype filter hook input priority 0; policy drop;\n{rules}\n}}\n"
    text = "table inet f {\n set banned {\n  type ipv4_addr\n  flags dynamic\n }\n" + chain + "}\n"
    reading = audit.read(MemoryTree({"fw.nft": text}), ("fw.nft",), audit.Request(rulesets=("firewall-hygiene",)))
    assert {each.outcome for each in audit.findings_of(reading) if each.rule == "hygiene/world-open-admin"} == {outcome}


ROUTER4 = """\
table ip f {
 chain forward {
  type filter hook forward priority 0; policy drop;
  ct status dnat accept
 }
 chain pre {
  type nat hook prerouting priority -100;
  iifname "wan" tcp dport 2222 dnat to 192.168.1.30:22
 }
 chain post {
  type nat hook postrouting priority 100;
  oifname "wan" masquerade
 }
}
"""


def of_router(requirement: str) -> list[tuple[str, str]]:
    reading = audit.read(MemoryTree({"fw.nft": ROUTER4}), ("fw.nft",), audit.Request(rulesets=("firewall-hygiene",)))
    found = [each for each in audit.findings_of(reading) if each.rule == f"hygiene/{requirement}"]
    return [(each.message.partition(": ")[2], str(each.location.span) if each.location else "") for each in found]


def test_a_forwarded_administration_port_is_found_at_the_rule_that_lets_it_through() -> None:
    assert of_router("world-open-admin") == [("tcp/22 at ip f forward (forward) can be reached from the whole internet", "fw.nft:4:3")]


def test_a_router_that_looks_at_ipv4_alone_has_forgotten_ipv6() -> None:
    assert of_router("ipv6-forgotten") == [("tcp, udp at ip f forward (forward) is closed to IPv4 and open to all of IPv6", "fw.nft:3:40")]


def told(text: str, path: str, requirement: str) -> list[tuple[Outcome, str]]:
    reading = audit.read(MemoryTree({path: text}), (path,), audit.Request(rulesets=("firewall-hygiene",)))
    found = (each for each in audit.findings_of(reading) if each.rule == f"hygiene/{requirement}")
    return [(each.outcome, str(each.location.span) if each.location is not None else "") for each in found]


@pytest.mark.parametrize(("port", "outcome"), [(546, Outcome.HOLDS), (5353, Outcome.BROKEN)])
def test_dhcpv6_is_no_service_that_ipv4_has_too(port: int, outcome: Outcome) -> None:
    chain = " chain c {{\n  type filter hook input priority 0; policy drop;\n  {}\n }}\n"
    both, six = "tcp dport 443 accept", f"tcp dport 443 accept; udp dport {port} accept"
    tables = f"table ip f {{\n{chain.format(both)}}}\ntable ip6 f {{\n{chain.format(six)}}}\n"
    assert [each for each, _ in told(f"flush ruleset\n{tables}", "a.nft", "ipv6-forgotten")] == [outcome]


@pytest.mark.parametrize("interface", ["incusbr0", "lxcbr0", "lxdbr0", "docker_gwbridge", "br-0123456789ab", "kube-bridge", "vboxnet0"])
def test_what_a_bridge_of_containers_sends_on_does_not_come_from_the_internet(interface: str) -> None:
    text = f'table inet f {{\n chain c {{\n  type filter hook forward priority 0; policy drop;\n  iifname "{interface}" accept\n }}\n}}\n'
    assert [each for each, _ in told(text, "a.nft", "world-open-admin")] == [Outcome.HOLDS]


BESIDE = """\
resource "hcloud_firewall" "f" { name = "f" }
resource "hcloud_server" "filtered" { firewall_ids = [hcloud_firewall.f.id] }
resource "hcloud_server" "bare" { name = "bare" }
"""


@pytest.mark.parametrize("requirement", ["default-permit-inbound", "world-open-admin"])
def test_what_is_let_in_where_nothing_filters_is_not_decided(requirement: str) -> None:
    assert told(BESIDE, "main.tf", requirement) == [(Outcome.OPEN, "main.tf:3:1")]


def test_what_hygiene_says_of_a_place_without_a_filter_is_not_said_again() -> None:
    def lints(text: str) -> list[str]:
        reading = audit.read(MemoryTree({"main.tf": text}), ("main.tf",), audit.Request(rulesets=("firewall-hygiene",)))
        return [each.rule for each in audit.findings_of(reading) if each.rule.startswith("lint/")]

    assert lints(BESIDE) == []
    assert lints(BESIDE.splitlines()[2]) == ["lint/terraform/unfiltered"]


def test_a_talos_machine_that_states_that_it_accepts_is_found_at_that_word() -> None:
    text = "apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: accept\n"
    assert told(text, "worker.yaml", "default-permit-inbound") == [(Outcome.BROKEN, "worker.yaml:3:10")]


def test_a_guest_whose_rules_are_switched_off_is_broken_and_who_reaches_it_not_decided() -> None:
    files: dict[str, str | bytes] = {
        "firewall/cluster.fw": "[OPTIONS]\nenable: 1\n",
        "firewall/100.fw": "[OPTIONS]\nenable: 0\n[RULES]\nIN ACCEPT -p tcp -dport 443\n",
    }
    reading = audit.read(MemoryTree(files), ("",), audit.Request(rulesets=("firewall-hygiene",)))
    found = {
        each.rule: each.outcome for each in audit.findings_of(reading) if each.location and each.location.span.path == "firewall/100.fw"
    }
    assert found["hygiene/default-permit-inbound"] is Outcome.BROKEN
    assert found["hygiene/world-open-admin"] is Outcome.OPEN
    assert "lint/proxmox/guest-disabled" in found


def test_what_is_not_found_where_a_file_could_not_be_read_is_not_found_in_the_others_alone() -> None:
    def holds(files: dict[str, str | bytes]) -> set[str]:
        reading = audit.read(MemoryTree(files), ("",), audit.Request(rulesets=("firewall-hygiene",)))
        return {each.message.rpartition(": ")[2] for each in audit.findings_of(reading) if each.outcome is Outcome.HOLDS}

    sound: dict[str, str | bytes] = {"main.tf": BESIDE}
    assert holds(sound) == {"nothing found"}
    assert holds({**sound, "config.xml": "<pfsense>\n<interfaces>\n"}) == {"nothing found in what could be read"}
    assert holds({**sound, "a.nft": "table ip t {\n chain c {\n  frobnicate\n }\n}\n"}) == {"nothing found in what could be read"}


def test_where_rules_of_the_product_let_administration_in_that_is_not_decided_and_the_default_holds() -> None:
    text = """\
resource "oci_core_vcn" "v" { cidr_block = "10.0.0.0/16" }
resource "oci_core_subnet" "s" { vcn_id = oci_core_vcn.v.id }
resource "oci_core_instance" "m" {
  create_vnic_details { subnet_id = oci_core_subnet.s.id }
}
"""
    assert told(text, "main.tf", "world-open-admin") == [(Outcome.OPEN, "main.tf:2:1")]
    assert told(text, "main.tf", "default-permit-inbound") == [(Outcome.HOLDS, "")]


def test_what_lets_a_packet_in_is_the_rule_that_surely_does_and_none_before_it_that_may() -> None:
    text = "[OPTIONS]\nenable: 1\n\n[RULES]\nIN ACCEPT -p tcp -dport 80\nIN SSH(ACCEPT)\n"
    assert told(text, "cluster.fw", "world-open-admin") == [(Outcome.BROKEN, "cluster.fw:6:1")]


def messages(text: str, path: str, requirement: str) -> list[str]:
    reading = audit.read(MemoryTree({path: text}), (path,), audit.Request(rulesets=("firewall-hygiene",)))
    return [each.message.partition(": ")[2] for each in audit.findings_of(reading) if each.rule == f"hygiene/{requirement}"]


@pytest.mark.parametrize(
    ("rule", "internet"),
    [("", "internet"), ("meta nfproto ipv4", "internet"), ("meta nfproto ipv6", "IPv6 internet"), ("ip6 saddr ::/0", "IPv6 internet")],
)
def test_where_ipv6_alone_is_open_the_message_says_so(rule: str, internet: str) -> None:
    text = f"table inet f {{\n chain c {{\n  type filter hook input priority 0; policy drop;\n  {rule} tcp dport 22 accept\n }}\n}}\n"
    assert messages(text, "a.nft", "world-open-admin") == [f"tcp/22 at the host of a.nft can be reached from the whole {internet}"]


def test_two_rules_of_one_name_are_told_apart_by_their_places() -> None:
    def redundant(between: str) -> list[str]:
        rules = f"tcp dport 22 accept{between}tcp dport 22 accept"
        text = f"table inet f {{\n chain c {{\n  type filter hook input priority 0; policy drop;\n  {rules}\n }}\n}}\n"
        return messages(text, "a.nft", "redundant-rule")

    rule, why = "“tcp dport 22 accept” of line", "adds nothing: all of its packets are decided the same way already, by"
    assert redundant("\n  ") == [f"{rule} 5 {why} {rule} 4"]
    assert redundant("; ") == [f"{rule} 4, column 24 {why} {rule} 4, column 3"]


def test_what_several_machines_let_through_is_said_so_that_it_fits_one_too() -> None:
    (message,) = messages("[OPTIONS]\nenable: 1\npolicy_in: ACCEPT\n", "firewall/cluster.fw", "default-permit-inbound")
    assert message == "what no rule speaks of is let through at the nodes"


def test_a_port_of_all_addresses_of_a_firewall_is_shown_at_one_that_packets_can_go_to() -> None:
    anybody = (
        "<rule><type>pass</type><interface>wan</interface><ipprotocol>inet</ipprotocol><protocol>tcp</protocol><source><any/></source>"
    )
    text = ROUTER.replace("<ipaddr>203.0.113.2</ipaddr><subnet>29</subnet><gateway>GW</gateway>", "<ipaddr>dhcp</ipaddr>")
    text = text.replace("RULES", f"{anybody}<destination><network>(self)</network><port>22</port></destination></rule>")
    reading = audit.read(MemoryTree({"config.xml": text}), ("config.xml",), audit.Request(rulesets=("firewall-hygiene",)))
    (found,) = (each for each in audit.findings_of(reading) if each.rule == "hygiene/world-open-admin")
    assert found.outcome is Outcome.BROKEN
    assert found.witness is not None
    assert "192.168." in str(found.witness)


OWN = "<system><webgui><protocol>https</protocol><port>8443</port></webgui><ssh><enable>enabled</enable><port>2022</port></ssh></system>"


@pytest.mark.parametrize(
    ("address", "to", "port", "outcome"),
    [
        ("203.0.113.2", "<network>wanip</network>", 8443, Outcome.BROKEN),
        ("203.0.113.2", "<network>wanip</network>", 2022, Outcome.BROKEN),
        ("203.0.113.2", "<network>wanip</network>", 443, Outcome.HOLDS),
        ("203.0.113.2", "<address>192.168.30.10</address>", 8443, Outcome.HOLDS),
        ("dhcp", "<network>(self)</network>", 8443, Outcome.BROKEN),
        ("dhcp", "<network>wanip</network>", 8443, Outcome.OPEN),
        ("dhcp", "<address>192.168.30.10</address>", 8443, Outcome.HOLDS),
    ],
)
def test_the_ports_of_a_firewall_s_own_pages_are_those_its_configuration_says(address: str, to: str, port: int, outcome: Outcome) -> None:
    passed = "<rule><type>pass</type><interface>wan</interface><protocol>tcp</protocol><source><any/></source>"
    text = ROUTER.replace("RULES", f"{passed}<destination>{to}<port>{port}</port></destination></rule>")
    text = text.replace("<ipaddr>203.0.113.2<", f"<ipaddr>{address}<").replace("<interfaces>", f"{OWN}<interfaces>", 1)
    assert [each for each, _ in told(text, "config.xml", "world-open-admin")] == [outcome]


@pytest.mark.parametrize(("listens", "outcome"), [("", Outcome.BROKEN), ("<interfaces>lan</interfaces>", Outcome.HOLDS)])
def test_the_pages_of_an_opnsense_are_seen_where_they_listen(listens: str, outcome: Outcome) -> None:
    passed = "<rule><type>pass</type><interface>wan</interface><protocol>tcp</protocol><source><any/></source>"
    text = ROUTER.replace("RULES", f"{passed}<destination><network>wanip</network><port>8443</port></destination></rule>")
    text = text.replace("<version>23.3</version>", f"<system><webgui><port>8443</port>{listens}</webgui></system>")
    text = text.replace("pfsense>", "opnsense>")
    assert [each for each, _ in told(text, "config.xml", "world-open-admin")] == [outcome]
