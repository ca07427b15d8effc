"""Which files are machines, which are patches, and whose."""

from __future__ import annotations

import pytest

from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.talos import FORMAT
from auditor.formats.talos.layout import role_by_name, root_of
from auditor.model.graph import Graph

BLOCK = "apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: block\n"


def whole(type_: str) -> str:
    return f"version: v1alpha1\nmachine: {{type: {type_}}}\ncluster: {{controlPlane: {{endpoint: 'https://10.0.0.1:6443'}}}}\n"


def rule(name: str, port: int = 50000) -> str:
    return (
        f"apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: {name}\n"
        f"portSelector: {{ports: [{port}], protocol: tcp}}\ningress: [{{subnet: 10.0.0.0/8}}]\n"
    )


def load(files: dict[str, str]) -> Graph:
    tree = MemoryTree(dict(files))
    return FORMAT.load(tree, [path for path in tree.paths() if FORMAT.claims(path, tree.read_bytes(path))], Options())


def own_rules(graph: Graph) -> dict[str, list[str]]:
    return {hook.zone or "": [rule.name for rule in hook.filter.rules if not rule.synthetic] for hook in graph.hooks}


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("talos/control-planes/firewall.yaml", "control-plane"),
        ("patches/controller/a.yaml", "control-plane"),
        ("patches/master/a.yaml", "control-plane"),
        ("patches/workers/allow-from-controlplane.yaml", "worker"),
        ("patches/global/worker.yaml", None),
        ("patches/controlplane.yaml", "control-plane"),
        ("firewall-worker.yaml", "worker"),
        ("allow-to-worker.yaml", None),
        ("wk1.yaml", "worker"),
        ("network.yaml", None),
        ("backups/a.yaml", None),
    ],
)
def test_the_role_of_a_patch_is_in_its_directory_or_else_its_name(path: str, role: str | None) -> None:
    assert role_by_name(path) == role


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("talos/patches/firewall.yaml", "talos"),
        ("talos/control-planes/a.yaml", "talos"),
        ("clusters/home/talos/cluster/a.yaml", "clusters/home/talos"),
        ("patches/global/a.yaml", ""),
        ("controlplane.yaml", ""),
    ],
)
def test_directories_that_name_roles_do_not_tell_clusters_apart(path: str, root: str) -> None:
    assert root_of(path) == root


def test_a_patch_of_a_role_lies_on_the_machine_of_that_role() -> None:
    graph = load(
        {
            "controlplane.yaml": whole("controlplane"),
            "worker.yaml": whole("worker"),
            "patches/all/block.yaml": BLOCK,
            "patches/controlplane/etcd.yaml": rule("etcd", 2379),
            "patches/worker/apid.yaml": rule("apid"),
        }
    )
    assert own_rules(graph) == {"talos:controlplane.yaml": ["etcd"], "talos:worker.yaml": ["apid"]}


def test_directories_of_patches_alone_are_one_machine_a_role() -> None:
    graph = load(
        {"talos/cluster/block.yaml": BLOCK, "talos/control-planes/a.yaml": rule("etcd", 2379), "talos/workers/a.yaml": rule("apid")}
    )
    assert own_rules(graph) == {"talos:talos#control-plane": ["etcd"], "talos:talos#worker": ["apid"]}
    assert [zone.values("role") for zone in graph.zones] == [("control-plane",), ("worker",)]
    assert "talos:talos/workers" in graph.zones[1].aliases


def test_a_role_that_only_patches_speak_of_goes_by_the_name_of_each_patch() -> None:
    graph = load({"cp/controlplane.yaml": BLOCK, "worker/apid.yaml": rule("apid"), "worker/firewall.yaml": BLOCK})
    assert {"talos:worker/apid.yaml", "talos:worker/firewall.yaml"} <= set(graph.zones[1].aliases)


def test_patches_alone_do_not_say_which_plugin_the_cluster_has() -> None:
    assert "overlay-port" not in {note.trap for note in load({"worker.yaml": BLOCK}).notes}
    assert "overlay-port" in {note.trap for note in load({"worker.yaml": f"{whole('worker')}---\n{BLOCK}"}).notes}


def test_one_patch_for_everybody_is_both_roles() -> None:
    graph = load({"talos/patches/firewall.yaml": BLOCK + "---\n" + rule("apid")})
    assert [zone.id for zone in graph.zones] == [
        "talos:talos/patches/firewall.yaml#control-plane",
        "talos:talos/patches/firewall.yaml#worker",
    ]
    assert graph.zones[0].aliases == graph.zones[1].aliases == ("talos:talos/patches/firewall.yaml",)


def test_the_machine_type_of_a_patch_counts_more_than_its_path() -> None:
    graph = load({"patches/worker/a.yaml": "machine: {type: controlplane}\n---\n" + BLOCK + "---\n" + rule("apid")})
    assert [zone.values("role") for zone in graph.zones] == [("control-plane",)]


def test_a_machine_without_a_filter_says_nothing_about_roles() -> None:
    assert load({"worker.yaml": whole("worker")}).zones[0].values("role") == ()


def test_a_broken_file_does_not_keep_the_others_from_being_read() -> None:
    graph = load({"a/worker.yaml": whole("worker") + "---\n" + BLOCK, "b/patch.yaml": "kind: NetworkRuleConfig\nname: [\n"})
    assert [(note.trap, str(note.span)) for note in graph.notes if note.level == "error" and note.trap == "unparsable"] == [
        ("unparsable", "b/patch.yaml:3:1")
    ]
    assert graph.hooks[0].zone == "talos:a/worker.yaml"


def test_a_template_beside_leaves_open_what_it_may_say() -> None:
    firewall = {"patches/firewall.yaml": BLOCK + "---\n" + rule("apid")}
    about_time = {"patches/time.yaml": "machine:\n  time:\n    servers: [{{ ntp }}]\n"}
    about_rules = {"patches/rules.yaml": "kind: NetworkRuleConfig\nname: {{ name }}\n"}
    assert load(firewall | about_time).zones[0].values("host-firewall") == ("block",)
    assert load(firewall | about_rules).zones[0].values("host-firewall") == ("unknown",)


def test_a_version_is_taken_from_the_installer_image() -> None:
    text = whole("worker").replace("type: worker", "type: worker, install: {image: 'ghcr.io/siderolabs/installer:v1.9.3'}")
    assert load({"worker.yaml": text}).zones[0].values("talos-version") == ("v1.9.3",)
    newer = "---\napiVersion: v1alpha1\nkind: KubeNetworkConfig\npodSubnets: [10.1.0.0/16]\n"
    assert [note.trap for note in load({"worker.yaml": text + newer}).notes if note.level == "error"] == ["unknown-kind"]


def test_a_machine_that_names_a_version_runs_it_whatever_others_beside_it_run() -> None:
    old = whole("worker").replace("type: worker", "type: worker, install: {image: 'ghcr.io/siderolabs/installer:v1.9.0@sha256:0a'}")
    new = whole("controlplane").replace(
        "type: controlplane", "type: controlplane, install: {image: 'factory.talos.dev/installer/0a:v1.13.9'}"
    )
    graph = load({"cp.yaml": new + "---\n" + BLOCK, "wk.yaml": old + "---\n" + BLOCK, "none.yaml": whole("worker") + "---\n" + BLOCK})
    unfiltered = {hook.zone for hook in graph.hooks if any("before Talos 1.10" in rule.text for rule in hook.filter.rules)}
    assert unfiltered == {"talos:wk.yaml"}


def test_documents_that_only_1_14_knows_mean_1_14_where_nothing_else_is_said() -> None:
    text = BLOCK + "---\napiVersion: v1alpha1\nkind: KubeNetworkConfig\npodSubnets: [10.1.0.0/16]\n"
    assert not [note for note in load({"patches/a.yaml": text}).notes if note.trap == "unknown-kind"]


def test_an_old_field_over_a_base_that_1_14_generates_is_told_and_refuses_nothing() -> None:
    old = "cluster: {network: {podSubnets: [10.1.0.0/16]}}\n---\n"
    graph = load({"patches/a.yaml": old + BLOCK + "---\n" + rule("apid") + "---\napiVersion: v1alpha1\nkind: KubeNodeConfig\n"})
    assert "conflicting-documents" in {note.trap for note in graph.notes}
    assert graph.zones[0].values("host-firewall") == ("block",)


@pytest.mark.parametrize(
    ("path", "text", "claimed"),
    [
        ("a.yaml", BLOCK, True),
        ("a.yml", "# remark\n---\n" + BLOCK, True),
        ("a.json", '{"apiVersion": "v1alpha1", "kind": "NetworkRuleConfig"}', True),
        ("a.yaml", "machine:\n  network:\n    hostname: a\n", True),
        ("a.yaml", "machine:\n  netwrok:\n    hostname: a\n", True),
        ("a.yaml", "machine:\n  fish: 1\ncluster:\n  apiServer: {}\n", True),
        ("a.yaml", "version: v1alpha1\nmachine:\n  fish: 1\n", True),
        ("a.yaml", "machine:\n  types: [small, large]\n", False),
        ("a.yaml.j2", "cluster:\n  # remark\n  etcd:\n    image: a\n", True),
        ("a.yaml", "machine: {time: {servers: [a]}}\n", True),
        ("a.yaml", "- op: add\n  path: /machine/time\n  value: {}\n", True),
        ("talconfig.yaml", "---\nclusterName: a\nendpoint: b\nnodes: []\n", True),
        ("a.yaml", "ingressFirewall: {}\n", True),
        ("a.yaml", "apiVersion: v1alpha1\nkind: NetworkRuleConfigs\n", True),
        ("a.yaml", "apiVersion: v1alpha1\nkind: NetworkRuleConfg\nname: a\n", True),
        ("a.yaml", "apiVersion: v1alpha1\nkind: Firewall\nname: a\nportSelector:\n  ports: [22]\n", True),
        ("a.yaml", "apiVersion: v1alpha1\nkind: NetwrkDefaultActionConfig\ningress: block\n", True),
        ("a.yaml", "apiVersion: v1alpah1\nkind: HostnameConfig\n", True),
        ("a.yaml", "apVersion: v1alpha1\nkind: HostnameConfig\n", True),
        ("a.yaml", "apiVersion: v1alpha1\nknd: NetworkRuleConfig\nname: a\n", True),
        ("a.yaml", '{"apiVersion": "v1alpha1", "kind": "NetworkRuleConfg"}', True),
        ("a.yaml", "apiVersion: v1alpha1\nkind: Environment\nmetadata: {name: a}\nspec: {}\n", False),
        ("a.yaml", "apiVersion: v1alpha1\nkind: Environment\nname: a\nconfig: Conf\n", False),
        ("a.yaml", "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nspec: {ingress: []}\n", False),
        ("a.yaml", "apiVersion: networking.k8s.io/v1alpha1\nkind: HostnameConfig\nspec: {ingress: []}\n", False),
        ("a.yaml", "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n", False),
        ("a.yaml", "vesion: v1alpha1\nmachine:\n  type: worker\n", True),
        ("a.yaml", "debg: true\ncluster:\n  apiServer: {}\n", True),
        ("a.yaml", "machne:\n  network:\n    hostname: a\n", True),
        ("a.yaml", "clsuter: {apiServer: {}}\n", True),
        ("a.json", '{"machne": {"network": {}}}', True),
        ("talconfig.yaml", "clusterNme: a\nendpoint: b\nnodes: []\n", True),
        ("a.yaml", "machines:\n  network:\n    hostname: a\n", False),
        ("a.yaml", "clusters:\n  network: a\nversion: v1alpha1\n", False),
        ("a.yaml", "machined:\n  image: a\n", False),
        ("a.txt", BLOCK, False),
        ("values.yaml", "cluster:\n  network: a\nimage: b\n", False),
        ("a.yaml", "cluster:\n  instances: 3\n", False),
        ("a.yaml", "apiVersion: foo.io/v1alpha1\nkind: KubeletConfig\n", False),
        ("a.yaml", "apiVersion: v1\nkind: ConfigMap\n", False),
        ("a.yaml", "- op: add\n  path: /spec/template\n  value: {}\n", False),
    ],
)
def test_a_file_is_claimed_by_what_it_says(path: str, text: str, claimed: bool) -> None:
    assert FORMAT.claims(path, text.encode()) is claimed


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1alpha1\nkind: NetworkRuleConfg\nname: a\nportSelector: {ports: [22], protocol: tcp}\n",
        "apiVersion: v1alpha1\nkind: Firewall\nname: a\nportSelector: {ports: [22], protocol: tcp}\n",
        "apiVersion: v1alpah1\nkind: HostnameConfig\nhostname: a\n",
        "apiVersion: v1alpha1\nknd: NetworkRuleConfig\nname: a\n",
    ],
)
def test_a_document_with_a_misspelt_kind_or_version_is_refused_where_it_stands_alone(text: str) -> None:
    assert "unknown-kind" in [note.trap for note in FORMAT.load(MemoryTree({"a.yaml": text}), ["a.yaml"], Options()).notes]


def permitted(graph: Graph) -> list[tuple[str, bool]]:
    """What the rules of each machine say, and whether they say it for sure."""
    found = []
    for hook in graph.hooks:
        for each in hook.filter.rules:
            if not each.synthetic:
                match = each.condition.settle(lambda _: None)
                found.append((f"{hook.zone}: {each.text}", match.surely == match.maybe))
    return found


def test_what_two_patches_of_unknown_order_say_of_one_rule_stays_open() -> None:
    wide = rule("apid").replace("10.0.0.0/8", "0.0.0.0/0")
    graph = load({"w.yaml": whole("worker"), "patches/a.yaml": BLOCK + "---\n" + wide, "patches/b.yaml": rule("apid")})
    assert permitted(graph) == [
        ("talos:w.yaml: apid: tcp 50000 from 0.0.0.0/0", False),
        ("talos:w.yaml: apid: tcp 50000 from 10.0.0.0/8", False),
    ]


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_what_one_patch_sets_and_another_deletes_leaves_open_what_is_filtered(order: tuple[str, str]) -> None:
    gone = BLOCK.replace("ingress: block", "$patch: delete")
    for set_, deleted in ((BLOCK, gone), (rule("apid"), rule("apid").replace("portSelector", "$patch: delete\nportSelector"))):
        patches = {f"patches/{order[0]}.yaml": set_, f"patches/{order[1]}.yaml": deleted}
        graph = load({"w.yaml": whole("worker") + "---\n" + BLOCK.replace("block", "accept") + "---\n" + rule("apid")} | patches)
        assert [rule.text for rule in graph.hooks[0].filter.rules][1].startswith("undecided: which comes last is not known")
        assert [(note.span.path, note.span.line) for note in graph.notes if note.trap == "patch-order"] == [
            (f"patches/{order[1]}.yaml", 3 if deleted == gone else 4)
        ]
    own = {"patches/all/a.yaml": BLOCK, "patches/workers/b.yaml": gone}
    assert not load({"w.yaml": whole("worker")} | own).hooks, "what is for a role comes after what is for all"


def test_patches_of_single_nodes_do_not_add_up_on_one() -> None:
    graph = load({"patches/all/block.yaml": BLOCK, "patches/cp1.yaml": rule("a", 1), "patches/cp2.yaml": rule("b", 2)})
    assert own_rules(graph) == {"talos:.#control-plane/cp1": ["a"], "talos:.#control-plane/cp2": ["b"], "talos:.#worker": []}


@pytest.mark.parametrize(
    "head",
    [
        "apiVersion: controlplane.cluster.x-k8s.io/v1alpha3\nkind: TalosControlPlane\nmetadata: {name: a}\nspec:\n  patches: |\n",
        "metadata: {type: ConfigPatches.omni.sidero.dev, id: 400-a}\nspec:\n  data: |\n",
    ],
)
def test_documents_inside_a_resource_are_told_and_refuse_nothing(head: str) -> None:
    graph = load({"controlplane-patch.yaml": head + "".join(f"    {line}\n" for line in BLOCK.splitlines())})
    assert not graph.zones
    assert [(note.trap, note.level.value) for note in graph.notes] == [("kubernetes-resource", "warning")]
    mistaken = load({"w.yaml": rule("apid").replace("name: apid", "metadata: {name: apid}")})
    assert "unknown-key" in {note.trap for note in mistaken.notes}


def test_what_lies_in_a_directory_of_nodes_is_one_nodes_own() -> None:
    files = {"nodes/alpha.yaml": rule("a", 1), "nodes/beta.yaml": rule("b", 2), "nodes/common.yaml": BLOCK}
    graph = load({"controlplane.yaml": whole("controlplane")} | files)
    assert own_rules(graph) == {"talos:controlplane.yaml#alpha": ["a"], "talos:controlplane.yaml#beta": ["b"]}


def test_a_configuration_of_a_node_takes_the_patches_of_that_node() -> None:
    files = {"patches/cp1.yaml": rule("a", 1), "patches/cp2.yaml": rule("b", 2)}
    graph = load({"rendered/home-cp1.yaml": whole("controlplane"), "rendered/home-cp2.yaml": whole("controlplane")} | files)
    assert own_rules(graph) == {"talos:rendered/home-cp1.yaml": ["a"], "talos:rendered/home-cp2.yaml": ["b"]}


def test_directories_with_patches_for_either_role_are_clusters_of_their_own() -> None:
    graph = load({f"{place}/{role}/a.yaml": BLOCK for place in ("east", "west") for role in ("controlplane", "worker")})
    assert [zone.site for zone in graph.zones] == ["east", "east", "west", "west"]


def test_directories_that_may_be_parts_of_one_cluster_are_not_told_apart() -> None:
    graph = load({"masters/controlplane/a.yaml": BLOCK, "others/worker/a.yaml": BLOCK})
    assert [zone.site for zone in graph.zones] == ["", ""]
