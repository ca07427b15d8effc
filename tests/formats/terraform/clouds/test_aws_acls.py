"""AWS network ACLs: numbered, stateless, at the subnet's edge."""

from __future__ import annotations

from auditor.analysis.bounds import Bounds, bounds
from auditor.analysis.sites import inbound_sites
from auditor.model.graph import Place
from auditor.model.headers import NEW_FLOW, Protocol, icmp
from auditor.model.packets import EVERYTHING, PacketSet
from tests.formats.terraform.clouds.reading import graph_of, member_of, of, ping, tcp

SUBNET = 'resource "aws_subnet" "a" {\n  vpc_id     = "vpc-1"\n  cidr_block = "10.0.0.0/24"\n}\n'
AT_A = "terraform:aws_network_acl.acl/in@aws_subnet.a"


def acl(rules: str, more: str = "") -> str:
    return f'{SUBNET}resource "aws_network_acl" "acl" {{\n  vpc_id     = "vpc-1"\n  subnet_ids = [aws_subnet.a.id]\n{rules}}}\n{more}'


def rule(number: object, action: str, protocol: str, first: int, last: int, cidr: str, extra: str = "") -> str:
    return f"""
  ingress {{
    rule_no    = {number}
    action     = "{action}"
    protocol   = "{protocol}"
    from_port  = {first}
    to_port    = {last}
    cidr_block = "{cidr}"
    {extra}
  }}
"""


def into(text: str, question: PacketSet, id_: str = AT_A) -> Bounds:
    hook = next(hook for hook in graph_of(text).hooks if hook.id == id_)
    return bounds(hook.filter, member_of(), question & NEW_FLOW)


def test_the_lowest_number_decides_whatever_the_order_in_the_file() -> None:
    text = acl(rule(200, "allow", "tcp", 22, 22, "0.0.0.0/0") + rule(100, "DENY", "tcp", 22, 22, "10.0.0.0/8"))
    assert into(text, tcp(22)).surely == (tcp(22) & of("0.0.0.0/0") - of("10.0.0.0/8")) & NEW_FLOW


def test_an_acl_without_rules_denies_everything() -> None:
    assert not into(acl(""), EVERYTHING).maybe


def test_acls_are_stateless_and_stand_at_the_edge_of_their_subnets() -> None:
    hooks = graph_of(acl("")).hooks
    assert {(hook.zone, hook.place, hook.stateful) for hook in hooks} == {
        ("terraform:aws_subnet.a", Place.INBOUND, False),
        ("terraform:aws_subnet.a", Place.OUTBOUND, False),
    }


def test_icmp_without_type_and_code_is_echo_reply_alone() -> None:
    text = acl(rule(100, "allow", "icmp", 0, 0, "0.0.0.0/0"))
    assert not into(text, ping()).maybe
    assert into(text, icmp(Protocol.ICMP, 0, 0)).surely


def test_icmp_with_minus_one_is_any_type() -> None:
    text = acl(rule(100, "allow", "icmp", 0, 0, "0.0.0.0/0", "icmp_type = -1\n icmp_code = -1"))
    assert into(text, ping() & of("10.0.0.1")).surely == ping() & of("10.0.0.1") & NEW_FLOW


def test_a_rule_whose_number_is_not_known_may_come_first_and_comes_last_at_the_latest() -> None:
    text = 'variable "n" { type = number }\n' + acl(
        rule("var.n", "allow", "tcp", 22, 22, "0.0.0.0/0") + rule(100, "deny", "tcp", 22, 22, "10.0.0.0/8")
    )
    found = into(text, tcp(22))
    assert found.maybe == tcp(22) & of("0.0.0.0/0") & NEW_FLOW
    assert found.surely == (tcp(22) & of("0.0.0.0/0") - of("10.0.0.0/8")) & NEW_FLOW


def test_separate_rules_and_associations_add_up() -> None:
    text = (
        SUBNET
        + """
resource "aws_network_acl" "acl" { vpc_id = "vpc-1" }
resource "aws_network_acl_association" "a" {
  network_acl_id = aws_network_acl.acl.id
  subnet_id      = aws_subnet.a.id
}
resource "aws_network_acl_rule" "ssh" {
  network_acl_id = aws_network_acl.acl.id
  rule_number    = 100
  rule_action    = "allow"
  protocol       = 6
  from_port      = 22
  to_port        = 22
  cidr_block     = "10.0.0.0/8"
}
"""
    )
    assert into(text, tcp(22)).surely == tcp(22) & of("10.0.0.0/8") & NEW_FLOW


def test_an_adopted_default_acl_guards_the_subnets_that_no_other_does() -> None:
    text = """
resource "aws_vpc" "main" { cidr_block = "10.0.0.0/16" }
resource "aws_subnet" "a" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.0.0/24"
}
resource "aws_default_network_acl" "acl" {
  default_network_acl_id = aws_vpc.main.default_network_acl_id
}
"""
    assert not into(text, EVERYTHING, "terraform:aws_default_network_acl.acl/in@aws_subnet.a").maybe


def test_an_acl_that_lets_everything_in_is_not_the_last_filter_before_machines() -> None:
    assert list(inbound_sites(graph_of(acl(rule(100, "allow", "-1", 0, 0, "0.0.0.0/0"))))) == []
