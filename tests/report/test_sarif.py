"""What GitHub, GitLab and Azure need of a log, fact by fact, and the schema over all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from auditor.model.findings import Finding, Location, Outcome, Run
from auditor.model.record import replace
from auditor.model.source import Level, Span
from auditor.report.base import NoSources, Options
from auditor.report.sarif import MAX_RESULTS, render
from auditor.report.sarif.linehash import line_hashes
from tests.report.sample import ETCD, LINT, NTP, PRIVATE, RUN, SOURCES, UNPLACED

SCHEMA = Path(__file__).parent.parent / "data" / "sarif-2.1.0.json"


def log(run: Run = RUN, options: Options = Options()) -> Any:  # noqa: B008  # frozen
    return json.loads(render(run, SOURCES, options))["runs"][0]


def result(rule: str, run: Run = RUN) -> Any:
    return next(found for found in log(run)["results"] if found["ruleId"] == rule)


def parts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from parts(item)


@pytest.mark.parametrize(
    "run", [RUN, Run(), replace(RUN, inputs=()), Run(findings=(UNPLACED,))], ids=["all", "empty", "no inputs", "no place"]
)
@pytest.mark.parametrize("passed", [False, True])
def test_the_log_satisfies_the_schema(run: Run, passed: bool) -> None:
    schema = json.loads(SCHEMA.read_text())
    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    assert list(validator.iter_errors(json.loads(render(run, SOURCES, Options(show_passed=passed))))) == []


def test_the_schema_check_can_fail() -> None:
    broken = json.loads(render(RUN, SOURCES, Options()))
    broken["runs"][0]["results"][0]["level"] = "fatal"
    assert list(jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).iter_errors(broken))


def test_two_renderings_are_the_same_bytes() -> None:
    assert render(RUN, SOURCES, Options()) == render(RUN, SOURCES, Options())


def test_every_result_has_what_github_needs() -> None:
    run = log()
    for found in run["results"]:
        place = found["locations"][0]["physicalLocation"]
        assert found["message"]["text"]
        assert place["artifactLocation"]["uri"]
        assert {"startLine", "startColumn", "endLine", "endColumn"} <= place["region"].keys()
        assert found["partialFingerprints"].keys() == {"primaryLocationLineHash", "auditor/v1"}
        assert run["tool"]["driver"]["rules"][found["ruleIndex"]]["id"] == found["ruleId"]
    assert all(text != "" for found in parts(run) for text in found.values())


def test_every_rule_has_what_github_needs() -> None:
    for rule in log()["tool"]["driver"]["rules"]:
        assert rule["shortDescription"]["text"]
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert rule["help"]["text"]
        assert len(rule["properties"]["tags"]) <= 20


def test_a_severity_is_written_as_text() -> None:
    rules = {rule["id"]: rule["properties"] for rule in log()["tool"]["driver"]["rules"]}
    assert rules["talos/etcd"]["security-severity"] == "7.5"
    assert "security-severity" not in rules["talos/enforced"]


def test_the_level_is_always_written_even_where_it_is_the_default() -> None:
    assert result("lint/terraform/world")["level"] == "warning"
    assert result("talos/etcd")["level"] == "error"


def test_what_is_open_is_a_note_with_its_outcome() -> None:
    found = result("talos/admin-api-restricted")
    assert found["level"] == "note"
    assert found["properties"]["outcome"] == "open"
    assert found["properties"]["unknown"] == ["var.vpc_cidr"]


def test_what_is_ignored_or_holds_is_left_out() -> None:
    run = replace(RUN, findings=(NTP,), ignored=((ETCD, "later"),))
    assert log(run)["results"] == []


def test_what_holds_is_a_pass_when_asked_for() -> None:
    found = log(replace(RUN, findings=(NTP,)), Options(show_passed=True))["results"][0]
    assert (found["kind"], found["level"]) == ("pass", "none")


def test_paths_are_relative_to_the_repository_and_percent_encoded() -> None:
    place = result("talos/etcd")["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "infra/modules/aws/network/security%20groups.tf", "uriBaseId": "%SRCROOT%"}


def test_a_block_is_pointed_at_by_its_first_line() -> None:
    region = result("talos/etcd")["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"], region["endLine"], region["endColumn"]) == (1, 1, 1, 48)


def test_a_place_behind_the_last_line_is_told_at_its_end() -> None:
    run = replace(RUN, findings=(replace(LINT, location=Location(Span("variables.tf", 9, 1, 9, 2))),))
    place = log(run)["results"][0]["locations"][0]["physicalLocation"]
    assert (place["region"]["startLine"], place["region"]["startColumn"]) == (8, 1)
    assert place["contextRegion"]["endLine"] == 8


def test_columns_count_utf16_units() -> None:
    span = Span("variables.tf", 1, 1, 1, 2)
    found = Finding("lint/x/y", Outcome.BROKEN, Level.NOTE, "m", Location(replace(span, column=3, end_column=4)))

    class Sources(NoSources):
        def text(self, path: str) -> str:
            return "🔥x = 1\n" if path == "variables.tf" else ""

    region = json.loads(render(Run((found,)), Sources(), Options()))["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert (region["startColumn"], region["endColumn"]) == (4, 5)


def test_the_message_links_every_related_location() -> None:
    found = result("talos/admin-api-restricted")
    assert "[variable vpc_cidr\\[0\\]](1)" in found["message"]["text"]
    assert [location["id"] for location in found["relatedLocations"]] == [1]


def test_a_name_in_a_message_is_not_taken_for_a_link() -> None:
    run = replace(RUN, findings=(replace(LINT, message='aws_sg.x["a"](1)'),))
    assert '["a"] (1)' in log(run)["results"][0]["message"]["text"]


def test_the_trace_is_the_code_flow() -> None:
    steps = result("talos/etcd")["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["message"]["text"] for step in steps] == [
        "aws_security_group.control_plane, outbound: permits.",
        "aws_security_group.control_plane, inbound: denies by default.",
    ]


def test_a_fix_replaces_the_text_of_its_span() -> None:
    change = result("talos/etcd")["fixes"][0]["artifactChanges"][0]["replacements"][0]
    assert change["deletedRegion"] == {"startLine": 4, "startColumn": 2, "endLine": 4, "endColumn": 2}
    assert change["insertedContent"]["text"] == "\n# added\n"


def test_secrets_are_not_in_the_log() -> None:
    found = replace(LINT, location=Location(Span("variables.tf", 6, 3, 6, 22)))
    written = render(replace(RUN, findings=(found,)), SOURCES, Options())
    assert "hunter2" not in written
    assert "redacted" in written


def test_equal_findings_get_distinct_semantic_fingerprints() -> None:
    keys = [found["partialFingerprints"]["auditor/v1"] for found in log(replace(RUN, findings=(LINT, LINT)))["results"]]
    assert keys[1] == keys[0] + ":2"


def test_the_semantic_fingerprint_survives_moved_lines() -> None:
    moved = replace(ETCD, location=Location(Span("elsewhere.tf", 90, 1, 90, 5)))
    assert moved.key == ETCD.key
    assert replace(ETCD, fingerprint=("worker", "control-plane")).key != ETCD.key


def test_results_past_the_limit_are_counted_aloud() -> None:
    run = Run(findings=(LINT,) * (MAX_RESULTS + 1))
    written = json.loads(render(run, NoSources(), Options()))["runs"][0]
    assert len(written["results"]) == MAX_RESULTS
    assert "25001 results" in written["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"]


def test_what_could_not_be_read_is_told_with_the_run_itself() -> None:
    unread = replace(LINT, rule="auditor/unparsable")
    (invocation,) = log(replace(RUN, findings=(NTP, unread)))["invocations"]
    (said,) = invocation["toolExecutionNotifications"]
    assert (said["level"], said["message"]["text"]) == ("error", "1 place could not be read, so what holds may not.")
    assert "toolExecutionNotifications" not in log(RUN)["invocations"][0]


def test_the_most_serious_results_come_first() -> None:
    assert [found["ruleId"] for found in log(replace(RUN, findings=(PRIVATE, LINT, ETCD)))["results"]] == [
        "talos/etcd",
        "lint/terraform/world",
        "talos/admin-api-restricted",
    ]


def test_line_hashes_equal_those_of_githubs_uploader() -> None:
    assert line_hashes("", frozenset({1})) == {1: "c129715d7a2bc9a3:1"}
    assert line_hashes(" a\nb\n  \t\tc\n d", frozenset({1, 2, 3, 4})) == {
        1: "271789c17abda88f:1",
        2: "54703d4cd895b18:1",
        3: "180aee12dab6264:1",
        4: "a23a3dc5e078b07b:1",
    }


def test_line_hashes_know_only_one_kind_of_line_end() -> None:
    assert line_hashes(" a\r\nb\r  \t\tc\r\n d", frozenset({1, 4})) == {1: "271789c17abda88f:1", 4: "a23a3dc5e078b07b:1"}


def rolling(text: str) -> dict[int, str]:
    """The definition, character by character over a ring of 100, as the uploader does it."""
    window, owners, raw, at, line, start, after_cr = [0] * 100, [-1] * 100, 0, 0, 0, True, False
    counts: dict[int, int] = {}
    found: dict[int, str] = {}

    def put(value: int) -> None:
        nonlocal raw, at
        raw = (raw * 37 + value - window[at] * 37**100) % 2**64
        window[at] = value
        at = (at + 1) % 100

    def out() -> None:
        if owners[at] != -1:
            counts[raw] = counts.get(raw, 0) + 1
            found[owners[at]] = f"{raw:x}:{counts[raw]}"
            owners[at] = -1

    for unit in [*memoryview(text.encode("utf-16-le")).cast("H"), 65535]:
        if unit in (32, 9) or (after_cr and unit == 10):
            after_cr = False
            continue
        after_cr, unit = (True, 10) if unit == 13 else (False, unit)
        out()
        if start:
            line, start = line + 1, False
            owners[at] = line
        start = unit == 10
        put(unit)
    for _ in range(100):
        out()
        put(0)
    return found


@pytest.mark.parametrize("text", ["", "x", "a\n" * 250, "äö🔥\r\n\r\n\tx " * 60, "long " * 90 + "\nshort\n", "\n\n\n"])
def test_line_hashes_agree_with_the_rolling_definition(text: str) -> None:
    expected = rolling(text)
    assert line_hashes(text, frozenset(expected)) == expected
