"""Expressions mean what Terraform 1.11.4 made of them: every recorded case, in value, type, error and unknown."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from auditor.files import MemoryTree
from auditor.formats.terraform.errors import Refused
from auditor.formats.terraform.evaluate import evaluate
from auditor.formats.terraform.modules import Options, RootModule
from auditor.formats.terraform.sources import Sources
from auditor.formats.terraform.values import Hidden, Value

CASES = Path(__file__).parents[3] / "shared" / "conformance" / "terraform"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="the recorded expressions are not here")


def cases() -> list[Any]:
    found = []
    for name in ("expressions.json", "expressions-extra.json"):
        if (CASES / name).is_file():
            document = json.loads((CASES / name).read_text())
            found += [pytest.param(document, case, id=case["id"]) for case in document["expressions"]]
    return found


def outcome(document: dict[str, Any], case: dict[str, Any]) -> Value | Refused:
    declared = {name: document["vars"][name] for name in case.get("vars", ())}
    files = dict(document["files"]) if case.get("files") else {}
    files["main.tf"] = "locals {\n  it = " + case["expr"] + "\n}\n"
    files["main.tf"] += "".join(f'variable "{name}" {{\n  type = {variable["type"]}\n}}\n' for name, variable in declared.items())
    files["terraform.tfvars.json"] = json.dumps({name: variable["value"] for name, variable in declared.items() if "value" in variable})
    root = RootModule(Sources(MemoryTree(files)), "", Options(environment={"TF_WORKSPACE": "default"}))
    broken = [note.message for note in root.notes()]
    if broken:
        return Refused(broken[0])
    try:
        return evaluate(root.module.source.locals["it"].expression, root.module.scope)
    except Refused as error:
        return error


def plain(value: Value) -> Any:
    raw = value.raw
    if isinstance(raw, tuple):
        return [plain(part) for part in raw]
    if isinstance(raw, dict):
        return {key: plain(part) for key, part in raw.items()}
    return raw


def same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(wanted, dict):
        return isinstance(found, dict) and found.keys() == wanted.keys() and all(same(found[key], wanted[key]) for key in wanted)
    if isinstance(wanted, bool) or wanted is None or isinstance(wanted, str):
        return type(found) is type(wanted) and bool(found == wanted)
    if isinstance(found, bool) or not isinstance(found, int | float | Fraction):
        return False
    return bool(abs(Fraction(found) - Fraction(wanted)) <= abs(Fraction(wanted)) / 10**12)


@pytest.mark.parametrize(("document", "case"), cases())
def test_an_expression_means_what_terraform_makes_of_it(document: dict[str, Any], case: dict[str, Any]) -> None:
    result = outcome(document, case)
    others = case.get("or", [])
    if isinstance(result, Refused):
        assert case.get("error"), f"Terraform gives {case.get('value', 'unknown')}, here it is refused: {result.message}"
    elif not result.wholly_known:
        assert case.get("unknown"), f"Terraform gives {case.get('value', 'an error')}, here it is unknown"
    else:
        found = plain(result)
        wanted = [*others, case["value"]] if "value" in case else others
        assert any(same(found, value) for value in wanted), f"here it is {found!r}"
        if "type" in case and same(found, case.get("value")):
            assert str(result.type) == case["type"]


def test_unknown_values_say_why() -> None:
    document = json.loads((CASES / "expressions.json").read_text())
    case = {"expr": '"${var.us}/32"', "vars": ["us"]}
    result = outcome(document, case)
    assert isinstance(result, Value)
    assert isinstance(result.raw, Hidden)
    assert (result.raw.reason, result.reference) == ("variable us has no value", '"${var.us}/32"')
