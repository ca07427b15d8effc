"""JUnit, GitHub, GitLab and Markdown: each read back by a reader of its own kind."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree as ET

from junitparser import JUnitXml
from markdown_it import MarkdownIt

from auditor.model.findings import Run
from auditor.model.record import replace
from auditor.report import github, gitlab, junit, markdown
from auditor.report.base import Options
from tests.report.sample import ETCD, LINT, RUN, SOURCES, UNPLACED

OPTIONS = Options()


def test_junit_is_read_by_a_junit_reader() -> None:
    suites = JUnitXml.fromstring(junit.render(RUN, SOURCES, OPTIONS).encode())
    outcomes = {case.name: [type(result).__name__ for result in case.result] for suite in suites for case in suite}
    assert outcomes == {
        "talos/etcd": ["Failure"],
        "talos/admin-api-restricted": ["Skipped"],
        "talos/egress-ntp": [],
        "talos/enforced": ["Skipped"],
        "lint/terraform/world": ["Failure"],
    }
    assert (suites.tests, suites.failures, suites.errors) == (5, 2, 0)


def test_junit_calls_an_unreadable_file_an_error() -> None:
    text = junit.render(Run(findings=(replace(LINT, rule="auditor/unparsable"),)), SOURCES, OPTIONS)
    assert ET.fromstring(text).get("errors") == "1"


def test_junit_survives_characters_xml_cannot_write() -> None:
    text = junit.render(Run(findings=(replace(LINT, message="a\x00b\x1bc\ud800 \U0001f525"),)), SOURCES, OPTIONS)
    message = ET.fromstring(text).find(".//failure")
    assert message is not None
    assert message.get("message") == "a\ufffdb\ufffdc\ufffd \U0001f525"


def test_github_annotations_come_most_serious_first() -> None:
    lines = github.render(RUN, SOURCES, OPTIONS).splitlines()
    assert [re.split("[ :]+", line)[1] for line in lines[:-1]] == ["error", "warning", "notice", "notice"]
    assert lines[0].startswith("::error file=infra/modules/aws/network/security groups.tf,line=1,col=1,title=talos/etcd%3A etcd")
    assert lines[-1] == "auditor: 4 requirements: 1 broken, 2 open, 1 holding. 1 remark on the files. 1 ignored."


def test_github_commands_cannot_be_forged_by_a_message() -> None:
    forged = replace(LINT, message="x\n::error file=a::b\r% done", rule="lint/a,b:c")
    lines = github.render(Run(findings=(forged,)), SOURCES, OPTIONS).splitlines()
    assert len(lines) == 2
    assert lines[0].endswith("title=lint/a%2Cb%3Ac,endColumn=26::x%0A::error file=a::b%0D%25 done")


def test_github_does_not_place_what_has_no_place() -> None:
    assert "file=" not in github.render(Run(findings=(UNPLACED,)), SOURCES, OPTIONS)


def test_gitlab_issues_have_what_its_schema_requires() -> None:
    issues = json.loads(gitlab.render(RUN, SOURCES, OPTIONS))
    for issue in issues:
        assert issue.keys() == {"description", "check_name", "fingerprint", "severity", "location"}
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert isinstance(issue["location"]["path"], str)
        assert isinstance(issue["location"]["lines"]["begin"], int)
    assert [issue["severity"] for issue in issues] == ["critical", "major", "info", "info"]


def test_gitlab_fingerprints_are_unique_and_survive_moved_lines() -> None:
    twice = json.loads(gitlab.render(Run(findings=(LINT, LINT)), SOURCES, OPTIONS))
    assert len({issue["fingerprint"] for issue in twice}) == 2
    moved = replace(ETCD, location=None)
    one, other = (json.loads(gitlab.render(Run(findings=(found,)), SOURCES, OPTIONS))[0]["fingerprint"] for found in (ETCD, moved))
    assert one == other


def test_markdown_shows_a_table_and_the_evidence() -> None:
    html = MarkdownIt("commonmark").enable("table").render(markdown.render(RUN, SOURCES, OPTIONS))
    assert html.count("<tr>") == 11
    assert "<code>talos/etcd</code>" in html
    assert "<code>tcp 10.0.1.5:49152 → 10.0.2.7:2379</code>" in html


def test_markdown_keeps_names_as_they_are() -> None:
    html = MarkdownIt("commonmark").enable("table").render(markdown.render(RUN, SOURCES, OPTIONS))
    assert "<script" not in html
    assert "aws_security_group.control_plane" in html
    assert "\\_" not in html
    assert "<em>" not in html


def test_markdown_excerpts_cannot_leave_their_fence() -> None:
    class Sources:
        def text(self, path: str) -> str:
            return path

        def lines(self, path: str, first: int, last: int) -> tuple[str, ...]:
            return ("```", f"<b>out of {path}:{first}-{last}</b>")

    assert "<b>" not in MarkdownIt("commonmark").render(markdown.render(RUN, Sources(), OPTIONS))


def test_markdown_of_nothing_says_so() -> None:
    assert "Nothing to report." in markdown.render(Run(), SOURCES, OPTIONS)


def test_markdown_says_once_what_is_open_and_points_at_the_line_that_is_meant() -> None:
    page = markdown.render(RUN, SOURCES, OPTIONS)
    assert "| role worker is not bound | bind it | `talos/enforced` |" in page
    assert "<code>talos/enforced</code>" not in page
    assert '\n→  8    cidr_ipv4 = "0.0.0.0/0"' in page
