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
