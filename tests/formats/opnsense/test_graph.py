"""The graph of a firewall: zones, their networks and ids, several files at once, and files that cannot be read."""

from __future__ import annotations

import time

import pytest

from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.opnsense import FORMAT
from auditor.formats.opnsense.load import load
from auditor.model.graph import ZoneKind
from auditor.model.headers import addresses_text
from auditor.model.source import Level
from tests.formats.opnsense.samples import LAN, VLAN, WAN, config, graph_of, mvc, passes, possible, rules_of, traps_of


def networks(text: str, zone: str) -> str | None:
    found = graph_of(text).zone(zone)
    assert found is not None
    return None if found.networks is None else addresses_text(found.networks)


def test_each_interface_is_a_zone_behind_the_firewall_found_by_name_or_description() -> None:
    zone = graph_of(config()).zone("opnsense:opt1")
    assert zone is not None
    assert (zone.kind, zone.label, zone.device) == (ZoneKind.INTERFACE, "K8S", "opnsense")
    assert "opnsense:K8S" in zone.aliases


def test_the_internet_is_behind_the_interface_with_the_gateway() -> None:
    graph = graph_of(config())
    assert [zone.id for zone in graph.zones if zone.default] == ["opnsense:wan"]


def test_a_zone_holds_its_network_without_the_firewall_s_own_address() -> None:
    assert networks(config(), "opnsense:opt1") == "10.30.0.0, 10.30.0.2-10.30.0.255"


def test_a_network_that_run_time_gives_is_not_known() -> None:
    tracked = LAN.replace("</lan>", "<ipaddrv6>track6</ipaddrv6></lan>")
    assert networks(config(interfaces=WAN + tracked), "opnsense:lan") is None


def test_static_routes_are_behind_the_interface_of_their_gateway() -> None:
    more = "<staticroutes><route><network>10.77.0.0/16</network><gateway>WANGW</gateway></route></staticroutes>"
    assert "10.77.0.0/16" in (networks(config(more=more), "opnsense:wan") or "")


def test_virtual_addresses_widen_a_network() -> None:
    address = "<subnet>10.21.0.1</subnet><subnet_bits>24</subnet_bits>"
    vip = f"<virtualip><vip><mode>ipalias</mode><interface>lan</interface>{address}</vip></virtualip>"
    assert "10.21.0.2-10.21.0.255" in (networks(config(more=vip), "opnsense:lan") or "")


def test_disabled_interfaces_are_no_zones() -> None:
    assert graph_of(config(interfaces=WAN + "<opt5><if>x</if></opt5>")).zone("opnsense:opt5") is None


def test_several_firewalls_have_their_host_names_in_the_ids() -> None:
    one, two = (config(system=f"<hostname>{name}</hostname>") for name in ("north", "south"))
    graph = load(MemoryTree({"a.xml": one, "b.xml": two}), ["a.xml", "b.xml"])
    assert {"opnsense:north:lan", "opnsense:south:lan"} <= {zone.id for zone in graph.zones}
    assert graph.read == (("a.xml", "opnsense"), ("b.xml", "opnsense"))


def test_two_of_one_name_are_told_apart_by_path() -> None:
    graph = load(MemoryTree({"a.xml": config(), "b.xml": config()}), ["a.xml", "b.xml"])
    assert {"opnsense:a.xml:lan", "opnsense:b.xml:lan"} <= {zone.id for zone in graph.zones}


def test_one_broken_file_is_said_and_the_others_are_read() -> None:
    graph = load(MemoryTree({"a.xml": "<opnsense>\n<filter>\n</opnsense>", "b.xml": config()}), ["a.xml", "b.xml"])
    note = graph.notes[0]
    assert (note.trap, note.level, note.span.path, note.span.line) == ("unparsable", Level.ERROR, "a.xml", 3)
    assert graph.zone("opnsense:lan") is not None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<pfsense/>", "<opnsense>"),
        ('<!DOCTYPE opnsense [<!ENTITY a "b">]><opnsense>&a;</opnsense>', "document type"),
        ("---- BEGIN config.xml ----\nVersion: OPNsense 25.1\n", "encrypted"),
        ("<opnsense>" + "<a>" * 300 + "</a>" * 300 + "</opnsense>", "deep"),
        ("", "empty"),
    ],
)
def test_what_cannot_be_read_says_why(content: str, words: str) -> None:
    graph = load(MemoryTree({"c.xml": content}), ["c.xml"])
    assert [note.trap for note in graph.notes] == ["unparsable"]
    assert words in graph.notes[0].message


def test_blanks_before_the_declaration_do_no_harm() -> None:
    graph = load(MemoryTree({"c.xml": "\n\n<?xml version='1.0'?>" + config()}), ["c.xml"])
    assert graph.zone("opnsense:lan") is not None


def test_a_file_is_recognised_by_its_root_and_an_encrypted_backup_by_its_head() -> None:
    assert FORMAT.claims("config.xml", b"<?xml version='1.0'?>\n<opnsense>")
    assert FORMAT.claims("backup", b"---- BEGIN config.xml ----\nVersion: OPNsense 25.1\n")
    assert FORMAT.claims("config.xml", b"# cat config.xml\n<?xml version='1.0'?>\n<opnsense>")
    assert not FORMAT.claims("config.xml", b"<?xml version='1.0'?>\n<pfsense>")
    assert not FORMAT.claims("x.yaml", b"opnsense: true")


def test_a_file_without_interfaces_is_said_to_be_a_part() -> None:
    rule = "<rule><interface>lan</interface><ipprotocol>inet</ipprotocol><source><any>1</any></source></rule>"
    text = f"<opnsense><filter>{rule}</filter></opnsense>"
    traps = [note.trap for note in graph_of(text).notes]
    assert "partial-file" in traps and "interface-missing" not in traps


def test_secrets_stay_in_the_file() -> None:
    secret = "$2y$10$abcdefghijklmnopqrstuv"
    system = f"<user><name>root</name><password>{secret}</password><apikeys><item><secret>{secret}</secret></item></apikeys></user>"
    vip = f"<virtualip><vip><mode>carp</mode><interface>lan</interface><password>{secret}</password></vip></virtualip>"
    graph = graph_of(config(mvc=mvc(interface="lan", source_net="nobody"), system=system, more=vip))
    assert graph.notes
    shown = (graph.notes, graph.zones, [(rule.text, rule.name) for filter_ in graph.filters for rule in filter_.rules])
    assert secret not in repr(shown)


def test_five_thousand_rules_are_read_in_bounded_time() -> None:
    rules = "".join(
        mvc(sequence=str(n + 1), interface="lan", protocol="TCP", source_net=f"10.20.{n % 250}.0/24", destination_port=str(n % 60000 + 1))
        for n in range(5000)
    )
    text = config(mvc=rules, interfaces=WAN + LAN + VLAN)
    start = time.monotonic()
    graph = FORMAT.load(MemoryTree({"c.xml": text}), ["c.xml"], Options())
    assert time.monotonic() - start < 10
    assert max(len(filter_.rules) for filter_ in graph.filters) > 5000


def test_an_interface_group_without_members_matches_nowhere() -> None:
    group = "<ifgroups><ifgroupentry><ifname>none</ifname><members/></ifgroupentry></ifgroups>"
    text = config(mvc=mvc(interface="none"), more=group)
    assert all(rule.synthetic for filter_ in graph_of(text).filters for rule in filter_.rules)
    assert rules_of(text).loads


def test_a_rule_on_the_group_of_all_tunnels_holds_for_assigned_and_unassigned_ones() -> None:
    group = "<wireguard><enable>1</enable><if>wireguard</if><type>group</type><virtual>1</virtual></wireguard>"
    tunnel = "<opt6><enable>1</enable><if>wg0</if><descr>VPN</descr></opt6>"
    text = config(mvc=mvc(interface="wireguard"), interfaces=WAN + LAN + group + tunnel)
    assert passes(text, "opt6", "10.99.0.5", "10.20.0.5") and passes(text, "wireguard", "10.99.0.5", "10.20.0.5")
    assert not passes(text, "lan", "10.99.0.5", "10.20.0.5")
    assert [record.priority for record in rules_of(text).records if not record.synthetic] == [300010]


def test_loopback_is_no_zone_and_its_addresses_are_the_firewall_s() -> None:
    loop = "<lo0><enable>1</enable><if>lo0</if><ipaddr>127.0.0.1</ipaddr><subnet>8</subnet><virtual>1</virtual></lo0>"
    assert graph_of(config(interfaces=WAN + LAN + loop)).zone("opnsense:lo0") is None


ROUTED = "<opt2><enable>1</enable><if>ipsec1</if><descr>VTI</descr></opt2>"
ENC0 = "<enc0><enable>1</enable><if>enc0</if><descr>IPsec</descr><type>none</type><virtual>1</virtual></enc0>"


def test_routed_ipsec_is_filtered_by_the_rules_on_ipsec_unless_a_tunable_says_otherwise() -> None:
    interfaces = WAN + LAN + VLAN + ROUTED + ENC0
    tunable = "<sysctl><item><tunable>net.inet.ipsec.filtertunnel</tunable><value>1</value></item></sysctl>"
    on_all, on_one = mvc(interface="enc0"), mvc(interface="opt2")
    assert possible(config(mvc=on_all, interfaces=interfaces), "opt2", "10.7.0.5", "10.30.0.5") == {"permit"}
    assert possible(config(mvc=on_one, interfaces=interfaces), "opt2", "10.7.0.5", "10.30.0.5") == {"deny"}
    assert "interface-missing" in traps_of(config(mvc=on_one, interfaces=interfaces))
    assert possible(config(mvc=on_one, interfaces=interfaces, more=tunable), "opt2", "10.7.0.5", "10.30.0.5") == {"permit"}


def test_a_gateway_may_carry_off_what_is_for_an_internal_network() -> None:
    text = config(mvc=mvc(interface="lan", gateway="WANGW"))
    assert possible(text, "lan", "10.20.0.5", "10.30.0.5") == {"permit", "deny"}
    assert possible(text, "lan", "10.20.0.5", "9.9.9.9") == {"permit"}
    assert possible(config(mvc=mvc(interface="lan", gateway="Null4")), "lan", "10.20.0.5", "9.9.9.9") == {"permit", "deny"}
    assert possible(config(mvc=mvc(interface="lan", gateway="NOWHERE")), "lan", "10.20.0.5", "10.30.0.5") == {"permit"}


def test_a_gateway_of_run_time_is_not_down_because_the_file_does_not_have_it() -> None:
    leased = WAN.replace("<ipaddr>198.51.100.2</ipaddr><subnet>29</subnet><gateway>WANGW</gateway>", "<ipaddr>dhcp</ipaddr>")
    strict = "<skip_rules_gw_down>1</skip_rules_gw_down>"
    for name, verdicts in (("WAN_DHCP", {"permit"}), ("OTHER", {"deny"})):
        text = config(mvc=mvc(interface="lan", gateway=name), interfaces=leased + LAN, system=strict)
        assert possible(text, "lan", "10.20.0.5", "9.9.9.9") == verdicts
