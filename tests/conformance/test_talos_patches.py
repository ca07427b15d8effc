"""Merging patches comes to what Talos's own library recorded, for each version recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.formats.talos.combine import Stage, combine, written
from auditor.formats.talos.documents import load
from auditor.formats.talos.notes import refused
from auditor.formats.talos.validate import validate
from auditor.formats.talos.version import parse_version
from auditor.model.source import Source
from auditor.yamlscalars import Schema
from auditor.yamlspan import Node, Scalar, Sequence, read

ROOT = Path(__file__).resolve().parents[3] / "shared/conformance/talos-patches"
CASES: list[dict[str, Any]] = json.loads((ROOT / "cases.json").read_text())["cases"] if ROOT.is_dir() else []
pytestmark = pytest.mark.skipif(not ROOT.is_dir(), reason="the recorded outcomes are not at hand")

# What the library says, and the lint by which the same is said here.
GIST = {
    "etcd config is only allowed": "etcd-on-worker",
    "unknown machine type": "unknown-machine-type",
    "time servers cannot": "conflicting-documents",
    "discovery service is already": "conflicting-documents",
    "overlaps with": "overlapping-ports",
    "invalid subnet": "missing-subnet",
    "name is required": "missing-name",
    "no ports": "missing-ports",
    "port range": "overlapping-ports",
    "selector": "missing-ports",
}


def source(path: str) -> Source:
    return Source(path, (ROOT / path).read_bytes().decode())


def texts(node: Node) -> Any:
    """A recorded document as plain texts, without what is empty."""
    if isinstance(node, Scalar):
        return None if node.value is None else node.text
    if isinstance(node, Sequence):
        return [texts(item) for item in node.items]
    values = {key: texts(value) for key, value in node.entries.items()}
    return {key: value for key, value in values.items() if value not in (None, "", [], {})}


def with_default_action(document: dict[str, Any]) -> dict[str, Any]:
    """Talos writes the action even where it was absent."""
    return {"ingress": "accept", **document} if document.get("kind") == "NetworkDefaultActionConfig" else document


def outcomes() -> list[Any]:
    return [pytest.param(case, version, id=f"{case['id']}-{version}") for case in CASES for version in case["outcome"]]


@pytest.mark.parametrize(("case", "version"), outcomes())
def test_the_outcome_is_the_recorded_one(case: dict[str, Any], version: str) -> None:
    library = parse_version(version)
    assert library is not None
    expected = case["outcome"][version]
    base = load(source(case["base"]), library, patch=False)
    patches = [load(source(path), library, patch=True) for path in case["patches"]]
    combined = combine(base, patches, library)
    unresolved = any(note.trap == "unresolved-variable" for note in combined.notes)
    stage = Stage.LOAD_PATCH if unresolved else combined.stage  # Talos refuses a placeholder; here its value is open
    wanted = {"crash": "reload"}.get(expected.get("stage"), expected.get("stage"))
    assert (stage.value if stage else None) == wanted, combined.notes
    if not expected["loads"]:
        return
    recorded = [texts(document) for document in read(Source("merged", expected["merged"]), Schema.GO).documents]
    assert [with_default_action(document) for document in written(combined.documents)] == recorded
    objections = list(validate(combined.documents))
    assert sorted(note.trap for note in objections) == sorted(gist(text) for text in expected.get("invalid", []))
    assert refused(objections) == bool(expected.get("invalid"))


CORPUS = ROOT.parents[1] / "corpus/talos/siderolabs__configpatcher"
UPSTREAM = [
    ("apply", "config", ["strategic1", "jsonpatch1", "jsonpatch2", "strategic2", "strategic3"], "expected"),
    ("apply", "config", ["strategic4"], "expected_manifests"),
    ("auditpolicy", "config", ["patch1"], "expected"),
    ("multidoc", "config", ["strategic1", "strategic2", "strategic3"], "expected"),
    ("patchdelete", "config", ["strategic1"], "expected"),
    ("patchlink", "base", ["patch"], "expected"),
    ("patchmixed", "base", ["patch"], "expected"),
]


def upstream(directory: str, name: str) -> Source:
    return Source(name, (CORPUS / directory / f"{name}.yaml").read_text())


@pytest.mark.parametrize(("directory", "base", "patches", "expected"), UPSTREAM)
def test_upstreams_own_examples_come_to_what_upstream_expects(directory: str, base: str, patches: list[str], expected: str) -> None:
    library = parse_version("v1.14.0-rc.1")
    assert library is not None
    loads = [load(upstream(directory, name), library, patch=True) for name in patches]
    combined = combine(load(upstream(directory, base), library, patch=False), loads, library)
    recorded = [texts(document) for document in read(upstream(directory, expected), Schema.GO).documents]
    assert combined.stage is None
    assert [comparable(document) for document in written(combined.documents)] == [comparable(document) for document in recorded]


def comparable(value: Any) -> Any:
    """Leading blank lines of a manifest are the writer's own business."""
    if isinstance(value, dict):
        return {key: comparable(item) for key, item in value.items()}
    return [comparable(item) for item in value] if isinstance(value, list) else value.lstrip("\n")


@pytest.mark.parametrize(
    ("directory", "patch", "trap"), [("multidoc", "jsonpatch", "json-patch"), ("patchdeletemissing", "strategic1", "delete-not-found")]
)
def test_upstreams_own_failures_fail(directory: str, patch: str, trap: str) -> None:
    library = parse_version("v1.14.0-rc.1")
    assert library is not None
    combined = combine(
        load(upstream(directory, "config"), library, patch=False), [load(upstream(directory, patch), library, patch=True)], library
    )
    assert combined.stage is Stage.APPLY
    assert [note.trap for note in combined.notes] == [trap]


def gist(message: str) -> str:
    return next(trap for sign, trap in GIST.items() if sign in message)


def test_there_are_cases() -> None:
    assert len(CASES) > 80
