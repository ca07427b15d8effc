"""Omni's cluster templates: whose patches are whose, and in which order they come."""

from __future__ import annotations

import pytest

from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.talos import FORMAT
from auditor.model.graph import Graph

CLUSTER = """\
kind: Cluster
name: home
kubernetes: {version: v1.34.1}
talos: {version: v1.13.9}
"""
BLOCK = "apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: block\n"


def rule(name: str, port: int = 50000) -> str:
    return (
        f"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: {name}\n"
        f"portSelector: {{ports: [{port}], protocol: tcp}}\ningress: [{{subnet: 10.0.0.0/8}}]\n"
    )


def load(template: str, **files: str) -> Graph:
    named = {f"{name.replace('__', '/')}.yaml": text for name, text in files.items()}
    tree = MemoryTree({"omni/home/cluster.yaml": template, **named})
    return FORMAT.load(tree, [path for path in tree.paths() if FORMAT.claims(path, tree.read_bytes(path)[:4096])], Options())


def own_rules(graph: Graph) -> dict[str, list[str]]:
    """The rules of each machine that filters, by what is behind the template in its id."""
    return {
        (hook.zone or "").partition("#")[2]: [rule.text.partition(" from")[0] for rule in hook.filter.rules if not rule.synthetic]
        for hook in graph.hooks
    }


def traps(graph: Graph) -> set[tuple[str, int]]:
    return {(note.trap, note.span.line) for note in graph.notes if not note.trap.endswith(("lockout", "overlay-port", "rule-drift"))}


def test_the_patches_of_the_control_plane_are_not_the_workers() -> None:
    graph = load(CLUSTER + "---\nkind: ControlPlane\nmachines: [a]\npatches: [{file: fw.yaml}]\n---\nkind: Workers\nmachines: [b]\n",
                 omni__home__fw=BLOCK + "---\n" + rule("apid"))  # fmt: skip
    assert own_rules(graph) == {"control-plane": ["apid: tcp 50000"]}
    assert [(zone.id, zone.values("role"), zone.values("cluster")) for zone in graph.zones] == [
        ("talos:omni/home/cluster.yaml#control-plane", ("control-plane",), ("home",)),
        ("talos:omni/home/cluster.yaml#worker", (), ("home",)),
    ]
    assert graph.read == (("omni/home/cluster.yaml", "talos"), ("omni/home/fw.yaml", "talos"))


def test_what_is_inline_may_be_a_document_several_or_a_text() -> None:
    text = "\n".join("      " + line for line in (BLOCK + "---\n" + rule("c", 3)).splitlines())
    parts = "[{apiVersion: v1alpha1, kind: NetworkRuleConfig, name: b, portSelector: {ports: [2], protocol: tcp}}]"
    inline = (
        f"patches:\n  - name: m\n    inline: {{machine: {{network: {{kubespan: {{enabled: true}}}}}}}}\n  - {{name: s, inline: {parts}}}\n"
    )
    graph = load(CLUSTER + inline + f"  - name: t\n    inline: |\n{text}\n---\nkind: Workers\nname: big\n")
    assert own_rules(graph) == {"big": ["c: tcp 3"]}  # b has no sources
    assert graph.zones[0].values("kubespan") == ("on",)
    assert graph.hooks[0].filter.rules[-1].span.line == 19


def test_the_cluster_comes_first_then_the_set_then_the_machine_and_ids_decide_within() -> None:
    template = CLUSTER + (
        "patches: [{file: f1.yaml}]\n---\nkind: Workers\nmachines: [a, b]\n"
        "patches: [{idOverride: 500-late, file: f2.yaml}, {file: f3.yaml}]\n---\nkind: Machine\nname: a\npatches: [{file: f4.yaml}]\n"
    )
    files = {f"omni__home__f{number}": rule("apid", number) for number in range(1, 5)}
    files["omni__home__f1"] += "---\n" + BLOCK
    assert own_rules(load(template, **files)) == {"worker": ["apid: tcp 2"], "a": ["apid: tcp 4"]}
    alone = template.replace("[a, b]", "[a]")
    assert own_rules(load(alone, **files)) == {"a": ["apid: tcp 4"]}


def test_a_file_is_found_from_where_omnictl_may_be_started() -> None:
    template = CLUSTER + "patches: [{file: omni/patches/fw.yaml}]\n---\nkind: Workers\n"
    assert own_rules(load(template, omni__patches__fw=BLOCK)) == {"worker": []}
    upwards = template.replace("omni/patches", "../patches")
    assert own_rules(load(upwards, omni__patches__fw=BLOCK)) == {"worker": []}


@pytest.mark.parametrize("file", ["gone.yaml", "../../../etc/passwd"])
def test_a_file_that_cannot_be_read_leaves_open_what_is_filtered(file: str) -> None:
    graph = load(CLUSTER + f"patches: [{{file: {file}}}]\n---\nkind: Workers\n")
    assert traps(graph) == {("missing-patch", 5)}
    assert [rule.text[:10] for rule in graph.hooks[0].filter.rules][1:] == ["undecided:"]


@pytest.mark.parametrize(
    ("more", "trap"),
    [
        ("patches: [{name: neither}]\n", "invalid-value"),
        ("patches: [{file: x.yaml, inline: {machine: {}}}]\n", "invalid-value"),
        ("patches: {file: x.yaml, inline: {}}\n", "invalid-value"),
        ("name: again\n", "repeated-key"),
        ("---\nkind: Wrokers\n", "unknown-kind"),
    ],
)
def test_a_template_that_omni_refuses_decides_nothing(more: str, trap: str) -> None:
    graph = load(CLUSTER + more + "---\nkind: Workers\n")
    assert {name for name, _ in traps(graph)} == {trap}
    assert [rule.text[:10] for rule in graph.hooks[0].filter.rules][1:] == ["undecided:"]


@pytest.mark.parametrize("text", [CLUSTER, CLUSTER + "features: [\n"])
def test_what_is_no_template_is_told(text: str) -> None:
    (note,) = load(text).notes
    assert (note.trap, note.level.value) == ("unparsable", "error")


def test_a_patch_that_the_template_does_not_use_has_no_effect() -> None:
    graph = load(CLUSTER + "---\nkind: Workers\n", omni__home__patches__fw=BLOCK)
    assert not graph.hooks
    assert [(note.trap, note.message) for note in graph.notes] == [
        ("unused-patch", "the cluster template of Omni's beside it does not use this file: it has no effect")
    ]


def test_omnis_own_discovery_service_is_at_an_address_that_is_not_said() -> None:
    graph = load(CLUSTER + "features: {useEmbeddedDiscoveryService: true}\n---\nkind: Workers\n")
    assert graph.zones[0].values("configured-discovery-service") == ("",)


def test_a_resource_of_kubernetes_is_no_template() -> None:
    assert not FORMAT.claims("c.yaml", b"apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: a}\n")
