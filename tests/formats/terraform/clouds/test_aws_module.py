"""The model of terraform-aws-modules/security-group, held against a plan of the module itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.files import DirectoryTree
from auditor.formats.terraform.clouds import read_estate
from auditor.formats.terraform.modules import Options, load_root
from auditor.formats.terraform.sources import Sources
from auditor.model.source import Unknown
from tests.formats.terraform.clouds.expected import assert_same
from tests.formats.terraform.clouds.reading import estate_of, lines, traps

FIXTURE = Path(__file__).parents[4] / "fixtures/terraform/security-group-module"
GROUP = "module.node.aws_security_group.this_name_prefix[0]"


def call(arguments: str) -> str:
    return f'module "node" {{\n  source = "terraform-aws-modules/security-group/aws"\n  name = "node"\n{arguments}\n}}\n'


def test_calls_of_the_module_make_the_rules_that_a_plan_of_it_has() -> None:
    estate = read_estate(load_root(Sources(DirectoryTree(FIXTURE)), "", Options()))
    assert_same(estate.groups, json.loads((FIXTURE / "expected-rules.json").read_text())["groups"])


def test_the_plain_module_lets_nothing_out() -> None:
    estate = estate_of(call('ingress_cidr_blocks = ["10.0.0.0/8"]\n ingress_rules = ["kubernetes-api-tcp"]'))
    assert lines(estate.groups[GROUP]) == ["in permit tcp/6443 from 10.0.0.0/8"]


def test_networks_in_a_map_are_one_text_with_commas() -> None:
    estate = estate_of(call('ingress_with_cidr_blocks = [{ rule = "ssh-tcp", cidr_blocks = "10.0.0.0/8,192.168.0.0/16" }]'))
    assert lines(estate.groups[GROUP]) == ["in permit tcp/22 from 10.0.0.0/8", "in permit tcp/22 from 192.168.0.0/16"]
    assert "cidr-as-comma-string" not in traps(estate)


def test_computed_rules_without_their_number_do_not_exist() -> None:
    estate = estate_of(call('computed_ingress_with_self = [{ rule = "all-all" }]'))
    assert lines(estate.groups[GROUP]) == []
    assert "computed-number-missing" in traps(estate)


def test_a_list_that_is_not_known_is_a_rule_that_may_be_anything() -> None:
    estate = estate_of('variable "rules" { type = list(map(string)) }\n' + call("ingress_with_cidr_blocks = var.rules"))
    (rule,) = estate.groups[GROUP].rules
    assert rule.doubt is not None


def test_a_rule_points_at_its_element_of_the_call() -> None:
    estate = estate_of(call('ingress_with_cidr_blocks = [\n{ rule = "ssh-tcp", cidr_blocks = "10.0.0.0/8" },\n]'))
    (rule,) = estate.groups[GROUP].rules
    assert (rule.span.path, rule.span.line) == ("main.tf", 5)


def test_an_unknown_rule_name_is_what_the_plan_fails_at() -> None:
    assert "evaluation-error" in traps(estate_of(call('ingress_cidr_blocks = ["10.0.0.0/8"]\n ingress_rules = ["talos-tcp"]')))


def test_a_submodule_of_another_name_is_a_module_that_is_not_installed() -> None:
    estate = estate_of('module "x" {\n  source = "terraform-aws-modules/security-group/aws//modules/talos"\n}\n')
    assert traps(estate) == {"module-not-installed"}


SUBMODULE = 'module "w" {\n  source = "terraform-aws-modules/security-group/aws//modules/ssh"\n  ingress_cidr_blocks = ["10.0.0.0/8"]\n'


@pytest.mark.parametrize(
    ("argument", "found"),
    [
        ("", ["in permit tcp/22 from 10.0.0.0/8", "in permit everything from self"]),
        ("auto_ingress_rules = []", ["in permit everything from self"]),
        ('auto_ingress_rules = ["dns-tcp"]', ["in permit tcp/53 from 10.0.0.0/8", "in permit everything from self"]),
        ("auto_ingress_with_self = []", ["in permit tcp/22 from 10.0.0.0/8"]),
        (
            'auto_computed_ingress_with_self = [{ rule = "dns-tcp" }]\n  auto_number_of_computed_ingress_with_self = 1',
            ["in permit tcp/22 from 10.0.0.0/8", "in permit everything from self", "in permit tcp/53 from self"],
        ),
    ],
)
def test_what_a_submodule_adds_by_itself_can_be_given(argument: str, found: list[str]) -> None:
    estate = estate_of(f"{SUBMODULE}  auto_egress_rules = []\n  {argument}\n}}\n")
    (group,) = estate.groups
    assert [line.replace(f"group {group}", "self") for line in lines(estate.groups[group])] == found


def test_a_rule_without_a_name_and_ports_is_none() -> None:
    estate = estate_of(call('ingress_with_cidr_blocks = [{ cidr_blocks = "0.0.0.0/0" }]'))
    (record,) = next(iter(estate.groups.values())).rules
    assert isinstance(record.traffic.protocol, Unknown)
    assert "evaluation-error" in traps(estate)
