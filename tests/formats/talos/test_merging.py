"""Merging keeps the place of every value, and what a patch cannot do is said."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.formats.talos.combine import Combined, Stage, combine, written
from auditor.formats.talos.documents import load
from auditor.formats.talos.validate import lookup
from auditor.formats.talos.version import Version
from auditor.model.source import Source
from auditor.yamlspan import Mapping, Node, Sequence

V113, V114 = Version(1, 13, 9), Version(1, 14, 0, 2, 1)
BASE = """version: v1alpha1
machine:
  type: worker
  time: {servers: [10.0.0.1]}
cluster: {controlPlane: {endpoint: 'https://10.0.0.1:6443'}}
"""
BLOCK = "---\napiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: block\n"
WEB = """---
apiVersion: v1alpha1
kind: NetworkRuleConfig
name: web
portSelector: {ports: [80], protocol: tcp}
ingress: [{subnet: 10.0.0.0/8}]
"""


def merged(base: str, *patches: str, version: Version = V113) -> Combined:
    loads = [load(Source(f"p{index}.yaml", text), version, patch=True) for index, text in enumerate(patches)]
    return combine(load(Source("base.yaml", base), version, patch=False), loads, version)


def items(node: Node | None) -> tuple[Node, ...]:
    assert isinstance(node, Sequence)
    return node.items


def main(combined: Combined) -> Mapping:
    return combined.documents[0].node


def test_an_appended_server_points_into_the_patch_and_the_first_into_the_base() -> None:
    servers = items(lookup(main(merged(BASE, "machine:\n  time:\n    servers: [10.0.0.2]\n")), "machine.time.servers"))
    assert [str(server.span) for server in servers] == ["base.yaml:4:20", "p0.yaml:3:15"]


def test_a_replaced_port_points_into_the_patch_that_decided() -> None:
    patch = "apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: web\nportSelector:\n  ports: [8080]\n"
    combined = merged(BASE + WEB, patch)
    assert [str(port.span) for port in items(lookup(combined.documents[1].node, "portSelector.ports"))] == ["p0.yaml:5:11"]
    assert [str(entry.span) for entry in items(lookup(combined.documents[1].node, "ingress"))] == ["base.yaml:11:11"]


def test_a_value_of_a_json_patch_points_into_the_json_patch() -> None:
    combined = merged(BASE, "- op: add\n  path: /machine/time/servers/-\n  value: 10.0.0.9\n")
    assert str(items(lookup(main(combined), "machine.time.servers"))[1].span) == "p0.yaml:3:10"


@pytest.mark.parametrize(
    ("operation", "servers"),
    [
        ("{op: add, path: /machine/time/servers/0, value: x}", ["x", "10.0.0.1"]),
        ("{op: replace, path: /machine/time/servers/0, value: x}", ["x"]),
        ("{op: remove, path: /machine/time/servers/0}", []),
        ("{op: copy, from: /machine/time/servers/0, path: /machine/time/servers/-}", ["10.0.0.1", "10.0.0.1"]),
        ("{op: test, path: /machine/time/servers/0, value: 10.0.0.1}", ["10.0.0.1"]),
    ],
)
def test_json_operations_do_what_the_standard_says(operation: str, servers: list[str]) -> None:
    combined = merged(BASE, f"- {operation}\n")
    machine = written(combined.documents)[0]["machine"]
    assert isinstance(machine, dict)
    assert machine.get("time", {}).get("servers", []) == servers


@pytest.mark.parametrize(
    "operation",
    [
        "{op: test, path: /machine/time/servers/0, value: x}",
        "{op: remove, path: /machine/nothing}",
        "{op: replace, path: /machine/time/servers/3, value: x}",
        "{op: add, path: machine, value: x}",
        "{op: merge, path: /machine, value: x}",
        "{op: move, path: /machine}",
        "{path: /machine}",
        "text",
    ],
)
def test_a_json_operation_that_does_not_apply_refuses_the_patch(operation: str) -> None:
    combined = merged(BASE, f"- {operation}\n")
    assert combined.stage is Stage.APPLY
    assert [note.trap for note in combined.notes] == ["json-patch"]


def test_a_moved_value_is_gone_from_where_it_was() -> None:
    combined = merged(BASE, "- {op: move, from: /machine/time/servers, path: /machine/certSANs}\n")
    machine = written(combined.documents)[0]["machine"]
    assert machine == {"type": "worker", "certSANs": ["10.0.0.1"]}


def test_an_operation_may_not_make_an_unreadable_configuration() -> None:
    combined = merged(BASE, "- {op: add, path: /machine/spec, value: {}}\n")
    assert combined.stage is Stage.RELOAD


def test_deleting_a_field_and_setting_it_in_the_next_document_replaces_a_list() -> None:
    patch = "machine: {time: {servers: {$patch: delete}}}\n---\nmachine: {time: {servers: [10.0.0.9]}}\n"
    machine = written(merged(BASE, patch, version=V114).documents)[0]["machine"]
    assert isinstance(machine, dict)
    assert machine["time"] == {"servers": ["10.0.0.9"]}


@pytest.mark.parametrize(
    "text",
    [
        "$patch: delete\nmachine: {}\n",
        "apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: web\ningress: [{$patch: delete}]\n",
        "machine: {network: {interfaces: [{interface: eth0, addresses: {$patch: delete}}]}}\n",
    ],
)
def test_a_delete_that_talos_cannot_carry_out_is_refused(text: str) -> None:
    combined = merged(BASE + WEB, text)
    assert combined.stage is Stage.LOAD_PATCH
    assert [note.trap for note in combined.notes] == ["delete-not-found"]


def test_a_missing_document_is_deleted_without_harm_since_1_14() -> None:
    text = "apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\n$patch: delete\n"
    assert merged(BASE, text).stage is Stage.RELOAD
    assert merged(BASE, text, version=V114).stage is None


def test_a_patch_of_a_field_of_the_generated_base_may_be_right() -> None:
    text = "cluster: {apiServer: {admissionControl: [{name: PodSecurity, $patch: delete}]}}\n"
    assert combine(None, [load(Source("p.yaml", text), V113, patch=True)], V113).stage is None


def test_ports_and_sources_are_replaced_since_1_6_2_and_appended_before() -> None:
    patch = WEB.replace("[80]", "[443]").replace("10.0.0.0/8", "192.0.2.0/24")
    for version, kept in ((Version(1, 6, 1), 2), (Version(1, 6, 2), 1)):
        rule = written(merged(BASE + WEB, patch, version=version).documents)[1]
        assert isinstance(rule["portSelector"], dict) and isinstance(rule["ingress"], list)
        assert (len(rule["portSelector"]["ports"]), len(rule["ingress"])) == (kept, kept)


@pytest.mark.parametrize(
    ("operation", "machine"),
    [
        ("{op: add, path: /machine/network/kubespan, value: {enabled: yes}}", {"network": {"kubespan": {"enabled": "true"}}}),
        ("{op: replace, path: /machine/network/kubespan/enabled, value: yes}", {"network": {"kubespan": {"enabled": "true"}}}),
        ("{op: add, path: /machine/time/servers/-, value: b}", {"time": {"servers": ["a", "b"]}}),
        ("{op: replace, path: /machine/time/servers/0, value: b}", {"time": {"servers": ["b"]}}),
        ("{op: replace, path: /machine/time/servers/7, value: b}", {"time": {"servers": ["a", "b"]}}),
        ("{op: add, path: /machine/certSANs/-, value: b}", {"certSANs": ["b"]}),
        ("{op: add, path: /machine/network/interfaces/0/dhcp, value: yes}", {"network": {"interfaces": [{"dhcp": "true"}]}}),
        ("{op: remove, path: /machine/kubelet/extraArgs}", {}),
        ("{op: test, path: /machine/kubelet, value: {}}", {}),
        ("{op: copy, from: /machine/kubelet, path: /machine/features}", {}),
        ("{op: add, path: /machine/type/x, value: {}}", {}),
    ],
)
def test_a_json_patch_says_what_it_sets_on_a_base_that_is_not_all_at_hand(operation: str, machine: dict[str, object]) -> None:
    patch = load(Source("p.yaml", f"- {operation}\n"), Version(1, 11), patch=True)
    base = load(Source("base.yaml", "machine: {type: worker, time: {servers: [a]}}\n"), Version(1, 11), patch=False)
    combined = combine(base, [patch], Version(1, 11), partial=True)
    assert combined.stage is None
    assert written(combined.documents)[0]["machine"] == {"type": "worker", "time": {"servers": ["a"]}, **machine}


def test_a_json_patch_on_an_assumed_base_says_what_it_sets_and_nothing_else() -> None:
    for text, documents in (
        ("- {op: remove, path: /machine/kubelet}\n", []),
        (
            "- {op: add, path: /machine/network/kubespan, value: {enabled: yes}}\n",
            [{"machine": {"network": {"kubespan": {"enabled": "true"}}}}],
        ),
    ):
        combined = combine(None, [load(Source("p.yaml", text), Version(1, 11), patch=True)], Version(1, 11))
        assert (combined.stage, written(combined.documents)) == (None, documents)


@pytest.mark.parametrize("text", ["ingress: accept\n", "", "ingress: null\n"])
def test_accept_over_block_is_told_where_both_are_set(text: str) -> None:
    combined = merged(BASE + BLOCK, "apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\n" + text)
    (note,) = combined.notes
    assert note.trap == "accept-patch-noop"
    assert [str(span) for _, span in note.related] == ["base.yaml:9:10"]
    assert written(combined.documents)[1]["ingress"] == "block"


def test_a_list_that_loses_something_is_a_warning_and_one_that_grows_a_note() -> None:
    head = "apiVersion: v1alpha1\nkind: NetworkRuleConfig\nname: web\n"
    lost = merged(BASE + WEB, head + "ingress: [{subnet: 192.168.0.0/16}]\n").notes[0]
    grown = merged(BASE + WEB, head + "ingress: [{subnet: 10.0.0.0/8}, {subnet: 192.168.0.0/16}]\n").notes[0]
    assert (lost.trap, lost.level, grown.trap, grown.level) == ("rule-lists-replaced", "warning", "rule-lists-replaced", "note")


documents = st.sampled_from(
    [
        BLOCK,
        WEB,
        WEB.replace("web", "api"),
        "---\nmachine: {network: {nameservers: [1.1.1.1]}}\n",
        "---\ncluster: {network: {podSubnets: [10.1.0.0/16]}}\n",
    ]
)


@settings(deadline=None)
@given(st.lists(documents, max_size=3, unique=True))
def test_a_patch_that_says_nothing_changes_nothing(parts: list[str]) -> None:
    base = BASE + "".join(part for part in parts if "kind" in part)
    assert written(merged(base, "machine: null\n").documents) == written(merged(base).documents)


@settings(deadline=None)
@given(st.lists(documents, min_size=1, max_size=3, unique=True))
def test_patches_one_by_one_come_to_the_same_as_in_one_file(parts: list[str]) -> None:
    together = merged(BASE, "".join(parts), version=V114)
    apart = merged(BASE, *parts, version=V114)
    assert written(together.documents) == written(apart.documents)
