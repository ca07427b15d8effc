"""Talos patches inside Terraform."""

from __future__ import annotations

from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.terraform.talos import TalosMachine, talos_machines


def machines(text: str, **more: str) -> tuple[TalosMachine, ...]:
    tree = MemoryTree({"main.tf": text, **{name.replace("__", "/"): each for name, each in more.items()}})
    return talos_machines(tree, tree.paths(), Options())


def test_patches_are_evaluated_and_keep_their_order_and_place() -> None:
    (machine,) = machines("""
variable "vpc_cidr" { default = "10.0.0.0/16" }
data "talos_machine_configuration" "cp" {
  machine_type     = "controlplane"
  cluster_name     = "demo"
  cluster_endpoint = "https://10.0.0.1:6443"
  talos_version    = "v1.9"
  config_patches = [
    yamlencode({ machine = { kubelet = { nodeIP = { validSubnets = [var.vpc_cidr] } } } }),
    <<-EOT
      apiVersion: v1alpha1
      kind: NetworkDefaultActionConfig
      ingress: block
    EOT
  ]
}
""")
    assert (machine.name, machine.machine_type, machine.version) == ("data.talos_machine_configuration.cp", "controlplane", "v1.9")
    first, second = machine.patches
    assert first.text is not None
    assert "10.0.0.0/16" in first.text
    assert first.span.line == 9
    assert second.text == "apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: block\n"
    assert (second.first_line, second.indent) == (11, 6)


def test_patches_of_the_apply_come_after_those_of_the_configuration() -> None:
    (machine,) = machines("""
data "talos_machine_configuration" "cp" {
  machine_type   = "controlplane"
  config_patches = ["a: 1"]
}
resource "talos_machine_configuration_apply" "cp" {
  for_each                    = toset(["10.0.0.2"])
  machine_configuration_input = data.talos_machine_configuration.cp.machine_configuration
  node                        = each.key
  config_patches              = ["b: 2"]
}
""")
    assert machine.name == 'talos_machine_configuration_apply.cp["10.0.0.2"]'
    assert machine.machine_type == "controlplane"
    assert machine.addresses == ("10.0.0.2",)
    assert [patch.text for patch in machine.patches] == ["a: 1", "b: 2"]


def test_a_patch_that_is_not_known_says_why() -> None:
    (machine,) = machines("""
variable "patch" { type = string }
data "talos_machine_configuration" "cp" {
  machine_type   = "worker"
  config_patches = [var.patch, "a: 1"]
}
""")
    assert [(patch.text, patch.unknown) for patch in machine.patches] == [(None, "variable patch has no value"), ("a: 1", "")]


def test_what_is_known_of_a_patch_is_read_around_the_gaps() -> None:
    (machine,) = machines("""
resource "aws_lb" "api" {}
data "talos_machine_configuration" "cp" {
  machine_type   = "controlplane"
  config_patches = [
    yamlencode({ machine = { certSANs = [aws_lb.api.dns_name, "lb.${aws_lb.api.name}"] } }),
    "machine: {network: {hostname: ${aws_lb.api.name}}}",
  ]
}
""")
    first, second = (patch.text for patch in machine.patches)
    assert first == '"machine":\n  "certSANs":\n  - "${…}"\n  - "lb.${…}"\n'
    assert second == "machine: {network: {hostname: ${…}}}"
