"""How pf decides, and what its expressions stand for. The definition is written out here, once, and ours is held against it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.formats.pf import addresses, ports
from auditor.formats.pf.addresses import Addresses, known, literal, networks, table
from auditor.formats.pf.matching import Peer, Selector, condition
from auditor.formats.pf.order import first_match
from auditor.formats.pf.ruleset import Direction, filter_of, line, may_permit, reached, undecided
from auditor.model.filters import Exactly, Fact, Predicate, Side, Verdict
from auditor.model.headers import EPHEMERAL_PORT, TcpFlag, address_interval
from auditor.model.packets import EVERYTHING, NOTHING, Field, PacketSet, State, box_set
from auditor.model.source import Span, Unknown

HERE = Span.of_file("pf.conf")

# -- order


@dataclass(frozen=True)
class Sketch:
    """A rule as far as order is concerned: it matches the packets in `hits`."""

    hits: frozenset[int]
    verdict: Verdict
    quick: bool

    @property
    def decides(self) -> bool:
        return self.verdict is not Verdict.CONTINUE


def _last_match(rules: list[Sketch], packet: int) -> Verdict:
    """pf's definition: the last matching rule decides, a matching quick one at once, a match rule never; else the packet passes."""
    verdict = Verdict.PERMIT
    for rule in rules:
        if packet in rule.hits and rule.decides:
            verdict = rule.verdict
            if rule.quick:
                break
    return verdict


def _first_match(rules: list[Sketch], packet: int) -> Verdict:
    return next((rule.verdict for rule in rules if packet in rule.hits), Verdict.PERMIT)


_sketches = st.builds(
    Sketch,
    st.frozensets(st.integers(0, 7), max_size=6),
    st.sampled_from([Verdict.PERMIT, Verdict.DENY, Verdict.REJECT, Verdict.CONTINUE]),
    st.booleans(),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(_sketches, max_size=12))
def test_first_match_form_decides_every_packet_as_last_match_with_quick(rules: list[Sketch]) -> None:
    ordered = first_match(rules)
    for packet in range(8):
        assert _first_match(ordered, packet) is _last_match(rules, packet)


Drawn = tuple[Verdict, bool, "tuple[int, ...] | None", tuple[int, int], tuple[int, int], frozenset[Direction], "frozenset[str] | None"]
_SPAN = st.tuples(st.integers(0, 5), st.integers(0, 5)).map(lambda pair: (min(pair), max(pair)))
_LINES: st.SearchStrategy[Drawn] = st.tuples(
    st.sampled_from([Verdict.PERMIT, Verdict.DENY, Verdict.CONTINUE]),
    st.booleans(),
    st.sampled_from([None, (6,), (17,), (6, 17)]),
    _SPAN,
    _SPAN,
    st.sampled_from([frozenset({Direction.IN}), frozenset({Direction.OUT}), frozenset(Direction)]),
    st.sampled_from([None, frozenset({"lan"}), frozenset({"lan", "wan"})]),
)
_PACKETS = st.tuples(st.sampled_from([6, 17, 1]), st.integers(0, 5), st.integers(0, 5))


@settings(max_examples=200, deadline=None)
@given(st.lists(_LINES, max_size=8), st.lists(_PACKETS, max_size=12), st.sampled_from(["lan", "wan"]), st.sampled_from(list(Direction)))
def test_the_filter_of_an_interface_decides_as_pf_goes_through_the_lines(
    drawn: list[Drawn],
    packets: list[tuple[int, int, int]],
    interface: str,
    direction: Direction,
) -> None:
    lines = [
        line(
            verdict,
            condition(Selector("inet", protocol, Peer(((known([source]), False),)), Peer(ports=(port,)))),
            HERE,
            text="",
            quick=quick,
            directions=ways,
            interfaces=where,
        )
        for verdict, quick, protocol, port, source, ways, where in drawn
    ]
    filter_ = filter_of(lines, interface, direction, "", HERE)
    for protocol, port, source in packets:
        expected = Verdict.PERMIT
        for verdict, quick, wanted, ports_, sources, ways, where in drawn:
            applies = direction in ways and (where is None or interface in where)
            fits = (wanted is None or protocol in wanted) and ports_[0] <= port <= ports_[1] and sources[0] <= source <= sources[1]
            if applies and fits and verdict is not Verdict.CONTINUE:
                expected = verdict
                if quick:
                    break
        packet = {Field.PROTOCOL: protocol, Field.DESTINATION_PORT: port, Field.SOURCE: source, Field.TCP_FLAGS: TcpFlag.SYN}
        decision = filter_.first_match(packet, undecided)
        assert decision is not None
        assert decision.verdict is expected


def test_a_line_without_an_interface_acts_on_every_one() -> None:
    anywhere = line(Verdict.DENY, Exactly(EVERYTHING), HERE, text="block all")
    assert filter_of([anywhere], "opt9", Direction.OUT, "", HERE).rules == (anywhere.rule,)


def test_behind_the_last_line_pf_passes() -> None:
    assert filter_of([], "lan", Direction.IN, "", HERE).default is Verdict.PERMIT


def test_what_may_pass_is_what_no_earlier_block_surely_takes() -> None:
    web = box_set({Field.PROTOCOL: [(6, 6)], Field.DESTINATION_PORT: [(443, 443)]})
    rules = [line(Verdict.DENY, Exactly(~web), HERE, text="").rule, line(Verdict.DENY, Exactly(EVERYTHING), HERE, text="").rule]
    assert may_permit(rules[:1], EVERYTHING) is web
    assert may_permit(rules, EVERYTHING) is NOTHING
    assert not reached(rules, rules[1], ~web)
    assert reached(rules, rules[1], web)


# -- addresses


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("10.0.0.1", "10.0.0.1", "10.0.0.1"),
        ("10.0.0.77/24", "10.0.0.0", "10.0.0.255"),
        ("::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("fe80::1/10", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ],
)
def test_host_bits_of_a_network_are_masked(text: str, first: str, last: str) -> None:
    assert literal(text) == (address_interval(first)[0], address_interval(last)[1])


@pytest.mark.parametrize("text", ["", "any", "10.0.0.0/33", "10.0.0", "010.0.0.1", "10.0.0.1-10.0.0.9", " 10.0.0.1", "a.b"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert literal(text) is None


def _entry(text: str) -> tuple[tuple[int, int], bool]:
    found = literal(text.removeprefix("!"))
    assert found is not None
    return found, text.startswith("!")


def test_the_longest_prefix_of_a_table_decides() -> None:
    held = table([_entry(text) for text in ("10.0.0.0/8", "!10.1.0.0/16", "10.1.2.0/24")])
    around = addresses.meet(networks("10.0.0.0/8"), addresses.complement(networks("10.1.0.0/16")))
    assert held == addresses.normal([*networks("10.1.2.0/24"), *around])


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.tuples(st.integers(0, 255), st.integers(24, 32)), st.booleans(), max_size=8))
def test_a_table_with_exclusions_holds_what_its_longest_prefix_says(drawn: dict[tuple[int, int], bool]) -> None:
    entries = {}
    for (host, length), excluded in drawn.items():
        found = literal(f"10.0.0.{host}/{length}")
        assert found is not None
        entries[found] = excluded
    held = table(list(entries.items()))
    base = networks("10.0.0.0/24")[0][0]
    for address in range(base - 1, base + 257):
        around = [(high - low, excluded) for (low, high), excluded in entries.items() if low <= address <= high]
        assert any(low <= address <= high for low, high in held) == (bool(around) and not min(around)[1])


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (min(pair), max(pair))), max_size=8))
def test_intervals_and_their_complement_share_nothing_and_leave_nothing(drawn: list[tuple[int, int]]) -> None:
    tidy = addresses.normal(drawn)
    rest = addresses.complement(tidy)
    assert addresses.meet(tidy, rest) == ()
    assert addresses.normal([*tidy, *rest]) == addresses.BOTH
    assert _values(tidy) == _values(drawn)


def _values(intervals: Iterable[tuple[int, int]]) -> set[int]:
    return {value for low, high in intervals for value in range(low, high + 1)}


# -- ports


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("443", ((443, 443),)),
        ("https", ((443, 443),)),
        ("8000:8010", ((8000, 8010),)),
        ("9000:80", ()),
        ("0", None),
        ("70000", None),
        ("80,443", None),
        ("HTTPS", None),
        ("8000-8010", None),
    ],
)
def test_a_port_is_a_number_a_range_with_a_colon_or_a_service(text: str, found: ports.Ports | None) -> None:
    assert ports.entry(text) == found


def test_outside_of_all_ports_is_none() -> None:
    assert ports.outside(0, 65535) == ()
    assert ports.outside(1024, 2000) == ((0, 1023), (2001, 65535))


# -- matching


def _packet(source: str, destination: str = "192.0.2.1", protocol: int = 6, port: int = 443, flags: int = TcpFlag.SYN) -> dict[Field, int]:
    return {
        Field.PROTOCOL: protocol,
        Field.SOURCE: address_interval(source)[0],
        Field.DESTINATION: address_interval(destination)[0],
        Field.SOURCE_PORT: EPHEMERAL_PORT,
        Field.DESTINATION_PORT: port,
        Field.STATE: State.NEW,
        Field.TCP_FLAGS: flags,
    }


def _peer(*texts: str) -> Peer:
    return Peer(tuple((known(networks(text.removeprefix("!"))), text.startswith("!")) for text in texts))


def _matched(selector: Selector) -> PacketSet:
    match = condition(selector).settle(undecided)
    assert match.surely is match.maybe
    return match.surely


def test_a_list_of_negated_addresses_is_the_union_of_their_complements() -> None:
    matched = _matched(Selector("inet", source=_peer("!10.0.0.0/8", "!172.16.0.0/12")))
    assert _packet("10.0.0.1") in matched
    overlapping = _matched(Selector("inet", source=_peer("!10.0.0.0/8", "!10.1.0.0/16")))
    assert _packet("10.1.0.1") not in overlapping
    assert _packet("10.2.0.1") in overlapping


def test_a_family_restricts_a_negation_too() -> None:
    matched = _matched(Selector("inet6", source=_peer("!10.0.0.0/8")))
    assert _packet("2001:db8::1", "2001:db8::2") in matched
    assert _packet("192.168.0.1") not in matched


def test_what_may_be_in_a_table_is_matched_perhaps_and_its_negation_too() -> None:
    feed = addresses.unknown(Unknown("a downloaded list"))
    for negated in (False, True):
        match = condition(Selector("inet", source=Peer(((feed, negated),)))).settle(undecided)
        assert match.surely is NOTHING
        assert _packet("10.0.0.1") in match.maybe
        assert match.unknowns == (Unknown("a downloaded list"),)


def test_a_name_matches_the_end_that_has_it() -> None:
    cache = addresses.unknown(Unknown("resolved at run time"), names=["Cache.NixOS.org"]) | known(networks("192.0.2.0/24"))
    found = condition(Selector("inet", destination=Peer(((cache, False),))))
    wanted = Predicate(Fact.NAMED, Side.DESTINATION, frozenset({"cache.nixos.org"}))
    named, unnamed = found.settle(lambda predicate: predicate == wanted), found.settle(lambda predicate: predicate != wanted)
    assert _packet("10.0.0.1", "198.51.100.7") in named.surely
    assert _packet("10.0.0.1", "198.51.100.7") not in unnamed.maybe
    assert _packet("10.0.0.1", "192.0.2.7") in unnamed.surely


def test_types_belong_to_the_protocol_of_the_line() -> None:
    matched = _matched(Selector("inet", (1,), icmp_types=(8,)))
    assert _packet("10.0.0.1", protocol=1, port=8 * 256) in matched
    assert _packet("10.0.0.1", protocol=1, port=0) not in matched
    assert _packet("10.0.0.1", protocol=17, port=8 * 256) not in matched


def test_a_rule_for_first_packets_leaves_answers_alone() -> None:
    matched = _matched(Selector("inet", first_only=True))
    assert _packet("10.0.0.1") in matched
    assert _packet("10.0.0.1", flags=TcpFlag.SYN | TcpFlag.ACK) not in matched
    assert _packet("10.0.0.1", protocol=17) in matched


def test_flags_say_which_must_be_set_among_which() -> None:
    matched = _matched(Selector("inet", (6,), flags=(TcpFlag.RST, TcpFlag.RST)))
    assert _packet("10.0.0.1", flags=TcpFlag.RST | TcpFlag.ACK) in matched
    assert _packet("10.0.0.1") not in matched


def test_addresses_add_up_with_their_reasons() -> None:
    a, b = addresses.unknown(Unknown("a"), addresses.V4), addresses.unknown(Unknown("b"), addresses.V6)
    both = addresses.union([a, b, known(networks("10.0.0.0/8"))])
    assert both == Addresses(networks("10.0.0.0/8"), addresses.BOTH, frozenset(), (Unknown("a"), Unknown("b")))
    assert not both.exact


def test_its_own_unknown_addresses_are_nobody_s_elsewhere_and_open_where_something_else_is() -> None:
    why, other = Unknown("by DHCP"), Unknown("downloaded")
    its_own = addresses.unknown(why, host="pf:self")
    assert (its_own | known(networks("10.0.0.0/8"))).own == addresses.BOTH
    assert its_own.within(addresses.V4).host == "pf:self"
    assert (its_own | addresses.unknown(other, addresses.V4)).own == addresses.V6
    assert (its_own | addresses.unknown(other)).host == ""
    asked = condition(Selector("inet", source=Peer(((its_own, False),))))
    assert asked.settle(lambda predicate: predicate.fact is not Fact.OWN).maybe is NOTHING
    assert asked.settle(lambda _: True).surely is NOTHING
    assert asked.settle(undecided).maybe
