"""The built-in rulesets against the documentation's table, and each against the schema and its own promises."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.model.record import replace
from auditor.model.source import Level, Span
from auditor.policy.conditions import text_of
from auditor.policy.describe import choices_text
from auditor.policy.load import SCHEMA, builtin_rulesets, builtin_source, load_ruleset, read_ruleset
from auditor.policy.ruleset import Choice, Kind, Requirement, Ruleset, TermKind
from auditor.policy.schema import schema_of

ROOT = Path(__file__).parents[2]
RULESETS = tuple(map(load_ruleset, builtin_rulesets()))
REQUIREMENTS = tuple(each for ruleset in RULESETS for each in ruleset.requirements)


def rows() -> list[list[str]]:
    lines = (ROOT / "docs/requirements.md").read_text("utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [row for row in cells if "/" in row[0]]


def end(choices: tuple[Choice, ...]) -> str:
    """An end as the table writes it: long lists of names by their number."""
    names = [choice.who.terms for choice in choices if choice.who.terms[0].kind is TermKind.NAME and len(choice.who.terms) > 3]
    if not names:
        return choices_text(choices) if choices else ""
    exact = f"{len(choices[-1].who.terms)} names"
    return exact if len(choices) == 1 else f"{exact}, or {len(choices[0].who.terms)} wildcards"


def row(requirement: Requirement) -> list[str]:
    when = [text_of(requirement.when)] if requirement.when else []
    level = [] if requirement.level is Level.ERROR else [str(requirement.level)]
    return [
        requirement.id + (" *(beyond)*" if requirement.beyond else ""),
        str(requirement.kind),
        end(requirement.sources),
        end(requirement.destinations),
        ", ".join(map(str, requirement.services)),
        "; ".join(when + level),
    ]


def test_the_rulesets_hold_exactly_the_requirements_of_the_table_in_its_order() -> None:
    assert [each.id for each in REQUIREMENTS] == [row[0].split()[0] for row in rows()]


@pytest.mark.parametrize(
    ("requirement", "expected"), list(zip(REQUIREMENTS, rows(), strict=True)), ids=lambda each: getattr(each, "id", "")
)
def test_a_requirement_asks_what_the_table_says(requirement: Requirement, expected: list[str]) -> None:
    assert row(requirement) == expected


@pytest.mark.parametrize("name", builtin_rulesets())
def test_a_built_in_ruleset_passes_the_schema_and_every_check_of_a_users_own(name: str) -> None:
    assert unplaced(read_ruleset(builtin_source(name))) == unplaced(load_ruleset(name))


def unplaced(ruleset: Ruleset) -> Ruleset:
    """The ruleset without the places of its values, which the digest leaves out."""
    nowhere = Span.of_file("")
    return replace(ruleset, span=nowhere, requirements=tuple(replace(each, span=nowhere) for each in ruleset.requirements))


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda each: each.id)
def test_a_requirement_says_why_what_to_do_and_where_it_is_written(requirement: Requirement) -> None:
    assert len(requirement.because) > 40
    assert len(requirement.fix.text) > 10
    assert requirement.section
    assert requirement.title != requirement.id
    assert requirement.tags
    assert 0 < requirement.security_severity <= 10


@pytest.mark.parametrize("requirement", REQUIREMENTS, ids=lambda each: each.id)
def test_an_allow_is_about_availability_and_a_denied_exposure_weighs_more(requirement: Requirement) -> None:
    if requirement.kind is Kind.ALLOW:
        assert requirement.security_severity <= 5
    if requirement.kind is Kind.DENY and requirement.level is Level.ERROR:
        assert requirement.security_severity > 5


def test_every_role_and_parameter_says_what_it_is() -> None:
    for ruleset in RULESETS:
        assert all(role.description for role in ruleset.roles.values())
        assert all(parameter.description for parameter in ruleset.parameters.values())


def test_contradictions_of_the_documents_are_explained_with_the_reading_chosen() -> None:
    read = {each.id for each in REQUIREMENTS if each.reading}
    assert {"talos/controller-manager", "talos/scheduler", "talos/etcd-private", "talos/nodeport"} <= read
    assert {"disruptive-legacy/ntp", "disruptive-legacy/cloud-services"} <= read
    assert {f"{name}/{each}" for name in ("disruptive-gen2", "disruptive-legacy") for each in ("https-replies", "no-inbound")} <= read


def test_no_time_server_4_is_asked_for_in_a_zone_that_counts_from_0_to_3() -> None:
    requirement = load_ruleset("disruptive-legacy").requirement("disruptive-legacy/ntp")
    assert requirement is not None
    names = [term.text.partition(".")[0] for term in requirement.destinations[-1].who.terms]
    assert names == ["0", "1", "2", "3"]


def test_every_ruleset_with_roles_has_a_sign_that_recognises_it() -> None:
    for ruleset in RULESETS:
        assert not ruleset.roles or any(sign.recognises for sign in ruleset.signs)


def test_every_description_of_the_schema_is_there_for_editors() -> None:
    requirement = schema_of(SCHEMA)["$defs"]["requirement"]["properties"]
    undescribed = [name for name, sub in requirement.items() if "description" not in sub and "$ref" not in sub]
    assert set(undescribed) <= {"tags", "precision"}
