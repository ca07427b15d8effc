"""A file without comments: what is accepted is named by a rule's tracker."""

from __future__ import annotations

from pathlib import Path

from auditor.audit import audit
from tests.formats.pfsense.samples import config, rule

CONFIG = """\
rulesets: [firewall-hygiene]
ignore:
  - {rule: hygiene/any-any-permit, tracker: "17", reason: a laboratory}
  - {rule: lint/pfsense/port-ignored, tracker: "17#2", reason: looked at}
"""


def test_findings_and_lints_are_ignored_by_tracker(tmp_path: Path) -> None:
    lost = rule(type_="block", destination="<address>10.30.0.9</address><port>443</port>", tab="opt1")
    (tmp_path / "config.xml").write_text(config(rule("<ipprotocol>inet46</ipprotocol>") + lost))
    (tmp_path / "auditor.yaml").write_text(CONFIG)
    run = audit([tmp_path])
    assert {finding.rule for finding, _ in run.ignored} == {"hygiene/any-any-permit", "lint/pfsense/port-ignored"}
    assert not [finding for finding in run.findings if finding.fails]
