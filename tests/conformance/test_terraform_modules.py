"""Whole root modules against the rules of a real `terraform plan` of them: every rule equal, none missing, none too many."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.files import DirectoryTree
from auditor.formats.terraform.clouds import read_estate
from auditor.formats.terraform.modules import Options, load_root
from auditor.formats.terraform.records import Estate
from auditor.formats.terraform.sources import Sources
from tests.formats.terraform.clouds.expected import assert_same

MODULES = Path(__file__).parents[3] / "shared/conformance/terraform/modules"
CASES = sorted(path.name for path in MODULES.iterdir()) if MODULES.is_dir() else []

pytestmark = pytest.mark.skipif(not CASES, reason="the recorded plans are not on this machine")


def estate_of(directory: Path) -> Estate:
    settings = json.loads((directory / "oracle.json").read_text()) if (directory / "oracle.json").exists() else {}
    variables = [("var-file", name) for name in settings.get("var_files", ())]
    variables += [("var", f"{name}={text}") for name, text in settings.get("vars", {}).items()]
    return read_estate(load_root(Sources(DirectoryTree(directory)), settings.get("root", ""), Options(tuple(variables))))


@pytest.mark.parametrize("case", CASES)
def test_every_rule_of_the_plan_is_read_and_no_other(case: str) -> None:
    expected = json.loads((MODULES / case / "expected-rules.json").read_text())["groups"]
    assert_same(estate_of(MODULES / case).groups, expected)
