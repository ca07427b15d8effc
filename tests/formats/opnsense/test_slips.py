"""Elements under a misspelt name, or in another case, are told: names are exact, and nothing reads them."""

from __future__ import annotations

import pytest

from auditor.formats.opnsense import FORMAT
from tests.formats.opnsense.samples import config, host_alias, mvc, notes_of, traps_of

GOOD = config(mvc=mvc(interface="lan"), aliases=host_alias("web", "10.0.0.1"))


@pytest.mark.parametrize("slip", ["rle", "Rule", "rulee"])
def test_a_rule_under_a_misspelt_name_is_told(slip: str) -> None:
    text = GOOD.replace("<rule>", f"<{slip}>").replace("</rule>", f"</{slip}>")
    assert "unknown-field" in traps_of(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [("Firewall>", "Firewal>"), ("aliases>", "alaises>"), ("content>", "contnt>"), ("type>", "tpe>"), ("ipaddr>", "ipadr>")],
)
def test_an_element_under_a_misspelt_name_is_told(old: str, new: str) -> None:
    assert old in GOOD
    assert "unknown-field" in traps_of(GOOD.replace(old, new))


def test_what_is_well_spelt_is_not_told() -> None:
    assert "unknown-field" not in {note.trap for note in notes_of(GOOD)}


def test_a_file_whose_root_is_misspelt_is_claimed() -> None:
    assert FORMAT.claims("config.xml", b"<?xml version='1.0'?>\n<opnsens>\n<filter/></opnsens>")
    assert not FORMAT.claims("config.xml", b"<?xml version='1.0'?>\n<pfsense>\n<filter/></pfsense>")


def test_an_alias_of_an_unknown_type_is_told() -> None:
    assert "alias-type" in traps_of(
        config(mvc=mvc(interface="lan", destination_net="web"), aliases=host_alias("web", "10.0.0.1", kind="hst"))
    )
