"""A baseline outlives moved lines and renamed files, and nothing new hides behind it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor import audit
from auditor.files import MemoryTree
from auditor.model.findings import Run
from auditor.model.record import replace
from auditor.policy.baseline import baseline_text

NODE = "apiVersion: v1alpha1\nkind: NetworkDefaultActionConfig\ningress: accept\n"
CHAIN = "table inet filter {\n  chain input {\n    type filter hook input priority 0; policy accept;\n    iif eth9 accept\n  }\n}\n"
REQUEST = audit.Request(rulesets=("firewall-hygiene",))


def run(files: dict[str, str | bytes], baseline: str | None = None) -> Run:
    request = replace(REQUEST, baseline=baseline)
    return audit.run_of(audit.read(MemoryTree(files), ("",), request), request)


def left(before: dict[str, str | bytes], after: dict[str, str | bytes], folder: Path) -> list[str]:
    """What is told of `after` with the baseline of `before`."""
    file = folder / "baseline.json"
    file.write_text(baseline_text(run(before).findings))
    assert json.loads(file.read_text())["findings"]
    return [finding.rule for finding in run(after, str(file)).findings if finding.fails]


def test_moved_lines_are_in_the_baseline_still(tmp_path: Path) -> None:
    assert left({"a.nft": CHAIN}, {"a.nft": "# a page of\n# comments\n\n" + CHAIN}, tmp_path) == []


def test_a_renamed_file_is_in_the_baseline_still(tmp_path: Path) -> None:
    assert left({"a.nft": CHAIN, "w.yaml": NODE}, {"net/b.nft": CHAIN, "v.yaml": NODE}, tmp_path) == []


def test_another_file_of_the_same_kind_is_new(tmp_path: Path) -> None:
    assert "lint/nftables/default-accept" in left({"a.nft": CHAIN}, {"a.nft": CHAIN, "b.nft": CHAIN}, tmp_path)


def test_a_file_that_is_gone_stands_for_one_other(tmp_path: Path) -> None:
    found = left({"a.nft": CHAIN}, {"b.nft": CHAIN, "c.nft": CHAIN}, tmp_path)
    assert found.count("lint/nftables/default-accept") == 1


def test_a_message_that_names_a_line_is_the_same_on_another(tmp_path: Path) -> None:
    twice = "[OPTIONS]\nenable: 1\n\n[group xy]\nIN ACCEPT -p tcp -dport 22\n\n[group xy]\nIN ACCEPT -p tcp -dport 23\n"
    before: dict[str, str | bytes] = {"firewall/cluster.fw": twice}
    assert any("line 4" in finding.message for finding in run(before).findings)
    assert left(before, {"firewall/cluster.fw": "# above\n" + twice}, tmp_path) == []


@pytest.mark.parametrize("text", ["", "{}", "[1]", "[" * 100_000, '{"findings": [{"fingerprint": ' + "9" * 5000 + "}]}"])
def test_what_is_no_baseline_is_said_to_be_none(text: str, tmp_path: Path) -> None:
    file = tmp_path / "baseline.json"
    file.write_text(text)
    with pytest.raises(audit.UsageError, match="not a baseline file"):
        run({"a.nft": CHAIN}, str(file))
