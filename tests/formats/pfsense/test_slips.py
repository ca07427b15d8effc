"""Elements under a misspelt name are told, since nothing reads them; others that are not known are not."""

from __future__ import annotations

import pytest

from auditor.files import MemoryTree
from auditor.formats.base import Options
from auditor.formats.pfsense import FORMAT
from tests.formats.pfsense.samples import alias, config, load, rule, traps

GOOD = config(rule(), aliases=alias("web", "host", "10.0.0.1"), nat="<outbound><mode>automatic</mode></outbound>")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("filter>", "fliter>"),
        ("<rule>", "<rul>"),
        ("aliases>", "aliasses>"),
        ("<alias>", "<alais>"),
        ("address>", "adress>"),
        ("outbound>", "outbond>"),
        ("mode>", "mod>"),
        ("interfaces>", "interaces>"),
        ("subnet>", "subent>"),
        ("gateway_item>", "gateway_itm>"),
    ],
)
def test_an_element_under_a_misspelt_name_is_told(old: str, new: str) -> None:
    text = GOOD.replace(old, new).replace("</rule>", "</rul>" if new == "<rul>" else "</rule>")
    assert "element-misspelt" in traps(load(text.replace("</alias>", "</alais>") if new == "<alais>" else text))


def test_a_rules_port_under_another_name_is_told() -> None:
    ported = rule("<protocol>tcp</protocol>", destination="<any/><prt>443</prt>")
    assert "field-unknown" in traps(load(config(ported)))


def test_elements_of_other_matters_are_not_told() -> None:
    more = "<unbound/><dhcpd><lan/></dhcpd><bridge/><widgets/><diag/><wireguard/><vlans/><installedpackages/><theme>x</theme>"
    assert traps(load(config(rule(), more=more))) == traps(load(config(rule())))


@pytest.mark.parametrize("root", ["pfsens", "pfsesne", "pfsnse"])
def test_a_file_whose_root_is_misspelt_is_told(root: str) -> None:
    text = GOOD.replace("pfsense>", f"{root}>")
    assert FORMAT.claims("config.xml", text.encode())
    assert [note.trap for note in FORMAT.load(MemoryTree({"config.xml": text}), ["config.xml"], Options()).notes] == ["unparsable"]


@pytest.mark.parametrize("root", ["opnsense", "freesense", "project", "license", "sense"])
def test_files_of_other_products_are_not_claimed(root: str) -> None:
    assert not FORMAT.claims("config.xml", GOOD.replace("pfsense>", f"{root}>").encode())


FLAGS = "<protocol>tcp</protocol><tcpflags1>{}</tcpflags1><tcpflags2>{}</tcpflags2>"


@pytest.mark.parametrize(("set_", "among"), [("sin", "syn,ack"), ("s", "s,a"), ("syn,cwr", "syn,cwr,ece")])
def test_of_a_flag_the_first_letter_counts(set_: str, among: str) -> None:
    assert "ruleset-wont-load" not in traps(load(config(rule(FLAGS.format(set_, among)))))


@pytest.mark.parametrize(("set_", "among"), [("xsyn", "syn,ack"), ("syn", "syn,xack")])
def test_a_flag_that_pf_does_not_know_keeps_the_ruleset_from_loading(set_: str, among: str) -> None:
    assert "ruleset-wont-load" in traps(load(config(rule(FLAGS.format(set_, among)))))


@pytest.mark.parametrize(
    ("more", "trap"),
    [
        ("<staticroutes><route><network>10.9.0.0/16</network><gateway>GONE</gateway></route></staticroutes>", "gateway-unknown"),
        ("<staticroutes><route><network>10.9..0/16</network><gateway>GW</gateway></route></staticroutes>", "value-unknown"),
        ("<ifgroups><ifgroupentry><ifname>IN</ifname><members>lan pt1</members></ifgroupentry></ifgroups>", "interface-missing"),
        ("<virtualip><vip><mode>ipalis</mode><interface>wan</interface><subnet>198.51.100.3</subnet></vip></virtualip>", "value-unknown"),
    ],
)
def test_what_names_something_that_is_not_there_is_told(more: str, trap: str) -> None:
    assert trap in traps(load(config(rule(), more=more)))


@pytest.mark.parametrize(
    "more",
    [
        "<staticroutes><route><network>10.9.0.0/16</network><gateway>GW</gateway></route></staticroutes>",
        "<staticroutes><route><network>10.9.0.0/16</network><gateway>WAN_DHCP</gateway></route></staticroutes>",
        "<staticroutes><route><network>gone</network><gateway>GONE</gateway><disabled/></route></staticroutes>",
        "<ifgroups><ifgroupentry><ifname>IN</ifname><members>lan opt1</members></ifgroupentry></ifgroups>",
        "<virtualip><vip><mode>carp</mode><interface>wan</interface><subnet>198.51.100.3</subnet></vip></virtualip>",
    ],
)
def test_what_is_there_is_not_told(more: str) -> None:
    assert traps(load(config(rule(), more=more))) == traps(load(config(rule())))


def test_a_local_port_that_is_none_is_told() -> None:
    forward = (
        "<rule><interface>wan</interface><protocol>tcp</protocol><source><any/></source><destination><network>wanip</network>"
        "<port>443</port></destination><target>10.30.0.10</target><local-port>x8443</local-port></rule>"
    )
    assert "forward-port-ignored" in traps(load(config(rule(tab="wan"), nat=forward)))
