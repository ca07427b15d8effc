"""How a forbidden flow is told that gets through a list of very many rules."""

from __future__ import annotations

import pytest

from auditor import audit
from auditor.analysis import reach
from auditor.files import MemoryTree
from auditor.model.findings import Finding, Outcome

RULES = """\
ruleset: ours
title: Ours
roles: {host: the host, admin: who may log in}
requirements:
  - {id: closed, deny: {from: any, to: host}, because: x, fix: Close it.}
  - {id: admin-only, deny: {from: any but admin, to: host}, because: x, fix: Close it.}
"""
NFT = """\
table inet filter {
  chain input {
    type filter hook input priority 0; policy drop;
    ip saddr 198.51.100.7 tcp dport 22 accept
    ip saddr 198.51.100.8 tcp dport 80 accept
    tcp dport 443 accept
  }
}
"""


def told(monkeypatch: pytest.MonkeyPatch, many: int) -> dict[str, Finding]:
    monkeypatch.setattr(reach, "_MANY_RULES", many)
    monkeypatch.setattr(reach, "_FIRST_RULES", (1, 2))
    files: dict[str, str | bytes] = {
        "nftables.conf": NFT,
        "ours.yaml": RULES,
        "auditor.yaml": "rulesets: [./ours.yaml]\nroles:\n  host: {zone: nftables, addresses: [203.0.113.1]}\n",
    }
    reading = audit.read(MemoryTree(files), ("nftables.conf",), audit.Request())
    return {each.rule: each for each in audit.findings_of(reading)}


def test_what_the_first_rules_let_in_is_told_as_not_all(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(monkeypatch, 3)["ours/closed"]
    assert found.outcome is Outcome.BROKEN
    assert found.message == (
        "ours/closed: tcp/22, … from anywhere else to host gets through at inet filter input (input): "
        "permitted by “ip saddr 198.51.100.7 tcp dport 22 accept” (tcp/22 from 198.51.100.7; later rules may let in more)"
    )


def test_all_is_told_of_a_list_of_few_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    found = told(monkeypatch, 4)["ours/closed"]
    assert "tcp/22, tcp/80 and tcp/443 from anywhere else to host" in found.message
    assert "may let in more" not in found.message


@pytest.mark.parametrize("many", [3, 4])
def test_all_is_asked_where_it_may_be_somebody_nobody_named_who_is_let_in(monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    """The first rules let in two addresses, which may be the admins'; a later one lets in the world, which is not."""
    assert told(monkeypatch, many)["ours/admin-only"].outcome is Outcome.BROKEN
