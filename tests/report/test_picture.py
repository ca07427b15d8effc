"""The picture of who reaches whom tells the worst that was found of each pair."""

from __future__ import annotations

from auditor.model.findings import Finding, Flow, Outcome, Run
from auditor.model.source import Level
from auditor.report.picture import outcomes_between, svg

FLOWS = (Flow("the internet", "node", surely=("tcp/2379",)),)


def finding(outcome: Outcome, source: str) -> Finding:
    return Finding("ours/x", outcome, Level.ERROR, "x", properties=(("from", source), ("to", "node")))


def test_what_strangers_may_do_is_shown_at_the_internet() -> None:
    run = Run(findings=(finding(Outcome.HOLDS, "the internet"), finding(Outcome.BROKEN, "anywhere else, admin")), flows=FLOWS)
    assert outcomes_between(run) == {("the internet", "node"): Outcome.BROKEN}


def test_an_arrow_names_the_requirement_that_is_broken_there() -> None:
    run = Run(findings=(finding(Outcome.BROKEN, "the internet"),), flows=FLOWS)
    assert ">✕ x</text>" in svg(run)
