"""Whole root modules against the rules of a real `terraform plan` of them: every rule equal, none missing, none too many."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.files import DirectoryTree
from auditor.formats.terraform.clouds import read_estate
from auditor.formats.terraform.modules import Options, load_root
from auditor.formats.terraform.records import Direction, Estate, Group, PeerKind, Range, Record
from auditor.formats.terraform.sources import Sources
from auditor.model.source import Unknown

MODULES = Path(__file__).parents[3] / "shared/conformance/terraform/modules"
CASES = sorted(path.name for path in MODULES.iterdir()) if MODULES.is_dir() else []

Line = tuple[tuple[str, Any], ...]

pytestmark = pytest.mark.skipif(not CASES, reason="the recorded plans are not on this machine")


def estate_of(directory: Path) -> Estate:
    settings = json.loads((directory / "oracle.json").read_text()) if (directory / "oracle.json").exists() else {}
    variables = [("var-file", name) for name in settings.get("var_files", ())]
    variables += [("var", f"{name}={text}") for name, text in settings.get("vars", {}).items()]
    return read_estate(load_root(Sources(DirectoryTree(directory)), settings.get("root", ""), Options(tuple(variables))))


def line_of(record: Record) -> Line:
    """A record in the words of the recorded plans."""
    assert record.doubt is None, f"{record.resource} is in doubt: {record.doubt}"
    traffic = record.traffic
    line: dict[str, Any] = {
        "direction": "in" if record.direction is Direction.IN else "out",
        "action": "allow" if record.permit else "deny",
        "protocol": traffic.protocol,
        "icmp_type": traffic.icmp.type,
        "icmp_code": traffic.icmp.code,
        "peer": record.peer.label if record.peer.kind is not PeerKind.UNKNOWN else "unknown",
        "resource": record.resource,
        "priority": record.order,
        "local": record.local.label if record.local else None,
        "targets": tuple(sorted(target.label for target in record.targets)) or None,
        "stateless": record.stateless or None,
        "implicit": record.implicit or None,
    }
    for prefix, numbers in (("", traffic.ports), ("source_", traffic.source_ports)):
        assert not isinstance(numbers, Unknown), f"{record.resource}: {numbers}"
        if isinstance(numbers, Range):
            line |= {f"{prefix}from": numbers.first, f"{prefix}to": numbers.last}
    return tuple(sorted((key, each) for key, each in line.items() if each is not None))


def lines_of(group: Group) -> set[Line]:
    return {line_of(record) for record in group.rules}


def expected_lines(group: dict[str, Any]) -> set[Line]:
    return {tuple(sorted((key, tuple(each) if isinstance(each, list) else each) for key, each in rule.items())) for rule in group["rules"]}


@pytest.mark.parametrize("case", CASES)
def test_every_rule_of_the_plan_is_read_and_no_other(case: str) -> None:
    expected = json.loads((MODULES / case / "expected-rules.json").read_text())["groups"]
    groups = estate_of(MODULES / case).groups
    assert set(groups) == set(expected)
    for address, group in expected.items():
        assert lines_of(groups[address]) == expected_lines(group), address
        assert groups[address].disabled == group.get("disabled", False)
