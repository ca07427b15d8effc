"""Where nothing says behind which interfaces the ends are: ways that filter alike are one, and too many are joined."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.bounds import Bounds
from auditor.analysis.reach import allowed, denied, flow, outcome_of, way_bounds
from auditor.model import routes
from auditor.model.filters import Exactly, Fact, Filter, Predicate, Rule, Side, Verdict
from auditor.model.filters import Test as Asked
from auditor.model.findings import Outcome
from auditor.model.graph import Device, Endpoint, Graph, Hook, Place, Way, Zone, ZoneKind
from auditor.model.headers import address_interval, ports
from auditor.model.packets import EVERYTHING, NOTHING, PacketSet, union
from auditor.model.record import replace
from auditor.model.source import Span, Unknown

HERE = Span("f", 1, 1, 1, 2)
TELNET, SSH = ports(6, ((23, 23),)), ports(6, ((22, 22),))
NAMES = "abcd"


def net(text: str) -> tuple[tuple[int, int], ...]:
    return (address_interval(text),)


def machine(text: str) -> Endpoint:
    return Endpoint(text, addresses=net(text), exact=True)


STRANGER, INSIDE, OTHER = machine("172.16.0.1"), machine("10.0.1.5"), machine("10.0.1.6")


def without(packets: PacketSet, default: Verdict = Verdict.PERMIT, then: Filter | None = None) -> Filter:
    """A filter that denies these packets."""
    return Filter("deny", (Rule(Exactly(packets), Verdict.DENY, HERE, "deny"),), default, HERE, then=then)


NO_TELNET = without(TELNET)


def router(id_: str, *hooks: tuple[Place, str | None, Filter], networks: int = 3, host: bool = False, vague: bool = False) -> Graph:
    """A router of the network 10.0.1.0/24 at its interface `a`, and of others of its own. `vague`: these are not known."""
    others = (None if vague else net(f"10.{ord(id_[-1])}.{number}.0/24") for number in range(1, networks))
    of = [
        Zone(f"{id_}:{name}", ZoneKind.INTERFACE, name, HERE, known, device=id_)
        for name, known in zip(NAMES, (net("10.0.1.0/24"), *others), strict=False)
    ]
    own = [Zone(f"{id_}:self", ZoneKind.HOST, id_, HERE)] if host else []
    made = tuple(
        Hook(f"{id_}{number}", place, filter_, HERE, f"{id_}{number}", zone and f"{id_}:{zone}", id_, stateful=False)
        for number, (place, zone, filter_) in enumerate(hooks)
    )
    return Graph((*of, *own), made, (Device(id_, id_, HERE, f"{id_}:self" if host else None),))


def campus(*routers: Graph) -> Graph:
    return sum(routers, Graph())


def held(graph: Graph, source: Endpoint, destination: Endpoint) -> Bounds:
    """What surely passes on every way, and what may pass on any."""
    found = [way_bounds(way, flow(way, EVERYTHING)) for way in graph.ways(source, destination)]
    maybe = union(each.maybe for each in found)
    surely = maybe
    for each in found:
        surely &= each.surely
    return Bounds(surely, maybe)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ways are joined from the second on."""
    monkeypatch.setattr(routes, "_MOST_WAYS", 1)


def test_possibilities_without_a_filter_are_one_way() -> None:
    (way,) = campus(router("r")).ways(STRANGER, INSIDE)
    assert not way.certain
    assert way.between == ((("r",), frozenset((f"r:{name}", "r:a") for name in "abc")),)


def test_possibilities_with_the_same_filter_are_one_way_of_no_known_interface() -> None:
    graph = campus(router("r", (Place.EXIT, "a", NO_TELNET)))
    none, some = sorted(graph.ways(STRANGER, INSIDE), key=lambda way: len(way.crossings))
    assert none.crossings == ()
    assert [(each.entry, each.exit) for each in some.crossings] == [(None, "r:a")]


def test_possibilities_that_a_filter_can_tell_apart_are_not_one() -> None:
    asks = Asked(Predicate(Fact.INTERFACE, Side.SOURCE, frozenset({"b"})), Unknown("by which"))
    graph = campus(router("r", (Place.EXIT, "a", Filter("asks", (Rule(asks, Verdict.DENY, HERE),), Verdict.PERMIT, HERE))))
    assert [[each.entry for each in way.crossings] for way in graph.ways(STRANGER, INSIDE)] == [[], ["r:b"], ["r:c"]]


@pytest.mark.usefixtures("few")
def test_too_many_ways_are_joined_to_one_that_leaves_open_which_it_is() -> None:
    graph = campus(router("r", (Place.ENTRY, "b", NO_TELNET), (Place.ENTRY, "c", without(SSH)), networks=4))
    (way,) = graph.ways(STRANGER, INSIDE)
    (crossing,) = way.crossings
    assert not way.certain
    assert crossing.label == "r0 or r1"
    found = way_bounds(way, flow(way, TELNET | SSH))
    assert (found.surely, found.maybe) == (NOTHING, flow(way, TELNET | SSH))
    assert [(each.reason, each.reference) for each in found.unknowns] == [
        ("behind which interfaces of r the ends are: the possible ways are too many to follow each", "zone")
    ]


@pytest.mark.usefixtures("few")
def test_what_every_possibility_stops_is_stopped_where_ways_are_joined() -> None:
    graph = router("r", (Place.ENTRY, "b", NO_TELNET), (Place.ENTRY, "c", without(TELNET | SSH)), vague=True)
    (way,) = graph.ways(STRANGER, INSIDE)
    assert not way_bounds(way, flow(way, TELNET)).maybe
    assert way_bounds(way, flow(way, SSH)).maybe


@pytest.mark.usefixtures("few")
def test_a_filter_behind_a_filter_is_not_lost_where_ways_are_joined() -> None:
    hooks = [(Place.ENTRY, name, without(SSH, then=NO_TELNET)) for name in "bc"]
    (way,) = router("r", *hooks, vague=True).ways(STRANGER, INSIDE)
    assert not way_bounds(way, flow(way, TELNET)).maybe


@pytest.mark.usefixtures("few")
def test_what_was_joined_for_one_pair_is_there_for_the_next() -> None:
    graph = router("r", (Place.ENTRY, "b", NO_TELNET), (Place.ENTRY, "c", without(SSH)))
    first, second = (graph.ways(STRANGER, end)[0].crossings[0] for end in (INSIDE, OTHER))
    assert first.filter is second.filter


def test_the_router_that_an_end_is_said_to_be_behind_is_passed_and_none_of_another_site() -> None:
    for other, passed in (("x:s", {"x:r"}), ("y:s", {"x:r", "y:s"})):
        graph = campus(*(router(id_, (Place.EXIT, "a", NO_TELNET), vague=True) for id_ in ("x:r", other)))
        end = Endpoint("end", zones=frozenset({"x:r:a"}), addresses=INSIDE.addresses, exact=True)
        assert {hook.device for way in graph.ways(STRANGER, end) for each in way.crossings for hook in each.hooks} == passed


@pytest.mark.usefixtures("few")
def test_a_network_that_many_routers_share_takes_no_time() -> None:
    many = campus(*(router(chr(ord("A") + number), (Place.ENTRY, "b", NO_TELNET), networks=2 + number % 3) for number in range(32)))
    (way,) = many.ways(STRANGER, INSIDE)
    assert {hook.device for each in way.crossings for hook in each.hooks} == {device.id for device in many.devices}


def test_parts_that_are_too_many_to_join_leave_everything_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "_MOST_PARTS", 0)
    monkeypatch.setattr(routes, "_MOST_WAYS", 0)
    inbound = Hook("host", Place.INBOUND, without(SSH), HERE, "host", "r:self")
    graph = campus(router("r", (Place.ENTRY, "b", NO_TELNET), host=True), Graph(hooks=(inbound,)))
    (way,) = graph.ways(STRANGER, INSIDE)
    found = way_bounds(way, flow(way, TELNET | SSH))
    assert (found.surely, found.maybe) == (NOTHING, flow(way, TELNET | SSH))
    assert [hook.id for each in way.crossings for hook in each.hooks] == ["r0", "host"]
    assert [each.reason for each in found.unknowns] == [
        "which of 1 devices are between 172.16.0.1 and 10.0.1.5: the possible ways are too many to follow each"
    ]
    assert [(each.crossings, each.certain) for each in campus(router("r")).ways(STRANGER, INSIDE)] == [((), False)]


def test_an_end_behind_too_many_routers_of_the_same_networks_leaves_everything_open(monkeypatch: pytest.MonkeyPatch) -> None:
    twins = campus(*(router(id_, (Place.ENTRY, "b", NO_TELNET), (Place.ENTRY, "c", without(SSH))) for id_ in "rst"))
    end = Endpoint("end", zones=frozenset({"r:a", "s:a", "t:a"}), addresses=net("10.0.1.5"), exact=True)
    assert len(twins.ways(STRANGER, end)) == 27
    monkeypatch.setattr(routes, "_MOST_PARTS", 8)
    assert [way.certain for way in campus(twins).ways(STRANGER, end)] == [False]


# -- the law

FILTERS = [NO_TELNET, without(SSH), without(EVERYTHING), without(NOTHING), without(SSH, Verdict.DENY), without(SSH, then=NO_TELNET)]
HOOKS = st.tuples(
    st.sampled_from([Place.ENTRY, Place.EXIT, Place.TRANSIT, Place.WITHIN]), st.sampled_from([None, *"abc"]), st.sampled_from(FILTERS)
)


@st.composite
def campuses(draw: st.DrawFn) -> Graph:
    made = ((id_, draw(st.lists(HOOKS, max_size=4)), draw(st.integers(2, 4)), draw(st.booleans())) for id_ in "rst")
    return campus(*(router(id_, *hooks, networks=networks, vague=vague) for id_, hooks, networks, vague in made))


def joined(graph: Graph, source: Endpoint, destination: Endpoint) -> Bounds:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(routes, "_MOST_WAYS", 0)
        return held(Graph(graph.zones, graph.hooks, graph.devices), source, destination)


@given(campuses())
def test_joining_ways_lets_nothing_hold_that_does_not(graph: Graph) -> None:
    for source, destination in ((STRANGER, INSIDE), (INSIDE, STRANGER), (OTHER, INSIDE)):
        each, one = held(graph, source, destination), joined(graph, source, destination)
        assert one.surely <= each.surely
        assert each.maybe <= one.maybe


@given(campuses(), st.sets(st.sampled_from(range(12))))
def test_joining_ways_makes_no_requirement_hold(graph: Graph, stateful: set[int]) -> None:
    hooks = tuple(replace(hook, stateful=number in stateful) for number, hook in enumerate(graph.hooks))
    graph = Graph(graph.zones, hooks, graph.devices)
    for source, destination in ((STRANGER, INSIDE), (INSIDE, STRANGER)):
        for service in (TELNET, SSH, TELNET | SSH):
            each = answers(graph, source, destination, service)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(routes, "_MOST_WAYS", 0)
                one = answers(Graph(graph.zones, graph.hooks, graph.devices), source, destination, service)
            assert all(found is not Outcome.HOLDS or known is Outcome.HOLDS for found, known in zip(one, each, strict=True))
            assert all(found is not Outcome.BROKEN or known is Outcome.BROKEN for found, known in zip(one, each, strict=True))


def answers(graph: Graph, source: Endpoint, destination: Endpoint, service: PacketSet) -> tuple[Outcome, Outcome]:
    """Whether a service gets through with its replies, and whether nothing of it does."""
    ways = graph.ways(source, destination)
    found = [(allowed(graph, way, service), denied(way, service)) for way in ways]
    return outcome_of(each for each, _ in found if each), outcome_of(each for _, each in found if each)


@given(campuses())
def test_ways_that_filter_alike_answer_as_every_possibility_would(graph: Graph) -> None:
    for source, destination in ((STRANGER, INSIDE), (INSIDE, STRANGER)):
        assert held(graph, source, destination) == plainly(graph, source, destination)


def plainly(graph: Graph, source: Endpoint, destination: Endpoint) -> Bounds:
    """The same by the plain product of what can happen at each router, or at one of those before which the ends stand alike."""
    found = graph._routes()
    maybe, surely = NOTHING, EVERYTHING
    for legs in product(*(found._through_one(twins, source, destination) for twins in found._between(source, destination))):
        crossings = (found._crossing((each.hook,), source, destination, each.entry, each.exit) for leg in legs for each in leg.passes)
        passed = way_bounds(way := Way(source, destination, tuple(crossings)), flow(way, EVERYTHING))
        maybe, surely = maybe | passed.maybe, surely & passed.surely
    return Bounds(surely & maybe, maybe)
