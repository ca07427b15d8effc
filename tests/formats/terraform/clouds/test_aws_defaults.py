"""What AWS makes by itself: default groups and ACLs, adopted or not, and the groups of instances that name none."""

from __future__ import annotations

import pytest

from tests.formats.terraform.clouds.reading import estate_of, fates, traps

NETWORK = """
variable "unset" {}
resource "aws_vpc" "v" { cidr_block = "10.0.0.0/16" }
resource "aws_subnet" "s" {
  vpc_id     = aws_vpc.v.id
  cidr_block = "10.0.1.0/24"
}
resource "aws_security_group" "ssh" {
  vpc_id = aws_vpc.v.id
  ingress {
    protocol    = "tcp"
    from_port   = 22
    to_port     = 22
    cidr_blocks = ["0.0.0.0/0"]
  }
}
"""
ADOPTED = 'resource "aws_default_security_group" "d" { vpc_id = aws_vpc.v.id }\n'
SSH = "vpc_security_group_ids = [aws_security_group.ssh.id]"


def instance(arguments: str) -> str:
    return f'resource "aws_instance" "i" {{\n  subnet_id = aws_subnet.s.id\n  {arguments}\n}}\n'


def rule(owner: str, number: int = 50) -> str:
    return f"""
resource "aws_network_acl_rule" "deny" {{
  network_acl_id = {owner}
  rule_number    = {number}
  rule_action    = "deny"
  protocol       = "tcp"
  from_port      = 22
  to_port        = 22
  cidr_block     = "0.0.0.0/0"
}}
"""


@pytest.mark.parametrize(
    ("acl", "fate"),
    [
        (rule("aws_vpc.v.default_network_acl_id"), "is blocked"),
        (rule("aws_vpc.v.default_network_acl_id", 150), "passes"),
        (rule("var.unset"), "depends"),
        (rule('var.unset ? "acl-1" : upper(jsondecode(var.unset).acl)'), "depends"),
        ('resource "aws_default_network_acl" "d" { default_network_acl_id = aws_vpc.v.default_network_acl_id }\n', "is blocked"),
        ('resource "aws_default_network_acl" "d" { default_network_acl_id = var.unset }\n', "depends"),
    ],
)
def test_an_acl_stands_where_its_id_says_and_may_stand_anywhere_if_that_is_not_known(acl: str, fate: str) -> None:
    assert fates(NETWORK + instance(SSH) + acl, "aws_instance.i", "tcp/22") == {fate}


def test_rules_of_an_adopted_acl_are_found_by_the_id_its_vpc_has_for_it() -> None:
    acl = 'resource "aws_default_network_acl" "d" { default_network_acl_id = aws_vpc.v.default_network_acl_id }\n'
    estate = estate_of(NETWORK + acl + rule("aws_vpc.v.default_network_acl_id"))
    assert len(estate.groups["aws_default_network_acl.d"].rules) == 1


def test_the_adopted_default_group_is_found_by_the_id_its_vpc_has_for_it() -> None:
    text = NETWORK + ADOPTED + instance("vpc_security_group_ids = [aws_vpc.v.default_security_group_id]")
    assert fates(text, "aws_instance.i", "tcp/22") == {"is blocked"}


TEMPLATE = 'resource "aws_launch_template" "t" {\n  name = "nodes"\n  vpc_security_group_ids = [aws_security_group.ssh.id]\n}\n'
INTERFACE = 'resource "aws_network_interface" "n" { subnet_id = aws_subnet.s.id }\n'
ATTACHMENT = """
resource "aws_network_interface_sg_attachment" "a" {{
  security_group_id    = aws_security_group.ssh.id
  network_interface_id = {}
}}
"""


@pytest.mark.parametrize(
    ("arguments", "fate"),
    [
        ("", "is blocked"),
        ("launch_template { id = aws_launch_template.t.id }", "passes"),
        ("launch_template { name = aws_launch_template.t.name }", "passes"),
        ('launch_template { name = "nodes" }', "passes"),
        ("launch_template { id = var.unset }", "depends"),
        ("network_interface { network_interface_id = aws_network_interface.n.id }", "is blocked"),
        ("network_interface { network_interface_id = var.unset }", "depends"),
    ],
)
def test_an_instance_without_groups_has_those_of_its_template_or_interface(arguments: str, fate: str) -> None:
    text = NETWORK + ADOPTED + TEMPLATE + INTERFACE + instance(arguments)
    assert fates(text, "aws_instance.i", "tcp/22") == {fate}


@pytest.mark.parametrize(
    ("interface", "fate"),
    [
        ("aws_network_interface.n.id", "passes"),
        ("aws_instance.i.primary_network_interface_id", "passes"),
        ("var.unset ? null : aws_network_interface.n.id", "depends"),
    ],
)
def test_a_group_put_on_an_interface_is_on_the_instance(interface: str, fate: str) -> None:
    text = NETWORK + ADOPTED + INTERFACE + instance("network_interface { network_interface_id = aws_network_interface.n.id }")
    assert fates(text + ATTACHMENT.format(interface), "aws_instance.i", "tcp/22") == {fate}


def test_nodes_do_not_carry_the_groups_that_may_reach_them() -> None:
    nodes = 'resource "aws_eks_node_group" "n" { remote_access { source_security_group_ids = [aws_security_group.ssh.id] } }\n'
    assert estate_of(NETWORK + nodes).carriers == []


def test_a_direction_that_is_none_is_said() -> None:
    assert "evaluation-error" in traps(
        estate_of(
            NETWORK
            + """
resource "aws_security_group_rule" "r" {
  type              = "Ingress"
  security_group_id = aws_security_group.ssh.id
  protocol          = "tcp"
  from_port         = 80
  to_port           = 80
  cidr_blocks       = ["0.0.0.0/0"]
}
"""
        )
    )


@pytest.mark.parametrize("name", ["aws_security_group.web.name", '"web"', "aws_security_group.web.id"])
def test_an_instance_may_name_its_groups_by_name(name: str) -> None:
    web = 'resource "aws_security_group" "web" { name = "web" }\n'
    assert fates(web + f'resource "aws_instance" "i" {{\n  security_groups = [{name}]\n}}\n', "aws_instance.i", "tcp/22") == {"is blocked"}
