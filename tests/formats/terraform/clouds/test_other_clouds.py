"""The other clouds, each by what sets it apart: defaults, order, what is not filtered."""

from __future__ import annotations

from auditor.analysis.bounds import bounds
from auditor.formats.terraform.selectors import matches
from auditor.model.filters import Fact, Predicate, Verdict
from auditor.model.headers import NEW_FLOW, address_interval, destinations
from auditor.model.packets import EVERYTHING
from tests.formats.terraform.clouds.reading import estate_of, fates, graph_of, hook, inbound, lines, of, outbound, tcp, traps, udp


def nsg(rules: str) -> str:
    return f'resource "azurerm_network_security_group" "a" {{\n  name = "a"\n{rules}\n}}\n'


def security_rule(priority: int, access: str, source: str, port: str = "22") -> str:
    return f"""
  security_rule {{
    name                       = "r{priority}"
    priority                   = {priority}
    direction                  = "Inbound"
    access                     = "{access}"
    protocol                   = "Tcp"
    source_port_range          = "*"
    destination_port_range     = "{port}"
    source_address_prefix      = "{source}"
    destination_address_prefix = "*"
  }}
"""


def test_azure_takes_the_lowest_priority_first() -> None:
    graph = graph_of(nsg(security_rule(200, "Allow", "*") + security_rule(100, "Deny", "203.0.113.0/24")))
    found = inbound(graph, "azurerm_network_security_group.a", tcp(22) & of("203.0.113.0/24", "198.51.100.0/24"))
    assert found.surely == tcp(22) & of("198.51.100.0/24") & NEW_FLOW
    assert found.maybe == found.surely


def test_azures_probes_come_from_an_address_that_is_nobody_elses() -> None:
    graph = graph_of(nsg(""))
    probes = tcp(10250) & of("168.63.129.16")
    assert not inbound(graph, "azurerm_network_security_group.a", probes).maybe
    assert inbound(graph, "azurerm_network_security_group.a", probes, "terraform:AzureLoadBalancer").surely == probes & NEW_FLOW


def test_azure_lets_the_virtual_network_in_unless_it_is_denied() -> None:
    filter_ = hook(graph_of(nsg("")), "terraform:azurerm_network_security_group.a/in").filter
    question = tcp(22) & of("10.0.0.0/8") & NEW_FLOW

    def same_network(question: Predicate) -> bool | None:
        return question.fact is Fact.WITHIN

    assert bounds(filter_, same_network, question).surely == question
    assert not bounds(filter_, same_network, tcp(22) & of("203.0.113.0/24") & NEW_FLOW).maybe


def test_azures_single_virtual_network_is_the_one_that_rules_name() -> None:
    graph = graph_of(nsg("") + 'resource "azurerm_virtual_network" "v" {\n  name = "v"\n  address_space = ["10.1.0.0/16"]\n}\n')
    zone = graph.zone("terraform:azurerm_network_security_group.a")
    assert zone is not None
    assert zone.references == {"azurerm:VirtualNetwork"}
    assert zone.networks == (address_interval("10.1.0.0/16"),)


def test_azure_rules_of_their_own_are_found_by_the_groups_name() -> None:
    estate = estate_of(
        nsg("")
        + """
resource "azurerm_network_security_rule" "ssh" {
  name                        = "ssh"
  priority                    = 100
  direction                   = "Inbound"
  access                      = "Allow"
  protocol                    = "*"
  source_port_range           = "*"
  destination_port_ranges     = [22, "80-81"]
  source_address_prefix       = "Internet"
  destination_address_prefix  = "*"
  network_security_group_name = azurerm_network_security_group.a.name
}
"""
    )
    rules = estate.groups["azurerm_network_security_group.a"].rules
    assert [(record.peer.text, record.traffic.protocol) for record in rules] == [("Internet", "any")] * 2


def test_azure_machines_pass_the_group_of_their_subnet_and_that_of_their_interface() -> None:
    estate = estate_of(
        nsg("")
        + """
resource "azurerm_network_security_group" "b" { name = "b" }
resource "azurerm_subnet" "s" { name = "s" }
resource "azurerm_network_interface" "i" {
  name = "i"
  ip_configuration {
    name      = "i"
    subnet_id = azurerm_subnet.s.id
  }
}
resource "azurerm_subnet_network_security_group_association" "s" {
  subnet_id                 = azurerm_subnet.s.id
  network_security_group_id = azurerm_network_security_group.a.id
}
resource "azurerm_network_interface_security_group_association" "i" {
  network_interface_id      = azurerm_network_interface.i.id
  network_security_group_id = azurerm_network_security_group.b.id
}
resource "azurerm_linux_virtual_machine" "m" {
  network_interface_ids = [azurerm_network_interface.i.id]
}
"""
    )
    (carrier,) = estate.carriers
    assert carrier.address == "azurerm_linux_virtual_machine.m"
    assert set(carrier.groups) == {"azurerm_network_security_group.a", "azurerm_network_security_group.b"}


def gcp(name: str, body: str) -> str:
    return f'resource "google_compute_firewall" "{name}" {{\n  name = "{name}"\n  network = google_compute_network.n.name\n{body}\n}}\n'


NETWORK = 'resource "google_compute_network" "n" { name = "n" }\n'
SSH = 'protocol = "tcp"\n ports = ["22"]'


def test_google_denies_before_it_permits_at_one_priority() -> None:
    graph = graph_of(
        NETWORK
        + gcp("yes", f'source_ranges = ["0.0.0.0/0"]\n allow {{\n{SSH}\n}}')
        + gcp("no", f'source_ranges = ["10.0.0.0/8"]\n deny {{\n{SSH}\n}}')
    )
    found = inbound(graph, "google_compute_network.n", tcp(22))
    assert found.surely == (tcp(22) & of("0.0.0.0/0") - of("10.0.0.0/8")) & NEW_FLOW


def test_google_lets_everything_out_and_nothing_in() -> None:
    graph = graph_of(NETWORK + gcp("x", f'source_tags = ["t"]\n allow {{\n{SSH}\n}}'))
    assert outbound(graph, "google_compute_network.n", EVERYTHING).surely == NEW_FLOW
    assert not inbound(graph, "google_compute_network.n", EVERYTHING).maybe


def test_google_opens_to_everyone_when_the_list_of_sources_is_empty() -> None:
    graph = graph_of(NETWORK + gcp("x", f"source_ranges = []\n allow {{\n{SSH}\n}}"))
    assert inbound(graph, "google_compute_network.n", tcp(22)).surely == tcp(22) & of("0.0.0.0/0") & NEW_FLOW


def test_google_rules_apply_to_their_targets_alone() -> None:
    graph = graph_of(NETWORK + gcp("x", f'source_ranges = ["0.0.0.0/0"]\n target_tags = ["cp"]\n allow {{\n{SSH}\n}}'))
    question = tcp(22) & of("10.0.0.1")
    assert inbound(graph, "google_compute_network.n", question, "terraform:tag:cp").surely == question & NEW_FLOW
    assert not inbound(graph, "google_compute_network.n", question, "terraform:tag:worker").maybe


def test_googles_default_network_has_rules_that_no_code_shows() -> None:
    graph = graph_of(
        'resource "google_compute_firewall" "x" {\n  network = "default"\n  source_tags = ["t"]\n  allow { protocol = "tcp" }\n}'
    )
    assert inbound(graph, "id:default".removeprefix("id:"), tcp(22)).maybe


def hcloud(rules: str) -> str:
    return f'resource "hcloud_firewall" "a" {{\n  name = "a"\n{rules}\n}}\n'


OUT = 'rule {\n direction = "out"\n protocol = "tcp"\n port = "443"\n destination_ips = ["0.0.0.0/0"]\n}'


def test_hetzner_is_open_outbound_until_the_first_outbound_rule() -> None:
    assert outbound(graph_of(hcloud("")), "hcloud_firewall.a", udp(123)).surely == udp(123) & NEW_FLOW
    assert not outbound(graph_of(hcloud(OUT)), "hcloud_firewall.a", udp(123) & of("203.0.113.1")).maybe & ~of("10.0.0.0/8")


def test_hetzner_does_not_filter_private_networks() -> None:
    question = tcp(2379) & of("10.0.0.1") & destinations([address_interval("10.0.0.2")])
    assert inbound(graph_of(hcloud("")), "hcloud_firewall.a", question).surely == question & NEW_FLOW


def test_hetzner_servers_are_found_by_their_labels() -> None:
    estate = estate_of(
        hcloud('apply_to { label_selector = "role in (cp,worker),env=prod" }')
        + 'resource "hcloud_server" "cp" {\n labels = { role = "cp", env = "prod" }\n}\n'
        + 'resource "hcloud_server" "lb" {\n labels = { role = "lb", env = "prod" }\n}\n'
    )
    assert [carrier.address for carrier in estate.carriers] == ["hcloud_server.cp"]


def test_label_selectors_mean_what_the_cloud_says() -> None:
    labels = {"role": "cp", "env": "prod"}
    assert all(matches(text, labels) for text in ("role", "role=cp", "role==cp", "role!=lb", "!gone", "role in (a, cp)", "role notin (a)"))
    assert not any(matches(text, labels) for text in ("", "gone", "!role", "role=lb", "role!=cp", "role in (a)", "role=cp,gone"))


def test_openstack_groups_let_everything_out_by_themselves() -> None:
    text = 'resource "openstack_networking_secgroup_v2" "a" {\n  name = "a"\n  EXTRA\n}\n'
    assert outbound(graph_of(text.replace("EXTRA", "")), "openstack_networking_secgroup_v2.a", tcp(443)).surely
    strict = graph_of(text.replace("EXTRA", "delete_default_rules = true"))
    assert not outbound(strict, "openstack_networking_secgroup_v2.a", tcp(443)).maybe


def test_openstack_ports_zero_to_zero_are_all_ports() -> None:
    graph = graph_of("""
resource "openstack_networking_secgroup_v2" "a" { name = "a" }
resource "openstack_networking_secgroup_rule_v2" "r" {
  direction         = "ingress"
  ethertype         = "IPv4"
  protocol          = "tcp"
  port_range_min    = 0
  port_range_max    = 0
  security_group_id = openstack_networking_secgroup_v2.a.id
}
""")
    question = tcp(1, 65535) & of("10.0.0.1")
    assert inbound(graph, "openstack_networking_secgroup_v2.a", question).surely == question & NEW_FLOW


def test_an_openstack_rule_for_a_group_is_about_its_own_family_alone() -> None:
    graph = graph_of("""
resource "openstack_networking_secgroup_v2" "a" { name = "a" }
resource "openstack_networking_secgroup_rule_v2" "r" {
  direction         = "ingress"
  ethertype         = "IPv4"
  remote_group_id   = openstack_networking_secgroup_v2.a.id
  security_group_id = openstack_networking_secgroup_v2.a.id
}
""")
    group = "openstack_networking_secgroup_v2.a"
    found = inbound(graph, group, tcp(22) & of("10.0.0.1", "2001:db8::1"), f"terraform:{group}")
    assert found.surely == found.maybe == tcp(22) & of("10.0.0.1") & NEW_FLOW


def test_an_openstack_rule_of_an_unknown_family_may_be_about_either() -> None:
    graph = graph_of("""
variable "family" {}
resource "openstack_networking_secgroup_v2" "a" { name = "a" }
resource "openstack_networking_secgroup_rule_v2" "r" {
  direction         = "ingress"
  ethertype         = var.family
  protocol          = "tcp"
  port_range_min    = 22
  port_range_max    = 22
  security_group_id = openstack_networking_secgroup_v2.a.id
}
""")
    question = tcp(22) & of("10.0.0.1", "2001:db8::1")
    found = inbound(graph, "openstack_networking_secgroup_v2.a", question)
    assert not found.surely
    assert found.maybe == question & NEW_FLOW


def test_digitalocean_lets_nothing_out_without_a_rule() -> None:
    graph = graph_of('resource "digitalocean_firewall" "a" { name = "a" }')
    assert not outbound(graph, "digitalocean_firewall.a", EVERYTHING).maybe


def test_oracle_lists_read_protocol_numbers_and_options() -> None:
    estate = estate_of("""
resource "oci_core_security_list" "a" {
  ingress_security_rules {
    protocol = "6"
    source   = "10.0.0.0/8"
    tcp_options {
      min = 22
      max = 23
    }
  }
  egress_security_rules {
    protocol    = "all"
    destination = "0.0.0.0/0"
    stateless   = true
  }
}
""")
    group = estate.groups["oci_core_security_list.a"]
    assert lines(group) == ["in permit tcp/22-23 from 10.0.0.0/8", "out permit everything to 0.0.0.0/0"]
    assert [record.stateless for record in group.rules] == [False, True]


def test_scaleway_is_open_by_default_and_takes_the_first_rule() -> None:
    graph = graph_of("""
resource "scaleway_instance_security_group" "a" {
  inbound_rule {
    action   = "drop"
    port     = 22
    ip_range = "203.0.113.0/24"
  }
  inbound_rule {
    action = "accept"
    port   = 22
  }
}
""")
    assert hook(graph, "terraform:scaleway_instance_security_group.a/in").filter.default is Verdict.PERMIT
    assert not inbound(graph, "scaleway_instance_security_group.a", tcp(22) & of("203.0.113.7")).maybe


def test_a_type_without_a_model_is_said() -> None:
    assert traps(estate_of('resource "linode_firewall" "a" { label = "a" }')) == {"unsupported-resource"}


def test_whoever_carries_a_type_without_a_model_may_be_reached_and_may_not() -> None:
    assert fates('resource "linode_firewall" "a" { label = "a" }', "linode_firewall.a", "tcp/22") == {"depends"}


def test_rules_that_terraform_leaves_alone_are_said_of_every_cloud() -> None:
    left = "lifecycle { ignore_changes = [security_rule] }"
    assert "ignore-changes-on-rules" in traps(estate_of(nsg(left)))


def test_a_default_policy_that_is_not_known_leaves_the_rules_as_they_are() -> None:
    rule = 'inbound_rule {\n action = "accept"\n port = 22\n}'
    text = f'variable "x" {{}}\nresource "scaleway_instance_security_group" "a" {{\n inbound_default_policy = var.x\n {rule}\n}}\n'
    assert fates(text, "scaleway_instance_security_group.a", "tcp/22") == {"passes"}
    assert fates(text, "scaleway_instance_security_group.a", "tcp/23") == {"depends"}
