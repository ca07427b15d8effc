"""Findings keep their fingerprint while lines move, and a run counts requirements by the worst of their findings."""

from __future__ import annotations

from auditor.model.findings import Finding, Location, Outcome, RuleInfo, Run, worst
from auditor.model.record import replace
from auditor.model.source import Level, Span


def finding(rule: str, outcome: Outcome, level: Level = Level.ERROR) -> Finding:
    return Finding(rule, outcome, level, "etcd is open")


PLACED = Finding("lint/x/trap", Outcome.BROKEN, Level.WARNING, "a port without protocol", Location(Span("a.tf", 3, 1, 3, 9), name="aws.x"))
MARKED = replace(PLACED, fingerprint=("workers", "etcd", "tcp/2379"))


def test_a_key_stays_when_lines_move() -> None:
    moved = replace(PLACED, location=Location(Span("a.tf", 90, 5, 90, 13), name="aws.x"))
    assert moved.key == PLACED.key


def test_without_a_fingerprint_path_name_and_message_make_the_key() -> None:
    others = (
        replace(PLACED, location=Location(Span("b.tf", 3, 1, 3, 9), name="aws.x")),
        replace(PLACED, location=Location(Span("a.tf", 3, 1, 3, 9), name="aws.y")),
        replace(PLACED, message="another"),
    )
    assert len({PLACED.key, *(other.key for other in others)}) == 4


def test_with_a_fingerprint_neither_file_nor_message_is_part_of_the_key() -> None:
    renamed = replace(MARKED, message="another", location=Location(Span("b.tf", 3, 1, 3, 9)))
    assert renamed.key == MARKED.key
    assert renamed.key != replace(MARKED, fingerprint=("workers", "etcd", "tcp/2380")).key


def test_a_key_anywhere_stays_when_the_file_is_renamed() -> None:
    renamed = replace(PLACED, location=Location(Span("net/b.tf", 3, 1, 3, 9), name="aws.x"))
    assert renamed.key != PLACED.key
    assert renamed.key_anywhere == PLACED.key_anywhere


def test_a_key_anywhere_leaves_out_where_a_message_or_a_fingerprint_names_the_file() -> None:
    def told(path: str, message: str, *fingerprint: str) -> str:
        place = Location(Span(path, 3, 1, 3, 9), name="aws.x")
        return replace(PLACED, message=message, location=place, fingerprint=fingerprint).key_anywhere

    assert told("net/a.tf", "net/a.tf opens etcd, see a.tf") == told("b.tf", "b.tf opens etcd, see b.tf")
    assert told("net/a.tf", "", "module net/a.tf", "etcd") == told("b.tf", "", "module b.tf", "etcd")
    assert told("a.tf", "a.tf opens etcd") != told("a.tf", "b.tf opens etcd")


def test_a_key_anywhere_tells_things_messages_and_fingerprints_apart() -> None:
    place = Location(Span("a.tf", 3, 1, 3, 9), name="aws.y")
    others = (replace(PLACED, location=place), replace(PLACED, message="another"), replace(PLACED, location=None), MARKED)
    assert len({PLACED.key_anywhere, *(other.key_anywhere for other in others)}) == 5


def test_with_a_fingerprint_the_message_is_no_part_of_the_key_anywhere() -> None:
    assert replace(MARKED, message="another").key_anywhere == MARKED.key_anywhere
    assert replace(MARKED, fingerprint=("workers", "etcd", "tcp/2380")).key_anywhere != MARKED.key_anywhere


def test_keys_of_two_rules_differ() -> None:
    assert finding("talos/etcd", Outcome.OPEN).key != finding("talos/api", Outcome.OPEN).key


def test_a_name_that_is_no_unicode_still_has_a_key() -> None:
    assert len(replace(MARKED, fingerprint=("\udcff",)).key) == 32


def test_broken_and_open_findings_fail_and_those_that_hold_do_not() -> None:
    found = tuple(finding(outcome, outcome) for outcome in Outcome)
    assert [each.rule for each in Run(found).failing()] == ["broken", "open"]


def test_a_rule_has_the_worst_outcome_of_its_findings() -> None:
    run = Run((finding("a", Outcome.OPEN), finding("a", Outcome.BROKEN), finding("a", Outcome.HOLDS), finding("b", Outcome.HOLDS)))
    assert run.outcomes() == {"a": Outcome.BROKEN, "b": Outcome.HOLDS}


def test_open_is_worse_than_holds_and_better_than_broken() -> None:
    assert sorted(Outcome, key=lambda outcome: outcome.weight) == [Outcome.HOLDS, Outcome.OPEN, Outcome.BROKEN]


def test_requirements_are_counted_once_by_their_worst_finding() -> None:
    run = Run((finding("a", Outcome.OPEN), finding("a", Outcome.HOLDS), finding("b", Outcome.OPEN), finding("c", Outcome.HOLDS)))
    assert [run.count(outcome) for outcome in Outcome] == [1, 0, 2]


def test_a_rule_is_found_by_its_id_and_one_that_is_not_known_has_its_id_for_a_title() -> None:
    run = Run(rules=(RuleInfo("talos/etcd", "Only control planes reach etcd"),))
    assert run.rule("talos/etcd").title == "Only control planes reach etcd"
    assert run.rule("talos/api") == RuleInfo("talos/api", "talos/api")


def test_a_rule_belongs_to_all_but_the_last_part_of_its_id() -> None:
    assert [RuleInfo(id_, "").group for id_ in ("lint/x/trap", "talos/etcd", "auditor")] == ["lint/x", "talos", "auditor"]


def test_the_worst_level_is_that_of_the_most_serious_broken_finding() -> None:
    warned, noted = finding("a", Outcome.BROKEN, Level.WARNING), finding("b", Outcome.BROKEN, Level.NOTE)
    assert worst(Run((noted, warned, finding("c", Outcome.OPEN, Level.ERROR)))) is Level.WARNING


def test_where_nothing_is_broken_there_is_no_worst_level() -> None:
    assert worst(Run((finding("a", Outcome.OPEN), finding("b", Outcome.HOLDS)))) is None
