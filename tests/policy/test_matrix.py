"""Every requirement on every dialect that can carry it: the fixture passes, and the smallest change breaks exactly what it should."""

from __future__ import annotations

from functools import cache

import pytest

from auditor.model.findings import Outcome
from auditor.policy.load import builtin_rulesets
from auditor.policy.ruleset import Kind
from tests.policy.matrix import PAGE, Cell, Edit, Mutant, cells, outcomes, page, requirements, ruleset

CELLS = cells()
MUTANTS = [(cell, mutant) for cell in CELLS for mutant in cell.mutants]


def name(value: object) -> str:
    if isinstance(value, Cell):
        return f"{value.ruleset}-on-{value.dialect}"
    return f"{value.requirement}-{value.outcome}" if isinstance(value, Mutant) else ""


@cache
def passing(cell: Cell, edits: tuple[Edit, ...] = (), parameters: tuple[str, ...] = ()) -> dict[str, Outcome]:
    return outcomes(cell.run(edits, parameters), ruleset(cell).prefix)


@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_a_firewall_as_the_document_wants_it_holds(cell: Cell) -> None:
    undecided = dict.fromkeys(dict(cell.undecided), Outcome.OPEN)
    assert {each: outcome for each, outcome in passing(cell).items() if outcome is not Outcome.HOLDS} == undecided


@pytest.mark.parametrize(("cell", "mutant"), MUTANTS, ids=name)
def test_a_change_does_to_the_requirement_what_it_should_and_to_no_other(cell: Cell, mutant: Mutant) -> None:
    before = passing(cell, mutant.first, mutant.parameters)
    usual = Outcome.OPEN if mutant.requirement in dict(cell.undecided) else Outcome.HOLDS
    assert before.get(mutant.requirement) is usual, "it does not hold before the change"
    findings = cell.run(mutant.first + mutant.edits, mutant.parameters)
    after = outcomes(findings, ruleset(cell).prefix)
    assert after.get(mutant.requirement) is mutant.outcome
    broken = {each for each, outcome in after.items() if outcome is Outcome.BROKEN}
    if "*" not in mutant.also:
        assert broken == ({mutant.requirement, *mutant.also} if mutant.outcome is Outcome.BROKEN else set())


@pytest.mark.parametrize(("cell", "mutant"), [each for each in MUTANTS if each[1].outcome is Outcome.BROKEN], ids=name)
def test_what_breaks_is_shown_by_a_packet_of_the_flow_at_the_line_that_decides(cell: Cell, mutant: Mutant) -> None:
    requirement = next(each for each in requirements(cell) if each.name == mutant.requirement)
    found = [each for each in cell.run(mutant.first + mutant.edits, mutant.parameters)[requirement.id] if each.outcome is Outcome.BROKEN]
    for finding in found:
        assert finding.location is not None
        if requirement.kind in (Kind.ENFORCED, Kind.HYGIENE):
            continue
        assert finding.witness is not None
        fields = dict(finding.witness.fields)
        ports = [(low, high) for service in requirement.services for low, high in service.ports]
        port = int(fields["source_port" if fields["state"] == "established" else "destination_port"]) if ports else 0
        assert not ports or any(low <= port <= high for low, high in ports)
        assert {str(service.protocol) for service in requirement.services} & {fields["protocol"], "any", "icmp"}
    lines = [
        cell.text(mutant, each.location.span.path).splitlines()[each.location.span.line - 1] for each in found if each.location is not None
    ]
    assert any(mutant.at in line for line in lines), lines


@pytest.mark.parametrize("cell", CELLS, ids=name)
def test_no_requirement_is_without_a_change_or_a_reason(cell: Cell) -> None:
    missing = [
        f"{each.name}: {outcome}"
        for each in requirements(cell)
        for outcome in (Outcome.BROKEN, Outcome.OPEN)
        if (cell.mutant(each.name, outcome) is None) == (cell.hole(each.name, outcome) is None)
    ]
    assert not missing, "neither, or both"


def test_every_ruleset_has_firewalls_of_several_dialects() -> None:
    for each in builtin_rulesets():
        assert len({cell.dialect for cell in CELLS if cell.ruleset == each}) >= 3


def test_the_page_that_shows_the_matrix_is_not_stale() -> None:
    assert PAGE.read_text("utf-8") == page(), "run `make docs`"
