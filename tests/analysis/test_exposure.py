"""What the internet and every host can reach where filters stand."""

from __future__ import annotations

from auditor.analysis import exposure
from auditor.analysis.sites import inbound_sites
from auditor.model.filters import (
    ANY,
    Call,
    Chain,
    Exactly,
    Fact,
    Filter,
    Predicate,
    Rule,
    Settle,
    Side,
    Undecided,
    Verdict,
    both,
)
from auditor.model.filters import Test as Asked
from auditor.model.findings import Outcome
from auditor.model.graph import Place
from auditor.model.headers import IPV4, IPV6, address_interval, destinations, ports, sources
from auditor.model.packets import EVERYTHING, Field, PacketSet
from auditor.model.source import Span, Unknown
from tests.analysis.test_sites import DENY, HERE, PERMIT, SSH, deny, from_, hook, host, permit, router, site

# -- open to the world


def opened(*rules: Rule) -> PacketSet | None:
    judged = exposure.open_to_the_world(site(*rules), ((22, 22),))
    assert judged is None or judged.outcome is Outcome.BROKEN
    return None if judged is None else judged.packets


def test_a_port_permitted_from_everywhere_is_open_to_the_world_in_both_families() -> None:
    packets = opened(permit(SSH))
    assert packets is not None
    assert packets.meets(sources([IPV4]))
    assert packets.meets(sources([IPV6]))


def test_two_halves_of_the_world_are_the_world() -> None:
    packets = opened(permit(SSH & from_("0.0.0.0/1")), permit(SSH & from_("128.0.0.0/1")))
    assert packets is not None
    assert not packets.meets(sources([IPV6]))


def test_one_half_of_the_world_is_not_the_world() -> None:
    assert opened(permit(SSH & from_("0.0.0.0/1"))) is None


def test_a_few_who_are_kept_out_do_not_close_a_port_to_the_world() -> None:
    packets = opened(deny(from_("198.51.100.0/24", "2001:db8::/32")), permit(SSH))
    assert packets is not None
    assert not packets.meets(from_("198.51.100.0/24"))


def test_a_port_is_closed_to_the_world_where_more_than_a_quarter_is_kept_out() -> None:
    assert opened(deny(from_("0.0.0.0/2", "::/0")), permit(SSH)) is None


def test_many_who_reach_different_addresses_are_not_the_world() -> None:
    first, second = (
        from_(*networks) & destinations([address_interval(to)])
        for networks, to in (
            (("0.0.0.0/1",), "10.0.0.1"),
            (("128.0.0.0/1",), "10.0.0.2"),
        )
    )
    assert opened(permit(SSH & first), permit(SSH & second)) is None


def test_another_port_is_not_the_one_asked_about() -> None:
    assert opened(permit(ports(6, ((443, 443),)))) is None


def test_a_port_that_may_be_open_is_not_surely_open() -> None:
    assert opened(permit(both(Exactly(SSH), Undecided(Unknown("a schedule"))))) is None


def test_what_one_filter_of_a_host_denies_is_not_open() -> None:
    (both_,) = inbound_sites(host(hook("one", Place.INBOUND, permit(ANY)), hook("two", Place.INBOUND)))
    assert exposure.open_to_the_world(both_, ((22, 22),)) is None


# -- permitted by default


def test_a_filter_that_permits_what_no_rule_speaks_of_permits_by_default() -> None:
    judged = exposure.permits_by_default(site(deny(SSH), permit(ports(6, ((80, 80),))), default=PERMIT))
    assert judged is not None
    assert judged.outcome is Outcome.BROKEN
    assert not judged.packets.meets(SSH | ports(6, ((80, 80),)))


def test_a_filter_that_denies_the_rest_does_not_permit_by_default() -> None:
    assert exposure.permits_by_default(site(permit(ANY))) is None


def test_a_list_that_ends_in_a_rule_against_all_does_not_permit_by_default() -> None:
    assert exposure.permits_by_default(site(permit(SSH), deny(EVERYTHING), default=PERMIT)) is None


def test_fewer_than_half_of_the_ports_are_not_the_rest() -> None:
    assert exposure.permits_by_default(site(deny(ports(6, ((1, 40000),))), default=PERMIT)) is None
    assert exposure.permits_by_default(site(deny(ports(6, ((1, 20000),))), default=PERMIT)) is not None


# -- forgotten IPv6


def test_a_service_that_only_ipv6_reaches_was_forgotten_there() -> None:
    judged = exposure.forgotten_ipv6(site(permit(from_("::/0"))))
    assert judged is not None
    assert judged.packets <= sources([IPV6])
    assert judged.packets.meets(SSH)


def test_a_service_open_in_both_families_was_not_forgotten() -> None:
    assert exposure.forgotten_ipv6(site(permit(ANY))) is None


def test_a_service_for_some_ipv6_addresses_was_not_forgotten() -> None:
    assert exposure.forgotten_ipv6(site(permit(from_("2001:db8::/32")))) is None


def test_only_the_service_closed_to_ipv4_is_named() -> None:
    judged = exposure.forgotten_ipv6(site(permit(SSH), permit(ports(17, ((53, 53),)) & from_("::/0"))))
    assert judged is not None
    assert judged.packets.values(Field.DESTINATION_PORT) == ((53, 53),)


# -- rules for everything


def everything(*rules: Rule, settle: Settle = lambda _: None) -> list[Rule]:
    """The rules that permit everything."""
    return list(exposure.permits_everything(Filter("f", rules, Verdict.DENY, HERE), (), settle))


def test_a_rule_without_a_condition_permits_everything() -> None:
    assert everything(permit(ANY))


def test_a_rule_for_all_of_one_family_permits_everything() -> None:
    assert everything(permit(sources([IPV4]) & destinations([IPV4])))
    assert everything(permit(sources([IPV6])))


def test_a_rule_for_all_of_one_protocol_or_network_does_not_permit_everything() -> None:
    assert not everything(permit(ports(6)))
    assert not everything(permit(from_("10.0.0.0/8")))


def test_a_rule_for_members_only_does_not_surely_permit_everything() -> None:
    member = Asked(Predicate(Fact.MEMBER, Side.SOURCE, frozenset({"g"})), Unknown("who is in g"))
    assert not everything(permit(member))


def test_a_rule_against_everything_or_of_the_product_itself_is_not_meant() -> None:
    assert not everything(deny(EVERYTHING))
    assert not everything(permit(ANY, synthetic=True))


def test_a_rule_in_a_chain_permits_everything_where_all_packets_come_to_it() -> None:
    chain = Chain("c", (deny(SSH), permit(ANY)), HERE)
    jump = Rule(ANY, Call(chain), HERE)
    assert everything(jump, jump) == [chain.rules[1]]
    assert not everything(Rule(Exactly(SSH), Call(chain), HERE))


def test_a_rule_permits_everything_where_what_stands_beside_it_is_open_to_that_family() -> None:
    rule = permit(ANY)
    ours = Filter("f", (rule,), Verdict.DENY, HERE)

    def beside(*rules: Rule, default: Verdict) -> list[Rule]:
        return list(exposure.permits_everything(ours, (Filter("g", rules, default, HERE),), lambda _: None))

    assert beside(deny(SSH), default=PERMIT) == [rule]
    assert beside(permit(sources([IPV6])), default=DENY) == [rule]
    assert not beside(permit(SSH), default=DENY)


def test_a_rule_for_the_outer_interface_permits_everything_where_it_is_known_to_be_that() -> None:
    by = permit(Asked(Predicate(Fact.INTERFACE, Side.SOURCE, frozenset({"wan"})), Unknown("by which interface the packets come in")))
    graph = router(hook("forward", Place.TRANSIT, by, zone=None, device="d"))
    assert [everything(by, settle=settle) for settle in exposure.from_outside(graph, graph.hooks[0])] == [[], [by]]


def test_a_rule_that_could_not_be_read_is_not_said_to_permit_everything() -> None:
    elsewhere = Span("f", 2, 1, 2, 2)
    doubt = [Rule(Undecided(Unknown("it could not be read")), done, elsewhere) for done in (DENY, PERMIT)]
    assert not everything(*doubt, Rule(ANY, PERMIT, elsewhere))
