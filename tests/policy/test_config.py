"""auditor.yaml: what it says, and how a mistake in it is told."""

from __future__ import annotations

from datetime import date

import pytest

from auditor.files import MemoryTree
from auditor.model.source import Source
from auditor.policy.config import Config, find_config, load_config, read_config
from auditor.policy.problems import ConfigError

TEXT = """\
rulesets: [talos, ./ours.yaml]
parameters: {cni: cilium, nodeport: false}
inputs: [{path: terraform, var_files: [prod.tfvars], vars: {n: 3}}, pfsense/config.xml]
roles:
  control-plane: {behind: ["terraform:aws_security_group.cp", "talos:cp.yaml"], addresses: [10.0.1.0/24]}
  connector: {zone: "pfsense:opt2"}
  admin: 196.45.28.20/32, VPN.example.org, pfsense:wan
ignore: [{rule: talos/icmp, path: "terraform/**", reason: ping is not used, until: 2030-06-30}]
"""


def read(text: str) -> Config:
    return read_config(Source("auditor.yaml", text))


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return [str(problem) for problem in caught.value.problems]


def test_rulesets_are_names_and_files() -> None:
    assert tuple(read(TEXT).rulesets) == ("talos", "./ours.yaml")


def test_an_input_is_a_path_or_says_more() -> None:
    terraform, pfsense = read(TEXT).inputs
    assert (terraform.path, terraform.var_files, terraform.variables) == ("terraform", ("prod.tfvars",), {"n": "3"})
    assert (pfsense.path, pfsense.var_files) == ("pfsense/config.xml", ())


def test_a_role_is_bound_in_several_ways_at_once() -> None:
    control_plane, connector, admin = read(TEXT).roles
    assert control_plane.zones == ("terraform:aws_security_group.cp", "talos:cp.yaml")
    assert control_plane.addresses == ("10.0.1.0/24",)
    assert connector.zones == ("pfsense:opt2",)
    assert (admin.zones, admin.addresses, admin.names) == (("pfsense:wan",), ("196.45.28.20/32",), ("vpn.example.org",))
    assert admin.span is not None
    assert str(admin.span) == "auditor.yaml:7:3"


def test_an_ignore_has_a_reason_and_an_end() -> None:
    (ignore,) = read(TEXT).ignores
    assert (ignore.rule, ignore.path, ignore.reason, ignore.until) == ("talos/icmp", "terraform/**", "ping is not used", date(2030, 6, 30))


def test_parameters_keep_their_place() -> None:
    given = read(TEXT).parameters["nodeport"]
    assert str(given.span) == "auditor.yaml:2:37"


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "null\n"])
def test_an_empty_file_says_nothing(text: str) -> None:
    assert read(text) == Config("auditor.yaml")


def test_the_file_at_the_root_is_found() -> None:
    assert find_config(MemoryTree({"auditor.yaml": TEXT})) == read(TEXT)
    assert find_config(MemoryTree({"other/auditor.yaml": TEXT})) == Config()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ruleset: [talos]", "auditor.yaml:1:1: 'ruleset' is not known here; did you mean 'rulesets'?"),
        ("rulesets: [talso]", "auditor.yaml:1:12: there is no ruleset 'talso'; did you mean 'talos'?"),
        ("rulesets: talos", "auditor.yaml:1:11: 'talos' stands where a list is expected"),
        ("roles: {a: {behnd: [x]}}", "auditor.yaml:1:13: 'behnd' is not known here; did you mean 'behind'?"),
        ("roles: {a: {addresses: [10.0.0.300]}}", "auditor.yaml:1:24: role a: '10.0.0.300' is no address, network or range"),
        ("roles: {a: 1.2.3.400}", "auditor.yaml:1:12: role a: '1.2.3.400' is no address, network or range"),
        ('roles: {a: ", ,"}', "auditor.yaml:1:12: role a: name a zone, an address or a domain name"),
        ("roles: {a: {}}", "auditor.yaml:1:12: nothing is given here"),
        ("ignore: [{rule: x}]", "auditor.yaml:1:10: 'reason' is missing: Why it is accepted."),
        ("ignore: [{rule: x, reason: y, until: 2030-06-31}]", "auditor.yaml:1:38: '2030-06-31' is no date: write YYYY-MM-DD"),
        ("inputs: [{pth: x}]", "auditor.yaml:1:11: 'pth' is not known here; did you mean 'path'?"),
        (
            "parameters: {a: {b: c}}",
            "auditor.yaml:1:17: a mapping stands where true or false or text or a whole number",
        ),
        ("roles: [a", "auditor.yaml:2:1: not YAML"),
        ("- a", "auditor.yaml:1:1: a list stands where a mapping is expected"),
    ],
)
def test_a_mistake_is_told_at_its_place_with_what_would_be_right(text: str, expected: str) -> None:
    assert any(found.startswith(expected) for found in problems(text + "\n")), problems(text + "\n")


def test_a_file_that_cannot_be_read_is_an_error_of_the_configuration() -> None:
    with pytest.raises(ConfigError, match=r"the configuration auditor\.yaml is binary"):
        load_config(MemoryTree({"auditor.yaml": b"\0\1"}), "auditor.yaml")
