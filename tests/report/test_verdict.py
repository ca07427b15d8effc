"""What a run comes to, in one sentence and in one line."""

from __future__ import annotations

from auditor.model.findings import Finding, Input, Outcome, Run
from auditor.model.record import replace
from auditor.model.source import Level
from auditor.report.verdict import figures, nothing_checked, verdict
from tests.report.sample import ETCD, LINT, NTP, UNPLACED

UNREAD = replace(LINT, rule="auditor/unparsable", level=Level.ERROR)


def said(*findings: Finding) -> tuple[Outcome, str]:
    found = verdict(Run(findings=findings))
    return found.state, found.text


def test_an_error_makes_it_serious() -> None:
    assert said(ETCD, NTP) == (Outcome.BROKEN, "1 of 2 requirements is broken.")


def test_what_is_no_error_is_said_to_be_none() -> None:
    noted = replace(ETCD, level=Level.NOTE)
    assert said(noted, NTP) == (Outcome.OPEN, "1 of 2 requirements is broken, but not seriously (1 note).")
    assert figures(Run(findings=(noted, NTP))) == "2 requirements: 1 broken (1 note), 0 open, 1 holding."


def test_a_serious_remark_is_not_hidden_behind_requirements_that_hold() -> None:
    state, text = said(NTP, replace(LINT, level=Level.ERROR))
    assert (state, text) == (Outcome.BROKEN, "The one requirement holds. 1 remark on the files is serious.")


def test_what_could_not_be_read_takes_the_certainty_from_what_holds() -> None:
    as_far = "The one requirement holds, as far as could be read. 1 place could not be read, so what holds may not."
    assert said(NTP, UNREAD) == (Outcome.BROKEN, as_far)


def test_the_figures_say_what_could_not_be_read_beside_the_other_remarks() -> None:
    assert figures(Run(findings=(NTP, UNREAD, UNREAD, LINT))) == (
        "1 requirement: 0 broken, 0 open, 1 holding. 2 places could not be read, so what holds may not. 1 remark on the files."
    )
    assert figures(Run(findings=(ETCD, UNREAD))) == "1 requirement: 1 broken, 0 open, 0 holding. 1 place could not be read."


def test_what_was_set_aside_is_not_passed_over() -> None:
    assert verdict(Run(findings=(NTP,), ignored=((ETCD, "in the baseline"),))).text == (
        "The one other requirement holds. 1 finding is left out: a baseline lists it."
    )
    assert verdict(Run(findings=(NTP,), ignored=((ETCD, "a demo"), (LINT, "a demo")))).text == (
        "The one other requirement holds. 2 findings are left out: a comment or auditor.yaml accepts them."
    )


def test_an_error_that_was_accepted_leaves_no_green() -> None:
    assert verdict(Run(findings=(NTP,), ignored=((ETCD, "a demo"),))).state is Outcome.OPEN
    assert verdict(Run(findings=(NTP,), ignored=((LINT, "a demo"),))).state is Outcome.HOLDS


def test_what_is_open_is_not_called_broken() -> None:
    assert said(UNPLACED) == (Outcome.OPEN, "1 of 1 requirement is open: the configuration does not decide it.")


def test_a_run_of_remarks_alone_checked_no_requirement() -> None:
    assert said(LINT) == (Outcome.OPEN, "No requirement was checked.")


def test_nothing_checked_is_no_success() -> None:
    assert verdict(Run()).state is Outcome.OPEN
    assert nothing_checked(Run()) == "Nothing was checked: no file here is of a kind auditor reads."
    assert nothing_checked(Run(inputs=(Input("a.nft", "nftables"),))) == "Nothing was checked: no requirement is about what was read."
