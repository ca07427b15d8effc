"""Requirements under the parameters and facts of a run: what is asked, what is skipped, what waits for the user."""

from __future__ import annotations

import pytest

from auditor.model.filters import Filter, Verdict
from auditor.model.graph import Endpoint, Graph, Hook, Place, Zone, ZoneKind
from auditor.model.source import Source, Span
from auditor.policy.binding import Bound, Cast
from auditor.policy.load import load_ruleset, read_ruleset
from auditor.policy.parameters import Given, parameters_of, unknown_parameters
from auditor.policy.problems import ParameterError
from auditor.policy.ruleset import Ruleset, Settled, requirement_applies, settle
from auditor.yamlspan import Mapping, read_one
from tests.policy.test_conditions import Known

NOTHING = Known()


def asked(ruleset: str | Ruleset, identifier: str, facts: Known = NOTHING, **given: str) -> Settled:
    loaded = load_ruleset(ruleset) if isinstance(ruleset, str) else ruleset
    return next(each for each in settle(loaded, parameters_of(loaded, given), facts) if each.requirement.id == identifier)


def test_a_role_that_is_a_union_becomes_its_members() -> None:
    flow = asked("talos", "talos/kubernetes-api").flow
    assert flow is not None
    assert str(flow) == "control-plane and worker → control-plane tcp/6443"


def test_a_requirement_whose_condition_is_false_is_skipped_and_says_why() -> None:
    assert asked("talos", "talos/nodeport").skipped == "asked only when nodeport"
    assert asked("talos", "talos/nodeport", nodeport="true").skipped is None
    assert asked("talos", "talos/nodeport-closed", nodeport="true").skipped == "asked only when not nodeport"


def test_requirements_of_administrators_are_asked_once_somebody_is_one() -> None:
    assert asked("talos", "talos/apid-admin").skipped == "asked only when bound admin"
    assert asked("talos", "talos/apid-admin", Known(roles=("admin",))).skipped is None


@pytest.mark.parametrize(
    ("cni", "overlay", "expected"),
    [
        ("cilium", "geneve", {"cilium-geneve", "cilium-health"}),
        ("cilium", "vxlan", {"cilium-vxlan", "cilium-health"}),
        ("calico", "vxlan", {"calico-vxlan", "calico-bgp", "calico-typha"}),
        ("flannel", "geneve", {"flannel-vxlan"}),
        ("none", "geneve", set()),
    ],
)
def test_the_network_plugin_decides_which_ports_it_needs(cni: str, overlay: str, expected: set[str]) -> None:
    ruleset = load_ruleset("talos")
    values = parameters_of(ruleset, {"cni": cni, "overlay": overlay})
    found = {each.name for each in ruleset.requirements if requirement_applies(each, values, Known())}
    assert {name for name in found if name.startswith(("cilium", "calico", "flannel"))} == expected


@pytest.mark.parametrize(
    ("given", "facts", "strangers"),
    [
        ({}, Known(), "any but control-plane"),
        ({}, Known(free=("control-plane", "worker")), "any but control-plane and worker"),
        ({"node_to_node": "any"}, Known(), "any but control-plane and worker"),
        ({"node_to_node": "restricted"}, Known(free=("control-plane", "worker")), "any but control-plane"),
    ],
)
def test_workers_are_strangers_to_etcd_where_something_is_between_them(given: dict[str, str], facts: Known, strangers: str) -> None:
    for identifier in ("talos/etcd-private", "talos/control-components-private"):
        flow = asked("talos", identifier, facts, **given).flow
        assert flow is not None
        assert str(flow.sources) == strangers


def test_each_host_of_a_list_is_a_destination() -> None:
    flow = asked("thymis-controller", "thymis-controller/git-hosts", git_hosts="gitlab.com, git.corp").flow
    assert flow is not None
    assert str(flow.destinations) == "gitlab.com and git.corp"


def test_a_host_without_a_dot_is_a_name_and_an_address_an_address() -> None:
    flow = asked("thymis-controller", "thymis-controller/git-hosts", git_hosts="forge, 10.0.0.9").flow
    assert flow is not None
    assert [str(term.kind) for term in flow.destinations.terms] == ["host", "address"]


def test_a_host_of_the_document_is_of_the_internet_and_one_the_user_names_may_be_inside() -> None:
    flow = asked("thymis-controller", "thymis-controller/git-hosts", git_hosts="gitlab.com, git.corp").flow
    assert flow is not None
    assert [str(term.kind) for term in flow.destinations.terms] == ["name", "host"]


def test_an_empty_list_asks_for_nothing() -> None:
    assert asked("thymis-controller", "thymis-controller/git-hosts", git_hosts="").skipped == "the list git_hosts is empty"


def test_a_mirror_that_is_not_named_leaves_the_requirement_undecided() -> None:
    found = asked("thymis-controller", "thymis-controller/nix-cache", air_gapped="true")
    assert found.undecided == "the parameter nix_cache_mirror is not set"
    found = asked("thymis-controller", "thymis-controller/nix-cache", air_gapped="true", nix_cache_mirror="nix.corp")
    assert found.undecided is None
    assert found.flow is not None
    assert str(found.flow.destinations) == "nix.corp"


def test_wildcards_replace_the_full_names() -> None:
    flow = asked("disruptive-legacy", "disruptive-legacy/cloud-services", wildcards="true").flow
    assert flow is not None
    assert str(flow.destinations) == "*.disruptive-technologies.com, *.balena-cloud.com, *.docker.com and *.docker.io"


def test_hygiene_has_no_flow() -> None:
    found = asked("firewall-hygiene", "hygiene/any-any-permit")
    assert found.flow is None
    assert found.requirement.fact == "any-any-permit"


def test_an_enforced_requirement_is_about_its_members() -> None:
    flow = asked("talos", "talos/enforced").flow
    assert flow is not None
    assert str(flow.destinations) == "control-plane and worker"


# -- parameters


@pytest.mark.parametrize(("default", "free"), [(Verdict.PERMIT, True), (Verdict.DENY, False)])
def test_a_firewall_that_lets_everything_in_leaves_its_host_unfiltered(default: Verdict, free: bool) -> None:
    here = Span("f", 1, 1, 1, 2)
    hook = Hook("in", Place.INBOUND, Filter("in", (), default, here), here, "in", "h:n")
    graph = Graph((Zone("h:n", ZoneKind.HOST, "n", here),), (hook,))
    node = Bound("node", (Endpoint("n", "node", frozenset({"h:n"})),))
    assert Cast(graph, {"node": node}).unfiltered("node") is free


def given_in(text: str) -> dict[str, Given]:
    root = read_one(Source("auditor.yaml", text))
    assert isinstance(root, Mapping)
    return {name: Given(value, value.key) for name, value in root.entries.items()}


def test_every_parameter_has_a_value() -> None:
    values = parameters_of(load_ruleset("talos"), {})
    assert values["cni"] == "cilium"
    assert values["nodeport"] is False
    assert values["pod_cidrs"] == ()
    assert values["node_to_node"] == "auto"


def test_values_of_auditor_yaml_are_typed() -> None:
    values = parameters_of(load_ruleset("talos"), given_in("nodeport: true\ntalos_version: 1.10\npod_cidrs: [10.244.0.0/16]\n"))
    assert (values["nodeport"], values["talos_version"], values["pod_cidrs"]) == (True, "1.10", ("10.244.0.0/16",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cni: cillium", "auditor.yaml:1:6: parameter cni: 'cillium' is none of cilium, calico, flannel, none; did you mean 'cilium'?"),
        ("nodeport: maybe", "auditor.yaml:1:11: parameter nodeport: 'maybe' is neither true nor false"),
        ("nodeport: [true]", "auditor.yaml:1:11: parameter nodeport: one value is expected, not several"),
        ("talos_version: latest", "auditor.yaml:1:16: parameter talos_version: 'latest' is no version; write e.g. 1.10"),
        ("pod_cidrs: {a: b}", "auditor.yaml:1:12: parameter pod_cidrs: a list is expected, not a mapping"),
        ("pod_cidrs: [[a]]", "auditor.yaml:1:12: parameter pod_cidrs: a list of texts is expected"),
        (
            "pod_cidrs: [10.244.0.0/16, foo]",
            "auditor.yaml:1:12: parameter pod_cidrs: 'foo' is no network; write e.g. 10.244.0.0/16, several separated by commas",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_told_at_its_place(text: str, expected: str) -> None:
    with pytest.raises(ParameterError) as caught:
        parameters_of(load_ruleset("talos"), given_in(text))
    assert str(caught.value) == expected


def test_an_integer_is_a_whole_number() -> None:
    ruleset = read_ruleset(
        Source(
            "x.yaml",
            "ruleset: x\ntitle: x\nparameters: {n: {type: integer}}\nrequirements: [{id: a, hygiene: shadowed-rule, because: a, fix: a}]",
        )
    )
    assert parameters_of(ruleset, {"n": "7"}) == {"n": 7}
    with pytest.raises(ParameterError, match="is no whole number"):
        parameters_of(ruleset, {"n": "many"})


def test_ports_are_ports_and_ranges() -> None:
    ruleset = load_ruleset("firewall-hygiene")
    assert parameters_of(ruleset, {"admin_ports": "22, 5900-5903"}) == {"admin_ports": ("22", "5900-5903")}
    with pytest.raises(ParameterError, match="parameter admin_ports: 'ssh' is no port"):
        parameters_of(ruleset, {"admin_ports": "22,ssh"})


def test_a_parameter_no_ruleset_has_is_told_with_the_nearest() -> None:
    rulesets = [load_ruleset("talos"), load_ruleset("thymis-device")]
    found = unknown_parameters(rulesets, {"dhcp": "true", **given_in("nodport: true")})
    assert [problem.message for problem in found] == ["no ruleset of this run has a parameter 'nodport'; did you mean 'nodeport'?"]
