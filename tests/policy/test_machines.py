"""Who plays a role where it is said by zones: every combination of them, and never some of them only."""

from __future__ import annotations

from auditor.model.graph import Graph, Zone, ZoneKind
from auditor.model.source import Span
from auditor.policy.binding import Claim, bind
from auditor.policy.machines import MOST

HERE = Span("f", 1, 1, 1, 2)


def bound(count: int) -> tuple[int, list[str]]:
    """How many endpoints a role has that is in so many hosts of each of two dialects, and what is wrong with that."""
    zones = tuple(Zone(f"{dialect}:{number}", ZoneKind.HOST, f"{dialect} {number}", HERE) for dialect in "ab" for number in range(count))
    cast, problems = bind(Graph(zones=zones), [Claim("node", tuple(zone.id for zone in zones), why="auditor.yaml")])
    return len(cast.endpoints("node")), [str(problem) for problem in problems]


def test_a_host_of_each_dialect_makes_a_machine() -> None:
    assert bound(3) == (9, [])


def test_more_machines_than_can_be_told_apart_are_an_error_and_not_cut_short() -> None:
    _, problems = bound(23)
    assert MOST < 23 * 23
    assert problems == [f"role node: its zones can be combined in more than {MOST} ways; say in auditor.yaml which of them it is in"]
