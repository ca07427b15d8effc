"""Who plays a role where it is said by zones: every combination of them, and never some of them only."""

from __future__ import annotations

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.model.findings import Finding, Outcome
from auditor.model.graph import Graph, Zone, ZoneKind
from auditor.model.headers import address_interval
from auditor.model.record import replace
from auditor.model.source import Span
from auditor.policy.binding import Cast, Claim, bind
from auditor.policy.machines import MOST

HERE = Span("f", 1, 1, 1, 2)


def host(dialect: str, path: str, network: str = "", site: str = "") -> Zone:
    networks = (address_interval(network),) if network else None
    return Zone(f"{dialect}:{path}", ZoneKind.HOST, f"{dialect}/{path}", Span(path, 1, 1, 1, 2), networks=networks, site=site)


def cast(zones: list[Zone], separately: bool = False) -> Cast:
    """Who "node" is where it is said to be in all of the zones."""
    graph = Graph(zones=tuple(zones), read=tuple((zone.span.path, "any") for zone in zones))
    found, problems = bind(graph, [Claim("node", tuple(zone.id for zone in zones), why="said", separately=separately)])
    assert not problems
    return found


def machines(zones: list[Zone], separately: bool = True) -> list[str]:
    """What the machines are called."""
    return [end.label for end in cast(zones, separately).endpoints("node")]


def test_a_host_of_each_dialect_makes_a_machine() -> None:
    assert len(machines([host(dialect, str(number)) for dialect in "ab" for number in range(3)], separately=False)) == 9


def test_of_more_machines_than_can_be_told_apart_none_is_taken() -> None:
    found = cast([host(dialect, str(number)) for dialect in "ab" for number in range(23)])
    assert MOST < 23 * 23
    assert found.endpoints("node") == ()
    assert found.vague("node") == f"its zones can be combined in more than {MOST} ways"


def test_so_many_machines_as_there_are_zones_are_told_apart() -> None:
    assert len(machines([host("a", str(number)) for number in range(MOST + 1)])) == MOST + 1


def test_recognised_zones_go_together_in_the_innermost_directory_that_has_both() -> None:
    zones = [host(dialect, f"{cluster}/{dialect}/x") for dialect in "ab" for cluster in ("one", "two")]
    assert machines(zones) == ["a/one/a/x + b/one/b/x", "a/two/a/x + b/two/b/x"]


def test_recognised_zones_whose_directories_lie_side_by_side_go_together_in_every_way() -> None:
    zones = [host("a", "a/1"), host("b", "b/1"), host("b", "b/2")]
    assert machines(zones) == ["a/a/1 + b/b/1", "a/a/1 + b/b/2"]


def test_a_recognised_zone_beside_a_cluster_that_has_one_of_its_dialect_is_on_its_own() -> None:
    zones = [host("a", "one/a"), host("a", "two/a"), host("b", "one/b"), host("c", "edge/c")]
    assert machines(zones) == ["a/one/a + b/one/b + c/edge/c", "a/two/a + c/edge/c"]


def test_a_recognised_zone_of_a_root_module_is_in_that_modules_directory() -> None:
    zones = [host("a", f"modules/{name}", site=name) for name in ("one", "two")] + [host("b", f"{name}/b") for name in ("one", "two")]
    assert machines(zones) == ["a/modules/one + b/one/b", "a/modules/two + b/two/b"]


def test_a_recognised_zone_that_shares_no_address_with_any_other_is_on_its_own() -> None:
    zones = [host("a", "1", "10.0.0.0/24"), host("b", "1", "10.0.0.0/16"), host("a", "2", "192.168.0.0/24")]
    assert machines(zones) == ["a/1 + b/1", "a/2"]


def perhaps(zones: list[Zone]) -> list[str]:
    """What the machines are called if what nothing says to be one machine is several; nothing where that is the same."""
    return [end.label for end in cast(zones, separately=True).roles["node"].apart]


ONE_CLUSTER = [
    ("terraform", "talos"),
    ("infra", "talos/patches"),
    ("infrastructure/terraform", "kubernetes/talos/clusterconfig"),
    ("tofu/envs/prod", "talos"),
    ("terraform/environments/prod", "talos/prod/nodes/thor"),
    ("terraform/hetzner/nodes", "talos/controlplane"),
    ("tf-prod", "talos-prod"),
    ("", "talos/worker-2"),
    ("home/terraform", "home/talos/home"),
    ("clusters/a/terraform", "clusters/a/talos"),
    ("infra", "clusters/a/talos"),
]
PERHAPS = [("a", "b"), ("hetzner", "home/talos"), ("talos-prod", "terraform-dev"), ("terraform/aws/prod", "talos/home/prod")]
TWO_CLUSTERS = [("clusters/a", "clusters/b/talos"), ("infra/envs/dev", "infra/envs/prod"), ("sites/office", "sites/home")]


@pytest.mark.parametrize(("one", "other"), ONE_CLUSTER)
def test_directories_whose_names_tell_of_one_cluster_are_of_one(one: str, other: str) -> None:
    zones = [host("a", f"{one}/x"), host("b", f"{other}/y")]
    assert (len(machines(zones)), perhaps(zones)) == (1, [])


@pytest.mark.parametrize(("one", "other"), PERHAPS)
def test_directories_whose_names_are_their_own_are_perhaps_of_one_cluster(one: str, other: str) -> None:
    zones = [host("a", f"{one}/x"), host("b", f"{other}/y")]
    assert (len(machines(zones)), len(perhaps(zones))) == (1, 2)


@pytest.mark.parametrize(("one", "other"), TWO_CLUSTERS)
def test_directories_of_a_directory_of_clusters_are_of_two(one: str, other: str) -> None:
    zones = [host("a", f"{one}/x"), host("b", f"{other}/y")]
    assert (len(machines(zones)), perhaps(zones)) == (2, [])


def test_of_which_of_two_clusters_a_directory_without_a_name_of_its_own_is_nothing_says() -> None:
    zones = [host("a", "terraform/dev/x"), host("a", "terraform/prod/x"), host("b", "talos/y")]
    assert (len(machines(zones)), len(perhaps(zones))) == (2, 3)


def test_a_cluster_beside_others_that_have_their_namesakes_is_on_its_own() -> None:
    zones = [host("a", f"terraform/{name}/x") for name in ("dev", "prod")] + [host("b", "talos/prod/y")]
    assert machines(zones) == ["a/terraform/dev/x", "a/terraform/prod/x + b/talos/prod/y"]
    assert perhaps(zones) == []


def test_a_router_is_before_the_machines_of_every_cluster() -> None:
    zones = [host("a", "clusters/one/x"), host("b", "clusters/two/y"), host("c", "network/z")]
    assert machines(zones) == ["a/clusters/one/x + c/network/z", "b/clusters/two/y + c/network/z"]


@pytest.mark.parametrize(("cluster", "parts"), [("merlin", 0), ("camelot", 2), ("main", 2)])
def test_a_clusters_name_tells_whose_a_zone_is_unless_many_are_called_so(cluster: str, parts: int) -> None:
    named = replace(host("a", "one/x"), attributes=(("cluster", cluster),))
    nodes = replace(host("b", "two/y"), attributes=(("tag:Name", "merlin-main-node"),))
    assert len(perhaps([named, nodes])) == parts


RULES = """\
ruleset: ours
title: Ours
roles: {node: the nodes, other: somebody else}
requirements:
  - {id: closed, deny: {from: internet, to: node, service: tcp/50000}, because: x, fix: x}
  - {id: asked, when: bound node, deny: {from: internet, to: other, service: tcp/50000}, because: x, fix: x}
"""
HOST = """\
version: v1alpha1
machine: {type: worker}
cluster: {controlPlane: {endpoint: "https://10.0.1.10:6443"}}
---
apiVersion: v1alpha1
kind: NetworkDefaultActionConfig
ingress: block
"""
GROUP = 'resource "aws_security_group" "node%d" {\n  vpc_id = "vpc-%d"\n}\n'


def findings() -> dict[str, Finding]:
    """What is found of 23 Talos machines that may be in 23 security groups each."""
    files = {f"talos/{number}.yaml": HOST for number in range(23)} | {f"tf{each}/main.tf": GROUP % (each, each) for each in range(23)}
    zones = [f"talos:talos/{each}.yaml" for each in range(23)] + [f"terraform:aws_security_group.node{each}" for each in range(23)]
    config = f"rulesets: [./ours.yaml]\nroles: {{node: {{behind: {zones}}}, other: {{zone: 'talos:talos/1.yaml'}}}}\n"
    tree = MemoryTree({"ours.yaml": RULES, "auditor.yaml": config, **files})
    return {each.rule: each for each in audit.findings_of(audit.read(tree, tuple(files), audit.Request()))}


def test_what_is_asked_of_too_many_machines_is_open_and_the_rest_is_answered() -> None:
    found = findings()
    assert (found["ours/closed"].outcome, found["ours/asked"].outcome) == (Outcome.OPEN, Outcome.HOLDS)
    (question,) = found["ours/closed"].questions
    assert question.reason == f"it is not known who node is, its zones can be combined in more than {MOST} ways"
    assert question.settle.startswith("say who plays node: roles in auditor.yaml") and "check fewer files at a time" in question.settle


LEAKY = """\
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}
resource "aws_security_group" "node" {
  vpc_id = aws_vpc.main.id
  ingress {
    protocol    = "tcp"
    from_port   = 50000
    to_port     = SEEN
    cidr_blocks = ["0.0.0.0/0"]
  }
}
"""
SIGNS = """\
ruleset: ours
title: Ours
roles: {node: the nodes}
detect: [{zone: "*node*", role: node}]
requirements:
  - {id: closed, deny: {from: internet, to: node, service: tcp/50000}, because: x, fix: x}
  - {id: guarded, enforced: node, because: x, fix: x}
"""


def beside(terraform: str, talos: str, seen: str = "50000") -> dict[str, Finding]:
    """What is found of security groups, closed or not, that lie in a directory beside that of closed Talos machines."""
    files = {f"{terraform}/main.tf": LEAKY.replace("SEEN", seen).replace("= 50000", f"= {seen}"), f"{talos}/node-worker.yaml": HOST}
    tree = MemoryTree({"ours.yaml": SIGNS, "auditor.yaml": "rulesets: [./ours.yaml]\n", **files})
    return {each.rule: each for each in audit.findings_of(audit.read(tree, tuple(files), audit.Request()))}


def test_what_holds_only_if_zones_are_of_one_machine_holds_where_they_are() -> None:
    assert beside("infra", "talos")["ours/closed"].outcome is Outcome.HOLDS


def test_what_holds_only_if_zones_are_of_one_machine_is_open_where_nothing_says_that_they_are() -> None:
    found = beside("a", "b")["ours/closed"]
    assert (found.outcome, found.location and found.location.span.path) == (Outcome.OPEN, "a/main.tf")
    (question,) = found.questions
    assert question.reason == "nothing says whether b/node-worker.yaml and aws_security_group.node are of one machine"
    assert "name both for node in auditor.yaml" in question.settle


def test_what_holds_for_either_machine_holds() -> None:
    assert beside("a", "b", "443")["ours/closed"].outcome is Outcome.HOLDS
    assert beside("a", "b")["ours/guarded"].outcome is Outcome.HOLDS


def test_what_two_clusters_do_is_found_of_each() -> None:
    assert beside("clusters/a", "clusters/b")["ours/closed"].outcome is Outcome.BROKEN
