"""What rules of both stores become, and what is said about them."""

from __future__ import annotations

from auditor.model.filters import Verdict
from auditor.model.source import Effect, Level
from tests.formats.opnsense.samples import (
    config,
    decide,
    dropped_of,
    graph_of,
    host_alias,
    lines_of,
    mvc,
    notes_of,
    passes,
    possible,
    rules_of,
    traps_of,
)

ANY = "<source><any>1</any></source><destination><any>1</any></destination>"
LEGACY_PASS = f"<rule><interface>lan</interface><ipprotocol>inet</ipprotocol>{ANY}<descr>all</descr></rule>"


def legacy(body: str, attributes: str = "") -> str:
    return f"<rule{attributes}>{body}</rule>"


# -- the old store


def test_a_legacy_rule_that_says_nothing_passes_everything_in_on_every_interface() -> None:
    assert lines_of(config(legacy("<descr>x</descr>"))) == ["pass in quick from {any} to {any}"]


def test_the_direction_of_a_legacy_rule_counts_without_floating() -> None:
    rule = legacy(f"<interface>wan</interface><direction>out</direction><ipprotocol>inet</ipprotocol><type>block</type>{ANY}")
    assert lines_of(config(rule)) == ["block out quick on igb0 inet from {any} to {any}"]


def test_floating_counts_by_its_presence_and_takes_quick_away() -> None:
    text = config(legacy(f"<interface>lan</interface><floating>0</floating><ipprotocol>inet</ipprotocol><type>block</type>{ANY}"))
    assert lines_of(text) == ["block in on igb1 inet from {any} to {any}"]
    assert "presence-boolean" in traps_of(text)


def test_an_explicit_quick_on_a_floating_rule_counts_by_its_value() -> None:
    body = f"<interface>lan</interface><floating>yes</floating><quick>{{}}</quick><ipprotocol>inet</ipprotocol>{ANY}"
    assert "quick" in lines_of(config(legacy(body.format("1"))))[0]
    assert "quick" not in lines_of(config(legacy(body.format("0"))))[0]


def test_network_beats_address_and_address_beats_any() -> None:
    source = "<source><any>1</any><address>10.1.1.1</address><network>opt1</network></source>"
    rule = legacy(f"<interface>lan</interface><ipprotocol>inet</ipprotocol>{source}<destination><any>1</any></destination>")
    assert "from {(vlan0.30:network)}" in lines_of(config(rule))[0]


def test_a_network_may_hold_a_plain_cidr() -> None:
    rule = legacy("<interface>lan</interface><ipprotocol>inet</ipprotocol><source><network>10.1.0.0/24</network></source>")
    assert "from {10.1.0.0/24}" in lines_of(config(rule))[0]


def test_a_blank_before_an_address_spoils_it() -> None:
    rule = legacy("<interface>lan</interface><ipprotocol>inet</ipprotocol><source><address> 10.1.1.1</address></source>")
    assert dropped_of(config(rule)) == ["Unable to convert address, see from for details"]
    assert any("blank" in note.message for note in notes_of(config(rule)))


def test_a_dotted_netmask_does_not_resolve() -> None:
    rule = legacy("<interface>lan</interface><ipprotocol>inet</ipprotocol><source><address>10.1.0.0/255.255.0.0</address></source>")
    assert dropped_of(config(rule)) == ["Unable to convert address, see from for details"]


def test_a_literal_in_a_rule_without_a_family_is_one_line_that_loads() -> None:
    rule = legacy("<interface>lan</interface><source><address>10.1.1.1</address></source><destination><any>1</any></destination>")
    assert rules_of(config(rule)).loads


def test_a_literal_in_a_rule_for_both_families_refuses_the_ruleset() -> None:
    rule = legacy("<interface>lan</interface><ipprotocol>inet46</ipprotocol><source><address>10.1.1.1</address></source>")
    assert [why for _, why in rules_of(config(rule)).refusals] == ["rule expands to no valid combination"]


def test_a_port_beside_icmp_is_lost_and_the_rule_is_open() -> None:
    body = "<interface>lan</interface><ipprotocol>inet</ipprotocol><protocol>icmp</protocol>"
    text = config(legacy(f"{body}<source><any>1</any></source><destination><any>1</any><port>8</port></destination>"))
    assert lines_of(text) == ["pass in quick on igb1 inet proto icmp from {any} to {any}"]
    note = next(note for note in notes_of(text) if note.trap == "port-ignored")
    assert (note.level, note.effect) == (Level.ERROR, Effect.WIDENED)


def test_a_lost_port_of_a_block_is_a_warning() -> None:
    body = "<type>block</type><interface>lan</interface><ipprotocol>inet</ipprotocol>"
    text = config(legacy(f"{body}<source><any>1</any></source><destination><any>1</any><port>25</port></destination>"))
    assert next(note.level for note in notes_of(text) if note.trap == "port-ignored") is Level.WARNING


def test_a_repeated_interface_stops_the_generator() -> None:
    text = config(legacy(f"<interface>lan</interface><interface>opt1</interface><ipprotocol>inet</ipprotocol>{ANY}"))
    assert not rules_of(text).loads
    assert {"repeated-element", "ruleset-wont-load"} <= traps_of(text)


def test_a_type_that_pf_does_not_know_refuses_the_ruleset() -> None:
    text = config(legacy(f"<type>allow</type><interface>lan</interface><ipprotocol>inet</ipprotocol>{ANY}"))
    assert [why for _, why in rules_of(text).refusals] == ["cannot read 'allow'"]


def test_an_icmp6_type_of_the_old_store_is_written_on_every_line() -> None:
    text = config(
        legacy(f"<interface>lan</interface><ipprotocol>inet46</ipprotocol><protocol>icmp</protocol><icmp6-type>128</icmp6-type>{ANY}")
    )
    assert not rules_of(text).loads


def test_match_rules_decide_nothing() -> None:
    rule = legacy(f"<type>match</type><interface>lan</interface><ipprotocol>inet</ipprotocol>{ANY}")
    assert not passes(config(rule), "lan", "10.20.0.5", "1.1.1.1")


def test_an_empty_rule_is_no_rule() -> None:
    assert lines_of(config("<rule/>")) == []


# -- the new store


def test_an_mvc_rule_that_says_nothing_passes_ipv4_in_on_every_interface() -> None:
    assert lines_of(config(mvc=mvc(description="x"))) == ["pass in quick inet from {any} to {any} keep state"]


def test_several_interfaces_make_a_rule_floating() -> None:
    text = config(mvc=mvc(sequence="1", interface="lan", action="block") + mvc(sequence="9", interface="lan,opt1"))
    assert passes(text, "lan", "10.20.0.5", "1.1.1.1")


def test_an_interface_group_stands_before_single_interfaces() -> None:
    group = "<ifgroups><ifgroupentry><ifname>inner</ifname><members>lan opt1</members><sequence>5</sequence></ifgroupentry></ifgroups>"
    text = config(mvc=mvc(interface="lan", sequence="1") + mvc(interface="inner", sequence="2", action="block"), more=group)
    assert [record.priority for record in rules_of(text).records if not record.synthetic] == [300005, 400000]
    assert not passes(text, "lan", "10.20.0.5", "1.1.1.1")


def test_interfacenot_is_every_other_interface() -> None:
    text = config(mvc=mvc(interface="lan", interfacenot="1", action="pass"))
    assert passes(text, "opt1", "10.30.0.5", "1.1.1.1")
    assert not passes(text, "lan", "10.20.0.5", "1.1.1.1")


def test_an_empty_network_loses_the_port_beside_it() -> None:
    text = config(mvc=mvc(interface="lan", protocol="TCP", destination_net="", destination_port="443"))
    assert lines_of(text) == ["pass in quick on igb1 inet proto tcp from {any} to {any} keep state"]
    assert {"port-ignored", "empty-value"} <= traps_of(text)


def test_of_a_repeated_element_the_first_counts() -> None:
    text = config(mvc="<rule><interface>lan</interface><action>block</action><action>pass</action></rule>")
    assert not passes(text, "lan", "10.20.0.5", "1.1.1.1")


def test_a_field_of_a_newer_release_makes_the_rule_a_maybe() -> None:
    text = config(mvc="<rule><interface>lan</interface><received-on>opt1</received-on></rule>")
    assert not passes(text, "lan", "10.20.0.5", "1.1.1.1")
    rules = rules_of(text)
    assert [doubt.reason for record in rules.records for doubt in record.doubts] == ["the field received-on is not known"]


def test_an_unknown_field_that_is_empty_asks_for_nothing() -> None:
    text = config(mvc="<rule><interface>lan</interface><received-on/></rule>")
    assert passes(text, "lan", "10.20.0.5", "1.1.1.1")
    assert "unknown-field" not in traps_of(text)


def test_limits_schedules_and_tags_make_a_pass_a_maybe() -> None:
    for body in ("<max-src-conn>3</max-src-conn>", "<tagged>VOIP</tagged>", "<sched>office</sched>", "<tos>46</tos>"):
        schedule = "<schedules><schedule><name>office</name></schedule></schedules>"
        assert not passes(config(mvc=f"<rule><interface>lan</interface>{body}</rule>", more=schedule), "lan", "10.20.0.5", "1.1.1.1")


def test_an_unknown_schedule_is_always() -> None:
    assert passes(config(mvc="<rule><interface>lan</interface><sched>gone</sched></rule>"), "lan", "10.20.0.5", "1.1.1.1")


def test_icmp_types_restrict_only_the_lines_of_their_family() -> None:
    text = config(mvc=mvc(interface="lan", ipprotocol="inet46", protocol="ICMP", icmptype="echoreq"))
    assert lines_of(text) == [
        "pass in quick on igb1 inet proto icmp from {any} to {any} icmp-type {echoreq} keep state",
        "pass in quick on igb1 inet6 proto ipv6-icmp from {any} to {any} keep state",
    ]
    assert "icmp-type-ignored" in traps_of(text)


def test_no_state_leaves_the_replies_to_rules_of_their_own() -> None:
    decision = decide(config(mvc=mvc(interface="lan", statetype="none")), "lan", "10.20.0.5", "1.1.1.1")
    assert decision.rule is not None and decision.rule.stateless


def test_a_rule_carries_its_uuid_for_ignoring_and_its_description_as_name() -> None:
    uuid = "00000000-0000-4000-8000-000000000042"
    text = config(mvc=f'<rule uuid="{uuid}"><interface>lan</interface><description>Web for all</description></rule>')
    decision = decide(text, "lan", "10.20.0.5", "1.1.1.1")
    assert decision.rule is not None
    assert (decision.rule.address, decision.rule.name, decision.rule.synthetic) == (uuid, "Web for all", False)


# -- ports


def test_ranges_names_and_any_as_an_end() -> None:
    def port(text: str) -> list[str]:
        return lines_of(config(mvc=mvc(interface="lan", protocol="TCP", destination_port=text)))

    assert "port {1:1023}" in port("any-1023")[0]
    assert "port {ssh:telnet}" in port("ssh-telnet")[0]
    assert " port " not in port("any")[0]
    assert "port {443}" in port("443")[0]


def test_a_name_with_a_hyphen_counts_only_if_the_product_knows_it_by_itself() -> None:
    assert "port {4500}" in lines_of(config(mvc=mvc(interface="lan", protocol="UDP", destination_port="ipsec-nat-t")))[0]
    assert dropped_of(config(mvc=mvc(interface="lan", protocol="TCP", destination_port="foo-bar-baz"))) != []


def test_capitals_in_a_service_are_unknown() -> None:
    assert dropped_of(config(mvc=mvc(interface="lan", protocol="TCP", destination_port="HTTPS"))) == [
        "Unable to map port HTTPS, config error?"
    ]


def test_a_word_that_may_be_a_service_is_neither_dropped_nor_believed() -> None:
    text = config(mvc=mvc(interface="lan", protocol="TCP", destination_port="prosperoservice"))
    assert not passes(text, "lan", "10.20.0.5", "1.1.1.1")
    assert [note.level for note in notes_of(text) if note.trap == "rule-dropped"] == [Level.NOTE]


def test_a_reversed_range_loads_and_never_matches() -> None:
    text = config(mvc=mvc(interface="lan", protocol="TCP", destination_port="443-80"))
    assert rules_of(text).loads
    assert not passes(text, "lan", "10.20.0.5", "1.1.1.1", 100)


def test_a_host_alias_as_a_port_refuses_the_ruleset() -> None:
    text = config(mvc=mvc(interface="lan", protocol="TCP", destination_port="hosts"), aliases=host_alias("hosts", "10.1.1.1"))
    assert [why for _, why in rules_of(text).refusals] == ["a table where a port belongs"]


# -- the two stores together, and what does not load


def test_a_pass_of_the_new_store_stands_before_the_blocks_of_the_old() -> None:
    block = legacy(f"<type>block</type><interface>lan</interface><ipprotocol>inet</ipprotocol>{ANY}")
    assert passes(config(block, mvc(interface="lan")), "lan", "10.20.0.5", "10.30.0.5")


def test_a_ruleset_that_will_not_load_decides_nothing() -> None:
    text = config(LEGACY_PASS, mvc(interface="opt1", protocol="any", destination_port="443"))
    decision = decide(text, "lan", "10.20.0.5", "1.1.1.1")
    assert decision.verdict is Verdict.PERMIT
    rules = [rule for filter_ in graph_of(text).filters for rule in filter_.rules[:2]]
    assert {rule.action for rule in rules} == {Verdict.DENY, Verdict.PERMIT}
    assert all(rule.name == "the rules that were loaded before" for rule in rules)


def test_with_the_filter_off_everything_passes() -> None:
    text = config(system="<disablefilter/>")
    assert passes(text, "wan", "8.8.8.8", "10.20.0.5")
    assert "filter-disabled" in traps_of(text)


def test_a_rule_on_a_disabled_interface_is_left_out_and_a_lost_block_is_an_error() -> None:
    off = "<opt2><if>vlan0.40</if></opt2>"
    text = config(mvc=mvc(interface="opt2", action="block"), interfaces=off)
    note = next(note for note in notes_of(text) if note.trap == "interface-missing")
    assert (note.level, note.effect) == (Level.ERROR, Effect.DROPPED)


def test_a_quick_match_rule_may_stop_at_what_came_before() -> None:
    rules = "<rule><type>match</type><interface>lan</interface>{}</rule><rule><type>pass</type><interface>lan</interface></rule>"
    assert possible(config(legacy=rules.format("")), "lan", "10.20.0.5", "9.9.9.9") == {"permit", "deny"}
    assert possible(config(legacy=rules.format("<quick>0</quick>")), "lan", "10.20.0.5", "9.9.9.9") == {"permit"}


def test_a_rule_with_two_shapers_exists_if_they_are_of_one_kind() -> None:
    rule = mvc(interface="lan", shaper1="a", shaper2="b")
    pipes = "".join(f'<pipe uuid="{name}"><enabled>1</enabled></pipe>' for name in "ab")
    for shapers, verdicts in ((f"<pipes>{pipes}</pipes>", {"permit"}), ("", {"permit", "deny"})):
        text = config(mvc=rule).replace("<OPNsense>", f"<OPNsense><TrafficShaper>{shapers}</TrafficShaper>", 1)
        assert possible(text, "lan", "10.20.0.5", "9.9.9.9") == verdicts
