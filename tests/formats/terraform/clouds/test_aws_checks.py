"""When AWS's traps are not sprung: what is usual must not be remarked on."""

from __future__ import annotations

from tests.formats.terraform.clouds.reading import GROUP_A, estate_of, traps

RULE = """
resource "aws_vpc_security_group_{direction}_rule" "{name}" {{
  security_group_id = aws_security_group.a.id
  ip_protocol       = "tcp"
  from_port         = {port}
  to_port           = {port}
  cidr_ipv4         = "{cidr}"
}}
"""


def rule(name: str, port: int = 443, cidr: str = "10.0.0.0/8", direction: str = "ingress") -> str:
    return RULE.format(name=name, port=port, cidr=cidr, direction=direction)


def test_separate_rules_alone_are_what_they_should_be() -> None:
    assert traps(estate_of(GROUP_A + rule("a", 443) + rule("b", 80) + rule("c", direction="egress"))) == set()


def test_the_same_ports_from_another_network_are_no_duplicate() -> None:
    assert traps(estate_of(GROUP_A + rule("a", cidr="10.0.0.0/9") + rule("b", cidr="10.128.0.0/9"))) == set()


def test_a_service_needs_no_egress() -> None:
    assert "no-egress" not in traps(
        estate_of(GROUP_A + 'resource "aws_db_instance" "d" { vpc_security_group_ids = [aws_security_group.a.id] }')
    )


def test_without_any_machine_in_the_configuration_no_group_is_called_unused() -> None:
    assert "group-not-attached" not in traps(estate_of(GROUP_A + rule("a")))


def test_a_group_that_may_be_given_to_a_module_is_not_called_unused() -> None:
    estate = estate_of(
        GROUP_A
        + 'resource "aws_security_group" "b" { name = "b" }\n'
        + 'resource "aws_instance" "i" { vpc_security_group_ids = [aws_security_group.b.id] }\n'
        + 'module "m" {\n  source = "example/x/aws"\n  group  = aws_security_group.a.id\n}\n'
    )
    assert "group-not-attached" not in traps(estate)


def test_ports_minus_one_with_every_protocol_are_fine() -> None:
    estate = estate_of("""
resource "aws_security_group" "a" {
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
""")
    assert traps(estate) == set()


def test_ping_is_no_port() -> None:
    estate = estate_of("""
resource "aws_security_group" "a" {
  ingress {
    from_port   = 8
    to_port     = 0
    protocol    = "icmp"
    cidr_blocks = ["10.0.0.0/8"]
  }
}
""")
    assert traps(estate) == set()


def test_an_empty_list_without_separate_rules_says_what_it_means() -> None:
    assert traps(estate_of('resource "aws_security_group" "a" {\n  ingress = []\n  egress  = []\n}\n')) == set()


def test_one_family_is_enough_in_a_network_without_the_other() -> None:
    text = 'resource "aws_vpc" "v" { cidr_block = "10.0.0.0/16" }\nresource "aws_security_group" "a" { vpc_id = aws_vpc.v.id }\n'
    assert "ipv4-only" not in traps(estate_of(text + rule("a", cidr="0.0.0.0/0")))


def test_both_families_open_is_not_one() -> None:
    text = (
        'resource "aws_vpc" "v" {\n cidr_block = "10.0.0.0/16"\n assign_generated_ipv6_cidr_block = true\n}\n'
        'resource "aws_security_group" "a" {\n vpc_id = aws_vpc.v.id\n ingress {\n from_port = 443\n to_port = 443\n protocol = "tcp"\n'
        ' cidr_blocks = ["0.0.0.0/0"]\n ipv6_cidr_blocks = ["::/0"]\n }\n}\n'
    )
    assert "ipv4-only" not in traps(estate_of(text))
