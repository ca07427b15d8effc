"""AWS security groups, on configurations where reading attribute by attribute goes wrong."""

from __future__ import annotations

import pytest

from auditor.analysis.bounds import bounds
from auditor.formats.terraform.records import PeerKind
from auditor.model.graph import Endpoint
from auditor.model.headers import NEW_FLOW, Protocol, protocol_set
from auditor.model.packets import EVERYTHING
from tests.formats.terraform.clouds.reading import (
    GROUP_A,
    PUBLIC_SOURCES,
    estate_of,
    graph_of,
    inbound,
    lines,
    of,
    outbound,
    ping,
    tcp,
    traps,
    udp,
)


def ingress(body: str) -> str:
    return f'resource "aws_security_group" "a" {{\n  name = "a"\n  ingress {{\n{body}\n  }}\n}}\n'


def test_a_world_rule_behind_a_self_rule_is_seen() -> None:
    graph = graph_of("""
resource "aws_security_group" "a" {
  ingress {
    from_port = 22
    to_port = 22
    protocol = "tcp"
    self = true
  }
  ingress {
    from_port = 22
    to_port = 22
    protocol = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
""")
    question = tcp(22) & of("203.0.113.7")
    assert inbound(graph, "aws_security_group.a", question).surely == question & NEW_FLOW


def test_two_halves_of_the_world_are_the_world() -> None:
    halves = ingress('from_port = 22\n to_port = 22\n protocol = "tcp"\n cidr_blocks = ["0.0.0.0/1", "128.0.0.0/1"]')
    whole = ingress('from_port = 22\n to_port = 22\n protocol = "tcp"\n cidr_blocks = ["0.0.0.0/0"]')
    assert inbound(graph_of(halves), "aws_security_group.a", EVERYTHING) == inbound(graph_of(whole), "aws_security_group.a", EVERYTHING)


def test_ipv6_alone_opens_to_the_world_too() -> None:
    graph = graph_of(ingress('from_port = 22\n to_port = 22\n protocol = "tcp"\n ipv6_cidr_blocks = ["::/0"]'))
    assert inbound(graph, "aws_security_group.a", tcp(22) & of("2001:db8::1")).surely
    assert not inbound(graph, "aws_security_group.a", tcp(22) & of("0.0.0.0/0")).maybe


def test_dynamic_blocks_over_a_map_are_all_read() -> None:
    estate = estate_of("""
variable "ports" {
  default = { ssh = 22, kubelet = 10250 }
}
resource "aws_security_group" "a" {
  dynamic "ingress" {
    for_each = var.ports
    content {
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = ["10.0.0.0/8"]
    }
  }
}
""")
    assert lines(estate.groups["aws_security_group.a"]) == ["in permit tcp/10250 from 10.0.0.0/8", "in permit tcp/22 from 10.0.0.0/8"]


@pytest.mark.parametrize(("protocol", "ports"), [('"6"', 22), ("6", 22), ('"TCP"', 22), ('"all"', 0), ('"-1"', 0), ("-1", 0)])
def test_every_spelling_of_a_protocol_that_holds_tcp_opens_ssh(protocol: str, ports: int) -> None:
    graph = graph_of(ingress(f'from_port = {ports}\n to_port = {ports}\n protocol = {protocol}\n cidr_blocks = ["0.0.0.0/0"]'))
    question = tcp(22) & of("203.0.113.7")
    assert inbound(graph, "aws_security_group.a", question).surely == question & NEW_FLOW


def test_ports_zero_to_zero_with_tcp_are_port_zero_alone() -> None:
    graph = graph_of(ingress('from_port = 0\n to_port = 0\n protocol = "tcp"\n cidr_blocks = ["0.0.0.0/0"]'))
    assert not inbound(graph, "aws_security_group.a", tcp(1, 65535)).maybe


def test_ports_beside_every_protocol_open_everything() -> None:
    graph = graph_of(
        GROUP_A
        + """
resource "aws_security_group_rule" "r" {
  type              = "ingress"
  security_group_id = aws_security_group.a.id
  protocol          = "-1"
  from_port         = 22
  to_port           = 22
  cidr_blocks       = ["0.0.0.0/0"]
}
"""
    )
    question = udp(53) & of("203.0.113.7")
    assert inbound(graph, "aws_security_group.a", question).surely == question & NEW_FLOW


def test_icmp_keeps_type_and_code_in_the_ports() -> None:
    graph = graph_of(ingress('from_port = 8\n to_port = 0\n protocol = "icmp"\n cidr_blocks = ["0.0.0.0/0"]'))
    icmp = protocol_set(Protocol.ICMP) & of("10.0.0.1")
    assert inbound(graph, "aws_security_group.a", icmp).surely == ping() & icmp & NEW_FLOW


def test_a_group_reference_survives_two_modules() -> None:
    more = {
        "net/main.tf": 'module "sg" { source = "./sg" }\noutput "node" { value = module.sg.id }\n',
        "net/sg/main.tf": 'resource "aws_security_group" "node" { name = "node" }\noutput "id" { value = aws_security_group.node.id }\n',
    }
    graph = graph_of(
        """
module "net" { source = "./net" }
resource "aws_vpc_security_group_ingress_rule" "etcd" {
  security_group_id            = module.net.node
  referenced_security_group_id = module.net.node
  ip_protocol                  = "tcp"
  from_port                    = 2379
  to_port                      = 2380
}
""",
        more,
    )
    node = "module.net.module.sg.aws_security_group.node"
    question = tcp(2379, 2380) & of("10.0.0.1")
    assert inbound(graph, node, question, f"terraform:{node}").surely == question & NEW_FLOW
    assert not inbound(graph, node, question).maybe


def test_a_count_over_an_empty_list_makes_no_rule() -> None:
    estate = estate_of(
        GROUP_A
        + """
variable "empty" {
  type    = list(string)
  default = []
}
resource "aws_vpc_security_group_ingress_rule" "ssh" {
  count             = length(var.empty)
  security_group_id = aws_security_group.a.id
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
  cidr_ipv4         = var.empty[count.index]
}
"""
    )
    assert estate.groups["aws_security_group.a"].rules == []


def test_a_prefix_list_is_its_entries() -> None:
    graph = graph_of(
        GROUP_A
        + """
resource "aws_ec2_managed_prefix_list" "office" {
  name           = "office"
  address_family = "IPv4"
  max_entries    = 2
  entry { cidr = "192.0.2.0/25" }
}
resource "aws_ec2_managed_prefix_list_entry" "more" {
  prefix_list_id = aws_ec2_managed_prefix_list.office.id
  cidr           = "192.0.2.128/25"
}
resource "aws_vpc_security_group_ingress_rule" "ssh" {
  security_group_id = aws_security_group.a.id
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
  prefix_list_id    = aws_ec2_managed_prefix_list.office.id
}
"""
    )
    assert inbound(graph, "aws_security_group.a", tcp(22)).surely == tcp(22) & of("192.0.2.0/24") & NEW_FLOW


def test_a_prefix_list_that_amazon_keeps_surely_holds_nothing_and_maybe_anything() -> None:
    graph = graph_of(
        GROUP_A
        + """
data "aws_prefix_list" "s3" { name = "com.amazonaws.eu-central-1.s3" }
resource "aws_vpc_security_group_egress_rule" "s3" {
  security_group_id = aws_security_group.a.id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  prefix_list_id    = data.aws_prefix_list.s3.id
}
"""
    )
    found = outbound(graph, "aws_security_group.a", tcp(443))
    assert not found.surely
    assert found.maybe == tcp(443) & NEW_FLOW


def test_a_group_without_egress_lets_nothing_out() -> None:
    graph = graph_of(GROUP_A)
    assert not outbound(graph, "aws_security_group.a", EVERYTHING).maybe


def test_one_block_is_the_product_of_its_ports_and_every_source() -> None:
    estate = estate_of("""
resource "aws_security_group" "lb" { name = "lb" }
resource "aws_security_group" "a" {
  ingress {
    from_port        = 80
    to_port          = 81
    protocol         = "tcp"
    cidr_blocks      = ["10.0.0.0/8"]
    ipv6_cidr_blocks = ["fd00::/8"]
    security_groups  = [aws_security_group.lb.id]
    self             = true
  }
}
""")
    assert [record.peer.label for record in estate.groups["aws_security_group.a"].rules] == [
        "10.0.0.0/8",
        "fd00::/8",
        "group:aws_security_group.lb",
        "group:aws_security_group.a",
    ]


def test_the_attribute_form_of_ingress_is_read_like_blocks() -> None:
    estate = estate_of("""
resource "aws_security_group" "a" {
  ingress = [for port in [22, 443] : {
    from_port = port, to_port = port, protocol = "tcp", cidr_blocks = ["10.0.0.0/8"], description = null
    ipv6_cidr_blocks = null, prefix_list_ids = null, security_groups = null, self = false
  }]
}
""")
    assert lines(estate.groups["aws_security_group.a"]) == ["in permit tcp/22 from 10.0.0.0/8", "in permit tcp/443 from 10.0.0.0/8"]


def test_the_default_group_is_what_is_written_in_it() -> None:
    estate = estate_of('resource "aws_default_security_group" "d" { vpc_id = "vpc-1" }')
    assert lines(estate.groups["aws_default_security_group.d"]) == []


def test_a_peer_that_is_not_known_keeps_its_symbol() -> None:
    estate = estate_of(
        GROUP_A
        + """
variable "vpc_cidr" { type = string }
resource "aws_vpc_security_group_ingress_rule" "api" {
  security_group_id = aws_security_group.a.id
  ip_protocol       = "tcp"
  from_port         = 6443
  to_port           = 6443
  cidr_ipv4         = var.vpc_cidr
}
"""
    )
    (rule,) = estate.groups["aws_security_group.a"].rules
    assert rule.peer.kind is PeerKind.UNKNOWN
    assert rule.peer.unknown is not None
    assert rule.peer.unknown.reference == "var.vpc_cidr"
    assert rule.doubt is None


def test_a_rule_from_the_networks_variable_surely_covers_members_of_the_network() -> None:
    graph = graph_of("""
variable "vpc_cidr" { type = string }
resource "aws_vpc" "main" { cidr_block = var.vpc_cidr }
resource "aws_security_group" "a" {
  vpc_id = aws_vpc.main.id
  ingress {
    from_port   = 6443
    to_port     = 6443
    protocol    = "tcp"
    cidr_blocks = [aws_vpc.main.cidr_block]
  }
}
""")
    zone = graph.zone("terraform:aws_security_group.a")
    assert zone is not None
    assert zone.references == {"var.vpc_cidr"}
    (rule,) = next(hook for hook in graph.hooks if hook.id == "terraform:aws_security_group.a/in").filter.rules
    settled = rule.condition.settle(lambda question: True if question.values & zone.references else None)
    assert tcp(6443) & of("10.0.0.0/8") <= settled.surely
    assert not settled.surely.meets(of("::/0"))


def test_rules_of_an_unknown_number_are_maybe_alone() -> None:
    graph = graph_of(
        GROUP_A
        + """
variable "admins" { type = list(string) }
resource "aws_vpc_security_group_ingress_rule" "ssh" {
  count             = length(var.admins)
  security_group_id = aws_security_group.a.id
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
  cidr_ipv4         = var.admins[count.index]
}
"""
    )
    found = inbound(graph, "aws_security_group.a", tcp(22) & of("10.0.0.1"))
    assert not found.surely
    assert found.maybe
    assert not inbound(graph, "aws_security_group.a", tcp(23)).maybe


def test_one_unknown_element_leaves_the_other_elements_exact() -> None:
    graph = graph_of(
        'variable "office" { type = string }\n'
        + ingress('from_port = 22\n to_port = 22\n protocol = "tcp"\n cidr_blocks = ["10.0.0.0/8", var.office]')
    )
    assert inbound(graph, "aws_security_group.a", tcp(22)).surely == tcp(22) & of("10.0.0.0/8") & NEW_FLOW


def test_a_conditional_that_is_not_decided_may_be_either_side() -> None:
    graph = graph_of(
        'variable "open" { type = bool }\n'
        + ingress('from_port = 22\n to_port = 22\n protocol = "tcp"\n cidr_blocks = [var.open ? "0.0.0.0/0" : "10.0.0.0/8"]')
    )
    assert not inbound(graph, "aws_security_group.a", tcp(22) & of("10.0.0.0/8")).surely
    assert inbound(graph, "aws_security_group.a", tcp(22) & PUBLIC_SOURCES).maybe


def test_an_unknown_port_may_be_any_port_of_the_protocol() -> None:
    graph = graph_of(
        'variable "port" { type = number }\n'
        + ingress('from_port = var.port\n to_port = var.port\n protocol = "tcp"\n cidr_blocks = ["10.0.0.0/8"]')
    )
    found = inbound(graph, "aws_security_group.a", tcp(1, 65535) | udp(1, 65535))
    assert not found.surely
    assert found.maybe == tcp(1, 65535) & of("10.0.0.0/8") & NEW_FLOW


def test_a_rule_on_a_literal_id_belongs_to_a_group_made_elsewhere() -> None:
    estate = estate_of("""
resource "aws_vpc_security_group_ingress_rule" "r" {
  security_group_id = "sg-0123456789abcdef0"
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
  cidr_ipv4         = "10.0.0.0/8"
}
""")
    group = estate.groups["id:sg-0123456789abcdef0"]
    assert group.foreign is not None
    assert lines(group) == ["in permit tcp/22 from 10.0.0.0/8"]


def test_a_group_made_elsewhere_may_let_anything_in() -> None:
    graph = graph_of("""
data "aws_security_group" "shared" { name = "shared" }
resource "aws_vpc_security_group_ingress_rule" "r" {
  security_group_id = data.aws_security_group.shared.id
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
  cidr_ipv4         = "10.0.0.0/8"
}
""")
    found = inbound(graph, "data.aws_security_group.shared", EVERYTHING)
    assert found.maybe == NEW_FLOW
    assert found.surely == tcp(22) & of("10.0.0.0/8") & NEW_FLOW


def test_a_module_that_is_not_installed_opens_the_groups_it_gets() -> None:
    estate = estate_of(
        GROUP_A + 'module "rules" {\n  source = "example/rules/aws"\n  groups = { node = aws_security_group.a.id }\n}\n',
    )
    assert [unknown.reason for unknown in estate.groups["aws_security_group.a"].beyond] == [
        "module.rules (example/rules/aws) is not installed, gets the group's id and may add rules to it"
    ]
    assert "module-not-installed" in traps(estate)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("example/rules/aws", "module example/rules/aws is not installed"),
        ("../rules", "module ../rules lies outside of the directory that is checked"),
        ("./rules", "module ./rules is a directory without Terraform files (rules)"),
    ],
)
def test_it_is_said_why_a_module_is_not_seen(source: str, why: str) -> None:
    estate = estate_of(f'module "rules" {{\n  source = "{source}"\n}}\n')
    assert [note.message for note in estate.notes] == [f"{why}: what it makes is not seen"]


def test_a_module_that_only_attaches_groups_does_not_open_them() -> None:
    estate = estate_of(
        GROUP_A
        + """
module "node" {
  source                 = "terraform-aws-modules/ec2-instance/aws"
  vpc_security_group_ids = [aws_security_group.a.id]
}
"""
    )
    assert estate.groups["aws_security_group.a"].beyond == []
    assert [carrier.groups for carrier in estate.carriers] == [["aws_security_group.a"]]


def test_a_broken_file_leaves_every_group_of_the_module_open() -> None:
    estate = estate_of(GROUP_A, {"rules.tf": 'resource "aws_vpc_security_group_ingress_rule" "r" {\n  from_port = \n'})
    assert estate.groups["aws_security_group.a"].beyond


def test_rules_point_at_the_one_network_and_remember_the_way_it_took() -> None:
    estate = estate_of(
        'variable "admins" {\n  default = ["192.0.2.0/24"]\n}\n'
        + ingress('from_port = 22\n to_port = 22\n protocol = "tcp"\n cidr_blocks = ["10.0.0.0/8", var.admins[0]]')
    )
    literal, given = estate.groups["aws_security_group.a"].rules
    assert (literal.span.line, literal.span.column) == (10, 17)
    assert given.span.line == 10
    assert given.trail[0][1].line == 2


def test_groups_are_told_apart_by_instance() -> None:
    estate = estate_of("""
resource "aws_security_group" "node" {
  for_each = toset(["cp", "worker"])
  name     = each.key
  ingress {
    from_port = 10250
    to_port   = 10250
    protocol  = "tcp"
    self      = true
  }
}
""")
    peers = {address: group.rules[0].peer.text for address, group in estate.groups.items()}
    assert peers == {address: address for address in ('aws_security_group.node["cp"]', 'aws_security_group.node["worker"]')}


def test_a_group_that_only_a_rule_names_is_somebody_whose_rules_are_not_seen() -> None:
    graph = graph_of("""
data "aws_security_group" "bastion" { name = "bastion" }
resource "aws_security_group" "a" {
  ingress {
    from_port       = 22
    to_port         = 22
    protocol        = "tcp"
    security_groups = [data.aws_security_group.bastion.id]
  }
}
""")
    zone = graph.zone("terraform:data.aws_security_group.bastion")
    assert zone is not None
    assert zone.foreign
    assert outbound(graph, "data.aws_security_group.bastion", tcp(22)).maybe == tcp(22) & NEW_FLOW


def test_whether_a_machine_is_in_a_group_made_elsewhere_is_not_known() -> None:
    graph = graph_of("""
variable "worker_group" { type = string }
resource "aws_security_group" "worker" { name = "worker" }
resource "aws_security_group" "cp" {
  ingress {
    from_port       = 50001
    to_port         = 50001
    protocol        = "tcp"
    security_groups = [var.worker_group]
  }
}
""")
    ends = [Endpoint(name, zones=frozenset({f"terraform:aws_security_group.{name}"})) for name in ("worker", "cp")]
    (way,) = graph.ways(*ends)
    found = bounds(way.crossings[-1].filter, way.crossings[-1].settle, tcp(50001) & NEW_FLOW)
    assert not found.surely
    assert found.maybe
