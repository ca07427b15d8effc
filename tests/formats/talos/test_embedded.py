"""Patches inside another language: merged as others, blamed where they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.audit import audit
from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.talos.embedded import EmbeddedMachine, EmbeddedPatch, embedded_graph
from auditor.model.graph import Graph
from auditor.model.source import Span
from auditor.nested import talos_in_terraform

BLOCK = "apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: block\n"
WEB = """apiVersion: v1alpha1
kind: NetworkRuleConfig
name: web
portSelector: {ports: [80], protocol: tcp}
ingress:
  - subnet: 10.0.0.0/8
"""
PLACE = Span("main.tf", 7, 5, 20, 6)


def load(*patches: EmbeddedPatch) -> Graph:
    machine = EmbeddedMachine("data.talos_machine_configuration.worker", PLACE, "worker", patches)
    return embedded_graph([machine], Options())


def test_a_machine_is_a_host_of_its_role() -> None:
    (zone,) = load(EmbeddedPatch(BLOCK, PLACE)).zones
    assert (zone.id, zone.values("role")) == ("talos:data.talos_machine_configuration.worker", ("worker",))


def test_an_encoded_patch_is_blamed_at_its_expression() -> None:
    (hook,) = load(EmbeddedPatch(BLOCK, PLACE), EmbeddedPatch(WEB, PLACE)).hooks
    assert [rule.span for rule in hook.filter.rules if not rule.synthetic] == [PLACE]


def test_a_heredoc_is_blamed_at_its_own_line() -> None:
    (hook,) = load(EmbeddedPatch(BLOCK, PLACE), EmbeddedPatch(WEB, PLACE, first_line=8, indent=6)).hooks
    assert [str(rule.span) for rule in hook.filter.rules if not rule.synthetic] == ["main.tf:13:19"]


def test_a_patch_without_a_value_leaves_open_what_is_filtered() -> None:
    graph = load(EmbeddedPatch(BLOCK, PLACE), EmbeddedPatch(None, PLACE, "variable patches has no value"))
    assert graph.zones[0].values("host-firewall") == ("unknown",)
    reasons = [rule.text for rule in graph.hooks[0].filter.rules]
    assert "undecided: variable patches has no value" in reasons


def test_a_quoted_port_is_refused_at_the_expression() -> None:
    (note,) = (note for note in load(EmbeddedPatch(WEB.replace("[80]", '["80"]'), PLACE)).notes if note.trap == "quoted-port")
    assert note.span == PLACE


def terraform(patches: str, files: dict[str, str] | None = None, before: str = "") -> Graph:
    data = f'data "talos_machine_configuration" "w" {{\n  machine_type = "worker"\n  config_patches = {patches}\n}}\n'
    return talos_in_terraform(MemoryTree({"main.tf": before + data, **(files or {})}), ["main.tf"], Options())


def written(graph: Graph) -> list[tuple[str, str, bool]]:
    """The user's rules: text, place, and whether they are sure."""
    rules = [each for hook in graph.hooks for each in hook.filter.rules if not each.synthetic]
    matches = [each.condition.settle(lambda _: None) for each in rules]
    return [(each.text, str(each.span), match.surely == match.maybe) for each, match in zip(rules, matches, strict=True)]


BOTH = BLOCK + "---\n" + WEB


def test_a_patch_in_a_file_is_blamed_at_its_line_there() -> None:
    graph = terraform('[file("${path.module}/web.yaml")]', {"web.yaml": BOTH})
    assert written(graph) == [("web: tcp 80 from 10.0.0.0/8", "web.yaml:10:13", True)]
    assert graph.read == (("web.yaml", "talos"),)


def test_a_rendered_patch_is_blamed_at_its_line_while_its_lines_are_the_templates() -> None:
    template = BOTH.replace("10.0.0.0/8", '"${net}"')
    assert written(terraform('[templatefile("web.tftpl", { net = "10.1.0.0/16" })]', {"web.tftpl": template})) == [
        ("web: tcp 80 from 10.1.0.0/16", "web.tftpl:10:13", True)
    ]
    loop = BOTH.replace("  - subnet: 10.0.0.0/8\n", "%{ for net in nets ~}\n  - subnet: ${net}\n%{ endfor ~}\n")
    assert written(terraform('[templatefile("web.tftpl", { nets = ["10.1.0.0/16"] })]', {"web.tftpl": loop})) == [
        ("web: tcp 80 from 10.1.0.0/16", "web.tftpl:1:1", True)
    ]


@pytest.mark.parametrize("sources", ["[for net in var.nets : { subnet = net }]", "var.nets"])
def test_a_list_without_a_value_is_no_mistake(sources: str) -> None:
    rule = f'{{ apiVersion = "v1alpha1", kind = "NetworkRuleConfig", name = "a", ingress = {sources}'
    patch = f'yamlencode({rule}, portSelector = {{ ports = [80], protocol = "tcp" }} }})'
    graph = terraform(f'[file("block.yaml"), {patch}]', {"block.yaml": BLOCK}, 'variable "nets" {}\n')
    assert {note.trap for note in graph.notes} <= {"unresolved-variable", "lockout"}
    assert [sure for _, _, sure in written(graph)] == [False]


def test_a_loop_over_what_has_no_value_leaves_open_what_is_filtered() -> None:
    loop = "<<-EOT\n" + BOTH + "%{ for net in var.nets ~}\n  - subnet: ${net}\n%{ endfor ~}\nEOT\n"
    graph = terraform(f"[{loop}]", None, 'variable "nets" {}\n')
    assert {note.trap for note in graph.notes} == {"unresolved-variable"}
    assert graph.zones[0].values("host-firewall") == ("unknown",)


def test_rules_whose_names_have_no_value_do_not_replace_each_other() -> None:
    web = WEB.replace("name: web", 'name: "${name}"')
    one, two = (f'templatefile("web.tftpl", {{ name = var.{name}, port = {port} }})' for name, port in (("a", 80), ("b", 81)))
    files = {"web.tftpl": web.replace("[80]", "[${port}]"), "block.yaml": BLOCK}
    graph = terraform(f'[file("block.yaml"), {one}, {two}]', files, 'variable "a" {}\nvariable "b" {}\n')
    assert [text for text, _, _ in written(graph)] == ["${…}: tcp 80 from 10.0.0.0/8", "${…}: tcp 81 from 10.0.0.0/8"]


def test_the_name_of_a_file_as_a_patch_is_no_patch() -> None:
    graph = terraform('["@web.yaml"]', {"web.yaml": BOTH})
    assert graph.notes == ()
    assert graph.zones[0].values("host-firewall") == ("unknown",)


def test_a_patch_that_terraform_reads_is_for_nobody_else(tmp_path: Path) -> None:
    main = 'data "talos_machine_configuration" "w" {\n  machine_type = "worker"\n  config_patches = [file("patches/web.yaml")]\n}\n'
    (tmp_path / "main.tf").write_text(main)
    (tmp_path / "patches").mkdir()
    (tmp_path / "patches/web.yaml").write_text(BOTH)
    run = audit([tmp_path])
    assert {binding.role: binding.target for binding in run.bindings if "talos:" in binding.target} == {
        "worker": "talos:data.talos_machine_configuration.w"
    }


UNSET = 'variable "on" { type = bool }\n'


def test_a_rule_behind_a_condition_that_is_not_known_may_be_there() -> None:
    graph = terraform('concat([file("block.yaml")], var.on ? [file("web.yaml")] : [])', {"block.yaml": BLOCK, "web.yaml": WEB}, UNSET)
    assert graph.zones[0].values("host-firewall") == ("block",)
    assert written(graph) == [("web: tcp 80 from 10.0.0.0/8", "web.yaml:6:13", False)]


@pytest.mark.parametrize("patches", ['var.on ? [file("block.yaml")] : []', '["{}", var.on ? file("block.yaml") : file("web.yaml")]'])
def test_a_default_action_behind_such_a_condition_leaves_open_what_is_filtered(patches: str) -> None:
    graph = terraform(patches, {"block.yaml": BLOCK, "web.yaml": WEB}, UNSET)
    assert graph.zones[0].values("host-firewall") == ("unknown",)


def test_a_rule_given_twice_by_such_a_condition_leaves_open_what_is_filtered() -> None:
    files = {"block.yaml": BLOCK, "web.yaml": WEB, "wide.yaml": WEB.replace("10.0.0.0/8", "0.0.0.0/0")}
    graph = terraform('[file("block.yaml"), var.on ? file("web.yaml") : file("wide.yaml")]', files, UNSET)
    assert graph.zones[0].values("host-firewall") == ("unknown",)


def test_a_disk_behind_such_a_condition_has_nothing_to_do_with_the_filter() -> None:
    disk = "apiVersion: v1alpha1\nkind: UserVolumeConfig\nname: data\nprovisioning: {minSize: 1GB}\n"
    labels = "machine: {nodeLabels: {a: b}}\n"
    files = {"block.yaml": BOTH, "disk.yaml": disk, "labels.yaml": labels}
    graph = terraform('concat([file("block.yaml")], var.on ? [file("disk.yaml"), file("labels.yaml")] : [])', files, UNSET)
    assert written(graph) == [("web: tcp 80 from 10.0.0.0/8", "block.yaml:10:13", True)]


def test_a_mistake_behind_such_a_condition_is_told() -> None:
    files = {"block.yaml": BLOCK, "web.yaml": WEB.replace("[80]", '["80"]')}
    graph = terraform('concat([file("block.yaml")], var.on ? [file("web.yaml")] : [])', files, UNSET)
    assert [(note.trap, str(note.span)) for note in graph.notes if note.level == "error"] == [("quoted-port", "web.yaml:4:24")]


PROVIDER = 'terraform {\n  required_providers {\n    talos = { source = "siderolabs/talos", version = "%s" }\n  }\n}\n'
OPERATION = 'jsonencode([{ op = "add", path = "/machine/sysctls/a", value = "b" }])'


@pytest.mark.parametrize(
    ("asked", "refused"), [("0.9.0", False), ("~> 0.9.1", False), ("0.10.1", True), ("~> 0.9", True), (">= 0.6", True)]
)
def test_the_provider_decides_whether_json_patches_still_apply(asked: str, refused: bool) -> None:
    graph = terraform(f"[{OPERATION}]", None, PROVIDER % asked)
    assert ("json-patch" in {note.trap for note in graph.notes}) is refused
