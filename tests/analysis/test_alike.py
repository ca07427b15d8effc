"""Ends that differ in nothing but their addresses are of one row, and all others are not."""

from __future__ import annotations

from auditor.analysis.alike import FEW, Likeness
from auditor.model import filters
from auditor.model.filters import Exactly, Fact, Filter, Predicate, Rule, Side, Verdict
from auditor.model.graph import Device, Endpoint, Graph, Hook, Place, Zone, ZoneKind
from auditor.model.headers import address_interval, sources
from auditor.model.record import replace
from auditor.model.source import Span, Unknown

HERE = Span("f", 1, 1, 1, 2)
NUMBERS = range(FEW + 2)


def permit(network: str) -> Rule:
    return Rule(Exactly(sources([address_interval(network)])), Verdict.PERMIT, HERE)


def hook(number: int, *rules: Rule, place: Place = Place.INBOUND) -> Hook:
    return Hook(f"{place}{number}", place, Filter(f"{number}", rules, Verdict.DENY, HERE), HERE, f"{number}", zone=f"t:{number}")


HOSTS = tuple(Zone(f"t:{number}", ZoneKind.HOST, f"{number}", HERE) for number in NUMBERS)
ENDS = [Endpoint(f"{n}", "node", frozenset({f"t:{n}"}), (address_interval(f"10.0.0.{n}"),), exact=True) for n in NUMBERS]
ALIKE = tuple(hook(number, permit("10.0.0.0/8")) for number in NUMBERS)


def rows(graph: Graph, ends: list[Endpoint] = ENDS) -> list[list[str]]:
    """The labels of each row."""
    return [[end.label for _, end in row.ends] for row in Likeness(graph).rows(ends)]


def test_machines_behind_filters_that_do_the_same_are_alike() -> None:
    assert rows(Graph(zones=HOSTS, hooks=ALIKE)) == [[f"{number}" for number in NUMBERS]]


def test_a_machine_whose_filter_does_something_else_is_not() -> None:
    assert ["1"] in rows(Graph(zones=HOSTS, hooks=(*ALIKE[:1], hook(1, permit("192.0.2.0/24")), *ALIKE[2:])))


def test_a_machine_without_a_filter_is_not() -> None:
    assert ["1"] in rows(Graph(zones=HOSTS, hooks=(*ALIKE[:1], *ALIKE[2:])))


def test_a_machine_that_a_rule_names_is_not() -> None:
    named = Rule(filters.Test(Predicate(Fact.MEMBER, Side.SOURCE, frozenset({"t:1"})), Unknown("who", HERE)), Verdict.PERMIT, HERE)
    assert ["1"] in rows(Graph(zones=HOSTS, hooks=(*ALIKE, hook(0, named))))


def test_machines_that_filter_what_they_send_are_not_for_each_stops_it_in_a_place_of_its_own() -> None:
    assert all(len(row) == 1 for row in rows(Graph(zones=HOSTS, hooks=tuple(replace(each, place=Place.OUTBOUND) for each in ALIKE))))


def test_a_machine_in_another_network_of_a_router_is_not() -> None:
    networks = {"lan": "10.0.0.0/31", "opt": "10.0.0.4/30"}
    interfaces = tuple(
        Zone(f"r:{name}", ZoneKind.INTERFACE, name, HERE, networks=(address_interval(network),), device="r")
        for name, network in networks.items()
    )
    found = rows(Graph(zones=(*HOSTS, *interfaces), hooks=ALIKE, devices=(Device("r", "r", HERE),)))
    assert found == [["0", "1"], ["2", "3"], ["4", "5", "6", "7"], ["8", "9"]]


def test_a_machine_of_another_site_role_or_group_is_not() -> None:
    group = Zone("t:group", ZoneKind.GROUP, "group", HERE)
    ends = [replace(ENDS[0], role="other"), replace(ENDS[1], zones=ENDS[1].zones | {"t:group"}), *ENDS[2:]]
    graph = Graph(zones=(*HOSTS[:2], replace(HOSTS[2], site="elsewhere"), *HOSTS[3:], group), hooks=ALIKE)
    assert rows(graph, ends) == [["0"], ["1"], ["2"], ["3", "4", "5", "6", "7", "8", "9"]]


def test_who_is_in_no_zone_is_of_no_row_with_others() -> None:
    assert all(len(row) == 1 for row in rows(Graph(), [replace(end, zones=frozenset()) for end in ENDS]))
