"""Ruleset files of users: what they may say, and how a mistake in them is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.model.source import Level, Source
from auditor.policy.load import builtin_rulesets, load_ruleset, read_ruleset
from auditor.policy.problems import RulesetError
from auditor.policy.ruleset import Kind, Ruleset, Scope, Term, TermKind, Who
from auditor.policy.services import parse_service

HEAD = """\
ruleset: ours
title: Ours
roles:
  device: the devices
  server: the server
  dns: {is: a resolver, somewhere: true}
  all: {is: everything, union: [device, server]}
parameters:
  cloud: {type: boolean, is: whether the cloud is used}
  hosts: {type: list, default: [a.example, b.example]}
  mode: {type: enum, values: [one, two]}
  mirror: {type: string}
requirements:
"""
TALE = "\n    because: It must.\n    fix: Do it.\n"


def read(requirements: str, head: str = HEAD) -> Ruleset:
    return read_ruleset(Source("ours.yaml", head + requirements))


def problems(text: str) -> list[str]:
    with pytest.raises(RulesetError) as caught:
        read_ruleset(Source("ours.yaml", text))
    return [str(problem) for problem in caught.value.problems]


def wrong(requirement: str) -> list[str]:
    """The problems of one requirement, which begins on line 14."""
    return problems(HEAD + f"  - id: it\n    {requirement}" + TALE)


def who(text: str) -> Who:
    found = read(f"  - id: it\n    allow: {{from: device, to: {text}, service: tcp/1}}" + TALE)
    return found.requirements[0].destinations[0].who


def test_a_requirement_has_the_rulesets_name_before_its_own() -> None:
    found = read("  - id: it\n    deny: {from: any, to: device}" + TALE)
    assert [each.id for each in found.requirements] == ["ours/it"]
    assert found.requirements[0].kind is Kind.DENY
    assert str(found.requirements[0].services[0]) == "any"
    assert found.requirements[0].level is Level.ERROR
    assert found.requirements[0].scope is Scope.PATH


def test_the_prefix_of_ids_can_differ_from_the_name() -> None:
    found = read("  - id: it\n    deny: {from: any, to: device}" + TALE, HEAD.replace("title:", "prefix: p\ntitle:"))
    assert found.requirements[0].id == "p/it"
    assert found.requirement("p/it") is found.requirements[0]


def test_an_end_names_roles_and_those_left_out() -> None:
    found = who("internet but device and server")
    assert found == Who((Term(TermKind.ROLE, "internet"),), (Term(TermKind.ROLE, "device"), Term(TermKind.ROLE, "server")))
    assert str(found) == "internet but device and server"


def test_an_end_tells_names_addresses_and_parameters_apart() -> None:
    found = who('[GHCR.io, "*.docker.com", 10.0.0.0/8, "2001:db8::1", $hosts, server]')
    kinds = [(term.kind, term.text) for term in found.terms]
    assert kinds == [
        (TermKind.NAME, "ghcr.io"),
        (TermKind.NAME, "*.docker.com"),
        (TermKind.ADDRESS, "10.0.0.0/8"),
        (TermKind.ADDRESS, "2001:db8::1"),
        (TermKind.PARAMETER, "hosts"),
        (TermKind.ROLE, "server"),
    ]


def test_services_can_be_several() -> None:
    found = read("  - id: it\n    allow: {from: device, to: dns, service: [udp/53, tcp/53]}" + TALE)
    assert found.requirements[0].services == (parse_service("udp/53"), parse_service("tcp/53"))


def test_a_fix_can_hold_snippets_of_dialects() -> None:
    found = read("  - id: it\n    enforced: device\n    because: x\n    fix: {text: Do it., nftables: tcp dport 1 accept}\n")
    assert found.requirements[0].fix.snippets == {"nftables": "tcp dport 1 accept"}


def test_a_fact_says_of_whom() -> None:
    found = read("  - id: it\n    fact: {of: device, says: time-server}" + TALE)
    assert (found.requirements[0].kind, found.requirements[0].fact) == (Kind.FACT, "time-server")


def test_a_misspelt_key_is_told_with_its_place_and_the_nearest() -> None:
    assert "ours.yaml:15:5: 'alow' is not known here; did you mean 'allow'?" in wrong("alow: {from: device, to: server}")


def test_a_misspelt_key_in_a_flow_is_told() -> None:
    assert wrong("allow: {form: device, to: server}") == [
        "ours.yaml:15:5: 'from' is missing: Who sends.",
        "ours.yaml:15:13: 'form' is not known here; did you mean 'from'?",
    ]


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("allow: {from: devic, to: server}", "15:19: the role 'devic' is not declared; did you mean 'device'?"),
        ("allow: {from: device, to: $host}", "15:31: the parameter 'host' is not declared; did you mean 'hosts'?"),
        ("allow: {from: device, to: server, service: tcp/99999}", "15:48: '99999' is no port range within 0-65535"),
        ("allow: {from: device, to: 10.0.0.0/33}", "15:31: '10.0.0.0/33' is no address"),
        ("deny: {from: any, to: device}\n    when: clod", "16:11: the parameter 'clod' is not declared; did you mean 'cloud'?"),
        ("deny: {from: any, to: device}\n    when: mode == thre", "16:11: mode is never 'thre'; known: one, two"),
        ("deny: {from: any, to: device}\n    when: mode", "16:11: the parameter 'mode' is no boolean: compare it with a value"),
        ("deny: {from: any, to: device}\n    when: cloud == on", "16:11: the parameter 'cloud' is a boolean: write cloud or not cloud"),
        ("deny: {from: any, to: device}\n    when: bound devise", "16:11: the role 'devise' is not declared; did you mean 'device'?"),
        ("deny: {from: any, to: device}\n    when: not", "16:11: condition 'not': a parameter expected at the end"),
        ("deny: {from: any, to: device}\n    level: eror", "16:12: 'eror' is none of error, warning, note; did you mean 'error'?"),
        ("deny: {from: any, to: device}\n    tags: x", "16:11: 'x' stands where a list is expected"),
        ("deny: {from: any, to: device}\n    severity: 11", "16:15: 11 is out of range: maximum 10"),
        ("hygiene: shadowed", "15:14: 'shadowed' is none of any-any-permit, "),
        ("hygiene: world-open-admin", "15:14: world-open-admin asks about the parameter 'admin_ports', which is not declared"),
        ("deny: {from: any, to: 5}", "15:27: 5 stands where text or a list is expected"),
        ("deny: {from: [device, {is: server}], to: device}", "15:19: a list holds either ends of the flow or choices (when, is), not both"),
        ("deny: {from: any, to: device}\n    allow: {from: any, to: device}", "14:9: a requirement is exactly one of"),
        ("level: note", "14:9: a requirement is exactly one of"),
    ],
)
def test_a_mistake_in_a_requirement_is_told_at_its_place(requirement: str, expected: str) -> None:
    found = wrong(requirement)
    assert len(found) == 1
    assert found[0].startswith(f"ours.yaml:{expected}")


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    found = wrong("allow: {from: devic, to: servr}\n    when: clod")
    assert [text.partition(": ")[0] for text in found] == ["ours.yaml:15:19", "ours.yaml:15:30", "ours.yaml:16:11"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("union: [device, server]", "union: [device, serve]", "7:41: the role 'serve' is not declared; did you mean 'server'?"),
        ("union: [device, server]", "union: [device, all]", "7:41: the role 'all' is part of itself"),
        ("device: the devices", "any: the devices", "4:3: the role 'any' is built in"),
        ("type: boolean,", "type: bool,", "9:17: 'bool' is none of boolean, string, enum, list, networks, ports, integer, version; did"),
        ("values: [one, two]", "default: one", "11:9: an enum needs its values"),
        ("{type: string}", "{type: string, values: [a]}", "12:11: values are for an enum, not for a string"),
        ("values: [one, two]", "values: [one, two], default: tow", "11:51: 'tow' is none of one, two; did you mean 'two'?"),
        ("ruleset: ours", "ruleset: Our Own", "1:10: 'Our Own' is no name"),
        ("title: Ours", "title: Ours\ntitle: Mine", "3:1: the key 'title' is already given on line 2"),
        ("title: Ours", "title: [", "4:9: not YAML"),
    ],
)
def test_a_mistake_in_the_head_is_told_at_its_place(old: str, new: str, expected: str) -> None:
    found = problems(HEAD.replace(old, new) + "  - id: it\n    enforced: server" + TALE)
    assert any(text.startswith(f"ours.yaml:{expected}") for text in found), found


def test_two_requirements_of_one_id_are_told() -> None:
    one = "  - id: it\n    enforced: device" + TALE
    assert problems(HEAD + one + one) == ["ours.yaml:18:9: the id 'it' is already given on line 14"]


@pytest.mark.parametrize("text", ["", "- a\n", "ruleset: x\n", "null\n", "\x00", "a: b: c\n", "ruleset: x\n---\nruleset: y\n"])
def test_a_file_that_is_no_ruleset_is_refused_at_a_line(text: str) -> None:
    assert all(found.startswith("ours.yaml:") for found in problems(text))


def test_a_ruleset_nobody_has_is_told_with_the_nearest() -> None:
    with pytest.raises(RulesetError, match="no ruleset 'talso'; did you mean 'talos'"):
        load_ruleset("talso")


def test_a_ruleset_is_read_from_the_tree_that_is_checked() -> None:
    tree = MemoryTree({"policy/ours.yaml": HEAD + "  - id: it\n    enforced: device" + TALE})
    assert load_ruleset("./policy/ours.yaml", tree).name == "ours"
    with pytest.raises(RulesetError, match=r"\.\./ours\.yaml leads out"):
        load_ruleset("../ours.yaml", tree)


def test_a_ruleset_is_read_from_disk_where_an_option_names_it(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    path.write_text(HEAD + "  - id: it\n    enforced: device" + TALE)
    assert load_ruleset(str(path)).requirements[0].span.path == path.as_posix()
    with pytest.raises(RulesetError, match="cannot be read"):
        load_ruleset(str(tmp_path / "nope.yaml"))


def test_the_built_in_rulesets_are_read_without_the_schemas_library() -> None:
    import subprocess
    import sys

    code = "import sys; from auditor.policy.load import *; list(map(load_ruleset, BUILTIN)); sys.exit('jsonschema' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert len(builtin_rulesets()) == 6


def test_a_ruleset_of_auditor_yaml_that_is_not_there_is_told_at_its_line() -> None:
    tree = MemoryTree({"auditor.yaml": "rulesets:\n  - ./nope.yaml\n"})
    with pytest.raises(audit.UsageError, match=r"auditor\.yaml:2:5: the ruleset \./nope\.yaml"):
        audit.read(tree, ("",), audit.Request())
