"""What a person sees at the terminal."""

from __future__ import annotations

import re

from auditor.model.findings import Outcome, Run
from auditor.model.record import replace
from auditor.report.base import Options
from auditor.report.text import render
from tests.report.sample import ETCD, LINT, NTP, PRIVATE, RUN, SOURCES, UNBOUND, UNPLACED


def written(run: Run = RUN, **options: bool | int) -> str:
    return render(run, SOURCES, Options(**options))  # type: ignore[arg-type]


def test_a_broken_requirement_shows_its_packet_its_way_and_its_line() -> None:
    text = written()
    assert "broken  talos/etcd  etcd members reach each other" in text
    assert "at       modules/aws/network/security groups.tf:1:1  aws_security_group.control_plane" in text
    assert "packet   tcp 10.0.1.5:49152 → 10.0.2.7:2379" in text
    assert "aws_security_group.control_plane, inbound denies by default" in text
    assert "do       add an ingress rule" in text
    assert "because  etcd's members replicate" in text
    assert "required Talos Firewall Rules, Control Plane Ports" in text


def test_the_deciding_text_is_underlined() -> None:
    lines = written(replace(RUN, findings=(LINT,))).splitlines()
    at = next(number for number, line in enumerate(lines) if "cidr_ipv4" in line)
    assert lines[at].index('"0.0.0.0/0"') == lines[at + 1].index("^")
    assert lines[at + 1].count("^") == len('"0.0.0.0/0"')


def test_the_roles_say_what_they_are_and_why() -> None:
    assert "control-plane  terraform:aws_security_group.control_plane  tag NodeType = control-plane" in written()


def test_where_no_product_was_recognised_the_way_to_name_one_is_told() -> None:
    hygiene = replace(RUN.rulesets[0], name="firewall-hygiene", why="always")
    hint = "name its ruleset with -r"
    assert hint in written(replace(RUN, rulesets=(hygiene,)))
    assert hint not in written(replace(RUN, rulesets=(*RUN.rulesets, hygiene)))


def test_the_figures_stand_last() -> None:
    assert written().splitlines()[-1] == "4 requirements: 1 broken, 2 open, 1 holding. 1 remark on the files. 1 ignored."


def test_what_holds_is_shown_only_when_asked_for() -> None:
    assert "egress-ntp" not in written()
    assert "holds  talos/egress-ntp" in written(show_passed=True)


def test_open_findings_that_wait_for_the_same_answer_are_said_once() -> None:
    other = replace(UNPLACED, rule="talos/trustd")
    text = written(replace(RUN, findings=(UNPLACED, other)))
    assert "open  talos/enforced, talos/trustd" in text
    assert text.count(UNBOUND.settle) == 1


def test_the_most_pressing_is_nearest_the_figures() -> None:
    text = written(replace(RUN, findings=(ETCD, PRIVATE, LINT)))
    assert text.index("talos/admin-api") < text.index("lint/terraform/world") < text.index("talos/etcd")


def test_of_what_is_equally_serious_that_which_exposes_most_is_most_pressing() -> None:
    exposed = replace(PRIVATE, outcome=Outcome.BROKEN)
    text = written(replace(RUN, findings=(ETCD, exposed)))
    assert text.index("talos/etcd") < text.index("talos/admin-api")


def test_colour_changes_nothing_but_colour() -> None:
    assert re.sub("\x1b\\[[0-9;]*m", "", written(colour=True)) == written()
    assert "\x1b" not in written()


def test_a_name_cannot_steer_the_terminal() -> None:
    run = replace(RUN, findings=(replace(LINT, message="evil \x1b[2J name\nsecond"),))
    assert "\x1b" not in written(run)
    assert "evil \\u001b[2J name second" in written(run)


def test_a_long_trace_is_cut_unless_asked_for() -> None:
    run = replace(RUN, findings=(replace(ETCD, trace=ETCD.trace * 20),))
    assert "28 more steps" in written(run)
    assert "more steps" not in written(run, whole=True)


def test_quiet_leaves_findings_and_figures() -> None:
    text = written(quiet=True)
    assert "Roles" not in text
    assert "│" not in text
    assert "talos/etcd" in text


def test_reading_nothing_is_said_aloud() -> None:
    assert "Nothing was checked" in written(Run())


def test_no_line_is_wider_than_asked_but_for_what_cannot_be_broken() -> None:
    run = replace(RUN, findings=(replace(ETCD, message="word " * 100),))
    assert max(len(line) for line in written(run, width=80).splitlines() if "word" in line) <= 80


def test_a_warning_is_called_by_its_level() -> None:
    assert "warning  lint/terraform/world" in written()
    assert "note  talos/etcd" in written(replace(RUN, findings=(replace(ETCD, level=type(ETCD.level).NOTE),)))


def test_the_worst_outcome_of_a_requirement_counts() -> None:
    run = Run(findings=(NTP, replace(NTP, outcome=Outcome.OPEN), replace(NTP, outcome=Outcome.BROKEN)), inputs=RUN.inputs)
    assert written(run).splitlines()[-1] == "1 requirement: 1 broken, 0 open, 0 holding."


def test_further_findings_at_one_place_are_told_apart_by_what_they_say() -> None:
    many = tuple(replace(ETCD, message=f"tcp/22 at host{number} is open", witness=None, trace=()) for number in range(6))
    assert "also     modules/aws/network/security groups.tf:1:1  tcp/22 at host5 is open" in written(replace(RUN, findings=many))
