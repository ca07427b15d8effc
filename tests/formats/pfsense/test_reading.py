"""How the file is read: as the product's own reader would, within bounds, and never with a secret in what is said."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.pfsense import FORMAT
from auditor.formats.pfsense.read import Refusal, read, value
from auditor.formats.xmlspan import parse
from auditor.model.filters import Verdict
from auditor.model.source import Level
from tests.formats.pfsense.samples import alias, config, decision, load, packet, rule, traps

CORPUS = Path(__file__).parents[4] / "shared" / "corpus" / "pfsense"


def _value(text: str) -> str:
    return value(parse("c.xml", f"<a>{text}</a>".encode()))


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("10.0.0.1\n10.0.0.2", "10.0.0.110.0.0.2"),
        ("\t\t10.0.0.1\n\t", "10.0.0.1"),
        (" 10.0.0.1", " 10.0.0.1"),
        ("a &amp;lt; b", "a < b"),
        ("<![CDATA[keep state]]>", "keep state"),
    ],
)
def test_text_loses_line_breaks_and_outer_tabs_and_keeps_blanks(written: str, read_as: str) -> None:
    assert _value(written) == read_as


@pytest.mark.parametrize(
    ("inner", "line"),
    [
        ("<rule>\n<type>pass</type>\n<type>block</type></rule>", 3),
        ("<rule>\n<type>pass</type>text</rule>", 1),
        ("<rule>\n<type>pass</type> \t <log/></rule>", 1),
    ],
)
def test_what_stops_the_products_reader_is_refused_at_its_place(inner: str, line: int) -> None:
    with pytest.raises(Refusal) as caught:
        read("c.xml", f"<pfsense><filter>{inner}</filter></pfsense>".encode())
    assert caught.value.span.line == line


def test_a_second_section_is_refused() -> None:
    assert traps(load("<pfsense><filter/><filter/></pfsense>")) == {"file-refused"}


def test_lists_may_repeat_and_packages_may_do_as_they_like() -> None:
    assert read("c.xml", b"<pfsense><filter><rule/><rule/></filter><squid><a/><a/></squid></pfsense>")


def test_element_names_are_read_whatever_their_case() -> None:
    found = read("c.xml", b"<PFSense><Filter><RULE><Type>pass</Type></RULE></Filter></PFSense>")
    assert [value(rule.child("type")) for rule in found.every("filter/rule")] == ["pass"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<nothing/>", "no configuration of pfSense"),
        (b"<m0n0wall/>", "m0n0wall"),
        (b"---- BEGIN config.xml ----\nAAAA", "encrypted"),
        (b"<pfsense><filter>", "truncated"),
        (b"<!DOCTYPE p [<!ENTITY a 'x'>]><pfsense/>", "document type"),
        (b"<pfsense>" * 300 + b"</pfsense>" * 300, "deep"),
    ],
)
def test_what_cannot_be_read_is_said_and_the_others_are_read(data: bytes, message: str) -> None:
    graph = FORMAT.load(MemoryTree({"bad.xml": data, "good.xml": config(rule())}), ["bad.xml", "good.xml"], Options())
    (note,) = graph.notes
    assert (note.trap, note.level, note.span.path) == ("unparsable", Level.ERROR, "bad.xml")
    assert message in note.message
    assert graph.zone("pfsense:gate:lan") is not None


def test_a_file_that_is_not_there_is_said() -> None:
    assert traps(FORMAT.load(MemoryTree({}), ["gone.xml"], Options())) == {"unparsable"}


def test_several_firewalls_are_told_apart_by_their_names() -> None:
    one, two = config(rule()), config(rule()).replace("<hostname>gate<", "<hostname>other<")
    graph = FORMAT.load(MemoryTree({"a.xml": one, "b.xml": two, "c.xml": one}), ["a.xml", "b.xml", "c.xml"], Options())
    assert {device.id for device in graph.devices} == {"pfsense:gate", "pfsense:other", "pfsense:c.xml"}
    assert len({zone.id for zone in graph.zones}) == len(graph.zones)


@pytest.mark.parametrize(
    ("path", "head", "claimed"),
    [
        ("any.name", b'<?xml version="1.0"?>\n<pfsense>', True),
        ("a.xml", b"<!-- saved --><PFSENSE>", True),
        ("a.xml", b"<filter>\n<rule><tracker>", True),
        ("a.xml", b"<aliases><alias><name>", True),
        ("a.xml", b"<filter>\n<filter-name>x</filter-name>", False),
        ("a.xml", b"<opnsense>", False),
        ("a.xml", b"$ cat config.xml\n<?xml version='1.0'?>\n<pfsense>", True),
        ("a.md", b"text\n<pfsense>", False),
        ("a.xml", b"<root>\n  <pfsense>", False),
        ("a.xml", b"---- BEGIN config.xml ----\nAAAA", True),
        ("a.xml", b"---- BEGIN config.xml ----\nVersion: OPNsense 24", False),
        ("a.xml", b"<m0n0wall><version>", True),
        ("backup", '<?xml version="1.0"?><pfsense>'.encode("utf-16"), True),
        ("a.tf", b'resource "x" "y" {}', False),
    ],
)
def test_a_configuration_is_recognised_by_its_root(path: str, head: bytes, claimed: bool) -> None:
    assert FORMAT.claims(path, head) is claimed


def test_an_old_file_had_its_first_interfaces_on() -> None:
    graph = load(config(rule(), interfaces="<lan><if>sis0</if><ipaddr>10.20.0.1</ipaddr><subnet>24</subnet></lan>", version="2.9"))
    assert traps(graph) == {"revision"}
    assert graph.zone("pfsense:lan") is not None


def test_numbers_beyond_all_bounds_are_none() -> None:
    long = "9" * 5000
    rules = rule(f"<protocol>{long}</protocol>") + rule(f"<protocol>icmp</protocol><icmptype>{long}</icmptype>")
    graph = load(config(rules, version=long, system=f"<webgui><port>{long}</port></webgui><ssh><enable/><port>{long}</port></ssh>"))
    assert len(graph.hooks) == len(load(config(rule())).hooks)


def test_a_cycle_of_aliases_ends() -> None:
    text = alias("a", "host", "b 10.0.0.1") + alias("b", "host", "a 10.0.0.2")
    graph = load(config(rule(source="<address>a</address>"), aliases=text))
    assert decision(graph, "lan", packet("10.0.0.2", "1.1.1.1")).verdict is Verdict.PERMIT
    assert decision(graph, "lan", packet("10.0.0.3", "1.1.1.1")).verdict is Verdict.DENY


def test_aliases_that_name_each_other_over_and_over_cost_little() -> None:
    fan = "".join(alias(f"a{n}", "host", " ".join([f"a{n + 1}"] * 8)) for n in range(14)) + alias("a14", "host", "10.0.0.1")
    started = time.monotonic()
    graph = load(config(rule(source="<address>a0</address>"), aliases=fan))
    assert time.monotonic() - started < 5
    assert decision(graph, "lan", packet("10.0.0.1", "1.1.1.1")).verdict is Verdict.PERMIT


def test_a_long_chain_of_aliases_is_cut_rather_than_followed_forever() -> None:
    chain = "".join(alias(f"a{n}", "host", f"a{n + 1}") for n in range(5000)) + alias("a5000", "host", "10.0.0.1")
    uses = "".join(rule(source=f"<address>a{n}</address>") for n in range(0, 5000, 10))
    started = time.monotonic()
    load(config(uses, aliases=chain))
    assert time.monotonic() - started < 30


SECRETS = (
    "<user><name>admin</name><bcrypt-hash>$2b$10$SECRETONE</bcrypt-hash><authorizedkeys>SECRETTWO</authorizedkeys></user>",
    "<cert><prv>SECRETTHREE</prv></cert>",
    "<snmpd><rocommunity>SECRETFOUR</rocommunity></snmpd>",
    "<ipsec><phase1><pre-shared-key>SECRETFIVE</pre-shared-key><remote-gateway>203.0.113.9</remote-gateway></phase1></ipsec>",
    "<openvpn><openvpn-server><shared_key>SECRETSIX</shared_key><tls>SECRETSEVEN</tls></openvpn-server></openvpn>",
    "<hasync><password>SECRETEIGHT</password></hasync>",
    "<installedpackages><x><config><password>SECRETNINE</password></config></x></installedpackages>",
)


def test_no_secret_is_in_anything_that_is_said() -> None:
    vip = "<vip><mode>carp</mode><interface>lan</interface><subnet>10.20.0.9</subnet><password>SECRETTEN</password></vip>"
    url = "<alias><name>feed</name><type>urltable</type><url>https://me:SECRETELEVEN@example.org/x</url></alias>"
    more = "".join(SECRETS[1:]) + f"<virtualip>{vip}</virtualip>"
    text = config(rule(source="<address>feed</address>"), aliases=url, more=more, system=SECRETS[0])
    assert text.count("SECRET") == 11
    assert "SECRET" not in repr(load(text))


@pytest.mark.skipif(not CORPUS.exists(), reason="the real files are not here")
@pytest.mark.parametrize("name", ["auditor_sample.xml", "factory_default_2.x.xml", "redactor_default.xml"])
def test_real_files_are_read_without_their_secrets(name: str) -> None:
    data = (CORPUS / name).read_bytes()
    assert FORMAT.claims(name, data[:4096])
    said = repr(load(data))
    assert "unparsable" not in said
    for word in ("$2b$", "$1$", "EXAMPLEHASH", "OTPSEED", "changeme123"):
        assert word not in said
