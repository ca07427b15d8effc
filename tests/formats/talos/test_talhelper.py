"""talhelper's inventory: who is who, what is generated, and in which order patches come."""

from __future__ import annotations

import pytest

from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.talos import FORMAT
from auditor.model.graph import Graph, Hook
from auditor.model.source import Effect

HEAD = """clusterName: home
talosVersion: v1.13.9
endpoint: https://10.0.0.1:6443
cniConfig: {name: none}
"""
FIREWALL = """ingressFirewall:
      defaultAction: block
      rules:
        - name: apid
          portSelector: {ports: [50000], protocol: tcp}
          ingress: [{subnet: 10.0.0.0/8}]
"""


def load(**files: str) -> Graph:
    named = {name.replace("__", "/") + ".yaml": text for name, text in files.items()}
    tree = MemoryTree(dict(named))
    return FORMAT.load(tree, [path for path in tree.paths() if FORMAT.claims(path, tree.read_bytes(path))], Options())


def rules(hook: Hook) -> list[str]:
    return [rule.text for rule in hook.filter.rules if not rule.synthetic]


def rule(name: str, subnet: str) -> str:
    return (
        f"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: {name}\n"
        f"portSelector: {{ports: [80], protocol: tcp}}\ningress: [{{subnet: '{subnet}'}}]\n"
    )


def test_each_node_is_a_host_with_its_role_and_exact_address() -> None:
    graph = load(
        talconfig=HEAD
        + "nodes:\n  - {hostname: cp1, ipAddress: 10.0.0.11, controlPlane: true}\n  - {hostname: wk1, ipAddress: 10.0.0.21}\n"
    )
    assert [(zone.id, zone.values("role"), zone.exact) for zone in graph.zones] == [
        ("talos:talconfig.yaml#cp1", ("control-plane",), True),
        ("talos:talconfig.yaml#wk1", ("worker",), True),
    ]
    assert graph.zones[0].values("hostname") == ("cp1",)


def test_a_firewall_on_the_node_replaces_the_groups_as_a_whole() -> None:
    own = FIREWALL.replace("apid", "own")
    text = HEAD + f"nodes:\n  - hostname: wk1\n    ipAddress: 10.0.0.21\n    {own}worker:\n    {FIREWALL}"
    (hook,) = load(talconfig=text).hooks
    assert rules(hook) == ["own: tcp 50000 from 10.0.0.0/8"]


def test_a_node_takes_the_firewall_of_its_group() -> None:
    text = HEAD + f"nodes:\n  - {{hostname: cp1, ipAddress: 10.0.0.11, controlPlane: true}}\ncontrolPlane:\n    {FIREWALL}"
    (hook,) = load(talconfig=text).hooks
    assert rules(hook) == ["apid: tcp 50000 from 10.0.0.0/8"]
    assert str(hook.filter.rules[-1].span) == "talconfig.yaml:13:30"


def test_patches_come_group_then_node_then_global() -> None:
    text = HEAD + (
        'nodes:\n  - {hostname: wk1, ipAddress: 10.0.0.21, patches: ["@./node.yaml"]}\n'
        'patches: ["@./all.yaml"]\nworker: {patches: ["@./group.yaml"]}\n'
    )
    graph = load(talconfig=text, node=rule("web", "10.2.0.0/16"), all=rule("web", "10.3.0.0/16"), group=rule("web", "10.1.0.0/16"))
    (hook,) = graph.hooks
    assert [str(each.span) for each in hook.filter.rules if not each.synthetic] == ["all.yaml:5:1"]
    told = [note for note in graph.notes if note.trap == "rule-lists-replaced"]
    assert [(note.span.path, note.related[0][1].path) for note in told] == [("node.yaml", "group.yaml"), ("all.yaml", "node.yaml")]


def test_override_patches_leaves_the_groups_out() -> None:
    text = HEAD + (
        'nodes:\n  - {hostname: wk1, ipAddress: 10.0.0.21, overridePatches: true, patches: ["@./node.yaml"]}\n'
        'worker: {patches: ["@./group.yaml"]}\n'
    )
    (hook,) = load(talconfig=text, node=rule("node", "10.2.0.0/16"), group=rule("group", "10.1.0.0/16")).hooks
    assert [each.name for each in hook.filter.rules if not each.synthetic] == ["node"]


def test_an_inline_patch_is_blamed_at_its_own_line() -> None:
    body = "".join(f"        {line}\n" for line in rule("web", "10.1.0.0/16").splitlines())
    text = HEAD + f"nodes:\n  - hostname: wk1\n    ipAddress: 10.0.0.21\n    patches:\n      - |-\n{body}"
    (hook,) = load(talconfig=text).hooks
    (web,) = [each for each in hook.filter.rules if not each.synthetic]
    assert text.splitlines()[web.span.line - 1][web.span.column - 1 :].startswith("ingress: [{subnet: '10.1.0.0/16'}]")


def test_a_file_that_is_not_there_leaves_what_is_filtered_open() -> None:
    text = HEAD + f'nodes:\n  - hostname: wk1\n    ipAddress: 10.0.0.21\n    patches: ["@./gone.yaml"]\n    {FIREWALL}'
    graph = load(talconfig=text)
    assert [note.trap for note in graph.notes] == ["missing-patch"]
    assert graph.zones[0].values("host-firewall") == ("unknown",)


def test_a_patch_outside_of_the_tree_is_not_read() -> None:
    text = HEAD + 'nodes:\n  - {hostname: wk1, ipAddress: 10.0.0.21, patches: ["@../../etc/passwd"]}\n'
    assert [note.trap for note in load(talconfig=text).notes] == ["missing-patch"]


def test_the_escaped_delete_is_a_delete_in_a_file_that_talhelper_reads() -> None:
    text = HEAD + f'nodes:\n  - hostname: wk1\n    ipAddress: 10.0.0.21\n    patches: ["@./open.yaml"]\n    {FIREWALL}'
    delete = "apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: apid\n$$patch: delete\n"
    graph = load(talconfig=text, open=delete)
    assert [note.trap for note in graph.notes] == ["lockout"]


def test_variables_come_from_talenv_and_the_others_stay_open() -> None:
    text = HEAD + 'nodes:\n  - {hostname: wk1, ipAddress: "${WK1}", patches: ["@./web.yaml"]}\n'
    patch = rule("web", "${OFFICE}")
    known = load(talconfig=text, web=patch, talenv="WK1: 10.0.0.21\nOFFICE: 192.168.0.0/16\n")
    assert [each.text for each in known.hooks[0].filter.rules if not each.synthetic] == ["web: tcp 80 for all but its sources"]
    assert known.zones[0].exact
    assert [note.trap for note in load(talconfig=text, web=patch).notes] == ["unresolved-variable"]


def test_networks_and_cni_are_facts_of_every_node() -> None:
    text = HEAD + "clusterPodNets: [10.1.0.0/16]\nclusterSvcNets: [10.2.0.0/16]\nnodes:\n  - {hostname: wk1, ipAddress: 10.0.0.21}\n"
    (zone,) = load(talconfig=text).zones
    assert [zone.values(key) for key in ("pod-network", "service-network", "cni")] == [("10.1.0.0/16",), ("10.2.0.0/16",), ("none",)]


def test_an_inventory_that_is_none_is_told() -> None:
    assert [note.trap for note in load(talconfig="clusterName: home\nendpoint: https://10.0.0.1:6443\nnodes: []\n").notes] == ["unparsable"]
    assert [note.trap for note in load(talconfig="clusterName: home\nendpoint: [\n").notes] == ["unparsable"]


def test_nameservers_are_a_document_of_their_own_from_1_12_on() -> None:
    node = "nodes:\n  - {hostname: wk1, ipAddress: 10.0.0.21, nameservers: [10.0.0.53]}\n"
    patch = 'patches: ["@./dns.yaml"]\n'
    graph = load(talconfig=HEAD + node + patch, dns="apiVersion: v1alpha1\nkind: ResolverConfig\nnameservers: [{address: 10.0.0.54}]\n")
    assert graph.zones[0].values("resolver") == ("10.0.0.53", "10.0.0.54")
    assert {note.trap for note in graph.notes} == {"list-appended"}


WHOLE = "version: v1alpha1\nmachine: {type: controlplane}\ncluster: {controlPlane: {endpoint: 'https://10.0.0.1:6443'}}\n"


def test_what_talhelper_rendered_is_not_read_beside_its_source_and_what_it_did_not_is() -> None:
    text = HEAD + "nodes:\n  - {hostname: cp1, ipAddress: 10.0.0.11, controlPlane: true}\n"
    graph = load(talconfig=text, clusterconfig__home_cp1=WHOLE, controlplane=WHOLE)
    assert [zone.id for zone in graph.zones] == ["talos:talconfig.yaml#cp1", "talos:controlplane.yaml"]
    assert [(note.trap, note.span.path) for note in graph.notes] == [("rendered-beside", "clusterconfig/home_cp1.yaml")]


def notes(graph: Graph, trap: str) -> list[tuple[int, str]]:
    return [(note.span.line, note.message.rpartition("; ")[2]) for note in graph.notes if note.trap == trap]


def test_a_key_that_talhelper_passes_over_is_told_with_what_was_meant() -> None:
    node = "nodes:\n  - hostname: wk1\n    ipAddress: 10.0.0.21\n    ingresFirewall: {}\n    clusterPodNets: []\n    inlinePatch: {}\n"
    graph = load(talconfig=HEAD + node + "x-anchors: {}\npatchess: []\ningressFirewall: {}\n")
    assert notes(graph, "talhelper-key") == [
        (12, "is patches meant?"),
        (13, "it belongs to a node, or under controlPlane or worker"),
        (8, "is ingressFirewall meant?"),
        (9, "it belongs at the top"),
        (10, "talhelper knows no key inlinePatch here and passes over it: it has no effect"),
    ]


@pytest.mark.parametrize(
    ("node", "line"),
    [
        ("    patches: '@./x.yaml'\n", 8),
        ("    patches:\n      - machine: {}\n", 9),
        ("    ingressFirewall: block\n", 8),
        ("    ingressFirewall: {defaultAction: block, rules: [apid]}\n", 8),
        ("    ingressFirewall: {defaultAction: block, rules: {name: apid}}\n", 8),
        ("    controlPlane: worker\n", 8),
        ("  - wk2\n", 8),
        ("    hostname: wk2\n", 8),
    ],
)
def test_a_file_of_another_shape_is_refused_and_decides_nothing(node: str, line: int) -> None:
    graph = load(
        talconfig=HEAD + "nodes:\n  - hostname: wk1\n    ipAddress: 10.0.0.21\n" + node + f"worker:\n  {FIREWALL.replace('      ', '    ')}"
    )
    (refusal,) = (note for note in graph.notes if note.effect is Effect.REFUSED)
    assert refusal.span.line == line
    assert [rule.text for rule in graph.hooks[0].filter.rules][1:] == [
        "undecided: Talos refuses this configuration, and the node keeps the one it has"
    ]


def test_nodes_that_are_no_list_are_refused() -> None:
    graph = load(talconfig=HEAD + "nodes: {hostname: wk1}\n")
    assert [note.span.line for note in graph.notes] == [5, 1]


def test_a_node_whose_role_is_filled_in_later_decides_nothing() -> None:
    text = HEAD + f"nodes:\n  - hostname: wk1\n    ipAddress: 10.0.0.21\n    controlPlane: ${{CP}}\n    {FIREWALL}"
    assert [rule.text for rule in load(talconfig=text).hooks[0].filter.rules][1:] == [
        "undecided: whether it is a control plane is filled in elsewhere"
    ]


def test_overriding_with_no_patches_leaves_those_of_the_group() -> None:
    text = HEAD + (
        f"nodes:\n  - hostname: wk1\n    ipAddress: 10.0.0.21\n    overridePatches: true\n    {FIREWALL}worker:\n  patches: ['@./g.yaml']\n"
    )
    assert rules(load(talconfig=text, g=rule("group", "10.1.0.0/16")).hooks[0])[1:] == ["group: tcp 80 from 10.1.0.0/16"]


def test_extra_manifests_of_the_group_come_after_the_nodes_unless_they_are_overridden() -> None:
    text = HEAD + (
        f"nodes:\n  - hostname: wk1\n    ipAddress: 10.0.0.21\n    extraManifests: [own.yaml]\n    {FIREWALL}"
        "worker:\n  extraManifests: [group.yaml]\n"
    )
    files = {"own": rule("own", "10.1.0.0/16"), "group": rule("group", "10.2.0.0/16")}
    assert [each.partition(":")[0] for each in rules(load(talconfig=text, **files).hooks[0])] == ["apid", "own", "group"]
    alone = text.replace("    extraM", "    overrideExtraManifests: true\n    extraM", 1)
    assert [each.partition(":")[0] for each in rules(load(talconfig=alone, **files).hooks[0])] == ["apid", "own"]


@pytest.mark.parametrize(
    ("version", "patch"),
    [
        ("v1.13.9", "cluster:\n  apiServer:\n    admissionControl:\n      $$patch: delete\n"),
        ("v1.11.0", "- {op: remove, path: /cluster/apiServer/admissionControl}\n"),
        ("v1.11.0", "- {op: add, path: /machine/sysctls/vm.overcommit_memory, value: '1'}\n"),
    ],
)
def test_what_a_patch_takes_from_the_generated_configuration_is_there(version: str, patch: str) -> None:
    text = (
        HEAD.replace("v1.13.9", version) + "nodes:\n  - {hostname: cp1, ipAddress: 10.0.0.1, controlPlane: true, patches: ['@./x.yaml']}\n"
    )
    assert load(talconfig=text, x=patch).notes == ()


def test_nodes_of_one_name_are_two_and_each_filters_for_itself() -> None:
    text = HEAD + f"nodes:\n  - hostname: wk1\n    ipAddress: 10.0.0.21\n    {FIREWALL}  - {{hostname: wk1, ipAddress: 10.0.0.22}}\n"
    graph = load(talconfig=text)
    assert [zone.id for zone in graph.zones] == ["talos:talconfig.yaml#wk1", "talos:talconfig.yaml#wk1@14"]
    assert [hook.zone for hook in graph.hooks] == ["talos:talconfig.yaml#wk1"]


@pytest.mark.parametrize("address", ["10.0.0.21,${SECOND}", "${FIRST}", ""])
def test_addresses_that_are_not_all_known_are_not_exact(address: str) -> None:
    (zone,) = load(talconfig=HEAD + f"nodes:\n  - {{hostname: wk1, ipAddress: '{address}'}}\n").zones
    assert (zone.networks, zone.exact) == (None, False)


def test_behind_an_endpoint_of_ipv6_pods_and_services_have_networks_of_it() -> None:
    text = HEAD.replace("10.0.0.1", "[fd00::1]") + "nodes:\n  - {hostname: wk1, ipAddress: 'fd00::21'}\n"
    (zone,) = load(talconfig=text).zones
    assert zone.values("pod-network") + zone.values("service-network") == ("fc00:db8:10::/56", "fc00:db8:20::/112")
    (given,) = load(talconfig="clusterPodNets: [10.1.0.0/16]\n" + text).zones
    assert given.values("pod-network") == ("10.1.0.0/16",)
