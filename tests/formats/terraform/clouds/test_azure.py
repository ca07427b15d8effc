"""Azure's groups: rules for every protocol but some ports, groups of one name, and subnets that only have ids."""

from __future__ import annotations

from auditor.model.headers import NEW_FLOW
from tests.formats.terraform.clouds.reading import estate_of, fates, graph_of, inbound, lines, of, ping, tcp, udp


def group(name: str, arguments: str = "") -> str:
    return f'resource "azurerm_network_security_group" "{name}" {{\n  name = "nsg"\n  {arguments}\n}}\n'


def arguments(access: str, port: str, protocol: str = "*") -> str:
    return f"""
    priority                   = 100
    direction                  = "Inbound"
    access                     = "{access}"
    protocol                   = "{protocol}"
    source_port_range          = "*"
    destination_port_range     = "{port}"
    source_address_prefix      = "*"
    destination_address_prefix = "*"
"""


def test_every_protocol_with_a_port_is_that_port_of_tcp_and_udp() -> None:
    graph = graph_of(group("a", f'security_rule {{\n name = "x"\n{arguments("Allow", "443")}\n}}'))
    address = "azurerm_network_security_group.a"
    outside = of("203.0.113.0/24")
    found = inbound(graph, address, (tcp(1, 65535) | udp(1, 65535)) & outside)
    assert found.surely == found.maybe == (tcp(443) | udp(443)) & outside & NEW_FLOW
    assert inbound(graph, address, ping() & outside).maybe
    assert not inbound(graph, address, ping() & outside).surely


RULE = """
resource "azurerm_network_security_rule" "{name}" {{
  name                        = "{name}"
  resource_group_name         = {place}
  network_security_group_name = {owner}
  {arguments}
}}
"""


def rule(name: str, owner: str, place: str = '"east"') -> str:
    return RULE.format(name=name, owner=owner, place=place, arguments=arguments("Allow", "22", "Tcp"))


PAIR = group("a", 'resource_group_name = "east"') + group("b", 'resource_group_name = "west"')


def test_of_groups_of_one_name_a_rule_means_the_one_it_takes_the_name_from() -> None:
    estate = estate_of(PAIR + rule("r", "azurerm_network_security_group.b.name", "null"))
    assert not lines(estate.groups["azurerm_network_security_group.a"])
    assert len(lines(estate.groups["azurerm_network_security_group.b"])) == 1


def test_of_groups_of_one_name_a_rule_means_the_one_of_its_resource_group() -> None:
    estate = estate_of(PAIR + rule("r", '"nsg"', '"west"'))
    assert not lines(estate.groups["azurerm_network_security_group.a"])
    assert len(lines(estate.groups["azurerm_network_security_group.b"])) == 1


def test_a_rule_may_be_of_each_group_that_has_its_name() -> None:
    estate = estate_of('variable "place" {}\n' + PAIR + rule("r", '"nsg"', "var.place"))
    for name in "ab":
        assert lines(estate.groups[f"azurerm_network_security_group.{name}"]) == ["in 100: permit tcp/22 from anywhere (may not exist)"]


def test_a_group_is_found_by_a_name_that_is_not_known() -> None:
    text = 'variable "name" {}\n' + group("a").replace('"nsg"', '"nsg-${var.name}"') + rule("r", "azurerm_network_security_group.a.name")
    assert lines(estate_of(text).groups["azurerm_network_security_group.a"]) == ["in 100: permit tcp/22 from anywhere"]


def test_a_group_stands_on_the_subnet_of_its_id_alone() -> None:
    estate = estate_of(
        group("a")
        + """
resource "azurerm_subnet_network_security_group_association" "x" {
  subnet_id                 = "/subscriptions/1/a"
  network_security_group_id = azurerm_network_security_group.a.id
}
resource "azurerm_network_interface" "here" {
  ip_configuration { subnet_id = "/subscriptions/1/a" }
}
resource "azurerm_network_interface" "there" {
  ip_configuration { subnet_id = "/subscriptions/1/b" }
}
"""
    )
    assert [carrier.address for carrier in estate.carriers] == ["azurerm_network_interface.here"]


def test_a_scale_set_is_in_the_application_groups_of_its_interfaces() -> None:
    text = (
        group("a", f'security_rule {{\n name = "x"\n{arguments("Allow", "22", "Tcp")}\n}}').replace(
            'destination_address_prefix = "*"', "destination_application_security_group_ids = [azurerm_application_security_group.web.id]"
        )
        + """
resource "azurerm_application_security_group" "web" { name = "web" }
resource "azurerm_linux_virtual_machine_scale_set" "m" {
  network_interface {
    network_security_group_id = azurerm_network_security_group.a.id
    ip_configuration {
      application_security_group_ids = [azurerm_application_security_group.web.id]
    }
  }
}
"""
    )
    assert fates(text, "azurerm_linux_virtual_machine_scale_set.m", "tcp/22") == {"passes"}


def test_a_group_that_may_not_exist_denies_nothing_surely() -> None:
    text = 'variable "x" {}\n' + group("a", "count = var.x ? 1 : 0")
    assert fates(text, "azurerm_network_security_group.a[0]", "tcp/22") == {"depends"}


def test_rules_of_a_group_made_elsewhere_may_come_before_the_ones_here() -> None:
    text = 'data "azurerm_network_security_group" "d" { name = "d" }\n' + rule("r", "data.azurerm_network_security_group.d.name")
    assert fates(text, "d", "tcp/22") == {"depends"}


def machine(*interfaces: str) -> str:
    """A machine with interfaces, each with the group of its name or without one."""
    made = "".join(
        f'resource "azurerm_network_interface" "{name}" {{\n}}\n'
        + (
            f'resource "azurerm_network_interface_security_group_association" "{name}" {{\n'
            f"  network_interface_id = azurerm_network_interface.{name}.id\n"
            f"  network_security_group_id = azurerm_network_security_group.{name}.id\n}}\n"
            if name in ("a", "b")
            else ""
        )
        for name in interfaces
    )
    ids = ", ".join(f"azurerm_network_interface.{name}.id" for name in interfaces)
    return made + f'resource "azurerm_linux_virtual_machine" "m" {{\n  network_interface_ids = [{ids}]\n}}\n'


def test_what_is_stopped_at_one_interface_of_a_machine_may_come_in_by_another() -> None:
    groups = group("a", f'security_rule {{\n name = "x"\n{arguments("Allow", "22", "Tcp")}\n}}') + group("b")
    for interfaces in (("a", "b"), ("b", "bare")):
        estate = estate_of(groups + machine(*interfaces))
        assert [each.address for each in estate.carriers] == [f"azurerm_network_interface.{name}" for name in interfaces]
        assert {each.of for each in estate.carriers} == {"azurerm_linux_virtual_machine.m"}
    assert fates(groups + machine("a", "b"), "azurerm_linux_virtual_machine.m", "tcp/22") == {"passes", "is blocked"}


def test_a_machine_whose_interfaces_carry_the_same_is_one() -> None:
    assert [each.address for each in estate_of(group("a") + machine("a")).carriers] == ["azurerm_linux_virtual_machine.m"]
    assert estate_of(machine("bare", "other")).carriers == []
