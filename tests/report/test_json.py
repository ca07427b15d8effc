"""What a script can rely on."""

from __future__ import annotations

import json
from typing import Any

from auditor.report.base import Options
from auditor.report.json import render
from tests.report.sample import RUN, SOURCES


def document(show_passed: bool = False) -> Any:
    return json.loads(render(RUN, SOURCES, Options(show_passed=show_passed)))


def test_a_finding_has_its_place_witness_and_trace() -> None:
    etcd = next(found for found in document()["findings"] if found["rule"] == "talos/etcd")
    assert (etcd["outcome"], etcd["level"], etcd["path"], etcd["line"], etcd["column"]) == (
        "broken",
        "error",
        "modules/aws/network/security groups.tf",
        1,
        1,
    )
    assert etcd["witness"]["destination_port"] == "2379"
    assert [step["verdict"] for step in etcd["trace"]] == ["permits", "denies by default"]
    assert etcd["fixes"][0]["safe"] is True


def test_only_failing_findings_are_listed_unless_asked() -> None:
    assert {found["outcome"] for found in document()["findings"]} == {"broken", "open"}
    assert {found["outcome"] for found in document(show_passed=True)["findings"]} == {"broken", "open", "holds"}


def test_the_summary_counts_requirements_and_remarks() -> None:
    assert document()["summary"] == {
        "holds": 1,
        "broken": 1,
        "open": 2,
        "errors": 1,
        "warnings": 1,
        "notes": 0,
        "remarks": 1,
        "ignored": 1,
        "files": 2,
        "unread": 0,
    }


def test_what_is_ignored_keeps_its_reason() -> None:
    assert document()["ignored"][0]["reason"] == "a demo"


def test_the_version_and_the_roles_are_told() -> None:
    assert document()["version"] == "0.1.0"
    assert document()["roles"][1] == {"role": "admin", "target": "203.0.113.7/32", "why": "--role"}


def test_two_renderings_are_the_same_bytes() -> None:
    assert render(RUN, SOURCES, Options()) == render(RUN, SOURCES, Options())
