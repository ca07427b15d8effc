"""Groups, networks and machines as zones of the graph."""

from __future__ import annotations

from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.terraform import FORMAT
from auditor.model.graph import Graph, Zone, ZoneKind
from auditor.model.headers import address_interval
from tests.formats.terraform.clouds.reading import graph_of

CLUSTER = """
resource "aws_vpc" "main" { cidr_block = "10.0.0.0/16" }
resource "aws_subnet" "a" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.0.0/24"
}
resource "aws_security_group" "node" {
  name   = "node-sg"
  vpc_id = aws_vpc.main.id
  tags   = { NodeType = "controlplane" }
}
resource "aws_security_group" "shared" {
  name   = "shared"
  vpc_id = aws_vpc.main.id
}
"""


def zone_of(graph: Graph, id_: str) -> Zone:
    zone = graph.zone(f"terraform:{id_}")
    assert zone is not None, [zone.id for zone in graph.zones]
    return zone


def test_a_group_is_a_zone_in_its_network_with_its_names_and_what_its_tags_say() -> None:
    zone = zone_of(graph_of(CLUSTER), "aws_security_group.node")
    assert zone.kind is ZoneKind.GROUP
    assert zone.networks == (address_interval("10.0.0.0/16"),)
    assert zone.values("name") == ("node-sg",)
    assert zone.values("tag:NodeType") == ("controlplane",)
    assert zone.values("role") == ("control-plane",)


def test_a_machine_is_in_all_its_groups_and_a_group_is_on_its_machines() -> None:
    graph = graph_of(
        CLUSTER
        + """
resource "aws_instance" "cp" {
  count                  = 3
  subnet_id              = aws_subnet.a.id
  vpc_security_group_ids = [aws_security_group.node.id, aws_security_group.shared.id]
}
"""
    )
    machine = zone_of(graph, "aws_instance.cp")
    assert machine.kind is ZoneKind.HOST
    assert machine.networks == (address_interval("10.0.0.0/24"),)
    assert {"terraform:aws_security_group.node", "terraform:aws_security_group.shared"} <= set(machine.inside)
    assert zone_of(graph, "aws_security_group.node").inside == (machine.id,)


def test_instances_with_different_groups_are_machines_of_their_own() -> None:
    graph = graph_of(
        CLUSTER
        + """
resource "aws_instance" "cp" {
  for_each               = { a = [aws_security_group.node.id], b = [aws_security_group.shared.id] }
  vpc_security_group_ids = each.value
}
"""
    )
    assert zone_of(graph, 'aws_instance.cp["a"]').inside[0] == "terraform:aws_security_group.node"
    assert zone_of(graph, 'aws_instance.cp["b"]').inside[0] == "terraform:aws_security_group.shared"


def test_a_machine_that_names_no_group_has_the_adopted_default_one() -> None:
    graph = graph_of(
        CLUSTER
        + 'resource "aws_default_security_group" "d" { vpc_id = aws_vpc.main.id }\n'
        + 'resource "aws_instance" "x" { subnet_id = aws_subnet.a.id }\n'
    )
    assert zone_of(graph, "aws_instance.x").inside[0] == "terraform:aws_default_security_group.d"


def test_a_machine_with_the_unmanaged_default_group_may_let_anything_through() -> None:
    graph = graph_of(CLUSTER + 'resource "aws_instance" "x" { subnet_id = aws_subnet.a.id }\n')
    assert {hook.zone for hook in graph.hooks if "x" in (hook.zone or "")} == {"terraform:aws_instance.x"}


def test_a_machine_has_the_groups_of_its_interface() -> None:
    graph = graph_of(
        CLUSTER
        + """
resource "aws_network_interface" "i" {
  subnet_id       = aws_subnet.a.id
  security_groups = [aws_security_group.node.id]
}
resource "aws_instance" "x" {
  network_interface {
    device_index         = 0
    network_interface_id = aws_network_interface.i.id
  }
}
"""
    )
    assert zone_of(graph, "aws_instance.x").inside[0] == "terraform:aws_security_group.node"


def test_a_load_balancer_is_a_service() -> None:
    graph = graph_of(CLUSTER + 'resource "aws_lb" "control_plane" { security_groups = [aws_security_group.shared.id] }\n')
    assert zone_of(graph, "aws_lb.control_plane").values("service") == ("aws_lb",)


def test_the_edge_of_a_guarded_subnet_is_where_its_machines_are() -> None:
    graph = graph_of(
        CLUSTER
        + """
resource "aws_network_acl" "n" {
  vpc_id     = aws_vpc.main.id
  subnet_ids = [aws_subnet.a.id]
}
resource "aws_instance" "x" {
  subnet_id              = aws_subnet.a.id
  vpc_security_group_ids = [aws_security_group.node.id]
}
"""
    )
    assert "terraform:aws_subnet.a" in zone_of(graph, "aws_instance.x").inside
    assert [hook.id for hook in graph.hooks if hook.zone == "terraform:aws_subnet.a"] == [
        "terraform:aws_network_acl.n/in@aws_subnet.a",
        "terraform:aws_network_acl.n/out@aws_subnet.a",
    ]


def test_groups_of_one_provider_unite_and_ordered_ones_stand_alone() -> None:
    graph = graph_of(CLUSTER + 'resource "azurerm_network_security_group" "z" { name = "z" }\n')
    unions = {hook.zone: hook.union for hook in graph.hooks}
    assert unions["terraform:aws_security_group.node"] == unions["terraform:aws_security_group.shared"] is not None
    assert unions["terraform:azurerm_network_security_group.z"] is None


def test_roots_that_use_one_address_are_told_apart_by_their_directory() -> None:
    text = 'resource "aws_security_group" "a" { name = "a" }\n'
    tree = MemoryTree({"prod/main.tf": text, "test/main.tf": text})
    graph = FORMAT.load(tree, tree.paths(), Options())
    assert {zone.id for zone in graph.zones} == {"terraform:prod:aws_security_group.a", "terraform:test:aws_security_group.a"}


def test_variable_files_of_an_input_lie_beside_it() -> None:
    text = 'variable "cidr" { type = string }\nresource "aws_vpc" "v" { cidr_block = var.cidr }\n'
    tree = MemoryTree({"infra/main.tf": text, "infra/prod.tfvars": 'cidr = "10.9.0.0/16"\n'})
    graph = FORMAT.load(tree, tree.paths(), Options(var_files_of={"infra": ("prod.tfvars",)}))
    assert zone_of(graph, "aws_vpc.v").networks == (address_interval("10.9.0.0/16"),)


def test_ipv6_that_amazon_assigns_is_somewhere_in_its_public_space() -> None:
    graph = graph_of('resource "aws_vpc" "v" {\n  cidr_block = "10.0.0.0/16"\n  assign_generated_ipv6_cidr_block = true\n}\n')
    assert zone_of(graph, "aws_vpc.v").networks == (address_interval("10.0.0.0/16"), address_interval("2000::/3"))


def test_a_network_whose_ipv4_is_not_known_is_not_bounded() -> None:
    graph = graph_of('variable "c" {}\nresource "aws_vpc" "v" { cidr_block = var.c }\n')
    assert zone_of(graph, "aws_vpc.v").networks is None
    assert zone_of(graph, "aws_vpc.v").references == {"var.c"}
