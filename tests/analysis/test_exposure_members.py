"""What the internet reaches at those members of a place whom rules tell from the others: by tags, or groups of their own."""

from __future__ import annotations

from auditor.analysis.exposure import open_to_the_world, perhaps_open_to_the_world
from auditor.analysis.sites import inbound_sites
from auditor.model.filters import Condition, Exactly, Fact, Predicate, Side, Undecided, Verdict, both
from auditor.model.filters import Test as Asked
from auditor.model.graph import Graph, Place, Zone, ZoneKind
from auditor.model.packets import PacketSet
from auditor.model.source import Unknown
from tests.analysis.test_sites import HERE, SSH, hook, permit

PORTS = ((22, 22),)
WEB, DB = "t:web", "t:db"
VALUE = Undecided(Unknown("var.admin has no value", reference="var.admin"))


def to(group: str, packets: PacketSet = SSH) -> Condition:
    return both(Exactly(packets), Asked(Predicate(Fact.MEMBER, Side.DESTINATION, frozenset({group})), Unknown(f"whether it is in {group}")))


def network(*rules: tuple[Condition, Verdict], machines: tuple[tuple[str, ...], ...] = ()) -> Graph:
    zones = (Zone("n", ZoneKind.GROUP, "net", HERE), Zone(WEB, ZoneKind.GROUP, "web", HERE))
    made = (Zone(f"m:{groups}", ZoneKind.HOST, "m", HERE, inside=("n", *groups)) for groups in machines)
    return Graph((*zones, *made), (hook("in", Place.INBOUND, *(permit(what, done) for what, done in rules), zone="n"),))


def opened(graph: Graph) -> list[str]:
    return [site.name for site in inbound_sites(graph) if open_to_the_world(site, PORTS) is not None]


def test_a_port_of_one_group_is_open_to_the_world_whether_or_not_a_machine_is_known_to_be_in_it() -> None:
    assert opened(network((to(WEB), Verdict.PERMIT))) == ["web in net"]
    assert opened(network((to(WEB), Verdict.PERMIT), machines=((WEB,),))) == ["web in net"]


def test_machines_are_asked_about_with_all_the_groups_that_they_carry_together() -> None:
    rules = ((to(DB), Verdict.DENY), (to(WEB), Verdict.PERMIT))
    assert opened(network(*rules, machines=((WEB, DB),))) == []
    assert opened(network(*rules, machines=((WEB, DB), (WEB,)))) == ["web in net"]
    assert opened(network(*rules)) == ["web in net"]


def test_who_is_in_no_group_is_asked_about_unless_every_machine_is_known_to_be_in_one() -> None:
    rules = ((to(DB), Verdict.DENY), (Exactly(SSH), Verdict.PERMIT))
    assert opened(network(*rules)) == ["net"]
    assert opened(network(*rules, machines=((DB,),))) == []


def test_what_everybody_is_open_to_is_not_told_of_each_group_again() -> None:
    assert opened(network((Exactly(SSH), Verdict.PERMIT), (to(DB), Verdict.PERMIT))) == ["net"]


def test_a_value_that_is_not_known_may_open_a_port_of_one_group() -> None:
    def perhaps(*rules: tuple[Condition, Verdict]) -> list[str]:
        return [site.name for site in inbound_sites(network(*rules)) if perhaps_open_to_the_world(site, PORTS) is not None]

    assert perhaps((both(to(WEB), VALUE), Verdict.PERMIT)) == ["web in net"]
    assert perhaps((both(Exactly(SSH), VALUE), Verdict.PERMIT), (both(to(DB), VALUE), Verdict.PERMIT)) == ["net"]
